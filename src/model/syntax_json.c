/*
 * syntax_json.c - the definitions as a JSON Schema (draft-07), which editors complete and check by,
 * and show the docs of.
 *
 * It takes what GitHub takes: text may be written as a number or a boolean, and where expressions
 * may stand, one may stand for any value.
 */
#include "syntax.h"

#include "actc/strmap.h"

struct making {
	struct arena *a;
	struct vobject *definitions;
	VEC(const struct schema *) made;
	VEC(bool) with_expr; /* parallel */
};

static struct value text(const char *s)
{
	return value_str(str_of(s));
}

static void put(struct making *m, struct vobject *o, const char *key, struct value v)
{
	vobject_set(m->a, o, str_of(key), v);
}

static struct vobject *of_type(struct making *m, const char *type)
{
	struct vobject *o = vobject_new(m->a, true);

	put(m, o, "type", text(type));
	return o;
}

static struct value list(struct making *m, const struct value *v, size_t n)
{
	struct varray *array = varray_new(m->a);

	for (size_t i = 0; i < n; i++) {
		varray_push(m->a, array, v[i]);
	}
	return value_array(array);
}

static struct value any_of(struct making *m, const struct value *v, size_t n)
{
	struct vobject *o = vobject_new(m->a, true);

	if (n == 1) {
		return v[0];
	}
	put(m, o, "anyOf", list(m, v, n));
	return value_object(o);
}

static struct value or_expression(struct making *m, struct value v, bool expr)
{
	struct vobject *o = of_type(m, "string");

	put(m, o, "pattern", text("\\$\\{\\{"));
	return expr ? any_of(m, (struct value[]){ v, value_object(o) }, 2) : v;
}

static struct value definition(struct making *m, const struct schema *s, bool expr);

/* A text may be written as a number or a boolean, and an empty one as nothing. */
static struct value free_text(struct making *m, bool non_empty)
{
	struct value types[] = { text("string"), text("number"), text("boolean"), text("null") };
	struct vobject *o = vobject_new(m->a, true);

	put(m, o, "type", list(m, types, non_empty ? 3 : 4));
	if (non_empty) {
		put(m, o, "minLength", value_number(1));
	}
	return value_object(o);
}

static struct value string(struct making *m, const struct schema *s, bool expr)
{
	struct vobject *o = vobject_new(m->a, true);
	struct varray *words = varray_new(m->a);
	struct value v[2];

	if (!s->words) {
		return free_text(m, s->non_empty);
	}
	for (size_t i = 0; s->words[i]; i++) {
		varray_push(m->a, words, text(s->words[i]));
	}
	put(m, o, "enum", value_array(words));
	v[0] = value_object(o);
	v[1] = free_text(m, true);
	return s->soft ? any_of(m, v, 2) : or_expression(m, v[0], expr);
}

static struct value with_doc(struct making *m, struct value v, const char *doc)
{
	struct vobject *o = vobject_new(m->a, true);

	if (!*doc) {
		return v;
	}
	put(m, o, "description", text(doc));
	put(m, o, "allOf", list(m, &v, 1)); /* beside $ref, nothing else would count */
	return value_object(o);
}

static struct value mapping(struct making *m, const struct schema *s, bool expr)
{
	struct vobject *o = of_type(m, "object"), *props = vobject_new(m->a, true);
	struct vobject *inserted = vobject_new(m->a, true);
	struct varray *required = varray_new(m->a);

	for (const struct schema_prop *p = s->props; p && p->name; p++) {
		put(m, props, p->name, with_doc(m, definition(m, p->type, expr), p->doc));
		if (p->flags & PROP_REQUIRED) {
			varray_push(m->a, required, text(p->name));
		}
	}
	if (props->n) {
		put(m, o, "properties", value_object(props));
	}
	if (required->n) {
		put(m, o, "required", value_array(required));
	}
	if (expr) { /* ${{ insert }} */
		put(m, inserted, "^\\$\\{\\{", value_object(vobject_new(m->a, true)));
		put(m, o, "patternProperties", value_object(inserted));
	}
	put(m, o, "additionalProperties",
	    s->loose_value ? definition(m, s->loose_value, expr) : value_bool(s->soft));
	return or_expression(m, value_object(o), expr);
}

static struct value sequence(struct making *m, const struct schema *s, bool expr)
{
	struct vobject *o = of_type(m, "array");

	put(m, o, "items", definition(m, s->item, expr));
	return or_expression(m, value_object(o), expr);
}

static struct value one_of(struct making *m, const struct schema *s, bool expr)
{
	struct varray *of = varray_new(m->a);

	for (size_t i = 0; s->of[i]; i++) {
		varray_push(m->a, of, definition(m, s->of[i], expr));
	}
	return any_of(m, of->v, of->n);
}

static struct value reference(struct making *m, size_t i)
{
	struct vobject *o = vobject_new(m->a, true);

	vobject_set(m->a, o, STR("$ref"), value_str(arena_printf(m->a, "#/definitions/%zu", i)));
	return value_object(o);
}

/* Definitions lead back to themselves (steps in `parallel`), and many places share one. */
static struct value shared(struct making *m, const struct schema *s, bool expr)
{
	size_t i = 0;

	while (i < m->made.n && (m->made.v[i] != s || m->with_expr.v[i] != expr)) {
		i++;
	}
	if (i == m->made.n) {
		struct str name = arena_printf(m->a, "%zu", i);

		vec_push(m->a, &m->made, s);
		vec_push(m->a, &m->with_expr, expr);
		vobject_set(m->a, m->definitions, name, value_null());
		vobject_set(m->a, m->definitions, name,
			    s->kind == SCHEMA_MAPPING ? mapping(m, s, expr) : sequence(m, s, expr));
	}
	return reference(m, i);
}

static struct value definition(struct making *m, const struct schema *s, bool expr)
{
	expr = expr || s->scope != 0;
	if (s == &schema_any) {
		return value_object(vobject_new(m->a, true));
	}
	switch (s->kind) {
	case SCHEMA_NULL:
		return value_object(of_type(m, "null"));
	case SCHEMA_BOOLEAN:
		return or_expression(m, value_object(of_type(m, "boolean")), expr);
	case SCHEMA_NUMBER:
		return or_expression(m, value_object(of_type(m, "number")), expr);
	case SCHEMA_STRING:
		return string(m, s, expr);
	case SCHEMA_SEQUENCE:
	case SCHEMA_MAPPING:
		return shared(m, s, expr);
	case SCHEMA_ONE_OF:
		break;
	}
	return one_of(m, s, expr);
}

struct value syntax_json_schema(struct arena *a, enum syntax_file file)
{
	struct vobject *o = vobject_new(a, true);
	struct making m = { .a = a, .definitions = vobject_new(a, true) };
	struct value root = definition(&m, syntax_root(file), false);

	put(&m, o, "$schema", text("http://json-schema.org/draft-07/schema#"));
	put(&m, o, "title",
	    text(file == SYNTAX_ACTION ? "GitHub action" : "GitHub Actions workflow"));
	put(&m, o, "allOf", list(&m, &root, 1));
	put(&m, o, "definitions", value_object(m.definitions));
	return value_object(o);
}
