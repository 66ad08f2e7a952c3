/*
 * channel_transfer.c - what carries much or takes long: tar streams in and out, and hashing.
 */
#include <errno.h>
#include <stdlib.h>

#include "channel_request.h"

enum {
	CHUNK = 128 * 1024,
	TX_HIGH = 1024 * 1024, /* more is not read from a source until this was sent */
	HASH_MS = 120 * 1000,  /* SEMANTICS 2.10 */
};

/* Reads once from the source and sends it; false at its end, *failed when that was an error. */
static bool put_some(struct channel *c, struct request *q, const struct tar_source *source,
		     char *buffer, bool *failed)
{
	size_t want = q->s.credit < CHUNK ? (size_t)q->s.credit : (size_t)CHUNK;
	ssize_t n = source->more(source->ctx, buffer, want);

	if (n > 0) {
		q->s.credit -= (uint64_t)n;
		chan_send(c, FRAME_DATA, 0, q->s.id, str_mk(buffer, (size_t)n));
		return true;
	}
	*failed = n < 0;
	chan_send(c, n < 0 ? FRAME_CLOSE : FRAME_EOF, 0, q->s.id, STR_EMPTY);
	return false;
}

bool channel_put(struct channel *c, struct str dir, const struct tar_source *source,
		 struct err *err)
{
	struct request q;
	struct strbuf b = STRBUF_INIT(0);
	char *buffer = chan_alloc(CHUNK);
	bool more = true;
	bool failed = false;
	bool ok;

	request_init(&q, FRAME_PUT, 1);
	frame_put_bytes(&b, dir);
	request_send(c, &q, 0, &b);
	while (!q.done) {
		bool can = more && q.s.credit > 0 && c->tx.len < TX_HIGH;

		if (can) {
			more = put_some(c, &q, source, buffer, &failed);
		}
		/* With more to send only a look at what has arrived. */
		(void)channel_turn(c, -1, can && more ? 0 : -1);
	}
	free(buffer);
	if (failed && !q.lost) {
		ok = err_set(err, ERR_SYSTEM, "the source of the archive failed");
	} else {
		ok = request_outcome(c, &q, err);
	}
	request_release(&q);
	return ok;
}

bool channel_get(struct channel *c, struct str path, bool (*sink)(void *ctx, struct str bytes),
		 void *ctx, struct err *err)
{
	struct request q;
	struct strbuf b = STRBUF_INIT(0);
	bool ok;

	request_init(&q, FRAME_GET, 1);
	q.sink = sink;
	q.ctx = ctx;
	frame_put_bytes(&b, path);
	request_send(c, &q, 0, &b);
	while (!q.done) {
		(void)channel_turn(c, -1, -1);
	}
	if (q.sink_failed && !q.lost) {
		ok = err_set(err, ERR_SYSTEM, "the archive could not be taken");
	} else {
		ok = request_outcome(c, &q, err);
	}
	request_release(&q);
	return ok;
}

/* `--follow-symbolic-links`, in any case, as the first pattern. */
static bool take_option(const struct str **patterns, size_t *n, unsigned *flags, struct err *err)
{
	struct str first = *n > 0 ? (*patterns)[0] : STR_EMPTY;

	if (!str_starts(first, STR("--"))) {
		return true;
	}
	if (!str_ieq(first, STR("--follow-symbolic-links"))) {
		return err_set(err, ERR_INVALID,
			       "Invalid glob option %.*s, avaliable option: "
			       "'--follow-symbolic-links'.",
			       STR_ARG(first));
	}
	*flags = FLAG_FOLLOW;
	(*patterns)++;
	(*n)--;
	return true;
}

bool channel_hash(struct channel *c, struct arena *a, struct str dir, const struct str *patterns,
		  size_t n, struct str *out, struct err *err)
{
	struct request q;
	struct strbuf b = STRBUF_INIT(0);
	unsigned flags = 0;
	bool ok;

	if (!take_option(&patterns, &n, &flags, err)) {
		return false;
	}
	request_init(&q, FRAME_HASH, 64);
	frame_put_bytes(&b, dir);
	frame_put_bytes(&b, c->peer.home);
	frame_put_list(&b, patterns, n);
	request_send(c, &q, flags, &b);
	ok = chan_await(c, &q.done, HASH_MS, err);
	if (ok) {
		ok = request_outcome(c, &q, err);
	} else if (!q.done) {
		chan_send(c, FRAME_CLOSE, 0, q.s.id, STR_EMPTY);
		chan_remove(c, &q.s);
	}
	*out = ok ? arena_str(a, strbuf_str(&q.data)) : STR_EMPTY;
	request_release(&q);
	return ok;
}
