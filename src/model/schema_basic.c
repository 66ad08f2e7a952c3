/* schema_basic.c - the types that other definitions are made of, and looking things up in them. */
#include "schema.h"

const struct schema schema_null = { .kind = SCHEMA_NULL };
const struct schema schema_boolean = { .kind = SCHEMA_BOOLEAN };
const struct schema schema_number = { .kind = SCHEMA_NUMBER };
const struct schema schema_string = { .kind = SCHEMA_STRING };
const struct schema schema_non_empty = { .kind = SCHEMA_STRING, .non_empty = true };
const struct schema schema_non_empties = { .kind = SCHEMA_SEQUENCE, .item = &schema_non_empty };
const struct schema schema_one_or_more = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&schema_non_empty, &schema_non_empties),
};

static const struct schema any_sequence = { .kind = SCHEMA_SEQUENCE, .item = &schema_any };
static const struct schema any_mapping = { .kind = SCHEMA_MAPPING,
					   SCHEMA_LOOSE(schema_string, schema_any) };
const struct schema schema_any = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&schema_null, &schema_boolean, &schema_number, &schema_string,
			&any_sequence, &any_mapping),
};

size_t schema_pick(const struct schema *s, enum schema_kind kind, const struct schema **out,
		   size_t max)
{
	size_t n = 0;

	if (s->kind == kind && max > 0) {
		out[n++] = s;
	}
	for (size_t i = 0; s->kind == SCHEMA_ONE_OF && s->of[i]; i++) {
		n += schema_pick(s->of[i], kind, out + n, max - n);
	}
	return n;
}

static bool string_accepts(const struct schema *s, struct str text)
{
	if (!s->words) {
		return text.len > 0 || !s->non_empty;
	}
	for (size_t i = 0; s->words[i]; i++) {
		if (str_eq(str_of(s->words[i]), text)) {
			return true;
		}
	}
	return false;
}

bool schema_accepts(const struct schema *s, const struct tok *literal)
{
	switch (s->kind) {
	case SCHEMA_NULL:
		return literal->kind == TOK_NULL;
	case SCHEMA_BOOLEAN:
		return literal->kind == TOK_BOOL;
	case SCHEMA_NUMBER:
		return literal->kind == TOK_NUMBER;
	case SCHEMA_STRING:
		return literal->kind == TOK_STRING && string_accepts(s, literal->u.s);
	case SCHEMA_ONE_OF:
		for (size_t i = 0; s->of[i]; i++) {
			if (schema_accepts(s->of[i], literal)) {
				return true;
			}
		}
		return false;
	case SCHEMA_SEQUENCE:
	case SCHEMA_MAPPING:
		break;
	}
	return false;
}

const struct schema_prop *schema_prop(const struct schema *mapping, struct str name)
{
	for (const struct schema_prop *p = mapping->props; p && p->name; p++) {
		if (p->name[0] == *name.p && str_eq(str_of(p->name), name)) {
			return p;
		}
	}
	return NULL;
}
