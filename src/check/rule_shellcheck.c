/*
 * rule_shellcheck.c - what shellcheck says of the scripts that bash or sh runs, with its places put
 * back into the workflow file. Where nobody named it, the one that is installed tells of warnings
 * and errors only: most working scripts have something of lower severity.
 */
#include "check.h"
#include "labels.h"
#include "script.h"

#define KIND "shellcheck"

/* The shell's name for shellcheck, or NULL for another language. */
static const char *shell_of(struct check *c, const struct step_view *step)
{
	const struct tok *t = script_shell(c, step);
	struct str name;

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

static double number(struct value comment, struct str key)
{
	return value_to_number(value_get(comment, key));
}

static void report(struct check *c, const struct tok *run, struct value comment)
{
	struct str text = run->from->text;
	double line = number(comment, STR("line")), column = number(comment, STR("column"));
	size_t lo = script_offset(text, line, column);
	size_t hi = script_offset(text, number(comment, STR("endLine")),
				  number(comment, STR("endColumn")));
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
	struct str json;

	if (script_ask(c, run, KIND, argv, '_', &json)) {
		read_answer(c, run, json);
	}
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
