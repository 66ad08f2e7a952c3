/*
 * reads.h - static facts about what a job reads, from its expressions.
 */
#ifndef ACTC_READS_H
#define ACTC_READS_H

#include <stdbool.h>

#include "actc/workflow.h"

/* True when any expression of the job may read needs.<need>.outputs: such a job cannot be rehearsed
 * when that need was not. `needs.x.result`, and chains that end in `*` (needs.*.result), do not
 * count. */
bool job_reads_outputs(const struct job_def *job, struct str need);

/* Calls back for each chain of names in any expression of the job, or of the file beside its jobs;
 * `at` is the value that holds the expression. */
typedef void job_name_fn(void *ctx, struct span at, struct str root, const struct str *path,
			 size_t n);
void job_visit_names(const struct job_def *job, job_name_fn *fn, void *ctx);
void workflow_visit_names(const struct workflow *w, job_name_fn *fn, void *ctx);
/* The same of a file that `caller` calls: with the outputs and the defaults of inputs that count.
 */
void called_visit_names(const struct workflow *w, const struct job_def *caller, job_name_fn *fn,
			void *ctx);

#endif
