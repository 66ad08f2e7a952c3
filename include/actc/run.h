/*
 * run.h - running selected workflows: the supervisor schedules jobs, one forked worker drives each.
 *
 * Everything in the request is decided before (which files, which event, which image a label means)
 * and stays unchanged while the run lives; workers inherit it by fork.
 */
#ifndef ACTC_RUN_H
#define ACTC_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/action_store.h"
#include "actc/arena.h"
#include "actc/calls.h"
#include "actc/engine.h"
#include "actc/environment.h"
#include "actc/event.h"
#include "actc/matrix.h"
#include "actc/node_store.h"
#include "actc/payload.h"
#include "actc/plan.h"
#include "actc/repo.h"
#include "actc/rundir.h"
#include "actc/source.h"
#include "actc/value.h"
#include "actc/workflow.h"

/* 10 GB for each repository, as GitHub has it. */
#define RUN_CACHE_LIMIT ((uint64_t)10 << 30)

struct stand_in;

struct run_workflow {
	const struct workflow *workflow;
	struct value inputs;  /* the `inputs` context; null when the event has none */
	struct value payload; /* github.event, dispatch inputs filled in */
	const bool *selected; /* parallel to workflow->jobs; NULL = all */
};

/* What was said beforehand about environments that want an approval. */
struct approvals {
	bool all, none; /* none: what is not named is rejected */
	size_t n;
	const struct str *v;
	bool can_ask; /* a person at the terminal answers on standard input */
};

/* What a job that nothing here can run is to the others. */
enum unserved {
	UNSERVED_ASSUME, /* it worked; those that read its outputs are not rehearsed either */
	UNSERVED_SKIP,   /* it was skipped */
	UNSERVED_FAIL,   /* it failed, and so does the run */
};

struct run_request {
	struct sources *sources;
	size_t nworkflows;
	const struct run_workflow *workflows;
	const struct event_facts *event;
	const struct repo_facts *repo;
	const struct snapshot *snapshot;
	const struct settings *secrets;
	const struct settings *vars;
	const struct settings *env;
	const struct matrix_filter *matrix;
	size_t nmatrix;
	const struct label_images *images;
	const struct calls *calls;      /* what jobs with `uses` call */
	const struct action_lock *lock; /* of the own repository */
	struct action_store *actions;   /* where the repositories of actions come from */
	struct str tool_cache;          /* --tool-cache: a directory here; or empty */
	struct node_spec node;          /* what runs JavaScript actions; .path "image": its own */
	const struct engine *engine;    /* for jobs that are not placed on the host */
	struct machine_spec
		machine; /* network, pull, bind, … the job's part is filled in per job */
	struct rundir *rundir;
	struct event_bus *bus;
	struct masker *masker; /* holds the run's secrets */
	size_t nnotes; /* lines for people: files that filters exclude, which engine was taken, …
			*/
	const struct str *notes;
	size_t nstand_ins; /* hosts that are answered for */
	const struct stand_in *stand_ins;
	const struct settings *outside_env; /* http_proxy and its kin, for every process */
	struct str ca_bundle; /* certificates of authorities for the jobs, PEM; or empty */
	uint64_t cache_limit; /* bytes of a repository's caches; 0 = as at GitHub */
	size_t max_jobs;      /* at once, ≥ 1 */
	double timeout_s;     /* of the whole run; 0 = none */
	bool dry_run;
	bool remote_checkout; /* actions/checkout itself runs, also for the own repository */
	const struct environments *environments; /* NULL = none are declared */
	struct approvals approvals;
	enum unserved unserved;
};

/* The contexts before any job, by name: of the request only event (NULL: no github), vars, secrets
 * and env are read. */
struct vobject *run_contexts(struct arena *a, const struct run_request *run,
			     const struct run_workflow *workflow);

/* Exit status as the command line documents it: 0, 1, 5, 124, 130, 143. */
int run_execute(const struct run_request *request);

#endif
