/*
 * json_strict.c - JSON files (payloads, contexts, configuration) through jansson, which is used
 * nowhere else: values keep GitHub's number and key semantics, jansson's own carry refcounts.
 */
#include <jansson.h>

#include "actc/value.h"

static struct value convert(struct arena *a, const json_t *json);

static struct value convert_array(struct arena *a, const json_t *json)
{
	struct varray *array = varray_new(a);

	for (size_t i = 0; i < json_array_size(json); i++) {
		varray_push(a, array, convert(a, json_array_get(json, i)));
	}
	return value_array(array);
}

static struct value convert_object(struct arena *a, json_t *json)
{
	struct vobject *o = vobject_new(a, false);

	for (void *i = json_object_iter(json); i; i = json_object_iter_next(json, i)) {
		struct str key = str_mk(json_object_iter_key(i), json_object_iter_key_len(i));

		vobject_set(a, o, arena_str(a, key), convert(a, json_object_iter_value(i)));
	}
	return value_object(o);
}

static struct value convert(struct arena *a, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return convert_object(a, (json_t *)(uintptr_t)json);
	case JSON_ARRAY:
		return convert_array(a, json);
	case JSON_STRING:
		return value_str(
			arena_str(a, str_mk(json_string_value(json), json_string_length(json))));
	case JSON_INTEGER:
	case JSON_REAL:
		return value_number(json_number_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(json_is_true(json));
	case JSON_NULL:
	default:
		return value_null();
	}
}

bool value_from_json_strict(struct arena *a, struct str text, struct value *out, struct err *err)
{
	/* Integers as reals: GitHub's numbers are doubles, and no size of one is an error. */
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
	json_error_t problem;
	json_t *json = json_loadb(text.p, text.len, flags, &problem);

	if (!json) {
		return err_set(err, ERR_INVALID, "%d:%d: %s", problem.line, problem.column,
			       problem.text);
	}
	*out = convert(a, json);
	json_decref(json);
	return true;
}
