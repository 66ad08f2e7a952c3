/*
 * contexts.c - the types of the contexts: what GitHub fills (tables), and what a file declares
 * itself: inputs, secrets, matrix, needs, steps.
 */
#include "check.h"

#include "actc/strmap.h"

#define STRING(name)                         \
	{                                    \
		STR_INIT(name), &type_string \
	}
#define OF(name, type)               \
	{                            \
		STR_INIT(name), type \
	}
#define OBJECT(list)                                                                        \
	{                                                                                   \
		.kind = TYPE_OBJECT, .n = sizeof(list) / sizeof((list)[0]), .props = (list) \
	}

static const struct type_prop github_props[] = {
	STRING("action"),
	STRING("action_path"),
	STRING("action_ref"),
	STRING("action_repository"),
	STRING("action_status"),
	STRING("actor"),
	STRING("actor_id"),
	STRING("api_url"),
	STRING("artifact_cache_size_limit"),
	STRING("artifacts"),
	STRING("artifacts_list"),
	STRING("base_ref"),
	STRING("env"),
	OF("event", &type_object),
	STRING("event_name"),
	STRING("event_path"),
	STRING("graphql_url"),
	STRING("head_ref"),
	STRING("host-workspace"),
	STRING("job"),
	STRING("job_workflow_sha"),
	STRING("output"),
	STRING("path"),
	STRING("ref"),
	STRING("ref_name"),
	OF("ref_protected", &type_bool),
	STRING("ref_type"),
	STRING("repository"),
	STRING("repository_id"),
	STRING("repository_owner"),
	STRING("repository_owner_id"),
	STRING("repository_visibility"),
	STRING("repositoryurl"),
	OF("retention_days", &type_number),
	STRING("run_attempt"),
	STRING("run_id"),
	STRING("run_number"),
	STRING("secret_source"),
	STRING("server_url"),
	STRING("sha"),
	STRING("state"),
	STRING("step_summary"),
	STRING("token"),
	STRING("triggering_actor"),
	STRING("workflow"),
	STRING("workflow_ref"),
	STRING("workflow_sha"),
	STRING("workspace"),
};
static const struct type github_type = OBJECT(github_props);

static const struct type_prop runner_props[] = {
	STRING("arch"), STRING("debug"), STRING("environment"), STRING("name"),
	STRING("os"),   STRING("temp"),  STRING("tool_cache"),  STRING("workspace"),
};
static const struct type runner_type = OBJECT(runner_props);

static const struct type_prop container_props[] = { STRING("id"), STRING("network") };
static const struct type container_type = OBJECT(container_props);
static const struct type_prop service_props[] = { STRING("id"), STRING("network"),
						  OF("ports", &type_strings) };
static const struct type service_type = OBJECT(service_props);
static const struct type services_type = { .kind = TYPE_OBJECT, .rest = &service_type };
static const struct type_prop job_props[] = {
	STRING("check_run_id"),         OF("container", &container_type),
	OF("services", &services_type), STRING("status"),
	STRING("workflow_file_path"),   STRING("workflow_ref"),
	STRING("workflow_repository"),  STRING("workflow_sha"),
};
static const struct type job_type = OBJECT(job_props);

static const struct type_prop strategy_props[] = {
	OF("fail-fast", &type_bool),
	OF("job-index", &type_number),
	OF("job-total", &type_number),
	OF("max-parallel", &type_number),
};
static const struct type strategy_type = OBJECT(strategy_props);

const struct type *context_type(const struct contexts *x, struct str name)
{
	const struct {
		struct str name;
		const struct type *type;
	} table[] = {
		{ STR("github"), x->github },        { STR("inputs"), x->inputs },
		{ STR("secrets"), x->secrets },      { STR("vars"), x->vars },
		{ STR("needs"), x->needs },          { STR("matrix"), x->matrix },
		{ STR("steps"), x->steps },          { STR("jobs"), x->jobs },
		{ STR("strategy"), &strategy_type }, { STR("job"), &job_type },
		{ STR("runner"), &runner_type },     { STR("env"), &type_strings },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (str_eq(table[i].name, name)) {
			return table[i].type ? table[i].type : &type_any;
		}
	}
	return &type_any;
}

/* --- inputs and secrets --- */

static const struct type *input_type(const struct input_def *in, bool call, const struct tok *map)
{
	if (call && !check_get(map, "type")) {
		return &type_any;
	}
	if (in->type == INPUT_BOOLEAN) {
		return &type_bool;
	}
	return in->type == INPUT_NUMBER ? &type_number : &type_string;
}

static const struct tok *event_options(const struct check *c, const char *event)
{
	return check_get(check_get(c->root, "on"), event);
}

static void add_inputs(struct check *c, struct type_builder *b, const struct event_filter *event,
		       const char *name)
{
	const struct tok *map = check_get(event_options(c, name), "inputs");
	bool call = str_eq(event->event.s, STR("workflow_call"));

	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok_pair *pair = &map->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && i < event->ninputs) {
			type_add(b, pair->key->u.s,
				 input_type(&event->inputs[i], call, pair->value));
		}
	}
}

static void build_inputs(struct check *c)
{
	struct type_builder b = { .a = c->a };
	const struct event_filter *call = workflow_event(c->w, STR("workflow_call"));
	const struct event_filter *dispatch = workflow_event(c->w, STR("workflow_dispatch"));

	if (dispatch) {
		add_inputs(c, &b, dispatch, "workflow_dispatch");
	}
	if (call) {
		add_inputs(c, &b, call, "workflow_call");
	}
	c->contexts.inputs = type_finish(&b);
}

enum { NGITHUB = sizeof(github_props) / sizeof(github_props[0]) };

static const struct type *github_with_event(struct check *c, const struct type *event)
{
	struct type_prop *props = arena_array(c->a, struct type_prop, NGITHUB);
	struct type *github = arena_new(c->a, struct type);

	memcpy(props, github_props, sizeof(github_props));
	for (size_t i = 0; i < NGITHUB; i++) {
		if (str_eq(props[i].name, STR("event"))) {
			props[i].type = event;
		}
	}
	*github = github_type;
	github->props = props;
	return github;
}

/* github.event.inputs of a dispatched workflow: what is declared, all of it text. A called one has
 * those of its caller, whatever they are. */
static void build_github(struct check *c)
{
	const struct event_filter *dispatch = workflow_event(c->w, STR("workflow_dispatch"));
	struct type_builder event = { .a = c->a, .rest = &type_any };
	struct type_builder inputs = { .a = c->a };
	const struct tok *map = check_get(event_options(c, "workflow_dispatch"), "inputs");

	c->contexts.github = &github_type;
	if (!dispatch || workflow_event(c->w, STR("workflow_call"))) {
		return;
	}
	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		if (map->u.map.pairs[i].key->kind == TOK_STRING) {
			type_add(&inputs, map->u.map.pairs[i].key->u.s, &type_string);
		}
	}
	type_add(&event, STR("inputs"), type_finish(&inputs));
	c->contexts.github = github_with_event(c, type_finish(&event));
}

/* Only of a file that nothing but a call starts, and that says which secrets it takes. */
static void build_secrets(struct check *c)
{
	static const struct str always[] = { STR_INIT("GITHUB_TOKEN"),
					     STR_INIT("ACTIONS_STEP_DEBUG"),
					     STR_INIT("ACTIONS_RUNNER_DEBUG") };
	const struct tok_pair *pair = check_pair(event_options(c, "workflow_call"), "secrets");
	struct type_builder b = { .a = c->a };

	c->contexts.secrets = &type_strings;
	if (!pair || c->w->nevents != 1) {
		return;
	}
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		type_add(&b, always[i], &type_string);
	}
	for (size_t i = 0; pair->value->kind == TOK_MAP && i < pair->value->u.map.n; i++) {
		if (pair->value->u.map.pairs[i].key->kind == TOK_STRING) {
			type_add(&b, pair->value->u.map.pairs[i].key->u.s, &type_string);
		}
	}
	c->contexts.secrets = type_finish(&b);
}

static void build_vars(struct check *c)
{
	struct type_builder b = { .a = c->a };

	c->contexts.vars = &type_strings;
	if (!c->project->has_variables) {
		return;
	}
	for (size_t i = 0; i < c->project->variables.n; i++) {
		type_add(&b, c->project->variables.v[i], &type_string);
	}
	c->contexts.vars = type_finish(&b);
}

/* --- matrix --- */

static const struct type *type_of_tok(struct check *c, const struct tok *t);

static const struct type *type_of_map(struct check *c, const struct tok *t)
{
	struct type_builder b = { .a = c->a };

	for (size_t i = 0; i < t->u.map.n; i++) {
		if (t->u.map.pairs[i].key->kind != TOK_STRING) {
			return &type_any;
		}
		type_add(&b, t->u.map.pairs[i].key->u.s, type_of_tok(c, t->u.map.pairs[i].value));
	}
	return type_finish(&b);
}

static const struct type *items_type(struct check *c, const struct tok *seq)
{
	const struct type *item = NULL;

	for (size_t i = 0; i < seq->u.seq.n; i++) {
		const struct type *t = type_of_tok(c, seq->u.seq.items[i]);

		item = item ? type_join(c->a, item, t) : t;
	}
	return item ? item : &type_any;
}

static const struct type *type_of_tok(struct check *c, const struct tok *t)
{
	switch (t->kind) {
	case TOK_STRING:
		return t->bad ? &type_any : &type_string;
	case TOK_BOOL:
		return &type_bool;
	case TOK_NUMBER:
		return &type_number;
	case TOK_NULL:
		return &type_null;
	case TOK_SEQ:
		return type_array_of(c->a, items_type(c, t));
	case TOK_MAP:
		return type_of_map(c, t);
	case TOK_EXPR:
		return t->whole ? check_type_of(c, t, &c->contexts) : &type_string;
	case TOK_INSERT:
	default:
		return &type_any;
	}
}

/* The keys of one mapping of `include`; false when they are not known. */
static bool add_included(struct check *c, struct type_builder *b, const struct tok *item)
{
	if (item->kind != TOK_MAP) {
		return false;
	}
	for (size_t i = 0; i < item->u.map.n; i++) {
		if (item->u.map.pairs[i].key->kind != TOK_STRING) {
			return false;
		}
		type_add(b, item->u.map.pairs[i].key->u.s,
			 type_of_tok(c, item->u.map.pairs[i].value));
	}
	return true;
}

static bool add_includes(struct check *c, struct type_builder *b, const struct tok *include)
{
	if (include->kind != TOK_SEQ) {
		return false;
	}
	for (size_t i = 0; i < include->u.seq.n; i++) {
		if (!add_included(c, b, include->u.seq.items[i])) {
			return false;
		}
	}
	return true;
}

static const struct type *matrix_type(struct check *c, const struct tok *job)
{
	const struct tok *strategy = check_get(job, "strategy");
	const struct tok *matrix = check_get(strategy, "matrix");
	struct type_builder b = { .a = c->a };

	if (!matrix) {
		bool whole = strategy && strategy->kind != TOK_MAP;

		return whole ? &type_any : &type_nothing;
	}
	if (matrix->kind != TOK_MAP) {
		return &type_any;
	}
	for (size_t i = 0; i < matrix->u.map.n; i++) {
		const struct tok_pair *pair = &matrix->u.map.pairs[i];

		if (pair->key->kind != TOK_STRING) {
			return &type_any;
		}
		if (str_eq(pair->key->u.s, STR("include"))) {
			if (!add_includes(c, &b, pair->value)) {
				b.rest = &type_any;
			}
		} else if (!str_eq(pair->key->u.s, STR("exclude"))) {
			type_add(&b, pair->key->u.s,
				 pair->value->kind == TOK_SEQ ? items_type(c, pair->value)
							      : &type_any);
		}
	}
	return type_finish(&b);
}

/* --- needs and steps --- */

static const struct type *job_outputs(struct check *c, const struct job_view *job)
{
	const struct tok *outputs = check_get(job->map, "outputs");
	struct type_builder b = { .a = c->a };

	if (check_get(job->map, "uses")) {
		return call_outputs_type(c, check_literal(check_get(job->map, "uses")));
	}
	for (size_t i = 0; outputs && outputs->kind == TOK_MAP && i < outputs->u.map.n; i++) {
		if (outputs->u.map.pairs[i].key->kind != TOK_STRING) {
			return &type_strings;
		}
		type_add(&b, outputs->u.map.pairs[i].key->u.s, &type_string);
	}
	return type_finish(&b);
}

static const struct type *job_result(struct check *c, struct job_view *job)
{
	struct type_builder b = { .a = c->a };

	if (!job->result) {
		type_add(&b, STR("outputs"), job_outputs(c, job));
		type_add(&b, STR("result"), &type_string);
		job->result = type_finish(&b);
	}
	return job->result;
}

static struct job_view *find_job(const struct check *c, struct str id)
{
	for (size_t i = 0; i < c->njobs; i++) {
		if (str_ieq(c->jobs[i].id, id)) {
			return &c->jobs[i];
		}
	}
	return NULL;
}

static const struct type *needs_type(struct check *c, const struct job_view *job)
{
	const struct tok *needs = check_get(job->map, "needs");
	struct type_builder b = { .a = c->a };
	size_t n = !needs ? 0 : needs->kind == TOK_SEQ ? needs->u.seq.n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct tok *one = needs->kind == TOK_SEQ ? needs->u.seq.items[i] : needs;
		struct str id = check_literal(one);
		struct job_view *other = id.p ? find_job(c, id) : NULL;

		if (other) {
			type_add(&b, other->id, job_result(c, other));
		} else if (id.p) {
			type_add(&b, id, &type_any);
		}
	}
	return b.props.n ? type_finish(&b) : &type_nothing;
}

static const struct type *jobs_type(struct check *c)
{
	struct type_builder b = { .a = c->a };

	for (size_t i = 0; i < c->njobs; i++) {
		type_add(&b, c->jobs[i].id, job_result(c, &c->jobs[i]));
	}
	return type_finish(&b);
}

static const struct type *outputs_type(struct check *c, const struct step_def *def)
{
	const struct action_facts *facts =
		def->kind == STEP_USES && def->uses.s.len ? action_of(c, def->uses.s) : NULL;
	struct type_builder b = { .a = c->a };

	if (!facts || facts->any_outputs) {
		return &type_strings;
	}
	for (size_t i = 0; i < facts->noutputs; i++) {
		type_add(&b, facts->outputs[i], &type_string);
	}
	/* A program may set outputs that its action.yml does not name. */
	b.rest = facts->composite ? NULL : &type_string;
	b.open = !facts->composite;
	return type_finish(&b);
}

void contexts_add_step(struct check *c, struct type_builder *steps, const struct step_def *def)
{
	struct type_builder b = { .a = c->a };

	for (size_t i = 0; i < def->nsteps; i++) {
		contexts_add_step(c, steps, &def->steps[i]);
	}
	if (!def->explicit_id || def->id.len == 0) {
		return;
	}
	type_add(&b, STR("outputs"), outputs_type(c, def));
	type_add(&b, STR("conclusion"), &type_string);
	type_add(&b, STR("outcome"), &type_string);
	type_add(steps, def->id, type_finish(&b));
}

void contexts_build(struct check *c)
{
	build_inputs(c);
	build_github(c);
	build_secrets(c);
	build_vars(c);
	c->contexts.needs = &type_nothing;
	c->contexts.matrix = &type_nothing;
	c->contexts.steps = &type_nothing;
	for (size_t i = 0; i < c->njobs; i++) {
		struct job_view *job = &c->jobs[i];

		job->contexts = c->contexts;
		job->contexts.needs = needs_type(c, job);
		job->contexts.matrix = matrix_type(c, job->map);
	}
	if (workflow_event(c->w, STR("workflow_call"))) {
		c->contexts.jobs = jobs_type(c);
	}
}
