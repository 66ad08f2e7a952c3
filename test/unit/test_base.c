/* Unit tests of the base layer: arena, str, strbuf, err, source, diag. */
#include <criterion/criterion.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/err.h"
#include "actc/source.h"
#include "actc/strbuf.h"

Test(arena, rewind_frees_only_what_came_after)
{
	struct arena a = ARENA_INIT;
	char *keep = arena_cstr(&a, STR("keep"));
	struct arena_mark mark = arena_mark(&a);

	for (int i = 0; i < 1000; i++) {
		arena_alloc(&a, 1000);
	}
	arena_rewind(&a, mark);
	cr_assert_str_eq(keep, "keep");
	arena_release(&a);
	cr_assert_null(a.head);
}

Test(arena, vector_keeps_its_items_when_it_grows)
{
	struct arena a = ARENA_INIT;
	VEC(int) v = { 0 };

	for (int i = 0; i < 100; i++) {
		vec_push(&a, &v, i);
	}
	cr_assert_eq(v.n, 100);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(v.v[i], i);
	}
	arena_release(&a);
}

Test(str, cut_walks_all_fields_and_then_ends)
{
	struct str rest = STR("a,,b");

	cr_assert(str_eq(str_cut(&rest, ','), STR("a")));
	cr_assert(str_eq(str_cut(&rest, ','), STR("")));
	cr_assert(str_eq(str_cut(&rest, ','), STR("b")));
	cr_assert_null(rest.p);
}

Test(str, to_ulong_refuses_signs_blanks_and_overflow)
{
	unsigned long n = 7;

	cr_assert(str_to_ulong(STR("18446744073709551615"), &n));
	cr_assert_eq(n, 18446744073709551615UL);
	cr_assert_not(str_to_ulong(STR("18446744073709551616"), &n));
	cr_assert_not(str_to_ulong(STR("-1"), &n));
	cr_assert_not(str_to_ulong(STR(" 1"), &n));
	cr_assert_not(str_to_ulong(STR(""), &n));
}

Test(strbuf, refuses_to_grow_beyond_its_maximum)
{
	struct strbuf b = STRBUF_INIT(4);

	cr_assert(strbuf_add(&b, "abcd", 4));
	cr_assert_not(strbuf_addc(&b, 'e'));
	cr_assert(b.overflow);
	cr_assert_str_eq(b.p, "abcd");
	strbuf_consume(&b, 3);
	cr_assert_str_eq(b.p, "d");
	strbuf_release(&b);
}

Test(err, wraps_from_the_inside_out)
{
	struct err err = ERR_INIT;

	cr_assert_not(err_sys(&err, 2, "open %s", "x"));
	err_wrap(&err, "read config");
	cr_assert_str_eq(err.msg, "read config: open x: No such file or directory");
	cr_assert_eq(err.kind, ERR_SYSTEM);
	err_release(&err);
}

Test(source, columns_count_code_points)
{
	struct arena a = ARENA_INIT;
	struct sources s = { .arena = &a };
	uint32_t f = sources_add(&s, STR("x.yml"), STR("a\nü: b\r\nlast"));
	const struct source *src = sources_get(&s, f);
	struct place p = source_place(src, 6);

	cr_assert_eq(p.line, 2);
	cr_assert_eq(p.col, 4);
	cr_assert(str_eq(source_line(src, 2), STR("ü: b")));
	cr_assert(str_eq(source_line(src, 3), STR("last")));
	cr_assert_eq(source_offset(src, 1, 3), 6);
	arena_release(&a);
}

Test(diag, prints_the_line_and_a_caret_under_the_span)
{
	struct arena a = ARENA_INIT;
	struct sources s = { .arena = &a };
	struct diags d = { .arena = &a, .sources = &s };
	uint32_t f = sources_add(&s, STR("w.yml"), STR("on: push\n  brunch: main\n"));
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	diag_error(&d, (struct span){ f, 11, 17 }, "syntax-check", "unexpected key \"%s\"",
		   "brunch");
	diags_print(&d, out, false);
	(void)fclose(out);
	cr_assert_str_eq(text, "w.yml:2:3: unexpected key \"brunch\" [syntax-check]\n"
			       "  |\n2 |   brunch: main\n  |   ^~~~~~\n");
	free(text);
	arena_release(&a);
}

Test(diag, nearest_word_is_found_only_when_near)
{
	const struct str words[] = { STR("branches"), STR("paths"), STR("types") };

	cr_assert(str_eq(diag_nearest(STR("brunches"), words, 3), STR("branches")));
	cr_assert(str_eq(diag_nearest(STR("zzzzzz"), words, 3), STR("")));
}
