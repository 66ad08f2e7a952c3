/*
 * command_place.c - where an error, warning or notice says that it is (SEMANTICS 4.9, "Annotation
 * rules"): what a place cannot be is corrected or dropped, in the runner's order.
 */
#include <stdint.h>

#include "actc/stream.h"

struct part {
	struct str text; /* as written, or taken over from another */
	bool given;      /* it is a number */
	int64_t n;
};

/* .NET's int.TryParse: blanks around it and a sign are allowed. */
static bool whole_number(struct str s, int64_t *out)
{
	unsigned long n = 0;
	bool negative;

	s = str_trim(s);
	negative = s.len && s.p[0] == '-';
	if (s.len && (s.p[0] == '-' || s.p[0] == '+')) {
		s = str_slice(s, 1, s.len);
	}
	if (!str_to_ulong(s, &n) || n > (unsigned long)INT32_MAX + negative) {
		return false;
	}
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static struct part part_of(const struct command *c, struct str key)
{
	struct part p = { .text = command_property(c, key) };

	p.given = whole_number(p.text, &p.n);
	return p;
}

static void drop(struct part *a, struct part *b)
{
	a->given = b->given = false;
	a->n = b->n = 0;
}

struct command_place command_place(const struct command *c)
{
	struct part line = part_of(c, STR("line")), end_line = part_of(c, STR("endLine"));
	struct part col = part_of(c, STR("col")), end_col = part_of(c, STR("endColumn"));
	bool columns = col.given || end_col.given;

	if (end_line.given && !line.given) {
		line = end_line;
	}
	if (end_col.given && !col.given) {
		col = end_col;
	}
	if (columns && (!line.given || (end_line.given && !str_eq(line.text, end_line.text)))) {
		col.n = end_col.n = 0;
	}
	if (line.given && end_line.given && end_line.n < line.n) {
		drop(&line, &end_line);
	}
	if (col.given && end_col.given && end_col.n < col.n) {
		drop(&col, &end_col);
	}
	return (struct command_place){ line.n, end_line.n, col.n, end_col.n };
}
