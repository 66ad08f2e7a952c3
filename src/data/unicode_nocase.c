/*
 * unicode_nocase.c - comparing and searching without case, as .NET's OrdinalIgnoreCase does it over
 * UTF-16 units (SEMANTICS 2.5). Texts are nearly always ASCII, so every function first takes a way
 * over bytes: no other character's upper case is ASCII, hence ASCII only ever matches ASCII.
 */
#include <string.h>

#include "actc/strbuf.h"
#include "actc/unicode.h"
#include "actc/utf8.h"
#include "actc/value.h"

enum { NAIVE_SEARCH_MAX = 1 << 16 };

static unsigned char byte_upper(char c)
{
	return (unsigned char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

bool str_is_ascii(struct str s)
{
	return utf8_ascii_run(s, 0) == s.len;
}

size_t unicode_space_at(struct str s, size_t at)
{
	unsigned char b = (unsigned char)s.p[at];
	uint32_t cp;

	if (b < 0x80) {
		return b == ' ' || (b >= '\t' && b <= '\r');
	}

	size_t n = utf8_at(s, at, &cp);

	return utf8_is_space(cp) ? n : 0;
}

/* The upper case of the character at *at, which moves on. */
static uint32_t next_upper(struct str s, size_t *at)
{
	uint32_t cp;

	*at += utf8_at(s, *at, &cp);
	return unicode_upper(cp);
}

/* Ordered as UTF-16 units are: surrogate pairs before U+E000 and up. */
static uint32_t order_key(uint32_t cp)
{
	return cp >= 0xE000 && cp < 0x10000 ? cp + 0x200000 : cp;
}

static int cmp_wide(struct str a, struct str b, size_t from)
{
	size_t i = from;
	size_t j = from;

	while (i < a.len && j < b.len) {
		uint32_t ka = order_key(next_upper(a, &i));
		uint32_t kb = order_key(next_upper(b, &j));

		if (ka != kb) {
			return ka < kb ? -1 : 1;
		}
	}
	return (i < a.len) - (j < b.len);
}

int str_cmp_nocase(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		if ((a.p[i] | b.p[i]) & 0x80) {
			return cmp_wide(a, b, i);
		}

		int diff = byte_upper(a.p[i]) - byte_upper(b.p[i]);

		if (diff) {
			return diff;
		}
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool str_eq_nocase(struct str a, struct str b)
{
	return str_cmp_nocase(a, b) == 0;
}

/* n bytes at p and q, none of q's beyond ASCII. */
static bool same_bytes(const char *p, const char *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (byte_upper(p[i]) != byte_upper(q[i])) {
			return false;
		}
	}
	return true;
}

static void fold(struct strbuf *out, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		utf8_encode(out, next_upper(s, &i));
	}
}

/* Both folded, then searched by memmem, whose time is linear whatever the texts are. */
static bool contains_folded(struct str haystack, struct str needle)
{
	struct strbuf h = STRBUF_INIT(0);
	struct strbuf n = STRBUF_INIT(0);

	fold(&h, haystack);
	fold(&n, needle);

	bool found = memmem(h.p, h.len, n.p, n.len) != NULL;

	strbuf_release(&h);
	strbuf_release(&n);
	return found;
}

bool str_contains_nocase(struct str haystack, struct str needle)
{
	if (needle.len == 0) {
		return true;
	}
	if (!str_is_ascii(needle) || needle.len > NAIVE_SEARCH_MAX / (haystack.len + 1)) {
		return contains_folded(haystack, needle);
	}

	unsigned char first = byte_upper(needle.p[0]);

	for (size_t i = 0; i + needle.len <= haystack.len; i++) {
		if (byte_upper(haystack.p[i]) == first &&
		    same_bytes(haystack.p + i, needle.p, needle.len)) {
			return true;
		}
	}
	return false;
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	if (str_is_ascii(prefix)) {
		return s.len >= prefix.len && same_bytes(s.p, prefix.p, prefix.len);
	}

	size_t i = 0;
	size_t j = 0;

	while (j < prefix.len) {
		if (i >= s.len || next_upper(s, &i) != next_upper(prefix, &j)) {
			return false;
		}
	}
	return true;
}

static size_t count_code_points(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; n++) {
		(void)next_upper(s, &i);
	}
	return n;
}

bool str_ends_nocase(struct str s, struct str suffix)
{
	if (str_is_ascii(suffix)) {
		return s.len >= suffix.len &&
		       same_bytes(s.p + s.len - suffix.len, suffix.p, suffix.len);
	}

	size_t have = count_code_points(s);
	size_t want = count_code_points(suffix);
	size_t from = 0;

	if (have < want) {
		return false;
	}
	for (size_t skip = have - want; skip > 0; skip--) {
		(void)next_upper(s, &from);
	}
	return str_eq_nocase(str_slice(s, from, s.len), suffix);
}
