/*
 * schedule.c - from a needs graph to legs that may start, and from ended legs to job results.
 *
 * A job is considered when the last of its needs has ended, whatever its layer. A job that cannot
 * be set up is a failed job, never the end of the run. A leg that calls a workflow gets a scope as
 * its body and ends when the last job of that does.
 */
#include "schedule.h"

#include "actc/process.h"
#include "actc/reads.h"
#include "gate.h"
#include "groups.h"
#include "job_outputs.h"
#include "legs.h"
#include "scope.h"

enum { RUN_OUTPUTS_MAX = 50 * 1024 * 1024 };

void schedule_init(struct run *run, const struct run_request *request, struct arena *a)
{
	*run = (struct run){ .arena = a,
			     .request = request,
			     .vars = vars_context(a, request->vars) };
	scopes_init(run);
}

/* --- the end of a job ----------------------------------------------------------------------- */

static void leg_end(struct run *run, struct leg_run *leg, enum result result, struct str reason,
		    const struct vobject *outputs);

/* The body's last job has ended: so has the leg that called it. */
static void body_end(struct run *run, struct scope *scope)
{
	struct leg_run *leg = scope->caller;
	struct vobject *outputs = NULL;
	struct str why = STR_EMPTY;
	enum result result = scope_result(scope);

	leg->job->withheld = leg->job->withheld || scope_withheld(scope);
	if (!scope_outputs(run, scope, &outputs, &why)) {
		result = result == RESULT_CANCELLED ? result : RESULT_FAILURE;
	}
	leg_end(run, leg, result, why, outputs);
}

static void job_end(struct run *run, struct job_run *job, enum result result)
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
	if (!scope_done(scope)) {
		return;
	}
	group_leave(run, (struct group_member){ .scope = scope });
	if (scope->caller && scope->caller->result == RESULT_NONE) {
		body_end(run, scope);
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
	run_emit(run, &e);
	job_end(run, job, result);
}

/* Failure before cancelled before success; not rehearsed, or skipped, only when no leg ran. */
static enum result legs_result(const struct job_run *job)
{
	static const enum result order[] = { RESULT_FAILURE, RESULT_CANCELLED, RESULT_SUCCESS,
					     RESULT_NOT_REHEARSED };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		for (size_t i = 0; i < job->nlegs; i++) {
			const struct leg_run *leg = &job->legs[i];

			/* A part that nobody approved is missing in the whole. */
			if ((leg->continued ? RESULT_SUCCESS : leg->result) == order[k] &&
			    !(job->withheld && order[k] == RESULT_SUCCESS)) {
				return order[k];
			}
		}
	}
	return RESULT_SKIPPED;
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

/* As of a job alone (job_outputs.c): GitHub takes no more, and it is said once of each run there,
 * which is a started file with what it calls. */
static void count_outputs(struct run *run, struct scope *scope, const struct vobject *outputs)
{
	size_t before;

	while (scope->caller) {
		scope = scope->caller->job->scope;
	}
	before = scope->outputs;
	scope->outputs += outputs ? outputs_size(outputs) : 0;
	if (before <= RUN_OUTPUTS_MAX && scope->outputs > RUN_OUTPUTS_MAX) {
		run_note(run, "warning",
			 arena_printf(run->arena,
				      "the outputs of %.*s's jobs are more than 50 MB (in UTF-16), "
				      "which is what GitHub takes of a run",
				      STR_ARG(scope->workflow->workflow->path)));
	}
}

/* What the engine lacks may be known only when the job's actions have been fetched. */
static void emit_not_rehearsed(struct run *run, const struct leg_run *leg, struct str reason)
{
	struct event e = { .kind = EVENT_JOB_NOT_REHEARSED, .job = leg->path };

	e.u.job_not_rehearsed.name = leg->name;
	e.u.job_not_rehearsed.reason = reason;
	e.u.job_not_rehearsed.hint = leg_engine_hint(leg);
	run_emit(run, &e);
}

static void emit_leg_finished(struct run *run, const struct leg_run *leg, struct str reason,
			      const struct vobject *outputs)
{
	struct event e = { .kind = EVENT_JOB_FINISHED, .job = leg->path };

	e.u.job_finished.name = leg->name;
	e.u.job_finished.conclusion = result_word(leg->result);
	e.u.job_finished.reason = reason;
	e.u.job_finished.continued = leg->continued;
	e.u.job_finished.environment = leg->environment;
	e.u.job_finished.url = leg->url;
	e.u.job_finished.duration_ms = leg->started_ms ? now_ms() - leg->started_ms : 0;
	if (outputs && outputs->n) {
		e.u.job_finished.outputs = value_object(outputs);
	}
	run_emit(run, &e);
}

/* --- cancelling ----------------------------------------------------------------------------------
 */

static void leg_cancelled(struct run *run, struct leg_run *leg, struct str why)
{
	leg->started = true;
	leg->result = RESULT_CANCELLED;
	leg->job->left--;
	leg->job->ended++;
	group_leave(run, (struct group_member){ .leg = leg });
	emit_leg_finished(run, leg, why, NULL);
}

static void cancel_unstarted(struct run *run, struct job_run *job, struct str why)
{
	for (size_t i = 0; i < job->nlegs; i++) {
		if (!job->legs[i].started) {
			leg_cancelled(run, &job->legs[i], why);
		}
	}
}

bool schedule_survives_cancel(struct run *run, struct job_run *job)
{
	bool wanted = false;
	struct str why = STR_EMPTY;

	return job_wanted(run, job, &wanted, &why) && wanted;
}

static void cancel_scope(struct run *run, struct scope *scope);

/* A running leg: its worker is asked, its body cancelled as a whole. */
static void cancel_leg(struct run *run, struct leg_run *leg)
{
	if (leg->body) {
		leg->body->cancelled = true;
		cancel_scope(run, leg->body);
	} else if (run->cancel_leg) {
		run->cancel_leg(run->ctx, leg);
	}
}

static void cancel_running(struct run *run, struct job_run *job)
{
	for (size_t i = 0; i < job->nlegs; i++) {
		if (job->legs[i].started && job->legs[i].result == RESULT_NONE) {
			cancel_leg(run, &job->legs[i]);
		}
	}
}

/* Each job of it decides by its `if` whether it goes on; one that was not considered yet is looked
 * at when its needs have ended. */
static void cancel_scope(struct run *run, struct scope *scope)
{
	for (size_t i = 0; i < scope->njobs; i++) {
		struct job_run *job = &scope->jobs[i];

		if (job->result != RESULT_NONE || job->nlegs == 0 ||
		    (!job->def->uses.s.len && schedule_survives_cancel(run, job))) {
			continue;
		}
		cancel_running(run, job);
		if (job->result == RESULT_NONE) {
			cancel_unstarted(run, job, STR("the run was cancelled"));
			if (job->ended == job->nlegs) {
				job_end(run, job, legs_result(job));
			}
		}
	}
}

void schedule_stop(struct run *run)
{
	run->stopped = true;
	for (struct scope *scope = run->scopes; scope; scope = scope->next) {
		for (size_t i = 0; i < scope->njobs; i++) {
			struct job_run *job = &scope->jobs[i];

			cancel_unstarted(run, job, STR("the run was cancelled"));
			if (job->result == RESULT_NONE && job->nlegs > 0 &&
			    job->ended == job->nlegs) {
				job_end(run, job, legs_result(job));
			}
		}
	}
}

void schedule_cancel(struct run *run)
{
	for (struct scope *scope = run->scopes; scope; scope = scope->next) {
		if (!scope->caller) {
			cancel_scope(run, scope);
		}
	}
}

/* --- the end of a leg
 * ------------------------------------------------------------------------------ */

static void leg_end(struct run *run, struct leg_run *leg, enum result result, struct str reason,
		    const struct vobject *outputs)
{
	struct job_run *job = leg->job;

	leg->result = result;
	leg->continued = result == RESULT_FAILURE && leg->continue_on_error;
	job->running--;
	job->ended++;
	group_leave(run, (struct group_member){ .leg = leg });
	merge_outputs(run, job, outputs);
	if (!leg->body) {
		count_outputs(run, job->scope, outputs);
	}
	if (result == RESULT_NOT_REHEARSED && !leg->body) {
		emit_not_rehearsed(run, leg, reason);
	} else if (!leg->body || reason.len) {
		emit_leg_finished(run, leg, reason, outputs);
	}
	if (result == RESULT_FAILURE && !leg->continued) {
		job->failed_hard = true;
		if (job->fail_fast && job->nlegs > 1) {
			cancel_unstarted(run, job, STR("another leg failed (fail-fast)"));
			cancel_running(run, job);
		}
	}
	if (job->result == RESULT_NONE && job->ended == job->nlegs) {
		job_end(run, job, legs_result(job));
	}
}

void schedule_ended(struct run *run, struct leg_run *leg, enum result result, struct str reason,
		    const struct vobject *outputs)
{
	leg_end(run, leg, result, reason, outputs);
}

/* --- considering a job
 * ------------------------------------------------------------------------------ */

static const struct job_run *unrehearsed_source(const struct run *run, const struct job_run *job)
{
	if (run->request->unserved != UNSERVED_ASSUME) {
		return NULL;
	}
	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];

		if (need->result == RESULT_NOT_REHEARSED &&
		    job_reads_outputs(job->def, need->def->id.s)) {
			return need;
		}
	}
	return NULL;
}

/* Unlike that of a label, nobody assumes that an approval would have come. */
static const struct job_run *withheld_need(const struct job_run *job)
{
	for (size_t i = 0; i < job->def->needs.n; i++) {
		const struct job_run *need = &job->scope->jobs[job->def->need_index[i]];

		if (need->withheld && need->result == RESULT_NOT_REHEARSED) {
			return need;
		}
	}
	return NULL;
}

static void consider(struct run *run, struct job_run *job)
{
	struct str why = STR_EMPTY;
	bool wanted = false, cancelled = scope_cancelled(run, job->scope);
	const struct job_run *source = unrehearsed_source(run, job);
	const struct job_run *withheld = withheld_need(job);

	job->considered = true;
	if (run->stopped || job->scope->barred) {
		job_end_early(run, job, RESULT_CANCELLED, STR("the run was cancelled"));
	} else if (job->scope->broken.len) {
		job_end_early(run, job, RESULT_FAILURE, job->scope->broken);
	} else if (withheld) {
		job->withheld = true;
		why = arena_printf(run->arena, "approval needed: it needs %.*s",
				   STR_ARG(withheld->def->id.s));
		job_end_early(run, job, RESULT_NOT_REHEARSED, why);
	} else if (source) {
		why = arena_printf(run->arena,
				   "it reads the outputs of %.*s, which was not rehearsed",
				   STR_ARG(source->def->id.s));
		job_end_early(run, job, RESULT_NOT_REHEARSED, why);
	} else if (!job_wanted(run, job, &wanted, &why)) {
		job_end_early(run, job, RESULT_FAILURE, why);
	} else if (!wanted) {
		job_end_early(run, job, cancelled ? RESULT_CANCELLED : RESULT_SKIPPED,
			      cancelled ? STR("the run was cancelled") : job_skip_reason(run, job));
	} else if (!job_make_legs(run, job, &why)) {
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
	run_emit(run, &e);
	leg->result = RESULT_NOT_REHEARSED;
	job->ended++;
	if (job->ended == job->nlegs) {
		job_end(run, job, legs_result(job));
	}
}

/* A calling leg needs no worker: its body is scheduled with all the others. */
static void call(struct run *run, struct leg_run *leg)
{
	struct str why = STR_EMPTY;

	leg->job->running++;
	if (!scope_call(run, leg, &why)) {
		leg_end(run, leg, RESULT_FAILURE, why, NULL);
	}
}

/* --- concurrency -------------------------------------------------------------------------------
 */

static void end_if_all_ended(struct run *run, struct job_run *job)
{
	if (job->result == RESULT_NONE && job->considered && job->ended == job->nlegs) {
		job_end(run, job, legs_result(job));
	}
}

/* Its jobs are looked at, and find themselves cancelled. */
static void bar(struct run *run, struct scope *scope)
{
	if (!scope->entered) {
		scope->barred = scope->entered = true;
		group_leave(run, (struct group_member){ .scope = scope });
	}
}

static void cancel_member(struct run *run, struct group_member m, struct str why)
{
	if (m.scope) {
		m.scope->cancelled = true;
		bar(run, m.scope);
		cancel_scope(run, m.scope);
	} else if (m.leg && m.leg->started) {
		cancel_leg(run, m.leg);
	} else if (m.leg) {
		leg_cancelled(run, m.leg, why);
		end_if_all_ended(run, m.leg->job);
	}
}

static void displace(struct run *run, struct group_member m, struct str group)
{
	struct str why = arena_printf(run->arena, "a newer one of the concurrency group %.*s",
				      STR_ARG(group));

	if (m.scope) {
		struct event e = { .kind = EVENT_RUN_NOTE };

		e.u.run_note.level = STR("warning");
		e.u.run_note.message =
			arena_printf(run->arena, "%.*s is cancelled: %.*s",
				     STR_ARG(m.scope->workflow->workflow->path), STR_ARG(why));
		run_emit(run, &e);
	}
	cancel_member(run, m, why);
}

/* Those whose place a newcomer took, of this run or another one. */
static void displace_all(struct run *run)
{
	struct group_member m;
	struct str group;

	while (groups_cancelled(run, &m, &group)) {
		displace(run, m, group);
	}
}

/* True when the member may run now. */
static bool may_run(struct run *run, struct group_member m, const struct group_wish *wish)
{
	enum group_answer answer = group_enter(run, m, wish);

	displace_all(run);
	if (answer == GROUP_DEADLOCK) {
		cancel_member(
			run, m,
			arena_printf(run->arena,
				     "a deadlock was detected for the concurrency group %.*s: "
				     "it is held by what calls this",
				     STR_ARG(wish->name)));
	}
	return answer == GROUP_ENTERED;
}

static bool leg_may_run(struct run *run, struct leg_run *leg)
{
	return !leg->group || may_run(run, (struct group_member){ .leg = leg }, leg->group);
}

static bool scope_may_run(struct run *run, struct scope *scope)
{
	if (!scope->entered && scope->group && scope_cancelled(run, scope)) {
		bar(run, scope);
	}
	if (!scope->entered) {
		scope->entered =
			!scope->group ||
			may_run(run, (struct group_member){ .scope = scope }, scope->group);
	}
	return scope->entered;
}

/* --- environments ------------------------------------------------------------------------------
 */

/* True when the leg may go on: to start, or (withheld) to end without having been rehearsed. */
static bool gate_lets(struct run *run, struct leg_run *leg, bool *moved)
{
	struct job_run *job = leg->job;
	struct str why = STR_EMPTY;

	switch (gate_ask(run, leg, &why)) {
	case GATE_OPEN:
		return true;
	case GATE_WITHHELD:
		job->withheld = true;
		return true;
	case GATE_WAITS:
		if (scope_cancelled(run, job->scope)) {
			leg_cancelled(run, leg, STR("the run was cancelled"));
			end_if_all_ended(run, job);
			*moved = true;
		}
		return false;
	case GATE_REJECTED:
		leg->started = true;
		job->left--;
		job->running++;
		leg_end(run, leg, RESULT_FAILURE, why, NULL);
		*moved = true;
		return false;
	}
	return false;
}

/* A leg that has no room yet is in its concurrency group all the same, as one that waits for a
 * runner: who is cancelled by whom does not depend on how many run at once. */
static void wait_for_room(struct run *run, struct leg_run *leg, bool *moved)
{
	if (leg->group && leg->environment.len == 0 && leg->job->max_parallel < 1 &&
	    !leg_may_run(run, leg)) {
		*moved = *moved || leg->started; /* it was cancelled instead */
	}
}

/* The job's next leg that may start, after the ones that need no worker. */
static struct leg_run *next_leg(struct run *run, struct job_run *job, bool room, bool *moved)
{
	for (size_t i = 0; job->result == RESULT_NONE && i < job->nlegs; i++) {
		struct leg_run *leg = &job->legs[i];
		bool served = leg->placement.how != LABEL_NOT_SERVED;

		if (!leg->started && served && !leg->calls && !room) {
			wait_for_room(run, leg, moved);
			continue;
		}
		if (leg->started) {
			continue;
		}
		if (job->max_parallel >= 1 && (double)job->running >= job->max_parallel) {
			return NULL;
		}
		if (served && !gate_lets(run, leg, moved)) {
			continue;
		}
		served = leg->placement.how != LABEL_NOT_SERVED;
		if (served && !leg_may_run(run, leg)) {
			*moved = *moved || leg->started; /* it was cancelled instead */
			continue;
		}
		leg->started = true;
		job->left--;
		*moved = true;
		if (served && !leg->calls) {
			job->running++;
			return leg;
		}
		if (leg->calls && served) {
			call(run, leg);
		} else {
			not_served(run, leg);
		}
	}
	return NULL;
}

static struct leg_run *scope_next(struct run *run, struct scope *scope, bool room, bool *moved)
{
	for (size_t i = 0; i < scope->njobs && scope_may_run(run, scope); i++) {
		struct job_run *job = &scope->jobs[i];

		if (!job->selected || job->result != RESULT_NONE || job->waiting > 0) {
			continue;
		}
		if (!job->considered) {
			consider(run, job);
			*moved = true;
		}

		struct leg_run *leg = next_leg(run, job, room, moved);

		if (leg) {
			return leg;
		}
	}
	return NULL;
}

struct leg_run *schedule_next(struct run *run, size_t running)
{
	bool room = running < run->request->max_jobs, moved = true;

	displace_all(run);
	while (moved) {
		moved = false;
		for (struct scope *scope = run->scopes; scope; scope = scope->next) {
			struct leg_run *leg = scope_next(run, scope, room, &moved);

			if (leg) {
				return leg;
			}
		}
	}
	return NULL;
}

bool schedule_done(const struct run *run)
{
	for (const struct scope *scope = run->scopes; scope; scope = scope->next) {
		if (!scope->caller && !scope_done(scope)) {
			return false;
		}
	}
	return true;
}

static void count_result(struct arena *a, struct vobject *counts, enum result r)
{
	struct str word = result_word(r);
	const struct value *old = vobject_get(counts, word);

	vobject_set(a, counts, word, value_number((old ? old->u.n : 0) + 1));
}

/* A call is not counted itself: its jobs are. */
static bool is_counted(const struct job_run *job)
{
	return job->selected && (job->nlegs == 0 || !job->legs[0].body);
}

/* At least a part of it. */
static bool was_rehearsed(const struct job_run *job)
{
	bool any = job->result != RESULT_NOT_REHEARSED;

	for (size_t i = 0; i < job->nlegs; i++) {
		any = any || job->legs[i].result != RESULT_NOT_REHEARSED;
	}
	return any;
}

static bool is_unserved_failure(const struct run *run, const struct job_run *job)
{
	return run->request->unserved == UNSERVED_FAIL && !job->withheld &&
	       job->result == RESULT_NOT_REHEARSED;
}

int schedule_exit_code(const struct run *run, struct vobject **counts, struct str *conclusion)
{
	bool failed = false, cancelled = false, rehearsed = false, unrehearsed = false;

	*counts = vobject_new(run->arena, false);
	for (const struct scope *scope = run->scopes; scope; scope = scope->next) {
		for (size_t j = 0; j < scope->njobs; j++) {
			const struct job_run *job = &scope->jobs[j];

			failed = failed || (job->failed_hard && !scope->caller);
			if (is_counted(job)) {
				count_result(run->arena, *counts, job->result);
				unrehearsed = unrehearsed || job->result == RESULT_NOT_REHEARSED;
				failed = failed || is_unserved_failure(run, job);
				rehearsed = rehearsed || was_rehearsed(job);
				cancelled = cancelled || job->result == RESULT_CANCELLED;
			}
		}
	}
	*conclusion = failed && !run->cancelled     ? STR("failure")
		      : run->cancelled || cancelled ? STR("cancelled")
						    : STR("success");
	if (!failed && unrehearsed && !rehearsed) {
		*conclusion = STR("not_rehearsed");
		return 5;
	}
	return failed || cancelled ? 1 : 0; /* a job that its timeout cancelled did not work */
}
