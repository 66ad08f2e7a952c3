/* cache_store.h - caches as this process serves them: what jobs may read and write, and what is
 * being uploaded. */
#ifndef SERVE_CACHE_STORE_H
#define SERVE_CACHE_STORE_H

#include "actc/cache.h"
#include "actc/serve.h"
#include "upload.h"

struct cache_store;

struct cache_store *cache_store_open(struct arena *a, const struct serve_spec *spec,
				     struct err *err);
void cache_store_close(struct cache_store *s);

enum cache_answer {
	CACHE_OK,
	CACHE_TAKEN,  /* there is such an entry, or somebody uploads one */
	CACHE_DENIED, /* the job's cache-mode forbids it */
	CACHE_WRONG,  /* *err */
};

/* A reservation; the upload is what its client fills. */
struct reservation {
	struct reservation *next;
	struct upload *upload;
	struct cache_entry entry;
	struct arena arena;
};

enum cache_answer cache_reserve(struct request *r, struct str key, struct str version,
				struct reservation **out, struct err *err);
/* By key and version, or by the id of its upload; NULL when there is none of this job's scope. */
struct reservation *cache_reserved(struct request *r, struct str key, struct str version);
struct reservation *cache_reserved_id(struct request *r, struct str id);
/* The reservation is gone then, unless the size is not that of what came (ERR_INVALID). */
enum cache_answer cache_keep(struct request *r, struct reservation *v, uint64_t size, uint64_t *id,
			     struct err *err);
/* entry->id is 0 for a miss. */
bool cache_search(struct request *r, const struct str *keys, size_t n, struct str version,
		  struct cache_entry *entry, struct err *err);
/* Why a key is none; or NULL. */
const char *cache_key_fault(struct str key);

#endif
