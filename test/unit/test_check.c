/*
 * test_check.c - the rules beyond GitHub's: each file of testdata/check gives the diagnostics
 * beside it, files of every day give none. ACTC_UPDATE=1 writes them.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/check.h"
#include "actc/file.h"

static const char top[] = "testdata/check";

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct check_project *project;
};

static void check_text(struct fixture *f, const char *path, struct str text)
{
	struct err err = ERR_INIT;
	uint32_t file;

	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = f->diags.arena = &f->a;
	f->diags.sources = &f->sources;
	cr_assert(check_project_open(&f->a, str_of(top), &f->project, &err), "%s", err.msg);
	file = sources_add(&f->sources, str_of(path), text);

	const struct workflow *w = workflow_read(&f->a, file, &f->diags);

	if (w) {
		check_workflow(&f->a, f->project, w, &f->diags);
	}
	check_ignore(f->project, &f->diags, 0);
}

static char *diags_text(const struct fixture *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	diags_print(&f->diags, out, false);
	(void)fclose(out);
	return text;
}

static void slurp(const char *path, struct strbuf *text)
{
	struct err err = ERR_INIT;

	cr_assert(read_file(path, text, &err), "%s: %s", path, err.msg);
}

static bool matches_golden(const char *path, const char *got)
{
	struct strbuf want = STRBUF_INIT(0);
	char golden[512];

	(void)snprintf(golden, sizeof(golden), "%.*s.err", (int)strlen(path) - 4, path);
	if (getenv("ACTC_UPDATE")) {
		FILE *out = fopen(golden, "w");

		cr_assert_not_null(out);
		(void)fputs(got, out);
		(void)fclose(out);
	}
	slurp(golden, &want);
	bool same = str_eq(strbuf_str(&want), str_of(got));

	if (!same) {
		(void)fprintf(stderr, "%s: got\n%s", golden, got);
	}
	strbuf_release(&want);
	return same;
}

static int is_yml(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".yml"));
}

static size_t check_directory(const char *dir)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_yml, alphasort);
	size_t wrong = 0;

	cr_assert_gt(n, 0);
	for (int i = 0; i < n; i++) {
		struct strbuf text = STRBUF_INIT(0);
		struct fixture f;
		char path[256];

		(void)snprintf(path, sizeof(path), "%s/%.200s", dir, names[i]->d_name);
		slurp(path, &text);
		check_text(&f, path, strbuf_str(&text));
		char *got = diags_text(&f);

		wrong += !matches_golden(path, got);
		free(got);
		strbuf_release(&text);
		arena_release(&f.a);
		free(names[i]);
	}
	free(names);
	return wrong;
}

Test(check, files_give_the_diagnostics_beside_them)
{
	cr_assert_eq(check_directory(top), 0);
	cr_assert_eq(check_directory("testdata/check/.github/workflows"), 0);
}

/* What working workflows do, and other checkers have called wrong. */
static const struct {
	const char *steps;
} quiet[] = {
	{ "{ run: 'echo ${{ github.event.inputs.x || 1 }}' }" },
	{ "{ run: 'echo ${{ secrets.ANY }} ${{ vars.ANY }} ${{ env.ANY }}' }" },
	{ "{ run: 'echo ${{ github.event.pull_request.number }} ${{ runner.workspace }}' }" },
	{ "{ uses: dorny/paths-filter@v3, id: f, with: { filters: x } }, "
	  "{ run: 'echo ${{ steps.f.outputs.src }}' }" },
	{ "{ uses: actions/github-script@v7, id: s, with: { script: x } }, "
	  "{ run: 'echo ${{ steps.s.outputs.made }}' }" },
	{ "{ uses: owner/unknown@v1, id: s, with: { any: x } }, "
	  "{ run: 'echo ${{ steps.s.outputs.any }}' }" },
	{ "{ if: 'always()', run: x }, { if: \"github.ref == 'x' && !cancelled()\", run: x }" },
	{ "{ shell: 'perl {0}', run: x }, { shell: bash, run: x }" },
	{ "{ run: \"echo ${{ join(github.event.*.name) }} ${{ toJSON(github) }}\" }" },
	{ "{ run: \"echo ${{ github.event.label.name == 'x' && 'y' || github.sha }}\" }" },
};

Test(check, working_steps_are_left_alone)
{
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		struct fixture f;
		char text[1024];

		(void)snprintf(
			text, sizeof(text),
			"on: [push, pull_request]\n"
			"jobs:\n  a:\n    runs-on: ${{ matrix.os }}\n"
			"    strategy: { matrix: { os: [gpu-1, ubuntu-latest], shell: [sh] } }\n"
			"    steps: [%s]\n",
			quiet[i].steps);
		check_text(&f, "w.yml", str_of(text));

		char *got = diags_text(&f);

		cr_assert_str_empty(got, "%zu: %s", i, got);
		free(got);
		arena_release(&f.a);
	}
}

Test(check, any_start_of_a_file_can_be_checked)
{
	struct strbuf text = STRBUF_INIT(0);

	slurp("testdata/check/expressions.yml", &text);
	for (size_t n = 0; n < text.len; n += 7) {
		struct fixture f;

		check_text(&f, "w.yml", str_mk(text.p, n));
		free(diags_text(&f));
		arena_release(&f.a);
	}
	strbuf_release(&text);
}

Test(check, a_broken_configuration_is_told)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct check_project *project;

	cr_assert_not(check_project_open(&a, STR("testdata/check/broken"), &project, &err));
	cr_assert_not_null(strstr(err.msg, "is no regular expression"), "%s", err.msg);
	err_release(&err);
	arena_release(&a);
}
