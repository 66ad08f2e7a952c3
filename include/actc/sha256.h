/* sha256.h - SHA-256 (FIPS 180-4), in base because the agent needs it and links nothing. */
#ifndef ACTC_SHA256_H
#define ACTC_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"

struct sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t block[64];
	size_t fill;
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t len);
void sha256_end(struct sha256 *s, uint8_t digest[32]);
/* 64 lower-case digits and a NUL. */
void sha256_hex(const uint8_t digest[32], char out[65]);
/* All of it at once, of one text. */
void sha256_text(struct str text, char out[65]);

#endif
