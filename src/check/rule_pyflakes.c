/*
 * rule_pyflakes.c - what pyflakes says of the scripts that python runs, with its places put back
 * into the workflow file. Lines with an expression are left out: what stands there is not known.
 */
#include "script.h"

#define KIND "pyflakes"

/* The number at the front, up to the colon behind it; -1 without one. */
static double cut_number(struct str *line)
{
	struct str digits = str_slice(*line, 0, str_chr(*line, ':', 0));
	double n = 0;

	if (digits.len == 0 || digits.len > 9 || digits.len == line->len) {
		return -1;
	}
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9') {
			return -1;
		}
		n = n * 10 + (digits.p[i] - '0');
	}
	*line = str_slice(*line, digits.len + 1, line->len);
	return n;
}

static bool has_expression(struct str text, double line)
{
	size_t lo = script_offset(text, line, 1), hi = script_offset(text, line + 1, 1);

	return str_find(str_slice(text, lo, hi), STR("${{"), 0) != STR_NPOS;
}

/* "<stdin>:3:5: undefined name 'x'" */
static void report(struct check *c, const struct tok *run, struct str line)
{
	static const struct str file = STR_INIT("<stdin>:");
	struct str text = run->from->text, said;
	double row, column;

	if (!str_starts(line, file)) {
		return;
	}
	line = said = str_slice(line, file.len, line.len);
	row = cut_number(&line);
	column = cut_number(&line);
	if (row < 1 || column < 0 || has_expression(text, row)) {
		return;
	}
	(void)check_warn(c, check_span(c, run, script_offset(text, row, column), 1), KIND,
			 "pyflakes reported issue in this script: %.*s", STR_ARG(said));
}

static bool is_python(const struct tok *shell)
{
	struct str name = shell ? check_literal(shell) : STR_EMPTY;

	return str_eq(name, STR("python")) || str_starts(name, STR("python "));
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct tok *run = c->project->pyflakes ? check_get(step->map, "run") : NULL;
	const char *const argv[] = { c->project->pyflakes, NULL };
	struct str answer;

	if (!run || !run->from || run->bad || !is_python(script_shell(c, step)) ||
	    !script_ask(c, run, KIND, argv, '0', &answer)) {
		return;
	}
	while (answer.p && answer.len) {
		report(c, run, str_cut(&answer, '\n'));
	}
}

const struct rule rule_pyflakes = { NULL, NULL, check_step };
