/*
 * sandbox_limits.c - --memory and --cpus for a sandbox: a control group of its own, where this
 * machine lets us make one (as root, or where systemd has delegated one to the user).
 *
 * Groups are named act-c-HOME-RUN-PID: a sweep knows by that whose they are. One that a killed
 * act-c leaves is empty, since the sandbox's processes end with it.
 */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actc/file.h"

enum { TEXT_MAX = 65536, HOME_PART = 8, PERIOD_US = 100000, GONE_MS = 3000 };

#define V2_MOUNT "/sys/fs/cgroup"

/* What is written where, in either version of control groups. */
static const struct limit {
	const char *v1_dir;  /* where a controller of version 1 is mounted */
	const char *v1_file; /* of its group; cpu has a period of 100 ms from the start */
	const char *v2_name; /* in cgroup.subtree_control */
	const char *v2_file;
} limits[SANDBOX_LIMITS] = {
	[LIMIT_MEMORY] = { V2_MOUNT "/memory", "memory.limit_in_bytes", "memory", "memory.max" },
	[LIMIT_CPUS] = { V2_MOUNT "/cpu", "cpu.cfs_quota_us", "cpu", "cpu.max" },
};

bool sandbox_parse_memory(struct str text, unsigned long long *bytes)
{
	static const char units[] = "bkmg";
	unsigned long n = 0;
	unsigned shift = 0;
	char last = text.len ? text.p[text.len - 1] : '0';
	const char *unit = strchr(units, last >= 'A' && last <= 'Z' ? last + 32 : last);

	if (unit && last) {
		shift = 10 * (unsigned)(unit - units);
		text.len--;
	}
	if (!str_to_ulong(text, &n) || n == 0 || n > (ULLONG_MAX >> shift)) {
		return false;
	}
	*bytes = (unsigned long long)n << shift;
	return *bytes >= 6 * 1024 * 1024;
}

bool sandbox_parse_cpus(struct str text, double *cpus)
{
	char number[32], *end = number;

	if (text.len == 0 || text.len >= sizeof(number)) {
		return false;
	}
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	*cpus = strtod(number, &end);
	return *end == '\0' && *cpus >= 0.01 && *cpus <= 65536;
}

static bool read_text(const char *path, struct strbuf *out)
{
	struct err ignored = ERR_INIT;
	bool ok = read_file(path, out, &ignored);

	err_release(&ignored);
	return ok;
}

static bool write_text(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);

	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

/* Whether groups made in `dir` can be limited so. */
static bool v2_offers(const char *dir, const char *name)
{
	struct strbuf text = STRBUF_INIT(TEXT_MAX);
	char path[PATH_MAX];
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/cgroup.subtree_control", dir);
	if (read_text(path, &text)) {
		struct str rest = str_trim(strbuf_str(&text));

		while (rest.p && !found) {
			found = str_eq(str_cut(&rest, ' '), str_of(name));
		}
	}
	strbuf_release(&text);
	return found && access(dir, W_OK) == 0;
}

/* The group beside our own, in version 2. */
static bool v2_beside(char dir[PATH_MAX])
{
	struct strbuf text = STRBUF_INIT(TEXT_MAX);
	bool found = false;

	if (read_text("/proc/self/cgroup", &text)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len && !found) {
			struct str line = str_cut(&rest, '\n');

			if (str_starts(line, STR("0::/"))) {
				(void)snprintf(dir, PATH_MAX, V2_MOUNT "%.*s",
					       STR_ARG(str_slice(line, 3, line.len)));
				*strrchr(dir, '/') = '\0';
				found = strlen(dir) >= strlen(V2_MOUNT);
			}
		}
	}
	strbuf_release(&text);
	return found;
}

/* Where a group with this limit can be made, and in which version. */
static bool place(enum sandbox_limit which, char dir[PATH_MAX], bool *v2)
{
	const struct limit *l = &limits[which];

	*v2 = true;
	(void)snprintf(dir, PATH_MAX, "%s", V2_MOUNT);
	if (v2_offers(dir, l->v2_name) || (v2_beside(dir) && v2_offers(dir, l->v2_name))) {
		return true;
	}
	*v2 = false;
	(void)snprintf(dir, PATH_MAX, "%s", l->v1_dir);

	char file[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s/cgroup.procs", l->v1_dir);
	return access(l->v1_dir, W_OK) == 0 && access(file, W_OK) == 0;
}

bool sandbox_can_limit(enum sandbox_limit which)
{
	char dir[PATH_MAX];
	bool v2;

	return place(which, dir, &v2);
}

static const char *group_name(struct arena *a, const struct rundir *d, pid_t pid)
{
	return arena_printf(a, "act-c-%.*s-%.*s-%d", STR_ARG(str_slice(d->home_id, 0, HOME_PART)),
			    STR_ARG(d->run_id), (int)pid)
		.p;
}

static bool limit_one(struct arena *a, const struct rundir *d, enum sandbox_limit which,
		      unsigned long long value, pid_t pid, const char **made)
{
	const struct limit *l = &limits[which];
	char dir[PATH_MAX], number[64], self[32];
	bool v2;

	if (!place(which, dir, &v2)) {
		return false;
	}
	*made = arena_printf(a, "%s/%s", dir, group_name(a, d, pid)).p;
	(void)snprintf(number, sizeof(number), "%llu%s", value,
		       v2 && which == LIMIT_CPUS ? " 100000" : "");
	(void)snprintf(self, sizeof(self), "%d", (int)pid);
	if (mkdir(*made, 0755) < 0 && errno != EEXIST) {
		*made = NULL;
		return false;
	}
	return write_text(*made, v2 ? l->v2_file : l->v1_file, number) &&
	       write_text(*made, "cgroup.procs", self);
}

bool sandbox_limit(struct arena *a, const struct machine_spec *spec, pid_t pid,
		   const char *groups[SANDBOX_LIMITS], struct err *err)
{
	unsigned long long bytes = 0;
	double cpus = 0;

	if (spec->memory.len && !sandbox_parse_memory(spec->memory, &bytes)) {
		return err_set(err, ERR_USAGE, "--memory wants a size like 512m, not '%.*s'",
			       STR_ARG(spec->memory));
	}
	if (spec->cpus.len && !sandbox_parse_cpus(spec->cpus, &cpus)) {
		return err_set(err, ERR_USAGE, "--cpus wants a number like 1.5, not '%.*s'",
			       STR_ARG(spec->cpus));
	}

	const unsigned long long values[SANDBOX_LIMITS] = {
		[LIMIT_MEMORY] = bytes,
		[LIMIT_CPUS] = (unsigned long long)(cpus * PERIOD_US),
	};

	for (size_t i = 0; i < SANDBOX_LIMITS; i++) {
		if (values[i] && sandbox_can_limit((enum sandbox_limit)i)) {
			rundir_mark(spec->rundir, group_name(a, spec->rundir, pid));
			if (!limit_one(a, spec->rundir, (enum sandbox_limit)i, values[i], pid,
				       &groups[i])) {
				return err_sys(err, errno, "limit the sandbox in %s",
					       groups[i] ? groups[i] : limits[i].v1_dir);
			}
		}
	}
	return true;
}

/* The kernel takes a moment to see that the last process is gone; a busy machine's a longer one. */
static bool remove_group(const char *path)
{
	for (int ms = 0; rmdir(path) != 0; ms++) {
		if (errno != EBUSY || ms == GONE_MS) {
			return errno == ENOENT;
		}
		(void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	return true;
}

void sandbox_unlimit(const struct machine_spec *spec, const char *groups[SANDBOX_LIMITS])
{
	for (size_t i = 0; i < SANDBOX_LIMITS; i++) {
		if (groups[i] && remove_group(groups[i])) {
			rundir_unmark(spec->rundir, strrchr(groups[i], '/') + 1);
		}
		groups[i] = NULL;
	}
}

/* "act-c-HOME-RUN-PID": RUN, or empty when it is not of this home. */
static struct str run_of(const struct rundir *home, struct str name)
{
	struct str rest = str_slice(name, 6, name.len);

	if (!str_starts(name, STR("act-c-")) ||
	    !str_starts(rest, str_slice(home->home_id, 0, HOME_PART)) ||
	    rest.len <= HOME_PART + 1) {
		return STR_EMPTY;
	}
	rest = str_slice(rest, HOME_PART + 1, rest.len);
	for (size_t i = rest.len; i > 0; i--) {
		if (rest.p[i - 1] == '-') {
			return str_slice(rest, 0, i - 1);
		}
	}
	return STR_EMPTY;
}

static int sweep_dir(const struct rundir *home, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	char path[PATH_MAX];
	int removed = 0;

	while (d && (e = readdir(d))) {
		struct str run = run_of(home, str_of(e->d_name));

		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		removed += run.len && !rundir_alive(home, run) && remove_group(path);
	}
	if (d) {
		(void)closedir(d);
	}
	return removed;
}

int sandbox_sweep_limits(const struct rundir *home)
{
	char beside[PATH_MAX], names[32];
	int removed = sweep_dir(home, V2_MOUNT);

	if (v2_beside(beside) && strcmp(beside, V2_MOUNT) != 0) {
		removed += sweep_dir(home, beside);
	}
	for (size_t i = 0; i < SANDBOX_LIMITS; i++) {
		removed += sweep_dir(home, limits[i].v1_dir);
	}
	(void)snprintf(names, sizeof(names), "act-c-%.*s-",
		       STR_ARG(str_slice(home->home_id, 0, HOME_PART)));
	rundir_swept(home, names);
	return removed;
}
