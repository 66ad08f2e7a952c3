/*
 * platform_linux.c - spawning, parent-death signals, pidfds, close_range and inotify. What an older
 * kernel may refuse the callers can do without.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "actc/process.h"
#include "platform.h"

enum { SPAWN_STACK = 64 * 1024 };

/* gcc's way of telling, and clang's. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif

/* What fork would copy first, and both would then copy again page by page, is not looked at before
 * the exec. ASan does not know a stack that another process has used. */
pid_t child_beside(void *stack, size_t size, int flags, int (*body)(void *ctx), void *ctx)
{
#ifdef HAS_ASAN
	pid_t pid =
		(pid_t)syscall(SYS_clone, (unsigned long)(flags | SIGCHLD), NULL, NULL, NULL, NULL);

	(void)stack;
	(void)size;
	if (pid == 0) {
		_exit(body(ctx));
	}
	return pid;
#else
	return clone(body, (char *)stack + size, flags | CLONE_VM | SIGCHLD, ctx);
#endif
}

pid_t platform_spawn(int (*body)(void *ctx), void *ctx)
{
	void *stack = mmap(NULL, SPAWN_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;
	int sys;

	if (stack == MAP_FAILED) {
		return -1;
	}
	pid = child_beside(stack, SPAWN_STACK, CLONE_VFORK, body, ctx);
	sys = errno;
	(void)munmap(stack, SPAWN_STACK);
	errno = sys;
	return pid;
}

void platform_die_with(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the call above. */
	if (getppid() != parent) {
		_exit(127);
	}
}

void platform_close_on_exec(void)
{
	(void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
}

void platform_close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0) {
		return;
	}

	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = first; fd < max; fd++) {
		(void)close(fd);
	}
}

int platform_exit_fd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0U);
}

int platform_watch_new(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void platform_watch_add(int watch, const char *dir)
{
	if (watch >= 0) {
		(void)inotify_add_watch(watch, dir,
					IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE);
	}
}

void platform_watch_drain(int watch)
{
	char events[4096];

	while (watch >= 0 && read(watch, events, sizeof(events)) > 0) {
	}
}
