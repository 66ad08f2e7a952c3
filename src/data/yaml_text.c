/*
 * yaml_text.c - from an offset into a scalar's decoded text back to the bytes of the file, so that
 * a caret can stand below one word of an expression. The raw scalar is read again next to the
 * decoded text; only diagnostics do this, so it may cost a pass over the scalar.
 */
#include "actc/yaml.h"

/* Both texts, walked together: raw[r] is where text[d] comes from. */
struct walk {
	struct str raw; /* the whole file */
	struct str text;
	size_t r;
	size_t d;
	size_t indent; /* block scalars: blanks that are not content */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

static char raw_at(const struct walk *w, size_t i)
{
	return i < w->raw.len ? w->raw.p[i] : '\0';
}

static void skip_line(struct walk *w)
{
	while (w->r < w->raw.len && w->raw.p[w->r] != '\n') {
		w->r++;
	}
	w->r += w->r < w->raw.len;
}

static void skip_space(struct walk *w)
{
	while (w->r < w->raw.len) {
		char c = w->raw.p[w->r];

		if (c == '#') {
			skip_line(w);
		} else if (is_blank(c) || is_break(c)) {
			w->r++;
		} else {
			return;
		}
	}
}

/* Tags and anchors in front of the scalar. */
static void skip_properties(struct walk *w)
{
	while (raw_at(w, w->r) == '&' || raw_at(w, w->r) == '!') {
		while (w->r < w->raw.len && !is_blank(w->raw.p[w->r]) &&
		       !is_break(w->raw.p[w->r])) {
			w->r++;
		}
		skip_space(w);
	}
}

static size_t count_blanks(const struct walk *w, size_t from)
{
	size_t n = 0;

	while (raw_at(w, from + n) == ' ') {
		n++;
	}
	return n;
}

/* What the first line with content has more than its decoded text has. */
static size_t block_indent(const struct walk *w)
{
	size_t line = w->r, decoded = 0;

	while (decoded < w->text.len && w->text.p[decoded] == '\n') {
		decoded++;
	}

	size_t kept = 0;

	while (decoded + kept < w->text.len && w->text.p[decoded + kept] == ' ') {
		kept++;
	}
	for (;;) {
		size_t blanks = count_blanks(w, line);
		char c = raw_at(w, line + blanks);

		if (c == '\0' || !is_break(c)) {
			return blanks > kept ? blanks - kept : 0;
		}
		line += blanks + 1;
		line += c == '\r' && raw_at(w, line) == '\n';
	}
}

static void skip_indent(struct walk *w)
{
	for (size_t i = 0; i < w->indent && raw_at(w, w->r) == ' '; i++) {
		w->r++;
	}
}

/* One step in a literal or folded scalar: a byte, or a line break with what folding made of it. */
static void step_block(struct walk *w)
{
	char c = raw_at(w, w->r);

	if (!is_break(c)) {
		w->r++;
		w->d++;
		return;
	}
	w->r++;
	w->r += c == '\r' && raw_at(w, w->r) == '\n';
	skip_indent(w);
	if (w->text.p[w->d] == '\n' || w->text.p[w->d] == ' ') {
		w->d++;
	}
}

/* Blanks around line breaks in a flow scalar: one break is a blank, n are n - 1 breaks. */
static bool step_fold(struct walk *w)
{
	size_t i = w->r, breaks = 0;

	for (; is_blank(raw_at(w, i)) || is_break(raw_at(w, i)); i++) {
		breaks +=
			raw_at(w, i) == '\n' || (raw_at(w, i) == '\r' && raw_at(w, i + 1) != '\n');
	}
	if (breaks == 0) {
		return false;
	}
	w->r = i;
	w->d += breaks == 1 ? 1 : breaks - 1;
	return true;
}

static size_t utf8_len(unsigned long cp)
{
	return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

static size_t hex_escape_len(const struct walk *w, size_t digits)
{
	unsigned long cp = 0;

	for (size_t i = 0; i < digits; i++) {
		char c = raw_at(w, w->r + 2 + i);
		unsigned long v = c <= '9' ? (unsigned long)(c - '0')
					   : (unsigned long)((c | 0x20) - 'a' + 10);

		cp = cp * 16 + (v & 0xf);
	}
	return utf8_len(cp);
}

static void step_escape(struct walk *w)
{
	char c = raw_at(w, w->r + 1);
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;

	if (is_break(c)) {
		w->r += 2;
		while (is_blank(raw_at(w, w->r)) || is_break(raw_at(w, w->r))) {
			w->r++;
		}
		return;
	}
	w->d += digits                 ? hex_escape_len(w, digits)
		: c == 'L' || c == 'P' ? 3
		: c == 'N' || c == '_' ? 2
				       : 1;
	w->r += 2 + digits;
}

static void step_double(struct walk *w)
{
	if (raw_at(w, w->r) == '\\') {
		step_escape(w);
	} else if (!step_fold(w)) {
		w->r++;
		w->d++;
	}
}

static void step_single(struct walk *w)
{
	if (step_fold(w)) {
		return;
	}
	w->r += raw_at(w, w->r) == '\'' ? 2 : 1;
	w->d++;
}

static void step_plain(struct walk *w)
{
	if (!step_fold(w)) {
		w->r++;
		w->d++;
	}
}

typedef void step_fn(struct walk *w);

/* Sets the walk on the first byte of content and says how to go on. */
static step_fn *begin(struct walk *w)
{
	skip_properties(w);
	switch (raw_at(w, w->r)) {
	case '"':
		w->r++;
		return step_double;
	case '\'':
		w->r++;
		return step_single;
	case '|':
	case '>':
		skip_line(w);
		w->indent = block_indent(w);
		skip_indent(w);
		return step_block;
	default:
		return step_plain;
	}
}

static size_t walk_to(struct walk *w, step_fn *step, size_t decoded)
{
	while (w->d < decoded && w->d < w->text.len && w->r < w->raw.len) {
		step(w);
	}
	return w->r;
}

/* Over raw bytes that give no text, like an escaped line break. */
static size_t skip_nothing(struct walk *w, step_fn *step)
{
	for (struct walk next = *w; w->d < w->text.len && w->r < w->raw.len; *w = next) {
		step(&next);
		if (next.d != w->d) {
			break;
		}
	}
	return w->r;
}

struct span yaml_text_span(const struct sources *sources, const struct yaml_node *node, size_t lo,
			   size_t hi)
{
	struct walk w = { .raw = sources_get(sources, node->at.file)->text,
			  .text = node->text,
			  .r = node->at.lo };
	step_fn *step = begin(&w);
	(void)walk_to(&w, step, lo);
	size_t from = skip_nothing(&w, step);
	size_t to = walk_to(&w, step, hi);

	from = from < w.raw.len ? from : w.raw.len;
	to = to < w.raw.len ? to : w.raw.len;
	return (struct span){ node->at.file, (uint32_t)from, (uint32_t)(to > from ? to : from) };
}
