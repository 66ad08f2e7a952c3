/*
 * lexer.c - cuts an expression into tokens and checks each against the one before it. It knows
 * nothing of names, precedence or values beyond literals.
 */
#include "lexer.h"

#include <math.h>

#include "actc/unicode.h"

#define BIT(kind) (1u << (kind))

#define OPERATORS                                                                             \
	(BIT(LEX_NOT) | BIT(LEX_EQ) | BIT(LEX_NE) | BIT(LEX_LT) | BIT(LEX_LE) | BIT(LEX_GT) | \
	 BIT(LEX_GE) | BIT(LEX_AND) | BIT(LEX_OR))
/* Where an operand may begin. */
#define OPENERS                                                                               \
	(BIT(LEX_START) | BIT(LEX_SEPARATOR) | BIT(LEX_GROUP_START) | BIT(LEX_PARAMS_START) | \
	 BIT(LEX_INDEX_START) | OPERATORS)
/* What can be looked into by `.` or `[`. */
#define REFERENCES                                                                           \
	(BIT(LEX_GROUP_END) | BIT(LEX_PARAMS_END) | BIT(LEX_INDEX_END) | BIT(LEX_WILDCARD) | \
	 BIT(LEX_PROPERTY) | BIT(LEX_NAMED))
/* What ends an operand. */
#define OPERANDS (REFERENCES | BIT(LEX_LITERAL))

/* The kinds a token may follow. */
static const uint32_t follows[LEX_KINDS] = {
	[LEX_GROUP_START] = OPENERS,
	[LEX_GROUP_END] = OPERANDS,
	[LEX_INDEX_START] = REFERENCES,
	[LEX_INDEX_END] = OPERANDS,
	[LEX_PARAMS_START] = BIT(LEX_FUNCTION),
	[LEX_PARAMS_END] = OPERANDS | BIT(LEX_PARAMS_START),
	[LEX_SEPARATOR] = OPERANDS,
	[LEX_DEREFERENCE] = REFERENCES,
	[LEX_WILDCARD] = BIT(LEX_INDEX_START) | BIT(LEX_DEREFERENCE),
	[LEX_LITERAL] = OPENERS,
	[LEX_PROPERTY] = BIT(LEX_DEREFERENCE),
	[LEX_FUNCTION] = OPENERS,
	[LEX_NAMED] = OPENERS,
	[LEX_NOT] = OPENERS,
	[LEX_EQ] = OPERANDS,
	[LEX_NE] = OPERANDS,
	[LEX_LT] = OPERANDS,
	[LEX_LE] = OPERANDS,
	[LEX_GT] = OPERANDS,
	[LEX_GE] = OPERANDS,
	[LEX_AND] = OPERANDS,
	[LEX_OR] = OPERANDS,
};

/* The bracket that has to be the innermost open one. */
static const enum lex_kind needs_open[LEX_KINDS] = {
	[LEX_GROUP_END] = LEX_GROUP_START,
	[LEX_INDEX_END] = LEX_INDEX_START,
	[LEX_PARAMS_END] = LEX_PARAMS_START,
	[LEX_SEPARATOR] = LEX_PARAMS_START,
};

struct sign {
	char text[3];
	enum lex_kind kind;
};

static const struct sign signs[] = {
	{ "!=", LEX_NE }, { ">=", LEX_GE }, { "<=", LEX_LE }, { "==", LEX_EQ }, { "&&", LEX_AND },
	{ "||", LEX_OR }, { "!", LEX_NOT }, { ">", LEX_GT },  { "<", LEX_LT },
};

static enum lex_kind innermost(const struct lexer *lx)
{
	return lx->unclosed.n ? (enum lex_kind)lx->unclosed.v[lx->unclosed.n - 1] : LEX_START;
}

static bool brackets_fit(struct lexer *lx, enum lex_kind kind)
{
	switch ((int)kind) {
	case LEX_GROUP_START:
	case LEX_INDEX_START:
	case LEX_PARAMS_START:
		vec_push(lx->arena, &lx->unclosed, (unsigned char)kind);
		return true;
	case LEX_GROUP_END:
	case LEX_INDEX_END:
	case LEX_PARAMS_END:
	case LEX_SEPARATOR:
		if (innermost(lx) != needs_open[kind]) {
			return false;
		}
		lx->unclosed.n -= kind == LEX_SEPARATOR ? 0 : 1;
		return true;
	default:
		return true;
	}
}

/* The token of [lx->at, end), if it is legal here; moves behind it. */
static struct lex_token make(struct lexer *lx, enum lex_kind kind, size_t end)
{
	struct lex_token token = {
		.kind = kind,
		.malformed = kind == LEX_UNEXPECTED,
		.text = str_slice(lx->text, lx->at, end),
		.at = lx->at,
	};

	if (!(follows[kind] & BIT(lx->last)) || !brackets_fit(lx, kind)) {
		token.kind = LEX_UNEXPECTED;
	}
	lx->at = end;
	return token;
}

static struct lex_token make_literal(struct lexer *lx, struct value value, size_t end)
{
	struct lex_token token = make(lx, LEX_LITERAL, end);

	token.value = value;
	return token;
}

static bool is_boundary(const struct lexer *lx, size_t at)
{
	return memchr("([)],.!><=&|", lx->text.p[at], 12) || unicode_space_at(lx->text, at) > 0;
}

static size_t skip_to_boundary(const struct lexer *lx, size_t at, bool dots_too)
{
	while (at < lx->text.len && (!is_boundary(lx, at) || (dots_too && lx->text.p[at] == '.'))) {
		at++;
	}
	return at;
}

static struct lex_token number(struct lexer *lx)
{
	size_t end = skip_to_boundary(lx, lx->at + 1, true);
	double n = str_to_number(str_slice(lx->text, lx->at, end));

	return isnan(n) ? make(lx, LEX_UNEXPECTED, end) : make_literal(lx, value_number(n), end);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_keyword(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!is_letter(c) && (i == 0 || (c != '-' && (c < '0' || c > '9')))) {
			return false;
		}
	}
	return true;
}

static bool literal_word(struct str word, struct value *out)
{
	const struct {
		struct str word;
		struct value value;
	} words[] = {
		{ STR("null"), value_null() },
		{ STR("true"), value_bool(true) },
		{ STR("false"), value_bool(false) },
		{ STR("NaN"), value_number(NAN) },
		{ STR("Infinity"), value_number(INFINITY) },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq(words[i].word, word)) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

static size_t skip_space(const struct lexer *lx, size_t at)
{
	size_t step;

	while (at < lx->text.len && (step = unicode_space_at(lx->text, at)) > 0) {
		at += step;
	}
	return at;
}

static struct lex_token keyword(struct lexer *lx)
{
	size_t end = skip_to_boundary(lx, lx->at + 1, false);
	struct str word = str_slice(lx->text, lx->at, end);
	struct value value;

	if (!is_keyword(word)) {
		return make(lx, LEX_UNEXPECTED, end);
	}
	if (lx->last == LEX_DEREFERENCE) {
		return make(lx, LEX_PROPERTY, end);
	}
	if (literal_word(word, &value)) {
		return make_literal(lx, value, end);
	}

	size_t next = skip_space(lx, end);
	bool called = next < lx->text.len && lx->text.p[next] == '(';

	return make(lx, called ? LEX_FUNCTION : LEX_NAMED, end);
}

/* The string between the quotes, doubled quotes made single. */
static struct str unquote(struct arena *a, struct str s)
{
	if (str_chr(s, '\'', 0) == STR_NPOS) {
		return s;
	}

	char *p = arena_alloc(a, s.len);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		p[n++] = s.p[i];
		i += s.p[i] == '\'';
	}
	return str_mk(p, n);
}

static struct lex_token string(struct lexer *lx)
{
	size_t start = lx->at + 1;
	size_t end = start;

	for (;;) {
		end = str_chr(lx->text, '\'', end);
		if (end == STR_NPOS) {
			return make(lx, LEX_UNEXPECTED, lx->text.len);
		}
		if (end + 1 == lx->text.len || lx->text.p[end + 1] != '\'') {
			break;
		}
		end += 2;
	}

	struct str s = unquote(lx->arena, str_slice(lx->text, start, end));

	return make_literal(lx, value_str(s), end + 1);
}

static struct lex_token operator_token(struct lexer *lx)
{
	struct str rest = str_slice(lx->text, lx->at, lx->text.len);

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct str text = str_of(signs[i].text);

		if (str_starts(rest, text)) {
			return make(lx, signs[i].kind, lx->at + text.len);
		}
	}
	return make(lx, LEX_UNEXPECTED, skip_to_boundary(lx, lx->at + 1, false));
}

static struct lex_token scan(struct lexer *lx, char c)
{
	switch (c) {
	case '(':
		return make(lx, lx->last == LEX_FUNCTION ? LEX_PARAMS_START : LEX_GROUP_START,
			    lx->at + 1);
	case ')':
		return make(lx, innermost(lx) == LEX_PARAMS_START ? LEX_PARAMS_END : LEX_GROUP_END,
			    lx->at + 1);
	case '[':
		return make(lx, LEX_INDEX_START, lx->at + 1);
	case ']':
		return make(lx, LEX_INDEX_END, lx->at + 1);
	case ',':
		return make(lx, LEX_SEPARATOR, lx->at + 1);
	case '*':
		return make(lx, LEX_WILDCARD, lx->at + 1);
	case '\'':
		return string(lx);
	case '.': /* where nothing can be dereferenced it begins a number */
		return OPENERS & BIT(lx->last) ? number(lx) : make(lx, LEX_DEREFERENCE, lx->at + 1);
	default:
		if (memchr("!><=&|", c, 6)) {
			return operator_token(lx);
		}
		return c == '-' || c == '+' || (c >= '0' && c <= '9') ? number(lx) : keyword(lx);
	}
}

struct lex_token lexer_next(struct lexer *lx)
{
	lx->at = skip_space(lx, lx->at);
	if (lx->at >= lx->text.len) {
		return (struct lex_token){ .kind = LEX_END, .at = lx->text.len };
	}

	struct lex_token token = scan(lx, lx->text.p[lx->at]);

	lx->last = token.kind;
	return token;
}
