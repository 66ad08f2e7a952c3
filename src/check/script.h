/* script.h - a step's script shown to a program that knows its language. */
#ifndef CHECK_SCRIPT_H
#define CHECK_SCRIPT_H

#include "check.h"

/* The `shell` in force, or NULL where nothing names one. */
const struct tok *script_shell(struct check *c, const struct step_view *step);

/* Gives the script to the program's standard input, each character of an expression as `filler`, so
 * that places stay what they are. *out is what it prints; false, with a warning, when it cannot be
 * asked. */
bool script_ask(struct check *c, const struct tok *run, const char *kind, const char *const *argv,
		char filler, struct str *out);

/* The byte of a 1-based line and column. */
size_t script_offset(struct str text, double line, double column);

#endif
