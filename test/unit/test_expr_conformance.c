/*
 * test_expr_conformance.c - GitHub's own expression cases, where they are at hand: in
 * $ACTC_CONFORMANCE/expressions (default ../shared/conformance). They are not part of the project.
 */
#include "expr_cases.h"

Test(expr_conformance, all_of_githubs_cases)
{
	const char *root = getenv("ACTC_CONFORMANCE");
	struct case_run run = { 0 };
	const char *folder =
		arena_printf(&run.arena, "%s/expressions", root ? root : "../shared/conformance").p;

	if (!run_folder(&run, folder)) {
		fprintf(stderr, "skipped: no cases in %s (set ACTC_CONFORMANCE)\n", folder);
		arena_release(&run.arena);
		return;
	}
	cr_assert(run.cases > 0, "no cases in %s", folder);
	cr_assert(run.failed == 0, "%zu of %zu cases failed", run.failed, run.cases);
	arena_release(&run.arena);
}
