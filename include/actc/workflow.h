/*
 * workflow.h - the typed model of one workflow file (SEMANTICS 1). Const after model_load(): what
 * happens in a run is kept elsewhere. Fields that stay to be evaluated are tokens (NULL = not
 * given).
 */
#ifndef ACTC_WORKFLOW_H
#define ACTC_WORKFLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/expr.h"
#include "actc/source.h"
#include "actc/str.h"
#include "actc/token.h"
#include "actc/yaml.h"

struct spanned {
	struct str s;
	struct span at;
};

struct spanned_list {
	size_t n;
	const struct spanned *v;
};

enum input_type { INPUT_STRING, INPUT_BOOLEAN, INPUT_NUMBER, INPUT_CHOICE, INPUT_ENVIRONMENT };

struct input_def { /* workflow_dispatch and workflow_call inputs */
	struct spanned id;
	struct str description;
	enum input_type type;
	bool required;
	const struct tok *fallback; /* `default` */
	struct spanned_list options;
};

struct secret_def { /* workflow_call secrets */
	struct spanned id;
	bool required;
};

struct output_def { /* workflow_call outputs */
	struct spanned id;
	const struct tok *value;
};

struct cron {
	struct spanned spec;
	struct str timezone; /* empty = UTC */
};

struct event_filter {
	struct spanned event; /* "push", … */
	struct spanned_list types;
	struct spanned_list branches, branches_ignore;
	struct spanned_list tags, tags_ignore;
	struct spanned_list paths, paths_ignore;
	struct spanned_list workflows;       /* workflow_run */
	struct spanned_list names, versions; /* image_version */
	size_t ncrons;
	const struct cron *crons;
	size_t ninputs;
	const struct input_def *inputs; /* workflow_dispatch, workflow_call */
	size_t nsecrets;
	const struct secret_def *secrets;
	size_t noutputs;
	const struct output_def *outputs;
};

struct run_defaults {
	const struct tok *shell;
	const struct tok *working_directory;
	bool given; /* a job's defaults.run replaces the workflow's whole (SEMANTICS 4.6) */
};

struct concurrency {
	const struct tok
		*group; /* NULL = none; may be an expression that gives the whole mapping */
	const struct tok *cancel_in_progress;
	bool queue_max;
	struct span at;
};

struct permission {
	struct spanned scope;
	struct str level;
};

/* Scopes and levels as written; `all` is "read-all"/"write-all" or empty. */
struct permissions {
	bool given;
	struct str all;
	size_t n;
	const struct permission *v;
};

enum step_kind { STEP_RUN, STEP_USES, STEP_WAIT, STEP_WAIT_ALL, STEP_CANCEL, STEP_PARALLEL };

struct step_def {
	enum step_kind kind;
	struct span at;
	struct str
		id; /* as written, or generated: "__run", "__actions_checkout_2" (SEMANTICS 1.2) */
	bool explicit_id;
	const struct tok *name;
	const struct expr *cond; /* implicit success() already added */
	struct spanned cond_text;
	const struct tok *env;
	const struct tok *continue_on_error;
	const struct tok *timeout_minutes;
	bool background;
	/* run */
	const struct tok *run;
	const struct tok *shell;
	const struct tok *working_directory;
	/* uses */
	struct spanned uses;
	const struct tok *with;
	/* wait, cancel */
	struct spanned_list targets;
	/* parallel */
	size_t nsteps;
	const struct step_def *steps;
};

struct container_def {
	const struct tok *image; /* the whole value when given as a string */
	const struct tok *env;
	const struct tok *ports;
	const struct tok *volumes;
	const struct tok *options;
	const struct tok *username, *password;
	const struct tok *entrypoint, *command;
	struct span at;
};

struct job_def {
	struct spanned id;
	size_t index; /* position in the file */
	const struct tok *name;
	struct spanned_list needs; /* ids in the letter case of the job they name */
	const size_t *need_index;  /* parallel to needs: indices into workflow.jobs */
	const struct expr *cond;
	struct spanned cond_text;
	const struct tok *env;
	const struct tok *outputs;
	const struct tok *continue_on_error;
	const struct tok *timeout_minutes;
	const struct tok *cancel_timeout_minutes;
	/* strategy */
	const struct tok *strategy; /* the whole value when it is one expression or has expression
				     * keys; then evaluate it and read the three from the result */
	const struct tok *matrix;
	const struct tok *fail_fast;
	const struct tok *max_parallel;
	struct permissions permissions;
	struct concurrency concurrency;
	struct str cache_mode; /* empty = not given */
	/* a regular job */
	const struct tok *runs_on;          /* string, sequence, or mapping with group and labels */
	const struct tok *environment_name; /* the whole value when it is no mapping */
	const struct tok *environment_url, *environment_deployment;
	const struct tok *snapshot; /* the whole value */
	struct run_defaults defaults;
	const struct tok *container; /* the whole value: string, mapping or expression */
	const struct tok *services;
	size_t nsteps;
	const struct step_def *steps;
	/* a job that calls a reusable workflow */
	struct spanned uses; /* empty = a regular job */
	const struct tok *with;
	const struct tok *secrets;
	bool secrets_inherit;
};

struct workflow {
	uint32_t file;   /* in sources */
	struct str path; /* relative to the repository root */
	struct str name; /* `name`, or the path */
	const struct tok *run_name;
	size_t nevents;
	const struct event_filter *events;
	const struct tok *env;
	struct run_defaults defaults;
	struct permissions permissions;
	struct concurrency concurrency;
	struct str cache_mode; /* empty = not given */
	size_t njobs;
	const struct job_def *jobs; /* file order */
	const struct tok *tokens;   /* the whole file, as read */
};

/* Reads and checks one registered source. NULL when it has errors (warnings may come with a model).
 */
const struct workflow *workflow_load(struct arena *a, uint32_t file, struct diags *diags);
/* The same, also given when it has errors, without the parts that are wrong: for those who check
 * and do not run. NULL when nothing of it could be read. */
const struct workflow *workflow_read(struct arena *a, uint32_t file, struct diags *diags);
/* The same as GitHub's service does it: a file that does not fit the schema is not looked into any
 * further, and what is wrong comes in GitHub's order. */
const struct workflow *workflow_load_staged(struct arena *a, uint32_t file,
					    const struct yaml_limits *limits, struct diags *diags);
/* NULL when there is none. Ids and event names: jobs ignore case, events do not. */
const struct job_def *workflow_job(const struct workflow *w, struct str id);
const struct event_filter *workflow_event(const struct workflow *w, struct str event);

#endif
