/*
 * encode.c - an event as one line of JSON, and the only place where masking happens.
 *
 * Written by hand because a step may print millions of lines: a line's record is a few copies. What
 * the fields of a kind are stands in table.c.
 */
#include <time.h>

#include "actc/event.h"
#include "actc/utf8.h"
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

/* Any byte of the word that is a control character, a quote, a backslash or not ASCII? */
static inline uint64_t word_needs_escape(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u;
	const uint64_t high = 0x8080808080808080u;
	uint64_t quote = w ^ (ones * '"');
	uint64_t slash = w ^ (ones * '\\');

	return ((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & high;
}

/* Length of the run from i on that needs no escape. */
static size_t plain_run(struct str s, size_t i)
{
	size_t from = i;

	while (i + 8 <= s.len) {
		uint64_t w;

		memcpy(&w, s.p + i, 8);
		if (word_needs_escape(w)) {
			break;
		}
		i += 8;
	}
	while (i < s.len && !escapes[(unsigned char)s.p[i]] && !((unsigned char)s.p[i] & 0x80)) {
		i++;
	}
	return i - from;
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

static void add_string(struct strbuf *out, struct str s)
{
	strbuf_addc(out, '"');
	for (size_t i = 0; i < s.len;) {
		size_t n = plain_run(s, i);

		strbuf_add(out, s.p + i, n);
		i += n;
		if (i < s.len) {
			i += add_escaped(out, s, i);
		}
	}
	strbuf_addc(out, '"');
}

static void add_masked(struct strbuf *out, struct masker *m, struct str s)
{
	add_string(out, m ? masker_text(m, s) : s);
}

static void add_uint(struct strbuf *out, uint64_t n, int digits)
{
	char buf[24];
	size_t i = sizeof(buf);

	do {
		buf[--i] = (char)('0' + n % 10);
		n /= 10;
		digits--;
	} while (n || digits > 0);
	strbuf_add(out, buf + i, sizeof(buf) - i);
}

static void add_int(struct strbuf *out, int64_t n)
{
	if (n < 0) {
		strbuf_addc(out, '-');
	}
	add_uint(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 1);
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
	strbuf_adds(out, STR(",\""));
	strbuf_adds(out, name);
	strbuf_adds(out, STR("\":"));
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
		add_string(out, *(const struct str *)at);
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

static void add_time(struct strbuf *out, int64_t t_us)
{
	uint64_t t = (uint64_t)(t_us > 0 ? t_us : now_us());

	add_key(out, STR("t"));
	add_uint(out, t / 1000000, 1);
	strbuf_addc(out, '.');
	add_uint(out, t % 1000000, 6);
}

/* Every record begins with these bytes: event_stamp and event_decode rely on it. */
#define RECORD_START "{\"v\":1"

void event_emit(struct strbuf *out, struct masker *m, const struct event *e)
{
	const struct event_type *type = event_type(e->kind);

	strbuf_adds(out, STR(RECORD_START));
	if (e->seq) {
		add_key(out, STR("seq"));
		add_uint(out, e->seq, 1);
	}
	add_time(out, e->t_us);
	add_key(out, STR("event"));
	add_string(out, type->name);
	if (e->job.len) {
		add_key(out, STR("job"));
		add_string(out, e->job);
	}
	if (e->step.len) {
		add_key(out, STR("step"));
		add_string(out, e->step);
	}
	for (size_t i = 0; i < type->n; i++) {
		add_field(out, m, &type->fields[i], e);
	}
	strbuf_adds(out, STR("}\n"));
}

void event_stamp(struct strbuf *out, struct str record, uint64_t seq)
{
	struct str start = STR(RECORD_START);

	if (str_starts(record, start)) {
		strbuf_adds(out, start);
		add_key(out, STR("seq"));
		add_uint(out, seq, 1);
		record = str_slice(record, start.len, record.len);
	}
	strbuf_adds(out, record);
}
