/*
 * annotate.c - annotations as the runner records them: masked, at most 4096 UTF-16 units, ten of
 * each level in a step; further ones are lines of the log only (SEMANTICS 4.9).
 */
#include "job.h"

#include "actc/utf8.h"

enum { MESSAGE_MAX = 4096, MAX_OF_LEVEL = 10 };

static const struct str levels[ANNOTATION_LEVELS] = {
	STR_INIT("error"),
	STR_INIT("warning"),
	STR_INIT("notice"),
};

static size_t level_index(struct str level)
{
	size_t i = 0;

	while (i + 1 < ANNOTATION_LEVELS && !str_eq(levels[i], level)) {
		i++;
	}
	return i;
}

/* The step that GitHub counts for: those inside an action count for the action, those of a parallel
 * group for themselves. */
static struct str counting_step(const struct job *job, struct str path)
{
	size_t slash = str_chr(path, '/', 0);
	unsigned long n = 0;

	if (slash == STR_NPOS || !str_to_ulong(str_slice(path, 0, slash), &n)) {
		return path;
	}
	if (n >= 1 && n <= job->def->nsteps && job->def->steps[n - 1].kind == STEP_PARALLEL) {
		slash = str_chr(path, '/', slash + 1);
	}
	return str_slice(path, 0, slash);
}

static struct annotation_count *count_of(struct job *job, struct str path)
{
	path = counting_step(job, path);
	for (size_t i = job->annotated.n; i > 0; i--) {
		if (str_eq(job->annotated.v[i - 1].step, path)) {
			return &job->annotated.v[i - 1];
		}
	}
	vec_push(&job->arena, &job->annotated,
		 (struct annotation_count){ .step = arena_str(&job->arena, path) });
	return &job->annotated.v[job->annotated.n - 1];
}

bool job_annotation_counts(struct job *job, struct str path, struct str level)
{
	return count_of(job, path)->n[level_index(level)] < MAX_OF_LEVEL;
}

/* As .NET cuts, but never a character in two. */
static struct str shortened(struct str s)
{
	size_t units = 0;
	uint32_t cp;

	for (size_t i = 0; s.len > MESSAGE_MAX && i < s.len;) {
		size_t n = utf8_at(s, i, &cp);

		units += cp > 0xFFFF ? 2 : 1;
		if (units > MESSAGE_MAX) {
			return str_slice(s, 0, i);
		}
		i += n;
	}
	return s;
}

/* "##[error]" before the first line of what the log shows. */
static void log_only(struct job *job, const struct event *e)
{
	struct str text = e->u.step_annotation.log.len ? e->u.step_annotation.log
						       : e->u.step_annotation.message;
	struct strbuf first = STRBUF_INIT(0);

	if (text.len) {
		strbuf_addf(&first, "##[%.*s]", STR_ARG(e->u.step_annotation.level));
		strbuf_adds(&first, str_cut(&text, '\n'));
		job_log(job, e->step, strbuf_str(&first));
		while (text.p) {
			job_log(job, e->step, str_cut(&text, '\n'));
		}
	}
	strbuf_release(&first);
}

void job_annotate_event(struct job *job, struct event *e)
{
	struct annotation_count *count = count_of(job, e->step);
	unsigned *n = &count->n[level_index(e->u.step_annotation.level)];
	struct strbuf masked = STRBUF_INIT(0);

	/* Masked first: a secret that lies across the cut would not be known by its half. */
	masker_apply(job->masker, e->u.step_annotation.message, &masked);
	e->u.step_annotation.message = shortened(strbuf_str(&masked));
	if (*n < MAX_OF_LEVEL) {
		++*n;
		job_emit(job, e);
	} else {
		log_only(job, e);
	}
	strbuf_release(&masked);
}

void job_annotate(struct job *job, struct str path, const char *level, struct str message)
{
	struct event e = { .kind = EVENT_STEP_ANNOTATION, .step = path };

	e.u.step_annotation.level = str_of(level);
	e.u.step_annotation.message = message;
	job_annotate_event(job, &e);
}

void job_debug(struct job *job, struct str path, struct str text)
{
	struct strbuf line = STRBUF_INIT(0);

	while (job->step_debug && text.p) {
		strbuf_reset(&line);
		strbuf_adds(&line, STR("##[debug]"));
		strbuf_adds(&line, str_cut(&text, '\n'));
		job_log(job, path, strbuf_str(&line));
	}
	strbuf_release(&line);
}
