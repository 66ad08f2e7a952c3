/*
 * matrix.c - strategy.matrix to legs (SEMANTICS 1.9).
 *
 * Works on the evaluated mapping; not for evaluating it, nor for fail-fast and max-parallel. The
 * rules and texts are those of GitHub's MatrixBuilder: the first vector varies slowest, excludes
 * come before includes, an include extends only combinations of the cross product, and what it adds
 * never replaces a vector's value.
 */
#include "actc/matrix.h"

#include <math.h>
#include <stdint.h>

#include "actc/err.h"
#include "actc/strbuf.h"

enum {
	MATRIX_MAX_PRODUCT = 1000000, /* before excludes */
	JOB_NAME_MAX = 100,
};

struct vector {
	struct str name;
	const struct varray *values;
};

struct include {
	struct vobject *filter; /* keys that are vectors */
	struct vobject *extra;
	bool matched;
};

struct builder {
	struct arena *a;
	VEC(struct vector) vectors;
	VEC(const struct vobject *) excludes;
	VEC(struct include) includes;
	VEC(struct leg) legs;
	struct str why;
};

static bool fail(struct builder *b, struct str why)
{
	b->why = why;
	return false;
}

/* What the schema says to a value of another kind. */
static bool unexpected(struct builder *b, struct value v)
{
	switch (v.kind) {
	case VALUE_ARRAY:
		return fail(b, STR("A sequence was not expected"));
	case VALUE_OBJECT:
		return fail(b, STR("A mapping was not expected"));
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_NUMBER:
	case VALUE_STRING:
		break;
	}
	return fail(b,
		    arena_printf(b->a, "Unexpected value '%.*s'", STR_ARG(value_to_str(b->a, v))));
}

static bool is_vector(const struct builder *b, struct str key)
{
	for (size_t i = 0; i < b->vectors.n; i++) {
		if (str_eq_nocase(b->vectors.v[i].name, key)) {
			return true;
		}
	}
	return false;
}

static bool read_exclude(struct builder *b, struct value item)
{
	if (item.kind != VALUE_OBJECT) {
		return unexpected(b, item);
	}
	if (item.u.o->n == 0) {
		return fail(b, STR("Matrix exclude filter must not be empty"));
	}
	for (size_t i = 0; i < item.u.o->n; i++) {
		struct str key = item.u.o->v[i].key;

		if (!is_vector(b, key)) {
			return fail(b, arena_printf(b->a,
						    "Matrix exclude key '%.*s' does not match any "
						    "key within the matrix",
						    STR_ARG(key)));
		}
	}
	vec_push(b->a, &b->excludes, item.u.o);
	return true;
}

static bool read_include(struct builder *b, struct value item)
{
	struct include inc = { .filter = vobject_new(b->a, false),
			       .extra = vobject_new(b->a, false) };

	if (item.kind != VALUE_OBJECT) {
		return unexpected(b, item);
	}
	if (item.u.o->n == 0) {
		return fail(b, STR("Matrix include mapping does not contain any values"));
	}
	for (size_t i = 0; i < item.u.o->n; i++) {
		const struct vpair *p = &item.u.o->v[i];

		vobject_set(b->a, is_vector(b, p->key) ? inc.filter : inc.extra, p->key, p->value);
	}
	vec_push(b->a, &b->includes, inc);
	return true;
}

static bool read_vectors(struct builder *b, const struct vobject *matrix)
{
	for (size_t i = 0; i < matrix->n; i++) {
		const struct vpair *p = &matrix->v[i];

		if (str_eq(p->key, STR("include")) || str_eq(p->key, STR("exclude"))) {
			continue;
		}
		if (p->value.kind != VALUE_ARRAY) {
			return unexpected(b, p->value);
		}
		if (p->value.u.a->n == 0) {
			return fail(b,
				    arena_printf(b->a,
						 "Matrix vector '%.*s' does not contain any values",
						 STR_ARG(p->key)));
		}
		vec_push(b->a, &b->vectors, (struct vector){ p->key, p->value.u.a });
	}
	return true;
}

/* `include` or `exclude`: each item goes through read; not given at all is fine. */
static bool read_list(struct builder *b, const struct vobject *matrix, struct str key,
		      bool (*read)(struct builder *b, struct value item))
{
	for (size_t i = 0; i < matrix->n; i++) {
		struct value list = matrix->v[i].value;

		if (!str_eq(matrix->v[i].key, key)) {
			continue;
		}
		if (list.kind != VALUE_ARRAY) {
			return unexpected(b, list);
		}
		for (size_t j = 0; j < list.u.a->n; j++) {
			if (!read(b, list.u.a->v[j])) {
				return false;
			}
		}
	}
	return true;
}

/* v[key] as the expression language does it; null when there is none. */
static struct value at(struct arena *a, struct value v, struct value key)
{
	if (v.kind == VALUE_OBJECT) {
		return value_get(v, value_to_str(a, key));
	}
	if (v.kind == VALUE_ARRAY) {
		double i = floor(value_to_number(key));

		if (i >= 0 && i < (double)v.u.a->n) {
			return v.u.a->v[(size_t)i];
		}
	}
	return value_null();
}

/* Only the leaves that the filter names are compared, with the loose `==`. */
static bool matches(struct arena *a, struct value have, struct value filter)
{
	bool same = true;

	if (filter.kind == VALUE_OBJECT) {
		for (size_t i = 0; i < filter.u.o->n && same; i++) {
			const struct vpair *p = &filter.u.o->v[i];

			same = matches(a, at(a, have, value_str(p->key)), p->value);
		}
		return same;
	}
	if (filter.kind == VALUE_ARRAY) {
		for (size_t i = 0; i < filter.u.a->n && same; i++) {
			struct value index = value_number((double)i);

			same = matches(a, at(a, have, index), filter.u.a->v[i]);
		}
		return same;
	}
	return value_equal(have, filter);
}

static bool excluded(const struct builder *b, struct value combination)
{
	for (size_t i = 0; i < b->excludes.n; i++) {
		if (matches(b->a, combination, value_object(b->excludes.v[i]))) {
			return true;
		}
	}
	return false;
}

/* The leaves depth first; empty strings and nulls have no part in a name. */
static void add_segments(struct arena *a, struct strbuf *out, struct value v)
{
	struct str text = STR_EMPTY;

	if (v.kind == VALUE_ARRAY) {
		for (size_t i = 0; i < v.u.a->n; i++) {
			add_segments(a, out, v.u.a->v[i]);
		}
	} else if (v.kind == VALUE_OBJECT) {
		for (size_t i = 0; i < v.u.o->n; i++) {
			add_segments(a, out, v.u.o->v[i].value);
		}
	} else {
		text = value_to_str(a, v);
	}
	if (text.len) {
		strbuf_adds(out, out->len ? STR(", ") : STR("("));
		strbuf_adds(out, text);
	}
}

static struct str suffix_of(struct arena *a, const struct vobject *values)
{
	struct strbuf out = STRBUF_INIT(0);

	add_segments(a, &out, value_object(values));
	if (out.len) {
		strbuf_addc(&out, ')');
	}

	struct str suffix = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return suffix;
}

static void merge(struct arena *a, struct vobject *into, const struct vobject *from)
{
	for (size_t i = 0; i < from->n; i++) {
		vobject_set(a, into, from->v[i].key, from->v[i].value);
	}
}

/* One combination of the cross product: its name is made before includes add to it. */
static void add_combination(struct builder *b, struct vobject *values)
{
	struct value combination = value_object(values);
	struct vobject *extra = vobject_new(b->a, false);

	if (excluded(b, combination)) {
		return;
	}
	for (size_t i = 0; i < b->includes.n; i++) {
		struct include *inc = &b->includes.v[i];

		if (matches(b->a, combination, value_object(inc->filter))) {
			inc->matched = true;
			merge(b->a, extra, inc->extra);
		}
	}

	struct str suffix = suffix_of(b->a, values);

	merge(b->a, values, extra);
	vec_push(b->a, &b->legs, (struct leg){ value_object(values), suffix });
}

static bool add_product(struct builder *b)
{
	size_t total = b->vectors.n > 0;

	for (size_t i = 0; i < b->vectors.n; i++) {
		total *= b->vectors.v[i].values->n;
		if (total > MATRIX_MAX_PRODUCT) {
			return fail(b,
				    arena_printf(b->a, "The matrix has more than %d combinations",
						 MATRIX_MAX_PRODUCT));
		}
	}
	for (size_t n = 0; n < total; n++) {
		struct vobject *values = vobject_new(b->a, false);
		size_t block = total;

		for (size_t i = 0; i < b->vectors.n; i++) {
			const struct vector *v = &b->vectors.v[i];

			block /= v->values->n;
			vobject_set(b->a, values, v->name, v->values->v[n / block % v->values->n]);
		}
		add_combination(b, values);
	}
	return true;
}

/* Includes that extended nothing are legs of their own: their vector keys come first. */
static void add_unmatched(struct builder *b)
{
	for (size_t i = 0; i < b->includes.n; i++) {
		const struct include *inc = &b->includes.v[i];
		struct vobject *values = vobject_new(b->a, false);

		if (inc->matched) {
			continue;
		}
		merge(b->a, values, inc->filter);
		merge(b->a, values, inc->extra);
		vec_push(b->a, &b->legs,
			 (struct leg){ value_object(values), suffix_of(b->a, values) });
	}
}

static bool build(struct builder *b, struct value matrix)
{
	if (matrix.kind != VALUE_OBJECT) {
		return unexpected(b, matrix);
	}
	if (!read_vectors(b, matrix.u.o) ||
	    !read_list(b, matrix.u.o, STR("exclude"), read_exclude) ||
	    !read_list(b, matrix.u.o, STR("include"), read_include)) {
		return false;
	}
	if (b->vectors.n == 0 && b->includes.n == 0) {
		return fail(b, STR("Matrix must define at least one vector"));
	}
	if (!add_product(b)) {
		return false;
	}
	add_unmatched(b);
	if (b->legs.n > MATRIX_MAX_LEGS) {
		return fail(b, arena_printf(b->a,
					    "The matrix makes %zu jobs, more than the %d that a "
					    "run may have",
					    b->legs.n, MATRIX_MAX_LEGS));
	}
	return true;
}

bool matrix_expand(struct arena *a, struct value matrix, struct legs *out, struct str *why)
{
	struct builder b = { .a = a };

	if (matrix.kind != VALUE_NULL && !build(&b, matrix)) {
		*why = b.why;
		return false;
	}
	if (b.legs.n == 0) {
		vec_push(a, &b.legs, (struct leg){ value_null(), STR_EMPTY });
	}
	*out = (struct legs){ b.legs.n, b.legs.v };
	return true;
}

/* UTF-16 units of the code point that starts with this byte, as GitHub counts lengths. */
static size_t units(unsigned char lead)
{
	return (lead & 0xc0) == 0x80 ? 0 : lead >= 0xf0 ? 2 : 1;
}

struct str matrix_job_name(struct arena *a, struct str name, const struct leg *leg)
{
	struct str full =
		leg->suffix.len ? arena_printf(a, "%.*s %.*s", STR_ARG(name), STR_ARG(leg->suffix))
				: name;
	size_t length = 0, cut = 0;

	for (size_t i = 0; i < full.len; i++) {
		size_t n = units((unsigned char)full.p[i]);

		if (n && length + n <= JOB_NAME_MAX - 3) {
			cut = i + 1;
		} else if (!n && cut == i) {
			cut = i + 1;
		}
		length += n;
	}
	if (length <= JOB_NAME_MAX) {
		return full;
	}
	return arena_printf(a, "%.*s...", STR_ARG(str_slice(full, 0, cut)));
}

bool matrix_keep(struct arena *a, const struct leg *leg, const struct matrix_filter *filters,
		 size_t n)
{
	for (size_t i = 0; i < n && leg->values.kind == VALUE_OBJECT; i++) {
		const struct value *have = vobject_get(leg->values.u.o, filters[i].key);
		bool found = false;

		for (size_t j = 0; j < n && have && !found; j++) {
			found = str_eq_nocase(filters[j].key, filters[i].key) &&
				str_eq(filters[j].value, value_to_str(a, *have));
		}
		if (!found) {
			return false;
		}
	}
	return true;
}
