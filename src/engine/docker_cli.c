/*
 * docker_cli.c - calling the docker CLI and understanding its answers.
 *
 * What is asked of it is always asked with a format of our own: its tables are for people.
 */
#include <errno.h>
#include <stdlib.h>

#include "docker.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024, WORDS_MAX = 64 * 1024 };

/* --- the programs ----------------------------------------------------------------------------- */

const struct docker_program docker_program = {
	.name = "docker",
	.probe = { "version", "--format={{.Server.Version}}\n{{.Client.Version}}" },
	.package = "docker.io",
	.label = "{{.Label \"%s\"}}",
	.mount_labels = true,
	.events = true,
	.checks = true,
	.names = true,
	.login = "DOCKER_CONFIG",
	.closed = { "--internal", "--opt=com.docker.network.bridge.inhibit_ipv4=true",
		    "--ipv6=false" },
	.closed_dns = "--dns=127.0.0.1",
	.no_daemon = "restart it (sudo systemctl restart docker), or check DOCKER_HOST and "
		     "`docker context ls`",
};

/* `podman version` answers without looking whether anything works; `info` does look. Its health
 * checks are timers of systemd, which need not be there, and names are known on a network only with
 * a package of their own. */
const struct docker_program podman_program = {
	.name = "podman",
	.probe = { "info", "--format={{.Version.Version}}" },
	.package = "podman",
	.label = "{{index .Labels \"%s\"}}",
	.labels = "{{.Labels}}",
	.at_once = "--time=0",
	.login = "REGISTRY_AUTH_FILE",
	.auth_file = "auth.json",
	.closed = { "--internal", "--disable-dns" },
	.no_daemon = "try `podman info` yourself",
};

/* --- command lines ---------------------------------------------------------------------------- */

void docker_args_init(struct docker_args *args, struct arena *a, const struct docker_program *d,
		      const char *verb)
{
	*args = (struct docker_args){ .a = a };
	docker_arg(args, d->name);
	docker_arg(args, verb);
}

void docker_arg(struct docker_args *args, const char *word)
{
	/* The end is kept behind the last word, and not counted. */
	vec_push(args->a, &args->list, word);
	vec_push(args->a, &args->list, NULL);
	args->list.n--;
}

void docker_argf(struct docker_args *args, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str word = arena_vprintf(args->a, fmt, ap);
	va_end(ap);
	docker_arg(args, word.p);
}

struct child_spec docker_child(const struct docker_args *args)
{
	const char **env = arena_array(args->a, const char *, 3);

	env[0] = "DOCKER_CLI_HINTS=false";
	env[1] = args->config;
	return (struct child_spec){
		.argv = args->list.v,
		.env = env,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_NULL,
	};
}

void docker_own(struct docker_args *args, const struct rundir *d)
{
	docker_argf(args, "--label=act-c.run=%.*s", STR_ARG(d->run_id));
	docker_argf(args, "--label=act-c.home=%.*s", STR_ARG(d->home_id));
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool says_nothing(struct str line)
{
	static const char *const noise[] = { "Run 'docker", "See 'docker", "WARNING:", "Usage:" };

	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		if (str_starts(line, str_of(noise[i]))) {
			return true;
		}
	}
	return line.len == 0;
}

static struct str without_prefixes(struct str line)
{
	static const char *const prefixes[] = { "docker: ", "Error response from daemon: ",
						"Error: " };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (str_starts(line, str_of(prefixes[i]))) {
			line = str_slice(line, strlen(prefixes[i]), line.len);
		}
	}
	return line;
}

struct str docker_words(struct str text)
{
	struct str words = STR_EMPTY;

	while (text.p) {
		struct str line = str_trim(str_cut(&text, '\n'));

		words = says_nothing(line) ? words : line;
	}
	return without_prefixes(words);
}

static bool set_words(struct err *err, const char *const *argv, int status, struct str text)
{
	struct str words = docker_words(text);

	if (words.len) {
		return err_set(err, ERR_ENGINE, "%s %s: %.*s", argv[0], argv[1], STR_ARG(words));
	}
	return err_set(err, ERR_ENGINE, "%s %s: exit status %d", argv[0], argv[1], status);
}

bool docker_call(const struct docker_args *args, const struct str *input, struct strbuf *out,
		 int timeout_ms, struct err *err)
{
	struct child_spec spec = docker_child(args);
	struct strbuf text = STRBUF_INIT(WORDS_MAX), unread = STRBUF_INIT(OUTPUT_MAX);
	const char *const *argv = args->list.v;
	int status = 0;
	bool ok = child_capture(&spec, input, out ? out : &unread, &text, timeout_ms, &status, err);

	if (!ok && err->sys == ETIMEDOUT) {
		err_release(err);
		(void)err_set(err, ERR_ENGINE, "%s %s: no answer within %d s", argv[0], argv[1],
			      timeout_ms / 1000);
		err->sys = ETIMEDOUT;
	} else if (ok && status != 0) {
		ok = set_words(err, argv, status, strbuf_str(&text));
	}
	strbuf_release(&text);
	strbuf_release(&unread);
	return ok;
}

/* --- can it be used? -------------------------------------------------------------------------- */

struct trouble {
	const char *sign; /* what docker says, in lower case */
	const char *fix;
};

static const struct trouble troubles[] = {
	{ "permission denied", "let your user use it (sudo usermod -aG docker $USER, then log in "
			       "again), or run act-c with sudo" },
	{ "cannot connect", "start it (sudo systemctl start docker, or Docker Desktop), or set "
			    "DOCKER_HOST or `docker context use` to one that runs" },
	{ "error during connect", "check the docker context (docker context ls) and DOCKER_HOST" },
	{ "context", "check the docker context (docker context ls) and DOCKER_HOST" },
	{ "api version", "update docker: its client and daemon do not understand each other" },
};

static bool contains_ignoring_case(struct str text, struct str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++) {
		if (str_ieq(str_slice(text, i, i + word.len), word)) {
			return true;
		}
	}
	return false;
}

static const char *fix_of(struct str words)
{
	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++) {
		if (contains_ignoring_case(words, str_of(troubles[i].sign))) {
			return troubles[i].fix;
		}
	}
	return NULL;
}

static void set_trouble(struct arena *a, const struct docker_program *d, const struct err *err,
			struct engine_state *out)
{
	struct str words = str_of(err->msg);

	struct str prefix = arena_printf(a, "%s %s: ", d->name, d->probe[0]);

	if (str_starts(words, prefix)) {
		words = str_slice(words, prefix.len, words.len);
	}
	out->why = arena_str(a, words);
	out->fix = str_of(fix_of(words));
	if (out->fix.len == 0 || !d->events) {
		out->fix = arena_printf(a, "try `%s %s` yourself", d->name, d->probe[0]);
	}
	if (err->kind == ERR_NOT_FOUND) {
		out->why =
			arena_printf(a, "%s is not installed (no such program in PATH)", d->name);
		out->fix = arena_printf(a,
					"install it (Debian, Ubuntu: sudo apt-get install %s), or "
					"run without isolation: --engine host",
					d->package);
	} else if (err->sys == ETIMEDOUT) {
		out->why = d->events ? STR("the docker daemon does not answer")
				     : arena_printf(a, "%s does not answer", d->name);
		out->fix = str_of(d->no_daemon);
	}
}

void docker_probe(struct arena *a, const struct docker_program *d, struct engine_state *out)
{
	struct docker_args args;
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	struct err err = ERR_INIT;

	*out = (struct engine_state){ false, STR_EMPTY, STR_EMPTY, STR_EMPTY };
	docker_args_init(&args, a, d, d->probe[0]);
	docker_arg(&args, d->probe[1]);
	if (docker_call(&args, NULL, &text, DOCKER_PROBE_MS, &err)) {
		struct str client = str_trim(strbuf_str(&text));
		struct str server = str_cut(&client, '\n');

		out->usable = true;
		out->version = arena_printf(a, "%s %.*s%s%.*s", d->name, STR_ARG(server),
					    client.p ? ", client " : "", STR_ARG(client));
	} else {
		set_trouble(a, d, &err, out);
	}
	err_release(&err);
	strbuf_release(&text);
}
