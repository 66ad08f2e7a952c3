/*
 * ansi.h - terminal escape sequences inside text: how long one is, text without them, and text in
 * which they are harmless.
 */
#ifndef ACTC_ANSI_H
#define ACTC_ANSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "actc/str.h"
#include "actc/strbuf.h"

/* Length of the escape sequence that starts at s[at] (an ESC): CSI, OSC and the other strings up to
 * their end, or the two-byte forms. One that the text does not finish reaches to the end of the
 * text. *sgr tells whether it only sets colours and attributes. */
size_t ansi_sequence(struct str s, size_t at, bool *sgr);
/* Appends s without any escape sequence. */
void ansi_strip(struct strbuf *out, struct str s);
/* Writes s, of which a terminal obeys nothing but line ends and tabs: other control characters are
 * shown, as ^[ and <9B>. */
void ansi_print(FILE *out, struct str s);

#endif
