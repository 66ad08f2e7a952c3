/*
 * frame.c - encoding, decoding and joining of the frames that act-c and its agent exchange.
 *
 * Pure functions over memory: no descriptors, no knowledge of what a verb means. Everything that
 * comes from the other side is checked here for length, and only for that.
 */
#include "actc/frame.h"

#include <stdlib.h>

#include "actc/err.h"

static void store_u32(uint8_t *out, uint32_t v)
{
	out[0] = (uint8_t)v;
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)(v >> 16);
	out[3] = (uint8_t)(v >> 24);
}

static uint32_t load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void frame_header(uint8_t *out, enum frame_type type, uint8_t flags, uint32_t stream, uint32_t len)
{
	store_u32(out, len);
	out[4] = (uint8_t)type;
	out[5] = flags;
	out[6] = 0;
	out[7] = 0;
	store_u32(out + 8, stream);
}

void frame_send(struct strbuf *out, enum frame_type type, uint8_t flags, uint32_t stream,
		struct str payload)
{
	BUG_ON(payload.len > FRAME_MESSAGE_MAX);
	for (;;) {
		uint8_t head[FRAME_HEADER];
		bool part = payload.len > FRAME_MAX;
		size_t n = part ? (size_t)FRAME_MAX : payload.len;

		frame_header(head, type, part ? (uint8_t)(flags | FLAG_PART) : flags, stream,
			     (uint32_t)n);
		strbuf_add(out, head, sizeof(head));
		strbuf_add(out, payload.p, n);
		if (!part) {
			return;
		}
		payload = str_mk(payload.p + n, payload.len - n);
	}
}

void frame_put_u32(struct strbuf *b, uint32_t v)
{
	uint8_t raw[4];

	store_u32(raw, v);
	strbuf_add(b, raw, sizeof(raw));
}

void frame_put_u64(struct strbuf *b, uint64_t v)
{
	frame_put_u32(b, (uint32_t)v);
	frame_put_u32(b, (uint32_t)(v >> 32));
}

void frame_put_bytes(struct strbuf *b, struct str s)
{
	BUG_ON(s.len > FRAME_MESSAGE_MAX);
	frame_put_u32(b, (uint32_t)s.len);
	strbuf_add(b, s.p, s.len);
}

void frame_put_list(struct strbuf *b, const struct str *v, size_t n)
{
	frame_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		frame_put_bytes(b, v[i]);
	}
}

enum frame_status frame_decode(const uint8_t *p, size_t len, struct frame *f, size_t *used)
{
	uint32_t n;

	if (len < FRAME_HEADER) {
		return FRAME_MORE;
	}
	n = load_u32(p);
	if (n > FRAME_MAX || p[4] == 0 || p[6] != 0 || p[7] != 0) {
		return FRAME_BAD;
	}
	if (len - FRAME_HEADER < n) {
		return FRAME_MORE;
	}
	f->type = (enum frame_type)p[4];
	f->flags = p[5];
	f->stream = load_u32(p + 8);
	f->len = n;
	f->payload = p + FRAME_HEADER;
	*used = FRAME_HEADER + n;
	return FRAME_OK;
}

void frame_input_init(struct frame_input *in, size_t cap)
{
	/* A whole frame always fits behind a move, so that every read makes progress. */
	BUG_ON(cap < 2 * (FRAME_HEADER + FRAME_MAX));
	*in = (struct frame_input){ .p = malloc(cap), .cap = cap };
	BUG_ON(!in->p);
	strbuf_init(&in->whole, FRAME_MESSAGE_MAX);
}

void frame_input_release(struct frame_input *in)
{
	free(in->p);
	in->p = NULL;
	strbuf_release(&in->whole);
}

void frame_input_drop(struct frame_input *in)
{
	in->at = in->len = 0;
}

uint8_t *frame_input_room(struct frame_input *in, size_t *room)
{
	if (in->at == in->len) {
		in->at = 0;
		in->len = 0;
	} else if (in->cap - in->len < in->cap / 4) {
		memmove(in->p, in->p + in->at, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
	}
	*room = in->cap - in->len;
	return in->p + in->len;
}

void frame_input_add(struct frame_input *in, size_t n)
{
	BUG_ON(n > in->cap - in->len);
	in->len += n;
}

/* Puts a part to what is there; FRAME_OK when the message is whole. */
static enum frame_status join(struct frame_input *in, struct frame *f)
{
	bool last = !(f->flags & FLAG_PART);

	if (in->joining && (f->type != in->type || f->stream != in->stream)) {
		return FRAME_BAD;
	}
	if (!strbuf_add(&in->whole, f->payload, f->len)) {
		return FRAME_BAD;
	}
	in->joining = !last;
	in->type = f->type;
	in->stream = f->stream;
	f->payload = (const uint8_t *)in->whole.p;
	f->len = (uint32_t)in->whole.len;
	in->delivered = last;
	return last ? FRAME_OK : FRAME_MORE;
}

enum frame_status frame_input_next(struct frame_input *in, struct frame *f)
{
	if (in->delivered) {
		strbuf_release(&in->whole);
		in->delivered = false;
	}
	for (;;) {
		size_t used;
		enum frame_status status = frame_decode(in->p + in->at, in->len - in->at, f, &used);

		if (status != FRAME_OK) {
			return status;
		}
		in->at += used;
		if (!in->joining && !(f->flags & FLAG_PART)) {
			return FRAME_OK;
		}
		status = join(in, f);
		if (status != FRAME_MORE) {
			return status;
		}
	}
}

struct frame_reader frame_reader(const struct frame *f)
{
	return (struct frame_reader){ f->payload, f->len, false };
}

static const uint8_t *take(struct frame_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || r->left < n) {
		r->bad = true;
		r->left = 0;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

uint32_t frame_u32(struct frame_reader *r)
{
	const uint8_t *p = take(r, 4);

	return p ? load_u32(p) : 0;
}

uint64_t frame_u64(struct frame_reader *r)
{
	uint64_t low = frame_u32(r);

	return low | (uint64_t)frame_u32(r) << 32;
}

struct str frame_bytes(struct frame_reader *r)
{
	uint32_t n = frame_u32(r);
	const uint8_t *p = take(r, n);

	return p ? str_mk((const char *)p, n) : STR_EMPTY;
}
