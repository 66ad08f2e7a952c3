/* build_job.c - one job from its mapping: a regular one, or one that calls a workflow (SEMANTICS
 * 1.7). What its values may be beyond their shapes is in check_job.c. */
#include "build.h"

static const struct field tokens[] = {
	{ "name", offsetof(struct job_def, name) },
	{ "env", offsetof(struct job_def, env) },
	{ "outputs", offsetof(struct job_def, outputs) },
	{ "continue-on-error", offsetof(struct job_def, continue_on_error) },
	{ "timeout-minutes", offsetof(struct job_def, timeout_minutes) },
	{ "cancel-timeout-minutes", offsetof(struct job_def, cancel_timeout_minutes) },
	{ "runs-on", offsetof(struct job_def, runs_on) },
	{ "snapshot", offsetof(struct job_def, snapshot) },
	{ "container", offsetof(struct job_def, container) },
	{ "services", offsetof(struct job_def, services) },
	{ "with", offsetof(struct job_def, with) },
};

static const struct field strategy_tokens[] = {
	{ "matrix", offsetof(struct job_def, matrix) },
	{ "fail-fast", offsetof(struct job_def, fail_fast) },
	{ "max-parallel", offsetof(struct job_def, max_parallel) },
};

static const struct field environment_tokens[] = {
	{ "name", offsetof(struct job_def, environment_name) },
	{ "url", offsetof(struct job_def, environment_url) },
	{ "deployment", offsetof(struct job_def, environment_deployment) },
};

static bool has_expr_key(const struct tok *t)
{
	for (size_t i = 0; t->kind == TOK_MAP && i < t->u.map.n; i++) {
		if (t->u.map.pairs[i].key->kind != TOK_STRING) {
			return true;
		}
	}
	return false;
}

static void build_strategy(struct build *b, const struct tok *t, struct job_def *job)
{
	if (!t) {
		return;
	}
	if (t->kind != TOK_MAP || has_expr_key(t)) {
		job->strategy = t;
		return;
	}
	build_fields(t, strategy_tokens, sizeof(strategy_tokens) / sizeof(strategy_tokens[0]), job);
	check_strategy(b, t);
}

static void build_environment(const struct tok *t, struct job_def *job)
{
	if (!tok_good(t)) {
		return;
	}
	if (t->kind != TOK_MAP) {
		job->environment_name = t;
		return;
	}
	build_fields(t, environment_tokens,
		     sizeof(environment_tokens) / sizeof(environment_tokens[0]), job);
}

static void build_secrets(const struct tok *t, struct job_def *job)
{
	if (!tok_good(t)) {
		return;
	}
	job->secrets_inherit = t->kind == TOK_STRING;
	job->secrets = t->kind == TOK_STRING ? NULL : t;
}

/* Step by step: a bad one does not keep the others from being checked. */
static void build_body(struct build *b, const struct tok *map, struct job_def *job)
{
	const struct tok *steps = tok_get(map, STR("steps"));

	if (steps && steps->kind == TOK_SEQ) {
		job->nsteps = build_steps(b, steps, &job->steps);
	}
	if (job->runs_on) {
		check_runs_on(b, job->runs_on);
	}
	if (job->container) {
		check_container(b, job->container, build_pair(map, "container")->key->at, false);
	}
	if (job->services) {
		check_services(b, job->services);
	}
	if (job->snapshot) {
		check_snapshot(b, job->snapshot);
	}
}

/* An empty literal name counts as none. */
static void drop_empty_name(struct job_def *job)
{
	if (job->name && job->name->kind == TOK_STRING && job->name->u.s.len == 0) {
		job->name = NULL;
	}
}

void build_job(struct build *b, const struct tok *key, const struct tok *map, struct job_def *job)
{
	struct ids ids = IDS_INIT;

	job->id = build_spanned(key);
	job->uses = (struct spanned){ STR_EMPTY, NO_SPAN };
	if (!key->bad) {
		(void)ids_add(b, &ids, job->id);
	}
	build_fields(map, tokens, sizeof(tokens) / sizeof(tokens[0]), job);
	check_minutes(b, job->timeout_minutes);
	check_minutes(b, job->cancel_timeout_minutes);
	drop_empty_name(job);
	job->needs = build_list(b, tok_get(map, STR("needs")));
	job->cond = build_condition(b, tok_get(map, STR("if")), &schema_job_if, &job->cond_text);
	job->permissions = build_permissions(b, tok_get(map, STR("permissions")));
	job->concurrency = build_concurrency(b, tok_get(map, STR("concurrency")));
	job->cache_mode = build_spanned(tok_get(map, STR("cache-mode"))).s;
	job->defaults = build_defaults(tok_get(map, STR("defaults")));
	build_strategy(b, tok_get(map, STR("strategy")), job);
	build_environment(tok_get(map, STR("environment")), job);
	build_secrets(tok_get(map, STR("secrets")), job);
	if (tok_get(map, STR("uses"))) {
		job->uses = build_spanned(tok_get(map, STR("uses")));
	}
	/* The service does that, not the reader. */
	if (job->uses.s.len && !b->staged) {
		check_call_uses(b, job->uses);
	}
	build_body(b, map, job);
}
