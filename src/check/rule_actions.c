/* rule_actions.c - inputs that an action does not have or must be given, and actions that are old.
 */
#include "check.h"

#define KIND "action"

static const struct known_input *find_input(const struct action_facts *facts, struct str name)
{
	for (size_t i = 0; i < facts->ninputs; i++) {
		if (str_ieq(facts->inputs[i].name, name)) {
			return &facts->inputs[i];
		}
	}
	return NULL;
}

static bool for_docker(const struct action_facts *facts, struct str name)
{
	return facts->docker && (str_ieq(name, STR("args")) || str_ieq(name, STR("entrypoint")));
}

static void unknown_input(struct check *c, const struct action_facts *facts, struct str uses,
			  const struct tok *key)
{
	struct str *names = arena_array(c->a, struct str, facts->ninputs);
	struct diag *d =
		check_warn(c, key->at, KIND, "input \"%.*s\" is not defined in action \"%.*s\"",
			   STR_ARG(diag_quote(key->u.s)), STR_ARG(uses));

	for (size_t i = 0; i < facts->ninputs; i++) {
		names[i] = facts->inputs[i].name;
	}

	struct str near = diag_nearest(key->u.s, names, facts->ninputs);

	d->hint = near.len ? arena_printf(c->a, "did you mean '%.*s'?", STR_ARG(near)) : d->hint;
}

static void check_given(struct check *c, const struct action_facts *facts, struct str uses,
			const struct tok *with)
{
	for (size_t i = 0; i < with->u.map.n; i++) {
		const struct tok *key = with->u.map.pairs[i].key;
		const struct known_input *in =
			key->kind == TOK_STRING ? find_input(facts, key->u.s) : NULL;

		if (key->kind != TOK_STRING || facts->any_inputs || for_docker(facts, key->u.s)) {
			continue;
		}
		if (!in) {
			unknown_input(c, facts, uses, key);
		} else if (in->deprecated) {
			struct diag *d = check_warn(
				c, key->at, KIND, "input \"%.*s\" of action \"%.*s\" is deprecated",
				STR_ARG(in->name), STR_ARG(uses));

			d->hint = in->why.len ? in->why : d->hint;
		}
	}
}

static bool is_given(const struct tok *with, struct str name)
{
	for (size_t i = 0; with && with->kind == TOK_MAP && i < with->u.map.n; i++) {
		const struct tok *key = with->u.map.pairs[i].key;

		if (key->kind != TOK_STRING || str_ieq(key->u.s, name)) {
			return true;
		}
	}
	return with && with->kind != TOK_MAP;
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct tok *with = check_get(step->map, "with"), *t = check_get(step->map, "uses");
	struct str uses = check_literal(t);
	const struct action_facts *facts = uses.len ? action_of(c, uses) : NULL;

	if (str_starts(uses, STR("docker://")) && str_ends(uses, STR(":"))) {
		(void)check_warn(c, t->at, KIND, "the image's tag is empty");
	}
	if (!facts) {
		return;
	}
	bool first = facts->nfaults > 0 && action_first(c, uses);

	for (size_t i = 0; first && i < facts->nfaults; i++) {
		(void)check_warn(c, t->at, KIND, "the action.yml of \"%.*s\" is not right: %.*s",
				 STR_ARG(uses), STR_ARG(facts->faults[i]));
	}
	if (facts->outdated) {
		(void)check_warn(
			c, t->at, KIND,
			"the runner of \"%.*s\" action is too old: GitHub runs it on a newer "
			"Node than it was made for",
			STR_ARG(uses));
	}
	for (size_t i = 0; i < facts->ninputs; i++) {
		if (facts->inputs[i].required && !is_given(with, facts->inputs[i].name)) {
			(void)check_warn(c, t->at, KIND,
					 "missing input \"%.*s\", which action \"%.*s\" requires",
					 STR_ARG(facts->inputs[i].name), STR_ARG(uses));
		}
	}
	if (with && with->kind == TOK_MAP) {
		check_given(c, facts, uses, with);
	}
}

const struct rule rule_actions = { NULL, NULL, check_step };
