/*
 * split.c - bytes to lines, wherever the chunks happen to end (SEMANTICS 4.5).
 *
 * A line that lies whole inside a chunk is handed on without a copy; only what a chunk leaves
 * unfinished is kept. A line that never ends is handed on in pieces, so memory stays bounded.
 */
#include "actc/stream.h"
#include "actc/utf8.h"

void line_splitter_init(struct line_splitter *s, void (*line)(void *ctx, struct str line),
			void *ctx)
{
	*s = (struct line_splitter){ .line = line, .ctx = ctx };
	strbuf_init(&s->rest, 0);
	strbuf_init(&s->valid, 0);
}

void line_splitter_release(struct line_splitter *s)
{
	strbuf_release(&s->rest);
	strbuf_release(&s->valid);
}

static void hand_on(struct line_splitter *s, struct str line)
{
	if (!utf8_valid(line)) {
		strbuf_reset(&s->valid);
		utf8_sanitize(&s->valid, line);
		line = strbuf_str(&s->valid);
	}
	s->line(s->ctx, line);
}

static void end_line(struct line_splitter *s, struct str tail)
{
	if (s->rest.len) {
		strbuf_adds(&s->rest, tail);
		tail = strbuf_str(&s->rest);
	}
	hand_on(s, tail);
	strbuf_reset(&s->rest);
	s->continued = false;
}

/* The rest is full and its line goes on: hands on as much of it as can be cut off. A cut so early
 * that nothing would be won (a secret as long as that) is not worth obeying. */
static void cut_rest(struct line_splitter *s)
{
	struct str piece = strbuf_str(&s->rest);
	size_t whole = utf8_complete(piece);
	size_t at = s->cut ? utf8_boundary(piece, s->cut(s->ctx, piece)) : whole;

	if (at > whole || at < piece.len / 2) {
		at = whole;
	}
	hand_on(s, str_slice(piece, 0, at));
	strbuf_consume(&s->rest, at);
	s->continued = true;
}

/* Keeps bytes that hold no line end. */
static void keep(struct line_splitter *s, struct str bytes)
{
	while (bytes.len) {
		size_t room = LINE_MAX_BYTES - s->rest.len;
		size_t n = bytes.len < room ? bytes.len : room;

		strbuf_add(&s->rest, bytes.p, n);
		bytes = str_slice(bytes, n, bytes.len);
		if (bytes.len) {
			cut_rest(s);
		}
	}
}

static size_t next_of(struct str bytes, char c, size_t from)
{
	size_t at = str_chr(bytes, c, from);

	return at == STR_NPOS ? bytes.len : at;
}

/* A line that ends inside this chunk; one that is too long is cut like any other. */
static void take_line(struct line_splitter *s, struct str line)
{
	if (s->rest.len + line.len > LINE_MAX_BYTES) {
		keep(s, line);
		line = STR_EMPTY;
	}
	end_line(s, line);
}

/* Whole lines at the begin of what came, none with a \r or invalid bytes; how many bytes. */
static size_t plain_lines(struct str bytes)
{
	size_t end = str_chr(bytes, '\r', 0);

	end = end == STR_NPOS ? bytes.len : end;
	while (end > 0 && bytes.p[end - 1] != '\n') {
		end--;
	}
	return utf8_valid(str_slice(bytes, 0, end)) ? end : 0;
}

/* Lets `block` take what it will; returns how much has gone. Each byte is looked at once, so that
 * a text of which `block` takes nothing costs little more than without it. */
static size_t feed_block(struct line_splitter *s, struct str bytes)
{
	struct str text = str_slice(bytes, 0, s->block ? plain_lines(bytes) : 0);
	size_t at = 0;

	while (at < text.len) {
		at += s->block(s->ctx, str_slice(text, at, text.len));
		if (at < text.len) {
			size_t end = str_chr(text, '\n', at);

			s->line(s->ctx, str_slice(text, at, end));
			at = end + 1;
		}
	}
	return at;
}

/* Ends the line that an earlier chunk left unfinished, when its end is here. */
static size_t feed_rest(struct line_splitter *s, struct str bytes)
{
	size_t end = s->rest.len && s->block ? str_chr(bytes, '\n', 0) : STR_NPOS;

	if (end == STR_NPOS || str_chr(str_slice(bytes, 0, end), '\r', 0) != STR_NPOS) {
		return 0;
	}
	take_line(s, str_slice(bytes, 0, end));
	return end + 1;
}

void line_splitter_feed(struct line_splitter *s, struct str bytes)
{
	size_t at = 0;

	if (bytes.len && s->pending_cr) {
		s->pending_cr = false;
		end_line(s, STR_EMPTY);
		at = bytes.p[0] == '\n' ? 1 : 0;
	}
	at += feed_rest(s, str_slice(bytes, at, bytes.len));
	if (s->rest.len == 0 && !s->continued) {
		at += feed_block(s, str_slice(bytes, at, bytes.len));
	}

	size_t nl = next_of(bytes, '\n', at);
	size_t cr = next_of(bytes, '\r', at);

	while (nl < bytes.len || cr < bytes.len) {
		size_t end = nl < cr ? nl : cr;
		struct str line = str_slice(bytes, at, end);

		if (cr == bytes.len - 1 && end == cr) {
			keep(s, line);
			s->pending_cr = true;
			return;
		}
		take_line(s, line);
		at = end + (end == cr && nl == cr + 1 ? 2 : 1);
		nl = nl < at ? next_of(bytes, '\n', at) : nl;
		cr = cr < at ? next_of(bytes, '\r', at) : cr;
	}
	keep(s, str_slice(bytes, at, bytes.len));
}

void line_splitter_finish(struct line_splitter *s)
{
	if (s->pending_cr || s->rest.len) {
		s->pending_cr = false;
		end_line(s, STR_EMPTY);
	}
}
