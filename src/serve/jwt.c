/*
 * jwt.c - making and reading HS256 tokens. RS256, for identity tokens, is oidc.c's.
 */
#include "actc/jwt.h"

#include <time.h>

#include "actc/base64.h"
#include "actc/sha256.h"

enum { BLOCK = 64, DIGEST = 32, TOKEN_MAX = 64 * 1024 };

void hmac_sha256(struct str key, struct str text, uint8_t digest[32])
{
	uint8_t pad[BLOCK] = { 0 }, inner[DIGEST];
	struct sha256 s;

	if (key.len > BLOCK) {
		sha256_init(&s);
		sha256_add(&s, key.p, key.len);
		sha256_end(&s, pad);
	} else {
		memcpy(pad, key.p, key.len);
	}
	for (size_t i = 0; i < BLOCK; i++) {
		pad[i] ^= 0x36;
	}
	sha256_init(&s);
	sha256_add(&s, pad, BLOCK);
	sha256_add(&s, text.p, text.len);
	sha256_end(&s, inner);
	for (size_t i = 0; i < BLOCK; i++) {
		pad[i] ^= 0x36 ^ 0x5c;
	}
	sha256_init(&s);
	sha256_add(&s, pad, BLOCK);
	sha256_add(&s, inner, DIGEST);
	sha256_end(&s, digest);
}

struct str hmac_sha256_hex(struct arena *a, struct str key, struct str text)
{
	uint8_t digest[DIGEST];
	char hex[2 * DIGEST + 1];

	hmac_sha256(key, text, digest);
	sha256_hex(digest, hex);
	return arena_str(a, str_of(hex));
}

bool secret_eq(struct str a, struct str b)
{
	unsigned char differ = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++) {
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	}
	return differ == 0;
}

static void add_json(struct strbuf *out, struct value v)
{
	struct strbuf json = STRBUF_INIT(0);

	value_to_json_line(&json, v);
	base64url_add(out, strbuf_str(&json));
	strbuf_release(&json);
}

struct str jwt_unsigned(struct arena *a, struct value header, struct value claims)
{
	struct strbuf b = STRBUF_INIT(0);

	add_json(&b, header);
	strbuf_addc(&b, '.');
	add_json(&b, claims);

	struct str s = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return s;
}

static struct str signature(struct arena *a, struct str key, struct str text)
{
	struct strbuf b = STRBUF_INIT(0);
	uint8_t digest[DIGEST];

	hmac_sha256(key, text, digest);
	base64url_add(&b, str_mk((const char *)digest, DIGEST));

	struct str s = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return s;
}

struct str jwt_make(struct arena *a, struct str key, struct value claims)
{
	struct vobject *header = vobject_new(a, true);

	vobject_set(a, header, STR("alg"), value_str(STR("HS256")));
	vobject_set(a, header, STR("typ"), value_str(STR("JWT")));

	struct str text = jwt_unsigned(a, value_object(header), claims);

	return arena_printf(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(signature(a, key, text)));
}

bool jwt_read(struct arena *a, struct str key, struct str token, struct value *claims)
{
	struct strbuf json = STRBUF_INIT(TOKEN_MAX);
	struct str rest = token, why = STR_EMPTY;
	size_t dot = token.len, at = 0;
	bool ok = token.len <= TOKEN_MAX;

	while (dot > 0 && token.p[dot - 1] != '.') {
		dot--;
	}
	ok = ok && dot > 0 &&
	     secret_eq(str_slice(token, dot, token.len),
		       signature(a, key, str_slice(token, 0, dot - 1)));
	(void)str_cut(&rest, '.');
	ok = ok && rest.p && base64_decode(str_cut(&rest, '.'), &json) &&
	     value_from_json(a, arena_str(a, strbuf_str(&json)), claims, &why, &at);
	strbuf_release(&json);
	if (!ok || claims->kind != VALUE_OBJECT) {
		return false;
	}

	struct value exp = value_get(*claims, STR("exp"));

	return exp.kind != VALUE_NUMBER || exp.u.n > (double)time(NULL);
}
