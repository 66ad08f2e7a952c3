/*
 * summary.c - the end of the text report: what became of each job, why, and what to do next.
 *
 * In the order in which a reader asks: which jobs failed, what did the failed step print, what else
 * was remarked, what did steps want to show, what now.
 */
#include "markdown.h"
#include "text.h"

#include "actc/utf8.h"

enum { MAX_COLUMN = 40 };

static void title(struct text_reporter *t, const char *text)
{
	text_end_line(t);
	paint_styled(&t->paint, STYLE_BOLD, str_of(text));
	text_end_line(t);
}

static bool is(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

static bool has_failed(const struct job_state *job)
{
	return is(job->conclusion, "failure") || is(job->conclusion, "cancelled");
}

/* --- the jobs ----------------------------------------------------------------------------------
 */

static size_t width(struct str s)
{
	size_t n = 0;
	uint32_t cp;

	for (size_t i = 0; i < s.len; n++) {
		i += utf8_at(s, i, &cp);
	}
	return n;
}

static size_t column(const struct text_reporter *t)
{
	size_t widest = 0;

	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		size_t w = width(text_label(t, j));

		widest = w > widest && w <= MAX_COLUMN ? w : widest;
	}
	return widest;
}

static void why(struct text_reporter *t, const struct job_state *job)
{
	if (is(job->conclusion, "success") ||
	    (is(job->conclusion, "failure") && job->failed_step.len)) {
		return;
	}
	if (!is(job->conclusion, "failure") || job->reason.len == 0) {
		paint_words(&t->paint, job->conclusion);
		strbuf_adds(&t->out.pending, job->reason.len ? STR(": ") : STR_EMPTY);
	}
	if (job->reason.len) {
		paint_lines(&t->paint, job->reason, 6);
	}
	if (job->hint.len) {
		text_end_line(t);
		paint_indent(&t->paint, 6);
		paint_lines(&t->paint, job->hint, 6);
	}
}

static void failed_step(struct text_reporter *t, const struct job_state *job)
{
	if (!has_failed(job) || job->failed_step.len == 0) {
		return;
	}
	strbuf_adds(&t->out.pending, STR("step \""));
	paint_text(&t->paint, job->failed_step);
	strbuf_addc(&t->out.pending, '"');
	if (job->failed_why.len) {
		strbuf_adds(&t->out.pending, STR(": "));
		paint_text(&t->paint, job->failed_why);
	}
}

static void job_line(struct text_reporter *t, const struct job_state *job, size_t col)
{
	struct str label = text_label(t, job);
	size_t w = width(label);
	bool ran = job->shown || job->duration_ms > 0;
	struct strbuf time = STRBUF_INIT(0);
	struct painter p = t->paint;

	p.out = &time;
	if (ran) {
		paint_duration(&p, job->duration_ms);
	}
	paint_indent(&t->paint, 2);
	paint_mark(&t->paint, mark_of(job->conclusion));
	strbuf_addc(&t->out.pending, ' ');
	paint_text(&t->paint, label);
	paint_indent(&t->paint, (w < col ? col - w : 0) + 2 + (time.len < 6 ? 6 - time.len : 0));
	strbuf_adds(&t->out.pending, strbuf_str(&time));
	paint_indent(&t->paint, 2);
	why(t, job);
	if (is(job->conclusion, "failure")) {
		failed_step(t, job);
	}
	if (job->continued) {
		strbuf_adds(&t->out.pending, STR(" (continue-on-error)"));
	}
	if (job->url.len) {
		paint_indent(&t->paint, is(job->conclusion, "success") ? 0 : 2);
		paint_text(&t->paint, job->url);
	}
	text_end_line(t);
	strbuf_release(&time);
}

static void jobs(struct text_reporter *t)
{
	size_t col = column(t);

	title(t, "Summary");
	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		job_line(t, j, col);
	}
}

/* --- what failed -------------------------------------------------------------------------------
 */

static void place(struct text_reporter *t, const struct job_state *job, struct str step)
{
	paint_text(&t->paint, text_label(t, job));
	if (step.len) {
		paint_arrow(&t->paint);
		paint_text(&t->paint, step);
	}
}

static void failures(struct text_reporter *t)
{
	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		const struct tail *tail = j->failed_tail;

		if (!has_failed(j) || !tail || tail->n == 0) {
			continue;
		}
		text_end_line(t);
		paint_styled(&t->paint, STYLE_RED, STR("Failed: "));
		place(t, j, j->failed_step);
		text_end_line(t);
		if (tail->n > TAIL_LINES) {
			paint_indent(&t->paint, 4);
			paint_printf(&t->paint, "(%zu earlier lines)\n", tail->n - TAIL_LINES);
		}
		for (size_t i = tail->n > TAIL_LINES ? tail->n - TAIL_LINES : 0; i < tail->n; i++) {
			paint_indent(&t->paint, 4);
			paint_text(&t->paint, strbuf_str(&tail->lines[i % TAIL_LINES]));
			text_newline(t);
		}
	}
}

/* --- annotations and step summaries ------------------------------------------------------------
 */

/* file:line:col: level: message [title], as compilers and editors have it. */
static void annotation(struct text_reporter *t, const struct note *n)
{
	enum style style = is(n->level, "error")     ? STYLE_RED
			   : is(n->level, "warning") ? STYLE_YELLOW
						     : STYLE_CYAN;

	paint_indent(&t->paint, 2);
	if (n->file.len) {
		paint_text(&t->paint, n->file);
		if (n->line) {
			paint_printf(&t->paint, ":%lld", (long long)n->line);
		}
		if (n->col) {
			paint_printf(&t->paint, ":%lld", (long long)n->col);
		}
		strbuf_adds(&t->out.pending, STR(": "));
	}
	paint_styled(&t->paint, style, n->level);
	strbuf_adds(&t->out.pending, STR(": "));
	paint_lines(&t->paint, n->message, 4);
	if (n->title.len) {
		strbuf_adds(&t->out.pending, STR(" ["));
		paint_text(&t->paint, n->title);
		strbuf_addc(&t->out.pending, ']');
	}
	strbuf_adds(&t->out.pending, STR("  ("));
	place(t, n->job, n->step);
	strbuf_adds(&t->out.pending, STR(")\n"));
}

static void annotations(struct text_reporter *t)
{
	if (t->notes) {
		title(t, "Annotations");
	}
	for (const struct note *n = t->notes; n; n = n->next) {
		annotation(t, n);
	}
	if (t->nnotes > MAX_NOTES) {
		paint_printf(&t->paint, "  and %zu more\n", t->nnotes - MAX_NOTES);
	}
}

/* As it was written: for whoever reads it through a pipe. */
static void as_written(struct text_reporter *t, struct str text)
{
	struct str rest = text;

	while (rest.p && (rest.len || rest.p == text.p)) {
		paint_text(&t->paint, str_cut(&rest, '\n'));
		text_newline(t);
	}
}

static void step_summaries(struct text_reporter *t)
{
	for (const struct markdown *m = t->markdowns; m; m = m->next) {

		text_end_line(t);
		paint_styled(&t->paint, STYLE_BOLD, STR("Step summary: "));
		place(t, m->job, m->step);
		text_end_line(t);
		if (t->options.terminal) {
			markdown_paint(&t->paint, m->text, 2);
		} else {
			as_written(t, m->text);
		}
	}
	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		if (j->summaries > MAX_SUMMARIES) {
			text_end_line(t);
			paint_printf(&t->paint, "%u more step summaries of ",
				     j->summaries - MAX_SUMMARIES);
			paint_text(&t->paint, text_label(t, j));
			paint_printf(&t->paint, " are left out: GitHub shows %d of a job\n",
				     MAX_SUMMARIES);
		}
	}
}

/* --- what now ----------------------------------------------------------------------------------
 */

static size_t count(const struct text_reporter *t, const char *conclusion)
{
	size_t n = 0;

	for (const struct job_state *j = t->live.jobs; j; j = j->next) {
		n += is(j->conclusion, conclusion) ? 1 : 0;
	}
	return n;
}

static void totals(struct text_reporter *t, int64_t ms)
{
	static const char *const words[][2] = {
		{ "failure", "failed" },
		{ "cancelled", "cancelled" },
		{ "success", "succeeded" },
		{ "skipped", "skipped" },
		{ "not_rehearsed", "not rehearsed" },
	};
	const char *before = "";

	text_end_line(t);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = count(t, words[i][0]);

		if (n) {
			paint_printf(&t->paint, "%s%zu %s", before, n, words[i][1]);
			before = ", ";
		}
	}
	paint_printf(&t->paint, "%s", *before ? " in " : "No job in ");
	paint_duration(&t->paint, ms);
	text_end_line(t);
}

/* The id of the job in the file that was started: "deploy" of "deploy(1)/test(2)". */
static struct str job_id(const struct job_state *job)
{
	size_t end = 0;

	while (end < job->path.len && job->path.p[end] != '(' && job->path.p[end] != '/') {
		end++;
	}
	return str_slice(job->path, 0, end);
}

static void next_step(struct text_reporter *t)
{
	const struct job_state *job = t->live.jobs;

	while (job && (!is(job->conclusion, "failure") || job->continued)) {
		job = job->next;
	}
	if (!job) {
		return;
	}
	paint_printf(&t->paint, "%s: act-c run ",
		     t->options.verbose ? "To run it again" : "To see more of it");
	if (t->event_name.len) {
		paint_text(&t->paint, t->event_name);
		strbuf_addc(&t->out.pending, ' ');
	}
	if (t->options.content.len) {
		paint_text(&t->paint, t->options.content);
		strbuf_addc(&t->out.pending, ' ');
	}
	strbuf_adds(&t->out.pending, STR("-j "));
	paint_text(&t->paint, job_id(job));
	strbuf_adds(&t->out.pending, t->options.verbose ? STR("\n") : STR(" -v\n"));
}

void text_summary(struct text_reporter *t, const struct event *finished)
{
	if (t->live.jobs) {
		jobs(t);
	}
	failures(t);
	annotations(t);
	step_summaries(t);
	text_contacts(t);
	totals(t, finished->u.run_finished.duration_ms);
	next_step(t);
}
