/*
 * deploy.c - the environment of a job as its worker sees it. Whether the job may deploy at all was
 * decided before it was started (gate.c).
 */
#include "deploy.h"

#include "gate.h"

void deploy_contexts(struct job *job)
{
	const struct environment *own = job->leg->rules;

	if (own) {
		job->contexts.secrets =
			gate_overlay(&job->arena, job->contexts.secrets, &own->secrets);
		job->contexts.vars = gate_overlay(&job->arena, job->contexts.vars, &own->vars);
	}
}

void deploy_env(struct job *job)
{
	const struct environment *own = job->leg->rules;

	for (size_t i = 0; own && i < own->env.n; i++) {
		vobject_set(&job->arena, job->global_env, own->env.v[i].name,
			    value_str(own->env.v[i].value));
	}
}

struct str deploy_url(struct job *job)
{
	struct contexts open = job->contexts;
	struct eval_error e = { .at = NO_SPAN };
	struct str url = job->leg->url, path = STR("complete");

	open.secrets = value_null();

	struct expr_env env = contexts_env(&open);

	if (!tok_eval_str(&job->arena, job->def->environment_url, &env, &url, &e)) {
		job->reason = arena_printf(&job->arena, "Failed to evaluate environment url: %.*s",
					   STR_ARG(job_placed(job, &job->arena, &e)));
		job_annotate(job, path, "error", job->reason);
		job->status = job_is_cancelled(job) ? RESULT_CANCELLED : RESULT_FAILURE;
		return STR_EMPTY;
	}
	if (masker_hits(job->masker, url)) {
		job_annotate(job, path, "warning",
			     arena_printf(&job->arena,
					  "Skip setting environment url as environment '%.*s' may "
					  "contain secret.",
					  STR_ARG(job->leg->environment)));
		return STR_EMPTY;
	}
	return url;
}
