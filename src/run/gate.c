/*
 * gate.c - protection rules of environments, rehearsed: who may deploy from where, and who said
 * yes. It starts and ends no leg; the schedule does.
 */
#include "gate.h"

#include "scope.h"

struct gate {
	const struct job_run *job;
	struct str environment;
	const struct leg_run *leg; /* the first one that came */
	enum gate_answer answer;
	struct str why;
	bool asked;
	struct gate *next;
};

static const struct str rejected =
	STR_INIT("The deployment was rejected or didn't satisfy other protection rules.");

bool gate_read(struct run *run, struct leg_run *leg, const struct expr_env *env,
	       struct eval_error *e)
{
	const struct tok *t = leg->job->def->environment_name;
	struct value v = value_null();

	leg->environment = leg->url = STR_EMPTY;
	if (t && !tok_eval(run->arena, t, env, false, &v, e)) {
		return false;
	}
	/* The whole value may have been one expression. */
	if (v.kind == VALUE_OBJECT) {
		leg->url = value_to_str(run->arena, value_get(v, STR("url")));
		v = value_get(v, STR("name"));
	}
	leg->environment = str_trim(value_to_str(run->arena, v));
	leg->rules = environments_find(run->request->environments, leg->environment);
	return true;
}

struct value gate_overlay(struct arena *a, struct value base, const struct settings *own)
{
	struct vobject *o = vobject_new(a, false);

	for (size_t i = 0; base.kind == VALUE_OBJECT && i < base.u.o->n; i++) {
		vobject_set(a, o, base.u.o->v[i].key, base.u.o->v[i].value);
	}
	for (size_t i = 0; i < own->n; i++) {
		vobject_set(a, o, own->v[i].name, value_str(own->v[i].value));
	}
	return value_object(o);
}

/* --- deciding --------------------------------------------------------------------------------- */

static void tell(struct run *run, const struct leg_run *leg)
{
	const struct environment *rules = leg->rules;

	if (rules->missing.len) {
		run_note(run, "warning",
			 arena_printf(run->arena, "%.*s: environment %.*s: %.*s",
				      STR_ARG(leg->path), STR_ARG(leg->environment),
				      STR_ARG(rules->missing)));
	}
	if (rules->wait_minutes > 0) {
		run_note(run, "info",
			 arena_printf(
				 run->arena,
				 "%.*s: GitHub would wait %g minutes before it deploys to %.*s; "
				 "the wait is skipped",
				 STR_ARG(leg->path), rules->wait_minutes,
				 STR_ARG(leg->environment)));
	}
}

struct str gate_ref_refused(struct run *run, const struct leg_run *leg)
{
	const struct event_facts *event = run->request->event;
	bool tag = str_eq(event->ref_type, STR("tag"));

	return arena_printf(run->arena,
			    "%s \"%.*s\" is not allowed to deploy to %.*s due to environment "
			    "protection rules. %.*s",
			    tag ? "Tag" : "Branch", STR_ARG(event->ref_name),
			    STR_ARG(leg->environment), STR_ARG(rejected));
}

static bool is_named(const struct approvals *given, struct str environment)
{
	for (size_t i = 0; i < given->n; i++) {
		if (str_ieq(given->v[i], environment)) {
			return true;
		}
	}
	return false;
}

static enum gate_answer decide(struct run *run, struct gate *g)
{
	const struct approvals *given = &run->request->approvals;
	const struct leg_run *leg = g->leg;

	if (!environment_takes_ref(leg->rules, run->request->event->ref)) {
		g->why = gate_ref_refused(run, leg);
		return GATE_REJECTED;
	}
	if (leg->rules->reviewers.n == 0 || given->all || is_named(given, g->environment)) {
		return GATE_OPEN;
	}
	if (given->none) {
		g->why = rejected;
		return GATE_REJECTED;
	}
	g->why = STR("approval needed");
	return given->can_ask ? GATE_WAITS : GATE_WITHHELD;
}

static struct gate *find(struct run *run, const struct leg_run *leg)
{
	struct gate **end = &run->gates;

	for (; *end; end = &(*end)->next) {
		if ((*end)->job == leg->job && str_ieq((*end)->environment, leg->environment)) {
			return *end;
		}
	}
	*end = arena_new(run->arena, struct gate);
	**end = (struct gate){
		.job = leg->job, .environment = leg->environment, .leg = leg, .why = STR_EMPTY
	};
	tell(run, leg);
	(*end)->answer = decide(run, *end);
	return *end;
}

enum gate_answer gate_ask(struct run *run, struct leg_run *leg, struct str *why)
{
	if (!leg->rules || run->request->dry_run) {
		return GATE_OPEN;
	}

	struct gate *g = find(run, leg);

	*why = g->why;
	if (g->answer == GATE_WITHHELD) {
		leg->placement.how = LABEL_NOT_SERVED;
		leg->placement.reason = g->why;
		leg->placement.hint = arena_printf(run->arena, "--approve %.*s approves it",
						   STR_ARG(leg->environment));
	}
	return g->answer;
}

/* --- asking ------------------------------------------------------------------------------------
 */

/* One at a time, in the order in which they came. */
static struct gate *open_question(struct run *run)
{
	struct gate *g = run->gates;

	while (g && (g->answer != GATE_WAITS || g->job->result != RESULT_NONE)) {
		g = g->next;
	}
	return g;
}

static struct str reviewers(struct run *run, const struct environment *rules)
{
	struct str text = STR_EMPTY;

	for (size_t i = 0; i < rules->reviewers.n; i++) {
		text = arena_printf(run->arena, "%.*s%s%.*s", STR_ARG(text), i ? ", " : "",
				    STR_ARG(rules->reviewers.v[i].s));
	}
	return text;
}

bool gate_is_asking(struct run *run)
{
	struct gate *g = open_question(run);

	if (g && !g->asked) {
		struct event e = { .kind = EVENT_JOB_WAITING, .job = g->leg->path };
		struct str who = reviewers(run, g->leg->rules);

		e.u.job_waiting.name = g->leg->name;
		e.u.job_waiting.reason = arena_printf(
			run->arena, "an approval is needed, on GitHub of %.*s", STR_ARG(who));
		e.u.job_waiting.question = arena_printf(
			run->arena, "Approve deployment to %.*s? [y/N]", STR_ARG(g->environment));
		run_emit(run, &e);
		g->asked = true;
	}
	return g != NULL;
}

void gate_answered(struct run *run, struct str line)
{
	struct gate *g = open_question(run);
	struct str word = str_trim(line);

	if (g) {
		bool yes = str_ieq(word, STR("y")) || str_ieq(word, STR("yes"));

		g->answer = yes ? GATE_OPEN : GATE_REJECTED;
		g->why = rejected;
	}
}
