/* Unit tests of run directories: identity of the home, life of a run, what is kept and removed. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/rundir.h"

struct fixture {
	char base[64];
	struct arena a;
	struct err err;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .a = ARENA_INIT, .err = ERR_INIT };
	(void)snprintf(f->base, sizeof(f->base), "/tmp/actc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(f->base));
	(void)setenv("XDG_STATE_HOME", f->base, 1);
}

static void fixture_release(struct fixture *f)
{
	cr_assert(remove_tree(f->base, &f->err), "%s", f->err.msg);
	arena_release(&f->a);
}

static bool there(struct fixture *f, struct str path)
{
	return access(arena_cstr(&f->a, path), F_OK) == 0;
}

/* An ended run of the past, by hand. */
static struct str old_run(struct fixture *f, const struct rundir *d, const char *id, bool unclean)
{
	struct str path = arena_printf(&f->a, "%.*s/runs/%s", STR_ARG(d->state), id);
	const char *dir = arena_printf(&f->a, "%.*s%s", STR_ARG(path), unclean ? "/tmp" : "").p;

	cr_assert(make_dirs(dir, 0700, &f->err));
	cr_assert(write_file(arena_printf(&f->a, "%.*s/lock", STR_ARG(path)).p, STR(""), 0600,
			     &f->err));
	return path;
}

Test(rundir, the_home_id_is_made_once_and_random)
{
	struct fixture f;
	struct rundir a, b;

	fixture_init(&f);
	cr_assert(rundir_home(&f.a, &a, &f.err));
	cr_assert(rundir_home(&f.a, &b, &f.err));
	cr_assert_eq(a.home_id.len, 32);
	cr_assert(str_eq(a.home_id, b.home_id));
	cr_assert_eq(a.run_id.len, 0);
	cr_assert(remove_tree(f.base, &f.err));
	cr_assert(rundir_home(&f.a, &b, &f.err));
	cr_assert_not(str_eq(a.home_id, b.home_id));
	fixture_release(&f);
}

Test(rundir, a_broken_home_file_is_made_anew)
{
	struct fixture f;
	struct rundir d;

	fixture_init(&f);
	cr_assert(rundir_home(&f.a, &d, &f.err));

	const char *path = arena_printf(&f.a, "%.*s/home", STR_ARG(d.state)).p;

	cr_assert(write_file(path, STR("not hex"), 0600, &f.err));
	cr_assert(rundir_home(&f.a, &d, &f.err), "%s", f.err.msg);
	cr_assert_eq(d.home_id.len, 32);
	fixture_release(&f);
}

Test(rundir, processes_that_start_at_once_agree_on_the_home_id)
{
	enum { N = 8 };
	struct fixture f;
	struct rundir d;
	int ends[2];
	char ids[N][32];

	fixture_init(&f);
	cr_assert_eq(pipe(ends), 0);
	for (int i = 0; i < N; i++) {
		if (fork() == 0) {
			_exit(rundir_home(&f.a, &d, &f.err) && write(ends[1], d.home_id.p, 32) == 32
				      ? 0
				      : 1);
		}
	}
	for (int i = 0; i < N; i++) {
		cr_assert_eq(read(ends[0], ids[i], 32), 32);
		cr_assert_eq(memcmp(ids[i], ids[0], 32), 0);
	}
	while (wait(NULL) > 0) {
	}
	fixture_release(&f);
}

Test(rundir, the_state_directory_follows_the_xdg_rules)
{
	struct fixture f;
	struct rundir d;

	fixture_init(&f);
	(void)setenv("HOME", f.base, 1);
	(void)setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
	cr_assert(rundir_home(&f.a, &d, &f.err), "%s", f.err.msg);
	cr_assert(str_eq(d.state, arena_printf(&f.a, "%s/.local/state/act-c", f.base)));
	(void)unsetenv("XDG_STATE_HOME");
	cr_assert(rundir_home(&f.a, &d, &f.err), "%s", f.err.msg);
	cr_assert(str_eq(d.state, arena_printf(&f.a, "%s/.local/state/act-c", f.base)));
	fixture_release(&f);
}

Test(rundir, without_home_the_error_names_the_variables)
{
	struct fixture f;
	struct rundir d;

	fixture_init(&f);
	(void)unsetenv("HOME");
	(void)unsetenv("XDG_STATE_HOME");
	cr_assert_not(rundir_open(&f.a, &d, &f.err));
	cr_assert(str_find(str_of(f.err.msg), STR("HOME"), 0) != STR_NPOS, "%s", f.err.msg);
	cr_assert(str_find(str_of(f.err.msg), STR("XDG_STATE_HOME"), 0) != STR_NPOS);
	err_release(&f.err);
	fixture_release(&f);
}

Test(rundir, ids_sort_as_the_runs_were_made)
{
	struct fixture f;
	struct str last = STR_EMPTY;

	fixture_init(&f);
	for (int i = 0; i < 200; i++) {
		struct rundir d;

		cr_assert(rundir_open(&f.a, &d, &f.err), "%s", f.err.msg);
		cr_assert_gt(str_cmp(d.run_id, last), 0, "%.*s after %.*s", STR_ARG(d.run_id),
			     STR_ARG(last));
		last = d.run_id;
		rundir_close(&d);
	}
	fixture_release(&f);
}

Test(rundir, an_open_run_is_alive_until_it_is_closed_and_its_tmp_goes)
{
	struct fixture f;
	struct rundir d;
	struct stat st;

	fixture_init(&f);
	cr_assert(rundir_open(&f.a, &d, &f.err), "%s", f.err.msg);
	cr_assert_eq(d.run_id.len, strlen("20261128-101530-004711-4f2a"));
	cr_assert_eq(stat(d.tmp.p, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert(rundir_alive(&d, d.run_id));
	cr_assert_not(rundir_leftovers(&d));
	rundir_close(&d);
	cr_assert_not(rundir_alive(&d, d.run_id));
	cr_assert_not(rundir_leftovers(&d));
	cr_assert(there(&f, d.path));
	cr_assert_not(there(&f, d.tmp));
	fixture_release(&f);
}

Test(rundir, ids_that_are_no_names_of_runs_are_dead)
{
	static const char *const ids[] = { "", ".", "..", "../runs",
					   "20261128-101530-004711-4f2a" };
	struct fixture f;
	struct rundir d;

	fixture_init(&f);
	cr_assert(rundir_open(&f.a, &d, &f.err));
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		cr_assert_not(rundir_alive(&d, str_of(ids[i])), "'%s'", ids[i]);
	}
	rundir_close(&d);
	fixture_release(&f);
}

Test(rundir, a_killed_run_is_told_until_it_was_swept)
{
	struct fixture f;
	struct rundir d, other;
	char byte;
	int ends[2];

	fixture_init(&f);
	cr_assert_eq(pipe(ends), 0);

	pid_t run = fork();

	if (run == 0) {
		(void)rundir_open(&f.a, &d, &f.err);
		(void)write_all(ends[1], "x", 1);
		(void)alarm(120); /* in case the test fails */
		(void)pause();
		_exit(0);
	}
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_assert(rundir_home(&f.a, &other, &f.err));
	cr_assert_not(rundir_leftovers(&other), "it lives");
	(void)kill(run, SIGKILL);
	(void)waitpid(run, NULL, 0);
	cr_assert(rundir_leftovers(&other));
	(void)rundir_prune(&other, 5);
	cr_assert(rundir_leftovers(&other), "still to be swept");
	rundir_swept(&other, "");
	cr_assert_not(rundir_leftovers(&other));
	fixture_release(&f);
}

Test(rundir, a_marked_run_is_swept_after_its_end)
{
	struct fixture f;
	struct rundir d;

	fixture_init(&f);
	cr_assert(rundir_open(&f.a, &d, &f.err));
	rundir_mark(&d, "a");
	rundir_mark(&d, "b");
	cr_assert_not(rundir_leftovers(&d), "it lives");
	rundir_unmark(&d, "a");
	cr_assert(rundir_marked(&d));
	rundir_close(&d);
	cr_assert(rundir_leftovers(&d));
	rundir_swept(&d, NULL);
	cr_assert(rundir_leftovers(&d), "another engine's");
	rundir_swept(&d, "a");
	cr_assert(rundir_leftovers(&d), "another one's");
	rundir_swept(&d, "b");
	cr_assert_not(rundir_leftovers(&d));
	cr_assert_not(rundir_marked(&d));
	fixture_release(&f);
}

Test(rundir, pruning_keeps_the_newest_ended_runs_and_the_living)
{
	struct fixture f;
	struct rundir living, d;
	struct str oldest, newest = STR_EMPTY, unswept, hidden;

	fixture_init(&f);
	cr_assert(rundir_open(&f.a, &living, &f.err));
	oldest = old_run(&f, &living, "20200101-000000-0000", false);
	unswept = old_run(&f, &living, "20200101-000000-ffff", true);
	hidden = old_run(&f, &living, ".20200101-000000-0001", false);
	for (int i = 1; i <= RUNS_KEPT; i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "20200102-%06d-0000", i);
		newest = old_run(&f, &living, id, false);
	}
	cr_assert(rundir_open(&f.a, &d, &f.err));
	cr_assert_eq(rundir_prune(&d, RUNS_KEPT), 1);
	cr_assert_not(there(&f, oldest));
	cr_assert(there(&f, newest));
	cr_assert(there(&f, unswept), "a sweep has to be made first");
	cr_assert(there(&f, hidden), "may be a run that is starting right now");
	cr_assert(there(&f, living.path));
	cr_assert_eq(rundir_prune(&d, 0), RUNS_KEPT + 1);
	cr_assert(there(&f, living.path));
	cr_assert(there(&f, d.path));
	rundir_close(&living);
	rundir_close(&d);
	fixture_release(&f);
}
