/*
 * matcher.c - lines against problem matchers: the job's list, and the state that each step's output
 * has over it (SEMANTICS 4.11).
 *
 * The first pattern of a multi-line matcher often matches nearly every line (eslint's is "a line
 * that begins with no blank"). Its result only counts when the next line meets the second pattern,
 * so it is asked then: until that happens the line is only kept.
 */
#include <stdlib.h>
#include <string.h>

#include "actc/strbuf.h"
#include "actc/stream.h"
#include "actc/utf8.h"
#include "actc/value.h"
#include "matcher.h"
#include "scan.h"

/* What the patterns of a matcher have taken so far. A field that is set may be empty. */
struct capture {
	bool any; /* the pattern has matched */
	bool set[MATCH_FIELDS];
	struct strbuf text[MATCH_FIELDS];
};

struct listener {
	struct match_config *config;
	struct capture *state; /* of all patterns but the last */
	bool pending;          /* the first pattern has yet to look at the stream's last line */
	bool slow;             /* took too much time */
	struct listener *next;
};

struct match_stream {
	struct matchers *matchers;
	struct match_stream *next;
	struct listener *listeners; /* the newest first */
	struct strbuf last;         /* the line that `pending` means */
	struct scan scan;           /* what a line has that may be an issue or a command */
	bool scan_is_old;           /* made for other listeners */
	bool any_line;              /* may be an issue: no word tells */
	struct capture found;
	struct str removed;
	struct arena removed_arena;
};

struct matchers {
	bool loaded;
	struct regex_library lib;
	size_t n;
	struct match_config **v; /* in the order in which they look at a line */
	struct match_stream *streams;
};

struct matchers *matchers_new(void)
{
	struct matchers *m = calloc(1, sizeof(*m));

	BUG_ON(!m);
	return m;
}

/* --- captures ----------------------------------------------------------------------------------
 */

static void capture_init(struct capture *c)
{
	*c = (struct capture){ .any = false };
	for (int f = 0; f < MATCH_FIELDS; f++) {
		strbuf_init(&c->text[f], 0);
	}
}

static void capture_release(struct capture *c)
{
	for (int f = 0; f < MATCH_FIELDS; f++) {
		strbuf_release(&c->text[f]);
	}
}

static void capture_set(struct capture *c, int field, struct str text)
{
	c->set[field] = true;
	strbuf_reset(&c->text[field]);
	strbuf_adds(&c->text[field], text);
}

/* What an earlier pattern took, and else this one's groups. */
static void capture_take(struct capture *c, const struct capture *earlier,
			 const struct match_pattern *p, struct str line)
{
	c->any = true;
	for (int f = 0; f < MATCH_FIELDS; f++) {
		c->set[f] = false;
		if (earlier && earlier->set[f]) {
			capture_set(c, f, strbuf_str(&earlier->text[f]));
		} else if (p->groups[f] != NO_GROUP) {
			capture_set(c, f, regex_group(p->regex, line, (size_t)p->groups[f]));
		}
	}
}

static struct str captured(const struct capture *c, int field)
{
	return c->set[field] ? strbuf_str(&c->text[field]) : STR_EMPTY;
}

/* --- listeners ---------------------------------------------------------------------------------
 */

static struct listener *listener_new(struct match_config *config)
{
	struct listener *l = calloc(1, sizeof(*l));

	BUG_ON(!l);
	config->users++;
	l->config = config;
	l->state = calloc(config->n, sizeof(*l->state));
	BUG_ON(!l->state);
	for (size_t i = 0; i < config->n; i++) {
		capture_init(&l->state[i]);
	}
	return l;
}

static void listener_free(struct listener *l)
{
	for (size_t i = 0; i < l->config->n; i++) {
		capture_release(&l->state[i]);
	}
	free(l->state);
	match_config_drop(l->config);
	free(l);
}

static void listener_reset(struct listener *l)
{
	l->pending = false;
	for (size_t i = 0; i < l->config->n; i++) {
		l->state[i].any = false;
	}
}

static bool match(struct listener *l, size_t pattern, struct str line)
{
	enum regex_result r = regex_match(l->config->patterns[pattern].regex, line);

	l->slow = l->slow || r == REGEX_LIMIT;
	return r == REGEX_YES;
}

/* Lets the first pattern look at the line before this one, if it has not yet. */
static void settle_first(const struct match_stream *s, struct listener *l)
{
	struct str last = strbuf_str(&s->last);

	if (!l->pending) {
		return;
	}
	l->pending = false;
	l->state[0].any = match(l, 0, last);
	if (l->state[0].any) {
		capture_take(&l->state[0], NULL, &l->config->patterns[0], last);
	}
}

/* Whether the pattern before number i is waiting for it. */
static bool is_running(const struct match_stream *s, struct listener *l, size_t i)
{
	if (i == 1) {
		settle_first(s, l);
	}
	return l->state[i - 1].any;
}

/* Number i > 0 of several; true when an issue is in s->found. */
static bool try_later(struct match_stream *s, struct listener *l, size_t i, struct str line)
{
	const struct match_pattern *p = &l->config->patterns[i];
	bool last = i + 1 == l->config->n;
	bool possible = i == 1 ? l->pending || l->state[0].any : l->state[i - 1].any;
	bool matched = possible && match(l, i, line);

	if (!matched) {
		/* The first pattern looks at every line anyway: nothing is to be broken there. */
		if (last && i > 1) {
			l->state[i - 1].any = false;
		} else if (!last && l->state[i].any && possible && is_running(s, l, i)) {
			l->state[i].any = false;
		}
		return false;
	}
	if (!is_running(s, l, i)) {
		return false;
	}
	if (!last) {
		capture_take(&l->state[i], &l->state[i - 1], p, line);
		return false;
	}
	capture_take(&s->found, &l->state[i - 1], p, line);
	listener_reset(l);
	l->state[i - 1].any = p->loop;
	return true;
}

static bool listen(struct match_stream *s, struct listener *l, struct str line)
{
	size_t n = l->config->n;

	if (n == 1) {
		if (!match(l, 0, line)) {
			return false;
		}
		capture_take(&s->found, NULL, &l->config->patterns[0], line);
		return true;
	}
	for (size_t i = n - 1; i > 0 && !l->slow; i--) {
		if (try_later(s, l, i, line)) {
			return true;
		}
	}
	l->pending = true;
	return false;
}

/* --- issues ------------------------------------------------------------------------------------
 */

static const struct str levels[] = {
	STR_INIT("error"),
	STR_INIT("warning"),
	STR_INIT("notice"),
};

static bool level_of(struct str severity, struct str *out)
{
	*out = levels[0];
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (str_ieq(severity, levels[i])) {
			*out = levels[i];
			return true;
		}
	}
	return severity.len == 0;
}

/* 0 when it is no number. */
static int64_t number(struct str s)
{
	unsigned long n = 0;

	return str_to_ulong(s, &n) && n <= INT32_MAX ? (int64_t)n : 0;
}

static struct str or_default(struct str s, struct str other)
{
	return s.len ? s : other;
}

/* False when it says nothing, or of a severity that is none. */
static bool to_issue(const struct capture *c, const struct match_config *config, struct match *out)
{
	out->message = captured(c, MATCH_MESSAGE);
	if (utf8_trim(out->message).len == 0 ||
	    !level_of(or_default(captured(c, MATCH_SEVERITY), config->severity), &out->level)) {
		return false;
	}
	out->code = utf8_trim(captured(c, MATCH_CODE));
	out->file = captured(c, MATCH_FILE);
	out->from_path = or_default(captured(c, MATCH_FROM_PATH), config->from_path);
	out->line = number(captured(c, MATCH_LINE));
	out->col = number(captured(c, MATCH_COLUMN));
	return true;
}

/* --- a stream ----------------------------------------------------------------------------------
 */

static void listener_drop(struct match_stream *s, struct str owner)
{
	s->scan_is_old = true;
	for (struct listener **at = &s->listeners; *at;) {
		struct listener *l = *at;

		if (str_eq_nocase(l->config->owner, owner)) {
			*at = l->next;
			listener_free(l);
		} else {
			at = &l->next;
		}
	}
}

/* Puts a matcher first, in place of one with the same owner. */
static void listener_put(struct match_stream *s, struct match_config *config)
{
	struct listener *l = listener_new(config);

	listener_drop(s, config->owner);
	l->next = s->listeners;
	s->listeners = l;
}

struct match_stream *match_stream_open(struct matchers *m)
{
	struct match_stream *s = calloc(1, sizeof(*s));

	BUG_ON(!s);
	s->matchers = m;
	s->scan_is_old = true;
	strbuf_init(&s->last, 0);
	capture_init(&s->found);
	for (size_t i = m->n; i > 0; i--) {
		listener_put(s, m->v[i - 1]);
	}
	s->next = m->streams;
	m->streams = s;
	return s;
}

void match_stream_close(struct match_stream *s)
{
	struct match_stream **at;

	if (!s) {
		return;
	}
	for (at = &s->matchers->streams; *at != s; at = &(*at)->next) {
	}
	*at = s->next;
	while (s->listeners) {
		struct listener *l = s->listeners;

		s->listeners = l->next;
		listener_free(l);
	}
	strbuf_release(&s->last);
	capture_release(&s->found);
	arena_release(&s->removed_arena);
	free(s);
}

bool match_stream_listens(const struct match_stream *s)
{
	return s->listeners != NULL;
}

static void reset_others(struct match_stream *s, const struct listener *hit)
{
	for (struct listener *l = s->listeners; l; l = l->next) {
		if (l != hit) {
			listener_reset(l);
		}
	}
}

/* One that is too slow goes from this output; the job's list keeps it. */
static void drop_slow(struct match_stream *s, struct match *out)
{
	for (struct listener **at = &s->listeners; *at;) {
		struct listener *l = *at;

		if (!l->slow) {
			at = &l->next;
			continue;
		}
		arena_rewind(&s->removed_arena, (struct arena_mark){ NULL, 0 });
		out->removed = arena_str(&s->removed_arena, l->config->owner);
		s->scan_is_old = true;
		*at = l->next;
		listener_free(l);
	}
}

static void keep_line(struct match_stream *s, struct str line)
{
	bool wanted = false;

	for (const struct listener *l = s->listeners; l && !wanted; l = l->next) {
		wanted = l->pending;
	}
	if (wanted) {
		strbuf_reset(&s->last);
		strbuf_adds(&s->last, line);
	}
}

bool match_stream_line(struct match_stream *s, struct str line, struct match *out)
{
	bool issue = false, slow = false;

	out->removed = STR_EMPTY;
	for (struct listener *l = s->listeners; l && !issue; l = l->next) {
		bool hit = listen(s, l, line);

		slow = slow || l->slow;
		if (hit) {
			reset_others(s, l);
			issue = to_issue(&s->found, l->config, out);
		}
	}
	keep_line(s, line);
	if (slow) {
		drop_slow(s, out);
	}
	return issue;
}

/* --- many lines at once ------------------------------------------------------------------------
 */

static struct scan command_scan(void)
{
	struct scan s = { .n = 0 };

	(void)scan_add(&s, STR("::"));
	(void)scan_add(&s, STR("##["));
	return s;
}

/* The pattern that has to match for anything to come of a line while no other has: of several the
 * second, which asks for the first. */
static const struct regex *first_asked(const struct listener *l)
{
	return l->config->patterns[l->config->n > 1 ? 1 : 0].regex;
}

static void make_scan(struct match_stream *s)
{
	s->scan = command_scan();
	s->scan_is_old = false;
	s->any_line = false;
	for (const struct listener *l = s->listeners; l; l = l->next) {
		const struct str *words = NULL;
		size_t n = regex_words(first_asked(l), &words);

		s->any_line = s->any_line || n == 0;
		for (size_t i = 0; i < n; i++) {
			s->any_line = !scan_add(&s->scan, words[i]) || s->any_line;
		}
	}
}

/* A matcher of three or more patterns is on its way. */
static bool is_under_way(const struct match_stream *s)
{
	for (const struct listener *l = s->listeners; l; l = l->next) {
		for (size_t i = 1; i < l->config->n; i++) {
			if (l->state[i].any) {
				return true;
			}
		}
	}
	return false;
}

static bool may_matter(const struct match_stream *s, struct str line)
{
	bool may = command_possible(line);

	for (const struct listener *l = s ? s->listeners : NULL; l && !may; l = l->next) {
		may = regex_may_match(first_asked(l), line);
	}
	return may;
}

static size_t line_begin(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n') {
		at--;
	}
	return at;
}

/* Up to the first line that may matter. */
static size_t quiet_lines(const struct match_stream *s, const struct scan *scan, struct str text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t hit = s && s->any_line ? at : scan_next(scan, text, at);
		size_t begin = line_begin(text, hit);
		size_t end = str_chr(text, '\n', hit);

		if (hit == text.len) {
			return hit;
		}
		if (may_matter(s, str_slice(text, begin, end))) {
			return begin;
		}
		at = end + 1;
	}
	return at;
}

/* As match_stream_line() leaves it behind lines that nothing matched. */
static void pass(struct match_stream *s, struct str text)
{
	if (text.len == 0) {
		return;
	}
	for (struct listener *l = s->listeners; l; l = l->next) {
		l->pending = l->config->n > 1;
	}
	keep_line(s, str_slice(text, line_begin(text, text.len - 1), text.len - 1));
}

size_t match_stream_pass(struct match_stream *s, struct str text)
{
	if (!s) {
		struct scan scan = command_scan();

		return quiet_lines(NULL, &scan, text);
	}
	if (s->scan_is_old) {
		make_scan(s);
	}
	if (is_under_way(s)) {
		return 0;
	}

	size_t n = quiet_lines(s, &s->scan, text);

	pass(s, str_slice(text, 0, n));
	return n;
}

void matchers_free(struct matchers *m)
{
	if (!m) {
		return;
	}
	while (m->streams) {
		match_stream_close(m->streams);
	}
	for (size_t i = 0; i < m->n; i++) {
		match_config_drop(m->v[i]);
	}
	free(m->v);
	if (m->loaded) {
		regex_library_close(&m->lib);
	}
	free(m);
}

/* --- the job's list ----------------------------------------------------------------------------
 */

static struct str joined(struct arena *a, struct str list, struct str owner)
{
	return arena_printf(a, "%.*s%s'%.*s'", STR_ARG(list), list.len ? ", " : "", STR_ARG(owner));
}

/* True when one was there. */
static bool remove_owner(struct matchers *m, struct str owner)
{
	size_t kept = 0, before = m->n;

	for (size_t i = 0; i < before; i++) {
		if (str_eq_nocase(m->v[i]->owner, owner)) {
			match_config_drop(m->v[i]);
		} else {
			m->v[kept++] = m->v[i];
		}
	}
	m->n = kept;
	return kept < before;
}

static void put_first(struct matchers *m, const struct match_file *file)
{
	size_t size;

	for (size_t i = 0; i < file->n; i++) {
		(void)remove_owner(m, file->v[i]->owner);
	}
	size = (m->n + file->n) * sizeof(*m->v);
	m->v = realloc(m->v, size ? size : 1);
	BUG_ON(!m->v);
	memmove(m->v + file->n, m->v, m->n * sizeof(*m->v));
	memcpy(m->v, file->v, file->n * sizeof(*m->v));
	m->n += file->n;
}

bool matchers_ready(struct matchers *m, struct arena *a, struct str *why)
{
	struct err err = ERR_INIT;

	if (!m->loaded && !regex_library_open(&m->lib, &err)) {
		*why = arena_printf(a, "%s (Debian has it in libpcre2-8-0)", err.msg);
		err_release(&err);
		return false;
	}
	m->loaded = true;
	return true;
}

bool matchers_add(struct matchers *m, struct arena *a, struct str json, struct str *owners,
		  struct str *why)
{
	struct match_file file;

	*owners = STR_EMPTY;
	if (!matchers_ready(m, a, why) || !match_file_read(a, &m->lib, json, &file, why)) {
		return false;
	}
	if (file.n == 0) {
		return true;
	}
	put_first(m, &file);
	/* Outputs that are live take them one by one, so the last of the file comes first there. */
	for (size_t i = 0; i < file.n; i++) {
		*owners = joined(a, *owners, file.v[i]->owner);
		for (struct match_stream *s = m->streams; s; s = s->next) {
			listener_put(s, file.v[i]);
		}
	}
	return true;
}

void matchers_remove(struct matchers *m, struct arena *a, struct str owner, struct str *owners)
{
	*owners = STR_EMPTY;
	if (!remove_owner(m, owner)) {
		return;
	}
	*owners = joined(a, *owners, owner);
	for (struct match_stream *s = m->streams; s; s = s->next) {
		listener_drop(s, owner);
	}
}

bool matchers_remove_file(struct matchers *m, struct arena *a, struct str json, struct str *owners,
			  struct str *why)
{
	struct str *names = NULL, one = STR_EMPTY, all = STR_EMPTY;
	size_t n = 0;

	*owners = STR_EMPTY;
	if (!match_file_owners(a, json, &names, &n, why)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		matchers_remove(m, a, names[i], &one);
		all = one.len ? arena_printf(a, "%.*s%s%.*s", STR_ARG(all), all.len ? ", " : "",
					     STR_ARG(one))
			      : all;
	}
	*owners = all;
	return true;
}
