/* status.h - what has changed in the working tree, in git's words (repo.h begins it). */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/repo.h"
#include "actc/str.h"
#include "actc/strbuf.h"

struct status_call {
	const char *const *env; /* which repository, or NULL: that of dir */
	struct str dir;
	struct str lfs;        /* where git-lfs may put what it looks at */
	const char *exclusion; /* a pathspec, or NULL */
};

/* `git status --porcelain=v2 -z`, which writes nothing, not even a refreshed index. */
bool status_run(struct arena *a, const struct status_call *call, struct strbuf *out,
		struct err *err);
/* What was begun has found in the working tree of this HEAD (empty: no commit yet); false: it is to
 * be asked for anew. */
bool status_of(struct status_ahead *s, struct str head, struct str *records);

#endif
