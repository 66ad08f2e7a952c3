/*
 * Unit tests of scheduling (SEMANTICS 9): a workflow text, legs started and ended by hand, no
 * process.
 */
#include <criterion/criterion.h>

#include "run/schedule.h"

struct world {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct run_workflow workflow;
	struct event_facts event;
	struct settings none;
	struct run_request request;
	struct run run;
	struct leg_run *cancelled; /* the last one */
};

static struct world *world_new(const char *text)
{
	struct world *w = calloc(1, sizeof(*w));
	struct run_request *r = &w->request;

	w->sources.arena = w->diags.arena = &w->arena;
	w->diags.sources = &w->sources;

	uint32_t file = sources_add(&w->sources, STR(".github/workflows/t.yml"), str_of(text));

	w->workflow.workflow = workflow_load(&w->arena, file, &w->diags);
	diags_print(&w->diags, stderr, false);
	cr_assert_not_null(w->workflow.workflow);
	w->event = (struct event_facts){ .event_name = STR("push"), .repository = STR("o/r") };
	r->sources = &w->sources;
	r->nworkflows = 1;
	r->workflows = &w->workflow;
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

/* Starts the next leg, which must be called `name`. */
static struct leg_run *start(struct world *w, const char *name)
{
	struct leg_run *leg = schedule_next(&w->run, 0);

	cr_assert_not_null(leg, "nothing starts where %s should", name);
	cr_assert(str_eq(leg->name, str_of(name)), "%.*s starts, not %s", STR_ARG(leg->name), name);
	return leg;
}

static void on_cancel(void *ctx, struct leg_run *leg)
{
	struct world *w = ctx;

	w->cancelled = leg;
}

/* True when ending it cancelled a leg that runs. */
static bool end(struct world *w, struct leg_run *leg, enum result result)
{
	w->cancelled = NULL;
	w->run.cancel_leg = on_cancel;
	w->run.ctx = w;
	schedule_ended(&w->run, leg, result, STR_EMPTY, NULL);
	return w->cancelled != NULL;
}

static int exit_code(struct world *w)
{
	struct vobject *counts = NULL;
	struct str conclusion;

	cr_assert(schedule_done(&w->run));
	return schedule_exit_code(&w->run, &counts, &conclusion);
}

#define STEP "    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n"

Test(schedule, a_job_starts_when_its_last_need_ends_whatever_its_layer)
{
	struct world *w = world_new("on: push\njobs:\n"
				    "  quick:\n" STEP "  slow:\n" STEP
				    "  after-quick:\n    needs: quick\n" STEP
				    "  last:\n    needs: [after-quick, slow]\n" STEP);
	struct leg_run *quick = start(w, "quick"), *slow = start(w, "slow");

	cr_assert_null(schedule_next(&w->run, 2));
	end(w, quick, RESULT_SUCCESS);

	struct leg_run *after = start(w, "after-quick");

	end(w, after, RESULT_SUCCESS);
	cr_assert_null(schedule_next(&w->run, 1));
	end(w, slow, RESULT_SUCCESS);
	end(w, start(w, "last"), RESULT_SUCCESS);
	cr_assert_eq(exit_code(w), 0);
	world_free(w);
}

Test(schedule, success_looks_at_all_ancestors_through_a_skipped_one)
{
	/* "a skipped ancestor makes it false, even when the direct parent ran by always()" */
	struct world *w =
		world_new("on: push\njobs:\n"
			  "  a:\n    if: false\n" STEP "  b:\n    needs: a\n    if: always()\n" STEP
			  "  c:\n    needs: b\n" STEP
			  "  d:\n    needs: b\n    if: ${{ !cancelled() }}\n" STEP);

	end(w, start(w, "b"), RESULT_SUCCESS);
	end(w, start(w, "d"), RESULT_SUCCESS);
	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(job(w, "a")->result, RESULT_SKIPPED);
	cr_assert_eq(job(w, "c")->result, RESULT_SKIPPED);
	cr_assert_eq(exit_code(w), 0);
	world_free(w);
}

Test(schedule, failure_runs_the_notifier_and_fails_the_run)
{
	struct world *w = world_new("on: push\njobs:\n"
				    "  build:\n" STEP "  deploy:\n    needs: build\n" STEP
				    "  notify:\n    needs: [deploy]\n    if: failure()\n" STEP);

	end(w, start(w, "build"), RESULT_FAILURE);
	end(w, start(w, "notify"), RESULT_SUCCESS);
	cr_assert_eq(job(w, "deploy")->result, RESULT_SKIPPED);
	cr_assert_eq(exit_code(w), 1);
	world_free(w);
}

Test(schedule, continue_on_error_shows_success_to_those_that_need_it)
{
	struct world *w =
		world_new("on: push\njobs:\n"
			  "  a:\n    continue-on-error: true\n" STEP "  b:\n    needs: a\n"
			  "    if: needs.a.result == 'success'\n" STEP);

	end(w, start(w, "a"), RESULT_FAILURE);
	end(w, start(w, "b"), RESULT_SUCCESS);
	cr_assert_eq(exit_code(w), 0);
	world_free(w);
}

Test(schedule, fail_fast_cancels_running_and_waiting_legs)
{
	struct world *w = world_new("on: push\njobs:\n  m:\n    strategy:\n      max-parallel: 2\n"
				    "      matrix: {n: [1, 2, 3]}\n" STEP);
	struct leg_run *one = start(w, "m (1)"), *two = start(w, "m (2)");

	cr_assert_null(schedule_next(&w->run, 2), "max-parallel is not obeyed");
	cr_assert(end(w, one, RESULT_FAILURE), "the sibling is not cancelled");
	cr_assert_not(end(w, two, RESULT_CANCELLED));
	cr_assert_eq(job(w, "m")->legs[2].result, RESULT_CANCELLED);
	cr_assert_eq(job(w, "m")->result, RESULT_FAILURE);
	cr_assert_eq(exit_code(w), 1);
	world_free(w);
}

Test(schedule, a_leg_with_continue_on_error_does_not_trip_fail_fast)
{
	struct world *w = world_new("on: push\njobs:\n  m:\n"
				    "    continue-on-error: ${{ matrix.n == 1 }}\n"
				    "    strategy:\n      matrix: {n: [1, 2]}\n" STEP);
	struct leg_run *one = start(w, "m (1)");

	cr_assert_not(end(w, one, RESULT_FAILURE));
	end(w, start(w, "m (2)"), RESULT_SUCCESS);
	cr_assert_eq(job(w, "m")->result, RESULT_SUCCESS);
	cr_assert_eq(exit_code(w), 0);
	world_free(w);
}

Test(schedule, outputs_of_legs_are_merged_by_the_last_that_is_not_empty)
{
	struct world *w =
		world_new("on: push\njobs:\n  m:\n    strategy:\n      matrix: {n: [1, 2]}\n"
			  "    outputs: {x: '', y: ''}\n" STEP "  use:\n    needs: m\n"
			  "    name: got ${{ needs.m.outputs.x }}${{ needs.m.outputs.y }}\n" STEP);
	struct leg_run *one = start(w, "m (1)"), *two = start(w, "m (2)");
	struct vobject *first = vobject_new(&w->arena, false),
		       *second = vobject_new(&w->arena, false);

	vobject_set(&w->arena, first, STR("x"), value_str(STR("from-2")));
	vobject_set(&w->arena, second, STR("x"), value_str(STR("")));
	vobject_set(&w->arena, second, STR("y"), value_str(STR("!")));
	schedule_ended(&w->run, two, RESULT_SUCCESS, STR_EMPTY, first);
	schedule_ended(&w->run, one, RESULT_SUCCESS, STR_EMPTY, second);
	end(w, start(w, "got from-2!"), RESULT_SUCCESS);
	world_free(w);
}

Test(schedule, a_label_that_nothing_serves_is_assumed_to_work_unless_its_outputs_are_read)
{
	struct world *w = world_new(
		"on: push\njobs:\n"
		"  win:\n    runs-on: windows-latest\n    steps: [{run: x}]\n"
		"    outputs: {v: '1'}\n"
		"  after:\n    needs: win\n    if: needs.win.result == 'success'\n" STEP
		"  reads:\n    needs: win\n    env: {V: '${{ needs.win.outputs.v }}'}\n" STEP);

	end(w, start(w, "after"), RESULT_SUCCESS);
	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(job(w, "win")->result, RESULT_NOT_REHEARSED);
	cr_assert_eq(job(w, "reads")->result, RESULT_NOT_REHEARSED);
	cr_assert_eq(exit_code(w), 0);
	world_free(w);
}

Test(schedule, nothing_rehearsed_is_exit_status_5)
{
	struct world *w = world_new(
		"on: push\njobs:\n  mac:\n    runs-on: macos-14\n    steps: [{run: x}]\n");

	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(exit_code(w), 5);
	world_free(w);
}

Test(schedule, a_job_that_cannot_be_set_up_fails_and_the_run_goes_on)
{
	struct world *w =
		world_new("on: push\njobs:\n"
			  "  bad:\n    strategy: {matrix: '${{ fromJSON(''{]'') }}'}\n" STEP
			  "  empty:\n    strategy: {matrix: {n: '${{ fromJSON(''[]'') }}'}}\n" STEP
			  "  always:\n    needs: [bad, empty]\n    if: always()\n" STEP);

	end(w, start(w, "always"), RESULT_SUCCESS);
	cr_assert_eq(job(w, "bad")->result, RESULT_FAILURE);
	cr_assert_eq(job(w, "empty")->result, RESULT_FAILURE);
	cr_assert_eq(exit_code(w), 1);
	world_free(w);
}

Test(schedule, cancelling_ends_what_waits_and_keeps_always)
{
	struct world *w = world_new("on: push\njobs:\n  a:\n" STEP "  b:\n    needs: a\n" STEP
				    "  c:\n    needs: a\n    if: always()\n" STEP
				    "  d:\n    needs: a\n    if: cancelled()\n" STEP);
	struct leg_run *a = start(w, "a");

	w->run.cancelled = true;
	schedule_cancel(&w->run);
	cr_assert_not(schedule_survives_cancel(&w->run, job(w, "a")));
	end(w, a, RESULT_CANCELLED);
	end(w, start(w, "c"), RESULT_SUCCESS);
	end(w, start(w, "d"), RESULT_SUCCESS);
	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(job(w, "b")->result, RESULT_CANCELLED);
	world_free(w);
}

#define GROUP(extra) "    concurrency: {group: g" extra "}\n"

Test(schedule, one_member_of_a_concurrency_group_runs_and_one_waits)
{
	/* "single (default) keeps at most one pending, newest replaces" */
	struct world *w = world_new("on: push\njobs:\n  a:\n" GROUP("") STEP "  b:\n" GROUP("") STEP
				    "  c:\n    concurrency: G\n" STEP "  free:\n" STEP);
	struct leg_run *a = start(w, "a"), *unbound = start(w, "free");

	cr_assert_null(schedule_next(&w->run, 2));
	cr_assert_eq(job(w, "b")->result, RESULT_CANCELLED, "b is replaced by c");
	end(w, unbound, RESULT_SUCCESS);
	cr_assert_null(schedule_next(&w->run, 1));
	end(w, a, RESULT_SUCCESS);
	end(w, start(w, "c"), RESULT_SUCCESS);
	cr_assert_eq(exit_code(w), 1, "a run with a cancelled job did not go well");
	world_free(w);
}

Test(schedule, a_long_queue_runs_in_order)
{
	struct world *w =
		world_new("on: push\njobs:\n  a:\n" GROUP(", queue: max") STEP
			  "  b:\n" GROUP(", queue: max") STEP "  c:\n" GROUP(", queue: max") STEP);
	struct leg_run *a = start(w, "a");

	cr_assert_null(schedule_next(&w->run, 1));
	end(w, a, RESULT_SUCCESS);

	struct leg_run *b = start(w, "b");

	cr_assert_null(schedule_next(&w->run, 1));
	end(w, b, RESULT_SUCCESS);
	end(w, start(w, "c"), RESULT_SUCCESS);
	world_free(w);
}

Test(schedule, cancel_in_progress_cancels_the_one_that_runs)
{
	struct world *w = world_new("on: push\njobs:\n  a:\n" GROUP("") STEP
				    "  b:\n" GROUP(", cancel-in-progress: true") STEP);
	struct leg_run *a = start(w, "a");

	w->run.cancel_leg = on_cancel;
	w->run.ctx = w;
	cr_assert_null(schedule_next(&w->run, 1));
	cr_assert_eq(w->cancelled, a);
	end(w, a, RESULT_CANCELLED);
	end(w, start(w, "b"), RESULT_SUCCESS);
	world_free(w);
}

Test(schedule, a_group_without_a_name_fails_its_job)
{
	struct world *w =
		world_new("on: push\njobs:\n  a:\n    concurrency: ${{ github.head_ref }}\n" STEP);

	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(job(w, "a")->result, RESULT_FAILURE);
	world_free(w);
}

Test(schedule, a_run_that_stops_at_once_starts_nothing_more)
{
	struct world *w = world_new("on: push\njobs:\n  a:\n" STEP
				    "  b:\n    needs: a\n    if: always()\n" STEP);
	struct leg_run *a = start(w, "a");

	w->run.cancelled = true;
	schedule_stop(&w->run);
	end(w, a, RESULT_CANCELLED);
	cr_assert_null(schedule_next(&w->run, 0));
	cr_assert_eq(job(w, "b")->result, RESULT_CANCELLED);
	world_free(w);
}
