/*
 * schedule.h - the states of jobs and legs, and what moves them: counters, no layers (SEMANTICS 9).
 * It starts no process: it says which leg may start, and is told how legs ended.
 */
#ifndef RUN_SCHEDULE_H
#define RUN_SCHEDULE_H

#include "state.h"

/* Makes the scopes of the request's workflows; emits run.planned. */
void schedule_init(struct run *run, const struct run_request *request, struct arena *a);

/* Looks at every job whose needs have ended: skips, fails or makes legs. Returns the next leg that
 * may start now, given how many are running in the whole run, or NULL. */
struct leg_run *schedule_next(struct run *run, size_t running);

/* A leg ended: merges its outputs (NULL = none), ends its job with its last leg; fail-fast cancels
 * the job's other legs (run->cancel_leg for those that run). */
void schedule_ended(struct run *run, struct leg_run *leg, enum result result, struct str reason,
		    const struct vobject *outputs);

/* True when no job can change any more. */
bool schedule_done(const struct run *run);
/* When the run was cancelled: whether a job's `if` keeps it going. */
bool schedule_survives_cancel(struct run *run, struct job_run *job);
/* The run was cancelled: of each job that does not survive it, ends the legs that were not started
 * and cancels those that run. */
void schedule_cancel(struct run *run);
/* The run is to end at once: nothing starts any more. */
void schedule_stop(struct run *run);
/* 0, 1 or 5 (nothing was rehearsed). *counts: {"success": 2, …}. */
int schedule_exit_code(const struct run *run, struct vobject **counts, struct str *conclusion);

#endif
