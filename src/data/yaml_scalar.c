/*
 * yaml_scalar.c - the value of one scalar by GitHub's rules: the words of YAML 1.2's core schema in
 * plain style, tags as demands that the text must meet. `yes`, `no`, `on`, `off` are strings. Where
 * the scalar stands, and what is reported about it, is not this file's business.
 */
#include "yaml_scalar.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define TAG "tag:yaml.org,2002:"

static const struct str tag_str = STR_INIT(TAG "str");
static const struct str tag_null = STR_INIT(TAG "null");
static const struct str tag_bool = STR_INIT(TAG "bool");
static const struct str tag_int = STR_INIT(TAG "int");
static const struct str tag_float = STR_INIT(TAG "float");

enum match { NO, YES, OUT_OF_RANGE };

struct word {
	const char *text;
	double n;
};

static const struct word null_words[] = { { "", 0 },     { "~", 0 },    { "null", 0 },
					  { "Null", 0 }, { "NULL", 0 }, { NULL, 0 } };

static const struct word bool_words[] = { { "true", 1 },  { "True", 1 },  { "TRUE", 1 },
					  { "false", 0 }, { "False", 0 }, { "FALSE", 0 },
					  { NULL, 0 } };

static const struct word float_words[] = {
	{ ".inf", INFINITY },
	{ ".Inf", INFINITY },
	{ ".INF", INFINITY },
	{ "+.inf", INFINITY },
	{ "+.Inf", INFINITY },
	{ "+.INF", INFINITY },
	{ "-.inf", -INFINITY },
	{ "-.Inf", -INFINITY },
	{ "-.INF", -INFINITY },
	{ ".nan", NAN },
	{ ".NaN", NAN },
	{ ".NAN", NAN },
	{ NULL, 0 },
};

static const struct word *find_word(const struct word *words, struct str s)
{
	char first = s.len ? s.p[0] : '\0';

	for (; words->text; words++) {
		if (words->text[0] == first && str_eq(str_of(words->text), s)) {
			return words;
		}
	}
	return NULL;
}

static enum match match_null(struct yaml_node *n)
{
	if (!find_word(null_words, n->text)) {
		return NO;
	}
	n->kind = YAML_NULL;
	return YES;
}

static enum match match_bool(struct yaml_node *n)
{
	const struct word *w = find_word(bool_words, n->text);

	if (!w) {
		return NO;
	}
	n->kind = YAML_BOOL;
	n->b = w->n != 0;
	return YES;
}

static enum match set_number(struct yaml_node *n, double value)
{
	n->kind = YAML_NUMBER;
	n->n = value;
	return YES;
}

static size_t skip_digits(struct str s, size_t i)
{
	while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9') {
		i++;
	}
	return i;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* 0x… and 0o…: 32 bits in two's complement, so that 0xFFFFFFFF is -1. */
static enum match match_radix(struct yaml_node *n, uint64_t base)
{
	uint64_t value = 0;
	bool fits = true;

	for (size_t i = 2; i < n->text.len; i++) {
		int digit = digit_value(n->text.p[i]);

		if ((uint64_t)digit >= base) {
			return NO;
		}
		value = value * base + (uint64_t)digit;
		if (value > UINT32_MAX) {
			fits = false;
			value = UINT32_MAX;
		}
	}
	return fits ? set_number(n, (double)(int32_t)(uint32_t)value) : OUT_OF_RANGE;
}

static enum match match_int(struct yaml_node *n)
{
	struct str s = n->text;
	size_t sign = s.len && (s.p[0] == '-' || s.p[0] == '+');

	if (s.len > 2 && str_starts(s, STR("0x"))) {
		return match_radix(n, 16);
	}
	if (s.len > 2 && str_starts(s, STR("0o"))) {
		return match_radix(n, 8);
	}
	if (s.len == sign || skip_digits(s, sign) != s.len) {
		return NO;
	}
	return set_number(n, strtod(s.p, NULL));
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_float(struct str s)
{
	size_t i = s.len && (s.p[0] == '-' || s.p[0] == '+');
	size_t whole = skip_digits(s, i), end = whole;
	bool digits = whole > i;

	if (end < s.len && s.p[end] == '.') {
		end = skip_digits(s, end + 1);
		digits = digits || end > whole + 1;
	}
	if (!digits) {
		return false;
	}
	if (end < s.len && (s.p[end] | 0x20) == 'e') {
		end++;
		end += end < s.len && (s.p[end] == '-' || s.p[end] == '+');
		i = end;
		end = skip_digits(s, end);
		return end > i && end == s.len;
	}
	return end == s.len;
}

static enum match match_float(struct yaml_node *n)
{
	const struct word *w = find_word(float_words, n->text);

	if (w) {
		return set_number(n, w->n);
	}
	return is_float(n->text) ? set_number(n, strtod(n->text.p, NULL)) : NO;
}

static const struct {
	const struct str *tag;
	enum match (*match)(struct yaml_node *n);
} types[] = {
	{ &tag_null, match_null },
	{ &tag_bool, match_bool },
	{ &tag_int, match_int },
	{ &tag_float, match_float },
};

enum { NTYPES = sizeof(types) / sizeof(types[0]) };

static enum scalar_fault resolve_tagged(struct yaml_node *n, struct str tag)
{
	if (str_eq(tag, tag_str)) {
		return SCALAR_OK;
	}
	if (!n->plain) {
		return SCALAR_BAD_STYLE;
	}
	for (size_t i = 0; i < NTYPES; i++) {
		if (str_eq(*types[i].tag, tag)) {
			return types[i].match(n) == YES ? SCALAR_OK : SCALAR_BAD_VALUE;
		}
	}
	return SCALAR_BAD_TAG;
}

/* Nearly all scalars are seen to be text by their first byte. */
static bool may_be_value(struct str s)
{
	return s.len == 0 || memchr("~nNtTfF.+-0123456789", s.p[0], 20) != NULL;
}

enum scalar_fault yaml_scalar_resolve(struct yaml_node *n, struct str tag, struct str *type)
{
	n->kind = YAML_STRING;
	*type = tag;
	if (tag.len > 0) {
		return resolve_tagged(n, tag);
	}
	if (!n->plain || !may_be_value(n->text)) {
		return SCALAR_OK;
	}
	for (size_t i = 0; i < NTYPES; i++) {
		enum match m = types[i].match(n);

		if (m == OUT_OF_RANGE) {
			*type = *types[i].tag;
			return SCALAR_BAD_VALUE;
		}
		if (m == YES) {
			return SCALAR_OK;
		}
	}
	return SCALAR_OK;
}
