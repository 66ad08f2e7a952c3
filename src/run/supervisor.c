/*
 * supervisor.c - one poll loop: starts workers as the schedule allows, reads their events, takes
 * signals, and ends what must end. It prints nothing: everything goes out as events.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/process.h"
#include "actc/run.h"
#include "gate.h"
#include "groups.h"
#include "schedule.h"
#include "scope.h"
#include "services.h"
#include "step.h"
#include "worker.h"

enum {
	KILL_GRACE_MS = 2000, /* from the second signal to SIGKILL for workers */
};

struct supervisor {
	struct run run;
	struct arena arena;
	size_t nworkers;
	struct worker **workers; /* max_jobs places, the first nworkers in use */
	VEC(pid_t) leaving;      /* workers that have said all */
	struct pollfd *fds;
	enum worker_command how; /* what a leg that is cancelled now is told */
	int signals;             /* how many came */
	long long deadline_ms;   /* of --timeout; 0 = none */
	long long kill_at_ms;    /* 0 = not killing */
	bool timed_out;
	bool started; /* some job was */
	/* A worker has gone without a word: look for leftovers at the end, whatever is marked. */
	bool untidy;
};

/* --- signals: a pipe that the loop polls --------------------------------------------------------
 */

static int signal_pipe[2] = { -1, -1 };

static void on_signal(int signo)
{
	int saved = errno;
	char byte = (char)signo;

	(void)!write(signal_pipe[1], &byte, 1);
	errno = saved;
}

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

static bool signals_start(struct sigaction *old)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		(void)sigaction(caught[i], NULL, &old[i]);
		/* nohup's word holds. */
		if (caught[i] != SIGHUP || old[i].sa_handler != SIG_IGN) {
			(void)sigaction(caught[i], &sa, NULL);
		}
	}
	return true;
}

static void signals_stop(const struct sigaction *old)
{
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		(void)sigaction(caught[i], &old[i], NULL);
	}
	(void)close(signal_pipe[0]);
	(void)close(signal_pipe[1]);
	signal_pipe[0] = signal_pipe[1] = -1;
}

/* --- events of the run itself ------------------------------------------------------------------
 */

static void emit_started(struct supervisor *s)
{
	const struct run_request *r = s->run.request;
	struct event e = { .kind = EVENT_RUN_STARTED };

	e.u.run_started.run_id = r->rundir->run_id;
	e.u.run_started.version = STR(ACTC_VERSION);
	e.u.run_started.engine = str_of(r->engine ? r->engine->name : "none");
	e.u.run_started.event = r->event->event_name;
	e.u.run_started.repository = r->event->repository;
	e.u.run_started.ref = r->event->ref;
	e.u.run_started.sha = r->event->sha;
	e.u.run_started.directory = r->repo->root;
	e.u.run_started.dirty = r->snapshot && r->snapshot->dirty;
	run_emit(&s->run, &e);
}

static void emit_job_started(struct supervisor *s, const struct leg_run *leg)
{
	const struct run_request *r = s->run.request;
	struct event e = { .kind = EVENT_JOB_STARTED, .job = leg->path };

	e.u.job_started.name = leg->name;
	e.u.job_started.workflow = leg->job->scope->workflow->workflow->path;
	e.u.job_started.runs_on = leg->labels;
	e.u.job_started.engine =
		leg->placement.how == LABEL_HOST ? STR("host") : str_of(r->engine->name);
	e.u.job_started.image = leg->container.len ? leg->container : leg->placement.image;
	e.u.job_started.environment = leg->environment;
	e.u.job_started.matrix = leg->leg.values;
	if (leg->leg.values.kind == VALUE_OBJECT) {
		e.u.job_started.leg = (int64_t)leg->index + 1;
		e.u.job_started.legs = (int64_t)leg->total;
	}
	run_emit(&s->run, &e);
}

/* --- cancelling ---------------------------------------------------------------------------------
 */

static void cancel_worker(struct supervisor *s, struct worker *w, enum worker_command how)
{
	if (w->cancelled && how != WORKER_KILL) {
		return;
	}
	w->cancelled = true;
	worker_send(w, how);
	s->untidy = s->untidy || !w->machine_up;
}

static void on_cancel_leg(void *ctx, struct leg_run *leg)
{
	struct supervisor *s = ctx;

	if (leg->worker) {
		cancel_worker(s, leg->worker, s->how);
	}
}

static struct value running_steps(struct supervisor *s)
{
	struct arena *a = &s->arena;
	struct varray *list = varray_new(a);

	for (size_t i = 0; i < s->nworkers; i++) {
		const struct worker *w = s->workers[i];

		varray_push(a, list,
			    value_str(w->step_name.len ? arena_printf(a, "%.*s › %.*s",
								      STR_ARG(w->leg->name),
								      STR_ARG(w->step_name))
						       : w->leg->name));
	}
	return value_array(list);
}

static void cancel_run(struct supervisor *s, int signo, enum worker_command how)
{
	struct event e = { .kind = EVENT_RUN_CANCELLING };

	s->run.cancelled = true;
	s->run.cancel_signal = signo;
	e.u.run_cancelling.reason = signo == 0        ? STR("timeout")
				    : signo == SIGINT ? STR("interrupt")
						      : STR("terminate");
	e.u.run_cancelling.running = running_steps(s);
	run_emit(&s->run, &e);
	s->how = how;
	schedule_cancel(&s->run);
	s->how = WORKER_CANCEL;
}

/* Workers that are asked take away what they have, or leave it marked. */
static void kill_run(struct supervisor *s)
{
	s->run.cancelled = true;
	s->kill_at_ms = now_ms() + KILL_GRACE_MS;
	for (size_t i = 0; i < s->nworkers; i++) {
		cancel_worker(s, s->workers[i], WORKER_KILL);
	}
	schedule_stop(&s->run);
}

static void take_signals(struct supervisor *s)
{
	char signo;

	while (read(signal_pipe[0], &signo, 1) == 1) {
		s->signals++;
		if (s->signals == 1 && !s->run.cancelled) {
			cancel_run(s, signo == SIGHUP ? SIGTERM : signo, WORKER_INTERRUPT);
		} else {
			s->run.cancel_signal = s->run.cancel_signal ? s->run.cancel_signal : signo;
			kill_run(s);
		}
	}
}

static void check_deadlines(struct supervisor *s)
{
	long long now = now_ms();

	if (s->deadline_ms && now >= s->deadline_ms && !s->run.cancelled) {
		s->timed_out = true;
		cancel_run(s, 0, WORKER_INTERRUPT);
	}
	if (s->kill_at_ms && now >= s->kill_at_ms) {
		for (size_t i = 0; i < s->nworkers; i++) {
			worker_kill(s->workers[i]);
		}
	}
}

/* --- workers
 * -------------------------------------------------------------------------------------- */

static void end_worker(struct supervisor *s, size_t i)
{
	struct worker *w = s->workers[i];
	struct leg_run *leg = w->leg;
	struct str reason = STR_EMPTY;
	const struct vobject *outputs = NULL;
	enum result result = worker_end(&s->run, w, &reason, &outputs);

	if (w->pid > 0) {
		vec_push(&s->arena, &s->leaving, w->pid);
	}
	s->untidy = s->untidy || w->lost;
	free(w);
	s->workers[i] = s->workers[--s->nworkers];
	schedule_ended(&s->run, leg, result, reason, outputs);
}

/* Waits for those that are gone by now, or with `all` for each. */
static void reap(struct supervisor *s, bool all)
{
	for (size_t i = s->leaving.n; i-- > 0;) {
		pid_t got;

		do {
			got = waitpid(s->leaving.v[i], NULL, all ? 0 : WNOHANG);
		} while (got < 0 && errno == EINTR);
		if (got != 0) {
			s->leaving.v[i] = s->leaving.v[--s->leaving.n];
		}
	}
}

/* -n: the leg is told and ends at once, as if it had worked. */
static void rehearse_dry(struct supervisor *s, struct leg_run *leg)
{
	const struct job_def *def = leg->job->def;

	for (size_t i = 0; i < def->nsteps; i++) {
		struct event e = { .kind = EVENT_STEP_STARTED, .job = leg->path };

		e.step = arena_printf(&s->arena, "%zu", i + 1);
		e.u.step_started.name = step_title(&s->arena, &def->steps[i], NULL);
		e.u.step_started.id = def->steps[i].id;
		e.u.step_started.phase = STR("main");
		run_emit(&s->run, &e);
	}
	schedule_ended(&s->run, leg, RESULT_SUCCESS, STR_EMPTY, NULL);
}

/* To put the agent into memory takes longer than to start it. The first job does so itself, beside
 * what happens here, and most runs on one machine have no other. */
static void share_agent(struct supervisor *s, const struct leg_run *leg)
{
	if (s->started && s->run.agent == 0) {
		s->run.agent = engine_agent_program(
			leg->placement.how == LABEL_HOST ? &engine_host : s->run.request->engine);
	}
	s->started = true;
}

static void start_leg(struct supervisor *s, struct leg_run *leg)
{
	emit_job_started(s, leg);
	event_bus_flush(s->run.request->bus);
	if (s->run.request->dry_run) {
		rehearse_dry(s, leg);
		return;
	}

	share_agent(s, leg);

	struct worker *w = calloc(1, sizeof(*w));

	BUG_ON(!w);
	if (!worker_start(&s->run, leg, w, s->workers, s->nworkers)) {
		free(w);
		schedule_ended(&s->run, leg, RESULT_FAILURE, STR("no process could be made for it"),
			       NULL);
		return;
	}
	s->workers[s->nworkers++] = w;
}

static void start_legs(struct supervisor *s)
{
	struct leg_run *leg = NULL;

	while ((leg = schedule_next(&s->run, s->nworkers)) != NULL) {
		start_leg(s, leg);
	}
}

/* --- the loop
 * --------------------------------------------------------------------------------------- */

static int poll_timeout(const struct supervisor *s)
{
	long long now = now_ms(), at = 0;

	if (s->deadline_ms && !s->run.cancelled) {
		at = s->deadline_ms;
	}
	if (s->kill_at_ms && (at == 0 || s->kill_at_ms < at)) {
		at = s->kill_at_ms;
	}
	if (groups_poll_ms(&s->run) > 0 && (at == 0 || at > now + groups_poll_ms(&s->run))) {
		at = now + groups_poll_ms(&s->run);
	}
	if (at == 0) {
		return -1;
	}
	return at <= now ? 50 : (int)(at - now < 60000 ? at - now : 60000);
}

/* Places in fds before those of the workers; a place that is not used has the descriptor -1. */
enum { FD_SIGNALS, FD_ANSWER, FD_SERVICES, FD_GROUPS = FD_SERVICES + SOCKETS, FD_WORKERS };

static size_t fill_fds(struct supervisor *s)
{
	size_t n = FD_WORKERS;

	s->fds[FD_SIGNALS] = (struct pollfd){ .fd = signal_pipe[0], .events = POLLIN };
	s->fds[FD_ANSWER] = (struct pollfd){ .fd = gate_is_asking(&s->run) ? STDIN_FILENO : -1,
					     .events = POLLIN };
	s->fds[FD_GROUPS] = (struct pollfd){ .fd = groups_fd(&s->run), .events = POLLIN };
	for (int i = 0; i < SOCKETS; i++) {
		s->fds[FD_SERVICES + i] = (struct pollfd){
			.fd = services_fd(s->run.services, (enum services_socket)i),
			.events = POLLIN,
		};
	}
	for (size_t i = 0; i < s->nworkers; i++) {
		const struct worker *w = s->workers[i];
		const int fds[WORKER_FDS] = { w->events, w->control, w->noise };

		for (size_t k = 0; k < WORKER_FDS; k++) {
			s->fds[n++] = (struct pollfd){ .fd = fds[k], .events = POLLIN };
		}
	}
	return n;
}

/* A terminal gives a line at once; its end, or a failure, is no answer and so a no. */
static void take_answer(struct supervisor *s)
{
	char line[256];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	gate_answered(&s->run, str_mk(line, n > 0 ? (size_t)n : 0));
}

static bool services_called(const struct supervisor *s)
{
	bool called = false;

	for (int i = 0; i < SOCKETS; i++) {
		called = called || s->fds[FD_SERVICES + i].revents;
	}
	return called;
}

static void turn(struct supervisor *s)
{
	size_t n = fill_fds(s);

	event_bus_flush(s->run.request->bus);
	if (poll(s->fds, n, poll_timeout(s)) > 0) {
		for (size_t i = FD_WORKERS; i < n; i++) {
			if (s->fds[i].revents) {
				worker_read(&s->run, s->workers[(i - FD_WORKERS) / WORKER_FDS],
					    s->fds[i].fd);
			}
		}
		if (services_called(s)) {
			services_ready(s->run.services, &s->run);
		}
		if (s->fds[FD_SIGNALS].revents) {
			take_signals(s);
		}
		if (s->fds[FD_ANSWER].revents) {
			take_answer(s);
		}
	}
	if (s->fds[FD_GROUPS].revents || groups_poll_ms(&s->run) > 0) {
		groups_update(&s->run);
	}
	for (size_t i = s->nworkers; i-- > 0;) {
		if (worker_ended(s->workers[i])) {
			end_worker(s, i);
		}
	}
	reap(s, false);
	check_deadlines(s);
}

/* What a killed worker may have left at the engine. The lock is dropped first: the run is over. */
static void tidy(struct supervisor *s)
{
	const struct run_request *r = s->run.request;
	struct err err = ERR_INIT;

	rundir_close(r->rundir);
	if (r->engine && r->engine->sweep && r->engine->sweep(r->rundir, false, false, &err) < 0) {
		run_note(&s->run, "warning",
			 arena_printf(&s->arena, "could not look for leftovers: %s", err.msg));
		err_release(&err);
	}
}

static int finish(struct supervisor *s, long long started)
{
	struct event e = { .kind = EVENT_RUN_FINISHED };
	struct vobject *counts = NULL;
	int code = schedule_exit_code(&s->run, &counts, &e.u.run_finished.conclusion);

	if (s->timed_out && s->signals == 0) {
		code = 124;
	} else if (s->signals > 0) {
		code = 128 + s->run.cancel_signal;
	}
	e.u.run_finished.jobs = value_object(counts);
	e.u.run_finished.exit_code = code;
	e.u.run_finished.duration_ms = now_ms() - started;
	run_emit(&s->run, &e);
	event_bus_flush(s->run.request->bus);
	return code;
}

static bool has_uses(const struct workflow *w)
{
	for (size_t i = 0; i < w->njobs; i++) {
		const struct job_def *job = &w->jobs[i];

		if (job->uses.s.len) {
			return true;
		}
		for (size_t k = 0; k < job->nsteps; k++) {
			if (job->steps[k].kind == STEP_USES || job->steps[k].nsteps) {
				return true;
			}
		}
	}
	return false;
}

/* Each job is a fork, and half of its cost are the libraries that read the repository. Jobs that
 * check out need them, too, and so most that use actions. */
static void travel_light(const struct run_request *r)
{
	enum { MANY = 4 };
	size_t jobs = 0;

	for (size_t i = 0; i < r->nworkflows; i++) {
		if (has_uses(r->workflows[i].workflow)) {
			return;
		}
		jobs += r->workflows[i].workflow->njobs;
	}
	if (jobs >= MANY) {
		git_forget();
	}
}

int run_execute(const struct run_request *request)
{
	struct supervisor s = { .arena = ARENA_INIT };
	struct sigaction old[sizeof(caught) / sizeof(caught[0])];
	long long started = now_ms();

	s.workers = calloc(request->max_jobs, sizeof(*s.workers));
	s.fds = calloc(FD_WORKERS + WORKER_FDS * request->max_jobs, sizeof(*s.fds));
	BUG_ON(!s.workers || !s.fds || !signals_start(old));
	s.deadline_ms =
		request->timeout_s > 0 ? started + (long long)(request->timeout_s * 1000) : 0;
	s.run.request = request;
	travel_light(request);
	emit_started(&s);
	for (size_t i = 0; i < request->nnotes; i++) {
		run_note(&s.run, "info", request->notes[i]);
	}
	schedule_init(&s.run, request, &s.arena);
	s.run.services = services_open(&s.run);
	s.run.cancel_leg = on_cancel_leg;
	s.run.ctx = &s;
	s.how = WORKER_CANCEL;
	for (;;) {
		start_legs(&s);
		if (s.nworkers == 0 && schedule_done(&s.run)) {
			break;
		}
		/* Else there is a job that nothing will ever make ready. */
		BUG_ON(s.nworkers == 0 && !gate_is_asking(&s.run) && !groups_waiting(&s.run));
		turn(&s);
	}
	services_close(s.run.services, &s.run);
	reap(&s, true);
	if (s.untidy || rundir_marked(request->rundir)) {
		tidy(&s);
	}

	int code = finish(&s, started);

	groups_close(&s.run);
	signals_stop(old);
	if (s.run.agent > 0) {
		(void)close(s.run.agent);
	}
	free(s.workers);
	free(s.fds);
	arena_release(&s.arena);
	return code;
}
