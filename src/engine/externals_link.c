/*
 * externals_link.c - directories for machines that see this machine's externals themselves, and
 * cannot write there: a tree is not copied, its files are linked once.
 */
#include "externals_link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"

static bool link_tree(int from, int to, struct err *err);

static bool link_dir(int from, int to, const char *name, struct err *err)
{
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int out = mkdirat(to, name, 0755) == 0
			  ? openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			  : -1;
	bool ok = in >= 0 && out >= 0 ? link_tree(in, out, err) : err_sys(err, errno, "%s", name);

	if (in >= 0) {
		(void)close(in);
	}
	if (out >= 0) {
		(void)close(out);
	}
	return ok;
}

static bool copy_symlink(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0) {
		return false;
	}
	target[n] = '\0';
	return symlinkat(target, to, name) == 0;
}

static bool link_entry(int from, int to, const char *name, struct err *err)
{
	struct stat st;
	bool ok = fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (ok && S_ISDIR(st.st_mode)) {
		return link_dir(from, to, name, err);
	}
	if (ok && S_ISLNK(st.st_mode)) {
		ok = copy_symlink(from, to, name);
	} else if (ok) {
		ok = linkat(from, name, to, name, 0) == 0;
	}
	return ok || err_sys(err, errno, "link %s", name);
}

static bool link_tree(int from, int to, struct err *err)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool ok = dir != NULL;

	if (!dir) {
		if (fd >= 0) {
			(void)close(fd);
		}
		return err_sys(err, errno, "read a directory");
	}
	for (struct dirent *e = readdir(dir); ok && e; e = readdir(dir)) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			ok = link_entry(from, to, e->d_name, err);
		}
	}
	(void)closedir(dir);
	return ok;
}

static bool link_one(struct arena *a, const struct machine_spec *spec, const struct shown_dir *v,
		     struct err *err)
{
	const char *to = arena_printf(a, "%.*s/%.*s", STR_ARG(spec->externals), STR_ARG(v->name)).p;
	const char *part = arena_printf(a, "%s.part.%ld", to, (long)getpid()).p;
	const char *marker = arena_printf(a, "%s.complete", to).p;
	struct err ignored = ERR_INIT;
	int in = -1, out = -1;
	bool ok = false;

	if (access(marker, F_OK) == 0) {
		return true;
	}
	if (!remove_tree(part, err) || !make_dirs(part, 0755, err)) {
		return false;
	}
	in = open(arena_cstr(a, v->dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	out = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = in >= 0 && out >= 0 ? link_tree(in, out, err) : err_sys(err, errno, "%s", part);
	/* Another one that was faster has made the same. */
	if (ok && rename(part, to) < 0 && errno != ENOTEMPTY && errno != EEXIST) {
		ok = err_sys(err, errno, "rename %s", part);
	}
	ok = ok && write_file(marker, STR_EMPTY, 0644, err);
	if (in >= 0) {
		(void)close(in);
	}
	if (out >= 0) {
		(void)close(out);
	}
	(void)remove_tree(part, &ignored);
	err_release(&ignored);
	return ok;
}

bool externals_link(struct machine *m, const struct machine_spec *spec, const struct shown_dir *v,
		    size_t n, struct err *err)
{
	struct arena a = ARENA_INIT;
	bool ok = true;

	(void)m;
	for (size_t i = 0; ok && i < n; i++) {
		ok = link_one(&a, spec, &v[i], err);
	}
	arena_release(&a);
	return ok;
}
