/*
 * cache_store.c - see cache_store.h. The scopes of a job come with its token, as at GitHub: the
 * first one with the right to write is the one that entries are saved in.
 */
#include "cache_store.h"

#include <stdlib.h>
#include <unistd.h>

enum { KEY_MAX = 512, SCOPES_MAX = 8 };

struct cache_store {
	const struct serve_spec *spec;
	struct reservation *first;
};

struct cache_store *cache_store_open(struct arena *a, const struct serve_spec *spec,
				     struct err *err)
{
	struct cache_store *s = arena_new(a, struct cache_store);

	(void)err;
	s->spec = spec;
	return s;
}

static void reservation_free(struct cache_store *s, struct reservation *v)
{
	struct reservation **at = &s->first;

	while (*at != v) {
		at = &(*at)->next;
	}
	*at = v->next;
	arena_release(&v->arena);
	free(v);
}

/* Their uploads were closed before. */
void cache_store_close(struct cache_store *s)
{
	while (s && s->first) {
		reservation_free(s, s->first);
	}
}

const char *cache_key_fault(struct str key)
{
	if (key.len == 0) {
		return "a cache key is missing";
	}
	if (key.len > KEY_MAX) {
		return "a cache key is longer than 512 characters";
	}
	return str_chr(key, ',', 0) != STR_NPOS ? "a cache key has a comma in it" : NULL;
}

/* Those of the token with that right, in its order. */
static size_t scopes_of(struct request *r, unsigned right, struct str out[SCOPES_MAX])
{
	struct value text = value_get(r->claims, STR(SERVE_CLAIM_CACHES)), list = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0, n = 0;

	if (text.kind != VALUE_STRING || !value_from_json(&r->arena, text.u.s, &list, &why, &at) ||
	    list.kind != VALUE_ARRAY) {
		return 0;
	}
	for (size_t i = 0; i < list.u.a->n && n < SCOPES_MAX; i++) {
		struct value scope = value_get(list.u.a->v[i], STR("Scope"));
		struct value rights = value_get(list.u.a->v[i], STR("Permission"));

		if (scope.kind == VALUE_STRING && rights.kind == VALUE_NUMBER &&
		    ((unsigned)rights.u.n & right)) {
			out[n++] = scope.u.s;
		}
	}
	return n;
}

static struct reservation *find(struct cache_store *s, struct str key, struct str version,
				struct str scope)
{
	for (struct reservation *v = s->first; v; v = v->next) {
		if (str_eq(v->entry.key, key) && str_eq(v->entry.version, version) &&
		    str_eq(v->entry.scope, scope)) {
			return v;
		}
	}
	return NULL;
}

static bool exists(struct request *r, struct str key, struct str version, struct str scope,
		   bool *there, struct err *err)
{
	struct cache_entry *all = NULL;
	size_t n = 0;

	*there = false;
	if (!cache_read(&r->arena, r->server->spec->cache_dir, &all, &n, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		*there = *there || (str_eq(all[i].key, key) && str_eq(all[i].version, version) &&
				    str_eq(all[i].scope, scope));
	}
	return true;
}

static struct reservation *reservation_new(struct request *r, struct str key, struct str version,
					   struct str scope, struct err *err)
{
	struct cache_store *s = r->server->cache;
	struct str dir =
		arena_printf(&r->arena, "%.*s/incoming", STR_ARG(r->server->spec->cache_dir));
	struct upload *upload = upload_new(r->server->uploads, dir, err);
	struct reservation *v;

	if (!upload) {
		return NULL;
	}
	v = calloc(1, sizeof(*v));
	BUG_ON(!v);
	v->upload = upload;
	v->entry.key = arena_str(&v->arena, key);
	v->entry.version = arena_str(&v->arena, version);
	v->entry.scope = arena_str(&v->arena, scope);
	v->next = s->first;
	s->first = v;
	return v;
}

enum cache_answer cache_reserve(struct request *r, struct str key, struct str version,
				struct reservation **out, struct err *err)
{
	struct cache_store *s = r->server->cache;
	struct str scopes[SCOPES_MAX];
	struct reservation *before;
	bool there = false;

	if (scopes_of(r, CACHE_WRITE, scopes) == 0) {
		return CACHE_DENIED;
	}
	before = find(s, key, version, scopes[0]);
	if (before && upload_is_stale(before->upload)) {
		upload_drop(before->upload);
		reservation_free(s, before);
		before = NULL;
	}
	if (!exists(r, key, version, scopes[0], &there, err)) {
		return CACHE_WRONG;
	}
	if (before || there) {
		return CACHE_TAKEN;
	}
	*out = reservation_new(r, key, version, scopes[0], err);
	return *out ? CACHE_OK : CACHE_WRONG;
}

struct reservation *cache_reserved(struct request *r, struct str key, struct str version)
{
	struct str scopes[SCOPES_MAX];

	return scopes_of(r, CACHE_WRITE, scopes) ? find(r->server->cache, key, version, scopes[0])
						 : NULL;
}

struct reservation *cache_reserved_id(struct request *r, struct str id)
{
	struct str scopes[SCOPES_MAX];
	struct upload *u = upload_find(r->server->uploads, id);

	for (struct reservation *v = r->server->cache->first; u && v; v = v->next) {
		if (v->upload == u && scopes_of(r, CACHE_WRITE, scopes) &&
		    str_eq(v->entry.scope, scopes[0])) {
			return v;
		}
	}
	return NULL;
}

/* Through a name of its own, so that nobody takes what is half there for an entry. */
enum cache_answer cache_keep(struct request *r, struct reservation *v, uint64_t size, uint64_t *id,
			     struct err *err)
{
	struct arena *a = &r->arena;
	const struct serve_spec *spec = r->server->spec;
	struct str file = arena_printf(a, "%.*s/incoming/whole-%d-%.*s", STR_ARG(spec->cache_dir),
				       (int)getpid(), STR_ARG(upload_id(a, v->upload)));
	uint64_t there = 0;
	bool ok = upload_size(v->upload, &there);

	if (!ok || there != size) {
		(void)err_set(err, ERR_INVALID, "%llu bytes were announced and %llu came",
			      (unsigned long long)size, (unsigned long long)(ok ? there : 0));
		return CACHE_WRONG;
	}
	if (!upload_take(v->upload, file, err)) {
		return CACHE_WRONG;
	}
	v->entry.size = size;
	ok = cache_add(spec->cache_dir, &v->entry, file, spec->cache_limit, id, err);
	(void)unlink(arena_cstr(a, file));
	reservation_free(r->server->cache, v);
	if (!ok) {
		return CACHE_WRONG;
	}
	return *id ? CACHE_OK : CACHE_TAKEN;
}

bool cache_search(struct request *r, const struct str *keys, size_t n, struct str version,
		  struct cache_entry *entry, struct err *err)
{
	struct str scopes[SCOPES_MAX];
	struct cache_query q = { .keys = keys, .nkeys = n, .version = version, .scopes = scopes };

	q.nscopes = scopes_of(r, CACHE_READ, scopes);
	return cache_find(&r->arena, r->server->spec->cache_dir, &q, entry, err);
}
