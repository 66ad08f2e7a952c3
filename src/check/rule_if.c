/*
 * rule_if.c - conditions that are always the same. (Text around `${{ }}`, which makes one always
 * true, is found where conditions are built.)
 */
#include "check.h"

/* Functions whose result is known once their arguments are. */
static bool is_pure(struct str name)
{
	static const struct str pure[] = {
		STR_INIT("contains"), STR_INIT("startsWith"), STR_INIT("endsWith"),
		STR_INIT("format"),   STR_INIT("join"),       STR_INIT("toJSON"),
		STR_INIT("fromJSON"), STR_INIT("case"),
	};

	for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++) {
		if (str_ieq(pure[i], name)) {
			return true;
		}
	}
	return false;
}

static bool is_constant(const struct node *n)
{
	if (n->kind == NODE_NAMED || (n->kind == NODE_CALL && !is_pure(n->name))) {
		return false;
	}
	for (size_t i = 0; i < n->nargs; i++) {
		if (!is_constant(n->args[i])) {
			return false;
		}
	}
	return true;
}

static void check_if(struct check *c, const struct tok *t, const struct expr *cond)
{
	const struct expr_part *parts;
	size_t n;

	if (!t || t->bad || (t->kind == TOK_EXPR && !t->whole)) {
		return;
	}
	n = check_parts(t, cond, &parts);
	if (n == 1 && is_constant(parts[0].expr->root)) {
		struct str text = expr_text(parts[0].expr);

		(void)check_warn(c, t->at, "if-cond",
				 "the condition is constant (%.*s): this always goes the same way",
				 STR_ARG(diag_quote(str_trim(text))));
	}
}

static void check_snapshot(struct check *c, const struct tok *snapshot)
{
	const struct tok *t = check_get(snapshot, "if");

	if (t && (t->kind == TOK_BOOL || str_eq(check_literal(t), STR("true")) ||
		  str_eq(check_literal(t), STR("false")))) {
		(void)check_warn(c, t->at, "if-cond",
				 "the condition is constant: this always goes the same way");
	}
}

static void check_job(struct check *c, struct job_view *job)
{
	check_if(c, check_get(job->map, "if"), job->def->cond);
	check_snapshot(c, check_get(job->map, "snapshot"));
}

static void check_step(struct check *c, const struct step_view *step)
{
	check_if(c, check_get(step->map, "if"), step->def->cond);
}

const struct rule rule_if = { NULL, check_job, check_step };
