/*
 * legs.c - from a job definition to legs: its `if`, strategy, and the keys that are evaluated per
 * leg before anything runs. It changes no state but the legs it makes.
 */
#include "legs.h"

#include <math.h>

#include "action.h"
#include "containers.h"
#include "gate.h"
#include "groups.h"
#include "scope.h"

bool job_wanted(struct run *run, struct job_run *job, bool *out, struct str *why)
{
	struct contexts c;
	struct expr_error error = { 0 };
	struct value v = value_null();

	job_contexts(run, job, NULL, &c);

	struct expr_env env = contexts_env(&c);

	if (!job->def->cond) {
		*out = env.status(env.ctx, STATUS_SUCCESS, NULL, 0);
		return true;
	}
	if (!expr_eval(run->arena, job->def->cond, &env, &v, &error)) {
		*why = run_placed(run, &(struct eval_error){ job->def->cond_text.at, error.msg });
		return false;
	}
	*out = value_truthy(v);
	return true;
}

struct str job_skip_reason(struct run *run, const struct job_run *job)
{
	if (job->def->cond_text.s.len) {
		return arena_printf(run->arena, "its `if` is false: %.*s",
				    STR_ARG(job->def->cond_text.s));
	}
	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];

		if (result_shown(run, need) != RESULT_SUCCESS) {
			struct str word = result_word(need->result);

			return arena_printf(run->arena, "%.*s: %.*s", STR_ARG(need->def->id.s),
					    STR_ARG(word));
		}
	}
	return STR("a job that it depends on did not succeed");
}

/* strategy: fail-fast, max-parallel and the matrix to legs. */
static bool eval_strategy(struct run *run, struct job_run *job, struct legs *legs, struct str *why)
{
	const struct job_def *def = job->def;
	struct contexts c;
	struct eval_error e = { .at = NO_SPAN };
	struct value matrix = value_null(), strategy = value_null();

	job_contexts(run, job, NULL, &c);

	struct expr_env env = contexts_env(&c);

	if (def->strategy && !tok_eval(run->arena, def->strategy, &env, false, &strategy, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	if (strategy.kind == VALUE_OBJECT) {
		const struct value fail_fast = value_get(strategy, STR("fail-fast"));
		const struct value parallel = value_get(strategy, STR("max-parallel"));

		matrix = value_get(strategy, STR("matrix"));
		job->fail_fast = fail_fast.kind == VALUE_BOOL ? fail_fast.u.b : true;
		job->max_parallel = parallel.kind == VALUE_NUMBER ? parallel.u.n : 0;
	}
	if (!tok_eval_bool(run->arena, def->fail_fast, &env, &job->fail_fast, &e) ||
	    !tok_eval_number(run->arena, def->max_parallel, &env, &job->max_parallel, &e) ||
	    (def->matrix && !tok_eval(run->arena, def->matrix, &env, false, &matrix, &e))) {
		*why = run_placed(run, &e);
		return false;
	}
	if (!matrix_expand(run->arena, matrix, legs, why)) {
		*why = run_placed(run, &(struct eval_error){
					       def->matrix ? def->matrix->at : def->id.at, *why });
		return false;
	}
	return true;
}

/* runs-on as text, for people. */
static struct str labels_text(struct arena *a, struct value v)
{
	struct str text = STR_EMPTY;

	if (v.kind == VALUE_OBJECT) {
		struct str group = value_to_str(a, value_get(v, STR("group")));
		struct str labels = labels_text(a, value_get(v, STR("labels")));

		return group.len
			       ? arena_printf(a, "group %.*s %.*s", STR_ARG(group), STR_ARG(labels))
			       : labels;
	}
	if (v.kind != VALUE_ARRAY) {
		return value_to_str(a, v);
	}
	for (size_t i = 0; i < v.u.a->n; i++) {
		struct str label = labels_text(a, v.u.a->v[i]);

		text = arena_printf(a, "%.*s%s%.*s", STR_ARG(text), i ? ", " : "", STR_ARG(label));
	}
	return text;
}

/* The step of the job that is a Docker action for sure, as the working tree has it, and that runs
 * for sure; or empty. */
static struct str docker_action(struct run *run, const struct job_def *def,
				const struct contexts *contexts)
{
	for (size_t i = 0; i < def->nsteps; i++) {
		struct str uses = def->steps[i].uses.s;

		if ((action_is_image(uses) || action_is_docker_here(run, uses)) &&
		    action_surely_runs(run->arena, *contexts, &def->steps[i])) {
			return uses;
		}
	}
	return STR_EMPTY;
}

/* Any label for Linux is served by the engine's own system, and no image counts; the machine
 * itself is still what -P LABEL=-self-hosted asks for. */
static void place_on_system(struct run *run, struct leg_run *leg, struct value runs_on)
{
	struct label_match *m = &leg->placement;

	if (m->how == LABEL_HOST) {
		return;
	}
	if (m->how == LABEL_NOT_SERVED && !labels_mean_linux(run->arena, runs_on)) {
		m->reason = arena_printf(run->arena, "no machine here serves %.*s",
					 STR_ARG(leg->labels));
		return;
	}
	*m = (struct label_match){ .how = LABEL_IMAGE, .label = leg->labels, .image = STR_EMPTY };
	m->reason = m->hint = STR_EMPTY;
}

static bool eval_labels(struct run *run, struct leg_run *leg, const struct expr_env *env,
			struct eval_error *e)
{
	const struct tok *runs_on = leg->job->def->runs_on;
	struct value v = value_null();

	if (leg->calls) {
		leg->placement.how = LABEL_IMAGE; /* its jobs have labels of their own */
		return true;
	}

	if (!tok_eval(run->arena, runs_on, env, false, &v, e)) {
		return false;
	}
	leg->labels = labels_text(run->arena, v);
	e->at = runs_on->at;
	if (!labels_resolve(run->arena, v, run->request->images, NULL, &leg->placement, &e->msg)) {
		return false;
	}
	if (run->request->engine && run->request->engine->own_system) {
		place_on_system(run, leg, v);
	}
	return true;
}

/* The default name is the literal `name`, else the id, with the leg's values; a name with an
 * expression replaces the whole (SEMANTICS 1.9). */
static bool eval_name(struct run *run, struct leg_run *leg, const struct expr_env *env,
		      struct eval_error *e)
{
	const struct job_def *def = leg->job->def;
	struct str name = STR_EMPTY;

	if (!tok_eval_str(run->arena, def->name, env, &name, e)) {
		return false;
	}
	if (def->name && !tok_is_literal(def->name) && name.len) {
		leg->name = name;
	} else {
		leg->name = matrix_job_name(run->arena, name.len ? name : def->id.s, &leg->leg);
	}
	if (leg->job->scope->name_prefix.len) {
		leg->name = arena_printf(run->arena, "%.*s%.*s",
					 STR_ARG(leg->job->scope->name_prefix), STR_ARG(leg->name));
	}
	return true;
}

struct str leg_engine_hint(const struct leg_run *leg)
{
	return leg->placement.how == LABEL_HOST ? STR("-P LABEL=IMAGE runs it in a container")
						: STR("--engine docker has them");
}

/* What the engine has no containers for is known before anything starts, and not rehearsed. */
static bool eval_containers(struct run *run, struct leg_run *leg, const struct expr_env *env,
			    struct eval_error *e)
{
	const struct job_def *def = leg->job->def;
	struct label_match *placement = &leg->placement;
	const struct engine *engine =
		placement->how == LABEL_HOST ? &engine_host : run->request->engine;
	struct str action = STR_EMPTY;
	bool services = false;

	leg->container = STR_EMPTY;
	if (placement->how != LABEL_NOT_SERVED && engine && !engine->build) {
		action = docker_action(run, def, env->ctx);
	}
	if (action.len) {
		placement->reason = arena_printf(run->arena,
						 "the %s engine cannot run `uses: %.*s`: it is a "
						 "Docker action",
						 engine->name, STR_ARG(action));
		placement->hint = leg_engine_hint(leg);
		placement->how = LABEL_NOT_SERVED;
	}
	if ((!def->container && !def->services) || placement->how == LABEL_NOT_SERVED) {
		return true;
	}
	if (!containers_wanted(run->arena, def, env, &leg->container, &services, e)) {
		return false;
	}
	if (engine && !engine->pod_open && (leg->container.len || services)) {
		placement->reason = arena_printf(
			run->arena, "it wants %s, which the %s engine does not have",
			leg->container.len ? "a job container" : "services", engine->name);
		placement->hint = leg_engine_hint(leg);
		placement->how = LABEL_NOT_SERVED;
	}
	return true;
}

static bool leg_init(struct run *run, struct leg_run *leg, struct str *why)
{
	const struct job_def *def = leg->job->def;
	struct contexts c;
	struct eval_error e = { .at = NO_SPAN };
	double minutes = 360, cancel_minutes = 5;

	job_contexts(run, leg->job, leg, &c);

	struct expr_env env = contexts_env(&c);

	if (!eval_name(run, leg, &env, &e) || !eval_labels(run, leg, &env, &e) ||
	    !eval_containers(run, leg, &env, &e) || !gate_read(run, leg, &env, &e) ||
	    !tok_eval_bool(run->arena, def->continue_on_error, &env, &leg->continue_on_error, &e) ||
	    !tok_eval_number(run->arena, def->timeout_minutes, &env, &minutes, &e) ||
	    !tok_eval_number(run->arena, def->cancel_timeout_minutes, &env, &cancel_minutes, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	if (def->concurrency.group) {
		struct group_wish *wish = arena_new(run->arena, struct group_wish);

		leg->group = wish;
		if (!group_wish(run, &def->concurrency, &env, wish, why)) {
			return false;
		}
	}
	leg->timeout_s = floor(minutes) * 60; /* whole minutes, as GitHub has them */
	leg->cancel_timeout_s = (cancel_minutes < 1 ? 1 : floor(cancel_minutes)) * 60;
	return true;
}

static struct str leg_path(struct run *run, const struct job_run *job, size_t i)
{
	struct str path = job_path(run, job);

	return job->nlegs < 2 && job->legs[i].leg.values.kind == VALUE_NULL
		       ? path
		       : arena_printf(run->arena, "%.*s(%zu)", STR_ARG(path), i + 1);
}

bool job_make_legs(struct run *run, struct job_run *job, struct str *why)
{
	const struct workflow *calls = calls_find(run->request->calls, job->def);
	struct legs legs = { 0 };

	if (!eval_strategy(run, job, &legs, why)) {
		return false;
	}
	job->legs = arena_array(run->arena, struct leg_run, legs.n);
	job->nlegs = legs.n;
	for (size_t i = 0; i < legs.n; i++) {
		job->legs[i] = (struct leg_run){
			.job = job, .index = i, .total = legs.n, .leg = legs.v[i], .calls = calls
		};
		job->legs[i].path = leg_path(run, job, i);
		if (!leg_init(run, &job->legs[i], why)) {
			return false;
		}
	}

	/* Legs that --matrix leaves out keep their index and total, as the job on GitHub would. */
	size_t kept = 0;

	for (size_t i = 0; i < legs.n; i++) {
		if (matrix_keep(run->arena, &job->legs[i].leg, run->request->matrix,
				run->request->nmatrix)) {
			job->legs[kept++] = job->legs[i];
		}
	}
	job->nlegs = job->left = kept;
	return true;
}
