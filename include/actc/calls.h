/*
 * calls.h - the reusable workflows that jobs call: found, read and checked before a run (SEMANTICS
 * 8).
 */
#ifndef ACTC_CALLS_H
#define ACTC_CALLS_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/str.h"
#include "actc/workflow.h"

enum {
	CALLS_MAX_DEPTH = 10, /* levels in total, the started file included */
	CALLS_MAX_FILES = 50, /* distinct called files of one run */
};

/* --local-repository OWNER/REPO[@REF]=DIR: such a repository is read from there. */
struct local_repository {
	struct str name; /* "owner/repo" or "owner/repo@ref" */
	struct str dir;
};

struct call_places {
	struct str
		root; /* of the repository; "./" and "$/" of a local file are below it; "" = here */
	size_t n;
	const struct local_repository *v;
};

struct calls;

/*
 * Reads every file that the jobs of these workflows call, and what those call. What is wrong
 * becomes a diagnostic: a missing file, one without workflow_call, inputs and secrets that are
 * required or unknown, loops, too many levels or files. False when there was any error.
 */
bool calls_load(struct arena *a, const struct workflow *const *roots, size_t n,
		const struct call_places *places, struct diags *diags, struct calls **out);

/* The workflow that a job calls; NULL = it was not loaded. */
const struct workflow *calls_find(const struct calls *c, const struct job_def *job);

#endif
