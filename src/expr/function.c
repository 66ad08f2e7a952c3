/*
 * function.c - the functions of the expression language (SEMANTICS 2.7), one table of them. Which
 * arguments are evaluated, and in which order, is part of the behaviour: an argument that is not
 * needed cannot fail.
 */
#include "function.h"

#include "actc/strbuf.h"

static bool arg(struct eval *ev, const struct node *call, unsigned depth, size_t i,
		struct value *out)
{
	return eval_node(ev, call->args[i], depth + 1, out);
}

static bool is_primitive(struct value v)
{
	return v.kind <= VALUE_STRING;
}

/* --- searching -------------------------------------------------------------------------------- */

typedef bool text_test(struct str s, struct str part);

/* Both arguments as text, if both are primitive. */
static bool test_text(struct eval *ev, const struct node *call, unsigned depth, text_test *test,
		      struct value *out)
{
	struct value left;
	struct value right;

	*out = value_bool(false);
	if (!arg(ev, call, depth, 0, &left)) {
		return false;
	}
	if (!is_primitive(left)) {
		return true;
	}
	if (!arg(ev, call, depth, 1, &right)) {
		return false;
	}
	if (is_primitive(right)) {
		*out = value_bool(
			test(value_to_str(ev->arena, left), value_to_str(ev->arena, right)));
	}
	return true;
}

static bool call_starts_with(struct eval *ev, const struct node *call, unsigned depth,
			     struct value *out)
{
	return test_text(ev, call, depth, str_starts_nocase, out);
}

static bool call_ends_with(struct eval *ev, const struct node *call, unsigned depth,
			   struct value *out)
{
	return test_text(ev, call, depth, str_ends_nocase, out);
}

static bool array_contains(const struct varray *array, struct value v)
{
	for (size_t i = 0; i < array->n; i++) {
		if (value_equal(v, array->v[i])) {
			return true;
		}
	}
	return false;
}

static bool call_contains(struct eval *ev, const struct node *call, unsigned depth,
			  struct value *out)
{
	struct value left;
	struct value right;

	*out = value_bool(false);
	if (!arg(ev, call, depth, 0, &left)) {
		return false;
	}
	if (left.kind == VALUE_OBJECT || (left.kind == VALUE_ARRAY && left.u.a->n == 0)) {
		return true;
	}
	if (!arg(ev, call, depth, 1, &right)) {
		return false;
	}
	if (left.kind == VALUE_ARRAY) {
		*out = value_bool(array_contains(left.u.a, right));
	} else if (is_primitive(right)) {
		*out = value_bool(str_contains_nocase(value_to_str(ev->arena, left),
						      value_to_str(ev->arena, right)));
	}
	return true;
}

/* --- text that grows -------------------------------------------------------------------------- */

/* The text being made, with what GitHub counts for its pieces. */
struct text {
	struct eval *ev;
	const struct node *call;
	struct strbuf buf;
	size_t cost;
};

static bool text_add(struct text *t, struct str piece)
{
	t->cost += string_cost(piece);
	if (t->cost > t->ev->max_memory) {
		return eval_fail_memory(t->ev, t->call);
	}
	strbuf_adds(&t->buf, piece);
	return true;
}

static bool text_finish(struct text *t, bool ok, struct value *out)
{
	if (ok) {
		*out = value_str(arena_str(t->ev->arena, strbuf_str(&t->buf)));
	}
	strbuf_release(&t->buf);
	return ok;
}

/* The second argument matters only between two items. */
static bool join_separator(struct text *t, unsigned depth, struct str *out)
{
	struct value v;

	*out = STR(",");
	if (t->call->nargs < 2) {
		return true;
	}
	if (!arg(t->ev, t->call, depth, 1, &v)) {
		return false;
	}
	if (is_primitive(v)) {
		*out = value_to_str(t->ev->arena, v);
	}
	return true;
}

static bool join_items(struct text *t, unsigned depth, const struct varray *array)
{
	struct arena *a = t->ev->arena;
	struct str separator = STR_EMPTY;

	if (array->n > 1 && !join_separator(t, depth, &separator)) {
		return false;
	}
	for (size_t i = 0; i < array->n; i++) {
		if ((i > 0 && !text_add(t, separator)) ||
		    !text_add(t, value_to_str(a, array->v[i]))) {
			return false;
		}
	}
	return true;
}

static bool call_join(struct eval *ev, const struct node *call, unsigned depth, struct value *out)
{
	struct text t = { .ev = ev, .call = call, .buf = STRBUF_INIT(0) };
	struct value items;

	if (!arg(ev, call, depth, 0, &items)) {
		return false;
	}
	if (items.kind != VALUE_ARRAY) {
		*out = value_str(is_primitive(items) ? value_to_str(ev->arena, items) : STR_EMPTY);
		return true;
	}
	return text_finish(&t, join_items(&t, depth, items.u.a), out);
}

/* --- format ----------------------------------------------------------------------------------- */

enum { FORMAT_MAX_INDEX = 255 };

struct segment {
	struct str text; /* a text, or an argument's specifiers */
	size_t arg;      /* 0 = a text; the first argument behind the format is 1 */
};

struct format {
	struct eval *ev;
	const struct node *call;
	struct str text;
	VEC(struct segment) segments;
};

static char char_at(struct str s, size_t i)
{
	return i < s.len ? s.p[i] : '\0';
}

/* Digits from `at`; false without any or above 255. */
static bool read_index(struct str s, size_t *at, size_t *out)
{
	size_t start = *at;

	*out = 0;
	while (char_at(s, *at) >= '0' && char_at(s, *at) <= '9') {
		*out = *out * 10 + (size_t)(s.p[(*at)++] - '0');
		if (*out > FORMAT_MAX_INDEX) {
			return false;
		}
	}
	return *at > start;
}

/* Nothing or `:` and text in which `}` is doubled, up to the closing brace (*at is behind it). */
static bool read_specifiers(struct arena *a, struct str s, size_t *at, struct str *out)
{
	*out = STR_EMPTY;
	if (char_at(s, *at) == '}') {
		++*at;
		return true;
	}
	if (char_at(s, *at) != ':') {
		return false;
	}

	char *p = arena_alloc(a, s.len - *at);
	size_t n = 0;

	for (size_t i = *at + 1; i < s.len; i++) {
		if (s.p[i] == '}' && char_at(s, i + 1) != '}') {
			*at = i + 1;
			*out = str_mk(p, n);
			return true;
		}
		p[n++] = s.p[i];
		i += s.p[i] == '}';
	}
	return false;
}

static bool fail_format(struct format *f)
{
	return eval_fail(f->ev, f->call, "The following format string is invalid: %.*s",
			 STR_ARG(f->text));
}

static void add_text(struct format *f, size_t from, size_t to)
{
	if (to > from) {
		vec_push(f->ev->arena, &f->segments,
			 (struct segment){ .text = str_slice(f->text, from, to) });
	}
}

/* `{N}` or `{N:spec}`; *at is at the brace. */
static bool read_hole(struct format *f, size_t *at)
{
	struct segment s;

	++*at;
	if (!read_index(f->text, at, &s.arg) ||
	    !read_specifiers(f->ev->arena, f->text, at, &s.text)) {
		return fail_format(f);
	}
	if (++s.arg >= f->call->nargs) {
		return eval_fail(f->ev, f->call,
				 "The following format string references more arguments than were "
				 "supplied: %.*s",
				 STR_ARG(f->text));
	}
	vec_push(f->ev->arena, &f->segments, s);
	return true;
}

/* The whole format is read before any argument is evaluated. */
static bool read_format(struct format *f)
{
	size_t start = 0;
	size_t i = 0;

	while (i < f->text.len) {
		char c = f->text.p[i];

		if (c != '{' && c != '}') {
			i++;
			continue;
		}
		if (char_at(f->text, i + 1) == c) {
			add_text(f, start, i + 1);
			i += 2;
		} else if (c == '{') {
			add_text(f, start, i);
			if (!read_hole(f, &i)) {
				return false;
			}
		} else {
			return fail_format(f);
		}
		start = i;
	}
	add_text(f, start, i);
	return true;
}

/* An argument as text, evaluated where it is first used. */
static bool format_arg(struct format *f, unsigned depth, const struct segment *s, struct str *cache,
		       struct str *out)
{
	struct value v;

	if (!cache[s->arg].p || s->text.len) {
		if (!arg(f->ev, f->call, depth, s->arg, &v)) {
			return false;
		}
		if (s->text.len) {
			return eval_fail(f->ev, f->call,
					 "The format specifiers '%.*s' are not valid for objects "
					 "of type '%.*s'",
					 STR_ARG(s->text), STR_ARG(value_kind_name(v.kind)));
		}
		cache[s->arg] = value_to_str(f->ev->arena, v);
	}
	*out = cache[s->arg];
	return true;
}

static bool write_format(struct format *f, unsigned depth, struct text *t)
{
	struct str *cache = arena_array(f->ev->arena, struct str, f->call->nargs);

	for (size_t i = 0; i < f->segments.n; i++) {
		struct str piece = f->segments.v[i].text;

		if (f->segments.v[i].arg &&
		    !format_arg(f, depth, &f->segments.v[i], cache, &piece)) {
			return false;
		}
		if (piece.len && !text_add(t, piece)) {
			return false;
		}
	}
	return true;
}

static bool call_format(struct eval *ev, const struct node *call, unsigned depth, struct value *out)
{
	struct format f = { .ev = ev, .call = call };
	struct text t = { .ev = ev, .call = call, .buf = STRBUF_INIT(0) };
	struct value text;

	if (!arg(ev, call, depth, 0, &text)) {
		return false;
	}
	f.text = value_to_str(ev->arena, text);
	return text_finish(&t, read_format(&f) && write_format(&f, depth, &t), out);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static bool call_to_json(struct eval *ev, const struct node *call, unsigned depth,
			 struct value *out)
{
	struct value v;

	if (!arg(ev, call, depth, 0, &v)) {
		return false;
	}
	out->kind = VALUE_STRING;
	return value_to_json_max(ev->arena, v, ev->max_memory, &out->u.s) ||
	       eval_fail_memory(ev, call);
}

static bool call_from_json(struct eval *ev, const struct node *call, unsigned depth,
			   struct value *out)
{
	struct value v;
	struct str why;
	size_t at;

	if (!arg(ev, call, depth, 0, &v)) {
		return false;
	}
	return value_from_json(ev->arena, value_to_str(ev->arena, v), out, &why, &at) ||
	       eval_fail(ev, call, "Error parsing fromJson: %.*s", STR_ARG(why));
}

/* --- case, and what the host answers ---------------------------------------------------------- */

static bool call_case(struct eval *ev, const struct node *call, unsigned depth, struct value *out)
{
	size_t last = call->nargs - 1;

	for (size_t i = 0; i < last; i += 2) {
		struct value test;

		if (!arg(ev, call, depth, i, &test)) {
			return false;
		}
		if (test.kind != VALUE_BOOL) {
			return eval_fail(ev, call->args[i],
					 "case predicate must evaluate to a boolean value");
		}
		if (test.u.b) {
			return arg(ev, call, depth, i + 1, out);
		}
	}
	return arg(ev, call, depth, last, out);
}

/* All arguments as text, in the arena. */
static bool text_args(struct eval *ev, const struct node *call, unsigned depth, struct str **out)
{
	*out = arena_array(ev->arena, struct str, call->nargs);
	for (size_t i = 0; i < call->nargs; i++) {
		struct value v;

		if (!arg(ev, call, depth, i, &v)) {
			return false;
		}
		(*out)[i] = value_to_str(ev->arena, v);
	}
	return true;
}

static bool call_status(struct eval *ev, const struct node *call, unsigned depth,
			enum expr_status which, struct value *out)
{
	struct str *args;

	if (!text_args(ev, call, depth, &args)) {
		return false;
	}
	*out = value_bool(ev->env->status &&
			  ev->env->status(ev->env->ctx, which, args, call->nargs));
	return true;
}

static bool call_success(struct eval *ev, const struct node *call, unsigned depth,
			 struct value *out)
{
	return call_status(ev, call, depth, STATUS_SUCCESS, out);
}

static bool call_failure(struct eval *ev, const struct node *call, unsigned depth,
			 struct value *out)
{
	return call_status(ev, call, depth, STATUS_FAILURE, out);
}

static bool call_cancelled(struct eval *ev, const struct node *call, unsigned depth,
			   struct value *out)
{
	return call_status(ev, call, depth, STATUS_CANCELLED, out);
}

static bool call_always(struct eval *ev, const struct node *call, unsigned depth, struct value *out)
{
	return call_status(ev, call, depth, STATUS_ALWAYS, out);
}

static bool call_hash_files(struct eval *ev, const struct node *call, unsigned depth,
			    struct value *out)
{
	struct str *patterns;
	struct str why = STR_EMPTY;

	if (!text_args(ev, call, depth, &patterns)) {
		return false;
	}
	*out = value_str(STR_EMPTY);
	if (ev->env->hash_files &&
	    !ev->env->hash_files(ev->env->ctx, patterns, call->nargs, &out->u.s, &why)) {
		return eval_fail(ev, call, "%.*s", STR_ARG(why));
	}
	return true;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct function functions[] = {
	{ STR_INIT("case"), 3, 255, .odd = true, .call = call_case },
	{ STR_INIT("contains"), 2, 2, .call = call_contains },
	{ STR_INIT("endsWith"), 2, 2, .call = call_ends_with },
	{ STR_INIT("format"), 1, 255, .call = call_format },
	{ STR_INIT("fromJSON"), 1, 1, .call = call_from_json },
	{ STR_INIT("join"), 1, 2, .call = call_join },
	{ STR_INIT("startsWith"), 2, 2, .call = call_starts_with },
	{ STR_INIT("toJSON"), 1, 1, .call = call_to_json },
	{ STR_INIT("always"), .hosted = true, .status = true, .call = call_always },
	{ STR_INIT("cancelled"), .hosted = true, .status = true, .call = call_cancelled },
	{ STR_INIT("failure"), .hosted = true, .status = true, .call = call_failure },
	{ STR_INIT("hashFiles"), .hosted = true, .call = call_hash_files },
	{ STR_INIT("success"), .hosted = true, .status = true, .call = call_success },
};

const struct function *function_find(struct str name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (str_ieq(functions[i].name, name)) {
			return &functions[i];
		}
	}
	return NULL;
}
