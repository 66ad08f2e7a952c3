/*
 * text.h - the text reporter's own state, shared with its summary (private to src/report).
 */
#ifndef ACTC_REPORT_TEXT_H
#define ACTC_REPORT_TEXT_H

#include "actc/report.h"
#include "live.h"
#include "output.h"
#include "paint.h"

/* Kept for the summary. */
struct note {
	const struct job_state *job;
	struct str step; /* name */
	struct str level;
	struct str message;
	struct str title;
	struct str file;
	int64_t line, col;
	struct note *next;
};

struct markdown {
	const struct job_state *job;
	struct str step;
	struct str text;
	struct markdown *next;
};

enum {
	MAX_NOTES = 200,
	MAX_SUMMARIES = 20, /* of a job, as on GitHub */
};

struct text_reporter {
	struct reporter base;
	struct text_options options;
	struct output out;
	struct output status;
	struct painter paint;  /* to out */
	struct painter remark; /* to status */
	struct live live;
	/* What the last line was written under: valid while nothing else was written. */
	struct job_state *shown_job;
	struct step_state *shown_step;
	bool began; /* something is written already */
	struct str event_name;
	struct note *notes, **notes_end;
	size_t nnotes;
	struct markdown *markdowns, **markdowns_end;
	struct host *contacted; /* contacted.c */
	size_t contacted_more;
	struct str unseen;
};

/* contacted.c: what a job contacted, and the line of it all. */
void text_contacted(struct text_reporter *t, const struct event *e);
void text_contacts(struct text_reporter *t);

/* What to call a job: its name, or its path where that says more. */
struct str text_label(const struct text_reporter *t, const struct job_state *job);
/* What a step is called in front of its lines: a script without a name by the id that `wait` and
 * `cancel` call it by. */
struct str text_step_label(struct text_reporter *t, const struct step_state *step, struct str id);
void text_newline(struct text_reporter *t);
/* The same, and blanks at the end of the line are taken off. */
void text_end_line(struct text_reporter *t);
/* Several jobs are live: headers would not tell whose line it is. */
bool text_is_crowded(const struct text_reporter *t);
/* "[job] ", or "[job › step] " while several steps of that job are live. */
void text_prefix(struct text_reporter *t, const struct job_state *job,
		 const struct step_state *step);
void text_job_header(struct text_reporter *t, struct job_state *job, struct str details);
/* Writes the job's header unless the last line was under it. */
void text_under_job(struct text_reporter *t, struct job_state *job);
size_t text_step_indent(const struct step_state *step);
void text_step_header(struct text_reporter *t, struct job_state *job, struct step_state *step);
/* Everything before the text of a line that belongs to a job or, with step, to that step. */
void text_begin_line(struct text_reporter *t, struct job_state *job, struct step_state *step);
/* All of it, to out. */
void text_summary(struct text_reporter *t, const struct event *finished);

#endif
