/*
 * strbuf.h - a growing byte buffer for input and output.
 *
 * .p is never NULL and always has a NUL behind .len. Every buffer states its maximum when it is
 * made (STRBUF_INIT(max); 0 = no limit, for what the program itself produces): an append that would
 * go beyond is refused, and the buffer remembers it in .overflow.
 */
#ifndef ACTC_STRBUF_H
#define ACTC_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "actc/str.h"

struct strbuf {
	char *p;
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
};

extern char strbuf_slop[1];

#define STRBUF_INIT(limit)                        \
	{                                         \
		strbuf_slop, 0, 0, (limit), false \
	}

void strbuf_init(struct strbuf *b, size_t max);
/* Frees the contents; the struct is empty and usable afterwards. */
void strbuf_release(struct strbuf *b);
/* Empties it and keeps the memory. */
void strbuf_reset(struct strbuf *b);
/* Room for `extra` more bytes; false when that is beyond the maximum. */
bool strbuf_grow(struct strbuf *b, size_t extra);
bool strbuf_add(struct strbuf *b, const void *p, size_t len);
bool strbuf_adds(struct strbuf *b, struct str s);
bool strbuf_addc(struct strbuf *b, char c);
__attribute__((format(printf, 2, 3))) bool strbuf_addf(struct strbuf *b, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) bool strbuf_vaddf(struct strbuf *b, const char *fmt,
							va_list ap);
/* Removes the first n bytes. */
void strbuf_consume(struct strbuf *b, size_t n);
static inline struct str strbuf_str(const struct strbuf *b)
{
	return (struct str){ b->p, b->len };
}

#endif
