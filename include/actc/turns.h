/*
 * turns.h - queues that several processes of a user share: one member of a queue runs, the others
 * wait for their turn, in the order of their arrival.
 *
 * A queue is a directory, a member a file in it (its ticket), which its process and whatever it
 * forked hold locked. So a member that died in any way is gone: its lock is free, and the kernel
 * tells the others that the file was closed. Nobody polls where the system can watch a directory.
 *
 *     wait.NUMBER  run.NUMBER   a member, which holds the lock; its content names its process
 *     gone.NUMBER               one that waited and whose place was taken
 *     stop.NUMBER               asks the member that runs to make room
 *
 * Without a directory the queues are of this process alone.
 */
#ifndef ACTC_TURNS_H
#define ACTC_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct turns;

struct turn_wish {
	struct str queue;
	size_t room;       /* how many may wait; the oldest of more loses its place */
	bool stop_running; /* asks the one that runs to make room */
};

enum ticket_state { TICKET_WAITS, TICKET_RUNS, TICKET_LOST };

struct turn {
	struct turns *all;
	struct str queue;
	uint64_t number;
	enum ticket_state state;
	bool stop;      /* somebody wants its place */
	struct str who; /* while it waits for another process: what that says of itself */
	int fd;         /* of the ticket; -1 = it is known here only */
	struct turn *next;
};

/* `dir` (or empty: none) is made when it is first needed; `name` is what others are told. */
struct turns *turns_new(struct arena *a, struct str dir, struct str name);
void turns_free(struct turns *t);
/* Readable when something of another process may have changed: turns_update() then. -1: it has to
 * be called now and then (TURNS_POLL_MS). */
enum { TURNS_POLL_MS = 200 };
int turns_fd(const struct turns *t);
/* Looks at every member of this process again. */
void turns_update(struct turns *t);

/* A new member, the last of its queue. When the directory cannot be used, it is a member in this
 * process all the same, and err says why. */
struct turn *turn_take(struct turns *t, const struct turn_wish *wish, struct err *err);
/* It has ended, waits no more, or has lost its place. */
void turn_leave(struct turn *turn);
/* Whether any member of this process waits. */
bool turns_waiting(const struct turns *t);

#endif
