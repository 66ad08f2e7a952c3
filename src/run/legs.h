/*
 * legs.h - what a job evaluates before it runs: its `if`, its matrix, and each leg's keys.
 */
#ifndef RUN_LEGS_H
#define RUN_LEGS_H

#include "state.h"

/* The job's `if`, or success(). False when it cannot be evaluated: *why says where and why. */
bool job_wanted(struct run *run, struct job_run *job, bool *wanted, struct str *why);
/* For people: why a job whose `if` was false is skipped. */
struct str job_skip_reason(struct run *run, const struct job_run *job);
/* Evaluates the strategy and makes the legs; those that --matrix leaves out are not there. */
bool job_make_legs(struct run *run, struct job_run *job, struct str *why);

/* What to do about a leg that the engine cannot run. */
struct str leg_engine_hint(const struct leg_run *leg);

#endif
