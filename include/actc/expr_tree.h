/*
 * expr_tree.h - the tree of a parsed expression, for those who judge it without evaluating it.
 * Immutable once parsed.
 */
#ifndef ACTC_EXPR_TREE_H
#define ACTC_EXPR_TREE_H

#include <stdint.h>

#include "actc/expr.h"
#include "actc/value.h"

enum node_kind {
	NODE_LITERAL,
	NODE_NAMED,
	NODE_WILDCARD, /* the `*` of `a.*`; anywhere else its value is "*" */
	NODE_INDEX,    /* args: what is looked into, the key */
	NODE_CALL,
	NODE_NOT,
	NODE_EQ,
	NODE_NE,
	NODE_LT,
	NODE_LE,
	NODE_GT,
	NODE_GE,
	NODE_AND, /* chains are one node */
	NODE_OR,
};

struct function;

struct node {
	enum node_kind kind;
	unsigned height; /* 1 for a leaf */
	uint32_t at;     /* the token in the expression's text */
	uint32_t len;
	struct str name; /* NODE_CALL, NODE_NAMED: as written */
	union {
		struct value literal;
		struct str lower;                /* NODE_NAMED */
		const struct function *function; /* NODE_CALL; NULL = a function of the scope
						    that nothing implements */
	} u;
	size_t nargs;
	size_t cap;
	const struct node **args;
};

/* One `${{ }}` of a scalar: places in its tree are bytes behind `at` in the scalar's text. */
struct expr_part {
	size_t at;
	const struct expr *expr;
};

struct expr {
	struct str text;
	const struct node *root;
	bool has_status;
	/* Where it comes from, when that is a scalar with `${{ }}`, or a condition. */
	size_t nparts;
	const struct expr_part *parts;
};

#endif
