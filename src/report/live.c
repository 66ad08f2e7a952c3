/*
 * live.c - the jobs of a run and their live steps, as far as their events tell.
 *
 * Jobs stay until the end, for the summary; steps go when they finish. Nothing here prints.
 */
#include "live.h"

#include <stdlib.h>

#include "actc/err.h"
#include "actc/utf8.h"

enum { TAIL_BYTES = 2000 };

void live_init(struct live *l)
{
	*l = (struct live){ .njobs = 0 };
	l->end = &l->jobs;
}

/* --- the last lines ----------------------------------------------------------------------------
 */

static struct tail *tail_get(struct live *l)
{
	struct tail *t = l->free_tails;

	if (t) {
		l->free_tails = t->next;
		t->n = 0;
		return t;
	}
	t = calloc(1, sizeof(*t));
	BUG_ON(!t);
	for (size_t i = 0; i < TAIL_LINES; i++) {
		strbuf_init(&t->lines[i], 0);
	}
	return t;
}

static void tail_put(struct live *l, struct tail *t)
{
	if (t) {
		t->next = l->free_tails;
		l->free_tails = t;
	}
}

static void tail_free(struct tail *t)
{
	for (size_t i = 0; i < TAIL_LINES; i++) {
		strbuf_release(&t->lines[i]);
	}
	free(t);
}

void tail_add(struct tail *t, struct str line)
{
	struct strbuf *b = &t->lines[t->n++ % TAIL_LINES];

	strbuf_reset(b);
	if (line.len <= TAIL_BYTES) {
		strbuf_adds(b, line);
		return;
	}
	strbuf_adds(b, str_slice(line, 0, utf8_boundary(line, TAIL_BYTES)));
	strbuf_adds(b, STR("..."));
}

/* --- jobs --------------------------------------------------------------------------------------
 */

struct job_state *live_job(struct live *l, struct str path)
{
	if (l->last && str_eq(l->last->path, path)) {
		return l->last;
	}
	for (struct job_state *j = l->jobs; j; j = j->next) {
		if (str_eq(j->path, path)) {
			l->last = j;
			return j;
		}
	}

	struct job_state *j = arena_new(&l->arena, struct job_state);

	j->path = arena_str(&l->arena, path);
	*l->end = j;
	l->end = &j->next;
	l->last = j;
	return j;
}

void live_start_job(struct live *l, struct job_state *job)
{
	if (!job->live) {
		job->live = true;
		l->njobs++;
	}
}

void live_end_job(struct live *l, struct job_state *job)
{
	while (job->steps) {
		live_end_step(l, job, job->steps, false);
	}
	if (job->live) {
		job->live = false;
		l->njobs--;
	}
	job->ended = true;
}

/* --- steps -------------------------------------------------------------------------------------
 */

static bool contains(struct str outer, struct str inner)
{
	return inner.len > outer.len && inner.p[outer.len] == '/' && str_starts(inner, outer);
}

struct step_state *step_parent(const struct job_state *job, const struct step_state *step)
{
	struct step_state *best = NULL;

	for (struct step_state *s = job->steps; s; s = s->next) {
		if (contains(s->path, step->path) && (!best || s->path.len > best->path.len)) {
			best = s;
		}
	}
	return best;
}

size_t step_depth(const struct step_state *step)
{
	size_t depth = 0;

	for (size_t i = 0; i < step->path.len; i++) {
		depth += step->path.p[i] == '/' ? 1 : 0;
	}
	return depth;
}

/* Live steps are one line of output when they form a chain of containers. */
static void find_parallel(struct job_state *job)
{
	const struct step_state *deepest = job->steps;

	for (const struct step_state *s = job->steps; s; s = s->next) {
		deepest = s->path.len > deepest->path.len ? s : deepest;
	}
	job->parallel = false;
	for (const struct step_state *s = job->steps; s; s = s->next) {
		if (s != deepest && !contains(s->path, deepest->path)) {
			job->parallel = true;
		}
	}
}

struct step_state *live_step(struct live *l, struct job_state *job, struct str path)
{
	for (struct step_state *s = job->steps; s; s = s->next) {
		if (str_eq(s->path, path)) {
			return s;
		}
	}

	struct step_state *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	s->path = arena_str(&l->arena, path);
	/* What is told after the last step belongs to no step that has begun. */
	s->name = str_eq(path, STR("complete")) ? STR("Complete job") : s->path;
	s->tail = tail_get(l);
	s->next = job->steps;
	job->steps = s;
	find_parallel(job);
	return s;
}

void live_end_step(struct live *l, struct job_state *job, struct step_state *step, bool keep_tail)
{
	struct step_state **at = &job->steps;

	while (*at != step) {
		at = &(*at)->next;
	}
	*at = step->next;
	if (keep_tail && !job->failed_tail) {
		job->failed_tail = step->tail;
	} else {
		tail_put(l, step->tail);
	}
	free(step);
	find_parallel(job);
}

void live_forgive(struct live *l, struct job_state *job, const struct step_state *step)
{
	if (contains(step->path, job->failed_path)) {
		tail_put(l, job->failed_tail);
		job->failed_tail = NULL;
		job->failed_path = job->failed_step = job->failed_why = STR_EMPTY;
	}
}

void live_release(struct live *l)
{
	for (struct job_state *j = l->jobs; j; j = j->next) {
		live_end_job(l, j);
		tail_put(l, j->failed_tail);
	}
	while (l->free_tails) {
		struct tail *t = l->free_tails;

		l->free_tails = t->next;
		tail_free(t);
	}
	arena_release(&l->arena);
}
