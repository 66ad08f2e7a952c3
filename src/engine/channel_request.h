/*
 * channel_request.h - requests that end with one RESULT.
 *
 * One that is waited for belongs to its caller; a queued one (WRITE, MKDIR, REMOVE) to itself.
 */
#ifndef ENGINE_CHANNEL_REQUEST_H
#define ENGINE_CHANNEL_REQUEST_H

#include "channel_impl.h"

struct request {
	struct chan_stream s;
	enum frame_type type;
	bool queued;
	bool done;
	bool lost;
	int sys;
	struct strbuf text; /* the agent's words when sys is not 0 */
	uint64_t size;
	uint32_t mode, uid;
	struct strbuf data;
	bool (*sink)(void *ctx, struct str bytes); /* takes what arrives, instead of data */
	void *ctx;
	bool sink_failed;
};

void request_init(struct request *q, enum frame_type type, size_t max_data);
void request_release(struct request *q);
/* Sends it and releases the payload. */
void request_send(struct channel *c, struct request *q, unsigned flags, struct strbuf *payload);
/* The answer of one that is done; false with the agent's words. */
bool request_outcome(const struct channel *c, const struct request *q, struct err *err);
/* Waits for it to be done. */
bool request_await(struct channel *c, struct request *q, struct err *err);

#endif
