/*
 * forward.c - listeners in the job, and where their connections go.
 *
 * Over the channel a connection is a stream like any other. Dialled by the agent it is a forked
 * process that looks the name up, connects and copies: looking up may block, and the poll loop
 * must not.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static bool unix_address(struct str path, union address *to, socklen_t *len, struct err *err)
{
	*to = (union address){ .un = { .sun_family = AF_UNIX } };
	if (path.len == 0 || path.len >= sizeof(to->un.sun_path)) {
		return err_set(err, ERR_INVALID, "\"%.*s\" is no usable path of a socket",
			       STR_ARG(path));
	}
	memcpy(to->un.sun_path, path.p, path.len);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	return true;
}

/* "host:port"; the host may stand in brackets. */
static bool tcp_address(struct str spec, bool passive, union address *to, socklen_t *len,
			struct err *err)
{
	struct addrinfo hints = {
		.ai_flags = passive ? AI_PASSIVE : 0,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char host[256], port[16];
	size_t colon = spec.len;

	while (colon > 0 && spec.p[colon - 1] != ':') {
		colon--;
	}
	if (colon == 0) {
		return err_set(err, ERR_INVALID, "\"%.*s\" has no port", STR_ARG(spec));
	}

	struct str name = str_slice(spec, 0, colon - 1);

	if (str_starts(name, STR("[")) && str_ends(name, STR("]"))) {
		name = str_slice(name, 1, name.len - 1);
	}
	(void)snprintf(host, sizeof(host), "%.*s", STR_ARG(name));
	(void)snprintf(port, sizeof(port), "%.*s", STR_ARG(str_slice(spec, colon, spec.len)));

	int code = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);

	if (code != 0) {
		return err_set(err, ERR_NOT_FOUND, "%s: %s", host, gai_strerror(code));
	}
	memcpy(to, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

/* A socket for "tcp:host:port" or "unix:/path", and its address. */
static int address_socket(struct str spec, bool passive, union address *to, socklen_t *len,
			  struct err *err)
{
	bool ok;
	int fd;

	if (str_starts(spec, STR("unix:"))) {
		ok = unix_address(str_slice(spec, 5, spec.len), to, len, err);
	} else if (str_starts(spec, STR("tcp:"))) {
		ok = tcp_address(str_slice(spec, 4, spec.len), passive, to, len, err);
	} else {
		ok = err_set(err, ERR_INVALID, "\"%.*s\" is neither tcp: nor unix:", STR_ARG(spec));
	}
	if (!ok) {
		return -1;
	}
	fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_sys(err, errno, "socket for %.*s", STR_ARG(spec));
	}
	return fd;
}

static int listen_on(const struct agent *a, struct str spec, struct err *err)
{
	union address at;
	socklen_t len;
	int fd = address_socket(spec, true, &at, &len, err);

	if (fd < 0) {
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (at.any.sa_family == AF_UNIX) {
		(void)unlink(at.un.sun_path);
	}
	if (bind(fd, &at.any, len) < 0 || listen(fd, SOMAXCONN) < 0) {
		err_sys(err, errno, "listen on %.*s", STR_ARG(spec));
		(void)close(fd);
		return -1;
	}
	if (at.any.sa_family == AF_UNIX) {
		/* Whoever runs in the job may use it, as for a TCP port. */
		(void)chmod(at.un.sun_path, 0666);
		if (geteuid() == 0) {
			(void)!chown(at.un.sun_path, a->user.uid, a->user.gid);
		}
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void forward_listen(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;
	struct str spec = str_of(r->text[0]);
	int fd = listen_on(a, spec, &err);

	if (fd >= 0) {
		struct stream *s = stream_new(a, r->stream, STREAM_LISTEN);

		s->src = fd;
		s->via_agent = r->flags & FLAG_VIA_AGENT;
		s->or_here = r->flags & FLAG_OR_HERE;
		s->dial = strdup(r->text[1]);
		BUG_ON(!s->dial);
		if (str_starts(spec, STR("unix:"))) {
			s->unlink_path = strdup(r->text[0] + 5);
			BUG_ON(!s->unlink_path);
		}
	}
	agent_result(a, r->stream, &err);
}

/* One direction of a relayed connection. */
struct flow {
	int from, to;
	size_t at, len;
	bool over;
	char buffer[256 * 1024];
};

static void flow_step(struct flow *f)
{
	if (f->at == f->len) {
		ssize_t n = read(f->from, f->buffer, sizeof(f->buffer));

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			return;
		}
		if (n <= 0) {
			f->over = true;
			(void)shutdown(f->to, SHUT_WR);
			return;
		}
		f->at = 0;
		f->len = (size_t)n;
	}

	ssize_t n = write(f->to, f->buffer + f->at, f->len - f->at);

	if (n > 0) {
		f->at += (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		f->over = true;
		(void)shutdown(f->from, SHUT_RD);
	}
}

static struct pollfd flow_poll(const struct flow *f)
{
	bool waits_to_write = f->at < f->len;

	return (struct pollfd){
		.fd = f->over          ? -1
		      : waits_to_write ? f->to
				       : f->from,
		.events = waits_to_write ? POLLOUT : POLLIN,
	};
}

static void relay(int near, int far)
{
	static struct flow there, back;

	there.from = near;
	there.to = far;
	back.from = far;
	back.to = near;
	(void)fcntl(near, F_SETFL, O_NONBLOCK);
	(void)fcntl(far, F_SETFL, O_NONBLOCK);
	while (!there.over || !back.over) {
		struct pollfd p[2] = { flow_poll(&there), flow_poll(&back) };

		if (poll(p, 2, -1) < 0 && errno != EINTR) {
			return;
		}
		if (p[0].revents) {
			flow_step(&there);
		}
		if (p[1].revents) {
			flow_step(&back);
		}
	}
}

static int dial_it(const char *dial)
{
	struct err err = ERR_INIT;
	union address to;
	socklen_t len;
	int fd = address_socket(str_of(dial), false, &to, &len, &err);

	if (fd >= 0 && connect(fd, &to.any, len) < 0) {
		(void)close(fd);
		fd = -1;
	}
	err_release(&err);
	return fd;
}

/* far: already connected, or -1. */
static _Noreturn void relay_main(int near, int far, const char *dial)
{
	(void)dup2(near, 0);
	if (far >= 0) {
		(void)dup2(far, 1);
	}
	close_from(3);
	reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	far = far >= 0 ? 1 : dial_it(dial);
	if (far >= 0) {
		relay(0, far);
	}
	_exit(0);
}

static void open_stream(struct agent *a, const struct stream *listener, int fd)
{
	struct strbuf b = STRBUF_INIT(0);
	struct stream *s = stream_new(a, a->next_id, STREAM_CONN);

	a->next_id += 2;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	s->src = fd;
	s->dst = fd;
	frame_put_u32(&b, listener->id);
	agent_send(a, FRAME_OPEN, s->id, strbuf_str(&b));
	strbuf_release(&b);
}

void forward_accept(struct agent *a, struct stream *s)
{
	int fd = accept4(s->src, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		return;
	}

	/* A unix socket answers at once, or not at all. */
	int far = s->or_here ? dial_it(s->dial) : -1;

	if (!s->via_agent || (s->or_here && far < 0)) {
		open_stream(a, s, fd);
		return;
	}

	pid_t pid = fork();

	if (pid == 0) {
		relay_main(fd, far, s->dial);
	}
	(void)close(fd);
	if (far >= 0) {
		(void)close(far);
	}
}
