/*
 * tar_read.c - unpacks a tar stream: ustar, pax path/linkpath/size/mtime, GNU long names.
 *
 * Directories, regular files, symbolic and hard links; anything else is an error. Nothing is
 * written outside the directory: absolute names and ".." are refused, and no symbolic link is ever
 * followed on the way to an entry, whether it was there or came with the stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/tar.h"
#include "agent.h"

enum {
	BUFFER = 256 * 1024,
	NAME_MAX_BYTES = 64 * 1024, /* a pax header or a GNU long name */
};

/* A directory whose mode is set when everything is in it. */
struct late_mode {
	struct late_mode *next;
	char *path;
	mode_t mode;
};

struct entry {
	char *path;
	char *link;
	uint64_t size;
	mode_t mode;
	time_t mtime;
	char type;
};

/* What pax and GNU headers say about the next entry. */
struct extra {
	char *path, *link;
	uint64_t size;
	time_t mtime;
	bool has_size, has_mtime;
};

struct unpack {
	int in;
	int root;
	const struct user *owner;
	char *buffer;
	size_t at, len;
	struct extra extra;
	int dir;        /* the directory last used … */
	char *dir_path; /* … and its path below root */
	struct late_mode *late;
	struct err *err;
};

static bool broken(struct unpack *u, const char *what)
{
	return err_set(u->err, ERR_INVALID, "the archive is broken: %s", what);
}

/* At least one byte, as many as are there; 0 at the end. */
static size_t fill(struct unpack *u)
{
	while (u->at == u->len) {
		ssize_t n = read(u->in, u->buffer, BUFFER);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return 0;
		}
		u->at = 0;
		u->len = (size_t)n;
	}
	return u->len - u->at;
}

static size_t take(struct unpack *u, void *out, size_t want)
{
	size_t got = 0;

	while (got < want) {
		size_t n = fill(u);

		if (n == 0) {
			break;
		}
		n = n < want - got ? n : want - got;
		if (out) {
			memcpy((char *)out + got, u->buffer + u->at, n);
		}
		u->at += n;
		got += n;
	}
	return got;
}

static char *copy(const char *p, size_t max)
{
	char *s = strndup(p, max);

	BUG_ON(!s);
	return s;
}

static void replace(char **where, char *with)
{
	free(*where);
	*where = with;
}

/* "LEN key=value\n", one after another; NULL when this is none. */
static char *pax_record(char *p, const char *end, char **key, char **value)
{
	char *blank;
	unsigned long len = strtoul(p, &blank, 10);

	if (len == 0 || *blank != ' ' || len > (size_t)(end - p) || blank + 1 >= p + len ||
	    p[len - 1] != '\n') {
		return NULL;
	}
	*key = blank + 1;
	*value = memchr(*key, '=', (size_t)(p + len - *key));
	if (!*value) {
		return NULL;
	}
	p[len - 1] = '\0';
	*(*value)++ = '\0';
	return p + len;
}

static bool pax_apply(struct unpack *u, char *p, size_t len)
{
	const char *end = p + len;
	struct extra *x = &u->extra;

	while (p < end && *p) {
		char *key, *value;

		p = pax_record(p, end, &key, &value);
		if (!p) {
			return broken(u, "a malformed pax header");
		}
		if (strcmp(key, "path") == 0) {
			replace(&x->path, copy(value, NAME_MAX_BYTES));
		} else if (strcmp(key, "linkpath") == 0) {
			replace(&x->link, copy(value, NAME_MAX_BYTES));
		} else if (strcmp(key, "size") == 0) {
			x->size = strtoull(value, NULL, 10);
			x->has_size = true;
		} else if (strcmp(key, "mtime") == 0) {
			x->mtime = (time_t)strtoll(value, NULL, 10);
			x->has_mtime = true;
		}
	}
	return true;
}

/* A header that describes the next one: pax, GNU long name or long link. */
static bool read_extra(struct unpack *u, char type, uint64_t size)
{
	char *text;
	bool ok = true;

	if (size > NAME_MAX_BYTES) {
		return broken(u, "a header that is too large");
	}
	text = calloc(1, (size_t)size + 1);
	BUG_ON(!text);
	if (take(u, text, (size_t)size) < size ||
	    take(u, NULL, tar_padding(size)) < tar_padding(size)) {
		ok = broken(u, "it ends early");
	} else if (type == 'x') {
		ok = pax_apply(u, text, (size_t)size);
	} else if (type != 'g') {
		replace(type == 'L' ? &u->extra.path : &u->extra.link, copy(text, (size_t)size));
	}
	free(text);
	return ok;
}

static char *header_path(const struct tar_header *h)
{
	char *path;

	if (memcmp(h->magic, "ustar", 5) != 0 || h->magic[5] != '\0' || !h->prefix[0]) {
		return copy(h->name, sizeof(h->name));
	}
	if (asprintf(&path, "%.*s/%.*s", (int)sizeof(h->prefix), h->prefix, (int)sizeof(h->name),
		     h->name) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	return path;
}

/* Removes "./" and trailing slashes in place; false for what would leave the directory. */
static bool clean_path(char *path)
{
	char *out = path;
	const char *p = path;

	if (*p == '/') {
		return false;
	}
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			return false;
		}
		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (out != path) {
				*out++ = '/';
			}
			memmove(out, p, n);
			out += n;
		}
		p += n + (p[n] == '/');
	}
	*out = '\0';
	return true;
}

static void entry_release(struct entry *e)
{
	free(e->path);
	free(e->link);
}

/* Puts together what the header and the ones before it say. */
static bool make_entry(struct unpack *u, const struct tar_header *h, struct entry *e)
{
	struct extra *x = &u->extra;
	size_t len;

	e->path = x->path ? x->path : header_path(h);
	e->link = x->link ? x->link : copy(h->link, sizeof(h->link));
	e->size = x->has_size ? x->size : tar_number(h->size, sizeof(h->size));
	e->mtime = x->has_mtime ? x->mtime : (time_t)tar_number(h->mtime, sizeof(h->mtime));
	e->mode = (mode_t)tar_number(h->mode, sizeof(h->mode)) & 07777;
	e->type = h->type ? h->type : '0';
	*x = (struct extra){ 0 };
	len = strlen(e->path);
	if (e->type == '0' && len > 0 && e->path[len - 1] == '/') {
		e->type = '5'; /* as before POSIX */
	}
	if (!clean_path(e->path)) {
		return err_set(u->err, ERR_INVALID, "\"%s\" would be written outside the directory",
			       e->path);
	}
	return true;
}

static bool own(const struct unpack *u, int fd)
{
	return !u->owner || fchown(fd, u->owner->uid, u->owner->gid) == 0;
}

/* One step down: opens the directory `name` in dir, made when missing. Links are not followed. */
static int step_down(const struct unpack *u, int dir, const char *name)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(dir, name, FLAGS);

	if (fd < 0 && errno == ENOENT && mkdirat(dir, name, 0755) == 0) {
		fd = openat(dir, name, FLAGS);
		if (fd >= 0 && !own(u, fd)) {
			int sys = errno;

			(void)close(fd);
			errno = sys;
			return -1;
		}
	}
	return fd;
}

/* The directory that `path` (of which `len` bytes count) names below the root. It stays open in
 * u->dir, since the next entry is mostly in the same one. -1 with errno. */
static int open_dir(struct unpack *u, const char *path, size_t len)
{
	char *names = copy(path, len);
	int fd = dup(u->root);

	if (u->dir >= 0 && strcmp(u->dir_path, names) == 0) {
		(void)close(fd);
		free(names);
		return u->dir;
	}
	for (char *p = names; fd >= 0 && *p;) {
		size_t n = strcspn(p, "/");
		char *next = p + n + (p[n] == '/');

		p[n] = '\0';

		int down = step_down(u, fd, p);
		int sys = errno;

		(void)close(fd);
		errno = sys;
		fd = down;
		p = next;
	}
	free(names);
	if (fd < 0) {
		return -1;
	}
	if (u->dir >= 0) {
		(void)close(u->dir);
	}
	u->dir = fd;
	replace(&u->dir_path, copy(path, len));
	return fd;
}

/* The directory that holds `path`, and its last name. */
static int open_parent(struct unpack *u, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return open_dir(u, path, slash ? (size_t)(slash - path) : 0);
}

static bool failed(struct unpack *u, const struct entry *e)
{
	if (errno == ELOOP || errno == ENOTDIR) {
		return err_set(u->err, ERR_INVALID,
			       "unpack %s: something that is no directory, or a symbolic link, is "
			       "in the way",
			       e->path);
	}
	return err_sys(u->err, errno, "unpack %s", e->path);
}

static bool put_dir(struct unpack *u, const struct entry *e)
{
	mode_t open_mode = e->mode | S_IRWXU;
	int fd = open_dir(u, e->path, strlen(e->path));
	struct late_mode *late;

	if (fd < 0 || !own(u, fd) || fchmod(fd, open_mode) < 0) {
		return failed(u, e);
	}
	if (open_mode != e->mode) {
		late = calloc(1, sizeof(*late));
		BUG_ON(!late);
		*late = (struct late_mode){ u->late, copy(e->path, SIZE_MAX), e->mode };
		u->late = late;
	}
	return true;
}

static bool write_all_of(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR) {
			return false;
		}
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool copy_out(struct unpack *u, int fd, const struct entry *e)
{
	uint64_t left = e->size;

	while (left > 0) {
		size_t n = fill(u);

		if (n == 0) {
			return broken(u, "it ends early");
		}
		n = n < left ? n : (size_t)left;
		if (!write_all_of(fd, u->buffer + u->at, n)) {
			return failed(u, e);
		}
		u->at += n;
		left -= n;
	}
	return true;
}

static bool put_file(struct unpack *u, const struct entry *e)
{
	enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	struct timespec times[2] = { { 0, UTIME_NOW }, { e->mtime, 0 } };
	const char *name;
	int dir = open_parent(u, e->path, &name);
	int fd = dir < 0 ? -1 : openat(dir, name, FLAGS, 0600);
	bool ok;

	if (dir >= 0 && fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0) {
		fd = openat(dir, name, FLAGS, 0600);
	}
	if (fd < 0) {
		return failed(u, e);
	}
	ok = copy_out(u, fd, e);
	if (ok && (!own(u, fd) || fchmod(fd, e->mode) < 0 || futimens(fd, times) < 0)) {
		ok = failed(u, e);
	}
	if (close(fd) < 0 && ok) {
		ok = failed(u, e);
	}
	return ok;
}

static bool put_symlink(struct unpack *u, const struct entry *e)
{
	const char *name;
	int dir = open_parent(u, e->path, &name);
	bool ok = dir >= 0 && symlinkat(e->link, dir, name) == 0;

	if (dir >= 0 && !ok && errno == EEXIST) {
		ok = unlinkat(dir, name, 0) == 0 && symlinkat(e->link, dir, name) == 0;
	}
	if (ok && u->owner) {
		ok = fchownat(dir, name, u->owner->uid, u->owner->gid, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return ok || failed(u, e);
}

static bool put_hard_link(struct unpack *u, const struct entry *e)
{
	const char *from_name, *name;
	int from, dir;
	bool ok;

	if (!clean_path(e->link)) {
		return err_set(u->err, ERR_INVALID, "\"%s\" would link to outside the directory",
			       e->path);
	}
	from = open_parent(u, e->link, &from_name);
	from = from < 0 ? -1 : dup(from);
	dir = from < 0 ? -1 : open_parent(u, e->path, &name);
	ok = dir >= 0 && linkat(from, from_name, dir, name, 0) == 0;
	if (dir >= 0 && !ok && errno == EEXIST) {
		ok = unlinkat(dir, name, 0) == 0 && linkat(from, from_name, dir, name, 0) == 0;
	}
	if (!ok) {
		(void)failed(u, e);
	}
	if (from >= 0) {
		(void)close(from);
	}
	return ok;
}

static bool put_entry(struct unpack *u, const struct entry *e)
{
	bool is_file = e->type == '0' || e->type == '7';
	size_t pad = tar_padding(e->size);

	if (e->type == '5') {
		return put_dir(u, e);
	}
	if (!e->path[0]) {
		return broken(u, "an entry without a name");
	}
	if (is_file) {
		if (!put_file(u, e)) {
			return false;
		}
		return take(u, NULL, pad) == pad || broken(u, "it ends early");
	}
	if (e->type == '2') {
		return put_symlink(u, e);
	}
	if (e->type == '1') {
		return put_hard_link(u, e);
	}
	return err_set(u->err, ERR_INVALID, "unpack %s: entries of type '%c' are not supported",
		       e->path, e->type >= ' ' && e->type <= '~' ? e->type : '?');
}

static bool all_zero(const struct tar_header *h)
{
	static const struct tar_header zero;

	return memcmp(h, &zero, sizeof(zero)) == 0;
}

/* Header and content; *more becomes false at the end of the archive. */
static bool next_entry(struct unpack *u, bool *more)
{
	struct tar_header h;
	struct entry e = { 0 };
	size_t n = take(u, &h, sizeof(h));
	bool ok;

	if (n == 0 || (n == sizeof(h) && all_zero(&h))) {
		*more = false;
		return true;
	}
	if (n < sizeof(h)) {
		return broken(u, "it ends early");
	}
	if (tar_number(h.checksum, sizeof(h.checksum)) != tar_sum(&h)) {
		return broken(u, "a header's checksum is wrong");
	}
	if (strchr("xgLK", h.type) && h.type) {
		return read_extra(u, h.type, tar_number(h.size, sizeof(h.size)));
	}
	ok = make_entry(u, &h, &e) && put_entry(u, &e);
	entry_release(&e);
	return ok;
}

/* Sets them if all went well so far; forgets them in any case. */
static bool apply_late_modes(struct unpack *u, bool ok)
{
	while (u->late) {
		struct late_mode *late = u->late;
		struct entry e = { .path = late->path };
		int fd = ok ? open_dir(u, late->path, strlen(late->path)) : -1;

		if (ok && (fd < 0 || fchmod(fd, late->mode) < 0)) {
			ok = failed(u, &e);
		}
		u->late = late->next;
		free(late->path);
		free(late);
	}
	return ok;
}

static void unpack_release(struct unpack *u)
{
	(void)close(u->root);
	if (u->dir >= 0) {
		(void)close(u->dir);
	}
	free(u->dir_path);
	free(u->extra.path);
	free(u->extra.link);
	free(u->buffer);
}

bool tar_unpack(int in, const char *dir, const struct user *owner, struct err *err)
{
	struct unpack u = {
		.in = in,
		.root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.owner = owner,
		.buffer = malloc(BUFFER),
		.dir = -1,
		.err = err,
	};
	bool more = true;
	bool ok = true;

	BUG_ON(!u.buffer);
	if (u.root < 0) {
		free(u.buffer);
		return err_sys(err, errno, "unpack into %s", dir);
	}
	while (ok && more) {
		ok = next_entry(&u, &more);
	}
	ok = apply_late_modes(&u, ok);
	/* What stands behind the end is padding; the sender must not see a closed pipe. */
	while (ok && fill(&u) > 0) {
		u.at = u.len;
	}
	unpack_release(&u);
	return ok;
}
