/*
 * rule_shellcheck.c - what shellcheck says of the scripts that bash or sh runs, with its places put
 * back into the workflow file. Where nobody named it, the one that is installed tells of warnings
 * and errors only: most working scripts have something of lower severity.
 */
#include "actc/process.h"
#include "check.h"
#include "labels.h"

#define KIND "shellcheck"

enum { OUTPUT_MAX = 8 << 20, TIMEOUT_MS = 60000 };

static const struct tok *default_shell(const struct tok *map)
{
	return check_get(check_get(check_get(map, "defaults"), "run"), "shell");
}

/* The shell's name for shellcheck, or NULL for another language. */
static const char *shell_of(struct check *c, const struct step_view *step)
{
	const struct tok *t = check_get(step->map, "shell");
	struct str name;

	t = t ? t : default_shell(step->job->map);
	t = t ? t : default_shell(c->root);
	if (!t) {
		return labels_platform(check_get(step->job->map, "runs-on")) == PLATFORM_WINDOWS
			       ? NULL
			       : "bash";
	}
	name = check_literal(t);
	if (str_eq(name, STR("bash")) || str_starts(name, STR("bash "))) {
		return "bash";
	}
	return str_eq(name, STR("sh")) || str_starts(name, STR("sh ")) ? "sh" : NULL;
}

/* Expressions become names of the same length, so that places stay what they are. */
static struct str without_expressions(struct arena *a, struct str text)
{
	char *copy = arena_cstr(a, text);

	for (size_t open = str_find(text, STR("${{"), 0); open != STR_NPOS;
	     open = str_find(text, STR("${{"), open)) {
		size_t close = str_find(text, STR("}}"), open);
		size_t end = close == STR_NPOS ? text.len : close + 2;

		for (; open < end; open++) {
			copy[open] = copy[open] == '\n' ? '\n' : '_';
		}
	}
	return str_mk(copy, text.len);
}

/* The byte of a 1-based line and column. */
static size_t offset_of(struct str text, double line, double column)
{
	size_t at = 0;

	for (double l = 1; l < line; l++) {
		size_t end = str_chr(text, '\n', at);

		if (end == STR_NPOS) {
			return text.len;
		}
		at = end + 1;
	}
	for (double k = 1; k < column && at < text.len && text.p[at] != '\n'; k++) {
		at++;
		while (at < text.len && ((unsigned char)text.p[at] & 0xc0) == 0x80) {
			at++;
		}
	}
	return at;
}

static double number(struct value comment, struct str key)
{
	return value_to_number(value_get(comment, key));
}

static void report(struct check *c, const struct tok *run, struct value comment)
{
	struct str text = run->from->text;
	double line = number(comment, STR("line")), column = number(comment, STR("column"));
	size_t lo = offset_of(text, line, column);
	size_t hi =
		offset_of(text, number(comment, STR("endLine")), number(comment, STR("endColumn")));
	struct str level = value_to_str(c->a, value_get(comment, STR("level")));
	struct str message = value_to_str(c->a, value_get(comment, STR("message")));

	(void)check_warn(c, check_span(c, run, lo, hi > lo ? hi - lo : 1), KIND,
			 "shellcheck reported issue in this script: SC%.0f:%.*s:%.0f:%.0f: %.*s",
			 number(comment, STR("code")), STR_ARG(level), line, column,
			 STR_ARG(message));
}

static void read_answer(struct check *c, const struct tok *run, struct str json)
{
	struct err err = ERR_INIT;
	struct value v, comments;

	if (!value_from_json_strict(c->a, json, &v, &err)) {
		err_release(&err);
		return;
	}
	comments = value_get(v, STR("comments"));
	for (size_t i = 0; comments.kind == VALUE_ARRAY && i < comments.u.a->n; i++) {
		report(c, run, comments.u.a->v[i]);
	}
}

/* Left out are codes that expressions, the environment and files elsewhere give rise to, and a `cd`
 * that nobody asks whether it failed: the shell is started with -e. */
static void ask(struct check *c, const struct tok *run, const char *shell)
{
	const char *const argv[] = { c->project->shellcheck,
				     "--norc",
				     "--format=json1",
				     "--severity",
				     c->project->severity,
				     "--shell",
				     shell,
				     "--exclude=SC1090,SC1091,SC2043,SC2050,SC2154,SC2157,SC2164,"
				     "SC2193,SC2194",
				     "-",
				     NULL };
	struct str script = without_expressions(c->a, run->from->text);
	struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
	struct err err = ERR_INIT;
	int status = 0;

	if (child_capture(&(struct child_spec){ .argv = argv }, &script, &out, NULL, TIMEOUT_MS,
			  &status, &err)) {
		read_answer(c, run, strbuf_str(&out));
	} else {
		(void)check_warn(c, run->at, KIND, "%s cannot be asked: %s", c->project->shellcheck,
				 err.msg);
		err_release(&err);
	}
	strbuf_release(&out);
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct tok *run = c->project->shellcheck ? check_get(step->map, "run") : NULL;
	const char *shell;

	if (!run || !run->from || run->bad) {
		return;
	}
	shell = shell_of(c, step);
	if (shell) {
		ask(c, run, shell);
	}
}

const struct rule rule_shellcheck = { NULL, NULL, check_step };
