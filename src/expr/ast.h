/* ast.h - what the files of this directory share about the tree of an expression (expr_tree.h). */
#ifndef ACTC_EXPR_AST_H
#define ACTC_EXPR_AST_H

#include "actc/arena.h"
#include "actc/expr_tree.h"
#include "actc/strbuf.h"
#include "actc/value.h"

/* The expression of a node in GitHub's normal form, for messages: `(a.b == 'x')`. */
void node_print(struct strbuf *out, const struct node *node);
/* The same, with what `instead` knows in place of nodes; keys then all stand in brackets. */
struct node_printer {
	struct strbuf *out;
	/* False: it has nothing. */
	bool (*instead)(void *ctx, struct strbuf *out, const struct node *node);
	void *ctx;
};
void node_print_realized(const struct node_printer *p, const struct node *node);
/* 'it''s', null, 1.5, Array: as GitHub shows values. */
void value_print(struct strbuf *out, struct value v);
/* Adds an operand; chains of `&&` and `||` are one node however they are grouped, which matters for
 * the depth limit. */
void node_add(struct arena *a, struct node *node, const struct node *arg);
void chain_add(struct arena *a, struct node *chain, const struct node *arg);

#endif
