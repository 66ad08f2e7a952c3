/*
 * test_expr.c - the expression language: the project's own cases (testdata/expr), and what they
 * cannot say: limits, templates, conditions, the host's functions, static facts, places of errors.
 */
#include "expr_cases.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

TestSuite(expr, .fini = release);

#define C(s) ((s).len ? arena_cstr(&arena, (s)) : "")

/* n times `piece`, between two texts. */
static struct str repeat(const char *before, size_t n, const char *piece, const char *after)
{
	struct strbuf b = STRBUF_INIT(0);

	strbuf_adds(&b, str_of(before));
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&b, str_of(piece));
	}
	strbuf_adds(&b, str_of(after));

	struct str s = arena_str(&arena, strbuf_str(&b));

	strbuf_release(&b);
	return s;
}

/* The value as one line of JSON, or "stage: message". */
static const char *outcome_with(struct str text, const char *contexts)
{
	struct value c;
	struct err err = ERR_INIT;

	cr_assert(value_from_json_strict(&arena, str_of(contexts), &c, &err), "%s", err.msg);

	struct value got = case_outcome(&arena, text, c.u.o);

	if (value_get(got, STR("error")).kind == VALUE_STRING) {
		return arena_printf(&arena, "%s: %s", C(value_get(got, STR("stage")).u.s),
				    C(value_get(got, STR("error")).u.s))
			.p;
	}
	return case_line(&arena, value_get(got, STR("value"))).p;
}

static const char *outcome(struct str text)
{
	return outcome_with(text, "{}");
}

Test(expr, own_cases)
{
	struct case_run run = { 0 };

	cr_assert(run_folder(&run, "testdata/expr"), "testdata/expr is not there");
	cr_assert(run.cases > 500, "only %zu cases", run.cases);
	cr_assert(run.failed == 0, "%zu of %zu cases failed", run.failed, run.cases);
	arena_release(&run.arena);
}

/* "Depth counts nested operators/calls/indexes in the tree; chained &&/|| count once" (2.2). */
Test(expr, depth_counts_nodes_and_not_parentheses)
{
	const char *too_deep = "parsing: Exceeded max expression depth 50";
	struct str nots = repeat("", 49, "!", "''");
	struct str more = repeat("", 50, "!", "''");
	struct str groups = repeat(repeat("", 9000, "(", "7").p, 9000, ")", "");
	struct str chain = repeat(repeat("", 100, "1 && (", "2").p, 100, ")", "");
	struct str mixed = repeat(repeat("", 26, "0 || (1 && (", "2").p, 52, ")", "");

	cr_assert_str_eq(outcome(nots), "true");
	cr_assert_str_eq(outcome(more), too_deep);
	cr_assert_str_eq(outcome(groups), "7");
	cr_assert_str_eq(outcome(chain), "2");
	cr_assert_str_eq(outcome(mixed), too_deep);
	cr_assert_str_eq(outcome_with(repeat("a", 49, ".b", ""), "{\"a\":1}"), "null");
	cr_assert_str_eq(outcome_with(repeat("a", 50, ".b", ""), "{\"a\":1}"), too_deep);
}

Test(expr, an_error_in_the_text_comes_before_its_depth)
{
	const char *got = outcome(repeat("", 60, "!", "@"));

	cr_assert(strncmp(got, "lexing: Unexpected symbol: '@'", 30) == 0, "%s", got);
}

Test(expr, length_is_counted_in_utf16_units)
{
	const char *too_long = "parsing: Exceeded max expression length 21000";

	cr_assert_str_eq(outcome(repeat("'", 20998, "x", "' && 1")), too_long);
	cr_assert_str_eq(outcome(repeat("'", 20993, "x", "' && 1")), "1");
	cr_assert_str_eq(outcome(repeat("'", 20993, "\xC3\xBC", "' && 1")), "1");
	cr_assert_str_eq(outcome(repeat("'", 10500, "\xF0\x9F\x98\x80", "'")), too_long);
}

Test(expr, json_nests_64_deep)
{
	struct str fits = repeat(repeat("toJSON(fromJSON('", 64, "[", "").p, 64, "]", "')) && 1");
	struct str deep = repeat(repeat("fromJSON('", 65, "[", "").p, 65, "]", "')");
	const char *got = outcome(deep);

	cr_assert_str_eq(outcome(fits), "1");
	cr_assert(strstr(got, "The reader's MaxDepth of 64 has been exceeded."), "%s", got);
}

/* "Memory per evaluation is capped" (2.7); what a finished operand took is given back. */
Test(expr, memory_is_limited)
{
	const char *exceeded = "evaluation: The maximum allowed memory size was exceeded while "
			       "evaluating the following expression: ";
	struct str x = repeat("{\"a\":\"", 10000, "x", "\", \"b\": [\"\", \"\"]}");
	struct str big = repeat("format('", 60, "{0}", "', a)");
	struct str fits = repeat("format('", 50, "{0}", "', a) && 1");
	struct str one = repeat("format('", 40, "{0}", "', a)");
	struct str both = arena_printf(&arena, "%s == %s", one.p, one.p);
	struct str turns = arena_printf(&arena, "%s == '' || %s == ''", one.p, one.p);
	const char *got = outcome_with(big, x.p);

	cr_assert(strncmp(got, exceeded, strlen(exceeded)) == 0, "%.200s", got);
	cr_assert_str_eq(outcome_with(fits, x.p), "1");
	got = outcome_with(both, x.p);
	cr_assert(strncmp(got, exceeded, strlen(exceeded)) == 0, "%.200s", got);
	cr_assert(got[strlen(exceeded)] == '(', "the root is named: %.200s", got);
	cr_assert_str_eq(outcome_with(turns, x.p), "false");
}

Test(expr, memory_message_shows_the_normal_form)
{
	struct str x = repeat("{\"a\":[\"", 600000, "x", "\"],\"b\":{\"c d\":1}}");
	const char *got = outcome_with(STR("tojson( A ) && true"), x.p);

	cr_assert(strstr(got, "expression: tojson(A)"), "%.200s", got);
	got = outcome_with(
		STR("a[0]==A[ 'k' ][b['c d']].* && (1<2 || format('it''s', !null)!=-1.50)"), x.p);
	cr_assert(strstr(got, "expression: ((a[0] == A.k[b['c d']].*) && ((1 < 2) || "
			      "(format('it''s', !null) != -1.5)))"),
		  "%.300s", got);
}

/* --- the host --------------------------------------------------------------------------------- */

struct host {
	struct str seen;
	bool status[4];
	struct value env;
};

static bool host_named(void *ctx, struct str name, struct value *out)
{
	struct host *h = ctx;

	h->seen = name;
	*out = h->env;
	return str_eq(name, STR("env"));
}

static bool host_status(void *ctx, enum expr_status which, const struct str *args, size_t n)
{
	struct host *h = ctx;

	h->seen = n ? args[n - 1] : STR("none");
	return h->status[which];
}

static bool host_hash(void *ctx, const struct str *patterns, size_t n, struct str *out,
		      struct str *why)
{
	(void)ctx;
	*out = arena_printf(&arena, "%zu:%s", n, C(patterns[n - 1]));
	*why = STR("hashFiles('nowhere') failed.");
	return !str_eq(patterns[0], STR("nowhere"));
}

static const struct str host_names[] = { STR_INIT("env"), STR_INIT("github") };
static const struct expr_function host_functions[] = {
	{ STR_INIT("success"), 0, 255 },   { STR_INIT("failure"), 0, 255 },
	{ STR_INIT("always"), 0, 0 },      { STR_INIT("cancelled"), 0, 0 },
	{ STR_INIT("hashFiles"), 1, 255 },
};
static const struct expr_scope host_scope = {
	.names = host_names, .nnames = 2, .functions = host_functions, .nfunctions = 5
};

static const char *on_host(struct host *h, const char *text)
{
	struct expr_env env = {
		.ctx = h, .named = host_named, .status = host_status, .hash_files = host_hash
	};
	struct expr_error error;
	struct value v;
	const struct expr *e = expr_parse(&arena, str_of(text), &host_scope, &error);

	return e && expr_eval(&arena, e, &env, &v, &error) ? case_line(&arena, v).p : C(error.msg);
}

Test(expr, the_host_answers_status_functions)
{
	struct host h = { .status = { [STATUS_FAILURE] = true, [STATUS_ALWAYS] = true } };

	cr_assert_str_eq(on_host(&h, "success()"), "false");
	cr_assert_str_eq(C(h.seen), "none");
	cr_assert_str_eq(on_host(&h, "Failure('a', format('b{0}', 1))"), "true");
	cr_assert_str_eq(C(h.seen), "b1");
	cr_assert_str_eq(on_host(&h, "ALWAYS() && !cancelled()"), "true");
	cr_assert(strstr(on_host(&h, "always(1)"), "Too many parameters supplied: 'always'"));
}

Test(expr, the_host_hashes_files)
{
	struct host h = { 0 };

	cr_assert_str_eq(on_host(&h, "hashFiles('a', 'b*')"), "\"2:b*\"");
	cr_assert_str_eq(on_host(&h, "hashFiles('nowhere')"), "hashFiles('nowhere') failed.");
	cr_assert(strstr(on_host(&h, "hashfiles()"), "Too few parameters supplied: 'hashfiles'"));
}

Test(expr, names_reach_the_host_in_lower_case)
{
	struct vobject *vars = vobject_new(&arena, true);
	struct host h = { .env = value_object(vars) };

	vobject_set(&arena, vars, STR("Name"), value_str(STR("x")));
	cr_assert_str_eq(on_host(&h, "GitHub.x"), "null");
	cr_assert_str_eq(C(h.seen), "github");
	cr_assert_str_eq(on_host(&h, "ENV.Name"), "\"x\"");
	cr_assert_str_eq(on_host(&h, "env.name"), "null", "env is case-sensitive (3)");
}

Test(expr, a_missing_host_answers_null)
{
	struct expr_error error;
	struct value v;
	const struct expr *e = expr_parse(&arena, STR("env.x || success() || hashFiles('x')"),
					  &host_scope, &error);

	cr_assert(e && expr_eval(&arena, e, NULL, &v, &error));
	cr_assert_str_eq(case_line(&arena, v).p, "\"\"");
}

/* "A filtered array behaves as Array afterwards" (2.6): outside the expression it is plain. */
Test(expr, a_result_is_no_filtered_array)
{
	struct varray *items = varray_new(&arena);
	struct host h = { .env = value_array(items) };
	struct expr_env env = { .ctx = &h, .named = host_named };
	struct expr_error error;
	struct value v;

	varray_push(&arena, items, value_number(1));

	const struct expr *e = expr_parse(&arena, STR("env.*"), &host_scope, &error);

	cr_assert(e && expr_eval(&arena, e, &env, &v, &error));
	cr_assert(v.kind == VALUE_ARRAY && v.u.a->n == 1 && !v.u.a->filtered);
}

/* --- static facts ----------------------------------------------------------------------------- */

static void note_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	struct strbuf *b = ctx;

	strbuf_addf(b, "%s%.*s", b->len ? " " : "", STR_ARG(root));
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(b, "/%.*s", STR_ARG(path[i]));
	}
}

Test(expr, names_are_visited_with_their_constant_keys)
{
	static const struct {
		const char *text;
		const char *names;
	} rows[] = {
		{ "1", "" },
		{ "env", "env" },
		{ "GitHub.Event['a b'].c", "github/Event/a b/c" },
		{ "env.a.*.b", "env/a" },
		{ "env[github.x].y", "github/x env" },
		{ "env[0].y", "env" },
		{ "format('{0}', env.a, github.b) == env.c", "env/a github/b env/c" },
		{ "fromJSON(env.a).b", "env/a" },
		{ "(env.a || github).b", "env/a github" },
		{ "(env.a).b", "env/a/b" },
		{ "!env.a && case(true, env.b, 1)", "env/a env/b" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf b = STRBUF_INIT(0);
		struct expr_error error;
		const struct expr *e =
			expr_parse(&arena, str_of(rows[i].text), &host_scope, &error);

		cr_assert(e, "%s", rows[i].text);
		expr_visit_names(e, note_name, &b);
		cr_expect_str_eq(b.p, rows[i].names, "%s: %s", rows[i].text, b.p);
		strbuf_release(&b);
	}
}

Test(expr, literals_and_status_functions_are_known)
{
	struct expr_error error;
	struct value v;
	const struct expr *e = expr_parse(&arena, STR(" ('x') "), &host_scope, &error);

	cr_assert(expr_literal(e, &v) && str_eq(v.u.s, STR("x")));
	cr_assert(str_eq(expr_text(e), STR(" ('x') ")));
	cr_assert(!expr_has_status(e));
	e = expr_parse(&arena, STR("env[format('{0}', aLways())]"), &host_scope, &error);
	cr_assert(expr_has_status(e) && !expr_literal(e, &v));
	e = expr_parse(&arena, STR("env.always"), &host_scope, &error);
	cr_assert(!expr_has_status(e));
	e = expr_parse(&arena, STR(""), &host_scope, &error);
	cr_assert(expr_literal(e, &v) && v.kind == VALUE_NULL);
}

Test(expr, errors_say_where_in_bytes)
{
	static const struct {
		const char *text;
		size_t at, len;
	} rows[] = {
		{ "'\xC3\xBC' && nope", 8, 4 },       { "1 &&", 2, 2 },
		{ "1 && contains('a')", 5, 8 },       { "true && fromJSON('')", 8, 8 },
		{ "case(true && 'x', 1, 2)", 10, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct expr_error error = { 0 };
		struct value v;
		const struct expr *e =
			expr_parse(&arena, str_of(rows[i].text), &host_scope, &error);

		cr_assert(!e || !expr_eval(&arena, e, NULL, &v, &error), "%s", rows[i].text);
		cr_expect(error.at == rows[i].at && error.len == rows[i].len, "%s: %zu+%zu",
			  rows[i].text, error.at, error.len);
	}
}

static void take_line(void *ctx, struct str line)
{
	(void)strbuf_addf(ctx, "%.*s\n", STR_ARG(line));
}

/* What the evaluation of a text tells about itself. */
static const char *account(const char *text)
{
	struct strbuf lines = STRBUF_INIT(0);
	struct expr_env env = { .ctx = &lines, .trace = take_line };
	struct expr_error error = { 0 };
	struct value v;
	const struct expr *e = expr_parse(&arena, str_of(text), &host_scope, &error);

	cr_assert(e && expr_eval(&arena, e, &env, &v, &error), "%s", text);

	struct str told = arena_str(&arena, strbuf_str(&lines));

	strbuf_release(&lines);
	return C(told);
}

Test(expr, an_evaluation_tells_of_itself_as_githubs_does)
{
	cr_expect_str_eq(account("contains('aB', 'b') && env.x != 'it''s'"),
			 "Evaluating: (contains('aB', 'b') && (env.x != 'it''s'))\n"
			 "Evaluating And:\n"
			 "..Evaluating contains:\n"
			 "....Evaluating String:\n"
			 "....=> 'aB'\n"
			 "....Evaluating String:\n"
			 "....=> 'b'\n"
			 "..=> true\n"
			 "..Evaluating NotEqual:\n"
			 "....Evaluating Index:\n"
			 "......Evaluating env:\n"
			 "......=> null\n"
			 "....=> null\n"
			 "....Evaluating String:\n"
			 "....=> 'it''s'\n"
			 "..=> true\n"
			 "=> true\n"
			 "Expanded: (true && (null != 'it''s'))\n"
			 "Result: true\n");
	/* What was never looked at stands there as it is, with its keys in brackets. */
	cr_expect_str_eq(account("false && env.x[1]"), "Evaluating: (false && env.x[1])\n"
						       "Evaluating And:\n"
						       "..Evaluating Boolean:\n"
						       "..=> false\n"
						       "=> false\n"
						       "Expanded: (false && env['x'][1])\n"
						       "Result: false\n");
	/* A text that is its own result is told once. */
	cr_expect_str_eq(account("1.50"), "Evaluating: 1.5\n"
					  "Evaluating Number:\n"
					  "=> 1.5\n"
					  "Result: 1.5\n");
}
