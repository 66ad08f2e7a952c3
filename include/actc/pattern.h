/*
 * pattern.h - the patterns of `branches`, `tags` and `paths` (SEMANTICS 1.4 "Filter patterns").
 *
 * Not those of hashFiles (glob.h): here `?` and `+` repeat the character before them, and `**` is
 * anything, slashes too.
 */
#ifndef ACTC_PATTERN_H
#define ACTC_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/str.h"

/* Whether the whole text matches. A leading `!` is the list's business: here it is a character. */
bool pattern_match(struct str pattern, struct str text);

/* False when GitHub refuses it: *at is the offset into the pattern (a leading `!` included), *why
 * says what is wrong. */
bool pattern_valid(struct str pattern, size_t *at, const char **why);

#endif
