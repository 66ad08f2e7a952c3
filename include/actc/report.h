/*
 * report.h - the reporters: how a run looks. They know only events.
 *
 * Output is buffered: it is written at 64 KiB, when a step or job ends, and by flush (which the bus
 * calls before every wait). SIGPIPE must be ignored: a reader that goes away is a failed write.
 */
#ifndef ACTC_REPORT_H
#define ACTC_REPORT_H

#include <stdbool.h>

#include "actc/event.h"

struct text_options {
	int fd;             /* log and summary */
	int status_fd;      /* progress and notes; -1 = none */
	bool colour;        /* of our own and, on a terminal, of the log */
	bool terminal;      /* escape codes of the log are passed on only to a terminal */
	bool ascii;         /* no marks beyond ASCII: see report_wants_ascii */
	bool verbose;       /* debug events too */
	bool quiet;         /* no step output, only results and what failed */
	struct str content; /* options that say what was rehearsed, for a command to run it again */
};

/* Each is freed by its finish(). */
struct reporter *report_text(const struct text_options *options);
/* The NDJSON records as they are. What a person is asked is written to `ask_fd`, too (-1 = no). */
struct reporter *report_json(int fd, int ask_fd);
/* The run directory's events.ndjson: at most about `limit` bytes (0 = all), the middle of a larger
 * log left out with a note. Nothing is removed from what other reporters show. */
struct reporter *report_file(const char *path, size_t limit);
/* From LC_ALL, LC_CTYPE or LANG, and TERM: is the user's terminal one that may not show UTF-8? */
bool report_wants_ascii(void);

#endif
