/*
 * exec.c - a step's process from spawn to its end: output, timeout, and the ladder of SIGINT,
 * SIGTERM and SIGKILL (SEMANTICS 4.4).
 */
#include <signal.h>

#include "actc/process.h"
#include "step.h"

/* How long each rung waits before the next. */
static const struct {
	int signo;
	int wait_ms;
} ladder[] = {
	{ SIGINT, 7500 },
	{ SIGTERM, 2500 },
	{ SIGKILL, 0 },
};

enum { RUNGS = sizeof(ladder) / sizeof(ladder[0]) };

struct execution {
	struct step *step;
	struct proc *proc;
	bool done;
	struct proc_exit exit;
	bool timed_out;
	bool stopping; /* the ladder was entered */
	size_t rung;   /* next to climb */
	long long next_ms;
};

static void on_exited(void *ctx, const struct proc_exit *exit)
{
	struct execution *x = ctx;

	x->exit = *exit;
	x->exit.start_what = arena_str(&x->step->job->scratch, exit->start_what);
	x->done = true;
}

static void on_output(void *ctx, struct str bytes)
{
	step_output(((struct execution *)ctx)->step, bytes);
}

/* A user's Ctrl-C reaches the step's whole process group first, as a terminal's would; whatever is
 * to be ended by the user is not waited for once it is dead. */
static void climb(struct execution *x)
{
	struct job *job = x->step->job;
	bool group = job->interrupted && ladder[x->rung].signo == SIGINT;

	channel_signal(job->channel, x->proc, ladder[x->rung].signo,
		       group ? SIGNAL_GROUP : SIGNAL_ENTRY, job->interrupted);
	x->next_ms = ladder[x->rung].wait_ms ? now_ms() + ladder[x->rung].wait_ms : 0;
	x->rung++;
}

static void kill_now(struct execution *x)
{
	channel_signal(x->step->job->channel, x->proc, SIGKILL, SIGNAL_TREE, true);
	x->stopping = true;
	x->rung = RUNGS;
	x->next_ms = 0;
}

static void check(struct execution *x)
{
	struct step *s = x->step;
	long long now = now_ms();

	job_check_deadlines(s->job);
	if (s->job->killed) {
		kill_now(x);
	}
	if (!x->stopping && s->deadline_ms && now >= s->deadline_ms) {
		x->timed_out = x->stopping = true;
		climb(x);
	}
	if (!x->stopping && step_must_stop(s)) {
		x->stopping = true;
		climb(x);
	}
	if (x->stopping && x->rung < RUNGS && x->next_ms && now >= x->next_ms) {
		climb(x);
	}
}

static long long next_deadline(const struct execution *x)
{
	return x->stopping ? x->next_ms : x->step->deadline_ms;
}

static void loop(struct execution *x)
{
	struct job *job = x->step->job;

	while (!x->done) {
		job_flush(job);
		switch (channel_turn(job->channel, job->control,
				     job_wait_ms(job, next_deadline(x)))) {
		case TURN_LOST:
			job_lost(job);
			return;
		case TURN_WAKE:
			job_take_control(job);
			break;
		case TURN_PROGRESS:
		case TURN_TIMEOUT:
			break;
		}
		if (job->killed && x->rung == RUNGS) {
			return; /* the machine is removed with whatever is left in it */
		}
		if (!x->done) {
			check(x);
		}
	}
}

static void set_outcome(struct execution *x)
{
	struct step *s = x->step;
	struct arena *a = &s->job->scratch;

	s->exit_code = x->exit.code;
	if (s->job->lost) {
		step_fail(s, s->job->reason);
	} else if (x->timed_out) {
		step_fail(s, arena_printf(a, "The action '%.*s' has timed out after %lld minutes.",
					  STR_ARG(s->name), (long long)s->timeout_minutes));
	} else if (x->stopping) {
		s->outcome = RESULT_CANCELLED;
		step_fail(s, STR("The operation was canceled."));
	} else if (x->exit.start_errno) {
		step_fail(s, arena_printf(a, "%.*s: %s", STR_ARG(x->exit.start_what),
					  strerror(x->exit.start_errno)));
	} else if (x->exit.oom && x->exit.code != 0) {
		step_fail(s, STR("The step ran out of memory: the kernel's OOM killer ended it."));
	} else if (x->exit.code != 0) {
		s->outcome = RESULT_FAILURE;
	}
	if (!x->exit.drained && !x->stopping && !s->job->lost && !x->exit.start_errno) {
		job_log(s->job, s->path,
			STR("(a process that the step started still holds its output; "
			    "act-c went on 5 seconds after the step's own end)"));
	}
}

void step_exec(struct step *s, const struct proc_spec *spec)
{
	struct execution x = { .step = s };
	struct proc_handler handler = { .ctx = &x, .output = on_output, .exited = on_exited };

	x.proc = channel_spawn(s->job->channel, spec, &handler);
	loop(&x);
	step_output_finish(s);
	set_outcome(&x);
}
