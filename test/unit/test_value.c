/*
 * test_value.c - values: conversions, comparing without case, objects, and JSON in and out
 * (SEMANTICS 2.3-2.7). What shows in an expression is tested there (testdata/expr).
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/unicode.h"
#include "actc/value.h"
#include "cpu_limit.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

TestSuite(value, .fini = release);

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *text_of(struct str s)
{
	return arena_cstr(&arena, s);
}

static const char *line_of(struct value v)
{
	struct strbuf b = STRBUF_INIT(0);

	value_to_json_line(&b, v);

	const char *line = text_of(strbuf_str(&b));

	strbuf_release(&b);
	return line;
}

static struct value parse(const char *json)
{
	struct err err = ERR_INIT;
	struct value v = value_null();

	cr_assert(value_from_json_strict(&arena, str_of(json), &v, &err), "%s: %s", json, err.msg);
	return v;
}

/* "up to 15 significant digits, exponent notation when exponent >= 15 or <= -5" (2.4). */
Test(value, numbers_print_as_dotnets_g15)
{
	static const struct {
		double n;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 1, "1" },
		{ -1.5, "-1.5" },
		{ 0.1 + 0.2, "0.3" },
		{ 1.0 / 3, "0.333333333333333" },
		{ 2.0 / 3, "0.666666666666667" },
		{ 1e14, "100000000000000" },
		{ 1e15, "1E+15" },
		{ 123456789012345678.0, "1.23456789012346E+17" },
		{ 9007199254740993.0, "9.00719925474099E+15" },
		{ 0.0001, "0.0001" },
		{ 0.00001, "1E-05" },
		{ 1.5e-6, "1.5E-06" },
		{ 1e-100, "1E-100" },
		{ 1e300, "1E+300" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
		{ NAN, "NaN" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_expect_str_eq(text_of(number_to_str(&arena, rows[i].n)), rows[i].text);
	}
}

Test(value, long_texts_are_numbers_too)
{
	struct strbuf b = STRBUF_INIT(0);

	for (int i = 0; i < 5000; i++) {
		strbuf_addc(&b, '0');
	}
	strbuf_adds(&b, STR("12.5"));
	cr_assert(str_to_number(strbuf_str(&b)) == 12.5);
	strbuf_addc(&b, 'x');
	cr_assert(isnan(str_to_number(strbuf_str(&b))));
	strbuf_release(&b);
}

Test(value, kinds_have_names_and_texts)
{
	static const struct {
		const char *json, *kind, *text;
		bool truthy;
		double number;
	} rows[] = {
		{ "null", "Null", "", false, 0 },          { "true", "Boolean", "true", true, 1 },
		{ "false", "Boolean", "false", false, 0 }, { "2.50", "Number", "2.5", true, 2.5 },
		{ "\" 7 \"", "String", " 7 ", true, 7 },   { "\"\"", "String", "", false, 0 },
		{ "[]", "Array", "Array", true, NAN },     { "{}", "Object", "Object", true, NAN },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct value v = parse(rows[i].json);
		double n = value_to_number(v);

		cr_expect_str_eq(text_of(value_kind_name(v.kind)), rows[i].kind);
		cr_expect_str_eq(text_of(value_to_str(&arena, v)), rows[i].text);
		cr_expect(value_truthy(v) == rows[i].truthy, "%s", rows[i].json);
		cr_expect(n == rows[i].number || (isnan(n) && isnan(rows[i].number)), "%s",
			  rows[i].json);
	}
}

/* --- without case ----------------------------------------------------------------------------- */

Test(value, order_without_case_is_that_of_utf16_units)
{
	/* Each less than the next. */
	static const char *const rows[] = {
		"",
		"1",
		"A",
		"ab",
		"b",
		"_",                /* above Z, as letters count as capitals */
		"\xC3\xA4",         /* ä */
		"\xC3\xBF",         /* ÿ, which counts as Ÿ U+0178 */
		"\xED\x9F\xBF",     /* U+D7FF */
		"\xF0\x90\x90\xA8", /* U+10428 as U+10400: a surrogate pair */
		"\xF0\x9F\x98\x80", /* U+1F600 */
		"\xEE\x80\x80",     /* U+E000 */
		"\xEF\xBF\xBD",     /* U+FFFD */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(rows); k++) {
			int c = str_cmp_nocase(str_of(rows[i]), str_of(rows[k]));

			cr_expect(i < k   ? c < 0
				  : i > k ? c > 0
					  : c == 0,
				  "%s %s: %d", rows[i], rows[k], c);
		}
	}
}

Test(value, equal_texts_may_differ_in_bytes)
{
	struct str two = STR("a\xC9\x90z");       /* U+0250 */
	struct str three = STR("A\xE2\xB1\xAFZ"); /* U+2C6F, its capital */

	cr_assert(str_eq_nocase(two, three));
	cr_assert(str_contains_nocase(STR("xx a\xC9\x90z yy"), three));
	cr_assert(str_starts_nocase(STR("a\xC9\x90zy"), three));
	cr_assert(str_ends_nocase(STR("xA\xE2\xB1\xAFZ"), two));
	cr_assert(!str_ends_nocase(STR("\xE2\xB1\xAFZ"), two));
	cr_assert(!str_eq_nocase(STR("a"), STR("\xC3\xA4")));
}

Test(value, dotless_i_and_long_s_stay_themselves)
{
	cr_assert(unicode_upper(0x131) == 0x131);
	cr_assert(unicode_upper(0x17F) == 0x17F);
	cr_assert(unicode_upper(0x130) == 0x130);
	cr_assert(unicode_upper('i') == 'I');
	cr_assert(unicode_upper(0x3C2) == 0x3A3 && unicode_upper(0x3C3) == 0x3A3);
	cr_assert(unicode_upper(0xDF) == 0xDF, "no simple capital of sharp s");
	cr_assert(unicode_upper(0x101) == 0x100 && unicode_upper(0x100) == 0x100);
	cr_assert(unicode_upper(0x10FFFF) == 0x10FFFF);
}

Test(value, invalid_bytes_compare_as_replacement_characters)
{
	cr_assert(str_eq_nocase(STR("a\xFF"), STR("A\xEF\xBF\xBD")));
	cr_assert(!str_eq_nocase(STR("a\xFF"), STR("a")));
	cr_assert(!str_contains_nocase(STR("\xC3"), STR("\xC3\xA4")));
}

/* Quadratic searching would take minutes here. */
Test(value, searching_is_linear)
{
	size_t n = 1 << 20;
	char *hay = arena_alloc(&arena, n);
	char *needle = arena_alloc(&arena, n / 2);

	limit_cpu(10);
	memset(hay, 'a', n);
	memset(needle, 'A', n / 2);
	needle[n / 2 - 1] = 'b';
	cr_assert(!str_contains_nocase(str_mk(hay, n), str_mk(needle, n / 2)));
	hay[n - 1] = 'B';
	cr_assert(str_contains_nocase(str_mk(hay, n), str_mk(needle, n / 2)));
}

/* --- objects ---------------------------------------------------------------------------------- */

Test(value, an_object_keeps_order_and_first_spelling)
{
	struct vobject *o = vobject_new(&arena, false);

	vobject_set(&arena, o, STR("Path"), value_number(1));
	vobject_set(&arena, o, STR("b"), value_number(2));
	vobject_set(&arena, o, STR("PATH"), value_number(3));
	cr_assert_str_eq(line_of(value_object(o)), "{\"Path\":3,\"b\":2}");
	cr_assert(vobject_get(o, STR("c")) == NULL);
	cr_assert(value_get(value_object(o), STR("B")).u.n == 2);
	cr_assert(value_get(value_number(1), STR("b")).kind == VALUE_NULL);
}

static void fill(struct vobject *o, int n)
{
	for (int i = 0; i < n; i++) {
		vobject_set(&arena, o, arena_printf(&arena, "Key_%d_\xC3\xA4", i), value_number(i));
	}
}

Test(value, many_keys_are_found_and_replaced)
{
	struct vobject *o = vobject_new(&arena, false);

	fill(o, 1000);
	for (int i = 0; i < 1000; i++) {
		const struct value *hit =
			vobject_get(o, arena_printf(&arena, "kEY_%d_\xC3\x84", i));

		cr_assert(hit && hit->u.n == i, "%d", i);
	}
	vobject_set(&arena, o, STR("KEY_7_\xC3\x84"), value_number(-7));
	cr_assert(o->n == 1000 && o->v[7].value.u.n == -7);
	cr_assert(!vobject_get(o, STR("key_1000_\xC3\xA4")));
}

Test(value, case_sensitive_objects_tell_letters_apart)
{
	struct vobject *o = vobject_new(&arena, true);

	fill(o, 40);
	cr_assert(vobject_get(o, STR("Key_3_\xC3\xA4")));
	cr_assert(!vobject_get(o, STR("KEY_3_\xC3\xA4")));
	vobject_set(&arena, o, STR("KEY_3_\xC3\xA4"), value_null());
	cr_assert(o->n == 41);

	struct value copy = value_copy(&arena, value_object(o));

	cr_assert(copy.u.o != o && copy.u.o->case_sensitive && copy.u.o->n == 41);
	cr_assert_str_eq(line_of(copy), line_of(value_object(o)));
}

Test(value, filling_a_large_object_is_linear)
{
	struct vobject *o = vobject_new(&arena, false);

	limit_cpu(10);
	fill(o, 200000);
	cr_assert(o->n == 200000);
}

Test(value, a_copy_owns_its_texts)
{
	char text[] = "{\"k\": [\"abc\", {\"n\": null}]}";
	struct arena other = ARENA_INIT;
	struct err err = ERR_INIT;
	struct value v;

	cr_assert(value_from_json_strict(&other, str_of(text), &v, &err));

	struct value copy = value_copy(&arena, v);

	arena_release(&other);
	cr_assert_str_eq(line_of(copy), "{\"k\":[\"abc\",{\"n\":null}]}");
}

Test(value, collections_equal_only_themselves)
{
	struct value a = parse("[1]");

	cr_assert(value_equal(a, a));
	cr_assert(!value_equal(a, value_copy(&arena, a)));
	cr_assert(!value_less(a, a) && !value_greater(a, a));
}

/* --- JSON ------------------------------------------------------------------------------------- */

static const char *quoted(struct str s)
{
	struct strbuf b = STRBUF_INIT(0);

	json_quote(&b, s);

	const char *out = text_of(strbuf_str(&b));

	strbuf_release(&b);
	return out;
}

Test(value, quoting)
{
	cr_assert_str_eq(quoted(STR("")), "\"\"");
	cr_assert_str_eq(quoted(STR("a\"\\/\b\t\n\f\r\x01\x1f\x7f")),
			 "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"");
	cr_assert_str_eq(quoted(STR("\0x")), "\"\\u0000x\"");
	cr_assert_str_eq(quoted(STR("\xC2\x85\xE2\x80\xA8\xE2\x80\xA9")),
			 "\"\\u0085\\u2028\\u2029\"");
	cr_assert_str_eq(quoted(STR("\xC3\xA4\xF0\x9F\x98\x80")), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
	cr_assert_str_eq(quoted(STR("a\xFFz\xE2\x80")), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

Test(value, one_line_keeps_every_number)
{
	static const struct {
		double n;
		const char *text;
	} rows[] = {
		{ -0.0, "0" },
		{ 0.1, "0.1" },
		{ 0.84551240822557006, "0.8455124082255701" },
		{ 12345678901, "12345678901" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 1e15, "1000000000000000" },
		{ 1e21, "1e+21" },
		{ -2.5e-7, "-2.5e-07" },
		{ NAN, "\"NaN\"" },
		{ -INFINITY, "\"-Infinity\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *line = line_of(value_number(rows[i].n));

		cr_expect_str_eq(line, rows[i].text);
		if (isfinite(rows[i].n)) {
			cr_expect(parse(line).u.n == rows[i].n, "%s", line);
		}
	}
}

Test(value, files_are_read_strictly)
{
	static const struct {
		const char *json, *line;
	} rows[] = {
		{ "{\"b\": 1, \"a\": [true, null, \"x\\u0000y\"]}",
		  "{\"b\":1,\"a\":[true,null,\"x\\u0000y\"]}" },
		{ "{\"a\": 1, \"b\": 2, \"a\": 3}", "{\"a\":3,\"b\":2}" },
		{ "{\"a\": 1, \"A\": 2}", "{\"a\":2}" },
		{ "123456789012345678901234567890", "1.2345678901234568e+29" },
		{ "  \"x\" ", "\"x\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_expect_str_eq(line_of(parse(rows[i].json)), rows[i].line);
	}
}

Test(value, errors_of_files_have_line_and_column)
{
	static const char *const rows[] = { "",         "{",        "[1,]", "{\"a\":1} x",
					    "{'a': 1}", "\"\xFF\"", "nope", "{\n\"a\": x}" };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		struct value v;
		int line = 0;
		int col = 0;

		cr_expect(!value_from_json_strict(&arena, str_of(rows[i]), &v, &err), "%s",
			  rows[i]);
		cr_expect(err.kind == ERR_INVALID && sscanf(err.msg, "%d:%d: ", &line, &col) == 2,
			  "%s: %s", rows[i], err.msg);
		cr_expect(line == (i == COUNT(rows) - 1 ? 2 : 1), "%s", err.msg);
		err_release(&err);
	}
}

Test(value, to_json_is_limited_by_githubs_count)
{
	struct value v = parse("{\"k\":[1,2]}");
	struct str out;
	/* Seven pieces: { "k": [ 1 2 ] } and the UTF-16 units between them. */
	size_t cost = 7 * 26 + 2 * value_to_json(&arena, v).len;

	cr_assert(value_to_json_max(&arena, v, cost, &out));
	cr_assert_str_eq(text_of(out), "{\n  \"k\": [\n    1,\n    2\n  ]\n}");
	cr_assert(!value_to_json_max(&arena, v, cost - 1, &out));
}

Test(value, lenient_errors_say_where)
{
	struct value v;
	struct str why = STR_EMPTY;
	size_t at = 0;

	cr_assert(!value_from_json(&arena, STR("[1,\n\xC3\xA4x]"), &v, &why, &at));
	cr_assert(at == 4, "%zu", at);
	cr_assert_str_eq(text_of(why), "Unexpected character encountered while parsing value: "
				       "\xC3\xA4. Path '[0]', line 2, position 0.");
}

/* Every prefix of a text with everything in it ends in a value or an error, never beyond it. */
Test(value, lenient_reading_of_every_prefix)
{
	struct str all = STR("{a:[1,-0x1F,'\\u00e9\\ud83d\\ude00',/*c*/NaN,-Infinity,undefined,"
			     "\"\\n\"],//x\n'b':{\"c\":tru");

	for (size_t n = 0; n <= all.len; n++) {
		char *exact = malloc(n ? n : 1);
		struct value v;
		struct str why;
		size_t at = 0;

		cr_assert(exact);
		memcpy(exact, all.p, n);
		cr_expect(!value_from_json(&arena, str_mk(exact, n), &v, &why, &at), "%zu", n);
		cr_expect(at <= n && why.len > 0);
		free(exact);
	}
}
