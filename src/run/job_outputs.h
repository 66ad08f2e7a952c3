/* job_outputs.h - what a job gives to those that need it. */
#ifndef RUN_JOB_OUTPUTS_H
#define RUN_JOB_OUTPUTS_H

#include "job.h"

/* Strings that are not empty, without those that hold a secret, which are said in the log of step
 * `path`. One that cannot be evaluated fails the job. */
struct vobject *job_outputs(struct job *job, struct str path);
/* In bytes of UTF-16, as GitHub's service counts. */
size_t outputs_size(const struct vobject *outputs);

#endif
