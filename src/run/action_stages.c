/*
 * action_stages.c - the pre and post steps of a job: pre before its first step, in the order of the
 * file; post after its last, the action that began last first, whatever became of the job
 * (SEMANTICS 5.6).
 */
#include <stdlib.h>

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

static int by_name(const void *a, const void *b)
{
	return str_cmp_nocase(*(const struct str *)a, *(const struct str *)b);
}

/* GitHub's words: what is named will be looked at by the action's authors, if anyone. */
void action_tell_aged(struct job *job, struct str path)
{
	struct strbuf list = STRBUF_INIT(0);
	VEC(struct str) names = { 0 };

	for (const struct action_use *use = job->uses; use; use = use->next) {
		if (use->aged) {
			vec_push(&job->arena, &names, use->def->uses.s);
		}
	}
	if (names.n == 0) {
		return;
	}
	qsort(names.v, names.n, sizeof(names.v[0]), by_name);
	for (size_t i = 0; i < names.n; i++) {
		if (i == 0 || !str_eq_nocase(names.v[i], names.v[i - 1])) {
			(void)strbuf_addf(&list, "%s%.*s", list.len ? ", " : "",
					  STR_ARG(names.v[i]));
		}
	}
	job_annotate(job, path, "warning",
		     arena_printf(&job->arena,
				  "Node.js 20 is deprecated. The following actions target Node.js "
				  "20 but are being forced to run on Node.js 24: %s. For more "
				  "information see: https://github.blog/changelog/2025-09-19-"
				  "deprecation-of-node-20-on-github-actions-runners/",
				  list.p));
	strbuf_release(&list);
}
