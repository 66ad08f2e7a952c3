/*
 * fuzz_lock.c - any bytes as a lock file: what is read without an error must be the same after it
 * was written and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/action_lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { NULL };
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	struct str text = str_mk((const char *)data, size);
	struct action_lock lock, again;

	if (action_lock_parse(&a, sources_add(&sources, STR("a.lock"), text), &diags, &lock)) {
		text = action_lock_text(&a, &lock);
		if (!action_lock_parse(&a, sources_add(&sources, STR("b.lock"), text), &diags,
				       &again) ||
		    again.nentries != lock.nentries || again.nworkflows != lock.nworkflows ||
		    !str_eq(action_lock_text(&a, &again), text)) {
			abort();
		}
	}
	arena_release(&a);
	return 0;
}
