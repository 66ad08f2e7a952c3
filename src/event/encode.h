/*
 * encode.h - the pieces of a record that blocks of lines are made of too (private to src/event).
 */
#ifndef ACTC_EVENT_ENCODE_H
#define ACTC_EVENT_ENCODE_H

#include "actc/event.h"

/* A JSON string, with its quotes. */
void encode_string(struct strbuf *out, struct str s);
/* A log record of e's time, job and step, up to the line. Valid until the next call. */
struct str encode_head(struct log_head *h, const struct event *e);

#endif
