/*
 * scope.c - making scopes, calling reusable workflows, and what a call gives back (SEMANTICS 8).
 */
#include "scope.h"

#include "groups.h"

void run_emit(struct run *run, const struct event *e)
{
	event_bus_emit(run->request->bus, run->request->masker, e);
}

void run_note(struct run *run, const char *level, struct str message)
{
	struct event e = { .kind = EVENT_RUN_NOTE };

	e.u.run_note.level = str_of(level);
	e.u.run_note.message = message;
	run_emit(run, &e);
}

struct str run_placed(struct run *run, const struct eval_error *e)
{
	if (e->at.file == SPAN_NONE) {
		return e->msg;
	}

	const struct source *src = sources_get(run->request->sources, e->at.file);
	struct place p = source_place(src, e->at.lo);

	return arena_printf(run->arena, "%.*s:%u:%u: %.*s", STR_ARG(src->path), p.line, p.col,
			    STR_ARG(e->msg));
}

struct str job_path(struct run *run, const struct job_run *job)
{
	return arena_printf(run->arena, "%.*s%.*s", STR_ARG(job->scope->path_prefix),
			    STR_ARG(job->def->id.s));
}

static struct scope *scope_new(struct run *run, const struct run_workflow *rw)
{
	struct scope *scope = arena_new(run->arena, struct scope);
	struct scope **end = &run->scopes;
	const struct workflow *w = rw->workflow;

	scope->workflow = scope->root = rw;
	scope->path_prefix = scope->name_prefix = scope->broken = STR_EMPTY;
	scope->njobs = w->njobs;
	scope->jobs = arena_array(run->arena, struct job_run, w->njobs);
	for (size_t j = 0; j < w->njobs; j++) {
		scope->jobs[j] = (struct job_run){
			.def = &w->jobs[j],
			.scope = scope,
			.selected = !rw->selected || rw->selected[j],
			.waiting = w->jobs[j].needs.n,
			.fail_fast = true,
			.outputs = vobject_new(run->arena, false),
		};
	}
	while (*end) {
		end = &(*end)->next;
	}
	*end = scope;
	return scope;
}

static struct str file_prefix(struct arena *a, const struct run_request *request, size_t i)
{
	struct str path = request->workflows[i].workflow->path;
	size_t slash = STR_NPOS;

	if (request->nworkflows < 2) {
		return STR_EMPTY;
	}
	for (size_t at = str_chr(path, '/', 0); at != STR_NPOS; at = str_chr(path, '/', at + 1)) {
		slash = at;
	}
	if (slash != STR_NPOS) {
		path = str_slice(path, slash + 1, path.len);
	}
	return arena_printf(a, "%.*s:", STR_ARG(path));
}

static struct value planned_job(struct run *run, const struct job_run *job)
{
	struct arena *a = run->arena;
	struct vobject *o = vobject_new(a, false);
	struct varray *needs = varray_new(a);

	for (size_t i = 0; i < job->def->needs.n; i++) {
		varray_push(a, needs, value_str(job->def->needs.v[i].s));
	}
	vobject_set(a, o, STR("id"), value_str(job->def->id.s));
	vobject_set(a, o, STR("path"), value_str(job_path(run, job)));
	vobject_set(a, o, STR("needs"), value_array(needs));
	if (job->def->cond_text.s.len) {
		vobject_set(a, o, STR("if"), value_str(job->def->cond_text.s));
	}
	vobject_set(a, o, STR("matrix"), value_bool(job->def->matrix || job->def->strategy));
	if (job->def->uses.s.len) {
		vobject_set(a, o, STR("uses"), value_str(job->def->uses.s));
	}
	vobject_set(a, o, STR("steps"), value_number((double)job->def->nsteps));
	return value_object(o);
}

static void emit_planned(struct run *run)
{
	struct arena *a = run->arena;
	struct varray *workflows = varray_new(a);

	for (const struct scope *scope = run->scopes; scope; scope = scope->next) {
		struct vobject *o = vobject_new(a, false);
		struct varray *jobs = varray_new(a);

		for (size_t j = 0; j < scope->njobs; j++) {
			if (scope->jobs[j].selected) {
				varray_push(a, jobs, planned_job(run, &scope->jobs[j]));
			}
		}
		vobject_set(a, o, STR("path"), value_str(scope->workflow->workflow->path));
		vobject_set(a, o, STR("name"), value_str(scope->workflow->workflow->name));
		vobject_set(a, o, STR("jobs"), value_array(jobs));
		varray_push(a, workflows, value_object(o));
	}
	run_emit(run, &(struct event){ .kind = EVENT_RUN_PLANNED,
				       .u.run_planned.workflows = value_array(workflows) });
}

/* The file's own group; what it says is evaluated with what every file has. */
static bool eval_group(struct run *run, struct scope *scope, struct str *why)
{
	const struct concurrency *c = &scope->workflow->workflow->concurrency;
	struct group_wish *wish = arena_new(run->arena, struct group_wish);
	struct contexts contexts = {
		.github = value_object(
			github_context(run->arena, run->request, scope->root, STR_EMPTY)),
		.inputs = scope->workflow->inputs,
		.vars = run->vars,
	};
	struct expr_env env = contexts_env(&contexts);

	scope->group = c->group ? wish : NULL;
	return !c->group || group_wish(run, c, &env, wish, why);
}

void scopes_init(struct run *run)
{
	const struct run_request *request = run->request;

	for (size_t i = 0; i < request->nworkflows; i++) {
		struct scope *scope = scope_new(run, &request->workflows[i]);

		scope->path_prefix = file_prefix(run->arena, request, i);
		scope->secrets = secrets_context(run->arena, request->secrets);
		if (!eval_group(run, scope, &scope->broken)) {
			scope->group = NULL;
		}
	}
	emit_planned(run);
}

/* --- calling ------------------------------------------------------------------------------------
 */

static struct value default_of(enum input_type type)
{
	return type == INPUT_BOOLEAN  ? value_bool(false)
	       : type == INPUT_NUMBER ? value_number(0)
				      : value_str(STR_EMPTY);
}

/* A given value must be of the input's type; for a string anything simple is. */
static bool convert(struct run *run, const struct input_def *in, struct value *v)
{
	if (in->type == INPUT_BOOLEAN || in->type == INPUT_NUMBER) {
		return v->kind == (in->type == INPUT_BOOLEAN ? VALUE_BOOL : VALUE_NUMBER);
	}
	if (v->kind == VALUE_ARRAY || v->kind == VALUE_OBJECT) {
		return false;
	}
	*v = value_str(value_to_str(run->arena, *v));
	return true;
}

static bool call_input(struct run *run, const struct leg_run *leg, const struct expr_env *env,
		       const struct input_def *in, struct value with, struct value *out,
		       struct str *why)
{
	static const char *const types[] = {
		[INPUT_BOOLEAN] = "boolean", [INPUT_NUMBER] = "number"
	};
	const struct value *given =
		with.kind == VALUE_OBJECT ? vobject_get(with.u.o, in->id.s) : NULL;
	struct eval_error e = { .at = NO_SPAN };

	*out = default_of(in->type);
	if (!given && in->fallback && !tok_eval(run->arena, in->fallback, env, false, out, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	if (given) {
		*out = *given;
	}
	if (!convert(run, in, out)) {
		e.at = leg->job->def->uses.at;
		e.msg = arena_printf(
			run->arena, "The value of the input '%.*s' is not a %s.", STR_ARG(in->id.s),
			in->type < INPUT_CHOICE && types[in->type] ? types[in->type] : "string");
		*why = run_placed(run, &e);
		return false;
	}
	return true;
}

static bool call_inputs(struct run *run, const struct leg_run *leg, const struct contexts *c,
			struct value *out, struct str *why)
{
	struct contexts mine = *c;
	struct expr_env env = contexts_env(&mine);
	const struct event_filter *call = workflow_event(leg->calls, STR("workflow_call"));
	struct vobject *inputs = vobject_new(run->arena, false);
	struct eval_error e = { .at = NO_SPAN };
	struct value with = value_null();

	if (leg->job->def->with &&
	    !tok_eval(run->arena, leg->job->def->with, &env, false, &with, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	for (size_t i = 0; call && i < call->ninputs; i++) {
		struct value v = value_null();

		if (!call_input(run, leg, &env, &call->inputs[i], with, &v, why)) {
			return false;
		}
		vobject_set(run->arena, inputs, call->inputs[i].id.s, v);
	}
	*out = value_object(inputs);
	return true;
}

/* `inherit` passes all; a mapping passes what it names, and the token always goes along. */
static bool call_secrets(struct run *run, const struct leg_run *leg, const struct contexts *c,
			 struct value *out, struct str *why)
{
	static const struct str token = STR_INIT("github_token");
	const struct job_def *def = leg->job->def;
	struct contexts mine = *c;
	struct expr_env env = contexts_env(&mine);
	struct eval_error e = { .at = NO_SPAN };
	struct value given = value_null();
	struct vobject *secrets = vobject_new(run->arena, false);

	*out = leg->job->scope->secrets;
	if (def->secrets_inherit) {
		return true;
	}
	vobject_set(run->arena, secrets, token, value_get(leg->job->scope->secrets, token));
	if (def->secrets && !tok_eval(run->arena, def->secrets, &env, false, &given, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	for (size_t i = 0; given.kind == VALUE_OBJECT && i < given.u.o->n; i++) {
		struct str value = value_to_str(run->arena, given.u.o->v[i].value);

		if (value.len) {
			masker_add_named(run->request->masker, given.u.o->v[i].key, value);
			vobject_set(run->arena, secrets, given.u.o->v[i].key, value_str(value));
		}
	}
	*out = value_object(secrets);
	return true;
}

bool scope_call(struct run *run, struct leg_run *leg, struct str *why)
{
	const struct scope *above = leg->job->scope;
	struct run_workflow *rw = arena_new(run->arena, struct run_workflow);
	struct value secrets = value_null();
	struct contexts c;

	job_contexts(run, leg->job, leg, &c);
	c.secrets = above->secrets;
	*rw = (struct run_workflow){ .workflow = leg->calls, .payload = above->root->payload };
	if (!call_inputs(run, leg, &c, &rw->inputs, why) ||
	    !call_secrets(run, leg, &c, &secrets, why)) {
		return false;
	}

	struct scope *scope = scope_new(run, rw);

	scope->root = above->root;
	scope->caller = leg;
	scope->secrets = secrets;
	scope->path_prefix = arena_printf(run->arena, "%.*s/", STR_ARG(leg->path));
	scope->name_prefix = arena_printf(run->arena, "%.*s / ", STR_ARG(leg->name));
	leg->body = scope;
	return eval_group(run, scope, why);
}

bool scope_done(const struct scope *scope)
{
	for (size_t i = 0; i < scope->njobs; i++) {
		if (scope->jobs[i].selected && scope->jobs[i].result == RESULT_NONE) {
			return false;
		}
	}
	return true;
}

bool scope_withheld(const struct scope *scope)
{
	for (size_t i = 0; i < scope->njobs; i++) {
		if (scope->jobs[i].withheld) {
			return true;
		}
	}
	return false;
}

enum result scope_result(const struct scope *scope)
{
	static const enum result order[] = { RESULT_FAILURE, RESULT_CANCELLED, RESULT_SUCCESS,
					     RESULT_NOT_REHEARSED };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		for (size_t i = 0; i < scope->njobs; i++) {
			if (scope->jobs[i].result == order[k] &&
			    !(order[k] == RESULT_SUCCESS && scope_withheld(scope))) {
				return order[k];
			}
		}
	}
	return RESULT_SKIPPED;
}

static struct value jobs_context(struct run *run, const struct scope *scope)
{
	struct vobject *jobs = vobject_new(run->arena, false);

	for (size_t i = 0; i < scope->njobs; i++) {
		const struct job_run *job = &scope->jobs[i];
		struct vobject *o = vobject_new(run->arena, false);

		vobject_set(run->arena, o, STR("result"), value_str(result_word(job->result)));
		vobject_set(run->arena, o, STR("outputs"), value_object(job->outputs));
		vobject_set(run->arena, jobs, job->def->id.s, value_object(o));
	}
	return value_object(jobs);
}

bool scope_outputs(struct run *run, const struct scope *scope, struct vobject **out,
		   struct str *why)
{
	const struct event_filter *call =
		workflow_event(scope->workflow->workflow, STR("workflow_call"));
	struct contexts c = { .github = value_object(github_context(run->arena, run->request,
								    scope->root, STR_EMPTY)),
			      .inputs = scope->workflow->inputs,
			      .vars = run->vars,
			      .jobs = jobs_context(run, scope) };
	struct expr_env env = contexts_env(&c);
	struct eval_error e = { .at = NO_SPAN };

	*out = vobject_new(run->arena, false);
	for (size_t i = 0; call && i < call->noutputs; i++) {
		struct str value = STR_EMPTY;

		if (!tok_eval_str(run->arena, call->outputs[i].value, &env, &value, &e)) {
			*why = run_placed(run, &e);
			return false;
		}
		if (value.len) {
			vobject_set(run->arena, *out, call->outputs[i].id.s, value_str(value));
		}
	}
	return true;
}
