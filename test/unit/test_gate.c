/*
 * test_gate.c - protection rules of environments, and jobs that nothing serves: which jobs run,
 * and how the run ends. Every leg that starts succeeds; no process is made.
 */
#include <criterion/criterion.h>

#include "run/gate.h"
#include "run/schedule.h"

struct world {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct environments environments;
	struct run_workflow workflow;
	struct event_facts event;
	struct settings none;
	struct run_request request;
	struct run run;
};

static struct world *world_new(const char *text, const char *rules)
{
	struct world *w = calloc(1, sizeof(*w));
	struct run_request *r = &w->request;

	w->sources.arena = w->diags.arena = &w->arena;
	w->diags.sources = &w->sources;
	w->workflow.workflow = workflow_load(
		&w->arena, sources_add(&w->sources, STR(".github/workflows/t.yml"), str_of(text)),
		&w->diags);
	cr_assert(environments_read(
		&w->arena, sources_add(&w->sources, STR(".github/act-c.yml"), str_of(rules)),
		&w->diags, &w->environments));
	diags_print(&w->diags, stderr, false);
	cr_assert_not_null(w->workflow.workflow);
	w->event = (struct event_facts){ .event_name = STR("push"),
					 .ref = STR("refs/heads/main"),
					 .ref_name = STR("main"),
					 .ref_type = STR("branch"),
					 .repository = STR("o/r") };
	r->sources = &w->sources;
	r->nworkflows = 1;
	r->workflows = &w->workflow;
	r->environments = &w->environments;
	r->event = &w->event;
	r->secrets = r->vars = r->env = &w->none;
	r->max_jobs = 16;
	r->bus = event_bus_new();
	r->masker = masker_new();
	schedule_init(&w->run, r, &w->arena);
	return w;
}

static void world_free(struct world *w)
{
	event_bus_free(w->request.bus);
	masker_free(w->request.masker);
	arena_release(&w->arena);
	free(w);
}

static struct job_run *job(struct world *w, const char *id)
{
	const struct job_def *def = workflow_job(w->workflow.workflow, str_of(id));

	cr_assert_not_null(def, "no job %s", id);
	return &w->run.scopes->jobs[def->index];
}

/* Starts and ends what may start, until nothing may; "a b" as it was started. */
static struct str go(struct world *w)
{
	struct str started = STR_EMPTY;
	struct leg_run *leg;

	while ((leg = schedule_next(&w->run, 0)) != NULL) {
		started = arena_printf(&w->arena, "%.*s%s%.*s", STR_ARG(started),
				       started.len ? " " : "", STR_ARG(leg->name));
		schedule_ended(&w->run, leg, RESULT_SUCCESS, STR_EMPTY, NULL);
	}
	return started;
}

static void expect_started(struct world *w, const char *want)
{
	struct str started = go(w);

	cr_assert(str_eq(started, str_of(want)), "started: %.*s", STR_ARG(started));
}

static void expect_end(struct world *w, int code)
{
	struct vobject *counts = NULL;
	struct str conclusion;

	cr_assert(schedule_done(&w->run));
	cr_assert_eq(schedule_exit_code(&w->run, &counts, &conclusion), code);
}

#define STEP "    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n"

static const char deploys[] =
	"on: push\njobs:\n"
	"  staging:\n    environment: staging\n" STEP
	"  production:\n    needs: staging\n    environment: production\n" STEP
	"  after:\n    needs: production\n    if: always()\n" STEP
	"  last:\n    needs: after\n    if: always()\n" STEP
	"  notify:\n    needs: staging\n    if: always()\n" STEP;
static const char reviewed[] = "environments: {production: {reviewers: octocat}}";

Test(gate, without_an_approval_a_job_and_those_that_need_it_are_not_rehearsed)
{
	struct world *w = world_new(deploys, reviewed);

	expect_started(w, "staging notify");
	cr_assert_eq(job(w, "production")->result, RESULT_NOT_REHEARSED);
	cr_assert_eq(job(w, "after")->result, RESULT_NOT_REHEARSED);
	cr_assert_eq(job(w, "last")->result, RESULT_NOT_REHEARSED);
	expect_end(w, 0);
	world_free(w);
}

Test(gate, what_is_not_approved_is_no_failure_even_where_unserved_jobs_are)
{
	struct world *w = world_new(deploys, reviewed);

	w->request.unserved = UNSERVED_FAIL;
	expect_started(w, "staging notify");
	expect_end(w, 0);
	world_free(w);
}

Test(gate, the_approval_names_the_environment_or_all)
{
	static const struct str names[] = { STR_INIT("staging"), STR_INIT("Production") };

	for (int all = 0; all < 2; all++) {
		struct world *w = world_new(deploys, reviewed);

		w->request.approvals =
			(struct approvals){ .all = all, .v = names, .n = all ? 0 : 2 };
		expect_started(w, "staging production after last notify");
		expect_end(w, 0);
		world_free(w);
	}
}

Test(gate, a_rejected_deployment_fails_its_job)
{
	struct world *w = world_new(deploys, reviewed);

	w->request.approvals.none = true;
	expect_started(w, "staging after last notify");
	cr_assert_eq(job(w, "production")->result, RESULT_FAILURE);
	expect_end(w, 1);
	world_free(w);
}

Test(gate, a_branch_that_may_not_deploy_fails_the_job_whoever_approves)
{
	struct world *w = world_new(
		deploys, "environments: {production: {reviewers: a, branches: 'release/*'}}");

	w->request.approvals.all = true;
	expect_started(w, "staging after last notify");
	cr_assert_eq(job(w, "production")->result, RESULT_FAILURE);
	world_free(w);
}

Test(gate, one_question_is_open_at_a_time_and_each_job_has_its_own)
{
	struct world *w = world_new("on: push\njobs:\n"
				    "  one:\n    environment: production\n" STEP
				    "  two:\n    environment: production\n" STEP,
				    reviewed);

	w->request.approvals.can_ask = true;
	expect_started(w, "");
	cr_assert(gate_is_asking(&w->run));
	gate_answered(&w->run, STR("Yes\n"));
	expect_started(w, "one");
	cr_assert(gate_is_asking(&w->run));
	gate_answered(&w->run, STR("\n"));
	expect_started(w, "");
	cr_assert_not(gate_is_asking(&w->run));
	cr_assert_eq(job(w, "two")->result, RESULT_FAILURE);
	expect_end(w, 1);
	world_free(w);
}

Test(gate, legs_of_one_job_share_the_answer_and_a_missing_leg_is_missing_in_the_whole)
{
	struct world *w =
		world_new("on: push\njobs:\n"
			  "  deploy:\n    strategy: {matrix: {to: [staging, production]}}\n"
			  "    environment: {name: '${{ matrix.to }}'}\n" STEP
			  "  after:\n    needs: deploy\n" STEP,
			  reviewed);

	expect_started(w, "deploy (staging)");
	cr_assert_eq(job(w, "deploy")->result, RESULT_NOT_REHEARSED);
	cr_assert_eq(job(w, "after")->result, RESULT_NOT_REHEARSED);
	expect_end(w, 0);
	world_free(w);
}

Test(gate, a_cancelled_run_does_not_wait_for_an_answer)
{
	struct world *w = world_new(deploys, reviewed);

	w->request.approvals.can_ask = true;
	expect_started(w, "staging notify");
	w->run.cancelled = true;
	schedule_cancel(&w->run);
	expect_started(w, "after last");
	cr_assert_not(gate_is_asking(&w->run));
	cr_assert_eq(job(w, "production")->result, RESULT_CANCELLED);
	world_free(w);
}

static const char windows[] =
	"on: push\njobs:\n"
	"  win:\n    runs-on: windows-latest\n    steps: [{run: dir}]\n"
	"  linux:\n" STEP "  next:\n    needs: win\n" STEP
	"  failed:\n    needs: win\n    if: failure()\n" STEP
	"  reader:\n    needs: win\n    env: {X: '${{ needs.win.outputs.x }}'}\n"
	"    if: always()\n" STEP;

static const struct {
	enum unserved unserved;
	const char *started;
	enum result reader;
	int code;
} unserved_rows[] = {
	{ UNSERVED_ASSUME, "linux next", RESULT_NOT_REHEARSED, 0 },
	{ UNSERVED_SKIP, "linux reader", RESULT_SUCCESS, 0 },
	{ UNSERVED_FAIL, "linux failed reader", RESULT_SUCCESS, 1 },
};

Test(gate, what_an_unserved_job_is_to_the_others)
{
	for (size_t i = 0; i < sizeof(unserved_rows) / sizeof(unserved_rows[0]); i++) {
		struct world *w = world_new(windows, "");

		w->request.unserved = unserved_rows[i].unserved;
		expect_started(w, unserved_rows[i].started);
		cr_assert_eq(job(w, "win")->result, RESULT_NOT_REHEARSED);
		cr_assert_eq(job(w, "reader")->result, unserved_rows[i].reader);
		expect_end(w, unserved_rows[i].code);
		world_free(w);
	}
}
