/*
 * check.h - what is suspicious in a workflow that GitHub's reader takes: rules beyond the schema,
 * by kinds of actionlint's names. All are warnings but those that certainly fail at GitHub.
 *
 * The rules see the whole file as read, also one with errors, and what the repository holds beside
 * it (local actions, called workflows, .github/actionlint.yaml). Nothing is fetched.
 */
#ifndef ACTC_CHECK_H
#define ACTC_CHECK_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/err.h"
#include "actc/workflow.h"

/* One repository's settings and what was read of it; shared by its files. */
struct check_project;

/* `root` is the repository's root, "" when there is none: then nothing local is looked for. False
 * when there is an actionlint.yaml that cannot be understood. */
bool check_project_open(struct arena *a, struct str root, struct check_project **out,
			struct err *err);

/* Scripts are given to this program too. Its severity is the least that it shall tell of: "style",
 * "info", "warning", "error". */
void check_project_shellcheck(struct check_project *project, const char *program,
			      const char *severity);
/* And those of python to this one. */
void check_project_pyflakes(struct check_project *project, const char *program);

/* `w` as workflow_read() gave it. */
void check_workflow(struct arena *a, struct check_project *project, const struct workflow *w,
		    struct diags *diags);

/* Takes out the warnings that comments (`# act-c: ignore[kind]`) and the configuration's `paths`
 * ignore, from the diagnostic `from` on. Errors stay: they stop a run. */
void check_ignore(struct check_project *project, struct diags *diags, size_t from);

#endif
