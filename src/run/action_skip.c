/*
 * action_skip.c - what is known of a step's `if` before the job's first step: whether it is false
 * whatever the steps before it do, so that its action need not be had at all (a job with actions
 * for three systems fetches those of one); and whether it is true when they succeed.
 */
#include "step.h"

/* What steps change, or what is not known before the first one. */
static void on_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	static const struct str known[] = { STR_INIT("github"), STR_INIT("inputs"),
					    STR_INIT("vars"),   STR_INIT("needs"),
					    STR_INIT("matrix"), STR_INIT("strategy") };
	bool *unknown = ctx;

	(void)path;
	(void)n;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_ieq(known[i], root)) {
			return;
		}
	}
	*unknown = true;
}

static bool status(void *owner, enum expr_status which, const struct str *args, size_t n)
{
	(void)args;
	(void)n;
	return which == STATUS_ALWAYS || which == *(const enum expr_status *)owner;
}

bool action_surely_skipped(struct job *job, const struct step_def *def)
{
	static const enum expr_status statuses[] = { STATUS_SUCCESS, STATUS_FAILURE,
						     STATUS_CANCELLED };
	struct contexts contexts = job->contexts;
	struct expr_env env = contexts_env(&contexts);
	bool unknown = def->cond == NULL;

	if (def->cond) {
		expr_visit_names(def->cond, on_name, &unknown);
	}
	contexts.status = status;
	contexts.hash_files = NULL; /* an error, and so not sure */
	for (size_t i = 0; !unknown && i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct expr_error error = { 0 };
		struct value v = value_null();
		enum expr_status now = statuses[i];

		contexts.owner = &now;
		unknown = !expr_eval(&job->scratch, def->cond, &env, &v, &error) || value_truthy(v);
	}
	return !unknown;
}

static bool succeeded(void *owner, enum expr_status which, const struct str *args, size_t n)
{
	(void)owner;
	(void)args;
	(void)n;
	return which == STATUS_ALWAYS || which == STATUS_SUCCESS;
}

bool action_surely_runs(struct arena *scratch, struct contexts contexts, const struct step_def *def)
{
	struct expr_env env = contexts_env(&contexts);
	struct expr_error error = { 0 };
	struct value v = value_null();
	bool unknown = false;

	if (!def->cond) {
		return true;
	}
	contexts.status = succeeded;
	contexts.hash_files = NULL; /* an error, and so not sure */
	expr_visit_names(def->cond, on_name, &unknown);
	return !unknown && expr_eval(scratch, def->cond, &env, &v, &error) && value_truthy(v);
}
