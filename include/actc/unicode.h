/*
 * unicode.h - upper-casing and white space as GitHub's expression language needs them, on top of
 * utf8.h.
 */
#ifndef ACTC_UNICODE_H
#define ACTC_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"

/* Simple upper-casing as .NET's ordinal comparison does it: dotless i and long s stay. */
uint32_t unicode_upper(uint32_t cp);
/* Bytes of the white space character at `at` (.NET's Char.IsWhiteSpace), or 0. */
size_t unicode_space_at(struct str s, size_t at);
bool str_is_ascii(struct str s);

#endif
