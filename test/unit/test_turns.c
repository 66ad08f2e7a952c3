/*
 * test_turns.c - queues that processes share. Two views of one directory are as good as two
 * processes: their locks are of different open files.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/turns.h"

struct world {
	struct arena a;
	char dir[32];
	struct turns *one, *two;
};

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->dir, "/tmp/test-turns-XXXXXX");
	cr_assert_not_null(mkdtemp(w->dir));
	w->one = turns_new(&w->a, str_of(w->dir), STR("run-one"));
	w->two = turns_new(&w->a, str_of(w->dir), STR("run-two"));
	return w;
}

static void world_free(struct world *w)
{
	struct err err = ERR_INIT;

	turns_free(w->one);
	turns_free(w->two);
	cr_assert(remove_tree(w->dir, &err));
	arena_release(&w->a);
	free(w);
}

static struct turn *take(struct turns *t, const char *queue, size_t room, bool stop)
{
	struct err err = ERR_INIT;
	struct turn_wish wish = { str_of(queue), room, stop };
	struct turn *turn = turn_take(t, &wish, &err);

	cr_assert_eq(err.kind, ERR_NONE, "%s", err.msg);
	return turn;
}

/* Whether the other side has changed something, which must be told without polling. */
static bool told(struct turns *t)
{
	struct pollfd p = { .fd = turns_fd(t), .events = POLLIN };

	return poll(&p, 1, 60000) == 1;
}

Test(turns, the_second_waits_for_the_first_whatever_the_letters)
{
	struct world *w = world_new();
	struct turn *a = take(w->one, "Deploy", 1, false), *b = take(w->two, "deploy", 1, false);
	struct turn *other = take(w->two, "test", 1, false);

	cr_assert_eq(a->state, TICKET_RUNS);
	cr_assert_eq(b->state, TICKET_WAITS);
	cr_assert(str_eq(b->who, STR("run-one")), "%.*s", STR_ARG(b->who));
	cr_assert_eq(other->state, TICKET_RUNS);
	turns_update(w->two);
	cr_assert_eq(b->state, TICKET_WAITS);
	turn_leave(a);
	cr_assert(told(w->two));
	turns_update(w->two);
	cr_assert_eq(b->state, TICKET_RUNS);
	cr_assert_not(turns_waiting(w->two));
	world_free(w);
}

Test(turns, a_newcomer_takes_the_place_of_the_one_that_waits)
{
	struct world *w = world_new();
	struct turn *a = take(w->one, "q", 1, false), *b = take(w->two, "q", 1, false);
	struct turn *c = take(w->one, "q", 1, false);

	cr_assert_eq(a->state, TICKET_RUNS);
	cr_assert(told(w->two));
	turns_update(w->two);
	cr_assert_eq(b->state, TICKET_LOST);
	cr_assert_eq(c->state, TICKET_WAITS);
	cr_assert_eq(c->who.len, 0, "it waits for its own process");
	turn_leave(b);
	turn_leave(a);
	cr_assert_eq(c->state, TICKET_RUNS);
	world_free(w);
}

Test(turns, a_long_queue_keeps_the_order_of_arrival)
{
	struct world *w = world_new();
	struct turn *v[6];

	for (size_t i = 0; i < 6; i++) {
		v[i] = take(i % 2 ? w->two : w->one, "q", 100, false);
	}
	for (size_t i = 0; i < 6; i++) {
		turns_update(w->one);
		turns_update(w->two);
		for (size_t k = i; k < 6; k++) {
			cr_assert_eq(v[k]->state, k == i ? TICKET_RUNS : TICKET_WAITS, "%zu %zu", i,
				     k);
		}
		turn_leave(v[i]);
	}
	world_free(w);
}

Test(turns, the_one_that_runs_is_asked_to_stop)
{
	struct world *w = world_new();
	struct turn *a = take(w->one, "q", 1, false), *b = take(w->two, "q", 1, true);

	cr_assert(told(w->one));
	turns_update(w->one);
	cr_assert(a->stop);
	cr_assert_eq(a->state, TICKET_RUNS, "until it has stopped");
	turn_leave(a);
	turns_update(w->two);
	cr_assert_eq(b->state, TICKET_RUNS);
	cr_assert_not(b->stop);
	world_free(w);
}

/* In a child: two members, one that runs and one that waits, and then nothing. */
static pid_t start_dying(struct world *w)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct turns *t = turns_new(&w->a, str_of(w->dir), STR("dying"));

		(void)take(t, "q", 100, false);
		(void)take(t, "q", 100, false);
		cr_assert_eq(write(ready[1], "x", 1), 1);
		for (;;) {
			(void)pause();
		}
	}
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

Test(turns, a_killed_process_is_gone_at_once, .timeout = 240)
{
	struct world *w = world_new();
	pid_t pid = start_dying(w);
	struct turn *mine = take(w->one, "q", 100, false);

	cr_assert_eq(mine->state, TICKET_WAITS);
	cr_assert(str_eq(mine->who, STR("dying")));
	turns_update(w->one); /* what taking it made readable */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_assert(told(w->one));
	turns_update(w->one);
	cr_assert_eq(mine->state, TICKET_RUNS);
	world_free(w);
}

Test(turns, nothing_stays_but_the_lock)
{
	struct world *w = world_new();
	struct turn *a = take(w->one, "q", 1, false), *b = take(w->two, "q", 1, true);
	DIR *d;
	int n = 0;

	turns_update(w->one);
	turn_leave(a);
	turn_leave(b);
	d = opendir(w->dir);
	for (struct dirent *e; (e = readdir(d)) != NULL; n += e->d_name[0] != '.') {
	}
	(void)closedir(d);
	cr_assert_eq(n, 1);
	world_free(w);
}

Test(turns, without_a_directory_they_are_of_this_process)
{
	struct arena a = ARENA_INIT;
	struct turns *t = turns_new(&a, STR_EMPTY, STR_EMPTY);
	struct turn *one = take(t, "q", 1, false), *two = take(t, "q", 1, false);

	cr_assert_eq(one->state, TICKET_RUNS);
	cr_assert_eq(two->state, TICKET_WAITS);
	turn_leave(one);
	cr_assert_eq(two->state, TICKET_RUNS);
	turns_free(t);
	arena_release(&a);
}

Test(turns, a_directory_that_cannot_be_made_is_said)
{
	struct arena a = ARENA_INIT;
	struct turns *t = turns_new(&a, STR("/proc/self/no/queues"), STR_EMPTY);
	struct turn_wish wish = { STR("q"), 1, false };
	struct err err = ERR_INIT;
	struct turn *turn = turn_take(t, &wish, &err);

	cr_assert_neq(err.kind, ERR_NONE);
	cr_assert_eq(turn->state, TICKET_RUNS);
	err_release(&err);
	turns_free(t);
	arena_release(&a);
}
