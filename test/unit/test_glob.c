/*
 * test_glob.c - SEMANTICS 2.10: `*` `**` `?` `[...]`, negation in order, implied descendants.
 */
#include <criterion/criterion.h>

#include "actc/glob.h"
#include "cpu_limit.h"

Test(glob, segments)
{
	static const struct {
		const char *pattern, *name;
		bool hit;
	} rows[] = {
		{ "abc", "abc", true },
		{ "abc", "abd", false },
		{ "abc", "ab", false },
		{ "ab", "abc", false },
		{ "*", "x", true },
		{ "*", ".hidden", true },
		{ "*.c", "a.c", true },
		{ "*.c", ".c", true },
		{ "*.c", "a.h", false },
		{ "a*b*c", "axxbyyc", true },
		{ "a*b*c", "abcabc", true },
		{ "a*b*c", "acb", false },
		{ "**", "x", true },
		{ "a**b", "axb", true },
		{ "?", "x", true },
		{ "?", "", false },
		{ "?", "\xc3\xa4", true },
		{ "?", "xy", false },
		{ "[abc]", "b", true },
		{ "[abc]", "d", false },
		{ "[a-c]x", "bx", true },
		{ "[!a-c]", "d", true },
		{ "[!a-c]", "b", false },
		{ "[^a]", "b", true },
		{ "[]x]", "]", true },
		{ "[a-]", "-", true },
		{ "[a", "[a", true },
		{ "[z-a]", "[z-a]", true },
		{ "[z-a]", "m", false },
		{ "[[]", "[", true },
		{ "\\*", "*", true },
		{ "\\*", "x", false },
		{ "a\\", "a\\", true },
		{ "{a,b}", "a", false },
		{ "{a,b}", "{a,b}", true },
		{ "!(a)", "!(a)", true },
		{ "+(a)", "aa", false },
		{ "[\\]]", "]", true },
		{ "[\xc3\xa4]", "\xc3\xa4", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert(glob_segment(str_of(rows[i].pattern), str_of(rows[i].name)) ==
				  rows[i].hit,
			  "\"%s\" on \"%s\"", rows[i].pattern, rows[i].name);
	}
}

static unsigned match(const char *patterns, const char *path, bool *partial)
{
	struct arena a = ARENA_INIT;
	struct str line = str_of(patterns), why = STR_EMPTY;
	struct globs g;
	unsigned kind;

	cr_assert(globs_parse(&a, &line, 1, STR("/w"), STR("/home/me"), &g, &why), "%s: %.*s",
		  patterns, STR_ARG(why));
	kind = globs_match(&g, str_of(path));
	*partial = globs_partial(&g, str_of(path));
	arena_release(&a);
	return kind;
}

enum { NO = 0, DIR = GLOB_DIRECTORY, ALL = GLOB_DIRECTORY | GLOB_FILE };

Test(glob, paths)
{
	static const struct {
		const char *patterns, *path;
		unsigned kind;
		bool partial;
	} rows[] = {
		{ "a", "/w/a", ALL, true },
		{ "a", "/w", NO, true },
		{ "a", "/", NO, true },
		{ "a", "/w/b", NO, false },
		{ "a", "/x/a", NO, false },
		/* "a pattern naming a directory implies its descendants" */
		{ "a", "/w/a/b/c", ALL, true },
		{ "a/", "/w/a", DIR, true },
		{ "a/", "/w/a/b", ALL, true },
		{ "*.txt", "/w/x.txt", ALL, true },
		{ "*.txt", "/w/d/x.txt", NO, false },
		{ "**/*.txt", "/w/x.txt", ALL, true },
		{ "**/*.txt", "/w/d/e/x.txt", ALL, true },
		{ "**/*.txt", "/w/d/e/x.md", NO, true },
		{ "a/**", "/w/a", ALL, true },
		{ "a/**", "/w/a/b", ALL, true },
		{ "a/**/b", "/w/a/b", ALL, true },
		{ "a/**/b", "/w/a/x/y/b", ALL, true },
		{ "a/**/b/c", "/w/a/b/b/c", ALL, true },
		{ "a/**/b/*/c", "/w/a/b/x/b/y/c", ALL, true },
		{ "a/**/b", "/w/a/x", NO, true },
		{ "**", "/w", ALL, true },
		{ "**", "/w/.git/config", ALL, true },
		{ ".", "/w/x", ALL, true },
		{ "./a", "/w/a", ALL, true },
		{ "~/a", "/home/me/a", ALL, true },
		{ "~a", "/w/~a", ALL, true },
		{ "/abs/*", "/abs/x", ALL, true },
		{ "//abs//x", "/abs/x", ALL, true },
		/* "order matters (later pattern overrides)" */
		{ "*\n!b", "/w/b", NO, true },
		{ "!b\n*", "/w/b", ALL, true },
		{ "*\n!b\nb", "/w/b", ALL, true },
		{ "*\n! b", "/w/b", NO, true },
		{ "**\n!d", "/w/d/x", NO, true },
		{ "*\n!!b", "/w/b", ALL, true },
		{ "#a\n b \n\r\n", "/w/b", ALL, true },
		{ "#a", "/w/#a", NO, false },
		{ "\\#a", "/w/#a", ALL, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool partial;
		unsigned kind = match(rows[i].patterns, rows[i].path, &partial);

		cr_assert(kind == rows[i].kind, "\"%s\" on %s: %u", rows[i].patterns, rows[i].path,
			  kind);
		cr_assert(partial == rows[i].partial, "\"%s\" below %s", rows[i].patterns,
			  rows[i].path);
	}
}

Test(glob, a_root_with_wildcards_in_its_name_is_itself)
{
	struct arena a = ARENA_INIT;
	struct str line = STR("x"), why;
	struct globs g;

	cr_assert(globs_parse(&a, &line, 1, STR("/w/[ab]*\\?"), STR("/"), &g, &why));
	cr_assert(globs_match(&g, STR("/w/[ab]*\\?/x")) == ALL);
	cr_assert(globs_match(&g, STR("/w/axx/x")) == NO);
	cr_assert(str_eq(g.v[0].search, STR("/w/[ab]*\\?/x")), "%.*s", STR_ARG(g.v[0].search));
	arena_release(&a);
}

Test(glob, relative_parts_are_refused_in_GitHubs_words)
{
	static const char *const bad[] = { "..", "../a", "a/..", "a/./b", "/./a", "a/[.]." };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str line = str_of(bad[i]), why = STR_EMPTY;
		struct globs g;

		cr_assert(!globs_parse(&a, &line, 1, STR("/w"), STR("/"), &g, &why), "%s", bad[i]);
		struct str want = arena_printf(
			&a, "Invalid pattern '%s'. Relative pathing '.' and '..' is not allowed.",
			bad[i]);
		cr_assert(str_eq(why, want), "%.*s", STR_ARG(why));
		arena_release(&a);
	}
}

Test(glob, walks_begin_at_the_literal_part_and_not_twice)
{
	static const struct {
		const char *patterns, *search;
	} rows[] = {
		{ "a/b/*.c", "/w/a/b " }, { "a\na/b\nb", "/w/a /w/b " }, { "a/b\na", "/w/a " },
		{ "a\na", "/w/a " },      { "a[b]c/*", "/w/abc " },      { "!a\nb", "/w/b " },
		{ "/**", "/ " },          { "**\n/etc", "/w /etc " },    { "ab\na", "/w/ab /w/a " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str line = str_of(rows[i].patterns), why, got = STR_EMPTY;
		struct globs g;
		size_t n;
		struct str *v;

		cr_assert(globs_parse(&a, &line, 1, STR("/w"), STR("/"), &g, &why));
		v = globs_search(&a, &g, &n);
		for (size_t k = 0; k < n; k++) {
			got = arena_printf(&a, "%.*s%.*s ", STR_ARG(got), STR_ARG(v[k]));
		}
		cr_assert(str_eq(got, str_of(rows[i].search)), "\"%s\": %.*s", rows[i].patterns,
			  STR_ARG(got));
		arena_release(&a);
	}
}

/* Many stars and globstars: time must not explode. */
Test(glob, hostile_patterns_end_soon)
{
	bool partial;

	limit_cpu(5);
	cr_assert(match("**/a*a*a*a*a*a*a*a*a*a*b/**/x/**/y/**/z",
			"/w/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/x/x/x/x/x/"
			"x/y/y/y/y",
			&partial) == NO);
}
