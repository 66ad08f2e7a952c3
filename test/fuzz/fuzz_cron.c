/*
 * fuzz_cron.c - schedules of any bytes: what is taken has five fields of the characters that a
 * schedule has, and an interval.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_valid(struct str spec)
{
	unsigned minutes = cron_interval(spec);
	size_t blanks = 0;

	for (size_t i = 0; i < spec.len; i++) {
		unsigned char c = (unsigned char)spec.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (c < '0' || c > '9') && (!c || !strchr("*,-/ ", c))) {
			abort();
		}
		blanks += c == ' ' && spec.p[i + 1] != ' ';
	}
	if (blanks != 4 || minutes < 1 || minutes > 60) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct str spec = arena_str(&a, str_mk((const char *)data, size));

	if (cron_valid(spec, false)) {
		check_valid(spec);
	}
	arena_release(&a);
	return 0;
}
