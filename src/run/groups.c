/*
 * groups.c - who runs in a concurrency group and who waits. It ends nothing itself: the schedule is
 * told whom to cancel.
 */
#include "groups.h"

#include "scope.h"

enum { NAME_MAX_CHARS = 400, QUEUE_MAX = 100 };

struct group {
	struct str name;
	struct group_member holder;
	VEC(struct group_member) waiting; /* in order of arrival */
	struct group *next;
};

static bool is_none(struct group_member m)
{
	return !m.leg && !m.scope;
}

static bool is_same(struct group_member a, struct group_member b)
{
	return a.leg == b.leg && a.scope == b.scope;
}

static bool refuse(struct run *run, struct span at, const char *msg, struct str *why)
{
	*why = run_placed(run, &(struct eval_error){ at, str_of(msg) });
	return false;
}

bool group_wish(struct run *run, const struct concurrency *c, const struct expr_env *env,
		struct group_wish *out, struct str *why)
{
	struct eval_error e = { .at = NO_SPAN };
	struct value v = value_null();

	*out = (struct group_wish){ .name = STR_EMPTY, .queue_max = c->queue_max };
	if (!c->group) {
		return true;
	}
	if (!tok_eval(run->arena, c->group, env, false, &v, &e) ||
	    !tok_eval_bool(run->arena, c->cancel_in_progress, env, &out->cancel_in_progress, &e)) {
		*why = run_placed(run, &e);
		return false;
	}
	/* The whole value may have been one expression. */
	if (v.kind == VALUE_OBJECT) {
		out->cancel_in_progress = value_truthy(value_get(v, STR("cancel-in-progress")));
		v = value_get(v, STR("group"));
	}
	out->name = value_to_str(run->arena, v);
	if (out->name.len == 0) {
		return refuse(run, c->at, "Concurrency group name cannot be empty", why);
	}
	if (out->name.len > NAME_MAX_CHARS) {
		return refuse(run, c->at, "Concurrency group name must be less than 400 characters",
			      why);
	}
	return true;
}

static struct group *find(struct run *run, struct str name)
{
	struct group *g = run->groups;

	while (g && !str_eq_nocase(g->name, name)) {
		g = g->next;
	}
	if (!g) {
		g = arena_new(run->arena, struct group);
		g->name = name;
		g->next = run->groups;
		run->groups = g;
	}
	return g;
}

/* Whether `holder` is a scope or calling leg around m: it cannot end before m has. */
static bool is_around(struct group_member holder, struct group_member m)
{
	const struct scope *scope = m.leg ? m.leg->job->scope : m.scope;

	for (; scope; scope = scope->caller ? scope->caller->job->scope : NULL) {
		if ((scope == holder.scope && scope != m.scope) ||
		    (scope->caller && scope->caller == holder.leg)) {
			return true;
		}
	}
	return false;
}

static size_t place_of(const struct group *g, struct group_member m)
{
	size_t i = 0;

	while (i < g->waiting.n && !is_same(g->waiting.v[i], m)) {
		i++;
	}
	return i;
}

static void drop(struct group *g, size_t at)
{
	for (; at + 1 < g->waiting.n; at++) {
		g->waiting.v[at] = g->waiting.v[at + 1];
	}
	g->waiting.n--;
}

/* A newcomer: the older of those that wait makes room, unless the queue is long. */
static void queue(struct run *run, struct group *g, struct group_member m,
		  const struct group_wish *wish, struct group_member *cancel,
		  struct group_member *displaced)
{
	size_t room = wish->queue_max ? QUEUE_MAX : 1;

	if (wish->cancel_in_progress) {
		*cancel = g->holder;
	}
	if (g->waiting.n >= room) {
		*displaced = g->waiting.v[0];
		drop(g, 0);
	}
	vec_push(run->arena, &g->waiting, m);
}

enum group_answer group_enter(struct run *run, struct group_member m, const struct group_wish *wish,
			      struct group_member *cancel, struct group_member *displaced)
{
	static const struct group_member none = { NULL, NULL };

	*cancel = *displaced = none;
	if (wish->name.len == 0) {
		return GROUP_ENTERED;
	}

	struct group *g = find(run, wish->name);
	size_t place = place_of(g, m);

	if (is_same(g->holder, m)) {
		return GROUP_ENTERED;
	}
	if (is_none(g->holder) && (g->waiting.n == 0 || place == 0)) {
		if (place < g->waiting.n) {
			drop(g, place);
		}
		g->holder = m;
		return GROUP_ENTERED;
	}
	if (is_around(g->holder, m)) {
		return GROUP_DEADLOCK;
	}
	if (place == g->waiting.n) {
		queue(run, g, m, wish, cancel, displaced);
	}
	return GROUP_WAITS;
}

void group_leave(struct run *run, struct group_member m)
{
	for (struct group *g = run->groups; g; g = g->next) {
		size_t place = place_of(g, m);

		if (is_same(g->holder, m)) {
			g->holder = (struct group_member){ NULL, NULL };
		}
		if (place < g->waiting.n) {
			drop(g, place);
		}
	}
}
