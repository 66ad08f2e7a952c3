/* unicode.c - decoding, measuring and trimming of UTF-8; case is in unicode_upper.c. */
#include "actc/unicode.h"

/* What a lead byte promises: how many bytes follow, the payload bits, the first follower's range
 * (which rules out overlong forms, surrogates and what is beyond U+10FFFF). */
struct lead {
	unsigned char more;
	unsigned char mask;
	unsigned char lo;
	unsigned char hi;
};

static struct lead lead_of(unsigned char b)
{
	if (b >= 0xC2 && b <= 0xDF) {
		return (struct lead){ 1, 0x1F, 0x80, 0xBF };
	}
	if (b >= 0xE0 && b <= 0xEF) {
		return (struct lead){ 2, 0x0F, b == 0xE0 ? 0xA0 : 0x80, b == 0xED ? 0x9F : 0xBF };
	}
	if (b >= 0xF0 && b <= 0xF4) {
		return (struct lead){ 3, 0x07, b == 0xF0 ? 0x90 : 0x80, b == 0xF4 ? 0x8F : 0xBF };
	}
	return (struct lead){ 0, 0, 0, 0 };
}

uint32_t utf8_decode(struct str s, size_t *at, bool *valid)
{
	unsigned char b = (unsigned char)s.p[(*at)++];

	*valid = true;
	if (b < 0x80) {
		return b;
	}

	struct lead lead = lead_of(b);
	uint32_t cp = b & lead.mask;

	*valid = lead.more > 0;
	for (unsigned i = 0; i < lead.more; i++) {
		unsigned char next = *at < s.len ? (unsigned char)s.p[*at] : 0;

		if (next < (i ? 0x80 : lead.lo) || next > (i ? 0xBF : lead.hi)) {
			*valid = false;
			break;
		}
		cp = cp << 6 | (next & 0x3Fu);
		++*at;
	}
	return *valid ? cp : UNICODE_REPLACEMENT;
}

uint32_t utf8_next(struct str s, size_t *at)
{
	bool valid;

	return utf8_decode(s, at, &valid);
}

size_t utf8_put(char out[4], uint32_t cp)
{
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
		cp = UNICODE_REPLACEMENT;
	}
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}

	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (cp & 0x3F));
		cp >>= 6;
	}
	out[0] = (char)((0xF00 >> n & 0xFF) | cp);
	return n;
}

bool str_is_ascii(struct str s)
{
	unsigned char bits = 0;

	for (size_t i = 0; i < s.len; i++) {
		bits |= (unsigned char)s.p[i];
	}
	return bits < 0x80;
}

size_t utf16_len(struct str s)
{
	size_t units = 0;

	if (str_is_ascii(s)) {
		return s.len;
	}
	for (size_t i = 0; i < s.len;) {
		units += utf8_next(s, &i) >= 0x10000 ? 2 : 1;
	}
	return units;
}

static bool is_wide_space(uint32_t cp)
{
	switch (cp) {
	case 0x85:
	case 0xA0:
	case 0x1680:
	case 0x2028:
	case 0x2029:
	case 0x202F:
	case 0x205F:
	case 0x3000:
		return true;
	default:
		return cp >= 0x2000 && cp <= 0x200A;
	}
}

size_t unicode_space_at(struct str s, size_t at)
{
	unsigned char b = (unsigned char)s.p[at];

	if (b < 0x80) {
		return b == ' ' || (b >= '\t' && b <= '\r');
	}

	size_t end = at;

	return is_wide_space(utf8_next(s, &end)) ? end - at : 0;
}

struct str unicode_trim(struct str s)
{
	size_t from = 0;
	size_t step;

	while (from < s.len && (step = unicode_space_at(s, from)) > 0) {
		from += step;
	}
	s = str_slice(s, from, s.len);
	while (s.len > 0) {
		size_t last = s.len - 1;

		while (last > 0 && s.len - last < 3 && ((unsigned char)s.p[last] & 0xC0) == 0x80) {
			last--;
		}
		if (unicode_space_at(s, last) != s.len - last) {
			break;
		}
		s.len = last;
	}
	return s;
}
