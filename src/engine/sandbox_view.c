/*
 * sandbox_view.c - the copy-on-write view of this machine's root: overlays whose upper layers are
 * in memory, and empty directories where the user's own things are.
 *
 * With rights one overlay shows the whole root; in a user namespace the kernel refuses a lower
 * layer that has mounts below it, so there each directory without any gets its own.
 */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "actc/file.h"

enum {
	MOUNTINFO_MAX = 8 * 1024 * 1024,
	SMALL_FILE = 1024 * 1024,
	LARGE_FILE = 16 * 1024 * 1024,
};

/* Never shown, in any sandbox: empty directories of these modes stand there, and where links at
 * these places lead to. */
static const struct {
	const char *path;
	mode_t mode;
} private_dirs[] = {
	{ "/dev", 0755 },
	{ "/proc", 0755 },
	{ "/sys", 0755 },
	{ "/run", 0755 },
	{ "/tmp", 01777 },
	{ "/var/tmp", 01777 },
	{ "/home", 0755 },
	{ "/root", 0700 },
	{ "/mnt", 0755 },
	{ "/media", 0755 },
	{ "/snap", 0755 },
	{ "/var/snap", 0755 },
	{ "/var/mail", 0755 },
	{ "/var/spool/cron", 0755 },
	{ "/var/backups", 0755 },
	{ "/etc/NetworkManager/system-connections", 0755 },
	{ "/etc/wireguard", 0700 },
	{ "/etc/kubernetes", 0755 },
	{ "/var/lib/NetworkManager", 0700 },
	{ "/var/lib/iwd", 0700 },
	{ "/var/lib/kubelet", 0755 },
	{ "/var/lib/libvirt", 0755 },
	{ "/var/lib/machines", 0700 },
	{ "/var/lib/private", 0700 },
	{ "/var/lib/rancher", 0755 },
	{ "/var/lib/docker", 0755 },
	{ "/var/lib/containerd", 0755 },
	{ "/var/lib/containers", 0755 },
	{ "/var/lib/lxc", 0755 },
};

/*
 * Directories of this machine's root that a user's job may write into: their tree, so many levels
 * deep, is made in the upper layer, with copies of the files where these must be writable. The
 * others are made only for a job that changes the system, since it takes a while.
 */
static const struct tree {
	const char *path;
	int depth;
	bool files;
	bool at_once;
} trees[] = {
	/* What is not of the usual layout there may be large, and hardly anybody writes deep into
	   it. */
	{ "/usr/local", 2, false, true },
	{ "/usr/local/lib", 2, false, true },
	{ "/usr/local/share", 2, false, true },
	{ "/opt", 1, false, true },
	{ "/usr", 4, false, false },
	{ "/etc", 9, true, false },
	{ "/var", 3, false, false },
	{ "/var/lib/dpkg", 2, true, false },
	{ "/var/lib/apt", 2, true, false },
	{ "/var/cache", 4, true, false },
	{ "/var/log", 4, true, false },
};

enum {
	NPRIVATE = sizeof(private_dirs) / sizeof(*private_dirs),
	NTREES = sizeof(trees) / sizeof(*trees)
};

struct view {
	struct sandbox *s;
	VEC(const char *) mounts; /* mount points below "/", as the kernel lists them */
	unsigned layers;
	const char *linked[NPRIVATE]; /* a private directory that is elsewhere, or NULL */
	dev_t memory;                 /* what the writable layer is on */
};

/* --- what is mounted here ----------------------------------------------------------------------
 */

/* In place: blanks and the like are written as \040. */
static void unescape(char *p)
{
	char *out = p;

	for (; *p; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*out++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 3;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
}

static bool read_mounts(struct view *v, struct err *err)
{
	enum { MOUNT_POINT = 4 };
	struct strbuf text = STRBUF_INIT(MOUNTINFO_MAX);

	if (!read_file("/proc/self/mountinfo", &text, err)) {
		strbuf_release(&text);
		return false;
	}

	struct str rest = strbuf_str(&text);

	while (rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');
		struct str field = STR_EMPTY;

		for (int i = 0; i <= MOUNT_POINT && line.p; i++) {
			field = str_cut(&line, ' ');
		}

		char *path = arena_cstr(v->s->a, field);

		unescape(path);
		if (strcmp(path, "/") != 0 && strcmp(path, v->s->base) != 0) {
			vec_push(v->s->a, &v->mounts, path);
		}
	}
	strbuf_release(&text);
	return true;
}

/* Whether path is dir or below it. */
static bool is_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strcmp(dir, "/") == 0 ||
	       (strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

static bool has_mounts_below(const struct view *v, const char *dir)
{
	for (size_t i = 0; i < v->mounts.n; i++) {
		if (is_within(v->mounts.v[i], dir) && strcmp(v->mounts.v[i], dir) != 0) {
			return true;
		}
	}
	return false;
}

static bool is_hidden(const struct view *v, const char *path)
{
	for (size_t i = 0; i < NPRIVATE; i++) {
		if (is_within(path, private_dirs[i].path) ||
		    (v->linked[i] && is_within(path, v->linked[i]))) {
			return true;
		}
	}
	for (size_t i = 0; v->s->hidden[i]; i++) {
		if (is_within(path, v->s->hidden[i])) {
			return true;
		}
	}
	return false;
}

/* --- pieces ------------------------------------------------------------------------------------
 */

static const char *in_root(const struct view *v, const char *path)
{
	return arena_printf(v->s->a, "root%s", path).p;
}

static bool make_dir(const struct view *v, const char *path, mode_t mode, struct err *err)
{
	bool made = mkdir(path, mode) == 0; /* under no umask: sandbox_view() */

	if ((!made && errno != EEXIST) ||
	    (!(made && v->s->owner == 0) && chown(path, v->s->owner, v->s->owner) < 0) ||
	    (!(made && !(mode & 06000)) && chmod(path, mode) < 0)) {
		return err_sys(err, errno, "make %s", path);
	}
	return true;
}

/* Regular files up to a size. One that may not be read becomes an empty one if `always`. */
static void copy_file(const struct view *v, const char *from, const char *to, off_t most,
		      bool always)
{
	struct strbuf text = STRBUF_INIT(LARGE_FILE);
	struct err ignored = ERR_INIT;
	struct stat st;

	if (stat(from, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < most &&
	    (read_file(from, &text, &ignored) || always)) {
		err_release(&ignored);
		(void)sandbox_put(v->s, to, strbuf_str(&text), st.st_mode & 07777, &ignored);
	}
	strbuf_release(&text);
	err_release(&ignored);
}

static void make_tree(const struct view *v, const struct tree *tree, const char *from,
		      const char *to, int depth);

static void make_tree_entry(const struct view *v, const struct tree *tree, const char *from,
			    const char *to, const struct dirent *e, int depth)
{
	const char *source = arena_printf(v->s->a, "%s/%s", from, e->d_name).p;
	const char *target = arena_printf(v->s->a, "%s/%s", to, e->d_name).p;

	if (e->d_type == DT_DIR) {
		make_tree(v, tree, source, target, depth);
	} else if (e->d_type == DT_REG && tree->files) {
		copy_file(v, source, target, LARGE_FILE, true);
	}
}

/* Of the last level's directories only they themselves matter, and there are many. */
static bool make_level(const struct view *v, const struct tree *tree, const char *from,
		       const char *to, int depth, mode_t mode)
{
	const mode_t open_to_all = 0555;
	const struct dirent *e;
	DIR *d;

	if (depth == 0 && !tree->files) {
		return (mode & open_to_all) == open_to_all || access(from, R_OK | X_OK) == 0;
	}
	d = opendir(from);
	if (!d) {
		return false;
	}
	/* dpkg's own notes on each package are many, and are replaced, not changed. */
	while (strcmp(from, "/var/lib/dpkg/info") != 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			make_tree_entry(v, tree, from, to, e, depth - 1);
		}
	}
	(void)closedir(d);
	return true;
}

/* The tree's directories as the job's own; what is in them shows through. What may not be looked
 * into is shown empty, as it would be made anew. */
static void make_tree(const struct view *v, const struct tree *tree, const char *from,
		      const char *to, int depth)
{
	struct err ignored = ERR_INIT;
	struct stat st;

	if (depth < 0 || lstat(from, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    !make_dir(v, to, (st.st_mode & 07777) | 0700, &ignored)) {
		err_release(&ignored);
		return;
	}
	if (!make_level(v, tree, from, to, depth, st.st_mode)) {
		(void)setxattr(to, "user.overlay.opaque", "y", 1, 0);
	}
}

static int levels(const char *path)
{
	int n = 0;

	for (; *path; path++) {
		n += *path == '/';
	}
	return n;
}

/* The part of each tree that is in the overlay of `path` ("" for the root). */
static void make_trees(const struct view *v, const char *path, const char *upper)
{
	for (size_t i = 0; i < NTREES; i++) {
		const struct tree *t = &trees[i];

		if (!t->at_once && !v->s->tree_ms) {
			continue;
		}
		if (*path == '\0' || is_within(t->path, path)) {
			const char *rest = t->path + strlen(path);

			make_tree(v, t, t->path, arena_printf(v->s->a, "%s%s", upper, rest).p,
				  t->depth);
		} else if (is_within(path, t->path)) {
			make_tree(v, t, path, upper, t->depth - levels(path + strlen(t->path)));
		}
	}
}

static void make_own_trees(const struct view *v, const char *path, const char *upper)
{
	long long begun = now_ms();

	if (v->s->ids == IDS_SINGLE || v->s->ids == IDS_SUBORDINATE) {
		make_trees(v, path, upper);
		if (v->s->tree_ms) {
			*v->s->tree_ms += (int)(now_ms() - begun);
		}
	}
}

/* The lower layer of a directory: where ids are shifted, a mount of it that shows them so. */
static const char *lower_of(struct view *v, const char *path, unsigned layer, struct err *err)
{
	struct sandbox *s = v->s;

	if (s->ids != IDS_SHIFTED) {
		return path;
	}

	const char *lower = arena_printf(s->a, "lower%u", layer).p;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
				   .userns_fd = (unsigned)s->shift_fd };
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	bool ok = fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 &&
		  mkdir(lower, 0755) == 0 &&
		  move_mount(fd, "", AT_FDCWD, lower, MOVE_MOUNT_F_EMPTY_PATH) == 0;
	int sys = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	if (!ok) {
		err_sys(err, sys, "show %s with shifted ids", path);
		return NULL;
	}
	return lower;
}

static bool mount_overlay(struct view *v, const char *path, struct err *err)
{
	struct arena *a = v->s->a;
	unsigned layer = v->layers++;
	const char *upper = arena_printf(a, "upper%u", layer).p;
	const char *work = arena_printf(a, "work%u", layer).p;
	const char *lower = lower_of(v, path, layer, err);
	struct stat st = { .st_mode = 0755 };

	if (!lower) {
		return false;
	}
	if (strpbrk(path, ",:\\")) {
		return err_set(err, ERR_ENGINE, "the name %s cannot be given to the kernel", path);
	}
	(void)stat(path, &st);
	if (!make_dir(v, upper, st.st_mode & 07777, err) || !make_dir(v, work, 0755, err)) {
		return false;
	}
	make_own_trees(v, strcmp(path, "/") == 0 ? "" : path, upper);

	const char *options = arena_printf(a, "lowerdir=%s,upperdir=%s,workdir=%s%s", lower, upper,
					   work, v->s->first_userns ? ",userxattr" : "")
				      .p;

	/* Device nodes that lie about here open nothing: the job's root owns what root owns. */
	return mount("act-c", in_root(v, strcmp(path, "/") == 0 ? "" : path), "overlay", MS_NODEV,
		     options) == 0 ||
	       err_sys(err, errno, "mount an overlay of %s", path);
}

bool sandbox_bind(const struct sandbox *s, const char *from, const char *to, bool writable,
		  struct err *err)
{
	struct mount_attr attr = {
		.attr_set = (s->ids == IDS_SHIFTED ? MOUNT_ATTR_IDMAP : 0U) |
			    (writable ? 0U : MOUNT_ATTR_RDONLY),
		.userns_fd = s->ids == IDS_SHIFTED ? (unsigned)s->shift_fd : 0U,
	};
	unsigned deep = s->ids == IDS_SHIFTED ? 0U : AT_RECURSIVE;
	int fd = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
	bool ok = fd >= 0;

	if (ok && mount_setattr(fd, "", AT_EMPTY_PATH | deep, &attr, sizeof(attr)) < 0) {
		/* A file system that cannot be shown with other ids is shown as it is. */
		attr.attr_set &= ~(unsigned long long)MOUNT_ATTR_IDMAP;
		attr.userns_fd = 0;
		ok = errno == EINVAL && s->ids == IDS_SHIFTED && !writable &&
		     mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0;
	}
	ok = ok && move_mount(fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) == 0;

	int sys = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok || err_sys(err, sys, "show %s", from);
}

/* The directory itself, read-only. */
static void bind_dir(const struct view *v, const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };
	struct err err = ERR_INIT;

	if (sandbox_bind(v->s, path, in_root(v, path), false, &err)) {
		(void)mount_setattr(AT_FDCWD, in_root(v, path), AT_RECURSIVE, &attr, sizeof(attr));
	}
	err_release(&err);
}

/* An overlay, where that can be. */
static void show_dir(struct view *v, const char *path)
{
	struct err err = ERR_INIT;

	if (!mount_overlay(v, path, &err)) {
		bind_dir(v, path);
	}
	err_release(&err);
}

/* --- the whole -------------------------------------------------------------------------------- */

enum content { NOTHING, OTHERS, SOME_OWN };

enum { ROOMY = 2 }; /* levels below the root at which programs put files of their own */

/* Of a directory; whether something directly in it is the user's own is only looked for if asked.
 */
static enum content content_of(const char *path, bool ask, uid_t user)
{
	enum content found = NOTHING;
	DIR *d = opendir(path);
	const struct dirent *e;
	struct stat st;

	while (d && (ask || found == NOTHING) && found != SOME_OWN && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			bool own = ask &&
				   fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				   st.st_uid == user;

			found = own ? SOME_OWN : OTHERS;
		}
	}
	if (d) {
		(void)closedir(d);
	}
	return found;
}

static bool has_tree(const char *path)
{
	for (size_t i = 0; i < NTREES; i++) {
		if (trees[i].at_once &&
		    (is_within(path, trees[i].path) || is_within(trees[i].path, path))) {
			return true;
		}
	}
	return false;
}

/*
 * An overlay costs more than all else here, and a docker that runs splits /var/lib into a dozen.
 * What is others' there cannot be changed by a user's job: the kernel copies nothing up whose owner
 * is not mapped, and where nothing at the first level is the user's, there is nothing deeper to
 * copy up to. Only the directory itself, as /var/log, could have something new in it.
 */
static void show_split(struct view *v, const char *path, const struct stat *st)
{
	bool user = v->s->ids == IDS_SINGLE || v->s->ids == IDS_SUBORDINATE;
	uid_t self = geteuid();
	bool others = user && !v->s->tree_ms && st->st_uid != self && levels(path) > ROOMY &&
		      !has_tree(path);

	enum content content = content_of(path, others, self);

	if (content == OTHERS && others) {
		bind_dir(v, path);
	} else if (content != NOTHING) { /* which would show through */
		show_dir(v, path);
	}
}

static bool split(struct view *v, const char *path, struct err *err);

static bool split_entry(struct view *v, const char *path, struct err *err)
{
	const char *to = in_root(v, path);
	char target[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0) {
		return true;
	}
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		/* One that cannot be made is missing, as it would be in a smaller system. */
		return n <= 0 || symlink(target, to) == 0 || errno != ENOSPC ||
		       err_sys(err, errno, "make %s", to);
	} else if (S_ISREG(st.st_mode)) {
		copy_file(v, path, to, SMALL_FILE, false);
	} else if (S_ISDIR(st.st_mode)) {
		if (!make_dir(v, to, st.st_mode & 07777, err)) {
			return false;
		}
		if (is_hidden(v, path)) {
			return true;
		}
		if (has_mounts_below(v, path)) {
			return split(v, path, err);
		}
		show_split(v, path, &st);
	}
	return true;
}

static bool split(struct view *v, const char *path, struct err *err)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool ok = true;

	while (ok && d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			const char *slash = strcmp(path, "/") == 0 ? "" : path;

			ok = split_entry(v, arena_printf(v->s->a, "%s/%s", slash, e->d_name).p,
					 err);
		}
	}
	if (d) {
		(void)closedir(d);
	}
	return ok;
}

/* Everything at once, then what is mounted below. */
static bool whole(struct view *v, struct err *err)
{
	struct stat st;

	if (!mount_overlay(v, "/", err)) {
		return false;
	}
	for (size_t i = 0; i < v->mounts.n; i++) {
		const char *path = v->mounts.v[i];

		if (is_hidden(v, path) || stat(path, &st) < 0) {
			continue;
		}
		if (S_ISDIR(st.st_mode)) {
			show_dir(v, path);
		} else if (S_ISREG(st.st_mode)) {
			copy_file(v, path, in_root(v, path), SMALL_FILE, false);
		}
	}
	return true;
}

/* An empty directory where one is shown; where none is, nothing needs to be hidden. */
static bool hide(struct view *v, const char *path, mode_t mode, struct err *err)
{
	const char *to = in_root(v, path);
	const char *empty = arena_printf(v->s->a, "empty%u", v->layers++).p;
	struct stat st;

	if (lstat(to, &st) < 0 || !S_ISDIR(st.st_mode)) {
		return true;
	}
	if (st.st_dev == v->memory) {
		return make_dir(v, to, mode, err);
	}
	return make_dir(v, empty, mode, err) &&
	       (mount(empty, to, NULL, MS_BIND, NULL) == 0 || err_sys(err, errno, "hide %s", path));
}

/* /home may be a link to /data/home, and /var one to /data/var. */
static void find_linked(struct view *v)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < NPRIVATE; i++) {
		const char *path = private_dirs[i].path;

		if (realpath(path, real) && strcmp(path, real) != 0) {
			v->linked[i] = arena_cstr(v->s->a, str_of(real));
		}
	}
}

/* Where a link leads to, and in place of one below the root a directory: what the job gets there
 * must not be made at the link's end on this machine. */
static bool hide_linked(struct view *v, const char *path, const char *real, mode_t mode,
			struct err *err)
{
	const char *to = in_root(v, path);
	struct stat st;

	if (!sandbox_is_system_dir(real) && !hide(v, real, mode, err)) {
		return false;
	}
	if (strchr(path + 1, '/') || lstat(to, &st) < 0 || !S_ISLNK(st.st_mode)) {
		return true;
	}
	return (unlink(to) == 0 || err_sys(err, errno, "hide %s", path)) &&
	       make_dir(v, to, mode, err);
}

static bool hide_all(struct view *v, struct err *err)
{
	for (size_t i = 0; i < NPRIVATE; i++) {
		const char *path = private_dirs[i].path;
		const mode_t mode = private_dirs[i].mode;

		if (!(v->linked[i] ? hide_linked(v, path, v->linked[i], mode, err)
				   : hide(v, path, mode, err))) {
			return false;
		}
	}
	for (size_t i = 0; v->s->hidden[i]; i++) {
		if (!hide(v, v->s->hidden[i], 0755, err)) {
			return false;
		}
	}
	return true;
}

/* Ids that cannot be shifted here (overlayfs, some network file systems) stay what they are. */
static void same_ids(struct sandbox *s)
{
	s->ids = IDS_SAME;
	s->owner = 0;
	s->inner[0] = s->inner[1] = "0 0 4294967295\n";
}

static bool make_view(struct sandbox *s, struct err *err)
{
	struct view v = { .s = s };
	struct stat st;

	if (stat(".", &st) < 0 || !read_mounts(&v, err) || !make_dir(&v, "root", 0755, err)) {
		return false;
	}
	v.memory = st.st_dev;
	find_linked(&v);
	if (mount("root", "root", NULL, MS_BIND, NULL) < 0) {
		return err_sys(err, errno, "make the sandbox's root");
	}
	if (s->ids == IDS_SHIFTED && !lower_of(&v, "/", v.layers++, err)) {
		err_release(err);
		same_ids(s);
	}
	if (s->first_userns || !whole(&v, err)) {
		err_release(err);
		if (!split(&v, "/", err)) {
			return false;
		}
	}
	return hide_all(&v, err);
}

bool sandbox_view(struct sandbox *s, struct err *err)
{
	mode_t mask = umask(0);
	bool ok = make_view(s, err);

	(void)umask(mask);
	return ok;
}
