/* oidset.h - a set of object ids, in an arena. */
#ifndef STORE_OIDSET_H
#define STORE_OIDSET_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"

struct oidset {
	size_t n, cap; /* cap is 0 or a power of two */
	git_oid *slot;
	bool *used;
};

bool oidset_has(const struct oidset *set, const git_oid *id);
/* True when it was not in there. */
bool oidset_add(struct arena *a, struct oidset *set, const git_oid *id);

#endif
