/* test_environment.c - .github/act-c.yml: what it may say, and where it is wrong. */
#include <criterion/criterion.h>

#include "actc/environment.h"

struct reading {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct environments out;
	bool ok;
};

static struct reading *read_text(const char *text)
{
	struct reading *r = calloc(1, sizeof(*r));

	r->sources.arena = r->diags.arena = &r->a;
	r->diags.sources = &r->sources;
	r->ok = environments_read(&r->a,
				  sources_add(&r->sources, STR(".github/act-c.yml"), str_of(text)),
				  &r->diags, &r->out);
	return r;
}

static void done(struct reading *r)
{
	arena_release(&r->a);
	free(r);
}

Test(environment, reads_every_key)
{
	struct reading *r = read_text("environments:\n"
				      "  dev:\n"
				      "  production:\n"
				      "    reviewers: [octocat, team/ops]\n"
				      "    wait: 30\n"
				      "    branches: main\n"
				      "    secrets-file: .secrets.production\n"
				      "    vars-file: .vars.production\n"
				      "    env-file: .env.production\n");
	const struct environment *e = environments_find(&r->out, STR("Production"));

	cr_assert(r->ok);
	cr_assert_eq(r->out.n, 2);
	cr_assert_not_null(e);
	cr_assert_eq(e->reviewers.n, 2);
	cr_assert(str_eq(e->reviewers.v[1].s, STR("team/ops")));
	cr_assert_eq(e->wait_minutes, 30);
	cr_assert_eq(e->branches.n, 1);
	cr_assert(str_eq(e->secrets_file.s, STR(".secrets.production")));
	cr_assert(str_eq(e->vars_file.s, STR(".vars.production")));
	cr_assert(str_eq(e->env_file.s, STR(".env.production")));
	cr_assert_eq(environments_find(&r->out, STR("dev"))->reviewers.n, 0);
	cr_assert_null(environments_find(&r->out, STR("staging")));
	done(r);
}

static const struct {
	const char *text, *message;
	unsigned line, col;
} faults[] = {
	{ "images: {}", "Unexpected value 'images'", 1, 1 },
	{ "environments:\n  a:\n    reviewer: x", "Unexpected value 'reviewer'", 3, 5 },
	{ "environments:\n  a: {wait: soon}", "a number of minutes was expected, 43200 at most", 2,
	  13 },
	{ "environments:\n  a: {wait: -1}", "a number of minutes was expected, 43200 at most", 2,
	  13 },
	{ "environments:\n  a: {reviewers: [[x]]}", "a name, or a list of names, was expected", 2,
	  19 },
	{ "environments:\n  a: {secrets-file: [x]}", "the name of a file was expected", 2, 21 },
	{ "environments:\n  a: 1", "an environment is a mapping", 2, 6 },
	{ "environments: [a]", "environments is a mapping of names", 1, 15 },
	{ "environments:\n  a:\n  A:\n", "'A' is already defined", 3, 3 },
	{ "environments:\n  a: {wait: 1, wait: 2}", "'wait' is already defined", 2, 16 },
	{ "- a", "a mapping was expected", 1, 1 },
};

Test(environment, says_what_is_wrong_and_where)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct reading *r = read_text(faults[i].text);

		cr_expect_not(r->ok, "%s", faults[i].text);
		cr_expect_eq(r->diags.list.n, 1, "%s", faults[i].text);
		if (r->diags.list.n) {
			const struct diag *d = &r->diags.list.v[0];
			struct place p = source_place(sources_get(&r->sources, 0), d->at.lo);

			cr_expect(str_eq(d->msg, str_of(faults[i].message)), "%s: %.*s",
				  faults[i].text, STR_ARG(d->msg));
			cr_expect(p.line == faults[i].line && p.col == faults[i].col, "%s: %u:%u",
				  faults[i].text, p.line, p.col);
		}
		done(r);
	}
}

Test(environment, an_empty_file_declares_none)
{
	struct reading *r = read_text("# nothing yet\n");

	cr_assert(r->ok);
	cr_assert_eq(r->out.n, 0);
	done(r);
}

static const struct {
	const char *branches, *ref;
	bool takes;
} refs[] = {
	{ "[]", "refs/heads/x", true },
	{ "main", "refs/heads/main", true },
	{ "main", "refs/heads/maintenance", false },
	{ "[main, 'release/*']", "refs/heads/release/1", true },
	{ "[main, 'release/*']", "refs/heads/release/1/2", false },
	{ "main", "refs/tags/main", false },
	{ "refs/tags/v*", "refs/tags/v1", true },
	{ "main", "refs/pull/1/merge", false },
	{ "refs/pull/*/merge", "refs/pull/1/merge", true },
};

Test(environment, branch_rules)
{
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str text =
			arena_printf(&a, "environments: {p: {branches: %s}}", refs[i].branches);
		struct reading *r = read_text(text.p);

		cr_expect(r->ok, "%s", text.p);
		cr_expect_eq(environment_takes_ref(&r->out.v[0], str_of(refs[i].ref)),
			     refs[i].takes, "%s %s", refs[i].branches, refs[i].ref);
		done(r);
		arena_release(&a);
	}
}
