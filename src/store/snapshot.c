/*
 * snapshot.c - the commit that stands for the working tree.
 *
 * The git program decides what has changed and what a commit would hold (filters, attributes,
 * ignore rules, line ends), working on the user's own git directory with an index and an object
 * directory of ours, so that all of the user's configuration counts and nothing is written there.
 * While it adds files it does not even see the user's objects: it would renew the time stamps of
 * those that it finds again. Making a working tree from a snapshot is checkout.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/repo.h"
#include "git2.h"
#include "git_run.h"
#include "objects.h"
#include "refs.h"
#include "snapshot_repo.h"
#include "status.h"

enum {
	INDEX_MAX = 1024 * 1024 * 1024,
	LIST_MAX = 16 * 1024 * 1024,
};

static const struct str messages[] = {
	[SNAPSHOT_WORK_TREE] = STR_INIT("act-c: working tree"),
	[SNAPSHOT_INDEX] = STR_INIT("act-c: what is staged"),
	[SNAPSHOT_HEAD] = STR_INIT(""),
};

struct making {
	const struct git2 *g;
	struct arena *a;
	const struct repo_facts *facts;
	const struct snapshot_spec *spec;
	struct str work_tree; /* absolute */
	struct snapshot_repo *repo;
	const char *git_dir, *objects, *index; /* ours */
	bool sparse;
	git_repository *user; /* NULL: there is none */
	git_odb *lent;
	struct objects own;
	bool begun;           /* ours is there, for objects to be written to */
	VEC(git_oid) changed; /* what the index has of files whose contents changed */
	struct snapshot *out;
};

static const char *path_in(struct arena *a, const char *dir, const char *name)
{
	return arena_printf(a, "%s/%s", dir, name).p;
}

static struct str absolute(struct arena *a, struct str path, struct err *err)
{
	const char *given = arena_cstr(a, path);
	char *real = realpath(given, NULL);
	struct str s = STR_EMPTY;

	if (real) {
		s = arena_str(a, str_of(real));
	} else {
		(void)err_sys(err, errno, "%s", given);
	}
	free(real);
	return s;
}

/* --- what git finds ------------------------------------------------------------------------- */

/* For git on the user's repository, or on ours where there is none. */
static const char *const *git_env(const struct making *m)
{
	const char **env = arena_array(m->a, const char *, 5);
	struct str git_dir = m->user ? m->facts->git_dir : str_of(m->git_dir);

	env[0] = arena_printf(m->a, "GIT_DIR=%.*s", STR_ARG(git_dir)).p;
	env[1] = arena_printf(m->a, "GIT_WORK_TREE=%s", m->work_tree.p).p;
	env[2] = arena_printf(m->a, "GIT_INDEX_FILE=%s", m->index).p;
	env[3] = arena_printf(m->a, "GIT_OBJECT_DIRECTORY=%s", m->objects).p;
	return env;
}

/* The n-th (from 0) blank-separated field; the last one a caller asks for is followed by a path. */
static struct str field(struct str record, int n)
{
	struct str one = STR_EMPTY;

	for (int i = 0; i <= n; i++) {
		one = str_cut(&record, ' ');
		if (!record.p) {
			return STR_EMPTY;
		}
	}
	return one;
}

/*
 * `1 XY sub mH mI mW hH hI path` and `u XY sub m1 m2 m3 mW h1 h2 h3 path`: hI is what the index
 * has, h2 our side of a conflict. git looks at them when it decides about line ends.
 */
static void note_change(struct making *m, struct str record)
{
	struct str state = field(record, 1);
	git_oid id;

	if (!str_starts(field(record, 2), STR("N")) || str_ends(state, STR("."))) {
		return;
	}
	if ((str_starts(record, STR("1 ")) && git2_id(m->g, field(record, 7), &id)) ||
	    (str_starts(record, STR("u ")) && git2_id(m->g, field(record, 8), &id))) {
		vec_push(m->a, &m->changed, id);
	}
}

/* The directory of the snapshot when it is inside the working tree, as a pathspec that leaves it
 * out; else NULL. */
static const char *exclusion(const struct making *m)
{
	struct str root = m->work_tree, dir = m->repo->dir;

	if (!str_starts(dir, root) || dir.len <= root.len ||
	    (root.len > 1 && dir.p[root.len] != '/')) {
		return NULL;
	}

	struct str rel = str_slice(dir, root.len > 1 ? root.len + 1 : 1, dir.len);

	return arena_printf(m->a, ":(exclude,top,literal)%.*s", STR_ARG(rel)).p;
}

static void note_changes(struct making *m, struct str records, bool *clean)
{
	*clean = true;
	while (records.len > 0) {
		struct str record = str_cut(&records, '\0');

		if (!str_starts(record, STR("# "))) {
			*clean = false;
			note_change(m, record);
		}
	}
}

/* One call that answers "is it clean"; where it was begun before, it did not know what to leave
 * out. */
static bool find_changes(struct making *m, bool *clean, struct err *err)
{
	const char *const env[] = { git_env(m)[0], git_env(m)[1], NULL };
	struct status_call call = { .env = env,
				    .dir = m->work_tree,
				    .lfs = str_of(path_in(m->a, m->git_dir, "lfs")),
				    .exclusion = exclusion(m) };
	struct strbuf out = STRBUF_INIT(INDEX_MAX);
	struct str records;
	bool ok = true;

	if (call.exclusion || !status_of(m->spec->ahead, m->facts->head, &records)) {
		ok = status_run(m->a, &call, &out, err);
		records = strbuf_str(&out);
	}
	if (ok) {
		note_changes(m, records, clean);
	}
	strbuf_release(&out);
	return ok;
}

/* --- the tree --------------------------------------------------------------------------------- */

/* With its time stamp: git takes a file that is as new as the index for possibly changed. */
static bool copy_index(const struct making *m, struct err *err)
{
	const char *from = m->spec->index.len ? arena_cstr(m->a, m->spec->index)
					      : path_in(m->a, m->facts->git_dir.p, "index");
	struct strbuf bytes = STRBUF_INIT(INDEX_MAX);
	struct stat st;

	if (stat(from, &st) < 0) {
		return errno == ENOENT || err_sys(err, errno, "%s", from);
	}

	bool ok =
		read_file(from, &bytes, err) && write_file(m->index, strbuf_str(&bytes), 0600, err);

	strbuf_release(&bytes);
	if (ok &&
	    utimensat(AT_FDCWD, m->index, (struct timespec[2]){ st.st_mtim, st.st_mtim }, 0) < 0) {
		return err_sys(err, errno, "%s", m->index);
	}
	return ok;
}

static bool copy_changed(struct making *m, struct err *err)
{
	for (size_t i = 0; i < m->changed.n; i++) {
		if (!objects_copy(&m->own, &m->changed.v[i], err)) {
			return false;
		}
	}
	return true;
}

/* What is written is an index that libgit2 reads, and nothing of the user's is called for it. */
#define PLAIN_INDEX                                                                              \
	"-c", "core.fsmonitor=false", "-c", "core.splitIndex=false", "-c", "index.sparse=false", \
		"-c", "index.skipHash=false", "-c", "core.hooksPath=/dev/null"

/* An embedded repository without commits cannot be in a commit; `git add` says so and, told to
 * ignore errors, goes on. Anything else that it says is an error. */
static bool only_unborn(struct str words)
{
	bool some = false;

	while (words.len > 0) {
		struct str line = str_trim(str_cut(&words, '\n'));

		if (str_ends(line, STR("does not have a commit checked out"))) {
			some = true;
		} else if (str_starts(line, STR("fatal:")) ||
			   (str_starts(line, STR("error:")) &&
			    !(some && str_starts(line, STR("error: unable to index file"))))) {
			return false;
		}
	}
	return some;
}

static bool add_all(const struct making *m, struct err *err)
{
	const char *const args[] = { PLAIN_INDEX,
				     "-c",
				     "advice.addEmbeddedRepo=false",
				     "-c",
				     arena_printf(m->a, "lfs.storage=%s/lfs", m->git_dir).p,
				     "add",
				     "--all",
				     m->sparse ? "--sparse" : "--ignore-errors",
				     "--ignore-errors",
				     "--",
				     ":/",
				     exclusion(m),
				     NULL };
	struct strbuf words = STRBUF_INIT(0);
	int status = 0;
	bool ok = git_try(
		&(struct git_call){
			.args = args, .env = git_env(m), .dir = m->work_tree, .err = &words },
		&status, err);

	if (ok && status != 0 && !only_unborn(strbuf_str(&words))) {
		ok = err_set(err, ERR_SYSTEM, "git add: %.*s",
			     STR_ARG(str_slice(str_trim(strbuf_str(&words)), 0, 4096)));
	}
	strbuf_release(&words);
	return ok;
}

/* Of a split or sparse index git makes a plain one, which libgit2 reads too. Only here does git see
 * the user's objects: a sparse index is expanded with their trees (whose time stamps git renews, as
 * it does with every command that expands one). */
static bool rewrite_index(const struct making *m, struct err *err)
{
	const char *const args[] = { PLAIN_INDEX, "update-index", "--force-write-index", NULL };
	bool ok =
		snapshot_repo_lend(m->a, m->repo, err) &&
		git_run(&(struct git_call){ .args = args, .env = git_env(m), .dir = m->work_tree },
			err);

	snapshot_repo_unlend(m->a, m->repo);
	return ok;
}

static bool take_index(struct making *m, struct err *err)
{
	bool readable = false;

	return copy_index(m, err) && objects_copy_rules(&m->own, m->index, &readable, err) &&
	       (readable ||
		(rewrite_index(m, err) && objects_copy_rules(&m->own, m->index, &readable, err)));
}

static bool make_tree(struct making *m, git_oid *tree, struct err *err)
{
	if (m->user && (!take_index(m, err) || !copy_changed(m, err))) {
		return false;
	}
	return (m->spec->source == SNAPSHOT_INDEX || add_all(m, err)) &&
	       objects_write_tree(&m->own, m->index, tree, err);
}

/* --- the commit ------------------------------------------------------------------------------- */

static struct str iso_time(struct arena *a, long long t, int offset_minutes)
{
	time_t shifted = (time_t)(t + offset_minutes * 60LL);
	int distance = abs(offset_minutes);
	struct tm tm;
	char date[64];

	(void)gmtime_r(&shifted, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_printf(a, "%s%c%02d:%02d", date, offset_minutes < 0 ? '-' : '+', distance / 60,
			    distance % 60);
}

/* What the format of a commit cannot hold is left out, as git does. */
static struct str identity(struct arena *a, struct str s, struct str fallback)
{
	char *p = arena_cstr(a, s);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!strchr("<>\n", s.p[i])) {
			p[n++] = s.p[i];
		}
	}

	struct str kept = str_trim(str_mk(p, n));

	return kept.len ? kept : fallback;
}

/* HEAD, and what is being merged. */
static struct str parent_lines(const struct making *m)
{
	struct strbuf heads = STRBUF_INIT(LIST_MAX), lines = STRBUF_INIT(0);
	struct err missing = ERR_INIT;
	git_oid id;

	if (m->out->parent.len) {
		(void)strbuf_addf(&lines, "parent %s\n", m->out->parent.p);
	}
	if (m->out->parent.len && m->user &&
	    !read_file(path_in(m->a, m->facts->git_dir.p, "MERGE_HEAD"), &heads, &missing)) {
		err_release(&missing);
	}
	for (struct str rest = strbuf_str(&heads); rest.len > 0;) {
		struct str head = str_trim(str_cut(&rest, '\n'));

		if (git2_id(m->g, head, &id)) {
			(void)strbuf_addf(&lines, "parent %.*s\n", STR_ARG(head));
		}
	}

	struct str made = arena_str(m->a, strbuf_str(&lines));

	strbuf_release(&heads);
	strbuf_release(&lines);
	return made;
}

static bool make_commit(struct making *m, const git_oid *tree, struct err *err)
{
	struct snapshot *out = m->out;
	time_t now = time(NULL);
	struct tm local;
	git_oid id;

	(void)localtime_r(&now, &local);

	int offset = (int)(local.tm_gmtoff / 60);

	out->message = messages[m->spec->source];
	out->author_name = identity(m->a, m->facts->user_name, STR("act-c"));
	out->author_email = identity(m->a, m->facts->user_email, STR("act-c@localhost"));
	out->timestamp = iso_time(m->a, now, offset);
	out->tree = git2_hex(m->g, m->a, tree);

	struct str who =
		arena_printf(m->a, "%.*s <%.*s> %lld %c%02d%02d", STR_ARG(out->author_name),
			     STR_ARG(out->author_email), (long long)now, offset < 0 ? '-' : '+',
			     abs(offset) / 60, abs(offset) % 60);
	struct str parents = parent_lines(m);
	struct str text = arena_printf(m->a, "tree %s\n%.*sauthor %.*s\ncommitter %.*s\n\n%.*s\n",
				       out->tree.p, STR_ARG(parents), STR_ARG(who), STR_ARG(who),
				       STR_ARG(out->message));

	if (!objects_write(&m->own, GIT_OBJECT_COMMIT, text, &id, err)) {
		return false;
	}
	out->sha = git2_hex(m->g, m->a, &id);
	out->dirty = true;
	return true;
}

/* The snapshot is HEAD itself. */
static void use_head(struct making *m, git_commit *head)
{
	const git_signature *author = m->g->git_commit_author(head);
	struct snapshot *out = m->out;

	out->sha = m->facts->head;
	out->tree = git2_hex(m->g, m->a, m->g->git_commit_tree_id(head));
	out->message = str_trim(arena_str(m->a, str_of(m->g->git_commit_message(head))));
	out->author_name = arena_str(m->a, str_of(author->name));
	out->author_email = arena_str(m->a, str_of(author->email));
	out->timestamp = iso_time(m->a, author->when.time, author->when.offset);
}

static bool find_commit(struct making *m, git_commit *head, struct err *err)
{
	bool clean = m->spec->source == SNAPSHOT_HEAD;
	git_oid tree;

	if (m->user && m->spec->source == SNAPSHOT_WORK_TREE && !find_changes(m, &clean, err)) {
		return false;
	}
	if (clean && head) {
		use_head(m, head);
		return true;
	}
	m->begun = true;
	if (!snapshot_repo_begin(m->a, m->repo, err) ||
	    !objects_open(&m->own, m->g, m->objects, m->lent, err) || !make_tree(m, &tree, err)) {
		return false;
	}
	if (head && m->g->git_oid_cmp(&tree, m->g->git_commit_tree_id(head)) == 0) {
		use_head(m, head);
		return true;
	}
	return make_commit(m, &tree, err);
}

/* --- its refs --------------------------------------------------------------------------------- */

static struct str behind(struct str s, struct str prefix)
{
	return str_starts(s, prefix) ? str_slice(s, prefix.len, s.len) : STR_EMPTY;
}

/* Refs that are no one else's business (stash, bisect) stay behind. */
static bool is_shared(struct str name)
{
	return str_starts(name, STR("refs/heads/")) || str_starts(name, STR("refs/tags/")) ||
	       str_starts(name, STR("refs/remotes/")) || str_starts(name, STR("refs/pull/")) ||
	       str_starts(name, STR("refs/notes/"));
}

static void view_add(const struct making *m, struct refs *out, struct str branch, const git_oid *id)
{
	if (branch.len) {
		refs_add(m->a, out, arena_printf(m->a, VIEW_HEADS "%.*s", STR_ARG(branch)), id);
	}
}

static bool choose_refs(struct making *m, struct err *err)
{
	struct str remote = arena_printf(m->a, "refs/remotes/%.*s/", STR_ARG(m->facts->remote));
	struct refs theirs = { 0 }, *ours = &m->repo->refs;
	git_oid id;

	if (m->user && !refs_read(m->a, m->g, m->user, STR("refs/"), &theirs, err)) {
		return false;
	}
	/* Later ones win: what the remote has over what is only here, the snapshot over both. */
	for (size_t i = 0; i < theirs.list.n; i++) {
		const struct ref *ref = &theirs.list.v[i];

		if (is_shared(ref->name)) {
			refs_add(m->a, ours, ref->name, &ref->id);
		}
		view_add(m, ours, behind(ref->name, STR("refs/heads/")), &ref->id);
	}
	for (size_t i = 0; i < theirs.list.n; i++) {
		const struct ref *ref = &theirs.list.v[i];

		view_add(m, ours, behind(ref->name, remote), &ref->id);
	}
	BUG_ON(!git2_id(m->g, m->out->sha, &id));
	view_add(m, ours, behind(m->out->ref, STR("refs/heads/")), &id);
	m->repo->head = m->out->sha;
	return true;
}

static bool find_head(const struct making *m, git_commit **head, struct err *err)
{
	git_oid id;

	*head = NULL;
	return !m->facts->head.len ||
	       (git2_id(m->g, m->facts->head, &id) &&
		m->g->git_commit_lookup(head, m->user, &id) == 0) ||
	       git2_error(m->g, err, "HEAD %.*s", STR_ARG(m->facts->head));
}

static bool make_all(struct making *m, struct err *err)
{
	git_commit *head;

	if (!find_head(m, &head, err)) {
		return false;
	}

	bool ok = find_commit(m, head, err) && choose_refs(m, err) &&
		  (!m->begun || snapshot_repo_finish(m->a, m->g, m->repo, err));

	m->out->planned = m->begun ? NULL : m->repo;
	m->g->git_commit_free(head);
	if (m->begun) {
		objects_close(&m->own);
	}
	return ok;
}

static bool open_user(struct making *m, struct err *err)
{
	if (!m->facts->found) {
		return true;
	}
	m->user = git2_reopen(m->g, m->facts->git_dir, err);
	if (!m->user) {
		return false;
	}
	m->sparse = access(path_in(m->a, m->facts->git_dir.p, "info/sparse-checkout"), F_OK) == 0;
	return m->g->git_repository_odb(&m->lent, m->user) == 0 ||
	       git2_error(m->g, err, "%.*s/objects", STR_ARG(m->facts->common_dir));
}

/* Of a directory that is not there yet; the one that it is in is made. */
static struct str absolute_new(struct arena *a, struct str path, struct err *err)
{
	const char *given = arena_cstr(a, path), *slash = strrchr(given, '/');
	const char *name = slash ? slash + 1 : given;
	const char *parent = slash ? arena_printf(a, "%.*s", (int)(name - given), given).p : ".";

	if (!make_dirs(parent, 0700, err)) {
		return STR_EMPTY;
	}

	struct str real = absolute(a, str_of(parent), err);

	return real.len ? str_of(path_in(a, real.len > 1 ? real.p : "", name)) : STR_EMPTY;
}

static bool plan_repo(struct making *m, struct str dir, struct err *err)
{
	struct str work_tree = m->facts->found ? m->facts->root : m->spec->work_tree;

	m->repo->dir = absolute_new(m->a, dir, err);
	m->work_tree = m->repo->dir.len ? absolute(m->a, work_tree, err) : STR_EMPTY;
	m->repo->work_tree = m->work_tree;
	m->repo->common_dir = m->facts->found ? m->facts->common_dir : STR_EMPTY;
	m->out->git_dir = m->repo->dir;
	m->git_dir = m->repo->dir.p;
	m->objects = path_in(m->a, m->git_dir, "objects");
	m->index = path_in(m->a, m->git_dir, "index");
	return m->work_tree.len > 0;
}

bool snapshot_make(struct arena *a, const struct repo_facts *facts, struct str work_tree,
		   struct str dir, struct snapshot *out, struct err *err)
{
	const struct snapshot_spec spec = { SNAPSHOT_WORK_TREE, work_tree, STR_EMPTY, NULL };

	return snapshot_make_of(a, facts, &spec, dir, out, err);
}

bool snapshot_make_of(struct arena *a, const struct repo_facts *facts,
		      const struct snapshot_spec *spec, struct str dir, struct snapshot *out,
		      struct err *err)
{
	struct git2 g;
	struct making m = { .g = &g, .a = a, .facts = facts, .spec = spec, .out = out };

	if (spec->source != SNAPSHOT_WORK_TREE && !facts->found) {
		return err_set(err, ERR_USAGE, "this is not a git repository");
	}
	*out = (struct snapshot){
		.sha = STR_EMPTY,
		.parent = facts->head,
		.ref = facts->found ? facts->ref : STR("refs/heads/main"),
	};
	m.repo = arena_array(a, struct snapshot_repo, 1);
	if (!git2_load(&g, err) || !plan_repo(&m, dir, err)) {
		return false;
	}

	bool ok = open_user(&m, err) && make_all(&m, err);

	g.git_odb_free(m.lent);
	g.git_repository_free(m.user);
	return ok;
}
