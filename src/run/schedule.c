/*
 * schedule.c - from a needs graph to legs that may start, and from ended legs to job results.
 *
 * A job is considered when the last of its needs has ended, whatever its layer. A job that cannot
 * be set up is a failed job, never the end of the run.
 */
#include "schedule.h"

#include "actc/process.h"
#include "actc/reads.h"

static void emit(struct run *run, const struct event *e)
{
	event_bus_emit(run->request->bus, run->request->masker, e);
}

static struct str job_path(struct run *run, const struct job_run *job)
{
	return arena_printf(run->arena, "%.*s%.*s", STR_ARG(job->scope->prefix),
			    STR_ARG(job->def->id.s));
}

/* "path:line:col: text", the way every message about a file begins. */
static struct str placed(struct run *run, const struct eval_error *e)
{
	if (e->at.file == SPAN_NONE) {
		return e->msg;
	}

	const struct source *src = sources_get(run->request->sources, e->at.file);
	struct place p = source_place(src, e->at.lo);

	return arena_printf(run->arena, "%.*s:%u:%u: %.*s", STR_ARG(src->path), p.line, p.col,
			    STR_ARG(e->msg));
}

static struct str scope_prefix(struct arena *a, const struct run_request *request, size_t i)
{
	struct str path = request->workflows[i].workflow->path;
	size_t slash = STR_NPOS;

	if (request->nworkflows < 2) {
		return STR_EMPTY;
	}
	for (size_t at = str_chr(path, '/', 0); at != STR_NPOS; at = str_chr(path, '/', at + 1)) {
		slash = at;
	}
	if (slash != STR_NPOS) {
		path = str_slice(path, slash + 1, path.len);
	}
	return arena_printf(a, "%.*s:", STR_ARG(path));
}

static void scope_init(struct run *run, size_t i)
{
	struct scope *scope = &run->scopes[i];
	const struct run_workflow *rw = &run->request->workflows[i];
	const struct workflow *w = rw->workflow;

	*scope = (struct scope){ .workflow = rw,
				 .prefix = scope_prefix(run->arena, run->request, i),
				 .njobs = w->njobs,
				 .jobs = arena_array(run->arena, struct job_run, w->njobs) };
	for (size_t j = 0; j < w->njobs; j++) {
		scope->jobs[j] = (struct job_run){
			.def = &w->jobs[j],
			.scope = scope,
			.selected = !rw->selected || rw->selected[j],
			.waiting = w->jobs[j].needs.n,
			.fail_fast = true,
			.outputs = vobject_new(run->arena, false),
		};
	}
}

static struct value planned_job(struct run *run, const struct job_run *job)
{
	struct arena *a = run->arena;
	struct vobject *o = vobject_new(a, false);
	struct varray *needs = varray_new(a);

	for (size_t i = 0; i < job->def->needs.n; i++) {
		varray_push(a, needs, value_str(job->def->needs.v[i].s));
	}
	vobject_set(a, o, STR("id"), value_str(job->def->id.s));
	vobject_set(a, o, STR("path"), value_str(job_path(run, job)));
	vobject_set(a, o, STR("needs"), value_array(needs));
	if (job->def->cond_text.s.len) {
		vobject_set(a, o, STR("if"), value_str(job->def->cond_text.s));
	}
	vobject_set(a, o, STR("matrix"), value_bool(job->def->matrix || job->def->strategy));
	if (job->def->uses.s.len) {
		vobject_set(a, o, STR("uses"), value_str(job->def->uses.s));
	}
	vobject_set(a, o, STR("steps"), value_number((double)job->def->nsteps));
	return value_object(o);
}

static void emit_planned(struct run *run)
{
	struct arena *a = run->arena;
	struct varray *workflows = varray_new(a);

	for (size_t i = 0; i < run->nscopes; i++) {
		const struct scope *scope = &run->scopes[i];
		struct vobject *o = vobject_new(a, false);
		struct varray *jobs = varray_new(a);

		for (size_t j = 0; j < scope->njobs; j++) {
			if (scope->jobs[j].selected) {
				varray_push(a, jobs, planned_job(run, &scope->jobs[j]));
			}
		}
		vobject_set(a, o, STR("path"), value_str(scope->workflow->workflow->path));
		vobject_set(a, o, STR("name"), value_str(scope->workflow->workflow->name));
		vobject_set(a, o, STR("jobs"), value_array(jobs));
		varray_push(a, workflows, value_object(o));
	}
	emit(run, &(struct event){ .kind = EVENT_RUN_PLANNED,
				   .u.run_planned.workflows = value_array(workflows) });
}

void schedule_init(struct run *run, const struct run_request *request, struct arena *a)
{
	*run = (struct run){ .arena = a,
			     .request = request,
			     .nscopes = request->nworkflows,
			     .scopes = arena_array(a, struct scope, request->nworkflows),
			     .vars = vars_context(a, request->vars),
			     .secrets = secrets_context(a, request->secrets) };
	for (size_t i = 0; i < run->nscopes; i++) {
		scope_init(run, i);
	}
	emit_planned(run);
}

/* --- the end of a job ----------------------------------------------------------------------- */

static void job_end(struct job_run *job, enum result result)
{
	struct scope *scope = job->scope;

	job->considered = true;
	job->result = result;
	for (size_t i = 0; i < scope->njobs; i++) {
		for (size_t n = 0; n < scope->jobs[i].def->needs.n; n++) {
			scope->jobs[i].waiting -=
				scope->jobs[i].def->need_index[n] == job->def->index;
		}
	}
}

/* A job that ends without any leg: skipped, cancelled, failed to set up, not rehearsed. */
static void job_end_early(struct run *run, struct job_run *job, enum result result,
			  struct str reason)
{
	struct event e = { .job = job_path(run, job) };
	struct str id = job->def->id.s;

	if (result == RESULT_SKIPPED) {
		e.kind = EVENT_JOB_SKIPPED;
		e.u.job_skipped.name = id;
		e.u.job_skipped.reason = reason;
	} else if (result == RESULT_NOT_REHEARSED) {
		e.kind = EVENT_JOB_NOT_REHEARSED;
		e.u.job_not_rehearsed.name = id;
		e.u.job_not_rehearsed.reason = reason;
	} else {
		e.kind = EVENT_JOB_FINISHED;
		e.u.job_finished.name = id;
		e.u.job_finished.conclusion = result_word(result);
		e.u.job_finished.reason = reason;
		job->failed_hard = result == RESULT_FAILURE;
	}
	emit(run, &e);
	job_end(job, result);
}

/* Failures before continued ones, cancelled before success; not rehearsed only when all are. */
static enum result legs_result(const struct job_run *job)
{
	size_t count[RESULT_NOT_REHEARSED + 1] = { 0 };

	for (size_t i = 0; i < job->nlegs; i++) {
		const struct leg_run *leg = &job->legs[i];

		count[leg->continued ? RESULT_SUCCESS : leg->result]++;
	}
	if (count[RESULT_FAILURE]) {
		return RESULT_FAILURE;
	}
	if (count[RESULT_CANCELLED]) {
		return RESULT_CANCELLED;
	}
	return count[RESULT_SUCCESS] ? RESULT_SUCCESS : RESULT_NOT_REHEARSED;
}

static void merge_outputs(struct run *run, struct job_run *job, const struct vobject *outputs)
{
	for (size_t i = 0; outputs && i < outputs->n; i++) {
		const struct vpair *p = &outputs->v[i];

		if (p->value.kind == VALUE_STRING && p->value.u.s.len > 0) {
			vobject_set(run->arena, job->outputs, arena_str(run->arena, p->key),
				    value_copy(run->arena, p->value));
		}
	}
}

static void emit_leg_finished(struct run *run, const struct leg_run *leg, struct str reason,
			      const struct vobject *outputs)
{
	struct event e = { .kind = EVENT_JOB_FINISHED, .job = leg->path };

	e.u.job_finished.name = leg->name;
	e.u.job_finished.conclusion = result_word(leg->result);
	e.u.job_finished.reason = reason;
	e.u.job_finished.continued = leg->continued;
	e.u.job_finished.duration_ms = leg->started_ms ? now_ms() - leg->started_ms : 0;
	if (outputs && outputs->n) {
		e.u.job_finished.outputs = value_object(outputs);
	}
	emit(run, &e);
}

static void cancel_unstarted(struct run *run, struct job_run *job)
{
	while (job->next_leg < job->nlegs) {
		struct leg_run *leg = &job->legs[job->next_leg++];

		leg->result = RESULT_CANCELLED;
		job->ended++;
		emit_leg_finished(run, leg,
				  run->cancelled ? STR("the run was cancelled")
						 : STR("another leg failed (fail-fast)"),
				  NULL);
	}
}

void schedule_ended(struct run *run, struct leg_run *leg, enum result result, struct str reason,
		    const struct vobject *outputs, bool *cancel_siblings)
{
	struct job_run *job = leg->job;

	leg->result = result;
	leg->continued = result == RESULT_FAILURE && leg->continue_on_error;
	job->running--;
	job->ended++;
	merge_outputs(run, job, outputs);
	emit_leg_finished(run, leg, reason, outputs);
	*cancel_siblings = false;
	if (result == RESULT_FAILURE && !leg->continued) {
		job->failed_hard = true;
		if (job->fail_fast && job->nlegs > 1) {
			*cancel_siblings = true;
			job->stop_legs = true;
			cancel_unstarted(run, job);
		}
	}
	if (job->ended == job->nlegs) {
		job_end(job, legs_result(job));
	}
}

/* --- considering a job ------------------------------------------------------------------------ */

static bool eval_condition(struct run *run, struct job_run *job, bool *out, struct str *why)
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
		*why = placed(run, &(struct eval_error){ job->def->cond_text.at, error.msg });
		return false;
	}
	*out = value_truthy(v);
	return true;
}

static struct str skip_reason(struct run *run, const struct job_run *job)
{
	if (job->def->cond_text.s.len) {
		return arena_printf(run->arena, "its `if` is false: %.*s",
				    STR_ARG(job->def->cond_text.s));
	}
	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];

		if (need->result != RESULT_SUCCESS && need->result != RESULT_NOT_REHEARSED) {
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
		*why = placed(run, &e);
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
		*why = placed(run, &e);
		return false;
	}
	if (!matrix_expand(run->arena, matrix, legs, why)) {
		*why = placed(run, &(struct eval_error){ def->matrix ? def->matrix->at : def->id.at,
							 *why });
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

static bool eval_labels(struct run *run, struct leg_run *leg, const struct expr_env *env,
			struct eval_error *e)
{
	const struct tok *runs_on = leg->job->def->runs_on;
	struct value v = value_null();

	if (!tok_eval(run->arena, runs_on, env, false, &v, e)) {
		return false;
	}
	leg->labels = labels_text(run->arena, v);
	e->at = runs_on->at;
	return labels_resolve(run->arena, v, run->request->images, NULL, &leg->placement, &e->msg);
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
		return true;
	}
	leg->name = matrix_job_name(run->arena, name.len ? name : def->id.s, &leg->leg);
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
	    !tok_eval_bool(run->arena, def->continue_on_error, &env, &leg->continue_on_error, &e) ||
	    !tok_eval_number(run->arena, def->timeout_minutes, &env, &minutes, &e) ||
	    !tok_eval_number(run->arena, def->cancel_timeout_minutes, &env, &cancel_minutes, &e)) {
		*why = placed(run, &e);
		return false;
	}
	leg->timeout_s = minutes * 60;
	leg->cancel_timeout_s = (cancel_minutes < 1 ? 1 : cancel_minutes) * 60;
	return true;
}

static struct str leg_path(struct run *run, const struct job_run *job, size_t i)
{
	struct str path = job_path(run, job);

	return job->nlegs < 2 && job->legs[i].leg.values.kind == VALUE_NULL
		       ? path
		       : arena_printf(run->arena, "%.*s(%zu)", STR_ARG(path), i + 1);
}

static bool make_legs(struct run *run, struct job_run *job, const struct legs *legs,
		      struct str *why)
{
	job->legs = arena_array(run->arena, struct leg_run, legs->n);
	job->nlegs = legs->n;
	for (size_t i = 0; i < legs->n; i++) {
		job->legs[i] = (struct leg_run){
			.job = job, .index = i, .total = legs->n, .leg = legs->v[i]
		};
		job->legs[i].path = leg_path(run, job, i);
		if (!leg_init(run, &job->legs[i], why)) {
			return false;
		}
	}

	/* Legs that --matrix leaves out keep their index and total, as the job on GitHub would. */
	size_t kept = 0;

	for (size_t i = 0; i < legs->n; i++) {
		if (matrix_keep(run->arena, &job->legs[i].leg, run->request->matrix,
				run->request->nmatrix)) {
			job->legs[kept++] = job->legs[i];
		}
	}
	job->nlegs = kept;
	return true;
}

static const struct job_run *unrehearsed_source(const struct job_run *job)
{
	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];

		if (need->result == RESULT_NOT_REHEARSED &&
		    job_reads_outputs(job->def, need->def->id.s)) {
			return need;
		}
	}
	return NULL;
}

static void consider(struct run *run, struct job_run *job)
{
	struct legs legs = { 0 };
	struct str why = STR_EMPTY;
	bool wanted = false;
	const struct job_run *source = unrehearsed_source(job);

	job->considered = true;
	if (source) {
		why = arena_printf(run->arena,
				   "it reads the outputs of %.*s, which was not rehearsed",
				   STR_ARG(source->def->id.s));
		job_end_early(run, job, RESULT_NOT_REHEARSED, why);
	} else if (!eval_condition(run, job, &wanted, &why)) {
		job_end_early(run, job, RESULT_FAILURE, why);
	} else if (!wanted) {
		job_end_early(run, job, run->cancelled ? RESULT_CANCELLED : RESULT_SKIPPED,
			      run->cancelled ? STR("the run was cancelled")
					     : skip_reason(run, job));
	} else if (job->def->uses.s.len) {
		why = arena_printf(run->arena,
				   "it calls the reusable workflow %.*s, which this version of "
				   "act-c cannot run yet",
				   STR_ARG(job->def->uses.s));
		job_end_early(run, job, RESULT_FAILURE, why);
	} else if (!eval_strategy(run, job, &legs, &why) || !make_legs(run, job, &legs, &why)) {
		job_end_early(run, job, RESULT_FAILURE, why);
	} else if (job->nlegs == 0) {
		job_end_early(run, job, RESULT_SKIPPED, STR("no leg matches --matrix"));
	}
}

/* --- what may start ----------------------------------------------------------------------------
 */

static void not_served(struct run *run, struct leg_run *leg)
{
	struct event e = { .kind = EVENT_JOB_NOT_REHEARSED, .job = leg->path };
	struct job_run *job = leg->job;

	e.u.job_not_rehearsed.name = leg->name;
	e.u.job_not_rehearsed.reason = leg->placement.reason;
	e.u.job_not_rehearsed.hint = leg->placement.hint;
	emit(run, &e);
	leg->result = RESULT_NOT_REHEARSED;
	job->ended++;
	if (job->ended == job->nlegs) {
		job_end(job, legs_result(job));
	}
}

/* The job's next leg to start, after the ones that end at once. */
static struct leg_run *next_leg(struct run *run, struct job_run *job)
{
	while (job->result == RESULT_NONE && job->next_leg < job->nlegs) {
		struct leg_run *leg = &job->legs[job->next_leg];

		if (job->max_parallel >= 1 && (double)job->running >= job->max_parallel) {
			return NULL;
		}
		if (leg->placement.how != LABEL_NOT_SERVED) {
			return leg;
		}
		job->next_leg++;
		not_served(run, leg);
	}
	return NULL;
}

static struct leg_run *scope_next(struct run *run, struct scope *scope, bool room, bool *moved)
{
	for (size_t i = 0; i < scope->njobs; i++) {
		struct job_run *job = &scope->jobs[i];

		if (!job->selected || job->result != RESULT_NONE || job->waiting > 0) {
			continue;
		}
		if (!job->considered) {
			consider(run, job);
			*moved = true;
		}

		struct leg_run *leg = next_leg(run, job);

		*moved = *moved || job->result != RESULT_NONE;
		if (leg && room) {
			job->next_leg++;
			job->running++;
			return leg;
		}
	}
	return NULL;
}

struct leg_run *schedule_next(struct run *run, size_t running)
{
	bool room = running < run->request->max_jobs, moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < run->nscopes; i++) {
			struct leg_run *leg = scope_next(run, &run->scopes[i], room, &moved);

			if (leg) {
				return leg;
			}
		}
	}
	return NULL;
}

bool schedule_done(const struct run *run)
{
	for (size_t i = 0; i < run->nscopes; i++) {
		for (size_t j = 0; j < run->scopes[i].njobs; j++) {
			const struct job_run *job = &run->scopes[i].jobs[j];

			if (job->selected && job->result == RESULT_NONE) {
				return false;
			}
		}
	}
	return true;
}

bool schedule_survives_cancel(struct run *run, struct job_run *job)
{
	bool wanted = false;
	struct str why = STR_EMPTY;

	return eval_condition(run, job, &wanted, &why) && wanted;
}

void schedule_cancel(struct run *run)
{
	for (size_t i = 0; i < run->nscopes; i++) {
		for (size_t j = 0; j < run->scopes[i].njobs; j++) {
			struct job_run *job = &run->scopes[i].jobs[j];

			if (job->result != RESULT_NONE || job->next_leg >= job->nlegs ||
			    schedule_survives_cancel(run, job)) {
				continue;
			}
			cancel_unstarted(run, job);
			if (job->ended == job->nlegs) {
				job_end(job, legs_result(job));
			}
		}
	}
}

static void count_result(struct arena *a, struct vobject *counts, enum result r)
{
	struct str word = result_word(r);
	const struct value *old = vobject_get(counts, word);

	vobject_set(a, counts, word, value_number((old ? old->u.n : 0) + 1));
}

int schedule_exit_code(const struct run *run, struct vobject **counts, struct str *conclusion)
{
	bool failed = false, rehearsed = false, unrehearsed = false;

	*counts = vobject_new(run->arena, false);
	for (size_t i = 0; i < run->nscopes; i++) {
		for (size_t j = 0; j < run->scopes[i].njobs; j++) {
			const struct job_run *job = &run->scopes[i].jobs[j];

			if (!job->selected) {
				continue;
			}
			count_result(run->arena, *counts, job->result);
			failed = failed || job->failed_hard;
			unrehearsed = unrehearsed || job->result == RESULT_NOT_REHEARSED;
			rehearsed = rehearsed || job->result != RESULT_NOT_REHEARSED;
		}
	}
	*conclusion = run->cancelled ? STR("cancelled") : failed ? STR("failure") : STR("success");
	if (!failed && unrehearsed && !rehearsed) {
		*conclusion = STR("not_rehearsed");
		return 5;
	}
	return failed ? 1 : 0;
}
