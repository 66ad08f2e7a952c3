/*
 * spare.c - files without a name, made while a step starts, for the next step's script and command
 * files. To make a file costs ten times as much as to name one (0.4 ms on ext4, seven times a
 * step), and here nobody waits for it. A job of one step has no use for them, so the first makes
 * none.
 *
 * Where the file system has no such files, or the name is taken, the caller makes its file itself.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

void spare_look_at(struct spare_files *spare, const char *path)
{
	const char *end = strrchr(path, '/');
	size_t len = end ? (size_t)(end - path) : 0;

	if (!spare->off && spare->dir[0] == '\0' && len > 0 && len < sizeof(spare->dir)) {
		(void)snprintf(spare->dir, sizeof(spare->dir), "%.*s", (int)len, path);
	}
}

void spare_make(struct spare_files *spare, const struct user *owner)
{
	if (!spare->wanted) {
		spare->wanted = spare->dir[0] != '\0';
		return;
	}
	while (!spare->off && spare->dir[0] && spare->n < SPARE_FILES) {
		int fd = open(spare->dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

		if (fd >= 0 && file_own(fd, owner) && fchmod(fd, SPARE_MODE) == 0) {
			spare->fds[spare->n++] = fd;
			continue;
		}
		spare->off = true;
		if (fd >= 0) {
			(void)close(fd);
		}
	}
}

int spare_take(struct spare_files *spare)
{
	return spare->n > 0 ? spare->fds[--spare->n] : -1;
}

bool spare_name(int fd, const char *path)
{
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}
