/*
 * job_outputs.c - what a job gives to those that need it, and how much GitHub takes of it.
 */
#include "job_outputs.h"

#include "actc/utf8.h"

enum { JOB_OUTPUTS_MAX = 1024 * 1024 };

/* Strings only; an output that masking would change is dropped (SEMANTICS 4.10). */
static void keep_output(struct job *job, struct str path, struct vobject *kept,
			const struct vpair *p)
{
	struct str s = value_to_str(&job->arena, p->value);

	if (masker_hits(job->masker, s)) {
		job_annotate(job, path, "warning",
			     arena_printf(&job->arena,
					  "Skip output '%.*s' since it may contain secret.",
					  STR_ARG(p->key)));
	} else if (s.len) {
		vobject_set(&job->arena, kept, p->key, value_str(s));
	}
}

size_t outputs_size(const struct vobject *outputs)
{
	size_t bytes = 0;

	for (size_t i = 0; i < outputs->n; i++) {
		bytes += 2 * utf8_utf16_length(outputs->v[i].value.u.s);
	}
	return bytes;
}

/* What becomes of a job beyond the limit is told nowhere, so it is said and the job goes on. */
static void check_size(struct job *job, struct str path, size_t bytes)
{
	if (bytes > JOB_OUTPUTS_MAX) {
		job_annotate(job, path, "warning",
			     arena_printf(&job->arena,
					  "The outputs of this job are %zu KB (in UTF-16): GitHub "
					  "takes at most 1 MB of a job, and 50 MB of a run.",
					  bytes / 1024));
	}
}

struct vobject *job_outputs(struct job *job, struct str path)
{
	struct vobject *kept = vobject_new(&job->arena, false);
	struct expr_env env = contexts_env(&job->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value v = value_null();

	if (!job->def->outputs) {
		return kept;
	}
	if (!tok_eval(&job->arena, job->def->outputs, &env, false, &v, &e)) {
		job->reason = arena_printf(&job->arena, "Fail to evaluate job outputs: %.*s",
					   STR_ARG(job_placed(job, &job->arena, &e)));
		job_annotate(job, path, "error", job->reason);
		job->status = job_is_cancelled(job) ? RESULT_CANCELLED : RESULT_FAILURE;
		return kept;
	}
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		keep_output(job, path, kept, &v.u.o->v[i]);
	}
	check_size(job, path, outputs_size(kept));
	return kept;
}
