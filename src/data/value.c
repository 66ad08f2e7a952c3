/*
 * value.c - conversions between the kinds, and the comparisons built on them (SEMANTICS 2.4, 2.5).
 * Building and looking up is in value_object.c, numbers as text in value_number.c.
 */
#include "actc/value.h"

#include <math.h>

struct str value_kind_name(enum value_kind kind)
{
	static const struct str names[] = {
		[VALUE_NULL] = STR_INIT("Null"),     [VALUE_BOOL] = STR_INIT("Boolean"),
		[VALUE_NUMBER] = STR_INIT("Number"), [VALUE_STRING] = STR_INIT("String"),
		[VALUE_ARRAY] = STR_INIT("Array"),   [VALUE_OBJECT] = STR_INIT("Object"),
	};

	return names[kind];
}

bool value_truthy(struct value v)
{
	switch (v.kind) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return v.u.b;
	case VALUE_NUMBER:
		return v.u.n != 0 && !isnan(v.u.n);
	case VALUE_STRING:
		return v.u.s.len > 0;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	default:
		return true;
	}
}

struct str value_to_str(struct arena *a, struct value v)
{
	switch (v.kind) {
	case VALUE_NULL:
		return STR_EMPTY;
	case VALUE_BOOL:
		return v.u.b ? STR("true") : STR("false");
	case VALUE_NUMBER:
		return number_to_str(a, v.u.n);
	case VALUE_STRING:
		return v.u.s;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	default:
		return value_kind_name(v.kind);
	}
}

double value_to_number(struct value v)
{
	switch (v.kind) {
	case VALUE_NULL:
		return 0;
	case VALUE_BOOL:
		return v.u.b ? 1 : 0;
	case VALUE_NUMBER:
		return v.u.n;
	case VALUE_STRING:
		return str_to_number(v.u.s);
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	default:
		return NAN;
	}
}

static bool is_pair(enum value_kind a, enum value_kind b, enum value_kind x, enum value_kind y)
{
	return (a == x && b == y) || (a == y && b == x);
}

static bool counts_as_number(enum value_kind kind)
{
	return kind == VALUE_NULL || kind == VALUE_BOOL;
}

/* Makes both sides one kind where the rules allow it; otherwise leaves different kinds. */
static void coerce(struct value *a, struct value *b)
{
	while (a->kind != b->kind) {
		if (is_pair(a->kind, b->kind, VALUE_NUMBER, VALUE_STRING)) {
			*a = value_number(value_to_number(*a));
			*b = value_number(value_to_number(*b));
		} else if (counts_as_number(a->kind)) {
			*a = value_number(value_to_number(*a));
		} else if (counts_as_number(b->kind)) {
			*b = value_number(value_to_number(*b));
		} else {
			return;
		}
	}
}

bool value_equal(struct value a, struct value b)
{
	coerce(&a, &b);
	if (a.kind != b.kind) {
		return false;
	}
	switch (a.kind) {
	case VALUE_BOOL:
		return a.u.b == b.u.b;
	case VALUE_NUMBER:
		return a.u.n == b.u.n;
	case VALUE_STRING:
		return str_eq_nocase(a.u.s, b.u.s);
	case VALUE_ARRAY:
		return a.u.a == b.u.a;
	case VALUE_OBJECT:
		return a.u.o == b.u.o;
	case VALUE_NULL:
	default:
		return true;
	}
}

bool value_less(struct value a, struct value b)
{
	coerce(&a, &b);
	if (a.kind != b.kind) {
		return false;
	}
	switch (a.kind) {
	case VALUE_BOOL:
		return !a.u.b && b.u.b;
	case VALUE_NUMBER:
		return a.u.n < b.u.n;
	case VALUE_STRING:
		return str_cmp_nocase(a.u.s, b.u.s) < 0;
	case VALUE_NULL:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	default:
		return false;
	}
}

bool value_greater(struct value a, struct value b)
{
	return value_less(b, a);
}
