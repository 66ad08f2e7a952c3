/*
 * state.h - the state of a run: scopes of jobs, jobs of legs (DESIGN decisions 6 and 7).
 *
 * A scope is one started or called file with its own jobs, inputs and secrets; a calling leg has
 * a scope as its body and ends when its last job does; counters, needs and status functions
 * are per scope. Lives in the supervisor; a worker sees its leg, its job and its scope as they were
 * at the fork.
 */
#ifndef RUN_STATE_H
#define RUN_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/run.h"
#include "contexts.h"

enum result {
	RESULT_NONE,
	RESULT_SUCCESS,
	RESULT_FAILURE,
	RESULT_CANCELLED,
	RESULT_SKIPPED,
	RESULT_NOT_REHEARSED,
};

/* "success", "failure", …, "not_rehearsed". */
struct str result_word(enum result r);
enum result result_from_word(struct str word);

struct worker;
struct gate;
struct group;
struct group_wish;
struct turns;

/* One instance of a job: a matrix leg, or the only one. */
struct leg_run {
	struct job_run *job;
	size_t index;
	size_t total; /* legs of the job, those that --matrix leaves out included */
	struct leg leg;
	struct str path;   /* of events: "build", "test(3)" */
	struct str name;   /* for people */
	struct str labels; /* runs-on as text */
	struct label_match placement;
	struct str container;         /* image of the job's own container; empty = none */
	const struct workflow *calls; /* of a job that calls a reusable workflow */
	struct scope *body;           /* once it was called */
	bool continue_on_error;
	double timeout_s;                /* of the job */
	double cancel_timeout_s;         /* SEMANTICS 4.4 */
	struct str environment;          /* that it deploys to; or empty */
	const struct environment *rules; /* of it, when it is declared */
	struct str url;                  /* of it, once the job has ended */
	bool started;                    /* it has a worker or a body, or has ended without */
	const struct group_wish *group;  /* of the job's concurrency, once evaluated */
	enum result result;              /* RESULT_NONE while it has not ended */
	bool continued;                  /* failed, but continue-on-error */
	struct worker *worker;           /* while it runs */
	long long started_ms;
};

struct job_run {
	const struct job_def *def;
	struct scope *scope;
	bool selected;   /* asked for, or needed by one that was */
	size_t waiting;  /* needs that have not ended */
	bool considered; /* `if` was looked at, legs made */
	size_t nlegs;
	struct leg_run *legs;
	size_t left; /* legs that were not started */
	size_t running;
	size_t ended;
	bool fail_fast;
	double max_parallel; /* 0 = no limit */
	enum result result;  /* as needs.X.result shows it; RESULT_NONE = not ended */
	bool withheld;       /* nobody approved it, or something that it needs */
	bool failed_hard;    /* a leg failed without continue-on-error: the run fails */
	struct vobject *outputs;
};

struct scope {
	const struct run_workflow *workflow; /* this file, and its inputs */
	const struct run_workflow *root;     /* the file that was started */
	struct leg_run *caller;              /* NULL: this is the file that was started */
	struct str
		path_prefix; /* of job paths: "", "ci.yml:" when several files run, "deploy(2)/" */
	struct str name_prefix; /* of names: "", "deploy (eu) / " */
	struct value secrets;
	const struct group_wish *group; /* of the file's concurrency, once evaluated */
	bool entered;                   /* its jobs may run */
	struct str broken;              /* why none of them can; or empty */
	bool cancelled; /* as a whole, with its calling leg; see scope_cancelled() */
	bool barred;    /* it was cancelled before its turn came: nothing of it runs */
	size_t outputs; /* of a started file: of all jobs that have ended, in bytes of UTF-16 */
	size_t njobs;
	struct job_run *jobs; /* parallel to the workflow's */
	struct scope *next;
};

struct run {
	struct arena *arena;
	const struct run_request *request;
	struct scope *scopes; /* the started files first; called ones follow as they are called */
	struct value vars;
	struct group *groups;
	struct turns *turns; /* the queues of concurrency groups, once there is one */
	struct gate *gates;
	struct services *services; /* what actions expect of GitHub; NULL = none */
	int agent;                 /* of engine_agent_program(), from the second job on */
	/* Set by the supervisor: asks the worker of a running leg to cancel it. */
	void (*cancel_leg)(void *ctx, struct leg_run *leg);
	void *ctx;
	bool cancelled;    /* by signal or timeout */
	bool stopped;      /* at once: nothing more starts, whatever its `if` */
	int cancel_signal; /* 0 = by timeout */
};

/* True when the run, the scope, or one above it is cancelled. */
bool scope_cancelled(const struct run *run, const struct scope *scope);

/* The contexts a job's own keys may use before it runs: github, needs, inputs, vars, strategy,
 * matrix. With a leg also strategy and matrix. Status functions look at the job's ancestors. */
void job_contexts(struct run *run, struct job_run *job, const struct leg_run *leg,
		  struct contexts *out);
/* What the others see of a job's result: one that was not rehearsed counts as --unserved says. */
enum result result_shown(const struct run *run, const struct job_run *job);
/* needs.<id> as job sees it. */
struct value needs_context(struct run *run, const struct job_run *job);

#endif
