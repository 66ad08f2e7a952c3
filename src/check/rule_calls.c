/*
 * rule_calls.c - jobs that call a workflow of this repository: the file is there, and takes what it
 * is given. GitHub refuses the run otherwise, so these are errors.
 */
#include "check.h"

#include "actc/calls.h"

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *t = check_get(job->map, "uses");
	struct str uses = check_literal(t);
	const struct known_call *call = call_of(c, uses);

	if (!call || t->bad || job->map->bad || str_chr(uses, '@', 0) != STR_NPOS) {
		return;
	}
	if (call->missing) {
		(void)diag_error(c->diags, t->at, "workflow-call",
				 "there is no workflow file \"%.*s\" in this repository",
				 STR_ARG(diag_quote(uses)));
	} else if (call->workflow && workflow_event(call->workflow, STR("workflow_call"))) {
		calls_check_interface(c->a, c->diags, job->def, call->workflow);
	} else if (call->workflow) {
		(void)diag_error(c->diags, t->at, "workflow-call",
				 "\"%.*s\" cannot be called: it is not started by workflow_call",
				 STR_ARG(diag_quote(uses)));
	}
}

const struct rule rule_calls = { NULL, check_job, NULL };
