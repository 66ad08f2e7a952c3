/*
 * token.c - tokens to values: expressions evaluated, `insert` and whole sequences spliced in, and
 * the types that keys demand checked again after evaluation (SEMANTICS 1.1). Reading tokens from a
 * file is reader.c's work.
 */
#include "actc/token.h"

#include <math.h>

#include "actc/err.h"

struct eval {
	struct arena *a;
	const struct expr_env *env;
	bool case_sensitive;
	struct eval_error *error;
};

__attribute__((format(printf, 3, 4))) static bool fail(struct eval *ev, const struct tok *t,
						       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ev->error->at = t->at;
	ev->error->msg = arena_vprintf(ev->a, fmt, ap);
	va_end(ap);
	return false;
}

static bool eval_expr(struct eval *ev, const struct tok *t, struct value *out)
{
	struct expr_error error = { 0 };

	if (!expr_eval(ev->a, t->u.e, ev->env, out, &error)) {
		return fail(ev, t, "%.*s", STR_ARG(error.msg));
	}
	return true;
}

static bool eval_tok(struct eval *ev, const struct tok *t, struct value *out);

static bool eval_seq(struct eval *ev, const struct tok *t, struct value *out)
{
	struct varray *array = varray_new(ev->a);

	for (size_t i = 0; i < t->u.seq.n; i++) {
		const struct tok *item = t->u.seq.items[i];
		struct value v = value_null();

		if (!eval_tok(ev, item, &v)) {
			return false;
		}
		if (item->kind != TOK_EXPR || v.kind != VALUE_ARRAY) {
			varray_push(ev->a, array, v);
			continue;
		}
		for (size_t k = 0; k < v.u.a->n; k++) {
			varray_push(ev->a, array, v.u.a->v[k]);
		}
	}
	*out = value_array(array);
	return true;
}

/* Ignoring case also where the object then tells it apart. */
static bool has_key(const struct vobject *o, struct str name)
{
	for (size_t i = 0; i < o->n; i++) {
		if (str_eq_nocase(o->v[i].key, name)) {
			return true;
		}
	}
	return false;
}

static bool set_pair(struct eval *ev, const struct tok *key, struct vobject *o, struct str name,
		     struct value v)
{
	if (has_key(o, name)) {
		return fail(ev, key, "'%.*s' is already defined", STR_ARG(name));
	}
	vobject_set(ev->a, o, name, v);
	return true;
}

static bool eval_insert(struct eval *ev, const struct tok_pair *pair, struct vobject *o)
{
	struct value v = value_null();

	if (!eval_tok(ev, pair->value, &v)) {
		return false;
	}
	if (v.kind != VALUE_OBJECT) {
		return fail(ev, pair->value, "Expected a mapping");
	}
	for (size_t i = 0; i < v.u.o->n; i++) {
		if (!set_pair(ev, pair->value, o, v.u.o->v[i].key, v.u.o->v[i].value)) {
			return false;
		}
	}
	return true;
}

static bool eval_key(struct eval *ev, const struct tok *key, struct str *out)
{
	struct value v = value_null();

	if (key->kind == TOK_STRING) {
		*out = key->u.s;
		return true;
	}
	if (!eval_tok(ev, key, &v)) {
		return false;
	}
	if (v.kind == VALUE_ARRAY || v.kind == VALUE_OBJECT) {
		return fail(ev, key, "Expected a scalar value");
	}
	*out = value_to_str(ev->a, v);
	return true;
}

static bool eval_map(struct eval *ev, const struct tok *t, struct value *out)
{
	struct vobject *o = vobject_new(ev->a, ev->case_sensitive);

	for (size_t i = 0; i < t->u.map.n; i++) {
		const struct tok_pair *pair = &t->u.map.pairs[i];
		struct str name = STR_EMPTY;
		struct value v = value_null();

		if (pair->key->kind == TOK_INSERT) {
			if (!eval_insert(ev, pair, o)) {
				return false;
			}
		} else if (!eval_key(ev, pair->key, &name) || !eval_tok(ev, pair->value, &v) ||
			   !set_pair(ev, pair->key, o, name, v)) {
			return false;
		}
	}
	*out = value_object(o);
	return true;
}

static bool eval_tok(struct eval *ev, const struct tok *t, struct value *out)
{
	switch (t->kind) {
	case TOK_STRING:
		*out = value_str(t->u.s);
		return true;
	case TOK_BOOL:
		*out = value_bool(t->u.b);
		return true;
	case TOK_NUMBER:
		*out = value_number(t->u.n);
		return true;
	case TOK_NULL:
	case TOK_INSERT:
		*out = value_null();
		return true;
	case TOK_EXPR:
		return eval_expr(ev, t, out);
	case TOK_SEQ:
		return eval_seq(ev, t, out);
	case TOK_MAP:
		return eval_map(ev, t, out);
	}
	return false;
}

bool tok_eval(struct arena *a, const struct tok *t, const struct expr_env *env, bool case_sensitive,
	      struct value *out, struct eval_error *error)
{
	struct eval ev = { a, env, case_sensitive, error };

	return eval_tok(&ev, t, out);
}

/* --- the types of keys --- */

static struct str number_text(struct arena *a, double n)
{
	return n == 0 && signbit(n) ? STR("-0") : number_to_str(a, n);
}

static bool wrong_type(struct eval *ev, const struct tok *t, struct value v)
{
	if (v.kind == VALUE_ARRAY) {
		return fail(ev, t, "A sequence was not expected");
	}
	if (v.kind == VALUE_OBJECT) {
		return fail(ev, t, "A mapping was not expected");
	}
	struct str text =
		v.kind == VALUE_NUMBER ? number_text(ev->a, v.u.n) : value_to_str(ev->a, v);

	return fail(ev, t, "Unexpected value '%.*s'", STR_ARG(text));
}

bool tok_eval_str(struct arena *a, const struct tok *t, const struct expr_env *env, struct str *out,
		  struct eval_error *error)
{
	struct eval ev = { a, env, false, error };
	struct value v = value_null();

	if (!t) {
		return true;
	}
	if (!eval_tok(&ev, t, &v)) {
		return false;
	}
	if (v.kind == VALUE_ARRAY || v.kind == VALUE_OBJECT) {
		return wrong_type(&ev, t, v);
	}
	*out = v.kind == VALUE_NUMBER ? number_text(a, v.u.n) : value_to_str(a, v);
	return true;
}

bool tok_eval_number(struct arena *a, const struct tok *t, const struct expr_env *env, double *out,
		     struct eval_error *error)
{
	struct eval ev = { a, env, false, error };
	struct value v = value_null();

	if (!t) {
		return true;
	}
	if (!eval_tok(&ev, t, &v)) {
		return false;
	}
	if (v.kind != VALUE_NUMBER) {
		return wrong_type(&ev, t, v);
	}
	*out = v.u.n;
	return true;
}

bool tok_eval_bool(struct arena *a, const struct tok *t, const struct expr_env *env, bool *out,
		   struct eval_error *error)
{
	struct eval ev = { a, env, false, error };
	struct value v = value_null();

	if (!t) {
		return true;
	}
	if (!eval_tok(&ev, t, &v)) {
		return false;
	}
	if (v.kind != VALUE_BOOL) {
		return wrong_type(&ev, t, v);
	}
	*out = v.u.b;
	return true;
}

/* --- looking at tokens --- */

const struct tok *tok_get(const struct tok *t, struct str key)
{
	for (size_t i = 0; t && t->kind == TOK_MAP && i < t->u.map.n; i++) {
		const struct tok_pair *pair = &t->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && str_eq(pair->key->u.s, key)) {
			return pair->value;
		}
	}
	return NULL;
}

struct str tok_text(struct arena *a, const struct tok *t)
{
	switch (t->kind) {
	case TOK_STRING:
		return t->u.s;
	case TOK_BOOL:
		return t->u.b ? STR("true") : STR("false");
	case TOK_NUMBER:
		return number_text(a, t->u.n);
	case TOK_SEQ:
	case TOK_MAP:
	case TOK_EXPR:
	case TOK_INSERT:
	case TOK_NULL:
		break;
	}
	return STR_EMPTY;
}

void tok_visit_exprs(const struct tok *t, tok_visit_fn *fn, void *ctx)
{
	if (t->kind == TOK_EXPR) {
		fn(ctx, t, t->u.e);
	}
	for (size_t i = 0; t->kind == TOK_SEQ && i < t->u.seq.n; i++) {
		tok_visit_exprs(t->u.seq.items[i], fn, ctx);
	}
	for (size_t i = 0; t->kind == TOK_MAP && i < t->u.map.n; i++) {
		tok_visit_exprs(t->u.map.pairs[i].key, fn, ctx);
		tok_visit_exprs(t->u.map.pairs[i].value, fn, ctx);
	}
}

bool tok_is_literal(const struct tok *t)
{
	bool literal = t->kind != TOK_EXPR && t->kind != TOK_INSERT;

	for (size_t i = 0; literal && t->kind == TOK_SEQ && i < t->u.seq.n; i++) {
		literal = tok_is_literal(t->u.seq.items[i]);
	}
	for (size_t i = 0; literal && t->kind == TOK_MAP && i < t->u.map.n; i++) {
		literal = tok_is_literal(t->u.map.pairs[i].key) &&
			  tok_is_literal(t->u.map.pairs[i].value);
	}
	return literal;
}
