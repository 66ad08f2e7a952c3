/* Unit tests of shells: the table of SEMANTICS 4.6 and .NET's word splitting. */
#include <criterion/criterion.h>

#include "run/shell.h"

static const struct {
	const char *line;
	size_t n;
	const char *words[4];
} splits[] = {
	{ "", 0, { 0 } },
	{ "  a\tb ", 2, { "a", "b" } },
	{ "\"a b\" c", 2, { "a b", "c" } },
	{ "a\"b c\"d", 1, { "ab cd" } },
	{ "'a b'", 2, { "'a", "b'" } },
	{ "a\\b", 1, { "a\\b" } },
	{ "\\\"a\\\"", 1, { "\"a\"" } },
	{ "\\\\\"a b\"", 1, { "\\a b" } },
	{ "\\\\\\\"a", 1, { "\\\"a" } },
	{ "\"say \"\"hi\"\"\"", 1, { "say \"hi\"" } },
	{ "\"\" x", 2, { "", "x" } },
	{ "$HOME *", 2, { "$HOME", "*" } },
};

Test(shell, words_are_split_as_dotnet_does)
{
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		struct arena a = ARENA_INIT;
		size_t n = 0;
		struct str *words = split_arguments(&a, str_of(splits[i].line), &n);

		cr_assert_eq(n, splits[i].n, "%s: %zu words", splits[i].line, n);
		for (size_t k = 0; k < n; k++) {
			cr_assert(str_eq(words[k], str_of(splits[i].words[k])),
				  "%s: word %zu is <%.*s>", splits[i].line, k, STR_ARG(words[k]));
		}
		arena_release(&a);
	}
}

static const struct {
	const char *shell;
	bool has_bash;
	const char *argv; /* joined by '|' */
} commands[] = {
	{ "", true, "bash|-e|/t/s.sh" },
	{ "", false, "sh|-e|/t/s.sh" },
	{ "bash", true, "bash|--noprofile|--norc|-e|-o|pipefail|/t/s.sh" },
	{ "sh", true, "sh|-e|/t/s.sh" },
	{ "python", true, "python|/t/s.py" },
	{ "pwsh", true, "pwsh|-command|. '/t/s.ps1'" },
	{ "bash -x {0}", true, "bash|-x|/t/s.sh" },
	{ "perl -w {0} {{}}", true, "perl|-w|/t/s|{}" },
};

Test(shell, each_shell_gets_githubs_command_line)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct arena a = ARENA_INIT;
		struct shell_command c;
		struct str why = STR_EMPTY, joined = STR_EMPTY;
		size_t n = 0;

		cr_assert(shell_command(&a, str_of(commands[i].shell), commands[i].has_bash,
					STR("echo"), &c, &why));

		struct str path = arena_printf(&a, "/t/s%.*s", STR_ARG(c.extension));
		struct str *argv = shell_argv(&a, &c, path, &n);

		for (size_t k = 0; k < n; k++) {
			joined = arena_printf(&a, "%.*s%s%.*s", STR_ARG(joined), k ? "|" : "",
					      STR_ARG(argv[k]));
		}
		cr_assert(str_eq(joined, str_of(commands[i].argv)), "%s: %.*s", commands[i].shell,
			  STR_ARG(joined));
		arena_release(&a);
	}
}

Test(shell, a_custom_shell_needs_a_place_for_the_script)
{
	struct arena a = ARENA_INIT;
	struct shell_command c;
	struct str why = STR_EMPTY;

	cr_assert_not(shell_command(&a, STR("perl"), true, STR(""), &c, &why));
	cr_assert(str_starts(why, STR("Invalid shell option.")));
	cr_assert_not(shell_command(&a, STR("bash -x"), true, STR(""), &c, &why));
	arena_release(&a);
}

Test(shell, powershell_scripts_stop_at_errors_and_pass_the_exit_code)
{
	struct arena a = ARENA_INIT;
	struct shell_command c;
	struct str why = STR_EMPTY;

	cr_assert(shell_command(&a, STR("pwsh"), true, STR("Write-Host hi"), &c, &why));
	cr_assert(str_starts(c.script, STR("$ErrorActionPreference = 'stop'\n")));
	cr_assert_neq(str_find(c.script, STR("exit $LASTEXITCODE"), 0), STR_NPOS);
	arena_release(&a);
}
