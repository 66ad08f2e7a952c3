/* test_filter.c - which events start a workflow: GitHub's rules for types, branches, tags, paths
 * and commits that ask to be skipped, as a table. */
#include <criterion/criterion.h>

#include "actc/filter.h"

#define PUSH "on: {push: {"
#define PULL "on: {pull_request: {"

static const struct {
	const char *on;
	const char *event, *ref;
	const char *action, *message;
	const char *files[5]; /* the first NULL: no diff could be made */
	const char *want;     /* "" = it runs; else "filter pattern" */
} rows[] = {
	/* ref rules of push: "only tags: branches do not start it, and the other way round" */
	{ "on: push", "push", "refs/heads/x", "", "", { NULL }, "" },
	{ "on: push", "push", "refs/tags/v1", "", "", { NULL }, "" },
	{ PUSH "branches: [main]}}", "push", "refs/heads/main", "", "", { NULL }, "" },
	{ PUSH "branches: [main]}}", "push", "refs/heads/dev", "", "", { NULL }, "branches " },
	{ PUSH "branches: [main]}}", "push", "refs/tags/main", "", "", { NULL }, "branches " },
	{ PUSH "branches-ignore: [x]}}",
	  "push",
	  "refs/tags/v1",
	  "",
	  "",
	  { NULL },
	  "branches-ignore " },
	{ PUSH "tags: [v1]}}", "push", "refs/heads/v1", "", "", { NULL }, "tags " },
	{ PUSH "tags: [v1]}}", "push", "refs/tags/v1", "", "", { NULL }, "" },
	{ PUSH "tags: [v*], branches: [main]}}", "push", "refs/tags/v1", "", "", { NULL }, "" },
	{ PUSH "tags: [v*], branches: [main]}}", "push", "refs/heads/main", "", "", { NULL }, "" },
	{ PUSH "tags: [v*], branches: [main]}}",
	  "push",
	  "refs/heads/v1",
	  "",
	  "",
	  { NULL },
	  "branches " },
	{ PUSH "tags-ignore: [v2]}}", "push", "refs/tags/v2", "", "", { NULL }, "tags-ignore v2" },
	{ PUSH "tags-ignore: [v2]}}", "push", "refs/tags/v1", "", "", { NULL }, "" },
	/* the last pattern that matches decides */
	{ PUSH "branches: ['releases/**', '!releases/**-alpha']}}",
	  "push",
	  "refs/heads/releases/10",
	  "",
	  "",
	  { NULL },
	  "" },
	{ PUSH "branches: ['releases/**', '!releases/**-alpha']}}",
	  "push",
	  "refs/heads/releases/beta/3-alpha",
	  "",
	  "",
	  { NULL },
	  "branches !releases/**-alpha" },
	{ PUSH "branches: ['**', '!dev*', dev1]}}",
	  "push",
	  "refs/heads/dev1",
	  "",
	  "",
	  { NULL },
	  "" },
	{ PUSH "branches: ['!x']}}", "push", "refs/heads/main", "", "", { NULL }, "branches " },
	{ PUSH "branches-ignore: [main, 'mona/octocat', 'releases/**-alpha']}}",
	  "push",
	  "refs/heads/mona/octocat",
	  "",
	  "",
	  { NULL },
	  "branches-ignore mona/octocat" },
	{ PUSH "branches-ignore: ['dev*']}}", "push", "refs/heads/main", "", "", { NULL }, "" },
	/* of a pull request it is the base branch */
	{ PULL "branches: ['releases/**']}}",
	  "pull_request",
	  "releases/1",
	  "opened",
	  "",
	  { NULL },
	  "" },
	{ PULL "branches: ['releases/**']}}",
	  "pull_request",
	  "main",
	  "opened",
	  "",
	  { NULL },
	  "branches " },
	/* types */
	{ "on: pull_request", "pull_request", "main", "opened", "", { NULL }, "" },
	{ "on: pull_request", "pull_request", "main", "synchronize", "", { NULL }, "" },
	{ "on: pull_request", "pull_request", "main", "closed", "", { NULL }, "types " },
	{ PULL "types: [closed]}}", "pull_request", "main", "closed", "", { NULL }, "" },
	{ PULL "types: [closed]}}", "pull_request", "main", "opened", "", { NULL }, "types " },
	{ "on: {release: {types: published}}", "release", "", "created", "", { NULL }, "types " },
	{ "on: release", "release", "", "created", "", { NULL }, "" },
	/* paths: one file that matches is enough */
	{ PUSH "paths: ['**.js']}}", "push", "refs/heads/x", "", "", { "a.md", "b/c.js" }, "" },
	{ PUSH "paths: ['**.js']}}", "push", "refs/heads/x", "", "", { "a.md" }, "paths " },
	{ PUSH "paths: ['*.md', '!README.md']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "README.md" },
	  "paths !README.md" },
	{ PUSH "paths: ['*.md', '!README.md']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "README.md", "hello.md" },
	  "" },
	{ PUSH "paths: ['*.md', '!README.md', 'README*']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "README.md" },
	  "" },
	{ PUSH "paths: ['sub-project/**', '!sub-project/docs/**']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "sub-project/docs/readme.md" },
	  "paths !sub-project/docs/**" },
	{ PUSH "paths: ['a']}}", "push", "refs/heads/x", "", "", { NULL }, "" },
	/* paths-ignore: all of them have to match */
	{ PUSH "paths-ignore: ['docs/**']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "docs/a", "docs/b" },
	  "paths-ignore docs/**" },
	{ PUSH "paths-ignore: ['docs/**']}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "docs/a", "b" },
	  "" },
	/* both have to pass; tags have no paths */
	{ PUSH "branches: [main], paths: [a]}}",
	  "push",
	  "refs/heads/main",
	  "",
	  "",
	  { "b" },
	  "paths " },
	{ PUSH "branches: [main], paths: [a]}}",
	  "push",
	  "refs/heads/x",
	  "",
	  "",
	  { "a" },
	  "branches " },
	{ PUSH "paths: [a]}}", "push", "refs/tags/v1", "", "", { "b" }, "" },
	{ PULL "paths: [a]}}", "pull_request", "main", "opened", "", { "b" }, "paths " },
	/* commits that ask for it */
	{ "on: push", "push", "refs/heads/x", "", "fix [skip ci]", { NULL }, "message " },
	{ "on: push", "push", "refs/heads/x", "", "[no ci] fix\n\nbody", { NULL }, "message " },
	{ "on: push",
	  "push",
	  "refs/heads/x",
	  "",
	  "a\n\n\nskip-checks: true\n",
	  { NULL },
	  "message " },
	{ "on: push", "push", "refs/heads/x", "", "a\n\n\nskip-checks:true", { NULL }, "message " },
	{ "on: push", "push", "refs/heads/x", "", "a\nskip-checks: true", { NULL }, "" },
	{ "on: push", "push", "refs/heads/x", "", "skip ci", { NULL }, "" },
	{ "on: pull_request",
	  "pull_request",
	  "main",
	  "opened",
	  "[actions skip]",
	  { NULL },
	  "message " },
	{ "on: release", "release", "", "created", "[skip ci]", { NULL }, "" },
	{ "on: {workflow_run: {workflows: [CI], branches: [main]}}",
	  "workflow_run",
	  "dev",
	  "completed",
	  "",
	  { NULL },
	  "branches " },
};

static struct str outcome(struct arena *a, size_t i)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	struct str text =
		arena_printf(a, "%s\njobs: {j: {runs-on: x, steps: [{run: x}]}}\n", rows[i].on);
	const struct workflow *w =
		workflow_load(a, sources_add(&sources, STR("w.yml"), text), &diags);
	struct str files[5];
	struct changed_files changes = { .v = files, .why = STR("since then") };
	struct filter_event e = { .event = str_of(rows[i].event),
				  .action = str_of(rows[i].action),
				  .ref = str_of(rows[i].ref),
				  .message = str_of(rows[i].message),
				  .changes = &changes };
	struct filter_verdict v;

	cr_assert(w, "row %zu: %s", i, rows[i].on);
	for (; changes.n < 5 && rows[i].files[changes.n]; changes.n++) {
		files[changes.n] = str_of(rows[i].files[changes.n]);
	}
	changes.known = changes.n > 0;
	filter_check(a, &w->events[0], &e, &v);
	cr_expect_eq(v.runs, v.reason.len == 0, "row %zu: no reason", i);
	return v.runs ? STR_EMPTY
		      : arena_printf(a, "%.*s %.*s", STR_ARG(v.filter), STR_ARG(v.pattern));
}

Test(filter, rules)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = outcome(&a, i);

		cr_expect(str_eq(got, str_of(rows[i].want)), "row %zu: %s, %s: '%.*s'", i,
			  rows[i].on, rows[i].ref, STR_ARG(got));
		arena_release(&a);
	}
}

static struct filter_verdict look(struct arena *a, const char *on, size_t nfiles)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	struct str text = arena_printf(a, "%s\njobs: {j: {runs-on: x, steps: [{run: x}]}}\n", on);
	const struct workflow *w =
		workflow_load(a, sources_add(&sources, STR("w.yml"), text), &diags);
	struct str *files = arena_array(a, struct str, nfiles);
	struct changed_files changes = { .known = true, .v = files, .n = nfiles };
	struct filter_event e = { .event = STR("push"),
				  .ref = STR("refs/heads/main"),
				  .changes = &changes };
	struct filter_verdict v;

	cr_assert(w);
	for (size_t i = 0; i < nfiles; i++) {
		files[i] = arena_printf(a, "f%zu", i);
	}
	filter_check(a, &w->events[0], &e, &v);
	return v;
}

static struct str by_schedule(struct arena *a, const char *cron)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	const struct workflow *w = workflow_load(
		a,
		sources_add(&sources, STR("w.yml"),
			    STR("on: {schedule: [{cron: 0 1 * * *}, {cron: 5 4 * * 1}]}\n"
				"jobs: {j: {runs-on: x, steps: [{run: x}]}}\n")),
		&diags);
	struct filter_event e = { .event = STR("schedule"), .cron = str_of(cron) };
	struct filter_verdict v;

	cr_assert(w);
	filter_check(a, &w->events[0], &e, &v);
	return v.runs ? STR_EMPTY : v.reason;
}

Test(filter, a_schedule_starts_its_own_workflows)
{
	struct arena a = { 0 };

	cr_expect(by_schedule(&a, "").len == 0, "no schedule is named: any may be meant");
	cr_expect(by_schedule(&a, "0 1 * * *").len == 0);
	cr_expect(by_schedule(&a, "5 4 * * 1").len == 0);
	cr_expect(str_eq(by_schedule(&a, "5 4 * * 2"),
			 STR("`schedule` ('0 1 * * *', '5 4 * * 1') does not have '5 4 * * 2'")));
	arena_release(&a);
}

Test(filter, a_diff_has_300_files)
{
	struct arena a = ARENA_INIT;

	cr_expect(look(&a, PUSH "paths: [f299]}}", 400).runs);
	cr_expect(!look(&a, PUSH "paths: [f300]}}", 400).runs);
	cr_expect(!look(&a, PUSH "paths: [f0]}}", 0).runs, "no file changed");
	arena_release(&a);
}

Test(filter, the_reason_names_pattern_and_ref)
{
	struct arena a = ARENA_INIT;
	struct filter_verdict v = look(&a, PUSH "branches: [dev, 'm*', '!ma*']}}", 0);

	cr_expect_str_eq(arena_cstr(&a, v.reason),
			 "the pattern '!ma*' of `branches` excludes the branch main");
	cr_expect_eq(v.at.lo, strlen(PUSH "branches: [dev, 'm*', "));
	arena_release(&a);
}

Test(filter, invalid_patterns_are_diagnostics)
{
	struct arena a = ARENA_INIT;
	struct sources sources = { .arena = &a };
	struct diags diags = { .arena = &a, .sources = &sources };
	struct str text = STR(PUSH "tags: ['v[1']}}\njobs: {j: {runs-on: x, steps: [{run: x}]}}\n");
	const struct workflow *w =
		workflow_load(&a, sources_add(&sources, STR("w.yml"), text), &diags);

	cr_assert(w);
	cr_expect(!filter_patterns_valid(&w->events[0], &diags));
	cr_assert_eq(diags.nerrors, 1);
	cr_expect_str_eq(diags.list.v[0].kind, "glob");
	arena_release(&a);
}
