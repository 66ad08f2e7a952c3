/*
 * Unit tests of the model layer: files of testdata/workflows, each bad one with the diagnostics
 * expected of it beside it (ACTC_UPDATE=1 writes them anew), and what a good one becomes.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/process.h"
#include "actc/strbuf.h"
#include "actc/workflow.h"
#include "cpu_limit.h"

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
};

static const struct workflow *load(struct fixture *f, const char *name, struct str text)
{
	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = &f->a;
	f->diags.arena = &f->a;
	f->diags.sources = &f->sources;
	return workflow_load(&f->a, sources_add(&f->sources, str_of(name), text), &f->diags);
}

static void slurp(const char *path, struct strbuf *out)
{
	struct err err = ERR_INIT;

	cr_assert(read_file(path, out, &err), "%s", err.msg);
}

static const struct workflow *load_good(struct fixture *f, const char *name)
{
	struct strbuf text = STRBUF_INIT(0);
	char path[512];

	(void)snprintf(path, sizeof(path), "testdata/workflows/good/%s", name);
	slurp(path, &text);
	const struct workflow *w = load(f, name, strbuf_str(&text));

	if (f->diags.list.n) {
		diags_print(&f->diags, stderr, false);
	}
	cr_assert_not_null(w, "%s", name);
	cr_assert_eq(f->diags.list.n, 0, "%s", name);
	strbuf_release(&text);
	return w;
}

static char *diags_text(struct fixture *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	diags_print(&f->diags, out, false);
	(void)fclose(out);
	return text;
}

static int is_yml(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".yml"));
}

static bool matches_golden(const char *path, const char *got)
{
	struct strbuf want = STRBUF_INIT(0);
	char golden[1024];

	(void)snprintf(golden, sizeof(golden), "%.*s.err", (int)strlen(path) - 4, path);
	if (getenv("ACTC_UPDATE")) {
		FILE *out = fopen(golden, "w");

		cr_assert_not_null(out, "%s", golden);
		(void)fputs(got, out);
		(void)fclose(out);
		return true;
	}
	slurp(golden, &want);
	bool same = str_eq(strbuf_str(&want), str_of(got));

	if (!same) {
		(void)fprintf(stderr, "%s: got\n%s", golden, got);
	}
	strbuf_release(&want);
	return same;
}

Test(workflow, bad_files_give_the_diagnostics_beside_them)
{
	const char *dir = "testdata/workflows/bad";
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_yml, alphasort);
	size_t wrong = 0;

	cr_assert_gt(n, 0);
	for (int i = 0; i < n; i++) {
		struct strbuf text = STRBUF_INIT(0);
		struct fixture f;
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		slurp(path, &text);
		cr_assert_null(load(&f, names[i]->d_name, strbuf_str(&text)), "%s", path);
		char *got = diags_text(&f);

		wrong += !matches_golden(path, got);
		free(got);
		strbuf_release(&text);
		arena_release(&f.a);
		free(names[i]);
	}
	free(names);
	cr_assert_eq(wrong, 0, "%zu files differ", wrong);
}

static void expect(struct str got, const char *want)
{
	cr_assert(str_eq(got, str_of(want)), "got '%.*s', want '%s'", STR_ARG(got), want);
}

static struct str expr_of(const struct tok *t)
{
	cr_assert(t && t->kind == TOK_EXPR);
	return expr_text(t->u.e);
}

Test(workflow, the_root_is_read_whole)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");

	expect(w->name, "Everything once");
	expect(w->path, "everything.yml");
	expect(expr_of(w->run_name), "format('Run by {0}', github.actor)");
	cr_assert_eq(w->env->u.map.n, 2);
	expect(tok_get(w->env, STR("COUNT"))->u.s, "3");
	cr_assert(w->defaults.given && w->defaults.shell && w->defaults.working_directory);
	cr_assert(w->permissions.given && w->permissions.n == 2);
	expect(w->permissions.v[1].scope.s, "id-token");
	expect(w->permissions.v[1].level, "write");
	expect(expr_of(w->concurrency.group), "format('{0}-{1}', github.workflow, github.ref)");
	cr_assert_not(w->concurrency.queue_max);
	cr_assert_eq(w->njobs, 4);
	arena_release(&f.a);
}

Test(workflow, events_keep_their_filters_in_order)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");
	const struct event_filter *push = workflow_event(w, STR("push"));
	const struct event_filter *dispatch = workflow_event(w, STR("workflow_dispatch"));
	const struct event_filter *call = workflow_event(w, STR("workflow_call"));

	cr_assert_eq(w->nevents, 6);
	cr_assert_eq(push->branches.n, 3);
	expect(push->branches.v[2].s, "!release/old");
	cr_assert_eq(push->paths_ignore.n, 1);
	expect(workflow_event(w, STR("workflow_run"))->workflows.v[0].s, "Build");
	expect(workflow_event(w, STR("schedule"))->crons[0].timezone, "Europe/Berlin");
	cr_assert_null(workflow_event(w, STR("Push")));
	cr_assert_eq(dispatch->ninputs, 4);
	cr_assert_eq(dispatch->inputs[0].type, INPUT_CHOICE);
	cr_assert(dispatch->inputs[0].required);
	cr_assert_eq(dispatch->inputs[0].options.n, 2);
	cr_assert_eq(dispatch->inputs[1].type, INPUT_STRING);
	cr_assert_null(dispatch->inputs[1].fallback);
	cr_assert_eq(dispatch->inputs[2].fallback->u.n, 3);
	cr_assert_eq(dispatch->inputs[3].fallback->kind, TOK_BOOL);
	expect(expr_of(call->inputs[1].fallback), "vars.RETRIES");
	cr_assert(call->secrets[0].required && !call->secrets[1].required);
	expect(expr_of(call->outputs[0].value), "jobs.Build.outputs.version");
	arena_release(&f.a);
}

Test(workflow, a_regular_job_is_read_whole)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");
	const struct job_def *job = workflow_job(w, STR("BUILD"));

	expect(job->id.s, "Build");
	expect(expr_of(job->name), "format('Build {0}', matrix.os)");
	cr_assert_eq(job->runs_on->u.seq.n, 2);
	cr_assert_eq(job->timeout_minutes->u.n, 10);
	expect(expr_text(job->cond), "success()");
	cr_assert_null(job->strategy);
	cr_assert_eq(job->matrix->u.map.n, 3);
	cr_assert_eq(job->fail_fast->kind, TOK_BOOL);
	expect(job->environment_name->u.s, "staging");
	cr_assert(job->environment_url && job->environment_deployment);
	expect(job->permissions.all, "write-all");
	expect(job->concurrency.group->u.s, "build");
	cr_assert(job->defaults.given && !job->defaults.working_directory);
	cr_assert(job->container->kind == TOK_MAP && job->services->u.map.n == 2);
	cr_assert_eq(job->uses.s.len, 0);
	cr_assert_eq(job->needs.n, 0);
	job = workflow_job(w, STR("grouped"));
	expect(expr_of(job->environment_name), "github.ref_name");
	expect(tok_get(job->runs_on, STR("group"))->u.s, "org/big");
	arena_release(&f.a);
}

Test(workflow, needs_are_named_as_the_job_is_and_point_to_it)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");
	const struct job_def *call = workflow_job(w, STR("call2"));

	cr_assert_eq(call->needs.n, 2);
	expect(call->needs.v[0].s, "Build");
	cr_assert_eq(call->need_index[0], 0);
	cr_assert_eq(call->need_index[1], 1);
	arena_release(&f.a);
}

Test(workflow, a_calling_job_is_read_whole)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");
	const struct job_def *call = workflow_job(w, STR("call"));

	expect(call->uses.s, "./.github/workflows/other.yml");
	expect(expr_text(call->cond), "success() && (needs.build.result == 'success')");
	expect(call->cond_text.s, "needs.build.result == 'success'");
	cr_assert(call->secrets_inherit && !call->secrets);
	cr_assert_eq(tok_get(call->with, STR("n"))->kind, TOK_NUMBER);
	cr_assert_eq(tok_get(call->with, STR("b"))->kind, TOK_BOOL);
	call = workflow_job(w, STR("call2"));
	expect(expr_text(call->cond), "always()");
	cr_assert(!call->secrets_inherit && call->secrets->u.map.n == 1);
	expect(expr_of(call->matrix), "fromJSON(needs.build.outputs.version)");
	arena_release(&f.a);
}

/* SEMANTICS 1.2: generated ids, unique by _2, _3. */
static const struct {
	enum step_kind kind;
	const char *id;
} steps[] = {
	{ STEP_USES, "__actions_checkout" },
	{ STEP_USES, "__actions_checkout_2" },
	{ STEP_USES, "__self" },
	{ STEP_USES, "__alpine_3" },
	{ STEP_USES, "__selfRepository" },
	{ STEP_RUN, "v" },
	{ STEP_RUN, "__run" },
	{ STEP_RUN, "__run_2" },
	{ STEP_RUN, "server" },
	{ STEP_WAIT, "__wait" },
	{ STEP_WAIT_ALL, "__wait-all" },
	{ STEP_CANCEL, "__cancel" },
	{ STEP_PARALLEL, "__parallel" },
};

Test(workflow, steps_have_a_kind_and_an_id)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "everything.yml");
	const struct job_def *job = &w->jobs[0];

	cr_assert_eq(job->nsteps, sizeof(steps) / sizeof(steps[0]));
	for (size_t i = 0; i < job->nsteps; i++) {
		cr_assert_eq(job->steps[i].kind, steps[i].kind, "step %zu", i);
		expect(job->steps[i].id, steps[i].id);
		cr_assert_eq(job->steps[i].explicit_id, steps[i].id[0] != '_');
	}
	expect(tok_get(job->steps[0].with, STR("fetch-depth"))->u.s, "0");
	expect(tok_get(job->steps[0].with, STR("lfs"))->u.s, "true");
	expect(expr_text(job->steps[5].cond), "!cancelled() && hashFiles('**/*.c') != ''");
	cr_assert(job->steps[8].background && !job->steps[7].background);
	expect(job->steps[9].targets.v[0].s, "server");
	cr_assert_eq(job->steps[12].nsteps, 2);
	expect(job->steps[12].steps[1].id, "__run_2");
	arena_release(&f.a);
}

/* SEMANTICS 1.1 "Type coercion on read" and 2.8. */
Test(workflow, scalars_become_what_the_key_wants)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "strings.yml");
	const struct job_def *job = &w->jobs[0];
	const struct tok *env = job->env;

	expect(w->name, "strings.yml");
	cr_assert_eq(w->nevents, 2);
	expect(job->runs_on->u.s, "5");
	cr_assert_null(job->name, "an empty name counts as none");
	expect(expr_text(job->cond), "success() && (true)");
	expect(tok_get(env, STR("NULL_"))->u.s, "");
	expect(tok_get(env, STR("BOOL"))->u.s, "true");
	expect(tok_get(env, STR("NUM"))->u.s, "1.5");
	expect(tok_get(env, STR("BIG"))->u.s, "1.23456789012346E+19");
	expect(tok_get(env, STR("ZERO"))->u.s, "-0");
	expect(tok_get(env, STR("ESC"))->u.s, "${{");
	cr_assert_eq(env->u.map.pairs[6].key->kind, TOK_INSERT);
	cr_assert_eq(env->u.map.pairs[7].key->kind, TOK_EXPR);
	cr_assert_not(tok_is_literal(env));
	expect(job->steps[0].run->u.s, "7");
	arena_release(&f.a);
}

Test(workflow, anchors_stand_for_what_they_name)
{
	struct fixture f;
	const struct workflow *w = load_good(&f, "anchors.yml");

	cr_assert_eq(w->njobs, 3);
	expect(w->jobs[1].id.s, "two");
	cr_assert_eq(w->jobs[1].nsteps, 2);
	expect(w->jobs[1].steps[1].id, "__run_2");
	cr_assert_eq(w->jobs[2].need_index[1], 1);
	arena_release(&f.a);
}

/* An id of generated length 100 keeps its suffix within it. */
Test(workflow, generated_ids_are_cut_before_their_suffix)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	strbuf_adds(&b, STR("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"));
	for (int i = 0; i < 2; i++) {
		strbuf_adds(&b, STR("      - uses: docker://"));
		for (int k = 0; k < 120; k++) {
			strbuf_addc(&b, 'x');
		}
		strbuf_addc(&b, '\n');
	}
	const struct workflow *w = load(&f, "w.yml", strbuf_str(&b));

	cr_assert_not_null(w);
	cr_assert_eq(w->jobs[0].steps[0].id.len, 100);
	cr_assert_eq(w->jobs[0].steps[1].id.len, 100);
	cr_assert(str_ends(w->jobs[0].steps[1].id, STR("x_2")));
	arena_release(&f.a);
	strbuf_release(&b);
}

/* Many of everything that could be compared with everything: seconds would mean quadratic. */
Test(workflow, large_files_are_read_in_linear_time)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	limit_cpu(10);
	strbuf_adds(&b, STR("on: push\njobs:\n  j0: { runs-on: x }\n"));
	for (int i = 1; i < 5000; i++) {
		strbuf_addf(&b, "  j%d: { runs-on: x, needs: j%d }\n", i, i - 1);
	}
	const struct workflow *w = load(&f, "w.yml", strbuf_str(&b));

	cr_assert(w && w->njobs == 5000);
	cr_assert_eq(w->jobs[4999].need_index[0], 4998);
	arena_release(&f.a);
	strbuf_reset(&b);
	strbuf_adds(&b, STR("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"));
	for (int i = 0; i < 10000; i++) {
		strbuf_adds(&b, STR("    - run: x\n"));
	}
	w = load(&f, "w.yml", strbuf_str(&b));
	cr_assert(w && w->jobs[0].nsteps == 10000);
	expect(w->jobs[0].steps[9999].id, "__run_10000");
	arena_release(&f.a);
	strbuf_reset(&b);
	strbuf_adds(&b, STR("on: push\nenv:\n"));
	for (int i = 0; i < 20000; i++) {
		strbuf_addf(&b, "  K%d: x\n", i);
	}
	strbuf_adds(&b, STR("jobs: { a: { runs-on: x } }\n"));
	cr_assert_not_null(load(&f, "w.yml", strbuf_str(&b)));
	arena_release(&f.a);
	strbuf_release(&b);
}

static const struct {
	const char *spec;
	bool valid;
} crons[] = {
	{ "0 0 * * *", true },      { "0 000 001 * *", true },   { "2,10 4,5 * * *", true },
	{ "30 4-6 * * *", true },   { "20/15 * * * *", true },   { "28 5,*/4,6-8 * * *", true },
	{ "0 0 * * SUN-2", true },  { "0 0 1 jan-Mar *", true }, { "0   0  *  *   *", true },
	{ "0 0 * * *  ", true },    { " 0 0 * * *", true },      { "0 0 * *", false },
	{ "0 0 * * * *", false },   { "60 * * * *", false },     { "0 24 * * *", false },
	{ "0 0 0 * *", false },     { "0 0 * * 7", false },      { "0 -1 * * *", false },
	{ "0 1- * * *", false },    { "0 /1 * * *", false },     { "0 1/ * * *", false },
	{ "0 ,1 * * *", false },    { "0 1, * * *", false },     { "0 */0 * * *", false },
	{ "0 */* * * *", false },   { "0 2/4-5 * * *", false },  { "0 2-4-6 * * *", false },
	{ "0 2/4/6 * * *", false }, { "0 12-4 * * *", false },   { "0 0 * * FRI-TUE", false },
	{ "0 0 * SUN JAN", false }, { "0 0 * * BUN", false },    { "0 *-4 * * *", false },
	{ "0 0 * * */TUE", false }, { "0 ** * * *", false },     { "", false },
};

Test(workflow, schedules_are_checked)
{
	for (size_t i = 0; i < sizeof(crons) / sizeof(crons[0]); i++) {
		struct fixture f;
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "on:\n  schedule: [ { cron: '%s' } ]\njobs: { a: { runs-on: x } }\n",
			       crons[i].spec);
		bool ok = load(&f, "w.yml", str_of(text)) != NULL;

		cr_assert_eq(ok, crons[i].valid, "%s", crons[i].spec);
		arena_release(&f.a);
	}
}

static const struct {
	const char *spec;
	bool warned;
} intervals[] = {
	{ "*/4 * * * *", true },      { "*/5 * * * *", false }, { "0,2 * * * *", true },
	{ "0,10,20 * * * *", false }, { "0,58 * * * *", true }, { "* * * * *", true },
	{ "0-4 * * * *", true },      { "7 * * * *", false },   { "0-30/10 * * * *", false },
	{ "3/30 * * * *", false },
};

Test(workflow, schedules_closer_than_five_minutes_are_warned_of)
{
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		struct fixture f;
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "on:\n  schedule: [ { cron: '%s' } ]\njobs: { a: { runs-on: x } }\n",
			       intervals[i].spec);
		cr_assert_not_null(load(&f, "w.yml", str_of(text)));
		cr_assert_eq(f.diags.nwarnings == 1, intervals[i].warned, "%s", intervals[i].spec);
		arena_release(&f.a);
	}
}

/* SEMANTICS 2.9: bug-compatible, but with a warning. */
Test(workflow, text_around_a_condition_s_expression_is_warned_of)
{
	static const struct {
		const char *cond;
		size_t warnings;
	} rows[] = {
		{ "${{ github.ref == 'x' }}", 0 }, { "github.ref == 'x'", 0 },
		{ "${{ github.ref }} == 'x'", 1 }, { "|\n      ${{ github.ref == 'x' }}", 1 },
		{ "'  ${{ true }}'", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "on: push\njobs:\n  a:\n    runs-on: x\n    if: %s\n", rows[i].cond);
		cr_assert_not_null(load(&f, "w.yml", str_of(text)), "%s", rows[i].cond);
		cr_assert_eq(f.diags.nwarnings, rows[i].warnings, "%s", rows[i].cond);
		arena_release(&f.a);
	}
}

/* Errors on one long line, and a long word in each: neither time nor memory may go with the square.
 */
Test(workflow, many_errors_in_an_odd_file_stay_cheap)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	limit_cpu(10);
	strbuf_adds(&b, STR("{on: push, jobs: {a: {runs-on: x, steps: ["));
	for (int i = 0; i < 9000; i++) {
		strbuf_adds(&b, STR("{run: '${{ nope }} and some text to make the line long'},"));
	}
	strbuf_adds(&b, STR("]}}}\n"));
	cr_assert_null(load(&f, "w.yml", strbuf_str(&b)));
	cr_assert_eq(f.diags.nerrors, 9000);
	char *text = diags_text(&f);

	cr_assert(strstr(text, "8900 more like these are not shown") != NULL);
	free(text);
	arena_release(&f.a);
	strbuf_reset(&b);
	strbuf_adds(&b, STR("on: push\nenv: &long "));
	for (int i = 0; i < 500000; i++) {
		strbuf_addc(&b, 'x');
	}
	strbuf_adds(&b, STR("\njobs: {a: {runs-on: x, timeout-minutes: *long, steps: ["));
	for (int i = 0; i < 20000; i++) {
		strbuf_adds(&b, STR("*long,"));
	}
	strbuf_adds(&b, STR("]}}\n"));
	cr_assert_null(load(&f, "w.yml", strbuf_str(&b)));
	text = diags_text(&f);
	cr_assert_lt(strlen(text), 10000);
	free(text);
	arena_release(&f.a);
	strbuf_release(&b);
}
