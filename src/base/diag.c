/* diag.c - collecting diagnostics, and printing them with the source line and a caret. */
#include "actc/diag.h"

#include <stdarg.h>
#include <stdlib.h>

#include "actc/ansi.h"
#include "actc/err.h"
#include "actc/utf8.h"

enum { MESSAGE_MAX = 2000, SHOWN_PER_FILE = 100 };

/* Messages quote the file, which may hold a megabyte in one word and repeat it by aliases. */
__attribute__((format(printf, 2, 0))) static struct str bounded_text(struct arena *a,
								     const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX + 1];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len <= MESSAGE_MAX) {
		return arena_str(a, str_mk(text, len));
	}
	len = MESSAGE_MAX;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
		len--;
	}
	return arena_printf(a, "%.*s[...]", (int)len, text);
}

static struct diag *add(struct diags *d, enum diag_severity severity, struct span at, uint32_t file,
			const char *kind, struct str msg)
{
	vec_push(d->arena, &d->list,
		 (struct diag){ .severity = severity,
				.kind = kind,
				.at = at,
				.token = at,
				.file = file,
				.msg = msg,
				.hint = STR_EMPTY,
				.caller = NO_SPAN });
	d->nerrors += severity == DIAG_ERROR;
	d->nwarnings += severity == DIAG_WARNING;
	return &d->list.v[d->list.n - 1];
}

struct str diag_quote(struct str s)
{
	return str_slice(s, 0, MESSAGE_MAX + 1);
}

struct diag *diag_error(struct diags *d, struct span at, const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = bounded_text(d->arena, fmt, ap);
	va_end(ap);
	return add(d, DIAG_ERROR, at, at.file, kind, msg);
}

struct diag *diag_warning(struct diags *d, struct span at, const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = bounded_text(d->arena, fmt, ap);
	va_end(ap);
	return add(d, DIAG_WARNING, at, at.file, kind, msg);
}

struct diag *diag_file_error(struct diags *d, uint32_t file, const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = bounded_text(d->arena, fmt, ap);
	va_end(ap);
	return add(d, DIAG_ERROR, NO_SPAN, file, kind, msg);
}

enum { SNIPPET_WIDTH = 120 };

/* The part of the line that is shown: all of it, or a window around the caret. */
static struct str window(struct str line, size_t caret, size_t *cut)
{
	*cut = 0;
	if (line.len <= SNIPPET_WIDTH) {
		return line;
	}
	if (caret > SNIPPET_WIDTH / 2) {
		*cut = caret - SNIPPET_WIDTH / 2;
		while (*cut < line.len && ((unsigned char)line.p[*cut] & 0xc0) == 0x80) {
			++*cut;
		}
	}

	size_t end = *cut + SNIPPET_WIDTH < line.len ? *cut + SNIPPET_WIDTH : line.len;

	while (end < line.len && end > *cut && ((unsigned char)line.p[end] & 0xc0) == 0x80) {
		end--;
	}
	return str_slice(line, *cut, end);
}

/* A hostile character becomes one blank, so that the caret below stays in its place. */
static void put_clean(FILE *out, struct str s)
{
	for (size_t at = 0, n; at < s.len; at += n) {
		uint32_t cp;

		n = utf8_at(s, at, &cp);
		if (utf8_is_hostile(cp)) {
			(void)fputc(' ', out);
		} else if (cp == 0xFFFD) {
			(void)fputs("\xEF\xBF\xBD", out);
		} else {
			(void)fwrite(s.p + at, 1, n, out);
		}
	}
}

static size_t code_points(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	}
	return n;
}

static void print_snippet(const struct source *src, struct span at, FILE *out, bool colour)
{
	struct place place = source_place(src, at.lo);
	struct str line = source_line(src, place.line);
	size_t lo = at.lo - src->lines[place.line - 1];
	size_t hi = at.hi > at.lo ? lo + (at.hi - at.lo) : lo + 1;
	size_t cut = 0;

	lo = lo < line.len ? lo : line.len;
	hi = hi < line.len ? hi : line.len;

	struct str shown = window(line, lo, &cut);

	hi = hi < cut + shown.len ? hi : cut + shown.len;

	int width = snprintf(NULL, 0, "%u", place.line);
	const char *dim = colour ? "\033[2m" : "", *mark = colour ? "\033[1;32m" : "";
	const char *off = colour ? "\033[0m" : "";

	(void)fprintf(out, "%s%*s |%s\n%s%u |%s ", dim, width, "", off, dim, place.line, off);
	put_clean(out, shown);
	(void)fprintf(out, "\n%s%*s |%s %*s%s^", dim, width, "", off,
		      (int)code_points(str_slice(line, cut, lo)), "", mark);
	for (size_t i = code_points(str_slice(line, lo, hi)); i > 1; i--) {
		(void)fputc('~', out);
	}
	(void)fprintf(out, "%s\n", off);
}

static const char *const severity_word[] = {
	[DIAG_ERROR] = "", [DIAG_WARNING] = "warning: ", [DIAG_NOTE] = "note: "
};

void diag_print(const struct diags *d, const struct diag *one, FILE *out, bool colour)
{
	const struct source *src =
		one->file == SPAN_NONE ? NULL : sources_get(d->sources, one->file);
	const char *bold = colour ? "\033[1m" : "", *off = colour ? "\033[0m" : "";
	const char *warn = colour && one->severity != DIAG_ERROR ? "\033[33m" : "";

	if (src && one->at.file != SPAN_NONE) {
		struct place place = source_place(src, one->at.lo);

		(void)fputs(bold, out);
		ansi_print(out, src->path);
		(void)fprintf(out, ":%u:%u:%s ", place.line, place.col, off);
	} else if (src) {
		(void)fputs(bold, out);
		ansi_print(out, src->path);
		(void)fprintf(out, ":%s ", off);
	}
	(void)fprintf(out, "%s%s%s", warn, severity_word[one->severity], *warn ? off : "");
	ansi_print(out, one->msg);
	if (one->hint.len) {
		(void)fputs(" (", out);
		ansi_print(out, one->hint);
		(void)fputc(')', out);
	}
	(void)fprintf(out, " [%s]\n", one->kind);
	if (src && one->at.file != SPAN_NONE && src->text.len > 0) {
		print_snippet(src, one->at, out, colour);
	}
}

static int by_place(const void *pa, const void *pb)
{
	const struct diag *a = *(const struct diag *const *)pa,
			  *b = *(const struct diag *const *)pb;
	uint32_t alo = a->at.file == SPAN_NONE ? 0 : a->at.lo;
	uint32_t blo = b->at.file == SPAN_NONE ? 0 : b->at.lo;

	if (a->file != b->file) {
		return a->file < b->file ? -1 : 1;
	}
	if (alo != blo) {
		return alo < blo ? -1 : 1;
	}
	return a < b ? -1 : 1;
}

/* What an alias repeats is wrong in one place only. */
static bool same_report(const struct diag *a, const struct diag *b)
{
	return a->at.file != SPAN_NONE && a->at.file == b->at.file && a->at.lo == b->at.lo &&
	       a->severity == b->severity && str_eq(a->msg, b->msg);
}

const struct diag **diags_ordered(const struct diags *d)
{
	const struct diag **order = calloc(d->list.n + 1, sizeof(*order));
	size_t n = 0;

	BUG_ON(!order);
	for (size_t i = 0; i < d->list.n; i++) {
		order[i] = &d->list.v[i];
	}
	qsort(order, d->list.n, sizeof(*order), by_place);
	for (size_t i = 0; i < d->list.n; i++) {
		if (n == 0 || order[n - 1]->file != order[i]->file ||
		    !same_report(order[n - 1], order[i])) {
			order[n++] = order[i];
		}
	}
	order[n] = NULL;
	return order;
}

/* What follows the hundredth of a file helps nobody. */
void diags_print(const struct diags *d, FILE *out, bool colour)
{
	const struct diag **order = diags_ordered(d);
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; order[i]; i++) {
		bool last = !order[i + 1] || order[i + 1]->file != order[i]->file;

		if (shown < SHOWN_PER_FILE) {
			diag_print(d, order[i], out, colour);
			shown++;
		} else {
			hidden++;
		}
		if (last && hidden > 0 && order[i]->file != SPAN_NONE) {
			ansi_print(out, sources_get(d->sources, order[i]->file)->path);
			(void)fprintf(out, ": %zu more like these are not shown\n", hidden);
		}
		shown = last ? 0 : shown;
		hidden = last ? 0 : hidden;
	}
	free(order);
}

size_t diag_distance(struct str a, struct str b)
{
	enum { MAX = 64 };
	size_t row[MAX + 1];

	if (a.len > MAX || b.len > MAX) {
		return MAX;
	}
	for (size_t j = 0; j <= b.len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = str_ieq(str_mk(a.p + i - 1, 1), str_mk(b.p + j - 1, 1));
			size_t best = diagonal + !same;

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b.len];
}

struct str diag_nearest(struct str word, const struct str *candidates, size_t n)
{
	size_t best = word.len / 3 + 1;
	struct str found = STR_EMPTY;

	for (size_t i = 0; i < n; i++) {
		size_t d = diag_distance(word, candidates[i]);

		if (d < best || (d == best && found.len == 0)) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}
