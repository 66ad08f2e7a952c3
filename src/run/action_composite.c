/*
 * action_composite.c - composite actions: their steps in a frame of their own, moved on by the
 * job's turns, so that one in the background does not hold up the others (SEMANTICS 5.7). The pre
 * of such an action is those of its steps in their order, its post those of its steps that began,
 * the last step's first.
 */
#include "containers.h"
#include "env.h"
#include "step.h"

static const char too_deep[] = "Composite action depth exceeded max depth 9";

/* --- its steps -------------------------------------------------------------------------------- */

static const struct action *frame_action(const struct frame *f)
{
	return f->caller->use->action;
}

/* Whether a step of the action has a part in the stage; steps of the main all have. */
static bool takes_part(struct frame *f, size_t index)
{
	const struct step *s = f->caller;
	const struct step_def *def = &frame_action(f)->steps[index];
	struct action_use *use = NULL;

	if (s->stage == STAGE_MAIN) {
		return true;
	}
	if (def->kind != STEP_USES) {
		return false;
	}
	use = action_use_of(s->job, s->use, def);
	return s->stage == STAGE_POST ? use->posted : action_has_pre(s->job, use);
}

/* The index of the next step that has one; false: that was the last. */
static bool next_step(struct frame *f, size_t *index)
{
	size_t n = frame_action(f)->nsteps;

	while (f->at < n) {
		size_t at = f->at++;

		*index = f->caller->stage == STAGE_POST ? n - 1 - at : at;
		if (takes_part(f, *index)) {
			return true;
		}
	}
	return false;
}

/* False when there is none left. */
static bool begin_step(struct frame *f)
{
	struct step *s = f->caller;
	struct arena *a = s->a;
	struct step *inner = arena_new(a, struct step);
	size_t index = 0;

	if (!next_step(f, &index)) {
		return false;
	}

	const struct step_def *def = &frame_action(f)->steps[index];

	step_init(inner, s->job, a, def, arena_printf(a, "%.*s/%zu", STR_ARG(s->path), index + 1));
	vobject_set(a, f->github, STR("action_status"), value_str(result_word(f->status)));
	step_enter(inner, f);
	if (step_start(inner)) {
		f->inner = inner;
	} else {
		step_apply(inner);
		f->stopped = f->stopped || inner->cond_failed;
	}
	return true;
}

static void end_step(struct frame *f)
{
	struct step *inner = f->inner;

	f->inner = NULL;
	step_settle(inner);
	step_apply(inner);
	if (inner->conclusion != RESULT_SUCCESS && f->caller->reason.len == 0) {
		f->caller->reason = inner->reason;
	}
	job_flush(inner->job);
}

/* Goes on until something runs that has to be waited for. */
static void frame_move(struct frame *f)
{
	const struct job *job = f->caller->job;

	f->moving = true;
	while (!f->done && !(f->inner && step_is_busy(f->inner))) {
		if (f->inner) {
			end_step(f);
		} else if (job->lost || job->killed || f->stopped || !begin_step(f)) {
			f->done = true;
		}
	}
	f->moving = false;
}

void frames_move(struct job *job)
{
	struct frame *next = NULL;

	for (struct frame *f = job->frames; f; f = next) {
		next = f->next;
		if (!f->moving && !f->done) {
			frame_move(f);
		}
	}
}

void frame_stop(struct frame *f)
{
	f->stopped = true;
	f->status = RESULT_CANCELLED;
	if (f->inner) {
		step_stop(f->inner);
	}
}

/* --- begin and end ---------------------------------------------------------------------------- */

/* What the steps see: the inputs and the steps of the action, its place, and no secrets. */
static void frame_contexts(struct frame *f)
{
	const struct step *s = f->caller;
	struct arena *a = s->a;
	struct str dir = containers_shown(s->job, a, s->use->dir);

	f->contexts = s->contexts;
	f->contexts.vars = f->contexts.needs = f->contexts.secrets = value_null();
	f->contexts.inputs = value_object(s->inputs);
	f->contexts.steps = value_object(s->use->steps);
	f->github = vobject_new(a, false);
	for (size_t i = 0; i < s->github->n; i++) {
		vobject_set(a, f->github, s->github->v[i].key, s->github->v[i].value);
	}
	vobject_set(a, f->github, STR("action_path"), value_str(dir));
}

/* As a step before the first one: where an image cannot be had others run by always() only. */
static void bring_images(struct frame *f)
{
	struct step *s = f->caller;
	struct str why = STR_EMPTY;

	if (!actions_bring_images(s->job, s->use, &why)) {
		job_annotate(s->job, s->path, "error", why);
		s->reason = why;
		f->status = RESULT_FAILURE;
	}
}

static void composite_start(struct step *s)
{
	struct job *job = s->job;
	size_t depth = s->frame ? s->frame->depth + 1 : 1;
	struct frame *f = NULL;

	if (depth > ACTION_MAX_DEPTH) {
		step_fail(s, str_of(too_deep));
		return;
	}
	if (s->stage == STAGE_MAIN || !s->use->steps) {
		s->use->steps = vobject_new(&job->arena, false);
	}
	f = arena_new(s->a, struct frame);
	*f = (struct frame){ .caller = s, .depth = depth, .status = RESULT_SUCCESS };
	frame_contexts(f);
	if (s->stage == STAGE_MAIN && action_is_local(s->def->uses.s)) {
		bring_images(f);
	}
	s->body = f;
	f->next = job->frames;
	job->frames = f;
	frame_move(f);
}

/* All or none, whatever became of the steps. */
static void set_outputs(struct frame *f)
{
	struct step *s = f->caller;
	const struct action *action = frame_action(f);
	struct expr_env env = { 0 };
	struct eval_error e = { .at = NO_SPAN };
	struct str *values = arena_array(s->a, struct str, action->noutputs);

	f->contexts.env = s->contexts.env;
	env = contexts_env(&f->contexts);
	for (size_t i = 0; i < action->noutputs; i++) {
		if (!tok_eval_str(s->a, action->outputs[i].value, &env, &values[i], &e)) {
			step_fail(s, job_placed(s->job, s->a, &e));
			return;
		}
	}
	for (size_t i = 0; i < action->noutputs; i++) {
		if (action->outputs[i].value) {
			vobject_set(s->a, s->outputs, action->outputs[i].id.s,
				    value_str(values[i]));
		}
	}
}

void frame_end(struct frame *f)
{
	struct step *s = f->caller;
	struct job *job = s->job;
	struct frame **at = &job->frames;

	while (*at && *at != f) {
		at = &(*at)->next;
	}
	if (*at) {
		*at = f->next;
	}
	if (job->lost) {
		step_fail(s, job->reason);
		return;
	}
	if (f->status != RESULT_SUCCESS) {
		s->outcome = f->status;
	}
	if (s->stage == STAGE_MAIN && !job->killed) {
		set_outputs(f);
	}
}

const struct action_ops action_composite = { .start = composite_start };
