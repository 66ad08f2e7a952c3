/* docker_image.c - is the image there, may it be fetched, and can the agent run on it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "actc/lock.h"
#include "agent_blob.h"
#include "docker.h"

enum {
	LINE_MAX_LEN = 4096,
	ASK_MS = 200, /* how often cancelled() is asked */
};

static bool is_cancelled(const struct machine_spec *spec)
{
	return spec->cancelled && spec->cancelled(spec->ctx);
}

static bool set_cancelled(const struct docker_follow *f, struct err *err)
{
	return err_set(err, ERR_CANCELLED, "cancelled while image \"%.*s\" was being %s",
		       STR_ARG(f->spec->image), f->pull ? "fetched" : "built");
}

static void progress(const struct machine_spec *spec, struct str line)
{
	if (spec->progress) {
		spec->progress(spec->ctx, line);
	}
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_missing(const struct err *err)
{
	struct str words = str_of(err->msg);

	return str_find(words, STR("No such image"), 0) != STR_NPOS ||
	       str_find(words, STR("no such image"), 0) != STR_NPOS ||
	       str_find(words, STR("No such object"), 0) != STR_NPOS ||
	       str_find(words, STR("image not known"), 0) != STR_NPOS;
}

bool docker_image_look(struct arena *a, const struct docker_program *d, struct str image,
		       struct engine_image *out, bool *found, struct err *err)
{
	struct docker_args args;
	struct strbuf text = STRBUF_INIT(65536);

	docker_args_init(&args, a, d, "image");
	docker_arg(&args, "inspect");
	docker_arg(&args, "--format={{.Id}}\n{{.Os}}/{{.Architecture}}\n{{.Config.User}}\n"
			  "{{json .Config.Entrypoint}}\n{{json .Config.Cmd}}");
	docker_arg(&args, arena_cstr(a, image));
	*found = docker_call(&args, NULL, &text, DOCKER_CALL_MS, err);
	if (*found) {
		struct str rest = arena_str(a, strbuf_str(&text));

		out->name = image;
		out->id = str_trim(str_cut(&rest, '\n'));
		out->platform = rest.p ? str_trim(str_cut(&rest, '\n')) : STR_EMPTY;
		out->user = rest.p ? str_trim(str_cut(&rest, '\n')) : STR_EMPTY;
		out->config = rest.p ? rest : STR_EMPTY;
	}
	strbuf_release(&text);
	if (!*found && is_missing(err)) {
		err_release(err);
		return true;
	}
	return *found;
}

/* "linux/arm64" also when the image says "linux/arm64/v8". */
static bool same_platform(struct str have, struct str want)
{
	return str_starts(have, want) && (have.len == want.len || have.p[want.len] == '/');
}

/* --- pulling ---------------------------------------------------------------------------------- */

struct following {
	struct docker_follow *f;
	struct child child;
	struct strbuf line;
	struct arena *a;
	int fd;
};

/* Of the five things that docker says of each layer these are no news. */
static bool is_noise(struct str line)
{
	static const char *const noise[] = { ": Pulling fs layer", ": Waiting",
					     ": Verifying Checksum", ": Download complete" };

	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		if (str_ends(line, str_of(noise[i]))) {
			return true;
		}
	}
	return line.len == 0;
}

static void take_line(struct following *p)
{
	struct docker_follow *f = p->f;
	struct str line = f->pull ? str_trim(strbuf_str(&p->line)) : strbuf_str(&p->line);
	struct str words = docker_words(line);

	if (words.len) {
		f->last = arena_str(p->a, words);
	}
	if (f->pull ? !is_noise(line) : str_trim(line).len > 0) {
		progress(f->spec, line);
	}
	strbuf_reset(&p->line);
}

/* False at the end of the output. */
static bool read_some(struct following *p)
{
	char chunk[4096];
	ssize_t n = read(p->fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR) {
		return true;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] == '\n' || chunk[i] == '\r') {
			take_line(p);
		} else {
			(void)strbuf_addc(&p->line, chunk[i]);
		}
	}
	if (n <= 0) {
		take_line(p);
	}
	return n > 0;
}

static bool watch(struct following *p, struct err *err)
{
	long long deadline = now_ms() + DOCKER_PULL_MS;

	for (;;) {
		struct pollfd in = { p->fd, POLLIN, 0 };
		int ready = poll(&in, 1, ASK_MS);

		if (is_cancelled(p->f->spec)) {
			return set_cancelled(p->f, err);
		}
		if (now_ms() >= deadline) {
			return err_set(err, ERR_ENGINE, "%s: no end within %d minutes", p->f->what,
				       DOCKER_PULL_MS / 60000);
		}
		if (ready > 0 && !read_some(p)) {
			return true;
		}
	}
}

bool docker_follow(struct arena *a, const struct docker_args *args, struct docker_follow *f,
		   struct err *err)
{
	struct following p = {
		.f = f, .child = CHILD_INIT, .line = STRBUF_INIT(LINE_MAX_LEN), .a = a
	};
	struct child_spec child = docker_child(args);
	int ends[2];

	f->last = STR_EMPTY;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return err_sys(err, errno, "pipe");
	}
	p.fd = ends[0];
	child.in = f->in;
	child.out = child.err = ends[1];

	bool ok = child_start(&child, &p.child, err);

	(void)close(ends[1]);
	ok = ok && watch(&p, err);
	if (ok) {
		(void)child_wait(&p.child, DOCKER_CALL_MS);
	}
	child_end(&p.child);
	(void)close(ends[0]);
	strbuf_release(&p.line);
	f->status = p.child.status;
	return ok;
}

static bool pull(struct arena *a, const struct docker_program *d, const struct machine_spec *spec,
		 struct err *err)
{
	struct docker_follow follow = {
		.spec = spec, .in = CHILD_NULL, .what = "pull", .pull = true
	};
	struct docker_args args;

	docker_args_init(&args, a, d, "pull");
	if (spec->username.len) {
		args.config = docker_login(a, d, spec, err);
		if (!args.config) {
			return false;
		}
	}
	if (spec->platform.len) {
		docker_argf(&args, "--platform=%.*s", STR_ARG(spec->platform));
	}
	docker_arg(&args, arena_cstr(a, spec->image));
	progress(spec, arena_printf(a, "pulling %.*s", STR_ARG(spec->image)));

	bool ok = docker_follow(a, &args, &follow, err);

	docker_logout(d, args.config);
	if (ok && follow.status != 0) {
		return err_set(err, ERR_NOT_FOUND,
			       "image \"%.*s\" cannot be pulled: %.*s; use another one with -P "
			       "LABEL=IMAGE",
			       STR_ARG(spec->image), STR_ARG(follow.last));
	}
	return ok;
}

/* Jobs that want the same image take turns, so that it is fetched and reported once. */
static bool pull_once(struct arena *a, const struct docker_program *d,
		      const struct machine_spec *spec, struct engine_image *out, struct err *err)
{
	unsigned hash = 5381;

	for (size_t i = 0; i < spec->image.len; i++) {
		hash = hash * 33 + (unsigned char)spec->image.p[i];
	}

	const char *name = arena_printf(a, "pull-%08x", hash).p;
	bool waited = false, found = false;
	int lock = docker_lock(a, spec, name, DOCKER_PULL_MS, &waited, err);
	bool ok = lock >= 0;

	if (ok && waited) {
		ok = docker_image_look(a, d, spec->image, out, &found, err);
	}
	if (ok && !found) {
		ok = pull(a, d, spec, err) &&
		     docker_image_look(a, d, spec->image, out, &found, err) &&
		     (found ||
		      err_set(err, ERR_NOT_FOUND, "image \"%.*s\" is gone again after its pull",
			      STR_ARG(spec->image)));
	}
	if (lock >= 0) {
		(void)close(lock);
	}
	return ok;
}

int docker_lock(struct arena *a, const struct machine_spec *spec, const char *name, int timeout_ms,
		bool *waited, struct err *err)
{
	const char *dir = arena_printf(a, "%.*s/locks", STR_ARG(spec->rundir->state)).p;
	const char *path = arena_printf(a, "%s/%s", dir, name).p;
	long long deadline = now_ms() + timeout_ms;
	int fd = -1;

	*waited = false;
	if (!make_dirs(dir, 0700, err)) {
		return -1;
	}
	for (;;) {
		bool held = false;

		fd = lock_take(path, ASK_MS, &held, err);
		*waited = *waited || held;
		if (fd >= 0 || err->sys != ETIMEDOUT || now_ms() >= deadline) {
			return fd;
		}
		err_release(err);
		if (is_cancelled(spec)) {
			(void)set_cancelled(&(struct docker_follow){ .spec = spec, .pull = true },
					    err);
			return -1;
		}
	}
}

/* --- ready ------------------------------------------------------------------------------------ */

/* The name may come from a workflow: it must not become an option. */
static bool check_name(struct str image, struct err *err)
{
	bool bad = image.len == 0 || image.p[0] == '-';

	for (size_t i = 0; i < image.len; i++) {
		bad = bad || (unsigned char)image.p[i] <= ' ';
	}
	return !bad || err_set(err, ERR_INVALID, "\"%.*s\" is no name of an image", STR_ARG(image));
}

static bool check_platform(struct arena *a, const struct machine_spec *spec,
			   const struct engine_image *image, struct err *err)
{
	struct str own = agent_platforms(a);

	if (agent_for(image->platform)) {
		return true;
	}
	return err_set(err, ERR_ENGINE,
		       "image \"%.*s\" is for %.*s, and act-c has an agent for %.*s only: fetch it "
		       "for such a platform (--pull --container-architecture OS/ARCH) or use "
		       "another one with -P LABEL=IMAGE",
		       STR_ARG(spec->image), STR_ARG(image->platform), STR_ARG(own));
}

static bool is_wanted(const struct machine_spec *spec, const struct engine_image *image)
{
	return spec->platform.len == 0 || same_platform(image->platform, spec->platform);
}

/* What was looked at when the run began is not looked at again by each job. */
static bool is_known(const struct machine_spec *spec, struct engine_image *out)
{
	for (size_t i = 0; i < spec->nknown; i++) {
		if (str_eq(spec->known[i].name, spec->image)) {
			*out = spec->known[i];
			return true;
		}
	}
	return false;
}

bool docker_image_fetch(struct arena *a, const struct docker_program *d,
			const struct machine_spec *spec, struct engine_image *out, struct err *err)
{
	bool found = false;

	if (!check_name(spec->image, err)) {
		return false;
	}
	if (spec->pull != PULL_ALWAYS) {
		found = is_known(spec, out);
		if (!found && !docker_image_look(a, d, spec->image, out, &found, err)) {
			return false;
		}
		found = found && is_wanted(spec, out);
	}
	if (!found && spec->pull == PULL_NEVER) {
		return err_set(err, ERR_NOT_FOUND,
			       "image \"%.*s\" is not on this machine and --pull=false forbids to "
			       "fetch it",
			       STR_ARG(spec->image));
	}
	return found || pull_once(a, d, spec, out, err);
}

bool docker_image_ready(struct arena *a, const struct docker_program *d,
			const struct machine_spec *spec, struct engine_image *out, struct err *err)
{
	return docker_image_fetch(a, d, spec, out, err) && check_platform(a, spec, out, err);
}
