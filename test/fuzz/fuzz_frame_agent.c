/*
 * fuzz_frame_agent.c - any bytes as what act-c sends to its agent: joined to messages and decoded
 * to requests, as the agent does before it acts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Belongs to the agent's own program, not to the library. */
#include "../../src/agent/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads all that a request says, so that a wrong pointer is seen. */
static size_t weigh(const struct request *r)
{
	size_t sum = r->bytes.len;

	for (size_t i = 0; i < r->bytes.len; i++) {
		sum += (unsigned char)r->bytes.p[i];
	}
	for (size_t i = 0; i < REQUEST_TEXTS; i++) {
		sum += r->text[i] ? strlen(r->text[i]) : 0;
	}
	for (size_t i = 0; i < REQUEST_LISTS; i++) {
		for (size_t k = 0; k < r->list[i].n; k++) {
			sum += strlen(r->list[i].v[k]);
		}
		if (r->list[i].v && r->list[i].v[r->list[i].n]) {
			abort();
		}
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_input in;
	struct arena a = ARENA_INIT;
	size_t sum = 0;
	size_t step = size > 0 ? 1U + data[0] : 1;
	bool bad = false;

	frame_input_init(&in, 2 * (FRAME_HEADER + FRAME_MAX));
	for (size_t at = 1; at < size && !bad; at += step) {
		struct frame f;
		size_t room, n = size - at < step ? size - at : step;
		enum frame_status status;

		memcpy(frame_input_room(&in, &room), data + at, n);
		frame_input_add(&in, n);
		while ((status = frame_input_next(&in, &f)) == FRAME_OK) {
			struct request r;

			if (request_decode(&a, &f, &r) == REQUEST_OK) {
				sum += weigh(&r);
			}
		}
		bad = status == FRAME_BAD;
	}
	frame_input_release(&in);
	arena_release(&a);
	return sum == SIZE_MAX;
}
