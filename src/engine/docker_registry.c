/*
 * docker_registry.c - `docker push localhost:5000/x` in a job. On GitHub the daemon's localhost is
 * the runner's, and the ports of services are there; here it is the user's own machine.
 *
 * While such a call lasts, a process of act-c listens on that port of the machine's localhost and
 * carries what the daemon says to the service. What is not the job's is not reached: a registry of
 * the user's own is no place for a rehearsal to push to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "docker_socket.h"

enum { TURN_TRIES = 6000, TURN_MS = 100, BACKLOG = 16, LISTENERS = 2, HTTP_PORT = 80 };

/* --- which one is meant ----------------------------------------------------------------------- */

static struct str auth_server(struct arena *a, struct str body)
{
	struct value v = value_null();
	struct err ignored = ERR_INIT;
	struct str text = STR_EMPTY;

	if (value_from_json_strict(a, body, &v, &ignored)) {
		v = value_get(v, STR("serveraddress"));
		text = v.kind == VALUE_STRING ? v.u.s : STR_EMPTY;
	}
	err_release(&ignored);

	size_t scheme = str_find(text, STR("://"), 0);

	return scheme == STR_NPOS ? text : str_slice(text, scheme + 3, text.len);
}

static struct str between(struct str path, struct str before, struct str after)
{
	bool fits = path.len > before.len + after.len && str_starts(path, before) &&
		    str_ends(path, after);

	return fits ? str_slice(path, before.len, path.len - after.len) : STR_EMPTY;
}

/* The image, or with /auth the registry alone, that the daemon is to talk to another server of. */
static struct str asked_for(struct arena *a, const struct http_request *r, struct str body)
{
	const struct str *from = http_query(r, STR("fromImage"));
	bool post = str_eq(r->method, STR("POST"));

	if (post && str_eq(r->path, STR("/auth"))) {
		return arena_printf(a, "%.*s/", STR_ARG(auth_server(a, body)));
	}
	if (post && str_eq(r->path, STR("/images/create"))) {
		return from ? *from : STR_EMPTY;
	}
	return post ? between(r->path, STR("/images/"), STR("/push"))
		    : between(r->path, STR("/distribution/"), STR("/json"));
}

bool docker_registry_local(struct arena *a, const struct http_request *r, struct str body,
			   unsigned *port)
{
	struct str image = asked_for(a, r, body), host = str_cut(&image, '/');
	size_t colon = str_chr(host, ']', 0);
	unsigned long n = HTTP_PORT;

	if (!image.p) {
		return false; /* one part is a name, not a host */
	}
	colon = str_chr(host, ':', colon == STR_NPOS ? 0 : colon);
	if (colon != STR_NPOS && !str_to_ulong(str_slice(host, colon + 1, host.len), &n)) {
		return false;
	}
	host = str_slice(host, 0, colon);
	*port = (unsigned)n;
	return n <= 65535 && (str_ieq(host, STR("localhost")) || str_starts(host, STR("127.")) ||
			      str_eq(host, STR("[::1]")));
}

static const struct pod_service *service_at(const struct pod *pod, unsigned port, unsigned *inside)
{
	for (size_t i = 0; pod && i < pod->n; i++) {
		for (size_t k = 0; k < pod->services[i].ports.n; k++) {
			if (pod->services[i].ports.v[k].host == port) {
				*inside = pod->services[i].ports.v[k].inside;
				return &pod->services[i];
			}
		}
	}
	return NULL;
}

/* A container that the job started with `-p`: the daemon itself listens there. */
static bool is_published(const struct docker_socket *s, struct arena *a, unsigned port)
{
	struct value v = value_null();
	struct str path =
		arena_printf(a,
			     "/containers/json?filters=%%7B%%22label%%22%%3A%%5B%%22act-c.pod"
			     "%%3D%.*s%%22%%5D%%7D",
			     STR_ARG(s->gate.owner));

	if (docker_proxy_ask((void *)(uintptr_t)s, a, "GET", path, STR_EMPTY, &v) != 200 ||
	    v.kind != VALUE_ARRAY) {
		return false;
	}
	for (size_t i = 0; i < v.u.a->n; i++) {
		struct value ports = value_get(v.u.a->v[i], STR("Ports"));

		for (size_t k = 0; ports.kind == VALUE_ARRAY && k < ports.u.a->n; k++) {
			struct value at = value_get(ports.u.a->v[k], STR("PublicPort"));

			if (at.kind == VALUE_NUMBER && at.u.n == (double)port) {
				return true;
			}
		}
	}
	return false;
}

static struct str address_of(const struct docker_socket *s, struct arena *a, struct str container)
{
	struct value v = value_null();
	struct str path = arena_printf(a, "/containers/%.*s/json", STR_ARG(container));

	if (docker_proxy_ask((void *)(uintptr_t)s, a, "GET", path, STR_EMPTY, &v) != 200) {
		return STR_EMPTY;
	}
	v = value_get(value_get(v, STR("NetworkSettings")), STR("Networks"));
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		struct value ip = value_get(v.u.o->v[i].value, STR("IPAddress"));

		if (ip.kind == VALUE_STRING && ip.u.s.len) {
			return ip.u.s;
		}
	}
	return STR_EMPTY;
}

/* --- carrying --------------------------------------------------------------------------------- */

static int dial(const char *address, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
			connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void carry_one(int listener, const char *address, unsigned port)
{
	int client = accept(listener, NULL, NULL), service;

	if (client < 0) {
		return;
	}
	if (fork() == 0) {
		service = dial(address, port);
		if (service >= 0) {
			docker_proxy_carry(client, service);
		}
		_exit(0);
	}
	(void)close(client);
}

/* Until the other end of `alive` is gone; with it all connections are. */
static _Noreturn void relay(const int *listeners, int alive, const char *address, unsigned port)
{
	struct pollfd p[LISTENERS + 1] = { { .fd = listeners[0], .events = POLLIN },
					   { .fd = listeners[1], .events = POLLIN },
					   { .fd = alive, .events = POLLIN } };

	(void)setpgid(0, 0);
	(void)signal(SIGCHLD, SIG_IGN);
	while (!p[LISTENERS].revents) {
		if (poll(p, LISTENERS + 1, -1) < 0) {
			continue;
		}
		for (int i = 0; i < LISTENERS; i++) {
			if (p[i].revents) {
				carry_one(listeners[i], address, port);
			}
		}
	}
	(void)kill(0, SIGKILL);
	_exit(0);
}

/* --- listening -------------------------------------------------------------------------------- */

/* -1 with errno. */
static int listen_at(const struct sockaddr *at, socklen_t len)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd >= 0 && ((at->sa_family == AF_INET6 &&
			 setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
			bind(fd, at, len) < 0 || listen(fd, BACKLOG) < 0)) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

/* Where the daemon may look, IPv6 first. False with EADDRINUSE where somebody else is there; a
 * machine may have no IPv6. */
static bool listen_both(unsigned port, int listeners[LISTENERS])
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
					 .sin6_port = htons((uint16_t)port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	listeners[1] = -1;
	listeners[0] = listen_at((const struct sockaddr *)&v4, sizeof(v4));
	if (listeners[0] < 0) {
		return false;
	}
	listeners[1] = listen_at((const struct sockaddr *)&v6, sizeof(v6));
	return listeners[1] >= 0 || errno != EADDRINUSE;
}

/* Jobs that push to the same port of this machine do it one after the other, whose ever they are: a
 * name that only one process has, and that goes with it. */
static int take_turn(int client, unsigned port)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct pollfd gone = { .fd = client };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "act-c-registry-%u", port);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);

	for (int i = 0; fd >= 0 && bind(fd, (struct sockaddr *)&name, len) < 0; i++) {
		if (errno != EADDRINUSE || i == TURN_TRIES || poll(&gone, 1, TURN_MS) > 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	return fd;
}

static bool start(struct docker_registry *r, struct arena *a, struct str address, unsigned port,
		  unsigned inside, int client)
{
	int listeners[LISTENERS], alive[2];
	bool ok = listen_both(port, listeners) && pipe2(alive, O_CLOEXEC) == 0;

	if (ok) {
		r->pid = fork();
		if (r->pid == 0) {
			(void)close(client);
			(void)close(alive[1]);
			relay(listeners, alive[0], arena_cstr(a, address), inside);
		}
		(void)close(alive[0]);
		r->alive = alive[1];
		ok = r->pid > 0;
	}

	int saved = errno;

	for (int i = 0; i < LISTENERS; i++) {
		if (listeners[i] >= 0) {
			(void)close(listeners[i]);
		}
	}
	errno = saved;
	return ok;
}

/* --- around a call ---------------------------------------------------------------------------- */

static bool refuse(struct str *why, struct str text)
{
	*why = text;
	return false;
}

bool docker_registry_open(const struct docker_socket *s, struct arena *a,
			  const struct http_request *request, struct str body, int client,
			  struct docker_registry *r, struct str *why)
{
	unsigned port = 0, inside = 0;
	const struct pod_service *service;
	struct str address;

	if (s->published || !docker_registry_local(a, request, body, &port)) {
		return true;
	}
	service = service_at(s->pod, port, &inside);
	if (!service) {
		return s->gate.full || is_published(s, a, port) ||
		       refuse(why, docker_gate_refusal(
					   a, arena_printf(a,
							   "localhost:%u would be this machine's "
							   "own, and no service or container of "
							   "the job has this port",
							   port)));
	}
	address = address_of(s, a, service->id);
	r->turn = s->dial && address.len ? take_turn(client, port) : -1;
	if (r->turn >= 0 && start(r, a, address, port, inside, client)) {
		return true;
	}
	return refuse(why, arena_printf(a,
					"act-c: localhost:%u, where the daemon would look for the "
					"service %.*s, cannot be listened on (%s); "
					"--publish-services opens the ports of services there",
					port, STR_ARG(service->spec->id),
					!s->dial ? "the daemon is elsewhere" : strerror(errno)));
}

void docker_registry_close(struct docker_registry *r)
{
	if (r->pid > 0) {
		(void)close(r->alive);
		(void)waitpid(r->pid, NULL, 0);
	}
	if (r->turn >= 0) {
		(void)close(r->turn);
	}
	*r = DOCKER_REGISTRY_INIT;
}
