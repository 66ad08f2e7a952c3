/*
 * eval.c - walks the tree of an expression and gives its value (SEMANTICS 2.5, 2.6). Functions are
 * in function.c.
 */
#include <math.h>
#include <stdarg.h>

#include "actc/err.h"
#include "actc/utf8.h"
#include "function.h"

enum {
	OBJECT_COST = 24, /* .NET's smallest object */
	STRING_COST = 26,
	POINTER_COST = 8,
};

size_t string_cost(struct str s)
{
	bool ascii = utf8_ascii_run(s, 0) == s.len;

	return STRING_COST + 2 * (ascii ? s.len : utf8_utf16_length(s));
}

bool eval_fail(struct eval *ev, const struct node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*ev->error = (struct expr_error){
		.stage = EXPR_EVALUATION,
		.msg = arena_vprintf(ev->arena, fmt, ap),
		.at = node->at,
		.len = node->len,
	};
	va_end(ap);
	return false;
}

bool eval_fail_memory(struct eval *ev, const struct node *node)
{
	struct strbuf text = STRBUF_INIT(0);

	node_print(&text, node);
	(void)eval_fail(ev, node,
			"The maximum allowed memory size was exceeded while evaluating the "
			"following expression: %.*s",
			STR_ARG(strbuf_str(&text)));
	strbuf_release(&text);
	return false;
}

/* Charges a result at its depth; `total`: it holds nothing of its operands, which are given back.
 */
static bool charge(struct eval *ev, unsigned depth, size_t bytes, bool total)
{
	for (; total && ev->deepest > depth; ev->deepest--) {
		ev->memory -= ev->charged[ev->deepest];
		ev->charged[ev->deepest] = 0;
	}
	if (depth > ev->deepest) {
		ev->deepest = depth;
	}
	ev->charged[depth] += bytes;
	ev->memory += bytes;
	return ev->memory <= ev->max_memory || eval_fail_memory(ev, ev->expr->root);
}

static bool charge_result(struct eval *ev, const struct node *node, unsigned depth,
			  const struct value *v)
{
	/* Scalars found in contexts are objects that wrap a value: both are charged. */
	bool found = node->kind == NODE_INDEX || node->kind == NODE_NAMED;
	bool wrapped = found && v->kind != VALUE_NULL;

	switch (v->kind) {
	case VALUE_STRING:
		return charge(ev, depth, string_cost(v->u.s) + (wrapped ? OBJECT_COST : 0),
			      !wrapped);
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_NUMBER:
		return charge(ev, depth, wrapped ? 2 * OBJECT_COST : OBJECT_COST, !wrapped);
	case VALUE_ARRAY:
		return charge(ev, depth,
			      OBJECT_COST +
				      (found && v->u.a->filtered ? v->u.a->n * POINTER_COST : 0),
			      false);
	case VALUE_OBJECT:
	default:
		return charge(ev, depth, OBJECT_COST, false);
	}
}

/* --- looking into values ---------------------------------------------------------------------- */

static bool is_primitive(struct value v)
{
	return v.kind <= VALUE_STRING;
}

/* How a key is used, worked out once for all items of a filtered array. */
struct key {
	bool wildcard;
	struct value value;
};

static const struct value *item_at(const struct varray *array, const struct key *key)
{
	double n = value_to_number(key->value);

	return n >= 0 && floor(n) < (double)array->n ? &array->v[(size_t)n] : NULL;
}

static const struct value *member_at(struct eval *ev, const struct vobject *o,
				     const struct key *key)
{
	return is_primitive(key->value) ? vobject_get(o, value_to_str(ev->arena, key->value))
					: NULL;
}

static const struct value *lookup(struct eval *ev, struct value in, const struct key *key)
{
	if (in.kind == VALUE_ARRAY) {
		return item_at(in.u.a, key);
	}
	return in.kind == VALUE_OBJECT ? member_at(ev, in.u.o, key) : NULL;
}

static void push_all(struct arena *a, struct varray *to, struct value from)
{
	if (from.kind == VALUE_ARRAY) {
		for (size_t i = 0; i < from.u.a->n; i++) {
			varray_push(a, to, from.u.a->v[i]);
		}
	} else if (from.kind == VALUE_OBJECT) {
		for (size_t i = 0; i < from.u.o->n; i++) {
			varray_push(a, to, from.u.o->v[i].value);
		}
	}
}

static struct varray *filtered_new(struct eval *ev)
{
	struct varray *array = varray_new(ev->arena);

	array->filtered = true;
	return array;
}

/* The key applied to each item; only hits stay. */
static struct value index_filtered(struct eval *ev, const struct varray *array,
				   const struct key *key)
{
	struct varray *out = filtered_new(ev);

	for (size_t i = 0; i < array->n; i++) {
		const struct value *hit;

		if (key->wildcard) {
			push_all(ev->arena, out, array->v[i]);
		} else if ((hit = lookup(ev, array->v[i], key))) {
			varray_push(ev->arena, out, *hit);
		}
	}
	return value_array(out);
}

static struct value index_value(struct eval *ev, struct value in, const struct key *key)
{
	if (in.kind == VALUE_ARRAY && in.u.a->filtered) {
		return index_filtered(ev, in.u.a, key);
	}
	if (key->wildcard) {
		struct varray *out = filtered_new(ev);

		push_all(ev->arena, out, in);
		return value_array(out);
	}

	const struct value *hit = lookup(ev, in, key);

	return hit ? *hit : value_null();
}

static bool eval_index(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	const struct node *index = node->args[1];
	struct key key = { .wildcard = index->kind == NODE_WILDCARD };
	struct value in;

	if (!eval_node(ev, node->args[0], depth + 1, &in)) {
		return false;
	}
	/* A key into what has none is not evaluated, so it cannot fail either. */
	if (!is_primitive(in) && !eval_node(ev, index, depth + 1, &key.value)) {
		return false;
	}
	*out = index_value(ev, in, &key);
	return true;
}

/* --- operators -------------------------------------------------------------------------------- */

static bool compare(enum node_kind kind, struct value a, struct value b)
{
	switch ((int)kind) {
	case NODE_EQ:
		return value_equal(a, b);
	case NODE_NE:
		return !value_equal(a, b);
	case NODE_LT:
		return value_less(a, b);
	case NODE_LE:
		return value_equal(a, b) || value_less(a, b);
	case NODE_GT:
		return value_greater(a, b);
	default:
		return value_equal(a, b) || value_greater(a, b);
	}
}

static bool eval_comparison(struct eval *ev, const struct node *node, unsigned depth,
			    struct value *out)
{
	struct value a;
	struct value b;

	if (!eval_node(ev, node->args[0], depth + 1, &a) ||
	    !eval_node(ev, node->args[1], depth + 1, &b)) {
		return false;
	}
	*out = value_bool(compare(node->kind, a, b));
	return true;
}

/* && stops at the first falsy operand, || at the first truthy one; its value is the result. */
static bool eval_chain(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	for (size_t i = 0; i < node->nargs; i++) {
		if (!eval_node(ev, node->args[i], depth + 1, out)) {
			return false;
		}
		if (value_truthy(*out) == (node->kind == NODE_OR)) {
			break;
		}
	}
	return true;
}

static bool eval_not(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	struct value v;

	if (!eval_node(ev, node->args[0], depth + 1, &v)) {
		return false;
	}
	*out = value_bool(!value_truthy(v));
	return true;
}

static struct value named(struct eval *ev, const struct node *node)
{
	struct value v = value_null();

	if (ev->env->named && !ev->env->named(ev->env->ctx, node->u.lower, &v)) {
		v = value_null();
	}
	return v;
}

static bool eval_call(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	const struct function *f = node->u.function;

	*out = value_null();
	return !f || f->call(ev, node, depth, out);
}

static bool eval_kind(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	switch (node->kind) {
	case NODE_LITERAL:
		*out = node->u.literal;
		return true;
	case NODE_NAMED:
		*out = named(ev, node);
		return true;
	case NODE_WILDCARD:
		*out = value_str(STR("*"));
		return true;
	case NODE_INDEX:
		return eval_index(ev, node, depth, out);
	case NODE_CALL:
		return eval_call(ev, node, depth, out);
	case NODE_NOT:
		return eval_not(ev, node, depth, out);
	case NODE_EQ:
	case NODE_NE:
	case NODE_LT:
	case NODE_LE:
	case NODE_GT:
	case NODE_GE:
		return eval_comparison(ev, node, depth, out);
	case NODE_AND:
	case NODE_OR:
	default:
		return eval_chain(ev, node, depth, out);
	}
}

bool eval_node(struct eval *ev, const struct node *node, unsigned depth, struct value *out)
{
	if (ev->trace) {
		trace_enter(ev, node, depth);
	}
	if (!eval_kind(ev, node, depth, out) || !charge_result(ev, node, depth, out)) {
		return false;
	}
	if (ev->trace) {
		trace_leave(ev, node, depth, *out);
	}
	return true;
}

/* Outside the expression a filtered array is an array like any other. */
static struct value settle(struct arena *a, struct value v)
{
	if (v.kind == VALUE_ARRAY && v.u.a->filtered) {
		struct varray *plain = varray_new(a);

		*plain = *v.u.a;
		plain->filtered = false;
		return value_array(plain);
	}
	return v;
}

bool expr_eval(struct arena *a, const struct expr *e, const struct expr_env *env, struct value *out,
	       struct expr_error *error)
{
	static const struct expr_env nothing = { 0 };
	struct eval ev = {
		.arena = a,
		.expr = e,
		.env = env ? env : &nothing,
		.error = error,
	};
	struct trace trace = { .line = STRBUF_INIT(0) };
	struct value v;
	bool ok = false;

	if (ev.env->trace) {
		trace_begin(&ev, &trace);
	}
	ev.max_memory = ev.env->max_memory ? ev.env->max_memory : EXPR_MAX_MEMORY;
	ok = eval_node(&ev, e->root, 0, &v);
	if (ok && ev.trace) {
		trace_end(&ev, v);
	}
	strbuf_release(&trace.line);
	if (ok) {
		*out = settle(a, v);
	}
	return ok;
}
