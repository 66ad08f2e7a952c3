/*
 * block.c - many lines of a step's log as one piece.
 *
 * A step may print gigabytes. Its lines have nearly everything in common, so what they have not is
 * all that is copied and looked at: the text travels as it is, and becomes records only where
 * records are wanted. Masking is here as for single records: there is no other way out.
 */
#include <inttypes.h>

#include "actc/event.h"
#include "encode.h"
#include "mask.h"

enum { BLOCK = 16 };

/* Sum of a block's bytes, none of which is larger than eight. */
static inline size_t block_sum(const unsigned char *v)
{
	uint64_t half[2];

	memcpy(half, v, BLOCK);
	return (size_t)((half[0] + half[1]) * 0x0101010101010101u >> 56);
}

/* Without branches: the compiler makes a few wide instructions of it. */
static size_t count_lines(struct str text)
{
	unsigned char ends[BLOCK];
	size_t n = 0, at = 0;

	for (; at + BLOCK <= text.len; at += BLOCK) {
		for (int i = 0; i < BLOCK; i++) {
			ends[i] = text.p[at + (size_t)i] == '\n';
		}
		n += block_sum(ends);
	}
	for (; at < text.len; at++) {
		n += text.p[at] == '\n';
	}
	return n;
}

void log_block_pack(struct strbuf *out, const struct log_block *b)
{
	strbuf_grow(out, b->head.len + b->text.len + 80);
	strbuf_addf(out, "%c%zu %zu %" PRIu64 " ", LOG_BLOCK_MARK, b->n, b->text.len, b->e.seq);
	strbuf_adds(out, b->head);
	strbuf_addc(out, '\n');
	strbuf_adds(out, b->text);
}

void event_emit_block(struct strbuf *out, struct masker *m, struct log_head *h,
		      const struct event *e, struct str text)
{
	struct log_block b = { .n = count_lines(text), .head = encode_head(h, e), .text = text };

	b.text = m ? masker_lines(m, text) : text;
	log_block_pack(out, &b);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* A number and the blank behind it. */
static bool take_number(struct str *rest, unsigned long *n)
{
	return rest->p && str_to_ulong(str_cut(rest, ' '), n);
}

enum log_block_status log_block_unpack(struct str bytes, struct log_block *b, size_t *used)
{
	size_t end = str_chr(bytes, '\n', 0);
	struct str rest = str_slice(bytes, 1, end);
	unsigned long n = 0, len = 0, seq = 0;

	if (end == STR_NPOS) {
		return LOG_BLOCK_MORE;
	}
	if (bytes.p[0] != LOG_BLOCK_MARK || !take_number(&rest, &n) || !take_number(&rest, &len) ||
	    !take_number(&rest, &seq) || !rest.p) {
		return LOG_BLOCK_BAD;
	}
	if (bytes.len - end - 1 < len) {
		return LOG_BLOCK_MORE;
	}
	*b = (struct log_block){ .n = n,
				 .head = rest,
				 .e = { .kind = EVENT_STEP_LOG, .seq = seq } };
	b->text = str_slice(bytes, end + 1, end + 1 + len);
	*used = end + 1 + len;
	return LOG_BLOCK_OK;
}

bool log_block_line(struct str *rest, struct str *line)
{
	if (rest->len == 0) {
		return false;
	}
	*line = str_cut(rest, '\n');
	return true;
}

/* --- as records --------------------------------------------------------------------------------
 */

void log_block_record(struct strbuf *out, const struct log_block *b, uint64_t seq, struct str line)
{
	event_stamp(out, b->head, seq);
	encode_string(out, line);
	strbuf_add(out, "}\n", 2);
}

static inline unsigned char extra(char byte)
{
	unsigned char c = (unsigned char)byte;
	unsigned char control = (unsigned char)((c < 0x20) & (c != '\n'));

	return (unsigned char)(((c == '"') | (c == '\\')) + 5 * control);
}

/* How many bytes more a text has as strings of JSON. */
static size_t escapes(struct str text)
{
	unsigned char more[BLOCK];
	size_t n = 0, at = 0;

	for (; at + BLOCK <= text.len; at += BLOCK) {
		for (int i = 0; i < BLOCK; i++) {
			more[i] = extra(text.p[at + (size_t)i]);
		}
		n += block_sum(more);
	}
	for (; at < text.len; at++) {
		n += extra(text.p[at]);
	}
	return n;
}

/* At most: a seq has as many digits as fit, and \t is shorter than \u0009. */
size_t log_block_size(const struct log_block *b)
{
	const size_t around = STR(",\"seq\":1234567890123\"\"}").len;

	return b->text.len + escapes(b->text) + b->n * (b->head.len + around);
}
