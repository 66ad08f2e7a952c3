/*
 * docker_proxy.c - one connection of a job to the user's docker daemon: a process that reads one
 * request, asks the gate, and then carries bytes.
 *
 * Only one request goes over a connection ("Connection: close"): what follows it cannot be another
 * one that nobody has looked at. Each connection to the daemon is a new one, by the socket of this
 * machine or by `docker system dial-stdio`, which knows every context of the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "docker_socket.h"

enum {
	BODY_MAX = 4 * 1024 * 1024,
	ANSWER_MAX = 16 * 1024 * 1024,
	LINGER_MS = 5000,
	ASK_MS = 30000,
	PORTS_MAX = 32,
	PORTS_MS = 20, /* for the agent to listen */
};

/* --- the daemon ------------------------------------------------------------------------------- */

struct upstream {
	int in, out; /* the same descriptor for a socket */
	struct child child;
};

static bool dial_unix(const char *path, struct upstream *u)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(to.sun_path)) {
		return false;
	}
	memcpy(to.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		(void)close(fd);
		return false;
	}
	u->in = u->out = fd;
	return true;
}

static bool dial_client(const struct docker_socket *s, struct upstream *u)
{
	const char *const argv[] = { s->program->name, "system", "dial-stdio", NULL };
	struct child_spec spec = {
		.argv = argv, .in = CHILD_PIPE, .out = CHILD_PIPE, .err = CHILD_NULL
	};
	struct err err = ERR_INIT;
	bool ok = child_start(&spec, &u->child, &err);

	err_release(&err);
	u->in = u->child.out;
	u->out = u->child.in;
	return ok;
}

static bool upstream_open(const struct docker_socket *s, struct upstream *u)
{
	*u = (struct upstream){ -1, -1, CHILD_INIT };
	return s->dial ? dial_unix(s->dial, u) : dial_client(s, u);
}

static void upstream_close(struct upstream *u)
{
	if (u->child.pid) {
		child_end(&u->child);
	} else if (u->in >= 0) {
		(void)close(u->in);
	}
}

static bool wait_for(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) > 0;
}

static void read_all(struct upstream *u, struct strbuf *out)
{
	char chunk[16384];

	while (wait_for(u->in, ASK_MS)) {
		ssize_t n = read(u->in, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0 || !strbuf_add(out, chunk, (size_t)n)) {
			return;
		}
	}
}

static int base64_digit(char c)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static struct str base64(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.len + 1);
	unsigned bits = 0;
	int nbits = 0;
	size_t n = 0;

	for (size_t i = 0; i < s.len && base64_digit(s.p[i]) >= 0; i++) {
		bits = bits << 6 | (unsigned)base64_digit(s.p[i]);
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			out[n++] = (char)(bits >> nbits & 0xff);
		}
	}
	return str_mk(out, n);
}

/* Of a HEAD of a path in a container the answer is in a header. */
static void take_answer(struct arena *a, struct str answer, struct value *out)
{
	size_t end = str_find(answer, STR("\r\n\r\n"), 0);
	struct str head = str_slice(answer, 0, end);
	struct str body = end == STR_NPOS ? STR_EMPTY : str_slice(answer, end + 4, answer.len);
	struct str stat = http_answer_header(head, STR("X-Docker-Container-Path-Stat"));
	struct strbuf whole = STRBUF_INIT(ANSWER_MAX);
	struct err ignored = ERR_INIT;

	if (str_ieq(http_answer_header(head, STR("Transfer-Encoding")), STR("chunked"))) {
		body = http_dechunk(body, &whole) ? strbuf_str(&whole) : STR_EMPTY;
	}
	body = stat.len ? base64(a, stat) : arena_str(a, body);
	if (!value_from_json_strict(a, body, out, &ignored)) {
		*out = value_null();
	}
	err_release(&ignored);
	strbuf_release(&whole);
}

int docker_proxy_ask(void *socket, struct arena *a, const char *method, struct str path,
		     struct str body, struct value *out)
{
	struct upstream u;
	struct strbuf text = STRBUF_INIT(ANSWER_MAX);
	int status = 0;

	*out = value_null();
	if (!upstream_open(socket, &u)) {
		return 0;
	}
	(void)strbuf_addf(&text,
			  "%s %.*s HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
			  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
			  method, STR_ARG(path), body.len, STR_ARG(body));
	if (write_all(u.out, text.p, text.len)) {
		strbuf_reset(&text);
		read_all(&u, &text);
		status = http_status(strbuf_str(&text));
		take_answer(a, strbuf_str(&text), out);
	}
	upstream_close(&u);
	strbuf_release(&text);
	return status;
}

/* --- carrying --------------------------------------------------------------------------------- */

struct flow {
	int from, to;
	bool over;
	size_t at, len;
	struct docker_guard *guard; /* or NULL */
	char buffer[64 * 1024];
};

static bool flow_step(struct flow *f)
{
	if (f->at == f->len) {
		ssize_t n = read(f->from, f->buffer, sizeof(f->buffer));

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			return true;
		}
		if (n <= 0) {
			f->over = true;
			/* A pipe has no half: its end is the end of the descriptor. */
			(void)shutdown(f->to, SHUT_WR);
			return true;
		}
		if (f->guard && !docker_guard_takes(f->guard, str_mk(f->buffer, (size_t)n))) {
			return false;
		}
		f->at = 0;
		f->len = (size_t)n;
	}

	ssize_t n = write(f->to, f->buffer + f->at, f->len - f->at);

	if (n > 0) {
		f->at += (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		f->over = true;
	}
	return true;
}

static struct pollfd flow_poll(const struct flow *f)
{
	bool writes = f->at < f->len;

	return (struct pollfd){ .fd = f->over  ? -1
				      : writes ? f->to
					       : f->from,
				.events = writes ? POLLOUT : POLLIN };
}

/* Until the daemon has said all, nobody is there to hear it, or the guard says no. */
static void carry(int client, struct upstream *u, struct docker_guard *guard)
{
	static struct flow there, back;

	there = (struct flow){ .from = client, .to = u->out, .guard = guard };
	back = (struct flow){ .from = u->in, .to = client };
	(void)fcntl(client, F_SETFL, O_NONBLOCK);
	(void)fcntl(u->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(u->out, F_SETFL, O_NONBLOCK);
	while (!back.over) {
		struct pollfd p[3] = { flow_poll(&there),
				       flow_poll(&back),
				       { .fd = client, .events = 0 } };

		if (poll(p, 3, -1) < 0 && errno != EINTR) {
			return;
		}
		if (p[2].revents & (POLLHUP | POLLERR)) {
			return;
		}
		if (p[0].revents && !flow_step(&there)) {
			return;
		}
		if (p[1].revents) {
			(void)flow_step(&back);
		}
	}
}

void docker_proxy_carry(int client, int server)
{
	struct upstream u = { server, server, CHILD_INIT };

	carry(client, &u, NULL);
}

/* --- one connection --------------------------------------------------------------------------- */

struct connection {
	const struct docker_socket *s;
	struct arena a;
	int client;
	struct strbuf in; /* the head, then what has come of the body */
	struct http_request request;
	struct upstream up;
};

/* Reads more of what the client says; false at its end. */
static bool read_more(struct connection *c)
{
	char chunk[16384];
	ssize_t n = 0;

	do {
		n = read(c->client, chunk, sizeof(chunk));
	} while (n < 0 && errno == EINTR);
	return n > 0 && strbuf_add(&c->in, chunk, (size_t)n);
}

static bool read_head(struct connection *c, struct str *head)
{
	size_t end;

	while ((end = str_find(strbuf_str(&c->in), STR("\r\n\r\n"), 0)) == STR_NPOS) {
		if (c->in.len > HTTP_HEAD_MAX || !read_more(c)) {
			return false;
		}
	}
	*head = arena_str(&c->a, str_slice(strbuf_str(&c->in), 0, end + 2));
	strbuf_consume(&c->in, end + 4);
	return true;
}

/* A client that still sends must be heard out, or it does not get to read. */
static void linger(struct connection *c)
{
	long long until = now_ms() + LINGER_MS;

	(void)shutdown(c->client, SHUT_WR);
	while (now_ms() < until && wait_for(c->client, (int)(until - now_ms())) && read_more(c)) {
		strbuf_reset(&c->in);
	}
}

static void answer(struct connection *c, const char *status, struct str body)
{
	struct strbuf out = STRBUF_INIT(0);

	(void)strbuf_addf(&out,
			  "HTTP/1.1 %s\r\nContent-Type: application/json\r\nApi-Version: 1.41\r\n"
			  "Docker-Experimental: false\r\nServer: act-c\r\nConnection: close\r\n"
			  "Content-Length: %zu\r\n\r\n%.*s",
			  status, body.len, STR_ARG(body));
	(void)write_all(c->client, out.p, out.len);
	strbuf_release(&out);
	linger(c);
}

static void answer_message(struct connection *c, const char *status, struct str message)
{
	struct strbuf body = STRBUF_INIT(0);

	(void)strbuf_adds(&body, STR("{\"message\":"));
	json_quote(&body, message);
	(void)strbuf_addc(&body, '}');
	answer(c, status, strbuf_str(&body));
	strbuf_release(&body);
}

static bool read_body(struct connection *c, struct str *body)
{
	long long length = c->request.length;
	struct strbuf whole = STRBUF_INIT(BODY_MAX);
	bool ok = true;

	if (c->request.expects) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

		(void)write_all(c->client, go_on, sizeof(go_on) - 1);
	}
	if (length == HTTP_CHUNKED) {
		while (!http_dechunk(strbuf_str(&c->in), &whole)) {
			strbuf_reset(&whole);
			if (c->in.len > 2 * BODY_MAX || !read_more(c)) {
				ok = false;
				break;
			}
		}
		*body = arena_str(&c->a, strbuf_str(&whole));
		strbuf_reset(&c->in); /* a client says nothing behind it before the answer */
	} else {
		while (ok && (long long)c->in.len < length) {
			ok = length <= BODY_MAX && read_more(c);
		}
		*body = arena_str(&c->a, str_slice(strbuf_str(&c->in), 0, (size_t)length));
		strbuf_consume(&c->in, ok ? (size_t)length : 0);
	}
	strbuf_release(&whole);
	return ok;
}

/* The head of the daemon's answer, handed on; whether the connection is now a tunnel. What comes
 * behind a refused upgrade would be a request that nobody has looked at. */
static bool is_tunnel(struct connection *c)
{
	struct strbuf head = STRBUF_INIT(HTTP_HEAD_MAX);
	size_t end = STR_NPOS;
	char byte;

	while (end == STR_NPOS && read(c->up.in, &byte, 1) == 1 && strbuf_addc(&head, byte)) {
		end = byte == '\n' && str_ends(strbuf_str(&head), STR("\r\n\r\n")) ? head.len
										   : STR_NPOS;
	}

	int status = http_status(strbuf_str(&head));
	struct str type = http_answer_header(strbuf_str(&head), STR("Content-Type"));

	(void)write_all(c->client, head.p, head.len);

	bool raw = status == 101 ||
		   (status == 200 && (str_find(type, STR("raw-stream"), 0) != STR_NPOS ||
				      str_find(type, STR("multiplexed-stream"), 0) != STR_NPOS));

	strbuf_release(&head);
	return raw;
}

/* The ports of a container that has started are the job's before its client hears of it. */
static void tell_ports(struct connection *c, struct str name)
{
	struct docker_port ports[PORTS_MAX];
	struct value container, job;
	struct str path = arena_printf(&c->a, "/containers/%.*s/json", STR_ARG(name));
	struct str own = arena_printf(&c->a, "/containers/%.*s/json", STR_ARG(c->s->gate.machine));
	void *s = (void *)(uintptr_t)c->s;
	size_t n = 0;

	if (docker_proxy_ask(s, &c->a, "GET", path, STR_EMPTY, &container) == 200 &&
	    docker_proxy_ask(s, &c->a, "GET", own, STR_EMPTY, &job) == 200) {
		n = docker_ports_of(container, job, ports, PORTS_MAX);
	}
	for (size_t i = 0; i < n; i++) {
		(void)!write(STDIN_FILENO, &ports[i], sizeof(ports[i]));
	}
	if (n > 0) {
		(void)poll(NULL, 0, PORTS_MS);
	}
}

static void finish_start(struct connection *c, const struct gate_pass *pass)
{
	struct strbuf text = STRBUF_INIT(ANSWER_MAX);

	read_all(&c->up, &text);
	if (http_status(strbuf_str(&text)) == 204) {
		tell_ports(c, pass->started);
	}
	(void)write_all(c->client, text.p, text.len);
	strbuf_release(&text);
}

static void pass_on(struct connection *c, const struct gate_pass *pass)
{
	struct docker_guard *guard = pass->guarded ? docker_guard_new() : NULL;
	struct strbuf out = STRBUF_INIT(0);

	if (!upstream_open(c->s, &c->up)) {
		answer_message(c, "502 Bad Gateway",
			       STR("act-c: the docker daemon cannot be reached"));
		return;
	}
	if (pass->replaced) {
		c->request.length = (long long)pass->body.len;
	} else if (c->request.expects) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

		(void)write_all(c->client, go_on, sizeof(go_on) - 1);
	}
	http_write(&out, &c->request);
	(void)strbuf_adds(&out, pass->replaced ? pass->body : STR_EMPTY);

	bool ok = write_all(c->up.out, out.p, out.len);

	strbuf_release(&out);
	if (c->request.upgrade && ok && !is_tunnel(c)) {
		(void)shutdown(c->client, SHUT_RD);
		strbuf_reset(&c->in);
	}
	if (ok && pass->started.len) {
		finish_start(c, pass);
	} else if (ok && (!guard || docker_guard_takes(guard, strbuf_str(&c->in))) &&
		   write_all(c->up.out, c->in.p, c->in.len)) {
		carry(c->client, &c->up, guard);
	}
	upstream_close(&c->up);
}

static void serve(struct connection *c)
{
	struct docker_registry registry = DOCKER_REGISTRY_INIT;
	struct gate_pass pass;
	struct str head, body = STR_EMPTY, refusal = STR_EMPTY;
	const char *why = NULL;

	if (!read_head(c, &head)) {
		return;
	}
	if (!http_parse(&c->a, head, &c->request, &why)) {
		answer_message(c, "400 Bad Request", docker_gate_refusal(&c->a, str_of(why)));
		return;
	}
	/* Of an upgrade, what comes behind the body waits for the answer. */
	bool whole = docker_gate_reads_body(&c->request) ||
		     (c->request.upgrade && c->request.length != 0);

	if (whole && !read_body(c, &body)) {
		answer_message(c, "400 Bad Request", STR("act-c: the request is not whole"));
		return;
	}
	docker_gate(&c->a, &c->s->gate, &c->request, body, &pass);
	if (whole && !pass.replaced) {
		pass.replaced = true;
		pass.body = body;
	}
	if (pass.refused) {
		answer_message(c, pass.missing ? "404 Not Found" : "403 Forbidden", pass.message);
	} else if (pass.answer) {
		answer(c, "200 OK", pass.message);
	} else if (!docker_registry_open(c->s, &c->a, &c->request, body, c->client, &registry,
					 &refusal)) {
		answer_message(c, "403 Forbidden", refusal);
	} else {
		pass_on(c, &pass);
	}
	docker_registry_close(&registry);
}

void docker_proxy(const struct docker_socket *s, int client)
{
	struct connection c = { .s = s, .a = ARENA_INIT, .client = client };

	strbuf_init(&c.in, 2 * BODY_MAX + HTTP_HEAD_MAX + 65536);
	serve(&c);
	strbuf_release(&c.in);
	arena_release(&c.a);
}
