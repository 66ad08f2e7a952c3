/* test_pattern.c - filter patterns against names: the rules of GitHub's documentation ("Filter
 * pattern cheat sheet"), and what it refuses. */
#include <criterion/criterion.h>

#include "actc/pattern.h"
#include "cpu_limit.h"

static const struct {
	const char *pattern;
	const char *yes[5];
	const char *no[5];
} rules[] = {
	/* branches and tags */
	{ "feature/*", { "feature/a-b", "feature/x" }, { "feature/a/b", "feature", "xfeature/a" } },
	{ "feature/**", { "feature/a/b", "feature/x", "feature/the/other/cat" }, { "feature" } },
	{ "main", { "main" }, { "main2", "amain", "Main", "" } },
	{ "*", { "main", "releases" }, { "all/the/branches", "a/" } },
	{ "**", { "main", "all/the/branches", "every/tag" }, { NULL } },
	{ "*feature", { "mona-feature", "feature", "ver-10-feature" }, { "a/feature" } },
	{ "v2*", { "v2", "v2.0", "v2.9" }, { "v1", "v2/x" } },
	{ "v[12].[0-9]+.[0-9]+", { "v1.10.1", "v2.0.0" }, { "v3.0.0", "v1.0", "v1..0", "v1.0.x" } },
	/* paths */
	{ "*.jsx?", { "page.js", "page.jsx" }, { "page.jsxx", "a/page.js", "page.j" } },
	{ "**.js", { "index.js", "js/index.js", "src/js/app.js" }, { "index.jsx" } },
	{ "docs/*", { "docs/README.md", "docs/file.txt" }, { "docs/a/b.md", "docs" } },
	{ "docs/**", { "docs/README.md", "docs/mona/octocat.txt" }, { "doc/a", "a/docs/b" } },
	{ "docs/**/*.md",
	  { "docs/README.md", "docs/mona/hello.md", "docs/a/markdown/file.md" },
	  { "docs/a.txt", "docs.md", "xdocs/a.md" } },
	{ "**/docs/**",
	  { "docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc" },
	  { "mydocs/a", "docs" } },
	{ "**/README.md", { "README.md", "js/README.md", "a/b/README.md" }, { "XREADME.md" } },
	{ "**/*src/**", { "a/src/app.js", "my-src/code/js/app.js" }, { "src", "a/srcs/b" } },
	{ "**/*-post.md", { "my-post.md", "path/their-post.md" }, { "post.md", "a-post.md/b" } },
	{ "**/migrate-*.sql",
	  { "migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql" },
	  { "migrate-a/b.sql" } },
	/* the letters of the rules */
	{ "colou?r", { "color", "colour" }, { "colouur", "colo" } },
	{ "ab+c", { "abc", "abbbbc" }, { "ac", "abbb" } },
	{ "[CB]at", { "Cat", "Bat" }, { "cat", "CBat", "at" } },
	{ "[1-2]00", { "100", "200" }, { "300", "1-200" } },
	{ "[a-z]?x", { "x", "ax" }, { "abx", "Ax" } },
	{ "a[-b]c", { "a-c", "abc" }, { "aac" } },
	{ "a**b", { "ab", "a/x/b", "axb" }, { "a", "b" } },
	{ "a**/b", { "a/b", "ax/y/b" }, { "ab" } },
	{ "\\*x", { "*x" }, { "ax" } },
	{ "a\\+", { "a+" }, { "a", "aa" } },
	{ "a!b", { "a!b" }, { "ab" } },
	{ "gr\xc3\xbc?n", { "gr\xc3\xbcn", "grn" }, { "gr\xc3n" } },
	{ "*\xc3\xbc", { "\xc3\xa4\xc3\xbc" }, { "\xc3" } },
	/* invalid ones stand for themselves */
	{ "a[b", { "a[b" }, { "ab" } },
	{ "+a", { "+a" }, { "a" } },
	{ "*+", { "x+" }, { "x" } },
	{ "", { "" }, { "a" } },
};

Test(pattern, rules)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		for (size_t j = 0; j < 5 && rules[i].yes[j]; j++) {
			cr_expect(pattern_match(str_of(rules[i].pattern), str_of(rules[i].yes[j])),
				  "'%s' does not match '%s'", rules[i].pattern, rules[i].yes[j]);
		}
		for (size_t j = 0; j < 5 && rules[i].no[j]; j++) {
			cr_expect(!pattern_match(str_of(rules[i].pattern), str_of(rules[i].no[j])),
				  "'%s' matches '%s'", rules[i].pattern, rules[i].no[j]);
		}
	}
}

static const struct {
	const char *pattern;
	size_t at;
	const char *why; /* NULL = valid */
} checks[] = {
	{ "main", 0, NULL },
	{ "!releases/**-alpha", 0, NULL },
	{ "v[0-9]+.x", 0, NULL },
	{ "[a-z]?", 0, NULL },
	{ "a\\?+", 0, NULL },
	{ "**/a", 0, NULL },
	{ "", 0, "the pattern is empty" },
	{ "!", 1, "the pattern is empty" },
	{ "?a", 0, "'?' needs a character before it" },
	{ "!+a", 1, "'+' needs a character before it" },
	{ "a*+", 2, "'+' needs a character before it" },
	{ "ab??", 3, "'?' needs a character before it" },
	{ "v[0-9", 1, "[ is not closed by ]" },
	{ "v[]x", 1, "there is nothing between [ and ]" },
	{ "v[9-0]", 1, "a range in [ ] runs backwards" },
	{ "a\\", 1, "there is nothing behind the backslash" },
};

Test(pattern, what_is_refused)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *why = NULL;
		size_t at = 0;
		bool ok = pattern_valid(str_of(checks[i].pattern), &at, &why);

		cr_expect_eq(ok, checks[i].why == NULL, "'%s'", checks[i].pattern);
		if (!ok && checks[i].why) {
			cr_expect_str_eq(why, checks[i].why, "'%s'", checks[i].pattern);
			cr_expect_eq(at, checks[i].at, "'%s': at %zu", checks[i].pattern, at);
		}
	}
}

/* A backtracking matcher would need years. */
Test(pattern, many_stars_are_not_slow)
{
	char pattern[201] = "", text[4001] = "";

	limit_cpu(5);
	for (size_t i = 0; i < 200; i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[199] = 'b';
	memset(text, 'a', 4000);
	cr_expect(!pattern_match(str_of(pattern), str_of(text)));
}
