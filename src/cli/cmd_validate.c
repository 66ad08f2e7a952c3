/*
 * cmd_validate.c - `act-c validate`: reads workflow files and says what is wrong with all of them.
 * Nothing is run and no engine is looked for.
 */
#include <stdio.h>
#include <unistd.h>

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
	diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
	print_summary(&files, &diags);
	return diags.nerrors > 0 ? EXIT_INVALID : EXIT_OK;
}
