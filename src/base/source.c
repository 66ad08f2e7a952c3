/* source.c - texts and the way from a byte offset to line and column. */
#include "actc/source.h"

#include "actc/err.h"

uint32_t sources_add(struct sources *s, struct str path, struct str text)
{
	struct source *src = arena_new(s->arena, struct source);
	VEC(uint32_t) lines = { 0 };

	BUG_ON(text.len >= UINT32_MAX);
	if (str_starts(text, STR("\xef\xbb\xbf"))) {
		text = str_slice(text, 3, text.len);
	}
	src->path = arena_str(s->arena, path);
	src->text = arena_str(s->arena, text);
	vec_push(s->arena, &lines, 0);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n') {
			vec_push(s->arena, &lines, (uint32_t)i + 1);
		}
	}
	src->nlines = lines.n;
	src->lines = lines.v;
	vec_push(s->arena, &s->files, src);
	return (uint32_t)s->files.n - 1;
}

const struct source *sources_get(const struct sources *s, uint32_t file)
{
	BUG_ON(file >= s->files.n);
	return s->files.v[file];
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

struct place source_place(const struct source *src, uint32_t offset)
{
	size_t lo = 0, hi = src->nlines;

	if (offset > src->text.len) {
		offset = (uint32_t)src->text.len;
	}
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (src->lines[mid] <= offset) {
			lo = mid;
		} else {
			hi = mid;
		}
	}

	uint32_t col = 1;

	for (uint32_t i = src->lines[lo]; i < offset; i++) {
		col += !continues(src->text.p[i]);
	}
	return (struct place){ (uint32_t)lo + 1, col };
}

struct str source_line(const struct source *src, uint32_t line)
{
	if (line == 0 || line > src->nlines) {
		return STR_EMPTY;
	}

	size_t from = src->lines[line - 1];
	size_t to = line < src->nlines ? src->lines[line] - 1 : src->text.len;

	if (to > from && src->text.p[to - 1] == '\r') {
		to--;
	}
	return str_slice(src->text, from, to);
}

uint32_t source_offset(const struct source *src, size_t line, size_t column)
{
	if (line >= src->nlines) {
		return (uint32_t)src->text.len;
	}

	size_t at = src->lines[line];

	while (column > 0 && at < src->text.len) {
		at++;
		while (at < src->text.len && continues(src->text.p[at])) {
			at++;
		}
		column--;
	}
	return (uint32_t)at;
}
