/*
 * step.c - prepare, run, apply: the order of SEMANTICS 4.2. What a step changes in the job's state
 * is changed here, in apply, and nowhere else.
 */
#include "step.h"

#include <string.h>

#include "actc/process.h"
#include "env.h"

/* The first line that has something in it, as the runner shows it. */
static struct str first_line(struct str text)
{
	size_t from = 0, end = 0;

	while (from < text.len && memchr(" \t\r\n", text.p[from], 4)) {
		from++;
	}
	end = from;
	while (end < text.len && text.p[end] != '\r' && text.p[end] != '\n') {
		end++;
	}
	return str_slice(text, from, end);
}

/* What stands for the step where it has no name: its script's first line, its action. */
static struct str unnamed(struct arena *a, const struct step_def *def, struct str script)
{
	struct str uses = def->uses.s;

	if (def->kind != STEP_USES && script.len == 0) {
		return STR("run");
	}
	if (def->kind != STEP_USES) {
		uses = first_line(script);
	} else if (action_is_image(uses)) {
		uses = str_slice(uses, sizeof("docker://") - 1, uses.len);
	}
	return arena_printf(a, "Run %.*s", STR_ARG(uses));
}

struct str step_title(struct arena *a, const struct step_def *def, const struct expr_env *env)
{
	struct eval_error ignored = { .at = NO_SPAN };
	const struct tok *t = def->name ? def->name : def->run;
	struct str text = STR_EMPTY;

	if (t && t->kind == TOK_STRING) {
		text = t->u.s;
	} else if (t && !(env && tok_eval_str(a, t, env, &text, &ignored)) && t->kind == TOK_EXPR &&
		   (!env || !def->name)) {
		text = expr_scalar(a, t->u.e); /* as well as can be */
	}
	if (!def->name || (t->kind == TOK_STRING && text.len == 0)) {
		return unnamed(a, def, text);
	}
	text = first_line(text);
	return text.len ? text : STR("run");
}

void step_fail(struct step *s, struct str message)
{
	if (message.len) {
		job_annotate(s->job, s->path, "error", message);
	}
	if (s->reason.len == 0) {
		s->reason = message;
	}
	if (s->outcome != RESULT_CANCELLED) {
		s->outcome = RESULT_FAILURE;
	}
}

void step_group(struct step *s, struct str title)
{
	struct event e = { .kind = EVENT_STEP_GROUP, .step = s->path };

	e.u.step_group.title = title;
	job_emit(s->job, &e);
}

void step_endgroup(struct step *s)
{
	struct event e = { .kind = EVENT_STEP_ENDGROUP, .step = s->path };

	job_emit(s->job, &e);
}

void step_log(struct step *s, struct str text)
{
	do {
		job_log(s->job, s->path, str_cut(&text, '\n'));
	} while (text.p);
}

void step_log_env(struct step *s)
{
	struct vobject *state = s->use ? s->use->state : NULL;

	if (s->env->n == 0 && (!state || state->n == 0)) {
		return;
	}
	job_log(s->job, s->path, STR("env:"));
	for (size_t i = 0; i < s->env->n; i++) {
		step_log(s, arena_printf(s->a, "  %.*s: %.*s", STR_ARG(s->env->v[i].key),
					 STR_ARG(s->env->v[i].value.u.s)));
	}
	for (size_t i = 0; state && i < state->n; i++) {
		step_log(s, arena_printf(s->a, "  STATE_%.*s: %.*s", STR_ARG(state->v[i].key),
					 STR_ARG(state->v[i].value.u.s)));
	}
}

/* --- prepare --------------------------------------------------------------------------------- */

/* The env context of the step: every value sees the global env, and that of the steps around it,
 * only. A variable that GITHUB_ENV has changed since they began is seen as it is now. */
static bool prepare_env(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value own = value_null();

	s->env = vobject_new(a, true);
	s->own_env = vobject_new(a, true);
	env_add_object(a, s->env, value_object(job->global_env));
	if (s->frame) {
		env_add_object(a, s->own_env, value_object(s->frame->caller->own_env));
		env_add_object(a, s->env, value_object(s->own_env));
	}
	s->contexts.env = value_object(s->env);
	if (s->def->env && !tok_eval(a, s->def->env, &env, true, &own, &e)) {
		step_fail(s, job_placed(job, a, &e));
		return false;
	}
	env_add_object(a, s->own_env, own);
	env_add_object(a, s->env, own);
	return true;
}

/* What decides about the step in its stage; NULL is always(), if nothing is wrong with it. */
static const struct expr *step_condition(const struct step *s, struct span *at, struct str *error)
{
	const struct action_entry *entry = NULL;

	if (s->stage == STAGE_MAIN) {
		*at = s->def->cond_text.at;
		return s->def->cond;
	}
	entry = &s->use->action->stages[s->stage];
	*at = entry->cond_text.at;
	*error = entry->cond_error;
	return entry->cond;
}

static bool condition(struct step *s, bool *wanted)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&s->contexts);
	struct expr_error error = { 0 };
	struct value v = value_null();
	struct span at = NO_SPAN;
	const struct expr *cond = step_condition(s, &at, &error.msg);

	if (error.msg.len) {
		step_fail(s, job_placed_at(job, s->a, at, error.msg));
		return false;
	}
	if (!cond) {
		*wanted = true;
		return true;
	}
	if (!expr_eval(s->a, cond, &env, &v, &error)) {
		step_fail(s, job_placed_at(job, s->a, at, error.msg));
		return false;
	}
	*wanted = value_truthy(v);
	return true;
}

/* In the main of a composite action success() and failure() ask about the action (SEMANTICS 4.3).
 */
static bool step_status(void *owner, enum expr_status which, const struct str *args, size_t n)
{
	const struct step *s = owner;
	const struct contexts *c = &s->job->contexts;

	if (!s->frame || s->stage != STAGE_MAIN || which == STATUS_CANCELLED ||
	    which == STATUS_ALWAYS) {
		return c->status(c->owner, which, args, n);
	}
	return s->frame->status == (which == STATUS_SUCCESS ? RESULT_SUCCESS : RESULT_FAILURE);
}

static bool step_hash_files(void *owner, const struct str *patterns, size_t n, struct str *out,
			    struct str *why)
{
	const struct contexts *c = &((const struct step *)owner)->job->contexts;

	return c->hash_files(c->owner, patterns, n, out, why);
}

static void step_trace(void *owner, struct str line)
{
	step_debug(owner, line);
}

bool step_must_stop(struct step *s)
{
	bool wanted = false;

	if (!job_is_cancelled(s->job) || s->keep_going) {
		return false;
	}
	if (s->background) {
		return true; /* its `if` is not looked at again */
	}
	if (!s->cond_after_cancel) {
		enum result status = s->frame ? s->frame->status : RESULT_NONE;

		s->cond_after_cancel = true;
		if (s->frame) {
			s->frame->status = RESULT_CANCELLED;
		}
		s->keep_going = condition(s, &wanted) && wanted;
		if (s->frame && s->keep_going) {
			s->frame->status = status;
		}
	}
	return !s->keep_going;
}

static void tell_undetermined(struct step *s, struct str what, const struct eval_error *e)
{
	job_annotate(s->job, s->path, "error", what);
	job_annotate(s->job, s->path, "error", job_placed(s->job, s->a, e));
}

/* Whole minutes; an error in it is logged and the step runs without timeout (SEMANTICS 4.2). */
static void prepare_timeout(struct step *s)
{
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };
	double minutes = 0;

	if (!tok_eval_number(s->a, s->def->timeout_minutes, &env, &minutes, &e)) {
		if (!s->background) { /* for those it is only in the runner's own trace */
			tell_undetermined(s,
					  STR("An error occurred when attempting to determine "
					      "the step timeout."),
					  &e);
		}
		return;
	}
	if (minutes >= 1) {
		s->timeout_minutes = (double)(long long)minutes;
		s->deadline_ms = s->started_ms + (long long)s->timeout_minutes * 60000;
	}
}

static const struct str phases[ACTION_STAGES] = {
	[STAGE_PRE] = STR_INIT("pre"),
	[STAGE_MAIN] = STR_INIT("main"),
	[STAGE_POST] = STR_INIT("post"),
};

static void emit_started(struct step *s)
{
	struct event e = { .kind = EVENT_STEP_STARTED, .step = s->path };

	e.u.step_started.name = s->name;
	e.u.step_started.id = s->def->explicit_id ? s->def->id : STR_EMPTY;
	e.u.step_started.phase = phases[s->stage];
	job_emit(s->job, &e);
}

static void emit_finished(struct step *s)
{
	struct event e = { .kind = EVENT_STEP_FINISHED, .step = s->path };

	e.u.step_finished.name = s->name;
	e.u.step_finished.outcome = result_word(s->outcome);
	e.u.step_finished.conclusion = result_word(s->conclusion);
	e.u.step_finished.reason = s->reason;
	e.u.step_finished.exit_code = s->exit_code;
	e.u.step_finished.duration_ms = now_ms() - s->started_ms;
	job_emit(s->job, &e);
}

/* --- run ---------------------------------------------------------------------------------------
 */

static void start_kind(struct step *s)
{
	step_output_init(s);
	if (s->frame && s->deadline_ms && now_ms() >= s->deadline_ms) {
		step_fail(s, STR("The action has timed out."));
	} else if (s->def->kind == STEP_RUN) {
		step_script_start(s);
	} else if (step_is_checkout(s->job, s->def)) {
		step_checkout(s);
	} else {
		action_start(s);
	}
}

/* --- apply ------------------------------------------------------------------------------------ */

static void apply_changes(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = &job->arena;

	for (size_t i = 0; i < s->env_changes->n; i++) {
		vobject_set(a, job->global_env, arena_str(a, s->env_changes->v[i].key),
			    value_copy(a, s->env_changes->v[i].value));
	}
	for (size_t i = 0; s->use && i < s->state_changes->n; i++) {
		vobject_set(a, s->use->state, arena_str(a, s->state_changes->v[i].key),
			    value_copy(a, s->state_changes->v[i].value));
	}
	for (size_t i = 0; i < s->paths.n; i++) {
		size_t kept = 0;

		job->programs.n = 0; /* to be looked for again */
		/* An equal earlier entry goes; the new one is the newest. */
		for (size_t k = 0; k < job->paths_added.n; k++) {
			if (!str_eq(job->paths_added.v[k], s->paths.v[i])) {
				job->paths_added.v[kept++] = job->paths_added.v[k];
			}
		}
		job->paths_added.n = kept;
		vec_push(a, &job->paths_added, arena_str(a, s->paths.v[i]));
	}
}

static void conclude(struct step *s)
{
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };
	bool go_on = false;

	s->conclusion = s->outcome;
	if (s->outcome != RESULT_FAILURE) {
		return;
	}
	if (!tok_eval_bool(s->a, s->def->continue_on_error, &env, &go_on, &e)) {
		tell_undetermined(s,
				  STR("The step failed and an error occurred when attempting to "
				      "determine whether to continue on error."),
				  &e);
	} else if (go_on) {
		s->conclusion = RESULT_SUCCESS;
	}
}

/* steps.<id>, for steps with an explicit id. */
static void apply_context(struct step *s)
{
	struct arena *a = &s->job->arena;
	struct vobject *o = NULL;

	if (!s->def->explicit_id || s->stage != STAGE_MAIN) {
		return;
	}
	o = vobject_new(a, false);
	vobject_set(a, o, STR("outputs"), value_copy(a, value_object(s->outputs)));
	vobject_set(a, o, STR("outcome"), value_str(result_word(s->outcome)));
	vobject_set(a, o, STR("conclusion"), value_str(result_word(s->conclusion)));
	vobject_set(a, s->frame ? s->frame->caller->use->steps : s->job->steps, s->def->id,
		    value_object(o));
}

void step_apply_status(struct step *s)
{
	struct job *job = s->job;
	struct frame *frame = s->frame;

	if (frame) {
		/* The worst of its steps; the job learns of it with the action's own end. */
		if (s->conclusion == RESULT_CANCELLED ||
		    (s->conclusion == RESULT_FAILURE && frame->status == RESULT_SUCCESS)) {
			frame->status = s->conclusion;
		}
		return;
	}
	if (s->conclusion == RESULT_FAILURE && job->status == RESULT_SUCCESS) {
		job->status = RESULT_FAILURE;
	}
	vobject_set(&job->arena, job->job_object, STR("status"),
		    value_str(result_word(job->status)));
}

/* "Post Run x": pre and post bear the name that the main step has, or would have. */
static struct str stage_title(struct step *s, const struct expr_env *env)
{
	struct arena *keep = &s->job->arena;
	struct action_use *use = s->use;
	static const char *const prefixes[ACTION_STAGES] = {
		[STAGE_PRE] = "Pre ", [STAGE_MAIN] = "", [STAGE_POST] = "Post "
	};
	struct str title = s->stage == STAGE_POST && use && use->title.len
				   ? use->title
				   : step_title(s->a, s->def, env);

	if (use && s->stage == STAGE_MAIN) {
		use->title = arena_str(keep, title);
		use->path = arena_str(keep, s->path);
	}
	return s->stage == STAGE_MAIN
		       ? title
		       : arena_printf(s->a, "%s%.*s", prefixes[s->stage], STR_ARG(title));
}

/* Before anything of it runs: false when it is over already (skipped, or failed to prepare). */
static bool prepare(struct step *s)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&s->contexts);
	bool wanted = false;
	bool ok = false;

	if (!s->frame) {
		vobject_set(s->a, s->github, STR("action"), value_str(s->def->id));
	}
	vobject_set(&job->arena, job->job_object, STR("status"),
		    value_str(result_word(job->status)));
	/* In a composite action such a step has failed, and runs all the same. */
	ok = prepare_env(s) || s->frame;
	s->name = stage_title(s, &env);
	step_debugf(s, "Evaluating condition for step: '%.*s'", STR_ARG(s->name));
	if (ok && !condition(s, &wanted)) {
		s->cond_failed = true;
		ok = false;
	}
	if (ok && wanted) {
		return true;
	}
	if (ok) {
		s->outcome = RESULT_SKIPPED;
	} else {
		s->outcome = RESULT_FAILURE;
	}
	return false;
}

/* A step has the github context to itself: what it sets there is not seen by others. */
static void set_contexts(struct step *s, const struct vobject *github)
{
	s->github = vobject_new(s->a, false);
	for (size_t i = 0; i < github->n; i++) {
		vobject_set(s->a, s->github, github->v[i].key, github->v[i].value);
	}
	s->contexts.github = value_object(s->github);
	s->contexts.owner = s;
	s->contexts.status = step_status;
	s->contexts.hash_files = step_hash_files;
	s->contexts.trace = s->job->step_debug ? step_trace : NULL;
}

void step_init(struct step *s, struct job *job, struct arena *a, const struct step_def *def,
	       struct str path)
{
	*s = (struct step){
		.job = job,
		.a = a,
		.def = def,
		.path = path,
		.outcome = RESULT_SUCCESS,
		.exit_code = -1,
		.reason = STR_EMPTY,
		.stop_token = STR_EMPTY,
		.program = STR_EMPTY,
		.directory = STR_EMPTY,
		.started_ms = now_ms(),
		.echo = job->step_debug,
		.stage = STAGE_MAIN,
		.contexts = job->contexts,
	};
	s->outputs = vobject_new(a, false); /* now: the arena may be the step's own */
	s->env_changes = vobject_new(a, true);
	s->state_changes = vobject_new(a, false);
	set_contexts(s, job->github);
}

void step_enter(struct step *s, struct frame *frame)
{
	s->frame = frame;
	s->stage = frame->caller->stage;
	s->deadline_ms = frame->caller->deadline_ms;
	s->contexts = frame->contexts;
	set_contexts(s, frame->github);
}

/* A step that never ran: skipped, or failed while it was prepared (continue-on-error is not asked).
 */
static void end_unstarted(struct step *s)
{
	s->conclusion = s->outcome;
	s->settled = true;
	step_debug_skip(s);
	emit_finished(s);
}

bool step_prepare(struct step *s)
{
	/* A cancellation that came while the machine was started must be seen by the condition. */
	job_listen(s->job);
	if (!s->use && s->def->kind == STEP_USES) {
		s->use = action_use_of(s->job, s->frame ? s->frame->caller->use : NULL, s->def);
	}
	if (!prepare(s)) {
		end_unstarted(s);
		return false;
	}
	/* Its `if` was looked at after the cancellation: it was not meant to stop it. */
	s->cond_after_cancel = s->keep_going = job_is_cancelled(s->job);
	return true;
}

void step_begin(struct step *s)
{
	emit_started(s);
	step_debug_begin(s);
	step_debugf(s, "Starting: %.*s", STR_ARG(s->name));
	prepare_timeout(s);
	step_files_prepare(s);
	start_kind(s);
}

bool step_start(struct step *s)
{
	if (!step_prepare(s)) {
		return false;
	}
	step_begin(s);
	return true;
}

void step_settle(struct step *s)
{
	struct job *job = s->job;

	if (s->exec.proc) {
		s->finish(s);
	} else if (s->body) {
		frame_end(s->body);
	}
	step_output_finish(s);
	if (!job->lost && !job->killed) {
		step_files_apply(s);
	}
	if (s->command_failed) {
		step_fail(s, STR_EMPTY);
	}
	s->settled = true;
	conclude(s);
	step_debugf(s, s->frame ? "Finished: %.*s" : "Finishing: %.*s", STR_ARG(s->name));
	emit_finished(s);
}

void step_never_begin(struct step *s)
{
	s->queued = false;
	s->outcome = RESULT_CANCELLED;
	end_unstarted(s);
}

void step_apply(struct step *s)
{
	s->awaited = true;
	apply_changes(s);
	apply_context(s);
	if (!s->background) {
		step_apply_status(s); /* of one that ran beside others the one that waited tells */
	}
}

void step_drive(struct step *s)
{
	if (step_start(s)) {
		step_exec_wait(s);
		step_settle(s);
	}
	step_apply(s);
}

void step_run(struct job *job, const struct step_def *def, struct str path)
{
	struct step s;

	if (step_is_background(def)) {
		background_run(job, def, path);
		return;
	}
	step_init(&s, job, &job->scratch, def, path);
	step_drive(&s);
}
