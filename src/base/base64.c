/* base64.c - both alphabets of RFC 4648. Not for the encodings that a masker looks for (mask.c). */
#include "actc/base64.h"

#include <stdint.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct strbuf *out, struct str s, const char *digits, bool pad)
{
	for (size_t i = 0; i < s.len; i += 3) {
		size_t left = s.len - i;
		uint32_t three = (uint32_t)(unsigned char)s.p[i] << 16;

		three |= left > 1 ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
		three |= left > 2 ? (unsigned char)s.p[i + 2] : 0;
		strbuf_addc(out, digits[three >> 18]);
		strbuf_addc(out, digits[three >> 12 & 63]);
		if (left > 1) {
			strbuf_addc(out, digits[three >> 6 & 63]);
		}
		if (left > 2) {
			strbuf_addc(out, digits[three & 63]);
		}
		for (size_t k = left; pad && k < 3; k++) {
			strbuf_addc(out, '=');
		}
	}
}

void base64_add(struct strbuf *out, struct str bytes)
{
	encode(out, bytes, standard, true);
}

void base64url_add(struct strbuf *out, struct str bytes)
{
	encode(out, bytes, url_safe, false);
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+' || c == '-') {
		return 62;
	}
	return c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct str text, struct strbuf *out)
{
	uint32_t bits = 0;
	unsigned n = 0;

	while (text.len && text.p[text.len - 1] == '=') {
		text.len--;
	}
	for (size_t i = 0; i < text.len; i++) {
		int d = digit_of(text.p[i]);

		if (d < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)d;
		n += 6;
		if (n >= 8) {
			n -= 8;
			strbuf_addc(out, (char)(bits >> n & 255));
		}
	}
	return text.len % 4 != 1;
}
