/*
 * engine_choice.c - asks the engine whether it can be used, and for the images that the selected
 * jobs name, in a thread beside the reading of the repository.
 *
 * The thread has its own arena and starts programs only; nothing else is shared with the rest until
 * it has been joined. An image that it does not find is looked for again, and fetched, by its job.
 */
#include "engine_choice.h"

#include <stdlib.h>

/* --- what the jobs will need ------------------------------------------------------------------ */

static void add_image(struct engine_choice *c, struct str image)
{
	for (size_t i = 0; i < c->nimages; i++) {
		if (str_eq(c->images[i], image)) {
			return;
		}
	}
	if (c->nimages < CHOICE_IMAGES_MAX) {
		c->images[c->nimages++] = image;
	}
}

/* Only what is plain to see: labels that are computed wait until they are. */
static void add_job(struct engine_choice *c, const struct job_def *job)
{
	struct label_match match;
	struct value labels;
	struct str why;

	if (!job->runs_on || !tok_is_literal(job->runs_on) || job->container ||
	    !tok_eval(&c->arena, job->runs_on, NULL, false, &labels, &(struct eval_error){ 0 })) {
		return;
	}
	if (labels_resolve(&c->arena, labels, &c->o->images, NULL, &match, &why) &&
	    match.how == LABEL_IMAGE) {
		add_image(c, match.image);
	}
}

static void add_jobs(struct engine_choice *c, const struct selection *selection)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *s = &selection->v[i];

		for (size_t j = 0; j < s->workflow->njobs; j++) {
			if (s->jobs[j]) {
				add_job(c, &s->workflow->jobs[j]);
			}
		}
	}
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Whether the engine answered at all. */
static bool look(struct engine_choice *c, const struct engine *engine)
{
	struct err err = ERR_INIT;
	bool answered = c->nimages > 0;

	c->nknown = 0;
	for (size_t i = 0; i < c->nimages && answered; i++) {
		c->nknown += engine->look(&c->arena, c->images[i], &c->known[c->nknown], &err);
		answered = err.kind == ERR_NONE; /* an image that is not there is no error */
		err_release(&err);
	}
	return answered;
}

/* An engine that tells of an image can be used: it is asked how it is only where that fails. */
static void ask(struct engine_choice *c)
{
	const struct engine *first = c->is_auto ? &engine_docker : c->engine;

	if (first->look && c->o->pull != PULL_ALWAYS && look(c, first)) {
		c->engine = first;
		c->state = (struct engine_state){ .usable = true, .version = STR("it answers") };
	} else if (c->is_auto) {
		c->engine = engine_auto(&c->arena, &c->state);
	} else {
		c->engine->probe(&c->arena, &c->state);
	}
}

static void *ask_in_thread(void *ctx)
{
	ask(ctx);
	return NULL;
}

void engine_choice_begin(struct engine_choice *c, const struct options *o,
			 const struct selection *selection, bool need)
{
	*c = (struct engine_choice){ .o = o, .need = need };
	c->is_auto = str_eq(o->engine, STR("auto"));
	c->engine = c->is_auto ? NULL : engine_by_name(o->engine);
	if (!c->is_auto && !(need && c->engine)) {
		return;
	}
	if (need) {
		add_jobs(c, selection);
	}
	c->threaded = pthread_create(&c->thread, NULL, ask_in_thread, c) == 0;
	if (!c->threaded) {
		ask(c);
	}
}

static void join(struct engine_choice *c)
{
	if (c->threaded) {
		(void)pthread_join(c->thread, NULL);
		c->threaded = false;
	}
}

bool engine_choice_end(struct engine_choice *c, struct err *err)
{
	const struct engine_state *state = &c->state;

	join(c);
	if (!c->engine) {
		return err_set(
			err, ERR_USAGE,
			"there is no engine \"%.*s\"; there are: docker, podman, sandbox, host",
			STR_ARG(c->o->engine));
	}
	return !c->need || state->usable ||
	       err_set(err, ERR_ENGINE, "the %s engine cannot be used: %.*s\n  %.*s",
		       c->engine->name, STR_ARG(state->why), STR_ARG(state->fix));
}

void engine_choice_release(struct engine_choice *c)
{
	join(c);
	arena_release(&c->arena);
}
