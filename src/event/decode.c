/*
 * decode.c - one line of JSON back into an event.
 *
 * Reads what encode.c writes at full speed, and any other JSON object with the same members in any
 * order: unknown members are skipped. What a value field holds is left to the JSON reader of
 * value.h. Never reads beyond the record; a record that is not well formed is refused.
 */
#include "decode.h"

#include "actc/utf8.h"
#include "table.h"

enum { MAX_DEPTH = 128, MAX_DIGITS = 18 };

struct reader {
	struct arena *arena;
	struct str text;
	size_t at;
};

static inline char peek(const struct reader *r)
{
	return r->at < r->text.len ? r->text.p[r->at] : '\0';
}

static inline void skip_blanks(struct reader *r)
{
	char c = peek(r);

	while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
		r->at++;
		c = peek(r);
	}
}

static inline bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (peek(r) != c) {
		return false;
	}
	r->at++;
	return true;
}

/* --- strings -----------------------------------------------------------------------------------
 */

enum { BLOCK = 16 };

/* Without branches: the compiler makes a few wide instructions of it. */
static inline bool block_has_mark(const char *p)
{
	unsigned char mark[BLOCK];
	uint64_t half[2];

	for (int i = 0; i < BLOCK; i++) {
		mark[i] = (unsigned char)((p[i] == '"') | (p[i] == '\\'));
	}
	memcpy(half, mark, BLOCK);
	return (half[0] | half[1]) != 0;
}

/* Offset of the next quote or backslash, or the length. */
static inline size_t next_mark(struct str s, size_t at)
{
	while (at + BLOCK <= s.len && !block_has_mark(s.p + at)) {
		at += BLOCK;
	}
	while (at < s.len && s.p[at] != '"' && s.p[at] != '\\') {
		at++;
	}
	return at;
}

/* Takes a string literal and gives its inside as written; *escaped when it has backslashes. Without
 * one .p is NULL: by value, because this is where decoding spends its time. */
static inline struct str take_raw(struct reader *r, bool *escaped)
{
	struct str none = { NULL, 0 };

	if (!take(r, '"')) {
		return none;
	}

	size_t from = r->at;
	size_t at = next_mark(r->text, from);

	*escaped = false;
	while (at < r->text.len && r->text.p[at] == '\\') {
		*escaped = true;
		at = at + 2 < r->text.len ? next_mark(r->text, at + 2) : r->text.len;
	}
	if (at >= r->text.len) {
		return none;
	}
	r->at = at + 1;
	return (struct str){ r->text.p + from, at - from };
}

static bool hex4(struct str s, size_t at, uint32_t *out)
{
	*out = 0;
	for (size_t i = at; i < at + 4; i++) {
		char c = i < s.len ? s.p[i] : '\0';
		uint32_t digit;

		if (c >= '0' && c <= '9') {
			digit = (uint32_t)(c - '0');
		} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
			digit = (uint32_t)((c | 0x20) - 'a') + 10;
		} else {
			return false;
		}
		*out = *out << 4 | digit;
	}
	return true;
}

/* \uXXXX or a pair of surrogates at s[at]; the number of bytes, 0 when it is none. */
static size_t unescape_unicode(struct str s, size_t at, uint32_t *cp)
{
	uint32_t low;

	if (!hex4(s, at + 2, cp)) {
		return 0;
	}
	if (*cp >= 0xD800 && *cp < 0xDC00 && at + 7 < s.len && s.p[at + 6] == '\\' &&
	    s.p[at + 7] == 'u' && hex4(s, at + 8, &low) && low >= 0xDC00 && low < 0xE000) {
		*cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
		return 12;
	}
	return 6;
}

static bool unescape_one(struct strbuf *out, struct str s, size_t *at)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char c = s.p[*at + 1];
	uint32_t cp;
	size_t n;

	if (c == 'u') {
		n = unescape_unicode(s, *at, &cp);
		utf8_encode(out, cp);
		*at += n;
		return n > 0;
	}

	const char *name = c ? strchr(names, c) : NULL;

	if (!name) {
		return false;
	}
	strbuf_addc(out, meant[name - names]);
	*at += 2;
	return true;
}

static bool unescape(struct arena *a, struct str raw, struct str *out)
{
	struct strbuf b = STRBUF_INIT(0);
	bool ok = true;

	strbuf_grow(&b, raw.len);
	for (size_t at = 0; ok && at < raw.len;) {
		size_t slash = str_chr(raw, '\\', at);
		size_t end = slash == STR_NPOS ? raw.len : slash;

		strbuf_add(&b, raw.p + at, end - at);
		at = end;
		ok = at == raw.len || unescape_one(&b, raw, &at);
	}
	if (ok) {
		*out = arena_str(a, strbuf_str(&b));
	}
	strbuf_release(&b);
	return ok;
}

static inline bool take_string(struct reader *r, struct str *out)
{
	bool escaped;
	struct str raw = take_raw(r, &escaped);

	if (!raw.p) {
		return false;
	}
	if (escaped) {
		return unescape(r->arena, raw, out);
	}
	*out = raw;
	return true;
}

/* --- numbers and words -------------------------------------------------------------------------
 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool take_digits(struct reader *r, int64_t *out)
{
	int n = 0;

	*out = 0;
	for (; is_digit(peek(r)); r->at++) {
		if (n++ < MAX_DIGITS) {
			*out = *out * 10 + (peek(r) - '0');
		}
	}
	return n > 0;
}

/* An integer; a fraction or exponent is passed over. */
static bool take_int(struct reader *r, int64_t *out)
{
	skip_blanks(r);

	bool negative = take(r, '-');

	if (!take_digits(r, out)) {
		return false;
	}
	*out = negative ? -*out : *out;
	while (peek(r) && strchr("0123456789.eE+-", peek(r))) {
		r->at++;
	}
	return true;
}

/* Seconds with a fraction, as microseconds. */
static bool take_time(struct reader *r, int64_t *us)
{
	int64_t seconds;
	int64_t fraction = 0;

	skip_blanks(r);
	if (!take_digits(r, &seconds) || seconds > INT64_MAX / 1000000 - 1) {
		return false;
	}
	if (peek(r) == '.') {
		r->at++;
		for (int64_t unit = 100000; is_digit(peek(r)); unit /= 10, r->at++) {
			fraction += unit * (peek(r) - '0');
		}
	}
	*us = seconds * 1000000 + fraction;
	return true;
}

static bool take_word(struct reader *r, struct str word)
{
	skip_blanks(r);
	if (!str_starts(str_slice(r->text, r->at, r->text.len), word)) {
		return false;
	}
	r->at += word.len;
	return true;
}

static bool take_bool(struct reader *r, bool *out)
{
	*out = take_word(r, STR("true"));
	return *out || take_word(r, STR("false"));
}

/* --- whole values ------------------------------------------------------------------------------
 */

static bool skip_scalar(struct reader *r)
{
	bool b;
	int64_t n;

	if (peek(r) == '"') {
		return take_raw(r, &b).p != NULL;
	}
	return take_int(r, &n) || take_bool(r, &b) || take_word(r, STR("null"));
}

/* Passes over any JSON value, checking only what is needed to find its end. */
static bool skip_value(struct reader *r)
{
	int depth = 0;

	do {
		skip_blanks(r);

		char c = peek(r);

		if (c == '{' || c == '[') {
			depth++;
			r->at++;
		} else if (depth && (c == '}' || c == ']')) {
			depth--;
			r->at++;
		} else if (depth && (c == ',' || c == ':')) {
			r->at++;
		} else if (!skip_scalar(r)) {
			return false;
		}
	} while (depth && depth <= MAX_DEPTH);
	return depth == 0;
}

static bool take_value(struct reader *r, struct value *out)
{
	struct str why;
	size_t at;
	size_t from = r->at;

	if (!skip_value(r)) {
		return false;
	}
	return value_from_json(r->arena, str_slice(r->text, from, r->at), out, &why, &at);
}

/* --- members -----------------------------------------------------------------------------------
 */

/* The key of the next member. False at the closing brace (*ok stays true) and on a fault. */
static inline bool next_key(struct reader *r, bool first, struct str *key, bool *ok)
{
	if (take(r, '}')) {
		return false;
	}

	bool escaped;

	/* A key with escapes is none of ours; as written it equals no name, and is passed over. */
	*key = first || take(r, ',') ? take_raw(r, &escaped) : (struct str){ NULL, 0 };
	*ok = key->p && take(r, ':');
	return *ok;
}

static enum event_kind find_kind(struct reader r)
{
	struct str key;
	struct str name;
	bool ok = true;

	for (bool first = true; ok && next_key(&r, first, &key, &ok); first = false) {
		if (str_eq(key, STR("event"))) {
			return take_string(&r, &name) ? event_kind_of(name) : EVENT_KINDS;
		}
		ok = skip_value(&r);
	}
	return EVENT_KINDS;
}

static bool read_field(struct reader *r, const struct event_field *f, struct event *e)
{
	void *at = (char *)e + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		return take_string(r, at);
	case FIELD_INT:
		return take_int(r, at);
	case FIELD_BOOL:
		return take_bool(r, at);
	case FIELD_VALUE:
		return take_value(r, at);
	}
	return false;
}

static bool read_version(struct reader *r)
{
	int64_t v;

	return take_int(r, &v) && v == EVENT_VERSION;
}

static bool read_seq(struct reader *r, uint64_t *seq)
{
	int64_t n;

	if (!take_int(r, &n) || n < 0) {
		return false;
	}
	*seq = (uint64_t)n;
	return true;
}

/* str_eq without a call: keys are compared for every member of every record. */
static inline bool is(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.p, b.p, b.len) == 0;
}

static void set_absent(struct event *e, const struct event_field *f)
{
	void *at = (char *)e + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		*(struct str *)at = STR_EMPTY;
		break;
	case FIELD_INT:
		*(int64_t *)at = f->none;
		break;
	case FIELD_BOOL:
		*(bool *)at = false;
		break;
	case FIELD_VALUE:
		*(struct value *)at = value_null();
		break;
	}
}

static void set_kind(struct event *e, enum event_kind kind)
{
	e->kind = kind;
	for (size_t i = 0; kind != EVENT_KINDS && i < event_type(kind)->n; i++) {
		set_absent(e, &event_type(kind)->fields[i]);
	}
}

/* A member that only some kinds have. Encoders write the kind before it; whoever does not makes us
 * look for it from the start. */
static bool read_own_member(struct reader *r, struct str key, struct event *e)
{
	if (e->kind == EVENT_KINDS) {
		set_kind(e, find_kind((struct reader){ r->arena, r->text, 1 }));
	}
	if (e->kind == EVENT_KINDS) {
		return false;
	}

	const struct event_type *type = event_type(e->kind);

	for (size_t i = 0; i < type->n; i++) {
		if (is(key, type->fields[i].name)) {
			return read_field(r, &type->fields[i], e);
		}
	}
	return skip_value(r);
}

static bool read_kind(struct reader *r, struct event *e)
{
	struct str name;

	if (!take_string(r, &name)) {
		return false;
	}
	if (e->kind == EVENT_KINDS) {
		set_kind(e, event_kind_of(name));
	}
	return e->kind != EVENT_KINDS;
}

static bool read_member(struct reader *r, struct str key, struct event *e)
{
	if (is(key, STR("v"))) {
		return read_version(r);
	}
	if (is(key, STR("seq"))) {
		return read_seq(r, &e->seq);
	}
	if (is(key, STR("t"))) {
		return take_time(r, &e->t_us);
	}
	if (is(key, STR("event"))) {
		return read_kind(r, e);
	}
	if (is(key, STR("job"))) {
		return take_string(r, &e->job);
	}
	if (is(key, STR("step"))) {
		return take_string(r, &e->step);
	}
	return read_own_member(r, key, e);
}

bool event_decode(struct arena *a, struct str record, struct event *out)
{
	struct reader r = { a, record, 0 };
	struct str key;
	bool ok = true;

	/* Not cleared as a whole: set_kind sets what the kind has. */
	out->kind = EVENT_KINDS;
	out->seq = 0;
	out->t_us = 0;
	out->job = STR_EMPTY;
	out->step = STR_EMPTY;
	/* A record begins with its brace: find_kind relies on it. */
	if (record.len == 0 || record.p[0] != '{') {
		return false;
	}
	r.at = 1;
	for (bool first = true; ok && next_key(&r, first, &key, &ok); first = false) {
		ok = read_member(&r, key, out);
	}
	skip_blanks(&r);
	return ok && out->kind != EVENT_KINDS && r.at == r.text.len;
}

/* Behind {"v":1,"t":T, every record of event_emit has ,"event":"NAME". */
bool event_is(struct str record, enum event_kind kind)
{
	const struct str name = event_type(kind)->name;
	size_t key = STR(",\"event\":\"").len;
	size_t at = str_chr(record, ',', STR("{\"v\":1,").len);
	struct str rest = str_slice(record, at == STR_NPOS ? record.len : at + key, record.len);

	return str_starts(rest, name) && rest.len > name.len && rest.p[name.len] == '"';
}

/* --- lines of logs -----------------------------------------------------------------------------
 */

static bool is_inside(struct str part, struct str whole)
{
	return part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

void log_form_learn(struct log_form *f, struct str record, const struct event *e)
{
	const struct str key = STR("\"line\":\"");
	size_t at = str_find(record, key, 0);

	if (e->seq || at == STR_NPOS || !is_inside(e->job, record) || !is_inside(e->step, record)) {
		return;
	}
	strbuf_reset(&f->head);
	strbuf_adds(&f->head, str_slice(record, 0, at + key.len));
	f->t_us = e->t_us;
	f->job = (size_t)(e->job.p - record.p);
	f->job_len = e->job.len;
	f->step = (size_t)(e->step.p - record.p);
	f->step_len = e->step.len;
}

bool log_form_decode(const struct log_form *f, struct arena *a, struct str record,
		     struct event *out)
{
	const struct str end = STR("}\n");
	size_t from = f->head.len;
	struct reader r = { a, record, from - 1 };

	if (from == 0 || record.len <= from || memcmp(record.p, f->head.p, from) != 0 ||
	    !take_string(&r, &out->u.step_log.line) || r.at + end.len != record.len ||
	    !str_ends(record, end)) {
		return false;
	}
	out->kind = EVENT_STEP_LOG;
	out->seq = 0;
	out->t_us = f->t_us;
	out->job = str_mk(record.p + f->job, f->job_len);
	out->step = str_mk(record.p + f->step, f->step_len);
	return true;
}
