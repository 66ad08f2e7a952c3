/*
 * channel.c - act-c's end of the connection to an agent: greeting, turns, credit, liveness.
 *
 * The receiving buffer is large and what a process printed is handed on straight out of it, so
 * that output flows at the speed of the pipe; credit is given back in big steps. What the verbs
 * mean is in channel_proc.c, channel_request.c and channel_forward.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel_impl.h"

enum {
	RX_SIZE = 1024 * 1024,
	PIPE_SIZE = 1024 * 1024,
	/* What is polled: the caller's descriptor, then for each channel its three and those of its
	 * streams. */
	SLOT_WAKE = 0,
	SLOT_FIRST,
	SLOT_IN = 0,
	SLOT_OUT,
	SLOT_LIFE,
	SLOTS,
};

long long chan_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void *chan_alloc(size_t size)
{
	void *p = calloc(1, size);

	BUG_ON(!p);
	return p;
}

void chan_add(struct channel *c, struct chan_stream *s, const struct chan_ops *ops, uint32_t id)
{
	s->ops = ops;
	s->credit = STREAM_CREDIT;
	s->id = id;
	if (!id) {
		s->id = c->next_id;
		c->next_id += 2;
	}
	s->next = c->streams;
	c->streams = s;
}

static bool list_remove(struct chan_stream **at, const struct chan_stream *s)
{
	for (; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			return true;
		}
	}
	return false;
}

void chan_remove(struct channel *c, struct chan_stream *s)
{
	(void)(list_remove(&c->streams, s) || list_remove(&c->ended, s));
}

static void list_release(struct chan_stream **list)
{
	while (*list) {
		struct chan_stream *s = *list;

		*list = s->next;
		s->ops->release(s);
	}
}

struct chan_stream *chan_find(struct channel *c, uint32_t id)
{
	for (struct chan_stream *s = c->streams; s; s = s->next) {
		if (s->id == id) {
			return s;
		}
	}
	return NULL;
}

void chan_send(struct channel *c, enum frame_type type, uint8_t flags, uint32_t stream,
	       struct str payload)
{
	if (!c->lost) {
		frame_send(&c->tx, type, flags, stream, payload);
	}
}

void chan_credit(struct channel *c, struct chan_stream *s, size_t n)
{
	struct strbuf b = STRBUF_INIT(0);

	s->owed += (uint32_t)n;
	if (s->owed < STREAM_CREDIT / 2) {
		return;
	}
	frame_put_u32(&b, s->owed);
	chan_send(c, FRAME_CREDIT, 0, s->id, strbuf_str(&b));
	strbuf_release(&b);
	s->owed = 0;
}

void chan_fail(struct channel *c, const char *fmt, ...)
{
	va_list ap;

	if (c->lost) {
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&c->why, fmt, ap) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	va_end(ap);
	c->lost = true;
	while (c->streams) {
		struct chan_stream *s = c->streams;

		c->streams = s->next;
		s->ops->lost(c, s);
	}
}

/* The first bytes are not the protocol's: an entry point that prints, a shell's complaint. */
static void fail_noise(struct channel *c)
{
	const char *p = (const char *)c->input.p + c->input.at;
	size_t n = c->input.len - c->input.at;
	char text[161];
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(text) - 1; i++) {
		text[len++] = p[i] >= ' ' && p[i] <= '~' ? p[i] : ' ';
	}
	text[len] = '\0';
	if (c->greeted) {
		chan_fail(c, "the agent broke the protocol");
	} else {
		chan_fail(c, "something else than the agent answered: \"%s\"", text);
	}
}

static void take_env(struct channel *c, struct arena *a, struct frame_reader *r)
{
	uint32_t n = frame_u32(r);

	if (r->bad || n > r->left / 4) {
		chan_fail(c, "the agent's greeting is malformed");
		return;
	}

	struct str *env = arena_array(a, struct str, n);

	for (uint32_t i = 0; i < n; i++) {
		env[i] = arena_str(a, frame_bytes(r));
	}
	c->peer.env = env;
	c->peer.nenv = n;
	c->greeted = true;
}

static void prepare_fd(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE); /* fails for a socket, which is fine */
}

/* The agent has said that it goes on over the connection that it made. */
static void go_direct(struct channel *c)
{
	int fd = c->door ? door_accept(c->door) : -1;

	if (fd < 0) {
		chan_fail(c, "the agent's own connection did not come");
		return;
	}
	c->life_in = c->in;
	c->life_out = c->out;
	c->in = c->out = fd;
	prepare_fd(fd);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ FRAME_SOCKET_BUFFER }, sizeof(int));
	frame_input_drop(&c->input);
}

static void take_hello(struct channel *c, struct arena *a, const struct frame *f)
{
	struct frame_reader r = frame_reader(f);
	struct channel_peer *p = &c->peer;

	p->version = frame_u32(&r);
	p->build = arena_str(a, frame_bytes(&r));
	if (p->version != FRAME_VERSION) {
		chan_fail(c, "the agent speaks version %u of the protocol, not %d",
			  (unsigned)p->version, FRAME_VERSION);
		return;
	}
	p->arch = arena_str(a, frame_bytes(&r));
	p->uid = frame_u32(&r);
	p->gid = frame_u32(&r);
	p->user = arena_str(a, frame_bytes(&r));
	p->home = arena_str(a, frame_bytes(&r));

	uint32_t bits = frame_u32(&r);

	p->has_bash = bits & HELLO_HAS_BASH;
	take_env(c, a, &r);
	if (c->greeted && (bits & HELLO_DIRECT)) {
		go_direct(c);
	}
}

/* On stream 0 the agent says why it gives up. */
static void take_complaint(struct channel *c, const struct frame *f)
{
	struct frame_reader r = frame_reader(f);

	(void)frame_u32(&r);

	struct str text = frame_bytes(&r);

	chan_fail(c, "the agent ended: %.*s", STR_ARG(text));
}

static void dispatch_data(struct channel *c, const struct frame *f)
{
	struct chan_stream *s = chan_find(c, f->stream);

	if (!s) {
		return; /* late: we have closed it */
	}

	/* The callback may end the stream: then there is nobody to give credit to. */
	const struct chan_ops *ops = s->ops;

	ops->data(c, s, str_mk((const char *)f->payload, f->len));
	if (!ops->own_credit && chan_find(c, f->stream) == s) {
		chan_credit(c, s, f->len);
	}
}

static void dispatch_open(struct channel *c, const struct frame *f)
{
	struct frame_reader r = frame_reader(f);
	struct chan_stream *listener = chan_find(c, frame_u32(&r));

	if (listener && f->stream % 2 == 0) {
		forward_open(c, listener, f->stream);
	} else {
		chan_send(c, FRAME_CLOSE, 0, f->stream, STR_EMPTY);
	}
}

static void dispatch(struct channel *c, const struct frame *f)
{
	struct frame_reader r = frame_reader(f);
	struct chan_stream *s = chan_find(c, f->stream);

	if (f->type == FRAME_DATA) {
		dispatch_data(c, f);
	} else if (f->type == FRAME_PING) {
		chan_send(c, FRAME_PONG, 0, f->stream, STR_EMPTY);
	} else if (f->type == FRAME_RESULT && f->stream == 0) {
		take_complaint(c, f);
	} else if (f->type == FRAME_OPEN && !s) {
		dispatch_open(c, f);
	} else if (f->type == FRAME_CREDIT && s) {
		s->credit += frame_u32(&r);
	} else if (s) {
		s->ops->frame(c, s, f);
	}
}

/* The frames that have arrived. `hello` takes the greeting into that arena. */
static void dispatch_all(struct channel *c, struct arena *hello)
{
	struct frame f;
	enum frame_status status = FRAME_MORE;

	while (!c->lost && (status = frame_input_next(&c->input, &f)) == FRAME_OK) {
		if (hello && f.type == FRAME_HELLO && !c->greeted) {
			take_hello(c, hello, &f);
		} else {
			dispatch(c, &f);
		}
	}
	if (!c->lost && status == FRAME_BAD) {
		fail_noise(c);
	}
}

static void receive(struct channel *c, struct arena *hello)
{
	size_t room;
	uint8_t *p = frame_input_room(&c->input, &room);
	ssize_t n = read(c->in, p, room);

	if (n > 0) {
		c->heard = chan_now();
		frame_input_add(&c->input, (size_t)n);
		dispatch_all(c, hello);
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	} else if (!c->greeted && c->input.len > c->input.at) {
		fail_noise(c);
	} else {
		chan_fail(c, "the connection to the agent has ended");
	}
}

/* Whatever a process of the job writes there is nobody's. At its end the agent is told, if it is
 * still there, and what it says last is read all the same. */
static void look_at_life(struct channel *c)
{
	char waste[4096];
	ssize_t n = read(c->life_in, waste, sizeof(waste));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		if (c->life_in != c->life_out) {
			(void)close(c->life_in);
		}
		c->life_in = -1;
		(void)shutdown(c->out, SHUT_WR);
	}
}

static void transmit(struct channel *c)
{
	while (c->tx.len > 0 && !c->lost) {
		ssize_t n = write(c->out, c->tx.p, c->tx.len);

		if (n > 0) {
			strbuf_consume(&c->tx, (size_t)n);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			/* What the agent said last is still to be read; its end comes there. */
			strbuf_reset(&c->tx);
		}
	}
}

static void poll_add(struct channel *c, size_t at, int fd, short events, struct chan_stream *s)
{
	if (at >= c->npolls) {
		c->npolls = c->npolls ? 2 * c->npolls : 16;
		c->polls = realloc(c->polls, c->npolls * sizeof(*c->polls));
		c->pollers = realloc(c->pollers, c->npolls * sizeof(struct chan_stream *));
		BUG_ON(!c->polls || !c->pollers);
	}
	c->polls[at] = (struct pollfd){ .fd = fd, .events = events };
	c->pollers[at] = s;
}

/* The slots of one channel, from n on; returns the next free one. */
static size_t poll_channel(struct channel *c, struct channel *other, size_t n)
{
	other->slot = n;
	poll_add(c, n + SLOT_IN, other->lost ? -1 : other->in, POLLIN, NULL);
	poll_add(c, n + SLOT_OUT, other->tx.len && !other->lost ? other->out : -1, POLLOUT, NULL);
	poll_add(c, n + SLOT_LIFE, other->lost ? -1 : other->life_in, POLLIN, NULL);
	n += SLOTS;
	for (struct chan_stream *s = other->streams; s; s = s->next) {
		int fd = -1;
		short events = s->ops->wants ? s->ops->wants(s, &fd) : 0;

		if (events) {
			poll_add(c, n++, fd, events, s);
		}
	}
	return n;
}

static size_t poll_fill(struct channel *c, int wake_fd)
{
	size_t n = SLOT_FIRST;

	poll_add(c, SLOT_WAKE, wake_fd, POLLIN, NULL);
	n = poll_channel(c, c, n);
	for (struct channel *j = c->joined; j; j = j->next_joined) {
		n = poll_channel(c, j, n);
	}
	return n;
}

/* Time in which the caller took no turn (it was stopped, or slept) is not the agent's silence. */
static void excuse_gap(struct channel *c, long long now)
{
	if (now - c->turned > FRAME_PING_MS) {
		c->heard += now - c->turned;
	}
	c->turned = now;
}

static void keep_alive(struct channel *c, long long now)
{
	if (now - c->pinged >= FRAME_PING_MS) {
		c->pinged = now;
		chan_send(c, FRAME_PING, 0, 0, STR_EMPTY);
	}
	transmit(c);
}

static void excuse_gaps(struct channel *c, long long now)
{
	excuse_gap(c, now);
	for (struct channel *j = c->joined; j; j = j->next_joined) {
		excuse_gap(j, now);
	}
}

static void keep_all_alive(struct channel *c, long long now)
{
	keep_alive(c, now);
	for (struct channel *j = c->joined; j; j = j->next_joined) {
		if (!j->lost) {
			keep_alive(j, now);
		}
	}
}

void channel_keepalive(struct channel *c)
{
	long long now = chan_now();

	if (!c->lost) {
		excuse_gaps(c, now);
		keep_all_alive(c, now);
	}
}

static bool still_there(const struct channel *c, const struct chan_stream *s)
{
	for (const struct chan_stream *i = c->streams; i; i = i->next) {
		if (i == s) {
			return true;
		}
	}
	return false;
}

/* What poll reported in the slots of one channel, which end before `end`. */
static void serve(struct channel *c, struct channel *other, size_t end, struct arena *hello)
{
	if (c->polls[other->slot + SLOT_OUT].revents) {
		transmit(other);
	}
	if (c->polls[other->slot + SLOT_IN].revents) {
		receive(other, hello);
	}
	if (c->polls[other->slot + SLOT_LIFE].revents && !other->lost) {
		look_at_life(other);
	}
	for (size_t i = other->slot + SLOTS; i < end && !other->lost; i++) {
		struct chan_stream *s = c->pollers[i];

		if (c->polls[i].revents && still_there(other, s)) {
			s->ops->ready(other, s, c->polls[i].revents);
		}
	}
	transmit(other);
}

/* False when nothing happened before the time was over. */
static bool turn_once(struct channel *c, int wake_fd, int wait_ms, struct arena *hello)
{
	size_t n = poll_fill(c, wake_fd);

	if (poll(c->polls, (nfds_t)n, wait_ms) <= 0) {
		return false;
	}
	serve(c, c, c->joined ? c->joined->slot : n, hello);
	for (struct channel *j = c->joined; j; j = j->next_joined) {
		serve(c, j, j->next_joined ? j->next_joined->slot : n, NULL);
	}
	return true;
}

static void check_silence(struct channel *c, long long now)
{
	c->turned = now;
	if (!c->lost && now - c->heard >= FRAME_SILENCE_MS) {
		chan_fail(c, "the agent has not answered for %d s", FRAME_SILENCE_MS / 1000);
	}
}

static enum channel_turn turn(struct channel *c, int wake_fd, int timeout_ms, struct arena *hello)
{
	const long long for_ever = 1000LL * 86400 * 365;
	long long now = chan_now();
	long long until = now + (timeout_ms < 0 ? for_ever : timeout_ms);

	excuse_gaps(c, now);
	while (!c->lost) {
		keep_all_alive(c, now);

		long long next = c->pinged + FRAME_PING_MS;
		long long wait = (next < until ? next : until) - now;
		bool moved = turn_once(c, wake_fd, wait > 0 ? (int)wait : 0, hello);

		now = chan_now();
		check_silence(c, now);
		for (struct channel *j = c->joined; j; j = j->next_joined) {
			check_silence(j, now);
		}
		if (!c->lost && moved) {
			return c->polls[SLOT_WAKE].revents ? TURN_WAKE : TURN_PROGRESS;
		}
		if (!c->lost && now >= until) {
			return TURN_TIMEOUT;
		}
	}
	return TURN_LOST;
}

enum channel_turn channel_turn(struct channel *c, int wake_fd, int timeout_ms)
{
	enum channel_turn result;

	/* A callback must not wait for the channel that is calling it. */
	BUG_ON(c->turning);
	c->turning = true;
	result = turn(c, wake_fd, timeout_ms, NULL);
	c->turning = false;
	return result;
}

void channel_join(struct channel *c, struct channel *other)
{
	struct channel **at = &c->joined;

	while (*at) {
		at = &(*at)->next_joined;
	}
	*at = other;
	other->next_joined = NULL;
}

void channel_part(struct channel *c, struct channel *other)
{
	struct channel **at = &c->joined;

	while (*at && *at != other) {
		at = &(*at)->next_joined;
	}
	if (*at) {
		*at = other->next_joined;
	}
	other->next_joined = NULL;
}

bool chan_await(struct channel *c, const bool *done, int timeout_ms, struct err *err)
{
	long long until = chan_now() + timeout_ms;

	while (!*done) {
		long long left = timeout_ms < 0 ? -1 : until - chan_now();

		if (timeout_ms >= 0 && left <= 0) {
			err_set(err, ERR_SYSTEM, "no answer within %d s", timeout_ms / 1000);
			err->sys = ETIMEDOUT;
			return false;
		}
		if (channel_turn(c, -1, (int)left) == TURN_LOST && !*done) {
			return err_set(err, ERR_LOST, "%s", c->why);
		}
	}
	return true;
}

static void send_hello(struct channel *c, const struct channel_hello *hello)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, FRAME_VERSION);
	frame_put_bytes(&b, hello->user);
	frame_put_list(&b, hello->dirs, hello->ndirs);
	frame_put_bytes(&b, c->door ? c->door->inside : STR_EMPTY);
	frame_put_bytes(&b, c->door ? str_of(c->door->token) : STR_EMPTY);
	chan_send(c, FRAME_HELLO, 0, 0, strbuf_str(&b));
	strbuf_release(&b);
}

struct channel *channel_open(struct arena *a, int in_fd, int out_fd,
			     const struct channel_hello *hello, int timeout_ms, struct err *err)
{
	struct channel *c = arena_new(a, struct channel);
	long long now = chan_now();
	long long until = now + timeout_ms;

	*c = (struct channel){
		.in = in_fd,
		.out = out_fd,
		.life_in = -1,
		.life_out = -1,
		.door = hello->door && hello->door->listener >= 0 ? hello->door : NULL,
		.next_id = 1,
		.heard = now,
		.pinged = now,
		.turned = now,
	};
	frame_input_init(&c->input, RX_SIZE);
	strbuf_init(&c->tx, 0);
	prepare_fd(in_fd);
	prepare_fd(out_fd);
	send_hello(c, hello);
	while (!c->greeted && !c->lost && now < until) {
		(void)turn(c, -1, (int)(until - now), a);
		now = chan_now();
	}
	if (c->door) {
		channel_door_close(c->door);
		c->door = NULL;
	}
	if (c->greeted && !c->lost) {
		return c;
	}
	if (c->lost) {
		err_set(err, ERR_LOST, "%s", c->why);
	} else {
		err_set(err, ERR_LOST, "the agent did not answer within %d s", timeout_ms / 1000);
	}
	channel_close(c);
	return NULL;
}

const struct channel_peer *channel_peer(const struct channel *c)
{
	return &c->peer;
}

bool channel_is_direct(const struct channel *c)
{
	return c->life_out >= 0;
}

static void close_fds(struct channel *c)
{
	const int fds[] = { c->in, c->out == c->in ? -1 : c->out, c->life_in,
			    c->life_out == c->life_in ? -1 : c->life_out };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

void channel_close(struct channel *c)
{
	/* Where an end of file does not get through (a remote daemon), the word may. */
	chan_send(c, FRAME_EXIT, 0, 0, STR_EMPTY);
	transmit(c);
	list_release(&c->streams);
	list_release(&c->ended);
	close_fds(c);
	frame_input_release(&c->input);
	strbuf_release(&c->tx);
	err_release(&c->deferred);
	free(c->why);
	free(c->polls);
	free(c->pollers);
	*c = (struct channel){ .in = -1, .out = -1, .life_in = -1, .life_out = -1, .lost = true };
}

bool channel_lost(const struct channel *c)
{
	return c->lost;
}

struct str channel_why_lost(const struct channel *c)
{
	return str_of(c->why);
}
