/* calls_check.h - what a call of a reusable workflow has to fulfil. */
#ifndef ACTC_PLAN_CALLS_CHECK_H
#define ACTC_PLAN_CALLS_CHECK_H

#include "actc/calls.h"
#include "actc/permissions.h"

/* What a job may do: its own word, else what it inherits. */
struct permission_set job_permissions(const struct job_def *job, struct permission_set inherited);
/* The same for a file's jobs. */
struct permission_set workflow_permissions(const struct workflow *w,
					   struct permission_set inherited);

struct call_check {
	const struct job_def *job;
	const struct workflow *to;
	struct str shown; /* the called file in messages */
	struct permission_set allowed;
	const struct call_rules *rules;
	bool trusted; /* a file of the own organization */
};

/* Nothing in the called file asks for more than the caller has. */
void call_check_permissions(struct diags *diags, const struct call_check *c);

#endif
