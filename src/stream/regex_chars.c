/*
 * regex_chars.c - characters and sets of a pattern: escapes, \d and its like, [...], and with which
 * bytes what they match can begin. Groups, references and quantifiers are regex_translate.c's.
 */
#include <stdarg.h>
#include <string.h>

#include "actc/utf8.h"
#include "translator.h"

enum { NO_SET = -1 };

bool tr_fail(struct translator *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*t->why = arena_vprintf(t->a, fmt, ap);
	va_end(ap);
	return false;
}

int tr_peek(const struct translator *t, size_t ahead)
{
	return t->at + ahead < t->in.len ? (unsigned char)t->in.p[t->at + ahead] : -1;
}

bool tr_sees(const struct translator *t, const char *text)
{
	return str_starts(str_slice(t->in, t->at, t->in.len), str_of(text));
}

bool tr_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

bool tr_is_alnum(int c)
{
	return tr_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* --- characters --------------------------------------------------------------------------------
 */

static struct str one_character(struct translator *t, uint32_t cp)
{
	struct strbuf b = STRBUF_INIT(0);

	utf8_encode(&b, cp);

	struct str s = arena_str(t->a, strbuf_str(&b));

	strbuf_release(&b);
	return s;
}

static void add_code(struct translator *t, uint32_t cp, struct atom *atom)
{
	cp = cp >= 0xD800 && cp < 0xE000 ? 0xFFFD : cp;
	strbuf_addf(&t->out, "\\x{%x}", (unsigned)cp);
	atom->literal = one_character(t, cp);
}

void tr_literal(struct translator *t, struct atom *atom)
{
	uint32_t cp;
	size_t n = utf8_at(t->in, t->at, &cp);

	if (cp < 0x80 && !tr_is_alnum((int)cp)) {
		strbuf_addc(&t->out, '\\');
	}
	atom->literal = str_slice(t->in, t->at, t->at + n);
	strbuf_adds(&t->out, atom->literal);
	t->at += n;
}

static bool hex(struct translator *t, size_t digits, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits; i++) {
		int c = tr_peek(t, 0);
		int lower = c | 0x20;

		if (!tr_is_digit(c) && !(lower >= 'a' && lower <= 'f')) {
			return tr_fail(t, "Insufficient or invalid hexadecimal digits.");
		}
		*value = *value * 16 + (uint32_t)(tr_is_digit(c) ? c - '0' : lower - 'a' + 10);
		t->at++;
	}
	return true;
}

static bool add_byte(struct translator *t, struct atom *atom)
{
	uint32_t cp;

	if (!hex(t, 2, &cp)) {
		return false;
	}
	add_code(t, cp, atom);
	return true;
}

/* \uHHHH, and the second half of a pair if one follows. */
static bool add_unicode(struct translator *t, struct atom *atom)
{
	uint32_t cp, low;

	if (!hex(t, 4, &cp)) {
		return false;
	}
	if (cp >= 0xD800 && cp < 0xDC00 && tr_sees(t, "\\u")) {
		size_t back = t->at;

		t->at += 2;
		if (!hex(t, 4, &low)) {
			return false;
		}
		if (low >= 0xDC00 && low < 0xE000) {
			cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
		} else {
			t->at = back;
		}
	}
	add_code(t, cp, atom);
	return true;
}

/* At most three digits and, in ECMAScript mode, no fourth power of eight. */
static void add_octal(struct translator *t, struct atom *atom)
{
	uint32_t value = 0;

	for (int i = 0; i < 3 && tr_peek(t, 0) >= '0' && tr_peek(t, 0) <= '7' && value < 0x20;
	     i++) {
		value = value * 8 + (uint32_t)(tr_peek(t, 0) - '0');
		t->at++;
	}
	add_code(t, value & 0xFF, atom);
}

static bool add_control(struct translator *t, struct atom *atom)
{
	int c = tr_peek(t, 0);

	if (c >= 'a' && c <= 'z') {
		c -= 'a' - 'A';
	}
	if (c < '@' || c > '_') {
		return tr_fail(t, "Unrecognized control character.");
	}
	t->at++;
	add_code(t, (uint32_t)(c - '@'), atom);
	return true;
}

bool tr_escaped(struct translator *t, struct atom *atom)
{
	static const struct {
		char name;
		unsigned char meant;
	} controls[] = {
		{ 'a', 7 },    { 'b', 8 },    { 't', '\t' }, { 'n', '\n' },
		{ 'v', '\v' }, { 'f', '\f' }, { 'r', '\r' }, { 'e', 27 },
	};
	int c = tr_peek(t, 0);

	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (c == controls[i].name) {
			t->at++;
			add_code(t, controls[i].meant, atom);
			return true;
		}
	}
	switch (c) {
	case -1:
		return tr_fail(t, "Illegal \\ at end of pattern.");
	case 'x':
		t->at++;
		return add_byte(t, atom);
	case 'u':
		t->at++;
		return add_unicode(t, atom);
	case 'c':
		t->at++;
		return add_control(t, atom);
	default:
		if (c >= '0' && c <= '7') {
			add_octal(t, atom);
		} else {
			tr_literal(t, atom);
		}
		return true;
	}
}

/* --- sets: what a line's first byte can be ------------------------------------------------------
 */

static bool in_class(int name, int c)
{
	switch (name | 0x20) {
	case 'd':
		return tr_is_digit(c);
	case 'w':
		return tr_is_alnum(c) || c == '_';
	default:
		return c == ' ' || (c >= '\t' && c <= '\r');
	}
}

/* \d \w \s and their opposites; beyond ASCII only the opposites have members. */
static void set_class(unsigned char *set, int name)
{
	bool opposite = name < 'a';

	for (int c = 0; c < 256; c++) {
		if (c < 0x80 ? in_class(name, c) != opposite : opposite) {
			set[c] = 1;
		}
	}
}

static void set_beyond_ascii(unsigned char *set)
{
	memset(set + 0x80, 1, 0x80);
}

static void set_range(unsigned char *set, uint32_t from, uint32_t to)
{
	for (uint32_t c = from; c <= to && c < 0x80; c++) {
		set[c] = 1;
	}
	if (to >= 0x80) {
		set_beyond_ascii(set);
	}
}

static void set_invert(unsigned char *set)
{
	for (int c = 0; c < 0x80; c++) {
		set[c] = !set[c];
	}
	set_beyond_ascii(set);
}

bool tr_class(struct translator *t, unsigned char *set)
{
	int name = tr_peek(t, 0);

	if (name <= 0 || !strchr("dDwWsS", name)) {
		return false;
	}
	set_class(set, name);
	strbuf_addf(&t->out, "\\%c", name);
	t->at++;
	return true;
}

bool tr_property(struct translator *t)
{
	size_t end = str_chr(t->in, '}', t->at);

	if (tr_peek(t, 1) != '{' || end == STR_NPOS) {
		return tr_fail(t, "Malformed \\p{X} character escape.");
	}
	strbuf_addc(&t->out, '\\');
	strbuf_adds(&t->out, str_slice(t->in, t->at, end + 1));
	t->at = end + 1;
	return true;
}

/* One member of a set: *cp is its character, or NO_SET when it is a class. */
static bool set_member(struct translator *t, unsigned char *set, int64_t *cp)
{
	struct atom atom = { .literal = STR_EMPTY };
	uint32_t c;

	*cp = NO_SET;
	if (tr_peek(t, 0) == '\\') {
		t->at++;
		if (tr_class(t, set)) {
			return true;
		}
		if (tr_peek(t, 0) == 'p' || tr_peek(t, 0) == 'P') {
			t->opaque = true;
			return tr_property(t);
		}
		if (!tr_escaped(t, &atom)) {
			return false;
		}
	} else if (tr_peek(t, 0) == '[') {
		tr_literal(t, &atom); /* or PCRE2 would see [: and its like */
	} else {
		t->at += utf8_at(t->in, t->at, &c);
		*cp = c;
		strbuf_adds(&t->out, one_character(t, c));
		return true;
	}
	(void)utf8_at(atom.literal, 0, &c);
	*cp = c;
	return true;
}

bool tr_set(struct translator *t, struct atom *atom)
{
	unsigned char *set = arena_alloc(t->a, 256);
	bool negated = tr_peek(t, 1) == '^';

	t->opaque = false;
	strbuf_adds(&t->out, negated ? STR("[^") : STR("["));
	t->at += negated ? 2 : 1;
	for (bool first = true; first || tr_peek(t, 0) != ']'; first = false) {
		int64_t from, to;

		if (tr_peek(t, 0) < 0) {
			return tr_fail(t, "Unterminated [] set.");
		}
		if (!first && tr_sees(t, "-[")) {
			return tr_fail(t, "Subtraction of character sets is not supported.");
		}
		if (first && tr_peek(t, 0) == ']') {
			strbuf_addc(&t->out, '\\');
		}
		if (!set_member(t, set, &from)) {
			return false;
		}
		to = from;
		if (from != NO_SET && tr_peek(t, 0) == '-' && tr_peek(t, 1) >= 0 &&
		    tr_peek(t, 1) != ']') {
			if (tr_peek(t, 1) == '[') {
				return tr_fail(t,
					       "Subtraction of character sets is not supported.");
			}
			strbuf_addc(&t->out, '-');
			t->at++;
			if (!set_member(t, set, &to)) {
				return false;
			}
			to = to == NO_SET ? from : to; /* a range to a class is refused by PCRE2 */
		}
		if (from != NO_SET) {
			set_range(set, (uint32_t)from, (uint32_t)to);
		}
	}
	t->at++;
	strbuf_addc(&t->out, ']');
	if (negated) {
		set_invert(set);
	}
	atom->set = t->opaque ? NULL : set;
	return true;
}
