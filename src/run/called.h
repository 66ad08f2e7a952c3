/* called.h - a job of a called workflow says in its set-up log what that is. */
#ifndef RUN_CALLED_H
#define RUN_CALLED_H

#include "job.h"

/* Nothing for a job of the workflow that was started: its name is told anyway. */
void called_show(struct job *job);

#endif
