/*
 * services_job.c - a job's side of the services: the port on its localhost, its token, what the
 * token says it may do (SEMANTICS 7), and the variables that tell actions of it.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "actc/jwt.h"
#include "actc/sha256.h"
#include "outside.h"
#include "services.h"
#include "token.h"

enum {
	PORTS = 8000, /* from FIRST_PORT on, below those that systems give away by themselves */
	FIRST_PORT = 20000,
	TRIES = 64,
	TOKEN_EXTRA_S = 3600, /* beyond the job's own time: post steps, cancellation */
};

/* --- what a job may ------------------------------------------------------------------------------
 */

static unsigned rights_of(struct str mode)
{
	static const struct {
		struct str mode;
		unsigned rights;
	} modes[] = {
		{ STR_INIT("read"), CACHE_READ },
		{ STR_INIT("write"), CACHE_READ | CACHE_WRITE },
		{ STR_INIT("write-only"), CACHE_WRITE },
		{ STR_INIT("none"), 0 },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (str_eq(modes[i].mode, mode)) {
			return modes[i].rights;
		}
	}
	return CACHE_READ | CACHE_WRITE;
}

static struct str mode_of(unsigned rights)
{
	switch (rights) {
	case CACHE_READ:
		return STR("read");
	case CACHE_WRITE:
		return STR("write-only");
	case CACHE_READ | CACHE_WRITE:
		return STR("write");
	default:
		return STR("none");
	}
}

/* A job overrides its file; a called file gets no more than its caller. *said: somebody did. */
static unsigned cache_rights(const struct job *job, bool *said)
{
	struct str event = job->run->request->event->event_name;
	unsigned rights = CACHE_READ | CACHE_WRITE;

	*said = false;
	for (const struct leg_run *leg = job->leg; leg; leg = leg->job->scope->caller) {
		struct str mode = leg->job->def->cache_mode;

		mode = mode.len ? mode : leg->job->scope->workflow->workflow->cache_mode;
		*said = *said || mode.len;
		rights &= rights_of(mode);
	}
	/* Of a fork, and with the rights of the repository. */
	if (!*said && str_eq(event, STR("pull_request_target"))) {
		*said = true;
		rights = CACHE_READ;
	}
	return rights;
}

void services_tell_mode(struct job *job)
{
	bool said = false;
	struct str mode = mode_of(cache_rights(job, &said));

	if (said) {
		job_log(job, job->set_up_path,
			arena_printf(&job->arena, "Cache mode: %.*s", STR_ARG(mode)));
	}
}

/* --- the token -------------------------------------------------------------------------------- */

static void set_str(struct arena *a, struct vobject *o, struct str key, struct str value)
{
	vobject_set(a, o, key, value_str(value));
}

/* The form of an id, made of a name and the key of all runs of this command. */
static struct str backend_id(struct job *job, struct arena *a, struct str name)
{
	struct str hex = hmac_sha256_hex(a, services_spec(job->run->services)->key, name);
	const char *p = hex.p;

	return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", p, p + 8, p + 12, p + 16, p + 20);
}

static void add_scope(struct arena *a, struct varray *list, struct str scope, unsigned rights)
{
	struct vobject *o = vobject_new(a, true);

	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(value_get(list->v[i], STR("Scope")).u.s, scope)) {
			return;
		}
	}
	if (scope.len && rights) {
		set_str(a, o, STR("Scope"), scope);
		vobject_set(a, o, STR("Permission"), value_number(rights));
		varray_push(a, list, value_object(o));
	}
}

/* The ref of the run, the base of a pull request, the default branch; only the first is written. */
static struct str cache_scopes(struct job *job, struct arena *a)
{
	const struct run_request *r = job->run->request;
	struct varray *list = varray_new(a);
	bool said = false;
	unsigned rights = cache_rights(job, &said);
	struct str branch = r->repo->default_branch;
	struct strbuf text = STRBUF_INIT(0);

	branch = branch.len ? branch : STR("main");
	add_scope(a, list, r->event->ref, rights);
	if (r->event->base_ref.len) {
		add_scope(a, list, arena_printf(a, "refs/heads/%.*s", STR_ARG(r->event->base_ref)),
			  rights & CACHE_READ);
	}
	add_scope(a, list, arena_printf(a, "refs/heads/%.*s", STR_ARG(branch)),
		  rights & CACHE_READ);
	value_to_json_line(&text, value_array(list));

	struct str s = arena_str(a, str_trim(strbuf_str(&text)));

	strbuf_release(&text);
	return s;
}

static struct str environment_of(struct job *job, struct arena *a)
{
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct str name = STR_EMPTY;

	(void)tok_eval_str(a, job->def->environment_name, &env, &name, &e);
	return name;
}

/* `:` separates the parts of a subject. */
static struct str escaped(struct arena *a, struct str s)
{
	struct strbuf b = STRBUF_INIT(0);

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == ':') {
			(void)strbuf_adds(&b, STR("%3A"));
		} else {
			(void)strbuf_addc(&b, s.p[i]);
		}
	}

	struct str copy = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return copy;
}

static struct str subject(struct job *job, struct arena *a, struct str environment)
{
	const struct event_facts *e = job->run->request->event;
	struct str repository = e->repository;

	if (environment.len) {
		return arena_printf(a, "repo:%.*s:environment:%.*s", STR_ARG(repository),
				    STR_ARG(escaped(a, environment)));
	}
	if (str_eq(e->event_name, STR("pull_request"))) {
		return arena_printf(a, "repo:%.*s:pull_request", STR_ARG(repository));
	}
	return arena_printf(a, "repo:%.*s:ref:%.*s", STR_ARG(repository), STR_ARG(e->ref));
}

static struct value github_value(struct job *job, struct str key)
{
	return value_get(value_object(job->github), key);
}

/* Claims that have the name and the value of something in the github context. */
static const struct str same_claims[] = {
	STR_INIT("actor"),         STR_INIT("actor_id"),         STR_INIT("base_ref"),
	STR_INIT("event_name"),    STR_INIT("head_ref"),         STR_INIT("ref"),
	STR_INIT("ref_protected"), STR_INIT("ref_type"),         STR_INIT("repository"),
	STR_INIT("repository_id"), STR_INIT("repository_owner"), STR_INIT("repository_owner_id"),
	STR_INIT("run_attempt"),   STR_INIT("run_id"),           STR_INIT("run_number"),
	STR_INIT("sha"),           STR_INIT("workflow"),         STR_INIT("workflow_ref"),
	STR_INIT("workflow_sha"),
};

/* Also for the workflow that was called, whose own ref is job_workflow_ref. */
static struct value identity(struct job *job, struct arena *a)
{
	struct vobject *o = vobject_new(a, true);
	struct value shown = value_object(job->job_object);
	struct str environment = environment_of(job, a);

	set_str(a, o, STR("sub"), subject(job, a, environment));
	for (size_t i = 0; i < sizeof(same_claims) / sizeof(same_claims[0]); i++) {
		set_str(a, o, same_claims[i], value_to_str(a, github_value(job, same_claims[i])));
	}
	if (environment.len) {
		set_str(a, o, STR("environment"), environment);
	}
	set_str(a, o, STR("job_workflow_ref"),
		value_to_str(a, value_get(shown, STR("workflow_ref"))));
	set_str(a, o, STR("job_workflow_sha"),
		value_to_str(a, value_get(shown, STR("workflow_sha"))));
	set_str(a, o, STR("check_run_id"), value_to_str(a, value_get(shown, STR("check_run_id"))));
	set_str(a, o, STR("repository_visibility"),
		value_to_str(a, github_value(job, STR("repository_visibility"))));
	set_str(a, o, STR("runner_environment"),
		value_to_str(a, value_get(job->contexts.runner, STR("environment"))));
	return value_object(o);
}

struct str services_token(struct job *job, struct arena *a)
{
	struct vobject *o = vobject_new(a, true);
	struct str id = value_to_str(a, github_value(job, STR("run_id"))), path = job->leg->path;
	struct str run = backend_id(job, a, arena_printf(a, "run %.*s", STR_ARG(id)));
	struct str own = backend_id(job, a, arena_printf(a, "job %.*s", STR_ARG(path)));
	double now = (double)time(NULL);

	set_str(a, o, STR("iss"), STR("act-c"));
	set_str(a, o, STR("orch_id"),
		arena_printf(a, "%.*s.%.*s.__default", STR_ARG(run), STR_ARG(job->def->id.s)));
	set_str(a, o, STR(SERVE_CLAIM_SCOPE),
		arena_printf(a, "Actions.GenericRead Actions.Results:%.*s:%.*s", STR_ARG(run),
			     STR_ARG(own)));
	set_str(a, o, STR(SERVE_CLAIM_RUN), id);
	set_str(a, o, STR(SERVE_CLAIM_JOB), path);
	set_str(a, o, STR(SERVE_CLAIM_CACHES), cache_scopes(job, a));
	if (token_may_identify(job->leg)) {
		vobject_set(a, o, STR(SERVE_CLAIM_OIDC), identity(job, a));
	}
	vobject_set(a, o, STR("iat"), value_number(now));
	vobject_set(a, o, STR("exp"),
		    value_number(now + (double)(long long)job->leg->timeout_s + TOKEN_EXTRA_S));
	return jwt_make(a, services_spec(job->run->services)->key, value_object(o));
}

/* --- the port --------------------------------------------------------------------------------- */

/* Any that is free: a job on the machine's own network may not be alone there. */
static bool listen_in_job(struct job *job)
{
	struct arena *a = &job->arena;
	struct str dial = services_dial(job->run->services, a, SOCKET_SERVICES);
	struct str near = machine_services(job->machine);
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < TRIES; i++) {
		unsigned port = FIRST_PORT + ((unsigned)getpid() + i * 7) % PORTS;
		struct str at = arena_printf(a, "tcp:127.0.0.1:%u", port);

		err_release(&err);
		if (channel_forward_near(job->channel, at, near, dial, &err)) {
			job->services_url = arena_printf(a, "http://127.0.0.1:%u/", port);
			return true;
		}
	}
	job_annotate(job, job->set_up_path, "warning",
		     arena_printf(a, "actions will find no artifacts and caches: %s", err.msg));
	err_release(&err);
	return false;
}

static bool reach(struct job *job)
{
	if (!job->run->services || job->services_failed || channel_lost(job->channel)) {
		return false;
	}
	if (job->services_url.len) {
		return true;
	}
	if (!listen_in_job(job)) {
		job->services_failed = true;
		return false;
	}
	job->services_token = services_token(job, &job->arena);
	masker_add_secret(job->masker, job->services_token);
	return true;
}

/* --- variables -------------------------------------------------------------------------------- */

/* Clients of the API ask here first: this run is unknown at GitHub. Unless the user answers for its
 * host himself. */
static void set_api_url(struct job *job, struct arena *a, struct vobject *env)
{
	const struct serve_spec *spec = services_spec(job->run->services);
	struct str rest = spec->rest.api_url;

	(void)str_cut(&rest, '/');
	(void)str_cut(&rest, '/');

	struct str host = rest.p ? str_cut(&rest, '/') : STR_EMPTY;

	for (size_t i = 0; i < spec->nstand_ins; i++) {
		if (str_ieq(spec->stand_ins[i].host, host)) {
			return;
		}
	}
	set_str(a, env, STR("GITHUB_API_URL"),
		arena_printf(a, "%.*s%s", STR_ARG(job->services_url),
			     outside_closed(job) ? "closed/api" : "api"));
}

/* As GitHub's runner gives them: NodeScriptActionHandler, ContainerActionHandler, ScriptHandler. */
void services_env(struct job *job, struct arena *a, bool action, struct vobject *env)
{
	bool identifies = token_may_identify(job->leg), said = false;
	unsigned rights = cache_rights(job, &said);

	if ((!action && !identifies) || !reach(job)) {
		return;
	}
	if (identifies) {
		set_str(a, env, STR("ACTIONS_ID_TOKEN_REQUEST_URL"),
			arena_printf(a, "%.*soidc/token?api-version=2.0",
				     STR_ARG(job->services_url)));
		set_str(a, env, STR("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), job->services_token);
	}
	if (action) {
		set_api_url(job, a, env);
		set_str(a, env, STR("ACTIONS_RUNTIME_URL"), job->services_url);
		set_str(a, env, STR("ACTIONS_RUNTIME_TOKEN"), job->services_token);
		set_str(a, env, STR("ACTIONS_RESULTS_URL"), job->services_url);
		set_str(a, env, STR("ACTIONS_CACHE_URL"), job->services_url);
		set_str(a, env, STR("ACTIONS_CACHE_SERVICE_V2"), STR("True"));
		if (said) {
			set_str(a, env, STR("ACTIONS_CACHE_MODE"), mode_of(rights));
		}
	}
}
