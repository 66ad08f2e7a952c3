/* strbuf.c - growing byte buffer with a stated maximum. */
#include "actc/strbuf.h"

#include <stdio.h>
#include <stdlib.h>

#include "actc/err.h"

char strbuf_slop[1];

void strbuf_init(struct strbuf *b, size_t max)
{
	*b = (struct strbuf)STRBUF_INIT(max);
}

void strbuf_release(struct strbuf *b)
{
	if (b->cap) {
		free(b->p);
	}
	strbuf_init(b, b->max);
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->cap) {
		b->p[0] = '\0';
	}
}

bool strbuf_grow(struct strbuf *b, size_t extra)
{
	size_t want = b->len + extra + 1;

	if (want < extra || (b->max && b->len + extra > b->max)) {
		b->overflow = true;
		return false;
	}
	if (want <= b->cap) {
		return true;
	}

	size_t cap = b->cap ? b->cap : 64;

	while (cap < want) {
		cap *= 2;
	}

	char *p = realloc(b->cap ? b->p : NULL, cap);

	if (!p) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	p[b->len] = '\0';
	b->p = p;
	b->cap = cap;
	return true;
}

bool strbuf_add(struct strbuf *b, const void *p, size_t len)
{
	if ((b->len + len >= b->cap || b->max) && !strbuf_grow(b, len)) {
		return false;
	}
	if (len) {
		memcpy(b->p + b->len, p, len);
	}
	b->len += len;
	b->p[b->len] = '\0';
	return true;
}

bool strbuf_adds(struct strbuf *b, struct str s)
{
	return strbuf_add(b, s.p, s.len);
}

bool strbuf_addc(struct strbuf *b, char c)
{
	if (b->len + 1 >= b->cap || b->max) {
		return strbuf_add(b, &c, 1);
	}
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
	return true;
}

bool strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	BUG_ON(n < 0);
	if (!strbuf_grow(b, (size_t)n)) {
		return false;
	}
	(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return true;
}

bool strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bool ok = strbuf_vaddf(b, fmt, ap);
	va_end(ap);
	return ok;
}

void strbuf_consume(struct strbuf *b, size_t n)
{
	if (n == 0) {
		return;
	}
	BUG_ON(n > b->len);
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}
