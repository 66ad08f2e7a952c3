/*
 * snapshot_repo.c - making the bare repository of a snapshot, at once or when it is first wanted.
 *
 * What the snapshot is (which commit, whether one had to be made) is decided in snapshot.c.
 */
#include "snapshot_repo.h"

#include <errno.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/lock.h"
#include "partial.h"

enum { LIST_MAX = 16 * 1024 * 1024, WAIT_MS = 60000 };

static const char *path_in(struct arena *a, struct str dir, const char *name)
{
	return arena_printf(a, "%.*s/%s", STR_ARG(dir), name).p;
}

/* A bare repository by hand: `git init` would cost a process and copy templates. */
bool snapshot_repo_begin(struct arena *a, const struct snapshot_repo *r, struct err *err)
{
	static const char config[] =
		"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

	/* Without HEAD it is none for git, which works on it where the user has none. To write HEAD
	 * twice would wait for the disk. */
	return make_dirs(path_in(a, r->dir, "objects/info"), 0700, err) &&
	       make_dirs(path_in(a, r->dir, "refs"), 0700, err) &&
	       write_file(path_in(a, r->dir, "config"), str_of(config), 0600, err) &&
	       (r->common_dir.len ||
		write_file(path_in(a, r->dir, "HEAD"), STR("ref: refs/heads/main\n"), 0600, err));
}

/* --- objects on loan -------------------------------------------------------------------------- */

static void add_alternate(struct strbuf *text, struct str objects, struct str path)
{
	bool relative = !str_starts(path, STR("/"));

	(void)strbuf_addf(text, "%.*s%s%.*s\n", relative ? (int)objects.len : 0, objects.p,
			  relative ? "/" : "", STR_ARG(path));
}

/* A line end cannot be said there in a way that libgit2 reads, too: such a path goes by a link. */
static struct str one_line(struct arena *a, const struct snapshot_repo *r, struct str path,
			   struct err *err)
{
	const char *link = path_in(a, r->dir, "lent");

	if (str_chr(path, '\n', 0) == STR_NPOS) {
		return path;
	}
	return symlink(arena_cstr(a, path), link) == 0 || errno == EEXIST
		       ? str_of(link)
		       : (err_sys(err, errno, "%s", link), STR_EMPTY);
}

/* All absolute: libgit2 resolves relative ones of the first file only. */
bool snapshot_repo_lend(struct arena *a, const struct snapshot_repo *r, struct err *err)
{
	struct str objects = one_line(a, r, str_of(path_in(a, r->common_dir, "objects")), err);
	struct strbuf theirs = STRBUF_INIT(LIST_MAX), text = STRBUF_INIT(0);
	struct err missing = ERR_INIT;

	if (!objects.len) {
		return false;
	}
	if (!read_file(path_in(a, objects, "info/alternates"), &theirs, &missing)) {
		err_release(&missing);
	}
	(void)strbuf_addf(&text, "%s\n", objects.p);
	for (struct str rest = strbuf_str(&theirs); rest.len > 0;) {
		struct str line = str_cut(&rest, '\n');

		if (line.len > 0 && line.p[0] != '#') {
			add_alternate(&text, objects, line);
		}
	}

	bool ok = write_file(path_in(a, r->dir, "objects/info/alternates"), strbuf_str(&text), 0600,
			     err);

	strbuf_release(&theirs);
	strbuf_release(&text);
	return ok;
}

void snapshot_repo_unlend(struct arena *a, const struct snapshot_repo *r)
{
	(void)unlink(path_in(a, r->dir, "objects/info/alternates"));
}

/* A shallow clone's boundary: its objects end there. */
static bool copy_shallow(struct arena *a, const struct snapshot_repo *r, struct err *err)
{
	const char *from = path_in(a, r->common_dir, "shallow");
	struct strbuf bytes = STRBUF_INIT(LIST_MAX);

	if (access(from, F_OK) < 0) {
		return true;
	}

	bool ok = read_file(from, &bytes, err) &&
		  write_file(path_in(a, r->dir, "shallow"), strbuf_str(&bytes), 0600, err);

	strbuf_release(&bytes);
	return ok;
}

bool snapshot_repo_finish(struct arena *a, const struct git2 *g, struct snapshot_repo *r,
			  struct err *err)
{
	struct str head = arena_printf(a, "%.*s\n", STR_ARG(r->head));

	return (!r->common_dir.len ||
		(snapshot_repo_lend(a, r, err) && copy_shallow(a, r, err) &&
		 partial_note(a, r->common_dir, r->work_tree, r->dir.p, err))) &&
	       refs_write(g, &r->refs, r->dir.p, err) &&
	       write_file(path_in(a, r->dir, "HEAD"), head, 0600, err);
}

/* --- when it is first wanted ------------------------------------------------------------------ */

static bool is_there(struct arena *a, const struct snapshot_repo *r)
{
	return access(path_in(a, r->dir, "HEAD"), F_OK) == 0;
}

/* What one that was killed meanwhile has left is written over. */
static bool make(struct arena *a, const struct snapshot_repo *planned, struct err *err)
{
	struct snapshot_repo own = *planned;
	struct git2 g;

	return is_there(a, planned) || (git2_load(&g, err) && snapshot_repo_begin(a, &own, err) &&
					snapshot_repo_finish(a, &g, &own, err));
}

bool snapshot_ready(struct arena *a, const struct snapshot *s, struct err *err)
{
	if (!s->planned || is_there(a, s->planned)) {
		return true;
	}

	int lock =
		lock_take(arena_printf(a, "%.*s.lock", STR_ARG(s->git_dir)).p, WAIT_MS, NULL, err);
	bool ok = lock >= 0 && make(a, s->planned, err);

	if (lock >= 0) {
		(void)close(lock);
	}
	return ok;
}
