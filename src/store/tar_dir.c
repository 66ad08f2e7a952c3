/*
 * tar_dir.c - a directory as a tar stream, made while it is read.
 *
 * libarchive formats the headers; the walk is fts(3)'s, in the order of the names, so that equal
 * trees give equal streams. Only a piece of one file is in memory at a time. Owners do not travel:
 * what the stream becomes belongs to whoever unpacks it.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/dynload.h"
#include "actc/repo.h"
#include "actc/strbuf.h"

#ifndef ACTC_LIBARCHIVE_SO
#define ACTC_LIBARCHIVE_SO "libarchive.so"
#endif

enum {
	PIECE = 128 * 1024,
	SLACK = 1024 * 1024, /* headers and padding behind a piece */
};

#define FUNCTIONS(X)                             \
	X(archive_entry_clear)                   \
	X(archive_entry_free)                    \
	X(archive_entry_new)                     \
	X(archive_entry_set_filetype)            \
	X(archive_entry_set_mtime)               \
	X(archive_entry_set_pathname)            \
	X(archive_entry_set_perm)                \
	X(archive_entry_set_size)                \
	X(archive_entry_set_symlink)             \
	X(archive_error_string)                  \
	X(archive_write_close)                   \
	X(archive_write_data)                    \
	X(archive_write_free)                    \
	X(archive_write_header)                  \
	X(archive_write_new)                     \
	X(archive_write_open)                    \
	X(archive_write_set_bytes_in_last_block) \
	X(archive_write_set_format_pax_restricted)

struct libarchive {
	FUNCTIONS(DYNLOAD_MEMBER)
};

#define SYMBOL(function) DYNLOAD_SYMBOL(libarchive, function)

static const struct dynload_symbol symbols[] = { FUNCTIONS(SYMBOL) };

struct tar_dir {
	struct libarchive lib;
	struct archive *archive;
	struct archive_entry *entry;
	FTS *walk;
	size_t root_len;
	int fd;         /* of the file being read, or -1 */
	long long left; /* of it */
	char *piece;
	struct strbuf ready; /* bytes of the stream not yet taken */
	size_t taken;        /* of them */
	bool done;
	char *problem;
};

static la_ssize_t take(struct archive *archive, void *ctx, const void *bytes, size_t len)
{
	struct tar_dir *t = ctx;

	(void)archive;
	return strbuf_add(&t->ready, bytes, len) ? (la_ssize_t)len : -1;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

__attribute__((format(printf, 2, 3))) static bool fail(struct tar_dir *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!t->problem && vasprintf(&t->problem, fmt, ap) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	va_end(ap);
	return false;
}

static bool fail_archive(struct tar_dir *t)
{
	const char *words = t->lib.archive_error_string(t->archive);

	return fail(t, "tar: %s", words ? words : "unknown error");
}

static bool set_up(struct tar_dir *t, const char *path)
{
	char *const roots[] = { (char *)(uintptr_t)path, NULL };

	t->entry = t->lib.archive_entry_new();
	t->archive = t->lib.archive_write_new();
	t->piece = malloc(PIECE);
	BUG_ON(!t->entry || !t->archive || !t->piece);
	if (t->lib.archive_write_set_format_pax_restricted(t->archive) != ARCHIVE_OK ||
	    t->lib.archive_write_set_bytes_in_last_block(t->archive, 1) != ARCHIVE_OK ||
	    t->lib.archive_write_open(t->archive, t, NULL, take, NULL) != ARCHIVE_OK) {
		return fail_archive(t);
	}
	t->walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	return t->walk || fail(t, "%s: %s", path, strerror(errno));
}

/* --- entries ------------------------------------------------------------------------------------
 */

/* A warning is about a name that is no text in this locale: it travels as the bytes it is. */
static bool put_header(struct tar_dir *t)
{
	return t->lib.archive_write_header(t->archive, t->entry) >= ARCHIVE_WARN || fail_archive(t);
}

static void describe(struct tar_dir *t, const FTSENT *at, unsigned type)
{
	const struct libarchive *lib = &t->lib;
	const struct stat *st = at->fts_statp;

	(void)lib->archive_entry_clear(t->entry);
	lib->archive_entry_set_pathname(t->entry, at->fts_path + t->root_len + 1);
	lib->archive_entry_set_filetype(t->entry, type);
	lib->archive_entry_set_perm(t->entry, st->st_mode & 07777);
	lib->archive_entry_set_mtime(t->entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	lib->archive_entry_set_size(t->entry, type == AE_IFREG ? st->st_size : 0);
}

static bool start_file(struct tar_dir *t, const FTSENT *at)
{
	t->fd = open(at->fts_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (t->fd < 0) {
		return fail(t, "%s: %s", at->fts_path, strerror(errno));
	}
	/* The size of what is open, which may be another file by now. */
	if (fstat(t->fd, at->fts_statp) < 0 || !S_ISREG(at->fts_statp->st_mode)) {
		return fail(t, "%s: changed while it was read", at->fts_path);
	}
	t->left = at->fts_statp->st_size;
	describe(t, at, AE_IFREG);
	return put_header(t);
}

static bool put_symlink(struct tar_dir *t, const FTSENT *at)
{
	char target[PATH_MAX];
	ssize_t n = readlink(at->fts_path, target, sizeof(target) - 1);

	if (n < 0) {
		return fail(t, "%s: %s", at->fts_path, strerror(errno));
	}
	target[n] = '\0';
	describe(t, at, AE_IFLNK);
	t->lib.archive_entry_set_symlink(t->entry, target);
	return put_header(t);
}

/* Sockets, pipes and devices have no contents that could travel. */
static bool put_entry(struct tar_dir *t, const FTSENT *at)
{
	switch (at->fts_info) {
	case FTS_D:
		if (at->fts_level == FTS_ROOTLEVEL) {
			return true;
		}
		describe(t, at, AE_IFDIR);
		return put_header(t);
	case FTS_F:
		return start_file(t, at);
	case FTS_SL:
	case FTS_SLNONE:
		return put_symlink(t, at);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return fail(t, "%s: %s", at->fts_path, strerror(at->fts_errno));
	default:
		return true;
	}
}

static bool finish(struct tar_dir *t)
{
	t->done = true;
	return t->lib.archive_write_close(t->archive) == ARCHIVE_OK || fail_archive(t);
}

static bool next_entry(struct tar_dir *t)
{
	FTSENT *at;

	errno = 0;
	at = fts_read(t->walk);
	if (!at) {
		return errno ? fail(t, "%s", strerror(errno)) : finish(t);
	}
	return put_entry(t, at);
}

/* A file that has become shorter is filled up with zeros by libarchive, one that grew is cut at the
 * length that its header says. */
static bool next_piece(struct tar_dir *t)
{
	size_t want = t->left < PIECE ? (size_t)t->left : PIECE;
	ssize_t n = want ? read(t->fd, t->piece, want) : 0;

	if (n < 0) {
		return errno == EINTR || fail(t, "read: %s", strerror(errno));
	}
	if (n > 0 && t->lib.archive_write_data(t->archive, t->piece, (size_t)n) != n) {
		return fail_archive(t);
	}
	t->left -= n;
	if (n == 0 || t->left == 0) {
		(void)close(t->fd);
		t->fd = -1;
	}
	return true;
}

/* --- the stream ---------------------------------------------------------------------------------
 */

struct tar_dir *tar_dir_open(struct str path, struct err *err)
{
	struct tar_dir *t = calloc(1, sizeof(*t));
	char *root = strndup(path.p, path.len);
	struct stat st;

	BUG_ON(!t || !root);
	t->fd = -1;
	strbuf_init(&t->ready, PIECE + SLACK);
	while (strlen(root) > 1 && root[strlen(root) - 1] == '/') {
		root[strlen(root) - 1] = '\0';
	}
	t->root_len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	bool ok = dynload(ACTC_LIBARCHIVE_SO, symbols, sizeof(symbols) / sizeof(*symbols), &t->lib,
			  err);

	if (ok && (stat(root, &st) < 0 || !S_ISDIR(st.st_mode))) {
		ok = err_sys(err, errno ? errno : ENOTDIR, "%s", root);
	} else if (ok && !set_up(t, root)) {
		ok = err_set(err, ERR_SYSTEM, "%s", t->problem);
	}
	free(root);
	if (!ok) {
		tar_dir_close(t);
		return NULL;
	}
	return t;
}

ssize_t tar_dir_read(void *tar_dir, void *buf, size_t size)
{
	struct tar_dir *t = tar_dir;

	while (t->taken == t->ready.len && !t->done) {
		strbuf_reset(&t->ready);
		t->taken = 0;
		if (t->problem || !(t->fd >= 0 ? next_piece(t) : next_entry(t))) {
			return -1;
		}
	}

	size_t n = t->ready.len - t->taken;

	n = n < size ? n : size;
	if (n) {
		memcpy(buf, t->ready.p + t->taken, n);
	}
	t->taken += n;
	return (ssize_t)n;
}

const char *tar_dir_error(const struct tar_dir *t)
{
	return t->problem;
}

void tar_dir_close(struct tar_dir *t)
{
	if (t->fd >= 0) {
		(void)close(t->fd);
	}
	if (t->walk) {
		(void)fts_close(t->walk);
	}
	if (t->archive) {
		(void)t->lib.archive_write_free(t->archive);
	}
	if (t->entry) {
		t->lib.archive_entry_free(t->entry);
	}
	strbuf_release(&t->ready);
	free(t->piece);
	free(t->problem);
	free(t);
}
