/*
 * regex_translate.c - a pattern of .NET's ECMAScript mode in PCRE2's words.
 *
 * The two differ where one has an escape that is a plain letter to the other (\v, \h, \Q), in how
 * numbers behind a backslash are read, in what may stand behind "(?", and in the numbers of named
 * groups. What .NET has and PCRE2 has not is refused by name. On the way it notes what every line
 * that matches must hold, so that nearly all lines can be told without PCRE2. Characters
 * and sets are regex_chars.c's business, matching is regex.c's.
 */
#include <string.h>

#include "translator.h"

enum { MAX_GROUPS = 1000 };

/* --- escapes outside of sets -------------------------------------------------------------------
 */

/* .NET's group by its number there; 0 when there is no such group. */
static unsigned group_number(const struct translator *t, size_t number)
{
	if (number >= 1 && number <= t->nunnamed) {
		return t->unnamed.v[number - 1];
	}
	return number > t->nunnamed && number <= t->nunnamed + t->names.n
		       ? t->names.v[number - t->nunnamed - 1].number
		       : 0;
}

/* As many digits as make the number of a group; else it is no reference. */
static bool add_reference(struct translator *t)
{
	size_t number = 0, used = 0, digits = 0;
	unsigned group = 0;

	while (tr_is_digit(tr_peek(t, digits)) && number < MAX_GROUPS) {
		number = number * 10 + (size_t)(tr_peek(t, digits) - '0');
		digits++;
		if (group_number(t, number)) {
			group = group_number(t, number);
			used = digits;
		}
	}
	if (!group) {
		return false;
	}
	t->at += used;
	strbuf_addf(&t->out, "\\g{%u}", group);
	return true;
}

static bool add_named_reference(struct translator *t)
{
	char open = (char)tr_peek(t, 1);
	size_t end = str_chr(t->in, open == '<' ? '>' : '\'', t->at + 2);

	if ((open != '<' && open != '\'') || end == STR_NPOS) {
		return tr_fail(t, "Malformed \\k<...> named back reference.");
	}

	struct str name = str_slice(t->in, t->at + 2, end);

	for (size_t i = 0; i < t->names.n; i++) {
		if (str_eq(t->names.v[i].text, name)) {
			strbuf_addf(&t->out, "\\g{%u}", t->names.v[i].number);
			t->at = end + 1;
			return true;
		}
	}
	return tr_fail(t, "Reference to undefined group name '%.*s'.", STR_ARG(name));
}

static bool add_escape(struct translator *t, struct atom *atom)
{
	unsigned char *set;
	int c;

	t->at++;
	c = tr_peek(t, 0);
	set = arena_alloc(t->a, 256);
	if (tr_class(t, set)) {
		atom->set = set;
		return true;
	}
	if (c > 0 && strchr("bBAzZG", c)) {
		atom->is_no_character = true;
		strbuf_addf(&t->out, "\\%c", c);
		t->at++;
		return true;
	}
	if (c == 'p' || c == 'P') {
		return tr_property(t);
	}
	if (c == 'k') {
		return add_named_reference(t);
	}
	if (c >= '1' && c <= '9' && add_reference(t)) {
		return true;
	}
	return tr_escaped(t, atom);
}

/* --- groups ------------------------------------------------------------------------------------
 */

/* The name of a group that begins at `at`, behind "(?"; empty when it has none. */
static struct str name_at(struct str in, size_t at)
{
	char open = at < in.len ? in.p[at] : '\0';
	char next = at + 1 < in.len ? in.p[at + 1] : '\0';
	size_t end;

	if ((open != '<' && open != '\'') || (open == '<' && (next == '=' || next == '!'))) {
		return STR_EMPTY;
	}
	end = str_chr(in, open == '<' ? '>' : '\'', at + 1);
	return end == STR_NPOS ? STR_EMPTY : str_slice(in, at + 1, end);
}

static size_t skip_set(struct str in, size_t at)
{
	at += at + 1 < in.len && in.p[at + 1] == '^' ? 2 : 1;
	for (bool first = true; at < in.len && (first || in.p[at] != ']'); first = false) {
		at += in.p[at] == '\\' ? 2 : 1;
	}
	return at;
}

static bool note_name(struct translator *t, struct str name, unsigned number)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!tr_is_alnum(name.p[i]) && name.p[i] != '_' && !(name.p[i] & 0x80)) {
			return tr_fail(t, "Invalid group name '%.*s'.", STR_ARG(name));
		}
	}
	if (tr_is_digit(name.p[0])) {
		return tr_fail(t, "Groups with a number for a name are not supported.");
	}
	for (size_t i = 0; i < t->names.n; i++) {
		if (str_eq(t->names.v[i].text, name)) {
			return tr_fail(
				t, "The group name '%.*s' is used twice, which is not supported.",
				STR_ARG(name));
		}
	}
	vec_push(t->a, &t->names, (struct name){ name, number });
	return true;
}

/* Numbers of all groups: .NET counts those without a name first. */
static bool find_groups(struct translator *t)
{
	unsigned number = 0;

	for (size_t i = 0; i < t->in.len; i++) {
		char c = t->in.p[i];
		struct str name = STR_EMPTY;

		if (c == '\\') {
			i++;
		} else if (c == '[') {
			i = skip_set(t->in, i);
		} else if (c == '(' && i + 1 < t->in.len && t->in.p[i + 1] == '?') {
			name = name_at(t->in, i + 2);
			if (name.len && !note_name(t, name, ++number)) {
				return false;
			}
			if (i + 2 < t->in.len && t->in.p[i + 2] == '#') {
				size_t end = str_chr(t->in, ')', i);

				i = end == STR_NPOS ? t->in.len : end;
			}
		} else if (c == '(') {
			vec_push(t->a, &t->unnamed, ++number);
		}
	}
	t->nunnamed = t->unnamed.n;
	return number < MAX_GROUPS || tr_fail(t, "Too many groups.");
}

/* "(?i:" or "(?i)": options that both have. */
static bool add_options(struct translator *t)
{
	size_t n = 2;

	while (tr_peek(t, n) > 0 && strchr("ims-", tr_peek(t, n))) {
		n++;
	}
	if (n == 2 || (tr_peek(t, n) != ':' && tr_peek(t, n) != ')')) {
		return tr_fail(t, tr_peek(t, n) == 'x' || tr_peek(t, n) == 'n'
					  ? "The options n and x are not supported."
					  : "Unrecognized grouping construct.");
	}
	t->depth += tr_peek(t, n) == ':' ? 1 : 0;
	t->unknowable = true;
	strbuf_adds(&t->out, str_slice(t->in, t->at, t->at + n + 1));
	t->at += n + 1;
	return true;
}

static bool is_word_byte(int c)
{
	return tr_is_alnum(c) || c == ' ' || c == '_' || c == '-';
}

/* The group here, when it is no more than words to choose from, one of which must be there. */
static void note_choices(struct translator *t)
{
	struct regex_needs *needs = t->needs;
	size_t at = 1, n = 0;
	struct str words[REGEX_CHOICES];

	if (t->depth || needs->nchoices) {
		return;
	}
	if (tr_sees(t, "(?")) {
		struct str name = name_at(t->in, t->at + 2);

		at = name.len ? name.len + 4 : tr_sees(t, "(?:") ? 3 : t->in.len;
	}
	for (;; at++) {
		size_t from = at;

		while (is_word_byte(tr_peek(t, at))) {
			at++;
		}
		if (at - from < 2 || n == REGEX_CHOICES) {
			return;
		}
		words[n++] = str_slice(t->in, t->at + from, t->at + at);
		if (tr_peek(t, at) != '|') {
			break;
		}
	}
	if (tr_peek(t, at) != ')' ||
	    (tr_peek(t, at + 1) > 0 && strchr("*?{", tr_peek(t, at + 1)))) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		needs->choices[i] = arena_str(t->a, words[i]);
	}
	needs->nchoices = n;
}

static bool add_group(struct translator *t)
{
	static const char *const plain[] = { "(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!" };

	if (tr_sees(t, "(*")) {
		return tr_fail(t, "Quantifier '*' following nothing.");
	}
	note_choices(t);
	if (tr_sees(t, "(?#")) {
		size_t end = str_chr(t->in, ')', t->at);

		t->at = end == STR_NPOS ? t->in.len : end + 1;
		return end != STR_NPOS || tr_fail(t, "Unterminated (?#...) comment.");
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (tr_sees(t, plain[i])) {
			t->depth++;
			t->at += strlen(plain[i]);
			strbuf_adds(&t->out, str_of(plain[i]));
			return true;
		}
	}
	if (tr_sees(t, "(?")) {
		struct str name = name_at(t->in, t->at + 2);

		if (name.len == 0) {
			return add_options(t);
		}
		t->at += name.len + 3;
	}
	t->depth++;
	t->at++;
	strbuf_addc(&t->out, '(');
	return true;
}

/* --- what a line needs -------------------------------------------------------------------------
 */

static void end_run(struct translator *t)
{
	struct regex_needs *needs = t->needs;

	if (t->run.len && needs->n < REGEX_LITERALS) {
		needs->literals[needs->n++] = arena_str(t->a, strbuf_str(&t->run));
	}
	strbuf_reset(&t->run);
}

/* Behind ^ every line begins with one of these bytes. */
static void note_first(struct translator *t, const struct atom *atom, bool required)
{
	struct regex_needs *needs = t->needs;

	if (t->first_known || atom->is_no_character) {
		t->first_known = t->first_known || (t->depth > 0);
		return;
	}
	t->first_known = true;
	if (!t->anchored || !required || t->depth) {
		return;
	}
	if (atom->set) {
		memcpy(needs->first, atom->set, sizeof(needs->first));
		needs->by_first = true;
	} else if (atom->literal.len) {
		needs->first[(unsigned char)atom->literal.p[0]] = 1;
		needs->by_first = true;
	}
}

static void note_atom(struct translator *t, const struct atom *atom, bool quantified, bool required)
{
	note_first(t, atom, required);
	if (t->depth || atom->is_group_end || !atom->literal.len) {
		if (!atom->is_no_character || t->depth) {
			end_run(t);
		}
		return;
	}
	if (!required) {
		end_run(t);
		return;
	}
	strbuf_adds(&t->run, atom->literal);
	if (quantified) {
		end_run(t);
	}
}

/* --- the pattern -------------------------------------------------------------------------------
 */

/* Length of "{n}", "{n,}" or "{n,m}" here; 0 = the brace means itself. */
static size_t counted(const struct translator *t, bool *required)
{
	size_t n = 1;
	bool zero = true;

	while (tr_is_digit(tr_peek(t, n))) {
		zero = zero && tr_peek(t, n) == '0';
		n++;
	}
	if (n == 1) {
		return 0;
	}
	*required = !zero;
	if (tr_peek(t, n) == ',') {
		n++;
		while (tr_is_digit(tr_peek(t, n))) {
			n++;
		}
	}
	return tr_peek(t, n) == '}' ? n + 1 : 0;
}

static size_t quantifier(const struct translator *t, bool *required)
{
	switch (tr_peek(t, 0)) {
	case '*':
	case '?':
		*required = false;
		return 1;
	case '+':
		return 1;
	case '{':
		return counted(t, required);
	default:
		return 0;
	}
}

/* What may follow an atom. A second one would make it possessive for PCRE2; .NET has none. */
static bool take_quantifier(struct translator *t, bool *quantified, bool *required)
{
	bool ignored = true;
	size_t n = quantifier(t, required);

	*quantified = n > 0;
	if (n == 0) {
		return true;
	}
	n += tr_peek(t, n) == '?' ? 1 : 0;
	strbuf_adds(&t->out, str_slice(t->in, t->at, t->at + n));
	t->at += n;
	if (quantifier(t, &ignored)) {
		return tr_fail(t, "Nested quantifier '%c'.", tr_peek(t, 0));
	}
	return true;
}

static bool take_atom(struct translator *t, struct atom *atom)
{
	int c = tr_peek(t, 0);

	switch (c) {
	case '\\':
		return add_escape(t, atom);
	case '[':
		return tr_set(t, atom);
	case '(':
		atom->is_no_character = true;
		return add_group(t);
	case ')':
		atom->is_group_end = true;
		t->depth -= t->depth ? 1 : 0;
		break;
	case '|':
		atom->is_no_character = true;
		t->unknowable = t->unknowable || t->depth == 0;
		break;
	case '^':
	case '$':
		atom->is_no_character = true;
		t->anchored = t->anchored || (c == '^' && t->at == 0);
		break;
	case '.':
		break;
	default:
		tr_literal(t, atom);
		return true;
	}
	strbuf_addc(&t->out, (char)c);
	t->at++;
	return true;
}

static bool translate(struct translator *t)
{
	while (t->at < t->in.len) {
		struct atom atom = { .literal = STR_EMPTY };
		bool quantified = false, required = true;
		bool lone = quantifier(t, &required) > 0 && tr_peek(t, 0) != '{';

		if (lone) {
			return tr_fail(t, "Quantifier '%c' following nothing.", tr_peek(t, 0));
		}
		required = true;
		if (!take_atom(t, &atom) ||
		    (!atom.is_no_character && !take_quantifier(t, &quantified, &required))) {
			return false;
		}
		note_atom(t, &atom, quantified, required);
	}
	end_run(t);
	return true;
}

/* How often a byte is met in the output of programs: the lower, the sooner a line can be told by
 * it.
 */
static int frequency(char c)
{
	if (c == ' ' || tr_is_alnum(c)) {
		return 3;
	}
	return strchr("./-_:=", c) ? 2 : strchr(",()[]'\"", c) ? 1 : 0;
}

static void choose_rarest(struct regex_needs *needs)
{
	for (size_t i = 0; i < needs->n; i++) {
		for (size_t k = 0; k < needs->literals[i].len; k++) {
			char c = needs->literals[i].p[k];

			if ((i == 0 && k == 0) || frequency(c) < frequency(needs->rarest)) {
				needs->rarest = c;
			}
		}
	}
}

bool regex_translate(struct arena *a, struct str pattern, struct translation *out, struct str *why)
{
	struct translator t = { .a = a, .in = pattern, .why = why, .needs = &out->needs };

	*out = (struct translation){ .pattern = STR_EMPTY };
	strbuf_init(&t.out, 0);
	strbuf_init(&t.run, 0);

	bool ok = find_groups(&t) && translate(&t);

	if (ok) {
		out->pattern = arena_str(a, strbuf_str(&t.out));
		out->ngroups = 1 + t.nunnamed + t.names.n;
		out->numbers = arena_array(a, unsigned, out->ngroups);
		for (size_t i = 1; i < out->ngroups; i++) {
			out->numbers[i] = group_number(&t, i);
		}
	}
	if (t.unknowable) {
		out->needs = (struct regex_needs){ .n = 0 };
	}
	choose_rarest(&out->needs);
	strbuf_release(&t.out);
	strbuf_release(&t.run);
	return ok;
}
