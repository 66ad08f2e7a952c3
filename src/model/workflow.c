/*
 * workflow.c - one file to the const model: YAML, schema, then what only the whole shows. Parts
 * with a reported error are left out, the others are still checked, so that one reading reports as
 * much as possible.
 */
#include "actc/workflow.h"

#include "build.h"
#include "reader.h"

static void build_jobs(struct build *b, const struct tok *map, struct workflow *w)
{
	struct job_def *jobs = arena_array(b->a, struct job_def, map->u.map.n);
	size_t n = 0, before = b->diags->nerrors;

	for (size_t i = 0; i < map->u.map.n; i++) {
		const struct tok_pair *pair = &map->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && pair->value->kind == TOK_MAP) {
			jobs[n].index = n;
			build_job(b, pair->key, pair->value, &jobs[n]);
			n++;
		}
	}
	if (map->u.map.n == 0) {
		(void)diag_error(b->diags, map->at, "syntax-check",
				 "The workflow must contain at least one job.");
	}
	if (!b->staged || b->diags->nerrors == before) {
		build_needs(b, map->at, jobs, n);
	}
	w->njobs = n;
	w->jobs = jobs;
}

static void build_root(struct build *b, const struct tok *root, struct workflow *w)
{
	const struct tok *on = tok_get(root, STR("on")), *jobs = tok_get(root, STR("jobs"));
	struct str name = build_spanned(tok_get(root, STR("name"))).s;

	w->name = name.len > 0 ? name : w->path;
	w->run_name = tok_get(root, STR("run-name"));
	w->env = tok_get(root, STR("env"));
	w->defaults = build_defaults(tok_get(root, STR("defaults")));
	w->permissions = build_permissions(b, tok_get(root, STR("permissions")));
	w->concurrency = build_concurrency(b, tok_get(root, STR("concurrency")));
	w->cache_mode = build_spanned(tok_get(root, STR("cache-mode"))).s;
	if (on) {
		build_events(b, on, w);
	}
	if (jobs && jobs->kind == TOK_MAP) {
		build_jobs(b, jobs, w);
	}
}

static uint32_t turn_of(const struct diag *d)
{
	return d->late ? d->late : d->token.lo;
}

/* By place, which is the order in which GitHub comes by. Insertion: few, and mostly in order. */
static void sort_errors(struct diags *diags, size_t from)
{
	for (size_t i = from; i < diags->list.n; i++) {
		struct diag d = diags->list.v[i];
		size_t k = i;

		for (; k > from && turn_of(&diags->list.v[k - 1]) > turn_of(&d); k--) {
			diags->list.v[k] = diags->list.v[k - 1];
		}
		diags->list.v[k] = d;
	}
}

static const struct workflow *load(struct build *b, uint32_t file, const struct yaml_limits *limits)
{
	const struct source *src = sources_get(b->diags->sources, file);
	struct workflow *w = arena_new(b->a, struct workflow);
	size_t before = b->diags->nerrors;
	const struct yaml_node *node = yaml_read(b->a, file, limits, b->diags);

	if (!node) {
		return NULL;
	}
	if (node->kind == YAML_NULL && (!b->staged || node->at.hi == 0)) {
		diag_error(b->diags, (struct span){ file, 0, 0 }, "syntax-check", "%s",
			   b->staged ? "Expected document start parse event"
				     : "The workflow file is empty")
			->token = NO_SPAN;
		return NULL;
	}

	const struct tok *root = schema_read(b->a, node, &schema_workflow, b->staged, b->diags);
	size_t read = b->diags->list.n;

	w->file = file;
	w->path = src->path;
	w->tokens = root;
	if (root->kind == TOK_MAP && !(b->staged && b->diags->nerrors > before)) {
		build_root(b, root, w);
	}
	if (b->staged) {
		sort_errors(b->diags, read);
	}
	return w;
}

const struct workflow *workflow_read(struct arena *a, uint32_t file, struct diags *diags)
{
	struct yaml_limits limits = yaml_workflow_limits;

	limits.thorough = true;
	return load(&(struct build){ .a = a, .diags = diags, .step_if = &schema_step_if }, file,
		    &limits);
}

const struct workflow *workflow_load(struct arena *a, uint32_t file, struct diags *diags)
{
	size_t before = diags->nerrors;
	const struct workflow *w = workflow_read(a, file, diags);

	return diags->nerrors == before ? w : NULL;
}

const struct workflow *workflow_load_staged(struct arena *a, uint32_t file,
					    const struct yaml_limits *limits, struct diags *diags)
{
	size_t before = diags->nerrors;
	const struct workflow *w = load(
		&(struct build){
			.a = a, .diags = diags, .step_if = &schema_step_if, .staged = true },
		file, limits);

	return diags->nerrors == before ? w : NULL;
}

const struct job_def *workflow_job(const struct workflow *w, struct str id)
{
	for (size_t i = 0; i < w->njobs; i++) {
		if (str_ieq(w->jobs[i].id.s, id)) {
			return &w->jobs[i];
		}
	}
	return NULL;
}

const struct event_filter *workflow_event(const struct workflow *w, struct str event)
{
	for (size_t i = 0; i < w->nevents; i++) {
		if (str_eq(w->events[i].event.s, event)) {
			return &w->events[i];
		}
	}
	return NULL;
}
