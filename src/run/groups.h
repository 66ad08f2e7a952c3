/*
 * groups.h - concurrency groups (SEMANTICS 1.6, 9): one member runs, the others of its group wait.
 * Members are legs (a job's `concurrency`) and scopes (a file's). The runs of one repository share
 * its groups, whatever process they are in.
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
	GROUP_ENTERED,   /* it may run; group_leave() when it has ended */
	GROUP_WAITS,     /* ask again when something has ended, or after groups_update() */
	GROUP_DEADLOCK,  /* it waits for what waits for it */
	GROUP_DISPLACED, /* a newer one took its place: it is to be cancelled */
};

/* Asked as often as one likes. */
enum group_answer group_enter(struct run *run, struct group_member m,
			      const struct group_wish *wish);
void group_leave(struct run *run, struct group_member m);

/* The next member that is to be cancelled for a newer one, and its group; false: there is none. */
bool groups_cancelled(struct run *run, struct group_member *m, struct str *group);

/* Readable when something of another process may have changed; -1 = none. */
int groups_fd(const struct run *run);
void groups_update(struct run *run);
/* How often that is worth a look where nothing becomes readable; 0 = it does, or nobody waits. */
int groups_poll_ms(const struct run *run);
/* Whether a member waits, so that the run is not over although nothing runs. */
bool groups_waiting(const struct run *run);
/* The end of the run: its places are free. */
void groups_close(struct run *run);

#endif
