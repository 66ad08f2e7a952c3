/*
 * channel_forward.c - connections made inside the machine, carried here and dialled here.
 *
 * Each accepted connection is a stream with a local socket behind it. What came from the machine
 * and the socket does not take yet is kept, at most one credit; credit is given back as it drains.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_impl.h"

struct forward {
	struct chan_stream s;
	char *dial; /* or NULL: */
	int (*make)(void *ctx);
	void *ctx;
	bool done; /* the answer to FORWARD is there */
	bool lost;
	int sys;
	char *text;
};

struct conn {
	struct chan_stream s;
	int fd;
	bool connecting;
	bool ended_here;  /* the socket is at its end, EOF was sent */
	bool ended_there; /* EOF was received */
	bool shut;        /* and passed on */
	struct strbuf pending;
};

static void conn_free(struct conn *n)
{
	(void)close(n->fd);
	strbuf_release(&n->pending);
	free(n);
}

static void conn_close(struct channel *c, struct conn *n)
{
	chan_send(c, FRAME_CLOSE, 0, n->s.id, STR_EMPTY);
	chan_remove(c, &n->s);
	conn_free(n);
}

/* Passes on what is pending; false when the connection was closed. */
static bool conn_flush(struct channel *c, struct conn *n)
{
	while (n->pending.len > 0 && !n->connecting) {
		ssize_t done = send(n->fd, n->pending.p, n->pending.len, MSG_NOSIGNAL);

		if (done > 0) {
			strbuf_consume(&n->pending, (size_t)done);
			chan_credit(c, &n->s, (size_t)done);
		} else if (errno == EAGAIN) {
			return true;
		} else if (errno != EINTR) {
			conn_close(c, n);
			return false;
		}
	}
	if (n->ended_there && !n->shut && n->pending.len == 0 && !n->connecting) {
		n->shut = true;
		(void)shutdown(n->fd, SHUT_WR);
	}
	if (n->shut && n->ended_here) {
		chan_remove(c, &n->s);
		conn_free(n);
		return false;
	}
	return true;
}

static void conn_data(struct channel *c, struct chan_stream *s, struct str bytes)
{
	struct conn *n = (struct conn *)s;

	if (n->ended_there || bytes.len > STREAM_CREDIT - n->pending.len) {
		chan_fail(c, "the agent broke the protocol");
		return;
	}
	strbuf_adds(&n->pending, bytes);
	(void)conn_flush(c, n);
}

static void conn_frame(struct channel *c, struct chan_stream *s, const struct frame *f)
{
	struct conn *n = (struct conn *)s;

	if (f->type == FRAME_EOF) {
		n->ended_there = true;
		(void)conn_flush(c, n);
	} else if (f->type == FRAME_CLOSE) {
		chan_remove(c, s);
		conn_free(n);
	}
}

static void conn_lost(struct channel *c, struct chan_stream *s)
{
	(void)c;
	conn_free((struct conn *)s);
}

static void conn_release(struct chan_stream *s)
{
	conn_free((struct conn *)s);
}

static short conn_wants(const struct chan_stream *s, int *fd)
{
	const struct conn *n = (const struct conn *)s;
	short events = 0;

	*fd = n->fd;
	if (n->connecting || n->pending.len > 0) {
		events |= POLLOUT;
	}
	if (!n->connecting && !n->ended_here && n->s.credit > 0) {
		events |= POLLIN;
	}
	return events;
}

static void conn_receive(struct channel *c, struct conn *n)
{
	enum { TX_HIGH = 4 * FRAME_MAX };
	static char buffer[64 * 1024];
	size_t want = n->s.credit < sizeof(buffer) ? (size_t)n->s.credit : sizeof(buffer);
	ssize_t got;

	if (n->ended_here || want == 0 || c->tx.len > TX_HIGH) {
		return;
	}
	got = recv(n->fd, buffer, want, 0);
	if (got > 0) {
		n->s.credit -= (uint64_t)got;
		chan_send(c, FRAME_DATA, 0, n->s.id, str_mk(buffer, (size_t)got));
	} else if (got == 0) {
		n->ended_here = true;
		chan_send(c, FRAME_EOF, 0, n->s.id, STR_EMPTY);
		(void)conn_flush(c, n);
	} else if (errno != EAGAIN && errno != EINTR) {
		conn_close(c, n);
	}
}

static void conn_ready(struct channel *c, struct chan_stream *s, short events)
{
	struct conn *n = (struct conn *)s;
	int failure = 0;
	socklen_t len = sizeof(failure);

	if (n->connecting && (events & (POLLOUT | POLLERR | POLLHUP))) {
		if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0 || failure) {
			conn_close(c, n);
			return;
		}
		n->connecting = false;
	}
	if ((events & POLLOUT) && !conn_flush(c, n)) {
		return;
	}
	if (events & (POLLIN | POLLHUP | POLLERR)) {
		conn_receive(c, n);
	}
}

static const struct chan_ops conn_ops = {
	.data = conn_data,
	.frame = conn_frame,
	.lost = conn_lost,
	.release = conn_release,
	.wants = conn_wants,
	.ready = conn_ready,
	.own_credit = true,
};

static int dial_unix(struct str path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || path.len >= sizeof(to.sun_path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
	} else {
		memcpy(to.sun_path, path.p, path.len);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			return fd;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return -1;
}

/* What is dialled here is on this machine or has an address in numbers: no name service waits. */
static int dial_tcp(struct str spec)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	size_t colon = spec.len;
	struct str name;
	char host[256], port[16];
	int fd;

	while (colon > 0 && spec.p[colon - 1] != ':') {
		colon--;
	}
	name = str_slice(spec, 0, colon ? colon - 1 : 0);
	if (str_starts(name, STR("[")) && str_ends(name, STR("]"))) {
		name = str_slice(name, 1, name.len - 1);
	}
	(void)snprintf(host, sizeof(host), "%.*s", STR_ARG(name));
	(void)snprintf(port, sizeof(port), "%.*s", STR_ARG(str_slice(spec, colon, spec.len)));
	if (getaddrinfo(host, port, &hints, &found) != 0) {
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0 && errno != EINPROGRESS) {
		(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static int dial(struct str to)
{
	if (str_starts(to, STR("unix:"))) {
		return dial_unix(str_slice(to, 5, to.len));
	}
	return dial_tcp(str_slice(to, 4, to.len));
}

static void forward_frame(struct channel *c, struct chan_stream *s, const struct frame *f)
{
	struct forward *w = (struct forward *)s;
	struct frame_reader r = frame_reader(f);

	(void)c;
	if (f->type != FRAME_RESULT || w->done) {
		return;
	}
	w->sys = (int)frame_u32(&r);

	struct str text = frame_bytes(&r);

	w->text = strndup(text.p, text.len);
	BUG_ON(!w->text);
	w->done = true;
}

static void forward_data(struct channel *c, struct chan_stream *s, struct str bytes)
{
	(void)s;
	(void)bytes;
	chan_fail(c, "the agent broke the protocol");
}

/* The handle is good until the channel is closed. */
static void forward_lost(struct channel *c, struct chan_stream *s)
{
	struct forward *w = (struct forward *)s;

	s->next = c->ended;
	c->ended = s;
	w->done = true;
	w->lost = true;
}

static void forward_free(struct chan_stream *s)
{
	struct forward *w = (struct forward *)s;

	free(w->dial);
	free(w->text);
	free(w);
}

static const struct chan_ops forward_ops = {
	.data = forward_data,
	.frame = forward_frame,
	.lost = forward_lost,
	.release = forward_free,
};

void forward_open(struct channel *c, struct chan_stream *listener, uint32_t id)
{
	struct forward *w = (struct forward *)listener;
	int fd = listener->ops != &forward_ops ? -1
		 : w->make                     ? w->make(w->ctx)
					       : dial(str_of(w->dial));
	struct conn *n;

	if (fd < 0) {
		chan_send(c, FRAME_CLOSE, 0, id, STR_EMPTY);
		return;
	}
	n = chan_alloc(sizeof(*n));
	n->fd = fd;
	n->connecting = true;
	strbuf_init(&n->pending, 0);
	chan_add(c, &n->s, &conn_ops, id);
}

static void ask_forward(struct channel *c, struct forward *w, struct str listen, struct str to,
			unsigned flags)
{
	struct strbuf b = STRBUF_INIT(0);

	chan_add(c, &w->s, &forward_ops, 0);
	frame_put_bytes(&b, listen);
	frame_put_bytes(&b, to);
	chan_send(c, FRAME_FORWARD, (uint8_t)flags, w->s.id, strbuf_str(&b));
	strbuf_release(&b);
}

struct forward *channel_forward_later(struct channel *c, struct str listen, struct str to)
{
	struct forward *w = chan_alloc(sizeof(*w));

	ask_forward(c, w, listen, to, FLAG_VIA_AGENT);
	return w;
}

/* Takes over w; waits for the agent to listen. */
static struct forward *open_forward(struct channel *c, struct forward *w, struct str listen,
				    struct str to, unsigned flags, struct err *err)
{
	ask_forward(c, w, listen, to, flags);
	while (!w->done && channel_turn(c, -1, -1) != TURN_LOST) {
	}
	if (w->done && !w->lost && w->sys == 0) {
		return w;
	}
	if (w->sys) {
		err_set(err, ERR_SYSTEM, "%s", w->text);
		err->sys = w->sys;
	} else {
		err_set(err, ERR_LOST, "%s", c->why ? c->why : "the agent is gone");
	}
	chan_remove(c, &w->s);
	forward_free(&w->s);
	return NULL;
}

struct forward *channel_forward(struct channel *c, struct str listen, struct str to, bool via_agent,
				struct err *err)
{
	struct forward *w = chan_alloc(sizeof(*w));

	w->dial = strndup(to.p, to.len);
	BUG_ON(!w->dial);
	return open_forward(c, w, listen, to, via_agent ? FLAG_VIA_AGENT : 0, err);
}

struct forward *channel_forward_near(struct channel *c, struct str listen, struct str near,
				     struct str to, struct err *err)
{
	struct forward *w = chan_alloc(sizeof(*w));

	w->dial = strndup(to.p, to.len);
	BUG_ON(!w->dial);
	return open_forward(c, w, listen, near.len ? near : to,
			    near.len ? FLAG_VIA_AGENT | FLAG_OR_HERE : 0, err);
}

struct forward *channel_forward_made(struct channel *c, struct str listen, int (*make)(void *ctx),
				     void *ctx, struct err *err)
{
	struct forward *w = chan_alloc(sizeof(*w));

	w->make = make;
	w->ctx = ctx;
	return open_forward(c, w, listen, STR_EMPTY, 0, err);
}

void channel_unforward(struct channel *c, struct forward *f)
{
	chan_send(c, FRAME_CLOSE, 0, f->s.id, STR_EMPTY);
	chan_remove(c, &f->s);
	forward_free(&f->s);
}
