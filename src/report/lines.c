/*
 * lines.c - whose line it is: the headers, prefixes and indents that tell jobs and steps apart.
 *
 * text.c says what happened; this file only knows what was written last and so what has to be
 * written before a line for it to be understood.
 */
#include "text.h"

enum { PREFIX_NAME_MAX = 32 };

static bool name_is_shared(const struct text_reporter *t, const struct job_state *job)
{
	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		if (j != job && str_eq(j->name, job->name)) {
			return true;
		}
	}
	return false;
}

struct str text_label(const struct text_reporter *t, const struct job_state *job)
{
	bool nested = str_chr(job->path, '/', 0) != STR_NPOS;

	if (job->name.len == 0 || (nested && str_find(job->name, STR(" / "), 0) == STR_NPOS) ||
	    name_is_shared(t, job)) {
		return job->path;
	}
	return job->name;
}

struct str text_step_label(struct text_reporter *t, const struct step_state *step, struct str id)
{
	bool unnamed = str_starts(step->name, STR("Run "));

	return id.len && unnamed ? arena_str(&t->live.arena, id) : step->name;
}

bool text_is_crowded(const struct text_reporter *t)
{
	return t->live.njobs > 1;
}

void text_newline(struct text_reporter *t)
{
	strbuf_addc(&t->out.pending, '\n');
	t->began = true;
}

void text_end_line(struct text_reporter *t)
{
	struct strbuf *b = &t->out.pending;

	while (b->len && b->p[b->len - 1] == ' ') {
		b->len--;
	}
	text_newline(t);
}

/* "[job] " or "[job › step] ". */
void text_prefix(struct text_reporter *t, const struct job_state *job,
		 const struct step_state *step)
{
	struct strbuf name = STRBUF_INIT(0);
	struct painter p = t->paint;

	t->shown_job = NULL;
	t->shown_step = NULL;
	p.out = &name;
	p.sgr = false;
	strbuf_addc(&name, '[');
	paint_text(&p, text_label(t, job));
	if (step && job->parallel) {
		paint_arrow(&p);
		paint_clipped(&p, step->label.len ? step->label : step->name, PREFIX_NAME_MAX);
	}
	strbuf_addc(&name, ']');
	paint_styled(&t->paint, STYLE_CYAN, strbuf_str(&name));
	strbuf_addc(&t->out.pending, ' ');
	strbuf_release(&name);
}

void text_job_header(struct text_reporter *t, struct job_state *job, struct str details)
{
	if (t->began) {
		strbuf_addc(&t->out.pending, '\n');
	}
	paint_styled(&t->paint, STYLE_BOLD, text_label(t, job));
	if (job->shown) {
		paint_styled(&t->paint, STYLE_DIM, STR(" (continued)"));
	} else if (details.len) {
		paint_indent(&t->paint, 2);
		paint_styled(&t->paint, STYLE_DIM, details);
	}
	text_end_line(t);
	job->shown = true;
	t->shown_job = job;
	t->shown_step = NULL;
}

void text_under_job(struct text_reporter *t, struct job_state *job)
{
	if (t->shown_job != job) {
		text_job_header(t, job, STR_EMPTY);
	}
}

size_t text_step_indent(const struct step_state *step)
{
	return 2 + 2 * step_depth(step);
}

void text_step_header(struct text_reporter *t, struct job_state *job, struct step_state *step)
{
	if (text_is_crowded(t)) {
		text_prefix(t, job, NULL);
	} else {
		text_under_job(t, job);
		paint_indent(&t->paint, text_step_indent(step));
	}
	paint_mark(&t->paint, MARK_START);
	strbuf_addc(&t->out.pending, ' ');
	paint_text(&t->paint, step->name);
	if (step->shown) {
		paint_styled(&t->paint, STYLE_DIM, STR(" (continued)"));
	}
	text_end_line(t);
	step->shown = true;
	t->shown_step = text_is_crowded(t) ? NULL : step;
}

/* Everything before the text of a line that belongs to a job or, with step, to that step. */
void text_begin_line(struct text_reporter *t, struct job_state *job, struct step_state *step)
{
	if (text_is_crowded(t) || (step && job->parallel)) {
		text_prefix(t, job, step);
		return;
	}
	text_under_job(t, job);
	if (step && t->shown_step != step) {
		text_step_header(t, job, step);
	}
	paint_indent(&t->paint, step ? text_step_indent(step) + 2 : 2);
	if (step && t->options.colour) {
		paint_indent(&t->paint, step->groups ? 2 : 0);
	}
}
