/*
 * decode.h - a shorter way to decode the lines of logs (private to src/event).
 *
 * Nearly all records are lines of the same step, one after the other, and those that came at once
 * bear one time: they differ in the line. What lies before it is compared with the last one's as a
 * whole.
 */
#ifndef ACTC_EVENT_DECODE_H
#define ACTC_EVENT_DECODE_H

#include "actc/event.h"

struct log_form {
	struct strbuf head; /* of a record without seq, up to the line; empty = none is known */
	int64_t t_us;
	size_t job, job_len, step, step_len; /* offsets in it */
};

/* Remembers a log record without seq that event_decode() has read. */
void log_form_learn(struct log_form *f, struct str record, const struct event *e);
/* True when the record is a line of the form that was learnt; then *out is as event_decode() gives
 * it. False says nothing about the record. */
bool log_form_decode(const struct log_form *f, struct arena *a, struct str record,
		     struct event *out);

#endif
