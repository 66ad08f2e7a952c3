/*
 * sandbox_ids.c - who the job's users are on this machine, and writing that down for the kernel.
 *
 * Runs in act-c, outside of the sandbox.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/process.h"

enum { SMALL_FILE = 65536, NEWIDMAP_MS = 10000 };

static bool has_capability(unsigned cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	return syscall(SYS_capget, &head, data) == 0 &&
	       (data[cap / 32].effective & (1U << (cap % 32)));
}

/* How many ids a map of "inside outside count" lines has. */
static unsigned long long count_ids(const char *file)
{
	struct strbuf text = STRBUF_INIT(SMALL_FILE);
	struct err ignored = ERR_INIT;
	unsigned long long count = 0;

	if (read_file(file, &text, &ignored)) {
		for (char *p = text.p, *end = p; *p; p = end) {
			(void)strtoull(p, &end, 10);
			(void)strtoull(end, &end, 10);
			count += strtoull(end, &end, 10);
			end += strspn(end, " \n");
			if (end == p) {
				break;
			}
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	return count;
}

/* Root of a user namespace that is not the first one (a container without root) has every
 * capability, and none of them reaches this machine's ids or file systems. */
bool sandbox_is_privileged(void)
{
	const unsigned long long all = 4294967295ULL;

	/* The second for the loopback of a network namespace. */
	return has_capability(CAP_SYS_ADMIN) && has_capability(CAP_NET_ADMIN) &&
	       count_ids("/proc/self/uid_map") == all;
}

/* Whether the system's files are those of a user who is known here. */
static bool owns_system(void)
{
	const uid_t unknown = 65534;
	struct stat st;

	return stat("/usr", &st) == 0 && st.st_uid != unknown;
}

/* "inside outside count" lines as "inside inside count": whoever is known here is known there. */
static const char *identity(struct arena *a, const char *file)
{
	struct strbuf text = STRBUF_INIT(SMALL_FILE), map = STRBUF_INIT(SMALL_FILE);
	struct err ignored = ERR_INIT;

	if (read_file(file, &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len) {
			char *line = arena_cstr(a, str_cut(&rest, '\n'));
			unsigned long long inside, count;
			char *end = line;

			inside = strtoull(line, &end, 10);
			(void)strtoull(end, &end, 10);
			count = strtoull(end, &end, 10);
			if (count > 0) {
				(void)strbuf_addf(&map, "%llu %llu %llu\n", inside, inside, count);
			}
		}
	}
	err_release(&ignored);

	const char *result = arena_cstr(a, strbuf_str(&map));

	strbuf_release(&text);
	strbuf_release(&map);
	return result;
}

/* The first range of /etc/subuid or subgid that is this user's: "first count", or empty. */
static struct str subordinate(struct arena *a, const char *file)
{
	struct strbuf text = STRBUF_INIT(1024 * 1024);
	struct err ignored = ERR_INIT;
	const struct passwd *pw = getpwuid(getuid());
	struct str name = pw ? arena_str(a, str_of(pw->pw_name)) : STR_EMPTY;
	struct str number = arena_printf(a, "%u", (unsigned)getuid());
	struct str found = STR_EMPTY;

	if (read_file(file, &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len && !found.len) {
			struct str line = str_cut(&rest, '\n');
			struct str who = str_cut(&line, ':');
			struct str first = line.p ? str_cut(&line, ':') : STR_EMPTY;
			unsigned long n = 0;

			if (who.len && (str_eq(who, name) || str_eq(who, number)) && line.p &&
			    str_to_ulong(str_trim(line), &n) && n > 0) {
				found = arena_printf(a, "%.*s %lu", STR_ARG(first), n);
			}
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	return found;
}

static bool program_exists(const char *name)
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin" };
	char path[256];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (access(path, X_OK) == 0) {
			return true;
		}
	}
	return false;
}

/* Of a map that a process wrote into a file of /proc; one write, as the kernel wants it. */
static bool write_proc(pid_t pid, const char *file, struct str text, struct err *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);

	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text.p, text.len) == (ssize_t)text.len;
	int sys = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok || err_sys(err, sys, "write %s", path);
}

/* Is there until the other end of its pipe is closed. */
static int hold_namespace(void *ctx)
{
	const int *hold = ctx;
	char c;

	(void)close(hold[1]);
	(void)!read(hold[0], &c, 1);
	_exit(0);
}

/* A user namespace of that map, held by a descriptor; *holder is a child that ends at once. */
static int shifting_namespace(struct arena *a, pid_t *holder, struct err *err)
{
	char path[64], map[64];
	int *hold = arena_array(a, int, 2), fd = -1;

	if (pipe2(hold, O_CLOEXEC) < 0) {
		err_sys(err, errno, "pipe");
		return -1;
	}

	pid_t pid = child_beside(arena_alloc(a, CHILD_STACK), CHILD_STACK, CLONE_NEWUSER,
				 hold_namespace, hold);
	int n = snprintf(map, sizeof(map), "0 %d %d\n", SANDBOX_SHIFT, SANDBOX_SHIFT_COUNT);

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (pid < 0) {
		err_sys(err, errno, "make a user namespace");
	} else if (write_proc(pid, "uid_map", str_mk(map, (size_t)n), err) &&
		   write_proc(pid, "gid_map", str_mk(map, (size_t)n), err)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err_sys(err, errno, "%s", path);
		}
	}
	(void)close(hold[0]);
	(void)close(hold[1]);
	*holder = pid;
	return fd;
}

static void keep_ids(struct sandbox *s)
{
	s->ids = owns_system() ? IDS_SAME : IDS_SUBORDINATE;
	s->owner = 0;
	s->inner[0] = s->outer[0] = identity(s->a, "/proc/self/uid_map");
	s->inner[1] = s->outer[1] = identity(s->a, "/proc/self/gid_map");
}

static void own_ids(struct sandbox *s)
{
	s->subordinate[0] = subordinate(s->a, "/etc/subuid");
	s->subordinate[1] = subordinate(s->a, "/etc/subgid");
	s->owner = 0;
	s->outer[0] = arena_printf(s->a, "0 %u 1\n", (unsigned)geteuid()).p;
	s->outer[1] = arena_printf(s->a, "0 %u 1\n", (unsigned)getegid()).p;
	if (s->subordinate[0].len && s->subordinate[1].len && program_exists("newuidmap") &&
	    program_exists("newgidmap")) {
		s->ids = IDS_SUBORDINATE;
		s->outer[0] = s->outer[1] = NULL; /* not by us: write_subordinate() */
		for (size_t i = 0; i < 2; i++) {
			struct str count = s->subordinate[i];

			(void)str_cut(&count, ' ');
			/* An extent must lie within one extent of the parent: two lines. */
			s->inner[i] = arena_printf(s->a, "0 0 1\n1 1 %.*s\n", STR_ARG(count)).p;
		}
		return;
	}
	s->ids = IDS_SINGLE;
	s->inner[0] = s->inner[1] = "0 0 1\n";
}

bool sandbox_choose_ids(struct sandbox *s, struct err *err)
{
	s->shift_fd = -1;
	s->first_userns = !sandbox_is_privileged();
	if (s->first_userns) {
		if (has_capability(CAP_SETUID) && has_capability(CAP_SETGID) &&
		    count_ids("/proc/self/gid_map") > 1) {
			keep_ids(s);
		} else {
			own_ids(s);
		}
		return true;
	}
	s->shift_fd = shifting_namespace(s->a, &s->shift_holder, err);
	if (s->shift_fd < 0) {
		return false;
	}
	s->ids = IDS_SHIFTED;
	s->owner = SANDBOX_SHIFT;
	s->inner[0] = s->inner[1] =
		arena_printf(s->a, "0 %d %d\n", SANDBOX_SHIFT, SANDBOX_SHIFT_COUNT).p;
	return true;
}

void sandbox_release_ids(struct sandbox *s)
{
	if (s->shift_fd >= 0) {
		(void)close(s->shift_fd);
	}
	s->shift_fd = -1;
	while (s->shift_holder > 0 && waitpid(s->shift_holder, NULL, 0) < 0 && errno == EINTR) {
	}
	s->shift_holder = 0;
}

/* newuidmap and newgidmap may write what a user may not. */
static bool write_subordinate(const struct sandbox *s, pid_t pid, size_t i, struct err *err)
{
	struct str count = s->subordinate[i];
	struct str first = str_cut(&count, ' ');
	unsigned self = i == 0 ? (unsigned)geteuid() : (unsigned)getegid();
	const char *const argv[] = { i == 0 ? "newuidmap" : "newgidmap",
				     arena_printf(s->a, "%d", (int)pid).p,
				     "0",
				     arena_printf(s->a, "%u", self).p,
				     "1",
				     "1",
				     arena_cstr(s->a, first),
				     arena_cstr(s->a, count),
				     NULL };
	struct child_spec spec = { .argv = argv };
	struct strbuf said = STRBUF_INIT(SMALL_FILE);
	int status = 0;
	bool ok = child_capture(&spec, NULL, NULL, &said, NEWIDMAP_MS, &status, err);

	if (ok && status != 0) {
		ok = err_set(err, ERR_ENGINE, "%s: %.*s", argv[0],
			     STR_ARG(str_trim(strbuf_str(&said))));
	}
	strbuf_release(&said);
	return ok;
}

bool sandbox_write_maps(const struct sandbox *s, pid_t pid, struct err *err)
{
	if (s->ids == IDS_SUBORDINATE && !s->outer[0]) {
		return write_subordinate(s, pid, 0, err) && write_subordinate(s, pid, 1, err);
	}
	return (s->ids != IDS_SINGLE || write_proc(pid, "setgroups", STR("deny"), err)) &&
	       write_proc(pid, "uid_map", str_of(s->outer[0]), err) &&
	       write_proc(pid, "gid_map", str_of(s->outer[1]), err);
}
