/*
 * encode.c - an event as one line of JSON, and the only place where masking happens.
 *
 * Written by hand because a step may print millions of lines: a line's record is a few copies. What
 * the fields of a kind are stands in table.c.
 */
#include <time.h>

#include "actc/event.h"
#include "actc/utf8.h"
#include "encode.h"
#include "mask.h"
#include "table.h"

/* How a byte stands in a JSON string: 0 = as it is, 'u' = \u00XX, 'x' = not ASCII, else its short
 * escape. */
static const char escapes[256] = {
	['\0'] = 'u', [1] = 'u',    [2] = 'u',    [3] = 'u',     [4] = 'u',    [5] = 'u',
	[6] = 'u',    [7] = 'u',    ['\b'] = 'b', ['\t'] = 't',  ['\n'] = 'n', [11] = 'u',
	['\f'] = 'f', ['\r'] = 'r', [14] = 'u',   [15] = 'u',    [16] = 'u',   [17] = 'u',
	[18] = 'u',   [19] = 'u',   [20] = 'u',   [21] = 'u',    [22] = 'u',   [23] = 'u',
	[24] = 'u',   [25] = 'u',   [26] = 'u',   [27] = 'u',    [28] = 'u',   [29] = 'u',
	[30] = 'u',   [31] = 'u',   ['"'] = '"',  ['\\'] = '\\',
};

enum { BLOCK = 16 };

/* No byte of the block is a control character, a quote, a backslash or not ASCII. Without branches:
 * the compiler makes a few wide instructions of it. */
static inline bool block_is_plain(const char *p)
{
	unsigned char bad[BLOCK];
	uint64_t half[2];

	for (int i = 0; i < BLOCK; i++) {
		unsigned char c = (unsigned char)p[i];

		bad[i] = (unsigned char)((c < 0x20) | (c == '"') | (c == '\\') | (c >= 0x80));
	}
	memcpy(half, bad, BLOCK);
	return (half[0] | half[1]) == 0;
}

/* Length of the run from i on that needs no escape. */
static size_t plain_run(struct str s, size_t i)
{
	size_t from = i;

	while (i + BLOCK <= s.len && block_is_plain(s.p + i)) {
		i += BLOCK;
	}
	/* The rest, with some of what was looked at already. */
	if (s.len - from >= BLOCK && i + BLOCK > s.len && block_is_plain(s.p + s.len - BLOCK)) {
		return s.len - from;
	}
	while (i < s.len && !escapes[(unsigned char)s.p[i]] && !((unsigned char)s.p[i] & 0x80)) {
		i++;
	}
	return i - from;
}

/* Copies a short text whose length is not known to the compiler, without a call. */
static inline char *put(char *p, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		p[i] = s.p[i];
	}
	return p + s.len;
}

#define PUT(p, literal) ((char *)memcpy((p), literal, sizeof(literal) - 1) + sizeof(literal) - 1)

static char *put_uint(char *p, uint64_t n, int digits)
{
	char buf[24];
	size_t i = sizeof(buf);

	for (; n >= 100; digits -= 2) {
		unsigned two = (unsigned)(n % 100);

		n /= 100;
		buf[--i] = (char)('0' + two % 10);
		buf[--i] = (char)('0' + two / 10);
	}
	do {
		buf[--i] = (char)('0' + n % 10);
		n /= 10;
		digits--;
	} while (n || digits > 0);
	return put(p, str_mk(buf + i, sizeof(buf) - i));
}

/* Room for n more bytes; where they begin. They count once `claim` is told where they end. */
static char *room(struct strbuf *out, size_t n)
{
	if (out->len + n >= out->cap) {
		strbuf_grow(out, n);
	}
	return out->p + out->len;
}

static void claim(struct strbuf *out, const char *end)
{
	out->len = (size_t)(end - out->p);
	out->p[out->len] = '\0';
}

static size_t add_escaped(struct strbuf *out, struct str s, size_t i)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)s.p[i];

	if (c & 0x80) {
		uint32_t cp;
		size_t n = utf8_at(s, i, &cp);

		utf8_encode(out, cp);
		return n;
	}
	if (escapes[c] == 'u') {
		strbuf_add(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	} else {
		strbuf_add(out, (char[]){ '\\', escapes[c] }, 2);
	}
	return 1;
}

void encode_string(struct strbuf *out, struct str s)
{
	size_t i = plain_run(s, 0);
	char *p = room(out, i + 2);

	*p++ = '"';
	if (i) {
		memcpy(p, s.p, i);
	}
	claim(out, p + i);
	while (i < s.len) {
		i += add_escaped(out, s, i);

		size_t n = plain_run(s, i);

		strbuf_add(out, s.p + i, n);
		i += n;
	}
	strbuf_addc(out, '"');
}

static void add_masked(struct strbuf *out, struct masker *m, struct str s)
{
	encode_string(out, m ? masker_text(m, s) : s);
}

static void add_int(struct strbuf *out, int64_t n)
{
	char *p = room(out, 24);

	if (n < 0) {
		*p++ = '-';
	}
	claim(out, put_uint(p, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 1));
}

/* --- values ------------------------------------------------------------------------------------
 */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the value is, which its maker limits */
static void add_value(struct strbuf *out, struct masker *m, struct value v)
{
	switch (v.kind) {
	case VALUE_STRING:
		add_masked(out, m, v.u.s);
		break;
	case VALUE_ARRAY:
		strbuf_addc(out, '[');
		for (size_t i = 0; i < v.u.a->n; i++) {
			strbuf_adds(out, i ? STR(",") : STR_EMPTY);
			add_value(out, m, v.u.a->v[i]);
		}
		strbuf_addc(out, ']');
		break;
	case VALUE_OBJECT:
		strbuf_addc(out, '{');
		for (size_t i = 0; i < v.u.o->n; i++) {
			strbuf_adds(out, i ? STR(",") : STR_EMPTY);
			add_masked(out, m, v.u.o->v[i].key);
			strbuf_addc(out, ':');
			add_value(out, m, v.u.o->v[i].value);
		}
		strbuf_addc(out, '}');
		break;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_NUMBER:
		value_to_json_line(out, v);
		break;
	}
}

/* --- fields and records ------------------------------------------------------------------------
 */

static bool field_present(const struct event_field *f, const void *at)
{
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		return f->required || ((const struct str *)at)->len > 0;
	case FIELD_INT:
		return f->required || *(const int64_t *)at != f->none;
	case FIELD_BOOL:
		return f->required || *(const bool *)at;
	case FIELD_VALUE:
		return f->required || ((const struct value *)at)->kind != VALUE_NULL;
	}
	return false;
}

static void add_key(struct strbuf *out, struct str name)
{
	char *p = room(out, name.len + 4);

	p = PUT(p, ",\"");
	p = put(p, name);
	claim(out, PUT(p, "\":"));
}

static void add_field(struct strbuf *out, struct masker *m, const struct event_field *f,
		      const struct event *e)
{
	const void *at = (const char *)e + f->offset;

	if (!field_present(f, at)) {
		return;
	}
	add_key(out, f->name);
	switch (f->type) {
	case FIELD_TEXT:
		add_masked(out, m, *(const struct str *)at);
		break;
	case FIELD_WORD:
		encode_string(out, *(const struct str *)at);
		break;
	case FIELD_INT:
		add_int(out, *(const int64_t *)at);
		break;
	case FIELD_BOOL:
		strbuf_adds(out, *(const bool *)at ? STR("true") : STR("false"));
		break;
	case FIELD_VALUE:
		add_value(out, m, *(const struct value *)at);
		break;
	}
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Every record begins with these bytes: event_stamp relies on it. */
#define RECORD_START "{\"v\":1"

static char *put_seq(char *p, uint64_t seq)
{
	return put_uint(PUT(p, ",\"seq\":"), seq, 1);
}

/* What all records have: {"v":1,"seq":N,"t":T,"event":"NAME" */
static void add_head(struct strbuf *out, const struct event *e, struct str name)
{
	uint64_t t = (uint64_t)(e->t_us > 0 ? e->t_us : now_us());
	char *p = room(out, 128 + name.len);

	p = PUT(p, RECORD_START);
	if (e->seq) {
		p = put_seq(p, e->seq);
	}
	p = put_uint(PUT(p, ",\"t\":"), t / 1000000, 1);
	*p++ = '.';
	p = put_uint(p, t % 1000000, 6);
	p = put(PUT(p, ",\"event\":\""), name);
	*p++ = '"';
	claim(out, p);
}

void event_emit(struct strbuf *out, struct masker *m, const struct event *e)
{
	const struct event_type *type = event_type(e->kind);

	add_head(out, e, type->name);
	if (e->job.len) {
		add_key(out, STR("job"));
		encode_string(out, e->job);
	}
	if (e->step.len) {
		add_key(out, STR("step"));
		encode_string(out, e->step);
	}
	for (size_t i = 0; i < type->n; i++) {
		add_field(out, m, &type->fields[i], e);
	}
	strbuf_add(out, "}\n", 2);
}

static bool fits(const struct log_head *h, const struct event *e)
{
	return h->t_us == e->t_us && str_eq(strbuf_str(&h->job), e->job) &&
	       str_eq(strbuf_str(&h->step), e->step);
}

static void make_head(struct log_head *h, const struct event *e)
{
	const struct event empty = { .kind = EVENT_STEP_LOG,
				     .t_us = e->t_us,
				     .job = e->job,
				     .step = e->step,
				     .u.step_log.line = STR_EMPTY };
	const struct str tail = STR("\"\"}\n");

	h->t_us = e->t_us;
	strbuf_reset(&h->job);
	strbuf_adds(&h->job, e->job);
	strbuf_reset(&h->step);
	strbuf_adds(&h->step, e->step);
	strbuf_reset(&h->text);
	event_emit(&h->text, NULL, &empty);
	h->text.len -= tail.len;
}

struct str encode_head(struct log_head *h, const struct event *e)
{
	if (!fits(h, e)) {
		make_head(h, e);
	}
	return strbuf_str(&h->text);
}

void event_emit_line(struct strbuf *out, struct masker *m, struct log_head *h,
		     const struct event *e)
{
	struct str line = m ? masker_text(m, e->u.step_log.line) : e->u.step_log.line;

	strbuf_adds(out, encode_head(h, e));
	encode_string(out, line);
	strbuf_add(out, "}\n", 2);
}

void log_head_release(struct log_head *h)
{
	strbuf_release(&h->text);
	strbuf_release(&h->job);
	strbuf_release(&h->step);
}

void event_stamp(struct strbuf *out, struct str record, uint64_t seq)
{
	struct str start = STR(RECORD_START);

	if (!str_starts(record, start)) {
		strbuf_adds(out, record);
		return;
	}

	char *p = put_seq(PUT(room(out, record.len + 40), RECORD_START), seq);

	memcpy(p, record.p + start.len, record.len - start.len);
	claim(out, p + record.len - start.len);
}
