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

#endif
