/*
 * snapshot_repo.h - the bare repository that a snapshot is in: the user's objects on loan, the
 * user's refs, and HEAD.
 *
 * Most runs of a clean tree never look into one. It is planned while the repository is read, and
 * made when a checkout or the REST API first asks (snapshot_ready).
 */
#ifndef STORE_SNAPSHOT_REPO_H
#define STORE_SNAPSHOT_REPO_H

#include "actc/repo.h"
#include "git2.h"
#include "refs.h"

struct snapshot_repo {
	struct str dir;        /* its git directory, absolute */
	struct str common_dir; /* of the user's repository; empty = there is none */
	struct str work_tree;
	struct str head;  /* commit */
	struct refs refs; /* as they were when the snapshot was made */
};

/* Directories and settings: enough for git to work in where the user has no repository, and for
 * objects to be written to. */
bool snapshot_repo_begin(struct arena *a, const struct snapshot_repo *r, struct err *err);
/* The rest. HEAD is written last: with it, the repository is there. */
bool snapshot_repo_finish(struct arena *a, const struct git2 *g, struct snapshot_repo *r,
			  struct err *err);
/* Names the user's objects, and those that they borrow from, as its alternates; and takes that
 * away again. */
bool snapshot_repo_lend(struct arena *a, const struct snapshot_repo *r, struct err *err);
void snapshot_repo_unlend(struct arena *a, const struct snapshot_repo *r);

#endif
