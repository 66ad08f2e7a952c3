/*
 * worker.c - the supervisor's side of a worker: fork, pipes, reading, its end.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/process.h"
#include "services.h"

enum {
	EVENTS_FIRST = 4 * 1024,
	EVENTS_CHUNK = 128 * 1024, /* as much as the pipe holds */
	SIDE_CHUNK = 4 * 1024,     /* each page of a stack is copied anew after every fork */
};

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

static void worker_close(struct worker *w)
{
	close_fd(&w->control);
	close_fd(&w->events);
	close_fd(&w->noise);
}

struct pipes {
	int control[2], events[2], noise[2];
};

static bool make_pipes(struct pipes *p)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->control) == 0 &&
	    pipe2(p->events, O_CLOEXEC) == 0 && pipe2(p->noise, O_CLOEXEC) == 0) {
		/* A loud step's lines go through in fewer turns; where it is refused, in more. */
		(void)fcntl(p->events[1], F_SETPIPE_SZ, EVENTS_CHUNK);
		return true;
	}
	for (int i = 0; i < 2; i++) {
		close_fd(&p->control[i]);
		close_fd(&p->events[i]);
		close_fd(&p->noise[i]);
	}
	return false;
}

/* A session of its own: a terminal's Ctrl-C is the supervisor's business, not the worker's. */
static _Noreturn void child(struct run *run, struct leg_run *leg, struct pipes *p,
			    struct worker *const *others, size_t nothers)
{
	static const int defaults[] = { SIGINT, SIGTERM, SIGCHLD, SIGHUP };

	(void)setsid();
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		(void)signal(defaults[i], SIG_DFL);
	}
	for (size_t i = 0; i < nothers; i++) {
		struct worker copy = *others[i];

		worker_close(&copy);
	}
	services_forget(run->services);
	(void)close(p->control[0]);
	(void)close(p->events[0]);
	(void)close(p->noise[0]);
	(void)dup2(p->noise[1], STDERR_FILENO);
	(void)close(p->noise[1]);
	_exit(worker_main(run, leg, p->control[1], p->events[1]));
}

bool worker_start(struct run *run, struct leg_run *leg, struct worker *w,
		  struct worker *const *others, size_t nothers)
{
	struct pipes p;

	if (!make_pipes(&p)) {
		return false;
	}

	pid_t pid = fork();

	if (pid == 0) {
		child(run, leg, &p, others, nothers);
	}
	(void)close(p.control[1]);
	(void)close(p.events[1]);
	(void)close(p.noise[1]);
	*w = (struct worker){
		.leg = leg,
		.pid = pid,
		.control = p.control[0],
		.events = p.events[0],
		.noise = p.noise[0],
		.room = EVENTS_FIRST,
		.record = STRBUF_INIT(0),
		.reply = STRBUF_INIT(64 * 1024 * 1024),
		.murmur = STRBUF_INIT(64 * 1024),
		.step_text = STRBUF_INIT(0),
		.step = STR_EMPTY,
		.step_name = STR_EMPTY,
	};
	if (pid < 0) {
		worker_close(w);
		return false;
	}
	leg->worker = w;
	leg->started_ms = now_ms();
	return true;
}

void worker_send(struct worker *w, enum worker_command c)
{
	char byte = (char)c;

	if (w->control >= 0) {
		(void)send(w->control, &byte, 1, MSG_NOSIGNAL);
	}
}

void worker_kill(struct worker *w)
{
	(void)kill(w->pid, SIGKILL);
}

/* Which step is live, for the line that says what still runs. */
static void note_step(struct worker *w, struct str record)
{
	struct arena a = ARENA_INIT;
	struct event e;

	if (!event_is(record, EVENT_STEP_STARTED) || !event_decode(&a, record, &e)) {
		arena_release(&a);
		return;
	}
	strbuf_reset(&w->step_text);
	strbuf_adds(&w->step_text, e.step);
	strbuf_adds(&w->step_text, e.u.step_started.name);
	w->step = str_slice(strbuf_str(&w->step_text), 0, e.step.len);
	w->step_name = str_slice(strbuf_str(&w->step_text), e.step.len, w->step_text.len);
	arena_release(&a);
}

/* Takes one thing from the begin of what has come; the bytes that it was, 0 when it is not all
 * there. */
static size_t take_record(struct run *run, struct worker *w, struct str bytes)
{
	size_t end = str_chr(bytes, '\n', 0);

	if (end == STR_NPOS) {
		return 0;
	}
	note_step(w, str_slice(bytes, 0, end));
	event_bus_record(run->request->bus, str_slice(bytes, 0, end + 1));
	return end + 1;
}

static size_t take_block(struct run *run, struct str bytes)
{
	struct log_block block;
	size_t used = 0;
	enum log_block_status status = log_block_unpack(bytes, &block, &used);

	BUG_ON(status == LOG_BLOCK_BAD);
	if (status == LOG_BLOCK_OK) {
		event_bus_block(run->request->bus, &block);
	}
	return used;
}

static void take_records(struct run *run, struct worker *w)
{
	size_t from = 0, n = 1;

	while (n > 0 && from < w->record.len) {
		struct str left = str_slice(strbuf_str(&w->record), from, w->record.len);

		n = left.p[0] == LOG_BLOCK_MARK ? take_block(run, left) : take_record(run, w, left);
		from += n;
	}
	strbuf_consume(&w->record, from);
}

static void emit_noise(struct run *run, struct worker *w, struct str line)
{
	struct event e = { .kind = EVENT_DEBUG, .job = w->leg->path };

	e.u.debug.source = STR("worker");
	e.u.debug.message = line;
	event_bus_emit(run->request->bus, run->request->masker, &e);
}

static void take_noise(struct run *run, struct worker *w, bool all)
{
	for (;;) {
		struct str text = strbuf_str(&w->murmur);
		size_t end = str_chr(text, '\n', 0);

		if (end == STR_NPOS) {
			break;
		}
		emit_noise(run, w, str_slice(text, 0, end));
		strbuf_consume(&w->murmur, end + 1);
	}
	if (w->murmur.len && (all || w->murmur.len > 32 * 1024)) {
		emit_noise(run, w, strbuf_str(&w->murmur));
		strbuf_reset(&w->murmur);
	}
}

/* Straight behind what is there. A step may print gigabytes, but most jobs say little: the room
 * grows with what comes. */
static void read_records(struct run *run, struct worker *w)
{
	ssize_t n;

	(void)strbuf_grow(&w->record, w->room);
	n = read(w->events, w->record.p + w->record.len, w->room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (n <= 0) {
		close_fd(&w->events);
		return;
	}
	w->room = (size_t)n == w->room && w->room < EVENTS_CHUNK ? 2 * w->room : w->room;
	w->record.len += (size_t)n;
	w->record.p[w->record.len] = '\0';
	take_records(run, w);
}

void worker_read(struct run *run, struct worker *w, int fd)
{
	char chunk[SIDE_CHUNK];
	ssize_t n;

	if (fd == w->events) {
		read_records(run, w);
		return;
	}
	n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (fd == w->control) {
		if (n > 0 && !w->machine_up && chunk[0] == '+') {
			w->machine_up = true;
			strbuf_add(&w->reply, chunk + 1, (size_t)n - 1);
		} else if (n > 0) {
			strbuf_add(&w->reply, chunk, (size_t)n);
		} else {
			close_fd(&w->control);
		}
	} else if (n > 0) {
		strbuf_add(&w->murmur, chunk, (size_t)n);
		take_noise(run, w, false);
	} else {
		take_noise(run, w, true);
		close_fd(&w->noise);
	}
}

bool worker_ended(const struct worker *w)
{
	return w->control < 0 && w->events < 0;
}

static enum result read_reply(struct run *run, struct worker *w, struct str *reason,
			      const struct vobject **outputs)
{
	struct value v = value_null();
	struct err err = ERR_INIT;

	if (w->reply.len == 0 ||
	    !value_from_json_strict(run->arena, strbuf_str(&w->reply), &v, &err)) {
		err_release(&err);
		return RESULT_NONE;
	}

	struct value result = value_get(v, STR("result")), why = value_get(v, STR("reason"));
	struct value out = value_get(v, STR("outputs"));

	if (why.kind == VALUE_STRING) {
		*reason = why.u.s;
	}
	w->lost = value_truthy(value_get(v, STR("lost")));
	if (out.kind == VALUE_OBJECT) {
		*outputs = out.u.o;
	}
	w->leg->url = value_to_str(run->arena, value_get(v, STR("url")));
	return result.kind == VALUE_STRING ? result_from_word(result.u.s) : RESULT_NONE;
}

static struct str death(struct arena *a, int status)
{
	if (WIFSIGNALED(status)) {
		return arena_printf(a, "its worker was ended by signal %d", WTERMSIG(status));
	}
	return arena_printf(a, "its worker ended with status %d and no result",
			    WEXITSTATUS(status));
}

enum result worker_end(struct run *run, struct worker *w, struct str *reason,
		       const struct vobject **outputs)
{
	int status = 0;

	*reason = STR_EMPTY;
	*outputs = NULL;

	enum result result = read_reply(run, w, reason, outputs);

	if (result == RESULT_NONE) {
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
		}
		w->pid = 0;
		result = w->cancelled ? RESULT_CANCELLED : RESULT_FAILURE;
		*reason = w->cancelled ? STR("cancelled while it was being set up")
				       : death(run->arena, status);
	}
	worker_close(w);
	strbuf_release(&w->record);
	strbuf_release(&w->reply);
	strbuf_release(&w->murmur);
	strbuf_release(&w->step_text);
	w->leg->worker = NULL;
	return result;
}
