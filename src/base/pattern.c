/*
 * pattern.c - GitHub's filter patterns against branch names, tag names and paths.
 *
 * A pattern is made into a row of elements, and all ways through them are followed at once, so that
 * no pattern takes more than its length times the text's. What is invalid (a `+` behind nothing, a
 * `[` without its `]`) stands for itself here; pattern_valid() is what reports it.
 */
#include "actc/pattern.h"

#include <stdint.h>
#include <stdlib.h>

#include "actc/err.h"

enum element_kind {
	ELEMENT_CHAR,  /* one character, or one of a set */
	ELEMENT_STAR,  /* `*`: any characters but slashes */
	ELEMENT_ANY,   /* `**` */
	ELEMENT_DIRS,  /* the first half of `**` and a slash: no directory at all … */
	ELEMENT_BELOW, /* … or anything that ends with a slash */
};

struct element {
	enum element_kind kind;
	bool optional, repeated;
	struct str set; /* ELEMENT_CHAR: what is between the brackets, or the character */
	bool bracket;
};

static size_t char_len(struct str s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	size_t want = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < want; i++) {
		if (at + i >= s.len || ((unsigned char)s.p[at + i] & 0xc0) != 0x80) {
			return 1;
		}
	}
	return want;
}

/* Where the `]` is that closes the bracket at `at`; STR_NPOS when there is none. */
static size_t bracket_end(struct str p, size_t at)
{
	size_t end = str_chr(p, ']', at + 1);

	return end == at + 1 ? STR_NPOS : end;
}

/* `**` and a slash, where a directory's name may begin. */
static bool is_dirs(struct str p, size_t at)
{
	return p.len - at >= 3 && p.p[at + 1] == '*' && p.p[at + 2] == '/' &&
	       (at == 0 || p.p[at - 1] == '/');
}

/* Adds what begins at `at`, at most two elements; returns how many bytes of the pattern it took. */
static size_t add_element(struct str p, size_t at, struct element *e, size_t *n)
{
	char c = p.p[at];
	size_t end = c == '[' ? bracket_end(p, at) : STR_NPOS;
	size_t len;

	if (c == '*' && is_dirs(p, at)) {
		e[(*n)++] = (struct element){ .kind = ELEMENT_DIRS };
		e[(*n)++] = (struct element){ .kind = ELEMENT_BELOW };
		return 3;
	}
	if (c == '*') {
		bool any = at + 1 < p.len && p.p[at + 1] == '*';

		e[(*n)++] = (struct element){ .kind = any ? ELEMENT_ANY : ELEMENT_STAR };
		return any ? 2 : 1;
	}
	if ((c == '?' || c == '+') && *n > 0 && e[*n - 1].kind == ELEMENT_CHAR &&
	    !e[*n - 1].optional && !e[*n - 1].repeated) {
		e[*n - 1].optional = c == '?';
		e[*n - 1].repeated = c == '+';
		return 1;
	}
	if (end != STR_NPOS) {
		e[(*n)++] = (struct element){ .kind = ELEMENT_CHAR,
					      .bracket = true,
					      .set = str_slice(p, at + 1, end) };
		return end + 1 - at;
	}
	len = c == '\\' && at + 1 < p.len;
	at += len;
	e[(*n)++] = (struct element){ .kind = ELEMENT_CHAR,
				      .set = str_slice(p, at, at + char_len(p, at)) };
	return len + char_len(p, at);
}

static bool in_set(struct str set, struct str c)
{
	for (size_t i = 0, len; i < set.len; i += len) {
		struct str one = str_slice(set, i, i + char_len(set, i));

		len = one.len;
		if (i + 2 < set.len && set.p[i + 1] == '-' && len == 1) {
			len = 3;
			if (c.len == 1 && c.p[0] >= one.p[0] && c.p[0] <= set.p[i + 2]) {
				return true;
			}
		} else if (str_eq(one, c)) {
			return true;
		}
	}
	return false;
}

struct matching {
	const struct element *e;
	size_t n;
	uint32_t *seen; /* of each element: the step at which it was added last */
	size_t *now, *next;
	size_t nnow, nnext;
	uint32_t step;
};

/* Reaching an element reaches those behind it that need nothing. */
static void reach(struct matching *m, size_t i)
{
	while (m->seen[i] != m->step) {
		const struct element *e = &m->e[i];

		m->seen[i] = m->step;
		m->next[m->nnext++] = i;
		if (i == m->n || e->kind == ELEMENT_BELOW ||
		    (e->kind == ELEMENT_CHAR && !e->optional)) {
			return;
		}
		if (e->kind == ELEMENT_DIRS) {
			reach(m, i + 1);
			i++;
		}
		i++;
	}
}

static void take(struct matching *m, size_t i, struct str c)
{
	const struct element *e = &m->e[i];
	bool slash = c.p[0] == '/';

	switch (e->kind) {
	case ELEMENT_CHAR:
		if (e->bracket ? in_set(e->set, c) : str_eq(e->set, c)) {
			if (e->repeated) {
				reach(m, i);
			}
			reach(m, i + 1);
		}
		break;
	case ELEMENT_STAR:
		if (!slash) {
			reach(m, i);
		}
		break;
	case ELEMENT_ANY:
		reach(m, i);
		break;
	case ELEMENT_DIRS:
		break;
	case ELEMENT_BELOW:
		reach(m, i);
		if (slash) {
			reach(m, i + 1);
		}
		break;
	}
}

static void next_step(struct matching *m)
{
	size_t *swap = m->now;

	m->now = m->next;
	m->nnow = m->nnext;
	m->next = swap;
	m->nnext = 0;
	m->step++;
}

static bool run_elements(struct matching *m, struct str text)
{
	m->step = 1;
	reach(m, 0);
	for (size_t at = 0; at < text.len; at += char_len(text, at)) {
		struct str c = str_slice(text, at, at + char_len(text, at));

		next_step(m);
		if (m->nnow == 0) {
			return false;
		}
		for (size_t i = 0; i < m->nnow; i++) {
			if (m->now[i] < m->n) {
				take(m, m->now[i], c);
			}
		}
	}
	return m->seen[m->n] == m->step;
}

bool pattern_match(struct str pattern, struct str text)
{
	struct matching m = { 0 };
	struct element *e = calloc(pattern.len + 2, sizeof(*e));
	size_t *places = calloc(2 * (pattern.len + 2), sizeof(*places));
	bool hit;

	m.seen = calloc(pattern.len + 2, sizeof(*m.seen));
	BUG_ON(!e || !places || !m.seen);
	for (size_t at = 0; at < pattern.len;) {
		at += add_element(pattern, at, e, &m.n);
	}
	m.e = e;
	m.now = places;
	m.next = places + pattern.len + 2;
	hit = run_elements(&m, text);
	free(e);
	free(places);
	free(m.seen);
	return hit;
}

/* --- what GitHub refuses ---------------------------------------------------------------------- */

static const char *set_problem(struct str set)
{
	if (set.len == 0) {
		return "there is nothing between [ and ]";
	}
	for (size_t i = 0; i + 2 < set.len; i++) {
		if (set.p[i + 1] == '-' && set.p[i] > set.p[i + 2]) {
			return "a range in [ ] runs backwards";
		}
	}
	return NULL;
}

static const char *problem_at(struct str p, size_t at, bool repeatable, size_t *len)
{
	char c = p.p[at];
	size_t end;

	*len = 1;
	if ((c == '?' || c == '+') && !repeatable) {
		return c == '?' ? "'?' needs a character before it"
				: "'+' needs a character before it";
	}
	if (c == '\\') {
		*len = 2;
		return at + 1 == p.len ? "there is nothing behind the backslash" : NULL;
	}
	if (c != '[') {
		return NULL;
	}
	end = str_chr(p, ']', at + 1);
	if (end == STR_NPOS) {
		return "[ is not closed by ]";
	}
	*len = end + 1 - at;
	return set_problem(str_slice(p, at + 1, end));
}

bool pattern_valid(struct str pattern, size_t *at, const char **why)
{
	bool repeatable = false;
	size_t len;

	*at = str_starts(pattern, STR("!")) ? 1 : 0;
	*why = "the pattern is empty";
	if (*at == pattern.len) {
		return false;
	}
	for (; *at < pattern.len; *at += len) {
		char c = pattern.p[*at];

		*why = problem_at(pattern, *at, repeatable, &len);
		if (*why) {
			return false;
		}
		repeatable = !strchr("*?+", c);
	}
	return true;
}
