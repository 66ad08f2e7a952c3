/*
 * hash.c - hashFiles: one digest over the digests of the files that patterns name (SEMANTICS 2.10).
 *
 * The walk is depth-first with a directory's children sorted by name, so that a result does not
 * depend on the file system. Only files below the directory count, and nothing else is walked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/glob.h"
#include "actc/sha256.h"
#include "agent.h"

enum { BUFFER = 256 * 1024 };

/* The directories that a walk is in, by identity: a symbolic link may lead back into one. */
struct level {
	const struct level *up;
	dev_t dev;
	ino_t ino;
};

struct walk {
	struct arena arena;
	struct globs globs;
	struct str dir;
	bool follow;
	char *buffer;
	struct sha256 sum;
	size_t files;
	struct err *err;
};

static bool is_below(struct str path, struct str dir)
{
	return path.len > dir.len && path.p[dir.len] == '/' && str_starts(path, dir);
}

static bool add_content(struct walk *w, const char *path, int fd)
{
	struct sha256 one;
	uint8_t digest[32];
	ssize_t n;

	sha256_init(&one);
	while ((n = read(fd, w->buffer, BUFFER)) != 0) {
		if (n < 0 && errno != EINTR) {
			return err_sys(w->err, errno, "hash %s", path);
		}
		sha256_add(&one, w->buffer, n > 0 ? (size_t)n : 0);
	}
	sha256_end(&one, digest);
	sha256_add(&w->sum, digest, sizeof(digest));
	w->files++;
	return true;
}

/* A symbolic link counts as what it leads to; to a directory it is left out. */
static bool add_file(struct walk *w, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	bool ok = true;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ok = err_sys(w->err, errno, "hash %s", path);
	} else if (S_ISREG(st.st_mode)) {
		ok = add_content(w, path, fd);
	} else if (!S_ISDIR(st.st_mode)) {
		ok = err_set(w->err, ERR_INVALID, "hash %s: not a regular file", path);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sorted names in a directory, or NULL with an error. */
static char **list_dir(struct walk *w, const char *path, size_t *n)
{
	VEC(char *) names = { 0 };
	DIR *d = opendir(path);
	struct dirent *de;

	if (!d) {
		err_sys(w->err, errno, "read directory %s", path);
		return NULL;
	}
	while ((de = readdir(d))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0) {
			vec_push(&w->arena, &names, arena_cstr(&w->arena, str_of(de->d_name)));
		}
	}
	(void)closedir(d);
	*n = names.n;
	if (names.n == 0) {
		return arena_array(&w->arena, char *, 1);
	}
	qsort(names.v, names.n, sizeof(*names.v), by_name);
	return names.v;
}

static bool walk_path(struct walk *w, struct str path, const struct level *up);

static bool walk_dir(struct walk *w, struct str path, const struct level *here)
{
	size_t n = 0;
	char **names = list_dir(w, path.p, &n);
	bool ok = names != NULL;

	for (size_t i = 0; ok && i < n; i++) {
		struct arena_mark mark = arena_mark(&w->arena);
		struct str child =
			arena_printf(&w->arena, "%s/%s", path.len > 1 ? path.p : "", names[i]);

		ok = walk_path(w, child, here);
		arena_rewind(&w->arena, mark);
	}
	return ok;
}

static bool leads_back(const struct level *up, const struct stat *st)
{
	for (; up; up = up->up) {
		if (up->dev == st->st_dev && up->ino == st->st_ino) {
			return true;
		}
	}
	return false;
}

static bool walk_path(struct walk *w, struct str path, const struct level *up)
{
	unsigned kind = globs_match(&w->globs, path);
	struct level here = { .up = up };
	struct stat st;

	if (!kind && !globs_partial(&w->globs, path)) {
		return true;
	}
	if (!is_below(path, w->dir) && !is_below(w->dir, path) && !str_eq(path, w->dir) &&
	    path.len > 1) {
		return true;
	}
	if ((w->follow ? stat(path.p, &st) : lstat(path.p, &st)) < 0) {
		return (w->follow && errno == ENOENT) || err_sys(w->err, errno, "hash %s", path.p);
	}
	if (!S_ISDIR(st.st_mode)) {
		return !(kind & GLOB_FILE) || !is_below(path, w->dir) || add_file(w, path.p);
	}
	if (w->follow && leads_back(up, &st)) {
		return true;
	}
	here.dev = st.st_dev;
	here.ino = st.st_ino;
	return walk_dir(w, path, &here);
}

static bool walk_all(struct walk *w)
{
	size_t n;
	struct str *from = globs_search(&w->arena, &w->globs, &n);
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct stat st;

		if (lstat(from[i].p, &st) == 0) {
			ok = walk_path(w, from[i], NULL);
		} else if (errno != ENOENT) {
			ok = err_sys(w->err, errno, "hash %s", from[i].p);
		}
	}
	return ok;
}

static bool parse(struct walk *w, const struct hash_spec *spec)
{
	struct str *lines = arena_array(&w->arena, struct str, spec->n);
	struct str why;

	for (size_t i = 0; i < spec->n; i++) {
		lines[i] = str_of(spec->patterns[i]);
	}
	return globs_parse(&w->arena, lines, spec->n, spec->dir, spec->home, &w->globs, &why) ||
	       err_set(w->err, ERR_INVALID, "%.*s", STR_ARG(why));
}

bool hash_files(int out, const struct hash_spec *spec, struct err *err)
{
	struct walk w = {
		.dir = spec->dir,
		.follow = spec->follow,
		.buffer = malloc(BUFFER),
		.err = err,
	};
	uint8_t digest[32];
	char hex[65];
	bool ok;

	BUG_ON(!w.buffer);
	sha256_init(&w.sum);
	ok = parse(&w, spec) && walk_all(&w);
	if (ok && w.files > 0) {
		sha256_end(&w.sum, digest);
		sha256_hex(digest, hex);
		ok = write(out, hex, 64) == 64 || err_sys(err, errno, "send the digest");
	}
	free(w.buffer);
	arena_release(&w.arena);
	return ok;
}
