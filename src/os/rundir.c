/*
 * rundir.c - the state directory, the home id, and the directories of runs.
 *
 * A run's directory appears under its name only once its lock is held, so that nobody takes a run
 * that is just starting for one that has ended.
 */
#include "actc/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/lock.h"

enum {
	HOME_BYTES = 16,
	NEW_TRIES = 100,
	NEW_STALE_S = 60, /* a directory that is still without its name after that was given up */
};

static const char mark[] = "left-"; /* begins the names of files, see rundir_mark() */

static struct str hex(struct arena *a, const unsigned char *bytes, size_t n)
{
	char *p = arena_alloc(a, 2 * n + 1);

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(p + 2 * i, 3, "%02x", bytes[i]);
	}
	return str_mk(p, 2 * n);
}

static bool random_hex(struct arena *a, size_t n, struct str *out, struct err *err)
{
	unsigned char bytes[HOME_BYTES];

	BUG_ON(n > sizeof(bytes));
	if (getrandom(bytes, n, 0) != (ssize_t)n) {
		return err_sys(err, errno, "random bytes");
	}
	*out = hex(a, bytes, n);
	return true;
}

/* --- the home -------------------------------------------------------------------------------- */

/* As the XDG base directory specification has it: a relative path in the variable is ignored. */
static bool state_dir(struct arena *a, struct str *out, struct err *err)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/') {
		*out = arena_printf(a, "%s/act-c", xdg);
	} else if (home && home[0] == '/') {
		*out = arena_printf(a, "%s/.local/state/act-c", home);
	} else {
		return err_set(err, ERR_SYSTEM,
			       "no place for act-c's state: neither HOME nor XDG_STATE_HOME is set "
			       "to an absolute path");
	}
	return true;
}

static bool is_home_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!strchr("0123456789abcdef", s.p[i])) {
			return false;
		}
	}
	return s.len == 2 * (size_t)HOME_BYTES;
}

static bool read_home_id(struct arena *a, const char *path, struct str *out)
{
	struct strbuf text = STRBUF_INIT(256);
	struct err err = ERR_INIT;
	bool ok = read_file(path, &text, &err) && is_home_id(str_trim(strbuf_str(&text)));

	*out = ok ? arena_str(a, str_trim(strbuf_str(&text))) : STR_EMPTY;
	err_release(&err);
	strbuf_release(&text);
	return ok;
}

/* Several may do this at once, and all must come to the same id: whose file is linked first wins.
 */
static bool make_home_id(struct arena *a, const char *path, struct str *out, struct err *err)
{
	struct str id = STR_EMPTY;

	if (!random_hex(a, HOME_BYTES, &id, err)) {
		return false;
	}

	struct str temp = arena_printf(a, "%s.%.*s", path, STR_ARG(id));

	if (!write_file(temp.p, arena_printf(a, "%.*s\n", STR_ARG(id)), 0600, err)) {
		return false;
	}

	bool ok =
		link(temp.p, path) == 0 || read_home_id(a, path, out) || rename(temp.p, path) == 0;

	(void)unlink(temp.p);
	return (ok && read_home_id(a, path, out)) || err_sys(err, errno, "%s", path);
}

/* What to do where the place cannot be written, as a HOME that is read-only. */
static bool explain(struct err *err, const char *what)
{
	int sys = err->sys;

	(void)err_wrap(err, "%s", what);
	if (sys != EROFS && sys != EACCES && sys != EPERM) {
		return false;
	}

	struct err more = ERR_INIT;

	(void)err_set(&more, err->kind,
		      "%s (set XDG_STATE_HOME to a directory that can be written)", err->msg);
	more.sys = sys;
	err_release(err);
	*err = more;
	return false;
}

bool rundir_home(struct arena *a, struct rundir *d, struct err *err)
{
	*d = (struct rundir){ .lock_fd = -1 };
	d->run_id = d->path = d->tmp = STR_EMPTY;
	if (!state_dir(a, &d->state, err) ||
	    !make_dirs(arena_printf(a, "%.*s/runs", STR_ARG(d->state)).p, 0700, err)) {
		return explain(err, "state directory");
	}

	const char *path = arena_printf(a, "%.*s/home", STR_ARG(d->state)).p;

	return read_home_id(a, path, &d->home_id) || make_home_id(a, path, &d->home_id, err);
}

/* --- one run --------------------------------------------------------------------------------- */

/* Sorts as it was made, to the microsecond; the salt tells homes that share an engine apart. */
static bool new_run_id(struct arena *a, struct str *out, struct err *err)
{
	char stamp[32];
	struct timespec now;
	struct tm tm;
	struct str salt = STR_EMPTY;

	if (!random_hex(a, 2, &salt, err)) {
		return false;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	*out = arena_printf(a, "%s-%06ld-%.*s", stamp, now.tv_nsec / 1000, STR_ARG(salt));
	return true;
}

/* Makes runs/.ID with its lock held, for the rename to runs/ID. */
static bool prepare(struct arena *a, struct rundir *d, const char *hidden, struct err *err)
{
	if (mkdir(hidden, 0700) < 0) {
		return err_sys(err, errno, "%s", hidden);
	}
	d->lock_fd = lock_take(arena_printf(a, "%s/lock", hidden).p, 0, NULL, err);
	if (d->lock_fd < 0) {
		return false;
	}
	return make_dirs(arena_printf(a, "%s/tmp", hidden).p, 0700, err);
}

static bool try_open(struct arena *a, struct rundir *d, bool *taken, struct err *err)
{
	if (!new_run_id(a, &d->run_id, err)) {
		return false;
	}

	const char *hidden =
		arena_printf(a, "%.*s/runs/.%.*s", STR_ARG(d->state), STR_ARG(d->run_id)).p;
	struct err ignored = ERR_INIT;

	d->path = arena_printf(a, "%.*s/runs/%.*s", STR_ARG(d->state), STR_ARG(d->run_id));
	d->tmp = arena_printf(a, "%.*s/tmp", STR_ARG(d->path));
	if (!prepare(a, d, hidden, err)) {
		*taken = err->sys == EEXIST;
	} else if (rename(hidden, d->path.p) < 0) {
		*taken = errno == EEXIST || errno == ENOTEMPTY;
		(void)err_sys(err, errno, "%s", d->path.p);
	} else {
		return true;
	}
	if (d->lock_fd >= 0) {
		(void)remove_tree(hidden, &ignored);
		err_release(&ignored);
		(void)close(d->lock_fd);
		d->lock_fd = -1;
	}
	return false;
}

bool rundir_open(struct arena *a, struct rundir *d, struct err *err)
{
	if (!rundir_home(a, d, err)) {
		return false;
	}
	for (int i = 0; i < NEW_TRIES; i++) {
		bool taken = false;

		if (try_open(a, d, &taken, err)) {
			return true;
		}
		if (!taken) {
			break;
		}
		err_release(err);
	}
	return err->kind == ERR_NONE ? err_set(err, ERR_SYSTEM, "no free name for a run")
				     : explain(err, "run directory");
}

void rundir_close(struct rundir *d)
{
	struct err ignored = ERR_INIT;

	if (d->lock_fd < 0) {
		return;
	}
	(void)remove_tree(d->tmp.p, &ignored);
	err_release(&ignored);
	(void)close(d->lock_fd);
	d->lock_fd = -1;
}

static void path_in(struct strbuf *out, const struct rundir *d, struct str run_id, const char *name)
{
	strbuf_reset(out);
	(void)strbuf_addf(out, "%.*s/runs/%.*s/%s", STR_ARG(d->state), STR_ARG(run_id), name);
}

bool rundir_alive(const struct rundir *d, struct str run_id)
{
	struct strbuf path = STRBUF_INIT(0);

	/* The id comes from a label at an engine: it must not name another place. */
	if (run_id.len == 0 || run_id.p[0] == '.' || str_chr(run_id, '/', 0) != STR_NPOS) {
		return false;
	}
	path_in(&path, d, run_id, "lock");

	bool held = lock_held(path.p);

	strbuf_release(&path);
	return held;
}

static void mark_path(struct strbuf *out, const struct rundir *d, const char *name)
{
	path_in(out, d, d->run_id, mark);
	(void)strbuf_adds(out, str_of(name));
}

void rundir_mark(const struct rundir *d, const char *name)
{
	struct strbuf path = STRBUF_INIT(0);
	struct err ignored = ERR_INIT;

	mark_path(&path, d, name);
	(void)write_file(path.p, STR_EMPTY, 0600, &ignored);
	err_release(&ignored);
	strbuf_release(&path);
}

void rundir_unmark(const struct rundir *d, const char *name)
{
	struct strbuf path = STRBUF_INIT(0);

	mark_path(&path, d, name);
	(void)unlink(path.p);
	strbuf_release(&path);
}

/* Looks for marks in a run's directory, and takes those away whose name begins so (NULL = none). */
static bool find_marks(const struct rundir *d, struct str run, const char *names)
{
	struct strbuf path = STRBUF_INIT(0);
	bool found = false;
	struct dirent *entry;

	path_in(&path, d, run, "");

	DIR *dir = opendir(path.p);

	while (dir && (entry = readdir(dir))) {
		if (str_starts(str_of(entry->d_name), str_of(mark))) {
			found = true;
			if (names &&
			    str_starts(str_of(entry->d_name + sizeof(mark) - 1), str_of(names))) {
				(void)unlinkat(dirfd(dir), entry->d_name, 0);
			}
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	strbuf_release(&path);
	return found;
}

bool rundir_marked(const struct rundir *d)
{
	return d->run_id.len && find_marks(d, d->run_id, NULL);
}

/* --- ended runs ------------------------------------------------------------------------------ */

struct runs {
	size_t n;
	struct dirent **v; /* oldest first */
};

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static struct runs runs_list(const struct rundir *d)
{
	struct strbuf dir = STRBUF_INIT(0);
	struct runs runs = { 0, NULL };

	(void)strbuf_addf(&dir, "%.*s/runs", STR_ARG(d->state));

	int n = scandir(dir.p, &runs.v, no_dots, by_name);

	runs.n = n > 0 ? (size_t)n : 0;
	strbuf_release(&dir);
	return runs;
}

static void runs_release(struct runs *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		free(runs->v[i]);
	}
	free(runs->v);
}

/* Names beginning with a dot are runs that are being made, or were when their process died. */
static bool is_young(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && time(NULL) - st.st_mtime < NEW_STALE_S;
}

static bool has(const struct rundir *d, const char *run, const char *name)
{
	struct strbuf path = STRBUF_INIT(0);
	struct stat st;

	path_in(&path, d, str_of(run), name);

	bool there = lstat(path.p, &st) == 0;

	strbuf_release(&path);
	return there;
}

static bool is_unswept(const struct rundir *d, const char *run)
{
	return has(d, run, "tmp") || find_marks(d, str_of(run), NULL);
}

/* Whether the run has ended; *fd (or -1) then holds its lock, so that only one removes it. */
static bool claim(const struct rundir *d, const char *run, int *fd)
{
	struct strbuf path = STRBUF_INIT(0);
	struct err ignored = ERR_INIT;
	bool ended = false;

	path_in(&path, d, str_of(run), "");
	*fd = -1;
	if (run[0] != '.' || !is_young(path.p)) {
		path_in(&path, d, str_of(run), "lock");
		*fd = access(path.p, F_OK) == 0 ? lock_take(path.p, 0, NULL, &ignored) : -1;
		/* A removal that was interrupted left no lock behind. */
		ended = *fd >= 0 || ignored.kind == ERR_NONE;
	}
	err_release(&ignored);
	strbuf_release(&path);
	return ended;
}

static void unclaim(int fd)
{
	if (fd >= 0) {
		(void)close(fd);
	}
}

static bool remove_part(const struct rundir *d, const char *run, const char *name)
{
	struct strbuf path = STRBUF_INIT(0);
	struct err ignored = ERR_INIT;

	path_in(&path, d, str_of(run), name);

	bool ok = remove_tree(path.p, &ignored);

	err_release(&ignored);
	strbuf_release(&path);
	return ok;
}

/* Called from the newest on. A run that goes on, or that is still to be swept, has its directory
 * for temporary files; `clean`, which keeps none, makes a sweep first. */
static bool is_kept(const struct rundir *d, const char *run, int keep, int *seen)
{
	if (run[0] == '.' || keep == 0) {
		return false;
	}
	return has(d, run, "tmp") || ++*seen <= keep || find_marks(d, str_of(run), NULL);
}

size_t rundir_count(const struct rundir *d)
{
	struct runs runs = runs_list(d);
	size_t n = runs.n;

	runs_release(&runs);
	return n;
}

int rundir_prune(const struct rundir *d, int keep)
{
	struct runs runs = runs_list(d);
	int removed = 0, seen = 0, fd;

	for (size_t i = runs.n; i > 0; i--) {
		const char *name = runs.v[i - 1]->d_name;

		if (!is_kept(d, name, keep, &seen) && claim(d, name, &fd)) {
			removed += remove_part(d, name, "");
			unclaim(fd);
		}
	}
	runs_release(&runs);
	return removed;
}

bool rundir_leftovers(const struct rundir *d)
{
	struct runs runs = runs_list(d);
	bool found = false;

	for (size_t i = 0; i < runs.n && !found; i++) {
		const char *name = runs.v[i]->d_name;

		found = name[0] != '.' && is_unswept(d, name) && !rundir_alive(d, str_of(name));
	}
	runs_release(&runs);
	return found;
}

void rundir_swept(const struct rundir *d, const char *names)
{
	struct runs runs = runs_list(d);
	int fd;

	for (size_t i = 0; i < runs.n; i++) {
		const char *name = runs.v[i]->d_name;

		if (name[0] != '.' && is_unswept(d, name) && claim(d, name, &fd)) {
			(void)remove_part(d, name, "tmp");
			(void)find_marks(d, str_of(name), names);
			unclaim(fd);
		}
	}
	runs_release(&runs);
}
