/*
 * outside.c - see outside.h. Nothing is contacted here.
 */
#include "outside.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/serve.h"

enum { BUNDLE_MAX = 4 * 1024 * 1024 };

/* --- stand-ins -------------------------------------------------------------------------------- */

static bool read_stand_ins(struct options *o, const struct stand_in **out, struct err *err)
{
	struct stand_in *v = arena_array(&o->arena, struct stand_in, o->stand_ins.n);

	for (size_t i = 0; i < o->stand_ins.n; i++) {
		if (!stand_in_parse(&o->arena, o->stand_ins.v[i], &v[i], err)) {
			return false;
		}
	}
	*out = v;
	return true;
}

static bool take_stand_ins(struct options *o, struct run_request *r, struct err *err)
{
	struct str *hosts = arena_array(&o->arena, struct str, o->stand_ins.n);

	if (!read_stand_ins(o, &r->stand_ins, err)) {
		return false;
	}
	r->nstand_ins = o->stand_ins.n;
	for (size_t i = 0; i < r->nstand_ins; i++) {
		hosts[i] = r->stand_ins[i].host;
	}
	r->machine.hosts = hosts;
	r->machine.nhosts = r->nstand_ins;
	return true;
}

/* --- egress ----------------------------------------------------------------------------------- */

static bool take_egress(struct options *o, struct run_request *r, struct err *err)
{
	r->machine.no_egress = str_eq(o->egress, STR("none"));
	if (r->machine.no_egress && o->network.len && !str_eq(o->network, STR("none"))) {
		return err_set(err, ERR_USAGE,
			       "--egress none and --network %.*s exclude each other",
			       STR_ARG(o->network));
	}
	if ((r->machine.no_egress || r->nstand_ins) && r->engine == &engine_host) {
		return err_set(err, ERR_USAGE,
			       "the host engine shares this machine's network: there is neither "
			       "--egress none nor --stand-in on it");
	}
	return true;
}

/* --- proxies ---------------------------------------------------------------------------------- */

static const char *const proxy_variables[] = {
	"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
};
static const char *const no_proxy_variables[] = { "no_proxy", "NO_PROXY" };

static void set(struct options *o, struct settings *s, const char *name, struct str value)
{
	settings_set(&o->arena, s, str_of(name), value, false);
}

/* What is the job's own never goes by a proxy. */
static struct str no_proxy(struct options *o, const struct run_request *r, const char *given)
{
	struct str list = arena_printf(&o->arena, "%s%slocalhost,127.0.0.1,::1", given ? given : "",
				       given && *given ? "," : "");

	for (size_t i = 0; i < r->nstand_ins; i++) {
		list = arena_printf(&o->arena, "%.*s,%.*s", STR_ARG(list),
				    STR_ARG(r->stand_ins[i].host));
	}
	return list;
}

static void take_proxies(struct options *o, struct run_request *r)
{
	struct settings *s = arena_new(&o->arena, struct settings);
	size_t n = sizeof(proxy_variables) / sizeof(proxy_variables[0]);

	for (size_t i = 0; i < n && !r->machine.no_egress; i++) {
		const char *value = getenv(proxy_variables[i]);

		if (value && *value) {
			set(o, s, proxy_variables[i], str_of(value));
		}
	}
	for (size_t i = 0; s->n && i < 2; i++) {
		const char *given = getenv(no_proxy_variables[i]);

		given = given ? given : getenv(no_proxy_variables[1 - i]);
		set(o, s, no_proxy_variables[i], no_proxy(o, r, given));
	}
	r->outside_env = s;
}

/* "http://user:password@host": what is between the first colon behind the scheme and the at. */
static struct str password_of(struct str url)
{
	size_t scheme = str_find(url, STR("://"), 0), at;
	struct str rest = scheme == STR_NPOS ? url : str_slice(url, scheme + 3, url.len);
	size_t colon = str_chr(rest, ':', 0);

	at = rest.len;
	while (at > 0 && rest.p[at - 1] != '@') {
		at--;
	}
	return at > 0 && colon < at ? str_slice(rest, colon + 1, at - 1) : STR_EMPTY;
}

void outside_mask(const struct run_request *r, struct masker *m)
{
	for (size_t i = 0; r->outside_env && i < r->outside_env->n; i++) {
		masker_add_secret(m, password_of(r->outside_env->v[i].value));
	}
}

/* --- authorities ------------------------------------------------------------------------------ */

static bool has_files(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)) != NULL) {
		found = e->d_name[0] != '.';
	}
	if (d) {
		(void)closedir(d);
	}
	return found;
}

/* What the user told programs to use; else the system's, if it was added to. A bundle as it comes
 * with a distribution is in images too. */
static const char *own_bundle(void)
{
	static const char *const variables[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE",
						 "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS" };
	static const struct {
		const char *added, *bundle;
	} systems[] = {
		{ "/usr/local/share/ca-certificates", "/etc/ssl/certs/ca-certificates.crt" },
		{ "/etc/pki/ca-trust/source/anchors", "/etc/pki/tls/certs/ca-bundle.crt" },
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *path = getenv(variables[i]);

		if (path && *path && access(path, R_OK) == 0) {
			return path;
		}
	}
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		if (has_files(systems[i].added) && access(systems[i].bundle, R_OK) == 0) {
			return systems[i].bundle;
		}
	}
	return NULL;
}

/* Jobs that see this machine's own system have its bundle already. */
static bool take_bundle(struct options *o, struct run_request *r, struct err *err)
{
	struct strbuf text = STRBUF_INIT(BUNDLE_MAX);
	bool is_auto = str_eq(o->ca_bundle, STR("auto"));
	const char *path = is_auto ? own_bundle() : arena_cstr(&o->arena, o->ca_bundle);
	bool ok = true;

	r->ca_bundle = STR_EMPTY;
	if (str_eq(o->ca_bundle, STR("none")) || !path ||
	    (is_auto && (r->engine == &engine_host ||
			 (r->engine->own_system && strncmp(path, "/etc/", 5) == 0)))) {
		return true;
	}
	ok = read_file(path, &text, err);
	if (ok && !is_auto && str_find(strbuf_str(&text), STR("-----BEGIN "), 0) == STR_NPOS) {
		ok = err_set(err, ERR_USAGE, "no certificate in PEM form");
	}
	if (ok) {
		r->ca_bundle = arena_str(&o->arena, strbuf_str(&text));
	} else if (is_auto) {
		err_release(err);
		ok = true;
	} else {
		err->kind = ERR_USAGE;
		(void)err_wrap(err, "--ca-bundle %s", path);
	}
	strbuf_release(&text);
	return ok;
}

bool outside_read(struct options *o, struct run_request *r, struct err *err)
{
	if (!take_stand_ins(o, r, err) || !take_egress(o, r, err) || !take_bundle(o, r, err)) {
		return false;
	}
	take_proxies(o, r);
	return true;
}

/* --- for the plan ----------------------------------------------------------------------------- */

struct noting {
	struct options *o;
	const struct stand_in *stand_ins;
	size_t n;
	const struct calls *calls;
	VEC(struct str) lines;
	struct str deploying; /* jobs with an environment */
};

static struct str text_of(const struct tok *t)
{
	return !t                      ? STR_EMPTY
	       : t->from               ? t->from->text
	       : t->kind == TOK_STRING ? t->u.s
				       : STR_EMPTY;
}

/* One of the values of a mapping: inputs, environment variables. */
static bool values_name(const struct tok *map, struct str host)
{
	bool found = false;

	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n && !found; i++) {
		found = str_find(text_of(map->u.map.pairs[i].value), host, 0) != STR_NPOS;
	}
	return found;
}

static void note(struct noting *n, struct str where, struct str host)
{
	vec_push(&n->o->arena, &n->lines,
		 arena_printf(&n->o->arena, "%.*s: a stand-in answers for %.*s", STR_ARG(where),
			      STR_ARG(host)));
}

static void note_steps(struct noting *n, const struct job_def *job, struct str name,
		       struct str host)
{
	for (size_t i = 0; i < job->nsteps; i++) {
		const struct step_def *step = &job->steps[i];

		if (str_find(text_of(step->run), host, 0) != STR_NPOS ||
		    values_name(step->with, host) || values_name(step->env, host)) {
			note(n, arena_printf(&n->o->arena, "%.*s, step %zu", STR_ARG(name), i + 1),
			     host);
		}
	}
}

static void note_workflow(struct noting *n, const struct workflow *w, const bool *jobs,
			  struct str caller);

static void note_job(struct noting *n, const struct workflow *w, const struct job_def *job,
		     struct str caller)
{
	struct arena *a = &n->o->arena;
	const struct workflow *called = n->calls ? calls_find(n->calls, job) : NULL;
	struct str name =
		caller.len ? arena_printf(a, "%.*s / %.*s", STR_ARG(caller), STR_ARG(job->id.s))
			   : job->id.s;

	for (size_t i = 0; i < n->n; i++) {
		struct str host = n->stand_ins[i].host;

		note_steps(n, job, name, host);
		if (values_name(job->env, host) || values_name(w->env, host)) {
			note(n, arena_printf(a, "%.*s, env", STR_ARG(name)), host);
		} else if (values_name(job->with, host)) {
			note(n, arena_printf(a, "%.*s, with", STR_ARG(name)), host);
		}
	}
	/* Those that deploy, on one line. */
	if (job->environment_name) {
		n->deploying = arena_printf(a, "%.*s%s%.*s", STR_ARG(n->deploying),
					    n->deploying.len ? ", " : "", STR_ARG(name));
	}
	if (called) {
		note_workflow(n, called, NULL, name);
	}
}

/* Some of its jobs, or with NULL all. */
static void note_workflow(struct noting *n, const struct workflow *w, const bool *jobs,
			  struct str caller)
{
	for (size_t i = 0; i < w->njobs; i++) {
		if (!jobs || jobs[i]) {
			note_job(n, w, &w->jobs[i], caller);
		}
	}
}

static void note_deploying(struct noting *n)
{
	bool open = !str_eq(n->o->egress, STR("none")) && n->n == 0;

	if (n->deploying.len && open) {
		vec_push(&n->o->arena, &n->lines,
			 arena_printf(&n->o->arena,
				      "what is deployed is deployed for real, unless --stand-in "
				      "answers or --egress none keeps it in: %.*s",
				      STR_ARG(n->deploying)));
	}
}

bool outside_notes(struct options *o, const struct selection *s, const struct calls *calls,
		   struct str **lines, size_t *count, struct err *err)
{
	struct noting n = { .o = o, .n = o->stand_ins.n, .calls = calls, .deploying = STR_EMPTY };

	if (!read_stand_ins(o, &n.stand_ins, err)) {
		return false;
	}
	for (size_t i = 0; i < s->n; i++) {
		note_workflow(&n, s->v[i].workflow, s->v[i].jobs, STR_EMPTY);
	}
	note_deploying(&n);
	*lines = n.lines.v;
	*count = n.lines.n;
	return true;
}
