/*
 * value.h - GitHub's value semantics (SEMANTICS 2.3-2.6): null, boolean, number (IEEE double),
 * string, array, object. Values are immutable once handed on and live in the arena that made them.
 *
 * Object keys keep their order and the letters they were first written with. They are compared
 * without case (ordinal, Unicode simple upper-casing), except in objects made case-sensitive (`env`
 * on Linux).
 */
#ifndef ACTC_VALUE_H
#define ACTC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"
#include "actc/strbuf.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
};

struct varray;
struct vobject;

struct value {
	enum value_kind kind;
	union {
		bool b;
		double n;
		struct str s;
		const struct varray *a;
		const struct vobject *o;
	} u;
};

struct varray {
	size_t n;
	size_t cap;
	struct value *v;
	bool filtered; /* made by `*` (SEMANTICS 2.6) */
};

struct vpair {
	struct str key;
	struct value value;
};

struct vobject {
	size_t n;
	size_t cap;
	struct vpair *v;
	bool case_sensitive;
	uint32_t *slots; /* hash index kept by vobject_set() once there are many keys, else NULL */
	size_t nslots;
};

static inline struct value value_null(void)
{
	return (struct value){ .kind = VALUE_NULL, .u.n = 0 };
}

static inline struct value value_bool(bool b)
{
	return (struct value){ .kind = VALUE_BOOL, .u.b = b };
}

static inline struct value value_number(double n)
{
	return (struct value){ .kind = VALUE_NUMBER, .u.n = n };
}

static inline struct value value_str(struct str s)
{
	return (struct value){ .kind = VALUE_STRING, .u.s = s };
}

static inline struct value value_array(const struct varray *a)
{
	return (struct value){ .kind = VALUE_ARRAY, .u.a = a };
}

static inline struct value value_object(const struct vobject *o)
{
	return (struct value){ .kind = VALUE_OBJECT, .u.o = o };
}

/* Builders. Keys and strings are kept as given (not copied). */
struct varray *varray_new(struct arena *a);
void varray_push(struct arena *a, struct varray *array, struct value v);
struct vobject *vobject_new(struct arena *a, bool case_sensitive);
/* Adds a pair, or replaces the value of an equal key (the key keeps its first spelling). */
void vobject_set(struct arena *a, struct vobject *o, struct str key, struct value v);
/* The value, or NULL when there is no such key. */
const struct value *vobject_get(const struct vobject *o, struct str key);
/* The same on any value: null for a missing key or anything but an object. */
struct value value_get(struct value v, struct str key);
/* A deep copy into another arena. */
struct value value_copy(struct arena *a, struct value v);

/* "Null", "Boolean", "Number", "String", "Array", "Object". */
struct str value_kind_name(enum value_kind kind);
bool value_truthy(struct value v);
/* SEMANTICS 2.4; the result is in the arena or borrowed from v. */
struct str value_to_str(struct arena *a, struct value v);
double value_to_number(struct value v);
/* .NET's G15 (SEMANTICS 2.4): "1E+15", "0.1", "NaN", "Infinity"; -0 gives "0". */
struct str number_to_str(struct arena *a, double n);
/* The string-to-number rules of SEMANTICS 2.4; NaN when it is none. */
double str_to_number(struct str s);
/* `==` with coercions, and `<` `<=` … (SEMANTICS 2.5). */
bool value_equal(struct value a, struct value b);
bool value_less(struct value a, struct value b);
bool value_greater(struct value a, struct value b);

/* Ordinal comparison without case over UTF-16 units (simple invariant upper-casing). */
int str_cmp_nocase(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);
bool str_contains_nocase(struct str haystack, struct str needle);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends_nocase(struct str s, struct str suffix);

/* toJSON as GitHub prints it (SEMANTICS 2.7): two-space indent. */
struct str value_to_json(struct arena *a, struct value v);
/* The same, false when it would take more memory than that by GitHub's way of counting (each piece
 * written is a .NET string of its own: 26 bytes and two for each UTF-16 unit). */
bool value_to_json_max(struct arena *a, struct value v, size_t max, struct str *out);
/* One line, no blanks; NaN and the infinities as strings, so that it is always valid JSON. */
void value_to_json_line(struct strbuf *out, struct value v);
/* A JSON string literal with its quotes; invalid UTF-8 becomes U+FFFD. */
void json_quote(struct strbuf *out, struct str s);
/* fromJSON's lenient reader (SEMANTICS 2.7). On failure *why holds the text and *at the byte
 * offset. */
bool value_from_json(struct arena *a, struct str text, struct value *out, struct str *why,
		     size_t *at);
/* Strict JSON for files (jansson): the error says line and column. */
bool value_from_json_strict(struct arena *a, struct str text, struct value *out, struct err *err);

#endif
