/*
 * function.h - the function table and what a function sees of an evaluation. Private to src/expr.
 */
#ifndef ACTC_EXPR_FUNCTION_H
#define ACTC_EXPR_FUNCTION_H

#include "ast.h"

/* What the values of names, keys and calls were, for who wants to know. */
struct traced {
	const struct node *node;
	struct str text;
};
struct trace {
	struct strbuf line;
	VEC(struct traced) results;
};

/*
 * One evaluation. Memory is charged per depth of the tree, as GitHub's evaluator does: when the
 * size of a result is known for sure, what its operands took is given back.
 */
struct eval {
	struct arena *arena;
	const struct expr *expr;
	const struct expr_env *env;
	struct expr_error *error;
	size_t max_memory;
	size_t memory;
	size_t charged[EXPR_MAX_DEPTH + 1]; /* by depth */
	unsigned deepest;
	struct trace *trace; /* NULL: nobody wants to know */
};

/* What happens at a node, told before and after (trace.c). */
void trace_enter(struct eval *ev, const struct node *node, unsigned depth);
void trace_leave(struct eval *ev, const struct node *node, unsigned depth, struct value v);
/* The same for the whole. */
void trace_begin(struct eval *ev, struct trace *t);
void trace_end(struct eval *ev, struct value v);

/* False with ev->error set. `depth` is 0 for the root. */
bool eval_node(struct eval *ev, const struct node *node, unsigned depth, struct value *out);
/* Both return false; the error is at the node. */
__attribute__((format(printf, 3, 4))) bool eval_fail(struct eval *ev, const struct node *node,
						     const char *fmt, ...);
bool eval_fail_memory(struct eval *ev, const struct node *node);

/* What GitHub counts for a string: 26 bytes and its UTF-16 units. */
size_t string_cost(struct str s);

typedef bool function_fn(struct eval *ev, const struct node *call, unsigned depth,
			 struct value *out);

struct function {
	struct str name;
	unsigned min;
	unsigned max;
	bool hosted; /* only where the scope names it, with the scope's limits */
	bool status;
	bool odd; /* the number of arguments */
	function_fn *call;
};

/* NULL when there is none; name compared without case. */
const struct function *function_find(struct str name);

#endif
