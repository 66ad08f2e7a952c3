/*
 * rule_matrix.c - values that come twice in a matrix, and `exclude` items that exclude nothing.
 */
#include "actc/matrix.h"
#include "check.h"

#define KIND "matrix"

static bool is_list(struct str key)
{
	return str_eq(key, STR("include")) || str_eq(key, STR("exclude"));
}

static bool equal(const struct tok *x, const struct tok *y);

/* A value written in quotes and one without: GitHub compares what they say. */
static bool same_text(const struct tok *x, const struct tok *y)
{
	const struct tok *text = x->kind == TOK_STRING ? x : y, *other = text == x ? y : x;

	if (text->kind != TOK_STRING) {
		return false;
	}
	if (other->kind == TOK_NUMBER) {
		return text->u.s.len > 0 && strchr("+-.0123456789", text->u.s.p[0]) &&
		       str_to_number(text->u.s) == other->u.n;
	}
	if (other->kind == TOK_BOOL) {
		return str_eq(text->u.s, other->u.b ? STR("true") : STR("false"));
	}
	return other->kind == TOK_NULL && text->u.s.len == 0;
}

static bool equal_maps(const struct tok *x, const struct tok *y)
{
	if (x->u.map.n != y->u.map.n) {
		return false;
	}
	for (size_t i = 0; i < x->u.map.n; i++) {
		const struct tok_pair *p = &x->u.map.pairs[i];
		const struct tok *other =
			p->key->kind == TOK_STRING ? tok_get(y, p->key->u.s) : NULL;

		if (!other || !equal(p->value, other)) {
			return false;
		}
	}
	return true;
}

static bool equal(const struct tok *x, const struct tok *y)
{
	bool deep = x->kind == TOK_SEQ || x->kind == TOK_MAP;

	if (deep && x->kind != y->kind) {
		return false;
	}
	if (x->kind == TOK_MAP) {
		return equal_maps(x, y);
	}
	if (x->kind == TOK_SEQ) {
		for (size_t i = 0; i < x->u.seq.n && x->u.seq.n == y->u.seq.n; i++) {
			if (!equal(x->u.seq.items[i], y->u.seq.items[i])) {
				return false;
			}
		}
		return x->u.seq.n == y->u.seq.n;
	}
	if (x->kind == y->kind) {
		return x->kind == TOK_STRING   ? str_eq(x->u.s, y->u.s)
		       : x->kind == TOK_NUMBER ? x->u.n == y->u.n
		       : x->kind == TOK_BOOL   ? x->u.b == y->u.b
					       : x->kind == TOK_NULL;
	}
	return y->kind != TOK_SEQ && y->kind != TOK_MAP && same_text(x, y);
}

/* Whether a wanted value is (a part of) a given one: mappings need only what is asked of them. */
static bool covers(const struct tok *given, const struct tok *wanted)
{
	if (!tok_is_literal(given)) {
		return true;
	}
	if (wanted->kind == TOK_MAP && given->kind == TOK_MAP) {
		for (size_t i = 0; i < wanted->u.map.n; i++) {
			const struct tok_pair *p = &wanted->u.map.pairs[i];
			const struct tok *other = tok_get(given, p->key->u.s);

			if (!other || !covers(other, p->value)) {
				return false;
			}
		}
		return true;
	}
	return equal(given, wanted);
}

static void check_row(struct check *c, struct str key, const struct tok *row)
{
	/* GitHub takes no more. */
	for (size_t i = 0; i < row->u.seq.n && row->u.seq.n <= MATRIX_MAX_LEGS; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct tok *x = row->u.seq.items[i];

			if (x->kind != row->u.seq.items[k]->kind || !tok_is_literal(x) ||
			    !tok_is_literal(row->u.seq.items[k]) ||
			    !equal(x, row->u.seq.items[k])) {
				continue;
			}
			(void)check_warn(c, x->at, KIND,
					 "this value is in \"%.*s\" twice, so its jobs run twice",
					 STR_ARG(key));
			break;
		}
	}
}

/* Whether some combination can have that value; true when it is not known. */
static bool possible(const struct tok *matrix, struct str key, const struct tok *value, bool *known)
{
	const struct tok *row = NULL, *include = check_get(matrix, "include");

	for (size_t i = 0; i < matrix->u.map.n; i++) {
		struct str name = check_literal(matrix->u.map.pairs[i].key);

		if (name.p && !is_list(name) && str_ieq(name, key)) {
			row = matrix->u.map.pairs[i].value;
		}
	}
	*known = row != NULL;
	if (row && row->kind != TOK_SEQ) {
		return true;
	}
	for (size_t i = 0; row && i < row->u.seq.n; i++) {
		if (covers(row->u.seq.items[i], value)) {
			return true;
		}
	}
	for (size_t i = 0; include && i < include->u.seq.n; i++) {
		const struct tok *item = include->u.seq.items[i];
		const struct tok *v = item->kind == TOK_MAP ? tok_get(item, key) : NULL;

		*known = *known || v;
		if (v && covers(v, value)) {
			return true;
		}
	}
	return false;
}

static void check_exclude(struct check *c, const struct tok *matrix, const struct tok *item)
{
	for (size_t i = 0; item->kind == TOK_MAP && i < item->u.map.n; i++) {
		const struct tok_pair *p = &item->u.map.pairs[i];
		struct str key = check_literal(p->key);
		bool known = false;

		if (!key.p || !tok_is_literal(p->value)) {
			continue;
		}
		if (!possible(matrix, key, p->value, &known) && known) {
			(void)check_warn(c, p->value->at, KIND,
					 "no combination has this value of \"%.*s\", so nothing is "
					 "excluded",
					 STR_ARG(key));
		}
	}
}

/* All keys and values must be written out for a verdict on `exclude`. */
static bool is_plain(const struct tok *matrix)
{
	const struct tok *include = check_get(matrix, "include");

	for (size_t i = 0; i < matrix->u.map.n; i++) {
		if (matrix->u.map.pairs[i].key->kind != TOK_STRING) {
			return false;
		}
	}
	return !include || (include->kind == TOK_SEQ && tok_is_literal(include));
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *matrix = check_get(check_get(job->map, "strategy"), "matrix");
	const struct tok *exclude = check_get(matrix, "exclude");

	for (size_t i = 0; matrix && matrix->kind == TOK_MAP && i < matrix->u.map.n; i++) {
		struct str key = check_literal(matrix->u.map.pairs[i].key);

		if (key.p && !is_list(key) && matrix->u.map.pairs[i].value->kind == TOK_SEQ) {
			check_row(c, key, matrix->u.map.pairs[i].value);
		}
	}
	if (!exclude || exclude->kind != TOK_SEQ || !is_plain(matrix)) {
		return;
	}
	for (size_t i = 0; i < exclude->u.seq.n; i++) {
		check_exclude(c, matrix, exclude->u.seq.items[i]);
	}
}

const struct rule rule_matrix = { NULL, check_job, NULL };
