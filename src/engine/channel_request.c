/*
 * channel_request.c - files and directories in the machine: requests that end with one RESULT.
 *
 * WRITE, MKDIR and REMOVE are queued and forgotten until channel_sync(); the others wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel_request.h"

enum { TEXT_MAX = 64 * 1024 };

void request_init(struct request *q, enum frame_type type, size_t max_data)
{
	*q = (struct request){ .type = type };
	strbuf_init(&q->text, TEXT_MAX);
	strbuf_init(&q->data, max_data);
}

void request_release(struct request *q)
{
	strbuf_release(&q->text);
	strbuf_release(&q->data);
}

static void on_data(struct channel *c, struct chan_stream *s, struct str bytes)
{
	struct request *q = (struct request *)s;

	if (!q->sink) {
		(void)strbuf_adds(&q->data, bytes);
	} else if (!q->sink_failed && !q->sink(q->ctx, bytes)) {
		q->sink_failed = true;
		chan_send(c, FRAME_CLOSE, 0, s->id, STR_EMPTY);
	}
}

static void on_done(struct channel *c, struct request *q)
{
	q->done = true;
	if (!q->queued) {
		return;
	}
	c->queued--;
	if (q->sys != 0 && c->deferred.kind == ERR_NONE) {
		err_set(&c->deferred, ERR_SYSTEM, "%.*s", STR_ARG(strbuf_str(&q->text)));
		c->deferred.sys = q->sys;
	}
	request_release(q);
	free(q);
}

static void on_frame(struct channel *c, struct chan_stream *s, const struct frame *f)
{
	struct request *q = (struct request *)s;
	struct frame_reader r = frame_reader(f);

	if (f->type != FRAME_RESULT) {
		return;
	}
	q->sys = (int)frame_u32(&r);
	(void)strbuf_adds(&q->text, frame_bytes(&r));
	if (q->type == FRAME_STAT && q->sys == 0) {
		q->mode = frame_u32(&r);
		q->size = frame_u64(&r);
		q->uid = frame_u32(&r);
	} else if (q->type == FRAME_READ && q->sys == 0) {
		q->size = frame_u64(&r);
	}
	if (r.bad) {
		chan_fail(c, "the agent broke the protocol");
		return;
	}
	chan_remove(c, s);
	on_done(c, q);
}

static void on_lost(struct channel *c, struct chan_stream *s)
{
	struct request *q = (struct request *)s;

	q->lost = true;
	on_done(c, q);
}

static void on_release(struct chan_stream *s)
{
	struct request *q = (struct request *)s;

	if (q->queued) {
		request_release(q);
		free(q);
	}
}

static const struct chan_ops request_ops = {
	.data = on_data,
	.frame = on_frame,
	.lost = on_lost,
	.release = on_release,
};

void request_send(struct channel *c, struct request *q, unsigned flags, struct strbuf *payload)
{
	chan_add(c, &q->s, &request_ops, 0);
	chan_send(c, q->type, (uint8_t)flags, q->s.id, strbuf_str(payload));
	strbuf_release(payload);
	if (c->lost) {
		chan_remove(c, &q->s);
		on_lost(c, &q->s);
	}
}

static void queue(struct channel *c, enum frame_type type, bool as_root, struct strbuf *payload)
{
	struct request *q = chan_alloc(sizeof(*q));

	request_init(q, type, 1);
	q->queued = true;
	c->queued++;
	request_send(c, q, as_root ? FLAG_AS_ROOT : 0, payload);
}

void channel_write(struct channel *c, struct str path, unsigned mode, bool as_root,
		   struct str content)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, mode);
	frame_put_bytes(&b, path);
	strbuf_adds(&b, content);
	queue(c, FRAME_WRITE, as_root, &b);
}

void channel_mkdir(struct channel *c, struct str path, unsigned mode, bool as_root)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_u32(&b, mode);
	frame_put_bytes(&b, path);
	queue(c, FRAME_MKDIR, as_root, &b);
}

void channel_remove(struct channel *c, struct str path)
{
	struct strbuf b = STRBUF_INIT(0);

	frame_put_bytes(&b, path);
	queue(c, FRAME_REMOVE, false, &b);
}

static bool lost_error(const struct channel *c, struct err *err)
{
	return err_set(err, ERR_LOST, "%s", c->why ? c->why : "the agent is gone");
}

bool channel_sync(struct channel *c, struct err *err)
{
	while (c->queued > 0) {
		(void)channel_turn(c, -1, -1);
	}
	if (c->lost) {
		return lost_error(c, err);
	}
	if (c->deferred.kind != ERR_NONE) {
		*err = c->deferred;
		c->deferred = (struct err)ERR_INIT;
		return false;
	}
	return true;
}

bool request_outcome(const struct channel *c, const struct request *q, struct err *err)
{
	if (q->lost) {
		return lost_error(c, err);
	}
	if (q->sys != 0) {
		err_set(err, q->sys == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "%.*s",
			STR_ARG(strbuf_str(&q->text)));
		err->sys = q->sys;
		return false;
	}
	return true;
}

bool request_await(struct channel *c, struct request *q, struct err *err)
{
	while (!q->done) {
		(void)channel_turn(c, -1, -1);
	}
	return request_outcome(c, q, err);
}

static bool take_file(struct channel *c, struct arena *a, struct request *q,
		      struct file_content *file, struct err *err)
{
	struct err mine = ERR_INIT;

	*file = (struct file_content){ .path = file->path, .content = STR_EMPTY };
	if (request_await(c, q, &mine)) {
		file->found = true;
		file->too_large = q->size > q->data.len || q->data.overflow;
		file->content = arena_str(a, strbuf_str(&q->data));
		return true;
	}
	if (mine.kind != ERR_NOT_FOUND && err->kind == ERR_NONE) {
		*err = mine;
		return false;
	}
	err_release(&mine);
	return err->kind == ERR_NONE;
}

bool channel_read(struct channel *c, struct arena *a, struct file_content *files, size_t n,
		  size_t limit, struct err *err)
{
	struct request *q = chan_alloc((n + 1) * sizeof(*q));
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		struct strbuf b = STRBUF_INIT(0);

		request_init(&q[i], FRAME_READ, limit + 1);
		frame_put_u64(&b, limit);
		frame_put_bytes(&b, files[i].path);
		request_send(c, &q[i], 0, &b);
	}
	for (size_t i = 0; i < n; i++) {
		ok = take_file(c, a, &q[i], &files[i], err) && ok;
		request_release(&q[i]);
	}
	free(q);
	return ok;
}

bool channel_stat(struct channel *c, struct str path, struct file_stat *out, struct err *err)
{
	struct request q;
	struct strbuf b = STRBUF_INIT(0);
	bool ok;

	*out = (struct file_stat){ 0 };
	request_init(&q, FRAME_STAT, 1);
	frame_put_bytes(&b, path);
	request_send(c, &q, 0, &b);
	while (!q.done) {
		(void)channel_turn(c, -1, -1);
	}
	if (!q.lost && (q.sys == ENOENT || q.sys == ENOTDIR)) {
		ok = true;
	} else {
		ok = request_outcome(c, &q, err);
		*out = (struct file_stat){ ok, q.mode, q.size, q.uid };
	}
	request_release(&q);
	return ok;
}
