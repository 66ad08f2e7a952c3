/*
 * parser.c - from tokens to a tree, by binding powers (Pratt's table) on explicit stacks.
 *
 * The stacks are there instead of recursion because parentheses nest as deep as the text is long:
 * GitHub's depth limit counts nodes of the finished tree and is checked last. Names and arities are
 * checked when the token is met, so that of several errors the first one in reading order is told.
 */
#include <stdarg.h>

#include "actc/err.h"
#include "actc/utf8.h"
#include "ast.h"
#include "function.h"
#include "lexer.h"

struct rule {
	unsigned char power;    /* 0 = no operator */
	unsigned char operands; /* 0 = handled by its bracket */
	bool right;             /* binds to the right: earlier operators are not finished first */
	bool bracket;           /* an opening one or a comma: finishing stops before it */
	enum node_kind node;
};

static const struct rule rules[LEX_KINDS] = {
	[LEX_GROUP_START] = { .power = 20, .right = true, .bracket = true },
	[LEX_INDEX_START] = { .power = 19, .bracket = true },
	[LEX_PARAMS_START] = { .power = 19, .bracket = true },
	[LEX_DEREFERENCE] = { .power = 19, .operands = 2, .node = NODE_INDEX },
	[LEX_NOT] = { .power = 16, .operands = 1, .right = true, .node = NODE_NOT },
	[LEX_LT] = { .power = 11, .operands = 2, .node = NODE_LT },
	[LEX_LE] = { .power = 11, .operands = 2, .node = NODE_LE },
	[LEX_GT] = { .power = 11, .operands = 2, .node = NODE_GT },
	[LEX_GE] = { .power = 11, .operands = 2, .node = NODE_GE },
	[LEX_EQ] = { .power = 10, .operands = 2, .node = NODE_EQ },
	[LEX_NE] = { .power = 10, .operands = 2, .node = NODE_NE },
	[LEX_AND] = { .power = 6, .operands = 2, .node = NODE_AND },
	[LEX_OR] = { .power = 5, .operands = 2, .node = NODE_OR },
	[LEX_GROUP_END] = { .power = 1 },
	[LEX_INDEX_END] = { .power = 1 },
	[LEX_PARAMS_END] = { .power = 1 },
	[LEX_SEPARATOR] = { .power = 1, .bracket = true },
};

struct parser {
	struct arena *arena;
	const struct expr_scope *scope;
	struct expr_error *error;
	struct expr *expr;
	struct lexer lexer;
	enum lex_kind last; /* the token before the one at hand */
	VEC(struct node *) operands;
	VEC(struct lex_token) operators;
};

static bool fail_whole(struct parser *p, const char *what, int limit)
{
	*p->error = (struct expr_error){
		.stage = EXPR_PARSING,
		.msg = arena_printf(p->arena, "%s %d", what, limit),
		.len = p->expr->text.len,
	};
	return false;
}

static bool fail_at(struct parser *p, const char *what, struct str token, size_t at)
{
	struct str text = p->expr->text;
	size_t position = utf8_utf16_length(str_slice(text, 0, at)) + 1;

	*p->error = (struct expr_error){
		.stage = EXPR_PARSING,
		.msg = arena_printf(p->arena,
				    "%s: '%.*s'. Located at position %zu within expression: %.*s",
				    what, STR_ARG(token), position, STR_ARG(text)),
		.at = at,
		.len = token.len,
	};
	return false;
}

static struct node *node_new(struct parser *p, enum node_kind kind, const struct lex_token *token)
{
	struct node *node = arena_new(p->arena, struct node);

	node->kind = kind;
	node->height = 1;
	node->at = (uint32_t)token->at;
	node->len = (uint32_t)token->text.len;
	return node;
}

static struct node *pop_operand(struct parser *p)
{
	BUG_ON(p->operands.n == 0);
	return p->operands.v[--p->operands.n];
}

static struct lex_token pop_operator(struct parser *p)
{
	BUG_ON(p->operators.n == 0);
	return p->operators.v[--p->operators.n];
}

static const struct lex_token *top_operator(const struct parser *p)
{
	return p->operators.n ? &p->operators.v[p->operators.n - 1] : NULL;
}

static struct node *finish_binary(struct parser *p, const struct lex_token *token,
				  enum node_kind kind)
{
	struct node *right = pop_operand(p);
	struct node *left = pop_operand(p);
	bool chained = kind == NODE_AND || kind == NODE_OR;

	if (chained && left->kind == kind) {
		chain_add(p->arena, left, right);
		return left;
	}

	struct node *node = node_new(p, kind, token);

	node_add(p->arena, node, left);
	if (chained) {
		chain_add(p->arena, node, right);
	} else {
		node_add(p->arena, node, right);
	}
	return node;
}

static void finish_top(struct parser *p)
{
	struct lex_token token = pop_operator(p);
	const struct rule *rule = &rules[token.kind];
	struct node *node;

	if (rule->operands == 1) {
		node = node_new(p, rule->node, &token);
		node_add(p->arena, node, pop_operand(p));
	} else {
		node = finish_binary(p, &token, rule->node);
	}
	vec_push(p->arena, &p->operands, node);
}

static void finish_above(struct parser *p, unsigned power)
{
	const struct lex_token *top;

	while ((top = top_operator(p)) && !rules[top->kind].bracket &&
	       rules[top->kind].power >= power) {
		finish_top(p);
	}
}

static void limits_of(const struct parser *p, const struct node *call, unsigned *min, unsigned *max)
{
	const struct function *f = call->u.function;

	if (f && !f->hosted) {
		*min = f->min;
		*max = f->max;
		return;
	}
	for (size_t i = 0; i < p->scope->nfunctions; i++) {
		if (str_eq_nocase(p->scope->functions[i].name, call->name)) {
			*min = p->scope->functions[i].min;
			*max = p->scope->functions[i].max;
			return;
		}
	}
}

static bool check_arity(struct parser *p, const struct node *call)
{
	unsigned min = 0;
	unsigned max = 0;
	const char *what = NULL;

	limits_of(p, call, &min, &max);
	if (call->nargs < min) {
		what = "Too few parameters supplied";
	} else if (call->nargs > max) {
		what = "Too many parameters supplied";
	} else if (call->u.function && call->u.function->odd && call->nargs % 2 == 0) {
		what = "Even number of parameters supplied, requires an odd number of parameters";
	}
	return !what || fail_at(p, what, call->name, call->at);
}

/* The arguments are the topmost operands, one more than there are commas. */
static bool finish_call(struct parser *p)
{
	size_t nargs = p->last == LEX_PARAMS_START ? 0 : 1;

	while (top_operator(p)->kind == LEX_SEPARATOR) {
		nargs++;
		(void)pop_operator(p);
	}
	(void)pop_operator(p);
	BUG_ON(p->operands.n < nargs + 1);
	p->operands.n -= nargs;

	struct node *call = p->operands.v[p->operands.n - 1];

	for (size_t i = 0; i < nargs; i++) {
		node_add(p->arena, call, p->operands.v[p->operands.n + i]);
	}
	return check_arity(p, call);
}

static void finish_index(struct parser *p)
{
	struct lex_token bracket = pop_operator(p);
	struct node *node = finish_binary(p, &bracket, NODE_INDEX);

	vec_push(p->arena, &p->operands, node);
}

static bool push_operator(struct parser *p, const struct lex_token *token)
{
	const struct rule *rule = &rules[token->kind];

	if (!rule->right) {
		finish_above(p, rule->power);
	}
	switch ((int)token->kind) {
	case LEX_GROUP_END:
		(void)pop_operator(p);
		return true;
	case LEX_INDEX_END:
		finish_index(p);
		return true;
	case LEX_PARAMS_END:
		return finish_call(p);
	default:
		vec_push(p->arena, &p->operators, *token);
		return true;
	}
}

static bool is_named(const struct expr_scope *scope, struct str name)
{
	for (size_t i = 0; i < scope->nnames; i++) {
		if (str_eq_nocase(scope->names[i], name)) {
			return true;
		}
	}
	return false;
}

static bool is_hosted(const struct expr_scope *scope, struct str name)
{
	for (size_t i = 0; i < scope->nfunctions; i++) {
		if (str_eq_nocase(scope->functions[i].name, name)) {
			return true;
		}
	}
	return false;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++) {
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] - 'A' + 'a' : p[i]);
	}
	return str_mk(p, s.len);
}

static bool push_named(struct parser *p, const struct lex_token *token)
{
	struct node *node = node_new(p, NODE_NAMED, token);

	if (!is_named(p->scope, token->text)) {
		return fail_at(p, "Unrecognized named-value", token->text, token->at);
	}
	node->name = token->text;
	node->u.lower = lower(p->arena, token->text);
	vec_push(p->arena, &p->operands, node);
	return true;
}

static bool push_function(struct parser *p, const struct lex_token *token)
{
	struct node *node = node_new(p, NODE_CALL, token);
	const struct function *f = function_find(token->text);

	if ((!f || f->hosted) && !is_hosted(p->scope, token->text)) {
		return fail_at(p, "Unrecognized function", token->text, token->at);
	}
	node->name = token->text;
	node->u.function = f;
	p->expr->has_status = p->expr->has_status || (f && f->status);
	vec_push(p->arena, &p->operands, node);
	return true;
}

static bool push_operand(struct parser *p, const struct lex_token *token)
{
	if (token->kind == LEX_NAMED) {
		return push_named(p, token);
	}
	if (token->kind == LEX_FUNCTION) {
		return push_function(p, token);
	}

	bool wildcard = token->kind == LEX_WILDCARD;
	struct node *node = node_new(p, wildcard ? NODE_WILDCARD : NODE_LITERAL, token);

	if (!wildcard) {
		node->u.literal =
			token->kind == LEX_PROPERTY ? value_str(token->text) : token->value;
	}
	vec_push(p->arena, &p->operands, node);
	return true;
}

static bool push(struct parser *p, const struct lex_token *token)
{
	if (token->kind == LEX_UNEXPECTED) {
		(void)fail_at(p, "Unexpected symbol", token->text, token->at);
		p->error->stage = token->malformed ? EXPR_LEXING : EXPR_PARSING;
		return false;
	}
	return rules[token->kind].power ? push_operator(p, token) : push_operand(p, token);
}

/* No operand can follow any more: an operator or an open bracket is waiting in vain. */
static bool check_end(struct parser *p, const struct lex_token *last)
{
	bool closed = last->kind == LEX_GROUP_END || last->kind == LEX_INDEX_END ||
		      last->kind == LEX_PARAMS_END;
	bool waiting = rules[last->kind].power && !closed;

	if (p->lexer.unclosed.n || waiting || last->kind == LEX_FUNCTION) {
		(void)fail_at(p, "Unexpected end of expression", last->text, last->at);
		p->error->ended = true;
		return false;
	}
	return true;
}

static bool parse_tokens(struct parser *p)
{
	struct lex_token last = { .kind = LEX_START };

	for (;;) {
		struct lex_token token = lexer_next(&p->lexer);

		if (token.kind == LEX_END) {
			break;
		}
		p->last = last.kind;
		if (!push(p, &token)) {
			return false;
		}
		last = token;
	}
	if (last.kind == LEX_START) { /* nothing is null */
		vec_push(p->arena, &p->operands, node_new(p, NODE_LITERAL, &last));
	}
	return check_end(p, &last);
}

static bool parse(struct parser *p)
{
	if (utf8_utf16_length(p->expr->text) > EXPR_MAX_LENGTH) {
		return fail_whole(p, "Exceeded max expression length", EXPR_MAX_LENGTH);
	}
	if (!parse_tokens(p)) {
		return false;
	}
	finish_above(p, 0);
	BUG_ON(p->operands.n != 1 || p->operators.n != 0);
	p->expr->root = p->operands.v[0];
	if (p->expr->root->height > EXPR_MAX_DEPTH) {
		return fail_whole(p, "Exceeded max expression depth", EXPR_MAX_DEPTH);
	}
	return true;
}

const struct expr *expr_parse(struct arena *a, struct str text, const struct expr_scope *scope,
			      struct expr_error *error)
{
	static const struct expr_scope nothing = { 0 };
	struct expr *expr = arena_new(a, struct expr);

	expr->text = arena_str(a, text);

	struct parser p = {
		.arena = a,
		.scope = scope ? scope : &nothing,
		.error = error,
		.expr = expr,
		.lexer = { .arena = a, .text = expr->text },
	};

	return parse(&p) ? expr : NULL;
}
