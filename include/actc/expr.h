/*
 * expr.h - GitHub's expression language: parse, static facts, evaluate (SEMANTICS 2).
 *
 * Parsing checks named values and functions against a scope, because GitHub makes a context that is
 * not available for a key a parse error. Evaluation never fails for missing properties; it fails
 * for what GitHub fails for (format strings, fromJSON, memory), with GitHub's words.
 */
#ifndef ACTC_EXPR_H
#define ACTC_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/source.h"
#include "actc/str.h"
#include "actc/value.h"

enum {
	EXPR_MAX_DEPTH = 50,
	EXPR_MAX_LENGTH = 21000,
	EXPR_MAX_MEMORY = 10 * 1024 * 1024,
};

enum expr_stage { EXPR_LEXING, EXPR_PARSING, EXPR_EVALUATION };

struct expr_error {
	enum expr_stage stage;
	struct str msg; /* GitHub's text, position suffix included where GitHub gives one */
	size_t at;      /* byte offset into the expression's text, for the caret */
	size_t len;
	bool ended; /* the text ended too early */
};

struct expr_function {
	struct str name;
	unsigned min;
	unsigned max;
};

/* What may be named in one place of a workflow, beyond the well-known functions. */
struct expr_scope {
	const struct str *names; /* contexts, compared without case */
	size_t nnames;
	const struct expr_function *functions; /* success, hashFiles, … where they are allowed */
	size_t nfunctions;
};

struct expr;

/* NULL on an error; an empty text gives the null literal. */
const struct expr *expr_parse(struct arena *a, struct str text, const struct expr_scope *scope,
			      struct expr_error *error);

/* The text the expression was parsed from. */
struct str expr_text(const struct expr *e);
/* The scalar that it was read from, for people: with its `${{ }}` and the text around them. */
struct str expr_scalar(struct arena *a, const struct expr *e);
/* True when one of the four status functions occurs anywhere in it. */
bool expr_has_status(const struct expr *e);
/* True when it is a literal; *out then has its value. */
bool expr_literal(const struct expr *e, struct value *out);
/* Calls back for each chain that starts at a named value with constant keys: `needs.a.outputs.x`
 * gives root "needs" and path {"a","outputs","x"} (a `*` or computed index ends the path). */
typedef void expr_visit_fn(void *ctx, struct str root, const struct str *path, size_t n);
void expr_visit_names(const struct expr *e, expr_visit_fn *fn, void *ctx);

enum expr_status { STATUS_SUCCESS, STATUS_FAILURE, STATUS_CANCELLED, STATUS_ALWAYS };

/* What an evaluation may ask its host for. Unused callbacks may be NULL. */
struct expr_env {
	void *ctx;
	/* The context of that name (lower case); false = unknown, which reads as null. */
	bool (*named)(void *ctx, struct str name, struct value *out);
	/* success('a', 'b') …: args are job names, only for jobs. */
	bool (*status)(void *ctx, enum expr_status which, const struct str *args, size_t n);
	/* Patterns as given; on failure *why is GitHub's text. */
	bool (*hash_files)(void *ctx, const struct str *patterns, size_t n, struct str *out,
			   struct str *why);
	/* GitHub's account of an evaluation, line by line. */
	void (*trace)(void *ctx, struct str line);
	size_t max_memory; /* bytes by GitHub's way of counting; 0 = EXPR_MAX_MEMORY */
};

/* The result lives in the arena (and may borrow from context values). */
bool expr_eval(struct arena *a, const struct expr *e, const struct expr_env *env, struct value *out,
	       struct expr_error *error);

/*
 * Scalars with `${{ }}` (SEMANTICS 2.8). A scalar that is exactly one expression stays that
 * expression; text around expressions is rewritten to a format() call, which is what GitHub
 * evaluates.
 */
enum tmpl_kind { TMPL_LITERAL, TMPL_EXPR, TMPL_INSERT };

struct tmpl {
	enum tmpl_kind kind;
	struct str literal;      /* TMPL_LITERAL: the unescaped text */
	const struct expr *expr; /* TMPL_EXPR */
	bool whole;              /* TMPL_EXPR: it was exactly one ${{ }}, so it keeps its type */
};

/* `offset` of an error is into `text`. allowed == NULL: a template expression is not allowed here.
 */
bool tmpl_parse(struct arena *a, struct str text, const struct expr_scope *allowed,
		struct tmpl *out, struct expr_error *error);

/*
 * An `if` condition (SEMANTICS 2.9): the text is an expression with or without `${{ }}`, empty
 * means success(), and without a status function it becomes `success() && (…)`. With `implicit`
 * false (action pre-if, post-if) it is used as it is.
 */
const struct expr *expr_parse_condition(struct arena *a, struct str text, bool implicit,
					const struct expr_scope *scope, struct expr_error *error);

#endif
