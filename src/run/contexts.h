/*
 * contexts.h - the contexts of expressions (SEMANTICS 3), as the evaluator asks for them by name.
 */
#ifndef RUN_CONTEXTS_H
#define RUN_CONTEXTS_H

#include "actc/expr.h"
#include "actc/run.h"
#include "actc/value.h"

struct job_run;
struct leg_run;

/* One set of named values; a null value is an unavailable or empty context. */
struct contexts {
	struct value github;
	struct value env;
	struct value vars;
	struct value job;
	struct value steps;
	struct value runner;
	struct value secrets;
	struct value strategy;
	struct value matrix;
	struct value needs;
	struct value inputs;
	struct value jobs; /* only for the outputs of a called workflow */
	/* Who answers success() and its kin, and hashFiles; set by the owner. */
	void *owner;
	bool (*status)(void *owner, enum expr_status which, const struct str *args, size_t n);
	bool (*hash_files)(void *owner, const struct str *patterns, size_t n, struct str *out,
			   struct str *why);
	void (*trace)(void *owner, struct str line); /* NULL: nobody wants to know */
};

/* An evaluator's view of them; c must outlive it. */
struct expr_env contexts_env(struct contexts *c);

/* The github context as the server has it: no paths, no action (SEMANTICS 3). `workflow` is the
 * file that was started, also in the jobs of those it calls; `job` is empty outside of jobs' own
 * steps. */
struct vobject *github_context(struct arena *a, const struct run_request *run,
			       const struct run_workflow *workflow, struct str job);
struct value vars_context(struct arena *a, const struct settings *vars);
struct value secrets_context(struct arena *a, const struct settings *secrets);
/* strategy for a leg, or the defaults 0/1/1 without a matrix. */
struct value strategy_context(struct arena *a, bool fail_fast, size_t index, size_t total,
			      double max_parallel);

#endif
