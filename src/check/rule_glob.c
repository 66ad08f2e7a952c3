/*
 * rule_glob.c - filter patterns that GitHub refuses or that cannot match anything: broken brackets,
 * characters that no ref name has, paths with dots or blanks at their ends.
 */
#include "check.h"

#define KIND "glob"

struct scan {
	struct check *c;
	const struct tok *t;
	struct str p;
	bool ref;
	bool repeatable; /* what is before may be followed by `?` or `+` */
};

__attribute__((format(printf, 3, 4))) static void complain(struct scan *s, size_t at,
							   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(s->c->a, fmt, ap);
	va_end(ap);
	(void)check_warn(s->c, check_span(s->c, s->t, at, 1), KIND, "%.*s", STR_ARG(msg));
}

/* A bracket that opens at `at`: returns where to go on, len of the pattern to stop. */
static size_t scan_bracket(struct scan *s, size_t at)
{
	size_t end = str_chr(s->p, ']', at + 1);
	size_t stop = end == STR_NPOS ? s->p.len : end;

	for (size_t i = at + 1; i + 1 < stop; i++) {
		bool range = s->p.p[i + 1] == '-' && i + 2 < stop;

		if (range && s->p.p[i] > s->p.p[i + 2]) {
			complain(s, i + 2, "the range %c-%c runs backwards", s->p.p[i],
				 s->p.p[i + 2]);
			i += 2;
		}
	}
	if (end == STR_NPOS) {
		complain(s, s->p.len - 1, "\"[\" is not closed by \"]\"");
	} else if (end == at + 1) {
		complain(s, end, "there is nothing between \"[\" and \"]\"");
	} else if (end == at + 2) {
		complain(s, end, "\"[%c]\" is just \"%c\"", s->p.p[at + 1], s->p.p[at + 1]);
	}
	s->repeatable = true;
	return end == STR_NPOS ? s->p.len : end + 1;
}

static size_t scan_escape(struct scan *s, size_t at)
{
	char next = at + 1 < s->p.len ? s->p.p[at + 1] : '\0';

	s->repeatable = true;
	if (next && strchr("[?+*\\!", next)) {
		return at + 2;
	}
	if (s->ref) {
		complain(s, at,
			 "\"\\\" cannot be in the name of a branch or tag; these are not regular "
			 "expressions");
	}
	return at + 1;
}

static size_t scan_one(struct scan *s, size_t at)
{
	char ch = s->p.p[at];

	if (ch == '[') {
		return scan_bracket(s, at);
	}
	if (ch == '\\') {
		return scan_escape(s, at);
	}
	if (ch == '?' || ch == '+') {
		if (!s->repeatable) {
			complain(s, at, "\"%c\" repeats the character before it, and there is none",
				 ch);
		}
		s->repeatable = false;
		return at + 1;
	}
	if (s->ref && strchr(" ~^:", ch)) {
		complain(s, at,
			 "\"%c\" cannot be in the name of a branch or tag; these are not regular "
			 "expressions",
			 ch);
	}
	s->repeatable = ch != '*';
	return at + 1;
}

static void scan_ref(struct scan *s, size_t start)
{
	size_t last = s->p.len - 1;

	if (s->p.p[start] == '/') {
		complain(s, start, "the name of a branch or tag does not begin with \"/\"");
	}
	for (size_t i = start; i < s->p.len;) {
		i = scan_one(s, i);
	}
	if (last > start && (s->p.p[last] == '/' || s->p.p[last] == '.')) {
		complain(s, last, "the name of a branch or tag does not end with \"%c\"",
			 s->p.p[last]);
	}
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\n' || ch == '\t';
}

/* Behind the quote, if there is one. */
static struct span place_of_path(struct scan *s)
{
	return s->t->from && s->t->from->block ? s->t->at : check_span(s->c, s->t, 0, s->p.len);
}

static void scan_path(struct scan *s, size_t start)
{
	struct str p = str_slice(s->p, start, s->p.len);

	if (is_blank(s->p.p[0]) || is_blank(s->p.p[s->p.len - 1])) {
		(void)check_warn(s->c, place_of_path(s), KIND,
				 "blanks at the start or end of a path are a part of it");
		return;
	}
	if (str_eq(p, STR(".")) || str_eq(p, STR("..")) || str_starts(p, STR("./")) ||
	    str_starts(p, STR("../"))) {
		(void)check_warn(
			s->c, place_of_path(s), KIND,
			"paths are relative to the repository: nothing matches \".\" or \"..\"");
	}
	for (size_t i = start; i < s->p.len;) {
		i = scan_one(s, i);
	}
}

static void check_pattern(struct check *c, const struct tok *t, bool ref)
{
	struct scan s = { .c = c, .t = t, .p = check_literal(t), .ref = ref };
	size_t start = str_starts(s.p, STR("!")) ? 1 : 0;

	if (s.p.len == 0) {
		return;
	}
	if (start == s.p.len) {
		complain(&s, 0, "\"!\" needs a pattern behind it");
		return;
	}
	if (ref) {
		scan_ref(&s, start);
	} else {
		scan_path(&s, start);
	}
}

static void check_list(struct check *c, const struct tok *t, bool ref)
{
	if (t && t->kind == TOK_SEQ) {
		for (size_t i = 0; i < t->u.seq.n; i++) {
			check_pattern(c, t->u.seq.items[i], ref);
		}
	} else if (t) {
		check_pattern(c, t, ref);
	}
}

static void check_file(struct check *c)
{
	static const struct {
		struct str key;
		bool ref;
	} keys[] = {
		{ STR_INIT("branches"), true }, { STR_INIT("branches-ignore"), true },
		{ STR_INIT("tags"), true },     { STR_INIT("tags-ignore"), true },
		{ STR_INIT("paths"), false },   { STR_INIT("paths-ignore"), false },
		{ STR_INIT("versions"), true },
	};
	const struct tok *on = check_get(c->root, "on");

	for (size_t i = 0; on && on->kind == TOK_MAP && i < on->u.map.n; i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			const struct tok_pair *pair =
				check_pair_of(on->u.map.pairs[i].value, keys[k].key);

			check_list(c, pair ? pair->value : NULL, keys[k].ref);
		}
	}
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *snapshot = check_get(job->map, "snapshot");

	check_list(c, check_get(snapshot, "version"), true);
}

const struct rule rule_glob = { check_file, check_job, NULL };
