/*
 * cache.c - entries on disk: index, lookup, room. The HTTP side is twirp_cache.c and cache_v1.c.
 */
#include "actc/cache.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/lock.h"
#include "actc/value.h"
#include "http.h"

enum { INDEX_MAX = 64 * 1024 * 1024, LOCK_MS = 30000 };

/* As at GitHub. */
static const int64_t unused_ms = (int64_t)7 * 24 * 3600 * 1000;

bool cache_home(struct arena *a, struct str *out, struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/') {
		*out = arena_printf(a, "%s/act-c/cache", xdg);
	} else if (home && home[0] == '/') {
		*out = arena_printf(a, "%s/.cache/act-c/cache", home);
	} else {
		return err_set(err, ERR_SYSTEM,
			       "no place for caches: neither HOME nor XDG_CACHE_HOME is set to an "
			       "absolute path");
	}
	return true;
}

struct str cache_file(struct arena *a, struct str dir, uint64_t id)
{
	return arena_printf(a, "%.*s/%llu", STR_ARG(dir), (unsigned long long)id);
}

/* --- the index -------------------------------------------------------------------------------- */

struct cache_index {
	struct arena arena;
	struct str dir;
	int lock;
	uint64_t next_id;
	VEC(struct cache_entry) entries; /* in the order in which they were made */
};

static struct str text_of(struct value v, struct str key)
{
	struct value found = value_get(v, key);

	return found.kind == VALUE_STRING ? found.u.s : STR_EMPTY;
}

static uint64_t number_of(struct value v, struct str key)
{
	unsigned long n = 0;

	return str_to_ulong(text_of(v, key), &n) ? n : 0;
}

static struct cache_entry entry_of(struct value v)
{
	return (struct cache_entry){
		.id = number_of(v, STR("id")),
		.key = text_of(v, STR("key")),
		.version = text_of(v, STR("version")),
		.scope = text_of(v, STR("scope")),
		.size = number_of(v, STR("size")),
		.created_ms = (int64_t)number_of(v, STR("created_ms")),
		.used_ms = (int64_t)number_of(v, STR("used_ms")),
	};
}

static bool is_expired(struct cache_index *x, const struct cache_entry *e)
{
	bool expired = e->used_ms + unused_ms < time_ms();

	if (expired) {
		(void)unlink(cache_file(&x->arena, x->dir, e->id).p);
	}
	return expired;
}

static bool index_read(struct cache_index *x, struct err *err)
{
	struct arena *a = &x->arena;
	struct strbuf text = STRBUF_INIT(INDEX_MAX);
	struct value v = value_null();
	struct err missing = ERR_INIT;

	x->next_id = 1;
	if (!read_file(arena_printf(a, "%.*s/index.json", STR_ARG(x->dir)).p, &text, &missing)) {
		err_release(&missing);
	} else if (!value_from_json_strict(a, arena_str(a, strbuf_str(&text)), &v, err)) {
		strbuf_release(&text);
		return err_wrap(err, "%.*s/index.json", STR_ARG(x->dir));
	}
	strbuf_release(&text);

	struct value list = value_get(v, STR("entries"));

	for (size_t i = 0; list.kind == VALUE_ARRAY && i < list.u.a->n; i++) {
		struct cache_entry one = entry_of(list.u.a->v[i]);

		/* Whoever removed the bytes removed the entry. */
		if (one.id && access(cache_file(a, x->dir, one.id).p, F_OK) == 0 &&
		    !is_expired(x, &one)) {
			vec_push(a, &x->entries, one);
		}
	}
	x->next_id = number_of(v, STR("next_id"));
	x->next_id = x->next_id ? x->next_id : 1;
	return true;
}

static void set_number(struct arena *a, struct vobject *o, struct str key, uint64_t n)
{
	vobject_set(a, o, key, value_str(arena_printf(a, "%llu", (unsigned long long)n)));
}

static struct value entry_value(struct arena *a, const struct cache_entry *e)
{
	struct vobject *o = vobject_new(a, true);

	set_number(a, o, STR("id"), e->id);
	vobject_set(a, o, STR("key"), value_str(e->key));
	vobject_set(a, o, STR("version"), value_str(e->version));
	vobject_set(a, o, STR("scope"), value_str(e->scope));
	set_number(a, o, STR("size"), e->size);
	set_number(a, o, STR("created_ms"), (uint64_t)e->created_ms);
	set_number(a, o, STR("used_ms"), (uint64_t)e->used_ms);
	return value_object(o);
}

static bool index_write(struct cache_index *x, struct err *err)
{
	struct arena *a = &x->arena;
	struct vobject *o = vobject_new(a, true);
	struct varray *list = varray_new(a);
	struct strbuf json = STRBUF_INIT(0);

	for (size_t i = 0; i < x->entries.n; i++) {
		varray_push(a, list, entry_value(a, &x->entries.v[i]));
	}
	set_number(a, o, STR("next_id"), x->next_id);
	vobject_set(a, o, STR("entries"), value_array(list));
	value_to_json_line(&json, value_object(o));

	bool ok = write_file(arena_printf(a, "%.*s/index.json", STR_ARG(x->dir)).p,
			     strbuf_str(&json), 0600, err);

	strbuf_release(&json);
	return ok;
}

static void index_close(struct cache_index *x)
{
	if (x->lock >= 0) {
		(void)close(x->lock);
	}
	arena_release(&x->arena);
}

/* With the lock held: other runs change it too. */
static bool index_open(struct cache_index *x, struct str dir, struct err *err)
{
	*x = (struct cache_index){ .arena = ARENA_INIT, .lock = -1 };
	x->dir = arena_str(&x->arena, dir);
	if (make_dirs(x->dir.p, 0700, err)) {
		x->lock = lock_take(arena_printf(&x->arena, "%.*s/lock", STR_ARG(dir)).p, LOCK_MS,
				    NULL, err);
	}
	if (x->lock >= 0 && index_read(x, err)) {
		return true;
	}
	index_close(x);
	return false;
}

static struct cache_entry entry_copy(struct arena *a, const struct cache_entry *e)
{
	struct cache_entry copy = *e;

	copy.key = arena_str(a, e->key);
	copy.version = arena_str(a, e->version);
	copy.scope = arena_str(a, e->scope);
	return copy;
}

bool cache_read(struct arena *a, struct str dir, struct cache_entry **out, size_t *n,
		struct err *err)
{
	struct cache_index x;

	*n = 0;
	*out = NULL;
	if (access(arena_cstr(a, dir), F_OK) != 0) {
		return true;
	}
	if (!index_open(&x, dir, err)) {
		return false;
	}
	*n = x.entries.n;
	*out = arena_array(a, struct cache_entry, *n);
	for (size_t i = 0; i < *n; i++) {
		(*out)[i] = entry_copy(a, &x.entries.v[*n - 1 - i]);
	}
	index_close(&x);
	return true;
}

/* --- lookup ----------------------------------------------------------------------------------- */

static struct cache_entry *newest(struct cache_index *x, struct str scope, struct str version,
				  struct str key, bool whole)
{
	for (size_t i = x->entries.n; i-- > 0;) {
		struct cache_entry *e = &x->entries.v[i];

		if (str_eq(e->scope, scope) && str_eq(e->version, version) &&
		    (whole ? str_eq(e->key, key) : str_starts(e->key, key))) {
			return e;
		}
	}
	return NULL;
}

/* Within a scope each key as it is, then as a prefix; the next scope only then. */
static struct cache_entry *lookup(struct cache_index *x, const struct cache_query *q)
{
	for (size_t s = 0; s < q->nscopes; s++) {
		struct cache_entry *e = NULL;

		for (size_t k = 0; !e && k < q->nkeys; k++) {
			e = newest(x, q->scopes[s], q->version, q->keys[k], true);
			if (!e) {
				e = newest(x, q->scopes[s], q->version, q->keys[k], false);
			}
		}
		if (e) {
			return e;
		}
	}
	return NULL;
}

bool cache_find(struct arena *a, struct str dir, const struct cache_query *q,
		struct cache_entry *out, struct err *err)
{
	struct cache_index x;
	struct cache_entry *found;
	bool ok = true;

	*out = (struct cache_entry){ .id = 0 };
	if (access(arena_cstr(a, dir), F_OK) != 0) {
		return true;
	}
	if (!index_open(&x, dir, err)) {
		return false;
	}
	found = lookup(&x, q);
	if (found) {
		found->used_ms = time_ms();
		*out = entry_copy(a, found);
		ok = index_write(&x, err);
	}
	index_close(&x);
	return ok;
}

/* --- change ----------------------------------------------------------------------------------- */

static void drop_entry(struct cache_index *x, size_t i)
{
	(void)unlink(cache_file(&x->arena, x->dir, x->entries.v[i].id).p);
	memmove(&x->entries.v[i], &x->entries.v[i + 1],
		(x->entries.n - i - 1) * sizeof(*x->entries.v));
	x->entries.n--;
}

/* Never the newest one, which was just made. */
static void make_room(struct cache_index *x, uint64_t limit)
{
	for (;;) {
		uint64_t total = 0;
		size_t oldest = 0;

		for (size_t i = 0; i < x->entries.n; i++) {
			total += x->entries.v[i].size;
			if (i + 1 < x->entries.n &&
			    x->entries.v[i].used_ms < x->entries.v[oldest].used_ms) {
				oldest = i;
			}
		}
		if (total <= limit || x->entries.n < 2) {
			return;
		}
		drop_entry(x, oldest);
	}
}

static bool is_there(struct cache_index *x, const struct cache_entry *e)
{
	return newest(x, e->scope, e->version, e->key, true) != NULL;
}

bool cache_add(struct str dir, const struct cache_entry *entry, struct str file, uint64_t limit,
	       uint64_t *id, struct err *err)
{
	struct cache_index x;
	struct cache_entry one = *entry;
	bool ok = true;

	*id = 0;
	if (!index_open(&x, dir, err)) {
		return false;
	}
	if (!is_there(&x, entry)) {
		one.id = x.next_id++;
		one.created_ms = one.used_ms = time_ms();
		ok = rename(arena_cstr(&x.arena, file), cache_file(&x.arena, dir, one.id).p) == 0 ||
		     err_sys(err, errno, "keep %.*s", STR_ARG(file));
		if (ok) {
			vec_push(&x.arena, &x.entries, one);
			make_room(&x, limit);
			ok = index_write(&x, err);
			*id = one.id;
		}
	}
	index_close(&x);
	return ok;
}

bool cache_remove(struct str dir, struct str key, size_t *entries, uint64_t *bytes, struct err *err)
{
	struct cache_index x;
	bool ok;

	if (!index_open(&x, dir, err)) {
		return false;
	}
	for (size_t i = x.entries.n; i-- > 0;) {
		if (str_starts(x.entries.v[i].key, key)) {
			*entries += 1;
			*bytes += x.entries.v[i].size;
			drop_entry(&x, i);
		}
	}
	ok = index_write(&x, err);
	index_close(&x);
	return ok;
}
