/*
 * node_store.c - which node it is, and one process at a time that puts it into the externals.
 *
 * A node appears under its name when it is whole: it is made beside and renamed, and the marker
 * that engines copy with it comes last.
 */
#include "actc/node_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "actc/process.h"
#include "node_private.h"

enum { NODE_MAJOR = 24, VERSION_MS = 10000 };

struct making {
	struct arena *a;
	const struct node_spec *spec;
	const struct node_wait *wait;
	struct str arch;
	struct str name;
	struct str dest; /* spec->dir/NAME */
	struct str part; /* where it is made */
};

struct str node_store_dir(struct arena *a)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/') {
		return arena_printf(a, "%s/act-c/externals", xdg);
	}
	return home && home[0] == '/' ? arena_printf(a, "%s/.cache/act-c/externals", home)
				      : STR_EMPTY;
}

/* --- a node of this machine ------------------------------------------------------------------- */

static bool copy_data(int in, int out)
{
	char buf[65536];
	ssize_t n = 0;

	while ((n = read(in, buf, sizeof(buf))) > 0) {
		if (!write_all(out, buf, (size_t)n)) {
			return false;
		}
	}
	return n == 0;
}

static bool copy_program(struct making *m, const char *from, struct err *err)
{
	const char *dir = arena_printf(m->a, "%.*s/bin", STR_ARG(m->part)).p;
	const char *to = arena_printf(m->a, "%s/node", dir).p;
	int in = -1, out = -1;
	bool ok = false;

	if (!make_dirs(dir, 0755, err)) {
		return false;
	}
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ok = in >= 0 && out >= 0 && copy_data(in, out) && fchmod(out, 0755) == 0;
	if (!ok) {
		(void)err_sys(err, errno, "copy %s", from);
	}
	if (in >= 0) {
		(void)close(in);
	}
	if (out >= 0) {
		(void)close(out);
	}
	return ok;
}

/* "v24.1.0" is 24; 0 = it says something else. */
static unsigned long major_of(const char *program)
{
	const char *argv[] = { program, "--version", NULL };
	struct child_spec spec = { .argv = argv };
	struct strbuf out = STRBUF_INIT(4096);
	struct err ignored = ERR_INIT;
	unsigned long major = 0;
	int status = 1;

	if (child_capture(&spec, NULL, &out, NULL, VERSION_MS, &status, &ignored) && status == 0) {
		struct str text = str_trim(strbuf_str(&out));
		struct str rest = str_slice(text, 1, text.len);

		if (!str_starts(text, STR("v")) || !str_to_ulong(str_cut(&rest, '.'), &major)) {
			major = 0;
		}
	}
	err_release(&ignored);
	strbuf_release(&out);
	return major;
}

static bool is_this_arch(struct str arch)
{
	struct utsname u;

	return uname(&u) == 0 && str_eq(str_of(u.machine), arch);
}

/* The first node in PATH that would do; NULL when there is none. */
static const char *find_here(struct making *m)
{
	struct str path = str_of(getenv("PATH"));

	while (!m->spec->musl && is_this_arch(m->arch) && path.p && path.len) {
		struct str dir = str_cut(&path, ':');
		const char *program = arena_printf(m->a, "%.*s/node", STR_ARG(dir)).p;

		if (dir.len && access(program, X_OK) == 0 && node_is_portable(program) &&
		    major_of(program) >= NODE_MAJOR) {
			return program;
		}
	}
	return NULL;
}

/* --- making one ------------------------------------------------------------------------------- */

static bool make(struct making *m, struct err *err)
{
	struct str temp = arena_printf(m->a, "%.*s.tgz", STR_ARG(m->part));
	const char *here = NULL;

	if (m->spec->path.len) {
		return copy_program(m, m->spec->path.p, err);
	}
	here = find_here(m);
	if (here) {
		m->wait->tell(m->wait->ctx,
			      arena_printf(m->a, "JavaScript actions run on a copy of %s", here));
		return copy_program(m, here, err);
	}
	return node_fetch(m->a, m->spec, m->arch, m->wait, temp, m->part, err);
}

static bool is_complete(const struct making *m)
{
	const char *marker = arena_printf(m->a, "%.*s.complete", STR_ARG(m->dest)).p;

	return access(marker, F_OK) == 0;
}

static bool publish(struct making *m, struct err *err)
{
	const char *marker = arena_printf(m->a, "%.*s.complete", STR_ARG(m->dest)).p;

	if (!remove_tree(m->dest.p, err)) {
		return false;
	}
	if (rename(m->part.p, m->dest.p) < 0) {
		return err_sys(err, errno, "rename %s", m->part.p);
	}
	return write_file(marker, STR_EMPTY, 0644, err);
}

static bool make_locked(struct making *m, struct err *err)
{
	struct err ignored = ERR_INIT;
	bool ok =
		is_complete(m) || (remove_tree(m->part.p, err) && make(m, err) && publish(m, err));

	(void)remove_tree(m->part.p, &ignored);
	err_release(&ignored);
	return ok;
}

/* Another process may be fetching it: minutes, in which a job's agent must hear from us. */
static bool lock(struct making *m, int fd, struct err *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return err_sys(err, errno, "lock the store of nodes");
		}
		if (m->wait->cancelled && m->wait->cancelled(m->wait->ctx)) {
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
		(void)usleep(100 * 1000);
	}
	return true;
}

static bool make_once(struct making *m, struct err *err)
{
	const char *path = arena_printf(m->a, "%.*s.lock", STR_ARG(m->dest)).p;
	bool ok = false;
	int fd = -1;

	if (is_complete(m)) {
		return true;
	}
	if (!make_dirs(m->spec->dir.p, 0755, err)) {
		return false;
	}
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		return err_sys(err, errno, "%s", path);
	}
	ok = lock(m, fd, err) && make_locked(m, err);
	(void)close(fd);
	return ok;
}

/* A node that was given is known by what it is: a newer one under the same path is another. */
static bool name_given(struct making *m, struct node_spec *spec, struct err *err)
{
	struct stat st;
	const char *path = arena_cstr(m->a, spec->path);

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		path = arena_printf(m->a, "%s/bin/node", path).p;
	}
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0) {
		return err_set(err, ERR_NOT_FOUND, "--node %s: there is no such program", path);
	}
	spec->path = str_of(path);
	m->name =
		arena_printf(m->a, "node-%llx-%llx-%llx", (unsigned long long)st.st_ino,
			     (unsigned long long)st.st_size, (unsigned long long)st.st_mtim.tv_sec);
	return true;
}

bool node_store_get(struct arena *a, const struct node_spec *spec, struct str arch,
		    const struct node_wait *wait, struct str *name, struct err *err)
{
	struct node_spec mine = *spec;
	struct making m = { .a = a, .spec = &mine, .wait = wait, .arch = arch };

	if (spec->dir.len == 0) {
		return err_set(err, ERR_NOT_FOUND,
			       "no place for node: neither HOME nor XDG_CACHE_HOME is set to an "
			       "absolute path");
	}
	if (spec->path.len) {
		if (!name_given(&m, &mine, err)) {
			return false;
		}
	} else {
		m.name = arena_printf(a, "node-%s-%.*s%s",
				      spec->musl ? NODE_MUSL_VERSION : NODE_VERSION, STR_ARG(arch),
				      spec->musl ? "-musl" : "");
	}
	m.dest = arena_printf(a, "%.*s/%.*s", STR_ARG(spec->dir), STR_ARG(m.name));
	m.part = arena_printf(a, "%.*s.part", STR_ARG(m.dest));
	*name = m.name;
	return make_once(&m, err);
}
