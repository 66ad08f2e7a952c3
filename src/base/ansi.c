/*
 * ansi.c - recognising escape sequences (ECMA-48).
 *
 * Only the 7-bit forms: the 8-bit ones (U+009B and its like) are control characters for whoever
 * prints them and need no parsing to be made harmless.
 */
#include "actc/ansi.h"

#include "actc/utf8.h"

enum { ESC = 0x1B, BEL = 0x07 };

static bool in(char c, unsigned from, unsigned to)
{
	return (unsigned char)c >= from && (unsigned char)c <= to;
}

/* ESC [ parameters intermediates final. A byte that fits nowhere ends it, and is not part of it. */
static size_t csi_length(struct str s, size_t at, bool *sgr)
{
	size_t i = at + 2;
	bool plain = true;

	while (i < s.len && in(s.p[i], 0x30, 0x3F)) {
		plain = plain && (in(s.p[i], '0', '9') || s.p[i] == ';' || s.p[i] == ':');
		i++;
	}
	while (i < s.len && in(s.p[i], 0x20, 0x2F)) {
		plain = false;
		i++;
	}
	if (i < s.len && in(s.p[i], 0x40, 0x7E)) {
		*sgr = plain && s.p[i] == 'm';
		i++;
	}
	return i - at;
}

/* OSC, DCS, SOS, PM, APC: to BEL or ESC \. */
static size_t string_length(struct str s, size_t at)
{
	size_t i = at + 2;

	for (; i < s.len; i++) {
		if (s.p[i] == BEL) {
			return i + 1 - at;
		}
		if (s.p[i] == ESC) {
			return (i + 1 < s.len && s.p[i + 1] == '\\' ? i + 2 : i) - at;
		}
	}
	return i - at;
}

size_t ansi_sequence(struct str s, size_t at, bool *sgr)
{
	*sgr = false;
	if (at + 1 >= s.len) {
		return 1;
	}

	char c = s.p[at + 1];

	if (c == '[') {
		return csi_length(s, at, sgr);
	}
	if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
		return string_length(s, at);
	}

	size_t i = at + 1;

	while (i < s.len && in(s.p[i], 0x20, 0x2F)) {
		i++;
	}
	if (i < s.len && in(s.p[i], 0x30, 0x7E)) {
		i++;
	}
	return i - at;
}

void ansi_strip(struct strbuf *out, struct str s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t esc = str_chr(s, ESC, at);
		bool sgr;

		if (esc == STR_NPOS) {
			esc = s.len;
		}
		strbuf_add(out, s.p + at, esc - at);
		at = esc;
		if (at < s.len) {
			at += ansi_sequence(s, at, &sgr);
		}
	}
}

void ansi_print(FILE *out, struct str s)
{
	for (size_t at = 0; at < s.len;) {
		uint32_t cp;
		size_t n = utf8_at(s, at, &cp);

		if ((cp < 0x20 && cp != '\n' && cp != '\t') || cp == 0x7F) {
			(void)fprintf(out, "^%c", (char)(cp ^ 0x40));
		} else if (cp >= 0x80 && utf8_is_hostile(cp)) {
			(void)fprintf(out, "<%02X>", (unsigned)cp);
		} else if (cp == 0xFFFD) {
			(void)fputs("\xEF\xBF\xBD", out);
		} else {
			(void)fwrite(s.p + at, 1, n, out);
		}
		at += n;
	}
}
