/*
 * objects.h - the snapshot's own object directory, in front of the user's objects.
 *
 * git and libgit2 touch the time stamp of an object that they were about to write and found in an
 * alternate. The user's repository is never written, so its objects are lent: read from, never
 * freshened.
 */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include "git2.h"

struct objects {
	const struct git2 *g;
	git_odb *odb;           /* ours, then the lent ones */
	git_odb_backend *loose; /* ours */
	git_repository *repo;   /* over odb; it has nothing else */
};

/* `lent` may be NULL and stays the caller's. */
bool objects_open(struct objects *o, const struct git2 *g, const char *dir, git_odb *lent,
		  struct err *err);
void objects_close(struct objects *o);

/* Copies a lent object, so that git sees it without seeing the others. One that is not there is
 * left out. */
bool objects_copy(struct objects *o, const git_oid *id, struct err *err);
bool objects_write(struct objects *o, git_object_t type, struct str bytes, git_oid *id,
		   struct err *err);
/* Copies what git reads from the index instead of from a file when a sparse checkout left the file
 * out: .gitattributes and .gitignore. *readable is false when libgit2 cannot read that index. */
bool objects_copy_rules(struct objects *o, const char *index_path, bool *readable, struct err *err);
bool objects_write_tree(struct objects *o, const char *index_path, git_oid *tree, struct err *err);

#endif
