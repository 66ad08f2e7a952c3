/*
 * called.c - what the set-up log of a job tells when its workflow was called by another: the file,
 * its inputs, and the job's whole name.
 */
#include "called.h"

#include "env.h"

static void tell_inputs(struct job *job, const struct vobject *inputs)
{
	struct event e = { .kind = EVENT_STEP_GROUP, .step = job->set_up_path };

	e.u.step_group.title = STR(" Inputs");
	job_emit(job, &e);
	for (size_t i = 0; i < inputs->n; i++) {
		const struct vpair *p = &inputs->v[i];

		job_log(job, job->set_up_path,
			arena_printf(&job->arena, "  %.*s: %.*s", STR_ARG(p->key),
				     STR_ARG(value_to_str(&job->arena, p->value))));
	}
	e.kind = EVENT_STEP_ENDGROUP;
	job_emit(job, &e);
}

void called_show(struct job *job)
{
	struct value inputs = job->contexts.inputs;
	struct job_file file;

	if (!job->leg->job->scope->caller) {
		return;
	}
	file = job_file_of(job);
	if (file.sha.len) { /* a directory that stands for a repository has none */
		file.ref = arena_printf(&job->arena, "%.*s (%.*s)", STR_ARG(file.ref),
					STR_ARG(file.sha));
	}
	job_log(job, job->set_up_path, arena_printf(&job->arena, "Uses: %.*s", STR_ARG(file.ref)));
	if (inputs.kind == VALUE_OBJECT && inputs.u.o->n > 0) {
		tell_inputs(job, inputs.u.o);
	}
	job_log(job, job->set_up_path,
		arena_printf(&job->arena, "Complete job name: %.*s", STR_ARG(job->leg->name)));
}
