/*
 * problems.h - problem matchers in a step's output (SEMANTICS 4.11).
 *
 * A matcher's file and the place of what it finds are in the machine, and a question to the machine
 * cannot be asked while its output is taken in. So the line that asks makes the output wait: what
 * comes behind it is held, and handled when the answer is there.
 */
#ifndef RUN_PROBLEMS_H
#define RUN_PROBLEMS_H

#include "actc/matcher.h"
#include "actc/stream.h"
#include "job.h"

struct step;

enum problem_wait { WAIT_NOTHING, WAIT_ADD, WAIT_REMOVE, WAIT_ISSUE };

struct problems {
	struct match_stream *stream; /* NULL: no line was looked at yet */
	enum problem_wait waits;
	struct arena arena; /* of what waits */
	struct str line;    /* the line that asked */
	struct str path;    /* of a matcher's file */
	struct match issue;
	struct strbuf held; /* lines behind it: 'c' (goes on another) or ' ', the text, \n */
};

void problems_init(struct step *s);
void problems_release(struct step *s);

/* A line against the matchers; true when it was an issue, which is told of now or later. */
bool problems_line(struct step *s, struct str line);
/* How much of a text of whole lines is neither command nor issue: match_stream_pass. */
size_t problems_pass(struct step *s, struct str text);
/* add-matcher and remove-matcher; false with the runner's text. The answer may come later. */
bool problems_command(struct step *s, const struct command *c, struct str line, struct str *why);
/* Gets the answer that the output waits for, and acts on it. */
void problems_answer(struct step *s);

#endif
