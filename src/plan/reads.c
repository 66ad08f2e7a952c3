/*
 * reads.c - which outputs a job reads, found by walking every expression of its definition.
 */
#include "actc/reads.h"

#include <stddef.h>

struct search {
	struct str need;
	bool found;
};

static void on_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	struct search *s = ctx;

	if (!str_ieq(root, STR("needs")) || n == 0 || !str_ieq(path[0], s->need)) {
		return;
	}
	s->found = s->found || n == 1 || str_ieq(path[1], STR("outputs"));
}

static void on_expr(void *ctx, const struct tok *t, const struct expr *e)
{
	(void)t;
	expr_visit_names(e, on_name, ctx);
}

static const size_t job_tokens[] = {
	offsetof(struct job_def, name),
	offsetof(struct job_def, env),
	offsetof(struct job_def, outputs),
	offsetof(struct job_def, continue_on_error),
	offsetof(struct job_def, timeout_minutes),
	offsetof(struct job_def, cancel_timeout_minutes),
	offsetof(struct job_def, strategy),
	offsetof(struct job_def, matrix),
	offsetof(struct job_def, fail_fast),
	offsetof(struct job_def, max_parallel),
	offsetof(struct job_def, concurrency.group),
	offsetof(struct job_def, runs_on),
	offsetof(struct job_def, environment_name),
	offsetof(struct job_def, environment_url),
	offsetof(struct job_def, defaults.shell),
	offsetof(struct job_def, defaults.working_directory),
	offsetof(struct job_def, container),
	offsetof(struct job_def, services),
	offsetof(struct job_def, with),
	offsetof(struct job_def, secrets),
};

static const size_t step_tokens[] = {
	offsetof(struct step_def, name),
	offsetof(struct step_def, env),
	offsetof(struct step_def, continue_on_error),
	offsetof(struct step_def, timeout_minutes),
	offsetof(struct step_def, run),
	offsetof(struct step_def, shell),
	offsetof(struct step_def, working_directory),
	offsetof(struct step_def, with),
};

static void visit_tokens(const void *base, const size_t *offsets, size_t n, struct search *s)
{
	for (size_t i = 0; i < n; i++) {
		const struct tok *const *field = (const void *)((const char *)base + offsets[i]);

		if (*field) {
			tok_visit_exprs(*field, on_expr, s);
		}
	}
}

static void visit_steps(const struct step_def *steps, size_t n, struct search *s)
{
	for (size_t i = 0; i < n; i++) {
		visit_tokens(&steps[i], step_tokens, sizeof(step_tokens) / sizeof(size_t), s);
		if (steps[i].cond) {
			expr_visit_names(steps[i].cond, on_name, s);
		}
		visit_steps(steps[i].steps, steps[i].nsteps, s);
	}
}

bool job_reads_outputs(const struct job_def *job, struct str need)
{
	struct search s = { .need = need };

	visit_tokens(job, job_tokens, sizeof(job_tokens) / sizeof(size_t), &s);
	if (job->cond) {
		expr_visit_names(job->cond, on_name, &s);
	}
	visit_steps(job->steps, job->nsteps, &s);
	return s.found;
}
