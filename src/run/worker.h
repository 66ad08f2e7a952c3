/*
 * worker.h - one forked process per running leg: the supervisor's view of it, and its main.
 *
 * Pipes of a worker: `events` (masked NDJSON, one way up), `control` (a socket pair: commands of
 * one byte down, the result as one JSON line up), `noise` (its stderr, read as debug events). The
 * worker owns the channel to its machine; when the control socket is closed (the supervisor is
 * gone) it ends at once, and its machine with it.
 */
#ifndef RUN_WORKER_H
#define RUN_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "actc/strbuf.h"
#include "state.h"

/* Commands down the control socket. */
enum worker_command {
	WORKER_CANCEL = 'c',    /* SEMANTICS 4.4 */
	WORKER_INTERRUPT = 'i', /* the same by the user: SIGINT goes to the step's process group */
	WORKER_KILL = 'k',      /* at once: SIGKILL and removal */
};

enum { WORKER_FDS = 3 };

struct worker {
	struct leg_run *leg;
	pid_t pid;
	int control, events, noise; /* -1 = closed */
	struct strbuf record;       /* the part of an event line that has come */
	size_t room;                /* for how much of them is asked at once */
	struct strbuf reply;
	struct strbuf murmur;
	bool machine_up; /* its set-up is over: it can be cancelled politely */
	bool cancelled;
	bool lost;       /* its machine went away by itself: something of it may be left */
	struct str step; /* path of the step that is live, for "still running" */
	struct str step_name;
	struct strbuf step_text; /* holds the two */
};

/* Forks; the child never returns. False: no process could be made. */
bool worker_start(struct run *run, struct leg_run *leg, struct worker *w,
		  struct worker *const *others, size_t nothers);
void worker_send(struct worker *w, enum worker_command c);
/* SIGKILL, for a worker that does not answer. */
void worker_kill(struct worker *w);
/* Reads what is there on one of its descriptors; closes it at its end. */
void worker_read(struct run *run, struct worker *w, int fd);
/* All descriptors are at their end: says how the leg ended. w->pid stays when the process, which
 * has nothing left to do, is still to be waited for; the kernel takes a while to give back its
 * memory. */
bool worker_ended(const struct worker *w);
enum result worker_end(struct run *run, struct worker *w, struct str *reason,
		       const struct vobject **outputs);

/* The process itself (job.c): drives the leg to its end and returns the exit status. */
int worker_main(struct run *run, struct leg_run *leg, int control, int events);

#endif
