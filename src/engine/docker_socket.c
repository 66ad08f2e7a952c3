/*
 * docker_socket.c - the docker socket of a job: /var/run/docker.sock, whose connections the agent
 * carries here, each to the daemon that the user's own docker talks to.
 *
 * What a job makes through it bears the job's labels and goes when the job ends.
 */
#include "docker_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_PATH "/var/run/docker.sock"

enum { ENDPOINT_MAX = 4096 };

/* Bits of a mode as Go has them. */
static const unsigned long DIRECTORY = 1UL << 31, LINK = 1UL << 27;

/* --- the job's directories -------------------------------------------------------------------- */

/* What is at a path of the job's container: the bits of its mode, 0 = nothing. */
static unsigned long mode_of(struct docker_socket *s, struct arena *a, struct str path)
{
	struct strbuf encoded = STRBUF_INIT(0);
	struct value v;

	for (size_t i = 0; i < path.len; i++) {
		(void)strbuf_addf(&encoded, "%%%02X", (unsigned char)path.p[i]);
	}

	struct str url = arena_printf(a, "/containers/%.*s/archive?path=%.*s",
				      STR_ARG(s->gate.machine), STR_ARG(strbuf_str(&encoded)));
	int status = docker_proxy_ask(s, a, "HEAD", url, STR_EMPTY, &v);
	struct value mode = value_get(v, STR("mode"));

	strbuf_release(&encoded);
	return status == 200 && mode.kind == VALUE_NUMBER ? (unsigned long)mode.u.n : 0;
}

/* "/a//b/./c/.." is "/a/b": as written, links are looked for apart. */
static struct str tidy(struct arena *a, struct str path)
{
	struct str rest = path;
	char *out = arena_alloc(a, path.len + 2);
	size_t n = 0;

	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (str_eq(part, STR(".."))) {
			while (n > 0 && out[--n] != '/') {
			}
		} else if (part.len && !str_eq(part, STR("."))) {
			out[n++] = '/';
			memcpy(out + n, part.p, part.len);
			n += part.len;
		}
	}
	if (n == 0) {
		out[n++] = '/';
	}
	out[n] = '\0';
	return str_mk(out, n);
}

/* A link on the way would be followed at the daemon's machine, not in the job. */
static bool is_plain(struct docker_socket *s, struct arena *a, struct str path, struct str mounted,
		     unsigned long *mode, struct str *why)
{
	for (size_t end = mounted.len; end < path.len;) {
		size_t next = str_chr(path, '/', end + 1);
		struct str here = str_slice(path, 0, next);

		*mode = mode_of(s, a, here);
		if (*mode == 0) {
			*why = arena_printf(a, "there is no %.*s in the job: make it first",
					    STR_ARG(here));
			return false;
		}
		if (*mode & LINK) {
			*why = arena_printf(a, "%.*s is a symbolic link", STR_ARG(here));
			return false;
		}
		end = next == STR_NPOS ? path.len : next;
	}
	return true;
}

static void set_text(struct arena *a, struct vobject *o, const char *key, struct str text)
{
	vobject_set(a, o, str_of(key), value_str(text));
}

/* A volume that is nothing but that directory; see docker_action.c. */
static struct value volume_of(struct arena *a, const struct docker_gate *g, struct str source)
{
	struct vobject *o = vobject_new(a, true), *options = vobject_new(a, true);
	struct vobject *driver = vobject_new(a, true), *local = vobject_new(a, true);
	struct vobject *labels = vobject_new(a, true);

	set_text(a, local, "type", STR("none"));
	set_text(a, local, "o", STR("bind"));
	set_text(a, local, "device", source);
	set_text(a, driver, "Name", STR("local"));
	vobject_set(a, driver, STR("Options"), value_object(local));
	docker_gate_label(a, g, labels);
	vobject_set(a, options, STR("NoCopy"), value_bool(true));
	vobject_set(a, options, STR("Labels"), value_object(labels));
	vobject_set(a, options, STR("DriverConfig"), value_object(driver));
	set_text(a, o, "Type", STR("volume"));
	vobject_set(a, o, STR("VolumeOptions"), value_object(options));
	return value_object(o);
}

static struct value bind_of(struct arena *a, struct str source)
{
	struct vobject *o = vobject_new(a, true);

	set_text(a, o, "Type", STR("bind"));
	set_text(a, o, "Source", source);
	return value_object(o);
}

static bool place(void *ctx, struct arena *a, struct str given, struct value *mount,
		  struct str *why)
{
	struct docker_socket *s = ctx;
	struct str path = tidy(a, given);
	struct docker_place found;
	unsigned long mode = DIRECTORY;
	struct value job;
	struct str url = arena_printf(a, "/containers/%.*s/json", STR_ARG(s->gate.machine));

	if (docker_proxy_ask(s, a, "GET", url, STR_EMPTY, &job) != 200 ||
	    !docker_place_in(a, value_get(job, STR("Mounts")), path, &found)) {
		*why = STR("it is not in a directory that the job shares");
		return false;
	}
	if (!is_plain(s, a, path, found.mounted, &mode, why)) {
		return false;
	}
	*mount = found.bind || !(mode & DIRECTORY) ? bind_of(a, found.source)
						   : volume_of(a, &s->gate, found.source);
	if (found.read_only) {
		vobject_set(a, (struct vobject *)(uintptr_t)mount->u.o, STR("ReadOnly"),
			    value_bool(true));
	}
	return true;
}

/* --- connections ------------------------------------------------------------------------------ */

/* Where the user's docker talks to; what is no socket here goes through the client. */
static void find_endpoint(struct docker_socket *s, struct arena *a)
{
	static const struct str scheme = STR_INIT("unix://");
	struct strbuf text = STRBUF_INIT(ENDPOINT_MAX);
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, a, s->program, "context");
	docker_arg(&args, "inspect");
	docker_arg(&args, "--format={{.Endpoints.docker.Host}}");
	if (docker_call(&args, NULL, &text, DOCKER_CALL_MS, &ignored)) {
		struct str host = str_trim(strbuf_str(&text));

		if (str_starts(host, scheme)) {
			s->dial = arena_cstr(a, str_slice(host, scheme.len, host.len));
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
}

static struct str use_note(const struct docker_socket *s)
{
	if (s->mode != DOCKER_SOCKET_FULL) {
		return STR("(the job uses the docker socket: what it makes there is its own, and "
			   "goes with it)");
	}
	return s->no_egress ? STR("(the job uses the docker socket, unfiltered: --docker-socket "
				  "full; what it starts there is not kept in by egress none)")
			    : STR("(the job uses the docker socket, unfiltered: --docker-socket "
				  "full)");
}

static void first_use(struct docker_socket *s, struct arena *a)
{
	s->used = true;
	find_endpoint(s, a);
	rundir_mark(s->rundir, s->mark);
	if (s->note) {
		s->note(s->ctx, use_note(s));
	}
}

/* Two forks: nobody has to wait for the process that serves it. */
static int connect_one(void *ctx)
{
	struct docker_machine *m = ctx;
	int ends[2];

	if (!m->socket->used) {
		first_use(m->socket, m->arena);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		return -1;
	}

	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0) {
			(void)setsid();
			(void)signal(SIGPIPE, SIG_IGN);
			(void)dup2(m->socket->told[1], STDIN_FILENO);
			docker_proxy(m->socket, close_others(ends[1]));
		}
		_exit(0);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -1;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static void take_ports(void *ctx)
{
	struct docker_socket *s = ctx;
	struct docker_port port;

	while (read(s->told[0], &port, sizeof(port)) == sizeof(port)) {
		docker_ports_add(s->ports, &port);
	}
}

/* Without a pipe there are no ports, that is all. */
static void watch_ports(struct arena *a, struct docker_machine *m)
{
	struct docker_socket *s = m->socket;

	if (pipe2(s->told, O_CLOEXEC | O_NONBLOCK) < 0) {
		s->told[0] = s->told[1] = -1;
		return;
	}
	s->ports = docker_ports_new(a, m->base.channel);
	channel_watch(m->base.channel, s->told[0], take_ports, s);
}

static struct docker_socket *socket_of(struct arena *a, const struct docker_machine *m,
				       const struct machine_spec *spec)
{
	struct docker_socket *s = arena_new(a, struct docker_socket);
	const struct rundir *d = m->rundir;
	/* Its own one: not what --network names. */
	bool own = spec->pod && !str_eq(spec->pod->network, spec->network);
	struct str network = own ? spec->pod->network : STR_EMPTY;

	*s = (struct docker_socket){ .mode = spec->docker_socket,
				     .program = m->program,
				     .rundir = d,
				     .mark = arena_printf(a, "%s-docker", m->name).p,
				     .pod = spec->pod,
				     .published = spec->publish,
				     .no_egress = spec->no_egress,
				     .note = spec->note,
				     .ctx = spec->ctx };
	s->gate = (struct docker_gate){ .run = d->run_id,
					.home = d->home_id,
					.owner = network.len ? network : str_of(m->name),
					.machine = str_of(m->name),
					.network = network,
					.full = s->mode == DOCKER_SOCKET_FULL,
					.ask = docker_proxy_ask,
					.place = place,
					.ctx = s };
	return s;
}

bool docker_socket_offer(struct arena *a, struct docker_machine *m, const struct machine_spec *spec,
			 struct err *err)
{
	struct err mine = ERR_INIT;

	/* A container of the job's own would have a way outside. */
	bool leaks = spec->no_egress && spec->docker_socket != DOCKER_SOCKET_FULL;

	if (spec->docker_socket == DOCKER_SOCKET_NEVER || leaks) {
		return true;
	}
	if (!m->program->events) {
		if (spec->wants_docker && !spec->beside && spec->progress) {
			spec->progress(
				spec->ctx,
				arena_printf(a,
					     "should this job call docker: on %s it has neither "
					     "its socket nor its client; --engine docker "
					     "gives both",
					     m->program->name));
		}
		return true;
	}
	m->socket = spec->beside ? ((struct docker_machine *)spec->beside)->socket
				 : socket_of(a, m, spec);
	if (!m->socket) {
		return true;
	}
	if (channel_forward_made(m->base.channel, STR("unix:" SOCKET_PATH), connect_one, m,
				 &mine)) {
		if (!spec->beside) {
			watch_ports(a, m);
		}
		return true;
	}
	m->socket = NULL;
	if (mine.kind == ERR_LOST) {
		*err = mine;
		return false;
	}
	/* An image without /var/run: what is in it does not look for docker there. */
	err_release(&mine);
	return true;
}

void docker_socket_end(struct docker_machine *m)
{
	struct docker_socket *s = m->socket;

	if (s && s->used && !m->base.beside) {
		docker_sweep_pod(s->program, s->gate.owner);
		rundir_unmark(s->rundir, s->mark);
	}
	for (int i = 0; s && !m->base.beside && i < 2; i++) {
		if (s->told[i] > 0) {
			(void)close(s->told[i]);
		}
	}
	m->socket = NULL;
}
