/*
 * paint.c - how texts and marks are written to a terminal or a file.
 *
 * What a step prints may hold anything. On a terminal only colours and tabs pass; everywhere else
 * no escape sequence does. Whatever is dropped or shown otherwise never reaches the terminal's
 * parser.
 */
#include "paint.h"

#include <inttypes.h>
#include <stdarg.h>

#include "actc/ansi.h"
#include "actc/utf8.h"

enum { ESC = 0x1B, DEL = 0x7F };

static const char *const codes[] = {
	[STYLE_PLAIN] = "",   [STYLE_BOLD] = "1",    [STYLE_DIM] = "2",   [STYLE_RED] = "31;1",
	[STYLE_GREEN] = "32", [STYLE_YELLOW] = "33", [STYLE_CYAN] = "36",
};

static const struct {
	const char *sign, *ascii;
	enum style style;
} marks[] = {
	[MARK_START] = { "▸", ">", STYLE_CYAN },           [MARK_OK] = { "✓", "+", STYLE_GREEN },
	[MARK_FAILED] = { "✗", "x", STYLE_RED },           [MARK_SKIPPED] = { "−", "-", STYLE_DIM },
	[MARK_NOT_REHEARSED] = { "○", "o", STYLE_YELLOW }, [MARK_GROUP] = { "▾", "v", STYLE_CYAN },
};

/* --- foreign text ------------------------------------------------------------------------------
 */

enum { BLOCK = 16 };

/* Without branches: the compiler makes a few wide instructions of it. */
static inline bool block_is_plain(const char *p)
{
	unsigned char bad[BLOCK];
	uint64_t half[2];

	for (int i = 0; i < BLOCK; i++) {
		unsigned char c = (unsigned char)p[i];

		bad[i] = (unsigned char)((c < 0x20) | (c >= DEL));
	}
	memcpy(half, bad, BLOCK);
	return (half[0] | half[1]) == 0;
}

/* Length of the run from i on that holds neither a control character nor a byte beyond ASCII. */
static size_t plain_run(struct str s, size_t i)
{
	size_t from = i;

	while (i + BLOCK <= s.len && block_is_plain(s.p + i)) {
		i += BLOCK;
	}
	/* The rest, with some of what was looked at already. */
	if (s.len - from >= BLOCK && i + BLOCK > s.len && block_is_plain(s.p + s.len - BLOCK)) {
		return s.len - from;
	}
	while (i < s.len && s.p[i] >= 0x20 && s.p[i] < DEL) {
		i++;
	}
	return i - from;
}

/* Whether an SGR sequence switches everything off. */
static bool is_reset(struct str sequence)
{
	return str_eq(sequence, STR("\x1B[m")) || str_eq(sequence, STR("\x1B[0m"));
}

static void add_character(struct strbuf *out, struct str s, size_t at, size_t n, uint32_t cp)
{
	if (cp == '\t') {
		strbuf_addc(out, '\t');
	} else if (cp == '\n') {
		strbuf_addc(out, ' ');
	} else if (cp < 0x20 || cp == DEL) {
		strbuf_add(out, (char[]){ '^', (char)(cp ^ 0x40) }, 2);
	} else if (cp < 0x80 || !utf8_is_hostile(cp)) {
		strbuf_add(out, s.p + at, n);
	} else {
		strbuf_addf(out, "<%02X>", (unsigned)cp);
	}
}

void paint_text(const struct painter *p, struct str s)
{
	bool painted = false;

	for (size_t at = 0; at < s.len;) {
		size_t n = plain_run(s, at);
		bool sgr;
		uint32_t cp;

		strbuf_add(p->out, s.p + at, n);
		at += n;
		if (at == s.len) {
			break;
		}
		if (s.p[at] == ESC) {
			n = ansi_sequence(s, at, &sgr);
			if (sgr && p->sgr) {
				strbuf_add(p->out, s.p + at, n);
				painted = !is_reset(str_slice(s, at, at + n));
			}
		} else {
			n = utf8_at(s, at, &cp);
			add_character(p->out, s, at, n, cp);
		}
		at += n;
	}
	if (painted) {
		strbuf_adds(p->out, STR("\x1B[0m"));
	}
}

void paint_clipped(const struct painter *p, struct str s, size_t max)
{
	size_t at = 0;
	uint32_t cp;

	for (size_t n = 0; n < max && at < s.len; n++) {
		at += utf8_at(s, at, &cp);
	}
	paint_text(p, str_slice(s, 0, at));
	if (at < s.len) {
		strbuf_adds(p->out, p->ascii ? STR("...") : STR("…"));
	}
}

void paint_lines(const struct painter *p, struct str s, size_t indent)
{
	while (s.p) {
		paint_text(p, str_cut(&s, '\n'));
		if (s.p) {
			strbuf_addc(p->out, '\n');
			paint_indent(p, indent);
		}
	}
}

void paint_words(const struct painter *p, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		strbuf_addc(p->out, word.p[i] == '_' ? ' ' : word.p[i]);
	}
}

/* --- our own -----------------------------------------------------------------------------------
 */

void paint_styled(const struct painter *p, enum style style, struct str s)
{
	if (!p->colour || style == STYLE_PLAIN) {
		paint_text(p, s);
		return;
	}

	struct painter plain = *p;

	plain.sgr = false;
	strbuf_addf(p->out, "\x1B[%sm", codes[style]);
	paint_text(&plain, s);
	strbuf_adds(p->out, STR("\x1B[0m"));
}

void paint_printf(const struct painter *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(p->out, fmt, ap);
	va_end(ap);
}

void paint_indent(const struct painter *p, size_t n)
{
	static const struct str blanks = STR_INIT("                                ");

	for (; n > blanks.len; n -= blanks.len) {
		strbuf_adds(p->out, blanks);
	}
	strbuf_adds(p->out, str_slice(blanks, 0, n));
}

void paint_mark(const struct painter *p, enum mark mark)
{
	paint_styled(p, marks[mark].style, str_of(p->ascii ? marks[mark].ascii : marks[mark].sign));
}

enum mark mark_of(struct str conclusion)
{
	if (str_eq(conclusion, STR("success"))) {
		return MARK_OK;
	}
	if (str_eq(conclusion, STR("skipped"))) {
		return MARK_SKIPPED;
	}
	return str_eq(conclusion, STR("not_rehearsed")) ? MARK_NOT_REHEARSED : MARK_FAILED;
}

void paint_arrow(const struct painter *p)
{
	strbuf_adds(p->out, p->ascii ? STR(" > ") : STR(" › "));
}

void paint_duration(const struct painter *p, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 1000) {
		strbuf_addf(p->out, "%" PRId64 "ms", ms);
	} else if (s < 60) {
		strbuf_addf(p->out, "%" PRId64 ".%" PRId64 "s", s, ms % 1000 / 100);
	} else if (s < 3600) {
		strbuf_addf(p->out, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	} else {
		strbuf_addf(p->out, "%" PRId64 "h %" PRId64 "m", s / 3600, s / 60 % 60);
	}
}
