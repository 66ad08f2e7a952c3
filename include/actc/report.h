/*
 * report.h - the reporters: how a run looks. They know only events.
 */
#ifndef ACTC_REPORT_H
#define ACTC_REPORT_H

#include <stdbool.h>

#include "actc/event.h"

struct text_options {
	int fd;        /* log and summary */
	int status_fd; /* progress and notes; -1 = none */
	bool colour;
	bool terminal; /* escape codes of the log are passed on only to a terminal */
	bool verbose;  /* debug events too */
	bool quiet;    /* no step output, only results and what failed */
};

/* Each is freed by its finish(). */
struct reporter *report_text(const struct text_options *options);
/* The NDJSON records as they are. */
struct reporter *report_json(int fd);
/* The run directory's events.ndjson: at most `limit` bytes, the middle of a larger log left out
 * with a note. Nothing is removed from what other reporters show. */
struct reporter *report_file(const char *path, size_t limit);

#endif
