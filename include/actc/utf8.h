/*
 * utf8.h - UTF-8 as the runner's .NET reads it: what is not valid becomes U+FFFD, one for each
 * maximal invalid part, and white space is Unicode's.
 */
#ifndef ACTC_UTF8_H
#define ACTC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"
#include "actc/strbuf.h"

/* The code point at s[at] (at < s.len) and how many bytes it takes, 1 to 4. An invalid part gives
 * U+FFFD and its own length, so that a reader always moves on. */
size_t utf8_at(struct str s, size_t at, uint32_t *cp);
/* The same, and whether those bytes were valid. */
size_t utf8_check(struct str s, size_t at, uint32_t *cp, bool *valid);
/* Appends one code point; surrogates and what is beyond U+10FFFF become U+FFFD. */
void utf8_encode(struct strbuf *out, uint32_t cp);
bool utf8_valid(struct str s);
/* Appends s with its invalid parts replaced. */
void utf8_sanitize(struct strbuf *out, struct str s);
/* How many bytes from `from` on are ASCII. */
size_t utf8_ascii_run(struct str s, size_t from);
/* The largest offset <= at that does not cut a character in two. */
size_t utf8_boundary(struct str s, size_t at);
/* Length of s without a character at its end whose last bytes are still missing. */
size_t utf8_complete(struct str s);
/* Length in UTF-16 units, as .NET counts. */
size_t utf8_utf16_length(struct str s);
bool utf8_is_space(uint32_t cp);
/* What a name may not bring to a terminal: control characters, line separators, noncharacters, and
 * those that turn the direction of the text behind them. */
bool utf8_is_hostile(uint32_t cp);
/* .NET's Trim and TrimStart: without leading (and trailing) white space. */
struct str utf8_trim(struct str s);
struct str utf8_trim_start(struct str s);

#endif
