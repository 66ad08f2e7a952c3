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

/* Removes all but `kept`, a NULL-terminated list of directories that are emptied for themselves.
 * Missing is fine: then it will be made anew. */
static bool empty(const char *path, mode_t mode, const char *const *kept)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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
		     is_one_of(e->d_name, kept) || remove_entry(path, e->d_name);
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
	const struct {
		const char *path, *kept[4];
	} dirs[] = {
		{ path, { last_part(a, paths->work) } },
		{ arena_cstr(a, paths->work),
		  { last_part(a, outer), last_part(a, paths->temp),
		    last_part(a, paths->actions) } },
		{ arena_cstr(a, outer), { repo } },
		{ workspace, { NULL } },
		{ temp, { WORKFLOW_DIR, COMMANDS_DIR } },
		{ arena_printf(a, "%s/" WORKFLOW_DIR, temp).p, { NULL } },
		{ arena_printf(a, "%s/" COMMANDS_DIR, temp).p, { NULL } },
		{ arena_cstr(a, paths->actions), { NULL } },
	};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(dirs) / sizeof(*dirs); i++) {
		ok = empty(dirs[i].path, i == 0 ? OWN_MODE : MADE_MODE, dirs[i].kept);
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
