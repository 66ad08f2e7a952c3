/*
 * reader.c - the one reader for all definitions: it turns YAML nodes into tokens, parses the
 * expressions in them in the scope of their place, and reports what does not fit with GitHub's
 * words and columns (SEMANTICS 1.1, 2.8). It knows no key by name: that is the schema's part, and
 * what spans several keys is checked when the model is built.
 */
#include "reader.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#include "actc/strbuf.h"
#include "hints.h"

#define KIND "syntax-check"

struct scope_entry {
	unsigned mask;
	const struct expr_scope *scope;
};

struct reader {
	struct arena *a;
	struct diags *diags;
	VEC(struct scope_entry) scopes;
	struct memo templates;
	bool staged;
};

/* A definition in its place: what is in force there adds up on the way down. */
struct def {
	const struct schema *schema;
	unsigned scope;
	const char *report;
	struct span key; /* of the pair whose value it is of; NO_SPAN for items */
};

static struct def enter(struct def outer, const struct schema *schema)
{
	return (struct def){ schema, outer.scope | schema->scope,
			     schema->report ? schema->report : KIND, NO_SPAN };
}

static struct def enter_value(struct def outer, const struct schema *schema, const struct tok *key)
{
	struct def d = enter(outer, schema);

	d.key = key->at;
	return d;
}

/* --- scopes --- */

static const struct {
	unsigned bit;
	struct str name;
} contexts[] = {
	{ IN_GITHUB, STR_INIT("github") },     { IN_INPUTS, STR_INIT("inputs") },
	{ IN_VARS, STR_INIT("vars") },         { IN_NEEDS, STR_INIT("needs") },
	{ IN_STRATEGY, STR_INIT("strategy") }, { IN_MATRIX, STR_INIT("matrix") },
	{ IN_SECRETS, STR_INIT("secrets") },   { IN_STEPS, STR_INIT("steps") },
	{ IN_JOB, STR_INIT("job") },           { IN_RUNNER, STR_INIT("runner") },
	{ IN_ENV, STR_INIT("env") },           { IN_JOBS, STR_INIT("jobs") },
};

enum { ANY_NUMBER = INT_MAX };

static const struct {
	unsigned bit;
	struct expr_function function;
} functions[] = {
	{ FN_JOB_STATUS, { STR_INIT("always"), 0, 0 } },
	{ FN_JOB_STATUS, { STR_INIT("cancelled"), 0, 0 } },
	{ FN_JOB_STATUS, { STR_INIT("success"), 0, ANY_NUMBER } },
	{ FN_JOB_STATUS, { STR_INIT("failure"), 0, ANY_NUMBER } },
	{ FN_STEP_STATUS, { STR_INIT("always"), 0, 0 } },
	{ FN_STEP_STATUS, { STR_INIT("cancelled"), 0, 0 } },
	{ FN_STEP_STATUS, { STR_INIT("success"), 0, 0 } },
	{ FN_STEP_STATUS, { STR_INIT("failure"), 0, 0 } },
	{ FN_HASH_FILES, { STR_INIT("hashFiles"), 1, 255 } },
};

enum {
	NCONTEXTS = sizeof(contexts) / sizeof(contexts[0]),
	NFUNCTIONS = sizeof(functions) / sizeof(functions[0]),
};

const struct expr_scope *schema_scope(struct arena *a, unsigned mask)
{
	struct expr_scope *scope = arena_new(a, struct expr_scope);
	struct str *names = arena_array(a, struct str, NCONTEXTS);
	struct expr_function *fns = arena_array(a, struct expr_function, NFUNCTIONS);

	for (size_t i = 0; i < NCONTEXTS; i++) {
		if (mask & contexts[i].bit) {
			names[scope->nnames++] = contexts[i].name;
		}
	}
	for (size_t i = 0; i < NFUNCTIONS; i++) {
		if (mask & functions[i].bit) {
			fns[scope->nfunctions++] = functions[i].function;
		}
	}
	scope->names = names;
	scope->functions = fns;
	return scope;
}

static const struct expr_scope *scope_of(struct reader *r, unsigned mask)
{
	for (size_t i = 0; i < r->scopes.n; i++) {
		if (r->scopes.v[i].mask == mask) {
			return r->scopes.v[i].scope;
		}
	}

	const struct expr_scope *scope = schema_scope(r->a, mask);

	vec_push(r->a, &r->scopes, (struct scope_entry){ mask, scope });
	return scope;
}

const void **memo_slot(struct arena *a, struct memo *m, const struct yaml_node *node,
		       unsigned scope)
{
	struct {
		const struct yaml_node *node;
		size_t scope;
	} key = { node, scope };
	bool fresh = false;
	struct str bytes = arena_str(a, str_mk((const char *)&key, sizeof(key)));
	size_t *index = strmap_slot(a, &m->keys, bytes, &fresh);

	if (fresh) {
		vec_push(a, &m->values, NULL);
		*index = m->values.n;
	}
	return &m->values.v[*index - 1];
}

/* --- scalars --- */

static struct tok *new_tok(struct reader *r, enum tok_kind kind, const struct yaml_node *n)
{
	struct tok *t = arena_new(r->a, struct tok);

	t->kind = kind;
	t->at = n->at;
	t->from = n;
	return t;
}

static struct tok *string_tok(struct reader *r, const struct tok *like, struct str s)
{
	struct tok *t = arena_new(r->a, struct tok);

	*t = *like;
	t->kind = TOK_STRING;
	t->u.s = s;
	return t;
}

static struct span expr_error_span(struct diags *diags, const struct tok *t,
				   const struct expr_error *error)
{
	if (t->from && error->len > 0) {
		return yaml_text_span(diags->sources, t->from, error->at, error->at + error->len);
	}
	return t->at;
}

void schema_expr_error(struct diags *diags, const struct tok *t, const struct expr_error *error)
{
	struct diag *d = diag_error(diags, expr_error_span(diags, t, error), "expression", "%.*s",
				    STR_ARG(error->msg));

	d->token = t->at;
	hint_name(diags, d, error->msg);
}

void schema_expr_warning(struct diags *diags, const struct tok *t, const struct expr_error *error)
{
	struct diag *d = diag_warning(diags, expr_error_span(diags, t, error), "expression", "%.*s",
				      STR_ARG(error->msg));

	d->token = t->at;
	hint_name(diags, d, error->msg);
}

/* What else is wrong in the text, behind the `${{ }}` with the first error. */
static void more_errors(struct reader *r, const struct tok *t, unsigned scope, size_t at)
{
	struct str text = t->u.s;
	struct tmpl ignored;

	for (size_t close = str_find(text, STR("}}"), at); close != STR_NPOS;
	     close = str_find(text, STR("}}"), at)) {
		struct expr_error error = { 0 };

		if (tmpl_parse(r->a, str_slice(text, close + 2, text.len), scope_of(r, scope),
			       &ignored, &error)) {
			return;
		}
		error.at += close + 2;
		at = error.at;
		schema_expr_error(r->diags, t, &error);
	}
}

static struct tok *parse_template(struct reader *r, const struct yaml_node *n, unsigned scope)
{
	struct tok *t = new_tok(r, TOK_STRING, n);
	struct expr_error error = { 0 };
	struct tmpl tmpl = { 0 };

	t->u.s = n->text;
	if (!tmpl_parse(r->a, n->text, scope_of(r, scope), &tmpl, &error)) {
		schema_expr_error(r->diags, t, &error);
		t->bad = true;
		if (!r->staged) {
			more_errors(r, t, scope, error.at);
		}
		return t;
	}
	switch (tmpl.kind) {
	case TMPL_LITERAL:
		t->u.s = tmpl.literal;
		break;
	case TMPL_EXPR:
		t->kind = TOK_EXPR;
		t->whole = tmpl.whole;
		t->u.e = tmpl.expr;
		break;
	case TMPL_INSERT:
		t->kind = TOK_INSERT;
		break;
	}
	return t;
}

/* Text with ${{ }}: one expression, a format() of several, a literal, or `insert`. After an error
 * the text stays a string, which may then fail the definition too, as at GitHub. */
static struct tok *read_template(struct reader *r, const struct yaml_node *n, unsigned scope)
{
	const void **known = memo_slot(r->a, &r->templates, n, scope);
	struct tok *t = arena_new(r->a, struct tok);

	if (!*known) {
		*known = parse_template(r, n, scope);
	}
	*t = *(const struct tok *)*known;
	return t;
}

static struct tok *read_scalar(struct reader *r, const struct yaml_node *n, unsigned scope)
{
	struct tok *t;

	switch (n->kind) {
	case YAML_BOOL:
		t = new_tok(r, TOK_BOOL, n);
		t->u.b = n->b;
		return t;
	case YAML_NUMBER:
		t = new_tok(r, TOK_NUMBER, n);
		t->u.n = n->n;
		return t;
	case YAML_STRING:
		if (str_find(n->text, STR("${{"), 0) != STR_NPOS) {
			return read_template(r, n, scope);
		}
		t = new_tok(r, TOK_STRING, n);
		t->u.s = n->text;
		return t;
	case YAML_NULL:
	case YAML_SEQ:
	case YAML_MAP:
		break;
	}
	return new_tok(r, TOK_NULL, n);
}

/* What an error says was found. */
static struct str found_text(struct reader *r, const struct tok *t)
{
	switch (t->kind) {
	case TOK_INSERT:
		return STR("${{ insert }}");
	case TOK_EXPR:
		return arena_printf(r->a, "${{ %.*s }}", STR_ARG(expr_text(t->u.e)));
	case TOK_STRING:
	case TOK_SEQ:
	case TOK_MAP:
	case TOK_BOOL:
	case TOK_NUMBER:
	case TOK_NULL:
		break;
	}
	return tok_text(r->a, t);
}

/* A key with nothing behind it lacks what a mapping there must have. */
static struct span value_place(const struct tok *t, const struct def *def)
{
	bool nothing = t->from && t->from->kind == YAML_NULL && def->key.file != SPAN_NONE;
	const struct schema *mapping;

	if (nothing && schema_pick(def->schema, SCHEMA_MAPPING, &mapping, 1) > 0) {
		for (const struct schema_prop *p = mapping->props; p && p->name; p++) {
			if (p->flags & PROP_REQUIRED) {
				return def->key;
			}
		}
	}
	return t->at;
}

static const char *value_kind_of(const struct tok *t, struct str text, const struct def *def)
{
	bool template = t->from && str_find(t->from->text, STR("${{"), 0) != STR_NPOS;

	return template ? "expression" : text.len ? def->report : KIND;
}

/* An error, or a warning where the definition is soft. */
static struct diag *refuse(struct reader *r, const struct schema *schema, struct span at,
			   const char *kind, struct str text)
{
	return schema->soft && !r->staged
		       ? diag_warning(r->diags, at, kind, "Unexpected value '%.*s'", STR_ARG(text))
		       : diag_error(r->diags, at, kind, "Unexpected value '%.*s'", STR_ARG(text));
}

static void unexpected(struct reader *r, struct tok *t, const struct def *def)
{
	struct str text = diag_quote(found_text(r, t));
	bool known = t->bad && !r->staged; /* something else is wrong with it, and was told */

	t->bad = t->bad || !def->schema->soft || r->staged;
	if (!known) {
		struct diag *d = refuse(r, def->schema, value_place(t, def),
					value_kind_of(t, text, def), text);

		d->token = t->at;
		hint_value(r->diags, d, text, def->schema);
	}
}

static struct tok *check_scalar(struct reader *r, struct tok *t, struct def d)
{
	if (t->kind == TOK_EXPR) {
		if (d.scope == 0) {
			(void)diag_error(r->diags, t->at, "expression",
					 "A template expression is not allowed in this context");
			t->bad = true;
		}
		return t;
	}
	if (t->kind != TOK_INSERT && schema_accepts(d.schema, t)) {
		return t;
	}
	if (t->kind == TOK_NULL || t->kind == TOK_BOOL || t->kind == TOK_NUMBER) {
		struct tok *s = string_tok(r, t, tok_text(r->a, t));

		if (schema_accepts(d.schema, s)) {
			return s;
		}
	}
	unexpected(r, t, &d);
	return t;
}

/* --- collections --- */

static const struct tok *read_value(struct reader *r, const struct yaml_node *n, struct def d);

static const struct tok *not_expected(struct reader *r, const struct yaml_node *n)
{
	struct tok *t = new_tok(r, n->kind == YAML_SEQ ? TOK_SEQ : TOK_MAP, n);

	(void)diag_error(r->diags, n->at, KIND, "A %s was not expected",
			 n->kind == YAML_SEQ ? "sequence" : "mapping");
	t->bad = true;
	return t;
}

static const struct tok *read_sequence(struct reader *r, const struct yaml_node *n, struct def d)
{
	const struct schema *sequence;

	if (schema_pick(d.schema, SCHEMA_SEQUENCE, &sequence, 1) == 0) {
		return not_expected(r, n);
	}

	struct tok *t = new_tok(r, TOK_SEQ, n);
	struct def item = enter(d, sequence->item);

	item.scope |= sequence->scope;
	t->u.seq.items = arena_array(r->a, const struct tok *, n->count);
	for (size_t i = 0; i < n->count; i++) {
		const struct tok *value = read_value(r, n->items[i], item);

		t->u.seq.items[t->u.seq.n++] = value;
		t->bad = t->bad || value->bad;
	}
	return t;
}

/* A mapping being read: the definitions that still fit it. */
struct mapping {
	struct tok *t;
	struct tok_pair *pairs;
	struct def def;
	const struct schema *fits[SCHEMA_MAX_MAPPINGS];
	size_t nfits;
	const struct schema *first; /* its loose keys are the ones allowed */
	bool all_loose;             /* one definition without named keys */
	bool has_expr_key;
	struct strmap keys;
};

static void add_pair(struct mapping *m, const struct tok *key, const struct tok *value)
{
	m->pairs[m->t->u.map.n++] = (struct tok_pair){ key, value };
	m->t->bad = m->t->bad || key->bad || value->bad;
}

static void read_expr_key(struct reader *r, struct mapping *m, struct tok *key,
			  const struct yaml_node *value)
{
	const struct schema *type = m->all_loose ? m->first->loose_value : &schema_any;

	m->has_expr_key = true;
	if (m->def.scope == 0) {
		(void)diag_error(r->diags, key->at, "expression",
				 "A template expression is not allowed in this context");
		m->t->bad = true;
		return;
	}
	add_pair(m, key, read_value(r, value, enter_value(m->def, type, key)));
}

/* The type of a named key; definitions without that key no longer fit. */
static const struct schema *match_key(struct mapping *m, struct str name)
{
	const struct schema *type = NULL;
	size_t n = 0;

	for (size_t i = 0; i < m->nfits; i++) {
		const struct schema_prop *p = schema_prop(m->fits[i], name);

		if (p && !type) {
			type = p->type;
		}
	}
	for (size_t i = 0; type && i < m->nfits; i++) {
		if (schema_prop(m->fits[i], name)) {
			m->fits[n++] = m->fits[i];
		}
	}
	m->nfits = type ? n : m->nfits;
	return type;
}

static const char *unknown_kind(const struct mapping *m, struct str name)
{
	const char *const *kin = m->first->kin;

	if (!kin) {
		return m->first->report ? m->first->report : KIND;
	}
	while (*kin && !str_eq(str_of(*kin), name)) {
		kin++;
	}
	return *kin ? m->first->report : KIND;
}

static void unknown_key(struct reader *r, struct mapping *m, struct tok *key)
{
	struct str words[MAX_WORDS];
	size_t n = 0;

	for (size_t i = 0; i < m->nfits; i++) {
		for (const struct schema_prop *p = m->fits[i]->props; p && p->name; p++) {
			if (n < MAX_WORDS) {
				words[n++] = str_of(p->name);
			}
		}
	}

	struct diag *d =
		refuse(r, m->first, key->at, unknown_kind(m, key->u.s), diag_quote(key->u.s));

	hint_nearest(r->diags, d, key->u.s, words, n);
	if (str_eq(key->u.s, STR("<<"))) {
		d->hint = STR("GitHub has anchors and aliases, but no merge keys");
	} else if (d->severity == DIAG_WARNING && d->hint.len == 0) {
		d->hint = STR("GitHub ignores it");
	}
	m->t->bad = m->t->bad || !m->first->soft || r->staged;
}

/* The value of a key that is there already: only for what is wrong in it. */
static void read_again(struct reader *r, struct mapping *m, struct str name,
		       const struct yaml_node *value)
{
	const struct schema *type = r->staged ? NULL : match_key(m, name);

	if (type) {
		(void)read_value(r, value, enter(m->def, type));
	}
}

/* A merge key, where any name may stand: GitHub finds fault with its value only. */
static bool is_merge(const struct reader *r, const struct yaml_pair *pair)
{
	return !r->staged && pair->key->plain && str_eq(pair->key->text, STR("<<")) &&
	       (pair->value->kind == YAML_MAP || pair->value->kind == YAML_SEQ);
}

static void read_pair(struct reader *r, struct mapping *m, const struct yaml_pair *pair)
{
	bool fresh = true;

	if (pair->key->kind == YAML_SEQ || pair->key->kind == YAML_MAP) {
		(void)not_expected(r, pair->key);
		m->t->bad = true;
		return;
	}

	struct tok *key = read_scalar(r, pair->key, m->def.scope);

	if (key->kind == TOK_EXPR || key->kind == TOK_INSERT) {
		read_expr_key(r, m, key, pair->value);
		return;
	}
	if (key->kind != TOK_STRING) {
		key = string_tok(r, key, tok_text(r->a, key));
	}
	(void)strmap_slot(r->a, &m->keys, key->u.s, &fresh);
	if (!fresh) {
		(void)diag_error(r->diags, key->at, KIND, "'%.*s' is already defined",
				 STR_ARG(diag_quote(key->u.s)));
		m->t->bad = true;
		read_again(r, m, key->u.s, pair->value);
		return;
	}

	const struct schema *type = match_key(m, key->u.s);

	if (type) {
		add_pair(m, key, read_value(r, pair->value, enter_value(m->def, type, key)));
	} else if (m->first->loose_key && !is_merge(r, pair)) {
		key = check_scalar(r, key, enter(m->def, m->first->loose_key));
		add_pair(m, key,
			 read_value(r, pair->value,
				    enter_value(m->def, m->first->loose_value, key)));
	} else {
		unknown_key(r, m, key);
	}
}

static size_t times_named(const struct mapping *m, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nfits; i++) {
		n += schema_prop(m->fits[i], str_of(name)) != NULL;
	}
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What a mapping lacks is told at the key it belongs to, where there is one; GitHub names the
 * mapping's first key. */
__attribute__((format(printf, 3, 4))) static void lacks(struct reader *r, const struct mapping *m,
							const char *fmt, ...)
{
	struct span at = m->def.key.file == SPAN_NONE ? m->t->at : m->def.key;
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(r->diags->arena, fmt, ap);
	va_end(ap);
	diag_error(r->diags, at, KIND, "%.*s", STR_ARG(msg))->token = m->t->at;
	m->t->bad = true;
}

/* More than one definition still fits: named are the keys that only one of them has. */
static void ambiguous(struct reader *r, const struct mapping *m)
{
	const char *names[MAX_WORDS] = { NULL };
	struct strbuf list = STRBUF_INIT(0);
	size_t n = 0;

	for (size_t i = 0; i < m->nfits; i++) {
		for (const struct schema_prop *p = m->fits[i]->props; p && p->name; p++) {
			if (n < MAX_WORDS && !(p->flags & PROP_UNLISTED) &&
			    times_named(m, p->name) == 1) {
				names[n++] = p->name;
			}
		}
	}
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		(void)strbuf_addf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	lacks(r, m,
	      "There's not enough info to determine what you meant. Add one of these properties: "
	      "%s",
	      list.p);
	strbuf_release(&list);
}

static void check_required(struct reader *r, const struct mapping *m)
{
	for (const struct schema_prop *p = m->fits[0]->props; p && p->name; p++) {
		if ((p->flags & PROP_REQUIRED) && !strmap_get(&m->keys, str_of(p->name))) {
			lacks(r, m, "Required property is missing: %s", p->name);
		}
	}
}

static const struct tok *read_mapping(struct reader *r, const struct yaml_node *n, struct def d)
{
	struct mapping m = { .def = d, .keys = { .nocase = true } };

	m.nfits = schema_pick(d.schema, SCHEMA_MAPPING, m.fits, SCHEMA_MAX_MAPPINGS);
	if (m.nfits == 0) {
		return not_expected(r, n);
	}
	m.first = m.fits[0];
	m.all_loose = m.nfits == 1 && !m.first->props && m.first->loose_key;
	m.t = new_tok(r, TOK_MAP, n);
	m.pairs = arena_array(r->a, struct tok_pair, n->count);
	m.t->u.map.pairs = m.pairs;
	for (size_t i = 0; i < n->count; i++) {
		read_pair(r, &m, &n->pairs[i]);
	}
	if (m.nfits > 1) {
		ambiguous(r, &m);
	} else if (!m.has_expr_key) {
		check_required(r, &m);
	}
	return m.t;
}

static const struct tok *read_value(struct reader *r, const struct yaml_node *n, struct def d)
{
	switch (n->kind) {
	case YAML_SEQ:
		return read_sequence(r, n, d);
	case YAML_MAP:
		return read_mapping(r, n, d);
	case YAML_NULL:
	case YAML_BOOL:
	case YAML_NUMBER:
	case YAML_STRING:
		break;
	}
	return check_scalar(r, read_scalar(r, n, d.scope), d);
}

const struct tok *schema_read(struct arena *a, const struct yaml_node *node,
			      const struct schema *schema, bool staged, struct diags *diags)
{
	struct reader r = { .a = a, .diags = diags, .staged = staged };

	return read_value(&r, node, (struct def){ schema, schema->scope, KIND, NO_SPAN });
}
