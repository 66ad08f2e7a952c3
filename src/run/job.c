/*
 * job.c - a worker's life: set up, steps, complete. Straight-line code around one channel.
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "actc/process.h"
#include "called.h"
#include "contacts.h"
#include "containers.h"
#include "deploy.h"
#include "env.h"
#include "job_outputs.h"
#include "outside.h"
#include "services.h"
#include "step.h"
#include "token.h"
#include "worker.h"

enum {
	FLUSH_BYTES = 32 * 1024,
	KEEPALIVE_MS = 1000,
};

/* --- the ways out ---------------------------------------------------------------------------- */

/* Waits until the pipe takes more. The reader may be a paused terminal: the agent must still hear
 * from us. */
static void wait_for_room(struct job *job)
{
	struct pollfd p = { .fd = job->events, .events = POLLOUT };

	if (poll(&p, 1, KEEPALIVE_MS) == 0 && job->channel) {
		channel_keepalive(job->channel);
	}
}

/* Everything that waits, and a text behind it. */
static void flush_with(struct job *job, struct str text)
{
	struct str rest = strbuf_str(&job->out);

	while (rest.len || text.len) {
		struct iovec parts[] = {
			{ (void *)(uintptr_t)rest.p, rest.len },
			{ (void *)(uintptr_t)text.p, text.len },
		};
		ssize_t n = writev(job->events, parts, 2);

		if (n >= 0) {
			size_t first = (size_t)n < rest.len ? (size_t)n : rest.len;

			rest = str_slice(rest, first, rest.len);
			text = str_slice(text, (size_t)n - first, text.len);
		} else if (errno == EAGAIN) {
			wait_for_room(job);
		} else if (errno != EINTR) {
			job->killed = true; /* nobody listens any more */
			break;
		}
	}
	strbuf_reset(&job->out);
}

void job_flush(struct job *job)
{
	flush_with(job, STR_EMPTY);
}

void job_emit(struct job *job, struct event *e)
{
	e->job = job->leg->path;
	e->t_us = job->came_us;
	if (e->kind == EVENT_STEP_LOG && e->t_us) {
		event_emit_line(&job->out, job->masker, &job->log_head, e);
	} else {
		event_emit(&job->out, job->masker, e);
	}
	if (job->out.len >= FLUSH_BYTES) {
		job_flush(job);
	}
}

void job_log(struct job *job, struct str path, struct str line)
{
	struct event e = { .kind = EVENT_STEP_LOG, .step = path };

	e.u.step_log.line = line;
	job_emit(job, &e);
}

void job_log_block(struct job *job, struct str path, struct str text)
{
	struct event e = {
		.kind = EVENT_STEP_LOG, .job = job->leg->path, .step = path, .t_us = job->came_us
	};

	struct log_block b;

	event_block(&b, job->masker, &job->log_head, &e, text);
	log_block_pack_head(&job->out, &b);
	if (job->out.len + b.text.len >= FLUSH_BYTES) {
		flush_with(job, b.text);
	} else {
		strbuf_adds(&job->out, b.text);
	}
}

struct str job_placed_at(struct job *job, struct arena *a, struct span at, struct str msg)
{
	if (at.file == SPAN_NONE) {
		return msg;
	}

	const struct source *src = sources_get(job->run->request->sources, at.file);
	struct place p = source_place(src, at.lo);

	return arena_printf(a, "%.*s:%u:%u: %.*s", STR_ARG(src->path), p.line, p.col, STR_ARG(msg));
}

struct str job_placed(struct job *job, struct arena *a, const struct eval_error *e)
{
	return job_placed_at(job, a, e->at, e->msg);
}

/* --- cancelling ------------------------------------------------------------------------------- */

bool job_is_cancelled(const struct job *job)
{
	return job->status == RESULT_CANCELLED;
}

static void cancel(struct job *job)
{
	if (!job->hard_stop_ms) {
		double s = job->leg->cancel_timeout_s - 15;

		job->hard_stop_ms = now_ms() + (long long)(s * 1000);
	}
	job->status = RESULT_CANCELLED;
}

void job_take_control(struct job *job)
{
	char commands[16];
	ssize_t n = read(job->control, commands, sizeof(commands));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		job->killed = true; /* the supervisor is gone */
	}
	for (ssize_t i = 0; i < n; i++) {
		job->killed = job->killed || commands[i] == WORKER_KILL;
		job->interrupted = job->interrupted || commands[i] == WORKER_INTERRUPT;
		cancel(job);
	}
}

void job_check_deadlines(struct job *job)
{
	long long now = now_ms();

	if (job->deadline_ms && now >= job->deadline_ms && !job_is_cancelled(job)) {
		job->reason = arena_printf(
			&job->arena, "The job has exceeded the maximum execution time of %lldm0s",
			(long long)(job->leg->timeout_s / 60));
		cancel(job);
	}
	job->killed = job->killed || (job->hard_stop_ms && now >= job->hard_stop_ms);
}

void job_listen(struct job *job)
{
	struct pollfd p = { .fd = job->control, .events = POLLIN };

	if (poll(&p, 1, 0) > 0) {
		job_take_control(job);
	}
	job_check_deadlines(job);
}

int job_wait_ms(const struct job *job, long long until)
{
	long long now = now_ms(), at = until;

	if (job->deadline_ms && !job_is_cancelled(job) && (at == 0 || job->deadline_ms < at)) {
		at = job->deadline_ms;
	}
	if (job->hard_stop_ms && (at == 0 || job->hard_stop_ms < at)) {
		at = job->hard_stop_ms;
	}
	if (at == 0) {
		return -1;
	}
	return at <= now ? 0 : (int)(at - now < 3600000 ? at - now : 3600000);
}

void job_lost(struct job *job)
{
	if (job->lost) {
		return;
	}
	job->lost = true;
	job->status = job_is_cancelled(job) ? RESULT_CANCELLED : RESULT_FAILURE;
	job->reason = job->engine->why_lost(&job->arena, job->machine);
}

/* --- set up ----------------------------------------------------------------------------------- */

static const struct str setup_path = STR_INIT("setup");
static const struct str containers_step = STR_INIT("containers");
static const struct str stop_step = STR_INIT("stop-containers");
static const struct str complete_path = STR_INIT("complete");

void job_step_started(struct job *job, struct str path, const char *name, const char *phase)
{
	struct event e = { .kind = EVENT_STEP_STARTED, .step = path };

	e.u.step_started.name = str_of(name);
	e.u.step_started.phase = str_of(phase);
	job_emit(job, &e);
}

void job_step_finished(struct job *job, struct str path, const char *name, bool ok,
		       long long started, struct str reason)
{
	struct event e = { .kind = EVENT_STEP_FINISHED, .step = path };

	e.u.step_finished.name = str_of(name);
	e.u.step_finished.outcome = ok ? STR("success") : STR("failure");
	e.u.step_finished.conclusion = e.u.step_finished.outcome;
	e.u.step_finished.reason = reason;
	e.u.step_finished.exit_code = -1;
	e.u.step_finished.duration_ms = now_ms() - started;
	job_emit(job, &e);
}

static void on_progress(void *ctx, struct str line)
{
	struct job *job = ctx;

	job_log(job, job->set_up_path, line);
	job_flush(job);
}

/* Into the log of what runs. */
static void on_note(void *ctx, struct str line)
{
	struct job *job = ctx;

	job_log(job, job->running ? job->running->path : job->set_up_path, line);
}

/* Asked while something long goes on; the agent that may be there already must hear from us. */
static bool set_up_cancelled(void *ctx)
{
	struct job *job = ctx;

	if (job->channel && !channel_lost(job->channel)) {
		(void)channel_turn(job->channel, -1, 0);
	}
	job_listen(job);
	return job->killed || job_is_cancelled(job);
}

struct machine_spec job_machine_spec(struct job *job, struct str path)
{
	const struct run_request *r = job->run->request;
	struct machine_spec spec = r->machine;

	job->set_up_path = path;
	spec.rundir = r->rundir;
	spec.agent = job->run->agent;
	spec.job = job->leg->path;
	spec.image = job->leg->placement.image;
	spec.repository_name = r->repo->name;
	spec.no_egress = outside_closed(job);
	spec.changes_system = job_changes_system(job->def);
	spec.wants_docker = job_wants_docker(job->def);
	spec.services = job->run->services ? services_path(job->run->services) : STR_EMPTY;
	spec.progress = on_progress;
	spec.cancelled = set_up_cancelled;
	spec.note = on_note;
	spec.ctx = job;
	return spec;
}

static bool machine_start(struct job *job, struct str *why)
{
	struct machine_spec spec = job_machine_spec(job, job->set_up_path);
	struct err err = ERR_INIT;

	if (!containers_open(job, why)) {
		return false;
	}
	containers_fill(job, &spec);
	job->machine = job->engine->start(&job->arena, &spec, &err);
	if (!job->machine) {
		*why = arena_str(&job->arena, str_of(err.msg));
		err_release(&err);
		return false;
	}
	job->channel = machine_channel(job->machine);
	job->peer = channel_peer(job->channel);
	job->paths = machine_paths(job->machine);
	job->shown = machine_shown_paths(job->machine);
	containers_machine(job);
	return true;
}

static bool eval_env(struct job *job, const struct tok *t, struct vobject *into, struct str *why)
{
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value v = value_null();

	if (!t) {
		return true;
	}
	if (!tok_eval(&job->arena, t, &env, true, &v, &e)) {
		*why = job_placed(job, &job->arena, &e);
		return false;
	}
	env_add_object(&job->arena, into, v);
	return true;
}

/* Workflow env, then job env; neither sees itself. --env lies between job env and GITHUB_ENV. */
static bool init_env(struct job *job, struct str *why)
{
	const struct workflow *w = job->leg->job->scope->workflow->workflow;
	const struct settings *given = job->run->request->env;

	job->global_env = vobject_new(&job->arena, true);
	if (!eval_env(job, w->env, job->global_env, why)) {
		return false;
	}
	job->contexts.env = value_object(job->global_env);
	if (!eval_env(job, job->def->env, job->global_env, why)) {
		return false;
	}
	for (size_t i = 0; given && i < given->n; i++) {
		vobject_set(&job->arena, job->global_env, given->v[i].name,
			    value_str(given->v[i].value));
	}
	deploy_env(job);
	return true;
}

static bool init_defaults(struct job *job, struct str *why)
{
	const struct workflow *w = job->leg->job->scope->workflow->workflow;
	const struct run_defaults *d =
		job->def->defaults.given ? &job->def->defaults : &w->defaults;
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };

	job->default_shell = job->default_directory = STR_EMPTY;
	if (!tok_eval_str(&job->arena, d->shell, &env, &job->default_shell, &e) ||
	    !tok_eval_str(&job->arena, d->working_directory, &env, &job->default_directory, &e)) {
		*why = job_placed(job, &job->arena, &e);
		return false;
	}
	return true;
}

/* A secret of the name decides; without one the variable does. */
static bool wants_debug(const struct run_request *request)
{
	static const struct str name = STR_INIT("ACTIONS_STEP_DEBUG");
	const struct setting *found = settings_get(request->secrets, name, true);

	if (!found) {
		found = settings_get(request->vars, name, true);
	}
	return found && str_ieq(str_trim(found->value), STR("true"));
}

static bool job_status(void *owner, enum expr_status which, const struct str *args, size_t n)
{
	const struct job *job = owner;

	(void)args;
	(void)n;
	switch (which) {
	case STATUS_SUCCESS:
		return job->status == RESULT_SUCCESS;
	case STATUS_FAILURE:
		return job->status == RESULT_FAILURE;
	case STATUS_CANCELLED:
		return job->status == RESULT_CANCELLED;
	case STATUS_ALWAYS:
		return true;
	}
	return false;
}

static bool job_hash_files(void *owner, const struct str *patterns, size_t n, struct str *out,
			   struct str *why)
{
	struct job *job = owner;
	struct err err = ERR_INIT;

	struct str *inside = arena_array(&job->scratch, struct str, n);

	job_flush(job); /* what has happened is seen before something long begins */
	for (size_t i = 0; i < n; i++) {
		inside[i] = containers_path(job, &job->scratch, patterns[i]);
	}
	if (channel_hash(job->channel, &job->scratch, job->paths->workspace, inside, n, out,
			 &err)) {
		return true;
	}
	*why = arena_str(&job->scratch, str_of(err.msg));
	err_release(&err);
	return false;
}

static void init_contexts(struct job *job)
{
	job_contexts(job->run, job->leg->job, job->leg, &job->contexts);
	job->github = github_context(&job->arena, job->run->request, job->leg->job->scope->root,
				     job->def->id.s);
	job->steps = vobject_new(&job->arena, false);
	job->job_object = vobject_new(&job->arena, false);
	job->contexts.github = value_object(job->github);
	job->contexts.steps = value_object(job->steps);
	job->contexts.job = value_object(job->job_object);
	job->contexts.secrets = job->leg->job->scope->secrets;
	deploy_contexts(job);
	job->contexts.owner = job;
	job->contexts.status = job_status;
	job->contexts.hash_files = job_hash_files;
	job->step_debug = wants_debug(job->run->request);
}

/* What is known only with the machine: directories, user, event file. */
static bool init_machine_contexts(struct job *job, struct str *why)
{
	struct err err = ERR_INIT;

	env_runner_context(job);
	env_job_context(job);
	env_write_event_file(job);
	channel_mkdir(job->channel, job->paths->workspace, 0755, false);
	if (!channel_sync(job->channel, &err)) {
		*why = arena_str(&job->arena, str_of(err.msg));
		err_release(&err);
		return false;
	}
	return true;
}

/* Credentials may use env, which without the machine is known as far as it does not tell of it. */
static bool read_containers(struct job *job, struct str *why)
{
	struct str ignored = STR_EMPTY;

	if (!job->def->container && !job->def->services) {
		return true;
	}
	(void)init_env(job, &ignored);
	return containers_read(job, why);
}

static bool begin(struct job *job, struct str *why)
{
	/* As on a runner, env may use what only the machine tells (github.workspace, github.job).
	 */
	if (!machine_start(job, why)) {
		return false;
	}
	contacts_begin(job);
	if (!init_machine_contexts(job, why) || !job_fill_tool_cache(job, why) ||
	    !outside_open(job, why) || !init_env(job, why) || !init_defaults(job, why) ||
	    !containers_read_env(job, why) || !actions_bring(job, NULL, why)) {
		return false;
	}

	struct event e = { .kind = EVENT_DEBUG, .step = job->set_up_path };

	e.u.debug.source = str_of(job->engine->name);
	e.u.debug.message = machine_describe(job->machine);
	job_emit(job, &e);
	return true;
}

static bool set_up_failed(struct job *job, struct str why)
{
	if (job->not_rehearsed.len) {
		return false;
	}
	job_annotate(job, job->set_up_path, "error", why);
	job->status = job_is_cancelled(job) ? RESULT_CANCELLED : RESULT_FAILURE;
	job->reason = why;
	return false;
}

/* A job's own container is its machine, and comes up here. False: no step can run. */
static bool initialize_containers(struct job *job)
{
	struct str why = STR_EMPTY;
	long long started = now_ms();

	job->set_up_path = containers_step;
	job_step_started(job, containers_step, "Initialize containers", "setup");
	job_flush(job);
	job->containers->announced = true;

	bool begun = job->machine || begin(job, &why);
	bool ok = begun && containers_serve(job, containers_step, &why);

	if (!ok) {
		(void)set_up_failed(job, why);
	}
	job_step_finished(job, containers_step, "Initialize containers", ok, started, why);
	return begun && !job->lost && job->not_rehearsed.len == 0;
}

/* What comes between the set-up and the first step, if all goes well; what fails here is a step
 * that failed: others may run by always(). False: none can. */
static bool prepare_steps(struct job *job)
{
	bool ready = true;

	if (job->machine) {
		actions_make_images(job);
	}
	if (job->containers && (!job->machine || job->status == RESULT_SUCCESS)) {
		ready = initialize_containers(job);
		if (ready) {
			actions_make_images(job);
		}
	}
	return ready && !job->lost;
}

static bool set_up(struct job *job)
{
	struct str why = STR_EMPTY;
	long long started = now_ms();

	job->set_up_path = setup_path;
	job->engine =
		job->leg->placement.how == LABEL_HOST ? &engine_host : job->run->request->engine;
	job_step_started(job, setup_path, "Set up job", "setup");
	job_flush(job);
	init_contexts(job);
	token_show(job);
	services_tell_mode(job);

	bool ok = read_containers(job, &why) &&
		  actions_resolve(job, NULL, job->def->steps, job->def->nsteps, setup_path, &why) &&
		  actions_served(job, &why) && (containers_have_own(job) || begin(job, &why));

	if (ok) {
		called_show(job);
	}
	ok = ok || set_up_failed(job, why);
	job_step_finished(job, setup_path, "Set up job", ok || job->not_rehearsed.len, started,
			  STR_EMPTY);
	ok = ok && prepare_steps(job);
	if (ok) {
		(void)write_all(job->control, "+", 1);
	}
	return ok;
}

/* The machine first: it holds the network and the volumes. */
static void tear_down(struct job *job)
{
	bool announced = job->containers && job->containers->announced;
	long long started = now_ms();

	if (announced) {
		job_step_started(job, stop_step, "Stop containers", "post");
		if (job->containers->pod) {
			containers_logs(job, stop_step);
		}
	}
	job_flush(job);
	while (job->beside.n > 0) {
		action_docker_end(job, job->beside.v[0]);
	}
	if (job->machine) {
		contacts_end(job);
		job_flush(job);
		job->engine->stop(job->machine, job->killed);
		job->channel = NULL;
	}
	containers_close(job);
	if (announced) {
		job_step_finished(job, stop_step, "Stop containers", true, started, STR_EMPTY);
		job_flush(job);
	}
}

/* --- complete ----------------------------------------------------------------------------------
 */

static void send_result(struct job *job, const struct vobject *outputs, struct str url)
{
	struct vobject *o = vobject_new(&job->arena, false);
	struct strbuf reason = STRBUF_INIT(0), line = STRBUF_INIT(0);

	masker_apply(job->masker, job->reason, &reason);
	vobject_set(&job->arena, o, STR("result"), value_str(result_word(job->status)));
	vobject_set(&job->arena, o, STR("reason"), value_str(strbuf_str(&reason)));
	vobject_set(&job->arena, o, STR("outputs"), value_object(outputs));
	vobject_set(&job->arena, o, STR("lost"), value_bool(job->lost));
	vobject_set(&job->arena, o, STR("url"), value_str(url));
	value_to_json_line(&line, value_object(o));
	(void)write_all(job->control, line.p, line.len);
	strbuf_release(&reason);
	strbuf_release(&line);
}

static void run_steps(struct job *job)
{
	action_run_pres(job, job->def->steps, job->def->nsteps, STR_EMPTY);
	for (size_t i = 0; i < job->def->nsteps && !job->lost && !job->killed; i++) {
		struct arena_mark mark = arena_mark(&job->scratch);

		step_run(job, &job->def->steps[i], arena_printf(&job->arena, "%zu", i + 1));
		arena_rewind(&job->scratch, mark);
	}
	background_finish(job);
	action_run_posts(job);
	action_tell_aged(job, complete_path);
}

/* A job whose set-up failed has neither outputs nor an address, whatever they say; one that came to
 * its containers is completed like any other. */
static bool is_completed(const struct job *job, bool set_up)
{
	bool begun = set_up || (job->containers && job->containers->announced);

	return begun && !job->lost && job->global_env;
}

int worker_main(struct run *run, struct leg_run *leg, int control, int events)
{
	struct job job = {
		.arena = ARENA_INIT,
		.run = run,
		.leg = leg,
		.def = leg->job->def,
		.control = control,
		.events = events,
		.out = STRBUF_INIT(0),
		.log_head = LOG_HEAD_INIT,
		.masker = run->request->masker,
		.status = RESULT_SUCCESS,
		.reason = STR_EMPTY,
		.not_rehearsed = STR_EMPTY,
		.services_url = STR_EMPTY,
		.services_token = STR_EMPTY,
		.ca_file = STR_EMPTY,
	};

	(void)signal(SIGPIPE, SIG_IGN);
	/* Its other end is the supervisor's alone, and reads as before. */
	(void)fcntl(events, F_SETFL, O_NONBLOCK);
	job.deadline_ms = leg->timeout_s > 0 ? now_ms() + (long long)(leg->timeout_s * 1000) : 0;

	const bool ready = set_up(&job);

	if (ready) {
		run_steps(&job);
		if (job.lost) {
			job_annotate(&job, complete_path, "error", job.reason);
		}
	}

	/* What such a job came to says nothing. */
	if (job.not_rehearsed.len && !job_is_cancelled(&job)) {
		job.status = RESULT_NOT_REHEARSED;
		job.reason = job.not_rehearsed;
	}

	const bool completed = is_completed(&job, ready);
	const struct vobject *outputs =
		completed ? job_outputs(&job, complete_path) : vobject_new(&job.arena, false);
	struct str url = completed ? deploy_url(&job) : STR_EMPTY;

	tear_down(&job);
	send_result(&job, outputs, url);
	/* The supervisor need not wait until this process's memory is given back. */
	(void)close(control);
	(void)close(events);
	return 0;
}
