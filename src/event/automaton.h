/*
 * automaton.h - finding all occurrences of many byte strings at once (private to src/event).
 */
#ifndef ACTC_EVENT_AUTOMATON_H
#define ACTC_EVENT_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"

struct hit {
	size_t from;
	size_t to;
};

/* Hits in ascending order, those that overlap or touch merged into one. */
struct hits {
	size_t n;
	size_t cap;
	struct hit *v;
};

struct automaton;

struct automaton *automaton_new(void);
void automaton_free(struct automaton *a);
/* Adds a pattern (copied; an empty one is ignored). Cheap: links are made where a search needs
 * them. */
void automaton_add(struct automaton *a, struct str pattern);
/* Fills *hits; its memory is reused. */
void automaton_search(struct automaton *a, struct str text, struct hits *hits);
/* How many bytes at the end of the text are the longest beginning of a pattern (or a whole one). */
size_t automaton_suffix(struct automaton *a, struct str text);

#endif
