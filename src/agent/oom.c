/*
 * oom.c - how many processes of this machine the kernel's OOM killer has ended.
 *
 * The count is in the agent's own cgroup: memory.events (v2) or memory.oom_control (v1). In a
 * container the path that /proc tells may be the host's while the mount shows the container's
 * group as its root, so both are tried.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opens base/group/file, else base/file. */
static int open_either(const char *base, struct str group, const char *file)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s%.*s/%s", base, STR_ARG(group), file);
	int fd = n > 0 && (size_t)n < sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		(void)snprintf(path, sizeof(path), "%s/%s", base, file);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static bool names_memory(struct str controllers)
{
	while (controllers.p) {
		if (str_eq(str_cut(&controllers, ','), STR("memory"))) {
			return true;
		}
	}
	return false;
}

/* "0::/group" is version 2, "N:memory:/group" version 1. */
static int open_line(struct str line, const char *mount)
{
	char base[256];
	struct str id = str_cut(&line, ':');
	struct str controllers = line.p ? str_cut(&line, ':') : STR_EMPTY;

	if (!line.p) {
		return -1;
	}
	if (names_memory(controllers)) {
		(void)snprintf(base, sizeof(base), "%s/memory", mount);
		return open_either(base, line, "memory.oom_control");
	}
	return str_eq(id, STR("0")) ? open_either(mount, line, "memory.events") : -1;
}

void oom_open(struct oom_watch *w, const char *proc_cgroup, const char *mount)
{
	FILE *f = fopen(proc_cgroup, "re");
	char line[4096];

	w->fd = -1;
	while (f && w->fd < 0 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		w->fd = open_line(str_of(line), mount);
	}
	if (f) {
		(void)fclose(f);
	}
}

uint64_t oom_count(const struct oom_watch *w)
{
	char text[1024];
	ssize_t n = w->fd < 0 ? -1 : pread(w->fd, text, sizeof(text) - 1, 0);
	const char *hit;

	if (n <= 0) {
		return 0;
	}
	text[n] = '\0';
	hit = strstr(text, "oom_kill ");
	return hit ? strtoull(hit + strlen("oom_kill "), NULL, 10) : 0;
}
