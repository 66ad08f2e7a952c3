/*
 * What GitHub's language got since 2024 (SEMANTICS 10), part by part, from the model of
 * testdata/workflows/good/language.yml. What is refused stands in testdata/workflows/bad.
 */
#include <criterion/criterion.h>

#include "actc/file.h"
#include "actc/strbuf.h"
#include "actc/workflow.h"

static struct arena arena;
static const struct workflow *w;

static void read_language(void)
{
	struct sources *sources;
	struct diags *diags;
	struct strbuf text = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	arena = (struct arena)ARENA_INIT;
	sources = arena_new(&arena, struct sources);
	diags = arena_new(&arena, struct diags);
	sources->arena = &arena;
	diags->arena = &arena;
	diags->sources = sources;
	cr_assert(read_file("testdata/workflows/good/language.yml", &text, &err));
	w = workflow_load(&arena, sources_add(sources, STR("language.yml"), strbuf_str(&text)),
			  diags);
	strbuf_release(&text);
	cr_assert(w);
}

static void forget_language(void)
{
	arena_release(&arena);
}

TestSuite(language, .init = read_language, .fini = forget_language);

static const struct job_def *job(const char *id)
{
	const struct job_def *found = workflow_job(w, str_of(id));

	cr_assert(found, "%s", id);
	return found;
}

static void expect(struct str got, const char *want)
{
	cr_assert(str_eq(got, str_of(want)), "got '%.*s', want '%s'", STR_ARG(got), want);
}

static void expect_text(const struct tok *t, const char *want)
{
	cr_assert(t);
	expect(tok_text(&arena, t), want);
}

Test(language, schedules_have_a_timezone)
{
	const struct event_filter *e = workflow_event(w, STR("schedule"));

	expect(e->crons[0].spec.s, "15 7 * * 1");
	expect(e->crons[0].timezone, "America/New_York");
}

Test(language, a_dispatch_has_up_to_25_inputs)
{
	const struct event_filter *e = workflow_event(w, STR("workflow_dispatch"));

	cr_assert_eq(e->ninputs, 25);
	cr_assert_eq(e->inputs[4].type, INPUT_NUMBER);
	cr_assert_eq(e->inputs[3].type, INPUT_STRING);
}

Test(language, images_are_an_event)
{
	const struct event_filter *e = workflow_event(w, STR("image_version"));

	expect(e->names.v[0].s, "mine");
	expect(e->versions.v[0].s, "2.*");
	expect(e->types.v[0].s, "ready");
}

Test(language, permissions_have_all_scopes)
{
	cr_assert_eq(w->permissions.n, 20);
	expect(w->permissions.v[6].scope.s, "copilot-requests");
	expect(w->permissions.v[6].level, "write");
}

Test(language, caches_have_a_mode)
{
	expect(w->cache_mode, "read");
	expect(job("build")->cache_mode, "write-only");
	expect(job("call")->cache_mode, "none");
}

Test(language, a_concurrency_group_has_a_queue)
{
	expect_text(w->concurrency.group, "deploy");
	cr_assert(w->concurrency.queue_max);
	cr_assert_not(job("build")->concurrency.queue_max);
}

Test(language, case_is_a_function)
{
	const struct tok *colour = tok_get(w->env, STR("COLOUR"));

	cr_assert_eq(colour->kind, TOK_EXPR);
	cr_assert(str_starts(expr_text(colour->u.e), STR("case(")));
}

Test(language, anchors_may_stand_for_a_mapping_or_a_whole_job)
{
	const struct tok *again = tok_get(job("again")->env, STR("COLOUR"));

	cr_assert_eq(again->kind, TOK_EXPR);
	cr_assert_eq(job("again")->nsteps, job("build")->nsteps);
}

Test(language, insert_puts_a_mapping_into_another)
{
	const struct tok *env = job("merged")->env;

	cr_assert_eq(env->u.map.n, 1);
	cr_assert_eq(env->u.map.pairs[0].key->kind, TOK_INSERT);
	cr_assert_eq(env->u.map.pairs[0].value->kind, TOK_EXPR);
}

Test(language, an_environment_may_do_without_a_deployment)
{
	const struct tok *deployment = job("build")->environment_deployment;

	cr_assert(deployment && deployment->kind == TOK_BOOL && !deployment->u.b);
}

Test(language, a_job_may_make_an_image)
{
	const struct tok *snapshot = job("build")->snapshot;

	expect_text(tok_get(snapshot, STR("image-name")), "mine");
	expect_text(tok_get(snapshot, STR("version")), "2.*");
}

Test(language, services_have_an_entrypoint_and_a_command)
{
	const struct tok *db = tok_get(job("build")->services, STR("db"));

	expect_text(tok_get(db, STR("entrypoint")), "/bin/db");
	expect_text(tok_get(db, STR("command")), "--fast");
}

Test(language, references_may_start_at_the_file_s_own_repository)
{
	expect(job("build")->steps[0].uses.s, "$/actions/mine");
	expect(job("build")->steps[0].id, "__selfRepository");
	expect(job("call")->uses.s, "$/.github/workflows/other.yml");
}

Test(language, steps_may_go_on_in_the_background)
{
	const struct step_def *steps = job("build")->steps;

	cr_assert(steps[1].background);
	cr_assert_eq(steps[2].kind, STEP_WAIT);
	expect(steps[2].targets.v[0].s, "server");
	cr_assert_eq(steps[3].kind, STEP_WAIT_ALL);
	cr_assert_eq(steps[4].kind, STEP_CANCEL);
	expect(steps[4].targets.v[0].s, "server");
	cr_assert_eq(steps[5].kind, STEP_PARALLEL);
	cr_assert_eq(steps[5].nsteps, 2);
	cr_assert_eq(steps[5].steps[1].kind, STEP_USES);
}
