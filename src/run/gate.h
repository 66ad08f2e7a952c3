/*
 * gate.h - what stands between a leg and the environment that it deploys to: branch rules and
 * approvals (issue 7, protection rules of environments). A gate is asked once for all legs of a job
 * that deploy to the same environment.
 */
#ifndef RUN_GATE_H
#define RUN_GATE_H

#include "state.h"

enum gate_answer {
	GATE_OPEN,
	GATE_WAITS,    /* for a person: ask again after gate_answered() */
	GATE_REJECTED, /* the job fails */
	GATE_WITHHELD, /* nobody was there to approve: not rehearsed */
};

/* Evaluates `environment` of a leg and finds its rules. */
bool gate_read(struct run *run, struct leg_run *leg, const struct expr_env *env,
	       struct eval_error *e);
/* Asked as often as one likes, before the leg starts; *why says what is not open. */
enum gate_answer gate_ask(struct run *run, struct leg_run *leg, struct str *why);

/* That the event's ref may not deploy there. */
struct str gate_ref_refused(struct run *run, const struct leg_run *leg);

/* Whether a question is open, whose answer is the next line of standard input. */
bool gate_is_asking(struct run *run);
/* A line that a person typed; an empty one, or the end of the input, is a no. */
void gate_answered(struct run *run, struct str line);

/* A value of the run with what the environment adds or replaces. */
struct value gate_overlay(struct arena *a, struct value base, const struct settings *own);

#endif
