/* test_expr_tmpl.c - scalars with `${{ }}` (SEMANTICS 2.8) and `if` conditions (2.9). */
#include <criterion/criterion.h>

#include "actc/expr.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

TestSuite(expr_tmpl, .fini = release);

static const struct str names[] = { STR_INIT("github"), STR_INIT("env") };
static const struct expr_function functions[] = { { STR_INIT("success"), 0, 255 },
						  { STR_INIT("failure"), 0, 255 },
						  { STR_INIT("always"), 0, 0 } };
static const struct expr_scope scope = {
	.names = names, .nnames = 2, .functions = functions, .nfunctions = 3
};

static const char *text_of(struct str s)
{
	return arena_cstr(&arena, s);
}

/* "lit:TEXT", "expr:TEXT" (a whole scalar), "fmt:TEXT", "insert" or "err AT+LEN:MESSAGE". */
static const char *read_tmpl(const char *text, const struct expr_scope *allowed)
{
	struct expr_error error = { 0 };
	struct tmpl t;

	if (!tmpl_parse(&arena, str_of(text), allowed, &t, &error)) {
		return arena_printf(&arena, "err %zu+%zu:%s", error.at, error.len,
				    text_of(error.msg))
			.p;
	}
	switch (t.kind) {
	case TMPL_LITERAL:
		return arena_printf(&arena, "lit:%s", text_of(t.literal)).p;
	case TMPL_EXPR:
		return arena_printf(&arena, "%s:%s", t.whole ? "expr" : "fmt",
				    text_of(expr_text(t.expr)))
			.p;
	case TMPL_INSERT:
	default:
		return "insert";
	}
}

struct row {
	const char *text;
	const char *want;
};

#define NOT_CLOSED                                                                               \
	"The expression is not closed. An unescaped ${{ sequence was found, but the closing }} " \
	"sequence was not found."
#define NOT_INLINE                                                                          \
	"The directive 'insert' is not allowed in this context. Directives are not "        \
	"supported for expressions that are embedded within a string. Directives are only " \
	"supported when the entire value is an expression."

static const struct row templates[] = {
	{ "", "lit:" },
	{ "plain { } }} $ { ' text", "lit:plain { } }} $ { ' text" },
	{ "${ { x } }", "lit:${ { x } }" },
	{ "${{ env.x }}", "expr:env.x" },
	{ "${{env.x}}", "expr:env.x" },
	{ "${{\n\tenv.x\r\n}}", "expr:env.x" },
	{ "${{ 1 }}", "expr:1" },
	{ "${{ 'text' }}", "lit:text" },
	{ "${{ '${{' }}", "lit:${{" },
	{ "${{ 'it''s }} here' }}", "lit:it's }} here" },
	{ "${{ ('text') }}", "expr:('text')" },
	{ "${{ '' }}", "lit:" },
	{ "a${{ env.x }}", "fmt:format('a{0}', env.x)" },
	{ "${{ env.x }}\n", "fmt:format('{0}\n', env.x)" },
	{ " ${{ env.x }}", "fmt:format(' {0}', env.x)" },
	{ "${{ env.x }}${{ env.y }}", "fmt:format('{0}{1}', env.x, env.y)" },
	{ "it's {a} }} ${{ env.x }}", "fmt:format('it''s {{a}} }}}} {0}', env.x)" },
	{ "${{ 'a' }}b", "fmt:format('{0}b', 'a')" },
	{ "$${{ 1 }}", "fmt:format('${0}', 1)" },
	{ "${{ format('}}') }}x", "fmt:format('{0}x', format('}}'))" },
	{ "\xC3\xA9${{ env.x }}", "fmt:format('\xC3\xA9{0}', env.x)" },
	{ "${{ insert }}", "insert" },
	{ "${{ insert}}", "insert" },
	{ "${{ insertion }}",
	  "err 4+9:Unrecognized named-value: 'insertion'. Located at position 1 within "
	  "expression: insertion" },
	{ "${{ insert x }}",
	  "err 4+8:Exactly 0 parameter(s) were expected following the directive 'insert'. Actual "
	  "parameter count: 1" },
	{ "${{ insert a b('c d' e) 'f g' }}",
	  "err 4+25:Exactly 0 parameter(s) were expected following the directive 'insert'. Actual "
	  "parameter count: 3" },
	{ "x${{ insert }}", "err 5+6:" NOT_INLINE },
	{ "${{ insert }}x", "err 4+6:" NOT_INLINE },
	{ "${{ }}", "err 0+6:An expression was expected" },
	{ "a ${{}} b", "err 2+5:An expression was expected" },
	{ "${{ env.x", "err 0+9:" NOT_CLOSED },
	{ "${{ env.x }", "err 0+11:" NOT_CLOSED },
	{ "${{ 'a }}", "err 0+9:" NOT_CLOSED },
	{ "a ${{ 1 }} ${{", "err 11+3:" NOT_CLOSED },
	{ "${{}", "err 0+4:" NOT_CLOSED },
	{ "${{ env.x }} ${{ nope.y }}",
	  "err 17+4:Unrecognized named-value: 'nope'. Located at position 1 within expression: "
	  "nope.y" },
	{ "a ${{  1 + 2 }}",
	  "err 9+1:Unexpected symbol: '+'. Located at position 3 within expression: 1 + 2" },
};

Test(expr_tmpl, templates)
{
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		const char *got = read_tmpl(templates[i].text, &scope);

		cr_expect_str_eq(got, templates[i].want, "%s: %s", templates[i].text, got);
	}
}

static const struct row forbidden[] = {
	{ "text", "lit:text" },
	{ "${{ 'text' }}", "lit:text" },
	{ "${{ 1 }}", "err 0+8:A template expression is not allowed in this context" },
	{ "a ${{ 'b' }}", "err 0+12:A template expression is not allowed in this context" },
	{ "${{ insert }}", "err 0+13:A template expression is not allowed in this context" },
	{ "${{ env.x }}", "err 4+3:Unrecognized named-value: 'env'. Located at position 1 within "
			  "expression: env.x" },
};

Test(expr_tmpl, where_expressions_are_not_allowed)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const char *got = read_tmpl(forbidden[i].text, NULL);

		cr_expect_str_eq(got, forbidden[i].want, "%s: %s", forbidden[i].text, got);
	}
}

Test(expr_tmpl, the_rewritten_text_has_the_limits_of_an_expression)
{
	char text[21100];
	struct expr_error error = { 0 };
	struct tmpl t;

	memset(text, 'x', sizeof(text));
	memcpy(text, "${{ 1 }}", 8);
	cr_assert(!tmpl_parse(&arena, str_mk(text, sizeof(text)), &scope, &t, &error));
	cr_assert(str_eq(error.msg, STR("Exceeded max expression length 21000")));
	cr_assert(error.at == 0 && error.len == sizeof(text));
	cr_assert(tmpl_parse(&arena, str_mk(text, 20000), &scope, &t, &error));
}

static const char *read_condition(const char *text, bool implicit)
{
	struct expr_error error = { 0 };
	const struct expr *e = expr_parse_condition(&arena, str_of(text), implicit, &scope, &error);

	return e ? text_of(expr_text(e))
		 : arena_printf(&arena, "err %zu+%zu:%s", error.at, error.len, text_of(error.msg))
			       .p;
}

static const struct row conditions[] = {
	{ "", "success()" },
	{ " \n", "success()" },
	{ "${{ '' }}", "success()" },
	{ "true", "success() && (true)" },
	{ "${{ true }}", "success() && (true)" },
	{ "env.x == 'a'", "success() && (env.x == 'a')" },
	{ "  env.x\n", "success() && (  env.x\n)" },
	{ "always()", "always()" },
	{ "${{ Always() }}", "Always()" },
	{ "env.x && (failure('a') || 1)", "env.x && (failure('a') || 1)" },
	{ "env.always", "success() && (env.always)" },
	{ "'always()'", "success() && ('always()')" },
	{ "${{ 'env.x' }}", "success() && (env.x)" },
	{ "${{ env.x }} == 'x'", "success() && (format('{0} == ''x''', env.x))" },
	{ "${{ always() }} ", "format('{0} ', always())" },
	{ "nope", "err 0+4:Unrecognized named-value: 'nope'. Located at position 1 within "
		  "expression: nope" },
	{ "${{ nope }}", "err 4+4:Unrecognized named-value: 'nope'. Located at position 1 within "
			 "expression: nope" },
	{ "${{ insert }}", "err 0+13:" NOT_INLINE },
	{ "${{ 1", "err 0+5:" NOT_CLOSED },
};

Test(expr_tmpl, conditions)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const char *got = read_condition(conditions[i].text, true);

		cr_expect_str_eq(got, conditions[i].want, "%s: %s", conditions[i].text, got);
	}
}

/* YAML's "\0" puts one there: what follows it still counts. */
Test(expr_tmpl, a_nul_does_not_end_a_condition)
{
	struct str text = STR("'a\0b' == 'a'");
	struct expr_error error;
	const struct expr *e = expr_parse_condition(&arena, text, true, &scope, &error);

	cr_assert(e && str_eq(expr_text(e), STR("success() && ('a\0b' == 'a')")));
}

/* "pre-if/post-if of actions are used as is" (2.9). */
Test(expr_tmpl, conditions_without_implicit_success)
{
	cr_assert_str_eq(read_condition("env.x", false), "env.x");
	cr_assert_str_eq(read_condition("${{ env.x }}", false),
			 "err 0+3:Unexpected symbol: '${{'. Located at position 1 within "
			 "expression: ${{ env.x }}");
}

static const char *const scalars[] = {
	"${{ env.x }}",
	"a ${{ env.x }}${{ format('{0}', 1) }} {b} }} 'c' {",
	"${{ format('{0}', 1) }}",
	"{{${{ env['x'] }}}}",
	"${{ 'a' }}b",
};

Test(expr_tmpl, a_scalar_is_shown_as_it_was_written)
{
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		struct expr_error error = { 0 };
		struct tmpl t;

		cr_assert(tmpl_parse(&arena, str_of(scalars[i]), &scope, &t, &error));
		cr_expect_str_eq(expr_scalar(&arena, t.expr).p, scalars[i]);
	}
}
