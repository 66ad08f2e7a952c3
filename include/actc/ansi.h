/*
 * ansi.h - terminal escape sequences inside text: how long one is, and text without them.
 */
#ifndef ACTC_ANSI_H
#define ACTC_ANSI_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/str.h"
#include "actc/strbuf.h"

/* Length of the escape sequence that starts at s[at] (an ESC): CSI, OSC and the other strings up to
 * their end, or the two-byte forms. One that the text does not finish reaches to the end of the
 * text. *sgr tells whether it only sets colours and attributes. */
size_t ansi_sequence(struct str s, size_t at, bool *sgr);
/* Appends s without any escape sequence. */
void ansi_strip(struct strbuf *out, struct str s);

#endif
