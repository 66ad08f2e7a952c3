/* test_serve.c - what the services are made of: base64, tokens, the caches' rules. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "actc/artifacts.h"
#include "actc/base64.h"
#include "actc/cache.h"
#include "actc/file.h"
#include "actc/jwt.h"
#include "actc/serve.h"

/* --- base64, RFC 4648's own examples -----------------------------------------------------------
 */

static const struct {
	const char *plain, *coded, *url;
} base64_rows[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "\xfb\xff\xfe", "+//+", "-__-" },
};

Test(base64, both_alphabets)
{
	for (size_t i = 0; i < sizeof(base64_rows) / sizeof(base64_rows[0]); i++) {
		struct strbuf a = STRBUF_INIT(0), b = STRBUF_INIT(0), c = STRBUF_INIT(0);

		base64_add(&a, str_of(base64_rows[i].plain));
		base64url_add(&b, str_of(base64_rows[i].plain));
		cr_expect_str_eq(a.p, base64_rows[i].coded);
		cr_expect_str_eq(b.p, base64_rows[i].url);
		cr_expect(base64_decode(strbuf_str(&a), &c) && base64_decode(strbuf_str(&b), &c));
		cr_expect_eq(c.len, 2 * strlen(base64_rows[i].plain));
		strbuf_release(&a);
		strbuf_release(&b);
		strbuf_release(&c);
	}
}

Test(base64, refuses)
{
	struct strbuf b = STRBUF_INIT(0);

	cr_expect_not(base64_decode(STR("Z"), &b));
	cr_expect_not(base64_decode(STR("Zm 9v"), &b));
	cr_expect_not(base64_decode(STR("Zm=9"), &b));
	strbuf_release(&b);
}

/* --- tokens -------------------------------------------------------------------------------------
 */

/* RFC 4231, test cases 2 and 6 (a key that is longer than a block). */
Test(jwt, hmac)
{
	struct arena a = ARENA_INIT;
	char key[131];

	memset(key, 0xaa, sizeof(key));
	cr_expect_str_eq(hmac_sha256_hex(&a, STR("Jefe"), STR("what do ya want for nothing?")).p,
			 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	cr_expect_str_eq(
		hmac_sha256_hex(&a, str_mk(key, sizeof(key)),
				STR("Test Using Larger Than Block-Size Key - Hash Key First"))
			.p,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	arena_release(&a);
}

static struct str token(struct arena *a, struct str key, double exp)
{
	struct vobject *o = vobject_new(a, true);

	vobject_set(a, o, STR("job"), value_str(STR("build(ü)")));
	vobject_set(a, o, STR("exp"), value_number(exp));
	return jwt_make(a, key, value_object(o));
}

Test(jwt, is_read_with_its_key_only)
{
	struct arena a = ARENA_INIT;
	struct str t = token(&a, STR("key"), 4e9);
	struct value claims = value_null();

	cr_assert(jwt_read(&a, STR("key"), t, &claims));
	cr_expect(str_eq(value_get(claims, STR("job")).u.s, STR("build(ü)")));
	cr_expect_not(jwt_read(&a, STR("kez"), t, &claims));
	cr_expect_not(jwt_read(&a, STR("key"), str_slice(t, 0, t.len - 1), &claims));
	cr_expect_not(jwt_read(&a, STR("key"), str_slice(t, 1, t.len), &claims));
	cr_expect_not(jwt_read(&a, STR("key"), STR("a.b"), &claims));
	cr_expect_not(jwt_read(&a, STR("key"), STR_EMPTY, &claims));
	arena_release(&a);
}

Test(jwt, expires)
{
	struct arena a = ARENA_INIT;
	struct value claims = value_null();

	cr_expect_not(jwt_read(&a, STR("key"), token(&a, STR("key"), 1e9), &claims));
	arena_release(&a);
}

/* --- caches --------------------------------------------------------------------------------------
 */

struct caches {
	struct arena a;
	struct str dir;
};

static struct caches caches_new(void)
{
	struct caches c = { .a = ARENA_INIT };
	char dir[] = "/tmp/act-c-caches-XXXXXX";

	cr_assert(mkdtemp(dir));
	c.dir = arena_str(&c.a, str_of(dir));
	return c;
}

static void caches_free(struct caches *c)
{
	struct err err = ERR_INIT;

	cr_expect(remove_tree(c->dir.p, &err));
	arena_release(&c->a);
}

/* An entry of so many bytes; its id, or 0. */
static uint64_t add(struct caches *c, struct str key, struct str scope, size_t size, uint64_t limit)
{
	struct cache_entry e = { .key = key, .version = STR("v"), .scope = scope, .size = size };
	struct str file = arena_printf(&c->a, "%s.new", c->dir.p);
	struct err err = ERR_INIT;
	uint64_t id = 0;

	cr_assert(write_file(file.p, str_mk(arena_alloc(&c->a, size), size), 0600, &err));
	cr_assert(cache_add(c->dir, &e, file, limit, &id, &err), "%s", err.msg);
	(void)unlink(file.p);
	(void)usleep(2000); /* times of use are in milliseconds */
	return id;
}

static uint64_t find(struct caches *c, const struct str *keys, size_t n, struct str version)
{
	static const struct str scopes[] = { STR_INIT("branch"), STR_INIT("main") };
	struct cache_query q = {
		.keys = keys, .nkeys = n, .version = version, .scopes = scopes, .nscopes = 2
	};
	struct cache_entry e;
	struct err err = ERR_INIT;

	cr_assert(cache_find(&c->a, c->dir, &q, &e, &err), "%s", err.msg);
	return e.id;
}

static uint64_t find_key(struct caches *c, struct str key)
{
	return find(c, &key, 1, STR("v"));
}

enum { PLENTY = 1 << 30 };

Test(cache, prefers_own_scope_whole_key_newest)
{
	struct caches c = caches_new();
	uint64_t base = add(&c, STR("deps-1"), STR("main"), 1, PLENTY);
	uint64_t old = add(&c, STR("deps-0"), STR("branch"), 1, PLENTY);
	uint64_t more = add(&c, STR("deps-0-more"), STR("branch"), 1, PLENTY);
	uint64_t new = add(&c, STR("deps-9"), STR("branch"), 1, PLENTY);
	struct str keys[] = { STR("nothing"), STR("deps-0"), STR("deps") };

	cr_expect_neq(more, 0);
	cr_expect_eq(find_key(&c, STR("deps-0")), old);
	cr_expect_eq(find_key(&c, STR("deps-")), new);
	cr_expect_eq(find_key(&c, STR("deps-1")), base);
	cr_expect_eq(find(&c, keys, 3, STR("v")), old);
	cr_expect_eq(find(&c, keys, 1, STR("v")), 0);
	cr_expect_eq(find(&c, keys, 3, STR("w")), 0);
	caches_free(&c);
}

Test(cache, does_not_see_other_scopes)
{
	struct caches c = caches_new();

	add(&c, STR("k"), STR("another"), 1, PLENTY);
	cr_expect_eq(find_key(&c, STR("k")), 0);
	caches_free(&c);
}

Test(cache, entries_do_not_change)
{
	struct caches c = caches_new();

	cr_expect_neq(add(&c, STR("k"), STR("main"), 1, PLENTY), 0);
	cr_expect_eq(add(&c, STR("k"), STR("main"), 2, PLENTY), 0);
	cr_expect_neq(add(&c, STR("k"), STR("branch"), 1, PLENTY), 0);
	caches_free(&c);
}

Test(cache, drops_what_was_used_longest_ago)
{
	struct caches c = caches_new();
	uint64_t a = add(&c, STR("a"), STR("main"), 40, 100);
	uint64_t b = add(&c, STR("b"), STR("main"), 40, 100);

	cr_expect_eq(find_key(&c, STR("a")), a);
	(void)usleep(2000);
	cr_expect_neq(add(&c, STR("c"), STR("main"), 40, 100), 0);
	cr_expect_eq(find_key(&c, STR("b")), 0);
	cr_expect_eq(find_key(&c, STR("a")), a);
	cr_expect_neq(access(cache_file(&c.a, c.dir, b).p, F_OK), 0);
	caches_free(&c);
}

/* As if the index had been written so long ago. */
static void age(struct caches *c, struct str key, int64_t ms)
{
	struct str path = arena_printf(&c->a, "%.*s/index.json", STR_ARG(c->dir));
	struct strbuf text = STRBUF_INIT(1 << 20), out = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	struct value v = value_null();
	int64_t then = (int64_t)time(NULL) * 1000 - ms;

	cr_assert(read_file(path.p, &text, &err));
	cr_assert(value_from_json_strict(&c->a, arena_str(&c->a, strbuf_str(&text)), &v, &err));

	struct value list = value_get(v, STR("entries"));

	for (size_t i = 0; i < list.u.a->n; i++) {
		struct vobject *o = (struct vobject *)(uintptr_t)list.u.a->v[i].u.o;

		if (str_eq(vobject_get(o, STR("key"))->u.s, key)) {
			vobject_set(&c->a, o, STR("used_ms"),
				    value_str(arena_printf(&c->a, "%lld", (long long)then)));
		}
	}
	value_to_json_line(&out, v);
	cr_assert(write_file(path.p, strbuf_str(&out), 0600, &err));
	strbuf_release(&text);
	strbuf_release(&out);
}

Test(cache, drops_what_was_not_used_for_seven_days)
{
	enum { DAY_MS = 24 * 3600 * 1000 };
	struct caches c = caches_new();
	uint64_t old = add(&c, STR("old"), STR("main"), 1, PLENTY);
	uint64_t used = add(&c, STR("used"), STR("main"), 1, PLENTY);

	age(&c, STR("old"), (int64_t)7 * DAY_MS + 60000);
	age(&c, STR("used"), (int64_t)7 * DAY_MS - 60000);
	cr_expect_eq(find_key(&c, STR("old")), 0);
	cr_expect_neq(access(cache_file(&c.a, c.dir, old).p, F_OK), 0);
	cr_expect_eq(find_key(&c, STR("used")), used);
	caches_free(&c);
}

Test(cache, is_removed_by_prefix)
{
	struct caches c = caches_new();
	struct err err = ERR_INIT;
	size_t n = 0;
	uint64_t bytes = 0;

	add(&c, STR("npm-1"), STR("main"), 3, PLENTY);
	add(&c, STR("pip-1"), STR("main"), 5, PLENTY);
	cr_assert(cache_remove(c.dir, STR("npm"), &n, &bytes, &err));
	cr_expect(n == 1 && bytes == 3);
	cr_expect_eq(find_key(&c, STR("npm-1")), 0);
	cr_expect_neq(find_key(&c, STR("pip-1")), 0);
	caches_free(&c);
}

Test(artifact, names)
{
	cr_expect(artifact_name_ok(STR("my artifact-1.2 ü")));
	cr_expect_not(artifact_name_ok(STR_EMPTY));
	cr_expect_not(artifact_name_ok(STR(".")));
	cr_expect_not(artifact_name_ok(STR("..")));
	cr_expect_not(artifact_name_ok(STR("a/../b")));
	cr_expect_not(artifact_name_ok(STR("a\nb")));
	cr_expect_not(artifact_name_ok(STR("a\\b")));
}
