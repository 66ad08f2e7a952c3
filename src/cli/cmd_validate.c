/*
 * cmd_validate.c - `act-c validate`: reads workflow files, one after the other, and says what is
 * wrong with all of them. Nothing is run and no engine is looked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/action.h"
#include "actc/check.h"
#include "actc/file.h"
#include "actc/plan.h"
#include "actc/process.h"
#include "cli.h"
#include "deployments.h"
#include "validate_out.h"

enum { ACTION_MAX = 4 << 20 };

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

struct validation {
	struct options *o;
	const struct validate_format *format;
	struct validate_out out;
	struct check_project *project;
	struct str root; /* of the project */
	size_t nerrors, nwarnings;
};

static void print_count(size_t n, const char *what)
{
	(void)printf(", %zu %s%s", n, what, n == 1 ? "" : "s");
}

static void print_summary(const struct validation *v, size_t nfiles)
{
	(void)printf("%zu workflow file%s", nfiles, nfiles == 1 ? "" : "s");
	print_count(v->nerrors, "error");
	if (v->nwarnings > 0) {
		print_count(v->nwarnings, "warning");
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

static void use_shellcheck(struct validation *v)
{
	struct str given = v->o->shellcheck;
	char *installed = given.len ? NULL : program_find("shellcheck");

	if (installed) {
		check_project_shellcheck(v->project, "shellcheck", "warning");
	} else if (given.len && !str_eq(given, STR("none"))) {
		check_project_shellcheck(v->project, arena_cstr(&v->o->arena, given), "style");
	}
	free(installed);
}

static void use_pyflakes(struct validation *v)
{
	struct str given = v->o->pyflakes;
	char *installed = given.len ? NULL : program_find("pyflakes");

	if (installed) {
		check_project_pyflakes(v->project, "pyflakes");
	} else if (given.len && !str_eq(given, STR("none"))) {
		check_project_pyflakes(v->project, arena_cstr(&v->o->arena, given));
	}
	free(installed);
}

static bool open_project(struct validation *v, struct str path, struct err *err)
{
	struct str root = repository_of(&v->o->arena, path);

	if (v->project && str_eq(root, v->root)) {
		return true;
	}
	v->root = root;
	if (!check_project_open(&v->o->arena, root, &v->project, err)) {
		return false;
	}
	use_shellcheck(v);
	use_pyflakes(v);
	return true;
}

static void count(struct validation *v, const struct diags *diags)
{
	v->nerrors += diags->nerrors + (v->out.strict ? diags->nwarnings : 0);
	v->nwarnings += v->out.strict ? 0 : diags->nwarnings;
	if (diags->list.n > 0) {
		v->format->file(&v->out, diags);
	}
}

static bool is_action(struct str path)
{
	return str_eq(path, STR("action.yml")) || str_eq(path, STR("action.yaml")) ||
	       str_ends(path, STR("/action.yml")) || str_ends(path, STR("/action.yaml"));
}

static void read_action(struct arena *a, struct workflow_file *f, struct diags *diags)
{
	struct strbuf text = STRBUF_INIT(ACTION_MAX);
	struct err err = ERR_INIT;
	bool ok = read_file(arena_cstr(a, f->path), &text, &err);

	f->file = sources_add(diags->sources, f->path, strbuf_str(&text));
	if (ok) {
		(void)action_load(a, f->file, diags);
	} else {
		(void)diag_file_error(diags, f->file, "file", "%s", err.msg);
		err_release(&err);
	}
	strbuf_release(&text);
}

/* What a file needs is given back before the next one. */
static bool validate_file(struct validation *v, const struct workflow_file *file, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	struct workflow_file f = *file;

	if (!open_project(v, f.path, err)) {
		return false;
	}
	if (is_action(f.path)) {
		read_action(&a, &f, &diags);
	} else {
		workflow_file_read(&a, &f, &diags);
	}
	if (f.read) {
		check_workflow(&a, v->project, f.read, &diags);
	}
	check_ignore(v->project, &diags, 0);
	count(v, &diags);
	arena_release(&a);
	return true;
}

/* What runs read beside the workflows, where all of these are meant. */
static bool validate_rules(struct validation *v, struct err *err)
{
	struct sources sources = { .arena = &v->o->arena };
	struct diags diags = { .arena = &v->o->arena, .sources = &sources };
	struct environments ignored;

	if (!deployments_read(v->o, STR_EMPTY, &diags, &ignored, err) && err->kind != ERR_INVALID) {
		return false;
	}
	err_release(err);
	count(v, &diags);
	return true;
}

int cmd_validate(struct options *o)
{
	struct validation v = { .o = o, .format = validate_format_find(o->format) };
	struct str_list paths = all_paths(o);
	struct workflow_files files = { 0 };
	struct err err = ERR_INIT;

	if (!v.format) {
		return cli_usage(o,
				 "validate has no format '%.*s'; there are text, json, sarif and "
				 "github",
				 STR_ARG(o->format));
	}
	v.out = (struct validate_out){ .out = v.format->people ? stderr : stdout,
				       .colour = options_colour(o, STDERR_FILENO),
				       .strict = o->strict };
	if (!workflow_files_find(&o->arena, paths.v, paths.n, &files, &err)) {
		return cli_fail(&err);
	}
	v.format->begin(&v.out);
	for (size_t i = 0; i < files.n; i++) {
		if (!validate_file(&v, &files.v[i], &err)) {
			return cli_fail(&err);
		}
	}
	if (paths.n == 0 && !validate_rules(&v, &err)) {
		return cli_fail(&err);
	}
	v.format->end(&v.out);
	if (v.format->summary) {
		print_summary(&v, files.n);
	}
	return v.nerrors > 0 ? EXIT_INVALID : EXIT_OK;
}
