/*
 * leave_out.c - the jobs that a rehearsal before a commit or push had better not run: they deploy,
 * or miss secrets that only GitHub has.
 *
 * What a job reads is found in its expressions, without evaluating them; `secrets[matrix.name]`
 * and toJSON(secrets) name no secret and count for nothing.
 */
#include "actc/calls.h"
#include "actc/payload.h"
#include "actc/plan.h"
#include "actc/reads.h"

struct looking {
	struct arena *a;
	const struct calls *calls;
	const struct settings *secrets;
	struct str missing; /* the first secret that is not given */
	VEC(struct str) notes;
	size_t left;
};

static void on_name(void *ctx, struct span at, struct str root, const struct str *path, size_t n)
{
	struct looking *l = ctx;

	(void)at;
	if (l->missing.len == 0 && n > 0 && str_ieq(root, STR("secrets")) &&
	    !str_ieq(path[0], STR("GITHUB_TOKEN")) && !settings_get(l->secrets, path[0], true)) {
		l->missing = arena_str(l->a, path[0]);
	}
}

/* The reason, or empty. Depth is bounded by calls_load(), which refuses loops. */
static struct str job_reason(struct looking *l, const struct job_def *job, bool own_secrets)
{
	const struct workflow *called =
		job->uses.s.len && l->calls ? calls_find(l->calls, job) : NULL;

	if (job->environment_name) {
		return called ? STR_EMPTY
			      : arena_printf(l->a, "it deploys (environment%s%.*s)",
					     job->environment_name->kind == TOK_STRING ? " " : "",
					     STR_ARG(tok_text(l->a, job->environment_name)));
	}
	l->missing = STR_EMPTY;
	if (own_secrets) {
		job_visit_names(job, on_name, l);
	}
	if (l->missing.len) {
		return arena_printf(l->a, "the secret %s is not given", l->missing.p);
	}
	for (size_t i = 0; called && i < called->njobs; i++) {
		struct str why =
			job_reason(l, &called->jobs[i], own_secrets && job->secrets_inherit);

		if (why.len) {
			return arena_printf(l->a, "in the workflow that it calls, %.*s: %.*s",
					    STR_ARG(called->jobs[i].id.s), STR_ARG(why));
		}
	}
	return STR_EMPTY;
}

static void note(struct looking *l, const struct job_def *job, struct str why)
{
	vec_push(l->a, &l->notes,
		 arena_printf(l->a, "%.*s is left out: %.*s", STR_ARG(job->id.s), STR_ARG(why)));
}

/* The first need that is left out, or NULL. */
static const struct job_def *need_out(const struct workflow *w, const struct job_def *job,
				      const bool *kept)
{
	for (size_t i = 0; i < job->needs.n; i++) {
		if (!kept[job->need_index[i]]) {
			return &w->jobs[job->need_index[i]];
		}
	}
	return NULL;
}

static bool leave_dependents(struct looking *l, const struct workflow *w, bool *kept)
{
	bool some = false;

	for (size_t i = 0; i < w->njobs; i++) {
		const struct job_def *job = &w->jobs[i];
		const struct job_def *need = kept[i] ? need_out(w, job, kept) : NULL;

		if (need) {
			kept[i] = false;
			some = true;
			note(l, job, arena_printf(l->a, "it needs %.*s", STR_ARG(need->id.s)));
		}
	}
	return some;
}

static void leave_jobs(struct looking *l, struct selected *s)
{
	const struct workflow *w = s->workflow;
	bool *kept = arena_array(l->a, bool, w->njobs);
	struct str shared;

	l->missing = STR_EMPTY;
	workflow_visit_names(w, on_name, l);
	shared = l->missing.len ? arena_printf(l->a, "the secret %s is not given", l->missing.p)
				: STR_EMPTY;
	for (size_t i = 0; i < w->njobs; i++) {
		struct str why =
			s->jobs[i] && !shared.len ? job_reason(l, &w->jobs[i], true) : shared;

		kept[i] = s->jobs[i] && !why.len;
		if (s->jobs[i] && why.len) {
			note(l, &w->jobs[i], why);
		}
	}
	while (leave_dependents(l, w, kept)) {
	}
	s->jobs = kept;
	s->njobs = 0;
	for (size_t i = 0; i < w->njobs; i++) {
		s->njobs += kept[i];
	}
	l->left += s->njobs;
}

static struct str joined(struct arena *a, const struct str *v, size_t n)
{
	struct str all = n ? v[0] : STR_EMPTY;

	for (size_t i = 1; i < n; i++) {
		all = arena_printf(a, "%.*s; %.*s", STR_ARG(all), STR_ARG(v[i]));
	}
	return all;
}

bool plan_leave_out(struct arena *a, struct selection *s, const struct calls *calls,
		    const struct settings *secrets, struct err *err)
{
	struct looking l = { .a = a, .calls = calls, .secrets = secrets, .missing = STR_EMPTY };
	struct selected *v = arena_array(a, struct selected, s->n);
	size_t n = 0;

	for (size_t i = 0; i < s->nnotes; i++) {
		vec_push(a, &l.notes, s->notes[i]);
	}
	for (size_t i = 0; i < s->n; i++) {
		v[n] = s->v[i];
		leave_jobs(&l, &v[n]);
		n += v[n].njobs > 0;
	}
	if (l.left == 0) {
		struct str why = joined(a, l.notes.v + s->nnotes, l.notes.n - s->nnotes);

		return err_set(err, ERR_NOTHING, "no job is left to rehearse: %.*s", STR_ARG(why));
	}
	s->v = v;
	s->n = n;
	s->notes = l.notes.v;
	s->nnotes = l.notes.n;
	return true;
}
