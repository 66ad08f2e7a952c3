/* ast.c - facts about a parsed expression that need no evaluation, and its normal form. */
#include "ast.h"

#include "actc/err.h"

void node_add(struct arena *a, struct node *node, const struct node *arg)
{
	if (node->nargs == node->cap) {
		node->args =
			arena_grow(a, node->args, node->nargs, &node->cap, sizeof(*node->args));
	}
	node->args[node->nargs++] = arg;
	if (node->height <= arg->height) {
		node->height = arg->height + 1;
	}
}

void chain_add(struct arena *a, struct node *chain, const struct node *arg)
{
	if (arg->kind != chain->kind) {
		node_add(a, chain, arg);
		return;
	}
	for (size_t i = 0; i < arg->nargs; i++) {
		node_add(a, chain, arg->args[i]);
	}
}

static bool is_plain_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || (c != '-' && (c < '0' || c > '9')))) {
			return false;
		}
	}
	return s.len > 0;
}

void value_print(struct strbuf *out, struct value v)
{
	if (v.kind == VALUE_NULL) {
		strbuf_adds(out, STR("null"));
	} else if (v.kind != VALUE_STRING) {
		struct arena a = ARENA_INIT;

		strbuf_adds(out, value_to_str(&a, v));
		arena_release(&a);
	} else {
		strbuf_addc(out, '\'');
		for (size_t i = 0; i < v.u.s.len; i++) {
			strbuf_addf(out, v.u.s.p[i] == '\'' ? "''" : "%c", v.u.s.p[i]);
		}
		strbuf_addc(out, '\'');
	}
}

static void print_args(const struct node_printer *p, const struct node *node, const char *separator)
{
	strbuf_addc(p->out, '(');
	for (size_t i = 0; i < node->nargs; i++) {
		strbuf_adds(p->out, str_of(i ? separator : ""));
		node_print_realized(p, node->args[i]);
	}
	strbuf_addc(p->out, ')');
}

static void print_index(const struct node_printer *p, const struct node *node)
{
	const struct node *key = node->args[1];

	node_print_realized(p, node->args[0]);
	if (key->kind == NODE_WILDCARD && !p->instead) {
		strbuf_adds(p->out, STR(".*"));
	} else if (key->kind == NODE_LITERAL && key->u.literal.kind == VALUE_STRING &&
		   is_plain_name(key->u.literal.u.s) && !p->instead) {
		strbuf_addc(p->out, '.');
		strbuf_adds(p->out, key->u.literal.u.s);
	} else {
		strbuf_addc(p->out, '[');
		node_print_realized(p, key);
		strbuf_addc(p->out, ']');
	}
}

void node_print_realized(const struct node_printer *p, const struct node *node)
{
	static const char *const separators[] = {
		[NODE_EQ] = " == ", [NODE_NE] = " != ", [NODE_LT] = " < ",   [NODE_LE] = " <= ",
		[NODE_GT] = " > ",  [NODE_GE] = " >= ", [NODE_AND] = " && ", [NODE_OR] = " || ",
	};

	if (p->instead && p->instead(p->ctx, p->out, node)) {
		return;
	}
	switch (node->kind) {
	case NODE_LITERAL:
		value_print(p->out, node->u.literal);
		break;
	case NODE_NAMED:
		strbuf_adds(p->out, node->name);
		break;
	case NODE_WILDCARD:
		strbuf_addc(p->out, '*');
		break;
	case NODE_INDEX:
		print_index(p, node);
		break;
	case NODE_CALL:
		strbuf_adds(p->out, node->name);
		print_args(p, node, ", ");
		break;
	case NODE_NOT:
		strbuf_addc(p->out, '!');
		node_print_realized(p, node->args[0]);
		break;
	case NODE_EQ:
	case NODE_NE:
	case NODE_LT:
	case NODE_LE:
	case NODE_GT:
	case NODE_GE:
	case NODE_AND:
	case NODE_OR:
	default:
		print_args(p, node, separators[node->kind]);
		break;
	}
}

void node_print(struct strbuf *out, const struct node *node)
{
	const struct node_printer p = { .out = out };

	node_print_realized(&p, node);
}

struct str expr_text(const struct expr *e)
{
	return e->text;
}

bool expr_has_status(const struct expr *e)
{
	return e->has_status;
}

bool expr_literal(const struct expr *e, struct value *out)
{
	if (e->root->kind != NODE_LITERAL) {
		return false;
	}
	*out = e->root->u.literal;
	return true;
}

static bool constant_key(const struct node *index)
{
	const struct node *key = index->args[1];

	return key->kind == NODE_LITERAL && key->u.literal.kind == VALUE_STRING;
}

struct visit {
	expr_visit_fn *fn;
	void *ctx;
};

static void visit_node(const struct visit *v, const struct node *node);

/* A chain of indexes, `node` its last: the keys up to the first that is not constant. */
static void visit_chain(const struct visit *v, const struct node *node)
{
	const struct node *links[EXPR_MAX_DEPTH];
	struct str path[EXPR_MAX_DEPTH];
	size_t nlinks = 0;
	size_t n = 0;

	for (; node->kind == NODE_INDEX; node = node->args[0]) {
		BUG_ON(nlinks == EXPR_MAX_DEPTH);
		links[nlinks++] = node;
		visit_node(v, node->args[1]);
	}
	if (node->kind != NODE_NAMED) {
		visit_node(v, node);
		return;
	}
	while (n < nlinks && constant_key(links[nlinks - 1 - n])) {
		path[n] = links[nlinks - 1 - n]->args[1]->u.literal.u.s;
		n++;
	}
	v->fn(v->ctx, node->u.lower, path, n);
}

static void visit_node(const struct visit *v, const struct node *node)
{
	if (node->kind == NODE_INDEX || node->kind == NODE_NAMED) {
		visit_chain(v, node);
		return;
	}
	for (size_t i = 0; i < node->nargs; i++) {
		visit_node(v, node->args[i]);
	}
}

void expr_visit_names(const struct expr *e, expr_visit_fn *fn, void *ctx)
{
	const struct visit v = { fn, ctx };

	visit_node(&v, e->root);
}
