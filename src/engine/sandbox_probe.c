/*
 * sandbox_probe.c - whether this kernel lets us make sandboxes, and if not, which setting forbids
 * it.
 *
 * A process tries the calls that matter, in order, and ends with the number of the first that
 * failed: nothing is left, since all of it happens in namespaces of its own.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"

enum stage { STAGE_OK, STAGE_USER, STAGE_SPACES, STAGE_MOUNT, STAGE_OVERLAY, STAGE_PROC, STAGES };

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

static bool try_overlay(bool userns)
{
	return mkdir("/tmp/l", 0755) == 0 && mkdir("/tmp/u", 0755) == 0 &&
	       mkdir("/tmp/w", 0755) == 0 && mkdir("/tmp/m", 0755) == 0 &&
	       mount("act-c", "/tmp/m", "overlay", 0,
		     userns ? "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr"
			    : "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w") == 0;
}

/* The process that a new PID namespace begins with. */
static enum stage try_mounts(bool userns)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("act-c", "/tmp", "tmpfs", 0, "mode=0755,size=1m") < 0) {
		return STAGE_MOUNT;
	}
	if (!try_overlay(userns)) {
		return STAGE_OVERLAY;
	}
	if (mount("proc", "/tmp/l", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		return STAGE_PROC;
	}
	/* The job is in one of its own, whoever started act-c. */
	return unshare(CLONE_NEWUSER) == 0 ? STAGE_OK : STAGE_USER;
}

/* Of the two processes: neither copies our memory, which the reading of the repository is growing
 * meanwhile. */
struct attempt {
	bool userns;
	char uids[64], gids[64]; /* of the user namespace */
	char outer[CHILD_STACK], inner[CHILD_STACK];
};

static enum stage attempt_stage(struct attempt *t, char *stack, int (*body)(void *ctx))
{
	pid_t pid = child_beside(stack, CHILD_STACK, CLONE_VFORK, body, t);
	int status = 0;

	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return STAGE_SPACES;
		}
	}
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) < STAGES
		       ? (enum stage)WEXITSTATUS(status)
		       : STAGE_SPACES;
}

static int inner_main(void *ctx)
{
	const struct attempt *t = ctx;

	_exit((int)try_mounts(t->userns));
}

static bool own_user_namespace(const struct attempt *t)
{
	return unshare(CLONE_NEWUSER) == 0 && write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", t->uids) &&
	       write_text("/proc/self/gid_map", t->gids);
}

static enum stage try_here(struct attempt *t)
{
	if (t->userns && !own_user_namespace(t)) {
		return STAGE_USER;
	}
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
		return STAGE_SPACES;
	}
	return attempt_stage(t, t->inner, inner_main);
}

static int outer_main(void *ctx)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit((int)try_here(ctx));
}

static enum stage try_all(struct arena *a, bool userns)
{
	struct attempt *t = arena_array(a, struct attempt, 1);

	t->userns = userns;
	(void)snprintf(t->uids, sizeof(t->uids), "0 %u 1\n", (unsigned)geteuid());
	(void)snprintf(t->gids, sizeof(t->gids), "0 %u 1\n", (unsigned)getegid());
	return attempt_stage(t, t->outer, outer_main);
}

/* --- why -------------------------------------------------------------------------------------- */

/* The number in a file of /proc, or -1. */
static long number_in(const char *path)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct err ignored = ERR_INIT;
	unsigned long n = 0;
	bool ok = read_file(path, &text, &ignored) && str_to_ulong(str_trim(strbuf_str(&text)), &n);

	err_release(&ignored);
	strbuf_release(&text);
	return ok ? (long)n : -1;
}

static bool has_seccomp_filter(void)
{
	return prctl(PR_GET_SECCOMP) == 2;
}

static const struct setting_row {
	const char *path;
	long forbids;
	struct str why, fix;
} settings[] = {
	{ "/proc/sys/user/max_user_namespaces", 0,
	  STR_INIT("this kernel allows no user namespaces (user.max_user_namespaces is 0)"),
	  STR_INIT("sudo sysctl user.max_user_namespaces=15000") },
	{ "/proc/sys/kernel/unprivileged_userns_clone", 0,
	  STR_INIT("this kernel allows user namespaces to root only "
		   "(kernel.unprivileged_userns_clone is 0)"),
	  STR_INIT("sudo sysctl kernel.unprivileged_userns_clone=1") },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
	  STR_INIT("AppArmor restricts user namespaces "
		   "(kernel.apparmor_restrict_unprivileged_userns is 1)"),
	  STR_INIT("sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor "
		   "profile for act-c that has `userns,`") },
	{ "/proc/sys/user/max_mnt_namespaces", 0,
	  STR_INIT("this kernel allows no mount namespaces (user.max_mnt_namespaces is 0)"),
	  STR_INIT("sudo sysctl user.max_mnt_namespaces=15000") },
	{ "/proc/sys/user/max_pid_namespaces", 0,
	  STR_INIT("this kernel allows no PID namespaces (user.max_pid_namespaces is 0)"),
	  STR_INIT("sudo sysctl user.max_pid_namespaces=15000") },
	{ "/proc/sys/user/max_net_namespaces", 0,
	  STR_INIT("this kernel allows no network namespaces (user.max_net_namespaces is 0)"),
	  STR_INIT("sudo sysctl user.max_net_namespaces=15000") },
};

#define CONTAINER_FLAGS "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"

static const struct {
	struct str why, fix;
} generic[STAGES] = {
	[STAGE_USER] = { STR_INIT("the kernel refuses a user namespace"),
			 STR_INIT("look at the user.max_* sysctls and at this process's limits; "
				  "in a chroot there are none: start act-c outside of it") },
	[STAGE_SPACES] = { STR_INIT("the kernel refuses new namespaces"),
			   STR_INIT("look at the user.max_* sysctls; in a container, start it "
				    "with " CONTAINER_FLAGS) },
	[STAGE_MOUNT] = { STR_INIT("the kernel refuses mounts in a namespace of our own"),
			  STR_INIT("in a container, start it with " CONTAINER_FLAGS) },
	[STAGE_OVERLAY] = { STR_INIT("the kernel mounts no overlay in a user namespace (Linux 5.11 "
				     "and newer do, with the module overlay)"),
			    STR_INIT("sudo modprobe overlay, or run act-c as root") },
	[STAGE_PROC] = { STR_INIT("/proc cannot be mounted: parts of it are masked in this "
				  "container"),
			 STR_INIT("start the container with " CONTAINER_FLAGS) },
};

static void explain(enum stage stage, bool userns, struct engine_state *out)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		if (number_in(settings[i].path) == settings[i].forbids && (userns || i != 1)) {
			out->why = settings[i].why;
			out->fix = settings[i].fix;
			return;
		}
	}
	out->why = generic[stage].why;
	out->fix = generic[stage].fix;
	if (stage < STAGE_OVERLAY && has_seccomp_filter()) {
		out->why = STR("a seccomp filter forbids new namespaces, as a container's default "
			       "one does");
		out->fix = STR("start the container with " CONTAINER_FLAGS);
	}
}

struct str sandbox_system_name(struct arena *a)
{
	struct strbuf text = STRBUF_INIT(65536);
	struct err ignored = ERR_INIT;
	struct str name = STR("Linux");

	if (read_file("/etc/os-release", &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len) {
			struct str line = str_cut(&rest, '\n');
			struct str key = str_cut(&line, '=');

			if (str_eq(key, STR("PRETTY_NAME")) && line.p && line.len > 2) {
				name = arena_str(a, line.p[0] == '"'
							    ? str_slice(line, 1, line.len - 1)
							    : line);
			}
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	return name;
}

void sandbox_probe(struct arena *a, struct engine_state *out)
{
	bool userns = !sandbox_is_privileged();
	enum stage stage = try_all(a, userns);

	/* Made and unmade, one costs more than all the rest. */
	if (number_in("/proc/sys/user/max_net_namespaces") == 0) {
		stage = STAGE_SPACES;
	}

	*out = (struct engine_state){ .usable = stage == STAGE_OK,
				      .version = STR_EMPTY,
				      .why = STR_EMPTY,
				      .fix = STR_EMPTY };
	if (out->usable) {
		struct str name = sandbox_system_name(a);

		out->version = arena_printf(a, "namespaces over this machine's %.*s, as %s",
					    STR_ARG(name), userns ? "a user" : "root");
	} else {
		explain(stage, userns, out);
	}
}
