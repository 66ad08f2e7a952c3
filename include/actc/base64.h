/*
 * base64.h - RFC 4648: base64 with padding, and base64url without (as JSON Web Tokens have it).
 */
#ifndef ACTC_BASE64_H
#define ACTC_BASE64_H

#include <stdbool.h>

#include "actc/str.h"
#include "actc/strbuf.h"

void base64_add(struct strbuf *out, struct str bytes);
void base64url_add(struct strbuf *out, struct str bytes);
/* Either alphabet, with or without padding; false (and *out as far as it came) for anything else.
 */
bool base64_decode(struct str text, struct strbuf *out);

#endif
