/*
 * refs.h - refs as lists, and as the packed-refs file of a repository that act-c makes.
 *
 * VIEW_HEADS is where a snapshot keeps the branches that the remote would have after a push: its
 * remote-tracking ones, what exists only locally, and the snapshot's own branch at the snapshot's
 * commit. They are what a checkout sees as origin's branches; refs/heads stays the user's.
 */
#ifndef STORE_REFS_H
#define STORE_REFS_H

#include "actc/repo.h"
#include "git2.h"

#define VIEW_HEADS "refs/act-c/heads/"

struct ref {
	struct str name;
	git_oid id; /* of the object itself: a tag's is the tag object's */
};

struct refs {
	VEC(struct ref) list; /* sorted by refs_sort; one per name after it */
};

void refs_add(struct arena *a, struct refs *refs, struct str name, const git_oid *id);
/* By name; of several with one name the last added stays. */
void refs_sort(struct refs *refs);
/* The repository's direct refs whose name starts with the prefix. */
bool refs_read(struct arena *a, const struct git2 *g, git_repository *repo, struct str prefix,
	       struct refs *out, struct err *err);
/* Sorts, and writes DIR/packed-refs. */
bool refs_write(const struct git2 *g, struct refs *refs, const char *git_dir, struct err *err);

#endif
