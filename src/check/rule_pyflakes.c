/*
 * rule_pyflakes.c - what pyflakes says of the scripts that python runs, with its places put back
 * into the workflow file. Lines with an expression are left out: what stands there is not known.
 */
#include "script.h"

#define KIND "pyflakes"

/* Takes the number at the front and the colon behind it; false without one. */
static bool cut_number(struct str *line, double *n)
{
	size_t colon = str_chr(*line, ':', 0);
	unsigned long number;

	if (colon == STR_NPOS || !str_to_ulong(str_slice(*line, 0, colon), &number)) {
		return false;
	}
	*n = (double)number;
	*line = str_slice(*line, colon + 1, line->len);
	return true;
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
	double row = 0, column = 0;

	if (!str_starts(line, file)) {
		return;
	}
	line = said = str_slice(line, file.len, line.len);
	if (!cut_number(&line, &row) || !cut_number(&line, &column) || row < 1 ||
	    has_expression(text, row)) {
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
