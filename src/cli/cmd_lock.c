/*
 * cmd_lock.c - `act-c lock`: which commits the actions of the workflows are pinned to, written, or
 * compared with what is written.
 */
#include <stdio.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/uses.h"
#include "remotes.h"

struct locking {
	struct options *o;
	struct arena *a;
	struct remotes remotes;
	struct run_values values;
	struct sources sources;
	struct diags diags;
	struct action_lock old, new;
	struct uses uses;
	bool without_ids; /* GitHub wants them, and nobody could be asked */
};

/* --- what should be locked -----------------------------------------------------------------------
 */

static struct str old_commit(void *ctx, struct str key)
{
	const struct locking *l = ctx;
	const struct lock_entry *e = l->o->refresh ? NULL : action_lock_find(&l->old, key);

	return e ? e->commit : STR_EMPTY;
}

static bool collect(struct locking *l, struct err *err)
{
	struct options *o = l->o;
	struct workflow_files files = { 0 };
	size_t n = 0;

	if (!workflow_files_load(l->a, o->workflows.v, o->workflows.n, &l->diags, &files, err)) {
		return false;
	}
	if (!action_lock_read(l->a, STR_EMPTY, &l->diags, &l->old) || l->diags.nerrors) {
		return err_set(err, ERR_INVALID, "nothing was locked");
	}

	const struct workflow **v = arena_array(l->a, const struct workflow *, files.n);

	for (size_t i = 0; i < files.n; i++) {
		v[n++] = files.v[i].workflow;
	}

	struct uses_spec spec = { .store = l->remotes.store,
				  .root = STR_EMPTY,
				  .workflows = v,
				  .n = n,
				  .pin = old_commit,
				  .ctx = l };

	if (uses_collect(l->a, &spec, &l->uses)) {
		return true;
	}
	for (size_t i = 0; i < l->uses.nodes.n; i++) {
		if (l->uses.nodes.v[i].fetch.error.len) {
			(void)fprintf(stderr, "act-c: %.*s\n",
				      STR_ARG(l->uses.nodes.v[i].fetch.error));
		}
	}
	return err_set(err, ERR_SYSTEM, "nothing was locked");
}

static struct lock_keys keys_of(struct locking *l, const size_t *v, size_t n)
{
	struct str *keys = arena_array(l->a, struct str, n);

	for (size_t i = 0; i < n; i++) {
		keys[i] = l->uses.nodes.v[v[i]].key;
	}
	return (struct lock_keys){ n, keys };
}

/* Everything that what is marked uses is marked too. */
static void mark(const struct locking *l, bool *marked, size_t node)
{
	const struct uses_node *n = &l->uses.nodes.v[node];

	if (marked[node]) {
		return;
	}
	marked[node] = true;
	for (size_t i = 0; i < n->uses.n; i++) {
		mark(l, marked, n->uses.v[i]);
	}
}

static bool same_repo(struct str a, struct str b)
{
	return str_eq(str_cut(&a, '@'), str_cut(&b, '@'));
}

/* GitHub's numbers: of an entry that has them, or asked for. */
static void find_ids(struct locking *l, struct lock_entry *e, const struct action_ref *ref,
		     const struct lock_entry *known, size_t nknown)
{
	struct err ignored = ERR_INIT;

	for (size_t k = 0; k < 2; k++) {
		const struct lock_entry *v = k ? known : l->old.entries;

		for (size_t i = 0; i < (k ? nknown : l->old.nentries); i++) {
			if (same_repo(v[i].key, e->key) && v[i].repo_id.len) {
				e->owner_id = v[i].owner_id;
				e->repo_id = v[i].repo_id;
				return;
			}
		}
	}
	if (!l->o->check && !l->without_ids &&
	    !action_store_ids(l->a, l->remotes.store, ref, &e->owner_id, &e->repo_id, &ignored)) {
		l->without_ids = true;
		err_release(&ignored);
	}
}

static struct str ref_of(struct locking *l, const struct uses_node *n)
{
	const struct lock_entry *old = action_lock_find(&l->old, n->key);
	struct str name;

	if (!str_ieq(n->fetch.ref.ref, n->fetch.commit)) {
		return n->fetch.ref.ref;
	}
	if (old && str_ieq(old->commit, n->fetch.commit)) {
		return old->ref;
	}
	name = action_store_ref_of(l->a, l->remotes.store, &n->fetch.ref, n->fetch.commit);
	return name.len ? name : n->fetch.commit;
}

static void take_entries(struct locking *l, const bool *marked)
{
	struct lock_entry *v = arena_array(l->a, struct lock_entry, l->uses.nodes.n);
	size_t n = 0;

	for (size_t i = 0; i < l->uses.nodes.n; i++) {
		const struct uses_node *node = &l->uses.nodes.v[i];

		if (!marked[i]) {
			continue;
		}
		v[n] = (struct lock_entry){ .key = node->key,
					    .ref = ref_of(l, node),
					    .commit = node->fetch.commit,
					    .owner_id = STR_EMPTY,
					    .repo_id = STR_EMPTY,
					    .uses = keys_of(l, node->uses.v, node->uses.n) };
		find_ids(l, &v[n], &node->fetch.ref, v, n);
		n++;
	}
	l->new.entries = v;
	l->new.nentries = n;
}

static void make_lock(struct locking *l)
{
	struct lock_workflow *v = arena_array(l->a, struct lock_workflow, l->uses.nworkflows);
	bool *marked = arena_array(l->a, bool, l->uses.nodes.n);
	size_t n = 0;

	for (size_t i = 0; i < l->uses.nworkflows; i++) {
		const struct uses_workflow *w = &l->uses.workflows[i];

		if (w->locals.n) {
			(void)fprintf(stderr,
				      "act-c: %.*s cannot be locked: it uses the local action "
				      "%.*s; write $/%.*s\n",
				      STR_ARG(w->workflow->path), STR_ARG(w->locals.v[0]),
				      STR_ARG(str_slice(w->locals.v[0], 2, w->locals.v[0].len)));
		} else if (w->uses.n) {
			v[n++] = (struct lock_workflow){ w->workflow->path,
							 keys_of(l, w->uses.v, w->uses.n) };
			for (size_t k = 0; k < w->uses.n; k++) {
				mark(l, marked, w->uses.v[k]);
			}
		}
	}
	l->new.workflows = v;
	l->new.nworkflows = n;
	take_entries(l, marked);
}

/* --- what is different ---------------------------------------------------------------------------
 */

static bool has_key(const struct lock_keys *keys, struct str key)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (str_eq(keys->v[i], key)) {
			return true;
		}
	}
	return false;
}

static bool same_keys(const struct lock_keys *a, const struct lock_keys *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; i < a->n; i++) {
		same = same && has_key(b, a->v[i]);
	}
	return same;
}

static size_t compare_entries(const struct locking *l)
{
	size_t changes = 0;

	for (size_t i = 0; i < l->new.nentries; i++) {
		const struct lock_entry *e = &l->new.entries[i];
		const struct lock_entry *old = action_lock_find(&l->old, e->key);

		if (!old || !str_ieq(old->commit, e->commit)) {
			(void)printf("%s %.*s  %.*s%s%.*s\n", old ? "~" : "+", STR_ARG(e->key),
				     STR_ARG(old ? old->commit : e->commit), old ? " -> " : "",
				     STR_ARG(old ? e->commit : STR_EMPTY));
			changes++;
		} else if (!same_keys(&old->uses, &e->uses)) {
			(void)printf("~ %.*s  uses others\n", STR_ARG(e->key));
			changes++;
		}
	}
	for (size_t i = 0; i < l->old.nentries; i++) {
		if (!action_lock_find(&l->new, l->old.entries[i].key)) {
			(void)printf("- %.*s\n", STR_ARG(l->old.entries[i].key));
			changes++;
		}
	}
	return changes;
}

static size_t compare_workflows(const struct locking *l)
{
	size_t changes = 0;

	for (size_t i = 0; i < l->new.nworkflows; i++) {
		const struct lock_workflow *w = &l->new.workflows[i];
		const struct lock_workflow *old = action_lock_workflow(&l->old, w->path);

		if (!old || !same_keys(&old->uses, &w->uses)) {
			(void)printf("%s %.*s\n", old ? "~" : "+", STR_ARG(w->path));
			changes++;
		}
	}
	for (size_t i = 0; i < l->old.nworkflows; i++) {
		if (!action_lock_workflow(&l->new, l->old.workflows[i].path)) {
			(void)printf("- %.*s\n", STR_ARG(l->old.workflows[i].path));
			changes++;
		}
	}
	return changes;
}

static void tell_drift(const struct locking *l)
{
	for (size_t i = 0; i < l->uses.nodes.n; i++) {
		const struct uses_node *n = &l->uses.nodes.v[i];

		if (n->fetch.drift.len) {
			(void)fprintf(
				stderr,
				"act-c: warning: %.*s is locked to %.*s; by now it stands for "
				"%.*s (--refresh takes it)\n",
				STR_ARG(n->key), STR_ARG(n->fetch.commit), STR_ARG(n->fetch.drift));
		}
	}
}

/* --- the command ---------------------------------------------------------------------------------
 */

static int write_lock(struct locking *l, size_t changes)
{
	struct err err = ERR_INIT;

	if (l->new.nworkflows == 0 && !l->old.found) {
		(void)printf("no workflow has actions to lock\n");
		return EXIT_OK;
	}
	if (changes && !write_file(ACTION_LOCK_PATH, action_lock_text(l->a, &l->new), 0644, &err)) {
		return cli_fail(&err);
	}
	(void)printf("%zu action%s of %zu workflow%s locked%s\n", l->new.nentries,
		     l->new.nentries == 1 ? "" : "s", l->new.nworkflows,
		     l->new.nworkflows == 1 ? "" : "s", changes ? "" : ", nothing changed");
	if (changes && l->without_ids) {
		(void)fprintf(stderr,
			      "act-c: warning: GitHub's API could not be asked for owner_id and "
			      "repo_id: GitHub itself refuses the file without them\n");
	}
	return EXIT_OK;
}

static int lock(struct locking *l)
{
	struct err err = ERR_INIT;

	if (!remotes_open(&l->remotes, l->o, &l->values, &err) ||
	    !remotes_values(&l->remotes, &err) || !collect(l, &err)) {
		diags_print(&l->diags, stderr, options_colour(l->o, STDERR_FILENO));
		return cli_fail(&err);
	}
	make_lock(l);
	tell_drift(l);

	size_t changes = compare_workflows(l) + compare_entries(l);

	if (!l->o->check) {
		return write_lock(l, changes);
	}
	(void)printf(changes ? "the lock file is not up to date\n"
			     : "the lock file is up to date\n");
	return changes ? EXIT_FAILED : EXIT_OK;
}

int cmd_lock(struct options *o)
{
	struct locking l = { .o = o, .a = &o->arena };

	l.sources.arena = l.a;
	l.diags.arena = l.a;
	l.diags.sources = &l.sources;
	return lock(&l);
}
