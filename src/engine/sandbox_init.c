/*
 * sandbox_init.c - from a new process in new namespaces to the agent, as the namespace's process 1.
 *
 * It comes into being by clone, so the memory is act-c's and anything may be called. What fails is
 * told in words through a pipe.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <grp.h>

#include "actc/file.h"
#include "actc/frame.h"
#include "actc/process.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#if defined(__x86_64__)
#define AUDIT_ARCH_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_HERE AUDIT_ARCH_AARCH64
#else
#define AUDIT_ARCH_HERE 0
#endif

static bool die_with_act_c(const struct sandbox *s)
{
	struct pollfd p = { .fd = s->go };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may be gone already: then nobody holds the other end. */
	return poll(&p, 1, 0) == 0 || !(p.revents & (POLLHUP | POLLERR));
}

static bool become_root(const struct sandbox *s, struct err *err)
{
	bool groups = s->ids == IDS_SINGLE || setgroups(0, NULL) == 0;

	return (groups && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0) ||
	       err_sys(err, errno, "become root in the sandbox");
}

static void reset_process(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++) {
		(void)signal(i, SIG_DFL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)umask(022);
	/* The session's keys are the user's. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

/* The new root becomes the root, and the old one is gone. */
static bool change_root(struct err *err)
{
	if (chdir("root") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
		return err_sys(err, errno, "change the root directory");
	}
	return true;
}

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd >= 0) {
		(void)ioctl(fd, SIOCSIFFLAGS, &lo);
		(void)close(fd);
	}
}

struct mapping {
	const struct sandbox *s;
	int ask[2], tell[2];
};

/* Writes the maps of process 1 from the namespace that it has left. */
static int map_inner(void *ctx)
{
	static const char *const files[2] = { "/proc/1/uid_map", "/proc/1/gid_map" };
	struct mapping *m = ctx;
	int failed = 0;
	char c;

	(void)close(m->ask[1]);
	if (read(m->ask[0], &c, 1) != 1) {
		_exit(1);
	}
	for (size_t i = 0; i < 2 && !failed; i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);
		size_t len = strlen(m->s->inner[i]);

		failed = fd < 0 || write(fd, m->s->inner[i], len) != (ssize_t)len ? errno : 0;
		if (fd >= 0) {
			(void)close(fd);
		}
	}
	(void)!write(m->tell[1], &failed, sizeof(failed));
	_exit(0);
}

static bool lock_all(int ask, int told, struct err *err)
{
	int failed = 0;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || write(ask, "", 1) != 1) {
		return err_sys(err, errno, "lock the sandbox (a second user namespace)");
	}
	return (read(told, &failed, sizeof(failed)) == (ssize_t)sizeof(failed) && !failed) ||
	       err_sys(err, failed, "lock the sandbox: its ids are refused");
}

/* In here every mount made so far is locked, and the capabilities reach nothing outside. The helper
 * is not waited for: the agent takes in whatever ends below it. */
static bool enter_inner(const struct sandbox *s, struct err *err)
{
	struct mapping *m = arena_new(s->a, struct mapping);

	m->s = s;
	if (pipe2(m->ask, O_CLOEXEC) < 0 || pipe2(m->tell, O_CLOEXEC) < 0) {
		return err_sys(err, errno, "pipe");
	}

	pid_t helper = child_beside(arena_alloc(s->a, CHILD_STACK), CHILD_STACK, 0, map_inner, m);

	(void)close(m->ask[0]);
	(void)close(m->tell[1]);

	bool ok = helper < 0 ? err_sys(err, errno, "fork") : lock_all(m->ask[1], m->tell[0], err);

	(void)close(m->ask[1]);
	(void)close(m->tell[0]);
	return ok;
}

/* Once the root is the new one. In a user namespace of root's own its 0 may be the machine's. */
static bool is_system_root(const struct sandbox *s)
{
	struct stat st;

	return s->ids == IDS_SAME ||
	       (s->first_userns && (stat("/proc/sys", &st) < 0 || st.st_uid == 0));
}

/* What the new root forbids. Where its root is this machine's, and no user namespace has been made
 * yet, that is one of its own: only below it the setting holds. */
static bool restrict_root(const struct sandbox *s, struct err *err)
{
	if (s->is_system_root && !s->first_userns && !enter_inner(s, err)) {
		return false;
	}
	if (s->is_system_root || s->first_userns) {
		sandbox_hide_control_groups();
	}
	return !s->is_system_root || sandbox_protect(err);
}

/*
 * Where there is only one user, packages that give files to others, and programs that drop groups,
 * are told that it worked.
 */
static bool ignore_owners(struct err *err)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_HERE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_chown
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chown, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lchown, 4, 0),
#else
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchown, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchownat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ||
	       err_sys(err, errno, "seccomp");
}

/* What is written is memory. Under a limit of it a full disk is a better end than a killed job. */
static const char *layer_options(const struct sandbox *s)
{
	unsigned long long bytes = 0;

	if (s->spec->memory.len && sandbox_parse_memory(s->spec->memory, &bytes)) {
		return arena_printf(s->a, "mode=0755,size=%llu", bytes / 4 * 3).p;
	}
	return "mode=0755,size=75%";
}

static bool build(struct sandbox *s, struct err *err)
{
	char c;

	if (read(s->go, &c, 1) != 1) {
		_exit(1);
	}
	reset_process();
	if ((s->first_userns && !become_root(s, err)) || !die_with_act_c(s)) {
		return false;
	}
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("act-c", s->base, "tmpfs", MS_NODEV, layer_options(s)) < 0 ||
	    chdir(s->base) < 0) {
		return err_sys(err, errno, "make the writable layer");
	}
	if (!sandbox_view(s, err) || !sandbox_system(s, err) || !sandbox_show(s, err) ||
	    !change_root(err)) {
		return false;
	}
	s->is_system_root = is_system_root(s);
	if (!sandbox_files(s, err)) {
		return false;
	}
	if (!s->share_network) {
		loopback_up();
		s->packets = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	return restrict_root(s, err) && enter_inner(s, err) && become_root(s, err) &&
	       die_with_act_c(s) && (s->ids != IDS_SINGLE || ignore_owners(err));
}

/* Nothing of the user's environment: it may hold secrets, and paths that are not there. */
static void execute(struct sandbox *s)
{
	static char name[] = "act-c-agent", path[] = "PATH=" SYSTEM_PATH, home[] = "HOME=/root",
		    user[] = "USER=root", lang[] = "LANG=C.UTF-8";
	enum { ABOVE = 10 }; /* out of the way of what the agent gets */
	char *argv[] = { name, NULL };
	char *env[] = { path, home, user, lang, NULL };

	int program = fcntl(s->program, F_DUPFD_CLOEXEC, ABOVE);

	s->report = fcntl(s->report, F_DUPFD_CLOEXEC, ABOVE);
	(void)dup2(s->in, STDIN_FILENO);
	(void)dup2(s->out, STDOUT_FILENO);
	/* The agent's WATCH: in the inner namespace it may not open one itself. */
	if (s->packets >= 0) {
		(void)dup2(s->packets, AGENT_PACKETS_FD);
	}
	(void)fexecve(program, argv, env);
}

_Noreturn void sandbox_init(struct sandbox *s)
{
	struct err err = ERR_INIT;

	if (build(s, &err)) {
		execute(s);
		err_sys(&err, errno, "start the agent");
	}
	if (err.msg) {
		(void)write_all(s->report, err.msg, strlen(err.msg));
	}
	_exit(1);
}
