/*
 * platform_linux.c - parent-death signals, pidfds, close_range and inotify. Every call here may be
 * refused by an older kernel; the callers then do without.
 */
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "platform.h"

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
