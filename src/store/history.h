/* history.h - where a history of limited depth ends. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "git2.h"
#include "refs.h"

/*
 * The commits that .git/shallow names when `depth` commits behind each of the refs are fetched:
 * those that are reached at that depth (as git does, also one without parents) and those at which
 * the repository itself ends. depth 0 = no limit: only the latter. One "<hex>\n" each.
 */
bool history_shallow(struct arena *a, const struct git2 *g, git_repository *repo,
		     const struct refs *tips, long depth, struct str *out, struct err *err);
/* Adds to `out` those of the tags whose commit is among these `depth` commits (not 0). */
bool history_tags(struct arena *a, const struct git2 *g, git_repository *repo,
		  const struct refs *tips, long depth, const struct refs *tags, struct refs *out,
		  struct err *err);

#endif
