/*
 * cache_v1.c - the older cache protocol (SEMANTICS 7.3), which clients use that were made before
 * the second one, or that think they are on an Enterprise server.
 */
#include "cache_store.h"
#include "twirp.h"

enum { KEYS_MAX = 10 };

#define BASE "/_apis/artifactcache/"

static void failed(struct request *r, struct err *err)
{
	bool wrong = err->kind == ERR_INVALID;

	server_log(r->server, "error: %.*s: %s", STR_ARG(r->path), err->msg);
	reply_message(r, wrong ? 400 : 500, "%s", err->msg);
	err_release(err);
}

static bool split_keys(struct request *r, struct str text, struct str *keys, size_t *n)
{
	const char *fault = NULL;

	for (*n = 0; text.p && !fault;) {
		struct str key = str_cut(&text, ',');

		fault = *n == KEYS_MAX ? "more than 10 cache keys" : cache_key_fault(key);
		if (!fault) {
			keys[(*n)++] = key;
		}
	}
	if (fault) {
		reply_message(r, 400, "%s", fault);
	}
	return !fault;
}

static struct value described(struct request *r, const struct cache_entry *e)
{
	struct vobject *o = vobject_new(&r->arena, true);

	vobject_set(&r->arena, o, STR("cacheKey"), value_str(e->key));
	vobject_set(&r->arena, o, STR("scope"), value_str(e->scope));
	vobject_set(&r->arena, o, STR("cacheVersion"), value_str(e->version));
	vobject_set(&r->arena, o, STR("creationTime"),
		    value_str(time_text(&r->arena, e->created_ms)));
	return value_object(o);
}

static void lookup(struct request *r)
{
	struct str keys[KEYS_MAX];
	struct cache_entry found;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!split_keys(r, request_query(r, "keys"), keys, &n)) {
		return;
	}
	if (!cache_search(r, keys, n, request_query(r, "version"), &found, &err)) {
		failed(r, &err);
		return;
	}
	if (!found.id) {
		reply_empty(r, 204);
		return;
	}

	struct value v = described(r, &found);
	struct str path = arena_printf(&r->arena, "/blob/cache/%llu", (unsigned long long)found.id);

	vobject_set(&r->arena, (struct vobject *)(uintptr_t)v.u.o, STR("archiveLocation"),
		    value_str(url_signed(r, path, "")));
	reply_json(r, 200, v);
}

static void list(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct varray *found = varray_new(&r->arena);
	struct str key = request_query(r, "key");
	struct cache_entry *all = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!cache_read(&r->arena, r->server->spec->cache_dir, &all, &n, &err)) {
		failed(r, &err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (str_starts(all[i].key, key)) {
			varray_push(&r->arena, found, described(r, &all[i]));
		}
	}
	vobject_set(&r->arena, o, STR("totalCount"), value_number((double)found->n));
	vobject_set(&r->arena, o, STR("artifactCaches"), value_array(found));
	reply_json(r, 200, value_object(o));
}

static void reserve(struct request *r)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct value body = value_null();
	struct reservation *v = NULL;
	struct err err = ERR_INIT;
	unsigned long id = 0;

	if (!request_json(r, &body)) {
		return;
	}

	struct str key = twirp_text(r, body, "key"), version = twirp_text(r, body, "version");
	const char *fault = cache_key_fault(key);
	enum cache_answer answer = fault ? CACHE_WRONG : cache_reserve(r, key, version, &v, &err);

	switch (answer) {
	case CACHE_OK:
		(void)str_to_ulong(upload_id(&r->arena, v->upload), &id);
		vobject_set(&r->arena, o, STR("cacheId"), value_number((double)id));
		reply_json(r, 201, value_object(o));
		break;
	case CACHE_TAKEN:
		reply_message(r, 409,
			      "Cache already exists. Scope: the job's, Key: %.*s, Version: %.*s",
			      STR_ARG(key), STR_ARG(version));
		break;
	case CACHE_DENIED:
		reply_message(r, 403, "the job's cache-mode does not let it write caches");
		break;
	case CACHE_WRONG:
		if (fault) {
			reply_message(r, 400, "%s", fault);
		} else {
			failed(r, &err);
		}
		break;
	}
}

/* "bytes 0-99/…": where the piece begins. */
static bool range_start(struct str text, unsigned long *start)
{
	struct str rest = str_trim(text);

	if (!str_starts(rest, STR("bytes"))) {
		return false;
	}
	rest = str_trim(str_slice(rest, 5, rest.len));
	return str_to_ulong(str_cut(&rest, '-'), start);
}

static void patch_begin(struct request *r)
{
	struct reservation *v = cache_reserved_id(r, r->rest);
	unsigned long start = 0;

	if (!v) {
		reply_message(r, 404, "no such cache is being uploaded");
	} else if (!range_start(request_header(r, "Content-Range"), &start)) {
		reply_message(r, 400, "Content-Range is missing");
	} else {
		r->sink = piece_at(v->upload, start);
		if (!r->sink) {
			reply_message(r, 400, "Content-Range is beyond everything");
		}
	}
}

static void patch_piece(struct request *r, struct str bytes)
{
	piece_write(r->sink, bytes);
}

static void patch_aborted(struct request *r)
{
	piece_abort(r->sink);
}

/* The clients of this version do not look at such an answer, and their process would live as long
 * as the connection: three minutes. */
static void reply_done(struct request *r)
{
	reply_empty(r, 204);
	reply_header(r, "Connection", STR("close"));
}

static void patch_handle(struct request *r)
{
	struct err err = ERR_INIT;

	if (piece_end(r->sink, &err)) {
		reply_done(r);
	} else {
		failed(r, &err);
	}
}

static void commit(struct request *r)
{
	struct reservation *v = cache_reserved_id(r, r->rest);
	struct value body = value_null();
	struct err err = ERR_INIT;
	uint64_t size = 0, id = 0;

	if (!v) {
		reply_message(r, 404, "no such cache is being uploaded");
		return;
	}
	if (!request_json(r, &body)) {
		return;
	}
	(void)twirp_number(r, body, "size", &size);
	switch (cache_keep(r, v, size, &id, &err)) {
	case CACHE_OK:
		reply_done(r);
		break;
	case CACHE_TAKEN:
	case CACHE_DENIED:
		reply_message(r, 409, "another run has saved a cache of this key meanwhile");
		break;
	case CACHE_WRONG:
		failed(r, &err);
		break;
	}
}

const struct route cache_v1_routes[] = {
	{ .method = "GET", .path = BASE "cache", .auth = AUTH_TOKEN, .handle = lookup },
	{ .method = "GET", .path = BASE "caches", .auth = AUTH_TOKEN, .handle = list },
	{ .method = "POST", .path = BASE "caches", .auth = AUTH_TOKEN, .handle = reserve },
	{ .method = "PATCH",
	  .path = BASE "caches/",
	  .auth = AUTH_TOKEN,
	  .handle = patch_handle,
	  .begin = patch_begin,
	  .piece = patch_piece,
	  .aborted = patch_aborted },
	{ .method = "POST", .path = BASE "caches/", .auth = AUTH_TOKEN, .handle = commit },
};
const size_t ncache_v1_routes = sizeof(cache_v1_routes) / sizeof(cache_v1_routes[0]);
