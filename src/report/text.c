/*
 * text.c - a run as people read it, while it happens.
 *
 * While one step of one job is live, its lines stream under the job's and the step's header. When
 * several are, each line says whose it is. Nothing is held back to group it, so after a change
 * between the two a header is written again ("continued"). The end of it all is summary.c.
 */
#include "text.h"

enum { STEP_NAME_MAX = 100 }; /* code points */

#include <stdlib.h>

#include "actc/err.h"

/* --- jobs --------------------------------------------------------------------------------------
 */

static struct job_state *job_of(struct text_reporter *t, const struct event *e, struct str name)
{
	struct job_state *job = live_job(&t->live, e->job);

	if (name.len && !str_eq(job->name, name)) {
		job->name = arena_str(&t->live.arena, name);
	}
	return job;
}

static void on_job_started(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, e->u.job_started.name);
	struct str image = e->u.job_started.image;
	struct str details = image.len ? image : e->u.job_started.engine;

	live_start_job(&t->live, job);
	if (t->options.quiet) {
		return;
	}
	if (!text_is_crowded(t)) {
		text_job_header(t, job, details);
		return;
	}
	text_prefix(t, job, NULL);
	strbuf_adds(&t->out.pending, STR("started  "));
	paint_styled(&t->paint, STYLE_DIM, details);
	text_end_line(t);
	job->shown = true;
}

/* "✓ build  1.3s  reason", for a job that has come to its end. */
static void job_result(struct text_reporter *t, const struct job_state *job, bool timed)
{
	const char *before_reason = "  ";

	paint_mark(&t->paint, mark_of(job->conclusion));
	strbuf_addc(&t->out.pending, ' ');
	paint_styled(&t->paint, STYLE_BOLD, text_label(t, job));
	if (timed) {
		paint_indent(&t->paint, 2);
		paint_duration(&t->paint, job->duration_ms);
	}
	if (str_eq(job->conclusion, STR("skipped")) || str_eq(job->conclusion, STR("cancelled")) ||
	    str_eq(job->conclusion, STR("not_rehearsed"))) {
		paint_indent(&t->paint, 2);
		paint_words(&t->paint, job->conclusion);
		before_reason = ": ";
	}
	if (job->reason.len) {
		strbuf_adds(&t->out.pending, str_of(before_reason));
		paint_text(&t->paint, job->reason);
	}
	if (job->continued) {
		strbuf_adds(&t->out.pending, STR("  (continue-on-error)"));
	}
	text_end_line(t);
	t->shown_job = NULL;
	t->shown_step = NULL;
}

static void end_job(struct text_reporter *t, struct job_state *job, struct str conclusion,
		    struct str reason)
{
	job->conclusion = arena_str(&t->live.arena, conclusion);
	job->reason = arena_str(&t->live.arena, reason);
	live_end_job(&t->live, job);
}

static void on_job_finished(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, e->u.job_finished.name);
	bool timed = job->live;

	end_job(t, job, e->u.job_finished.conclusion, e->u.job_finished.reason);
	job->duration_ms = e->u.job_finished.duration_ms;
	job->continued = e->u.job_finished.continued;
	job->url = arena_str(&t->live.arena, e->u.job_finished.url);
	job_result(t, job, timed);
}

static void on_job_skipped(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, e->u.job_skipped.name);

	end_job(t, job, STR("skipped"), e->u.job_skipped.reason);
	job_result(t, job, false);
}

static void on_job_not_rehearsed(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, e->u.job_not_rehearsed.name);

	end_job(t, job, STR("not_rehearsed"), e->u.job_not_rehearsed.reason);
	job->hint = arena_str(&t->live.arena, e->u.job_not_rehearsed.hint);
	job_result(t, job, false);
}

/* --- steps -------------------------------------------------------------------------------------
 */

static struct step_state *step_of(struct text_reporter *t, struct job_state *job,
				  const struct event *e)
{
	return e->step.len ? live_step(&t->live, job, e->step) : NULL;
}

/* A script without a name is called by its first line, which may be a whole program. */
static struct str shown_name(struct text_reporter *t, struct str name)
{
	struct strbuf clipped = STRBUF_INIT(0);
	struct painter p = t->paint;

	p.out = &clipped;
	p.sgr = false;
	paint_clipped(&p, name, STEP_NAME_MAX);
	name = arena_str(&t->live.arena, strbuf_str(&clipped));
	strbuf_release(&clipped);
	return name;
}

static void on_step_started(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct str phase = e->u.step_started.phase;

	if (e->step.len == 0) {
		return;
	}

	struct step_state *step = live_step(&t->live, job, e->step);

	step->name = shown_name(t, e->u.step_started.name);
	step->label = text_step_label(t, step, e->u.step_started.id);
	step->quiet = str_eq(phase, STR("setup")) || str_eq(phase, STR("complete"));
	if (!step->quiet && !t->options.quiet) {
		text_step_header(t, job, step);
	}
}

/* "Error: ", in colour, or "##[error]". */
static void annotation_mark(struct text_reporter *t, struct str level)
{
	bool error = str_eq(level, STR("error"));
	bool warning = str_eq(level, STR("warning"));

	if (!t->options.colour) {
		paint_printf(&t->paint, "##[%.*s]", STR_ARG(level));
	} else if (error) {
		paint_styled(&t->paint, STYLE_RED, STR("Error: "));
	} else if (warning) {
		paint_styled(&t->paint, STYLE_YELLOW, STR("Warning: "));
	} else {
		paint_styled(&t->paint, STYLE_CYAN, STR("Notice: "));
	}
}

/* An error that is no annotation any more (a step makes at most ten) stands in the log as GitHub's
 * log has it; returns what is behind the mark. */
static struct str logged_mark(struct text_reporter *t, struct str line)
{
	static const struct str levels[] = { STR_INIT("error"), STR_INIT("warning"),
					     STR_INIT("notice") };
	size_t end = str_starts(line, STR("##[")) ? str_chr(line, ']', 0) : STR_NPOS;

	for (size_t i = 0; t->options.colour && end != STR_NPOS && i < 3; i++) {
		if (str_eq(str_slice(line, 3, end), levels[i])) {
			annotation_mark(t, levels[i]);
			return str_slice(line, end + 1, line.len);
		}
	}
	return line;
}

static void one_line(struct text_reporter *t, const struct event *e, struct str line)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);

	if (step) {
		tail_add(step->tail, line);
	}
	if (!t->options.quiet) {
		text_begin_line(t, job, step);
		paint_text(&t->paint, logged_mark(t, line));
		/* Blanks that a step prints are its own; those of an empty line are ours. */
		(line.len ? text_newline : text_end_line)(t);
	}
}

/* --- many lines at once ------------------------------------------------------------------------
 */

/* The last lines of a text, for the step's tail; those before only count. */
static void tail_block(struct tail *t, const struct log_block *b)
{
	struct str text = b->text;
	size_t keep = b->n < TAIL_LINES ? b->n : TAIL_LINES;
	size_t at = text.len;
	struct str line;

	for (size_t n = 0; n < keep; n++) {
		at--;
		while (at > 0 && text.p[at - 1] != '\n') {
			at--;
		}
	}
	t->n += b->n - keep;
	text = str_slice(text, at, text.len);
	while (log_block_line(&text, &line)) {
		tail_add(t, line);
	}
}

/* Lines that are written as they are, each behind the same indent; without one where it is empty,
 * as text_end_line() does. */
static void plain_lines(struct text_reporter *t, struct str text, struct str indent, size_t n)
{
	struct strbuf *out = &t->out.pending;
	size_t bare = indent.len;

	while (bare > 0 && indent.p[bare - 1] == ' ') {
		bare--;
	}
	(void)strbuf_grow(out, text.len + n * indent.len);

	char *to = out->p + out->len;

	while (text.len) {
		size_t len = str_chr(text, '\n', 0) + 1;
		size_t before = len == 1 ? bare : indent.len;

		memcpy(to, indent.p, before);
		memcpy(to + before, text.p, len);
		to += before + len;
		text = str_slice(text, len, text.len);
	}
	out->len = (size_t)(to - out->p);
	out->p[out->len] = '\0';
}

static void block_line(struct text_reporter *t, struct job_state *job, struct step_state *step,
		       struct str line)
{
	text_begin_line(t, job, step);
	paint_text(&t->paint, logged_mark(t, line));
	(line.len ? text_newline : text_end_line)(t);
}

/* Every line under the same header with the same indent: what nearly all of a long log is. The
 * first one may get the header; what then stands before the second stands before all. */
static void simple_block(struct text_reporter *t, const struct log_block *b, struct job_state *job,
			 struct step_state *step)
{
	struct str rest = b->text, line;

	bool marks = t->options.colour && str_find(b->text, STR("##["), 0) != STR_NPOS;

	if (b->plain && !marks && log_block_line(&rest, &line)) {
		struct strbuf indent = STRBUF_INIT(0);
		size_t at;

		block_line(t, job, step, line);
		at = t->out.pending.len;
		text_begin_line(t, job, step);
		strbuf_adds(&indent,
			    str_slice(strbuf_str(&t->out.pending), at, t->out.pending.len));
		t->out.pending.len = at;
		plain_lines(t, rest, strbuf_str(&indent), b->n - 1);
		strbuf_release(&indent);
		return;
	}
	while (log_block_line(&rest, &line)) {
		block_line(t, job, step, line);
	}
}

static bool text_block(struct reporter *r, const struct log_block *b)
{
	struct text_reporter *t = (struct text_reporter *)r;
	struct job_state *job = job_of(t, &b->e, STR_EMPTY);
	struct step_state *step = step_of(t, job, &b->e);

	if (step) {
		tail_block(step->tail, b);
	}
	if (!t->options.quiet) {
		simple_block(t, b, job, step);
	}

	bool ok = output_settle(&t->out);

	r->error = t->out.error;
	return ok;
}

static void on_step_log(struct text_reporter *t, const struct event *e)
{
	one_line(t, e, e->u.step_log.line);
}

static void on_group(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);

	if (t->options.quiet) {
		return;
	}
	text_begin_line(t, job, step);
	if (t->options.colour) {
		paint_mark(&t->paint, MARK_GROUP);
		strbuf_addc(&t->out.pending, ' ');
		paint_styled(&t->paint, STYLE_CYAN, e->u.step_group.title);
	} else {
		strbuf_adds(&t->out.pending, STR("##[group]"));
		paint_text(&t->paint, e->u.step_group.title);
	}
	text_end_line(t);
	if (step) {
		step->groups = 1;
	}
}

static void on_endgroup(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);

	if (step) {
		step->groups = 0;
	}
	if (!t->options.quiet && !t->options.colour) {
		text_begin_line(t, job, step);
		strbuf_adds(&t->out.pending, STR("##[endgroup]"));
		text_end_line(t);
	}
}

static void keep_note(struct text_reporter *t, const struct event *e, const struct job_state *job,
		      struct str step)
{
	struct arena *a = &t->live.arena;

	if (++t->nnotes > MAX_NOTES) {
		return;
	}

	struct note *n = arena_new(a, struct note);

	n->job = job;
	n->step = step;
	n->level = arena_str(a, e->u.step_annotation.level);
	n->message = arena_str(a, e->u.step_annotation.message);
	n->title = arena_str(a, e->u.step_annotation.title);
	n->file = arena_str(a, e->u.step_annotation.file);
	n->line = e->u.step_annotation.line;
	n->col = e->u.step_annotation.col;
	*t->notes_end = n;
	t->notes_end = &n->next;
}

static void on_annotation(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);
	struct str rest = e->u.step_annotation.log.len ? e->u.step_annotation.log
						       : e->u.step_annotation.message;

	keep_note(t, e, job, step ? step->name : STR_EMPTY);
	for (bool first = true; rest.p && !t->options.quiet; first = false) {
		text_begin_line(t, job, step);
		if (first) {
			annotation_mark(t, e->u.step_annotation.level);
		}
		paint_text(&t->paint, str_cut(&rest, '\n'));
		text_end_line(t);
	}
}

static void on_summary(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);
	struct markdown *m;

	if (++job->summaries > MAX_SUMMARIES) {
		return;
	}
	m = arena_new(&t->live.arena, struct markdown);
	m->job = job;
	m->step = step ? step->name : STR_EMPTY;
	m->text = arena_str(&t->live.arena, e->u.step_summary.markdown);
	*t->markdowns_end = m;
	t->markdowns_end = &m->next;
}

/* "exit code 2", or the reason. */
static struct str step_why(struct arena *a, const struct event *e)
{
	if (e->u.step_finished.reason.len) {
		return arena_str(a, e->u.step_finished.reason);
	}
	if (e->u.step_finished.exit_code > 0) {
		return arena_printf(a, "exit code %lld", (long long)e->u.step_finished.exit_code);
	}
	return STR_EMPTY;
}

static void step_result(struct text_reporter *t, struct job_state *job, struct step_state *step,
			const struct event *e, struct str why)
{
	struct str outcome = e->u.step_finished.outcome;
	bool skipped = str_eq(e->u.step_finished.conclusion, STR("skipped"));

	if (text_is_crowded(t)) {
		text_prefix(t, job, NULL);
	} else {
		text_under_job(t, job);
		paint_indent(&t->paint, text_step_indent(step));
	}
	paint_mark(&t->paint, mark_of(outcome));
	strbuf_addc(&t->out.pending, ' ');
	paint_text(&t->paint, step->name);
	paint_indent(&t->paint, 2);
	if (skipped || str_eq(outcome, STR("cancelled"))) {
		paint_styled(&t->paint, STYLE_DIM, outcome);
	} else {
		paint_duration(&t->paint, e->u.step_finished.duration_ms);
	}
	if (why.len) {
		strbuf_adds(&t->out.pending, skipped ? STR(": ") : STR("  "));
		paint_text(&t->paint, why);
	}
	if (str_eq(outcome, STR("failure")) &&
	    str_eq(e->u.step_finished.conclusion, STR("success"))) {
		strbuf_adds(&t->out.pending, STR("  (continue-on-error)"));
	}
	text_end_line(t);
}

static void on_step_finished(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, STR_EMPTY);
	struct step_state *step = step_of(t, job, e);

	if (!step) {
		return;
	}

	struct arena *a = &t->live.arena;
	struct str why = step_why(a, e);
	bool failed = str_eq(e->u.step_finished.conclusion, STR("failure"));
	bool ok = str_eq(e->u.step_finished.conclusion, STR("success"));

	if (e->u.step_finished.name.len) {
		step->name = shown_name(t, e->u.step_finished.name);
	}
	/* What happens before and after a job's steps is worth a line when it took or told
	 * something.
	 */
	if (!t->options.quiet &&
	    !(step->quiet && ok && !step->shown && str_eq(step->path, STR("complete")))) {
		step_result(t, job, step, e, why);
	}
	if (ok) {
		live_forgive(&t->live, job, step);
	}
	if (failed && job->failed_path.len == 0) {
		job->failed_path = arena_str(a, step->path);
		job->failed_step = step->name;
		job->failed_why = why;
	}

	struct step_state *parent = step_parent(job, step);

	if (t->shown_step == step) {
		t->shown_step = parent && parent->shown ? parent : NULL;
	}
	live_end_step(&t->live, job, step, failed);
}

/* --- the run -----------------------------------------------------------------------------------
 */

static void on_run_started(struct text_reporter *t, const struct event *e)
{
	t->event_name = arena_str(&t->live.arena, e->u.run_started.event);
	if (t->options.quiet) {
		return;
	}
	paint_styled(&t->paint, STYLE_BOLD, e->u.run_started.event);
	if (e->u.run_started.repository.len) {
		strbuf_adds(&t->out.pending, STR(" on "));
		paint_text(&t->paint, e->u.run_started.repository);
	}
	if (e->u.run_started.ref.len) {
		strbuf_adds(&t->out.pending, STR(", "));
		paint_text(&t->paint, e->u.run_started.ref);
	}
	if (e->u.run_started.sha.len) {
		strbuf_adds(&t->out.pending, STR(" at "));
		paint_text(&t->paint, str_slice(e->u.run_started.sha, 0, 8));
	}
	if (e->u.run_started.dirty) {
		strbuf_adds(&t->out.pending, STR(" with local changes"));
	}
	if (e->u.run_started.engine.len) {
		strbuf_adds(&t->out.pending, STR(", engine "));
		paint_text(&t->paint, e->u.run_started.engine);
	}
	text_end_line(t);
}

/* What does not belong to the log goes to the status descriptor; the log comes first. */
static bool begin_remark(struct text_reporter *t)
{
	if (t->options.status_fd < 0) {
		return false;
	}
	(void)output_flush(&t->out);
	return true;
}

/* A status that cannot be written is no reason to stop the report. */
static void end_remark(struct text_reporter *t)
{
	strbuf_addc(&t->status.pending, '\n');
	(void)output_flush(&t->status);
}

static void on_run_note(struct text_reporter *t, const struct event *e)
{
	struct str level = e->u.run_note.level;

	if ((t->options.quiet && str_eq(level, STR("info"))) || !begin_remark(t)) {
		return;
	}
	if (str_eq(level, STR("error"))) {
		paint_styled(&t->remark, STYLE_RED, STR("error: "));
	} else if (str_eq(level, STR("warning"))) {
		paint_styled(&t->remark, STYLE_YELLOW, STR("warning: "));
	}
	paint_lines(&t->remark, e->u.run_note.message, 0);
	end_remark(t);
}

static void on_cancelling(struct text_reporter *t, const struct event *e)
{
	struct value running = e->u.run_cancelling.running;
	const char *before = " Still running: ";

	if (!begin_remark(t)) {
		return;
	}
	paint_styled(&t->remark, STYLE_YELLOW, STR("Cancelling"));
	paint_printf(&t->remark, " (%.*s).", STR_ARG(e->u.run_cancelling.reason));
	for (size_t i = 0; running.kind == VALUE_ARRAY && i < running.u.a->n; i++) {
		paint_printf(&t->remark, "%s", before);
		if (running.u.a->v[i].kind == VALUE_STRING) {
			paint_text(&t->remark, running.u.a->v[i].u.s);
		}
		before = ", ";
	}
	if (str_eq(e->u.run_cancelling.reason, STR("interrupt"))) {
		paint_printf(&t->remark, "\nPress Ctrl-C again to stop at once.");
	}
	end_remark(t);
}

/* A question stands where its answer will be typed, unless other lines may come in between. */
static void on_job_waiting(struct text_reporter *t, const struct event *e)
{
	struct job_state *job = job_of(t, e, e->u.job_waiting.name);
	struct str question = e->u.job_waiting.question;

	if ((t->options.quiet && !question.len) || !begin_remark(t)) {
		return;
	}
	paint_text(&t->remark, text_label(t, job));
	paint_printf(&t->remark, " waits: ");
	paint_text(&t->remark, e->u.job_waiting.reason);
	if (question.len) {
		paint_printf(&t->remark, "\n");
		paint_styled(&t->remark, STYLE_BOLD, question);
		paint_printf(&t->remark, " ");
	}
	if (question.len && t->live.njobs == 0) {
		(void)output_flush(&t->status);
	} else {
		end_remark(t);
	}
}

static void on_debug(struct text_reporter *t, const struct event *e)
{
	if (!t->options.verbose || !begin_remark(t)) {
		return;
	}
	paint_printf(&t->remark, "debug: ");
	if (e->job.len) {
		paint_printf(&t->remark, "[");
		paint_text(&t->remark, e->job);
		paint_printf(&t->remark, "] ");
	}
	paint_text(&t->remark, e->u.debug.source);
	paint_printf(&t->remark, ": ");
	paint_text(&t->remark, e->u.debug.message);
	end_remark(t);
}

/* --- the reporter ------------------------------------------------------------------------------
 */

static void show(struct text_reporter *t, const struct event *e)
{
	switch (e->kind) {
	case EVENT_RUN_STARTED:
		on_run_started(t, e);
		break;
	case EVENT_RUN_NOTE:
		on_run_note(t, e);
		break;
	case EVENT_RUN_CANCELLING:
		on_cancelling(t, e);
		break;
	case EVENT_RUN_FINISHED:
		text_summary(t, e);
		break;
	case EVENT_JOB_WAITING:
		on_job_waiting(t, e);
		break;
	case EVENT_JOB_STARTED:
		on_job_started(t, e);
		break;
	case EVENT_JOB_FINISHED:
		on_job_finished(t, e);
		break;
	case EVENT_JOB_SKIPPED:
		on_job_skipped(t, e);
		break;
	case EVENT_JOB_NOT_REHEARSED:
		on_job_not_rehearsed(t, e);
		break;
	case EVENT_JOB_CONTACTED:
		text_contacted(t, e);
		break;
	case EVENT_STEP_STARTED:
		on_step_started(t, e);
		break;
	case EVENT_STEP_LOG:
		on_step_log(t, e);
		break;
	case EVENT_STEP_GROUP:
		on_group(t, e);
		break;
	case EVENT_STEP_ENDGROUP:
		on_endgroup(t, e);
		break;
	case EVENT_STEP_ANNOTATION:
		on_annotation(t, e);
		break;
	case EVENT_STEP_SUMMARY:
		on_summary(t, e);
		break;
	case EVENT_STEP_FINISHED:
		on_step_finished(t, e);
		break;
	case EVENT_DEBUG:
		on_debug(t, e);
		break;
	case EVENT_RUN_PLANNED: /* each job tells of itself */
	case EVENT_KINDS:
		break;
	}
}

static bool text_flush(struct reporter *r)
{
	struct text_reporter *t = (struct text_reporter *)r;
	bool ok = output_flush(&t->out);

	r->error = t->out.error;
	return ok;
}

static bool text_event(struct reporter *r, const struct event *e, struct str record)
{
	struct text_reporter *t = (struct text_reporter *)r;

	(void)record;
	show(t, e);

	bool ok = output_settle(&t->out);

	r->error = t->out.error;
	return ok;
}

static void text_finish(struct reporter *r)
{
	struct text_reporter *t = (struct text_reporter *)r;

	(void)output_flush(&t->out);
	output_release(&t->out);
	output_release(&t->status);
	live_release(&t->live);
	free(t);
}

struct reporter *report_text(const struct text_options *options)
{
	struct text_reporter *t = calloc(1, sizeof(*t));

	BUG_ON(!t);
	t->base = (struct reporter){
		.name = "text",
		.on_event = text_event,
		.on_block = text_block,
		.flush = text_flush,
		.finish = text_finish,
	};
	t->options = *options;
	output_init(&t->out, options->fd);
	output_init(&t->status, options->status_fd);
	t->paint = (struct painter){ .out = &t->out.pending,
				     .colour = options->colour,
				     .sgr = options->terminal && options->colour,
				     .ascii = options->ascii };
	t->remark = t->paint;
	t->remark.out = &t->status.pending;
	t->remark.sgr = false;
	live_init(&t->live);
	t->notes_end = &t->notes;
	t->markdowns_end = &t->markdowns;
	return &t->base;
}

bool report_wants_ascii(void)
{
	const char *term = getenv("TERM");
	const char *names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	struct str locale = STR_EMPTY;

	for (int i = 0; i < 3 && locale.len == 0; i++) {
		locale = str_of(getenv(names[i]));
	}
	return (term && strcmp(term, "dumb") == 0) ||
	       (str_find(locale, STR("UTF-8"), 0) == STR_NPOS &&
		str_find(locale, STR("utf8"), 0) == STR_NPOS &&
		str_find(locale, STR("utf-8"), 0) == STR_NPOS &&
		str_find(locale, STR("UTF8"), 0) == STR_NPOS);
}
