/*
 * outside.h - how a job reaches what is not on this machine: proxies, authorities of certificates,
 * and hosts that are answered for by a stand-in (serve.h).
 */
#ifndef RUN_OUTSIDE_H
#define RUN_OUTSIDE_H

#include "job.h"

/* It reaches nothing: by --egress, or by the rules of its environment. */
bool outside_closed(const struct job *job);
/* With the machine: listens for stand-ins and for a proxy of this machine, writes the bundle. */
bool outside_open(struct job *job, struct str *why);
/* Adds what the job has not set itself. */
void outside_env(struct job *job, struct arena *a, struct vobject *env);

#endif
