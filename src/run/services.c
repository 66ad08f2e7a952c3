/*
 * services.c - the supervisor's side of the services: the socket, the process, its end.
 */
#include "services.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/cache.h"
#include "actc/process.h"
#include "scope.h"

enum {
	KEY_BYTES = 32,
	LINE_MAX_BYTES = 16 * 1024,
	END_MS = 2000, /* for its end, before it is killed */
};

static const char *const socket_names[SOCKETS] = {
	[SOCKET_SERVICES] = "services",
	[SOCKET_PLAIN] = "stand-in",
	[SOCKET_TLS] = "stand-in-tls",
};

struct services {
	struct serve_spec spec;
	struct str path;      /* of the services' own */
	struct str dir;       /* of the sockets, short enough to be dialled */
	int sockets[SOCKETS]; /* -1 = none */
	int directory_fd;     /* where the path goes through it; or -1 */
	pid_t pid;            /* 0 = it does not run */
	int control;          /* closed: it ends */
	int log;
	int masks; /* serve_fds.masks: workers write, the process reads */
	struct strbuf text;
	bool broken; /* it did not start: is not tried again */
};

static void say(struct run *run, const char *level, struct str message)
{
	bool note = strcmp(level, "debug") != 0;
	struct event e = { .kind = note ? EVENT_RUN_NOTE : EVENT_DEBUG };

	if (note) {
		e.u.run_note.level = str_of(level);
		e.u.run_note.message = message;
	} else {
		e.u.debug.source = STR("services");
		e.u.debug.message = message;
	}
	run_emit(run, &e);
}

/* --- the socket ------------------------------------------------------------------------------- */

/* A socket's path is short; a run directory's may not be. It is then named by a descriptor, which
 * workers have too. */
static struct str short_dir(struct services *s, struct arena *a, struct str dir)
{
	struct sockaddr_un at;

	if (dir.len + sizeof("/stand-in-tls") < sizeof(at.sun_path)) {
		return dir;
	}
	s->directory_fd = open(dir.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return arena_printf(a, "/proc/self/fd/%d", s->directory_fd);
}

static int listen_on(struct str path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, path.p, path.len);
	if (fd >= 0 &&
	    (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, SOMAXCONN) != 0)) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

static struct str random_key(struct arena *a)
{
	char *key = arena_alloc(a, KEY_BYTES);

	BUG_ON(getrandom(key, KEY_BYTES, 0) != KEY_BYTES);
	return str_mk(key, KEY_BYTES);
}

static const struct str *workflow_names(struct run *run)
{
	const struct run_request *r = run->request;
	struct str *names = arena_array(run->arena, struct str, r->nworkflows);

	for (size_t i = 0; i < r->nworkflows; i++) {
		names[i] = r->workflows[i].workflow->name;
	}
	return names;
}

static struct rest_facts rest_facts(struct run *run)
{
	const struct run_request *r = run->request;
	const struct run_workflow *first = &r->workflows[0];
	const struct vobject *github = github_context(run->arena, r, first, STR_EMPTY);
	const struct setting *token = settings_get(r->secrets, STR("GITHUB_TOKEN"), true);
	struct str branch = r->repo->default_branch;

	return (struct rest_facts){
		.token = token ? token->value : STR_EMPTY,
		.token_is_real = token && !str_starts(token->value, STR("act-c-has-no-token")),
		.api_url = vobject_get(github, STR("api_url"))->u.s,
		.closed = r->machine.no_egress,
		.server_url = r->event->server_url,
		.snapshot = r->snapshot,
		.sha = r->event->sha,
		.ref = r->event->ref,
		.default_branch = branch.len ? branch : STR("main"),
		.event_name = r->event->event_name,
		.run_number = r->event->run_number,
		.nworkflows = r->nworkflows,
		.workflows = workflow_names(run),
		.actor = r->event->actor,
		.pull_request = value_get(first->payload, STR("pull_request")),
	};
}

static bool fill_spec(struct services *s, struct run *run, struct err *err)
{
	const struct run_request *r = run->request;
	struct str home = STR_EMPTY;

	if (!cache_home(run->arena, &home, err)) {
		return false;
	}
	s->spec = (struct serve_spec){
		.run_dir = r->rundir->path,
		.tmp = r->rundir->tmp,
		.state = r->rundir->state,
		.cache_dir = arena_printf(run->arena, "%.*s/%.*s", STR_ARG(home),
					  STR_ARG(r->event->repository)),
		.cache_limit = r->cache_limit ? r->cache_limit : RUN_CACHE_LIMIT,
		.key = random_key(run->arena),
		.run_id = r->event->run_id,
		.repository = r->event->repository,
		.nstand_ins = r->nstand_ins,
		.stand_ins = r->stand_ins,
		.masker = r->masker,
		.rest = rest_facts(run),
	};
	return r->nstand_ins == 0 ||
	       stand_ins_identity(run->arena, r->stand_ins, r->nstand_ins, &s->spec.identity, err);
}

static bool listen_all(struct services *s, struct run *run, struct err *err)
{
	for (enum services_socket i = 0; i < SOCKETS; i++) {
		struct str path =
			arena_printf(run->arena, "%.*s/%s", STR_ARG(s->dir), socket_names[i]);

		if (i != SOCKET_SERVICES && s->spec.nstand_ins == 0) {
			continue;
		}
		s->sockets[i] = listen_on(path);
		if (s->sockets[i] < 0) {
			return err_sys(err, errno, "%.*s", STR_ARG(path));
		}
	}
	return true;
}

static void close_sockets(struct services *s)
{
	for (enum services_socket i = 0; i < SOCKETS; i++) {
		if (s->sockets[i] >= 0) {
			(void)close(s->sockets[i]);
			s->sockets[i] = -1;
		}
	}
}

struct services *services_open(struct run *run)
{
	struct services *s = arena_new(run->arena, struct services);
	struct err err = ERR_INIT;

	if (run->request->dry_run || run->request->nworkflows == 0) {
		return NULL;
	}
	s->directory_fd = s->control = s->log = s->masks = -1;
	for (enum services_socket i = 0; i < SOCKETS; i++) {
		s->sockets[i] = -1;
	}
	strbuf_init(&s->text, LINE_MAX_BYTES);
	s->path = arena_printf(run->arena, "%.*s/%s", STR_ARG(run->request->rundir->tmp),
			       socket_names[SOCKET_SERVICES]);
	s->dir = short_dir(s, run->arena, run->request->rundir->tmp);
	if (fill_spec(s, run, &err) && listen_all(s, run, &err)) {
		/* Without a name it goes with the last of us. */
		s->masks = open(run->request->rundir->tmp.p,
				O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
		return s;
	}
	close_sockets(s);
	say(run, "warning",
	    arena_printf(run->arena, "actions will find no artifacts and caches: %s", err.msg));
	err_release(&err);
	return NULL;
}

struct str services_dial(const struct services *s, struct arena *a, enum services_socket which)
{
	return arena_printf(a, "unix:%.*s/%s", STR_ARG(s->dir), socket_names[which]);
}

struct str services_path(const struct services *s)
{
	return s->path;
}

const struct serve_spec *services_spec(const struct services *s)
{
	return &s->spec;
}

void services_add_mask(const struct services *s, struct str value)
{
	if (s) {
		(void)serve_masks_add(s->masks, value);
	}
}

/* --- the process ------------------------------------------------------------------------------ */

int services_fd(const struct services *s, enum services_socket which)
{
	if (!s || s->broken) {
		return -1;
	}
	if (s->pid) {
		return which == SOCKET_SERVICES ? s->log : -1;
	}
	return s->sockets[which];
}

/* stdin is the control pipe and stderr the log; nothing else of the supervisor is kept open, so
 * that a worker sees the supervisor's end. */
static _Noreturn void child(struct services *s, const int control[2], const int log[2])
{
	static const int defaults[] = { SIGINT, SIGTERM, SIGCHLD, SIGHUP };
	int kept[SOCKETS + 1];

	(void)setsid();
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		(void)signal(defaults[i], SIG_DFL);
	}
	(void)dup2(control[0], STDIN_FILENO);
	(void)dup2(log[1], STDOUT_FILENO);
	(void)dup2(log[1], STDERR_FILENO);
	memcpy(kept, s->sockets, sizeof(s->sockets));
	kept[SOCKETS] = s->masks;
	close_all_but(kept, SOCKETS + 1);
	_exit(serve_main(&s->spec, &(struct serve_fds){ .services = kept[SOCKET_SERVICES],
							.plain = kept[SOCKET_PLAIN],
							.tls = kept[SOCKET_TLS],
							.control = STDIN_FILENO,
							.log = STDERR_FILENO,
							.masks = kept[SOCKETS] }));
}

static void start(struct services *s, struct run *run)
{
	int control[2] = { -1, -1 }, log[2] = { -1, -1 };

	if (pipe2(control, O_CLOEXEC) != 0 || pipe2(log, O_CLOEXEC) != 0) {
		s->broken = true;
		return;
	}
	s->pid = fork();
	if (s->pid == 0) {
		child(s, control, log);
	}
	(void)close(control[0]);
	(void)close(log[1]);
	s->control = control[1];
	s->log = log[0];
	if (s->pid < 0) {
		s->pid = 0;
		s->broken = true;
	}
	say(run, "debug", STR("started"));
}

static void take_lines(struct services *s, struct run *run)
{
	for (;;) {
		struct str text = strbuf_str(&s->text);
		size_t end = str_chr(text, '\n', 0);

		if (end == STR_NPOS) {
			return;
		}

		struct str line = str_slice(text, 0, end);
		bool error = str_starts(line, STR("error: ")),
		     note = str_starts(line, STR("note: "));

		say(run,
		    error  ? "warning"
		    : note ? "info"
			   : "debug",
		    arena_str(run->arena, str_slice(line,
						    error  ? 7
						    : note ? 6
							   : 0,
						    line.len)));
		strbuf_consume(&s->text, end + 1);
	}
}

/* What it said last; its end of the pipe is closed by then. */
static void drain(struct services *s)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(s->log, chunk, sizeof(chunk))) > 0) {
		(void)strbuf_add(&s->text, chunk, (size_t)n);
	}
}

static void reap(struct services *s)
{
	long long deadline = now_ms() + END_MS;
	pid_t gone = 0;

	while (s->pid && (gone = waitpid(s->pid, NULL, WNOHANG)) == 0 && now_ms() < deadline) {
		(void)usleep(1000);
	}
	if (s->pid && gone == 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	drain(s);
	s->pid = 0;
	(void)close(s->log);
	s->log = -1;
	if (s->control >= 0) {
		(void)close(s->control);
		s->control = -1;
	}
}

void services_ready(struct services *s, struct run *run)
{
	char chunk[4096];
	ssize_t n;

	if (!s->pid) {
		start(s, run);
		return;
	}
	n = read(s->log, chunk, sizeof(chunk));
	if (n > 0) {
		if (!strbuf_add(&s->text, chunk, (size_t)n)) {
			strbuf_reset(&s->text);
		}
		take_lines(s, run);
	} else if (n == 0) {
		/* It ended by itself, and would again. */
		reap(s);
		take_lines(s, run);
		s->broken = true;
		close_sockets(s);
		say(run, "warning", STR("the services for actions have ended"));
	}
}

void services_forget(struct services *s)
{
	if (!s) {
		return;
	}
	close_sockets(s);
	if (s->pid) {
		(void)close(s->control);
		(void)close(s->log);
	}
}

void services_close(struct services *s, struct run *run)
{
	if (!s) {
		return;
	}
	if (s->pid) {
		(void)close(s->control);
		s->control = -1;
		reap(s);
	}
	take_lines(s, run);
	close_sockets(s);
	if (s->directory_fd >= 0) {
		(void)close(s->directory_fd);
	}
	if (s->masks >= 0) {
		(void)close(s->masks);
	}
	strbuf_release(&s->text);
}
