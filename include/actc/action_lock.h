/*
 * action_lock.h - .github/workflows/actions.lock: the commits that the actions of locked workflows
 * are pinned to, in GitHub's format (SEMANTICS 5.4; v0.0.2 and v0.0.3 are read, v0.0.3 is written).
 */
#ifndef ACTC_ACTION_LOCK_H
#define ACTC_ACTION_LOCK_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/str.h"

#define ACTION_LOCK_PATH ".github/workflows/actions.lock"

struct lock_keys {
	size_t n;
	const struct str *v; /* "owner/repo@ref", owner and repository in lower case */
};

struct lock_entry {
	struct str key;
	struct str ref;               /* that the commit was found by */
	struct str commit;            /* 40 hex digits */
	struct str owner_id, repo_id; /* GitHub's numbers; or empty: not known */
	struct lock_keys uses;        /* of composite actions */
};

struct lock_workflow {
	struct str path; /* ".github/workflows/ci.yml" */
	struct lock_keys uses;
};

struct action_lock {
	bool found; /* false: there is no such file */
	size_t nentries;
	const struct lock_entry *entries; /* ordered by key when written */
	size_t nworkflows;
	const struct lock_workflow *workflows;
};

/* Reads dir's lock file ("" = the current directory). What is wrong with it becomes diagnostics,
 * then the result is false; no file is no error. */
bool action_lock_read(struct arena *a, struct str dir, struct diags *diags,
		      struct action_lock *out);
/* The same of a registered source. */
bool action_lock_parse(struct arena *a, uint32_t file, struct diags *diags,
		       struct action_lock *out);
/* NULL when there is none. */
const struct lock_entry *action_lock_find(const struct action_lock *lock, struct str key);
/* NULL: the workflow is not locked. */
const struct lock_workflow *action_lock_workflow(const struct action_lock *lock, struct str path);

/* The text of the file, in the order of names. */
struct str action_lock_text(struct arena *a, const struct action_lock *lock);

#endif
