/*
 * cmd_validate.c - `act-c validate`: reads workflow files and says what is wrong with all of them.
 * Nothing is run and no engine is looked for.
 */
#include <stdio.h>
#include <unistd.h>

#include "actc/check.h"
#include "actc/plan.h"
#include "cli.h"

/* -W and the arguments mean the same here. */
static struct str_list all_paths(struct options *o)
{
	struct str_list paths = { .v = arena_array(&o->arena, struct str,
						   o->workflows.n + o->nargs) };

	for (size_t i = 0; i < o->workflows.n; i++) {
		paths.v[paths.n++] = o->workflows.v[i];
	}
	for (size_t i = 0; i < o->nargs; i++) {
		paths.v[paths.n++] = o->args[i];
	}
	return paths;
}

static void print_count(size_t n, const char *what)
{
	(void)printf(", %zu %s%s", n, what, n == 1 ? "" : "s");
}

static void print_summary(const struct workflow_files *files, const struct diags *diags)
{
	(void)printf("%zu workflow file%s", files->n, files->n == 1 ? "" : "s");
	print_count(diags->nerrors, "error");
	if (diags->nwarnings > 0) {
		print_count(diags->nwarnings, "warning");
	}
	(void)putchar('\n');
}

/* Where "./" in a file means: above its .github/workflows, else the repository around the current
 * directory; empty when there is none. */
static struct str repository_of(struct arena *a, struct str path)
{
	enum { LEVELS = 32 };
	size_t at = str_find(path, STR(".github/workflows/"), 0);
	struct str dir = STR(".");

	if (at == 0) {
		return dir;
	}
	if (at != STR_NPOS && path.p[at - 1] == '/') {
		return arena_str(a, str_slice(path, 0, at - 1));
	}
	for (int i = 0; i < LEVELS; i++) {
		if (access(arena_printf(a, "%.*s/.git", STR_ARG(dir)).p, F_OK) == 0) {
			return dir;
		}
		dir = arena_printf(a, "%.*s/..", STR_ARG(dir));
	}
	return STR_EMPTY;
}

static bool check_files(struct options *o, const struct workflow_files *files, struct diags *diags,
			struct err *err)
{
	struct check_project *project = NULL;
	struct str last = STR_EMPTY;

	for (size_t i = 0; i < files->n; i++) {
		struct str root = repository_of(&o->arena, files->v[i].path);
		size_t before = diags->list.n;

		if ((!project || !str_eq(root, last)) &&
		    !check_project_open(&o->arena, root, &project, err)) {
			return false;
		}
		last = root;
		if (files->v[i].read) {
			check_workflow(&o->arena, project, files->v[i].read, diags);
		}
		check_ignore(project, diags, before);
	}
	return true;
}

int cmd_validate(struct options *o)
{
	struct sources sources = { .arena = &o->arena };
	struct diags diags = { .arena = &o->arena, .sources = &sources };
	struct workflow_files files = { 0 };
	struct str_list paths = all_paths(o);
	struct err err = ERR_INIT;

	if (!workflow_files_load(&o->arena, paths.v, paths.n, &diags, &files, &err)) {
		diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
		return cli_fail(&err);
	}
	if (!check_files(o, &files, &diags, &err)) {
		return cli_fail(&err);
	}
	diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
	print_summary(&files, &diags);
	return diags.nerrors > 0 ? EXIT_INVALID : EXIT_OK;
}
