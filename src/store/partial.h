/* partial.h - snapshots of partial clones, whose repository lacks what its remote has. */
#ifndef STORE_PARTIAL_H
#define STORE_PARTIAL_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

/* Where the repository (its common directory) is a partial clone: notes in the snapshot's how git
 * reaches the remote that has the rest. */
bool partial_note(struct arena *a, struct str common_dir, struct str work_tree,
		  const char *snapshot, struct err *err);
/* That note, as a file for git's include.path; or NULL: everything is there. */
const char *partial_config(struct arena *a, struct str snapshot);

#endif
