/*
 * engine_host.c - the machine is this one: the agent runs as the user that started act-c.
 *
 * No isolation at all, therefore never chosen by itself. The agent is a subreaper in a session of
 * its own, so it finds whatever a step leaves behind and ends it with the job. Linux only: the
 * program is started from memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/process.h"
#include "agent_blob.h"
#include "host_dirs.h"
#include "machine.h"

extern char **environ;

enum {
	START_MS = 10 * 1000,
	STOP_MS = 3 * 1000,
	LAST_MS = 500,
};

struct host_machine {
	struct machine m;
	pid_t pid;
	struct arena *arena;
	const char *tmp, *dir; /* the run's and the job's, which goes with it */
	bool bound;
};

static void host_probe(struct arena *a, struct engine_state *out)
{
	(void)a;
	*out = (struct engine_state){
		.usable = true,
		.version = STR("this machine, without isolation"),
		.why = STR_EMPTY,
		.fix = STR_EMPTY,
	};
}

struct start {
	int program, in, out;
};

static int child_main(void *ctx)
{
	static char name[] = "act-c-agent";
	const struct start *s = ctx;
	char *argv[] = { name, NULL };
	sigset_t none;

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)dup2(s->in, STDIN_FILENO);
	(void)dup2(s->out, STDOUT_FILENO);
	(void)fexecve(s->program, argv, environ);
	_exit(127);
}

static void close_pair(const int fds[2])
{
	for (size_t i = 0; i < 2; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

/* Pipes, not a socket pair: a step's output flows three times as fast. Our ends are *in, *out. */
static pid_t start_agent(struct arena *a, int given, int *in, int *out, struct err *err)
{
	int down[2] = { -1, -1 };
	int up[2] = { -1, -1 };
	int program = given > 0 ? given : agent_memfd(err);
	pid_t pid = -1;

	if (program < 0) {
		return -1;
	}
	if (pipe2(down, O_CLOEXEC) == 0 && pipe2(up, O_CLOEXEC) == 0) {
		struct start s = { program, down[0], up[1] };

		pid = child_beside(arena_alloc(a, CHILD_STACK), CHILD_STACK, CLONE_VFORK,
				   child_main, &s);
	}
	if (pid < 0) {
		err_sys(err, errno, "start the agent");
		close_pair(down);
		close_pair(up);
	} else {
		*out = down[1];
		*in = up[0];
		(void)close(down[0]);
		(void)close(up[1]);
	}
	if (program != given) {
		(void)close(program);
	}
	return pid;
}

/* A job's path may hold anything; a directory's name may not. */
static struct str job_dir(struct arena *a, const struct machine_spec *spec)
{
	struct str dir = arena_printf(a, "%.*s/host-%.*s-XXXXXX", STR_ARG(spec->rundir->tmp),
				      STR_ARG(str_slice(spec->job, 0, 60)));
	char *p = (char *)(uintptr_t)dir.p + spec->rundir->tmp.len + 1;

	for (; p < dir.p + dir.len; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9') || *p == '.';

		*p = plain ? *p : '-';
	}
	return dir;
}

static struct runner_paths layout(struct arena *a, const struct machine_spec *spec, const char *dir)
{
	struct str work = arena_printf(a, "%s/work", dir);
	struct runner_paths paths = machine_layout(a, work, spec->repository_name);

	paths.tool_cache = arena_printf(a, "%.*s/toolcache", STR_ARG(spec->rundir->state));
	paths.externals = spec->externals.len
				  ? spec->externals
				  : arena_printf(a, "%.*s/externals", STR_ARG(spec->rundir->state));
	if (spec->bind.len) {
		paths.workspace = spec->bind;
	}
	return paths;
}

static bool open_channel(struct arena *a, struct host_machine *m, const struct machine_spec *spec,
			 struct err *err)
{
	const struct runner_paths *p = &m->m.paths;
	/* The workspace last: a bound one is the user's own and stays as it is. */
	struct str dirs[] = {
		p->work, p->temp, p->actions, p->tool_cache, p->externals, p->workspace,
	};
	struct channel_hello hello = {
		.user = STR_EMPTY,
		.dirs = dirs,
		.ndirs = sizeof(dirs) / sizeof(dirs[0]) - (spec->bind.len > 0),
	};
	int in, out;

	m->pid = start_agent(a, spec->agent, &in, &out, err);
	if (m->pid < 0) {
		return false;
	}
	m->m.channel = channel_open(a, in, out, &hello, START_MS, err);
	return m->m.channel != NULL;
}

/* True when the agent has ended, and how, as child_wait() says it; waits for it at most so long. */
static bool wait_agent(struct host_machine *m, int timeout_ms, int *status)
{
	struct child agent = CHILD_INIT;

	agent.pid = m->pid;
	if (m->pid <= 0 || !child_wait(&agent, timeout_ms)) {
		return false;
	}
	m->pid = 0;
	*status = agent.status;
	return true;
}

static void host_stop(struct machine *machine, bool force)
{
	struct host_machine *m = (struct host_machine *)machine;
	bool whole;
	int status = 0;

	if (m->m.channel) {
		/* The agent kills everything at once in any case. */
		channel_close(m->m.channel);
		m->m.channel = NULL;
	}
	/* An agent that ends in order has first ended all that the job left running. */
	whole = wait_agent(m, force ? STOP_MS / 2 : STOP_MS, &status) && status == 0 && !force;
	if (!whole && m->pid > 0) {
		(void)kill(m->pid, SIGKILL);
		(void)wait_agent(m, STOP_MS, &status);
	}
	host_dir_close(m->arena, m->tmp, m->dir, &m->m.paths, whole && !m->bound);
}

static struct machine *host_start(struct arena *a, const struct machine_spec *spec, struct err *err)
{
	struct host_machine *m = arena_new(a, struct host_machine);
	struct str dir = job_dir(a, spec);
	char *path = arena_cstr(a, dir);

	if (spec->no_egress || spec->nhosts) {
		(void)err_set(err, ERR_ENGINE,
			      "the host engine shares this machine's network: there is neither "
			      "--egress none nor --stand-in on it");
		return NULL;
	}
	memcpy(path + dir.len - 6, "XXXXXX", 6);
	m->arena = a;
	m->tmp = arena_cstr(a, spec->rundir->tmp);
	m->bound = spec->bind.len > 0;
	if (!host_dir_open(a, m->tmp, path, err)) {
		return NULL;
	}
	m->dir = path;
	m->m.engine = &engine_host;
	m->m.describe = m->m.id = STR_EMPTY;
	m->m.paths = layout(a, spec, path);
	if (!open_channel(a, m, spec, err)) {
		host_stop(&m->m, true);
		err_wrap(err, "host");
		return NULL;
	}
	return &m->m;
}

static struct str host_why_lost(struct arena *a, struct machine *machine)
{
	struct host_machine *m = (struct host_machine *)machine;
	int status = 0;

	/* Its descriptors are closed a little before it can be waited for. */
	if (wait_agent(m, LAST_MS, &status)) {
		if (status > 128 && status < 255) {
			return arena_printf(a, "the agent was ended by signal %d", status - 128);
		}
		return STR("the agent has ended");
	}
	return STR("the connection to the agent was lost");
}

/* What a run leaves here is in its directory, and its processes end with the connection. */
static int host_sweep(const struct rundir *home, bool all, bool caches, struct err *err)
{
	(void)all;
	(void)caches;
	(void)err;
	rundir_swept(home, NULL);
	return 0;
}

const struct engine engine_host = {
	.name = "host",
	.probe = host_probe,
	.start = host_start,
	.stop = host_stop,
	.why_lost = host_why_lost,
	.sweep = host_sweep,
};
