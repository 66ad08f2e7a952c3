/*
 * matcher.h - problem matchers: lines of output that are errors, warnings and notices
 * (SEMANTICS 4.11).
 *
 * A job has one list of them, which commands of any step change; each step's output has a state of
 * its own over it. Their patterns need PCRE2, which is loaded with the first file.
 */
#ifndef ACTC_MATCHER_H
#define ACTC_MATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"

struct matchers;

struct matchers *matchers_new(void);
void matchers_free(struct matchers *m);
/* Loads PCRE2. False with the reason when it is not there: no matcher can be added then. */
bool matchers_ready(struct matchers *m, struct arena *a, struct str *why);
/* What a file holds: its matchers come first from now on, each in place of one with the same owner.
 * *owners names them for a message ("'a', 'b'"; empty: the file has none). False, with nothing
 * changed and the runner's text in *why, when the file is wrong or PCRE2 is missing. */
bool matchers_add(struct matchers *m, struct arena *a, struct str json, struct str *owners,
		  struct str *why);
/* Those of an owner, or all that a file names; *owners: the ones that were there. */
void matchers_remove(struct matchers *m, struct arena *a, struct str owner, struct str *owners);
bool matchers_remove_file(struct matchers *m, struct arena *a, struct str json, struct str *owners,
			  struct str *why);

/* What a line was found to say. Strings are valid until the next line. */
struct match {
	struct str level;   /* "error" "warning" "notice" */
	struct str message; /* not blank */
	struct str code;
	struct str file;      /* as printed */
	struct str from_path; /* what a relative file is relative to, as printed */
	int64_t line, col;    /* 0 = none */
	/* A matcher that spent too much time on the line, and looks at no further one of this
	 * output; or empty. */
	struct str removed;
};

/* The output of one step. */
struct match_stream;

struct match_stream *match_stream_open(struct matchers *m);
void match_stream_close(struct match_stream *s);
/* Whether any matcher listens. */
bool match_stream_listens(const struct match_stream *s);
/* True when the line is an issue; `removed` may be set either way. The line is valid UTF-8. */
bool match_stream_line(struct match_stream *s, struct str line, struct match *out);
/* How many bytes of a text of whole lines (valid UTF-8, each with \n behind it) are lines that are
 * neither issues nor commands (see command_possible): up to the first that may be one. They count
 * as looked at. NULL: nothing listens. */
size_t match_stream_pass(struct match_stream *s, struct str text);

#endif
