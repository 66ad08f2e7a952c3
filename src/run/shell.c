/*
 * shell.c - the table of shells, script fix-ups, and .NET's word splitting (SEMANTICS 4.6).
 */
#include "shell.h"

struct shell {
	struct str name;
	struct str format;
	struct str extension;
	const char *before; /* fix-ups around the script */
	const char *after;
};

static const char pwsh_before[] = "$ErrorActionPreference = 'stop'\n";
static const char pwsh_after[] = "\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit "
				 "$LASTEXITCODE }";

static const struct shell shells[] = {
	{ STR_INIT("bash"), STR_INIT("--noprofile --norc -e -o pipefail {0}"), STR_INIT(".sh"), "",
	  "" },
	{ STR_INIT("sh"), STR_INIT("-e {0}"), STR_INIT(".sh"), "", "" },
	{ STR_INIT("pwsh"), STR_INIT("-command \". '{0}'\""), STR_INIT(".ps1"), pwsh_before,
	  pwsh_after },
	{ STR_INIT("powershell"), STR_INIT("-command \". '{0}'\""), STR_INIT(".ps1"), pwsh_before,
	  pwsh_after },
	{ STR_INIT("cmd"), STR_INIT("/D /E:ON /V:OFF /S /C \"CALL \"{0}\"\""), STR_INIT(".cmd"),
	  "@echo off\n", "" },
	{ STR_INIT("python"), STR_INIT("{0}"), STR_INIT(".py"), "", "" },
};

static const struct shell *find(struct str name)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (str_ieq(shells[i].name, name)) {
			return &shells[i];
		}
	}
	return NULL;
}

/* The text with the shell's first and last lines, if it has any. */
static struct str fix_up(struct arena *a, const struct shell *shell, struct str script)
{
	if (!shell || (!*shell->before && !*shell->after)) {
		return script;
	}
	return arena_printf(a, "%s%.*s%s", shell->before, STR_ARG(script), shell->after);
}

static void set_default(bool has_bash, struct shell_command *out)
{
	out->program = has_bash ? STR("bash") : STR("sh");
	out->format = STR("-e {0}");
	out->extension = STR(".sh");
}

bool shell_command(struct arena *a, struct str shell, bool has_bash, struct str script,
		   struct shell_command *out, struct str *why)
{
	struct str rest = str_trim(shell);
	struct str program = str_cut(&rest, ' ');
	const struct shell *known = find(program);

	out->script = script;
	if (program.len == 0) {
		set_default(has_bash, out);
		return true;
	}

	struct str format = rest.p ? str_trim(rest) : STR_EMPTY;

	if (format.len == 0 && known) {
		format = known->format;
	}
	if (str_find(format, STR("{0}"), 0) == STR_NPOS) {
		*why = STR("Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, "
			   "powershell, pwsh) or a format string containing '{0}'");
		return false;
	}
	out->program = program;
	out->format = format;
	out->extension = known ? known->extension : STR_EMPTY;
	out->script = fix_up(a, known, script);
	return true;
}

/* string.Format with one argument: {0} is the path, {{ and }} are braces. */
static struct str format_path(struct arena *a, struct str format, struct str path)
{
	char *buf = arena_alloc(a, format.len + format.len / 3 * path.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < format.len; i++) {
		struct str left = str_slice(format, i, format.len);

		if (str_starts(left, STR("{0}"))) {
			memcpy(buf + len, path.p, path.len);
			len += path.len;
			i += 2;
		} else {
			buf[len++] = format.p[i];
			i += str_starts(left, STR("{{")) || str_starts(left, STR("}}"));
		}
	}
	return str_mk(buf, len);
}

struct str *shell_argv(struct arena *a, const struct shell_command *c, struct str path, size_t *n)
{
	size_t nwords = 0;
	struct str *words = split_arguments(a, format_path(a, c->format, path), &nwords);
	struct str *argv = arena_array(a, struct str, nwords + 1);

	argv[0] = c->program;
	for (size_t i = 0; i < nwords; i++) {
		argv[i + 1] = words[i];
	}
	*n = nwords + 1;
	return argv;
}

static size_t run_of(struct str s, size_t at, char c)
{
	size_t n = 0;

	while (at + n < s.len && s.p[at + n] == c) {
		n++;
	}
	return n;
}

/* One word from *at on; the quoting rules of the header. */
static struct str next_word(struct arena *a, struct str line, size_t *at)
{
	char *word = arena_alloc(a, line.len + 1);
	size_t len = 0;
	bool quoted = false;
	size_t i = *at;

	while (i < line.len) {
		size_t slashes = run_of(line, i, '\\');
		bool quote = i + slashes < line.len && line.p[i + slashes] == '"';

		if (slashes > 0) {
			size_t keep = quote ? slashes / 2 : slashes;

			memset(word + len, '\\', keep);
			len += keep;
			i += slashes;
			if (quote && slashes % 2 == 1) {
				word[len++] = '"';
				i++;
			}
		} else if (quote && quoted && run_of(line, i, '"') > 1) {
			word[len++] = '"';
			i += 2;
		} else if (quote) {
			quoted = !quoted;
			i++;
		} else if (!quoted && (line.p[i] == ' ' || line.p[i] == '\t')) {
			break;
		} else {
			word[len++] = line.p[i++];
		}
	}
	*at = i;
	return str_mk(word, len);
}

struct str *split_arguments(struct arena *a, struct str line, size_t *n)
{
	VEC(struct str) words = { 0 };
	size_t at = 0;

	for (;;) {
		while (at < line.len && (line.p[at] == ' ' || line.p[at] == '\t')) {
			at++;
		}
		if (at >= line.len) {
			break;
		}
		vec_push(a, &words, next_word(a, line, &at));
	}
	*n = words.n;
	return words.v;
}
