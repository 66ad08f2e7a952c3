/*
 * arena.c - bump allocation in blocks.
 *
 * In the ACTC_ARENA_MALLOC build each allocation is a block of its own, so a mark is just "the
 * newest block then" and ASan guards every object.
 */
#include "actc/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/err.h"

enum {
	BLOCK_SIZE = 16 * 1024, /* the first; each next one is larger … */
	BLOCK_MOST = 256 * 1024,
	ALIGN = alignof(max_align_t),
};

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

static struct arena_block *block_push(struct arena *a, size_t size)
{
	struct arena_block *b = malloc(sizeof(*b) + size);

	if (!b) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	b->next = a->head;
	b->used = 0;
	b->size = size;
	a->head = b;
	return b;
}

#ifdef ACTC_ARENA_MALLOC
static struct arena_block *block_for(struct arena *a, size_t size)
{
	return block_push(a, size);
}
#else
static struct arena_block *block_for(struct arena *a, size_t size)
{
	struct arena_block *b = a->head;

	if (b && b->size - b->used >= size) {
		return b;
	}
	size_t next = b ? 2 * b->size : BLOCK_SIZE;

	next = next < BLOCK_MOST ? next : BLOCK_MOST;
	return block_push(a, size > next ? size : next);
}
#endif

void *arena_alloc(struct arena *a, size_t size)
{
	BUG_ON(size > SIZE_MAX / 2);
	size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;

	struct arena_block *b = block_for(a, size);
	void *p = b->data + b->used;

	b->used += size;
	return memset(p, 0, size);
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	BUG_ON(size && n > SIZE_MAX / 2 / size);
	return arena_alloc(a, n * size);
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len) {
		memcpy(p, s.p, s.len);
	}
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_cstr(a, s), s.len };
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char most[256]; /* of what is printed fits, and is formatted once */
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(most, sizeof(most), fmt, again);
	va_end(again);
	BUG_ON(n < 0);

	char *p = arena_alloc(a, (size_t)n + 1);

	if ((size_t)n < sizeof(most)) {
		memcpy(p, most, (size_t)n);
	} else {
		(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	}
	return (struct str){ p, (size_t)n };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

struct arena_mark arena_mark(struct arena *a)
{
	return (struct arena_mark){ a->head, a->head ? a->head->used : 0 };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
	while (a->head != mark.block) {
		struct arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
	if (a->head) {
		a->head->used = mark.used;
	}
}

void arena_release(struct arena *a)
{
	arena_rewind(a, (struct arena_mark){ NULL, 0 });
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block **end = a->head ? &a->head->next : &a->head;
	struct arena_block *rest = *end;

	*end = from->head;
	while (*end) {
		end = &(*end)->next;
	}
	*end = rest;
	from->head = NULL;
}

void *arena_grow(struct arena *a, const void *old, size_t n, size_t *cap, size_t size)
{
	/* Most vectors stay short, and what was zeroed for nothing is most of what a parser holds.
	 */
	size_t want = *cap ? *cap * 2 : size > 32 ? 4 : 8;
	void *p = arena_calloc(a, want, size);

	if (n) {
		memcpy(p, old, n * size);
	}
	*cap = want;
	return p;
}
