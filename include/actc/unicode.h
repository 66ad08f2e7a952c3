/*
 * unicode.h - code points in UTF-8 text, as far as GitHub's expression language needs them.
 *
 * GitHub measures and compares in UTF-16 units; texts here are UTF-8. An invalid sequence reads as
 * U+FFFD, one for each maximal part of a sequence, as .NET decodes it.
 */
#ifndef ACTC_UNICODE_H
#define ACTC_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"

#define UNICODE_REPLACEMENT 0xFFFDu

/* Decodes the code point at *at and moves *at behind it; *at must be inside s. */
uint32_t utf8_next(struct str s, size_t *at);
/* The same, telling an invalid sequence from a written U+FFFD. */
uint32_t utf8_decode(struct str s, size_t *at, bool *valid);
/* Encodes; returns the number of bytes. Surrogates become U+FFFD. */
size_t utf8_put(char out[4], uint32_t cp);
/* The number of UTF-16 units, which is what GitHub calls a string's length. */
size_t utf16_len(struct str s);
bool str_is_ascii(struct str s);

/* Bytes of the white space character at `at` (.NET's Char.IsWhiteSpace), or 0. */
size_t unicode_space_at(struct str s, size_t at);
/* Without leading and trailing white space of that kind. */
struct str unicode_trim(struct str s);
/* Simple upper-casing as .NET's ordinal comparison does it: dotless i and long s stay. */
uint32_t unicode_upper(uint32_t cp);

#endif
