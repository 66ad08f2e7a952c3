/*
 * diag_github.c - a diagnostic in the words and form of GitHub's service, for programs that compare
 * the two. How people see it is in diag.c.
 */
#include "actc/diag.h"

enum { LENGTH_MAX = 500 };

/* GitHub counts UTF-16 units; a character is never cut in two here. */
static size_t units_prefix(struct str s, size_t max)
{
	size_t units = 0, i = 0;

	while (i < s.len) {
		unsigned char c = (unsigned char)s.p[i];
		size_t bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		units += bytes == 4 ? 2 : 1;
		if (units > max) {
			return i;
		}
		i += bytes;
	}
	return s.len;
}

static struct str place(struct arena *a, const struct source *src, struct span at)
{
	struct place p = source_place(src, at.lo);

	return arena_printf(a, "%.*s (Line: %u, Col: %u)", STR_ARG(src->path), p.line, p.col);
}

static struct str with_place(struct arena *a, const struct diags *d, const struct diag *one)
{
	if (one->bare || (one->token.file == SPAN_NONE && one->file == SPAN_NONE)) {
		return one->msg;
	}

	const struct source *src =
		sources_get(d->sources, one->token.file == SPAN_NONE ? one->file : one->token.file);
	struct str where = one->token.file == SPAN_NONE ? src->path : place(a, src, one->token);

	return arena_printf(a, "%.*s: %.*s", STR_ARG(where), STR_ARG(one->msg));
}

struct str diag_as_github(struct arena *a, const struct diags *d, const struct diag *one)
{
	struct str text = with_place(a, d, one);
	size_t len = units_prefix(text, LENGTH_MAX);

	if (len < text.len) {
		text = arena_printf(a, "%.*s[...]", (int)len, text.p);
	}
	if (one->caller.file == SPAN_NONE) {
		return text;
	}

	const struct source *caller = sources_get(d->sources, one->caller.file);

	return arena_printf(a, "In %.*s: Error from called workflow %.*s",
			    STR_ARG(place(a, caller, one->caller)), STR_ARG(text));
}
