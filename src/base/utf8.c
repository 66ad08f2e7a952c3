/*
 * utf8.c - decoding, checking, repairing and trimming UTF-8.
 *
 * Not for comparing without case (that is value.h's) and not for display width. Text is nearly
 * always ASCII, so every loop here first skips what is, eight bytes at a time.
 */
#include "actc/utf8.h"

enum { REPLACEMENT = 0xFFFD };

/* What the second byte may be decides about overlong forms, surrogates and the upper end. */
struct lead {
	unsigned char from, to; /* first byte */
	unsigned char length;
	unsigned char second_from, second_to;
};

static const struct lead leads[] = {
	{ 0xC2, 0xDF, 2, 0x80, 0xBF }, { 0xE0, 0xE0, 3, 0xA0, 0xBF }, { 0xE1, 0xEC, 3, 0x80, 0xBF },
	{ 0xED, 0xED, 3, 0x80, 0x9F }, { 0xEE, 0xEF, 3, 0x80, 0xBF }, { 0xF0, 0xF0, 4, 0x90, 0xBF },
	{ 0xF1, 0xF3, 4, 0x80, 0xBF }, { 0xF4, 0xF4, 4, 0x80, 0x8F },
};

static const struct lead *lead_find(unsigned char c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (c >= leads[i].from && c <= leads[i].to) {
			return &leads[i];
		}
	}
	return NULL;
}

size_t utf8_check(struct str s, size_t at, uint32_t *cp, bool *valid)
{
	unsigned char c = (unsigned char)s.p[at];

	*valid = true;
	if (c < 0x80) {
		*cp = c;
		return 1;
	}

	const struct lead *lead = lead_find(c);

	*cp = REPLACEMENT;
	*valid = false;
	if (!lead) {
		return 1;
	}

	uint32_t value = c & (0x7Fu >> lead->length);
	unsigned char lo = lead->second_from;
	unsigned char hi = lead->second_to;

	for (size_t i = 1; i < lead->length; i++) {
		unsigned char next = at + i < s.len ? (unsigned char)s.p[at + i] : 0;

		if (next < lo || next > hi) {
			return i;
		}
		value = value << 6 | (next & 0x3Fu);
		lo = 0x80;
		hi = 0xBF;
	}
	*cp = value;
	*valid = true;
	return lead->length;
}

size_t utf8_at(struct str s, size_t at, uint32_t *cp)
{
	bool valid;

	return utf8_check(s, at, cp, &valid);
}

void utf8_encode(struct strbuf *out, uint32_t cp)
{
	char b[4];
	size_t n;

	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
		cp = REPLACEMENT;
	}
	if (cp < 0x80) {
		b[0] = (char)cp;
		n = 1;
	} else if (cp < 0x800) {
		b[0] = (char)(0xC0 | cp >> 6);
		n = 2;
	} else if (cp < 0x10000) {
		b[0] = (char)(0xE0 | cp >> 12);
		n = 3;
	} else {
		b[0] = (char)(0xF0 | cp >> 18);
		n = 4;
	}
	for (size_t i = n; i > 1; i--) {
		b[i - 1] = (char)(0x80 | (cp & 0x3F));
		cp >>= 6;
	}
	strbuf_add(out, b, n);
}

size_t utf8_ascii_run(struct str s, size_t from)
{
	size_t i = from;
	uint64_t w[2];

	while (i + sizeof(w) <= s.len) {
		memcpy(w, s.p + i, sizeof(w));
		if ((w[0] | w[1]) & 0x8080808080808080u) {
			break;
		}
		i += sizeof(w);
	}
	/* The rest, with some of what was looked at already. */
	if (s.len - from >= sizeof(w) && i + sizeof(w) > s.len) {
		memcpy(w, s.p + s.len - sizeof(w), sizeof(w));
		if (((w[0] | w[1]) & 0x8080808080808080u) == 0) {
			return s.len - from;
		}
	}
	while (i < s.len && !((unsigned char)s.p[i] & 0x80)) {
		i++;
	}
	return i - from;
}

/* Where the first invalid byte at or after `from` is, or the length. */
static size_t valid_until(struct str s, size_t from)
{
	size_t i = from;

	while (i < s.len) {
		uint32_t cp;
		bool valid;

		i += utf8_ascii_run(s, i);
		if (i == s.len) {
			break;
		}

		size_t n = utf8_check(s, i, &cp, &valid);

		if (!valid) {
			return i;
		}
		i += n;
	}
	return s.len;
}

bool utf8_valid(struct str s)
{
	return valid_until(s, 0) == s.len;
}

void utf8_sanitize(struct strbuf *out, struct str s)
{
	size_t at = 0;

	for (;;) {
		size_t end = valid_until(s, at);
		uint32_t cp;

		strbuf_add(out, s.p + at, end - at);
		if (end == s.len) {
			return;
		}
		at = end + utf8_at(s, end, &cp);
		utf8_encode(out, REPLACEMENT);
	}
}

size_t utf8_boundary(struct str s, size_t at)
{
	size_t i = at < s.len ? at : s.len;
	size_t back = 0;

	if (i == s.len) {
		return i;
	}
	while (back < 3 && i > back && ((unsigned char)s.p[i - back] & 0xC0) == 0x80) {
		back++;
	}

	/* Stray continuation bytes belong to no character: cut where it was asked for. */
	const struct lead *lead = lead_find((unsigned char)s.p[i - back]);

	return lead && lead->length > back ? i - back : i;
}

size_t utf8_complete(struct str s)
{
	for (size_t back = 1; back <= 3 && back <= s.len; back++) {
		const struct lead *lead = lead_find((unsigned char)s.p[s.len - back]);

		if (lead) {
			return lead->length > back ? s.len - back : s.len;
		}
	}
	return s.len;
}

size_t utf8_utf16_length(struct str s)
{
	size_t units = 0;

	for (size_t i = 0; i < s.len;) {
		size_t run = utf8_ascii_run(s, i);
		uint32_t cp;

		i += run;
		units += run;
		if (i < s.len) {
			i += utf8_at(s, i, &cp);
			units += cp > 0xFFFF ? 2 : 1;
		}
	}
	return units;
}

bool utf8_is_space(uint32_t cp)
{
	return (cp >= 0x09 && cp <= 0x0D) || cp == 0x20 || cp == 0x85 || cp == 0xA0 ||
	       cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 ||
	       cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

bool utf8_is_hostile(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0x2028 || cp == 0x2029 ||
	       (cp & 0xFFFE) == 0xFFFE;
}

struct str utf8_trim_start(struct str s)
{
	size_t at = 0;

	while (at < s.len) {
		uint32_t cp;
		size_t n = utf8_at(s, at, &cp);

		if (!utf8_is_space(cp)) {
			break;
		}
		at += n;
	}
	return str_slice(s, at, s.len);
}

struct str utf8_trim(struct str s)
{
	s = utf8_trim_start(s);
	while (s.len) {
		size_t at = utf8_boundary(s, s.len - 1);
		uint32_t cp;

		utf8_at(s, at, &cp);
		if (!utf8_is_space(cp)) {
			break;
		}
		s.len = at;
	}
	return s;
}
