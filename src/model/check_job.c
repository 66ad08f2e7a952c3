/*
 * check_job.c - what a job's literal values may be beyond their shapes: runner groups, matrices,
 * container images (SEMANTICS 1.7 to 1.9). Values with expressions are checked when they have been
 * evaluated.
 */
#include "build.h"

#include <math.h>

static const struct str group_prefixes[] = { STR_INIT("org"), STR_INIT("organization"),
					     STR_INIT("ent"), STR_INIT("enterprise") };

static bool known_prefix(struct str prefix)
{
	for (size_t i = 0; i < sizeof(group_prefixes) / sizeof(group_prefixes[0]); i++) {
		if (str_eq(prefix, group_prefixes[i])) {
			return true;
		}
	}
	return false;
}

static void check_group(struct build *b, const struct tok *t)
{
	struct str rest = t->u.s, prefix = str_cut(&rest, '/');

	if (!rest.p) {
		return;
	}
	if (rest.len == 0) {
		(void)diag_error(b->diags, t->at, "runner-label",
				 "Invalid runs-on group name '%.*s'.", STR_ARG(diag_quote(t->u.s)));
	} else if (!known_prefix(prefix) || str_chr(rest, '/', 0) != STR_NPOS) {
		(void)diag_error(b->diags, t->at, "runner-label",
				 "Invalid runs-on group name '%.*s'. Please use 'organization/' "
				 "or 'enterprise/' prefix to target a single runner group.",
				 STR_ARG(diag_quote(t->u.s)));
	}
}

void check_runs_on(struct build *b, const struct tok *t)
{
	const struct tok *group = tok_get(t, STR("group"));

	if (group && group->kind == TOK_STRING) {
		check_group(b, group);
	}
	/* GitHub reads this, and finds no runner for it. */
	if (!b->staged && t->kind == TOK_MAP && t->u.map.n == 0) {
		(void)diag_warning(b->diags, t->at, "syntax-check",
				   "runs-on needs a group or labels");
	}
	if (!b->staged && t->kind == TOK_SEQ && t->u.seq.n == 0) {
		(void)diag_warning(b->diags, t->at, "syntax-check", "runs-on needs a label");
	}
}

/* --- matrix --- */

static bool is_list_key(const struct tok *key)
{
	return key->kind == TOK_STRING &&
	       (str_eq(key->u.s, STR("include")) || str_eq(key->u.s, STR("exclude")));
}

static bool has_vector(const struct tok *matrix)
{
	const struct tok *include = tok_get(matrix, STR("include"));

	for (size_t i = 0; i < matrix->u.map.n; i++) {
		if (!is_list_key(matrix->u.map.pairs[i].key)) {
			return true;
		}
	}
	return include && (!tok_is_literal(include) || include->u.seq.n > 0);
}

static bool names_vector(const struct tok *matrix, struct str key)
{
	for (size_t i = 0; i < matrix->u.map.n; i++) {
		const struct tok *k = matrix->u.map.pairs[i].key;

		if (k->kind != TOK_STRING || (!is_list_key(k) && str_eq_nocase(k->u.s, key))) {
			return true;
		}
	}
	return false;
}

static void check_exclude_item(struct build *b, const struct tok *matrix, const struct tok *item)
{
	if (item->u.map.n == 0) {
		(void)diag_error(b->diags, item->at, "matrix",
				 "Matrix exclude filter must not be empty");
	}
	for (size_t i = 0; i < item->u.map.n; i++) {
		const struct tok *key = item->u.map.pairs[i].key;

		if (!names_vector(matrix, key->u.s)) {
			(void)diag_error(b->diags, key->at, "matrix",
					 "Matrix exclude key '%.*s' does not match any key within "
					 "the matrix",
					 STR_ARG(diag_quote(key->u.s)));
		}
	}
}

/* The items of a list that is written out; none when something in it has to be evaluated. */
static size_t literal_items(const struct tok *list)
{
	return list && list->kind == TOK_SEQ && tok_is_literal(list) ? list->u.seq.n : 0;
}

static void check_lists(struct build *b, const struct tok *matrix)
{
	const struct tok *exclude = tok_get(matrix, STR("exclude"));
	const struct tok *include = tok_get(matrix, STR("include"));
	size_t nexclude = literal_items(exclude), ninclude = literal_items(include);

	for (size_t i = 0; i < ninclude; i++) {
		if (include->u.seq.items[i]->u.map.n == 0) {
			(void)diag_error(b->diags, include->u.seq.items[i]->at, "matrix",
					 "Matrix include mapping does not contain any values");
		}
	}
	for (size_t i = 0; i < nexclude; i++) {
		check_exclude_item(b, matrix, exclude->u.seq.items[i]);
	}
}

void check_strategy(struct build *b, const struct tok *t)
{
	const struct tok *matrix = tok_get(t, STR("matrix"));

	if (!tok_good(matrix) || matrix->kind != TOK_MAP) {
		return;
	}
	for (size_t i = 0; i < matrix->u.map.n; i++) {
		const struct tok_pair *pair = &matrix->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && !is_list_key(pair->key) &&
		    pair->value->kind == TOK_SEQ && pair->value->u.seq.n == 0) {
			(void)diag_error(b->diags, pair->value->at, "syntax-check",
					 "Matrix vector '%.*s' does not contain any values",
					 STR_ARG(diag_quote(pair->key->u.s)));
		}
	}
	if (!has_vector(matrix)) {
		(void)diag_error(b->diags, matrix->at, "matrix",
				 "Matrix must define at least one vector");
	}
	/* GitHub's reader looks no further when anything of the strategy has to be evaluated. */
	if (!b->staged || tok_is_literal(t)) {
		size_t from = b->diags->list.n;

		check_lists(b, matrix);
		build_late(b, from, t);
	}
}

/* --- containers --- */

/* A job's container without an image is none for GitHub, unless it is written as docker://. */
void check_container(struct build *b, const struct tok *t, struct span key, bool service)
{
	const struct tok *image = t->kind == TOK_MAP ? tok_get(t, STR("image")) : t;
	struct str text = build_spanned(image).s;
	bool missing = t->kind == TOK_MAP && t->u.map.n > 0 && !image;
	struct span at = missing ? key : image && t->kind == TOK_MAP ? image->at : t->at;

	if (!tok_is_literal(t) || (image && image->kind == TOK_STRING && text.len > 0 &&
				   !str_eq(text, STR("docker://")))) {
		return;
	}
	if (service || text.len > 0) {
		diag_error(b->diags, at, "syntax-check", "Container image cannot be empty")->token =
			t->at;
	} else if (t->kind == TOK_MAP && !b->staged) {
		(void)diag_warning(b->diags, at, "syntax-check",
				   "There is no image, so the job has no container");
	}
}

void check_services(struct build *b, const struct tok *t)
{
	size_t n = t->kind == TOK_MAP && tok_is_literal(t) ? t->u.map.n : 0;

	for (size_t i = 0; i < n; i++) {
		check_container(b, t->u.map.pairs[i].value, t->u.map.pairs[i].key->at, true);
	}
}

/* --- snapshots --- */

/* "2.*": which minor version it becomes is counted by the service. */
static bool is_image_version(struct str s)
{
	unsigned long major;
	struct str rest = s, digits = str_cut(&rest, '.');

	return str_eq(rest, STR("*")) && str_to_ulong(digits, &major) && major <= INT32_MAX;
}

void check_snapshot(struct build *b, const struct tok *t)
{
	const struct tok *version = t->kind == TOK_MAP ? tok_get(t, STR("version")) : NULL;
	struct spanned text;

	if (version && version->kind == TOK_STRING && !is_image_version(version->u.s)) {
		struct diag *d = diag_error(b->diags, version->at, "syntax-check",
					    "Expected format '{major-version}.*' Actual '%.*s'",
					    STR_ARG(diag_quote(version->u.s)));

		d->token = t->at;
	}
	if (t->kind == TOK_MAP && tok_get(t, STR("if"))) {
		(void)build_condition(b, tok_get(t, STR("if")), &schema_snapshot_if, &text);
	}
}

/* --- timeouts --- */

void check_minutes(struct build *b, const struct tok *t)
{
	if (t && t->kind == TOK_NUMBER && isfinite(t->u.n) && t->u.n != floor(t->u.n)) {
		(void)diag_warning(b->diags, t->at, "timeout",
				   "GitHub cuts off parts of a minute: %g is %g", t->u.n,
				   floor(t->u.n));
	}
}
