/*
 * arena.h - memory that is freed all at once.
 *
 * A function that allocates takes the arena as its first parameter, and what it returns lives as
 * long as that arena: ownership is visible in the signature. Nothing is freed by itself. Running
 * out of memory aborts; sizes fed from outside are limited before they get here. Built with
 * -DACTC_ARENA_MALLOC (the sanitizer build) every allocation is its own malloc, so that ASan sees
 * overruns and uses after release.
 */
#ifndef ACTC_ARENA_H
#define ACTC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "actc/str.h"

struct arena_block;

struct arena {
	struct arena_block *head;
};

#define ARENA_INIT   \
	{            \
		NULL \
	}

struct arena_mark {
	struct arena_block *block;
	size_t used;
};

/* Zeroed, aligned for any type; size 0 is allowed. */
void *arena_alloc(struct arena *a, size_t size);
/* n * size with the overflow checked. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

/* Copies, each with a NUL behind that does not count in .len. */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
__attribute__((format(printf, 2, 3))) struct str arena_printf(struct arena *a, const char *fmt,
							      ...);
__attribute__((format(printf, 2, 0))) struct str arena_vprintf(struct arena *a, const char *fmt,
							       va_list ap);

/* Everything allocated after the mark is freed by the rewind. */
struct arena_mark arena_mark(struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);
void arena_release(struct arena *a);
/* All that `from` holds lives as long as what `a` holds now; `from` is empty then. */
void arena_adopt(struct arena *a, struct arena *from);

/*
 * A vector in an arena: `VEC(struct foo) foos = {0};` then `vec_push(a, &foos, value)`.
 * Growing leaves the old array in the arena; pointers into the vector are stale after a push.
 */
#define VEC(type)           \
	struct {            \
		size_t n;   \
		size_t cap; \
		type *v;    \
	}

#define vec_push(a, vec, ...)                                                                   \
	((vec)->n == (vec)->cap ? (void)((vec)->v = arena_grow((a), (vec)->v, (vec)->n,         \
							       &(vec)->cap, sizeof(*(vec)->v))) \
				: (void)0,                                                      \
	 (vec)->v[(vec)->n++] = __VA_ARGS__)

/* For vec_push: a copy with at least one more place; *cap is updated. */
void *arena_grow(struct arena *a, const void *old, size_t n, size_t *cap, size_t size);

#endif
