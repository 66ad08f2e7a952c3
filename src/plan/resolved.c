/*
 * resolved.c - workflow, jobs and steps in the resolved model, with the jobs of called workflows
 * inside the jobs that call them. Everything here was checked before; nothing can fail.
 */
#include "resolved.h"

#include "calls_check.h"

enum { ERRORS_SHOWN = 10 };

static void put(const struct resolving *r, struct vobject *o, struct str key, struct value v)
{
	vobject_set(r->a, o, key, v);
}

/* The keys of a mapping that go into the model as they are. */
static void put_keys(const struct resolving *r, struct vobject *o, const struct tok *map,
		     const struct str *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		resolved_put(r, o, keys[i], tok_get(map, keys[i]));
	}
}

/* Scopes without any access are left out. */
static void put_permissions(const struct resolving *r, struct vobject *o,
			    const struct permission_set *set)
{
	struct vobject *levels = vobject_new(r->a, true);

	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		if (set->level[i] != PERMISSION_NONE) {
			put(r, levels, permission_scope_name(i),
			    value_str(permission_level_name(set->level[i])));
		}
	}
	if (set->given) {
		put(r, o, STR("permissions"), value_object(levels));
	}
}

static struct value condition(const struct resolving *r, const struct expr *e,
			      const struct spanned *text)
{
	return resolved_expr(r, e ? expr_text(e) : STR("success()"), text->at);
}

/* --- steps --- */

static const struct str step_keys[] = {
	STR_INIT("continue-on-error"),
	STR_INIT("timeout-minutes"),
	STR_INIT("env"),
	STR_INIT("working-directory"),
	STR_INIT("shell"),
	STR_INIT("run"),
	STR_INIT("uses"),
	STR_INIT("with"),
};

static const struct str control_keys[] = {
	STR_INIT("continue-on-error"),
};

static const struct str step_names[] = {
	[STEP_RUN] = STR_INIT(""),          [STEP_USES] = STR_INIT(""),
	[STEP_WAIT] = STR_INIT("Wait"),     [STEP_WAIT_ALL] = STR_INIT("Wait for all"),
	[STEP_CANCEL] = STR_INIT("Cancel"), [STEP_PARALLEL] = STR_INIT("Parallel group"),
};

static struct value steps(const struct resolving *r, const struct tok *seq,
			  const struct step_def *defs, size_t n);

static struct value targets(const struct resolving *r, const struct step_def *step)
{
	struct varray *list = varray_new(r->a);

	for (size_t i = 0; i < step->targets.n; i++) {
		varray_push(r->a, list, resolved_string(r, step->targets.v[i]));
	}
	return value_array(list);
}

static void put_control(const struct resolving *r, struct vobject *o, const struct tok *map,
			const struct step_def *step)
{
	if (!tok_get(map, STR("name"))) {
		put(r, o, STR("name"), value_str(step_names[step->kind]));
	}
	put_keys(r, o, map, control_keys, sizeof(control_keys) / sizeof(control_keys[0]));
	if (step->kind == STEP_WAIT) {
		put(r, o, STR("wait"), targets(r, step));
	} else if (step->kind == STEP_WAIT_ALL) {
		put(r, o, STR("wait-all"), value_bool(true));
	} else if (step->kind == STEP_CANCEL) {
		resolved_put(r, o, STR("cancel"), tok_get(map, STR("cancel")));
	} else {
		put(r, o, STR("parallel"),
		    steps(r, tok_get(map, STR("parallel")), step->steps, step->nsteps));
	}
}

static struct value one_step(const struct resolving *r, const struct tok *map,
			     const struct step_def *step)
{
	struct vobject *o = vobject_new(r->a, true);

	put(r, o, STR("id"), value_str(step->id));
	resolved_put(r, o, STR("name"), tok_get(map, STR("name")));
	if (step->kind != STEP_RUN && step->kind != STEP_USES) {
		put_control(r, o, map, step);
		return value_object(o);
	}
	put(r, o, STR("if"), condition(r, step->cond, &step->cond_text));
	put_keys(r, o, map, step_keys, sizeof(step_keys) / sizeof(step_keys[0]));
	if (tok_get(map, STR("background"))) {
		put(r, o, STR("background"), value_bool(step->background));
	}
	return value_object(o);
}

static struct value steps(const struct resolving *r, const struct tok *seq,
			  const struct step_def *defs, size_t n)
{
	struct varray *list = varray_new(r->a);

	for (size_t i = 0; i < n; i++) {
		varray_push(r->a, list, one_step(r, seq->u.seq.items[i], &defs[i]));
	}
	return value_array(list);
}

/* --- jobs --- */

static const struct str job_keys[] = {
	STR_INIT("strategy"),        STR_INIT("continue-on-error"),
	STR_INIT("timeout-minutes"), STR_INIT("cancel-timeout-minutes"),
	STR_INIT("concurrency"),     STR_INIT("env"),
	STR_INIT("environment"),     STR_INIT("defaults"),
	STR_INIT("runs-on"),         STR_INIT("outputs"),
	STR_INIT("container"),       STR_INIT("services"),
	STR_INIT("snapshot"),
};

static struct value jobs(const struct resolving *r, const struct workflow *w,
			 struct permission_set inherited);

static void put_needs(const struct resolving *r, struct vobject *o, const struct tok *map,
		      bool empty_too)
{
	const struct tok *needs = tok_get(map, STR("needs"));
	struct varray *list = varray_new(r->a);

	if (needs && needs->kind == TOK_STRING) {
		varray_push(r->a, list, resolved_token(r, needs));
	}
	for (size_t i = 0; needs && needs->kind == TOK_SEQ && i < needs->u.seq.n; i++) {
		varray_push(r->a, list, resolved_token(r, needs->u.seq.items[i]));
	}
	if (list->n || empty_too) {
		put(r, o, STR("needs"), value_array(list));
	}
}

/* What both kinds of jobs have: type, id, name, needs, if. */
static struct vobject *new_job(const struct resolving *r, const struct tok *map,
			       const struct job_def *job)
{
	struct vobject *o = vobject_new(r->a, true);
	const struct tok *name = tok_get(map, STR("name"));
	bool call = job->uses.s.len > 0;

	if (name && name->kind == TOK_STRING && name->u.s.len == 0) {
		name = NULL;
	}
	put(r, o, STR("type"), value_str(call ? STR("reusableWorkflowJob") : STR("job")));
	put(r, o, STR("id"), resolved_string(r, job->id));
	put(r, o, STR("name"), name ? resolved_token(r, name) : resolved_string(r, job->id));
	put_needs(r, o, map, call);
	put(r, o, STR("if"), condition(r, job->cond, &job->cond_text));
	return o;
}

static struct value regular_job(const struct resolving *r, const struct tok *map,
				const struct job_def *job, struct permission_set inherited)
{
	struct vobject *o = new_job(r, map, job);
	struct permission_set permissions = job_permissions(job, inherited);

	put_permissions(r, o, &permissions);
	put_keys(r, o, map, job_keys, sizeof(job_keys) / sizeof(job_keys[0]));
	if (job->nsteps) {
		put(r, o, STR("steps"),
		    steps(r, tok_get(map, STR("steps")), job->steps, job->nsteps));
	}
	return value_object(o);
}

/* Where the model of a call takes a value from: the calling job, or the called file's
 * workflow_call or root. */
enum call_side { OF_CALLER, OF_INTERFACE, OF_CALLED };

static const struct {
	struct str name;
	enum call_side side;
	struct str key;
} call_parts[] = {
	{ STR_INIT("input-definitions"), OF_INTERFACE, STR_INIT("inputs") },
	{ STR_INIT("input-values"), OF_CALLER, STR_INIT("with") },
	{ STR_INIT("secret-definitions"), OF_INTERFACE, STR_INIT("secrets") },
	{ STR_INIT("outputs"), OF_INTERFACE, STR_INIT("outputs") },
	{ STR_INIT("defaults"), OF_CALLED, STR_INIT("defaults") },
	{ STR_INIT("env"), OF_CALLED, STR_INIT("env") },
	{ STR_INIT("concurrency"), OF_CALLER, STR_INIT("concurrency") },
	{ STR_INIT("embedded-concurrency"), OF_CALLED, STR_INIT("concurrency") },
	{ STR_INIT("strategy"), OF_CALLER, STR_INIT("strategy") },
};

static struct value calling_job(const struct resolving *r, const struct tok *map,
				const struct job_def *job, struct permission_set inherited)
{
	const struct workflow *to = calls_find(r->calls, job);
	struct vobject *o = new_job(r, map, job);
	const struct tok *sides[] = {
		[OF_CALLER] = map,
		[OF_INTERFACE] = tok_get(tok_get(to->tokens, STR("on")), STR("workflow_call")),
		[OF_CALLED] = to->tokens,
	};
	struct permission_set permissions =
		workflow_permissions(to, job_permissions(job, inherited));

	put(r, o, STR("ref"), resolved_string(r, job->uses));
	put_permissions(r, o, &permissions);
	for (size_t i = 0; i < sizeof(call_parts) / sizeof(call_parts[0]); i++) {
		resolved_put(r, o, call_parts[i].name,
			     tok_get(sides[call_parts[i].side], call_parts[i].key));
	}
	if (job->secrets_inherit) {
		put(r, o, STR("inherit-secrets"), value_bool(true));
	} else {
		resolved_put(r, o, STR("secret-values"), job->secrets);
	}
	put(r, o, STR("jobs"), jobs(r, to, permissions));
	return value_object(o);
}

static struct value jobs(const struct resolving *r, const struct workflow *w,
			 struct permission_set inherited)
{
	const struct tok *map = tok_get(w->tokens, STR("jobs"));
	struct varray *list = varray_new(r->a);

	for (size_t i = 0; i < w->njobs; i++) {
		const struct tok *job = map->u.map.pairs[i].value;

		varray_push(r->a, list,
			    w->jobs[i].uses.s.len ? calling_job(r, job, &w->jobs[i], inherited)
						  : regular_job(r, job, &w->jobs[i], inherited));
	}
	return value_array(list);
}

/* --- the whole --- */

static const struct str root_keys[] = {
	STR_INIT("env"),
	STR_INIT("defaults"),
	STR_INIT("concurrency"),
};

static struct value file_table(const struct resolving *r)
{
	struct varray *files = varray_new(r->a);

	for (size_t i = 0; i < r->sources->files.n; i++) {
		varray_push(r->a, files, value_str(r->sources->files.v[i]->path));
	}
	return value_array(files);
}

struct value resolved_workflow(struct arena *a, const struct sources *sources,
			       const struct workflow *w, const struct calls *calls,
			       const struct resolved_options *options)
{
	struct resolving r = { a, sources, calls, options->include_source };
	struct vobject *o = vobject_new(a, true);
	struct value types = resolved_input_types(&r, w);
	struct permission_set permissions = workflow_permissions(w, (struct permission_set){ 0 });

	if (types.kind != VALUE_NULL) {
		put(&r, o, STR("input-types"), types);
	}
	put(&r, o, STR("events"), resolved_events(&r, w));
	put_permissions(&r, o, &permissions);
	put_keys(&r, o, w->tokens, root_keys, sizeof(root_keys) / sizeof(root_keys[0]));
	put(&r, o, STR("jobs"), jobs(&r, w, permissions));
	if (options->include_source) {
		put(&r, o, STR("file-table"), file_table(&r));
	}
	return value_object(o);
}

struct value resolved_errors(struct arena *a, const struct diags *diags)
{
	struct vobject *o = vobject_new(a, true);
	struct varray *errors = varray_new(a);

	for (size_t i = 0; i < diags->list.n && errors->n < ERRORS_SHOWN; i++) {
		const struct diag *d = &diags->list.v[i];
		struct vobject *error = vobject_new(a, true);

		if (d->severity == DIAG_ERROR) {
			vobject_set(a, error, STR("Message"),
				    value_str(diag_as_github(a, diags, d)));
			varray_push(a, errors, value_object(error));
		}
	}
	vobject_set(a, o, STR("errors"), value_array(errors));
	return value_object(o);
}
