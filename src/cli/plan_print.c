/* plan_print.c - a plan for people: what happens, job by job, and what does not and why. */
#include <stdio.h>

#include "chosen.h"
#include "plan.h"

struct printing {
	const struct plan *p;
	bool boxes;
};

static const char *mark(const struct printing *o, enum fate fate)
{
	static const struct {
		const char *box, *plain;
	} marks[] = {
		[FATE_RUNS] = { "✓", "+" },      [FATE_SKIPPED] = { "-", "-" },
		[FATE_UNDECIDED] = { "?", "?" }, [FATE_NOT_REHEARSED] = { "○", "o" },
		[FATE_FAILS] = { "✗", "x" },
	};

	return o->boxes ? marks[fate].box : marks[fate].plain;
}

/* --- what happened -----------------------------------------------------------------------------
 */

static void print_event(const struct plan *p)
{
	const struct event_facts *e = &p->happening.event;
	struct str action = value_to_str(&p->o->arena, value_get(e->payload, STR("action")));

	put_clean(stdout, e->event_name);
	if (action.len) {
		(void)fputs(" (", stdout);
		put_clean(stdout, action);
		(void)putchar(')');
	}
	(void)printf(" of ");
	put_clean(stdout, e->ref);
	if (e->base_ref.len) {
		(void)fputs(" into ", stdout);
		put_clean(stdout, e->base_ref);
	}
	(void)printf(" at %.7s%s\n", e->sha.p,
		     p->happening.snapshot.dirty ? ", local changes included" : "");
}

static void print_changes(const struct plan *p)
{
	const struct changed_files *c = &p->happening.changes;

	if (!p->happening.has_changes) {
		return;
	}
	if (!c->known) {
		(void)fputs("changed files are not known, so path filters pass: ", stdout);
	} else {
		(void)printf("%zu file%s changed, ", c->n, c->n == 1 ? "" : "s");
	}
	put_clean(stdout, c->why);
	for (size_t i = 0; c->known && i < c->n && i < 5; i++) {
		(void)fputs(i ? ", " : ": ", stdout);
		put_clean(stdout, c->v[i]);
	}
	(void)puts(c->n > 5 ? ", ..." : "");
}

/* --- jobs --------------------------------------------------------------------------------------
 */

static void print_jobs(const struct printing *o, const struct forecast_job *jobs, size_t n,
		       int indent);

static void print_place(const struct printing *o, const struct forecast_leg *leg)
{
	const char *arrow = o->boxes ? "→" : "->";

	if (leg->labels.len) {
		(void)printf("  %s ", arrow);
		put_clean(stdout, leg->labels);
	}
	if (leg->labels.len && leg->fate == FATE_RUNS) {
		(void)fputs(" (", stdout);
		put_clean(stdout, leg->image.len ? leg->image : STR("this machine"));
		(void)putchar(')');
	}
	if (leg->environment.len) {
		(void)fputs("  deploys to ", stdout);
		put_clean(stdout, leg->environment);
	}
	if (leg->rules && leg->rules->reviewers.n) {
		(void)fputs(" (approval needed)", stdout);
	}
	if (leg->hint.len) {
		(void)fputs("  (", stdout);
		put_clean(stdout, leg->hint);
		(void)putchar(')');
	}
}

static void print_reason(struct str reason)
{
	if (reason.len) {
		(void)fputs(": ", stdout);
		put_clean(stdout, reason);
	}
}

static void print_needs(const struct job_def *def)
{
	for (size_t i = 0; i < def->needs.n; i++) {
		(void)fputs(i ? ", " : "  needs ", stdout);
		put_clean(stdout, def->needs.v[i].s);
	}
}

static void print_legs(const struct printing *o, const struct forecast_job *job, int indent)
{
	bool several =
		job->nlegs > 1 || (job->nlegs == 1 && job->legs[0].matrix.kind != VALUE_NULL);

	for (size_t i = 0; i < job->nlegs; i++) {
		const struct forecast_leg *leg = &job->legs[i];

		if (several) {
			(void)printf("%*s%s ", indent, "", mark(o, leg->fate));
			put_clean(stdout, leg->name);
			print_place(o, leg);
			print_reason(leg->reason);
			(void)putchar('\n');
		}
		print_jobs(o, leg->jobs, leg->njobs, indent + (several ? 4 : 0));
	}
}

static void print_job(const struct printing *o, const struct forecast_job *job, int indent)
{
	const struct job_def *def = job->def;
	bool one = job->nlegs == 1 && job->legs[0].matrix.kind == VALUE_NULL;

	(void)printf("%*s%s ", indent, "", mark(o, job->fate));
	put_clean(stdout, def->id.s);
	if (one && !str_ends(job->legs[0].name, def->id.s)) {
		(void)fputs("  ", stdout);
		put_clean(stdout, job->legs[0].name);
	}
	if (def->uses.s.len) {
		(void)fputs("  calls ", stdout);
		put_clean(stdout, def->uses.s);
	}
	print_needs(def);
	if (job->nlegs > 1) {
		(void)printf("  %zu legs", job->nlegs);
	}
	if (one) {
		print_place(o, &job->legs[0]);
	}
	print_reason(job->reason);
	if (!job->legs_known && job->fate == FATE_RUNS) {
		(void)fputs(": an output decides its matrix, name or label", stdout);
	}
	(void)putchar('\n');
	print_legs(o, job, indent + 4);
}

static void print_jobs(const struct printing *o, const struct forecast_job *jobs, size_t n,
		       int indent)
{
	for (size_t i = 0; i < n; i++) {
		print_job(o, &jobs[i], indent);
	}
}

static void print_workflow(const struct printing *o, const struct forecast_workflow *w)
{
	(void)putchar('\n');
	put_clean(stdout, w->workflow->name);
	if (!str_eq(w->workflow->name, w->workflow->path)) {
		(void)fputs("  ", stdout);
		put_clean(stdout, w->workflow->path);
	}
	(void)putchar('\n');
	print_jobs(o, w->jobs, w->njobs, 2);
}

/* --- the rest ----------------------------------------------------------------------------------
 */

static void print_position(struct str path, struct place at)
{
	put_clean(stdout, path);
	if (at.line) {
		(void)printf(":%u:%u", at.line, at.col);
	}
}

static void print_left_out(const struct plan *p)
{
	(void)fputs(p->left_out.n ? "\nNot started:\n" : "", stdout);
	for (size_t i = 0; i < p->left_out.n; i++) {
		const struct left_out *l = &p->left_out.v[i];

		(void)fputs("  ", stdout);
		print_position(l->path, l->at);
		print_reason(l->reason);
		(void)putchar('\n');
	}
}

static void print_missing(const struct plan *p)
{
	(void)fputs(p->missing.n ? "\nNot given, so empty:\n" : "", stdout);
	for (size_t i = 0; i < p->missing.n; i++) {
		const struct missing *m = &p->missing.v[i];

		(void)printf("  %s.", m->context);
		put_clean(stdout, m->name);
		(void)fputs("  ", stdout);
		print_position(m->path, m->at);
		(void)putchar('\n');
	}
}

static void print_outside(const struct plan *p)
{
	(void)fputs(p->noutside ? "\nOutside:\n" : "", stdout);
	for (size_t i = 0; i < p->noutside; i++) {
		(void)fputs("  ", stdout);
		put_clean(stdout, p->outside[i]);
		(void)putchar('\n');
	}
}

void plan_print(const struct plan *p)
{
	struct printing o = { p, locale_is_utf8() };

	print_event(p);
	print_changes(p);
	for (size_t i = 0; i < p->forecast.n; i++) {
		print_workflow(&o, &p->forecast.v[i]);
	}
	print_left_out(p);
	print_missing(p);
	print_outside(p);
}
