/*
 * tar_write.c - packs a path into a tar stream: ustar, with pax headers where ustar is too small.
 *
 * A directory's names are relative to it, and it is itself the entry "./"; a file has its own last
 * name. Sockets, pipes and devices are left out. Hard links become files of their own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/tar.h"
#include "agent.h"

enum { BUFFER = 256 * 1024 };

struct pack {
	int out;
	char *buffer;
	struct strbuf path; /* of the entry, as it stands in the archive */
	struct err *err;
};

static bool put(struct pack *p, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(p->out, at, len);

		if (n < 0 && errno != EINTR) {
			return err_sys(p->err, errno, "send the archive");
		}
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool put_zeros(struct pack *p, uint64_t len)
{
	static const char zeros[2 * TAR_BLOCK];
	bool ok = true;

	while (ok && len > 0) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		ok = put(p, zeros, n);
		len -= n;
	}
	return ok;
}

static bool put_padding(struct pack *p, uint64_t size)
{
	return put_zeros(p, tar_padding(size));
}

/* A name that is too long was said before, by a pax header. */
static bool put_header(struct pack *p, const struct tar_entry *e)
{
	struct tar_header h;

	(void)tar_header_make(&h, e);
	return put(p, &h, sizeof(h));
}

/* "LEN key=value\n", where LEN counts itself. */
static void pax_add(struct strbuf *b, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3;
	size_t len = rest + 1;

	while ((size_t)snprintf(NULL, 0, "%zu", len) + rest != len) {
		len = (size_t)snprintf(NULL, 0, "%zu", len) + rest;
	}
	strbuf_addf(b, "%zu %s=%s\n", len, key, value);
}

static bool put_entry(struct pack *p, const char *name, const char *link, enum tar_type type,
		      const struct stat *st)
{
	struct tar_entry e = {
		.type = type,
		.path = str_of(name),
		.target = str_of(link),
		.mode = st->st_mode,
		.size = type == TAR_FILE ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtime,
	};
	struct strbuf pax = STRBUF_INIT(0);
	bool ok = true;

	if (e.path.len > sizeof(((struct tar_header *)0)->name)) {
		pax_add(&pax, "path", name);
	}
	if (e.target.len > sizeof(((struct tar_header *)0)->link)) {
		pax_add(&pax, "linkpath", link);
	}
	if (e.size > TAR_NUMBER_MAX) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)e.size);
		pax_add(&pax, "size", text);
	}
	if (pax.len > 0) {
		struct tar_entry more = { .type = TAR_PAX,
					  .path = STR("pax"),
					  .target = STR_EMPTY,
					  .mode = 0644,
					  .size = pax.len };

		ok = put_header(p, &more) && put(p, pax.p, pax.len) && put_padding(p, pax.len);
	}
	strbuf_release(&pax);
	return ok && put_header(p, &e);
}

/* As many bytes as the header said, whatever becomes of the file meanwhile. */
static bool put_content(struct pack *p, int fd, uint64_t size)
{
	uint64_t left = size;

	while (left > 0) {
		ssize_t n = read(fd, p->buffer, left < BUFFER ? (size_t)left : (size_t)BUFFER);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		if (!put(p, p->buffer, (size_t)n)) {
			return false;
		}
		left -= (uint64_t)n;
	}
	return put_zeros(p, left) && put_padding(p, size);
}

static bool put_file(struct pack *p, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ok = err_sys(p->err, errno, "pack %s", p->path.p);
	} else {
		ok = put_entry(p, p->path.p, "", TAR_FILE, &st) &&
		     put_content(p, fd, (uint64_t)st.st_size);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

static bool put_symlink(struct pack *p, int dir, const char *name, const struct stat *st)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0) {
		return err_sys(p->err, errno, "pack %s", p->path.p);
	}
	target[n] = '\0';
	return put_entry(p, p->path.p, target, TAR_LINK, st);
}

static bool put_any(struct pack *p, int dir, const char *name);

static bool put_children(struct pack *p, int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *de;
	size_t len = p->path.len;
	bool ok = d || err_sys(p->err, errno, "pack %s", p->path.p);

	if (!d) {
		(void)close(fd);
	}
	while (ok && (de = readdir(d))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0) {
			continue;
		}
		strbuf_adds(&p->path, str_of(de->d_name));
		ok = put_any(p, fd, de->d_name);
		p->path.len = len;
		p->path.p[len] = '\0';
	}
	if (d) {
		(void)closedir(d);
	}
	return ok;
}

/* A directory's entry and what is in it; its name in the archive ends with a slash. */
static bool put_dir(struct pack *p, int dir, const char *name, const struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		return err_sys(p->err, errno, "pack %s", p->path.p);
	}
	strbuf_addc(&p->path, '/');
	if (!put_entry(p, p->path.p, "", TAR_DIR, st)) {
		(void)close(fd);
		return false;
	}
	return put_children(p, fd);
}

static bool put_any(struct pack *p, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT || err_sys(p->err, errno, "pack %s", p->path.p);
	}
	if (S_ISREG(st.st_mode)) {
		return put_file(p, dir, name);
	}
	if (S_ISLNK(st.st_mode)) {
		return put_symlink(p, dir, name, &st);
	}
	return !S_ISDIR(st.st_mode) || put_dir(p, dir, name, &st);
}

static bool put_root(struct pack *p, const char *path)
{
	struct stat st;
	const char *slash = strrchr(path, '/');

	if (stat(path, &st) < 0) {
		return err_sys(p->err, errno, "pack %s", path);
	}
	if (!S_ISDIR(st.st_mode)) {
		strbuf_adds(&p->path, str_of(slash ? slash + 1 : path));
		return put_any(p, AT_FDCWD, path);
	}

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return err_sys(p->err, errno, "pack %s", path);
	}
	if (!put_entry(p, "./", "", TAR_DIR, &st)) {
		(void)close(fd);
		return false;
	}
	return put_children(p, fd);
}

bool tar_pack(int out, const char *path, struct err *err)
{
	struct pack p = { .out = out, .buffer = malloc(BUFFER), .err = err };
	bool ok;

	BUG_ON(!p.buffer);
	strbuf_init(&p.path, 0);
	ok = put_root(&p, path) && put_zeros(&p, 2 * TAR_BLOCK);
	strbuf_release(&p.path);
	free(p.buffer);
	return ok;
}
