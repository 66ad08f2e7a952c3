/* terminal.h - asking on the terminal. */
#ifndef ACTC_CLI_TERMINAL_H
#define ACTC_CLI_TERMINAL_H

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

/* Asks for a secret on standard input, which is a terminal, without an echo. Ctrl-C and Ctrl-D end
 * it with ERR_CANCELLED. */
bool terminal_ask_secret(struct arena *a, struct str name, struct str *value, struct err *err);

#endif
