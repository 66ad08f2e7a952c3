/*
 * step.c - prepare, run, apply: the order of SEMANTICS 4.2. What a step changes in the job's state
 * is changed here, in apply, and nowhere else.
 */
#include "step.h"

#include "actc/process.h"
#include "env.h"

static struct str first_line(struct str text)
{
	while (text.p && text.len) {
		struct str line = str_trim(str_cut(&text, '\n'));

		if (line.len) {
			return line;
		}
	}
	return STR_EMPTY;
}

struct str step_title(struct arena *a, const struct step_def *def, const struct expr_env *env)
{
	struct eval_error ignored = { .at = NO_SPAN };
	const struct tok *t = def->name ? def->name : def->run;
	struct str text = STR_EMPTY;

	if (t && t->kind == TOK_STRING) {
		text = t->u.s;
	} else if (t && env) {
		(void)tok_eval_str(a, t, env, &text, &ignored);
	} else if (t && t->kind == TOK_EXPR) {
		text = expr_text(t->u.e);
	}
	if (def->name && text.len) {
		return text;
	}
	if (def->kind == STEP_USES) {
		return arena_printf(a, "Run %.*s", STR_ARG(def->uses.s));
	}
	text = first_line(text);
	return arena_printf(a, "Run %.*s", STR_ARG(text));
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

/* --- prepare --------------------------------------------------------------------------------- */

/* The env context of the step: every value sees the global env only. */
static bool prepare_env(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value own = value_null();

	s->env = vobject_new(a, true);
	env_add_object(a, s->env, value_object(job->global_env));
	if (s->def->env && !tok_eval(a, s->def->env, &env, true, &own, &e)) {
		step_fail(s, job_placed(job, a, &e));
		return false;
	}
	env_add_object(a, s->env, own);
	job->contexts.env = value_object(s->env);
	return true;
}

static bool condition(struct step *s, bool *wanted)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&job->contexts);
	struct expr_error error = { 0 };
	struct value v = value_null();

	if (!s->def->cond) {
		*wanted = job->status == RESULT_SUCCESS;
		return true;
	}
	if (!expr_eval(s->a, s->def->cond, &env, &v, &error)) {
		step_fail(s, job_placed_at(job, s->a, s->def->cond_text.at, error.msg));
		return false;
	}
	*wanted = value_truthy(v);
	return true;
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
		s->cond_after_cancel = true;
		s->keep_going = condition(s, &wanted) && wanted;
	}
	return !s->keep_going;
}

/* Whole minutes; an error in it is logged and the step runs without timeout (SEMANTICS 4.2). */
static void prepare_timeout(struct step *s)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	double minutes = 0;

	if (!tok_eval_number(s->a, s->def->timeout_minutes, &env, &minutes, &e)) {
		job_annotate(job, s->path, "error", job_placed(job, s->a, &e));
		return;
	}
	if (minutes >= 1) {
		s->timeout_minutes = (double)(long long)minutes;
		s->deadline_ms = s->started_ms + (long long)s->timeout_minutes * 60000;
	}
}

static void emit_started(struct step *s)
{
	struct event e = { .kind = EVENT_STEP_STARTED, .step = s->path };

	e.u.step_started.name = s->name;
	e.u.step_started.id = s->def->explicit_id ? s->def->id : STR_EMPTY;
	e.u.step_started.phase = STR("main");
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

static void refuse(struct step *s)
{
	step_fail(s,
		  job_placed_at(s->job, s->a, s->def->at,
				arena_printf(s->a,
					     "the action %.*s cannot be run by this version of "
					     "act-c: only actions/checkout of this repository can",
					     STR_ARG(s->def->uses.s))));
}

static void start_kind(struct step *s)
{
	step_output_init(s);
	if (s->def->kind == STEP_RUN) {
		step_script_start(s);
	} else if (step_is_checkout(s->def)) {
		step_checkout(s);
	} else {
		refuse(s);
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
	for (size_t i = 0; i < s->paths.n; i++) {
		size_t kept = 0;

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
	struct job *job = s->job;
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	bool go_on = false;

	s->conclusion = s->outcome;
	if (s->outcome != RESULT_FAILURE) {
		return;
	}
	if (!tok_eval_bool(s->a, s->def->continue_on_error, &env, &go_on, &e)) {
		job_annotate(job, s->path, "error", job_placed(job, s->a, &e));
	} else if (go_on) {
		s->conclusion = RESULT_SUCCESS;
	}
}

/* steps.<id>, for steps with an explicit id. */
static void apply_context(struct step *s)
{
	struct arena *a = &s->job->arena;
	struct vobject *o = NULL;

	if (!s->def->explicit_id) {
		return;
	}
	o = vobject_new(a, false);
	vobject_set(a, o, STR("outputs"), value_copy(a, value_object(s->outputs)));
	vobject_set(a, o, STR("outcome"), value_str(result_word(s->outcome)));
	vobject_set(a, o, STR("conclusion"), value_str(result_word(s->conclusion)));
	vobject_set(a, s->job->steps, s->def->id, value_object(o));
}

static void apply_status(struct step *s)
{
	struct job *job = s->job;

	if (s->conclusion == RESULT_FAILURE && job->status == RESULT_SUCCESS) {
		job->status = RESULT_FAILURE;
	}
	vobject_set(&job->arena, job->job_object, STR("status"),
		    value_str(result_word(job->status)));
}

/* Before anything of it runs: false when it is over already (skipped, or failed to prepare). */
static bool prepare(struct step *s)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&job->contexts);
	bool wanted = false;
	bool ok = false;

	vobject_set(&job->arena, job->github, STR("action"), value_str(s->def->id));
	vobject_set(&job->arena, job->job_object, STR("status"),
		    value_str(result_word(job->status)));
	ok = prepare_env(s);
	s->name = step_title(s->a, s->def, &env);
	ok = ok && condition(s, &wanted);
	if (ok && wanted) {
		emit_started(s);
		return true;
	}
	if (ok) {
		s->outcome = RESULT_SKIPPED;
	} else {
		s->outcome = RESULT_FAILURE;
	}
	return false;
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
		.started_ms = now_ms(),
		.echo = job->step_debug,
	};
	s->outputs = vobject_new(a, false); /* now: the arena may be the step's own */
	s->env_changes = vobject_new(a, true);
}

/* A step that never ran: skipped, or failed while it was prepared (continue-on-error is not asked).
 */
static void end_unstarted(struct step *s)
{
	s->conclusion = s->outcome;
	s->settled = true;
	emit_finished(s);
}

bool step_start(struct step *s)
{
	job_check_deadlines(s->job);
	if (!prepare(s)) {
		end_unstarted(s);
		return false;
	}
	prepare_timeout(s);
	step_files_prepare(s);
	start_kind(s);
	return true;
}

void step_settle(struct step *s)
{
	struct job *job = s->job;

	if (s->exec.proc) {
		step_script_finish(s);
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
	emit_finished(s);
}

void step_apply(struct step *s)
{
	s->awaited = true;
	apply_changes(s);
	apply_context(s);
	apply_status(s);
}

void step_run(struct job *job, const struct step_def *def, struct str path)
{
	struct step s;

	if (step_is_background(def)) {
		background_run(job, def, path);
		return;
	}
	step_init(&s, job, &job->scratch, def, path);
	if (step_start(&s)) {
		step_exec_wait(&s);
		step_settle(&s);
	}
	step_apply(&s);
	job->contexts.env = value_object(job->global_env);
	job_flush(job);
}
