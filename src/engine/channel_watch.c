/* channel_watch.c - a descriptor of the caller's that the turns of a channel wait for as well. */
#include <stdlib.h>

#include "channel_impl.h"

struct watch {
	struct chan_stream s;
	int fd;
	void (*ready)(void *ctx);
	void *ctx;
};

static void watch_data(struct channel *c, struct chan_stream *s, struct str bytes)
{
	(void)s;
	(void)bytes;
	chan_fail(c, "the agent broke the protocol");
}

static void watch_frame(struct channel *c, struct chan_stream *s, const struct frame *f)
{
	(void)c;
	(void)s;
	(void)f;
}

static void watch_lost(struct channel *c, struct chan_stream *s)
{
	(void)c;
	free(s);
}

static void watch_release(struct chan_stream *s)
{
	free(s);
}

static short watch_wants(const struct chan_stream *s, int *fd)
{
	*fd = ((const struct watch *)s)->fd;
	return POLLIN;
}

static void watch_ready(struct channel *c, struct chan_stream *s, short events)
{
	const struct watch *w = (const struct watch *)s;

	(void)c;
	(void)events;
	w->ready(w->ctx);
}

static const struct chan_ops watch_ops = {
	.data = watch_data,
	.frame = watch_frame,
	.lost = watch_lost,
	.release = watch_release,
	.wants = watch_wants,
	.ready = watch_ready,
};

void channel_watch(struct channel *c, int fd, void (*ready)(void *ctx), void *ctx)
{
	struct watch *w = chan_alloc(sizeof(*w));

	w->fd = fd;
	w->ready = ready;
	w->ctx = ctx;
	/* A number of our own that the agent never hears of. */
	chan_add(c, &w->s, &watch_ops, 0);
}
