/*
 * strmap.h - strings to indices, in an arena: for what may come in large numbers from a file (keys,
 * anchors, ids), where a linear search would make reading quadratic.
 *
 * Keys are kept as given (not copied). With `nocase` ASCII letters are compared without case.
 */
#ifndef ACTC_STRMAP_H
#define ACTC_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"

struct strmap_entry {
	struct str key;
	size_t value;
	uint32_t hash; /* 0 = free */
};

struct strmap {
	bool nocase;
	size_t n;
	size_t cap; /* a power of two, or 0 */
	struct strmap_entry *v;
};

/* The value of a key, made with 0 when it is not there yet (*fresh says so; may be NULL). The
 * pointer is good until the next strmap_slot. */
size_t *strmap_slot(struct arena *a, struct strmap *m, struct str key, bool *fresh);
/* NULL when there is none. */
const size_t *strmap_get(const struct strmap *m, struct str key);

#endif
