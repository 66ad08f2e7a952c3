/*
 * schema.h - what may stand where in a workflow file, as data: GitHub's next key is one row in
 * schema.c or schema_on.c. reader.c reads any YAML node against any of these.
 */
#ifndef ACTC_MODEL_SCHEMA_H
#define ACTC_MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/token.h"

/* What expressions in a place may name. A definition's scope adds to that of the one around it. */
enum {
	IN_GITHUB = 1 << 0,
	IN_INPUTS = 1 << 1,
	IN_VARS = 1 << 2,
	IN_NEEDS = 1 << 3,
	IN_STRATEGY = 1 << 4,
	IN_MATRIX = 1 << 5,
	IN_SECRETS = 1 << 6,
	IN_STEPS = 1 << 7,
	IN_JOB = 1 << 8,
	IN_RUNNER = 1 << 9,
	IN_ENV = 1 << 10,
	IN_JOBS = 1 << 11,
	FN_JOB_STATUS = 1 << 12,  /* always(0) cancelled(0) success(0..) failure(0..) */
	FN_STEP_STATUS = 1 << 13, /* the same, none with arguments */
	FN_HASH_FILES = 1 << 14,  /* hashFiles(1..255) */
};

enum schema_kind {
	SCHEMA_NULL,
	SCHEMA_BOOLEAN,
	SCHEMA_NUMBER,
	SCHEMA_STRING,
	SCHEMA_SEQUENCE,
	SCHEMA_MAPPING,
	SCHEMA_ONE_OF,
};

enum {
	PROP_REQUIRED = 1,
	/* Left out where an ambiguous mapping is told its choices, as GitHub does. */
	PROP_UNLISTED = 2,
};

struct schema;

struct schema_prop {
	const char *name; /* NULL ends the list */
	const struct schema *type;
	unsigned flags;
	const char *doc; /* a line for people */
};

struct schema {
	enum schema_kind kind;
	unsigned scope;
	const char *report;               /* kind of diagnostics about it; NULL = syntax-check */
	const char *const *kin;           /* mappings: keys that others like it have; with NULL or
					   * for other unknown keys `report` is not the kind */
	bool soft;                        /* where people check files, only a warning: GitHub's
					   * editors refuse it, its service runs the file */
	bool non_empty;                   /* strings */
	const char *const *words;         /* strings: only these; NULL = any text */
	const struct schema *item;        /* sequences */
	const struct schema_prop *props;  /* mappings; NULL = none */
	const struct schema *loose_key;   /* mappings: other keys; NULL = no others */
	const struct schema *loose_value; /* mappings */
	const struct schema *const *of;   /* one of these; ends with NULL */
};

#define SCHEMA_OF(...)           ((const struct schema *const[]){ __VA_ARGS__, NULL })
#define SCHEMA_WORDS(...)        ((const char *const[]){ __VA_ARGS__, NULL })
#define SCHEMA_PROPS(...)        ((const struct schema_prop[]){ __VA_ARGS__, { NULL, NULL, 0, NULL } })
#define SCHEMA_LOOSE(key, value) .loose_key = &(key), .loose_value = &(value)

/* Rows of SCHEMA_PROPS: a key that may be there, and one that must. The last argument is its doc.
 */
#define OPT(name, type, ...)                     \
	{                                        \
		name, &(type), 0, "" __VA_ARGS__ \
	}
#define REQ(name, type, ...)                                 \
	{                                                    \
		name, &(type), PROP_REQUIRED, "" __VA_ARGS__ \
	}

extern const struct schema schema_any;
extern const struct schema schema_null;
extern const struct schema schema_boolean;
extern const struct schema schema_number;
extern const struct schema schema_string;
extern const struct schema schema_non_empty;
extern const struct schema schema_non_empties; /* a sequence of them */
extern const struct schema schema_one_or_more; /* one non-empty string or a sequence of them */

extern const struct schema schema_on;         /* the value of `on` */
extern const struct schema schema_bare_event; /* one that takes no options, and ignores them */
bool schema_event_is_bare(struct str name);
extern const struct schema schema_workflow; /* a whole file */
extern const struct schema schema_job_if;   /* for conditions: their scopes */
extern const struct schema schema_step_if;
extern const struct schema schema_snapshot_if;

enum { SCHEMA_MAX_MAPPINGS = 8 };

/* The definition itself, or those a one-of leads to, that are of this kind; at most max. */
size_t schema_pick(const struct schema *s, enum schema_kind kind, const struct schema **out,
		   size_t max);
/* Whether a literal token fits one of the scalar definitions as it is. */
bool schema_accepts(const struct schema *s, const struct tok *literal);
const struct schema_prop *schema_prop(const struct schema *mapping, struct str name);

#endif
