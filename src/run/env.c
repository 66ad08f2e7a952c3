/*
 * env.c - one table from context properties to variables, and the order in which layers override.
 *
 * Context-derived variables are written last: a workflow may assign GITHUB_SHA, but has no effect
 * on it.
 */
#include "env.h"

#include "actc/process.h"
#include "containers.h"
#include "outside.h"
#include "services.h"
#include "step.h"

void env_add_object(struct arena *a, struct vobject *into, struct value object)
{
	for (size_t i = 0; object.kind == VALUE_OBJECT && i < object.u.o->n; i++) {
		const struct vpair *p = &object.u.o->v[i];

		vobject_set(a, into, p->key, value_str(value_to_str(a, p->value)));
	}
}

static void set_str(struct arena *a, struct vobject *o, struct str key, struct str value)
{
	vobject_set(a, o, key, value_str(value));
}

struct str runner_arch(struct str machine)
{
	static const struct {
		struct str machine, arch;
	} table[] = {
		{ STR_INIT("x86_64"), STR_INIT("X64") },
		{ STR_INIT("aarch64"), STR_INIT("ARM64") },
		{ STR_INIT("armv7l"), STR_INIT("ARM") },
		{ STR_INIT("i686"), STR_INIT("X86") },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (str_eq(table[i].machine, machine)) {
			return table[i].arch;
		}
	}
	return STR("X64");
}

static struct str parent_dir(struct str path)
{
	while (path.len > 1 && path.p[path.len - 1] != '/') {
		path.len--;
	}
	return str_slice(path, 0, path.len > 1 ? path.len - 1 : 1);
}

static struct str event_path(struct job *job)
{
	return arena_printf(&job->arena, "%.*s/_github_workflow/event.json",
			    STR_ARG(job->shown->temp));
}

void env_runner_context(struct job *job)
{
	struct arena *a = &job->arena;
	struct vobject *runner = vobject_new(a, false);

	set_str(a, runner, STR("name"), STR("act-c"));
	set_str(a, runner, STR("os"), STR("Linux"));
	set_str(a, runner, STR("arch"), runner_arch(job->peer->arch));
	set_str(a, runner, STR("temp"), job->shown->temp);
	set_str(a, runner, STR("tool_cache"), job->shown->tool_cache);
	set_str(a, runner, STR("environment"),
		job->leg->placement.how == LABEL_HOST ? STR("self-hosted") : STR("github-hosted"));
	set_str(a, runner, STR("workspace"), parent_dir(job->shown->workspace));
	if (job->step_debug) {
		set_str(a, runner, STR("debug"), STR("1"));
	}
	job->contexts.runner = value_object(runner);

	set_str(a, job->github, STR("workspace"), job->shown->workspace);
	set_str(a, job->github, STR("event_path"), event_path(job));
	set_str(a, job->github, STR("action_ref"), STR_EMPTY);
	set_str(a, job->github, STR("action_repository"), STR_EMPTY);
}

/* Of eleven digits, as GitHub's, and each job's own: made of the run and the job's path (FNV-1a).
 */
static double check_run_id(const struct job *job)
{
	struct str path = job->leg->path;
	struct value run = value_get(job->contexts.github, STR("run_id"));
	unsigned long id = 0;
	uint64_t hash = 14695981039346656037u;

	(void)str_to_ulong(run.kind == VALUE_STRING ? run.u.s : STR_EMPTY, &id);
	for (size_t i = 0; i < path.len; i++) {
		hash = (hash ^ (unsigned char)path.p[i]) * 1099511628211u;
	}
	return (double)(10000000000u + (hash ^ id) % 90000000000u);
}

struct job_file job_file_of(struct job *job)
{
	const struct event_facts *e = job->run->request->event;
	const struct workflow *w = job->leg->job->scope->workflow->workflow;
	const struct call_source *from = calls_source(job->run->request->calls, w);
	struct job_file file = {
		.repository = from ? from->repository : e->repository,
		.path = from ? from->path : w->path,
		.sha = from ? from->commit : e->sha,
	};

	file.ref = arena_printf(&job->arena, "%.*s/%.*s@%.*s", STR_ARG(file.repository),
				STR_ARG(file.path), STR_ARG(from ? from->full_ref : e->ref));
	return file;
}

void env_job_context(struct job *job)
{
	struct arena *a = &job->arena;
	struct job_file file = job_file_of(job);

	vobject_set(a, job->job_object, STR("status"), value_str(STR("success")));
	vobject_set(a, job->job_object, STR("check_run_id"), value_number(check_run_id(job)));
	set_str(a, job->job_object, STR("workflow_ref"), file.ref);
	set_str(a, job->job_object, STR("workflow_sha"), file.sha);
	set_str(a, job->job_object, STR("workflow_repository"), file.repository);
	set_str(a, job->job_object, STR("workflow_file_path"), file.path);
}

void env_write_event_file(struct job *job)
{
	struct str json = value_to_json(&job->arena, job->leg->job->scope->workflow->payload);

	channel_write(job->channel, containers_path(job, &job->arena, event_path(job)), 0644, false,
		      json);
}

/* GITHUB_X from github.x and RUNNER_X from runner.x: those that exist as strings are set. */
enum context_source { FROM_GITHUB, FROM_RUNNER };

static const struct variable {
	struct str name;
	enum context_source from;
	struct str key;
} variables[] = {
	{ STR_INIT("GITHUB_ACTION"), FROM_GITHUB, STR_INIT("action") },
	{ STR_INIT("GITHUB_ACTION_PATH"), FROM_GITHUB, STR_INIT("action_path") },
	{ STR_INIT("GITHUB_ACTION_REF"), FROM_GITHUB, STR_INIT("action_ref") },
	{ STR_INIT("GITHUB_ACTION_REPOSITORY"), FROM_GITHUB, STR_INIT("action_repository") },
	{ STR_INIT("GITHUB_ACTOR"), FROM_GITHUB, STR_INIT("actor") },
	{ STR_INIT("GITHUB_ACTOR_ID"), FROM_GITHUB, STR_INIT("actor_id") },
	{ STR_INIT("GITHUB_API_URL"), FROM_GITHUB, STR_INIT("api_url") },
	{ STR_INIT("GITHUB_ARTIFACTS"), FROM_GITHUB, STR_INIT("artifacts") },
	{ STR_INIT("GITHUB_ARTIFACTS_LIST"), FROM_GITHUB, STR_INIT("artifacts_list") },
	{ STR_INIT("GITHUB_BASE_REF"), FROM_GITHUB, STR_INIT("base_ref") },
	{ STR_INIT("GITHUB_ENV"), FROM_GITHUB, STR_INIT("env") },
	{ STR_INIT("GITHUB_EVENT_NAME"), FROM_GITHUB, STR_INIT("event_name") },
	{ STR_INIT("GITHUB_EVENT_PATH"), FROM_GITHUB, STR_INIT("event_path") },
	{ STR_INIT("GITHUB_GRAPHQL_URL"), FROM_GITHUB, STR_INIT("graphql_url") },
	{ STR_INIT("GITHUB_HEAD_REF"), FROM_GITHUB, STR_INIT("head_ref") },
	{ STR_INIT("GITHUB_JOB"), FROM_GITHUB, STR_INIT("job") },
	{ STR_INIT("GITHUB_OUTPUT"), FROM_GITHUB, STR_INIT("output") },
	{ STR_INIT("GITHUB_PATH"), FROM_GITHUB, STR_INIT("path") },
	{ STR_INIT("GITHUB_REF"), FROM_GITHUB, STR_INIT("ref") },
	{ STR_INIT("GITHUB_REF_NAME"), FROM_GITHUB, STR_INIT("ref_name") },
	{ STR_INIT("GITHUB_REF_PROTECTED"), FROM_GITHUB, STR_INIT("ref_protected") },
	{ STR_INIT("GITHUB_REF_TYPE"), FROM_GITHUB, STR_INIT("ref_type") },
	{ STR_INIT("GITHUB_REPOSITORY"), FROM_GITHUB, STR_INIT("repository") },
	{ STR_INIT("GITHUB_REPOSITORY_ID"), FROM_GITHUB, STR_INIT("repository_id") },
	{ STR_INIT("GITHUB_REPOSITORY_OWNER"), FROM_GITHUB, STR_INIT("repository_owner") },
	{ STR_INIT("GITHUB_REPOSITORY_OWNER_ID"), FROM_GITHUB, STR_INIT("repository_owner_id") },
	{ STR_INIT("GITHUB_RETENTION_DAYS"), FROM_GITHUB, STR_INIT("retention_days") },
	{ STR_INIT("GITHUB_RUN_ATTEMPT"), FROM_GITHUB, STR_INIT("run_attempt") },
	{ STR_INIT("GITHUB_RUN_ID"), FROM_GITHUB, STR_INIT("run_id") },
	{ STR_INIT("GITHUB_RUN_NUMBER"), FROM_GITHUB, STR_INIT("run_number") },
	{ STR_INIT("GITHUB_SERVER_URL"), FROM_GITHUB, STR_INIT("server_url") },
	{ STR_INIT("GITHUB_SHA"), FROM_GITHUB, STR_INIT("sha") },
	{ STR_INIT("GITHUB_STATE"), FROM_GITHUB, STR_INIT("state") },
	{ STR_INIT("GITHUB_STEP_SUMMARY"), FROM_GITHUB, STR_INIT("step_summary") },
	{ STR_INIT("GITHUB_TRIGGERING_ACTOR"), FROM_GITHUB, STR_INIT("triggering_actor") },
	{ STR_INIT("GITHUB_WORKFLOW"), FROM_GITHUB, STR_INIT("workflow") },
	{ STR_INIT("GITHUB_WORKFLOW_REF"), FROM_GITHUB, STR_INIT("workflow_ref") },
	{ STR_INIT("GITHUB_WORKFLOW_SHA"), FROM_GITHUB, STR_INIT("workflow_sha") },
	{ STR_INIT("GITHUB_WORKSPACE"), FROM_GITHUB, STR_INIT("workspace") },
	{ STR_INIT("RUNNER_ARCH"), FROM_RUNNER, STR_INIT("arch") },
	{ STR_INIT("RUNNER_DEBUG"), FROM_RUNNER, STR_INIT("debug") },
	{ STR_INIT("RUNNER_ENVIRONMENT"), FROM_RUNNER, STR_INIT("environment") },
	{ STR_INIT("RUNNER_NAME"), FROM_RUNNER, STR_INIT("name") },
	{ STR_INIT("RUNNER_OS"), FROM_RUNNER, STR_INIT("os") },
	{ STR_INIT("RUNNER_TEMP"), FROM_RUNNER, STR_INIT("temp") },
	{ STR_INIT("RUNNER_TOOL_CACHE"), FROM_RUNNER, STR_INIT("tool_cache") },
	{ STR_INIT("RUNNER_WORKSPACE"), FROM_RUNNER, STR_INIT("workspace") },
};

static void add_variables(const struct step *s, struct arena *a, struct vobject *env)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const struct variable *v = &variables[i];
		struct value context =
			v->from == FROM_GITHUB ? s->contexts.github : s->contexts.runner;
		struct value found = value_get(context, v->key);

		if (found.kind == VALUE_STRING || found.kind == VALUE_BOOL) {
			set_str(a, env, v->name, value_to_str(a, found));
		}
	}
}

/* The image's own environment. */
static void add_peer_env(struct arena *a, const struct channel_peer *peer, struct vobject *env)
{
	for (size_t i = 0; i < peer->nenv; i++) {
		struct str value = peer->env[i];
		struct str key = str_cut(&value, '=');

		if (value.p) {
			set_str(a, env, key, value);
		}
	}
}

/* HOME of the user that runs the steps, where docker put root's. */
static void add_machine_env(struct job *job, struct arena *a, struct vobject *env)
{
	add_peer_env(a, job->peer, env);

	const struct value *home = vobject_get(env, STR("HOME"));

	if (!home || (job->peer->uid != 0 && str_eq(home->u.s, STR("/root")))) {
		set_str(a, env, STR("HOME"), job->peer->home);
	}
	containers_add_env(job, a, env);
}

/* Newest first, then the PATH that the job would have without GITHUB_PATH. */
static void add_path(struct job *job, struct arena *a, struct vobject *env)
{
	const struct value *original = vobject_get(env, STR("PATH"));
	struct strbuf path = STRBUF_INIT(0);

	for (size_t i = job->paths_added.n; i-- > 0;) {
		strbuf_adds(&path, job->paths_added.v[i]);
		strbuf_addc(&path, ':');
	}
	if (path.len == 0) {
		return;
	}
	if (original) {
		strbuf_adds(&path, original->u.s);
	} else {
		path.len--;
	}
	set_str(a, env, STR("PATH"), arena_str(a, strbuf_str(&path)));
	strbuf_release(&path);
}

/* What every program of a step finds over its machine's own environment. */
static void add_step_env(struct step *s, const struct vobject *extra, struct vobject *env)
{
	struct job *job = s->job;
	struct arena *a = s->a;

	env_add_object(a, env, value_object(s->env));
	if (extra) {
		env_add_object(a, env, value_object(extra));
	}
	add_variables(s, a, env);
	set_str(a, env, STR("GITHUB_ACTIONS"), STR("true"));
	set_str(a, env, STR("RUNNER_TRACKING_ID"),
		arena_printf(a, "github_%.*s", STR_ARG(job->run->request->rundir->run_id)));
	outside_env(job, a, env);
	services_env(job, a, extra != NULL, env);
	if (!vobject_get(env, STR("CI"))) {
		set_str(a, env, STR("CI"), STR("true"));
	}
}

/* What a machine brings with it is as it is; the paths of the step are translated. */
static bool is_of_machine(const struct vobject *machine, const struct vpair *p)
{
	const struct value *v = vobject_get(machine, p->key);

	return v && v->u.s.p == p->value.u.s.p;
}

static struct str *assignments(struct step *s, const struct vobject *env,
			       const struct vobject *machine, env_path_fn *path, size_t *n)
{
	struct str *list = arena_array(s->a, struct str, env->n);

	for (size_t i = 0; i < env->n; i++) {
		struct str value = env->v[i].value.u.s;

		if (!is_of_machine(machine, &env->v[i])) {
			value = path(s->job, s->a, value);
		}
		list[i] = arena_printf(s->a, "%.*s=%.*s", STR_ARG(env->v[i].key), STR_ARG(value));
	}
	*n = env->n;
	return list;
}

static struct vobject *copy_of(struct arena *a, const struct vobject *env)
{
	struct vobject *copy = vobject_new(a, true);

	for (size_t i = 0; i < env->n; i++) {
		vobject_set(a, copy, env->v[i].key, env->v[i].value);
	}
	return copy;
}

struct str *env_build(struct step *s, const struct vobject *extra, size_t *n)
{
	struct vobject *machine = vobject_new(s->a, true), *env = NULL;

	add_machine_env(s->job, s->a, machine);
	env = copy_of(s->a, machine);
	add_step_env(s, extra, env);
	add_path(s->job, s->a, env);
	return assignments(s, env, machine, containers_path, n);
}

struct str *env_build_beside(struct step *s, const struct channel_peer *peer,
			     const struct vobject *extra, env_path_fn *path, size_t *n)
{
	struct vobject *machine = vobject_new(s->a, true), *env = NULL;

	add_peer_env(s->a, peer, machine);
	env = copy_of(s->a, machine);
	add_step_env(s, extra, env);
	return assignments(s, env, machine, path, n);
}
