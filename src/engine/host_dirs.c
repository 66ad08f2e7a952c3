/*
 * host_dirs.c - a job's directory on this machine, handed on from job to job.
 *
 * To make and remove a job's handful of directories costs more than its agent and its shell
 * together (on ext4 0.1 ms to make one, and where blocks are discarded at once, more to remove it).
 * So those of a job that ended in order are emptied and kept under a name that the next one takes
 * over. They are in the run's own directory and go with it.
 */
#include "host_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"

enum {
	SPARE_DIRS = 8,
	OWN_MODE = 0700,  /* as mkdtemp makes it */
	MADE_MODE = 0755, /* as the agent makes those in it */
	NAME_LEN = 6,
};

static const char *spare(struct arena *a, const char *tmp, int i)
{
	return arena_printf(a, "%s/spare-%d", tmp, i).p;
}

/* Takes the place of the X's at the end. */
static bool choose_name(char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char bytes[NAME_LEN];
	char *p = path + strlen(path) - NAME_LEN;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return false;
	}
	for (size_t i = 0; i < NAME_LEN; i++) {
		p[i] = letters[bytes[i] % (sizeof(letters) - 1)];
	}
	return access(path, F_OK) < 0;
}

bool host_dir_open(struct arena *a, const char *tmp, char *path, struct err *err)
{
	char *name = path + strlen(path) - NAME_LEN;

	if (choose_name(path)) {
		for (int i = 0; i < SPARE_DIRS; i++) {
			if (rename(spare(a, tmp, i), path) == 0) {
				return true;
			}
		}
	}
	memset(name, 'X', NAME_LEN);
	return mkdtemp(path) || err_sys(err, errno, "make %s", path);
}

/* --- emptying ----------------------------------------------------------------------------------
 */

/* Whether it is as it was made; anything else is better made anew. */
static bool is_as_made(int fd, mode_t mode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 07777) == mode;
}

static bool remove_entry(const char *dir, const char *name)
{
	struct strbuf path = STRBUF_INIT(0);
	struct err ignored = ERR_INIT;

	(void)strbuf_addf(&path, "%s/%s", dir, name);

	bool ok = unlink(path.p) == 0 || remove_tree(path.p, &ignored);

	err_release(&ignored);
	strbuf_release(&path);
	return ok;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0) {
			return true;
		}
	}
	return false;
}

/* What becomes of files that each job's first step is given under the same names. Such a file is
 * written anew, which costs a tenth of making one and leaves no inode behind that ext4 must step
 * over for the next minutes; but until then it may be seen. */
enum rewritten {
	REWRITTEN_NONE,
	REWRITTEN_AS_IS, /* it tells nothing of the job */
	REWRITTEN_IF_EMPTY,
	REWRITTEN_EMPTIED,
};

/* A directory of the job, and what stays in it. */
struct room {
	const char *path;
	const char *kept[4]; /* directories, which are emptied for themselves */
	enum rewritten rewritten;
	mode_t mode;     /* of those files … */
	const char *end; /* … and of their names */
};

static bool is_rewritten(const struct room *r, int dir, const char *name)
{
	struct stat st;
	bool ok = r->rewritten != REWRITTEN_NONE && str_ends(str_of(name), str_of(r->end)) &&
		  fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		  st.st_uid == geteuid() && (st.st_mode & 07777) == r->mode && st.st_nlink == 1;

	if (ok && st.st_size > 0 && r->rewritten == REWRITTEN_EMPTIED) {
		int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		ok = fd >= 0 && ftruncate(fd, 0) == 0;
		if (fd >= 0) {
			(void)close(fd);
		}
		return ok;
	}
	return ok && (st.st_size == 0 || r->rewritten == REWRITTEN_AS_IS);
}

/* Missing is fine: then it will be made anew. */
static bool empty(const struct room *r, mode_t mode)
{
	int fd = open(r->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ok = fd >= 0 && is_as_made(fd, mode);
	DIR *dir = ok ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!dir) {
		bool missing = fd < 0 && errno == ENOENT;

		if (fd >= 0) {
			(void)close(fd);
		}
		return missing;
	}
	while (ok && (e = readdir(dir))) {
		ok = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		     is_one_of(e->d_name, r->kept) || is_rewritten(r, fd, e->d_name) ||
		     remove_entry(r->path, e->d_name);
	}
	(void)closedir(dir);
	return ok;
}

static const char *last_part(struct arena *a, struct str path)
{
	const char *p = arena_cstr(a, path), *slash = strrchr(p, '/');

	return slash ? slash + 1 : p;
}

/* Of what is made in temp for each job. */
#define WORKFLOW_DIR "_github_workflow"
#define COMMANDS_DIR "_runner_file_commands"

static bool empty_all(struct arena *a, const char *path, const struct runner_paths *paths)
{
	const char *workspace = arena_cstr(a, paths->workspace),
		   *repo = last_part(a, paths->workspace);
	const char *temp = arena_cstr(a, paths->temp);
	struct str outer = str_slice(paths->workspace, 0, paths->workspace.len - strlen(repo) - 1);
	const struct room rooms[] = {
		{ .path = path, .kept = { last_part(a, paths->work) } },
		{ .path = arena_cstr(a, paths->work),
		  .kept = { last_part(a, outer), last_part(a, paths->temp),
			    last_part(a, paths->actions) } },
		{ .path = arena_cstr(a, outer), .kept = { repo } },
		{ .path = workspace },
		{ .path = temp,
		  .kept = { WORKFLOW_DIR, COMMANDS_DIR },
		  .rewritten = REWRITTEN_EMPTIED,
		  .mode = 0755,
		  .end = "00000002.sh" },
		{ .path = arena_printf(a, "%s/" WORKFLOW_DIR, temp).p,
		  .rewritten = REWRITTEN_AS_IS,
		  .mode = 0644,
		  .end = "event.json" },
		{ .path = arena_printf(a, "%s/" COMMANDS_DIR, temp).p,
		  .rewritten = REWRITTEN_IF_EMPTY,
		  .mode = 0644,
		  .end = "_00000001" },
		{ .path = arena_cstr(a, paths->actions) },
	};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(rooms) / sizeof(*rooms); i++) {
		ok = empty(&rooms[i], i == 0 ? OWN_MODE : MADE_MODE);
	}
	return ok;
}

void host_dir_close(struct arena *a, const char *tmp, const char *path,
		    const struct runner_paths *paths, bool whole)
{
	struct err ignored = ERR_INIT;

	if (whole && empty_all(a, path, paths)) {
		for (int i = 0; i < SPARE_DIRS; i++) {
			if (rename(path, spare(a, tmp, i)) == 0) {
				return;
			}
		}
	}
	(void)remove_tree(path, &ignored);
	err_release(&ignored);
}
