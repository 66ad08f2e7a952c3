/*
 * changes.c - which files the snapshot changes, for path filters.
 *
 * The snapshot's own repository is asked, which sees the user's commits and refs too. Where GitHub
 * would have no diff (too many commits, no common history), neither is there one here.
 */
#include "actc/repo.h"
#include "git2.h"
#include "oidset.h"

enum { MAX_COMMITS = 1000 }; /* beyond, GitHub runs the workflow without looking */

struct comparing {
	struct arena *a;
	const struct git2 *g;
	git_repository *repo;
	const struct repo_facts *facts;
	const struct changes_spec *spec;
	git_oid after, base;
	struct changes *out;
};

static bool is_other(const struct comparing *c, const git_oid *id)
{
	return c->g->git_oid_cmp(id, &c->after) != 0;
}

static bool rev_commit(const struct comparing *c, struct str rev, git_oid *id)
{
	git_object *object = NULL, *commit = NULL;
	bool ok = c->g->git_revparse_single(&object, c->repo, arena_cstr(c->a, rev)) == 0 &&
		  c->g->git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;

	if (ok) {
		*id = *c->g->git_object_id(commit);
	}
	c->g->git_object_free(commit);
	c->g->git_object_free(object);
	return ok;
}

/* The remote's branch before the local one: that is what a push would meet. */
static bool branch_commit(const struct comparing *c, struct str branch, git_oid *id)
{
	struct str remote = c->facts->remote;

	return (remote.len && rev_commit(c,
					 arena_printf(c->a, "refs/remotes/%.*s/%.*s",
						      STR_ARG(remote), STR_ARG(branch)),
					 id)) ||
	       rev_commit(c, arena_printf(c->a, "refs/heads/%.*s", STR_ARG(branch)), id);
}

/* --- where two histories part -----------------------------------------------------------------
 */

typedef VEC(git_oid) oid_list;

static void add_parents(const struct comparing *c, const git_oid *id, oid_list *list)
{
	git_commit *commit = NULL;

	if (c->g->git_commit_lookup(&commit, c->repo, id) == 0) {
		for (unsigned i = 0; i < c->g->git_commit_parentcount(commit); i++) {
			vec_push(c->a, list, *c->g->git_commit_parent_id(commit, i));
		}
	}
	c->g->git_commit_free(commit);
}

/* Every commit from `from` on, level by level, until `stop` has one; false when none does. */
static bool walk(const struct comparing *c, const git_oid *from, const struct oidset *stop,
		 struct oidset *seen, git_oid *found)
{
	oid_list list = { 0 };

	vec_push(c->a, &list, *from);
	for (size_t i = 0; i < list.n; i++) {
		git_oid id = list.v[i]; /* the list moves as it grows */

		if (stop && oidset_has(stop, &id)) {
			*found = id;
			return true;
		}
		if (oidset_add(c->a, seen, &id)) {
			add_parents(c, &id, &list);
		}
	}
	return false;
}

/* libgit2 gives up, and leaks, where a commit has parents that a shallow clone does not have. */
static bool common_commit(const struct comparing *c, const git_oid *tip, git_oid *id)
{
	struct oidset ours = { 0 }, theirs = { 0 };

	if (!c->g->git_repository_is_shallow(c->repo)) {
		return c->g->git_merge_base(id, c->repo, tip, &c->after) == 0;
	}
	(void)walk(c, &c->after, NULL, &ours, id);
	return walk(c, tip, &ours, &theirs, id);
}

static bool merge_base(const struct comparing *c, struct str branch, git_oid *id)
{
	git_oid tip;

	return branch_commit(c, branch, &tip) && common_commit(c, &tip, id);
}

/* --- what to compare with ---------------------------------------------------------------------
 */

static bool parent(const struct comparing *c, git_oid *id)
{
	git_commit *commit = NULL;
	bool ok = c->g->git_commit_lookup(&commit, c->repo, &c->after) == 0;

	if (ok && c->g->git_commit_parentcount(commit) > 0) {
		*id = *c->g->git_commit_parent_id(commit, 0);
	} else {
		ok = false;
	}
	c->g->git_commit_free(commit);
	return ok;
}

static struct str since(const struct comparing *c, const char *what)
{
	struct str hex = git2_hex(c->g, c->a, &c->base);

	c->out->base = hex;
	return arena_printf(c->a, "since %.7s (%s)", hex.p, what);
}

static void push_base(struct comparing *c)
{
	struct changes *out = c->out;

	if (git2_id(c->g, c->facts->upstream, &c->base) && is_other(c, &c->base)) {
		out->why = since(c, "what the branch's upstream has");
	} else if (merge_base(c, c->facts->default_branch, &c->base) && is_other(c, &c->base)) {
		out->why = since(c, arena_printf(c->a, "where %.*s was left",
						 STR_ARG(c->facts->default_branch))
					    .p);
	} else if (parent(c, &c->base)) {
		out->why = since(c, "the commit before");
	} else {
		out->why = STR("there is no commit before");
	}
}

/* False: there is no diff, and the reason is in `why`. */
static bool pull_base(struct comparing *c)
{
	struct changes *out = c->out;
	git_oid tip;

	if (!branch_commit(c, c->spec->branch, &tip)) {
		out->why = arena_printf(c->a, "there is no branch %.*s here",
					STR_ARG(c->spec->branch));
		return false;
	}
	if (!merge_base(c, c->spec->branch, &c->base)) {
		out->why = arena_printf(c->a, "there is no common history with %.*s",
					STR_ARG(c->spec->branch));
		return false;
	}
	if (is_other(c, &c->base)) {
		out->why = since(
			c, arena_printf(c->a, "where %.*s was left", STR_ARG(c->spec->branch)).p);
	} else if (parent(c, &c->base)) {
		out->why = since(c, "the commit before");
	} else {
		out->why = STR("there is no commit before");
	}
	return true;
}

/* What was asked for: of a pull request the place where it left that base. */
static bool given_base(struct comparing *c, struct err *err)
{
	git_oid tip;

	if (!branch_commit(c, c->spec->base, &tip) && !rev_commit(c, c->spec->base, &tip)) {
		return err_set(err, ERR_USAGE, "--base: there is no commit '%.*s'",
			       STR_ARG(c->spec->base));
	}
	c->base = tip;
	if (c->spec->pull) {
		(void)common_commit(c, &tip, &c->base);
	}
	c->out->why = since(c, c->spec->base.p);
	return true;
}

static size_t count_walked(const struct comparing *c)
{
	git_revwalk *revisions = NULL;
	size_t n = 0;
	git_oid id;

	if (c->g->git_revwalk_new(&revisions, c->repo) == 0 &&
	    c->g->git_revwalk_push(revisions, &c->after) == 0 &&
	    c->g->git_revwalk_hide(revisions, &c->base) == 0) {
		while (n <= MAX_COMMITS && c->g->git_revwalk_next(&id, revisions) == 0) {
			n++;
		}
	}
	c->g->git_revwalk_free(revisions);
	return n;
}

/* The same where parents are missing. */
static size_t count_shallow(const struct comparing *c)
{
	struct oidset before = { 0 }, seen = { 0 };
	oid_list list = { 0 };
	size_t n = 0;
	git_oid id;

	(void)walk(c, &c->base, NULL, &before, &id);
	vec_push(c->a, &list, c->after);
	for (size_t i = 0; i < list.n && n <= MAX_COMMITS; i++) {
		id = list.v[i];
		if (!oidset_has(&before, &id) && oidset_add(c->a, &seen, &id)) {
			n++;
			add_parents(c, &id, &list);
		}
	}
	return n;
}

static bool too_many_commits(const struct comparing *c)
{
	bool shallow = c->g->git_repository_is_shallow(c->repo);

	return (shallow ? count_shallow(c) : count_walked(c)) > MAX_COMMITS;
}

static git_tree *tree_of(const struct comparing *c, const git_oid *commit_id)
{
	git_commit *commit = NULL;
	git_tree *tree = NULL;

	if (c->g->git_commit_lookup(&commit, c->repo, commit_id) == 0) {
		(void)c->g->git_commit_tree(&tree, commit);
	}
	c->g->git_commit_free(commit);
	return tree;
}

static void take_paths(struct comparing *c, git_diff *diff)
{
	size_t n = c->g->git_diff_num_deltas(diff);
	struct str *v = arena_array(c->a, struct str, n);

	for (size_t i = 0; i < n; i++) {
		const git_diff_delta *d = c->g->git_diff_get_delta(diff, i);

		v[i] = arena_str(c->a,
				 str_of(d->new_file.path ? d->new_file.path : d->old_file.path));
	}
	c->out->n = n;
	c->out->v = v;
	c->out->known = true;
}

static void compare(struct comparing *c)
{
	git_tree *before = c->out->base.len ? tree_of(c, &c->base) : NULL;
	git_tree *after = tree_of(c, &c->after);
	git_diff *diff = NULL;

	if (c->out->base.len && too_many_commits(c)) {
		c->out->why = arena_printf(c->a, "there are more than %d commits %.*s", MAX_COMMITS,
					   STR_ARG(c->out->why));
	} else if (!after || (c->out->base.len && !before) ||
		   c->g->git_diff_tree_to_tree(&diff, c->repo, before, after, NULL) != 0) {
		c->out->why = STR("the history that is needed is not here");
	} else {
		take_paths(c, diff);
	}
	c->g->git_diff_free(diff);
	c->g->git_tree_free(before);
	c->g->git_tree_free(after);
}

static bool choose_base(struct comparing *c, bool *comparable, struct err *err)
{
	*comparable = true;
	if (c->spec->base.len) {
		return given_base(c, err);
	}
	if (c->spec->pull) {
		*comparable = pull_base(c);
	} else {
		push_base(c);
	}
	return true;
}

static bool comparing_open(struct comparing *c, const struct git2 *g,
			   const struct snapshot *snapshot, struct err *err)
{
	*c->out = (struct changes){ .why = STR_EMPTY, .base = STR_EMPTY };
	c->g = g;
	if (!git2_id(g, snapshot->sha, &c->after)) {
		return err_set(err, ERR_SYSTEM, "there is no snapshot");
	}
	/* What is planned has nothing that the user's does not have. */
	c->repo = git2_reopen(g, snapshot->planned ? c->facts->git_dir : snapshot->git_dir, err);
	return c->repo != NULL;
}

bool changes_read(struct arena *a, const struct repo_facts *facts, const struct snapshot *snapshot,
		  const struct changes_spec *spec, struct changes *out, struct err *err)
{
	struct comparing c = { .a = a, .facts = facts, .spec = spec, .out = out };
	struct git2 g;
	bool comparable = false, ok;

	if (!git2_load(&g, err) || !comparing_open(&c, &g, snapshot, err)) {
		return false;
	}
	ok = choose_base(&c, &comparable, err);
	if (ok && comparable) {
		compare(&c);
	}
	g.git_repository_free(c.repo);
	return ok;
}

bool changes_base(struct arena *a, const struct repo_facts *facts, const struct snapshot *snapshot,
		  struct str *base, struct err *err)
{
	struct changes changes = { 0 };
	struct comparing c = { .a = a, .facts = facts, .out = &changes };
	struct git2 g;

	if (!git2_load(&g, err) || !comparing_open(&c, &g, snapshot, err)) {
		return false;
	}
	push_base(&c);
	*base = changes.base;
	g.git_repository_free(c.repo);
	return true;
}
