/* str.c - comparisons, searching and cutting of borrowed byte runs. */
#include "actc/str.h"

#include <limits.h>

struct str str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.len) {
		to = s.len;
	}
	if (from > to) {
		from = to;
	}
	return (struct str){ s.p + from, to - from };
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool str_ieq(struct str a, struct str b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.p[i]) != lower(b.p[i])) {
			return false;
		}
	}
	return true;
}

int str_cmp(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && memcmp(s.p, prefix.p, prefix.len) == 0;
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && memcmp(s.p + s.len - suffix.len, suffix.p, suffix.len) == 0;
}

size_t str_find(struct str s, struct str needle, size_t from)
{
	if (needle.len == 0) {
		return from <= s.len ? from : STR_NPOS;
	}
	if (needle.len == 1) {
		return str_chr(s, needle.p[0], from);
	}
	while (from + needle.len <= s.len) {
		const char *hit = memchr(s.p + from, needle.p[0], s.len - from - needle.len + 1);

		if (!hit) {
			break;
		}
		if (memcmp(hit, needle.p, needle.len) == 0) {
			return (size_t)(hit - s.p);
		}
		from = (size_t)(hit - s.p) + 1;
	}
	return STR_NPOS;
}

size_t str_chr(struct str s, char c, size_t from)
{
	const char *hit = from < s.len ? memchr(s.p + from, c, s.len - from) : NULL;

	return hit ? (size_t)(hit - s.p) : STR_NPOS;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_space(s.p[s.len - 1])) {
		s.len--;
	}
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	size_t at = str_chr(*rest, sep, 0);
	struct str head = *rest;

	if (at == STR_NPOS) {
		*rest = (struct str){ NULL, 0 };
		return head;
	}
	head.len = at;
	*rest = str_slice(*rest, at + 1, rest->len);
	return head;
}

bool str_to_ulong(struct str s, unsigned long *out)
{
	unsigned long n = 0;

	if (s.len == 0) {
		return false;
	}
	for (size_t i = 0; i < s.len; i++) {
		unsigned long digit = (unsigned long)(s.p[i] - '0');

		if (s.p[i] < '0' || s.p[i] > '9' || n > (ULONG_MAX - digit) / 10) {
			return false;
		}
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}
