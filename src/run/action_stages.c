/*
 * action_stages.c - the pre and post steps of a job: pre before its first step, in the order of the
 * file; post after its last, the action that began last first, whatever became of the job
 * (SEMANTICS 5.6).
 */
#include "step.h"

static void run_stage(struct job *job, struct action_use *use, enum action_stage stage)
{
	static const char *const words[ACTION_STAGES] = { "pre", "main", "post" };
	struct arena_mark mark = arena_mark(&job->scratch);
	struct step s;

	step_init(&s, job, &job->scratch, use->def,
		  arena_printf(&job->arena, "%s-%.*s", words[stage], STR_ARG(use->path)));
	s.use = use;
	s.stage = stage;
	step_drive(&s);
	arena_rewind(&job->scratch, mark);
}

void action_run_pres(struct job *job, const struct step_def *steps, size_t n, struct str above)
{
	for (size_t i = 0; i < n && !job->lost && !job->killed; i++) {
		const struct step_def *def = &steps[i];
		struct str path = arena_printf(&job->arena, "%.*s%s%zu", STR_ARG(above),
					       above.len ? "/" : "", i + 1);
		struct action_use *use = NULL;

		if (def->kind == STEP_PARALLEL) {
			action_run_pres(job, def->steps, def->nsteps, path);
			continue;
		}
		use = def->kind == STEP_USES ? action_use_of(job, NULL, def) : NULL;
		if (use && action_has_pre(job, use)) {
			use->path = path;
			run_stage(job, use, STAGE_PRE);
		}
	}
}

void action_run_posts(struct job *job)
{
	while (job->posts && !job->lost && !job->killed) {
		struct action_use *use = job->posts;

		job->posts = use->next_post;
		run_stage(job, use, STAGE_POST);
	}
}
