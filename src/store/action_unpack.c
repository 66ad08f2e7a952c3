/*
 * action_unpack.c - a tar stream becomes a directory, and nothing else of this machine changes.
 *
 * The archive comes from a server that is not trusted. Symbolic links are made last, so that no
 * name before them leads through one, and only when what they lead to, followed link by link, stays
 * inside. Owners, times and special modes do not count.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/dynload.h"
#include "actc/file.h"
#include "action_private.h"

#ifndef ACTC_LIBARCHIVE_SO
#define ACTC_LIBARCHIVE_SO "libarchive.so"
#endif

enum {
	BLOCK = 64 * 1024,
	ENTRIES_MAX = 500 * 1000,
	LINKS_MAX = 10 * 1000,
	LINKS_FOLLOWED = 40, /* as many as Linux follows */
	DEPTH_MAX = 256,
};

static const long long bytes_max = 4LL << 30;

#define FUNCTIONS(X)                        \
	X(archive_entry_filetype)           \
	X(archive_entry_hardlink)           \
	X(archive_entry_pathname)           \
	X(archive_entry_perm)               \
	X(archive_entry_symlink)            \
	X(archive_error_string)             \
	X(archive_read_data)                \
	X(archive_read_free)                \
	X(archive_read_new)                 \
	X(archive_read_next_header)         \
	X(archive_read_open_fd)             \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_format_tar)  \
	X(archive_read_support_format_zip)

struct libarchive {
	FUNCTIONS(DYNLOAD_MEMBER)
};

#define SYMBOL(function) DYNLOAD_SYMBOL(libarchive, function)

static const struct dynload_symbol symbols[] = { FUNCTIONS(SYMBOL) };

struct link {
	struct str at, target;
};

struct unpacking {
	struct libarchive lib;
	struct archive *archive;
	struct arena a;
	struct str dest;
	unsigned strip;
	const struct unpack_some *some;
	long long bytes;
	size_t entries;
	VEC(struct link) links;
};

static bool refuse(struct err *err, const char *what, struct str name)
{
	return err_set(err, ERR_INVALID, "the archive is refused: %s: '%.*s'", what, STR_ARG(name));
}

/* --- names --------------------------------------------------------------------------------------
 */

/* A name of the archive as one below dest; empty for what the stripped components are. */
static bool inner_name(struct unpacking *u, const char *raw, struct str *out, struct err *err)
{
	struct str name = str_of(raw), rest = name;
	unsigned skip = u->strip, depth = 0;

	*out = STR_EMPTY;
	if (name.len == 0 || name.p[0] == '/') {
		return refuse(err, "an absolute path", name);
	}
	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (str_eq(part, STR(".."))) {
			return refuse(err, "a path with '..'", name);
		}
		if (part.len == 0 || str_eq(part, STR("."))) {
			continue;
		}
		if (skip) {
			skip--;
			continue;
		}
		if (++depth > DEPTH_MAX) {
			return refuse(err, "a path that is too deep", name);
		}
		*out = out->len ? arena_printf(&u->a, "%.*s/%.*s", STR_ARG(*out), STR_ARG(part))
				: arena_str(&u->a, part);
	}
	return true;
}

static struct str in_dest(struct unpacking *u, struct str name)
{
	return arena_printf(&u->a, "%.*s/%.*s", STR_ARG(u->dest), STR_ARG(name));
}

static struct str parent_of(struct str name)
{
	size_t end = name.len;

	while (end > 0 && name.p[end - 1] != '/') {
		end--;
	}
	return str_slice(name, 0, end ? end - 1 : 0);
}

static bool make_parent(struct unpacking *u, struct str name, struct err *err)
{
	struct str parent = parent_of(name);

	return parent.len == 0 || make_dirs(in_dest(u, parent).p, 0755, err);
}

/* --- entries ------------------------------------------------------------------------------------
 */

static bool copy_data(struct unpacking *u, int fd, struct str name, struct err *err)
{
	char block[BLOCK];

	for (;;) {
		la_ssize_t n = u->lib.archive_read_data(u->archive, block, sizeof(block));

		if (n < 0) {
			return err_set(err, ERR_INVALID, "%s",
				       u->lib.archive_error_string(u->archive));
		}
		if (n == 0) {
			return true;
		}
		if (u->some->cancelled && u->some->cancelled(u->some->ctx)) {
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
		u->bytes += n;
		if (u->bytes > bytes_max) {
			return refuse(err, "more than 4 GiB", name);
		}
		if (!write_all(fd, block, (size_t)n)) {
			return err_sys(err, errno, "%.*s", STR_ARG(name));
		}
	}
}

static bool take_file(struct unpacking *u, struct archive_entry *entry, struct str name,
		      struct err *err)
{
	mode_t mode = u->lib.archive_entry_perm(entry) & 0111 ? 0755 : 0644;

	if (!make_parent(u, name, err)) {
		return false;
	}

	int fd = open(in_dest(u, name).p, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		      mode);

	if (fd < 0) {
		return err_sys(err, errno, "%.*s", STR_ARG(name));
	}

	bool ok = copy_data(u, fd, name, err) &&
		  (fchmod(fd, mode) == 0 || err_sys(err, errno, "%.*s", STR_ARG(name)));

	(void)close(fd);
	return ok;
}

static bool take_hardlink(struct unpacking *u, const char *raw, struct str name, struct err *err)
{
	struct str target = STR_EMPTY;

	if (!inner_name(u, raw, &target, err) || !make_parent(u, name, err)) {
		return false;
	}
	if (link(in_dest(u, target).p, in_dest(u, name).p) < 0) {
		return err_sys(err, errno, "link %.*s to %.*s", STR_ARG(name), STR_ARG(target));
	}
	return true;
}

static bool take_entry(struct unpacking *u, struct archive_entry *entry, struct err *err)
{
	const char *raw = u->lib.archive_entry_pathname(entry);
	const char *hard = u->lib.archive_entry_hardlink(entry);
	struct str name = STR_EMPTY;

	if (++u->entries > ENTRIES_MAX) {
		return refuse(err, "more than 500000 files", str_of(raw));
	}
	if (!raw) {
		return refuse(err, "an entry without a name", STR_EMPTY);
	}
	if (!inner_name(u, raw, &name, err)) {
		return false;
	}
	if (name.len == 0 || (u->some->wanted && !u->some->wanted(name))) {
		return true;
	}
	if (hard) {
		return take_hardlink(u, hard, name, err);
	}
	switch (u->lib.archive_entry_filetype(entry)) {
	case AE_IFREG:
		return take_file(u, entry, name, err);
	case AE_IFDIR:
		return make_dirs(in_dest(u, name).p, 0755, err);
	case AE_IFLNK:
		if (u->links.n == LINKS_MAX) {
			return refuse(err, "more than 10000 links", name);
		}
		vec_push(&u->a, &u->links,
			 (struct link){ name, arena_str(&u->a, str_of(u->lib.archive_entry_symlink(
								       entry))) });
		return true;
	default:
		return refuse(err, "a device file, pipe or socket", name);
	}
}

/* --- symbolic links -----------------------------------------------------------------------------
 */

static const struct link *find_link(const struct unpacking *u, struct str at)
{
	for (size_t i = 0; i < u->links.n; i++) {
		if (str_eq(u->links.v[i].at, at)) {
			return &u->links.v[i];
		}
	}
	return NULL;
}

/* Goes from `dir` along `target`; false when that leaves the tree. *followed counts links. */
static bool stays(struct unpacking *u, struct str *dir, struct str target, int *followed)
{
	if (str_starts(target, STR("/"))) {
		return false;
	}
	while (target.p) {
		struct str part = str_cut(&target, '/');

		if (part.len == 0 || str_eq(part, STR("."))) {
			continue;
		}
		if (str_eq(part, STR(".."))) {
			if (dir->len == 0) {
				return false;
			}
			*dir = parent_of(*dir);
			continue;
		}

		struct str at =
			dir->len ? arena_printf(&u->a, "%.*s/%.*s", STR_ARG(*dir), STR_ARG(part))
				 : part;
		const struct link *next = find_link(u, at);

		if (!next) {
			*dir = at;
		} else if (++*followed > LINKS_FOLLOWED || !stays(u, dir, next->target, followed)) {
			return false;
		}
	}
	return true;
}

static bool make_links(struct unpacking *u, struct err *err)
{
	for (size_t i = 0; i < u->links.n; i++) {
		const struct link *l = &u->links.v[i];
		struct str dir = parent_of(l->at);
		struct arena_mark mark = arena_mark(&u->a);
		int followed = 0;
		bool ok = stays(u, &dir, l->target, &followed);

		arena_rewind(&u->a, mark);
		if (!ok) {
			return refuse(err, "a link that leaves the tree", l->at);
		}
		if (!make_parent(u, l->at, err)) {
			return false;
		}
		if (symlink(l->target.p, in_dest(u, l->at).p) < 0) {
			return err_sys(err, errno, "link %.*s", STR_ARG(l->at));
		}
	}
	return true;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static bool unpack_all(struct unpacking *u, struct err *err)
{
	struct archive_entry *entry;
	int r;

	while ((r = u->lib.archive_read_next_header(u->archive, &entry)) == ARCHIVE_OK ||
	       r == ARCHIVE_WARN) {
		if (!take_entry(u, entry, err)) {
			return false;
		}
	}
	if (r != ARCHIVE_EOF) {
		return err_set(err, ERR_INVALID, "the archive cannot be read: %s",
			       u->lib.archive_error_string(u->archive));
	}
	return make_links(u, err);
}

bool action_unpack_some(int fd, struct str dest, unsigned strip, const struct unpack_some *some,
			struct err *err)
{
	struct unpacking u = { .a = ARENA_INIT, .dest = dest, .strip = strip, .some = some };

	if (!dynload(ACTC_LIBARCHIVE_SO, symbols, sizeof(symbols) / sizeof(*symbols), &u.lib,
		     err) ||
	    !make_dirs(dest.p, 0755, err)) {
		return false;
	}
	u.archive = u.lib.archive_read_new();
	BUG_ON(!u.archive);
	(void)u.lib.archive_read_support_filter_gzip(u.archive);
	(void)u.lib.archive_read_support_format_tar(u.archive);
	(void)u.lib.archive_read_support_format_zip(u.archive);

	bool ok = (u.lib.archive_read_open_fd(u.archive, fd, BLOCK) == ARCHIVE_OK ||
		   err_set(err, ERR_INVALID, "the archive cannot be read: %s",
			   u.lib.archive_error_string(u.archive))) &&
		  unpack_all(&u, err);

	(void)u.lib.archive_read_free(u.archive);
	arena_release(&u.a);
	return ok;
}

bool action_unpack(int fd, struct str dest, unsigned strip, struct err *err)
{
	return action_unpack_some(fd, dest, strip, &(struct unpack_some){ 0 }, err);
}
