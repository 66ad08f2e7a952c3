/*
 * deploy.h - what an environment gives to the job that deploys to it: secrets, variables, env, and
 * where it is in the end.
 */
#ifndef RUN_DEPLOY_H
#define RUN_DEPLOY_H

#include "job.h"

/* Over the run's own secrets and vars. */
void deploy_contexts(struct job *job);
/* Over the workflow's and the job's env, and --env. */
void deploy_env(struct job *job);
/* Evaluates `environment.url`, or the job fails. Empty when it is not said, or holds a secret. */
struct str deploy_url(struct job *job);

#endif
