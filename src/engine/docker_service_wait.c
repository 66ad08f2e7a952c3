/*
 * docker_service_wait.c - until services are healthy, and what they printed.
 *
 * One look at all of them tells which have a health check that has not answered yet; then docker's
 * events tell at once when one has, also those from before they were asked for. Nothing is polled
 * but where a program does not run the checks by itself (docker_service_check.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "docker_pod.h"

enum {
	ASK_MS = 200,         /* how often cancelled() is asked */
	EVENTS_SLACK_S = 600, /* the daemon's clock may differ from ours */
	LOOK_MAX = 256 * 1024,
	LOGS_MAX = 8 * 1024 * 1024,
};

#define LOG_LINES "5000"

/* --- looking ---------------------------------------------------------------------------------- */

static void take_look(struct docker_service *s, struct str line)
{
	bool running = str_eq(str_cut(&line, ' '), STR("true"));
	struct str health = line.p ? str_trim(line) : STR_EMPTY;

	s->exited = !running;
	if (health.len == 0 || str_eq(health, STR("none"))) {
		s->state = SERVICE_READY; /* nothing to wait for, not even when it has ended */
	} else if (!running || str_eq(health, STR("unhealthy"))) {
		s->state = SERVICE_FAILED;
	} else if (str_eq(health, STR("healthy"))) {
		s->state = SERVICE_READY;
	}
}

static bool look(struct docker_pod *pod, struct err *err)
{
	struct strbuf text = STRBUF_INIT(LOOK_MAX);
	struct docker_args args;

	docker_args_init(&args, pod->a, pod->program, "container");
	docker_arg(&args, "inspect");
	docker_arg(&args, "--format={{.State.Running}} "
			  "{{if .State.Health}}{{.State.Health.Status}}{{end}}");
	for (size_t i = 0; i < pod->nservices; i++) {
		docker_arg(&args, pod->services[i].name);
	}

	bool ok = docker_call(&args, NULL, &text, DOCKER_CALL_MS, err);
	struct str rest = strbuf_str(&text);

	for (size_t i = 0; ok && i < pod->nservices; i++) {
		take_look(&pod->services[i], rest.p ? str_cut(&rest, '\n') : STR_EMPTY);
	}
	strbuf_release(&text);
	return ok;
}

/* --- events ----------------------------------------------------------------------------------- */

struct watch {
	struct docker_pod *pod;
	struct child child;
	int fd;
	struct strbuf line;
};

static bool is_waited_for(const struct docker_pod *pod)
{
	bool starting = false;

	for (size_t i = 0; i < pod->nservices; i++) {
		/* One that has failed ends the wait for the others. */
		if (pod->services[i].state == SERVICE_FAILED) {
			return false;
		}
		starting = starting || pod->services[i].state == SERVICE_STARTING;
	}
	return starting;
}

/* "NAME health_status: healthy" */
static void take_event(struct docker_pod *pod, struct str line)
{
	struct str name = str_cut(&line, ' ');
	struct str what = line.p ? str_trim(line) : STR_EMPTY;

	for (size_t i = 0; i < pod->nservices; i++) {
		struct docker_service *s = &pod->services[i];

		if (!str_eq(name, str_of(s->name)) || s->state != SERVICE_STARTING) {
			continue;
		}
		if (str_ends(what, STR(": healthy"))) {
			s->state = SERVICE_READY;
		} else if (str_ends(what, STR(": unhealthy"))) {
			s->state = SERVICE_FAILED;
		} else if (str_eq(what, STR("die"))) {
			s->state = SERVICE_FAILED;
			s->exited = true;
		}
	}
}

static bool read_events(struct watch *w)
{
	char chunk[4096];
	ssize_t n = read(w->fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR) {
		return true;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] == '\n') {
			take_event(w->pod, strbuf_str(&w->line));
			strbuf_reset(&w->line);
		} else {
			(void)strbuf_addc(&w->line, chunk[i]);
		}
	}
	return n > 0;
}

static bool watch_start(struct watch *w, struct err *err)
{
	struct docker_pod *pod = w->pod;
	struct docker_args args;

	docker_args_init(&args, pod->a, pod->program, "events");
	docker_argf(&args, "--since=%lld", pod->started_s - EVENTS_SLACK_S);
	docker_arg(&args, "--filter=type=container");
	docker_argf(&args, "--filter=label=act-c.pod=%s", pod->name);
	docker_arg(&args, "--filter=event=health_status");
	docker_arg(&args, "--filter=event=die");
	docker_arg(&args, "--format={{.Actor.Attributes.name}} {{.Action}}");

	struct child_spec child = docker_child(&args);

	child.out = CHILD_PIPE;
	if (!child_start(&child, &w->child, err)) {
		return false;
	}
	w->fd = w->child.out;
	return true;
}

static bool watch_run(struct watch *w, struct err *err)
{
	while (is_waited_for(w->pod)) {
		struct pollfd in = { w->fd, POLLIN, 0 };
		int ready = poll(&in, 1, ASK_MS);

		if (docker_pod_cancelled(w->pod, err)) {
			return false;
		}
		if (ready > 0 && !read_events(w)) {
			return err_set(err, ERR_ENGINE,
				       "the docker daemon does not tell its events any more");
		}
	}
	return true;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void tell(struct docker_pod *pod, const struct docker_service *s)
{
	const struct container_spec *c = s->spec;

	if (s->state == SERVICE_FAILED) {
		docker_pod_say(pod, "service %.*s %s; it printed:", STR_ARG(c->id),
			       s->exited ? "has ended" : "is unhealthy");
		docker_service_logs(pod, s);
		docker_pod_say(pod, "Failed to initialize container %.*s", STR_ARG(c->image));
	} else if (s->exited) {
		docker_pod_say(pod, "warning: service %.*s has ended already; it printed:",
			       STR_ARG(c->id));
		docker_service_logs(pod, s);
	}
}

static bool verdict(struct docker_pod *pod, struct err *err)
{
	bool failed = false;

	for (size_t i = 0; i < pod->nservices; i++) {
		failed = failed || pod->services[i].state == SERVICE_FAILED;
		tell(pod, &pod->services[i]);
	}
	return !failed || err_set(err, ERR_ENGINE, "One or more containers failed to start.");
}

static bool wait_by_events(struct docker_pod *pod, struct err *err)
{
	struct watch w = { .pod = pod, .child = CHILD_INIT, .line = STRBUF_INIT(65536) };
	bool ok = watch_start(&w, err) && watch_run(&w, err);

	child_end(&w.child);
	strbuf_release(&w.line);
	return ok;
}

/* The program runs no checks by itself, or need not: it is told to, and looked at after each. */
static bool wait_by_checks(struct docker_pod *pod, struct err *err)
{
	bool ok = true;

	while (ok && is_waited_for(pod)) {
		int left = docker_pod_check(pod);

		ok = look(pod, err);
		while (ok && left > 0 && is_waited_for(pod)) {
			(void)poll(NULL, 0, left < ASK_MS ? left : ASK_MS);
			left -= ASK_MS;
			ok = !docker_pod_cancelled(pod, err);
		}
	}
	return ok;
}

bool docker_pod_wait(struct docker_pod *pod, struct err *err)
{
	bool ok = look(pod, err);

	if (ok && is_waited_for(pod)) {
		ok = pod->program->checks ? wait_by_events(pod, err) : wait_by_checks(pod, err);
	}
	return ok && verdict(pod, err);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void hand_on(struct docker_pod *pod, struct str text)
{
	while (text.p && text.len) {
		struct str line = str_cut(&text, '\n');

		if (str_ends(line, STR("\r"))) {
			line.len--;
		}
		if (pod->spec.progress) {
			pod->spec.progress(pod->spec.ctx, line);
		}
	}
}

void docker_service_logs(struct docker_pod *pod, const struct docker_service *s)
{
	struct strbuf out = STRBUF_INIT(LOGS_MAX), errout = STRBUF_INIT(LOGS_MAX);
	struct docker_args args;
	struct err ignored = ERR_INIT;
	int status = 0;

	docker_args_init(&args, pod->a, pod->program, "logs");
	docker_arg(&args, "--tail=" LOG_LINES);
	docker_arg(&args, s->name);

	struct child_spec child = docker_child(&args);

	(void)child_capture(&child, NULL, &out, &errout, DOCKER_CALL_MS, &status, &ignored);
	hand_on(pod, strbuf_str(&out));
	hand_on(pod, strbuf_str(&errout));
	err_release(&ignored);
	strbuf_release(&out);
	strbuf_release(&errout);
}

void docker_pod_logs(struct pod *base, size_t service)
{
	struct docker_pod *pod = (struct docker_pod *)base;

	if (service < pod->nservices) {
		docker_service_logs(pod, &pod->services[service]);
	}
}
