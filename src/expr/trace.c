/*
 * trace.c - an evaluation as GitHub's debug log tells it: each node before and after, then the
 * expression with the values that were found, and the result.
 */
#include "function.h"

static void tell(struct eval *ev)
{
	ev->env->trace(ev->env->ctx, strbuf_str(&ev->trace->line));
}

static void indent(struct eval *ev, unsigned depth)
{
	strbuf_reset(&ev->trace->line);
	for (unsigned i = 0; i < depth; i++) {
		strbuf_adds(&ev->trace->line, STR(".."));
	}
}

/* Of a node that has none in the text, that of GitHub's class. */
static struct str node_name(const struct node *node)
{
	static const struct str names[] = {
		[NODE_WILDCARD] = STR_INIT("Wildcard"),
		[NODE_INDEX] = STR_INIT("Index"),
		[NODE_NOT] = STR_INIT("Not"),
		[NODE_EQ] = STR_INIT("Equal"),
		[NODE_NE] = STR_INIT("NotEqual"),
		[NODE_LT] = STR_INIT("LessThan"),
		[NODE_LE] = STR_INIT("LessThanOrEqual"),
		[NODE_GT] = STR_INIT("GreaterThan"),
		[NODE_GE] = STR_INIT("GreaterThanOrEqual"),
		[NODE_AND] = STR_INIT("And"),
		[NODE_OR] = STR_INIT("Or"),
	};
	static const struct str literals[] = {
		[VALUE_NULL] = STR_INIT("Null"),
		[VALUE_BOOL] = STR_INIT("Boolean"),
		[VALUE_NUMBER] = STR_INIT("Number"),
		[VALUE_STRING] = STR_INIT("String"),
	};

	if (node->kind == NODE_LITERAL) {
		return literals[node->u.literal.kind];
	}
	return node->kind == NODE_CALL || node->kind == NODE_NAMED ? node->name : names[node->kind];
}

void trace_enter(struct eval *ev, const struct node *node, unsigned depth)
{
	indent(ev, depth);
	strbuf_addf(&ev->trace->line, "Evaluating %.*s:", STR_ARG(node_name(node)));
	tell(ev);
}

void trace_leave(struct eval *ev, const struct node *node, unsigned depth, struct value v)
{
	struct strbuf *line = &ev->trace->line;
	size_t at = 0;

	indent(ev, depth);
	strbuf_adds(line, STR("=> "));
	at = line->len;
	value_print(line, v);
	tell(ev);
	if (node->kind == NODE_NAMED || node->kind == NODE_INDEX || node->kind == NODE_CALL) {
		struct str text = str_slice(strbuf_str(line), at, line->len);
		struct traced t = { node, arena_str(ev->arena, text) };

		vec_push(ev->arena, &ev->trace->results, t);
	}
}

void trace_begin(struct eval *ev, struct trace *t)
{
	ev->trace = t;
	strbuf_adds(&t->line, STR("Evaluating: "));
	node_print(&t->line, ev->expr->root);
	tell(ev);
}

static bool found(void *ctx, struct strbuf *out, const struct node *node)
{
	const struct trace *t = ctx;

	for (size_t i = t->results.n; i-- > 0;) {
		if (t->results.v[i].node == node) {
			strbuf_adds(out, t->results.v[i].text);
			return true;
		}
	}
	return false;
}

/* The expression with its values is told when it is something else than the result. */
static void tell_expanded(struct eval *ev, struct value v, struct str result)
{
	struct strbuf text = STRBUF_INIT(0);
	struct node_printer p = { .out = &text, .instead = found, .ctx = ev->trace };
	struct str quoted = arena_printf(ev->arena, "'%.*s'", STR_ARG(result));

	node_print_realized(&p, ev->expr->root);
	if (!str_eq(strbuf_str(&text), result) &&
	    !(v.kind == VALUE_NUMBER && str_eq(strbuf_str(&text), quoted))) {
		indent(ev, 0);
		strbuf_addf(&ev->trace->line, "Expanded: %.*s", STR_ARG(strbuf_str(&text)));
		tell(ev);
	}
	strbuf_release(&text);
}

void trace_end(struct eval *ev, struct value v)
{
	struct strbuf result = STRBUF_INIT(0);

	value_print(&result, v);
	tell_expanded(ev, v, strbuf_str(&result));
	indent(ev, 0);
	strbuf_addf(&ev->trace->line, "Result: %.*s", STR_ARG(strbuf_str(&result)));
	tell(ev);
	strbuf_release(&result);
}
