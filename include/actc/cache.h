/*
 * cache.h - the caches of a repository (SEMANTICS 7.4), shared by all runs and processes: a
 * directory with index.json, a lock, and one file of bytes for each entry.
 *
 * Entries do not change. When they are larger together than the limit, those that were used
 * longest ago go; and those that nobody used for seven days.
 */
#ifndef ACTC_CACHE_H
#define ACTC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct cache_entry {
	uint64_t id;
	struct str key, version;
	struct str scope; /* the ref that it was saved on */
	uint64_t size;
	int64_t created_ms, used_ms;
};

/* What is asked for, in the order of preference. */
struct cache_query {
	const struct str *keys; /* the first one may match as a whole; all as prefixes */
	size_t nkeys;
	struct str version;
	const struct str *scopes;
	size_t nscopes;
};

/* $XDG_CACHE_HOME/act-c/cache, below which there is OWNER/NAME per repository. */
bool cache_home(struct arena *a, struct str *out, struct err *err);
struct str cache_file(struct arena *a, struct str dir, uint64_t id);

/* All entries, newest first; a directory that is not there has none. */
bool cache_read(struct arena *a, struct str dir, struct cache_entry **out, size_t *n,
		struct err *err);
/* The entry that GitHub would take, and that it was used now; id 0 = none. */
bool cache_find(struct arena *a, struct str dir, const struct cache_query *q,
		struct cache_entry *out, struct err *err);
/* Moves the file in and makes room. *id is 0 when there is such an entry already (the file is then
 * still there). */
bool cache_add(struct str dir, const struct cache_entry *entry, struct str file, uint64_t limit,
	       uint64_t *id, struct err *err);
/* Removes the entries whose key begins with `key` (all, when it is empty); adds up what that was.
 */
bool cache_remove(struct str dir, struct str key, size_t *entries, uint64_t *bytes,
		  struct err *err);

#endif
