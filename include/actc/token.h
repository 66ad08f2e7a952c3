/*
 * token.h - template tokens: what the schema reader makes of YAML nodes, expressions parsed.
 *
 * This is GitHub's TemplateToken: the part of a workflow that stays to be evaluated (env, with,
 * matrix, run, …) is kept as tokens in the model; tok_eval() turns one into a value in the contexts
 * of the moment. Tokens are const after load and shared by all jobs.
 */
#ifndef ACTC_TOKEN_H
#define ACTC_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/expr.h"
#include "actc/source.h"
#include "actc/str.h"
#include "actc/value.h"
#include "actc/yaml.h"

enum tok_kind {
	TOK_STRING,
	TOK_SEQ,
	TOK_MAP,
	TOK_EXPR,
	TOK_INSERT, /* only as a key */
	TOK_BOOL,
	TOK_NUMBER,
	TOK_NULL,
};

struct tok;

struct tok_pair {
	const struct tok *key; /* TOK_STRING, TOK_EXPR or TOK_INSERT */
	const struct tok *value;
};

struct tok {
	enum tok_kind kind;
	bool whole; /* TOK_EXPR: the scalar was exactly one ${{ }} */
	bool bad;   /* an error was reported in it */
	struct span at;
	const struct yaml_node *from; /* scalars: for places inside their text; may be NULL */
	union {
		struct str s;
		bool b;
		double n;
		const struct expr *e; /* `a ${{ b }}` is here as format('a {0}', b) */
		struct {
			size_t n;
			const struct tok **items;
		} seq;
		struct {
			size_t n;
			const struct tok_pair *pairs;
		} map;
	} u;
};

struct eval_error {
	struct span at; /* of the token whose evaluation failed */
	struct str msg;
};

/*
 * Evaluates a token. Expression keys, `insert` and flattened sequence items are resolved; mapping
 * keys become strings. With case_sensitive the objects made are case-sensitive (env mappings).
 */
bool tok_eval(struct arena *a, const struct tok *t, const struct expr_env *env, bool case_sensitive,
	      struct value *out, struct eval_error *error);
/* The same, checked and converted as the schema's type for the key wants it (SEMANTICS 1.1 "Type
 * coercion"): a string takes null, boolean and number too; number and boolean only their own kind.
 * t == NULL leaves *out as it is. */
bool tok_eval_str(struct arena *a, const struct tok *t, const struct expr_env *env, struct str *out,
		  struct eval_error *error);
bool tok_eval_number(struct arena *a, const struct tok *t, const struct expr_env *env, double *out,
		     struct eval_error *error);
bool tok_eval_bool(struct arena *a, const struct tok *t, const struct expr_env *env, bool *out,
		   struct eval_error *error);

/* The value of a literal key of a mapping; NULL when there is none or t is no mapping (or NULL). */
const struct tok *tok_get(const struct tok *t, struct str key);
/* A literal scalar as text: null "", true, 1.5 (-0 stays "-0"). Empty for anything else. */
struct str tok_text(struct arena *a, const struct tok *t);
/* True when nothing in it has to be evaluated. */
bool tok_is_literal(const struct tok *t);
/* Calls back for each expression in it. */
typedef void tok_visit_fn(void *ctx, const struct tok *t, const struct expr *e);
void tok_visit_exprs(const struct tok *t, tok_visit_fn *fn, void *ctx);

#endif
