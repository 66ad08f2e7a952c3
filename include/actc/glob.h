/*
 * glob.h - the file patterns of hashFiles and of the artifact and cache actions, as GitHub's
 * @actions/glob has them (SEMANTICS 2.10).
 *
 * Pure: patterns against path names. Walking directories is the caller's.
 */
#ifndef ACTC_GLOB_H
#define ACTC_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/str.h"

/* One name (no slash) against one segment: `*`, `?`, `[a-z]`, `[!x]`, `\` before any of them. */
bool glob_segment(struct str pattern, struct str name);

struct glob {
	bool negate;      /* written with a leading `!` */
	bool directories; /* written with a slash at its end */
	bool implied;     /* the descendants of what was written */
	const struct str *segments;
	size_t n;
	struct str search; /* the literal part at its start: where a walk begins */
};

struct globs {
	struct glob *v;
	size_t n;
};

/*
 * Patterns, one a line (an element may hold several lines), blank lines and `#` comments left out.
 * Relative ones are rooted at `root`, `~` is `home`; both are absolute. A pattern is followed by
 * one for what is below it. False with GitHub's own message in *why.
 */
bool globs_parse(struct arena *a, const struct str *lines, size_t n, struct str root,
		 struct str home, struct globs *out, struct str *why);

/* What an absolute path matches as: later patterns overrule earlier ones. */
enum { GLOB_DIRECTORY = 1, GLOB_FILE = 2 };
unsigned globs_match(const struct globs *g, struct str path);
/* Whether something below the directory `path` may match. */
bool globs_partial(const struct globs *g, struct str path);
/* The directories or files to begin walks at, in order, none below another. */
struct str *globs_search(struct arena *a, const struct globs *g, size_t *n);

#endif
