/*
 * live.h - what the text reporter knows of jobs and steps (private to src/report).
 */
#ifndef ACTC_REPORT_LIVE_H
#define ACTC_REPORT_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/strbuf.h"

enum { TAIL_LINES = 20 };

/* The last lines of a step, each cut to a bearable length. */
struct tail {
	size_t n; /* lines ever added */
	struct strbuf lines[TAIL_LINES];
	struct tail *next; /* while it is free */
};

struct step_state {
	struct str path;
	struct str name;
	struct str label; /* in front of lines that stand among others' */
	bool shown;       /* its header has been written */
	bool quiet;       /* no header before it has something to say */
	int groups;       /* open ones */
	struct tail *tail;
	struct step_state *next;
};

struct job_state {
	struct str path;
	struct str name;
	bool live;
	bool shown;
	bool ended;
	bool parallel;            /* several steps are live that do not contain each other */
	struct step_state *steps; /* the live ones, newest first */
	/* for the summary */
	struct str conclusion; /* empty while it runs */
	struct str reason;
	struct str hint;
	struct str url; /* of the environment that it deployed to */
	bool continued;
	unsigned summaries; /* of its steps */
	int64_t duration_ms;
	struct str failed_path; /* of the first step that failed; empty: none has */
	struct str failed_step;
	struct str failed_why;
	struct tail *failed_tail;
	struct job_state *next;
};

struct live {
	struct arena arena;
	struct job_state *jobs; /* in the order in which they came */
	struct job_state **end;
	size_t njobs; /* live ones */
	struct tail *free_tails;
	struct job_state *last; /* found last */
};

void live_init(struct live *l);
void live_release(struct live *l);
/* Found or made. */
struct job_state *live_job(struct live *l, struct str path);
struct step_state *live_step(struct live *l, struct job_state *job, struct str path);
/* A step that has ended well: what failed in it is not why its job does. */
void live_forgive(struct live *l, struct job_state *job, const struct step_state *step);
/* The step that contains this one, or NULL. */
struct step_state *step_parent(const struct job_state *job, const struct step_state *step);
/* 0 for a job's own steps, 1 for steps inside those, ... */
size_t step_depth(const struct step_state *step);
void live_start_job(struct live *l, struct job_state *job);
/* Its steps end with it. */
void live_end_job(struct live *l, struct job_state *job);
/* The step is gone afterwards; keep_tail moves its last lines to the job. */
void live_end_step(struct live *l, struct job_state *job, struct step_state *step, bool keep_tail);
void tail_add(struct tail *t, struct str line);

#endif
