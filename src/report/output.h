/*
 * output.h - a buffered way to a file descriptor (private to src/report).
 */
#ifndef ACTC_REPORT_OUTPUT_H
#define ACTC_REPORT_OUTPUT_H

#include <stdbool.h>

#include "actc/strbuf.h"

struct output {
	int fd;
	int error; /* errno of the first write that failed; nothing is written after it */
	struct strbuf pending;
};

void output_init(struct output *o, int fd);
void output_release(struct output *o);
/* Writes when enough has been gathered. Both return false once a write has failed. */
bool output_settle(struct output *o);
bool output_flush(struct output *o);
/* Appends a text, which is not copied when there is enough to be written. */
bool output_put(struct output *o, struct str s);

#endif
