/* crypto.h - OpenSSL's libcrypto, loaded at first use: keys and signatures, certificates. */
#ifndef SERVE_CRYPTO_H
#define SERVE_CRYPTO_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "actc/arena.h"
#include "actc/dynload.h"
#include "actc/err.h"

#define CRYPTO_FUNCTIONS(X)           \
	X(BIO_ctrl)                   \
	X(BIO_free)                   \
	X(BIO_new)                    \
	X(BIO_new_mem_buf)            \
	X(BIO_s_mem)                  \
	X(BN_bn2bin)                  \
	X(BN_free)                    \
	X(BN_num_bits)                \
	X(EVP_DigestSign)             \
	X(EVP_DigestSignInit)         \
	X(EVP_MD_CTX_free)            \
	X(EVP_MD_CTX_new)             \
	X(EVP_PKEY_Q_keygen)          \
	X(EVP_PKEY_free)              \
	X(EVP_PKEY_get_bn_param)      \
	X(EVP_sha256)                 \
	X(PEM_read_bio_PrivateKey)    \
	X(PEM_write_bio_PrivateKey)   \
	X(ASN1_INTEGER_set_uint64)    \
	X(PEM_write_bio_X509)         \
	X(X509V3_EXT_conf_nid)        \
	X(X509V3_set_ctx)             \
	X(X509_EXTENSION_free)        \
	X(X509_NAME_add_entry_by_txt) \
	X(X509_add_ext)               \
	X(X509_free)                  \
	X(X509_get_serialNumber)      \
	X(X509_get_subject_name)      \
	X(X509_getm_notAfter)         \
	X(X509_getm_notBefore)        \
	X(X509_gmtime_adj)            \
	X(X509_new)                   \
	X(X509_set_issuer_name)       \
	X(X509_set_pubkey)            \
	X(X509_set_version)           \
	X(X509_sign)

struct crypto {
	CRYPTO_FUNCTIONS(DYNLOAD_MEMBER)
};

/* ERR_NOT_FOUND where the library is not installed. */
bool crypto_load(struct crypto *c, struct err *err);
/* An RSA key of 2048 bits. */
EVP_PKEY *crypto_key(const struct crypto *c, struct err *err);
struct str crypto_key_pem(const struct crypto *c, struct arena *a, EVP_PKEY *key);
/* What a memory BIO holds, which is freed. */
struct str crypto_bio_text(const struct crypto *c, struct arena *a, BIO *bio);

#endif
