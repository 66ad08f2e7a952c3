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

enum { MAX_NOTES = 200 };

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
};

/* What to call a job: its name, or its path where that says more. */
struct str text_label(const struct text_reporter *t, const struct job_state *job);
void text_newline(struct text_reporter *t);
/* The same, and blanks at the end of the line are taken off. */
void text_end_line(struct text_reporter *t);
/* All of it, to out. */
void text_summary(struct text_reporter *t, const struct event *finished);

#endif
