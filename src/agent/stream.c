/*
 * stream.c - bytes between act-c and a descriptor, in both directions, each stream by its own
 * credit.
 *
 * Towards act-c nothing is stored: a source is read only when the channel's queue is empty and the
 * stream has credit, so a loud process fills its own pipe and blocks. From act-c at most the
 * granted credit is held.
 */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream *stream_new(struct agent *a, uint32_t id, enum stream_kind kind)
{
	struct stream *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	*s = (struct stream){
		.next = a->streams,
		.id = id,
		.kind = kind,
		.src = -1,
		.credit = STREAM_CREDIT,
		.left = UINT64_MAX,
		.dst = -1,
		.grant = STREAM_CREDIT,
		.report = -1,
	};
	strbuf_init(&s->pending, 0);
	a->streams = s;
	return s;
}

struct stream *stream_find(struct agent *a, uint32_t id)
{
	for (struct stream *s = a->streams; s; s = s->next) {
		if (s->id == id && !s->gone) {
			return s;
		}
	}
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

/* Closes everything; the memory goes with the sweep, so that loops over the list stay valid. */
void stream_drop(struct stream *s)
{
	if (s->dst == s->src) {
		s->dst = -1;
	}
	close_fd(&s->src);
	close_fd(&s->dst);
	close_fd(&s->report);
	if (s->unlink_path) {
		(void)unlink(s->unlink_path);
	}
	s->gone = true;
}

void stream_sweep(struct agent *a)
{
	struct stream **at = &a->streams;

	while (*at) {
		struct stream *s = *at;

		if (!s->gone) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		strbuf_release(&s->pending);
		free(s->mark);
		if (s->files) {
			files_discard(a->old_files);
			a->old_files = s->files;
		}
		free(s->dial);
		free(s->unlink_path);
		free(s->contacts);
		free(s);
	}
}

short stream_wants_src(const struct agent *a, const struct stream *s)
{
	if (s->gone || s->src < 0) {
		return 0;
	}
	if (s->kind == STREAM_LISTEN || s->kind == STREAM_WATCH) {
		return POLLIN;
	}
	return s->credit > 0 && (a->queue.len == 0 || !a->hurry) ? POLLIN : 0;
}

short stream_wants_dst(const struct stream *s)
{
	return !s->gone && s->dst >= 0 && s->pending.len > 0 ? POLLOUT : 0;
}

/* A connection is one descriptor for both directions. */
static void shut(struct stream *s, int *fd, int how)
{
	if (s->kind != STREAM_CONN) {
		close_fd(fd);
		return;
	}
	if (s->src == s->dst) {
		(void)shutdown(*fd, how);
		*fd = -1;
	} else {
		close_fd(fd);
	}
}

static void source_ended(struct agent *a, struct stream *s)
{
	shut(s, &s->src, SHUT_RD);
	if (s->kind == STREAM_PROC && !s->exited) {
		agent_send_later(a, FRAME_EOF, s->id, STR_EMPTY); /* with its EXITED */
	} else {
		agent_send(a, FRAME_EOF, s->id, STR_EMPTY);
	}
}

/* Header and payload lie behind one another in a->chunk: one write, and only its rest is copied. */
static void send_chunk(struct agent *a, const struct stream *s, size_t len)
{
	size_t total = FRAME_HEADER + len;
	ssize_t n;

	frame_header(a->chunk, FRAME_DATA, 0, s->id, (uint32_t)len);
	do {
		n = a->queue.len ? 0 : write(a->out, a->chunk, total);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		a->over = true;
		return;
	}

	size_t done = n > 0 ? (size_t)n : 0;

	strbuf_add(&a->queue, a->chunk + done, total - done);
	a->hurry = true;
}

void stream_pump(struct agent *a, struct stream *s)
{
	enum { ROUNDS = 4 }; /* then it is the next stream's turn */

	for (int i = 0; i < ROUNDS && stream_wants_src(a, s) && s->left > 0; i++) {
		uint64_t max = s->credit < s->left ? s->credit : s->left;
		size_t want = max < FRAME_MAX ? (size_t)max : (size_t)FRAME_MAX;
		ssize_t n = read(s->src, a->chunk + FRAME_HEADER, want);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			break;
		}
		if (n <= 0) {
			/* A pty whose last program is gone says EIO. */
			source_ended(a, s);
			break;
		}
		s->credit -= (uint64_t)n;
		if (s->left != UINT64_MAX) {
			s->left -= (uint64_t)n;
		}
		send_chunk(a, s, (size_t)n);
	}
	stream_settle(a, s);
}

static void give_credit(struct agent *a, struct stream *s, size_t n)
{
	struct strbuf b = STRBUF_INIT(0);

	s->owed += (uint32_t)n;
	if (s->owed < STREAM_CREDIT / 2) {
		return;
	}
	frame_put_u32(&b, s->owed);
	agent_send(a, FRAME_CREDIT, s->id, strbuf_str(&b));
	strbuf_release(&b);
	s->grant += s->owed;
	s->owed = 0;
}

/* As much as dst takes now. What nobody reads any more is thrown away, so the sender goes on. */
static size_t write_some(struct stream *s, struct str bytes)
{
	size_t done = 0;

	while (done < bytes.len && s->dst >= 0) {
		ssize_t n = write(s->dst, bytes.p + done, bytes.len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			return done;
		} else if (errno != EINTR) {
			shut(s, &s->dst, SHUT_WR);
		}
	}
	return bytes.len;
}

void stream_data(struct agent *a, struct stream *s, struct str bytes)
{
	size_t done = 0;

	if (s->ending || bytes.len > s->grant) {
		agent_fault(a, "stream %u was sent more than it may take", (unsigned)s->id);
		return;
	}
	s->grant -= bytes.len;
	if (s->pending.len == 0) {
		done = write_some(s, bytes);
		give_credit(a, s, done);
	}
	strbuf_add(&s->pending, bytes.p + done, bytes.len - done);
}

void stream_drain(struct agent *a, struct stream *s)
{
	size_t done = write_some(s, strbuf_str(&s->pending));

	strbuf_consume(&s->pending, done);
	give_credit(a, s, done);
	if (s->ending && s->pending.len == 0 && s->dst >= 0) {
		shut(s, &s->dst, SHUT_WR);
	}
	stream_settle(a, s);
}

void stream_eof(struct agent *a, struct stream *s)
{
	if (s->kind == STREAM_WATCH) {
		contacts_end(a, s);
		return;
	}
	s->ending = true;
	stream_drain(a, s);
}

/* Each kind has its own idea of when it is over. */
void stream_settle(struct agent *a, struct stream *s)
{
	if (s->gone) {
		return;
	}
	switch (s->kind) {
	case STREAM_PROC:
		proc_settle(a, s);
		break;
	case STREAM_WORK:
		work_settle(a, s);
		break;
	case STREAM_FILE:
		file_settle(a, s);
		break;
	case STREAM_CONN:
		if (s->dst < 0 && !s->ending) {
			/* Whoever connected is gone: the other end need not go on sending. */
			agent_send(a, FRAME_CLOSE, s->id, STR_EMPTY);
			stream_drop(s);
		} else if (s->src < 0 && s->dst < 0) {
			stream_drop(s);
		}
		break;
	case STREAM_LISTEN:
	case STREAM_WATCH:
		break;
	}
}

/* Told by act-c that it is not interested any more. */
void stream_close(struct stream *s)
{
	if (s->kind == STREAM_PROC) {
		return;
	}
	if (s->kind == STREAM_WORK) {
		work_cancel(s);
		return;
	}
	stream_drop(s);
}
