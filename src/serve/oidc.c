/*
 * oidc.c - identity tokens: who a job is, signed (RS256). The issuer is act-c itself, as the job
 * sees it, with its keys beside it: what trusts GitHub's own issuer refuses them, as it should.
 *
 * The key is made when the first token is asked for.
 */
#include "oidc.h"

#include <openssl/core_names.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/base64.h"
#include "actc/file.h"
#include "actc/jwt.h"
#include "actc/lock.h"
#include "actc/sha256.h"
#include "crypto.h"
#include "http.h"

enum { KEY_FILE_MAX = 64 * 1024, LOCK_MS = 30000, VALID_S = 900 };

struct oidc {
	struct arena *arena;
	const struct serve_spec *spec;
	struct crypto crypto;
	EVP_PKEY *key;
	struct str n, e; /* of the key, base64url */
	struct str kid;
};

struct oidc *oidc_open(struct arena *a, const struct serve_spec *spec)
{
	struct oidc *o = arena_new(a, struct oidc);

	o->arena = a;
	o->spec = spec;
	return o;
}

void oidc_close(struct oidc *o)
{
	if (o && o->key) {
		o->crypto.EVP_PKEY_free(o->key);
		o->key = NULL;
	}
}

/* --- the key ---------------------------------------------------------------------------------- */

static EVP_PKEY *parse_key(struct oidc *o, struct str pem)
{
	BIO *bio = o->crypto.BIO_new_mem_buf(pem.p, (int)pem.len);
	EVP_PKEY *key = o->crypto.PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	(void)o->crypto.BIO_free(bio);
	return key;
}

/* Another act-c may make it at the same time. */
static EVP_PKEY *read_or_make(struct oidc *o, struct err *err)
{
	const char *path = arena_printf(o->arena, "%.*s/oidc-key.pem", STR_ARG(o->spec->state)).p;
	int lock = lock_take(arena_printf(o->arena, "%s.lock", path).p, LOCK_MS, NULL, err);
	struct strbuf pem = STRBUF_INIT(KEY_FILE_MAX);
	struct err missing = ERR_INIT;
	EVP_PKEY *key = NULL;

	if (lock < 0) {
		return NULL;
	}
	if (read_file(path, &pem, &missing)) {
		key = parse_key(o, strbuf_str(&pem));
	}
	err_release(&missing);
	if (!key) {
		key = crypto_key(&o->crypto, err);
		if (key &&
		    !write_file(path, crypto_key_pem(&o->crypto, o->arena, key), 0600, err)) {
			o->crypto.EVP_PKEY_free(key);
			key = NULL;
		}
	}
	strbuf_release(&pem);
	(void)close(lock);
	return key;
}

static struct str number(struct oidc *o, const char *name)
{
	unsigned char bytes[1024];
	struct strbuf text = STRBUF_INIT(0);
	BIGNUM *n = NULL;

	BUG_ON(o->crypto.EVP_PKEY_get_bn_param(o->key, name, &n) != 1);
	BUG_ON((size_t)o->crypto.BN_num_bits(n) > 8 * sizeof(bytes));
	base64url_add(&text, str_mk((const char *)bytes, (size_t)o->crypto.BN_bn2bin(n, bytes)));
	o->crypto.BN_free(n);

	struct str s = arena_str(o->arena, strbuf_str(&text));

	strbuf_release(&text);
	return s;
}

static bool load_key(struct oidc *o, struct err *err)
{
	char hex[65];

	if (o->key) {
		return true;
	}
	if (!crypto_load(&o->crypto, err)) {
		return false;
	}
	o->key = read_or_make(o, err);
	if (!o->key) {
		return false;
	}
	o->n = number(o, OSSL_PKEY_PARAM_RSA_N);
	o->e = number(o, OSSL_PKEY_PARAM_RSA_E);
	sha256_text(o->n, hex);
	o->kid = arena_str(o->arena, str_mk(hex, 40));
	return true;
}

static bool ready(struct request *r)
{
	struct err err = ERR_INIT;

	if (load_key(r->server->oidc, &err)) {
		return true;
	}
	server_log(r->server, "error: identity tokens: %s", err.msg);
	reply_message(r, 500, "act-c: no identity tokens: %s", err.msg);
	err_release(&err);
	return false;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static bool sign(struct oidc *o, struct str text, struct strbuf *out)
{
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = o->crypto.EVP_MD_CTX_new();
	bool ok = ctx &&
		  o->crypto.EVP_DigestSignInit(ctx, NULL, o->crypto.EVP_sha256(), NULL, o->key) ==
			  1 &&
		  o->crypto.EVP_DigestSign(ctx, signature, &len, (const unsigned char *)text.p,
					   text.len) == 1;

	o->crypto.EVP_MD_CTX_free(ctx);
	if (ok) {
		base64url_add(out, str_mk((const char *)signature, len));
	}
	return ok;
}

static struct str issuer(struct request *r)
{
	return arena_printf(&r->arena, "%.*s/oidc", STR_ARG(request_origin(r)));
}

/* The job's own claims came with its token; these are of the moment. */
static struct value all_claims(struct request *r, struct value job)
{
	struct arena *a = &r->arena;
	struct vobject *o = vobject_new(a, true);
	struct str audience = request_query(r, "audience"), rest = r->server->spec->repository;
	struct str owner = str_cut(&rest, '/');
	int64_t seconds = time_ms() / 1000;
	double now = (double)seconds;
	unsigned char random[16] = { 0 };
	char jti[37];

	(void)!getentropy(random, sizeof(random));
	(void)snprintf(jti, sizeof(jti),
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		       random[0], random[1], random[2], random[3], random[4], random[5], random[6],
		       random[7], random[8], random[9], random[10], random[11], random[12],
		       random[13], random[14], random[15]);
	for (size_t i = 0; i < job.u.o->n; i++) {
		vobject_set(a, o, job.u.o->v[i].key, job.u.o->v[i].value);
	}
	if (audience.len == 0) {
		audience = arena_printf(a, "https://github.com/%.*s", STR_ARG(owner));
	}
	vobject_set(a, o, STR("aud"), value_str(audience));
	vobject_set(a, o, STR("iss"), value_str(issuer(r)));
	vobject_set(a, o, STR("jti"), value_str(arena_str(a, str_of(jti))));
	vobject_set(a, o, STR("iat"), value_number(now));
	vobject_set(a, o, STR("nbf"), value_number(now - VALID_S));
	vobject_set(a, o, STR("exp"), value_number(now + VALID_S));
	return value_object(o);
}

static void token(struct request *r)
{
	struct arena *a = &r->arena;
	struct value job = value_get(r->claims, STR(SERVE_CLAIM_OIDC));
	struct vobject *header = vobject_new(a, true), *o = vobject_new(a, true);
	struct strbuf signature = STRBUF_INIT(0);

	if (job.kind != VALUE_OBJECT) {
		reply_message(r, 403, "act-c: the job has no permission id-token: write");
		return;
	}
	if (!ready(r)) {
		return;
	}
	vobject_set(a, header, STR("typ"), value_str(STR("JWT")));
	vobject_set(a, header, STR("alg"), value_str(STR("RS256")));
	vobject_set(a, header, STR("kid"), value_str(r->server->oidc->kid));

	struct str text = jwt_unsigned(a, value_object(header), all_claims(r, job));

	if (sign(r->server->oidc, text, &signature)) {
		vobject_set(a, o, STR("count"), value_number((double)text.len));
		vobject_set(a, o, STR("value"),
			    value_str(arena_printf(a, "%.*s.%s", STR_ARG(text), signature.p)));
		reply_json(r, 200, value_object(o));
	} else {
		reply_message(r, 500, "act-c: the token could not be signed");
	}
	strbuf_release(&signature);
}

static void keys(struct request *r)
{
	struct arena *a = &r->arena;
	struct vobject *key = vobject_new(a, true), *o = vobject_new(a, true);
	struct varray *list = varray_new(a);
	struct oidc *d = r->server->oidc;

	if (!ready(r)) {
		return;
	}
	vobject_set(a, key, STR("kty"), value_str(STR("RSA")));
	vobject_set(a, key, STR("alg"), value_str(STR("RS256")));
	vobject_set(a, key, STR("use"), value_str(STR("sig")));
	vobject_set(a, key, STR("kid"), value_str(d->kid));
	vobject_set(a, key, STR("n"), value_str(d->n));
	vobject_set(a, key, STR("e"), value_str(d->e));
	varray_push(a, list, value_object(key));
	vobject_set(a, o, STR("keys"), value_array(list));
	reply_json(r, 200, value_object(o));
}

static struct value words(struct arena *a, const char *first, const char *second)
{
	struct varray *list = varray_new(a);

	varray_push(a, list, value_str(str_of(first)));
	if (second) {
		varray_push(a, list, value_str(str_of(second)));
	}
	return value_array(list);
}

static void discovery(struct request *r)
{
	struct arena *a = &r->arena;
	struct vobject *o = vobject_new(a, true);
	struct str iss = issuer(r);

	vobject_set(a, o, STR("issuer"), value_str(iss));
	vobject_set(a, o, STR("jwks_uri"),
		    value_str(arena_printf(a, "%.*s/.well-known/jwks", STR_ARG(iss))));
	vobject_set(a, o, STR("subject_types_supported"), words(a, "public", "pairwise"));
	vobject_set(a, o, STR("response_types_supported"), words(a, "id_token", NULL));
	vobject_set(a, o, STR("id_token_signing_alg_values_supported"), words(a, "RS256", NULL));
	vobject_set(a, o, STR("scopes_supported"), words(a, "openid", NULL));
	reply_json(r, 200, value_object(o));
}

const struct route oidc_routes[] = {
	{ .method = "GET", .path = "/oidc/token", .auth = AUTH_TOKEN, .handle = token },
	{ .method = "GET",
	  .path = "/oidc/.well-known/openid-configuration",
	  .auth = AUTH_NONE,
	  .handle = discovery },
	{ .method = "GET", .path = "/oidc/.well-known/jwks", .auth = AUTH_NONE, .handle = keys },
};
const size_t noidc_routes = sizeof(oidc_routes) / sizeof(oidc_routes[0]);
