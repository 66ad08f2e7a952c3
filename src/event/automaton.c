/*
 * automaton.c - Aho-Corasick with a prefilter: the search behind masking.
 *
 * A trie of all patterns whose edges live in one hash table (compact: a dense table per state would
 * take megabytes for a few dozen secrets). Failure links are made for the states that a search
 * comes through, and forgotten all at once by an addition: so a step that adds a thousand masks
 * between its lines does not pay for the whole trie with each. Nearly all text holds no secret, so
 * the search leaves the start state only where a filter says that a pattern may be: a bit per hash
 * of four bytes. With no pattern shorter than seven bytes it is enough to look at every fourth
 * place, because the windows at a pattern's first four offsets are all in the filter; shorter
 * patterns make the stride smaller, and those of less than four bytes are looked for by their first
 * byte.
 *
 * It knows nothing of secrets and encodings: that is mask.c.
 */
#include "automaton.h"

#include <stdlib.h>

#include "actc/err.h"

enum {
	ROOT = 0,
	FILTER_BITS = 16,
	FILTER_BYTES = (1 << FILTER_BITS) / 8,
	WINDOW = 4, /* bytes that the filter's hash looks at */
	MAX_STRIDE = 4,
};

#define NO_STATE UINT32_MAX

struct state {
	uint32_t parent;
	uint32_t depth; /* length of the text that leads here */
	/* Of the generation that `linked` names: */
	uint32_t fail;    /* state of the longest proper suffix that is a prefix of a pattern */
	uint32_t longest; /* longest pattern that ends here, 0 = none */
	uint32_t linked;
	unsigned char byte; /* on the edge from the parent */
	bool whole;         /* a pattern is the text that leads here */
};

struct edge {
	uint32_t from; /* NO_STATE = free */
	uint32_t to;
	unsigned char byte;
};

struct automaton {
	struct state *states;
	size_t nstates, states_cap;
	struct edge *edges; /* open addressing; the capacity is a power of two */
	size_t nedges, edges_cap;
	uint32_t generation; /* of links: goes up when one that was made may be wrong */
	bool stale;          /* a pattern was added since */
	uint32_t *todo;      /* states whose links wait for those of others */
	size_t todo_cap;
	size_t stride;            /* places that the filter may go on at once */
	size_t longest;           /* length of the longest pattern */
	bool any_short;           /* shorter than the window */
	unsigned char first[256]; /* 1 where such a one begins */
	unsigned char filter[FILTER_BYTES];
	unsigned char second[FILTER_BYTES]; /* by another hash: asked where the first says yes */
};

static void *grow(void *old, size_t n, size_t size)
{
	BUG_ON(n > SIZE_MAX / size);

	void *p = realloc(old, n * size);

	BUG_ON(!p);
	return p;
}

/* --- the trie ----------------------------------------------------------------------------------
 */

static size_t edge_slot(uint32_t from, unsigned char byte, size_t cap)
{
	uint64_t key = (uint64_t)from << 8 | byte;

	return (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (cap - 1);
}

static uint32_t edge_find(const struct automaton *a, uint32_t from, unsigned char byte)
{
	size_t i = edge_slot(from, byte, a->edges_cap);

	while (a->edges[i].from != NO_STATE) {
		if (a->edges[i].from == from && a->edges[i].byte == byte) {
			return a->edges[i].to;
		}
		i = (i + 1) & (a->edges_cap - 1);
	}
	return NO_STATE;
}

static void edge_put(struct automaton *a, struct edge e)
{
	size_t i = edge_slot(e.from, e.byte, a->edges_cap);

	while (a->edges[i].from != NO_STATE) {
		i = (i + 1) & (a->edges_cap - 1);
	}
	a->edges[i] = e;
}

static void edges_resize(struct automaton *a, size_t cap)
{
	struct edge *old = a->edges;
	size_t old_cap = a->edges_cap;

	a->edges = grow(NULL, cap, sizeof(*a->edges));
	a->edges_cap = cap;
	for (size_t i = 0; i < cap; i++) {
		a->edges[i] = (struct edge){ .from = NO_STATE };
	}
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].from != NO_STATE) {
			edge_put(a, old[i]);
		}
	}
	free(old);
}

static uint32_t state_new(struct automaton *a, struct state s)
{
	if (a->nstates == a->states_cap) {
		a->states_cap = a->states_cap ? a->states_cap * 2 : 64;
		a->states = grow(a->states, a->states_cap, sizeof(*a->states));
	}
	BUG_ON(a->nstates >= NO_STATE);
	a->states[a->nstates] = s;
	return (uint32_t)a->nstates++;
}

static uint32_t state_below(struct automaton *a, uint32_t from, unsigned char byte)
{
	uint32_t to = state_new(
		a,
		(struct state){ .parent = from, .depth = a->states[from].depth + 1, .byte = byte });

	if (a->nedges * 2 >= a->edges_cap) {
		edges_resize(a, a->edges_cap * 2);
	}
	edge_put(a, (struct edge){ from, to, byte });
	a->nedges++;
	return to;
}

struct automaton *automaton_new(void)
{
	struct automaton *a = calloc(1, sizeof(*a));

	BUG_ON(!a);
	a->stride = MAX_STRIDE;
	a->generation = 1;
	edges_resize(a, 64);
	state_new(a, (struct state){ .parent = ROOT });
	return a;
}

void automaton_free(struct automaton *a)
{
	if (a) {
		free(a->states);
		free(a->edges);
		free(a->todo);
		free(a);
	}
}

/* --- the filter --------------------------------------------------------------------------------
 */

static inline uint32_t window(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint32_t hash(uint32_t window)
{
	return window * 0x9E3779B1u >> (32 - FILTER_BITS);
}

static inline uint32_t other_hash(uint32_t window)
{
	return (window ^ window >> 15) * 0x85EBCA77u >> (32 - FILTER_BITS);
}

static inline void set_bit(unsigned char *filter, uint32_t h)
{
	filter[h >> 3] = (unsigned char)(filter[h >> 3] | 1u << (h & 7));
}

static inline bool get_bit(const unsigned char *filter, uint32_t h)
{
	return filter[h >> 3] >> (h & 7) & 1;
}

/* A shorter pattern makes the stride smaller; what is in the filter already stays right. */
static void filter_add(struct automaton *a, struct str pattern)
{
	if (pattern.len < WINDOW) {
		a->any_short = true;
		a->stride = 1;
		a->first[(unsigned char)pattern.p[0]] = 1;
		return;
	}

	size_t windows = pattern.len - WINDOW + 1;

	a->stride = windows < a->stride ? windows : a->stride;
	for (size_t i = 0; i < windows && i < MAX_STRIDE; i++) {
		uint32_t w = window(pattern.p + i);

		set_bit(a->filter, hash(w));
		set_bit(a->second, other_hash(w));
	}
}

static inline bool filter_has(const struct automaton *a, const char *p)
{
	uint32_t w = window(p);

	return get_bit(a->filter, hash(w)) && get_bit(a->second, other_hash(w));
}

/* The next place at or after i whose window may be part of a pattern; the text's length when there
 * is none. */
static size_t next_window(const struct automaton *a, struct str text, size_t i)
{
	size_t stride = a->stride;

	for (; i + WINDOW <= text.len; i += stride) {
		if (filter_has(a, text.p + i)) {
			return i;
		}
	}
	return text.len;
}

/* The same with patterns that are shorter than a window. */
static size_t next_place(const struct automaton *a, struct str text, size_t i)
{
	for (; i < text.len; i++) {
		if (a->first[(unsigned char)text.p[i]] ||
		    (i + WINDOW <= text.len && filter_has(a, text.p + i))) {
			return i;
		}
	}
	return i;
}

void automaton_add(struct automaton *a, struct str pattern)
{
	uint32_t at = ROOT;

	if (pattern.len == 0) {
		return;
	}
	filter_add(a, pattern);
	a->longest = pattern.len > a->longest ? pattern.len : a->longest;
	for (size_t i = 0; i < pattern.len; i++) {
		unsigned char c = (unsigned char)pattern.p[i];
		uint32_t next = edge_find(a, at, c);

		at = next == NO_STATE ? state_below(a, at, c) : next;
	}
	a->states[at].whole = true;
	a->stale = true;
}

/* --- failure links -----------------------------------------------------------------------------
 */

static bool is_linked(const struct automaton *a, uint32_t state)
{
	return state == ROOT || a->states[state].linked == a->generation;
}

/* Finds the links of one state as far as those of others are there; else the state whose links are
 * needed first, which is always a shallower one. */
static uint32_t link_state(struct automaton *a, uint32_t at)
{
	struct state *s = &a->states[at];
	uint32_t from = s->parent;
	uint32_t next = NO_STATE;

	while (from != ROOT && next == NO_STATE) {
		if (!is_linked(a, from)) {
			return from;
		}
		from = a->states[from].fail;
		next = edge_find(a, from, s->byte);
	}
	s->fail = next == NO_STATE ? ROOT : next;
	if (!is_linked(a, s->fail)) {
		return s->fail;
	}
	s->longest = s->whole ? s->depth : a->states[s->fail].longest;
	s->linked = a->generation;
	return NO_STATE;
}

static void link_from(struct automaton *a, uint32_t at)
{
	size_t n = 0;

	for (;;) {
		uint32_t first = link_state(a, at);

		if (first == NO_STATE && n == 0) {
			return;
		}
		if (first == NO_STATE) {
			at = a->todo[--n];
			continue;
		}
		if (n == a->todo_cap) {
			a->todo_cap = a->todo_cap ? a->todo_cap * 2 : 64;
			a->todo = grow(a->todo, a->todo_cap, sizeof(*a->todo));
		}
		a->todo[n++] = at;
		at = first;
	}
}

/* Before a search: links that were made before the last addition are none any more. */
static void forget_links(struct automaton *a)
{
	if (!a->stale) {
		return;
	}
	a->stale = false;
	if (++a->generation == 0) {
		for (size_t i = 0; i < a->nstates; i++) {
			a->states[i].linked = 0;
		}
		a->generation = 1;
	}
}

/* The state after one more byte; its links are there. */
static uint32_t step(struct automaton *a, uint32_t at, unsigned char c)
{
	for (;;) {
		uint32_t next = edge_find(a, at, c);

		if (next != NO_STATE) {
			if (!is_linked(a, next)) {
				link_from(a, next);
			}
			return next;
		}
		if (at == ROOT) {
			return ROOT;
		}
		at = a->states[at].fail;
		if (!is_linked(a, at)) {
			link_from(a, at);
		}
	}
}

/* --- the search --------------------------------------------------------------------------------
 */

/* Hits come in the order of their ends; a later one can begin before earlier ones and then swallows
 * them. */
static void hits_add(struct hits *hits, struct hit h)
{
	while (hits->n && hits->v[hits->n - 1].to >= h.from) {
		size_t from = hits->v[--hits->n].from;

		h.from = from < h.from ? from : h.from;
	}
	if (hits->n == hits->cap) {
		hits->cap = hits->cap ? hits->cap * 2 : 16;
		hits->v = grow(hits->v, hits->cap, sizeof(*hits->v));
	}
	hits->v[hits->n++] = h;
}

/* Runs from text[i] through `place` and on until no pattern is under way; returns where that is. */
static size_t run(struct automaton *a, struct str text, size_t i, size_t place, struct hits *hits)
{
	uint32_t at = ROOT;

	for (; i < text.len && (i <= place || at != ROOT); i++) {
		at = step(a, at, (unsigned char)text.p[i]);
		if (a->states[at].longest) {
			hits_add(hits, (struct hit){ i + 1 - a->states[at].longest, i + 1 });
		}
	}
	return i;
}

void automaton_search(struct automaton *a, struct str text, struct hits *hits)
{
	hits->n = 0;
	if (a->nedges == 0) {
		return;
	}
	forget_links(a);
	for (size_t i = 0; i < text.len;) {
		size_t place = a->any_short ? next_place(a, text, i) : next_window(a, text, i);

		if (place == text.len) {
			break;
		}

		/* The pattern may have begun in the places that the stride left out. */
		size_t from = place - i < a->stride ? i : place - a->stride + 1;

		i = run(a, text, from, place, hits);
	}
}

size_t automaton_suffix(struct automaton *a, struct str text)
{
	uint32_t at = ROOT;

	forget_links(a);
	for (size_t i = text.len > a->longest ? text.len - a->longest : 0; i < text.len; i++) {
		at = step(a, at, (unsigned char)text.p[i]);
	}
	return a->states[at].depth;
}
