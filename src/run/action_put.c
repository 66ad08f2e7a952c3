/*
 * action_put.c - the files of actions, and of what runs them, brought into a job's machine.
 *
 * A tree of a commit never changes: an engine that keeps directories for its machines gets it once,
 * and a job finds it by a symbolic link, however large it is. It can only be read there; so actions
 * that may write beside themselves (composite ones build there, others install in their pre, or
 * name what they make there: action_beside.c) get a copy, as everything does where an engine keeps
 * nothing.
 */
#include <stdio.h>

#include "actc/tar.h"
#include "step.h"

/* --- what engines keep ------------------------------------------------------------------------ */

bool externals_show(struct job *job, const struct shown_dir *v, size_t n, struct err *err)
{
	struct arena *a = &job->scratch;
	struct machine_spec spec = job_machine_spec(job, job->set_up_path);
	struct file_content *markers = arena_array(a, struct file_content, n);
	struct shown_dir *missing = arena_array(a, struct shown_dir, n);
	size_t nmissing = 0;

	if (!job->engine->bring || n == 0) {
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		markers[i].path = arena_printf(a, "%.*s/%.*s.complete",
					       STR_ARG(job->paths->externals), STR_ARG(v[i].name));
	}
	if (!channel_read(job->channel, a, markers, n, 1, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!markers[i].found) {
			missing[nmissing++] = v[i];
		}
	}
	return nmissing == 0 || job->engine->bring(job->machine, &spec, missing, nmissing, err);
}

/* --- links ------------------------------------------------------------------------------------ */

static ssize_t more(void *ctx, void *buf, size_t size)
{
	struct strbuf *tar = ctx;
	size_t n = tar->len < size ? tar->len : size;

	memcpy(buf, tar->p, n);
	strbuf_consume(tar, n);
	return (ssize_t)n;
}

static bool put_links(struct job *job, struct strbuf *tar, struct err *err)
{
	struct tar_source source = { .ctx = tar, .more = more };

	tar_add_end(tar);
	return channel_put(job->channel, job->paths->actions, &source, err);
}

/* --- repositories ----------------------------------------------------------------------------- */

static bool failed(struct job *job, struct err *err, struct str *why)
{
	*why = arena_str(&job->arena, str_of(err->msg));
	if (channel_lost(job->channel)) {
		job_lost(job);
	}
	err_release(err);
	return false;
}

static bool put_copy(struct job *job, struct action_repo *r, struct err *err)
{
	struct tar_dir *tar = tar_dir_open(r->tree, err);
	struct tar_source source = { .ctx = tar, .more = tar_dir_read };
	bool ok = false;

	if (tar) {
		channel_mkdir(job->channel, r->dir, 0755, false);
		ok = channel_put(job->channel, r->dir, &source, err);
		tar_dir_close(tar);
	}
	return ok || err_wrap(err, "%.*s@%.*s", STR_ARG(r->name), STR_ARG(r->ref));
}

/* An image is built here, from the tree; all others want their files in the job. */
static bool wants_files(const struct action_use *use)
{
	return use->repo && use->action && use->action->kind != ACTION_DOCKER &&
	       use->repo->dir.len == 0;
}

static bool writes_beside_itself(struct arena *a, const struct action_use *use)
{
	const struct action *action = use->action;
	struct str path = action->stages[STAGE_MAIN].path.s;

	return action->kind == ACTION_COMPOSITE || action->stages[STAGE_PRE].path.s.len > 0 ||
	       (action->kind == ACTION_NODE && use->tree.len &&
		action_writes_beside(action_below(a, use->tree, path).p));
}

/* Whether a link to what the engine keeps will do for all that the job wants of it. */
static bool can_be_linked(struct job *job, const struct action_repo *r)
{
	bool ok = job->engine->bring != NULL && r->commit.len > 0;

	for (const struct action_use *use = job->uses; use && ok; use = use->next) {
		ok = use->repo != r || !use->action || !writes_beside_itself(&job->scratch, use);
	}
	return ok;
}

struct putting {
	struct job *job;
	VEC(struct shown_dir) shown;
	VEC(struct action_repo *) linked; /* parallel */
	VEC(struct action_repo *) copied;
	struct strbuf links;
};

static void choose(struct putting *p, struct action_repo *r)
{
	struct job *job = p->job;
	struct arena *a = &job->arena;
	struct str place = arena_printf(a, "%.*s/%.*s", STR_ARG(r->name), STR_ARG(r->ref));
	struct shown_dir shown = { arena_printf(a, "action-%.*s", STR_ARG(r->commit)), r->tree };
	struct str target = action_below(a, job->paths->externals, shown.name);

	r->dir = action_below(a, job->paths->actions, place);
	if (can_be_linked(job, r) && tar_add_link(&p->links, place, target)) {
		vec_push(a, &p->shown, shown);
		vec_push(a, &p->linked, r);
	} else {
		vec_push(a, &p->copied, r);
	}
}

/* An engine that could not take them: the job needs them all the same. */
static void copy_instead(struct putting *p, struct err *err)
{
	struct job *job = p->job;
	struct event e = { .kind = EVENT_DEBUG, .step = job->set_up_path };

	e.u.debug.source = STR("worker");
	e.u.debug.message = arena_str(&job->arena, str_of(err->msg));
	job_emit(job, &e);
	err_release(err);
	for (size_t i = 0; i < p->linked.n; i++) {
		vec_push(&job->arena, &p->copied, p->linked.v[i]);
	}
}

static bool put_repos(struct job *job, struct err *err)
{
	struct putting p = { .job = job, .links = STRBUF_INIT(0) };
	bool ok = true;

	for (struct action_use *use = job->uses; use; use = use->next) {
		if (wants_files(use)) {
			choose(&p, use->repo);
		}
	}
	if (p.shown.n && !externals_show(job, p.shown.v, p.shown.n, err)) {
		copy_instead(&p, err);
	} else if (p.shown.n) {
		ok = put_links(job, &p.links, err);
	}
	for (size_t i = 0; ok && i < p.copied.n; i++) {
		ok = put_copy(job, p.copied.v[i], err);
	}
	strbuf_release(&p.links);
	return ok;
}

/* Where the engine has no containers a Docker action counts when its step is reached: whether it
 * would be was not known at the job's start. */
static bool waits(const struct job *job, const struct action_use *use)
{
	return !job->engine->build && use->action->kind == ACTION_DOCKER &&
	       !str_eq(use->path, job->set_up_path);
}

/* The use itself, or one within it. */
static bool is_part_of(const struct action_use *use, const struct action_use *whole)
{
	while (use && use != whole) {
		use = use->outer;
	}
	return use != NULL;
}

/* It gets a step of its own, or comes with the composite action around it. */
static bool is_image(const struct job *job, const struct action_use *use)
{
	return job->engine->build && use->action->kind == ACTION_DOCKER;
}

bool actions_bring(struct job *job, const struct action_use *whole, struct str *why)
{
	struct err err = ERR_INIT;

	if (!put_repos(job, &err)) {
		return failed(job, &err, why);
	}
	for (struct action_use *use = job->uses; use; use = use->next) {
		const struct action_ops *ops = use->action ? action_ops_of(use->action) : NULL;

		if (!ops || use->brought || waits(job, use) || (whole && !is_part_of(use, whole)) ||
		    (use != whole && is_image(job, use))) {
			continue;
		}
		if (use->repo) {
			use->dir = action_below(&job->arena, use->repo->dir, use->below);
		}
		if (ops->prepare && !ops->prepare(job, use, why)) {
			return false;
		}
		use->brought = true;
	}
	return true;
}

bool actions_bring_images(struct job *job, const struct action_use *whole, struct str *why)
{
	for (struct action_use *use = job->uses; use; use = use->next) {
		if (use->action && !use->brought && is_image(job, use) && is_part_of(use, whole) &&
		    !actions_bring(job, use, why)) {
			return false;
		}
	}
	return true;
}
