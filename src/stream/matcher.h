/*
 * matcher.h - one problem matcher as its file describes it (private to src/stream).
 */
#ifndef STREAM_MATCHER_H
#define STREAM_MATCHER_H

#include "actc/matcher.h"
#include "regex.h"

enum match_field {
	MATCH_FILE,
	MATCH_LINE,
	MATCH_COLUMN,
	MATCH_SEVERITY,
	MATCH_CODE,
	MATCH_MESSAGE,
	MATCH_FROM_PATH,
	MATCH_FIELDS,
};

enum { NO_GROUP = -1 };

struct match_pattern {
	struct regex *regex;
	int groups[MATCH_FIELDS]; /* NO_GROUP = not set */
	bool loop;
};

/* Counted: a step's output may still use one that the job's list has lost. */
struct match_config {
	unsigned users;
	struct arena arena; /* its strings */
	struct str owner, severity, from_path;
	size_t n;
	struct match_pattern *patterns;
};

void match_config_drop(struct match_config *c);

/* The matchers of a file, each with one user; none when the file is wrong. */
struct match_file {
	size_t n;
	struct match_config **v;
};

bool match_file_read(struct arena *a, struct regex_library *lib, struct str json,
		     struct match_file *out, struct str *why);
/* Only the owners that a file names, unchecked. */
bool match_file_owners(struct arena *a, struct str json, struct str **owners, size_t *n,
		       struct str *why);

#endif
