/*
 * background.c - steps that run beside others, and the steps that wait for or end them
 * (SEMANTICS 4.13).
 *
 * A background step's process runs while the next steps do; what it wrote to its files changes the
 * job only when it is awaited.
 */
#include <stdlib.h>

#include "actc/process.h"
#include "step.h"

enum {
	MAX_RUNNING = 10,
	CANCEL_WAIT_MS = 7500, /* how long `cancel` waits for the end */
};

bool step_is_background(const struct step_def *def)
{
	return def->background || (def->kind != STEP_RUN && def->kind != STEP_USES);
}

static size_t count_running(const struct job *job)
{
	size_t n = 0;

	for (size_t i = 0; i < job->background.n; i++) {
		const struct step *s = job->background.v[i];

		n += !s->queued && !s->settled && step_is_busy(s);
	}
	return n;
}

static void begin(struct step *s)
{
	s->queued = false;
	s->started_ms = now_ms();
	step_begin(s);
	if (!step_is_busy(s)) {
		step_settle(s);
	}
}

/* Its env and its `if` are looked at where it stands in the file, also when it has to queue. */
static void add(struct job *job, const struct step_def *def, struct str path)
{
	struct step *s = arena_new(&job->arena, struct step);

	step_init(s, job, &s->own, def, path);
	s->background = true;
	s->begun = step_prepare(s);
	vec_push(&job->arena, &job->background, s);
	if (!s->begun) {
		s->awaited = true; /* it never enters `steps` */
		step_apply_status(s);
		return;
	}
	s->queued = true;
	if (count_running(job) < MAX_RUNNING) {
		begin(s);
	}
}

static bool has_ended(const struct step *s)
{
	return s->exec.done || (s->body && s->body->done);
}

void background_tick(struct job *job)
{
	for (size_t i = 0; i < job->background.n; i++) {
		struct step *s = job->background.v[i];

		if (has_ended(s) && !s->settled) {
			s->settled = true; /* reading its files takes turns: not twice */
			step_settle(s);
		}
		if (s->queued && count_running(job) < MAX_RUNNING && !job->killed) {
			begin(s);
		}
	}
}

static bool is_over(const struct step *s)
{
	return s->settled || s->job->lost || s->job->killed;
}

/* Takes turns until it is over, or `until`; then its changes count, and each time again: a second
 * wait brings back what steps have set otherwise in between. */
static void await(struct step *s, long long until)
{
	while (!is_over(s) && (until == 0 || now_ms() < until)) {
		if (job_is_cancelled(s->job) && s->queued) {
			break;
		}
		job_turn(s->job, until);
	}
	if (s->settled && s->begun) {
		step_apply(s);
	}
}

static struct step *find(struct job *job, struct str id)
{
	for (size_t i = job->background.n; i-- > 0;) {
		if (str_ieq(job->background.v[i]->def->id, id)) {
			return job->background.v[i];
		}
	}
	return NULL;
}

/* Worst wins, and cancelled is worse than failed. */
static void merge(struct step *waiter, const struct step *s)
{
	if (s->begun && s->settled && waiter->conclusion != RESULT_CANCELLED &&
	    (s->conclusion == RESULT_FAILURE || s->conclusion == RESULT_CANCELLED)) {
		waiter->outcome = waiter->conclusion = s->conclusion;
	}
}

/* --- what they say --------------------------------------------------------------------------- */

/* Some of the background steps, in the order in which they are named or began. */
struct group {
	VEC(struct step *) steps;
};

static void add_targets(struct group *g, struct step *waiter)
{
	for (size_t i = 0; i < waiter->def->targets.n; i++) {
		struct step *s = find(waiter->job, waiter->def->targets.v[i].s);

		if (s) {
			vec_push(waiter->a, &g->steps, s);
		}
	}
}

static void add_open(struct group *g, struct step *waiter)
{
	struct job *job = waiter->job;

	for (size_t i = 0; i < job->background.n; i++) {
		if (!job->background.v[i]->awaited) {
			vec_push(waiter->a, &g->steps, job->background.v[i]);
		}
	}
}

/* A skipped step is known by its id only. */
static void say_names(struct step *waiter, struct str what, const struct group *g)
{
	struct str text = what;

	for (size_t i = 0; i < g->steps.n; i++) {
		const struct step *s = g->steps.v[i];
		struct str name = s->begun ? s->name : s->def->id;

		text = arena_printf(waiter->a, "%.*s%s%.*s", STR_ARG(text), i ? ", " : " ",
				    STR_ARG(name));
	}
	if (g->steps.n == 0) {
		text = arena_printf(waiter->a, "%.*s (none)", STR_ARG(text));
	}
	job_log(waiter->job, waiter->path, text);
}

static struct str dotnet_word(enum result r)
{
	switch (r) {
	case RESULT_SUCCESS:
		return STR("Succeeded");
	case RESULT_FAILURE:
		return STR("Failed");
	case RESULT_CANCELLED:
		return STR("Canceled");
	case RESULT_NONE:
	case RESULT_SKIPPED:
	case RESULT_NOT_REHEARSED:
		break;
	}
	return STR("Unknown");
}

static void say_results(struct step *waiter, struct str what, const struct group *g)
{
	job_log(waiter->job, waiter->path, what);
	for (size_t i = 0; i < g->steps.n; i++) {
		const struct step *s = g->steps.v[i];

		if (s->begun) {
			job_log(waiter->job, waiter->path,
				arena_printf(waiter->a, "  %.*s: %.*s", STR_ARG(s->name),
					     STR_ARG(dotnet_word(s->conclusion))));
		}
	}
}

/* --- the control steps ------------------------------------------------------------------------ */

static void await_all(struct step *waiter, const struct group *g)
{
	for (size_t i = 0; i < g->steps.n; i++) {
		await(g->steps.v[i], 0);
		merge(waiter, g->steps.v[i]);
	}
}

static void await_named(struct step *waiter, const struct group *g)
{
	say_names(waiter, STR("Waiting for background step(s) to complete:"), g);
	await_all(waiter, g);
	say_results(waiter, STR("Finished waiting for background step(s)."), g);
}

static void run_wait(struct step *waiter)
{
	struct group g = { 0 };

	add_targets(&g, waiter);
	await_named(waiter, &g);
}

static void run_wait_all(struct step *waiter)
{
	struct group g = { 0 };

	add_open(&g, waiter);
	if (g.steps.n) {
		say_names(waiter, STR("Waiting for all background step(s) to complete:"), &g);
	} else {
		job_log(waiter->job, waiter->path,
			STR("No background steps remaining to wait for."));
	}
	await_all(waiter, &g);
	say_results(waiter, STR("Finished waiting for all background step(s)."), &g);
}

/* One that does not heed the signals in time counts as cancelled from here on; what it still does
 * changes nothing. */
static void give_up(struct step *s)
{
	enum result outcome = s->outcome;

	s->outcome = s->conclusion = RESULT_CANCELLED;
	step_apply(s);
	s->outcome = outcome;
}

static void cancel(struct step *s)
{
	if (s->queued) {
		step_never_begin(s);
	}
	step_stop(s);
	await(s, now_ms() + CANCEL_WAIT_MS);
	if (!s->awaited) {
		give_up(s);
	}
}

static void run_cancel(struct step *waiter)
{
	struct group g = { 0 };

	add_targets(&g, waiter);
	say_names(waiter, STR("Cancelling background step(s):"), &g);
	for (size_t i = 0; i < g.steps.n; i++) {
		cancel(g.steps.v[i]);
	}
	say_results(waiter, STR("Finished cancelling background step(s)."), &g);
}

static void run_parallel(struct job *job, struct step *waiter)
{
	size_t from = job->background.n;
	struct group g = { 0 };

	for (size_t i = 0; i < waiter->def->nsteps; i++) {
		add(job, &waiter->def->steps[i],
		    arena_printf(&job->arena, "%.*s/%zu", STR_ARG(waiter->path), i + 1));
	}
	for (size_t i = from; i < job->background.n; i++) {
		vec_push(waiter->a, &g.steps, job->background.v[i]);
	}
	await_named(waiter, &g);
}

static void tell(struct step *s, enum event_kind kind)
{
	struct event e = { .kind = kind, .step = s->path };

	if (kind == EVENT_STEP_STARTED) {
		e.u.step_started.name = s->name;
		e.u.step_started.id = s->def && s->def->explicit_id ? s->def->id : STR_EMPTY;
		e.u.step_started.phase = STR("main");
	} else {
		e.u.step_finished.name = s->name;
		e.u.step_finished.outcome = result_word(s->outcome);
		e.u.step_finished.conclusion = result_word(s->conclusion);
		e.u.step_finished.exit_code = -1;
		e.u.step_finished.duration_ms = now_ms() - s->started_ms;
	}
	job_emit(s->job, &e);
}

static struct str control_name(struct step *s)
{
	const struct step_def *def = s->def;
	struct expr_env env = contexts_env(&s->contexts);
	static const struct {
		enum step_kind kind;
		struct str name;
	} names[] = {
		{ STEP_WAIT, STR_INIT("Wait") },
		{ STEP_WAIT_ALL, STR_INIT("Wait for all") },
		{ STEP_CANCEL, STR_INIT("Cancel") },
		{ STEP_PARALLEL, STR_INIT("Parallel group") },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].kind == def->kind && !def->name) {
			return names[i].name;
		}
	}
	return step_title(s->a, def, &env);
}

/* wait, wait-all, cancel and parallel have no `if` and always run. */
static void run_control(struct job *job, const struct step_def *def, struct str path)
{
	struct step s;

	step_init(&s, job, &job->scratch, def, path);
	s.conclusion = RESULT_SUCCESS;
	s.name = control_name(&s);
	tell(&s, EVENT_STEP_STARTED);
	if (def->kind == STEP_WAIT) {
		run_wait(&s);
	} else if (def->kind == STEP_WAIT_ALL) {
		run_wait_all(&s);
	} else if (def->kind == STEP_CANCEL) {
		run_cancel(&s);
	} else {
		run_parallel(job, &s);
	}
	tell(&s, EVENT_STEP_FINISHED);
	step_apply(&s);
	job_flush(job);
}

void background_run(struct job *job, const struct step_def *def, struct str path)
{
	if (def->background) {
		add(job, def, path);
		job_flush(job);
	} else {
		run_control(job, def, path);
	}
}

/* Until none of them has a process any more: a `cancel` may have gone on without it. */
static void drain(struct job *job)
{
	for (size_t i = 0; i < job->background.n; i++) {
		struct step *s = job->background.v[i];

		while (s->begun && !s->queued && !is_over(s)) {
			job_turn(job, 0);
		}
	}
}

/* What failed counts now at the latest, also when only a `cancel` asked for it. */
static void take_results(struct job *job)
{
	for (size_t i = 0; i < job->background.n; i++) {
		struct step *s = job->background.v[i];

		if (s->begun && s->settled) {
			step_apply_status(s);
		}
	}
}

void background_finish(struct job *job)
{
	struct step s;
	static const struct step_def none = { .kind = STEP_WAIT_ALL };
	bool any = false;

	for (size_t i = 0; i < job->background.n; i++) {
		any = any || !job->background.v[i]->awaited;
	}
	if (any && !job->lost && !job->killed) {
		step_init(&s, job, &job->scratch, &none, STR("wait"));
		s.conclusion = RESULT_SUCCESS;
		s.name = STR("Wait for all background steps");
		tell(&s, EVENT_STEP_STARTED);
		run_wait_all(&s);
		tell(&s, EVENT_STEP_FINISHED);
	}
	drain(job);
	take_results(job);
	for (size_t i = 0; i < job->background.n; i++) {
		arena_release(&job->background.v[i]->own);
	}
	job->background.n = 0;
}
