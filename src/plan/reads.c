/*
 * reads.c - which contexts a job reads, found by walking every expression of its definition.
 */
#include "actc/reads.h"

#include <stddef.h>

struct visit {
	job_name_fn *fn;
	void *ctx;
	struct span at;
};

static void on_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	const struct visit *v = ctx;

	v->fn(v->ctx, v->at, root, path, n);
}

static void on_expr(void *ctx, const struct tok *t, const struct expr *e)
{
	struct visit *v = ctx;

	v->at = t->at;
	expr_visit_names(e, on_name, v);
}

static void visit_condition(const struct expr *e, struct span at, struct visit *v)
{
	if (e) {
		v->at = at;
		expr_visit_names(e, on_name, v);
	}
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

static void visit_tokens(const void *base, const size_t *offsets, size_t n, struct visit *v)
{
	for (size_t i = 0; i < n; i++) {
		const struct tok *const *field = (const void *)((const char *)base + offsets[i]);

		if (*field) {
			tok_visit_exprs(*field, on_expr, v);
		}
	}
}

static void visit_steps(const struct step_def *steps, size_t n, struct visit *v)
{
	for (size_t i = 0; i < n; i++) {
		visit_tokens(&steps[i], step_tokens, sizeof(step_tokens) / sizeof(size_t), v);
		visit_condition(steps[i].cond, steps[i].cond_text.at, v);
		visit_steps(steps[i].steps, steps[i].nsteps, v);
	}
}

void job_visit_names(const struct job_def *job, job_name_fn *fn, void *ctx)
{
	struct visit v = { fn, ctx, NO_SPAN };

	visit_tokens(job, job_tokens, sizeof(job_tokens) / sizeof(size_t), &v);
	visit_condition(job->cond, job->cond_text.at, &v);
	visit_steps(job->steps, job->nsteps, &v);
}

static void visit_token(const struct tok *t, struct visit *v)
{
	if (t) {
		tok_visit_exprs(t, on_expr, v);
	}
}

static void visit_file(const struct workflow *w, struct visit *v)
{
	visit_token(w->env, v);
	visit_token(w->concurrency.group, v);
	visit_token(w->concurrency.cancel_in_progress, v);
	visit_token(w->defaults.shell, v);
	visit_token(w->defaults.working_directory, v);
}

void workflow_visit_names(const struct workflow *w, job_name_fn *fn, void *ctx)
{
	struct visit v = { fn, ctx, NO_SPAN };

	visit_token(w->run_name, &v);
	visit_file(w, &v);
}

void called_visit_names(const struct workflow *w, const struct job_def *caller, job_name_fn *fn,
			void *ctx)
{
	const struct event_filter *call = workflow_event(w, STR("workflow_call"));
	struct visit v = { fn, ctx, NO_SPAN };

	visit_file(w, &v);
	for (size_t i = 0; call && i < call->ninputs; i++) {
		if (!caller->with || !tok_get(caller->with, call->inputs[i].id.s)) {
			visit_token(call->inputs[i].fallback, &v);
		}
	}
	for (size_t i = 0; call && i < call->noutputs; i++) {
		visit_token(call->outputs[i].value, &v);
	}
}

struct search {
	struct str need;
	bool found;
};

static void find_outputs(void *ctx, struct span at, struct str root, const struct str *path,
			 size_t n)
{
	struct search *s = ctx;

	(void)at;
	if (!str_ieq(root, STR("needs")) || n == 0 || !str_ieq(path[0], s->need)) {
		return;
	}
	s->found = s->found || n == 1 || str_ieq(path[1], STR("outputs"));
}

bool job_reads_outputs(const struct job_def *job, struct str need)
{
	struct search s = { .need = need };

	job_visit_names(job, find_outputs, &s);
	return s.found;
}
