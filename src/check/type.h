/*
 * type.h - what is known of a value before anything is run: the types of expressions. Not of the
 * language (GitHub has none): what is not known is TYPE_ANY, of which everything is allowed.
 */
#ifndef ACTC_CHECK_TYPE_H
#define ACTC_CHECK_TYPE_H

#include "actc/arena.h"
#include "actc/strbuf.h"
#include "actc/value.h"

enum type_kind {
	TYPE_ANY,
	TYPE_NULL,
	TYPE_NUMBER,
	TYPE_BOOL,
	TYPE_STRING,
	TYPE_ARRAY,
	TYPE_OBJECT,
};

struct type;

struct type_prop {
	struct str name;
	const struct type *type;
};

struct type {
	enum type_kind kind;
	bool filtered; /* arrays: made by `*` */
	bool open;     /* objects: others may be there, but not under all but the same name */
	const struct type *rest; /* items of arrays; of objects what is not named, NULL = no more */
	size_t n;
	const struct type_prop *props;
};

extern const struct type type_any;
extern const struct type type_null;
extern const struct type type_number;
extern const struct type type_bool;
extern const struct type type_string;
extern const struct type type_object;  /* any properties */
extern const struct type type_strings; /* any properties, strings all */
extern const struct type type_nothing; /* no property at all */
extern const struct type type_array;   /* of anything */

/* Properties in the order in which they come; a name that comes again is joined with the first. */
struct type_builder {
	struct arena *a;
	const struct type *rest;
	bool open;
	VEC(struct type_prop) props;
};

void type_add(struct type_builder *b, struct str name, const struct type *type);
const struct type *type_finish(const struct type_builder *b);

const struct type *type_array_of(struct arena *a, const struct type *item);
/* The type of a property: NULL = there is none. Names are compared without case. */
const struct type *type_prop(const struct type *object, struct str name);
/* What a value may be that is of one type or of the other. */
const struct type *type_join(struct arena *a, const struct type *x, const struct type *y);
const struct type *type_of_value(struct arena *a, struct value v);
/* Whether a value of type `from` may stand where `to` is wanted. */
bool type_fits(const struct type *from, const struct type *to);

/* "string", "array", "{os, node}", … for messages. */
void type_print(struct strbuf *out, const struct type *t);
struct str type_text(struct arena *a, const struct type *t);

#endif
