/*
 * file.c - small file requests, done at once: directories, whole files, removal, reading.
 *
 * The agent is root in a container and gives what it makes to the user of the steps.
 */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_own(int fd, const struct user *owner)
{
	return !owner || geteuid() != 0 || fchown(fd, owner->uid, owner->gid) == 0;
}

/* Mode and owner of a directory that was just made. */
static bool set_up(const char *path, unsigned mode, const struct user *owner)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && file_own(fd, owner) && fchmod(fd, (mode_t)mode & 07777) == 0;
	int sys = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	errno = sys;
	return ok;
}

/* What is there already stays as it is. */
static bool make_dir(const char *path, unsigned mode, const struct user *owner, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) == 0) {
		return set_up(path, mode, owner) || err_sys(err, errno, "make directory %s", path);
	}

	int sys = errno;

	if (stat(path, &st) == 0) {
		return S_ISDIR(st.st_mode) || err_sys(err, ENOTDIR, "make directory %s", path);
	}
	return err_sys(err, sys, "make directory %s", path);
}

/* From the last one on, since mostly the others are there. */
static bool make_parents(const char *path, const struct user *owner, struct err *err)
{
	char *copy = strdup(path), *end;
	bool ok = true;

	BUG_ON(!copy);
	end = strrchr(copy, '/');
	if (end && end != copy) {
		*end = '\0';
		ok = file_make_dirs(copy, 0755, owner, err);
	}
	free(copy);
	return ok;
}

bool file_make_dirs(const char *path, unsigned mode, const struct user *owner, struct err *err)
{
	struct stat st;

	if (path[0] != '/') {
		return err_set(err, ERR_INVALID, "%s is no absolute path", path);
	}
	/* To look costs less than to try in vain. */
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		return true;
	}
	/* Mostly only the last part is missing. */
	if (mkdir(path, 0700) == 0) {
		return set_up(path, mode, owner) || err_sys(err, errno, "make directory %s", path);
	}
	return (errno != ENOENT || make_parents(path, owner, err)) &&
	       make_dir(path, mode, owner, err);
}

bool file_give(const char *path, const struct user *owner, struct err *err)
{
	struct stat st;

	if (geteuid() != 0 ||
	    (stat(path, &st) == 0 && st.st_uid == owner->uid && st.st_gid == owner->gid)) {
		return true;
	}
	/* What is mounted read-only is shared with other jobs and nobody's to own. */
	return chown(path, owner->uid, owner->gid) == 0 || errno == EROFS ||
	       err_sys(err, errno, "give %s to user %u", path, (unsigned)owner->uid);
}

static bool write_content(int fd, struct str content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.p, content.len);

		if (n < 0 && errno != EINTR) {
			return false;
		}
		content = str_slice(content, n > 0 ? (size_t)n : 0, content.len);
	}
	return true;
}

/* A symbolic link at the end is not followed: the directory may be one that a step can write. */
static int open_new(const char *path, unsigned mode, const struct user *owner, struct err *err)
{
	enum { FLAGS = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK };
	int fd = open(path, FLAGS, (mode_t)mode & 0777);

	if (fd < 0 && errno == ENOENT) {
		if (!make_parents(path, owner, err)) {
			return -1;
		}
		fd = open(path, FLAGS, (mode_t)mode & 0777);
	}
	if (fd < 0) {
		err_sys(err, errno, "write %s", path);
	}
	return fd;
}

/* What is as it should be is not set: each change goes through the file system's journal. */
static bool fill(int fd, unsigned mode, const struct user *owner, struct str content)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !write_content(fd, content) ||
	    (S_ISREG(st.st_mode) && (size_t)st.st_size > content.len &&
	     ftruncate(fd, (off_t)content.len) < 0)) {
		return false;
	}

	bool given = !owner || (st.st_uid == owner->uid && st.st_gid == owner->gid);

	return (given || file_own(fd, owner)) &&
	       ((given && (st.st_mode & 07777) == mode) || fchmod(fd, (mode_t)mode & 07777) == 0);
}

/* Spare files have their owner and mode already. */
static bool write_spare(struct spare_files *spare, const char *path, unsigned mode,
			const struct user *owner, struct str content)
{
	int fd = owner ? spare_take(spare) : -1;
	bool ok = fd >= 0 && write_content(fd, content) &&
		  (mode == SPARE_MODE || fchmod(fd, (mode_t)mode & 07777) == 0) &&
		  spare_name(fd, path);

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

bool file_write(struct spare_files *spare, const char *path, unsigned mode,
		const struct user *owner, struct str content, struct err *err)
{
	bool ok;
	int fd;

	if (write_spare(spare, path, mode, owner, content)) {
		return true;
	}
	fd = open_new(path, mode, owner, err);
	if (fd < 0) {
		return false;
	}
	ok = fill(fd, mode, owner, content);
	if (!ok) {
		err_sys(err, errno, "write %s", path);
	}
	if (close(fd) < 0 && ok) {
		return err_sys(err, errno, "write %s", path);
	}
	return ok;
}

/* unlink, or for a directory what is in it and then rmdir. On a failure errno is set. */
static bool remove_at(struct agent *a, int dir, const char *name);

static bool remove_children(struct agent *a, int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *de;
	bool ok = true;

	if (!d) {
		(void)close(fd);
		return false;
	}
	/* Go's module cache, for one, takes the write permission from its directories. */
	(void)fchmod(fd, 0700);
	while (ok && (de = readdir(d))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0) {
			ok = remove_at(a, fd, de->d_name);
		}
	}

	int sys = errno;

	(void)closedir(d);
	errno = sys;
	return ok;
}

static bool remove_at(struct agent *a, int dir, const char *name)
{
	agent_alive(a);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
		return true;
	}
	if (errno != EISDIR && errno != EPERM) {
		return false;
	}

	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0) {
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd >= 0 && remove_children(a, fd) && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

bool file_remove(struct agent *a, const char *path, struct err *err)
{
	if (path[0] != '/' || path[strspn(path, "/.")] == '\0') {
		return err_set(err, ERR_INVALID, "\"%s\" is not removed", path);
	}
	return remove_at(a, AT_FDCWD, path) || err_sys(err, errno, "remove %s", path);
}

bool file_read(struct agent *a, const struct request *r, struct err *err)
{
	const char *path = r->text[0];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0) {
		return err_sys(err, errno, "read %s", path);
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return err_set(err, ERR_INVALID, "read %s: not a regular file", path);
	}

	struct stream *s = stream_new(a, r->stream, STREAM_FILE);

	s->src = fd;
	s->left = r->big;
	s->size = (uint64_t)st.st_size;
	return true;
}

static uint32_t read_back(const char *path, struct strbuf *content)
{
	struct stat st = { 0 };
	uint32_t state = HANDED_MISSING;
	char part[4096];
	ssize_t n = 0;
	int fd;

	/* Most are as empty as they were made. */
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0) {
		return HANDED_OK;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		while ((n = read(fd, part, sizeof(part))) > 0 &&
		       strbuf_add(content, part, (size_t)n)) {
		}
		state = n > 0 ? HANDED_TOO_LARGE : HANDED_OK;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return state;
}

bool file_hand_back(const char *path, struct strbuf *b)
{
	struct strbuf content = STRBUF_INIT(HANDED_FILE_MAX);
	uint32_t state = read_back(path, &content);

	frame_put_u32(b, state);
	frame_put_bytes(b, state == HANDED_OK ? strbuf_str(&content) : STR_EMPTY);
	strbuf_release(&content);
	return state == HANDED_OK;
}

void files_remove(char **files)
{
	for (; files && *files; files++) {
		if (**files) {
			(void)unlink(*files);
		}
	}
}

void files_discard(char **files)
{
	files_remove(files);
	for (char **f = files; f && *f; f++) {
		free(*f);
	}
	free(files);
}

/* RESULT with the file's whole size behind it. */
void file_settle(struct agent *a, struct stream *s)
{
	struct strbuf b = STRBUF_INIT(0);

	if (s->src >= 0 && s->left > 0) {
		return;
	}
	if (s->src >= 0) {
		agent_send(a, FRAME_EOF, s->id, STR_EMPTY);
	}
	frame_put_u32(&b, 0);
	frame_put_bytes(&b, STR_EMPTY);
	frame_put_u64(&b, s->size);
	agent_send(a, FRAME_RESULT, s->id, strbuf_str(&b));
	strbuf_release(&b);
	stream_drop(s);
}
