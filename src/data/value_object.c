/*
 * value_object.c - building arrays and objects, and looking keys up.
 *
 * Most objects are small: a walk over the keys that compares lengths first is fastest. Past
 * INDEX_FROM keys a hash index of positions is kept beside them (open addressing, position + 1).
 */
#include "actc/unicode.h"
#include "actc/utf8.h"
#include "actc/value.h"

enum { INDEX_FROM = 16 };

struct varray *varray_new(struct arena *a)
{
	return arena_new(a, struct varray);
}

void varray_push(struct arena *a, struct varray *array, struct value v)
{
	vec_push(a, array, v);
}

struct vobject *vobject_new(struct arena *a, bool case_sensitive)
{
	struct vobject *o = arena_new(a, struct vobject);

	o->case_sensitive = case_sensitive;
	return o;
}

static uint32_t key_hash(const struct vobject *o, struct str key)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key.len;) {
		uint32_t cp = (unsigned char)key.p[i];
		size_t n = o->case_sensitive ? 1 : utf8_at(key, i, &cp);

		hash = (hash ^ (o->case_sensitive ? cp : unicode_upper(cp))) * 16777619u;
		i += n;
	}
	return hash ^ hash >> 15;
}

static bool key_eq(const struct vobject *o, struct str a, struct str b)
{
	return o->case_sensitive ? str_eq(a, b) : str_eq_nocase(a, b);
}

static void index_add(struct vobject *o, size_t position)
{
	size_t slot = key_hash(o, o->v[position].key) & (o->nslots - 1);

	while (o->slots[slot]) {
		slot = (slot + 1) & (o->nslots - 1);
	}
	o->slots[slot] = (uint32_t)position + 1;
}

static void index_rebuild(struct arena *a, struct vobject *o)
{
	o->nslots = o->nslots ? o->nslots * 2 : (size_t)INDEX_FROM * 4;
	o->slots = arena_array(a, uint32_t, o->nslots);
	for (size_t i = 0; i < o->n; i++) {
		index_add(o, i);
	}
}

static size_t find_indexed(const struct vobject *o, struct str key)
{
	size_t slot = key_hash(o, key) & (o->nslots - 1);

	for (; o->slots[slot]; slot = (slot + 1) & (o->nslots - 1)) {
		size_t position = o->slots[slot] - 1;

		if (key_eq(o, o->v[position].key, key)) {
			return position;
		}
	}
	return o->n;
}

static size_t find(const struct vobject *o, struct str key)
{
	if (o->slots) {
		return find_indexed(o, key);
	}

	bool length_decides = o->case_sensitive || str_is_ascii(key);
	size_t i = 0;

	for (; i < o->n; i++) {
		struct str have = o->v[i].key;

		if ((have.len == key.len || !length_decides) && key_eq(o, have, key)) {
			break;
		}
	}
	return i;
}

void vobject_set(struct arena *a, struct vobject *o, struct str key, struct value v)
{
	size_t i = find(o, key);

	if (i < o->n) {
		o->v[i].value = v;
		return;
	}
	vec_push(a, o, (struct vpair){ key, v });
	if (o->slots && o->n * 2 <= o->nslots) {
		index_add(o, o->n - 1);
	} else if (o->n > INDEX_FROM) {
		index_rebuild(a, o);
	}
}

const struct value *vobject_get(const struct vobject *o, struct str key)
{
	size_t i = find(o, key);

	return i < o->n ? &o->v[i].value : NULL;
}

struct value value_get(struct value v, struct str key)
{
	const struct value *hit = v.kind == VALUE_OBJECT ? vobject_get(v.u.o, key) : NULL;

	return hit ? *hit : value_null();
}

static struct value array_copy(struct arena *a, const struct varray *from)
{
	struct varray *to = varray_new(a);

	to->filtered = from->filtered;
	for (size_t i = 0; i < from->n; i++) {
		varray_push(a, to, value_copy(a, from->v[i]));
	}
	return value_array(to);
}

static struct value object_copy(struct arena *a, const struct vobject *from)
{
	struct vobject *to = vobject_new(a, from->case_sensitive);

	for (size_t i = 0; i < from->n; i++) {
		vobject_set(a, to, arena_str(a, from->v[i].key), value_copy(a, from->v[i].value));
	}
	return value_object(to);
}

struct value value_copy(struct arena *a, struct value v)
{
	switch (v.kind) {
	case VALUE_STRING:
		return value_str(arena_str(a, v.u.s));
	case VALUE_ARRAY:
		return array_copy(a, v.u.a);
	case VALUE_OBJECT:
		return object_copy(a, v.u.o);
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_NUMBER:
	default:
		return v;
	}
}
