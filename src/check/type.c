/* type.c - the types of expressions: making, joining and naming them. */
#include "type.h"

const struct type type_any = { .kind = TYPE_ANY };
const struct type type_null = { .kind = TYPE_NULL };
const struct type type_number = { .kind = TYPE_NUMBER };
const struct type type_bool = { .kind = TYPE_BOOL };
const struct type type_string = { .kind = TYPE_STRING };
const struct type type_object = { .kind = TYPE_OBJECT, .rest = &type_any };
const struct type type_strings = { .kind = TYPE_OBJECT, .rest = &type_string };
const struct type type_nothing = { .kind = TYPE_OBJECT };
const struct type type_array = { .kind = TYPE_ARRAY, .rest = &type_any };

static struct type_prop *find(const struct type_prop *props, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_ieq(props[i].name, name)) {
			return (struct type_prop *)&props[i];
		}
	}
	return NULL;
}

/* More than anybody writes: beyond, anything may be there. Keeps made-up files from costing hours.
 */
enum { PROPS_MAX = 512, JOINED_MAX = 64 };

void type_add(struct type_builder *b, struct str name, const struct type *type)
{
	struct type_prop *old = find(b->props.v, b->props.n, name);

	if (!old && b->props.n == PROPS_MAX) {
		b->rest = &type_any;
		return;
	}

	if (old) {
		old->type = type_join(b->a, old->type, type);
		return;
	}
	vec_push(b->a, &b->props, (struct type_prop){ name, type });
}

const struct type *type_finish(const struct type_builder *b)
{
	struct type *t = arena_new(b->a, struct type);

	*t = (struct type){ .kind = TYPE_OBJECT,
			    .open = b->open,
			    .rest = b->rest,
			    .n = b->props.n,
			    .props = b->props.v };
	return t;
}

const struct type *type_array_of(struct arena *a, const struct type *item)
{
	struct type *t = arena_new(a, struct type);

	*t = (struct type){ .kind = TYPE_ARRAY, .rest = item };
	return t;
}

const struct type *type_prop(const struct type *object, struct str name)
{
	const struct type_prop *p = find(object->props, object->n, name);

	return p ? p->type : object->rest;
}

static const struct type *join_objects(struct arena *a, const struct type *x, const struct type *y)
{
	struct type_builder b = { .a = a };

	if (x->n + y->n > JOINED_MAX) {
		return &type_object;
	}
	if (x->rest && y->rest) {
		b.rest = type_join(a, x->rest, y->rest);
	} else {
		b.rest = x->rest ? x->rest : y->rest;
	}
	for (size_t i = 0; i < x->n; i++) {
		type_add(&b, x->props[i].name, x->props[i].type);
	}
	for (size_t i = 0; i < y->n; i++) {
		type_add(&b, y->props[i].name, y->props[i].type);
	}
	return type_finish(&b);
}

const struct type *type_join(struct arena *a, const struct type *x, const struct type *y)
{
	if (x == y) {
		return x;
	}
	if (x->kind != y->kind) {
		return &type_any;
	}
	if (x->kind == TYPE_OBJECT) {
		return join_objects(a, x, y);
	}
	if (x->kind == TYPE_ARRAY && x->filtered == y->filtered) {
		return type_array_of(a, type_join(a, x->rest, y->rest));
	}
	return x->kind == TYPE_ARRAY ? &type_array : x;
}

static const struct type *of_array(struct arena *a, const struct varray *array)
{
	const struct type *item = NULL;

	for (size_t i = 0; i < array->n; i++) {
		const struct type *t = type_of_value(a, array->v[i]);

		item = item ? type_join(a, item, t) : t;
	}
	return type_array_of(a, item ? item : &type_any);
}

const struct type *type_of_value(struct arena *a, struct value v)
{
	struct type_builder b = { .a = a };

	switch (v.kind) {
	case VALUE_NULL:
		return &type_null;
	case VALUE_BOOL:
		return &type_bool;
	case VALUE_NUMBER:
		return &type_number;
	case VALUE_STRING:
		return &type_string;
	case VALUE_ARRAY:
		return of_array(a, v.u.a);
	case VALUE_OBJECT:
	default:
		for (size_t i = 0; i < v.u.o->n; i++) {
			type_add(&b, v.u.o->v[i].key, type_of_value(a, v.u.o->v[i].value));
		}
		return type_finish(&b);
	}
}

bool type_fits(const struct type *from, const struct type *to)
{
	if (from->kind == TYPE_ANY || to->kind == TYPE_ANY) {
		return true;
	}
	switch (to->kind) {
	case TYPE_STRING:
		return from->kind == TYPE_STRING || from->kind == TYPE_NUMBER ||
		       from->kind == TYPE_BOOL || from->kind == TYPE_NULL;
	case TYPE_ARRAY:
		return from->kind == TYPE_ARRAY && type_fits(from->rest, to->rest);
	case TYPE_ANY:
	case TYPE_NULL:
	case TYPE_NUMBER:
	case TYPE_BOOL:
	case TYPE_OBJECT:
	default:
		return from->kind == to->kind;
	}
}

enum { NAMED_MAX = 10 };

static void print_object(struct strbuf *out, const struct type *t)
{
	if (t->rest && t->n == 0) {
		(void)strbuf_adds(out, STR("object"));
		return;
	}
	(void)strbuf_addc(out, '{');
	for (size_t i = 0; i < t->n && i < NAMED_MAX; i++) {
		(void)strbuf_addf(out, "%s%.*s", i ? ", " : "", STR_ARG(t->props[i].name));
	}
	(void)strbuf_adds(out, t->n > NAMED_MAX || t->rest ? STR(", ...}") : STR("}"));
}

void type_print(struct strbuf *out, const struct type *t)
{
	static const struct str names[] = {
		[TYPE_ANY] = STR_INIT("any"),       [TYPE_NULL] = STR_INIT("null"),
		[TYPE_NUMBER] = STR_INIT("number"), [TYPE_BOOL] = STR_INIT("boolean"),
		[TYPE_STRING] = STR_INIT("string"), [TYPE_ARRAY] = STR_INIT("array"),
	};

	if (t->kind == TYPE_OBJECT) {
		print_object(out, t);
		return;
	}
	(void)strbuf_adds(out, names[t->kind]);
	if (t->kind == TYPE_ARRAY && t->rest->kind != TYPE_ANY) {
		(void)strbuf_adds(out, STR(" of "));
		type_print(out, t->rest);
	}
}

struct str type_text(struct arena *a, const struct type *t)
{
	struct strbuf b = STRBUF_INIT(0);

	type_print(&b, t);

	struct str text = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return text;
}
