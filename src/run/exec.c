/*
 * exec.c - processes of steps from spawn to their end: output, timeout, and the ladder of SIGINT,
 * SIGTERM and SIGKILL (SEMANTICS 4.4). Any number run at once; job_turn() moves them all.
 */
#include <errno.h>
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

/* Of the machine that its process is in. */
static struct channel *channel_of(const struct step *s)
{
	return s->exec.machine ? machine_channel(s->exec.machine) : s->job->channel;
}

static void on_exited(void *ctx, const struct proc_exit *exit)
{
	struct step *s = ctx;
	struct step **at = &s->job->running;

	s->exec.exit = *exit;
	s->exec.exit.start_what = arena_str(s->a, exit->start_what);
	s->exec.exit.files = NULL;
	for (size_t i = 0; i < exit->nfiles && i < FILE_COMMANDS; i++) {
		s->handed[i] = exit->files[i];
		s->handed[i].content = arena_str(s->a, exit->files[i].content);
	}
	s->exec.done = true;
	while (*at && *at != s) {
		at = &(*at)->next_running;
	}
	if (*at) {
		*at = s->next_running;
	}
}

/* A user's Ctrl-C reaches the step's whole process group first, as a terminal's would; whatever is
 * to be ended by the user is not waited for once it is dead. */
static void climb(struct step *s)
{
	struct job *job = s->job;
	struct execution *x = &s->exec;
	bool group = job->interrupted && ladder[x->rung].signo == SIGINT;

	channel_signal(channel_of(s), x->proc, ladder[x->rung].signo,
		       group ? SIGNAL_GROUP : SIGNAL_ENTRY, job->interrupted);
	x->next_ms = ladder[x->rung].wait_ms ? now_ms() + ladder[x->rung].wait_ms : 0;
	x->rung++;
}

void step_stop(struct step *s)
{
	if (s->body) {
		frame_stop(s->body);
	}
	if (s->exec.proc && !s->exec.done && !s->exec.stopping) {
		s->exec.stopping = true;
		climb(s);
	}
}

static void kill_now(struct step *s)
{
	channel_signal(channel_of(s), s->exec.proc, SIGKILL, SIGNAL_TREE, true);
	s->exec.stopping = true;
	s->exec.rung = RUNGS;
	s->exec.next_ms = 0;
}

static void check(struct step *s)
{
	struct execution *x = &s->exec;
	long long now = now_ms();

	if (s->job->killed) {
		kill_now(s);
	}
	if (!x->stopping && s->deadline_ms && now >= s->deadline_ms) {
		x->timed_out = true;
		step_stop(s);
	}
	if (!x->stopping && step_must_stop(s)) {
		step_stop(s);
	}
	if (x->stopping && x->rung < RUNGS && x->next_ms && now >= x->next_ms) {
		climb(s);
	}
}

/* The earliest thing that is to be done for a process; `until` is the caller's own deadline. */
static long long next_deadline(const struct job *job, long long until)
{
	for (const struct step *s = job->running; s; s = s->next_running) {
		long long at = s->exec.stopping ? s->exec.next_ms : s->deadline_ms;

		until = at && (until == 0 || at < until) ? at : until;
	}
	return until;
}

void job_turn(struct job *job, long long until_ms)
{
	struct step *next = NULL;
	int wait = step_outputs_go_on(job) ? job_wait_ms(job, next_deadline(job, until_ms)) : 0;

	/* The agent first: it works while the events are shown. */
	channel_keepalive(job->channel);
	job_flush(job);
	switch (channel_turn(job->channel, job->control, wait)) {
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
	job_check_deadlines(job);
	for (struct step *s = job->running; s; s = next) {
		next = s->next_running;
		check(s);
	}
	frames_move(job);
	background_tick(job);
}

void step_exec_start(struct step *s, const struct proc_spec *spec)
{
	struct proc_handler handler = { .ctx = s, .output = step_output, .exited = on_exited };

	s->next_running = s->job->running;
	s->job->running = s;
	s->exec.proc = channel_spawn(channel_of(s), spec, &handler);
}

bool step_is_busy(const struct step *s)
{
	return (s->exec.proc && !s->exec.done) || (s->body && !s->body->done);
}

/* A killed machine is removed with whatever is left in it. */
static bool is_given_up(const struct step *s)
{
	return s->job->lost || (s->job->killed && (s->body || s->exec.rung == RUNGS));
}

void step_exec_wait(struct step *s)
{
	while (step_is_busy(s) && !is_given_up(s)) {
		job_turn(s->job, 0);
	}
}

static void log_undrained(struct step *s)
{
	job_log(s->job, s->path,
		STR("(a process that the step started still holds its output; act-c went on 5 "
		    "seconds after the step's own end)"));
}

/* In the runner's words: a program that is not there, or whatever else is in a script's way. */
static struct str not_started(const struct step *s, const struct proc_exit *exit)
{
	struct arena *a = s->a;
	struct str what = exit->start_what;
	bool exec = str_starts(what, STR("exec "));

	if (exec && exit->start_errno == ENOENT) {
		return arena_printf(a, "%.*s: command not found",
				    STR_ARG(str_slice(what, 5, what.len)));
	}
	if (s->program.len && (exec || str_starts(what, STR("chdir ")))) {
		return arena_printf(a,
				    "An error occurred trying to start process '%.*s' with working "
				    "directory '%.*s'. %s",
				    STR_ARG(s->program), STR_ARG(s->directory),
				    strerror(exit->start_errno));
	}
	return arena_printf(a, "%.*s: %s", STR_ARG(what), strerror(exit->start_errno));
}

void step_exec_finish(struct step *s)
{
	struct execution *x = &s->exec;

	step_output_finish(s);
	s->exit_code = x->exit.code;
	if (s->job->lost) {
		step_fail(s, s->job->reason);
	} else if (x->timed_out && s->frame) {
		step_fail(s, STR("The action has timed out."));
	} else if (x->timed_out) {
		step_fail(s, arena_printf(s->a, "The %s '%.*s' has timed out after %lld minutes.",
					  s->background ? "background step" : "action",
					  STR_ARG(s->name), (long long)s->timeout_minutes));
	} else if (x->stopping) {
		s->outcome = RESULT_CANCELLED;
		step_fail(s, STR("The operation was canceled."));
	} else if (x->exit.start_errno) {
		step_fail(s, not_started(s, &x->exit));
	} else if (x->exit.oom && x->exit.code != 0) {
		step_fail(s, STR("The step ran out of memory: the kernel's OOM killer ended it."));
	} else if (x->exit.code != 0) {
		s->outcome = RESULT_FAILURE;
	} else if (!x->exit.drained) {
		log_undrained(s);
	}
}

static void ignore_output(void *ctx, struct str bytes)
{
	(void)ctx;
	(void)bytes;
}

static void on_quiet_end(void *ctx, const struct proc_exit *exit)
{
	struct quiet_run *run = ctx;

	run->ended = true;
	run->well = exit->start_errno == 0 && exit->code == 0;
}

struct quiet_run job_run_quietly(struct job *job, const struct proc_spec *spec)
{
	struct quiet_run run = { .ended = false };
	struct proc_handler handler = { .ctx = &run,
					.output = ignore_output,
					.exited = on_quiet_end };

	(void)channel_spawn(job->channel, spec, &handler);
	while (!run.ended && !job->lost && !job->killed) {
		job_turn(job, 0);
	}
	return run;
}
