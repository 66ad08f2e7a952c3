/* lock.c - flock(2) with a time limit. */
#include "actc/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "actc/process.h"

enum { RETRY_MS = 20 };

static bool try_lock(int fd, int how)
{
	int r;

	do {
		r = flock(fd, how | LOCK_NB);
	} while (r < 0 && errno == EINTR);
	return r == 0;
}

int lock_take(const char *path, int timeout_ms, bool *waited, struct err *err)
{
	long long deadline = now_ms() + timeout_ms;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (waited) {
		*waited = false;
	}
	if (fd < 0) {
		(void)err_sys(err, errno, "%s", path);
		return -1;
	}
	while (!try_lock(fd, LOCK_EX)) {
		if (errno != EWOULDBLOCK || now_ms() >= deadline) {
			(void)err_sys(err, errno == EWOULDBLOCK ? ETIMEDOUT : errno, "lock %s",
				      path);
			(void)close(fd);
			return -1;
		}
		if (waited) {
			*waited = true;
		}
		(void)poll(NULL, 0, RETRY_MS);
	}
	return fd;
}

bool lock_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}

	/* Shared, so that two who ask at once do not take each other for the holder. */
	bool held = !try_lock(fd, LOCK_SH) && errno == EWOULDBLOCK;

	(void)close(fd);
	return held;
}
