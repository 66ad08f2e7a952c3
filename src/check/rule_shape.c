/*
 * rule_shape.c - what GitHub's reader takes and still is hardly meant: lists with nothing in them,
 * jobs without steps, limits that are none, halves of pairs.
 */
#include "check.h"

#include <math.h>

#define KIND "syntax-check"

static bool is_empty(const struct tok *t)
{
	return t && t->kind == TOK_SEQ && t->u.seq.n == 0;
}

static bool is_empty_text(const struct tok *t)
{
	return t && t->kind == TOK_STRING && !t->bad && t->u.s.len == 0;
}

static void check_list(struct check *c, const struct tok *map, struct str key)
{
	const struct tok_pair *pair = map ? check_pair_of(map, key) : NULL;
	const struct tok *t = pair ? pair->value : NULL;

	if (is_empty(t)) {
		(void)check_warn(c, t->at, KIND, "\"%s\" is empty: leave it out or name something",
				 key.p);
	}
	for (size_t i = 0; t && t->kind == TOK_SEQ && i < t->u.seq.n; i++) {
		if (is_empty_text(t->u.seq.items[i])) {
			(void)check_warn(c, t->u.seq.items[i]->at, KIND, "an empty text in \"%s\"",
					 key.p);
		}
	}
}

static void check_event(struct check *c, const struct tok *options)
{
	static const struct str lists[] = { STR_INIT("types"),           STR_INIT("branches"),
					    STR_INIT("branches-ignore"), STR_INIT("tags"),
					    STR_INIT("paths"),           STR_INIT("tags-ignore"),
					    STR_INIT("paths-ignore"),    STR_INIT("workflows"),
					    STR_INIT("names"),           STR_INIT("versions") };

	const struct yaml_node *map = options->from;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		check_list(c, options, lists[i]);
	}
	/* Options that the event has not are no tokens. */
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
		const struct yaml_pair *pair = &map->pairs[i];

		if (pair->value->kind == YAML_SEQ && pair->value->count == 0 &&
		    !check_pair_of(options, pair->key->text)) {
			(void)check_warn(c, pair->value->at, KIND, "an empty list");
		}
	}
}

static void check_dispatch(struct check *c, const struct tok *dispatch)
{
	const struct tok *inputs = check_get(dispatch, "inputs");

	for (size_t i = 0; inputs && inputs->kind == TOK_MAP && i < inputs->u.map.n; i++) {
		check_list(c, inputs->u.map.pairs[i].value, STR("options"));
	}
}

static void check_schedule_word(struct check *c, const struct tok *t)
{
	if (str_eq(check_literal(t), STR("schedule"))) {
		(void)check_warn(c, t->at, KIND,
				 "schedule needs a list with cron, else it never runs");
	}
}

static void check_outputs(struct check *c, const struct tok *call)
{
	const struct tok *outputs = check_get(call, "outputs");

	for (size_t i = 0; outputs && outputs->kind == TOK_MAP && i < outputs->u.map.n; i++) {
		const struct tok *value = check_get(outputs->u.map.pairs[i].value, "value");

		if (is_empty_text(value)) {
			(void)check_warn(c, value->at, KIND, "an output with an empty value");
		}
	}
}

static void check_file(struct check *c)
{
	const struct tok *on = check_get(c->root, "on");

	for (size_t i = 0; on && on->kind == TOK_MAP && i < on->u.map.n; i++) {
		check_event(c, on->u.map.pairs[i].value);
	}
	for (size_t i = 0; on && on->kind == TOK_SEQ && i < on->u.seq.n; i++) {
		check_schedule_word(c, on->u.seq.items[i]);
	}
	check_schedule_word(c, on);
	check_list(c, on, STR("schedule"));
	check_dispatch(c, check_get(on, "workflow_dispatch"));
	check_outputs(c, check_get(on, "workflow_call"));
}

/* Parts of a minute the reader warns of. */
static void check_number(struct check *c, const struct tok *map, const char *key, bool whole)
{
	const struct tok *t = check_get(map, key);

	if (!t || t->kind != TOK_NUMBER) {
		return;
	}
	if (t->u.n <= 0) {
		(void)check_warn(c, t->at, KIND, "\"%s\" must be greater than zero", key);
	} else if (whole && t->u.n != floor(t->u.n)) {
		(void)check_warn(c, t->at, KIND,
				 "\"%s\" is a whole number: GitHub cuts what is behind the point",
				 key);
	}
}

static void check_credentials(struct check *c, const struct tok *container)
{
	const struct tok_pair *pair = check_pair(container, "credentials");

	if (pair && pair->value->kind != TOK_EXPR &&
	    (!check_get(pair->value, "username") || !check_get(pair->value, "password"))) {
		(void)check_warn(c, pair->key->at, KIND,
				 "credentials are a username and a password, both");
	}
}

static void check_container(struct check *c, const struct tok *container)
{
	check_credentials(c, container);
	check_list(c, container, STR("ports"));
	check_list(c, container, STR("volumes"));
}

static void check_containers(struct check *c, const struct job_view *job)
{
	const struct tok_pair *container = check_pair(job->map, "container");
	const struct tok *services = check_get(job->map, "services");

	if (container && (container->value->kind == TOK_NULL || is_empty_text(container->value))) {
		(void)check_warn(c, container->value->at, KIND, "\"container\" names no image");
	} else if (container && container->value->kind == TOK_MAP &&
		   container->value->u.map.n == 0) {
		(void)check_warn(c, container->key->at, KIND, "\"container\" names no image");
	}
	check_container(c, container ? container->value : NULL);
	for (size_t i = 0; services && services->kind == TOK_MAP && i < services->u.map.n; i++) {
		check_container(c, services->u.map.pairs[i].value);
	}
}

/* Keys of a job that calls a workflow, in one that does not. */
static void check_call_keys(struct check *c, const struct job_view *job)
{
	static const char *const keys[] = { "with", "secrets" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct tok_pair *pair = check_pair(job->map, keys[i]);

		if (pair && !check_pair(job->map, "uses")) {
			(void)check_warn(c, pair->key->at, KIND,
					 "\"%s\" is for jobs that call a workflow by \"uses\"",
					 keys[i]);
		}
	}
}

static bool has_key(const struct yaml_node *map, struct str key)
{
	for (size_t i = 0; i < map->count; i++) {
		if (str_eq(map->pairs[i].key->text, key)) {
			return true;
		}
	}
	return false;
}

/* What the reader refuses in one word, by the keys as they were written. */
static void check_step_kind(struct check *c, const struct tok *step)
{
	const struct yaml_node *n = step->bad ? step->from : NULL;

	if (!n) {
		return;
	}
	if (n->kind == YAML_NULL || (n->kind == YAML_MAP && n->count == 0)) {
		(void)check_warn(c, n->at, KIND, "a step needs \"run\" or \"uses\"");
	} else if (n->kind == YAML_MAP && has_key(n, STR("run")) && has_key(n, STR("uses"))) {
		(void)check_warn(c, n->at, KIND,
				 "a step has either \"run\" or \"uses\", and this one both");
	}
}

static void check_permissions(struct check *c, const struct tok *map)
{
	const struct tok *t = check_get(map, "permissions");

	if (t && t->bad && t->from && t->from->kind != YAML_MAP && t->from->text.len == 0) {
		(void)check_warn(c, t->at, "permissions",
				 "no permissions at all are written as {}; or give read-all, "
				 "write-all or a list of scopes");
	}
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *strategy = check_get(job->map, "strategy");
	const struct tok *matrix = check_get(strategy, "matrix");
	const struct tok *steps = check_get(job->map, "steps");

	if (!check_pair(job->map, "uses") &&
	    (!steps || steps->kind == TOK_NULL || (steps->kind == TOK_STRING && steps->bad))) {
		(void)check_warn(c, job->key, KIND, "job \"%.*s\" has no steps", STR_ARG(job->id));
	} else if (is_empty(steps)) {
		(void)check_warn(c, steps->at, KIND, "\"steps\" is empty");
	}
	for (size_t i = 0; steps && steps->kind == TOK_SEQ && i < steps->u.seq.n; i++) {
		check_step_kind(c, steps->u.seq.items[i]);
	}
	check_permissions(c, job->map);
	check_list(c, job->map, STR("needs"));
	check_list(c, check_get(job->map, "runs-on"), STR("labels"));
	check_list(c, matrix, STR("include"));
	check_list(c, matrix, STR("exclude"));
	check_number(c, strategy, "max-parallel", true);
	check_number(c, job->map, "timeout-minutes", false);
	check_containers(c, job);
	check_call_keys(c, job);
}

static void check_step(struct check *c, const struct step_view *step)
{
	check_number(c, step->map, "timeout-minutes", false);
}

const struct rule rule_shape = { check_file, check_job, check_step };
