/*
 * forecast.h - what a run would do, without running anything: which jobs, which legs, where, and
 * why the others would not.
 *
 * It assumes that every job that runs succeeds. What an `if` or a matrix reads from the outputs of
 * a job is not known before that job ends: such jobs are undecided.
 */
#ifndef ACTC_FORECAST_H
#define ACTC_FORECAST_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/run.h"

enum fate {
	FATE_RUNS,
	FATE_SKIPPED,
	FATE_UNDECIDED,
	FATE_NOT_REHEARSED, /* nothing here serves its labels */
	FATE_FAILS,         /* an expression cannot be evaluated */
};

struct forecast_job;

struct forecast_leg {
	struct str path; /* as events of a run have it: "test(2)" */
	struct str name;
	struct value matrix;             /* null without one */
	struct str labels;               /* runs-on, as text; empty for a call */
	struct str image;                /* empty: this machine, or nothing */
	struct str environment;          /* that it deploys to; or empty */
	const struct environment *rules; /* of it, when it is declared */
	enum fate fate;                  /* FATE_RUNS, FATE_NOT_REHEARSED, FATE_FAILS */
	struct str reason, hint;
	const struct workflow *calls; /* the called workflow, or NULL */
	size_t njobs;                 /* of it */
	const struct forecast_job *jobs;
};

struct forecast_job {
	const struct job_def *def;
	enum fate fate;
	struct str reason; /* empty when it runs and all is known */
	bool legs_known;   /* false: skipped, or the matrix comes from an output */
	size_t nlegs;
	const struct forecast_leg *legs;
};

struct forecast_workflow {
	const struct workflow *workflow;
	size_t njobs; /* the selected ones, in file order */
	const struct forecast_job *jobs;
};

struct forecast {
	size_t n; /* parallel to the request's workflows */
	const struct forecast_workflow *v;
};

/* The request needs no engine, run directory or bus. */
void forecast_make(struct arena *a, const struct run_request *request, struct forecast *out);

/* "runs", "skipped", "undecided", "not_rehearsed", "fails". */
const char *fate_word(enum fate fate);

#endif
