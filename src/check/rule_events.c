/*
 * rule_events.c - inputs of workflow_dispatch and workflow_call whose defaults are not of their
 * type, options that come twice, time zones that there are not.
 */
#include "check.h"

#include <sys/stat.h>

#define KIND "events"

static bool is_number(struct str s)
{
	double n = str_to_number(s);

	return s.len > 0 && n == n;
}

static bool has_option(const struct tok *options, struct str value, size_t before)
{
	for (size_t i = 0;
	     options && options->kind == TOK_SEQ && i < options->u.seq.n && i < before; i++) {
		if (str_eq(check_literal(options->u.seq.items[i]), value)) {
			return true;
		}
	}
	return false;
}

static void check_options(struct check *c, struct str id, const struct tok *options,
			  const struct tok *fallback)
{
	struct str value = check_literal(fallback);

	if (!options || options->kind != TOK_SEQ || options->u.seq.n == 0) {
		return;
	}
	for (size_t i = 0; i < options->u.seq.n; i++) {
		const struct tok *t = options->u.seq.items[i];

		if (check_literal(t).p && has_option(options, check_literal(t), i)) {
			(void)check_warn(c, t->at, KIND,
					 "option \"%.*s\" of input \"%.*s\" is there twice",
					 STR_ARG(check_literal(t)), STR_ARG(id));
		}
	}
	if (value.len && !has_option(options, value, options->u.seq.n)) {
		(void)check_warn(c, fallback->at, KIND,
				 "default \"%.*s\" of input \"%.*s\" is none of its options",
				 STR_ARG(value), STR_ARG(id));
	}
}

/* An expression may give anything; an empty default is none. */
static void check_default(struct check *c, struct str id, const struct tok *def, bool call)
{
	const struct tok *fallback = check_get(def, "default");
	struct str type = check_literal(check_get(def, "type"));
	struct str text =
		fallback && tok_is_literal(fallback) ? tok_text(c->a, fallback) : STR_EMPTY;

	if (!fallback || !tok_is_literal(fallback) || fallback->bad) {
		return;
	}
	if (str_eq(type, STR("boolean")) && !str_eq(text, STR("true")) &&
	    !str_eq(text, STR("false")) && (call || text.len)) {
		(void)check_warn(c, fallback->at, KIND,
				 "input \"%.*s\" is a boolean, but its default \"%.*s\" is neither "
				 "true nor false",
				 STR_ARG(id), STR_ARG(text));
	} else if (str_eq(type, STR("number")) && !is_number(text)) {
		(void)check_warn(c, fallback->at, KIND,
				 "input \"%.*s\" is a number, but its default \"%.*s\" is none",
				 STR_ARG(id), STR_ARG(text));
	}
}

static bool is_true(const struct tok *t)
{
	return t && t->kind == TOK_BOOL && t->u.b;
}

static void check_inputs(struct check *c, const struct tok *inputs, bool call)
{
	for (size_t i = 0; inputs && inputs->kind == TOK_MAP && i < inputs->u.map.n; i++) {
		const struct tok *def = inputs->u.map.pairs[i].value;
		const struct tok *fallback = check_get(def, "default");
		struct str id = check_literal(inputs->u.map.pairs[i].key);

		if (!id.p) {
			continue;
		}
		if (call && fallback && is_true(check_get(def, "required"))) {
			(void)check_warn(c, fallback->at, KIND,
					 "input \"%.*s\" is required, so its default is never used",
					 STR_ARG(id));
		}
		check_default(c, id, def, call);
		if (str_eq(check_literal(check_get(def, "type")), STR("choice"))) {
			check_options(c, id, check_get(def, "options"), fallback);
		}
	}
}

/* Names of the time zone database have a slash; without the database on this machine nothing is
 * said. */
static bool is_zone(struct check *c, struct str name)
{
	static const char base[] = "/usr/share/zoneinfo";
	struct stat st;
	const char *path = arena_printf(c->a, "%s/%.*s", base, STR_ARG(name)).p;

	if (str_find(name, STR(".."), 0) != STR_NPOS || str_chr(name, '/', 0) == STR_NPOS) {
		return false;
	}
	return stat(base, &st) != 0 || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

static void check_schedule(struct check *c, const struct tok *schedule)
{
	for (size_t i = 0; schedule && schedule->kind == TOK_SEQ && i < schedule->u.seq.n; i++) {
		const struct tok *zone = check_get(schedule->u.seq.items[i], "timezone");
		struct str name = check_literal(zone);

		if (name.len && !is_zone(c, name)) {
			(void)check_warn(c, zone->at, KIND, "there is no time zone \"%.*s\"",
					 STR_ARG(name));
		}
	}
}

static void check_file(struct check *c)
{
	const struct tok *on = check_get(c->root, "on");

	check_inputs(c, check_get(check_get(on, "workflow_dispatch"), "inputs"), false);
	check_inputs(c, check_get(check_get(on, "workflow_call"), "inputs"), true);
	check_schedule(c, check_get(on, "schedule"));
}

const struct rule rule_events = { check_file, NULL, NULL };
