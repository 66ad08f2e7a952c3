/*
 * contexts.c - building the contexts that do not change while a job runs, and handing all of them
 * to the evaluator. What changes (env, steps, job) is kept by the job (job.c).
 */
#include "contexts.h"

#include <stddef.h>

static const struct {
	struct str name;
	size_t at;
} context_table[] = {
	{ STR_INIT("github"), offsetof(struct contexts, github) },
	{ STR_INIT("env"), offsetof(struct contexts, env) },
	{ STR_INIT("vars"), offsetof(struct contexts, vars) },
	{ STR_INIT("job"), offsetof(struct contexts, job) },
	{ STR_INIT("steps"), offsetof(struct contexts, steps) },
	{ STR_INIT("runner"), offsetof(struct contexts, runner) },
	{ STR_INIT("secrets"), offsetof(struct contexts, secrets) },
	{ STR_INIT("strategy"), offsetof(struct contexts, strategy) },
	{ STR_INIT("matrix"), offsetof(struct contexts, matrix) },
	{ STR_INIT("needs"), offsetof(struct contexts, needs) },
	{ STR_INIT("inputs"), offsetof(struct contexts, inputs) },
	{ STR_INIT("jobs"), offsetof(struct contexts, jobs) },
};

static bool named(void *ctx, struct str name, struct value *out)
{
	for (size_t i = 0; i < sizeof(context_table) / sizeof(context_table[0]); i++) {
		if (str_ieq(context_table[i].name, name)) {
			*out = *(const struct value *)((const char *)ctx + context_table[i].at);
			return true;
		}
	}
	return false;
}

static bool status(void *ctx, enum expr_status which, const struct str *args, size_t n)
{
	const struct contexts *c = ctx;

	return c->status ? c->status(c->owner, which, args, n) : which != STATUS_CANCELLED;
}

static bool hash_files(void *ctx, const struct str *patterns, size_t n, struct str *out,
		       struct str *why)
{
	const struct contexts *c = ctx;

	if (!c->hash_files) {
		*why = STR("hashFiles is not available here");
		return false;
	}
	return c->hash_files(c->owner, patterns, n, out, why);
}

static void trace(void *ctx, struct str line)
{
	const struct contexts *c = ctx;

	c->trace(c->owner, line);
}

struct expr_env contexts_env(struct contexts *c)
{
	return (struct expr_env){
		.ctx = c,
		.named = named,
		.status = status,
		.hash_files = hash_files,
		.trace = c->trace ? trace : NULL,
	};
}

static void set_str(struct arena *a, struct vobject *o, struct str key, struct str value)
{
	vobject_set(a, o, key, value_str(value));
}

/* github.com has a host of its own for the API, an Enterprise server a path. */
static struct str api_url(struct arena *a, struct str server, const char *cloud, const char *own)
{
	if (str_ieq(server, STR("https://github.com"))) {
		return arena_printf(a, "https://api.github.com%s", cloud);
	}
	return arena_printf(a, "%.*s/api%s", STR_ARG(server), own);
}

/* At GitHub every workflow that an event starts is a run of its own: its id keeps its artifacts and
 * concurrency groups apart from those of the others. */
static struct str workflow_run_id(struct arena *a, const struct run_request *run,
				  const struct run_workflow *workflow)
{
	unsigned long first = 0;
	size_t i = 0;

	while (i < run->nworkflows && &run->workflows[i] != workflow) {
		i++;
	}
	if (i == run->nworkflows || !str_to_ulong(run->event->run_id, &first)) {
		return run->event->run_id;
	}
	return arena_printf(a, "%lu", first + i);
}

static struct str visibility(struct value payload)
{
	struct value repository = value_get(payload, STR("repository"));
	struct value shown = value_get(repository, STR("visibility"));

	if (value_truthy(value_get(repository, STR("private")))) {
		return shown.kind == VALUE_STRING && str_eq(shown.u.s, STR("internal"))
			       ? shown.u.s
			       : STR("private");
	}
	return STR("public");
}

/* In the order in which toJSON(github) shows it at GitHub. */
struct vobject *github_context(struct arena *a, const struct run_request *run,
			       const struct run_workflow *workflow, struct str job)
{
	const struct event_facts *e = run->event;
	const struct setting *token = settings_get(run->secrets, STR("GITHUB_TOKEN"), true);
	struct vobject *o = vobject_new(a, false);
	struct str path = workflow->workflow->path;
	const struct {
		struct str key;
		struct value value;
	} fields[] = {
		{ STR("token"), value_str(token ? token->value : STR_EMPTY) },
		{ STR("job"), job.len ? value_str(job) : value_null() },
		{ STR("ref"), value_str(e->ref) },
		{ STR("sha"), value_str(e->sha) },
		{ STR("repository"), value_str(e->repository) },
		{ STR("repository_owner"), value_str(e->owner) },
		{ STR("repository_owner_id"), value_str(e->owner_id) },
		{ STR("repositoryUrl"),
		  value_str(arena_printf(a, "git://github.com/%.*s.git", STR_ARG(e->repository))) },
		{ STR("run_id"), value_str(workflow_run_id(a, run, workflow)) },
		{ STR("run_number"), value_str(e->run_number) },
		{ STR("retention_days"), value_str(STR("90")) },
		{ STR("run_attempt"), value_str(e->run_attempt) },
		{ STR("artifact_cache_size_limit"), value_str(STR("10")) },
		{ STR("repository_visibility"), value_str(visibility(workflow->payload)) },
		{ STR("repository_id"), value_str(e->repository_id) },
		{ STR("actor_id"), value_str(e->actor_id) },
		{ STR("actor"), value_str(e->actor) },
		{ STR("triggering_actor"), value_str(e->actor) },
		{ STR("workflow"), value_str(workflow->workflow->name) },
		{ STR("head_ref"), value_str(e->head_ref) },
		{ STR("base_ref"), value_str(e->base_ref) },
		{ STR("event_name"), value_str(e->event_name) },
		{ STR("event"), workflow->payload },
		{ STR("server_url"), value_str(e->server_url) },
		{ STR("api_url"), value_str(api_url(a, e->server_url, "", "/v3")) },
		{ STR("graphql_url"),
		  value_str(api_url(a, e->server_url, "/graphql", "/graphql")) },
		{ STR("ref_name"), value_str(e->ref_name) },
		{ STR("ref_protected"), value_bool(false) },
		{ STR("ref_type"), value_str(e->ref_type) },
		{ STR("secret_source"), value_str(STR("Actions")) },
		{ STR("workflow_ref"),
		  value_str(arena_printf(a, "%.*s/%.*s@%.*s", STR_ARG(e->repository), STR_ARG(path),
					 STR_ARG(e->ref))) },
		{ STR("workflow_sha"), value_str(e->sha) },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].value.kind != VALUE_NULL) {
			vobject_set(a, o, fields[i].key, fields[i].value);
		}
	}
	return o;
}

static struct value settings_object(struct arena *a, const struct settings *settings)
{
	struct vobject *o = vobject_new(a, false);

	for (size_t i = 0; settings && i < settings->n; i++) {
		set_str(a, o, settings->v[i].name, settings->v[i].value);
	}
	return value_object(o);
}

struct value vars_context(struct arena *a, const struct settings *vars)
{
	return settings_object(a, vars);
}

/* The service spells the token's name in small letters, which toJSON() shows. */
struct value secrets_context(struct arena *a, const struct settings *secrets)
{
	static const struct str token = STR_INIT("github_token");
	struct vobject *o = vobject_new(a, false);

	for (size_t i = 0; secrets && i < secrets->n; i++) {
		const struct setting *s = &secrets->v[i];

		set_str(a, o, str_ieq(s->name, token) ? token : s->name, s->value);
	}
	return value_object(o);
}

struct value strategy_context(struct arena *a, bool fail_fast, size_t index, size_t total,
			      double max_parallel)
{
	struct vobject *o = vobject_new(a, false);

	vobject_set(a, o, STR("fail-fast"), value_bool(fail_fast));
	vobject_set(a, o, STR("job-index"), value_number((double)index));
	vobject_set(a, o, STR("job-total"), value_number((double)total));
	vobject_set(a, o, STR("max-parallel"), value_number(max_parallel));
	return value_object(o);
}
