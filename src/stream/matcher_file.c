/*
 * matcher_file.c - a problem matcher's JSON: read as leniently as the runner reads it, checked as
 * strictly, with its messages (SEMANTICS 4.11). Matching is matcher.c's business.
 */
#include <stdlib.h>

#include "actc/utf8.h"
#include "actc/value.h"
#include "matcher.h"

static const struct str field_names[MATCH_FIELDS] = {
	[MATCH_FILE] = STR_INIT("file"),          [MATCH_LINE] = STR_INIT("line"),
	[MATCH_COLUMN] = STR_INIT("column"),      [MATCH_SEVERITY] = STR_INIT("severity"),
	[MATCH_CODE] = STR_INIT("code"),          [MATCH_MESSAGE] = STR_INIT("message"),
	[MATCH_FROM_PATH] = STR_INIT("fromPath"),
};

struct reading {
	struct arena *a; /* of messages and the JSON itself */
	struct regex_library *lib;
	struct match_config *c;
	int set_by[MATCH_FIELDS]; /* the group that a pattern of this matcher named */
	struct str *why;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*r->why = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
	return false;
}

void match_config_drop(struct match_config *c)
{
	if (!c || --c->users) {
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		regex_free(c->patterns[i].regex);
	}
	arena_release(&c->arena);
	free(c);
}

/* --- values ------------------------------------------------------------------------------------
 */

static bool read_text(struct reading *r, struct value from, struct str name, struct str *out)
{
	struct value v = value_get(from, name);

	*out = STR_EMPTY;
	if (v.kind == VALUE_ARRAY || v.kind == VALUE_OBJECT) {
		return fail(r, "The property '%.*s' must be a string.", STR_ARG(name));
	}
	if (v.kind != VALUE_NULL) {
		*out = arena_str(&r->c->arena, value_to_str(r->a, v));
	}
	return true;
}

/* A whole number, also one written as a string. */
static bool read_group(struct reading *r, struct value from, struct str name, int *out)
{
	struct value v = value_get(from, name);
	double n = value_to_number(v);

	*out = NO_GROUP;
	if (v.kind == VALUE_NULL) {
		return true;
	}
	if ((v.kind != VALUE_NUMBER && v.kind != VALUE_STRING) || !(n >= INT32_MIN) ||
	    !(n <= INT32_MAX) || n != (double)(int)n) {
		return fail(r, "The property '%.*s' must be a whole number.", STR_ARG(name));
	}
	if (n < 0) {
		return fail(r, "The property '%.*s' is set to %d which is out of range",
			    STR_ARG(name), (int)n);
	}
	*out = (int)n;
	return true;
}

static bool read_flag(struct reading *r, struct value from, struct str name, bool *out)
{
	struct value v = value_get(from, name);

	*out = v.kind == VALUE_STRING ? str_ieq(str_trim(v.u.s), STR("true")) : value_truthy(v);
	return (v.kind != VALUE_ARRAY && v.kind != VALUE_OBJECT) ||
	       fail(r, "The property '%.*s' must be a boolean.", STR_ARG(name));
}

/* --- a pattern ---------------------------------------------------------------------------------
 */

static bool check_group(struct reading *r, struct match_pattern *p, enum match_field field)
{
	int group = p->groups[field];

	if (group == NO_GROUP) {
		return true;
	}
	if (r->set_by[field] != NO_GROUP) {
		return fail(r, "The property '%.*s' is set twice", STR_ARG(field_names[field]));
	}
	if ((size_t)group >= regex_groups(p->regex)) {
		return fail(r, "The property '%.*s' is set to %d which is out of range",
			    STR_ARG(field_names[field]), group);
	}
	r->set_by[field] = group;
	return true;
}

static bool read_pattern(struct reading *r, struct value from, size_t i, size_t n)
{
	struct match_pattern *p = &r->c->patterns[i];
	struct str text;

	if (from.kind != VALUE_OBJECT) {
		return fail(r, "A pattern of matcher '%.*s' is no object", STR_ARG(r->c->owner));
	}
	if (!read_text(r, from, STR("regexp"), &text) ||
	    !read_flag(r, from, STR("loop"), &p->loop)) {
		return false;
	}
	for (int f = 0; f < MATCH_FIELDS; f++) {
		if (!read_group(r, from, field_names[f], &p->groups[f])) {
			return false;
		}
	}
	if (p->loop && (i == 0 || i + 1 < n)) {
		return fail(r, "Only the last pattern in a multiline matcher may set 'loop'");
	}
	if (p->loop && p->groups[MATCH_MESSAGE] == NO_GROUP) {
		return fail(r, "The loop pattern must set 'message'");
	}
	p->regex = regex_new(r->lib, &r->c->arena, text, r->why);
	if (!p->regex) {
		*r->why = arena_str(r->a, *r->why);
		return false;
	}
	for (int f = 0; f < MATCH_FIELDS; f++) {
		if (!check_group(r, p, (enum match_field)f)) {
			return false;
		}
	}
	return true;
}

/* --- a matcher ---------------------------------------------------------------------------------
 */

static bool read_patterns(struct reading *r, struct value list)
{
	size_t n = list.kind == VALUE_ARRAY ? list.u.a->n : 0;

	if (list.kind != VALUE_NULL && list.kind != VALUE_ARRAY) {
		return fail(r, "The patterns of matcher '%.*s' are no array", STR_ARG(r->c->owner));
	}
	if (n == 0) {
		return fail(r, "Matcher '%.*s' does not contain any patterns",
			    STR_ARG(r->c->owner));
	}
	r->c->patterns = arena_array(&r->c->arena, struct match_pattern, n);
	r->c->n = n;
	for (int f = 0; f < MATCH_FIELDS; f++) {
		r->set_by[f] = NO_GROUP;
	}
	for (size_t i = 0; i < n; i++) {
		if (!read_pattern(r, list.u.a->v[i], i, n)) {
			return false;
		}
	}
	return r->set_by[MATCH_MESSAGE] != NO_GROUP ||
	       fail(r, "At least one pattern must set 'message'");
}

static bool is_severity(struct str s)
{
	return s.len == 0 || str_ieq(s, STR("error")) || str_ieq(s, STR("warning")) ||
	       str_ieq(s, STR("notice"));
}

static bool read_matcher(struct reading *r, struct value from)
{
	struct match_config *c = r->c;

	if (from.kind != VALUE_OBJECT) {
		return fail(r, "A problem matcher is no object");
	}
	if (!read_text(r, from, STR("owner"), &c->owner) ||
	    !read_text(r, from, STR("severity"), &c->severity) ||
	    !read_text(r, from, STR("fromPath"), &c->from_path)) {
		return false;
	}
	if (c->owner.len == 0) {
		return fail(r, "Owner must not be empty");
	}
	if (!is_severity(c->severity)) {
		return fail(r, "Matcher '%.*s' contains unexpected default severity '%.*s'",
			    STR_ARG(c->owner), STR_ARG(c->severity));
	}
	return read_patterns(r, value_get(from, STR("pattern")));
}

/* --- the file ----------------------------------------------------------------------------------
 */

/* The array of matchers; one that is not there is empty. */
static bool read_list(struct reading *r, struct str json, const struct varray **out)
{
	static const struct varray none = { .n = 0 };
	struct value root = value_null(), list;
	size_t at;

	*out = &none;
	if (utf8_trim(json).len == 0) {
		return true;
	}
	if (!value_from_json(r->a, json, &root, r->why, &at)) {
		return false;
	}
	list = value_get(root, STR("problemMatcher"));
	if ((root.kind != VALUE_OBJECT && root.kind != VALUE_NULL) ||
	    (list.kind != VALUE_ARRAY && list.kind != VALUE_NULL)) {
		return fail(r, "The file must be an object with an array 'problemMatcher'");
	}
	*out = list.kind == VALUE_ARRAY ? list.u.a : &none;
	return true;
}

static bool add_matcher(struct reading *r, struct value from, struct match_file *out)
{
	struct match_config *c = calloc(1, sizeof(*c));

	BUG_ON(!c);
	c->users = 1;
	r->c = c;
	out->v[out->n++] = c;
	if (!read_matcher(r, from)) {
		return false;
	}
	for (size_t i = 0; i + 1 < out->n; i++) {
		if (str_eq_nocase(out->v[i]->owner, c->owner)) {
			return fail(r, "Duplicate owner name '%.*s'", STR_ARG(c->owner));
		}
	}
	return true;
}

bool match_file_read(struct arena *a, struct regex_library *lib, struct str json,
		     struct match_file *out, struct str *why)
{
	struct reading r = { .a = a, .lib = lib, .why = why };
	const struct varray *list;

	*out = (struct match_file){ 0 };
	if (!read_list(&r, json, &list)) {
		return false;
	}
	out->v = arena_array(a, struct match_config *, list->n);
	for (size_t i = 0; i < list->n; i++) {
		if (!add_matcher(&r, list->v[i], out)) {
			while (out->n) {
				match_config_drop(out->v[--out->n]);
			}
			return false;
		}
	}
	return true;
}

bool match_file_owners(struct arena *a, struct str json, struct str **owners, size_t *n,
		       struct str *why)
{
	struct reading r = { .a = a, .why = why };
	const struct varray *list;

	*n = 0;
	if (!read_list(&r, json, &list)) {
		return false;
	}
	*owners = arena_array(a, struct str, list->n);
	for (size_t i = 0; i < list->n; i++) {
		struct value owner = value_get(list->v[i], STR("owner"));

		if (owner.kind == VALUE_STRING) {
			(*owners)[(*n)++] = owner.u.s;
		}
	}
	return true;
}
