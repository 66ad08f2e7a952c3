/*
 * test_syntax.c - the syntax told to people and editors: every key is explained, and the JSON
 * Schema is sound.
 */
#include <criterion/criterion.h>

#include "actc/strbuf.h"
#include "actc/syntax.h"

static struct arena a;

static void release(void)
{
	arena_release(&a);
}

TestSuite(syntax, .fini = release);

static struct syntax_place at(const char *path)
{
	struct syntax_place p;
	struct err err = ERR_INIT;

	cr_assert(syntax_at(&a, SYNTAX_WORKFLOW, str_of(path), &p, &err), "%s: %s", path, err.msg);
	return p;
}

static const struct syntax_key *key_of(const struct syntax_place *p, const char *name)
{
	for (size_t i = 0; i < p->nkeys; i++) {
		if (str_eq(p->keys[i].name, str_of(name))) {
			return &p->keys[i];
		}
	}
	cr_assert_fail("no key %s", name);
	return NULL;
}

Test(syntax, one_place_has_its_type_its_keys_and_its_scope)
{
	struct syntax_place p = at("jobs.test.concurrency");

	cr_assert(str_eq(p.type, STR("text | mapping")), "%s", p.type.p);
	cr_assert(str_eq(p.contexts, STR("github, inputs, vars, needs, strategy, matrix")), "%s",
		  p.contexts.p);
	cr_assert_eq(p.nkeys, 3);
	cr_assert(key_of(&p, "group")->required);
	cr_assert_not(key_of(&p, "queue")->required);
	cr_assert(str_eq(key_of(&p, "queue")->type, STR("word")));
	cr_assert(str_eq(at("jobs.test.concurrency.queue").type, STR("single | max")));
}

Test(syntax, keys_of_one_kind_of_step_name_what_makes_it_that_kind)
{
	struct syntax_place p = at("jobs.test.steps");

	cr_assert(str_eq(key_of(&p, "shell")->with, STR("run")));
	cr_assert(str_eq(key_of(&p, "run")->with, STR("run")));
	cr_assert(str_eq(key_of(&p, "with")->with, STR("uses")));
	cr_assert_eq(key_of(&p, "name")->with.len, 0);
	cr_assert_eq(key_of(&p, "background")->with.len, 0);
}

/* All of a file's keys, as far as they do not come again. */
static size_t undocumented(enum syntax_file file, struct str path, int depth)
{
	struct syntax_place p;
	struct err err = ERR_INIT;
	size_t n = 0;

	cr_assert(syntax_at(&a, file, path, &p, &err), "%.*s", STR_ARG(path));
	for (size_t i = 0; i < p.nkeys && depth > 0; i++) {
		const struct syntax_key *k = &p.keys[i];
		struct str below =
			path.len ? arena_printf(&a, "%.*s.%.*s", STR_ARG(path), STR_ARG(k->name))
				 : k->name;

		if (k->doc.len == 0 && !str_eq(k->name, STR("<any>"))) {
			cr_log_error("%.*s has no doc", STR_ARG(below));
			n++;
		}
		n += undocumented(file, below, depth - 1);
	}
	return n;
}

Test(syntax, every_key_is_explained)
{
	cr_assert_eq(undocumented(SYNTAX_WORKFLOW, STR_EMPTY, 6), 0);
	cr_assert_eq(undocumented(SYNTAX_ACTION, STR_EMPTY, 6), 0);
}

/* Counts the references below a value; each must lead somewhere. */
static size_t references(struct value v, struct value definitions)
{
	size_t n = 0;

	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		n += references(v.u.a->v[i], definitions);
	}
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		const struct vpair *pair = &v.u.o->v[i];

		if (str_eq(pair->key, STR("$ref"))) {
			struct str to = pair->value.u.s;

			cr_assert(str_starts(to, STR("#/definitions/")));
			to = str_slice(to, sizeof("#/definitions/") - 1, to.len);
			cr_assert_eq(value_get(definitions, to).kind, VALUE_OBJECT, "%s", to.p);
			n++;
		}
		n += references(pair->value, definitions);
	}
	return n;
}

Test(syntax, all_references_of_the_json_schema_lead_somewhere)
{
	for (int file = SYNTAX_WORKFLOW; file <= SYNTAX_ACTION; file++) {
		struct value schema = syntax_json_schema(&a, (enum syntax_file)file);

		cr_assert_gt(references(schema, value_get(schema, STR("definitions"))), 5);
	}
}
