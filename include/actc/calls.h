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
#include "actc/yaml.h"

enum {
	CALLS_MAX_DEPTH = 9,    /* levels of called files below the one that is started */
	CALLS_MAX_FILES = 51,   /* distinct files of one run, with the one that is started */
	CALLS_MAX_JOBS = 10000, /* of all files, each counted for each call; act-c's own limit */
};

/* What GitHub's service lets be set, and how its own reader goes about it. */
struct call_rules {
	size_t max_depth;
	size_t max_jobs;
	bool limited_read; /* jobs may read contents and packages where no file says more */
	bool staged;       /* stop at the first call that is wrong (workflow_load_staged) */
	const struct yaml_limits *limits; /* of each file; with staged */
};

extern const struct call_rules call_rules_default;

/* A file of another repository: what names it, and where its repository is on this machine. */
struct call_source {
	struct str repository; /* "octo/lib" */
	struct str path;       /* in it: ".github/workflows/build.yml" */
	struct str ref;        /* as written */
	struct str full_ref;   /* "refs/tags/v1"; or as written */
	struct str commit;     /* empty: a directory stands for the repository, as it is */
	struct str dir;
};

struct call_places {
	struct str
		root; /* of the repository; "./" and "$/" of a local file are below it; "" = here */
	/* Brings a repository here: full_ref, commit and dir; false with *why. `workflow` is the
	 * file that was started. NULL: files of other repositories are refused. */
	bool (*fetch)(void *ctx, struct arena *a, struct str workflow, struct call_source *source,
		      struct str *why);
	void *ctx;
	/* Not empty: every file is below this directory, by the reference as it is written. */
	struct str refs;
};

struct calls;

/*
 * Reads every file that the jobs of these workflows call, and what those call. What is wrong
 * becomes a diagnostic: a missing file, one without workflow_call, inputs and secrets that are
 * required or unknown, permissions beyond the caller's, loops, too many levels, files or jobs.
 * rules == NULL: the default ones. False when there was any error.
 */
bool calls_load(struct arena *a, const struct workflow *const *roots, size_t n,
		const struct call_places *places, const struct call_rules *rules,
		struct diags *diags, struct calls **out);

/* workflow_call is there, and the job's `with` and `secrets` fit what it declares. */
void calls_check_interface(struct arena *a, struct diags *diags, const struct job_def *job,
			   const struct workflow *to);

/* The workflow that a job calls; NULL = it was not loaded. */
const struct workflow *calls_find(const struct calls *c, const struct job_def *job);
/* Where a called workflow is from; NULL = of the own repository. */
const struct call_source *calls_source(const struct calls *c, const struct workflow *w);

#endif
