/*
 * state.c - what a job's own keys see before it runs: needs, and the status functions over all
 * ancestors (SEMANTICS 9). It changes nothing; schedule.c does.
 */
#include "state.h"

static const struct {
	enum result result;
	struct str word;
} result_table[] = {
	{ RESULT_SUCCESS, STR_INIT("success") },
	{ RESULT_FAILURE, STR_INIT("failure") },
	{ RESULT_CANCELLED, STR_INIT("cancelled") },
	{ RESULT_SKIPPED, STR_INIT("skipped") },
	{ RESULT_NOT_REHEARSED, STR_INIT("not_rehearsed") },
};

struct str result_word(enum result r)
{
	for (size_t i = 0; i < sizeof(result_table) / sizeof(result_table[0]); i++) {
		if (result_table[i].result == r) {
			return result_table[i].word;
		}
	}
	return STR_EMPTY;
}

enum result result_from_word(struct str word)
{
	for (size_t i = 0; i < sizeof(result_table) / sizeof(result_table[0]); i++) {
		if (str_eq(result_table[i].word, word)) {
			return result_table[i].result;
		}
	}
	return RESULT_NONE;
}

enum result result_shown(const struct run *run, const struct job_run *job)
{
	static const enum result shown[] = { [UNSERVED_ASSUME] = RESULT_SUCCESS,
					     [UNSERVED_SKIP] = RESULT_SKIPPED,
					     [UNSERVED_FAIL] = RESULT_FAILURE };

	return job->result == RESULT_NOT_REHEARSED ? shown[run->request->unserved] : job->result;
}

struct value needs_context(struct run *run, const struct job_run *job)
{
	struct arena *a = run->arena;
	struct vobject *needs = vobject_new(a, false);

	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];
		struct vobject *o = vobject_new(a, false);
		vobject_set(a, o, STR("result"), value_str(result_word(result_shown(run, need))));
		vobject_set(a, o, STR("outputs"), value_object(need->outputs));
		vobject_set(a, needs, need->def->id.s, value_object(o));
	}
	return value_object(needs);
}

bool scope_cancelled(const struct run *run, const struct scope *scope)
{
	for (; scope; scope = scope->caller ? scope->caller->job->scope : NULL) {
		if (scope->cancelled) {
			return true;
		}
	}
	return run->cancelled;
}

struct job_owner {
	struct run *run;
	struct job_run *job;
};

/* Calls fn for every job that `job` needs, directly or not; stops when fn says true. */
static bool any_ancestor(const struct run *run, const struct job_run *job, bool *seen,
			 bool (*fn)(enum result ancestor))
{
	for (size_t i = 0; i < job->def->needs.n; i++) {
		size_t at = job->def->need_index[i];
		const struct job_run *need = &job->scope->jobs[at];

		if (seen[at]) {
			continue;
		}
		seen[at] = true;
		if (fn(result_shown(run, need)) || any_ancestor(run, need, seen, fn)) {
			return true;
		}
	}
	return false;
}

static bool has_failed(enum result result)
{
	return result == RESULT_FAILURE;
}

static bool has_not_succeeded(enum result result)
{
	return result != RESULT_SUCCESS;
}

static bool any_of(const struct job_owner *o, const struct str *args, size_t n,
		   bool (*fn)(enum result result))
{
	struct job_run *job = o->job;
	bool *seen = arena_array(o->run->arena, bool, job->scope->njobs);

	if (n == 0) {
		return any_ancestor(o->run, job, seen, fn);
	}
	for (size_t i = 0; i < n; i++) {
		const struct job_def *def = workflow_job(job->scope->workflow->workflow, args[i]);

		if (def && fn(result_shown(o->run, &job->scope->jobs[def->index]))) {
			return true;
		}
	}
	return false;
}

static bool job_status(void *owner, enum expr_status which, const struct str *args, size_t n)
{
	const struct job_owner *o = owner;

	switch (which) {
	case STATUS_SUCCESS:
		return !scope_cancelled(o->run, o->job->scope) &&
		       !any_of(o, args, n, has_not_succeeded);
	case STATUS_FAILURE:
		return any_of(o, args, n, has_failed);
	case STATUS_CANCELLED:
		return scope_cancelled(o->run, o->job->scope);
	case STATUS_ALWAYS:
		return true;
	}
	return false;
}

void job_contexts(struct run *run, struct job_run *job, const struct leg_run *leg,
		  struct contexts *out)
{
	struct arena *a = run->arena;
	struct job_owner *owner = arena_new(a, struct job_owner);

	*owner = (struct job_owner){ run, job };
	*out = (struct contexts){
		.github =
			value_object(github_context(a, run->request, job->scope->root, STR_EMPTY)),
		.vars = run->vars,
		.needs = needs_context(run, job),
		.inputs = job->scope->workflow->inputs,
		.strategy = strategy_context(a, true, 0, 1, 1),
		.owner = owner,
		.status = job_status,
	};
	if (leg) {
		double parallel = job->max_parallel > 0 ? job->max_parallel : (double)leg->total;

		out->strategy =
			strategy_context(a, job->fail_fast, leg->index, leg->total, parallel);
		out->matrix = leg->leg.values;
	}
}
