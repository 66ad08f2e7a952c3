/*
 * certificate.c - the authority of a run and the certificate that its stand-ins show. Both are made
 * for the run and trusted by its jobs only; the authority's key is forgotten at once.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "actc/serve.h"
#include "crypto.h"

enum { DAYS = 2, DAY_S = 86400, HOUR_S = 3600 };

struct making {
	struct crypto c;
	struct arena *a;
};

static EVP_PKEY *new_key(struct making *m)
{
	EVP_PKEY *key = m->c.EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	BUG_ON(!key);
	return key;
}

static void add_extension(struct making *m, X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	m->c.X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = m->c.X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	BUG_ON(!extension);
	BUG_ON(m->c.X509_add_ext(cert, extension, -1) != 1);
	m->c.X509_EXTENSION_free(extension);
}

/* Everything but the extensions and the signature. */
static X509 *new_certificate(struct making *m, const char *name, EVP_PKEY *key)
{
	X509 *cert = m->c.X509_new();
	uint64_t serial = 0;

	BUG_ON(!cert || getrandom(&serial, sizeof(serial), 0) != sizeof(serial));
	BUG_ON(m->c.X509_set_version(cert, 2) != 1);
	(void)m->c.ASN1_INTEGER_set_uint64(m->c.X509_get_serialNumber(cert), serial >> 1);
	(void)m->c.X509_gmtime_adj(m->c.X509_getm_notBefore(cert), -HOUR_S);
	(void)m->c.X509_gmtime_adj(m->c.X509_getm_notAfter(cert), DAYS * DAY_S);
	BUG_ON(m->c.X509_set_pubkey(cert, key) != 1);
	BUG_ON(m->c.X509_NAME_add_entry_by_txt(m->c.X509_get_subject_name(cert), "CN",
					       MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
					       0) != 1);
	return cert;
}

static void sign(struct making *m, X509 *cert, X509 *issuer, EVP_PKEY *key)
{
	BUG_ON(m->c.X509_set_issuer_name(cert, m->c.X509_get_subject_name(issuer)) != 1);
	BUG_ON(m->c.X509_sign(cert, key, m->c.EVP_sha256()) <= 0);
}

static struct str pem_of(struct making *m, X509 *cert)
{
	BIO *bio = m->c.BIO_new(m->c.BIO_s_mem());

	BUG_ON(!bio || m->c.PEM_write_bio_X509(bio, cert) != 1);
	return crypto_bio_text(&m->c, m->a, bio);
}

/* "DNS:a.example.com,DNS:b.example.com" */
static struct str alternatives(struct making *m, const struct stand_in *v, size_t n)
{
	struct str names = STR_EMPTY;

	for (size_t i = 0; i < n; i++) {
		names = arena_printf(m->a, "%.*s%sDNS:%.*s", STR_ARG(names), i ? "," : "",
				     STR_ARG(v[i].host));
	}
	return names;
}

bool stand_ins_identity(struct arena *a, const struct stand_in *v, size_t n,
			struct stand_in_identity *out, struct err *err)
{
	struct making m = { .a = a };

	if (!crypto_load(&m.c, err)) {
		return false;
	}

	EVP_PKEY *ca_key = new_key(&m), *key = new_key(&m);
	X509 *ca = new_certificate(&m, "act-c stand-ins of one run", ca_key);
	X509 *cert = new_certificate(&m, "act-c stand-in", key);

	add_extension(&m, ca, ca, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(&m, ca, ca, NID_key_usage, "critical,keyCertSign");
	add_extension(&m, ca, ca, NID_subject_key_identifier, "hash");
	sign(&m, ca, ca, ca_key);
	add_extension(&m, cert, ca, NID_basic_constraints, "CA:FALSE");
	add_extension(&m, cert, ca, NID_subject_alt_name, alternatives(&m, v, n).p);
	add_extension(&m, cert, ca, NID_ext_key_usage, "serverAuth");
	add_extension(&m, cert, ca, NID_authority_key_identifier, "keyid");
	sign(&m, cert, ca, ca_key);
	*out = (struct stand_in_identity){ .ca = pem_of(&m, ca),
					   .certificate = pem_of(&m, cert),
					   .key = crypto_key_pem(&m.c, a, key) };
	m.c.X509_free(ca);
	m.c.X509_free(cert);
	m.c.EVP_PKEY_free(ca_key);
	m.c.EVP_PKEY_free(key);
	return true;
}
