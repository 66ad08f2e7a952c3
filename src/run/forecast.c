/*
 * forecast.c - the scheduler's decisions, made ahead with the code that makes them in a run
 * (legs.c, scope.c), job after job in the order of their needs.
 *
 * A job that may or may not run is tried both ways: what comes out the same is decided.
 */
#include "actc/forecast.h"

#include "actc/reads.h"
#include "gate.h"
#include "legs.h"
#include "scope.h"

struct forecasting {
	struct arena *a;
	struct run run;
};

struct deciding {
	struct forecasting *f;
	struct scope *scope;
	struct forecast_job *jobs; /* parallel to the scope's */
	bool *done;
};

static const char *const words[] = {
	[FATE_RUNS] = "runs",           [FATE_SKIPPED] = "skipped",
	[FATE_UNDECIDED] = "undecided", [FATE_NOT_REHEARSED] = "not_rehearsed",
	[FATE_FAILS] = "fails",
};

static const enum result results[] = {
	[FATE_RUNS] = RESULT_SUCCESS,      [FATE_SKIPPED] = RESULT_SKIPPED,
	[FATE_UNDECIDED] = RESULT_SUCCESS, [FATE_NOT_REHEARSED] = RESULT_NOT_REHEARSED,
	[FATE_FAILS] = RESULT_FAILURE,
};

const char *fate_word(enum fate fate)
{
	return words[fate];
}

/* --- what outputs decide ---------------------------------------------------------------------- */

struct reading {
	const struct deciding *d;
	bool outputs;
};

/* A job that does not run has none, and that is known. */
static bool has_no_outputs(const struct deciding *d, struct str id)
{
	for (size_t i = 0; i < d->scope->njobs; i++) {
		if (str_ieq(d->scope->jobs[i].def->id.s, id)) {
			return d->done[i] &&
			       (d->jobs[i].fate == FATE_SKIPPED || d->jobs[i].fate == FATE_FAILS);
		}
	}
	return false;
}

/* needs.x.outputs.y, needs.x as a whole; `needs.*.result` and needs.x.result are foreseen. */
static void on_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	struct reading *r = ctx;

	r->outputs = r->outputs || (str_ieq(root, STR("needs")) && n > 0 &&
				    (n == 1 || !str_ieq(path[1], STR("result"))) &&
				    !has_no_outputs(r->d, path[0]));
}

static void on_expr(void *ctx, const struct tok *t, const struct expr *e)
{
	(void)t;
	expr_visit_names(e, on_name, ctx);
}

static bool cond_reads_outputs(const struct deciding *d, const struct job_def *def)
{
	struct reading r = { .d = d };

	if (def->cond) {
		expr_visit_names(def->cond, on_name, &r);
	}
	return r.outputs;
}

/* Of what decides about legs. */
static bool legs_read_outputs(const struct deciding *d, const struct job_def *def)
{
	const struct tok *const toks[] = { def->strategy, def->matrix,       def->fail_fast,
					   def->name,     def->max_parallel, def->runs_on };
	struct reading r = { .d = d };

	for (size_t i = 0; i < sizeof(toks) / sizeof(toks[0]); i++) {
		if (toks[i]) {
			tok_visit_exprs(toks[i], on_expr, &r);
		}
	}
	return r.outputs;
}

/* --- the `if` --------------------------------------------------------------------------------- */

/* Needs that are undecided count as `as`. False: it cannot be evaluated, *why says it. */
static bool wanted_when(struct deciding *d, struct job_run *job, enum result as, bool *wanted,
			struct str *why)
{
	for (size_t i = 0; i < d->scope->njobs; i++) {
		if (d->done[i] && d->jobs[i].fate == FATE_UNDECIDED) {
			d->scope->jobs[i].result = as;
		}
	}
	return job_wanted(&d->f->run, job, wanted, why);
}

static struct str undecided_reason(struct deciding *d, const struct job_run *job, bool outputs)
{
	const struct job_def *def = job->def;

	if (outputs) {
		return arena_printf(d->f->a, "an output decides its `if`: %.*s",
				    STR_ARG(def->cond_text.s));
	}
	for (size_t i = 0; i < def->needs.n; i++) {
		if (d->jobs[def->need_index[i]].fate == FATE_UNDECIDED) {
			return arena_printf(d->f->a, "%.*s may be skipped",
					    STR_ARG(def->needs.v[i].s));
		}
	}
	return STR("a job before it may be skipped");
}

static struct str lost_need(struct deciding *d, const struct job_def *def)
{
	for (size_t i = 0; i < def->needs.n; i++) {
		if (d->jobs[def->need_index[i]].fate == FATE_NOT_REHEARSED &&
		    job_reads_outputs(def, def->needs.v[i].s)) {
			return def->needs.v[i].s;
		}
	}
	return STR_EMPTY;
}

static void decide_if(struct deciding *d, struct job_run *job, struct forecast_job *out)
{
	bool run = false, run_otherwise = false;
	struct str lost = lost_need(d, job->def);

	if (!wanted_when(d, job, RESULT_SKIPPED, &run_otherwise, &out->reason) ||
	    !wanted_when(d, job, RESULT_SUCCESS, &run, &out->reason)) {
		out->fate = FATE_FAILS;
	} else if (cond_reads_outputs(d, job->def) || run != run_otherwise) {
		out->fate = FATE_UNDECIDED;
		out->reason = undecided_reason(d, job, cond_reads_outputs(d, job->def));
	} else if (!run) {
		out->fate = FATE_SKIPPED;
		out->reason = job_skip_reason(&d->f->run, job);
	} else if (lost.len) {
		out->fate = FATE_NOT_REHEARSED;
		out->reason = arena_printf(d->f->a,
					   "it reads the outputs of %.*s, which is not rehearsed",
					   STR_ARG(lost));
	}
}

/* --- legs ------------------------------------------------------------------------------------- */

static size_t forecast_scope(struct forecasting *f, struct scope *scope,
			     const struct forecast_job **jobs);

static struct forecast_leg describe_leg(struct forecasting *f, struct leg_run *leg)
{
	struct forecast_leg out = { .path = leg->path,
				    .name = leg->name,
				    .matrix = leg->leg.values,
				    .labels = leg->labels,
				    .image = leg->placement.image,
				    .environment = leg->environment,
				    .rules = leg->rules,
				    .calls = leg->calls,
				    .reason = STR_EMPTY,
				    .hint = STR_EMPTY };

	if (leg->calls) {
		out.labels = out.image = STR_EMPTY;
		if (scope_call(&f->run, leg, &out.reason)) {
			out.njobs = forecast_scope(f, leg->body, &out.jobs);
		} else {
			out.fate = FATE_FAILS;
		}
	} else if (leg->placement.how == LABEL_NOT_SERVED) {
		out.fate = FATE_NOT_REHEARSED;
		out.reason = leg->placement.reason;
		out.hint = leg->placement.hint;
	} else if (leg->rules && !environment_takes_ref(leg->rules, f->run.request->event->ref)) {
		out.fate = FATE_FAILS;
		out.reason = gate_ref_refused(&f->run, leg);
	}
	return out;
}

/* The job is what its legs are, when they agree. */
static void sum_up(struct forecast_job *out)
{
	enum fate fate = out->nlegs ? out->legs[0].fate : out->fate;

	for (size_t i = 0; i < out->nlegs; i++) {
		if (out->legs[i].fate != fate) {
			return;
		}
	}
	if (fate != FATE_RUNS && out->fate == FATE_RUNS) {
		out->fate = fate;
		out->reason = out->legs[0].reason;
	}
}

static void make_legs(struct deciding *d, struct job_run *job, struct forecast_job *out)
{
	bool outputs = legs_read_outputs(d, job->def);
	struct str why = STR_EMPTY;
	struct forecast_leg *legs;

	if (!job_make_legs(&d->f->run, job, &why)) {
		if (!outputs && out->fate == FATE_RUNS) {
			out->fate = FATE_FAILS;
			out->reason = why;
		}
		return;
	}
	out->legs_known = !outputs;
	if (outputs && (job->def->matrix || job->def->strategy)) {
		return;
	}
	legs = arena_array(d->f->a, struct forecast_leg, job->nlegs);
	for (size_t i = 0; i < job->nlegs; i++) {
		legs[i] = describe_leg(d->f, &job->legs[i]);
	}
	out->legs = legs;
	out->nlegs = job->nlegs;
	if (!outputs) {
		sum_up(out);
	}
}

static void decide(struct deciding *d, size_t i)
{
	struct job_run *job = &d->scope->jobs[i];
	struct forecast_job *out = &d->jobs[i];

	if (d->done[i]) {
		return;
	}
	for (size_t k = 0; k < job->def->needs.n; k++) {
		decide(d, job->def->need_index[k]);
	}
	out->def = job->def;
	out->reason = STR_EMPTY;
	if (d->scope->broken.len) {
		out->fate = FATE_FAILS;
		out->reason = d->scope->broken;
	} else {
		decide_if(d, job, out);
	}
	if (out->fate == FATE_RUNS || out->fate == FATE_UNDECIDED) {
		make_legs(d, job, out);
	}
	job->result = results[out->fate];
	d->done[i] = true;
}

static size_t forecast_scope(struct forecasting *f, struct scope *scope,
			     const struct forecast_job **jobs)
{
	struct forecast_job *kept = arena_array(f->a, struct forecast_job, scope->njobs);
	struct deciding d = { .f = f,
			      .scope = scope,
			      .jobs = arena_array(f->a, struct forecast_job, scope->njobs),
			      .done = arena_array(f->a, bool, scope->njobs) };
	size_t n = 0;

	for (size_t i = 0; i < scope->njobs; i++) {
		if (scope->jobs[i].selected) {
			decide(&d, i);
			kept[n++] = d.jobs[i];
		}
	}
	*jobs = kept;
	return n;
}

void forecast_make(struct arena *a, const struct run_request *request, struct forecast *out)
{
	struct event_bus *bus = event_bus_new();
	struct masker *masker = masker_new();
	struct run_request quiet = *request;
	struct forecasting f = { .a = a };
	struct forecast_workflow *v = arena_array(a, struct forecast_workflow, request->nworkflows);
	size_t n = 0;

	quiet.bus = bus;
	quiet.masker = masker;
	f.run = (struct run){ .arena = a,
			      .request = &quiet,
			      .vars = vars_context(a, request->vars) };
	scopes_init(&f.run);
	for (struct scope *s = f.run.scopes; n < request->nworkflows; s = s->next) {
		v[n].workflow = s->workflow->workflow;
		v[n].njobs = forecast_scope(&f, s, &v[n].jobs);
		n++;
	}
	event_bus_free(bus);
	masker_free(masker);
	*out = (struct forecast){ n, v };
}
