/*
 * child.c - from the agent to the program of a step: descriptors, session, user, directory, exec.
 *
 * The child runs in the agent's own memory until it executes (CLONE_VM), on a stack of its own,
 * while the agent waits: to copy the page tables and then the pages that both touch would cost more
 * than all else here. So it allocates nothing, changes nothing of the agent's, and calls the kernel
 * itself where a C library would note down what it does. Where the two flags are not honoured
 * (qemu's user emulation makes a plain fork of it) the pipe tells all the same how it went.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static _Noreturn void fail(const struct plan *p, const char *verb, const char *object)
{
	struct failure f = { .sys = errno };
	int n = snprintf(f.what, sizeof(f.what), "%s %s", verb, object);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(f.what) ? (size_t)n : sizeof(f.what) - 1;

	(void)!write(p->report, &f, offsetof(struct failure, what) + len);
	_exit(127);
}

void close_from(int first)
{
	if (syscall(SYS_close_range, first, ~0U, 0) < 0) {
		long max = sysconf(_SC_OPEN_MAX);

		for (int fd = first; fd < max; fd++) {
			(void)close(fd);
		}
	}
}

static void unblock_signals(void)
{
	const uint64_t none = 0;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

/*
 * By system calls: C libraries keep some signals for themselves and refuse to touch them, and one
 * of them (glibc's posix_spawn, so every child of make) leaves such a signal ignored.
 */
void reset_signals(void)
{
	const unsigned long all_default[4] = { 0 }; /* the kernel's sigaction: SIG_DFL, no flags */

	for (int i = 1; i < 65; i++) {
		(void)syscall(SYS_rt_sigaction, i, all_default, NULL, sizeof(uint64_t));
	}
	unblock_signals();
}

const char *env_get(char **env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') {
			return *env + n + 1;
		}
	}
	return NULL;
}

/* As execvpe, but an unknown format is an error and no shell script. */
static void exec_in_path(const struct plan *p)
{
	const char *path = env_get(p->env, "PATH");
	int seen = ENOENT;
	char full[PATH_MAX];

	for (path = path ? path : DEFAULT_PATH; *path;) {
		size_t n = strcspn(path, ":");
		int len =
			snprintf(full, sizeof(full), "%.*s/%s", (int)n, n ? path : ".", p->argv[0]);

		if (n == 0) {
			len = snprintf(full, sizeof(full), "./%s", p->argv[0]);
		}
		if (len > 0 && (size_t)len < sizeof(full)) {
			(void)execve(full, p->argv, p->env);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
				return;
			}
			seen = errno == EACCES ? EACCES : seen;
		}
		path += n + (path[n] == ':');
	}
	errno = seen;
}

static void become(const struct plan *p)
{
	const struct user *u = p->user;

	if (syscall(SYS_setgroups, u->ngroups, u->groups) < 0 ||
	    syscall(SYS_setresgid, u->gid, u->gid, u->gid) < 0 ||
	    syscall(SYS_setresuid, u->uid, u->uid, u->uid) < 0) {
		char uid[32];

		(void)snprintf(uid, sizeof(uid), "user %u", (unsigned)u->uid);
		fail(p, "become", uid);
	}
}

static void redirect(const struct plan *p)
{
	int out = p->out;

	if (p->tty) {
		/* The first terminal that a session leader opens becomes its own. */
		out = open(p->tty, O_RDWR);
		if (out < 0) {
			fail(p, "open", p->tty);
		}
	}
	if (dup2(p->in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
		fail(p, "dup", "output");
	}
	if (p->tty) {
		(void)close(out);
	}
}

/* The agent ignores no signal, so that exec alone resets them. */
static int child_main(void *ctx)
{
	const struct plan *p = ctx;

	(void)setsid();
	redirect(p);
	if (p->user) {
		become(p);
	}
	if (p->die_with_us) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	if (chdir(p->cwd) < 0) {
		fail(p, "chdir", p->cwd);
	}
	if (!p->argv[0]) {
		errno = EINVAL;
		fail(p, "exec", "nothing");
	}
	unblock_signals();
	if (p->found) {
		(void)execve(p->found, p->argv, p->env);
	}
	if (strchr(p->argv[0], '/')) {
		(void)execve(p->argv[0], p->argv, p->env);
	} else {
		exec_in_path(p);
	}
	fail(p, "exec", p->argv[0]);
}

/* Waits until the child has executed its program or said why not. */
static bool started(int report, struct failure *f)
{
	ssize_t n;

	do {
		n = read(report, f, sizeof(*f) - 1);
	} while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(f->sys)) {
		return true;
	}
	((char *)f)[n] = '\0';
	return false;
}

pid_t child_start(struct plan *p, struct failure *f)
{
	alignas(16) char stack[32 * 1024];
	int report[2] = { -1, -1 };
	pid_t pid = -1;

	if (pipe2(report, O_CLOEXEC) == 0) {
		p->report = report[1];
		pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, p);
		if (pid < 0) {
			*f = (struct failure){ .sys = errno, .what = "fork" };
		}
		(void)close(report[1]);
		if (pid > 0 && !started(report[0], f)) {
			(void)waitpid(pid, NULL, 0);
			pid = -1;
		}
		(void)close(report[0]);
	} else {
		*f = (struct failure){ .sys = errno, .what = "pipe" };
	}
	return pid;
}
