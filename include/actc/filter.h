/*
 * filter.h - whether a workflow that listens to an event is started by this one: `types`,
 * `branches`, `tags`, `paths` and their -ignore forms, and commits that ask to be skipped
 * (SEMANTICS 1.4).
 *
 * Pure: what happened (the ref, the action, the changed files) comes from the caller.
 */
#ifndef ACTC_FILTER_H
#define ACTC_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/str.h"
#include "actc/workflow.h"

enum { FILTER_MAX_FILES = 300 }; /* GitHub looks at no more of a diff */

struct changed_files {
	bool known;     /* false: path filters are passed, as on GitHub when it has no diff */
	struct str why; /* known: "since <commit>"; else why not */
	size_t n;
	const struct str *v; /* paths from the repository's root */
};

struct filter_event {
	struct str event;
	struct str action;   /* of the payload; empty = none */
	struct str ref;      /* push: the full ref; else the short name of the branch that counts */
	struct str workflow; /* workflow_run: whose run; empty = not known */
	struct str cron;     /* schedule: which one; empty = not known */
	struct str message;  /* of the head commit */
	const struct changed_files *changes;
};

struct filter_verdict {
	bool runs;
	struct str filter;  /* "branches", "paths-ignore", "types", "message"; empty when it runs */
	struct str pattern; /* the one that decided, or empty */
	struct str reason;  /* for people: which pattern against which ref */
	struct span at;     /* the pattern or the filter; NO_SPAN for a commit's message */
};

void filter_check(struct arena *a, const struct event_filter *f, const struct filter_event *e,
		  struct filter_verdict *out);
/* Whether the changed files can matter. */
bool filter_reads_changes(const struct event_filter *f, const struct filter_event *e);
/* Reports the patterns that GitHub refuses, with the kind "glob"; false when there is one. */
bool filter_patterns_valid(const struct event_filter *f, struct diags *diags);
/* The action that `types`, or without them the event's default, takes; it may be empty. */
bool filter_takes_action(const struct event_filter *f, struct str action);

#endif
