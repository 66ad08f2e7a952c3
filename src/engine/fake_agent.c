/*
 * fake_agent.c - the agent's side of the protocol, with nothing behind it but memory.
 *
 * Serves what a run needs (spawn, signal, small files, an upload that is thrown away, a hash that
 * is always the same) and refuses the rest as an agent that does not know it would.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/frame.h"
#include "actc/process.h"
#include "agent_blob.h"
#include "fake.h"

struct fake_proc {
	struct fake_proc *next;
	uint32_t stream;
	uint64_t credit;
	struct fake_script script;
	size_t ngiven; /* files handed back with the end */
	struct str *given;
};

/* An upload: what comes is counted and thrown away. */
struct fake_sink {
	struct fake_sink *next;
	uint32_t stream;
};

struct fake {
	int fd;
	bool over;
	struct frame_input input;
	struct strbuf queue;
	struct fake_files files;
	struct fake_proc *procs;
	struct fake_sink *sinks;
};

static void send_frame(struct fake *f, enum frame_type type, uint32_t stream, struct str payload)
{
	frame_send(&f->queue, type, 0, stream, payload);
}

/* errno and text; the caller may have put more into `more`. */
static void send_result(struct fake *f, uint32_t stream, int sys, struct str more)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, (uint32_t)sys);
	frame_put_bytes(&b, sys ? str_of(strerror(sys)) : STR_EMPTY);
	(void)strbuf_adds(&b, more);
	send_frame(f, FRAME_RESULT, stream, strbuf_str(&b));
	strbuf_release(&b);
}

/* --- requests --------------------------------------------------------------------------------- */

static void serve_hello(struct fake *f, const struct frame *frame)
{
	static const struct str env = STR_INIT("PATH=/usr/local/bin:/usr/bin:/bin");
	struct strbuf b = STRBUF_INIT(0);

	(void)frame;
	frame_put_u32(&b, FRAME_VERSION);
	frame_put_bytes(&b, str_of(agent_build()));
	frame_put_bytes(&b, STR("x86_64"));
	frame_put_u32(&b, 0);
	frame_put_u32(&b, 0);
	frame_put_bytes(&b, STR("root"));
	frame_put_bytes(&b, STR("/root"));
	frame_put_u32(&b, HELLO_HAS_BASH);
	frame_put_list(&b, &env, 1);
	send_frame(f, FRAME_HELLO, 0, strbuf_str(&b));
	strbuf_release(&b);
}

static void serve_ping(struct fake *f, const struct frame *frame)
{
	send_frame(f, FRAME_PONG, frame->stream, STR_EMPTY);
}

static struct str *take_list(struct arena *a, struct frame_reader *r, size_t *n)
{
	uint32_t count = frame_u32(r);

	*n = r->bad || count > r->left / 4 ? 0 : count;

	struct str *v = arena_array(a, struct str, *n);

	for (size_t i = 0; i < *n; i++) {
		v[i] = arena_str(a, frame_bytes(r));
	}
	return v;
}

static void serve_spawn(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	struct fake_proc *p = calloc(1, sizeof(*p));
	size_t nargv;

	BUG_ON(!p);
	p->stream = frame->stream;
	p->credit = STREAM_CREDIT;
	strbuf_init(&p->script.out, 0);
	(void)frame_bytes(&r); /* cwd */
	(void)frame_bytes(&r); /* mark */

	const struct str *argv = take_list(&p->script.a, &r, &nargv);
	struct str text = fake_script_text(&f->files, argv, nargv);

	p->script.env = take_list(&p->script.a, &r, &p->script.nenv);
	p->given = take_list(&p->script.a, &r, &p->ngiven);
	for (size_t i = 0; i < p->ngiven; i++) {
		strbuf_reset(&fake_file_make(&f->files, p->given[i], 0644)->content);
	}
	p->script.rest = arena_str(&p->script.a, text);
	p->next = f->procs;
	f->procs = p;
	/* At once, so that a signal behind it meets the same state every time. */
	fake_script_run(&p->script, &f->files);
}

static void serve_signal(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	int signo = (int)frame_u32(&r);

	for (struct fake_proc *p = f->procs; p; p = p->next) {
		if (p->stream == frame->stream) {
			fake_script_signal(&p->script, signo);
		}
	}
}

static void serve_credit(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	uint32_t n = frame_u32(&r);

	for (struct fake_proc *p = f->procs; p; p = p->next) {
		p->credit += p->stream == frame->stream ? n : 0;
	}
}

static void serve_write(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	unsigned mode = frame_u32(&r);
	struct str path = frame_bytes(&r);
	struct fake_file *file = fake_file_make(&f->files, path, mode);

	strbuf_reset(&file->content);
	(void)strbuf_add(&file->content, r.p, r.left);
	send_result(f, frame->stream, 0, STR_EMPTY);
}

static void serve_read(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	uint64_t limit = frame_u64(&r);
	struct str path = frame_bytes(&r);
	struct fake_file *file = fake_file_find(&f->files, path);
	struct strbuf size = STRBUF_INIT(0);

	if (!file && str_starts(path, STR("/usr/bin/"))) {
		file = fake_file_make(&f->files, path, 0755); /* there is every program */
	}
	if (!file) {
		send_result(f, frame->stream, ENOENT, STR_EMPTY);
		return;
	}

	/* The files of a test are far below the credit of a stream. */
	struct str content = str_slice(strbuf_str(&file->content), 0, (size_t)limit);

	if (content.len) {
		send_frame(f, FRAME_DATA, frame->stream, content);
	}
	send_frame(f, FRAME_EOF, frame->stream, STR_EMPTY);
	frame_put_u64(&size, file->content.len);
	send_result(f, frame->stream, 0, strbuf_str(&size));
	strbuf_release(&size);
}

static void serve_stat(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);
	struct fake_file *file = fake_file_find(&f->files, frame_bytes(&r));
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, file ? 0100000 | file->mode : 0);
	frame_put_u64(&b, file ? file->content.len : 0);
	frame_put_u32(&b, 0);
	send_result(f, frame->stream, file ? 0 : ENOENT, strbuf_str(&b));
	strbuf_release(&b);
}

/* Directories are not kept: every path can be written. */
static void serve_mkdir(struct fake *f, const struct frame *frame)
{
	send_result(f, frame->stream, 0, STR_EMPTY);
}

static void serve_remove(struct fake *f, const struct frame *frame)
{
	struct frame_reader r = frame_reader(frame);

	fake_file_remove(&f->files, frame_bytes(&r));
	send_result(f, frame->stream, 0, STR_EMPTY);
}

static void serve_put(struct fake *f, const struct frame *frame)
{
	struct fake_sink *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	s->stream = frame->stream;
	s->next = f->sinks;
	f->sinks = s;
}

static void serve_hash(struct fake *f, const struct frame *frame)
{
	static const char digest[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	send_frame(f, FRAME_DATA, frame->stream, str_of(digest));
	send_frame(f, FRAME_EOF, frame->stream, STR_EMPTY);
	send_result(f, frame->stream, 0, STR_EMPTY);
}

static bool is_sink(const struct fake *f, uint32_t stream)
{
	for (struct fake_sink *s = f->sinks; s; s = s->next) {
		if (s->stream == stream) {
			return true;
		}
	}
	return false;
}

static void serve_data(struct fake *f, const struct frame *frame)
{
	struct strbuf b = STRBUF_INIT(0);

	if (is_sink(f, frame->stream)) {
		frame_put_u32(&b, frame->len);
		send_frame(f, FRAME_CREDIT, frame->stream, strbuf_str(&b));
	}
	strbuf_release(&b);
}

static void serve_eof(struct fake *f, const struct frame *frame)
{
	for (struct fake_sink **link = &f->sinks; *link; link = &(*link)->next) {
		struct fake_sink *s = *link;

		if (s->stream == frame->stream) {
			*link = s->next;
			free(s);
			send_result(f, frame->stream, 0, STR_EMPTY);
			return;
		}
	}
}

static void serve_exit(struct fake *f, const struct frame *frame)
{
	(void)frame;
	f->over = true;
}

static void serve_nothing(struct fake *f, const struct frame *frame)
{
	(void)f;
	(void)frame;
}

static void (*const servers[FRAME_TYPES])(struct fake *, const struct frame *) = {
	[FRAME_HELLO] = serve_hello,   [FRAME_PING] = serve_ping,     [FRAME_PONG] = serve_nothing,
	[FRAME_SPAWN] = serve_spawn,   [FRAME_SIGNAL] = serve_signal, [FRAME_DATA] = serve_data,
	[FRAME_EOF] = serve_eof,       [FRAME_CREDIT] = serve_credit, [FRAME_WRITE] = serve_write,
	[FRAME_READ] = serve_read,     [FRAME_PUT] = serve_put,       [FRAME_STAT] = serve_stat,
	[FRAME_MKDIR] = serve_mkdir,   [FRAME_REMOVE] = serve_remove, [FRAME_HASH] = serve_hash,
	[FRAME_CLOSE] = serve_nothing, [FRAME_EXIT] = serve_exit,
};

static void serve(struct fake *f, const struct frame *frame)
{
	if ((unsigned)frame->type < FRAME_TYPES && servers[frame->type]) {
		servers[frame->type](f, frame);
	} else {
		send_result(f, frame->stream, ENOSYS, STR_EMPTY);
	}
}

/* --- processes -------------------------------------------------------------------------------- */

static void hand_back(struct fake *f, const struct fake_proc *p, struct strbuf *b)
{
	frame_put_u32(b, (uint32_t)p->ngiven);
	for (size_t i = 0; i < p->ngiven; i++) {
		const struct fake_file *file = fake_file_find(&f->files, p->given[i]);

		frame_put_u32(b, file ? HANDED_OK : HANDED_MISSING);
		frame_put_bytes(b, file ? strbuf_str(&file->content) : STR_EMPTY);
		fake_file_remove(&f->files, p->given[i]);
	}
}

static void send_exited(struct fake *f, const struct fake_proc *p)
{
	struct strbuf b = STRBUF_INIT(0);

	send_frame(f, FRAME_EOF, p->stream, STR_EMPTY);
	frame_put_u32(&b, 0);
	frame_put_bytes(&b, STR_EMPTY);
	frame_put_u32(&b, (uint32_t)p->script.code);
	frame_put_u32(&b, (uint32_t)p->script.signal);
	frame_put_u32(&b, EXITED_DRAINED);
	hand_back(f, p, &b);
	send_frame(f, FRAME_EXITED, p->stream, strbuf_str(&b));
	strbuf_release(&b);
}

static void send_output(struct fake *f, struct fake_proc *p)
{
	struct str out = str_slice(strbuf_str(&p->script.out), 0, (size_t)p->credit);

	if (out.len) {
		send_frame(f, FRAME_DATA, p->stream, out);
		p->credit -= out.len;
		strbuf_consume(&p->script.out, out.len);
	}
}

static void run_procs(struct fake *f)
{
	struct fake_proc **link = &f->procs;

	while (*link) {
		struct fake_proc *p = *link;

		fake_script_run(&p->script, &f->files);
		send_output(f, p);
		f->over = f->over || p->script.lost;
		if (p->script.ended && p->script.out.len == 0) {
			send_exited(f, p);
			*link = p->next;
			strbuf_release(&p->script.out);
			arena_release(&p->script.a);
			free(p);
		} else {
			link = &p->next;
		}
	}
}

/* Until the next sleeper wakes, -1 = none sleeps. */
static int next_wake(const struct fake *f)
{
	long long now = now_ms(), wait = -1;

	for (const struct fake_proc *p = f->procs; p; p = p->next) {
		long long left = p->script.wake > now ? p->script.wake - now : 0;

		if (p->script.wake && (wait < 0 || left < wait)) {
			wait = left;
		}
	}
	return wait > 3600000 ? 3600000 : (int)wait;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void take_frames(struct fake *f)
{
	struct frame frame;
	size_t room;
	uint8_t *p = frame_input_room(&f->input, &room);
	ssize_t n = read(f->fd, p, room);
	enum frame_status status = FRAME_MORE;

	if (n <= 0) {
		f->over = f->over || n == 0 || errno != EINTR;
		return;
	}
	frame_input_add(&f->input, (size_t)n);
	while (!f->over && (status = frame_input_next(&f->input, &frame)) == FRAME_OK) {
		serve(f, &frame);
	}
	f->over = f->over || status == FRAME_BAD;
}

_Noreturn void fake_agent(int fd)
{
	struct fake f = { .fd = fd, .queue = STRBUF_INIT(0) };

	frame_input_init(&f.input, 2 * (FRAME_HEADER + FRAME_MAX));
	while (!f.over) {
		struct pollfd in = { fd, POLLIN, 0 };

		if (poll(&in, 1, next_wake(&f)) > 0) {
			take_frames(&f);
		}
		run_procs(&f);
		/* Blocking: act-c takes what it has given credit for. */
		f.over = !write_all(fd, f.queue.p, f.queue.len) || f.over;
		strbuf_reset(&f.queue);
	}
	_exit(0);
}
