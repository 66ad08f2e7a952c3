/*
 * value_number.c - numbers to text and back with .NET's rules (SEMANTICS 2.4).
 *
 * C's %.15G and .NET's G15 agree in digits, rounding (half to even on the exact value) and in when
 * they switch to an exponent; only the names of what is not finite and minus zero differ. Both
 * strtod and .NET's parser round correctly; what counts as a number is decided here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/utf8.h"
#include "actc/value.h"

struct str number_to_str(struct arena *a, double n)
{
	if (isnan(n)) {
		return STR("NaN");
	}
	if (isinf(n)) {
		return n > 0 ? STR("Infinity") : STR("-Infinity");
	}
	return n == 0 ? STR("0") : arena_printf(a, "%.15G", n);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(struct str s, size_t i)
{
	while (i < s.len && is_digit(s.p[i])) {
		i++;
	}
	return i;
}

static size_t skip_sign(struct str s, size_t i)
{
	return i < s.len && (s.p[i] == '+' || s.p[i] == '-') ? i + 1 : i;
}

/* [sign] digits [. digits] [e [sign] digits], at least one digit before the exponent. */
static bool is_decimal(struct str s)
{
	size_t start = skip_sign(s, 0);
	size_t i = skip_digits(s, start);
	size_t digits = i - start;

	if (i < s.len && s.p[i] == '.') {
		size_t end = skip_digits(s, i + 1);

		digits += end - i - 1;
		i = end;
	}
	if (digits > 0 && i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
		size_t from = skip_sign(s, i + 1);
		size_t end = skip_digits(s, from);

		i = end > from ? end : i;
	}
	return digits > 0 && i == s.len;
}

static double decimal(struct str s)
{
	char small[64];
	char *text = s.len < sizeof(small) ? small : malloc(s.len + 1);

	if (!text) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';

	double n = strtod(text, NULL);

	if (text != small) {
		free(text);
	}
	return n;
}

static int digit_value(char c)
{
	return is_digit(c)            ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : 16;
}

/* 0x and 0o: 32 bits, two's complement. */
static double radix(struct str digits, int base)
{
	uint64_t n = 0;

	for (size_t i = 0; i < digits.len; i++) {
		int digit = digit_value(digits.p[i]);

		n = n * (uint64_t)base + (uint64_t)digit;
		if (digit >= base || n > UINT32_MAX) {
			return NAN;
		}
	}
	return n > INT32_MAX ? (double)n - 4294967296.0 : (double)n;
}

static double infinity_word(struct str s)
{
	bool negative = s.p[0] == '-';
	struct str word = str_slice(s, skip_sign(s, 0), s.len);

	if (!str_ieq(word, STR("Infinity"))) {
		return NAN;
	}
	return negative ? -INFINITY : INFINITY;
}

double str_to_number(struct str s)
{
	s = utf8_trim(s);
	if (s.len == 0) {
		return 0;
	}
	if (is_decimal(s)) {
		return decimal(s);
	}
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'o')) {
		return radix(str_slice(s, 2, s.len), s.p[1] == 'x' ? 16 : 8);
	}
	return infinity_word(s);
}
