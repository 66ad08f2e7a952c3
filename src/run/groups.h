/*
 * groups.h - concurrency groups (SEMANTICS 1.6, 9): one member runs, the others of its group wait.
 * Members are legs (a job's `concurrency`) and scopes (a file's). Groups live as long as the run.
 */
#ifndef RUN_GROUPS_H
#define RUN_GROUPS_H

#include "state.h"

/* What a key says, evaluated; an empty name is no group. */
struct group_wish {
	struct str name;
	bool cancel_in_progress;
	bool queue_max;
};

/* False with *why (placed) for what GitHub refuses: an empty name, more than 400 characters. */
bool group_wish(struct run *run, const struct concurrency *c, const struct expr_env *env,
		struct group_wish *out, struct str *why);

/* One of the two. */
struct group_member {
	struct leg_run *leg;
	struct scope *scope;
};

enum group_answer {
	GROUP_ENTERED,  /* it may run; group_leave() when it has ended */
	GROUP_WAITS,    /* ask again when something has ended */
	GROUP_DEADLOCK, /* it waits for what waits for it */
};

/* Asked as often as one likes. *cancel: a running member that is to be cancelled; *displaced: a
 * waiting one whose place it took. Both are empty when there is none. */
enum group_answer group_enter(struct run *run, struct group_member m, const struct group_wish *wish,
			      struct group_member *cancel, struct group_member *displaced);
void group_leave(struct run *run, struct group_member m);

#endif
