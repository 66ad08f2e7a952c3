/* resolved_token.c - template tokens as JSON, the way GitHub's reader writes them. */
#include "resolved.h"

enum { /* GitHub's numbers of the kinds */
       TYPE_STRING,
       TYPE_SEQUENCE,
       TYPE_MAPPING,
       TYPE_EXPRESSION,
       TYPE_INSERT,
       TYPE_BOOLEAN,
       TYPE_NUMBER,
       TYPE_NULL,
};

static void put(const struct resolving *r, struct vobject *o, struct str key, struct value v)
{
	vobject_set(r->a, o, key, v);
}

static void put_number(const struct resolving *r, struct vobject *o, struct str key, size_t n)
{
	put(r, o, key, value_number((double)n));
}

static struct vobject *new_token(const struct resolving *r, size_t type, struct span at)
{
	struct vobject *o = vobject_new(r->a, true);

	put_number(r, o, STR("type"), type);
	if (r->source && at.file != SPAN_NONE) {
		struct place place = source_place(sources_get(r->sources, at.file), at.lo);

		put_number(r, o, STR("file"), (size_t)at.file + 1);
		put_number(r, o, STR("line"), place.line);
		put_number(r, o, STR("col"), place.col);
	}
	return o;
}

static struct value literal(const struct resolving *r, size_t type, struct span at, struct str key,
			    struct value v)
{
	if (!r->source || at.file == SPAN_NONE) {
		return v;
	}

	struct vobject *o = new_token(r, type, at);

	if (key.len) {
		put(r, o, key, v);
	}
	return value_object(o);
}

struct value resolved_expr(const struct resolving *r, struct str text, struct span at)
{
	struct vobject *o = new_token(r, TYPE_EXPRESSION, at);

	put(r, o, STR("expr"), value_str(text));
	return value_object(o);
}

struct value resolved_string(const struct resolving *r, struct spanned s)
{
	return literal(r, TYPE_STRING, s.at, STR("lit"), value_str(s.s));
}

static struct value sequence(const struct resolving *r, const struct tok *t)
{
	struct vobject *o = new_token(r, TYPE_SEQUENCE, t->at);
	struct varray *items = varray_new(r->a);

	for (size_t i = 0; i < t->u.seq.n; i++) {
		varray_push(r->a, items, resolved_token(r, t->u.seq.items[i]));
	}
	if (items->n) {
		put(r, o, STR("seq"), value_array(items));
	}
	return value_object(o);
}

static struct value mapping(const struct resolving *r, const struct tok *t)
{
	struct vobject *o = new_token(r, TYPE_MAPPING, t->at);
	struct varray *pairs = varray_new(r->a);

	for (size_t i = 0; i < t->u.map.n; i++) {
		struct vobject *pair = vobject_new(r->a, true);

		put(r, pair, STR("Key"), resolved_token(r, t->u.map.pairs[i].key));
		put(r, pair, STR("Value"), resolved_token(r, t->u.map.pairs[i].value));
		varray_push(r->a, pairs, value_object(pair));
	}
	if (pairs->n) {
		put(r, o, STR("map"), value_array(pairs));
	}
	return value_object(o);
}

static struct value insert(const struct resolving *r, const struct tok *t)
{
	struct vobject *o = new_token(r, TYPE_INSERT, t->at);

	put(r, o, STR("directive"), value_str(STR("insert")));
	return value_object(o);
}

struct value resolved_token(const struct resolving *r, const struct tok *t)
{
	switch (t->kind) {
	case TOK_STRING:
		return literal(r, TYPE_STRING, t->at, STR("lit"), value_str(t->u.s));
	case TOK_BOOL:
		return literal(r, TYPE_BOOLEAN, t->at, STR("bool"), value_bool(t->u.b));
	case TOK_NUMBER:
		return literal(r, TYPE_NUMBER, t->at, STR("num"), value_number(t->u.n));
	case TOK_EXPR:
		return resolved_expr(r, expr_text(t->u.e), t->at);
	case TOK_SEQ:
		return sequence(r, t);
	case TOK_MAP:
		return mapping(r, t);
	case TOK_INSERT:
		return insert(r, t);
	case TOK_NULL:
		break;
	}
	return literal(r, TYPE_NULL, t->at, STR_EMPTY, value_null());
}

void resolved_put(const struct resolving *r, struct vobject *o, struct str key, const struct tok *t)
{
	if (t) {
		put(r, o, key, resolved_token(r, t));
	}
}
