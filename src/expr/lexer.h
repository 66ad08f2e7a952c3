/*
 * lexer.h - tokens of GitHub's expression language (SEMANTICS 2.1). Private to src/expr.
 *
 * The lexer also decides whether a token may stand where it stands: GitHub's does, and which symbol
 * is called unexpected depends on it. The parser behind it never sees an impossible sequence.
 */
#ifndef ACTC_EXPR_LEXER_H
#define ACTC_EXPR_LEXER_H

#include <stdint.h>

#include "actc/arena.h"
#include "actc/value.h"

enum lex_kind {
	LEX_START, /* what precedes the first token */
	LEX_UNEXPECTED,
	LEX_END,
	LEX_GROUP_START,
	LEX_GROUP_END,
	LEX_INDEX_START,
	LEX_INDEX_END,
	LEX_PARAMS_START,
	LEX_PARAMS_END,
	LEX_SEPARATOR,
	LEX_DEREFERENCE,
	LEX_WILDCARD,
	LEX_LITERAL,
	LEX_PROPERTY,
	LEX_FUNCTION,
	LEX_NAMED,
	LEX_NOT,
	LEX_EQ,
	LEX_NE,
	LEX_LT,
	LEX_LE,
	LEX_GT,
	LEX_GE,
	LEX_AND,
	LEX_OR,
	LEX_KINDS,
};

struct lex_token {
	enum lex_kind kind;
	bool malformed; /* LEX_UNEXPECTED: no token at all, not just one in the wrong place */
	struct str text;
	size_t at;
	struct value value; /* LEX_LITERAL */
};

struct lexer {
	struct arena *arena;
	struct str text;
	size_t at;
	enum lex_kind last;
	VEC(unsigned char) unclosed; /* kinds of the brackets that are open */
};

struct lex_token lexer_next(struct lexer *lx);

#endif
