/*
 * table.h - the fields of each event kind, as data (private to src/event).
 */
#ifndef ACTC_EVENT_TABLE_H
#define ACTC_EVENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/event.h"

enum field_type {
	FIELD_TEXT, /* struct str, masked */
	FIELD_WORD, /* struct str, a fixed word or an id: not masked */
	FIELD_INT,  /* int64_t */
	FIELD_BOOL,
	FIELD_VALUE, /* struct value; its strings and keys are masked */
};

struct event_field {
	struct str name;
	enum field_type type;
	bool required;     /* written even when it is empty or none */
	int none;          /* FIELD_INT: what an absent field means */
	size_t offset;     /* in struct event */
	const char *words; /* FIELD_WORD: what it may be, blank-separated; NULL = anything */
	const char *about;
};

/* What an event belongs to: which of `job` and `step` its records always have. */
enum event_scope { SCOPE_RUN, SCOPE_JOB, SCOPE_STEP };

struct event_type {
	struct str name;
	enum event_scope scope;
	size_t n;
	const struct event_field *fields;
	const char *about;
};

const struct event_type *event_type(enum event_kind kind);
/* EVENT_KINDS when there is no such kind. */
enum event_kind event_kind_of(struct str name);

#endif
