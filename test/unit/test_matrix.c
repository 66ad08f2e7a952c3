/* test_matrix.c - SEMANTICS 1.9: which legs a matrix has, in which order and with which names. */
#include <criterion/criterion.h>

#include "actc/matrix.h"

static struct value json(struct arena *a, const char *text)
{
	struct value v = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0;

	cr_assert(value_from_json(a, str_of(text), &v, &why, &at), "%s: %.*s", text, STR_ARG(why));
	return v;
}

/* The legs as one line: "{…} (suffix); {…} (suffix)", or "error: …". */
static struct str expand(struct arena *a, const char *matrix)
{
	struct strbuf out = STRBUF_INIT(0);
	struct legs legs = { 0 };
	struct str why = STR_EMPTY;

	if (!matrix_expand(a, json(a, matrix), &legs, &why)) {
		return arena_printf(a, "error: %.*s", STR_ARG(why));
	}
	for (size_t i = 0; i < legs.n; i++) {
		strbuf_adds(&out, i ? STR("; ") : STR_EMPTY);
		value_to_json_line(&out, legs.v[i].values);
		strbuf_addf(&out, "%s%.*s", legs.v[i].suffix.len ? " " : "",
			    STR_ARG(legs.v[i].suffix));
	}

	struct str result = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return result;
}

static const struct {
	const char *what, *matrix, *legs;
} expansions[] = {
	{ "no matrix is one leg", "null", "null" },
	{ "the first vector varies slowest", "{\"os\": [\"a\", \"b\"], \"v\": [1, 2]}",
	  "{\"os\":\"a\",\"v\":1} (a, 1); {\"os\":\"a\",\"v\":2} (a, 2); "
	  "{\"os\":\"b\",\"v\":1} (b, 1); {\"os\":\"b\",\"v\":2} (b, 2)" },
	{ "values of any type; nulls and empty strings are not in the name",
	  "{\"v\": [null, \"\", true, 1.50, {\"a\": [1, {\"b\": \"x\"}]}]}",
	  "{\"v\":null}; {\"v\":\"\"}; {\"v\":true} (true); {\"v\":1.5} (1.5); "
	  "{\"v\":{\"a\":[1,{\"b\":\"x\"}]}} (1, x)" },
	{ "exclude drops what matches in all its keys",
	  "{\"os\": [\"a\", \"b\"], \"v\": [1, 2], \"exclude\": [{\"os\": \"a\", \"v\": 2}]}",
	  "{\"os\":\"a\",\"v\":1} (a, 1); {\"os\":\"b\",\"v\":1} (b, 1); "
	  "{\"os\":\"b\",\"v\":2} (b, 2)" },
	{ "exclude compares with the loose ==, without case",
	  "{\"os\": [\"A\", \"b\"], \"v\": [1], \"exclude\": [{\"OS\": \"a\", \"v\": \"1\"}]}",
	  "{\"os\":\"b\",\"v\":1} (b, 1)" },
	{ "exclude compares only the leaves it names",
	  "{\"v\": [{\"n\": 1, \"x\": 9}, {\"n\": 2}], \"exclude\": [{\"v\": {\"n\": 1}}]}",
	  "{\"v\":{\"n\":2}} (2)" },
	{ "a leaf that is missing is null",
	  "{\"v\": [{\"n\": 1}, {\"m\": 2}], \"exclude\": [{\"v\": {\"n\": null}}]}",
	  "{\"v\":{\"n\":1}} (1)" },
	{ "sequences are compared index by index",
	  "{\"v\": [[1, 2], [1, 3]], \"exclude\": [{\"v\": [1, 3]}]}", "{\"v\":[1,2]} (1, 2)" },
	{ "include extends what it matches, outside the name",
	  "{\"os\": [\"a\", \"b\"], \"include\": [{\"os\": \"a\", \"x\": 1}]}",
	  "{\"os\":\"a\",\"x\":1} (a); {\"os\":\"b\"} (b)" },
	{ "include without vector keys extends every combination",
	  "{\"os\": [\"a\", \"b\"], \"include\": [{\"x\": 1}]}",
	  "{\"os\":\"a\",\"x\":1} (a); {\"os\":\"b\",\"x\":1} (b)" },
	{ "later includes overwrite earlier extras",
	  "{\"os\": [\"a\"], \"include\": [{\"x\": 1}, {\"x\": 2, \"y\": 3}]}",
	  "{\"os\":\"a\",\"x\":2,\"y\":3} (a)" },
	{ "an include that matches nothing is a leg of its own, vector keys first",
	  "{\"os\": [\"a\"], \"include\": [{\"x\": 1, \"os\": \"c\"}]}",
	  "{\"os\":\"a\"} (a); {\"os\":\"c\",\"x\":1} (c, 1)" },
	{ "such a leg is not extended by later includes",
	  "{\"os\": [\"a\"], \"include\": [{\"os\": \"c\"}, {\"os\": \"c\", \"x\": 1}]}",
	  "{\"os\":\"a\"} (a); {\"os\":\"c\"} (c); {\"os\":\"c\",\"x\":1} (c, 1)" },
	{ "includes come after excludes",
	  "{\"os\": [\"a\", \"b\"], \"exclude\": [{\"os\": \"a\"}], "
	  "\"include\": [{\"os\": \"a\", \"x\": 1}]}",
	  "{\"os\":\"b\"} (b); {\"os\":\"a\",\"x\":1} (a, 1)" },
	{ "includes alone", "{\"include\": [{\"x\": 1}, {\"x\": 2}]}",
	  "{\"x\":1} (1); {\"x\":2} (2)" },
	{ "GitHub's documented example",
	  "{\"fruit\": [\"apple\", \"pear\"], \"animal\": [\"cat\", \"dog\"], \"include\": ["
	  "{\"color\": \"green\"}, {\"color\": \"pink\", \"animal\": \"cat\"}, "
	  "{\"fruit\": \"apple\", \"shape\": \"circle\"}, {\"fruit\": \"banana\"}, "
	  "{\"fruit\": \"banana\", \"animal\": \"cat\"}]}",
	  "{\"fruit\":\"apple\",\"animal\":\"cat\",\"color\":\"pink\",\"shape\":\"circle\"} "
	  "(apple, cat); "
	  "{\"fruit\":\"apple\",\"animal\":\"dog\",\"color\":\"green\",\"shape\":\"circle\"} "
	  "(apple, dog); "
	  "{\"fruit\":\"pear\",\"animal\":\"cat\",\"color\":\"pink\"} (pear, cat); "
	  "{\"fruit\":\"pear\",\"animal\":\"dog\",\"color\":\"green\"} (pear, dog); "
	  "{\"fruit\":\"banana\"} (banana); "
	  "{\"fruit\":\"banana\",\"animal\":\"cat\"} (banana, cat)" },
	{ "everything excluded: once, without a matrix",
	  "{\"os\": [\"a\"], \"exclude\": [{\"os\": \"a\"}]}", "null" },
	{ "an empty vector", "{\"os\": []}",
	  "error: Matrix vector 'os' does not contain any values" },
	{ "no vector", "{}", "error: Matrix must define at least one vector" },
	{ "no vector, empty include", "{\"include\": []}",
	  "error: Matrix must define at least one vector" },
	{ "exclude of an unknown key", "{\"os\": [1], \"exclude\": [{\"oss\": 1}]}",
	  "error: Matrix exclude key 'oss' does not match any key within the matrix" },
	{ "an empty exclude", "{\"os\": [1], \"exclude\": [{}]}",
	  "error: Matrix exclude filter must not be empty" },
	{ "an empty include", "{\"os\": [1], \"include\": [{}]}",
	  "error: Matrix include mapping does not contain any values" },
	{ "a vector that is no sequence", "{\"os\": \"a\"}", "error: Unexpected value 'a'" },
	{ "a matrix that is no mapping", "[1]", "error: A sequence was not expected" },
};

Test(matrix, legs_and_names)
{
	for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = expand(&a, expansions[i].matrix);

		cr_expect_str_eq(got.p, expansions[i].legs, "%s\n  got  %s\n  want %s",
				 expansions[i].what, got.p, expansions[i].legs);
		arena_release(&a);
	}
}

static struct str numbers(struct arena *a, const char *name, int n)
{
	struct str list = arena_printf(a, "\"%s\": [0", name);

	for (int i = 1; i < n; i++) {
		list = arena_printf(a, "%.*s, %d", STR_ARG(list), i);
	}
	return arena_printf(a, "%.*s]", STR_ARG(list));
}

Test(matrix, at_most_256_jobs)
{
	struct arena a = ARENA_INIT;
	struct legs legs = { 0 };
	struct str why = STR_EMPTY;
	struct str rows = numbers(&a, "a", 16), columns = numbers(&a, "b", 16);
	const char *fits = arena_printf(&a, "{%s, %s}", rows.p, columns.p).p;
	const char *more =
		arena_printf(&a, "{%s, %s, \"include\": [{\"a\": 99}]}", rows.p, columns.p).p;
	const char *huge = arena_printf(&a, "{%s, %s, %s, %s}", numbers(&a, "a", 100).p,
					numbers(&a, "b", 100).p, numbers(&a, "c", 100).p,
					numbers(&a, "d", 100).p)
				   .p;

	cr_expect(matrix_expand(&a, json(&a, fits), &legs, &why));
	cr_expect_eq(legs.n, 256);
	cr_expect_not(matrix_expand(&a, json(&a, more), &legs, &why));
	cr_expect_str_eq(why.p, "The matrix makes 257 jobs, more than the 256 that a run may have");
	cr_expect_not(matrix_expand(&a, json(&a, huge), &legs, &why));
	arena_release(&a);
}

/* "truncated to 100 chars (97 + `...`)", counted in UTF-16 units. */
Test(matrix, long_names_are_cut)
{
	struct arena a = ARENA_INIT;
	char hundred[101], more[102], umlauts[203];

	memset(hundred, 'x', 100);
	hundred[100] = '\0';
	memset(more, 'y', 101);
	more[101] = '\0';
	for (int i = 0; i < 101; i++) {
		memcpy(umlauts + 2 * i, "\xc3\xa4", 2);
	}
	umlauts[202] = '\0';

	struct leg none = { value_null(), STR_EMPTY }, some = { value_null(), STR("(1)") };
	struct str cut = matrix_job_name(&a, str_of(more), &none);
	struct str wide = matrix_job_name(&a, str_of(umlauts), &none);

	cr_expect_str_eq(matrix_job_name(&a, str_of(hundred), &none).p, hundred);
	cr_expect_eq(cut.len, 100);
	cr_expect_str_eq(cut.p + 96, "y...");
	cr_expect_eq(wide.len, 97 * 2 + 3);
	cr_expect_str_eq(wide.p + 96 * 2, "\xc3\xa4...");
	cr_expect_str_eq(matrix_job_name(&a, STR("test"), &some).p, "test (1)");
	arena_release(&a);
}

static const struct {
	const char *what, *filters[3];
	bool keep;
} keeps[] = {
	{ "no filter", { NULL }, true },
	{ "the value as text", { "v", "1.5" }, true },
	{ "another value", { "v", "2" }, false },
	{ "keys ignore case, values do not", { "OS", "Linux" }, true },
	{ "values do not", { "os", "linux" }, false },
	{ "a key the leg does not have", { "x", "1" }, false },
};

Test(matrix, filters_keep_legs)
{
	struct arena a = ARENA_INIT;
	struct leg leg = { json(&a, "{\"os\": \"Linux\", \"v\": 1.5}"), STR_EMPTY };
	struct leg none = { value_null(), STR_EMPTY };
	struct matrix_filter either[] = { { STR("os"), STR("mac") },
					  { STR("os"), STR("Linux") },
					  { STR("v"), STR("1.5") } };

	for (size_t i = 0; i < sizeof(keeps) / sizeof(keeps[0]); i++) {
		struct matrix_filter f = { str_of(keeps[i].filters[0]),
					   str_of(keeps[i].filters[1]) };

		cr_expect_eq(matrix_keep(&a, &leg, &f, keeps[i].filters[0] != NULL), keeps[i].keep,
			     "%s", keeps[i].what);
	}
	cr_expect(matrix_keep(&a, &leg, either, 3), "values of one key are alternatives");
	cr_expect(matrix_keep(&a, &none, either, 3), "a job without a matrix is not filtered");
	arena_release(&a);
}
