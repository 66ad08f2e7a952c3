/* test_settings.c - files of names and values: dotenv and flat YAML. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/payload.h"

struct file {
	char path[64];
};

static struct file write_temp(const char *suffix, const char *text)
{
	struct file f;
	int n = snprintf(f.path, sizeof(f.path), "/tmp/test-settings-XXXXXX%s", suffix);
	int fd = mkstemps(f.path, (int)strlen(suffix));

	cr_assert(n > 0 && fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	return f;
}

/* "A=1|B=2", or the error behind the path. */
static struct str read_text(struct arena *a, const char *suffix, const char *text)
{
	struct settings s = { 0 };
	struct err err = ERR_INIT;
	struct file f = write_temp(suffix, text);
	struct str out = STR_EMPTY;

	if (!settings_read(a, f.path, &s, &err)) {
		cr_expect_eq(err.kind, ERR_INVALID);
		cr_expect(strncmp(err.msg, f.path, strlen(f.path)) == 0, "%s", err.msg);
		out = arena_printf(a, "error%s", err.msg + strlen(f.path));
		err_release(&err);
	}
	for (size_t i = 0; i < s.n && !str_starts(out, STR("error")); i++) {
		cr_expect(s.v[i].given);
		out = arena_printf(a, "%.*s%s%.*s=%.*s", STR_ARG(out), i ? "|" : "",
				   STR_ARG(s.v[i].name), STR_ARG(s.v[i].value));
	}
	(void)unlink(f.path);
	return out;
}

static const struct {
	const char *what, *suffix, *text, *want;
} files[] = {
	{ "plain lines", "", "A=1\nB = two words \n", "A=1|B=two words" },
	{ "no line end at the end", "", "A=1", "A=1" },
	{ "an empty file", "", "", "" },
	{ "an empty value", "", "A=\nB=\"\"\nC=''", "A=|B=|C=" },
	{ "comments and blank lines", "", "# x\n\n  # y\nA=1 # z\nB=a#b\n", "A=1|B=a#b" },
	{ "export", "", "export A=1\n\texport\tB=2\nexport=3", "A=1|B=2|export=3" },
	{ "a byte order mark and CRLF", "",
	  "\xef\xbb\xbf"
	  "A=1\r\n\r\nB=\"2\"\r\n",
	  "A=1|B=2" },
	{ "single quotes are literal", "", "A='a\\n $B # \"' # c", "A=a\\n $B # \"" },
	{ "double quotes know escapes", "", "A=\"a\\n\\t\\\\\\\"\\$\\x\"", "A=a\n\t\\\"$\\x" },
	{ "quotes span lines", "", "A=\"one\ntwo\"\nB='three\r\nfour'\nC=5",
	  "A=one\ntwo|B=three\nfour|C=5" },
	{ "values keep = and $", "", "A=b=c\nP=pa$$word${X}", "A=b=c|P=pa$$word${X}" },
	{ "later lines win", "", "A=1\nB=2\nA=3", "A=3|B=2" },
	{ "no =", "", "A=1\nhunter2\n", "error:2: NAME=VALUE was expected" },
	{ "no name", "", "=hunter2", "error:1: NAME=VALUE was expected" },
	{ "open quotes", "", "A=1\nB=\"x\n\n", "error:2: the quotes are not closed" },
	{ "text behind quotes", "", "A='x\ny' hunter2",
	  "error:2: there is text behind the closing quote" },
	{ "a YAML mapping", ".yml", "A: 1\nB: \"x y\"\nC: 08\nD: ~\nE: |\n  one\n  two\n",
	  "A=1|B=x y|C=08|D=|E=one\ntwo\n" },
	{ "an empty YAML file", ".yaml", "# nothing\n", "" },
	{ "YAML that is not flat", ".yml", "A: 1\nB:\n  - hunter2\n",
	  "error:3: a flat mapping of names to values was expected" },
	{ "YAML that is no mapping", ".yml", "- hunter2\n",
	  "error:1: a flat mapping of names to values was expected" },
};

Test(settings, files)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = read_text(&a, files[i].suffix, files[i].text);

		cr_expect_str_eq(got.p, files[i].want, "%s: got '%s', want '%s'", files[i].what,
				 got.p, files[i].want);
		arena_release(&a);
	}
}

/* A line may be a secret: nothing of it is in a message, broken YAML included. */
Test(settings, errors_tell_no_text)
{
	static const char *const broken[] = { "A: [hunter2", "hunter2: {a: b", "A: 'hunter2",
					      "!!int hunter2" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = read_text(&a, ".yml", broken[i]);

		cr_expect(str_starts(got, STR("error:")), "%s: %s", broken[i], got.p);
		cr_expect_eq(str_find(got, STR("hunter2"), 0), STR_NPOS, "%s", got.p);
		arena_release(&a);
	}
}

Test(settings, a_missing_file_is_not_found)
{
	struct arena a = ARENA_INIT;
	struct settings s = { 0 };
	struct err err = ERR_INIT;

	cr_expect_not(settings_read(&a, "/nonexistent/.env", &s, &err));
	cr_expect_eq(err.kind, ERR_NOT_FOUND);
	err_release(&err);
	arena_release(&a);
}

Test(settings, set_replaces_and_get_finds)
{
	struct arena a = ARENA_INIT;
	struct settings s = { 0 };

	settings_set(&a, &s, STR("Name"), STR("1"), false);
	settings_set(&a, &s, STR("NAME"), STR("2"), false);
	cr_expect_eq(s.n, 2, "names differ by case unless told");
	settings_set(&a, &s, STR("name"), STR("3"), true);
	cr_expect_eq(s.n, 2);
	cr_expect_str_eq(settings_get(&s, STR("NAME"), false)->value.p, "3");
	cr_expect_null(settings_get(&s, STR("name"), false));
	cr_expect_null(settings_get(&s, STR("other"), true));
	arena_release(&a);
}
