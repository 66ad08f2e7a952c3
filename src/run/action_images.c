/*
 * action_images.c - the images of a job's Docker actions, pulled or built before its first step.
 * Each image is a step of its own, and begins only while all went well; where one fails the job
 * goes on like after any step that failed (SEMANTICS 4.1).
 */
#include "actc/process.h"
#include "job.h"
#include "step.h"

static struct str title_of(struct job *job, const struct action_use *use)
{
	static const struct str scheme = STR_INIT("docker://");
	struct str image = use->action->image.s;
	const struct action_repo *r = use->repo;

	if (str_ieq(str_slice(image, 0, scheme.len), scheme)) {
		return arena_printf(&job->arena, "Pull %.*s",
				    STR_ARG(str_slice(image, scheme.len, image.len)));
	}
	if (!r) {
		return arena_printf(&job->arena, "Build %.*s", STR_ARG(use->def->uses.s));
	}
	return arena_printf(&job->arena, "Build %.*s%s%.*s@%.*s", STR_ARG(r->name),
			    use->below.len ? "/" : "", STR_ARG(use->below), STR_ARG(r->ref));
}

struct images {
	VEC(struct action_use *) uses;
	VEC(struct str) titles; /* parallel */
};

/* In the order of the file. */
static void find_images(struct job *job, struct images *images)
{
	for (struct action_use *use = job->uses; use; use = use->next) {
		if (job->engine->build && use->action && use->action->kind == ACTION_DOCKER &&
		    !use->brought) {
			vec_push(&job->arena, &images->uses, use);
		}
	}
	for (size_t i = 0; i < images->uses.n / 2; i++) {
		struct action_use *first = images->uses.v[i];

		images->uses.v[i] = images->uses.v[images->uses.n - 1 - i];
		images->uses.v[images->uses.n - 1 - i] = first;
	}
	for (size_t i = 0; i < images->uses.n; i++) {
		vec_push(&job->arena, &images->titles, title_of(job, images->uses.v[i]));
	}
}

/* All uses of one image. */
static void make_image(struct job *job, const struct images *images, size_t first)
{
	struct str title = images->titles.v[first], why = STR_EMPTY;
	struct str path = arena_printf(&job->arena, "image-%zu", first + 1);
	long long started = now_ms();
	bool ok = true;

	job->set_up_path = path;
	job_step_started(job, path, title.p, "setup");
	job_flush(job);
	for (size_t i = first; ok && i < images->uses.n; i++) {
		ok = !str_eq(images->titles.v[i], title) ||
		     actions_bring(job, images->uses.v[i], &why);
	}
	if (!ok) {
		job_annotate(job, path, "error", why);
		job->status = job_is_cancelled(job) ? RESULT_CANCELLED : RESULT_FAILURE;
	}
	job_step_finished(job, path, title.p, ok, started, why);
}

void actions_make_images(struct job *job)
{
	struct images images = { 0 };

	find_images(job, &images);
	for (size_t i = 0; i < images.uses.n; i++) {
		if (!images.uses.v[i]->brought && job->status == RESULT_SUCCESS && !job->lost &&
		    !job->killed) {
			make_image(job, &images, i);
		}
	}
}
