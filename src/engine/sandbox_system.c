/*
 * sandbox_system.c - dev, proc and sys of a sandbox, and the files that are not this machine's.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"

enum { SHADOW_MAX = 1024 * 1024 };

bool sandbox_put(const struct sandbox *s, const char *path, struct str content, unsigned mode,
		 struct err *err)
{
	(void)unlink(path);

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write_all(fd, content.p, content.len) &&
		  fchown(fd, s->owner, s->owner) == 0 && fchmod(fd, mode) == 0;
	int sys = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok || err_sys(err, sys, "write %s", path);
}

static bool add_dir(const struct sandbox *s, const char *path, mode_t mode, struct err *err)
{
	return ((mkdir(path, 0700) == 0 || errno == EEXIST) &&
		chown(path, s->owner, s->owner) == 0 && chmod(path, mode) == 0) ||
	       err_sys(err, errno, "make %s", path);
}

/* --- dev -------------------------------------------------------------------------------------- */

static bool add_devices(const struct sandbox *s, struct err *err)
{
	static const char *const names[] = { "null", "zero", "full", "random", "urandom", "tty" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *from = arena_printf(s->a, "/dev/%s", names[i]).p;
		const char *to = arena_printf(s->a, "root/dev/%s", names[i]).p;

		if (access(from, F_OK) < 0) {
			continue;
		}
		if (!sandbox_put(s, to, STR_EMPTY, 0666, err)) {
			return false;
		}
		if (mount(from, to, NULL, MS_BIND, NULL) < 0) {
			return err_sys(err, errno, "show %s", from);
		}
	}
	return true;
}

static bool add_terminals(const struct sandbox *s, struct err *err)
{
	const char *group = arena_printf(s->a, "newinstance,ptmxmode=0666,mode=0620,gid=%u",
					 (unsigned)s->owner + 5)
				    .p;

	/* A group that is not mapped is refused. */
	return mount("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, group) == 0 ||
	       mount("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "newinstance,ptmxmode=0666,mode=0620") == 0 ||
	       err_sys(err, errno, "mount devpts");
}

static bool add_dev(const struct sandbox *s, struct err *err)
{
	static const struct {
		const char *target, *name;
	} links[] = {
		{ "pts/ptmx", "root/dev/ptmx" },          { "/proc/self/fd", "root/dev/fd" },
		{ "/proc/self/fd/0", "root/dev/stdin" },  { "/proc/self/fd/1", "root/dev/stdout" },
		{ "/proc/self/fd/2", "root/dev/stderr" },
	};

	if (!add_devices(s, err) || !add_dir(s, "root/dev/pts", 0755, err) ||
	    !add_dir(s, "root/dev/shm", 01777, err) || !add_dir(s, "root/dev/mqueue", 01777, err) ||
	    !add_terminals(s, err)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		if (symlink(links[i].target, links[i].name) < 0) {
			return err_sys(err, errno, "make %s", links[i].name);
		}
	}
	(void)mount("mqueue", "root/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return true;
}

/* --- proc and sys ------------------------------------------------------------------------------
 */

/* Where the job's root is this machine's, what only file modes protect must not be writable. */
static const char *const read_only[] = {
	"/proc/sys",  "/proc/sysrq-trigger", "/proc/irq",    "/proc/bus",  "/proc/fs",
	"/proc/acpi", "/proc/asound",        "/proc/driver", "/proc/mtrr", "/proc/scsi",
};
static const char *const masked[] = {
	"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
	"/proc/timer_list", "/proc/sched_debug", "/proc/timer_stats",
};

bool sandbox_protect(struct err *err)
{
	for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++) {
		const char *path = read_only[i];

		if (access(path, F_OK) == 0 &&
		    (mount(path, path, NULL, MS_BIND, NULL) < 0 ||
		     mount(NULL, path, NULL,
			   MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   NULL) < 0)) {
			return err_sys(err, errno, "protect %s", path);
		}
	}
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		const char *path = masked[i];

		if (access(path, F_OK) == 0 && mount("/dev/null", path, NULL, MS_BIND, NULL) < 0) {
			return err_sys(err, errno, "mask %s", path);
		}
	}
	return true;
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, value, strlen(value));
		(void)close(fd);
	}
}

/* The control group that act-c is in may be its user's to freeze or to kill. */
void sandbox_hide_control_groups(void)
{
	set_sysctl("/proc/sys/user/max_cgroup_namespaces", "0");
}

/* What root may do on other machines it may here, though it does not own the network namespace:
 * listen on any port, ping. */
static void relax_network(void)
{
	set_sysctl("root/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	set_sysctl("root/proc/sys/net/ipv4/ping_group_range", "0 65535");
}

static bool add_proc(const struct sandbox *s, struct err *err)
{
	if (mount("proc", "root/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		int sys = errno;

		return sys == EPERM ? err_set(err, ERR_ENGINE,
					      "/proc cannot be mounted: parts of it are masked "
					      "here (in a container, start it with --security-opt "
					      "systempaths=unconfined)")
				    : err_sys(err, sys, "mount /proc");
	}
	if (!s->share_network) {
		relax_network();
	}
	return true;
}

/* A fresh one needs a network namespace that is ours; else this machine's, all of it read-only. */
static bool add_sys(const struct sandbox *s, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount("sysfs", "root/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) == 0) {
		return true;
	}
	(void)s;
	return (mount("/sys", "root/sys", NULL, MS_BIND | MS_REC, NULL) == 0 &&
		mount_setattr(AT_FDCWD, "root/sys", AT_RECURSIVE, &attr, sizeof(attr)) == 0) ||
	       err_sys(err, errno, "mount /sys");
}

bool sandbox_system(struct sandbox *s, struct err *err)
{
	return add_dev(s, err) && add_proc(s, err) && add_sys(s, err);
}

/* --- files -------------------------------------------------------------------------------------
 */

/* The passwords' hashes are this machine's secret; that there are users is not. */
static void blank_passwords(const char *path)
{
	struct strbuf text = STRBUF_INIT(SHADOW_MAX), out = STRBUF_INIT(SHADOW_MAX);
	struct err ignored = ERR_INIT;
	int fd;

	if (read_file(path, &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len) {
			struct str line = str_cut(&rest, '\n');
			struct str name = str_cut(&line, ':');

			if (line.p) {
				(void)str_cut(&line, ':');
			}
			(void)strbuf_addf(&out, "%.*s:*:%.*s\n", STR_ARG(name),
					  (int)(line.p ? line.len : 0), line.p ? line.p : "");
		}
		fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			(void)write_all(fd, out.p, out.len);
			(void)close(fd);
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	strbuf_release(&out);
}

/* For a machine without sudo, which GitHub's have; and with one user only sudo cannot work, nor is
 * there anybody to become: the command runs as it is. */
#define SUDO_OPTIONS                                            \
	"#!/bin/sh\n"                                           \
	"# act-c: steps are root already.\n"                    \
	"user=\n"                                               \
	"while :; do\n"                                         \
	"\tcase $1 in\n"                                        \
	"\t-u) user=$2; shift 2 ;;\n"                           \
	"\t-g | -C | -D | -h | -p | -R | -T | -U) shift 2 ;;\n" \
	"\t--) shift; break ;;\n"                               \
	"\t-*) shift ;;\n"                                      \
	"\t[A-Za-z_]*=*) export \"$1\"; shift ;;\n"             \
	"\t*) break ;;\n"                                       \
	"\tesac\n"                                              \
	"done\n"                                                \
	"[ $# -gt 0 ] || set -- sh\n"

static const struct str sudo_one_user = STR_INIT(SUDO_OPTIONS "exec \"$@\"\n");
static const struct str sudo_missing =
	STR_INIT(SUDO_OPTIONS "[ -z \"$user\" ] || exec runuser -u \"$user\" -- \"$@\"\n"
			      "exec \"$@\"\n");

/* `path` must be made up to its last part inside what is empty or the job's. */
static bool make_parents(const struct sandbox *s, char *path, struct err *err)
{
	for (char *p = strchr(path + strlen("root/"), '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';

		bool ok = access(path, F_OK) == 0 || add_dir(s, path, 0755, err);

		*p = '/';
		if (!ok) {
			return false;
		}
	}
	return true;
}

static bool show(const struct sandbox *s, const char *from, const char *at, bool writable,
		 struct err *err)
{
	char *to = arena_cstr(s->a, arena_printf(s->a, "root%s", at));
	struct stat st;

	if (stat(from, &st) < 0) {
		return err_sys(err, errno, "%s", from);
	}
	if (!make_parents(s, to, err)) {
		return false;
	}
	if (access(to, F_OK) < 0 &&
	    !(S_ISDIR(st.st_mode) ? add_dir(s, to, 0755, err)
				  : sandbox_put(s, to, STR_EMPTY, 0644, err))) {
		return false;
	}
	return sandbox_bind(s, from, to, writable, err);
}

bool sandbox_show(const struct sandbox *s, struct err *err)
{
	for (size_t i = 0; s->exposed[i]; i += 2) {
		if (!show(s, s->exposed[i], s->exposed[i + 1], false, err)) {
			return false;
		}
	}
	return !s->bind || show(s, s->bind, s->bind_at, true, err);
}

/* Names that mean the job itself, beside those that this machine has. */
static bool put_hosts(struct sandbox *s, struct err *err)
{
	struct strbuf text = STRBUF_INIT(1024 * 1024);
	struct err ignored = ERR_INIT;
	bool ok;

	(void)read_file("/etc/hosts", &text, &ignored);
	err_release(&ignored);
	(void)strbuf_adds(&text, STR("\n"));
	for (size_t i = 0; i < s->spec->nhosts; i++) {
		(void)strbuf_addf(&text, "127.0.0.1 %.*s\n", STR_ARG(s->spec->hosts[i]));
	}
	ok = sandbox_put(s, "/etc/hosts", strbuf_str(&text), 0644, err);
	strbuf_release(&text);
	return ok;
}

bool sandbox_files(struct sandbox *s, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (!add_dir(s, "/run/lock", 01777, err)) {
		return false;
	}
	(void)sandbox_put(s, "/etc/resolv.conf", s->resolv, 0644, &ignored);
	err_release(&ignored);
	if (s->spec->nhosts && !put_hosts(s, err)) {
		return false;
	}
	if (s->ids == IDS_SINGLE || access("/usr/bin/sudo", F_OK) < 0) {
		(void)sandbox_put(s, "/usr/local/bin/sudo",
				  s->ids == IDS_SINGLE ? sudo_one_user : sudo_missing, 0755,
				  &ignored);
		err_release(&ignored);
	}
	if (s->ids == IDS_SINGLE && s->tree_ms) {
		(void)sandbox_put(s, "/etc/apt/apt.conf.d/99act-c",
				  STR("APT::Sandbox::User \"root\";\n"), 0644, &ignored);
		err_release(&ignored);
	}
	if (s->ids == IDS_SHIFTED || s->is_system_root) {
		blank_passwords("/etc/shadow");
		blank_passwords("/etc/gshadow");
		sandbox_remove_secrets();
	}
	return true;
}
