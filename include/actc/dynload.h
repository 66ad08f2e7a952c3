/*
 * dynload.h - shared libraries that are loaded when they are first needed.
 *
 * Linking a large library costs every start of the program, also of `act-c --version`; so what only
 * some commands need is looked up by name. The functions live in a struct whose members are typed
 * from the library's own header:
 *
 *     #define FUNCTIONS(X) X(foo_open) X(foo_close)
 *     struct foo { FUNCTIONS(DYNLOAD_MEMBER) };
 *     #define SYMBOL(function) DYNLOAD_SYMBOL(foo, function)
 *     static const struct dynload_symbol symbols[] = { FUNCTIONS(SYMBOL) };
 */
#ifndef ACTC_DYNLOAD_H
#define ACTC_DYNLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/err.h"

struct dynload_symbol {
	const char *name;
	size_t offset; /* of the function pointer in the table */
};

#define DYNLOAD_MEMBER(function)       __typeof__(function) *function;
#define DYNLOAD_SYMBOL(type, function) { #function, offsetof(struct type, function) },

/* Fills the table; the library stays loaded until it is forgotten, so a second call costs
 * little. ERR_NOT_FOUND when the library or one of its functions is not there. */
bool dynload(const char *soname, const struct dynload_symbol *symbols, size_t n, void *table,
	     struct err *err);

/* Unloads it, with what it brought; no table of it may be used any more. A later dynload() loads it
 * again. */
void dynload_forget(const char *soname);

#endif
