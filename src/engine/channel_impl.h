/*
 * channel_impl.h - what the files of the channel share: the connection, and its streams.
 *
 * A stream is whatever was opened under a number: a process, a request, a forward or one of its
 * connections. Each brings its operations; the core owns numbers, credit, and the two buffers.
 */
#ifndef ENGINE_CHANNEL_IMPL_H
#define ENGINE_CHANNEL_IMPL_H

#include <poll.h>

#include "actc/channel.h"
#include "actc/frame.h"

struct chan_stream;

struct chan_ops {
	/* DATA. Credit for it is given back when the call returns, unless `own_credit`. */
	void (*data)(struct channel *c, struct chan_stream *s, struct str bytes);
	/* Any other frame on this stream. */
	void (*frame)(struct channel *c, struct chan_stream *s, const struct frame *f);
	/* The agent is gone; the stream was removed already. */
	void (*lost)(struct channel *c, struct chan_stream *s);
	/* Frees it without a word (the channel is closed by act-c itself). */
	void (*release)(struct chan_stream *s);
	/* Optional: a descriptor of its own to be polled, and what to do when poll reports it. */
	short (*wants)(const struct chan_stream *s, int *fd);
	void (*ready)(struct channel *c, struct chan_stream *s, short events);
	bool own_credit;
};

/* First member of every stream. */
struct chan_stream {
	const struct chan_ops *ops;
	struct chan_stream *next;
	uint32_t id;
	uint32_t owed;   /* received and not yet given back as credit */
	uint64_t credit; /* bytes the agent still takes from us */
};

struct channel {
	int in, out;
	int life_in, life_out;     /* what it began with, when that is not these any more; or -1 */
	struct channel_door *door; /* until the greeting, or NULL */
	struct channel_peer peer;
	bool greeted;
	bool lost;
	bool turning;
	char *why; /* of the loss */
	struct frame_input input;
	struct strbuf tx;
	struct chan_stream *streams;
	struct chan_stream *ended; /* of a lost channel: they still have a handle somewhere */
	uint32_t next_id;
	long long heard, pinged, turned;
	size_t queued;       /* requests whose answer nobody waits for in particular */
	struct err deferred; /* the first failure among them */
	struct pollfd *polls;
	struct chan_stream **pollers;
	size_t npolls;
	struct channel *joined;      /* served by the turns of this one */
	struct channel *next_joined; /* in the list of the one that serves it */
	size_t slot;                 /* of the polls of the one that serves it */
};

long long chan_now(void);
/* Gives the stream a number (act-c's next one if id is 0) and puts it into the list. */
void chan_add(struct channel *c, struct chan_stream *s, const struct chan_ops *ops, uint32_t id);
/* Takes it out of the list; the memory stays the caller's. */
void chan_remove(struct channel *c, struct chan_stream *s);
struct chan_stream *chan_find(struct channel *c, uint32_t id);
void chan_send(struct channel *c, enum frame_type type, uint8_t flags, uint32_t stream,
	       struct str payload);
/* Gives credit back once enough is owed. */
void chan_credit(struct channel *c, struct chan_stream *s, size_t n);
/* The connection is of no use any more. */
__attribute__((format(printf, 2, 3))) void chan_fail(struct channel *c, const char *fmt, ...);
/* Takes turns until *done; false when the agent is lost or timeout_ms (-1: none) have passed. */
bool chan_await(struct channel *c, const bool *done, int timeout_ms, struct err *err);
/* calloc that aborts. */
void *chan_alloc(size_t size);

/* channel_door.c: the connection that has come, which the caller closes, or -1; ends the door. */
int door_accept(struct channel_door *d);

/* channel_forward.c: FRAME_OPEN arrived. */
void forward_open(struct channel *c, struct chan_stream *listener, uint32_t id);

#endif
