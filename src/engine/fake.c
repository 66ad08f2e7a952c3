/*
 * fake.c - the fake engine: a forked process at the other end of a socket pair. Only for tests; it
 * isolates nothing because it runs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/process.h"
#include "fake.h"
#include "machine.h"

enum { ANSWER_MS = 5000 };

struct fake_machine {
	struct machine base;
	struct child child;
};

static void fake_probe(struct arena *a, struct engine_state *out)
{
	(void)a;
	*out = (struct engine_state){ true, STR("fake"), STR_EMPTY, STR_EMPTY };
}

/* In the child: nothing of ours is kept open there but its end of the channel. */
static _Noreturn void child_main(int fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++) {
		(void)dup2(null, i);
	}
	fake_agent(close_others(fd));
}

static bool start(struct fake_machine *m, int *fd, struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		return err_sys(err, errno, "socketpair");
	}
	m->child.pid = fork();
	if (m->child.pid == 0) {
		child_main(ends[1]);
	}

	int sys = errno;

	(void)close(ends[1]);
	if (m->child.pid < 0) {
		m->child.pid = 0;
		(void)close(ends[0]);
		return err_sys(err, sys, "fork");
	}
	*fd = ends[0];
	return true;
}

static struct machine *fake_start(struct arena *a, const struct machine_spec *spec, struct err *err)
{
	struct fake_machine *m = arena_new(a, struct fake_machine);
	struct channel_hello hello = { .user = STR_EMPTY };
	int fd = -1;

	m->base.engine = &engine_fake;
	m->base.paths = machine_layout(a, STR("/home/runner/work"), spec->repository_name);
	m->base.paths.tool_cache = STR("/opt/hostedtoolcache");
	m->base.paths.externals = STR("/home/runner/externals");
	m->base.describe = STR("fake machine");
	m->child = (struct child)CHILD_INIT;
	if (!start(m, &fd, err)) {
		return NULL;
	}
	m->base.channel =
		channel_open(a, fd, fcntl(fd, F_DUPFD_CLOEXEC, 3), &hello, ANSWER_MS, err);
	if (!m->base.channel) {
		child_end(&m->child);
		return NULL;
	}
	return &m->base;
}

static void fake_stop(struct machine *base, bool force)
{
	struct fake_machine *m = (struct fake_machine *)base;

	if (m->base.channel) {
		channel_close(m->base.channel);
		m->base.channel = NULL;
	}
	if (!force) {
		(void)child_wait(&m->child, ANSWER_MS);
	}
	child_end(&m->child);
}

static struct str fake_why_lost(struct arena *a, struct machine *base)
{
	struct fake_machine *m = (struct fake_machine *)base;

	(void)a;
	return child_wait(&m->child, 1000) ? STR("the fake machine was lost")
					   : STR("the fake machine does not answer");
}

static int fake_sweep(const struct rundir *home, bool all, bool caches, struct err *err)
{
	(void)home;
	(void)all;
	(void)caches;
	(void)err;
	return 0;
}

const struct engine engine_fake = {
	.name = "fake",
	.probe = fake_probe,
	.start = fake_start,
	.stop = fake_stop,
	.why_lost = fake_why_lost,
	.sweep = fake_sweep,
};
