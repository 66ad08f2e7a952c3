/*
 * options_apply.c - one option's value into its field: conversion, and what is wrong with it.
 *
 * Not for where the value came from (options.c reads argv, options_files.c the actrc files). No
 * error repeats a value that may be secret.
 */
#include "options.h"
#include "stored.h"

const struct option_row *option_by_name(struct str name)
{
	for (size_t i = 0; i < option_nrows; i++) {
		if (str_eq(str_of(option_rows[i].name), name)) {
			return &option_rows[i];
		}
	}
	return NULL;
}

const struct option_row *option_by_letter(char letter)
{
	for (size_t i = 0; i < option_nrows; i++) {
		if (letter && option_rows[i].letter == letter) {
			return &option_rows[i];
		}
	}
	return NULL;
}

/* A word may be left out where there is an empty one. */
bool option_wants_value(const struct option_row *row)
{
	bool optional = row->type == OPT_FLAG;

	for (const struct option_word *w = row->words; row->type == OPT_WORD && w->word; w++) {
		optional = optional || !*w->word;
	}
	return !optional;
}

static void *field(struct options *o, const struct option_row *row)
{
	return (char *)o + row->offset;
}

static bool bad(struct err *err, struct str shown, struct str value, const char *wanted)
{
	return err_set(err, ERR_USAGE, "%.*s wants %s, not '%.*s'", STR_ARG(shown), wanted,
		       STR_ARG(value));
}

static bool apply_flag(bool *out, struct str shown, struct str value, struct err *err)
{
	if (!value.p || str_eq(value, STR("true"))) {
		*out = true;
	} else if (str_eq(value, STR("false"))) {
		*out = false;
	} else {
		return bad(err, shown, value, "true or false");
	}
	return true;
}

/* "auto, docker or host"; what is only for tests is not named. */
static struct str choice_list(struct arena *a, const struct option_row *row)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; row->choices[i]; i++) {
		const char *next = row->choices[i + 1];
		bool last = !next || strcmp(next, "fake") == 0;

		if (strcmp(row->choices[i], "fake") != 0) {
			list = arena_printf(a, "%.*s%s%s", STR_ARG(list),
					    i == 0 ? ""
					    : last ? " or "
						   : ", ",
					    row->choices[i]);
		}
	}
	return list;
}

static bool apply_text(struct options *o, const struct option_row *row, struct str shown,
		       struct str value, struct err *err)
{
	bool known = row->choices == NULL;

	for (size_t i = 0; row->choices && row->choices[i]; i++) {
		known = known || str_eq(str_of(row->choices[i]), value);
	}
	if (!known) {
		return bad(err, shown, value, choice_list(&o->arena, row).p);
	}
	*(struct str *)field(o, row) = value;
	return true;
}

static bool apply_setting(struct options *o, struct settings *out, struct str shown,
			  struct str value, struct err *err)
{
	size_t eq = str_chr(value, '=', 0);
	struct setting one = { .name = value, .value = STR_EMPTY };

	if (eq != STR_NPOS) {
		one.name = str_slice(value, 0, eq);
		one.value = str_slice(value, eq + 1, value.len);
		one.given = true;
	}
	one.name = str_trim(one.name);
	if (one.name.len == 0) {
		return err_set(err, ERR_USAGE, "%.*s wants NAME=VALUE: the name is missing",
			       STR_ARG(shown));
	}
	vec_push(&o->arena, out, one);
	return true;
}

static bool apply_number(unsigned long *out, struct str shown, struct str value, struct err *err)
{
	if (!str_to_ulong(value, out)) {
		return bad(err, shown, value, "a number");
	}
	return true;
}

/* "90", "90s", "10m", "1h30m", "500ms": milliseconds; limited to 35 days, a run's limit on GitHub.
 */
static bool apply_duration(unsigned long *out, struct str shown, struct str value, struct err *err)
{
	static const struct {
		const char *unit;
		unsigned long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "", 1000 } };
	const unsigned long limit = 35UL * 24 * 3600000;
	unsigned long total = 0;
	struct str rest = value;

	while (rest.len) {
		size_t digits = 0;
		unsigned long n = 0, ms = 0;

		while (digits < rest.len && rest.p[digits] >= '0' && rest.p[digits] <= '9') {
			digits++;
		}
		bool number = str_to_ulong(str_slice(rest, 0, digits), &n);

		rest = str_slice(rest, digits, rest.len);
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && !ms; i++) {
			struct str unit = str_of(units[i].unit);

			if (unit.len ? str_starts(rest, unit) : rest.len == 0) {
				ms = units[i].ms;
				rest = str_slice(rest, unit.len, rest.len);
			}
		}
		if (!number || !ms || n > limit / ms || total + n * ms > limit) {
			return bad(err, shown, value, "a time such as 90s, 10m or 1h30m");
		}
		total += n * ms;
	}
	if (total == 0) {
		return bad(err, shown, value, "a time such as 90s, 10m or 1h30m");
	}
	*out = total;
	return true;
}

static bool apply_word(int *out, const struct option_row *row, struct str shown, struct str value,
		       struct err *err)
{
	for (const struct option_word *w = row->words; w->word; w++) {
		if (value.p ? value.len && str_eq(str_of(w->word), value) : !*w->word) {
			*out = w->value;
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "%.*s does not know '%.*s': it is %s", STR_ARG(shown),
		       STR_ARG(value), row->help);
}

/* act's -P LABEL=IMAGE; the same long name with OS/ARCH is what docker calls a platform. */
static bool apply_platform(struct options *o, struct str shown, struct str value, struct err *err)
{
	size_t eq = str_chr(value, '=', 0);
	struct label_image one = { .label = STR_EMPTY, .image = STR_EMPTY };

	if (eq == STR_NPOS && str_chr(value, '/', 0) != STR_NPOS) {
		o->architecture = value;
		return true;
	}
	if (eq != STR_NPOS) {
		one.label = str_trim(str_slice(value, 0, eq));
		one.image = str_trim(str_slice(value, eq + 1, value.len));
	}
	if (one.label.len == 0 || one.image.len == 0) {
		return bad(err, shown, value, "LABEL=IMAGE");
	}
	if (one.image.p[0] == '-' && !str_eq(one.image, STR("-self-hosted"))) {
		return bad(err, shown, value, "LABEL=IMAGE or LABEL=-self-hosted");
	}
	vec_push(&o->arena, &o->images, one);
	return true;
}

static bool apply_matrix(struct options *o, struct str shown, struct str value, struct err *err)
{
	size_t colon = str_chr(value, ':', 0);

	if (colon == STR_NPOS || colon == 0) {
		return bad(err, shown, value, "KEY:VALUE");
	}
	vec_push(&o->arena, &o->matrix,
		 (struct matrix_filter){ str_slice(value, 0, colon),
					 str_slice(value, colon + 1, value.len) });
	return true;
}

bool option_apply(struct options *o, const struct option_row *row, struct str shown,
		  struct str value, struct err *err)
{
	void *out = field(o, row);

	switch (row->type) {
	case OPT_FLAG:
		return apply_flag(out, shown, value, err);
	case OPT_TEXT:
		return apply_text(o, row, shown, value, err);
	case OPT_LIST:
		vec_push(&o->arena, (struct str_list *)out, value);
		return true;
	case OPT_SETTING:
		return apply_setting(o, out, shown, value, err);
	case OPT_NUMBER:
		return apply_number(out, shown, value, err);
	case OPT_DURATION:
		return apply_duration(out, shown, value, err);
	case OPT_SIZE:
		return stored_parse_size(value, out) ||
		       bad(err, shown, value, "a size such as 10g");
	case OPT_WORD:
		return apply_word(out, row, shown, value, err);
	case OPT_PLATFORM:
		return apply_platform(o, shown, value, err);
	case OPT_MATRIX:
		return apply_matrix(o, shown, value, err);
	}
	bug(__FILE__, __LINE__, "option type");
}
