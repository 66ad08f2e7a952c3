/*
 * rundir.h - a run's directory, its lock, and the identity of this act-c home (DESIGN decision 10).
 *
 * $XDG_STATE_HOME/act-c (or ~/.local/state/act-c) holds `home` (a random id, made once) and runs/ID
 * per run: `lock` (held with flock while the run lives), `events.ndjson` (masked), and `tmp/`,
 * which is removed when the run ends. The last 20 ended runs are kept. IDs sort by time (UTC):
 * 20261128-101530-004711-4f2a, with the microseconds.
 *
 * The lock is shared with every forked process (so a run lives as long as one of its workers) and
 * not with programs that are started. A run that ended without rundir_close() still has its `tmp`,
 * and one that could not take away what it made has a `left-NAME` for it: rundir_leftovers() tells.
 */
#ifndef ACTC_RUNDIR_H
#define ACTC_RUNDIR_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

/* How many are kept when it is pruned, and how many are there before it is: that waits for the
 * disk. */
enum { RUNS_KEPT = 20, RUNS_MOST = 30 };

struct rundir {
	struct str state;   /* $XDG_STATE_HOME/act-c */
	struct str home_id; /* 32 hex digits */
	struct str run_id;
	struct str path; /* state/runs/run_id */
	struct str tmp;  /* path/tmp, mode 0700 */
	int lock_fd;     /* -1 = none */
};

/* Makes the directory and takes the lock. */
bool rundir_open(struct arena *a, struct rundir *d, struct err *err);
/* The end of the run, for the process that opened it: removes tmp and drops the lock. */
void rundir_close(struct rundir *d);
/* Only the state directory and the home id (for `clean` and sweeps): run_id and path are empty. */
bool rundir_home(struct arena *a, struct rundir *d, struct err *err);
/* True when that run of this home is alive: its directory is there and its lock is taken. */
bool rundir_alive(const struct rundir *d, struct str run_id);
/* Of runs that ended or go on. Reads only d->state. */
size_t rundir_count(const struct rundir *d);
/* Removes ended run directories (all but `keep` newest); returns how many. Reads only d->state. */
int rundir_prune(const struct rundir *d, int keep);

/* Notes in the run's directory that something of that name is being made at an engine; undone once
 * it is known to be gone. Names are those of containers. */
void rundir_mark(const struct rundir *d, const char *name);
void rundir_unmark(const struct rundir *d, const char *name);
/* Whether such a note is there for this run. */
bool rundir_marked(const struct rundir *d);
/* Whether an ended run may have left something at an engine, so that a sweep is worth its time. */
bool rundir_leftovers(const struct rundir *d);
/* After a sweep: the ended runs of now have left nothing in their directories, and at an engine
 * nothing whose name begins so ("" = nothing at all; NULL = who swept makes nothing there, and
 * others have still to look). */
void rundir_swept(const struct rundir *d, const char *names);

#endif
