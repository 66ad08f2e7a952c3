/*
 * rule_exprs.c - takes the expressions of a file to the type check, each with what its place wants
 * and what its contexts hold there. Which context may be named where is the schema's business.
 */
#include "check.h"

struct key_rule {
	struct str key;
	enum wanted wanted;
};

static const struct key_rule job_keys[] = {
	{ STR_INIT("name"), WANT_TEXT },
	{ STR_INIT("runs-on"), WANT_LABELS },
	{ STR_INIT("env"), WANT_OBJECT },
	{ STR_INIT("timeout-minutes"), WANT_NUMBER },
	{ STR_INIT("cancel-timeout-minutes"), WANT_NUMBER },
	{ STR_INIT("continue-on-error"), WANT_BOOL },
	{ STR_INIT("services"), WANT_OBJECT },
};

static const struct key_rule step_keys[] = {
	{ STR_INIT("name"), WANT_TEXT },
	{ STR_INIT("env"), WANT_OBJECT },
	{ STR_INIT("working-directory"), WANT_TEXT },
	{ STR_INIT("shell"), WANT_TEXT },
	{ STR_INIT("timeout-minutes"), WANT_NUMBER },
	{ STR_INIT("continue-on-error"), WANT_BOOL },
};

static void check_keys(struct check *c, const struct tok *map, const struct key_rule *keys,
		       size_t n, const struct contexts *contexts)
{
	for (size_t i = 0; i < map->u.map.n; i++) {
		struct str key = check_literal(map->u.map.pairs[i].key);

		for (size_t k = 0; key.p && k < n; k++) {
			if (str_eq(key, keys[k].key)) {
				(void)check_exprs(c, map->u.map.pairs[i].value,
						  &(struct place_of){ .contexts = contexts,
								      .wanted = keys[k].wanted,
								      .of = keys[k].key.p });
			}
		}
	}
}

static enum wanted input_wants(const struct tok *def)
{
	struct str type = check_literal(check_get(def, "type"));

	if (!type.p) {
		return WANT_ANY;
	}
	return str_eq(type, STR("boolean"))  ? WANT_BOOL
	       : str_eq(type, STR("number")) ? WANT_NUMBER
					     : WANT_TEXT;
}

static const struct type *declared_type(const struct tok *def)
{
	enum wanted wanted = input_wants(def);

	return wanted == WANT_BOOL     ? &type_bool
	       : wanted == WANT_NUMBER ? &type_number
	       : wanted == WANT_TEXT   ? &type_string
				       : &type_any;
}

/* A default may name the inputs before it. */
static void check_defaults(struct check *c, const struct tok *inputs)
{
	struct type_builder before = { .a = c->a };

	for (size_t i = 0; inputs && inputs->kind == TOK_MAP && i < inputs->u.map.n; i++) {
		const struct tok_pair *pair = &inputs->u.map.pairs[i];
		struct contexts contexts = c->contexts;
		const struct tok *fallback = check_get(pair->value, "default");

		contexts.inputs = type_finish(&before);
		(void)check_exprs(c, fallback,
				  &(struct place_of){ .contexts = &contexts,
						      .wanted = input_wants(pair->value),
						      .of = "default" });
		if (pair->key->kind == TOK_STRING) {
			type_add(&before, pair->key->u.s, declared_type(pair->value));
		}
	}
}

static void check_call_event(struct check *c, const struct tok *call)
{
	struct place_of place = { .contexts = &c->contexts, .wanted = WANT_TEXT, .of = "value" };
	const struct tok *outputs = check_get(call, "outputs");

	check_defaults(c, check_get(call, "inputs"));
	for (size_t i = 0; outputs && outputs->kind == TOK_MAP && i < outputs->u.map.n; i++) {
		(void)check_exprs(c, check_get(outputs->u.map.pairs[i].value, "value"), &place);
	}
}

static void check_file(struct check *c)
{
	static const struct key_rule keys[] = {
		{ STR_INIT("run-name"), WANT_TEXT },
		{ STR_INIT("env"), WANT_OBJECT },
		{ STR_INIT("concurrency"), WANT_ANY },
		{ STR_INIT("defaults"), WANT_ANY },
	};

	check_keys(c, c->root, keys, sizeof(keys) / sizeof(keys[0]), &c->contexts);
	check_call_event(c, check_get(check_get(c->root, "on"), "workflow_call"));
}

/* Where the type check is at other places, or there is nothing to check. */
static bool is_elsewhere(struct str key)
{
	static const struct str keys[] = { STR_INIT("steps"), STR_INIT("outputs"), STR_INIT("if") };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (str_eq(keys[i], key)) {
			return true;
		}
	}
	return false;
}

/* A key that no row here knows takes anything. */
static enum wanted job_key_wants(struct str key)
{
	for (size_t i = 0; i < sizeof(job_keys) / sizeof(job_keys[0]); i++) {
		if (str_eq(job_keys[i].key, key)) {
			return job_keys[i].wanted;
		}
	}
	return WANT_ANY;
}

/* What a job's keys see of its steps: nothing, but for outputs and the environment's address. */
static void check_job(struct check *c, struct job_view *job)
{
	struct contexts start = job->contexts, end = job->contexts;
	struct type_builder steps = { .a = c->a };

	for (size_t i = 0; i < job->def->nsteps; i++) {
		contexts_add_step(c, &steps, &job->def->steps[i]);
	}
	end.steps = type_finish(&steps);
	start.steps = &type_nothing;
	for (size_t i = 0; i < job->map->u.map.n; i++) {
		const struct tok_pair *pair = &job->map->u.map.pairs[i];
		struct str key = check_literal(pair->key);
		bool environment = str_eq(key, STR("environment"));

		if (key.p && !is_elsewhere(key)) {
			(void)check_exprs(
				c, pair->value,
				&(struct place_of){ .contexts = environment ? &end : &start,
						    .wanted = job_key_wants(key),
						    .of = key.p });
		}
	}
	(void)check_exprs(
		c, check_get(job->map, "outputs"),
		&(struct place_of){ .contexts = &end, .wanted = WANT_OBJECT, .of = "outputs" });
	check_condition(c, check_get(job->map, "if"), job->def->cond, &start);
}

static void check_with(struct check *c, const struct step_view *step)
{
	const struct tok *with = check_get(step->map, "with");
	bool script = str_starts(step->def->uses.s, STR("actions/github-script@"));

	for (size_t i = 0; with && with->kind == TOK_MAP && i < with->u.map.n; i++) {
		struct str key = check_literal(with->u.map.pairs[i].key);
		struct place_of place = { .contexts = &step->job->contexts,
					  .wanted = WANT_TEXT,
					  .script = script && key.p && str_ieq(key, STR("script")),
					  .of = "with" };

		(void)check_exprs(c, with->u.map.pairs[i].value, &place);
	}
	if (with && with->kind == TOK_EXPR) {
		(void)check_exprs(c, with,
				  &(struct place_of){ .contexts = &step->job->contexts,
						      .wanted = WANT_OBJECT,
						      .of = "with" });
	}
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct contexts *contexts = &step->job->contexts;

	check_keys(c, step->map, step_keys, sizeof(step_keys) / sizeof(step_keys[0]), contexts);
	(void)check_exprs(
		c, check_get(step->map, "run"),
		&(struct place_of){
			.contexts = contexts, .wanted = WANT_TEXT, .script = true, .of = "run" });
	check_with(c, step);
	check_condition(c, check_get(step->map, "if"), step->def->cond, contexts);
}

const struct rule rule_exprs = { check_file, check_job, check_step };
