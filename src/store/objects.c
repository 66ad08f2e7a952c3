/*
 * objects.c - an object database of libgit2's that writes to a directory of ours and reads the
 * user's objects without touching them.
 *
 * What is written there, and when git itself gets to see it, is decided in snapshot.c.
 */
#include "objects.h"

#include <stdlib.h>

struct lender {
	git_odb_backend base;
	const struct git2 *g;
	git_odb *from;
};

static int lender_read(void **data, size_t *len, git_object_t *type, git_odb_backend *base,
		       const git_oid *id)
{
	struct lender *l = (struct lender *)base;
	git_odb_object *object = NULL;
	int rc = l->g->git_odb_read(&object, l->from, id);

	if (rc < 0) {
		return rc;
	}
	*len = l->g->git_odb_object_size(object);
	*type = l->g->git_odb_object_type(object);
	*data = l->g->git_odb_backend_data_alloc(base, *len);
	if (*data) {
		memcpy(*data, l->g->git_odb_object_data(object), *len);
	}
	l->g->git_odb_object_free(object);
	return *data ? 0 : GIT_ERROR;
}

static int lender_read_header(size_t *len, git_object_t *type, git_odb_backend *base,
			      const git_oid *id)
{
	struct lender *l = (struct lender *)base;

	return l->g->git_odb_read_header(len, type, l->from, id);
}

static int lender_exists(git_odb_backend *base, const git_oid *id)
{
	struct lender *l = (struct lender *)base;

	return l->g->git_odb_exists(l->from, id);
}

static void lender_free(git_odb_backend *base)
{
	free(base);
}

static git_odb_backend *lender_new(const struct git2 *g, git_odb *from)
{
	struct lender *l = calloc(1, sizeof(*l));

	if (!l) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	*l = (struct lender){
		.base = { .version = GIT_ODB_BACKEND_VERSION,
			  .read = lender_read,
			  .read_header = lender_read_header,
			  .exists = lender_exists,
			  .free = lender_free },
		.g = g,
		.from = from,
	};
	return &l->base;
}

enum { OURS_FIRST = 2, LENT = 1 };

bool objects_open(struct objects *o, const struct git2 *g, const char *dir, git_odb *lent,
		  struct err *err)
{
	*o = (struct objects){ .g = g };
	if (g->git_odb_new(&o->odb) < 0 ||
	    g->git_odb_backend_loose(&o->loose, dir, 1, 0, 0, 0) < 0 ||
	    g->git_odb_add_backend(o->odb, o->loose, OURS_FIRST) < 0 ||
	    (lent && g->git_odb_add_backend(o->odb, lender_new(g, lent), LENT) < 0) ||
	    g->git_repository_wrap_odb(&o->repo, o->odb) < 0) {
		(void)git2_error(g, err, "%s", dir);
		objects_close(o);
		return false;
	}
	return true;
}

void objects_close(struct objects *o)
{
	if (o->repo) {
		o->g->git_repository_free(o->repo);
	}
	if (o->odb) {
		o->g->git_odb_free(o->odb);
	}
	*o = (struct objects){ .g = o->g };
}

bool objects_copy(struct objects *o, const git_oid *id, struct err *err)
{
	const struct git2 *g = o->g;
	git_odb_object *object = NULL;

	if (g->git_odb_read(&object, o->odb, id) < 0) {
		return true;
	}

	int rc = o->loose->write(o->loose, id, g->git_odb_object_data(object),
				 g->git_odb_object_size(object), g->git_odb_object_type(object));

	g->git_odb_object_free(object);
	return rc == 0 || git2_error(g, err, "cannot write an object");
}

bool objects_write(struct objects *o, git_object_t type, struct str bytes, git_oid *id,
		   struct err *err)
{
	return o->g->git_odb_write(id, o->odb, bytes.p, bytes.len, type) == 0 ||
	       git2_error(o->g, err, "cannot write an object");
}

static bool is_rules(const git_index_entry *entry)
{
	struct str path = str_of(entry->path);
	size_t from = path.len;

	if (!(entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE)) {
		return false;
	}
	while (from > 0 && path.p[from - 1] != '/') {
		from--;
	}
	path = str_slice(path, from, path.len);
	return str_eq(path, STR(".gitattributes")) || str_eq(path, STR(".gitignore"));
}

bool objects_copy_rules(struct objects *o, const char *index_path, bool *readable, struct err *err)
{
	const struct git2 *g = o->g;
	git_index *index = NULL;
	bool ok = true;

	*readable = g->git_index_open(&index, index_path) == 0;
	if (!*readable) {
		return true;
	}
	for (size_t i = 0; ok && i < g->git_index_entrycount(index); i++) {
		const git_index_entry *entry = g->git_index_get_byindex(index, i);

		ok = !is_rules(entry) || objects_copy(o, &entry->id, err);
	}
	g->git_index_free(index);
	return ok;
}

/* `git add --intent-to-add` promises content that is not there yet: git commits without it. */
static bool drop_intended(const struct git2 *g, git_index *index)
{
	for (size_t i = g->git_index_entrycount(index); i > 0; i--) {
		const git_index_entry *entry = g->git_index_get_byindex(index, i - 1);

		if ((entry->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD) &&
		    g->git_index_remove(index, entry->path, 0) < 0) {
			return false;
		}
	}
	return true;
}

bool objects_write_tree(struct objects *o, const char *index_path, git_oid *tree, struct err *err)
{
	const struct git2 *g = o->g;
	git_index *index = NULL;

	/* What git put into its index need not be looked up again; a submodule's commit could not
	 * be. */
	(void)g->git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);

	bool ok = (g->git_index_open(&index, index_path) == 0 && drop_intended(g, index) &&
		   g->git_index_write_tree_to(tree, index, o->repo) == 0) ||
		  git2_error(g, err, "cannot write the tree of %s", index_path);

	(void)g->git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
	g->git_index_free(index);
	return ok;
}
