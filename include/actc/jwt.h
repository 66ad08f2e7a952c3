/*
 * jwt.h - the tokens that jobs are given: JSON Web Tokens, signed with a key that only this run
 * knows (HS256), so that whoever serves them needs no list of them.
 */
#ifndef ACTC_JWT_H
#define ACTC_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/value.h"

void hmac_sha256(struct str key, struct str text, uint8_t digest[32]);
/* 64 lower-case hex digits. */
struct str hmac_sha256_hex(struct arena *a, struct str key, struct str text);
/* Compares without telling by its time where they differ. */
bool secret_eq(struct str a, struct str b);

struct str jwt_make(struct arena *a, struct str key, struct value claims);
/* The claims of a token that was made with the key and has not expired (`exp`, if it has one);
 * false for any other text. */
bool jwt_read(struct arena *a, struct str key, struct str token, struct value *claims);
/* header.payload, which is what a signature of any kind is over. */
struct str jwt_unsigned(struct arena *a, struct value header, struct value claims);

#endif
