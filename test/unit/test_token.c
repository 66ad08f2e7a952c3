/* Unit tests of tokens: evaluation, splicing, and the types that keys demand (SEMANTICS 1.1). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "actc/workflow.h"

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct value contexts;
	struct expr_env env;
};

static bool named(void *ctx, struct str name, struct value *out)
{
	*out = value_get(((struct fixture *)ctx)->contexts, name);
	return true;
}

/* The job `a` of a file whose job has these lines, in contexts given as JSON. */
static const struct job_def *setup(struct fixture *f, const char *contexts, const char *lines)
{
	struct str why = STR_EMPTY;
	size_t at = 0;

	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = &f->a;
	f->diags.arena = &f->a;
	f->diags.sources = &f->sources;
	f->env = (struct expr_env){ .ctx = f, .named = named };
	cr_assert(value_from_json(&f->a, str_of(contexts), &f->contexts, &why, &at), "%s",
		  contexts);
	struct str text = arena_printf(&f->a, "on: push\njobs:\n  a:\n    runs-on: x\n%s", lines);
	const struct workflow *w =
		workflow_load(&f->a, sources_add(&f->sources, STR("w.yml"), text), &f->diags);

	if (!w) {
		diags_print(&f->diags, stderr, false);
	}
	cr_assert_not_null(w, "%s", lines);
	return &w->jobs[0];
}

static const struct {
	const char *contexts;
	const char *lines; /* of the job's env or matrix */
	const char *json;  /* what it becomes; "!…" = the error */
} values[] = {
	{ "{}", "    env: { A: b, N: 1.50, T: true, E: }",
	  "{\"A\":\"b\",\"N\":\"1.5\",\"T\":\"true\",\"E\":\"\"}" },
	{ "{\"github\":{\"x\":7}}", "    env: { A: '${{ github.x }}', B: 'n ${{ github.x }}' }",
	  "{\"A\":7,\"B\":\"n 7\"}" },
	{ "{\"github\":{\"x\":{\"K\":1,\"L\":[2]}}}",
	  "    env: { A: b, '${{ insert }}': '${{ github.x }}' }",
	  "{\"A\":\"b\",\"K\":1,\"L\":[2]}" },
	{ "{\"github\":{\"x\":\"K\"}}", "    env: { '${{ github.x }}_1': b }", "{\"K_1\":\"b\"}" },
	{ "{\"github\":{\"x\":[\"K\"]}}", "    env: { '${{ github.x }}': b }",
	  "!Expected a scalar value" },
	{ "{\"github\":{\"x\":\"K\"}}", "    env: { '${{ insert }}': '${{ github.x }}' }",
	  "!Expected a mapping" },
	{ "{\"github\":{\"x\":{\"a\":1}}}", "    env: { A: b, '${{ insert }}': '${{ github.x }}' }",
	  "!'a' is already defined" },
	{ "{\"github\":{\"x\":[1,[2]],\"y\":3}}",
	  "    strategy: { matrix: { v: ['${{ github.x }}', '${{ github.y }}', [4], '${{ github.x "
	  "}} '] } }",
	  "{\"v\":[1,[2],3,[4],\"Array \"]}" },
	{ "{\"github\":{\"x\":{\"v\":[1]}}}", "    strategy: { matrix: '${{ github.x }}' }",
	  "{\"v\":[1]}" },
	{ "{}", "    strategy: { matrix: { v: ['${{ fromJSON(''x'') }}'] } }", "!" },
};

Test(token, evaluates_in_the_contexts_of_the_moment)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct fixture f;
		const struct job_def *job = setup(&f, values[i].contexts, values[i].lines);
		const struct tok *t = job->env ? job->env : job->matrix;
		struct strbuf json = STRBUF_INIT(0);
		struct eval_error error = { NO_SPAN, STR_EMPTY };
		struct value v = value_null();

		if (tok_eval(&f.a, t, &f.env, false, &v, &error)) {
			value_to_json_line(&json, v);
			cr_assert_str_eq(json.p, values[i].json, "%s: %s", values[i].lines, json.p);
		} else {
			cr_assert(values[i].json[0] == '!', "%s: %.*s", values[i].lines,
				  STR_ARG(error.msg));
			cr_assert(str_find(error.msg, str_of(values[i].json + 1), 0) != STR_NPOS,
				  "%s: %.*s", values[i].lines, STR_ARG(error.msg));
			cr_assert_eq(error.at.file, 0);
		}
		strbuf_release(&json);
		arena_release(&f.a);
	}
}

Test(token, env_is_looked_up_by_letter_case_on_linux)
{
	struct fixture f;
	const struct job_def *job = setup(&f, "{}", "    env: { A: b }");
	struct eval_error error = { NO_SPAN, STR_EMPTY };
	struct value v = value_null();

	cr_assert(tok_eval(&f.a, job->env, &f.env, true, &v, &error));
	cr_assert_not_null(vobject_get(v.u.o, STR("A")));
	cr_assert_null(vobject_get(v.u.o, STR("a")));
	arena_release(&f.a);
}

/* "timeout-minutes: ${{ '5' }} is an error; use fromJSON('5')." */
static const struct {
	const char *contexts;
	double minutes;
	const char *error;
} numbers[] = {
	{ "{\"github\":{\"x\":5}}", 5, NULL },
	{ "{\"github\":{\"x\":\"5\"}}", 0, "Unexpected value '5'" },
	{ "{\"github\":{\"x\":true}}", 0, "Unexpected value 'true'" },
	{ "{\"github\":{\"x\":null}}", 0, "Unexpected value ''" },
	{ "{\"github\":{\"x\":[]}}", 0, "A sequence was not expected" },
	{ "{\"github\":{\"x\":{}}}", 0, "A mapping was not expected" },
};

Test(token, a_number_s_key_takes_nothing_else)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct fixture f;
		const struct job_def *job =
			setup(&f, numbers[i].contexts, "    timeout-minutes: ${{ github.x }}");
		struct eval_error error = { NO_SPAN, STR_EMPTY };
		double n = -1;
		bool ok = tok_eval_number(&f.a, job->timeout_minutes, &f.env, &n, &error);

		cr_assert_eq(ok, numbers[i].error == NULL, "%s", numbers[i].contexts);
		if (ok) {
			cr_assert_eq(n, numbers[i].minutes);
		} else {
			cr_assert(str_eq(error.msg, str_of(numbers[i].error)), "%.*s",
				  STR_ARG(error.msg));
			cr_assert_eq(n, -1, "a failure leaves the value alone");
		}
		arena_release(&f.a);
	}
}

Test(token, text_takes_every_scalar_and_missing_keys_leave_the_default)
{
	struct fixture f;
	const struct job_def *job =
		setup(&f, "{\"github\":{\"x\":-0.0}}", "    name: ${{ github.x }}");
	struct eval_error error = { NO_SPAN, STR_EMPTY };
	struct str s = STR("default");
	bool b = true;

	cr_assert(tok_eval_str(&f.a, NULL, &f.env, &s, &error));
	cr_assert(str_eq(s, STR("default")));
	cr_assert(tok_eval_bool(&f.a, job->continue_on_error, &f.env, &b, &error) && b);
	cr_assert(tok_eval_str(&f.a, job->name, &f.env, &s, &error));
	cr_assert(str_eq(s, STR("-0")), "%.*s", STR_ARG(s));
	arena_release(&f.a);
}

static void count(void *ctx, const struct tok *t, const struct expr *e)
{
	cr_assert(t->u.e == e);
	++*(size_t *)ctx;
}

Test(token, every_expression_is_visited_keys_too)
{
	struct fixture f;
	const struct job_def *job = setup(&f, "{}",
					  "    strategy: { matrix: { '${{ github.a }}': ['${{ "
					  "github.b }}', { k: '${{ github.c }}' }] } }");
	size_t n = 0;

	cr_assert_not_null(job->matrix);
	tok_visit_exprs(job->matrix, count, &n);
	cr_assert_eq(n, 3);
	arena_release(&f.a);
}
