/* file.c - reading and writing whole files, making and removing trees. */
#include "actc/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = 65536,
	DEPTH_MAX = 64, /* each level of a removal holds a descriptor */
};

bool write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EAGAIN) {
			(void)poll(&(struct pollfd){ fd, POLLOUT, 0 }, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return false;
		}
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* After EAGAIN, which a pipe gives that is still being written. */
static bool wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return errno == EAGAIN && (poll(&p, 1, -1) > 0 || errno == EINTR);
}

static bool read_rest(int fd, const char *path, struct strbuf *out, struct err *err)
{
	char *chunk = malloc(CHUNK);
	ssize_t n;

	if (!chunk) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	do {
		n = read(fd, chunk, CHUNK);
	} while ((n < 0 && (errno == EINTR || wait_readable(fd))) ||
		 (n > 0 && strbuf_add(out, chunk, (size_t)n)));
	free(chunk);
	if (n < 0) {
		return err_sys(err, errno, "%s", path);
	}
	return n == 0 || err_set(err, ERR_INVALID, "%s: larger than %zu bytes", path, out->max);
}

static bool is_readable(mode_t mode, bool given)
{
	return S_ISREG(mode) || (given && (S_ISFIFO(mode) || S_ISCHR(mode)));
}

static bool read_path(const char *path, bool given, struct strbuf *out, struct err *err)
{
	struct stat st;
	/* A named pipe must not make the open wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return err_set(err, ERR_NOT_FOUND, "%s: no such file", path);
	}
	if (fd < 0) {
		return err_sys(err, errno, "%s", path);
	}

	bool ok;

	if (fstat(fd, &st) < 0) {
		ok = err_sys(err, errno, "%s", path);
	} else if (!is_readable(st.st_mode, given)) {
		ok = err_set(err, ERR_INVALID, "%s: not a regular file", path);
	} else {
		ok = read_rest(fd, path, out, err);
	}
	(void)close(fd);
	return ok;
}

bool read_file(const char *path, struct strbuf *out, struct err *err)
{
	return read_path(path, false, out, err);
}

bool read_given_file(const char *path, struct strbuf *out, struct err *err)
{
	return read_path(path, true, out, err);
}

bool write_file(const char *path, struct str content, unsigned mode, struct err *err)
{
	struct strbuf temp = STRBUF_INIT(0);

	(void)strbuf_addf(&temp, "%s.XXXXXX", path);

	int fd = mkostemp(temp.p, O_CLOEXEC);
	bool ok = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, content.p, content.len);
	int sys = ok ? 0 : errno;

	if (fd >= 0 && close(fd) < 0 && ok) {
		ok = false;
		sys = errno;
	}
	if (ok && rename(temp.p, path) < 0) {
		ok = false;
		sys = errno;
	}
	if (!ok && fd >= 0) {
		(void)unlink(temp.p);
	}
	strbuf_release(&temp);
	return ok || err_sys(err, sys, "%s", path);
}

static bool make_dir(const char *path, unsigned mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		return chmod(path, mode) == 0;
	}

	int sys = errno;

	/* A forbidden or read-only parent is no matter when the directory is there. */
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		return true;
	}
	errno = sys == EEXIST ? ENOTDIR : sys;
	return false;
}

/* From the last one on: mostly the others are there. */
static bool make_missing(const char *path, unsigned mode)
{
	struct strbuf parent = STRBUF_INIT(0);
	bool ok = make_dir(path, mode);

	if (!ok && errno == ENOENT) {
		(void)strbuf_adds(&parent, str_of(path));
		while (parent.len > 0 && parent.p[parent.len - 1] == '/') {
			parent.p[--parent.len] = '\0';
		}
		while (parent.len > 0 && parent.p[parent.len - 1] != '/') {
			parent.p[--parent.len] = '\0';
		}
		ok = parent.len > 1 && make_missing(parent.p, mode) && make_dir(path, mode);
	}
	strbuf_release(&parent);
	return ok;
}

bool make_dirs(const char *path, unsigned mode, struct err *err)
{
	struct strbuf part = STRBUF_INIT(0);
	bool ok = true;

	if (make_missing(path, mode)) {
		return true;
	}
	/* Once more from the root on, for what stands in the way. */
	(void)strbuf_adds(&part, str_of(path));
	for (size_t i = 1; ok && i <= part.len; i++) {
		char c = part.p[i];

		if ((c == '/' || c == '\0') && part.p[i - 1] != '/') {
			part.p[i] = '\0';
			ok = make_dir(part.p, mode) || err_sys(err, errno, "%s", part.p);
			part.p[i] = c;
		}
	}
	strbuf_release(&part);
	return ok;
}

/* --- removing -------------------------------------------------------------------------------- */

struct removal {
	int top;        /* the directory that too deep ones are moved up to */
	unsigned moved; /* names them */
	bool again;     /* something was moved up: another pass is needed */
	int sys;        /* the first failure */
};

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void removal_failed(struct removal *r)
{
	if (r->sys == 0 && errno != ENOENT) {
		r->sys = errno;
	}
}

/* A directory without rights for its owner is given them first. */
static int open_dir(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) {
		fd = openat(parent, name, flags);
	}
	return fd;
}

static void move_up(struct removal *r, int parent, const char *name)
{
	char up[48];

	(void)snprintf(up, sizeof(up), ".act-c-removing-%ld-%u", (long)getpid(), r->moved++);
	if (renameat(parent, name, r->top, up) == 0) {
		r->again = true;
	} else {
		removal_failed(r);
	}
}

static void remove_at(struct removal *r, int parent, const char *name, int depth);

/* Takes over fd. */
static void empty_dir(struct removal *r, int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		removal_failed(r);
		(void)close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!is_dots(entry->d_name)) {
			remove_at(r, fd, entry->d_name, depth);
		}
	}
	(void)closedir(dir);
}

static void remove_at(struct removal *r, int parent, const char *name, int depth)
{
	if (unlinkat(parent, name, 0) == 0) {
		return;
	}
	if (errno == EACCES && fchmod(parent, 0700) == 0 && unlinkat(parent, name, 0) == 0) {
		return;
	}
	if (errno != EISDIR && errno != EPERM) {
		removal_failed(r);
		return;
	}
	if (depth >= DEPTH_MAX) {
		move_up(r, parent, name);
		return;
	}

	int fd = open_dir(parent, name);

	if (fd < 0) {
		removal_failed(r);
		return;
	}
	empty_dir(r, fd, depth + 1);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && !(errno == ENOTEMPTY && r->again)) {
		removal_failed(r);
	}
}

bool remove_tree(const char *path, struct err *err)
{
	struct removal r = { .top = open_dir(AT_FDCWD, path) };

	if (r.top < 0 && errno != ENOTDIR && errno != ELOOP) {
		return errno == ENOENT || err_sys(err, errno, "remove %s", path);
	}
	if (r.top < 0) {
		return unlink(path) == 0 || err_sys(err, errno, "remove %s", path);
	}
	do {
		int fd = open_dir(r.top, ".");

		r.again = false;
		if (fd < 0) {
			removal_failed(&r);
		} else {
			empty_dir(&r, fd, 0);
		}
	} while (r.again && r.sys == 0);
	(void)close(r.top);
	if (r.sys == 0 && rmdir(path) < 0) {
		removal_failed(&r);
	}
	return r.sys == 0 || err_sys(err, r.sys, "remove %s", path);
}

/* --- measuring ------------------------------------------------------------------------------- */

static unsigned long long size_below(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	unsigned long long sum = 0;
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		(void)close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		if (is_dots(entry->d_name) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			continue;
		}
		if (S_ISREG(st.st_mode)) {
			sum += (unsigned long long)st.st_size;
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			int sub = openat(fd, entry->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			sum += sub >= 0 ? size_below(sub, depth + 1) : 0;
		}
	}
	(void)closedir(dir);
	return sum;
}

unsigned long long tree_size(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? size_below(fd, 0) : 0;
}
