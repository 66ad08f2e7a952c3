/*
 * artifacts.h - GITHUB_ARTIFACTS and GITHUB_ARTIFACTS_LIST: what a job's steps declare to have made
 * (SEMANTICS 4.8). As on a runner of one's own it is off unless ACTIONS_RUNNER_ALLOW_ARTIFACTS_FILE
 * is true in act-c's environment: the files are there, but nobody looks at them.
 */
#ifndef RUN_ARTIFACTS_H
#define RUN_ARTIFACTS_H

#include "job.h"

struct step;

bool artifacts_enabled(void);
/* What earlier steps declared, as JSON. */
struct str artifacts_list(struct job *job, struct arena *a);
/* Takes over what a step declared; false with the runner's text, and then nothing was taken but
 * what stood before a line that contradicts an earlier one. */
bool artifacts_apply(struct step *s, struct str content, struct str *why);

#endif
