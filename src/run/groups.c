/*
 * groups.c - who runs in a concurrency group and who waits. It ends nothing itself: the schedule is
 * told whom to cancel.
 */
#include "groups.h"

#include "actc/sha256.h"
#include "actc/turns.h"
#include "scope.h"

enum { NAME_MAX_CHARS = 400, QUEUE_MAX = 100 };

/* A member and its place in the queue. */
struct group {
	struct group_member member;
	struct turn *turn;
	bool told; /* that it is cancelled */
	bool announced;
	struct group *next;
};

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

/* --- the queues ------------------------------------------------------------------------------- */

/* GitHub's groups are a repository's: of one that has a remote, wherever it is checked out. */
static struct str shared_dir(struct run *run)
{
	const struct run_request *r = run->request;
	struct sha256 sum;
	uint8_t digest[32];
	char hex[65];

	if (!r->rundir || !r->repo || r->dry_run) {
		return STR_EMPTY;
	}

	struct str name = r->repo->remote.len ? r->event->repository : r->repo->root;

	sha256_init(&sum);
	sha256_add(&sum, name.p, name.len);
	sha256_end(&sum, digest);
	sha256_hex(digest, hex);
	return arena_printf(run->arena, "%.*s/groups/%.16s", STR_ARG(r->rundir->state), hex);
}

static struct turns *queues(struct run *run)
{
	if (!run->turns) {
		struct str name = run->request->rundir ? run->request->rundir->run_id : STR_EMPTY;

		run->turns = turns_new(run->arena, shared_dir(run), name);
	}
	return run->turns;
}

static struct group *find(struct run *run, struct group_member m)
{
	struct group *g = run->groups;

	while (g && !is_same(g->member, m)) {
		g = g->next;
	}
	return g;
}

static bool would_deadlock(struct run *run, struct group_member m, struct str name)
{
	for (const struct group *g = run->groups; g; g = g->next) {
		if (g->turn->state == TICKET_RUNS && str_ieq(g->turn->queue, name) &&
		    is_around(g->member, m)) {
			return true;
		}
	}
	return false;
}

static struct group *join(struct run *run, struct group_member m, const struct group_wish *wish)
{
	struct turn_wish want = { .queue = wish->name,
				  .room = wish->queue_max ? QUEUE_MAX : 1,
				  .stop_running = wish->cancel_in_progress };
	struct err err = ERR_INIT;
	struct group *g = arena_new(run->arena, struct group);

	g->member = m;
	g->turn = turn_take(queues(run), &want, &err);
	g->next = run->groups;
	run->groups = g;
	if (err.kind != ERR_NONE) {
		run_note(run, "warning",
			 arena_printf(run->arena,
				      "the concurrency group %.*s holds in this run only: %s",
				      STR_ARG(wish->name), err.msg));
		err_release(&err);
	}
	return g;
}

/* That it waits for something that is not seen in this run. */
static void announce(struct run *run, struct group *g)
{
	struct event e = { .kind = EVENT_JOB_WAITING };
	struct str why;

	if (g->announced || g->turn->who.len == 0) {
		return;
	}
	g->announced = true;
	why = arena_printf(run->arena, "the concurrency group %.*s is taken by the run %.*s",
			   STR_ARG(g->turn->queue), STR_ARG(g->turn->who));
	if (g->member.leg) {
		e.job = g->member.leg->path;
		e.u.job_waiting.name = g->member.leg->name;
		e.u.job_waiting.reason = why;
		run_emit(run, &e);
	} else {
		run_note(run, "info",
			 arena_printf(run->arena, "%.*s waits: %.*s",
				      STR_ARG(g->member.scope->workflow->workflow->path),
				      STR_ARG(why)));
	}
}

enum group_answer group_enter(struct run *run, struct group_member m, const struct group_wish *wish)
{
	struct group *g = find(run, m);

	if (wish->name.len == 0) {
		return GROUP_ENTERED;
	}
	if (!g && would_deadlock(run, m, wish->name)) {
		return GROUP_DEADLOCK;
	}
	g = g ? g : join(run, m, wish);
	switch (g->turn->state) {
	case TICKET_RUNS:
		return GROUP_ENTERED;
	case TICKET_LOST:
		return GROUP_DISPLACED;
	case TICKET_WAITS:
		announce(run, g);
		return would_deadlock(run, m, wish->name) ? GROUP_DEADLOCK : GROUP_WAITS;
	}
	return GROUP_WAITS;
}

void group_leave(struct run *run, struct group_member m)
{
	for (struct group **at = &run->groups; *at; at = &(*at)->next) {
		if (is_same((*at)->member, m)) {
			struct turn *turn = (*at)->turn;

			*at = (*at)->next;
			turn_leave(turn);
			return;
		}
	}
}

bool groups_cancelled(struct run *run, struct group_member *m, struct str *group)
{
	for (struct group *g = run->groups; g; g = g->next) {
		bool lost = g->turn->state == TICKET_LOST;

		if (!g->told && (lost || (g->turn->state == TICKET_RUNS && g->turn->stop))) {
			g->told = true;
			*m = g->member;
			*group = g->turn->queue;
			return true;
		}
	}
	return false;
}

int groups_fd(const struct run *run)
{
	return run->turns ? turns_fd(run->turns) : -1;
}

void groups_update(struct run *run)
{
	if (run->turns) {
		turns_update(run->turns);
	}
}

bool groups_waiting(const struct run *run)
{
	return run->turns && turns_waiting(run->turns);
}

int groups_poll_ms(const struct run *run)
{
	return groups_waiting(run) && groups_fd(run) < 0 ? TURNS_POLL_MS : 0;
}

void groups_close(struct run *run)
{
	if (run->turns) {
		turns_free(run->turns);
		run->groups = NULL;
	}
}
