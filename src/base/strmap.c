/* strmap.c - an open-addressing hash table from strings to indices; nothing is ever removed. */
#include "actc/strmap.h"

static uint32_t hash_of(struct str key, bool nocase)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < key.len; i++) {
		unsigned char c = (unsigned char)key.p[i];

		if (nocase && c >= 'A' && c <= 'Z') {
			c = (unsigned char)(c + ('a' - 'A'));
		}
		h = (h ^ c) * 16777619u;
	}
	return h ? h : 1;
}

/* The entry of the key, or the free one where it belongs. */
static struct strmap_entry *find(const struct strmap *m, struct str key, uint32_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->v[i].hash != 0) {
		struct strmap_entry *e = &m->v[i];

		if (e->hash == hash && (m->nocase ? str_ieq(e->key, key) : str_eq(e->key, key))) {
			return e;
		}
		i = (i + 1) & (m->cap - 1);
	}
	return &m->v[i];
}

static void grow(struct arena *a, struct strmap *m)
{
	struct strmap bigger = { .nocase = m->nocase, .n = m->n, .cap = m->cap ? m->cap * 2 : 8 };

	bigger.v = arena_array(a, struct strmap_entry, bigger.cap);
	for (size_t i = 0; i < m->cap; i++) {
		if (m->v[i].hash != 0) {
			*find(&bigger, m->v[i].key, m->v[i].hash) = m->v[i];
		}
	}
	*m = bigger;
}

size_t *strmap_slot(struct arena *a, struct strmap *m, struct str key, bool *fresh)
{
	uint32_t hash = hash_of(key, m->nocase);

	/* Most have a few keys only: the keys of a mapping of a workflow. */
	if (m->n * 4 >= m->cap * 3) {
		grow(a, m);
	}

	struct strmap_entry *e = find(m, key, hash);

	if (fresh) {
		*fresh = e->hash == 0;
	}
	if (e->hash == 0) {
		*e = (struct strmap_entry){ .key = key, .hash = hash };
		m->n++;
	}
	return &e->value;
}

const size_t *strmap_get(const struct strmap *m, struct str key)
{
	if (m->cap == 0) {
		return NULL;
	}

	const struct strmap_entry *e = find(m, key, hash_of(key, m->nocase));

	return e->hash ? &e->value : NULL;
}
