/*
 * agent.c - the agent's state, what it sends, and which code serves which frame.
 *
 * Knows no descriptor but the channel's two; the poll loop is in main.c, the work in the files
 * named after it.
 */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
	PATIENCE_MS = 5,
	QUEUE_SIZE = 16 * 1024, /* for a greeting with its environment, without growing */
};

#if defined(__x86_64__)
#define ARCH "x86_64"
#elif defined(__aarch64__)
#define ARCH "aarch64"
#else
#error "the agent knows no name for this architecture"
#endif

long long agent_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void agent_init(struct agent *a, int in, int out)
{
	*a = (struct agent){
		.in = in,
		.out = out,
		.life = -1,
		.direct = -1,
		.signals = -1,
		.packets = -1,
		.init = getpid() == 1,
		.next_id = 2,
		.heard = agent_now(),
		.oom = { -1 },
		.chunk = malloc(FRAME_HEADER + FRAME_MAX),
	};
	BUG_ON(!a->chunk);
	strbuf_init(&a->queue, 0);
	/* So that a block stays when the others go: musl gives each back to the kernel. */
	(void)arena_alloc(&a->scratch, 1);
	(void)strbuf_grow(&a->queue, QUEUE_SIZE);
	frame_input_init(&a->input, 2 * (FRAME_HEADER + FRAME_MAX));
}

void agent_send(struct agent *a, enum frame_type type, uint32_t stream, struct str payload)
{
	frame_send(&a->queue, type, 0, stream, payload);
	a->hurry = true;
}

void agent_relax(struct agent *a)
{
	a->hurry = false;
	a->patience = agent_now() + PATIENCE_MS;
}

void agent_send_later(struct agent *a, enum frame_type type, uint32_t stream, struct str payload)
{
	bool first = a->queue.len == 0;

	frame_send(&a->queue, type, 0, stream, payload);
	if (first) {
		agent_relax(a);
	}
}

/* u32 errno and text; the caller may append more. */
static void put_outcome(struct strbuf *b, const struct err *err)
{
	int sys = err->kind == ERR_NONE ? 0 : err->sys ? err->sys : EINVAL;

	frame_put_u32(b, (uint32_t)sys);
	frame_put_bytes(b, str_of(err->msg ? err->msg : ""));
}

void agent_result(struct agent *a, uint32_t stream, struct err *err)
{
	struct strbuf b = STRBUF_INIT(0);

	put_outcome(&b, err);
	agent_send(a, FRAME_RESULT, stream, strbuf_str(&b));
	strbuf_release(&b);
	err_release(err);
}

void agent_flush(struct agent *a)
{
	while (a->queue.len > 0) {
		ssize_t n = write(a->out, a->queue.p, a->queue.len);

		if (n > 0) {
			strbuf_consume(&a->queue, (size_t)n);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			a->over = true;
			return;
		}
	}
	if (a->direct >= 0) {
		a->out = a->direct;
		a->direct = -1;
	}
}

void agent_flush_due(struct agent *a)
{
	if (a->queue.len > 0 && !a->hurry && agent_now() < a->patience) {
		return;
	}
	a->hurry = true;
	agent_flush(a);
}

void agent_fault(struct agent *a, const char *fmt, ...)
{
	struct err err = ERR_INIT;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, ERR_INVALID, "%s", text);
	err.sys = EPROTO;
	agent_result(a, 0, &err);
	a->over = true;
}

void agent_alive(struct agent *a)
{
	long long now = agent_now();

	if (now - a->spoke >= FRAME_PING_MS) {
		a->spoke = now;
		agent_send(a, FRAME_PONG, 0, STR_EMPTY);
		agent_flush(a);
	}
}

static void put_environ(struct strbuf *b)
{
	uint32_t n = 0;

	for (char **e = environ; *e; e++) {
		n++;
	}
	frame_put_u32(b, n);
	for (char **e = environ; *e; e++) {
		frame_put_bytes(b, str_of(*e));
	}
}

static void answer_hello(struct agent *a, bool direct)
{
	struct strbuf b = STRBUF_INIT(0);

	a->bash = user_find_program("bash", getenv("PATH"));

	frame_put_u32(&b, FRAME_VERSION);
	frame_put_bytes(&b, STR(ACTC_AGENT_ID));
	frame_put_bytes(&b, STR(ARCH));
	frame_put_u32(&b, a->user.uid);
	frame_put_u32(&b, a->user.gid);
	frame_put_bytes(&b, a->user.name);
	frame_put_bytes(&b, a->user.home);
	frame_put_u32(&b, (a->bash ? HELLO_HAS_BASH : 0U) | (direct ? HELLO_DIRECT : 0U));
	put_environ(&b);
	agent_send(a, FRAME_HELLO, 0, strbuf_str(&b));
	strbuf_release(&b);
}

static void serve_hello(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;
	static struct arena forever; /* the user's name and home live as long as the agent */

	a->greeted = true;
	if (!user_resolve(&a->user, &forever, str_of(r->text[0]), "/etc/passwd", "/etc/group",
			  &err)) {
		agent_result(a, 0, &err);
		return;
	}
	for (size_t i = 0; i < r->list[0].n; i++) {
		const char *dir = r->list[0].v[i];

		if (!file_make_dirs(dir, 0755, &a->user, &err) || !file_give(dir, &a->user, &err)) {
			agent_result(a, 0, &err);
			return;
		}
	}
	answer_hello(a, direct_dial(a, r->text[1], r->text[2]));
}

static const struct user *owner_of(const struct agent *a, const struct request *r)
{
	return (r->flags & FLAG_AS_ROOT) ? NULL : &a->user;
}

static void serve_write(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;

	(void)file_write(&a->spare, r->text[0], r->number[0], owner_of(a, r), r->bytes, &err);
	agent_result(a, r->stream, &err);
}

static void serve_mkdir(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;

	(void)file_make_dirs(r->text[0], r->number[0], owner_of(a, r), &err);
	agent_result(a, r->stream, &err);
}

static void serve_remove(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;

	(void)file_remove(a, r->text[0], &err);
	agent_result(a, r->stream, &err);
}

static void serve_read(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;

	if (!file_read(a, r, &err)) {
		agent_result(a, r->stream, &err);
	}
}

/* RESULT with mode, size and owner behind it. */
static void serve_stat(struct agent *a, const struct request *r)
{
	struct strbuf b = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	struct stat st = { 0 };

	if (stat(r->text[0], &st) < 0) {
		err_sys(&err, errno, "%s", r->text[0]);
	}
	put_outcome(&b, &err);
	frame_put_u32(&b, st.st_mode);
	frame_put_u64(&b, (uint64_t)st.st_size);
	frame_put_u32(&b, st.st_uid);
	agent_send(a, FRAME_RESULT, r->stream, strbuf_str(&b));
	strbuf_release(&b);
	err_release(&err);
}

static void serve_ping(struct agent *a, const struct request *r)
{
	agent_send(a, FRAME_PONG, r->stream, STR_EMPTY);
}

static void serve_nothing(struct agent *a, const struct request *r)
{
	(void)a;
	(void)r;
}

static void serve_exit(struct agent *a, const struct request *r)
{
	(void)r;
	a->over = true;
}

/* Frames of a stream that is gone are late, not wrong: both sides may end one. */
static void serve_data(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);

	if (s) {
		stream_data(a, s, r->bytes);
	}
}

static void serve_eof(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);

	if (s) {
		stream_eof(a, s);
	}
}

static void serve_credit(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);

	if (s) {
		s->credit += r->number[0];
	}
}

static void serve_close(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);

	if (s) {
		stream_close(s);
	}
}

static void (*const servers[FRAME_TYPES])(struct agent *, const struct request *) = {
	[FRAME_HELLO] = serve_hello,      [FRAME_PING] = serve_ping,
	[FRAME_PONG] = serve_nothing,     [FRAME_SPAWN] = proc_spawn,
	[FRAME_SIGNAL] = proc_signal,     [FRAME_DATA] = serve_data,
	[FRAME_EOF] = serve_eof,          [FRAME_CREDIT] = serve_credit,
	[FRAME_WRITE] = serve_write,      [FRAME_READ] = serve_read,
	[FRAME_PUT] = work_start,         [FRAME_GET] = work_start,
	[FRAME_STAT] = serve_stat,        [FRAME_MKDIR] = serve_mkdir,
	[FRAME_REMOVE] = serve_remove,    [FRAME_HASH] = work_start,
	[FRAME_FORWARD] = forward_listen, [FRAME_CLOSE] = serve_close,
	[FRAME_RESIZE] = proc_resize,     [FRAME_EXIT] = serve_exit,
	[FRAME_WATCH] = contacts_watch,
};

/* Verbs that open a stream: its number must be act-c's to give and not in use. */
static bool opens_stream(enum frame_type type)
{
	return type == FRAME_SPAWN || type == FRAME_READ || type == FRAME_PUT ||
	       type == FRAME_GET || type == FRAME_HASH || type == FRAME_FORWARD ||
	       type == FRAME_WATCH;
}

void agent_frame(struct agent *a, const struct frame *f)
{
	struct arena_mark mark = arena_mark(&a->scratch);
	struct request r;
	enum request_status status = request_decode(&a->scratch, f, &r);

	if (a->greeted == (f->type == FRAME_HELLO)) {
		agent_fault(a, a->greeted ? "a second HELLO" : "the first frame is no HELLO");
	} else if (status == REQUEST_UNKNOWN || !servers[f->type]) {
		struct err err = ERR_INIT;

		err_set(&err, ERR_INVALID, "unknown frame type %u", (unsigned)f->type);
		err.sys = ENOSYS;
		agent_result(a, f->stream, &err);
	} else if (status == REQUEST_BAD) {
		agent_fault(a, "malformed frame of type %u", (unsigned)f->type);
	} else if (opens_stream(f->type) && (f->stream % 2 == 0 || stream_find(a, f->stream))) {
		agent_fault(a, "stream %u cannot be opened", (unsigned)f->stream);
	} else {
		servers[f->type](a, &r);
	}
	arena_rewind(&a->scratch, mark);
}
