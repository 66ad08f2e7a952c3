/*
 * diag.h - what is wrong with a workflow: collected, not thrown, so that one reading reports all.
 *
 * Printed in actionlint's layout, which editors and problem matchers already read:
 *
 *     path:line:col: message [kind]
 *       |
 *     3 |     branch: main
 *       |     ^~~~~~~
 */
#ifndef ACTC_DIAG_H
#define ACTC_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "actc/arena.h"
#include "actc/source.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
	enum diag_severity severity;
	const char *kind; /* "syntax-check", "expression", "glob", …: a stable word for filters */
	struct span at;   /* NO_SPAN when only the file is known */
	struct span token; /* where GitHub reports it, when `at` is more exact; else the same */
	uint32_t late;     /* where GitHub comes by it, when that is behind its token; else 0 */
	uint32_t file;     /* for diagnostics without a span */
	struct str msg;
	struct str hint;    /* "did you mean …", or empty */
	struct span caller; /* the `uses` that led to the file, NO_SPAN when none did */
	bool bare;          /* GitHub names neither file nor place */
};

struct diags {
	struct arena *arena;
	struct sources *sources;
	VEC(struct diag) list;
	size_t nerrors;
	size_t nwarnings;
};

__attribute__((format(printf, 4, 5))) struct diag *diag_error(struct diags *d, struct span at,
							      const char *kind, const char *fmt,
							      ...);
__attribute__((format(printf, 4, 5))) struct diag *diag_warning(struct diags *d, struct span at,
								const char *kind, const char *fmt,
								...);
/* For a message that concerns the file as a whole. */
__attribute__((format(printf, 4, 5))) struct diag *diag_file_error(struct diags *d, uint32_t file,
								   const char *kind,
								   const char *fmt, ...);

/* As much of a text from the file as a message can hold: for "%.*s", where the text may be a
 * megabyte and reported many times. Longer messages are cut with "[...]". */
struct str diag_quote(struct str s);

/* As GitHub's service words it: "file (Line: 1, Col: 2): message", cut after 500 characters, with
 * the caller in front where a called file is wrong. */
struct str diag_as_github(struct arena *a, const struct diags *d, const struct diag *one);

/* One diagnostic with its snippet and caret; `colour` adds escape codes. Control characters of the
 * source line are shown as blanks, long lines are cut around the caret. */
void diag_print(const struct diags *d, const struct diag *one, FILE *out, bool colour);
/* Ordered by file and position, each message once per place, then NULL; to be freed. */
const struct diag **diags_ordered(const struct diags *d);
/* All of them in that order, at most a hundred of each file. */
void diags_print(const struct diags *d, FILE *out, bool colour);

/* Levenshtein distance without case, cut off at 64: words are short, rows fit the stack. */
size_t diag_distance(struct str a, struct str b);
/* The candidate closest to `word` by edit distance, or empty when none is near. */
struct str diag_nearest(struct str word, const struct str *candidates, size_t n);

#endif
