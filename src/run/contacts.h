/* contacts.h - which hosts a job contacted. */
#ifndef RUN_CONTACTS_H
#define RUN_CONTACTS_H

#include "job.h"

/* With the machine. */
void contacts_begin(struct job *job);
/* Before it ends: tells of them. */
void contacts_end(struct job *job);

#endif
