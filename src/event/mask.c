/*
 * mask.c - what counts as a secret, in which forms it may appear, and replacing it
 * (SEMANTICS 4.10).
 *
 * The forms are those that GitHub's runner registers, as one table of functions; the search is
 * automaton.c. Lengths that a rule compares are counted in UTF-16 units, as there.
 */
#include <stdlib.h>

#include "actc/ansi.h"
#include "actc/err.h"
#include "actc/event.h"
#include "actc/utf8.h"
#include "automaton.h"
#include "mask.h"

struct masker {
	struct automaton *automaton;
	struct hits hits;
	struct hits suspects;   /* of many lines at once */
	struct strbuf form;     /* one encoded form, while it is added */
	struct strbuf stripped; /* text without escape sequences */
	struct strbuf masked;
	struct strbuf lines; /* masked ones */
};

/* --- the forms of a secret ---------------------------------------------------------------------
 */

static void form_base64(struct str s, struct strbuf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.len; i += 3) {
		size_t left = s.len - i;
		unsigned b0 = (unsigned char)s.p[i];
		unsigned b1 = left > 1 ? (unsigned char)s.p[i + 1] : 0;
		unsigned b2 = left > 2 ? (unsigned char)s.p[i + 2] : 0;

		strbuf_addc(out, digits[b0 >> 2]);
		strbuf_addc(out, digits[(b0 & 3) << 4 | b1 >> 4]);
		strbuf_addc(out, left > 1 ? digits[(b1 & 15) << 2 | b2 >> 6] : '=');
		strbuf_addc(out, left > 2 ? digits[b2 & 63] : '=');
	}
}

/* base64("user:" + secret): the secret's own digits depend on its offset modulo 3. */
static void form_base64_shift1(struct str s, struct strbuf *out)
{
	form_base64(str_slice(s, s.len > 1 ? 1 : 0, s.len), out);
}

static void form_base64_shift2(struct str s, struct strbuf *out)
{
	form_base64(str_slice(s, s.len > 2 ? 2 : 0, s.len), out);
}

/* s with every character c replaced by `by`. */
static void replace_char(struct str s, char c, struct str by, struct strbuf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == c) {
			strbuf_adds(out, by);
		} else {
			strbuf_addc(out, s.p[i]);
		}
	}
}

static void form_command_line(struct str s, struct strbuf *out)
{
	replace_char(s, '"', STR("\\\""), out);
}

static void form_expression(struct str s, struct strbuf *out)
{
	replace_char(s, '\'', STR("''"), out);
}

/* The inside of a JSON string as Json.NET writes it; U+0085, U+2028 and U+2029 are escaped too. */
static void form_json(struct str s, struct strbuf *out)
{
	static const char short_forms[][3] = { "\tt", "\nn", "\rr", "\ff", "\bb", "\\\\", "\"\"" };

	for (size_t i = 0; i < s.len;) {
		uint32_t cp;
		size_t n = utf8_at(s, i, &cp);
		size_t k = 0;

		while (k < 7 && (uint32_t)short_forms[k][0] != cp) {
			k++;
		}
		if (k < 7) {
			strbuf_addc(out, '\\');
			strbuf_addc(out, short_forms[k][1]);
		} else if (cp < 0x20 || cp == 0x85 || cp == 0x2028 || cp == 0x2029) {
			strbuf_addf(out, "\\u%04x", (unsigned)cp);
		} else {
			strbuf_add(out, s.p + i, n);
		}
		i += n;
	}
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

static void form_uri(struct str s, struct strbuf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i])) {
			strbuf_addc(out, s.p[i]);
		} else {
			strbuf_add(out, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
		}
	}
}

static void form_xml(struct str s, struct strbuf *out)
{
	static const struct {
		char c;
		struct str by;
	} entities[] = {
		{ '&', { "&amp;", 5 } },  { '<', { "&lt;", 4 } },    { '>', { "&gt;", 4 } },
		{ '"', { "&quot;", 6 } }, { '\'', { "&apos;", 6 } },
	};
	size_t n = sizeof(entities) / sizeof(entities[0]);

	for (size_t i = 0; i < s.len; i++) {
		size_t k = 0;

		while (k < n && entities[k].c != s.p[i]) {
			k++;
		}
		strbuf_adds(out, k < n ? entities[k].by : str_mk(s.p + i, 1));
	}
}

static void form_unquoted(struct str s, struct strbuf *out)
{
	if (utf8_utf16_length(s) > 8 && s.p[0] == '"' && s.p[s.len - 1] == '"') {
		strbuf_add(out, s.p + 1, s.len - 2);
	}
}

/* An error of PowerShell prints a command in two parts, cut at an ampersand (and paints the
 * character behind "&+"). */
enum { POWERSHELL_MIN = 6 };

static void form_powershell_head(struct str s, struct strbuf *out)
{
	size_t plus = str_find(s, STR("&+"), 0);
	size_t end = plus == STR_NPOS ? s.len : plus + 2;

	while (plus == STR_NPOS && end > 0 && s.p[end - 1] != '&') {
		end--;
	}

	struct str head = str_slice(s, 0, end);

	if (utf8_utf16_length(head) >= POWERSHELL_MIN) {
		strbuf_adds(out, head);
	}
}

static void form_powershell_tail(struct str s, struct strbuf *out)
{
	size_t plus = str_find(s, STR("&+"), 0);
	size_t from = 0;

	if (plus != STR_NPOS) {
		uint32_t cp;

		from = plus + 2;
		from += from < s.len ? utf8_at(s, from, &cp) : 0;
	} else {
		from = s.len;
		while (from > 0 && s.p[from - 1] != '&') {
			from--;
		}
	}

	struct str tail = str_slice(s, from, s.len);

	if (from > 0 && utf8_utf16_length(tail) >= POWERSHELL_MIN) {
		strbuf_adds(out, tail);
	}
}

static void form_itself(struct str s, struct strbuf *out)
{
	strbuf_adds(out, s);
}

/* What a line splitter makes of a secret that is not valid UTF-8. */
static void form_sanitized(struct str s, struct strbuf *out)
{
	if (!utf8_valid(s)) {
		utf8_sanitize(out, s);
	}
}

typedef void form_fn(struct str s, struct strbuf *out);

static form_fn *const forms[] = {
	form_itself,
	form_base64,
	form_base64_shift1,
	form_base64_shift2,
	form_command_line,
	form_expression,
	form_json,
	form_uri,
	form_xml,
	form_unquoted,
	form_powershell_head,
	form_powershell_tail,
	form_sanitized,
};

/* --- the masker --------------------------------------------------------------------------------
 */

struct masker *masker_new(void)
{
	struct masker *m = calloc(1, sizeof(*m));

	BUG_ON(!m);
	m->automaton = automaton_new();
	strbuf_init(&m->form, 0);
	strbuf_init(&m->stripped, 0);
	strbuf_init(&m->masked, 0);
	strbuf_init(&m->lines, 0);
	return m;
}

void masker_free(struct masker *m)
{
	if (m) {
		automaton_free(m->automaton);
		free(m->hits.v);
		free(m->suspects.v);
		strbuf_release(&m->form);
		strbuf_release(&m->stripped);
		strbuf_release(&m->masked);
		strbuf_release(&m->lines);
		free(m);
	}
}

static void add_forms(struct masker *m, struct str value)
{
	if (value.len == 0) {
		return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		strbuf_reset(&m->form);
		forms[i](value, &m->form);
		automaton_add(m->automaton, strbuf_str(&m->form));
	}
}

static void add_lines(struct masker *m, struct str value)
{
	size_t from = 0;

	for (size_t i = 0; i <= value.len; i++) {
		if (i == value.len || value.p[i] == '\n' || value.p[i] == '\r') {
			add_forms(m, utf8_trim(str_slice(value, from, i)));
			from = i + 1;
		}
	}
}

void masker_add_secret(struct masker *m, struct str secret)
{
	secret = utf8_trim(secret);
	add_forms(m, secret);
	add_lines(m, secret);
}

void masker_add_named(struct masker *m, struct str name, struct str secret)
{
	if (!str_ieq(name, STR("ACTIONS_STEP_DEBUG")) &&
	    !str_ieq(name, STR("ACTIONS_RUNNER_DEBUG"))) {
		masker_add_secret(m, secret);
	}
}

void masker_add_mask(struct masker *m, struct str value)
{
	if (utf8_trim(value).len == 0) {
		return;
	}
	add_forms(m, value);
	add_lines(m, value);
}

bool masker_hits(struct masker *m, struct str s)
{
	automaton_search(m->automaton, s, &m->hits);
	return m->hits.n > 0;
}

/* Appends s with the hits of the last search replaced. */
static void replace_hits(const struct masker *m, struct str s, struct strbuf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < m->hits.n; i++) {
		const struct hit *h = &m->hits.v[i];

		strbuf_add(out, s.p + at, h->from - at);
		strbuf_adds(out, STR("***"));
		at = h->to;
	}
	strbuf_add(out, s.p + at, s.len - at);
}

void masker_apply(struct masker *m, struct str s, struct strbuf *out)
{
	masker_hits(m, s);
	replace_hits(m, s, out);
}

/* A reporter that takes escape sequences out would join the halves of a secret that has one inside:
 * such a text loses its sequences here and is masked without them. */
static struct str mask_without_escapes(struct masker *m, struct str s)
{
	strbuf_reset(&m->stripped);
	ansi_strip(&m->stripped, s);
	if (!masker_hits(m, strbuf_str(&m->stripped))) {
		return s;
	}
	strbuf_reset(&m->masked);
	replace_hits(m, strbuf_str(&m->stripped), &m->masked);
	return strbuf_str(&m->masked);
}

struct str masker_text(struct masker *m, struct str s)
{
	if (masker_hits(m, s)) {
		strbuf_reset(&m->masked);
		replace_hits(m, s, &m->masked);
		s = strbuf_str(&m->masked);
	}
	if (str_chr(s, 0x1B, 0) != STR_NPOS) {
		s = mask_without_escapes(m, s);
	}
	return s;
}

/* Places of a text that are looked at line by line: hits, and escape sequences. */
struct suspects {
	const struct hits *hits;
	size_t hit;    /* the next that may count */
	size_t escape; /* likewise; STR_NPOS = none is left */
};

/* The first at or after `from`, which only grows. */
static size_t next_suspect(struct suspects *s, struct str text, size_t from)
{
	size_t at = STR_NPOS;

	while (s->hit < s->hits->n && s->hits->v[s->hit].to <= from) {
		s->hit++;
	}
	if (s->hit < s->hits->n) {
		at = s->hits->v[s->hit].from;
		at = at < from ? from : at;
	}
	if (s->escape < from) {
		s->escape = str_chr(text, 0x1B, from);
	}
	return at < s->escape ? at : s->escape;
}

static size_t line_begin(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n') {
		at--;
	}
	return at;
}

/* A secret in one of the lines is one in the text, so a text without any is done at once. */
struct str masker_lines(struct masker *m, struct str text)
{
	struct suspects s = { .hits = &m->suspects, .escape = str_chr(text, 0x1B, 0) };

	automaton_search(m->automaton, text, &m->suspects);
	if (m->suspects.n == 0 && s.escape == STR_NPOS) {
		return text;
	}
	strbuf_reset(&m->lines);
	for (size_t at = 0; at < text.len;) {
		size_t place = next_suspect(&s, text, at);
		size_t from = place == STR_NPOS ? text.len : line_begin(text, place);
		size_t end = str_chr(text, '\n', from);

		strbuf_add(&m->lines, text.p + at, from - at);
		if (from == text.len) {
			break;
		}
		strbuf_adds(&m->lines, masker_text(m, str_slice(text, from, end)));
		strbuf_addc(&m->lines, '\n');
		at = end + 1;
	}
	return strbuf_str(&m->lines);
}

size_t masker_cut(struct masker *m, struct str s)
{
	size_t cut = s.len - automaton_suffix(m->automaton, s);

	automaton_search(m->automaton, s, &m->hits);
	for (size_t i = m->hits.n; i > 0 && m->hits.v[i - 1].to > cut; i--) {
		cut = m->hits.v[i - 1].from < cut ? m->hits.v[i - 1].from : cut;
	}
	return cut;
}
