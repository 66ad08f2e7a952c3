/*
 * history.c - a walk over commits, level by level, to find the ends of a shallow history.
 *
 * The objects themselves are packed by git, which is told these ends.
 */
#include "history.h"

#include "actc/file.h"
#include "actc/strbuf.h"
#include "oidset.h"

enum { SHALLOW_MAX = 16 * 1024 * 1024 };

typedef VEC(git_oid) oid_list;

struct walk {
	struct arena *a;
	const struct git2 *g;
	git_repository *repo;
	struct oidset seen, ends; /* ends: of the repository itself */
	oid_list level;
	struct strbuf out;
};

static void put(struct walk *w, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ];

	(void)w->g->git_oid_fmt(hex, id);
	(void)strbuf_add(&w->out, hex, sizeof(hex));
	(void)strbuf_addc(&w->out, '\n');
}

/* The repository's own `shallow` file: it is a snapshot of a shallow clone. */
static bool read_ends(struct walk *w, struct err *err)
{
	const char *path =
		arena_printf(w->a, "%sshallow", w->g->git_repository_commondir(w->repo)).p;
	struct strbuf text = STRBUF_INIT(SHALLOW_MAX);
	struct err problem = ERR_INIT;
	git_oid id;

	if (!read_file(path, &text, &problem)) {
		bool missing = problem.kind == ERR_NOT_FOUND;

		if (!missing) {
			*err = problem;
		} else {
			err_release(&problem);
		}
		return missing;
	}
	for (struct str rest = strbuf_str(&text); rest.len > 0;) {
		if (git2_id(w->g, str_trim(str_cut(&rest, '\n')), &id)) {
			(void)oidset_add(w->a, &w->ends, &id);
		}
	}
	strbuf_release(&text);
	return true;
}

/* False: a tag may stand for something that has no history. */
static bool commit_of(const struct walk *w, const git_oid *tip, git_oid *out)
{
	git_object *object = NULL, *commit = NULL;
	bool found;

	if (w->g->git_object_lookup(&object, w->repo, tip, GIT_OBJECT_ANY) < 0) {
		return false;
	}
	found = w->g->git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;
	if (found) {
		*out = *w->g->git_object_id(commit);
		w->g->git_object_free(commit);
	}
	w->g->git_object_free(object);
	return found;
}

static void start_at(struct walk *w, const git_oid *tip)
{
	git_oid id;

	if (commit_of(w, tip, &id) && oidset_add(w->a, &w->seen, &id)) {
		vec_push(w->a, &w->level, id);
	}
}

static bool add_parents(struct walk *w, const git_oid *id, oid_list *next, struct err *err)
{
	git_commit *commit = NULL;

	if (w->g->git_commit_lookup(&commit, w->repo, id) < 0) {
		return git2_error(w->g, err, "cannot read the history");
	}
	for (unsigned i = 0; i < w->g->git_commit_parentcount(commit); i++) {
		const git_oid *parent = w->g->git_commit_parent_id(commit, i);

		if (oidset_add(w->a, &w->seen, parent)) {
			vec_push(w->a, next, *parent);
		}
	}
	w->g->git_commit_free(commit);
	return true;
}

static bool next_level(struct walk *w, bool last, struct err *err)
{
	oid_list next = { 0 };

	for (size_t i = 0; i < w->level.n; i++) {
		const git_oid *id = &w->level.v[i];

		if (last || oidset_has(&w->ends, id)) {
			put(w, id);
		} else if (!add_parents(w, id, &next, err)) {
			return false;
		}
	}
	w->level = next;
	return true;
}

/* Without a limit and without ends there is nothing to find: no walk. */
static bool walk(struct walk *w, const struct refs *tips, long depth, struct err *err)
{
	bool ok = read_ends(w, err);

	if (ok && (depth > 0 || w->ends.n > 0)) {
		for (size_t i = 0; i < tips->list.n; i++) {
			start_at(w, &tips->list.v[i].id);
		}
	}
	for (long at = 1; ok && w->level.n > 0; at++) {
		ok = next_level(w, at == depth, err);
	}
	return ok;
}

bool history_shallow(struct arena *a, const struct git2 *g, git_repository *repo,
		     const struct refs *tips, long depth, struct str *out, struct err *err)
{
	struct arena scratch = ARENA_INIT;
	struct walk w = { .a = &scratch, .g = g, .repo = repo, .out = STRBUF_INIT(0) };
	bool ok = walk(&w, tips, depth, err);

	*out = arena_str(a, strbuf_str(&w.out));
	strbuf_release(&w.out);
	arena_release(&scratch);
	return ok;
}

bool history_tags(struct arena *a, const struct git2 *g, git_repository *repo,
		  const struct refs *tips, long depth, const struct refs *tags, struct refs *out,
		  struct err *err)
{
	struct arena scratch = ARENA_INIT;
	struct walk w = { .a = &scratch, .g = g, .repo = repo, .out = STRBUF_INIT(0) };
	bool ok = walk(&w, tips, depth, err);
	git_oid id;

	for (size_t i = 0; ok && i < tags->list.n; i++) {
		const struct ref *tag = &tags->list.v[i];

		if (commit_of(&w, &tag->id, &id) && oidset_has(&w.seen, &id)) {
			refs_add(a, out, tag->name, &tag->id);
		}
	}
	strbuf_release(&w.out);
	arena_release(&scratch);
	return ok;
}
