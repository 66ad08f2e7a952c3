/*
 * json_write.c - values as JSON: GitHub's toJSON layout, and one compact line for programs.
 *
 * Values made here are never deeper than their readers allow (64 levels from fromJSON, 2048 from
 * files), so plain recursion is enough.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/utf8.h"
#include "actc/value.h"

/* Bytes that may stand in a string as they are; the rest is looked at. */
static bool is_plain(unsigned char b)
{
	return b >= 0x20 && b < 0x80 && b != '"' && b != '\\';
}

static void escape_ascii(struct strbuf *out, unsigned char b)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (b == '"' || b == '\\') {
		strbuf_add(out, (char[]){ '\\', (char)b }, 2);
	} else if (b < 0x20 && letters[b]) {
		strbuf_add(out, (char[]){ '\\', letters[b] }, 2);
	} else {
		strbuf_addf(out, "\\u%04x", b);
	}
}

/* Writes the character at `at` and returns the offset behind it. Newtonsoft escapes the line
 * separators beyond ASCII too. */
static size_t quote_wide(struct strbuf *out, struct str s, size_t at)
{
	bool valid;
	uint32_t cp;
	size_t end = at + utf8_check(s, at, &cp, &valid);

	if (cp == 0x85 || cp == 0x2028 || cp == 0x2029) {
		strbuf_addf(out, "\\u%04x", (unsigned)cp);
	} else if (valid) {
		strbuf_add(out, s.p + at, end - at);
	} else {
		strbuf_adds(out, STR("\xEF\xBF\xBD"));
	}
	return end;
}

void json_quote(struct strbuf *out, struct str s)
{
	strbuf_addc(out, '"');
	for (size_t i = 0; i < s.len;) {
		size_t start = i;

		while (i < s.len && is_plain((unsigned char)s.p[i])) {
			i++;
		}
		if (i > start) {
			strbuf_add(out, s.p + start, i - start);
		}
		if (i == s.len) {
			break;
		}
		if ((unsigned char)s.p[i] < 0x80) {
			escape_ascii(out, (unsigned char)s.p[i++]);
		} else {
			i = quote_wide(out, s, i);
		}
	}
	strbuf_addc(out, '"');
}

/* toJSON: pieces are counted because GitHub charges memory for each (value_to_json_max). */
struct writer {
	struct arena *scratch;
	struct strbuf out;
	size_t pieces;
	unsigned level;
};

static void indent(struct writer *w)
{
	strbuf_addc(&w->out, '\n');
	for (unsigned i = 0; i < w->level; i++) {
		strbuf_add(&w->out, "  ", 2);
	}
}

static void write_value(struct writer *w, struct value v);

static void write_array(struct writer *w, const struct varray *array)
{
	w->level++;
	for (size_t i = 0; i < array->n; i++) {
		strbuf_addc(&w->out, i ? ',' : '[');
		indent(w);
		write_value(w, array->v[i]);
	}
	w->level--;
	indent(w);
	strbuf_addc(&w->out, ']');
	w->pieces++;
}

static void write_object(struct writer *w, const struct vobject *o)
{
	w->level++;
	for (size_t i = 0; i < o->n; i++) {
		strbuf_addc(&w->out, i ? ',' : '{');
		indent(w);
		json_quote(&w->out, o->v[i].key);
		strbuf_add(&w->out, ": ", 2);
		w->pieces++;
		write_value(w, o->v[i].value);
	}
	w->level--;
	indent(w);
	strbuf_addc(&w->out, '}');
	w->pieces++;
}

static void write_value(struct writer *w, struct value v)
{
	w->pieces++;
	if (w->out.overflow) {
		return;
	}
	switch (v.kind) {
	case VALUE_NULL:
		strbuf_adds(&w->out, STR("null"));
		break;
	case VALUE_STRING:
		json_quote(&w->out, v.u.s);
		break;
	case VALUE_ARRAY:
		if (v.u.a->n) {
			write_array(w, v.u.a);
		} else {
			strbuf_adds(&w->out, STR("[]"));
		}
		break;
	case VALUE_OBJECT:
		if (v.u.o->n) {
			write_object(w, v.u.o);
		} else {
			strbuf_adds(&w->out, STR("{}"));
		}
		break;
	case VALUE_BOOL:
	case VALUE_NUMBER:
	default:
		strbuf_adds(&w->out, value_to_str(w->scratch, v));
		break;
	}
}

bool value_to_json_max(struct arena *a, struct value v, size_t max, struct str *out)
{
	/* Two bytes for each UTF-16 unit, of which a UTF-8 byte is a third at least. */
	struct writer w = { .scratch = a, .out = STRBUF_INIT(max ? max / 2 * 3 : 0) };

	write_value(&w, v);

	struct str text = strbuf_str(&w.out);
	bool fits = !w.out.overflow && (!max || w.pieces * 26 + utf8_utf16_length(text) * 2 <= max);

	if (fits) {
		*out = arena_str(a, text);
	}
	strbuf_release(&w.out);
	return fits;
}

struct str value_to_json(struct arena *a, struct value v)
{
	struct str out = STR_EMPTY;

	(void)value_to_json_max(a, v, 0, &out);
	return out;
}

/* The fewest digits that read back as the same double; whole numbers without an exponent. */
static void number_line(struct strbuf *out, double n)
{
	char text[40];

	if (n == 0) {
		strbuf_addc(out, '0');
		return;
	}
	if (fabs(n) < 9007199254740992.0 && n == floor(n)) {
		strbuf_addf(out, "%.0f", n);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n) {
			break;
		}
	}
	strbuf_adds(out, str_of(text));
}

static void array_line(struct strbuf *out, const struct varray *array)
{
	strbuf_addc(out, '[');
	for (size_t i = 0; i < array->n; i++) {
		if (i) {
			strbuf_addc(out, ',');
		}
		value_to_json_line(out, array->v[i]);
	}
	strbuf_addc(out, ']');
}

static void object_line(struct strbuf *out, const struct vobject *o)
{
	strbuf_addc(out, '{');
	for (size_t i = 0; i < o->n; i++) {
		if (i) {
			strbuf_addc(out, ',');
		}
		json_quote(out, o->v[i].key);
		strbuf_addc(out, ':');
		value_to_json_line(out, o->v[i].value);
	}
	strbuf_addc(out, '}');
}

void value_to_json_line(struct strbuf *out, struct value v)
{
	switch (v.kind) {
	case VALUE_BOOL:
		strbuf_adds(out, v.u.b ? STR("true") : STR("false"));
		break;
	case VALUE_NUMBER:
		if (isfinite(v.u.n)) {
			number_line(out, v.u.n);
		} else {
			json_quote(out, number_to_str(NULL, v.u.n));
		}
		break;
	case VALUE_STRING:
		json_quote(out, v.u.s);
		break;
	case VALUE_ARRAY:
		array_line(out, v.u.a);
		break;
	case VALUE_OBJECT:
		object_line(out, v.u.o);
		break;
	case VALUE_NULL:
	default:
		strbuf_adds(out, STR("null"));
		break;
	}
}
