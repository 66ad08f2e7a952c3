/* twirp_cache.c - the CacheService of GitHub's results service (SEMANTICS 7.2). */
#include "cache_store.h"
#include "twirp.h"

enum { KEYS_MAX = 10 };

static void refuse(struct request *r, struct str message)
{
	struct vobject *o = vobject_new(&r->arena, true);

	vobject_set(&r->arena, o, STR("ok"), value_bool(false));
	vobject_set(&r->arena, o, STR("message"), value_str(message));
	reply_json(r, 200, value_object(o));
}

static bool read_key(struct request *r, struct value *body, struct str *key, struct str *version)
{
	const char *fault;

	if (!request_json(r, body)) {
		return false;
	}
	*key = twirp_text(r, *body, "key");
	*version = twirp_text(r, *body, "version");
	fault = cache_key_fault(*key);
	fault = fault || version->len ? fault : "the version of a cache is missing";
	if (fault) {
		reply_twirp_error(r, "invalid_argument", "%s", fault);
	}
	return !fault;
}

void twirp_create_cache(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct str key = STR_EMPTY, version = STR_EMPTY;
	struct value body = value_null();
	struct reservation *v = NULL;
	struct err err = ERR_INIT;

	if (!read_key(r, &body, &key, &version)) {
		return;
	}
	switch (cache_reserve(r, key, version, &v, &err)) {
	case CACHE_OK:
		vobject_set(&r->arena, o, STR("ok"), value_bool(true));
		vobject_set(&r->arena, o, STR("signed_upload_url"),
			    value_str(upload_url(r, v->upload)));
		reply_json(r, 200, value_object(o));
		break;
	case CACHE_TAKEN:
		reply_twirp_error(r, "already_exists",
				  "cache entry with the same key, version, and scope already "
				  "exists");
		break;
	case CACHE_DENIED:
		refuse(r, STR("the job's cache-mode does not let it write caches"));
		break;
	case CACHE_WRONG:
		twirp_failed(r, &err);
		break;
	}
}

void twirp_finalize_cache(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct str key = STR_EMPTY, version = STR_EMPTY;
	struct value body = value_null();
	struct reservation *v;
	struct err err = ERR_INIT;
	uint64_t size = 0, id = 0;

	if (!read_key(r, &body, &key, &version)) {
		return;
	}
	v = cache_reserved(r, key, version);
	if (!v || !twirp_number(r, body, "size_bytes", &size)) {
		reply_twirp_error(r, v ? "invalid_argument" : "not_found",
				  v ? "size_bytes is no number"
				    : "no cache of this key is being uploaded");
		return;
	}
	switch (cache_keep(r, v, size, &id, &err)) {
	case CACHE_OK:
		vobject_set(&r->arena, o, STR("ok"), value_bool(true));
		vobject_set(&r->arena, o, STR("entry_id"), twirp_int64(r, id));
		reply_json(r, 200, value_object(o));
		break;
	case CACHE_TAKEN:
	case CACHE_DENIED:
		refuse(r, STR("another run has saved a cache of this key meanwhile"));
		break;
	case CACHE_WRONG:
		twirp_failed(r, &err);
		break;
	}
}

/* key, then restore_keys; false when the reply says what is wrong with them. */
static bool read_keys(struct request *r, struct value body, struct str first, struct str *keys,
		      size_t *n)
{
	struct value more = twirp_field(r, body, "restore_keys");
	const char *fault = NULL;

	*n = 0;
	keys[(*n)++] = first;
	for (size_t i = 0; !fault && more.kind == VALUE_ARRAY && i < more.u.a->n; i++) {
		struct str key = value_to_str(&r->arena, more.u.a->v[i]);

		fault = *n == KEYS_MAX ? "more than 10 cache keys" : cache_key_fault(key);
		if (!fault) {
			keys[(*n)++] = key;
		}
	}
	if (fault) {
		reply_twirp_error(r, "invalid_argument", "%s", fault);
	}
	return !fault;
}

void twirp_cache_url(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct str key = STR_EMPTY, version = STR_EMPTY, keys[KEYS_MAX];
	struct value body = value_null();
	struct cache_entry found;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!read_key(r, &body, &key, &version) || !read_keys(r, body, key, keys, &n)) {
		return;
	}
	if (!cache_search(r, keys, n, version, &found, &err)) {
		twirp_failed(r, &err);
		return;
	}
	vobject_set(&r->arena, o, STR("ok"), value_bool(found.id != 0));
	if (found.id) {
		struct str path =
			arena_printf(&r->arena, "/blob/cache/%llu", (unsigned long long)found.id);

		vobject_set(&r->arena, o, STR("signed_download_url"),
			    value_str(url_signed(r, path, "")));
		vobject_set(&r->arena, o, STR("matched_key"), value_str(found.key));
	}
	reply_json(r, 200, value_object(o));
}
