/*
 * block.c - many lines of a step's log as one piece.
 *
 * A step may print gigabytes. Its lines have nearly everything in common, so what they have not is
 * all that is copied and looked at: the text travels as it is, and becomes records only where
 * records are wanted. Masking is here as for single records: there is no other way out.
 */
#include <inttypes.h>

#include "actc/event.h"
#include "actc/utf8.h"
#include "encode.h"
#include "mask.h"

/* Bytes that are looked at together; so many times before it counts that one of them was doubtful;
 * and until the sums no longer fit into bytes. */
enum { BLOCK = 16, GROUP = 4 * BLOCK, ROUNDS = 63 };

/* How many of the bytes at each place of a block are what. */
struct sums {
	unsigned char ends[BLOCK], quotes[BLOCK], controls[BLOCK], doubtful[BLOCK];
};

/* Doubtful is what may begin a character that utf8_is_hostile() names: all other bytes do not. */
static inline void add_byte(struct sums *s, int i, char byte)
{
	unsigned char c = (unsigned char)byte;
	unsigned char end = c == '\n', low = (c < 0x20) ^ end;

	s->ends[i] = (unsigned char)(s->ends[i] + end);
	s->quotes[i] = (unsigned char)(s->quotes[i] + ((c == '"') | (c == '\\')));
	s->controls[i] = (unsigned char)(s->controls[i] + low);
	s->doubtful[i] |= (unsigned char)((low ^ (c == '\t')) | (c == 0x7F) | (c == 0xC2) |
					  (c == 0xE2) | (c >= 0xEF));
}

static void take_sums(struct log_block *b, struct sums *s)
{
	for (int i = 0; i < BLOCK; i++) {
		b->n += s->ends[i];
		b->escapes += s->quotes[i] + 5U * s->controls[i];
	}
	*s = (struct sums){ { 0 }, { 0 }, { 0 }, { 0 } };
}

static inline bool was_doubtful(struct sums *s)
{
	uint64_t half[2];

	memcpy(half, s->doubtful, BLOCK);
	memset(s->doubtful, 0, BLOCK);
	return (half[0] | half[1]) != 0;
}

/* Whether a character that begins in a part of the text is hostile. What is doubtful is most often
 * a tick or a quotation mark. */
static bool is_hostile(struct str text, size_t from, size_t to)
{
	for (; from < to; from++) {
		unsigned char c = (unsigned char)text.p[from];
		uint32_t cp = c;

		if ((c >= 0x20 && c < 0x7F) || (c >= 0x80 && c < 0xC2) || c == '\n' || c == '\t') {
			continue; /* most by far, and the inside of a character */
		}
		if (c >= 0xC2) {
			(void)utf8_at(text, from, &cp);
		}
		if (utf8_is_hostile(cp)) {
			return true;
		}
	}
	return false;
}

static inline void look_at_group(struct log_block *b, struct sums *s, size_t at)
{
	for (size_t k = at; k < at + GROUP; k += BLOCK) {
		for (int i = 0; i < BLOCK; i++) {
			add_byte(s, i, b->text.p[k + (size_t)i]);
		}
	}
	if (was_doubtful(s) && b->plain) {
		b->plain = !is_hostile(b->text, at, at + GROUP);
	}
}

/* All that is to be known of the text, in one pass. Nearly without branches: the compiler makes a
 * few wide instructions of it. */
static void look_at(struct log_block *b)
{
	struct sums s = { { 0 }, { 0 }, { 0 }, { 0 } };
	size_t at = 0, len = b->text.len;

	b->n = b->escapes = 0;
	b->plain = true;
	while (len - at >= GROUP) {
		for (int k = 0; k < ROUNDS && len - at >= GROUP; k++, at += GROUP) {
			look_at_group(b, &s, at);
		}
		take_sums(b, &s);
	}
	b->plain = b->plain && !is_hostile(b->text, at, len);
	for (; at < len; at++) {
		add_byte(&s, (int)(at % BLOCK), b->text.p[at]);
	}
	take_sums(b, &s);
}

void log_block_pack_head(struct strbuf *out, const struct log_block *b)
{
	strbuf_addf(out, "%c%zu %zu %" PRIu64 " %zu %d ", LOG_BLOCK_MARK, b->n, b->text.len,
		    b->e.seq, b->escapes, b->plain);
	strbuf_adds(out, b->head);
	strbuf_addc(out, '\n');
}

void event_block(struct log_block *b, struct masker *m, struct log_head *h, const struct event *e,
		 struct str text)
{
	*b = (struct log_block){ .head = encode_head(h, e),
				 .text = m ? masker_lines(m, text) : text };
	look_at(b);
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
	unsigned long n = 0, len = 0, seq = 0, more = 0, plain = 0;

	if (end == STR_NPOS) {
		return LOG_BLOCK_MORE;
	}
	if (bytes.p[0] != LOG_BLOCK_MARK || !take_number(&rest, &n) || !take_number(&rest, &len) ||
	    !take_number(&rest, &seq) || !take_number(&rest, &more) ||
	    !take_number(&rest, &plain) || !rest.p) {
		return LOG_BLOCK_BAD;
	}
	if (bytes.len - end - 1 < len) {
		return LOG_BLOCK_MORE;
	}
	*b = (struct log_block){ .n = n,
				 .head = rest,
				 .escapes = more,
				 .plain = plain != 0,
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

/* At most: a seq has as many digits as fit, and \t is shorter than \u0009. */
size_t log_block_size(const struct log_block *b)
{
	const size_t around = STR(",\"seq\":1234567890123\"\"}").len;

	return b->text.len + b->escapes + b->n * (b->head.len + around);
}
