/*
 * paint.h - text for people: styles, marks, durations, and foreign text made harmless (private to
 * src/report).
 */
#ifndef ACTC_REPORT_PAINT_H
#define ACTC_REPORT_PAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/strbuf.h"

struct painter {
	struct strbuf *out;
	bool colour; /* our own styles */
	bool sgr;    /* colours inside foreign text are passed on */
	bool ascii;
};

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW, STYLE_CYAN };

enum mark { MARK_START, MARK_OK, MARK_FAILED, MARK_SKIPPED, MARK_NOT_REHEARSED, MARK_GROUP };

/* Foreign text on one line: escape sequences are left out (but colours, with .sgr, which end with
 * the text), other control characters are shown as ^X. */
void paint_text(const struct painter *p, struct str s);
void paint_styled(const struct painter *p, enum style style, struct str s);
/* At most `max` characters of it, then an ellipsis. */
void paint_clipped(const struct painter *p, struct str s, size_t max);
/* Several lines, all but the first indented. */
void paint_lines(const struct painter *p, struct str s, size_t indent);
/* A word of the event language: "not_rehearsed" as "not rehearsed". */
void paint_words(const struct painter *p, struct str word);
/* Our own words. */
__attribute__((format(printf, 2, 3))) void paint_printf(const struct painter *p, const char *fmt,
							...);
void paint_indent(const struct painter *p, size_t n);
void paint_mark(const struct painter *p, enum mark mark);
enum mark mark_of(struct str conclusion);
/* " › ", the sign between job and step. */
void paint_arrow(const struct painter *p);
/* "4ms", "1.3s", "2m 5s", "1h 2m". */
void paint_duration(const struct painter *p, int64_t ms);

#endif
