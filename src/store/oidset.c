/* oidset.c - open addressing: the ids are hashes already. */
#include "oidset.h"

#include <string.h>

static size_t slot_of(const struct oidset *set, const git_oid *id)
{
	size_t at;

	memcpy(&at, id->id, sizeof(at));
	at &= set->cap - 1;
	while (set->used[at] && memcmp(set->slot[at].id, id->id, sizeof(id->id)) != 0) {
		at = (at + 1) & (set->cap - 1);
	}
	return at;
}

bool oidset_has(const struct oidset *set, const git_oid *id)
{
	return set->cap > 0 && set->used[slot_of(set, id)];
}

static void grow(struct arena *a, struct oidset *set)
{
	struct oidset wider = { .cap = set->cap ? set->cap * 2 : 64 };

	wider.slot = arena_array(a, git_oid, wider.cap);
	wider.used = arena_array(a, bool, wider.cap);
	for (size_t i = 0; i < set->cap; i++) {
		if (set->used[i]) {
			(void)oidset_add(a, &wider, &set->slot[i]);
		}
	}
	*set = wider;
}

bool oidset_add(struct arena *a, struct oidset *set, const git_oid *id)
{
	if (set->n * 2 >= set->cap) {
		grow(a, set);
	}

	size_t at = slot_of(set, id);

	if (set->used[at]) {
		return false;
	}
	set->used[at] = true;
	set->slot[at] = *id;
	set->n++;
	return true;
}
