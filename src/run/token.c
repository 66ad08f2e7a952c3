/*
 * token.c - the effective permissions of a job. A rehearsal cannot restrict a token that it was
 * given; only id-token decides something here (services_job.c).
 */
#include "token.h"

#include <stdlib.h>

struct permission_set token_permissions(const struct leg_run *leg)
{
	for (; leg; leg = leg->job->scope->caller) {
		const struct permissions *own = &leg->job->def->permissions;
		const struct permissions *file = &leg->job->scope->workflow->workflow->permissions;

		if (own->given || file->given) {
			return permission_set_of(own->given ? own : file);
		}
	}
	return permission_set_default(true, true);
}

bool token_may_identify(const struct leg_run *leg)
{
	struct permission_set set = token_permissions(leg);

	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		if (str_eq(permission_scope_name(i), STR("id-token"))) {
			return set.level[i] == PERMISSION_WRITE;
		}
	}
	return false;
}

/* "PullRequests: write", the way the service calls them. */
static struct str line_of(struct arena *a, struct str scope, struct str level)
{
	struct str text = arena_printf(a, "%.*s: %.*s", STR_ARG(scope), STR_ARG(level));
	char *p = arena_cstr(a, text);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool first = i == 0 || text.p[i - 1] == '-';

		if (p[i] != '-') {
			p[len++] = first && p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 'a' + 'A')
								       : p[i];
		}
	}
	return str_mk(p, len);
}

static int by_text(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->p, y->p, n);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Metadata may always be read. */
static size_t lines_of(struct arena *a, const struct permission_set *set, struct str *lines)
{
	size_t n = 0;

	lines[n++] = STR("Metadata: read");
	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		if (set->level[i] != PERMISSION_NONE) {
			lines[n++] = line_of(a, permission_scope_name(i),
					     permission_level_name(set->level[i]));
		}
	}
	qsort(lines, n, sizeof(*lines), by_text);
	return n;
}

static void emit(struct job *job, enum event_kind kind, struct str title)
{
	struct event e = { .kind = kind, .step = job->set_up_path };

	e.u.step_group.title = title;
	job_emit(job, &e);
}

static bool somebody_said(const struct leg_run *leg)
{
	for (; leg; leg = leg->job->scope->caller) {
		if (leg->job->def->permissions.given ||
		    leg->job->scope->workflow->workflow->permissions.given) {
			return true;
		}
	}
	return false;
}

/* It is no news: only for who asks for more. */
static void tell_default(struct job *job, const struct str *lines, size_t n)
{
	struct event e = { .kind = EVENT_DEBUG, .step = job->set_up_path };
	struct str text = STR("GITHUB_TOKEN permissions, by default:");

	for (size_t i = 0; i < n; i++) {
		text = arena_printf(&job->arena, "%.*s%s %.*s", STR_ARG(text), i ? "," : "",
				    STR_ARG(lines[i]));
	}
	e.u.debug.source = STR("worker");
	e.u.debug.message = text;
	job_emit(job, &e);
}

void token_show(struct job *job)
{
	struct permission_set set = token_permissions(job->leg);
	struct str lines[PERMISSION_SCOPES + 1];
	size_t n = lines_of(&job->arena, &set, lines);

	if (!somebody_said(job->leg)) {
		tell_default(job, lines, n);
		return;
	}
	emit(job, EVENT_STEP_GROUP, STR("GITHUB_TOKEN Permissions"));
	for (size_t i = 0; i < n; i++) {
		job_log(job, job->set_up_path, lines[i]);
	}
	emit(job, EVENT_STEP_ENDGROUP, STR_EMPTY);
}
