/* cron.c - whether a schedule's text is one that GitHub takes (SEMANTICS 1.4): five fields, names
 * of months and days, `*`, `,`, `-` and `/`. When it would run is nobody's business here. */
#include "build.h"

struct range {
	unsigned long min, max;
	const char *const *names; /* the first one is `min` */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
				      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

enum { FIELDS = 5 };

static const struct range ranges[FIELDS] = {
	{ 0, 59, NULL }, { 0, 23, NULL }, { 1, 31, NULL }, { 1, 12, months }, { 0, 6, days },
};

static bool number(struct str s, const struct range *range, unsigned long *out)
{
	for (size_t i = 0; range->names && range->names[i]; i++) {
		if (str_ieq(s, str_of(range->names[i]))) {
			*out = range->min + i;
			return true;
		}
	}
	return str_to_ulong(s, out) && *out >= range->min && *out <= range->max;
}

/* `*`, `a` or `a-b`. */
static bool span_valid(struct str s, const struct range *range)
{
	struct str from = str_cut(&s, '-');
	unsigned long lo = 0, hi = 0;

	if (!s.p) {
		return str_eq(from, STR("*")) || number(from, range, &lo);
	}
	return number(from, range, &lo) && number(s, range, &hi) && lo <= hi;
}

/* A span, with or without `/step`. */
static bool part_valid(struct str s, const struct range *range, bool any_step)
{
	struct str span = str_cut(&s, '/');
	unsigned long step = 0;

	if (!span_valid(span, range)) {
		return false;
	}
	return !s.p || (str_to_ulong(s, &step) && step > 0 &&
			(any_step || (step >= range->min && step <= range->max)));
}

static bool field_valid(struct str s, const struct range *range, bool any_step)
{
	while (s.p) {
		if (!part_valid(str_cut(&s, ','), range, any_step)) {
			return false;
		}
	}
	return true;
}

/* Fields are separated by one or more blanks. */
static struct str next_field(struct str *rest)
{
	struct str field = str_cut(rest, ' ');

	while (rest->p && rest->len > 0 && rest->p[0] == ' ') {
		*rest = str_slice(*rest, 1, rest->len);
	}
	return field;
}

bool cron_valid(struct str spec, bool lenient)
{
	size_t n = 0;

	if (lenient) {
		spec = str_trim(spec);
	}
	for (; spec.p && n < FIELDS; n++) {
		if (!field_valid(next_field(&spec), &ranges[n], lenient)) {
			return false;
		}
	}
	return n == FIELDS && !spec.p;
}

static void mark_minutes(struct str part, bool *minutes)
{
	struct str span = str_cut(&part, '/');
	struct str from = str_cut(&span, '-');
	unsigned long lo = 0, hi = 59, step = 1;

	if (str_eq(from, STR("*"))) {
		step = 1;
	} else if (str_to_ulong(from, &lo) && span.p) {
		(void)str_to_ulong(span, &hi);
	} else if (!part.p) {
		hi = lo;
	}
	if (part.p) {
		(void)str_to_ulong(part, &step);
	}
	for (unsigned long m = lo; m <= hi && m < 60 && step > 0; m += step) {
		minutes[m] = true;
	}
}

unsigned cron_interval(struct str spec)
{
	bool minutes[60] = { false };
	struct str rest = str_trim(spec);
	struct str field = next_field(&rest);
	unsigned closest = 60;

	while (field.p) {
		mark_minutes(str_cut(&field, ','), minutes);
	}
	for (unsigned m = 0; m < 60; m++) {
		unsigned gap = 1;

		while (minutes[m] && gap < closest && !minutes[(m + gap) % 60]) {
			gap++;
		}
		closest = minutes[m] && gap < closest ? gap : closest;
	}
	return closest;
}
