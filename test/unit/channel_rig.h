/*
 * channel_rig.h - a test's own agent: the real program on a socket pair, and a directory to work
 * in.
 */
#ifndef TEST_CHANNEL_RIG_H
#define TEST_CHANNEL_RIG_H

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "actc/channel.h"
#include "actc/file.h"
#include "actc/frame.h"
#include "engine/agent_blob.h"

struct rig {
	struct arena a;
	struct channel *c;
	pid_t agent;
	int fd;
	char dir[64];
};

static inline long long ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* qemu's user mode differs: it knows no subreapers (in a container the agent is process 1, and
 * needs to be none), and some signals are its own. */
static inline bool rig_is_emulated(void)
{
	return getenv("ACTC_TEST_AGENT") != NULL;
}

/* This machine's agent; or, where ACTC_TEST_AGENT=aarch64, that one in qemu's user mode. */
static inline const struct agent_program *rig_program(void)
{
	return rig_is_emulated() ? agent_for(STR("linux/arm64")) : agent_here();
}

static inline void rig_exec(int program)
{
	char path[64];
	char *argv[] = { (char[]){ "agent" }, path, NULL };

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dup(program));
	if (rig_is_emulated()) {
		(void)execvp("qemu-aarch64-static", argv);
	} else {
		argv[1] = NULL;
		(void)fexecve(program, argv, environ);
	}
	_exit(127);
}

static inline void rig_start(struct rig *r)
{
	int ends[2];
	const struct agent_program *agent = rig_program();
	int program = memfd_create("agent", MFD_CLOEXEC);

	*r = (struct rig){ .dir = "/tmp/actc-channel-XXXXXX" };
	cr_assert(mkdtemp(r->dir));
	cr_assert(agent, "this act-c was built without that agent");
	cr_assert(write_all(program, agent->bytes, *agent->len));
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	r->agent = fork();
	if (r->agent == 0) {
		(void)setsid();
		(void)dup2(ends[1], 0);
		(void)dup2(ends[1], 1);
		rig_exec(program);
	}
	(void)close(program);
	(void)close(ends[1]);
	r->fd = ends[0];
}

static inline void rig_open(struct rig *r)
{
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY };

	rig_start(r);
	r->c = channel_open(&r->a, r->fd, r->fd, &hello, 60000, &err);
	cr_assert(r->c, "%s", err.msg);
}

static inline void rig_close(struct rig *r)
{
	struct err err = ERR_INIT;
	int status;

	if (r->c) {
		channel_close(r->c);
	}
	cr_assert(waitpid(r->agent, &status, 0) == r->agent);
	cr_assert(remove_tree(r->dir, &err), "%s", err.msg);
	arena_release(&r->a);
}

static inline struct str in_dir(struct rig *r, const char *name)
{
	return arena_printf(&r->a, "%s/%s", r->dir, name);
}

/* What a process said and how it ended. */
struct seen {
	struct strbuf out;
	size_t bytes;
	bool count_only;
	bool done;
	struct proc_exit exit;
	char what[256];
	long long at;
};

static inline void on_output(void *ctx, struct str bytes)
{
	struct seen *s = ctx;

	s->bytes += bytes.len;
	if (!s->count_only) {
		strbuf_adds(&s->out, bytes);
	}
}

static inline void on_exited(void *ctx, const struct proc_exit *how)
{
	struct seen *s = ctx;

	s->done = true;
	s->exit = *how;
	(void)snprintf(s->what, sizeof(s->what), "%.*s", STR_ARG(how->start_what));
	s->at = ms();
}

static inline void seen_init(struct seen *s)
{
	*s = (struct seen){ 0 };
	strbuf_init(&s->out, 0);
}

static inline struct proc *spawn(struct rig *r, struct seen *s, const char *script)
{
	struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	struct str env[] = { STR("PATH=/usr/bin:/bin"), STR("WHO=step") };
	struct proc_spec spec = {
		.argv = argv,
		.nargv = 3,
		.env = env,
		.nenv = 2,
		.cwd = str_of(r->dir),
		.mark = STR_EMPTY,
	};
	struct proc_handler h = { s, on_output, on_exited };

	seen_init(s);
	return channel_spawn(r->c, &spec, &h);
}

static inline void run_until(struct rig *r, const bool *done)
{
	long long until = ms() + 120000;

	while (!*done) {
		cr_assert(channel_turn(r->c, -1, 1000) != TURN_LOST, "lost: %s",
			  channel_why_lost(r->c).p);
		cr_assert(ms() < until, "not done within 120 s");
	}
}

static inline void run(struct rig *r, struct seen *s, const char *script)
{
	(void)spawn(r, s, script);
	run_until(r, &s->done);
}

#endif
