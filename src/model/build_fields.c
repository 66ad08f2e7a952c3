/* build_fields.c - values that workflows and jobs have in common, from tokens to the model. */
#include "build.h"

#include "reader.h"

void build_fields(const struct tok *map, const struct field *fields, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct tok *t = tok_get(map, str_of(fields[i].key));

		if (tok_good(t)) {
			memcpy((char *)out + fields[i].offset, &t, sizeof(t));
		}
	}
}

const struct tok_pair *build_pair(const struct tok *map, const char *key)
{
	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok *k = map->u.map.pairs[i].key;

		if (k->kind == TOK_STRING && str_eq(k->u.s, str_of(key))) {
			return &map->u.map.pairs[i];
		}
	}
	return NULL;
}

struct spanned build_spanned(const struct tok *t)
{
	bool literal = t && t->kind == TOK_STRING;

	return (struct spanned){ literal ? t->u.s : STR_EMPTY, t ? t->at : NO_SPAN };
}

struct spanned_list build_list(struct build *b, const struct tok *t)
{
	if (!tok_good(t) || (t->kind != TOK_SEQ && t->kind != TOK_STRING)) {
		return (struct spanned_list){ 0, NULL };
	}

	size_t n = t->kind == TOK_SEQ ? t->u.seq.n : 1;
	struct spanned *v = arena_array(b->a, struct spanned, n);

	for (size_t i = 0; i < n; i++) {
		v[i] = build_spanned(t->kind == TOK_SEQ ? t->u.seq.items[i] : t);
	}
	return (struct spanned_list){ n, v };
}

struct permissions build_permissions(struct build *b, const struct tok *t)
{
	struct permissions p = { .all = STR_EMPTY };

	if (!tok_good(t)) {
		return p;
	}
	p.given = true;
	if (t->kind != TOK_MAP) {
		p.all = build_spanned(t).s;
		return p;
	}

	struct permission *v = arena_array(b->a, struct permission, t->u.map.n);

	for (size_t i = 0; i < t->u.map.n; i++) {
		v[i].scope = build_spanned(t->u.map.pairs[i].key);
		v[i].level = build_spanned(t->u.map.pairs[i].value).s;
	}
	p.n = t->u.map.n;
	p.v = v;
	return p;
}

enum { GROUP_MAX = 400 };

static bool is_true(const struct tok *t)
{
	return t && t->kind == TOK_BOOL && t->u.b;
}

struct concurrency build_concurrency(struct build *b, const struct tok *t)
{
	struct concurrency c = { .at = NO_SPAN };

	if (!tok_good(t)) {
		return c;
	}
	c.at = t->at;
	c.group = t;
	if (t->kind == TOK_MAP) {
		const struct tok *queue = tok_get(t, STR("queue"));

		c.group = tok_get(t, STR("group"));
		c.cancel_in_progress = tok_get(t, STR("cancel-in-progress"));
		c.queue_max = str_eq(build_spanned(queue).s, STR("max"));
		if (c.queue_max && is_true(c.cancel_in_progress)) {
			(void)diag_error(b->diags, queue->at, "concurrency",
					 "'queue: max' cannot be combined with "
					 "'cancel-in-progress: true'");
		}
	}
	if (build_spanned(c.group).s.len > GROUP_MAX) {
		(void)diag_error(b->diags, t->at, "concurrency",
				 "Concurrency group name must be less than 400 characters");
	}
	return c;
}

struct run_defaults build_defaults(const struct tok *t)
{
	const struct tok *run = tok_good(t) ? tok_get(t, STR("run")) : NULL;

	return (struct run_defaults){ .shell = tok_get(run, STR("shell")),
				      .working_directory = tok_get(run, STR("working-directory")),
				      .given = run != NULL };
}

/* What GitHub evaluates then is a format() call, whose text is hardly ever falsy. */
static void warn_text_around(struct build *b, const struct tok *t)
{
	if (t->kind == TOK_EXPR && !t->whole) {
		(void)diag_warning(b->diags, t->at, "if-cond",
				   "There is text around ${{ }}, so the condition is a string and "
				   "always true");
	}
}

static const struct expr *parse_condition(struct build *b, const struct tok *t, unsigned scope)
{
	struct str source = !t                    ? STR_EMPTY
			    : t->kind == TOK_EXPR ? expr_text(t->u.e)
						  : build_spanned(t).s;
	struct expr_error error = { 0 };
	const struct expr *e =
		expr_parse_condition(b->a, source, true, schema_scope(b->a, scope), &error);

	if (!e) {
		/* Offsets are into the text only where nothing was unwrapped from ${{ }}. */
		error.len = t && t->from && str_eq(source, t->from->text) ? error.len : 0;
		schema_expr_error(b->diags, t, &error);
	}
	return e;
}

/* Stands for a condition that was reported. */
static const char failed;

const struct expr *build_condition(struct build *b, const struct tok *t,
				   const struct schema *schema, struct spanned *text)
{
	const void **known = memo_slot(b->a, &b->conditions, t ? t->from : NULL, schema->scope);

	*text = (struct spanned){ t && t->from ? t->from->text : STR_EMPTY, t ? t->at : NO_SPAN };
	if (t && t->bad) {
		return NULL;
	}
	if (t) {
		warn_text_around(b, t);
	}
	if (!*known) {
		const struct expr *e = parse_condition(b, t, schema->scope);

		*known = e ? (const void *)e : &failed;
	}
	return *known == &failed ? NULL : *known;
}

static uint32_t end_of(const struct tok *t)
{
	uint32_t end = t->at.hi;

	for (size_t i = 0; t->kind == TOK_MAP && i < t->u.map.n; i++) {
		uint32_t value = end_of(t->u.map.pairs[i].value);

		end = value > end ? value : end;
	}
	for (size_t i = 0; t->kind == TOK_SEQ && i < t->u.seq.n; i++) {
		uint32_t item = end_of(t->u.seq.items[i]);

		end = item > end ? item : end;
	}
	return end;
}

void build_late(struct build *b, size_t from, const struct tok *t)
{
	for (size_t i = from; b->staged && i < b->diags->list.n; i++) {
		b->diags->list.v[i].late = end_of(t);
	}
}
