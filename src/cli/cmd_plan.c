/*
 * cmd_plan.c - `act-c plan`: what a run of the event would do here, and what it would not and why.
 *
 * It begins as `run` does, asks no engine and writes nothing but a snapshot in a directory of its
 * own, which goes again.
 */
#include "deployments.h"
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/reads.h"
#include "outside.h"
#include "remotes.h"

struct planning {
	struct arena *a;
	struct plan plan;
	struct sources sources;
	struct diags diags;
	struct workflow_files files;
	struct run_values values;
	struct remotes remotes;
	struct calls *calls;
	struct filter_verdict *verdicts;
	struct str dir; /* of the snapshot */
	struct run_request request;
	struct environments environments;
	const struct environment *rules; /* of the job that is looked at */
	bool passed;                     /* its `secrets` are what its caller passes */
};

static bool choose(struct planning *p, struct err *err)
{
	struct options *o = p->plan.o;
	struct selection_request request = { .event = o->nargs ? o->args[0] : STR_EMPTY,
					     .jobs = o->jobs.v,
					     .njobs = o->jobs.n };

	return workflow_files_load(p->a, o->workflows.v, o->workflows.n, &p->diags, &p->files,
				   err) &&
	       plan_select(p->a, &p->files, &p->sources, &request, &p->plan.selection, err);
}

static bool load_calls(struct planning *p, struct err *err)
{
	const struct selection *s = &p->plan.selection;
	const struct workflow **roots = arena_array(p->a, const struct workflow *, s->n);
	struct call_places places = remotes_places(&p->remotes);

	for (size_t i = 0; i < s->n; i++) {
		roots[i] = s->v[i].workflow;
	}
	if (!remotes_lock(&p->remotes, roots, s->n, &p->diags)) {
		return err_set(err, ERR_INVALID, "the locked actions cannot be used");
	}
	return calls_load(p->a, roots, s->n, &places, NULL, &p->diags, &p->calls) ||
	       err_set(err, ERR_INVALID, "a called workflow cannot be used");
}

static bool read_event(struct planning *p, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct plan *plan = &p->plan;

	p->dir = arena_printf(p->a, "%s/act-c-plan-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp((char *)p->dir.p)) {
		p->dir = STR_EMPTY;
		return err_sys(err, errno, "cannot make a directory in %s",
			       tmp && *tmp ? tmp : "/tmp");
	}
	return happening_read(plan->o, &p->values.inputs, &plan->selection,
			      arena_printf(p->a, "%.*s/snapshot", STR_ARG(p->dir)),
			      &plan->happening, err) &&
	       happening_filter(plan->o, &plan->selection, &p->diags, &plan->happening,
				&p->verdicts, err);
}

/* --- files that are not started ----------------------------------------------------------------
 */

static size_t selected_at(const struct selection *s, const struct workflow *w)
{
	size_t i = 0;

	while (i < s->n && s->v[i].workflow != w) {
		i++;
	}
	return i;
}

static struct str other_events(struct arena *a, const struct workflow *w)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < w->nevents; i++) {
		list = arena_printf(a, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
				    STR_ARG(w->events[i].event.s));
	}
	return str_eq(list, STR("workflow_call"))
		       ? STR("it is called by other workflows")
		       : arena_printf(a, "it is started by %.*s", STR_ARG(list));
}

static void leave_out(struct planning *p, const struct workflow_file *f, struct str reason)
{
	vec_push(p->a, &p->plan.left_out,
		 (struct left_out){ .path = f->path,
				    .filter = STR_EMPTY,
				    .pattern = STR_EMPTY,
				    .reason = reason });
}

static void leave_out_filtered(struct planning *p, const struct workflow_file *f,
			       const struct filter_verdict *v)
{
	struct left_out out = {
		.path = f->path, .filter = v->filter, .pattern = v->pattern, .reason = v->reason
	};

	if (v->at.file != SPAN_NONE) {
		out.at = source_place(sources_get(&p->sources, v->at.file), v->at.lo);
	}
	vec_push(p->a, &p->plan.left_out, out);
}

/* Files of other events, invalid ones, and those that a filter excludes. */
static void find_left_out(struct planning *p)
{
	const struct selection *s = &p->plan.selection;

	for (size_t i = 0; i < p->files.n; i++) {
		const struct workflow_file *f = &p->files.v[i];
		size_t at = selected_at(s, f->workflow);

		if (!f->workflow) {
			leave_out(p, f, STR("it is invalid"));
		} else if (at == s->n && p->plan.o->jobs.n) {
			leave_out(p, f, STR("it has none of the jobs"));
		} else if (at == s->n) {
			leave_out(p, f, other_events(p->a, f->workflow));
		} else if (!p->verdicts[at].runs) {
			leave_out_filtered(p, f, &p->verdicts[at]);
		}
	}
}

static void keep_started(struct planning *p)
{
	struct selection *s = &p->plan.selection;
	struct selected *kept = arena_array(p->a, struct selected, s->n);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (p->verdicts[i].runs) {
			kept[n++] = s->v[i];
		}
	}
	s->v = kept;
	s->n = n;
}

/* --- what is read and was not given ------------------------------------------------------------
 */

/* The environment of the job gives it. */
static bool has_own(const struct environment *rules, bool secret, struct str name)
{
	return rules && settings_get(secret ? &rules->secrets : &rules->vars, name, true);
}

static void on_name(void *ctx, struct span at, struct str root, const struct str *path, size_t n)
{
	struct planning *p = ctx;
	bool secret = str_ieq(root, STR("secrets"));
	const struct settings *given = secret ? &p->values.secrets : &p->values.vars;
	const struct source *src;

	if (n == 0 || (secret ? p->passed : !str_ieq(root, STR("vars"))) ||
	    (secret && str_ieq(path[0], STR("GITHUB_TOKEN"))) || at.file == SPAN_NONE ||
	    settings_get(given, path[0], true) || has_own(p->rules, secret, path[0])) {
		return;
	}
	for (size_t i = 0; i < p->plan.missing.n; i++) {
		if (str_ieq(p->plan.missing.v[i].name, path[0]) &&
		    (p->plan.missing.v[i].context[0] == 's') == secret) {
			return;
		}
	}
	src = sources_get(&p->sources, at.file);
	vec_push(p->a, &p->plan.missing,
		 (struct missing){ .context = secret ? "secrets" : "vars",
				   .name = path[0],
				   .path = src->path,
				   .at = source_place(src, at.lo) });
}

static bool may_run(const struct forecast_job *job)
{
	return job->fate == FATE_RUNS || job->fate == FATE_UNDECIDED;
}

static void find_missing(struct planning *p, const struct forecast_job *jobs, size_t n);

/* What a called workflow reads as a secret is what its caller passes, so only variables and
 * inherited secrets are looked for there. */
static void find_missing_called(struct planning *p, const struct job_def *caller,
				const struct forecast_leg *leg)
{
	bool passed = p->passed;

	p->passed = passed || !caller->secrets_inherit;
	called_visit_names(leg->calls, caller, on_name, p);
	find_missing(p, leg->jobs, leg->njobs);
	p->passed = passed;
}

/* Of jobs that may run. */
static void find_missing(struct planning *p, const struct forecast_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p->rules = jobs[i].nlegs ? jobs[i].legs[0].rules : NULL;
		if (may_run(&jobs[i])) {
			job_visit_names(jobs[i].def, on_name, p);
		}
		for (size_t k = 0; k < jobs[i].nlegs; k++) {
			if (jobs[i].legs[k].calls) {
				find_missing_called(p, jobs[i].def, &jobs[i].legs[k]);
			}
		}
	}
}

static bool forecast(struct planning *p, struct err *err)
{
	struct plan *plan = &p->plan;
	struct selection *s = &plan->selection;
	struct run_workflow *v = arena_array(p->a, struct run_workflow, s->n);

	for (size_t i = 0; i < s->n; i++) {
		v[i].workflow = s->v[i].workflow;
		v[i].selected = s->v[i].jobs;
		if (!happening_inputs(p->a, &p->values.inputs, &plan->happening, &v[i], err)) {
			return false;
		}
	}
	if (!deployments_read(plan->o, plan->happening.repo.root, &p->diags, &p->environments,
			      err)) {
		return false;
	}
	p->request = (struct run_request){
		.sources = &p->sources,
		.nworkflows = s->n,
		.workflows = v,
		.event = &plan->happening.event,
		.repo = &plan->happening.repo,
		.snapshot = &plan->happening.snapshot,
		.secrets = &p->values.secrets,
		.vars = &p->values.vars,
		.env = &p->values.env,
		.matrix = plan->o->matrix.v,
		.nmatrix = plan->o->matrix.n,
		.images = &plan->o->images,
		.calls = p->calls,
		.environments = &p->environments,
	};
	forecast_make(p->a, &p->request, &plan->forecast);
	for (size_t i = 0; i < s->n; i++) {
		workflow_visit_names(s->v[i].workflow, on_name, p);
		find_missing(p, plan->forecast.v[i].jobs, plan->forecast.v[i].njobs);
	}
	return true;
}

static bool make_plan(struct planning *p, struct err *err)
{
	if (!remotes_open(&p->remotes, p->plan.o, &p->values, err) || !choose(p, err) ||
	    !remotes_values(&p->remotes, err) || !read_event(p, err) ||
	    !happening_changes(p->plan.o, &p->plan.happening, err)) {
		return false;
	}
	find_left_out(p);
	keep_started(p);
	return load_calls(p, err) && forecast(p, err) &&
	       outside_notes(p->plan.o, &p->plan.selection, p->calls, &p->plan.outside,
			     &p->plan.noutside, err);
}

int cmd_plan(struct options *o)
{
	struct planning p = { .a = &o->arena, .plan.o = o, .dir = STR_EMPTY };
	struct err err = ERR_INIT, ignored = ERR_INIT;
	bool ok;

	p.sources.arena = p.a;
	p.diags.arena = p.a;
	p.diags.sources = &p.sources;
	ok = make_plan(&p, &err);
	diags_print(&p.diags, stderr, options_colour(o, STDERR_FILENO));
	if (p.dir.len) {
		(void)remove_tree(p.dir.p, &ignored);
		err_release(&ignored);
	}
	if (!ok) {
		return cli_fail(&err);
	}
	if (o->json) {
		plan_print_json(&p.plan);
	} else {
		plan_print(&p.plan);
	}
	return EXIT_OK;
}
