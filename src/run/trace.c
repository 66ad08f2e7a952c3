/*
 * trace.c - what a step does, for ACTIONS_STEP_DEBUG: the lines that a runner writes with
 * "##[debug]" before them. A step has a log once it has begun; what its env and its `if` came to is
 * known before, and of a skipped step it is all there is.
 */
#include <stdarg.h>

#include "step.h"

void step_debug(struct step *s, struct str text)
{
	if (!s->job->step_debug) {
		return;
	}
	if (s->told) {
		job_debug(s->job, s->path, text);
	} else {
		vec_push(s->a, &s->unsaid, arena_str(s->a, text));
	}
}

void step_debugf(struct step *s, const char *fmt, ...)
{
	va_list ap;

	if (s->job->step_debug) {
		va_start(ap, fmt);
		step_debug(s, arena_vprintf(s->a, fmt, ap));
		va_end(ap);
	}
}

void step_debug_begin(struct step *s)
{
	s->told = true;
	for (size_t i = 0; i < s->unsaid.n; i++) {
		job_debug(s->job, s->path, s->unsaid.v[i]);
	}
	s->unsaid.n = 0;
}

void step_debug_skip(struct step *s)
{
	for (size_t i = 0; i < s->unsaid.n; i++) {
		struct event e = { .kind = EVENT_DEBUG, .step = s->path };

		e.u.debug.source = STR("step");
		e.u.debug.message = s->unsaid.v[i];
		job_emit(s->job, &e);
	}
	s->unsaid.n = 0;
}
