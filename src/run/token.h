/* token.h - what a job's GITHUB_TOKEN may do: decided here for id-token, and shown. */
#ifndef RUN_TOKEN_H
#define RUN_TOKEN_H

#include "actc/permissions.h"
#include "job.h"

/* The word of the job, else of its file, else of what calls it; else GitHub's usual default. */
struct permission_set token_permissions(const struct leg_run *leg);
bool token_may_identify(const struct leg_run *leg);
/* In the log of the job's set-up, as GitHub's runner does. */
void token_show(struct job *job);

#endif
