/*
 * json_read.c - the JSON reader behind fromJSON, as lenient as the one GitHub uses (Newtonsoft's
 * JsonTextReader, SEMANTICS 2.7): comments, single quotes, bare property names, trailing commas,
 * hexadecimal and octal numbers, NaN and the infinities; what follows the first value is not looked
 * at. Messages and positions are that reader's. Files go through value_from_json_strict() instead.
 */
#include <math.h>
#include <stdarg.h>

#include "actc/unicode.h"
#include "actc/utf8.h"
#include "actc/value.h"

enum { MAX_DEPTH = 64 };

/* An open container: for the path in messages, and for the check of its closing bracket. */
struct frame {
	bool is_array;
	bool has_key;
	struct str key; /* objects: the last property name */
	size_t count;   /* arrays: elements begun or finished */
};

struct reader {
	struct arena *arena;
	struct str text;
	size_t at;
	unsigned depth; /* open containers */
	struct frame frames[MAX_DEPTH];
	struct str why;
};

static bool read_value(struct reader *r, struct value *out);

/* --- messages --------------------------------------------------------------------------------- */

static void add_key(struct strbuf *out, struct str key)
{
	bool quoted = false;

	for (size_t i = 0; i < key.len; i++) {
		quoted = quoted || strchr(". '/\"[]()\t\n\r\f\b\\", key.p[i]);
	}
	if (quoted) {
		strbuf_addf(out, "['%.*s']", STR_ARG(key));
	} else {
		strbuf_addf(out, "%s%.*s", out->len ? "." : "", STR_ARG(key));
	}
}

static void add_path(struct strbuf *out, const struct reader *r)
{
	for (unsigned i = 0; i < r->depth; i++) {
		const struct frame *f = &r->frames[i];

		if (f->is_array && f->count) {
			strbuf_addf(out, "[%zu]", f->count - 1);
		} else if (f->has_key) {
			add_key(out, f->key);
		}
	}
}

static size_t line_number(const struct reader *r, size_t *start)
{
	size_t line = 1;

	*start = 0;
	for (size_t i = 0; i < r->at && i < r->text.len; i++) {
		if (r->text.p[i] == '\n') {
			line++;
			*start = i + 1;
		}
	}
	return r->at ? line : 0;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct reader *r, const char *fmt, ...)
{
	struct strbuf b = STRBUF_INIT(0);
	size_t start;
	size_t line = line_number(r, &start);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&b, fmt, ap);
	va_end(ap);
	strbuf_adds(&b, STR(" Path '"));

	struct strbuf path = STRBUF_INIT(0);

	add_path(&path, r);
	strbuf_adds(&b, strbuf_str(&path));
	strbuf_release(&path);
	strbuf_addf(&b, "', line %zu, position %zu.", line,
		    utf8_utf16_length(str_slice(r->text, start, r->at)));
	r->why = arena_str(r->arena, strbuf_str(&b));
	strbuf_release(&b);
	return false;
}

/* The character at the reading position, for a message. */
static struct str here(const struct reader *r)
{
	uint32_t cp;
	size_t n = r->at < r->text.len ? utf8_at(r->text, r->at, &cp) : 0;

	return str_slice(r->text, r->at, r->at + n);
}

static bool fail_here(struct reader *r, const char *what)
{
	return fail(r, "%s: %.*s.", what, STR_ARG(here(r)));
}

static bool fail_value(struct reader *r)
{
	return fail_here(r, "Unexpected character encountered while parsing value");
}

static bool fail_end(struct reader *r)
{
	const struct frame *root = &r->frames[0];
	const char *kind = root->is_array ? "JArray" : "JObject";

	if (r->depth == 0) {
		return fail(r, "Error reading JToken from JsonReader.");
	}
	if (!root->has_key && !root->count) {
		return fail(r, "Error reading %s from JsonReader.", kind);
	}
	return fail(r, "Unexpected end of content while loading %s.", kind);
}

static bool in_array(const struct reader *r)
{
	return r->depth > 0 && r->frames[r->depth - 1].is_array;
}

static bool fail_closing(struct reader *r, bool array_end)
{
	return fail(r, "JsonToken %s is not valid for closing JsonType %s.",
		    array_end ? "EndArray" : "EndObject",
		    r->depth == 0 ? "None"
		    : in_array(r) ? "Array"
				  : "Object");
}

/* --- characters ------------------------------------------------------------------------------- */

static bool at_end(const struct reader *r)
{
	return r->at >= r->text.len;
}

static char peek(const struct reader *r)
{
	return at_end(r) ? '\0' : r->text.p[r->at];
}

static bool looking_at(const struct reader *r, struct str word)
{
	return str_starts(str_slice(r->text, r->at, r->text.len), word);
}

static void skip_space(struct reader *r)
{
	while (!at_end(r)) {
		size_t n = peek(r) ? unicode_space_at(r->text, r->at) : 1;

		if (n == 0) {
			return;
		}
		r->at += n;
	}
}

/* One comment; r->at is at its slash. */
static bool read_comment(struct reader *r, struct str *text)
{
	bool block = looking_at(r, STR("/*"));

	if (!block && !looking_at(r, STR("//"))) {
		r->at++;
		return fail(r, "Error parsing comment. Expected: *, got %.*s.", STR_ARG(here(r)));
	}

	size_t from = r->at + 2;
	size_t end = block ? str_find(r->text, STR("*/"), from) : from;

	if (end == STR_NPOS) {
		r->at = r->text.len;
		return fail(r, "Unexpected end while parsing comment.");
	}
	while (!block && end < r->text.len && r->text.p[end] != '\n' && r->text.p[end] != '\r') {
		end++;
	}
	*text = str_slice(r->text, from, end);
	r->at = end + (block ? 2 : 0);
	return true;
}

static bool skip_blank(struct reader *r)
{
	struct str ignored;

	skip_space(r);
	while (peek(r) == '/') {
		if (!read_comment(r, &ignored)) {
			return false;
		}
		skip_space(r);
	}
	return true;
}

/* --- strings ---------------------------------------------------------------------------------- */

static bool hex4(const struct reader *r, size_t at, uint32_t *out)
{
	*out = 0;
	for (size_t i = at; i < at + 4; i++) {
		const char *digits = "0123456789abcdefABCDEF";
		const char *hit =
			i < r->text.len && r->text.p[i] ? strchr(digits, r->text.p[i]) : NULL;

		if (!hit) {
			return false;
		}

		uint32_t digit = (uint32_t)(hit - digits);

		*out = *out * 16 + (digit < 16 ? digit : digit - 6);
	}
	return true;
}

/* \uXXXX, and the second half of a pair; halves that stand alone become U+FFFD. r->at is at `u`. */
static bool read_unicode(struct reader *r, struct strbuf *out)
{
	uint32_t cp;
	uint32_t low;

	if (!hex4(r, r->at + 1, &cp)) {
		return fail(r, "Invalid Unicode escape sequence: \\u%.*s.",
			    STR_ARG(str_slice(r->text, r->at + 1, r->at + 5)));
	}
	r->at += 5;
	if (cp >= 0xD800 && cp < 0xDC00 && looking_at(r, STR("\\u")) && hex4(r, r->at + 2, &low) &&
	    low >= 0xDC00 && low < 0xE000) {
		cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
		r->at += 6;
	}
	utf8_encode(out, cp);
	return true;
}

static bool read_escape(struct reader *r, struct strbuf *out)
{
	static const char from[] = "btnfr\\\"'/";
	static const char to[] = "\b\t\n\f\r\\\"'/";
	const char *hit = peek(r) ? strchr(from, peek(r)) : NULL;

	if (peek(r) == 'u') {
		return read_unicode(r, out);
	}
	if (!hit) {
		return fail(r, "Bad JSON escape sequence: \\%.*s.", STR_ARG(here(r)));
	}
	r->at++;
	strbuf_addc(out, to[hit - from]);
	return true;
}

static bool read_quoted(struct reader *r, struct strbuf *out)
{
	char quote = r->text.p[r->at++];

	while (!at_end(r)) {
		size_t start = r->at;

		while (!at_end(r) && peek(r) != quote && peek(r) != '\\') {
			r->at++;
		}
		strbuf_add(out, r->text.p + start, r->at - start);
		if (at_end(r)) {
			break;
		}
		if (r->text.p[r->at++] == quote) {
			return true;
		}
		if (!read_escape(r, out)) {
			return false;
		}
	}
	return fail(r, "Unterminated string. Expected delimiter: %c.", quote);
}

static bool read_string(struct reader *r, struct str *out)
{
	struct strbuf b = STRBUF_INIT(0);
	bool ok = read_quoted(r, &b);

	*out = ok ? arena_str(r->arena, strbuf_str(&b)) : STR_EMPTY;
	strbuf_release(&b);
	return ok;
}

/* --- scalars ---------------------------------------------------------------------------------- */

static bool is_separator(const struct reader *r)
{
	return at_end(r) || !peek(r) || memchr("}],)/", peek(r), 5) ||
	       unicode_space_at(r->text, r->at) > 0;
}

static bool radix_number(struct str s, double *out)
{
	bool hex = s.len > 1 && (s.p[1] == 'x' || s.p[1] == 'X');
	uint64_t n = 0;

	for (size_t i = hex ? 2 : 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		uint64_t digit = c >= '0' && c <= '9' ? c - (uint64_t)'0'
				 : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
					 ? (c | 0x20) - (uint64_t)'a' + 10
					 : 16;

		if (digit >= (hex ? 16u : 8u) || n >> (hex ? 60 : 61)) {
			return false;
		}
		n = n * (hex ? 16 : 8) + digit;
	}
	*out = (double)(int64_t)n;
	return !hex || s.len > 2;
}

static bool number_of(struct str s, double *out)
{
	if (s.len > 1 && s.p[0] == '0' && !memchr(".eE", s.p[1], 3)) {
		return radix_number(s, out);
	}
	*out = str_to_number(s);
	return !isnan(*out);
}

static bool read_number(struct reader *r, struct value *out)
{
	size_t start = r->at;
	double n;

	while (peek(r) && memchr("-+.0123456789abcdefABCDEFxX", peek(r), 27)) {
		r->at++;
	}

	struct str text = str_slice(r->text, start, r->at);

	if (!is_separator(r)) {
		return fail_here(r, "Unexpected character encountered while parsing number");
	}
	if (!number_of(text, &n)) {
		return fail(r, "Input string '%.*s' is not a valid number.", STR_ARG(text));
	}
	*out = value_number(n);
	return true;
}

struct word {
	struct str text;
	const char *kind; /* for the message when the word is only begun */
	struct value value;
};

static bool read_word(struct reader *r, struct value *out)
{
	const struct word words[] = {
		{ STR("true"), "boolean", value_bool(true) },
		{ STR("false"), "boolean", value_bool(false) },
		{ STR("null"), "null", value_null() },
		{ STR("NaN"), "NaN", value_number(NAN) },
		{ STR("Infinity"), "Infinity", value_number(INFINITY) },
		{ STR("-Infinity"), "-Infinity", value_number(-INFINITY) },
		{ STR("undefined"), "undefined", value_str(STR_EMPTY) },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *w = &words[i];
		bool starts = looking_at(r, str_slice(w->text, 0, w->text.p[0] == '-' ? 2 : 1));

		if (!starts) {
			continue;
		}

		size_t start = r->at;

		r->at += looking_at(r, w->text) ? w->text.len : 0;
		if (r->at == start || !is_separator(r)) {
			return fail(r, "Error parsing %s value.", w->kind);
		}
		*out = w->value;
		return true;
	}
	return fail_value(r);
}

/* --- containers ------------------------------------------------------------------------------- */

static struct frame *top(struct reader *r)
{
	return &r->frames[r->depth - 1];
}

static bool enter(struct reader *r, bool is_array)
{
	r->at++;
	if (in_array(r)) {
		top(r)->count++;
	}
	if (r->depth == MAX_DEPTH) {
		return fail(r, "The reader's MaxDepth of %d has been exceeded.", MAX_DEPTH);
	}
	r->frames[r->depth++] = (struct frame){ .is_array = is_array };
	return true;
}

/* Behind an element: at its comma (skipped) or at the closing bracket. */
static bool read_separator(struct reader *r)
{
	if (!skip_blank(r)) {
		return false;
	}
	if (at_end(r)) {
		return fail_end(r);
	}
	switch (peek(r)) {
	case ',':
		r->at++;
		return true;
	case ']':
	case '}':
		return (peek(r) == ']') == in_array(r) || fail_closing(r, peek(r) == ']');
	default:
		return fail_here(r,
				 "After parsing a value an unexpected character was encountered");
	}
}

static bool read_elements(struct reader *r, struct varray *array)
{
	while (skip_blank(r)) {
		struct value v;

		if (peek(r) == ']') {
			r->at++;
			return true;
		}

		bool container = peek(r) == '[' || peek(r) == '{';

		if (!read_value(r, &v)) {
			return false;
		}
		top(r)->count += container ? 0 : 1;
		varray_push(r->arena, array, v);
		if (!read_separator(r)) {
			return false;
		}
	}
	return false;
}

static bool is_identifier(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	       c == '$' || (c & 0x80);
}

static bool read_bare_name(struct reader *r, struct str *out)
{
	size_t start = r->at;

	if (!is_identifier(peek(r))) {
		return fail_here(r, "Invalid property identifier character");
	}
	while (!at_end(r) && is_identifier(peek(r)) && !unicode_space_at(r->text, r->at)) {
		r->at++;
	}
	*out = arena_str(r->arena, str_slice(r->text, start, r->at));
	if (!at_end(r) && peek(r) != ':' && !unicode_space_at(r->text, r->at)) {
		return fail_here(r, "Invalid JavaScript property identifier character");
	}
	return true;
}

static bool read_name(struct reader *r)
{
	struct str name;

	if (at_end(r)) {
		return fail_end(r);
	}

	bool quoted = peek(r) == '"' || peek(r) == '\'';

	if (!(quoted ? read_string(r, &name) : read_bare_name(r, &name))) {
		return false;
	}
	skip_space(r);
	if (peek(r) != ':') {
		return fail_here(
			r, "Invalid character after parsing property name. Expected ':' but got");
	}
	r->at++;
	top(r)->key = name;
	top(r)->has_key = true;
	return true;
}

static bool read_members(struct reader *r, struct vobject *o)
{
	while (skip_blank(r)) {
		struct value v;

		if (peek(r) == '}') {
			r->at++;
			return true;
		}
		if (!read_name(r) || !skip_blank(r) || !read_value(r, &v)) {
			return false;
		}
		vobject_set(r->arena, o, top(r)->key, v);
		if (!read_separator(r)) {
			return false;
		}
	}
	return false;
}

static bool read_container(struct reader *r, struct value *out)
{
	bool is_array = peek(r) == '[';

	if (!enter(r, is_array)) {
		return false;
	}

	struct varray *array = is_array ? varray_new(r->arena) : NULL;
	struct vobject *object = is_array ? NULL : vobject_new(r->arena, false);
	bool ok = is_array ? read_elements(r, array) : read_members(r, object);

	*out = is_array ? value_array(array) : value_object(object);
	if (ok) {
		r->depth--;
	}
	return ok;
}

/* The value at the reading position, blanks and comments before it skipped already. */
static bool read_value(struct reader *r, struct value *out)
{
	char c = peek(r);

	if (at_end(r)) {
		return fail_end(r);
	}
	switch (c) {
	case '{':
	case '[':
		return read_container(r, out);
	case '"':
	case '\'':
		out->kind = VALUE_STRING;
		return read_string(r, &out->u.s);
	case ',': /* an element left out is JavaScript's undefined, which GitHub turns to "" */
		*out = value_str(STR_EMPTY);
		return true;
	case ']':
		return fail_closing(r, true);
	case '-':
		return looking_at(r, STR("-I")) ? read_word(r, out) : read_number(r, out);
	default:
		return (c >= '0' && c <= '9') || c == '.' ? read_number(r, out) : read_word(r, out);
	}
}

bool value_from_json(struct arena *a, struct str text, struct value *out, struct str *why,
		     size_t *at)
{
	struct reader r = { .arena = a, .text = text };
	struct str comment;
	bool ok;

	skip_space(&r);
	if (peek(&r) == '/') {
		/* A comment is a token of its own for that reader: it is the value. */
		ok = read_comment(&r, &comment);
		*out = value_str(ok ? arena_str(a, comment) : STR_EMPTY);
	} else {
		ok = read_value(&r, out);
	}
	if (!ok) {
		*why = r.why;
		*at = r.at < text.len ? r.at : text.len;
	}
	return ok;
}
