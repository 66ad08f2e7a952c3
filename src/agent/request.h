/*
 * request.h - a frame's payload as typed values, checked.
 *
 * Pure: no side effects but allocations in the arena, so that the fuzzer can link it alone.
 */
#ifndef AGENT_REQUEST_H
#define AGENT_REQUEST_H

#include "actc/arena.h"
#include "actc/frame.h"

enum { REQUEST_NUMBERS = 2, REQUEST_TEXTS = 3, REQUEST_LISTS = 3 };

/* What the values mean for each type is in PROTOCOL.md and in the table of request.c. */
struct request {
	enum frame_type type;
	uint8_t flags;
	uint32_t stream;
	uint32_t number[REQUEST_NUMBERS];
	uint64_t big;
	const char *text[REQUEST_TEXTS]; /* without a NUL inside */
	struct str bytes;
	struct {
		size_t n;
		char **v; /* ends with NULL; no NUL inside */
	} list[REQUEST_LISTS];
};

enum request_status { REQUEST_OK, REQUEST_UNKNOWN, REQUEST_BAD };
enum request_status request_decode(struct arena *a, const struct frame *f, struct request *out);

#endif
