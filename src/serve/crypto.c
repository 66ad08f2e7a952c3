/* crypto.c - loading libcrypto; RSA keys as PEM text. */
#include "crypto.h"

#ifndef ACTC_LIBCRYPTO_SO
#define ACTC_LIBCRYPTO_SO "libcrypto.so"
#endif

enum { KEY_BITS = 2048 };

#define SYMBOL(function) DYNLOAD_SYMBOL(crypto, function)

static const struct dynload_symbol symbols[] = { CRYPTO_FUNCTIONS(SYMBOL) };

bool crypto_load(struct crypto *c, struct err *err)
{
	return dynload(ACTC_LIBCRYPTO_SO, symbols, sizeof(symbols) / sizeof(*symbols), c, err);
}

EVP_PKEY *crypto_key(const struct crypto *c, struct err *err)
{
	EVP_PKEY *key = c->EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)KEY_BITS);

	if (!key) {
		(void)err_set(err, ERR_SYSTEM, "libcrypto made no key");
	}
	return key;
}

struct str crypto_bio_text(const struct crypto *c, struct arena *a, BIO *bio)
{
	char *p = NULL;
	long n = c->BIO_ctrl(bio, BIO_CTRL_INFO, 0, &p);
	struct str text = arena_str(a, str_mk(p, n > 0 ? (size_t)n : 0));

	(void)c->BIO_free(bio);
	return text;
}

struct str crypto_key_pem(const struct crypto *c, struct arena *a, EVP_PKEY *key)
{
	BIO *bio = c->BIO_new(c->BIO_s_mem());

	BUG_ON(!bio);
	BUG_ON(c->PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1);
	return crypto_bio_text(c, a, bio);
}
