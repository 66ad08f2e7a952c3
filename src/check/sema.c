/*
 * sema.c - the types of expressions, and what is wrong with them: properties that are not there,
 * comparisons that are never true, arguments of the wrong kind. All of it is null or false at
 * GitHub, and hardly ever meant; so all are warnings.
 */
#include "check.h"

#define KIND "expression"

struct sema {
	struct check *c;
	const struct tok *tok;
	size_t base; /* where the expression's text begins in the token's */
	const struct contexts *contexts;
	bool quiet;
};

const struct node *node_first(const struct node *n)
{
	while (n->nargs > 0 && n->kind != NODE_CALL && n->kind != NODE_NOT) {
		n = n->args[0];
	}
	return n;
}

__attribute__((format(printf, 3, 4))) static struct diag *complain(struct sema *s,
								   const struct node *n,
								   const char *fmt, ...)
{
	static struct diag nowhere;
	va_list ap;

	if (s->quiet) {
		return &nowhere;
	}
	va_start(ap, fmt);
	struct str msg = arena_vprintf(s->c->a, fmt, ap);
	va_end(ap);
	n = node_first(n);
	return check_warn(s->c, check_span(s->c, s->tok, s->base + n->at, n->len), KIND, "%.*s",
			  STR_ARG(msg));
}

static struct str text_of(struct sema *s, const struct type *t)
{
	return s->quiet ? STR_EMPTY : type_text(s->c->a, t);
}

static const struct type *sema_node(struct sema *s, const struct node *n);

/* --- looking into values --- */

static void hint_property(struct sema *s, struct diag *d, const struct type *object,
			  struct str name)
{
	enum { MAX = 64 };
	struct str names[MAX];
	size_t n = object->n < MAX ? object->n : MAX;

	for (size_t i = 0; i < n; i++) {
		names[i] = object->props[i].name;
	}

	struct str near = diag_nearest(name, names, n);

	if (near.len && !s->quiet) {
		d->hint = arena_printf(s->c->a, "did you mean '%.*s'?", STR_ARG(near));
	}
}

/* "cache_hit" for "cache-hit". */
static bool same_letters(struct str x, struct str y)
{
	for (size_t i = 0; i < x.len && x.len == y.len; i++) {
		bool dashes = (x.p[i] == '-' || x.p[i] == '_') && (y.p[i] == '-' || y.p[i] == '_');

		if (!dashes && !str_ieq(str_slice(x, i, i + 1), str_slice(y, i, i + 1))) {
			return false;
		}
	}
	return x.len == y.len;
}

static bool is_slip(const struct type *object, struct str name)
{
	bool slip = false;

	for (size_t i = 0; object->open && i < object->n; i++) {
		if (str_ieq(object->props[i].name, name)) {
			return false;
		}
		slip = slip || same_letters(object->props[i].name, name);
	}
	return slip;
}

static const struct type *property(struct sema *s, const struct node *n, const struct type *object,
				   struct str name)
{
	const struct type *t = type_prop(object, name);

	if (!t || is_slip(object, name)) {
		struct diag *d = complain(s, n, "property \"%.*s\" is not defined in %.*s",
					  STR_ARG(name), STR_ARG(text_of(s, object)));

		hint_property(s, d, object, name);
		return &type_any;
	}
	return t;
}

static const struct type *filtered_of(struct sema *s, const struct type *item)
{
	struct type *t = arena_new(s->c->a, struct type);

	*t = (struct type){ .kind = TYPE_ARRAY, .filtered = true, .rest = item };
	return t;
}

/* `x.*` */
static const struct type *filter(struct sema *s, const struct node *n, const struct type *t)
{
	const struct type *item = t->rest;

	switch (t->kind) {
	case TYPE_ARRAY:
		return filtered_of(s, item);
	case TYPE_OBJECT:
		for (size_t i = 0; i < t->n; i++) {
			item = item ? type_join(s->c->a, item, t->props[i].type) : t->props[i].type;
		}
		return filtered_of(s, item ? item : &type_any);
	case TYPE_ANY:
		return filtered_of(s, &type_any);
	case TYPE_NULL:
	case TYPE_NUMBER:
	case TYPE_BOOL:
	case TYPE_STRING:
	default:
		(void)complain(s, n,
			       "\"*\" looks into arrays and objects, but here it is of type %.*s",
			       STR_ARG(text_of(s, t)));
		return &type_any;
	}
}

/* `x.name` and `x['name']`. */
static const struct type *deref(struct sema *s, const struct node *n, const struct type *t,
				struct str name)
{
	if (t->kind == TYPE_ANY) {
		return t;
	}
	if (t->kind == TYPE_OBJECT) {
		return property(s, n, t, name);
	}
	if (t->kind == TYPE_ARRAY && t->filtered) {
		return t->rest->kind == TYPE_OBJECT ? filtered_of(s, property(s, n, t->rest, name))
						    : filtered_of(s, &type_any);
	}
	(void)complain(s, n,
		       "\"%.*s\" is looked for in a value of type %.*s, which has no properties",
		       STR_ARG(name), STR_ARG(text_of(s, t)));
	return &type_any;
}

static const struct type *index_by(struct sema *s, const struct node *key, const struct type *t,
				   const struct type *k)
{
	enum type_kind want = t->kind == TYPE_ARRAY ? TYPE_NUMBER : TYPE_STRING;

	if (t->kind == TYPE_ANY) {
		return t;
	}
	if (t->kind != TYPE_ARRAY && t->kind != TYPE_OBJECT) {
		(void)complain(s, key, "a value of type %.*s has no elements",
			       STR_ARG(text_of(s, t)));
		return &type_any;
	}
	if (k->kind != TYPE_ANY && k->kind != want) {
		(void)complain(s, key, "an index of %s must be a %s but here it is of type %.*s",
			       want == TYPE_NUMBER ? "an array" : "an object",
			       want == TYPE_NUMBER ? "number" : "string", STR_ARG(text_of(s, k)));
		return &type_any;
	}
	return t->kind == TYPE_ARRAY && t->rest ? t->rest : &type_any;
}

static const struct type *sema_index(struct sema *s, const struct node *n)
{
	const struct node *key = n->args[1];
	const struct type *t = sema_node(s, n->args[0]), *k;

	if (key->kind == NODE_WILDCARD) {
		return filter(s, n, t);
	}
	if (key->kind == NODE_LITERAL && key->u.literal.kind == VALUE_STRING) {
		/* A quoted key of an array is an index. */
		if (key->len == key->u.literal.u.s.len || t->kind != TYPE_ARRAY) {
			return deref(s, n, t, key->u.literal.u.s);
		}
	}
	k = sema_node(s, key);
	return index_by(s, key, t, k);
}

/* --- operators --- */

static bool comparable(const struct type *x, const struct type *y)
{
	bool deep = x->kind >= TYPE_ARRAY || y->kind >= TYPE_ARRAY;

	if (x->kind == TYPE_ANY || y->kind == TYPE_ANY || !deep || x->kind == TYPE_NULL ||
	    y->kind == TYPE_NULL) {
		return true;
	}
	if (x->kind != y->kind) {
		return false;
	}
	return x->kind == TYPE_OBJECT || comparable(x->rest, y->rest);
}

static bool ordered(const struct type *t)
{
	return t->kind == TYPE_ANY || t->kind == TYPE_NUMBER || t->kind == TYPE_STRING;
}

static const struct type *compare(struct sema *s, const struct node *n)
{
	static const char *const signs[] = {
		[NODE_EQ] = "==", [NODE_NE] = "!=", [NODE_LT] = "<",
		[NODE_LE] = "<=", [NODE_GT] = ">",  [NODE_GE] = ">=",
	};
	const struct type *x = sema_node(s, n->args[0]), *y = sema_node(s, n->args[1]);
	bool equality = n->kind == NODE_EQ || n->kind == NODE_NE;

	if (equality ? !comparable(x, y) : !ordered(x) || !ordered(y)) {
		(void)complain(s, n, "%.*s cannot be compared with %.*s by \"%s\"",
			       STR_ARG(text_of(s, x)), STR_ARG(text_of(s, y)), signs[n->kind]);
	}
	return &type_bool;
}

static const struct type *chain(struct sema *s, const struct node *n)
{
	const struct type *t = sema_node(s, n->args[0]);

	for (size_t i = 1; i < n->nargs; i++) {
		t = type_join(s->c->a, t, sema_node(s, n->args[i]));
	}
	return t;
}

/* --- functions --- */

enum { PARAMS_MAX = 2 };

static const struct signature {
	struct str name;
	const struct type *params[PARAMS_MAX]; /* the last is that of all that follow */
	const struct type *result;
} signatures[] = {
	{ STR_INIT("startsWith"), { &type_string, &type_string }, &type_bool },
	{ STR_INIT("endsWith"), { &type_string, &type_string }, &type_bool },
	{ STR_INIT("format"), { &type_string, &type_any }, &type_string },
	{ STR_INIT("join"), { &type_any, &type_string }, &type_string },
	{ STR_INIT("toJSON"), { &type_any, &type_any }, &type_string },
	{ STR_INIT("fromJSON"), { &type_string, &type_any }, &type_any },
	{ STR_INIT("hashFiles"), { &type_string, &type_string }, &type_string },
	{ STR_INIT("contains"), { &type_any, &type_any }, &type_bool },
	{ STR_INIT("success"), { &type_any, &type_any }, &type_bool },
	{ STR_INIT("always"), { &type_any, &type_any }, &type_bool },
	{ STR_INIT("cancelled"), { &type_any, &type_any }, &type_bool },
	{ STR_INIT("failure"), { &type_any, &type_any }, &type_bool },
};

static const struct signature *signature_of(struct str name)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		if (str_ieq(signatures[i].name, name)) {
			return &signatures[i];
		}
	}
	return NULL;
}

static bool literal_text(const struct node *n, struct str *out)
{
	if (n->kind != NODE_LITERAL || n->u.literal.kind != VALUE_STRING) {
		return false;
	}
	*out = n->u.literal.u.s;
	return true;
}

/* The placeholders of a format string, as bits up to the 64th; the highest one plus one. */
static size_t placeholders(struct str text, uint64_t *used)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		size_t end = str_chr(text, '}', i);
		unsigned long n = 0;

		if (text.p[i] != '{') {
			continue;
		}
		if (i + 1 < text.len && text.p[i + 1] == '{') {
			i++;
		} else if (end != STR_NPOS && str_to_ulong(str_slice(text, i + 1, end), &n) &&
			   n < 64) {
			*used |= UINT64_C(1) << n;
			count = n + 1 > count ? n + 1 : count;
			i = end;
		}
	}
	return count;
}

static void check_format(struct sema *s, const struct node *call)
{
	uint64_t used = 0;
	struct str text;

	if (!literal_text(call->args[0], &text)) {
		return;
	}
	if (placeholders(text, &used) > call->nargs - 1) {
		(void)complain(
			s, call,
			"the format string has a placeholder {%zu}, but %zu values are given",
			placeholders(text, &used) - 1, call->nargs - 1);
	}
	for (size_t i = 0; i + 1 < call->nargs && i < 64; i++) {
		if (!(used >> i & 1)) {
			(void)complain(s, call,
				       "the format string has no placeholder {%zu} for a value "
				       "that is given",
				       i);
		}
	}
}

static const struct type *check_json(struct sema *s, const struct node *arg)
{
	struct value v = value_null();
	struct str text, why = STR_EMPTY;
	size_t at = 0;

	if (!literal_text(arg, &text)) {
		return &type_any;
	}
	if (!value_from_json(s->c->a, text, &v, &why, &at)) {
		(void)complain(s, arg, "fromJSON() is given broken JSON, at byte %zu: %.*s", at,
			       STR_ARG(why));
		return &type_any;
	}
	return type_of_value(s->c->a, v);
}

/* Of an object nothing is contained; text may be searched, and arrays. */
static void check_contains(struct sema *s, const struct node *call, const struct type *where,
			   const struct type *what)
{
	if (where->kind == TYPE_OBJECT) {
		(void)complain(s, call->args[0],
			       "contains() searches text or arrays, but this is of type %.*s",
			       STR_ARG(text_of(s, where)));
	} else if (where->kind == TYPE_STRING && what->kind >= TYPE_ARRAY) {
		(void)complain(s, call->args[1],
			       "contains() cannot find a value of type %.*s in text",
			       STR_ARG(text_of(s, what)));
	}
}

static void check_args(struct sema *s, const struct node *call, const struct signature *sig,
		       const struct type **types)
{
	for (size_t i = 0; i < call->nargs; i++) {
		const struct type *want = sig->params[i < PARAMS_MAX ? i : PARAMS_MAX - 1];

		types[i < PARAMS_MAX ? i : PARAMS_MAX - 1] = sema_node(s, call->args[i]);
		if (!type_fits(types[i < PARAMS_MAX ? i : PARAMS_MAX - 1], want)) {
			(void)complain(
				s, call->args[i],
				"%.*s() wants a %.*s here, but it is given a value of type %.*s",
				STR_ARG(sig->name), STR_ARG(text_of(s, want)),
				STR_ARG(text_of(s, types[i < PARAMS_MAX ? i : PARAMS_MAX - 1])));
		}
	}
}

/* case(condition, value, …, otherwise) */
static const struct type *sema_other(struct sema *s, const struct node *call)
{
	const struct type *result = NULL;

	for (size_t i = 0; i < call->nargs; i++) {
		const struct type *t = sema_node(s, call->args[i]);

		if (i % 2 == 1 || i + 1 == call->nargs) {
			result = result ? type_join(s->c->a, result, t) : t;
		}
	}
	return str_ieq(call->name, STR("case")) && result ? result : &type_any;
}

static const struct type *sema_call(struct sema *s, const struct node *call)
{
	const struct signature *sig = signature_of(call->name);
	const struct type *types[PARAMS_MAX] = { &type_any, &type_any };

	if (!sig) {
		return sema_other(s, call);
	}
	check_args(s, call, sig, types);
	if (str_ieq(call->name, STR("contains"))) {
		check_contains(s, call, types[0], types[1]);
	} else if (str_ieq(call->name, STR("format"))) {
		check_format(s, call);
	} else if (str_ieq(call->name, STR("fromJSON"))) {
		return check_json(s, call->args[0]);
	}
	return sig->result;
}

static const struct type *literal_type(const struct node *n)
{
	static const struct type *const types[] = {
		[VALUE_NULL] = &type_null,     [VALUE_BOOL] = &type_bool,
		[VALUE_NUMBER] = &type_number, [VALUE_STRING] = &type_string,
		[VALUE_ARRAY] = &type_array,   [VALUE_OBJECT] = &type_object,
	};

	return types[n->u.literal.kind];
}

static const struct type *sema_node(struct sema *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_LITERAL:
		return literal_type(n);
	case NODE_NAMED:
		return context_type(s->contexts, n->u.lower);
	case NODE_INDEX:
		return sema_index(s, n);
	case NODE_CALL:
		return sema_call(s, n);
	case NODE_NOT:
		(void)sema_node(s, n->args[0]);
		return &type_bool;
	case NODE_EQ:
	case NODE_NE:
	case NODE_LT:
	case NODE_LE:
	case NODE_GT:
	case NODE_GE:
		return compare(s, n);
	case NODE_AND:
	case NODE_OR:
		return chain(s, n);
	case NODE_WILDCARD:
	default:
		return &type_any;
	}
}

/* --- tokens --- */

size_t check_parts(const struct tok *t, const struct expr *cond, const struct expr_part **parts)
{
	const struct expr *e = t && t->kind == TOK_EXPR ? t->u.e : cond;

	*parts = e ? e->parts : NULL;
	return e ? e->nparts : 0;
}

static bool is_text(const struct type *t)
{
	return t->kind != TYPE_NULL && t->kind != TYPE_ARRAY && t->kind != TYPE_OBJECT;
}

/* What becomes text: `Object`, `Array` and nothing are hardly meant. */
static void check_text(struct sema *s, const struct expr_part *part, const struct type *t)
{
	struct str text = s->tok->from ? s->tok->from->text : STR_EMPTY;
	size_t open = part->at;

	if (is_text(t)) {
		return;
	}
	while (open > 0 && !str_starts(str_slice(text, open, text.len), STR("${{"))) {
		open--;
	}
	(void)check_warn(s->c, check_span(s->c, s->tok, open, part->at - open + 1), KIND,
			 "a value of type %.*s does not become useful text in a template",
			 STR_ARG(type_text(s->c->a, t)));
}

static bool wanted_fits(enum wanted wanted, const struct type *t)
{
	switch (wanted) {
	case WANT_OBJECT:
		return t->kind == TYPE_OBJECT;
	case WANT_BOOL:
		return t->kind == TYPE_BOOL;
	case WANT_NUMBER:
		return t->kind == TYPE_NUMBER;
	case WANT_LABELS:
		return t->kind == TYPE_STRING || t->kind == TYPE_ARRAY || t->kind == TYPE_NUMBER ||
		       (t->kind == TYPE_OBJECT &&
			(t->rest || type_prop(t, STR("group")) || type_prop(t, STR("labels"))));
	case WANT_ANY:
	case WANT_TEXT:
	default:
		return true;
	}
}

static void check_whole(struct check *c, const struct tok *t, const struct place_of *place,
			const struct type *type)
{
	static const char *const names[] = {
		[WANT_ANY] = "",
		[WANT_TEXT] = "text",
		[WANT_OBJECT] = "a mapping",
		[WANT_LABELS] = "a label or a list of labels",
		[WANT_BOOL] = "true or false",
		[WANT_NUMBER] = "a number",
	};

	if (type->kind != TYPE_ANY && !wanted_fits(place->wanted, type)) {
		(void)check_warn(c, t->at, KIND, "\"%s\" must be %s, but this is of type %.*s",
				 place->of, names[place->wanted], STR_ARG(type_text(c->a, type)));
	}
}

static const struct type *check_parts_of(struct check *c, const struct tok *t,
					 const struct expr *cond, const struct place_of *place)
{
	const struct type *type = &type_any;
	const struct expr_part *parts;
	size_t n = check_parts(t, cond, &parts);

	for (size_t i = 0; i < n; i++) {
		struct sema s = { c, t, parts[i].at, place->contexts, false };

		type = sema_node(&s, parts[i].expr->root);
		if ((t->kind == TOK_EXPR && !t->whole && !cond) || place->wanted == WANT_TEXT) {
			check_text(&s, &parts[i], type);
		}
		if (place->script) {
			check_untrusted(c, t, parts[i].at, parts[i].expr->root);
		}
	}
	return type;
}

const struct type *check_exprs(struct check *c, const struct tok *t, const struct place_of *place)
{
	struct place_of below = *place;
	const struct type *type;

	if (!t) {
		return &type_any;
	}
	below.wanted = place->wanted == WANT_ANY ? WANT_ANY : WANT_TEXT;
	switch (t->kind) {
	case TOK_SEQ:
		for (size_t i = 0; i < t->u.seq.n; i++) {
			(void)check_exprs(c, t->u.seq.items[i], &below);
		}
		break;
	case TOK_MAP:
		for (size_t i = 0; i < t->u.map.n; i++) {
			(void)check_exprs(c, t->u.map.pairs[i].key, &below);
			(void)check_exprs(c, t->u.map.pairs[i].value, &below);
		}
		break;
	case TOK_EXPR:
		type = check_parts_of(c, t, NULL, place);
		if (t->whole) {
			check_whole(c, t, place, type);
			return type;
		}
		check_whole(c, t, place, &type_string);
		return &type_string;
	case TOK_STRING:
	case TOK_INSERT:
	case TOK_BOOL:
	case TOK_NUMBER:
	case TOK_NULL:
	default:
		break;
	}
	return &type_any;
}

void check_condition(struct check *c, const struct tok *t, const struct expr *cond,
		     const struct contexts *contexts)
{
	if (t && !t->bad && (t->kind == TOK_EXPR || cond)) {
		(void)check_parts_of(c, t, cond ? cond : t->u.e,
				     &(struct place_of){ .contexts = contexts });
	}
}

/* The type of a whole `${{ }}` without a word about it. */
const struct type *check_type_of(struct check *c, const struct tok *t,
				 const struct contexts *contexts)
{
	if (t->kind != TOK_EXPR || !t->whole || t->u.e->nparts != 1) {
		return &type_any;
	}

	struct sema s = { c, t, 0, contexts, true };

	return sema_node(&s, t->u.e->root);
}
