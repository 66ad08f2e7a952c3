/* machine_fixture.h - for tests of engines: a run of their own, and running things in machines. */
#ifndef ACTC_TEST_MACHINE_FIXTURE_H
#define ACTC_TEST_MACHINE_FIXTURE_H

#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actc/engine.h"
#include "actc/process.h"

struct fixture {
	char base[64];
	struct arena a;
	struct err err;
	struct rundir d;
	struct strbuf progress;
	struct machine_spec spec;
};

static void note_progress(void *ctx, struct str line)
{
	struct fixture *f = ctx;

	(void)strbuf_adds(&f->progress, line);
	(void)strbuf_addc(&f->progress, '\n');
}

static void fixture_init(struct fixture *f, const char *image)
{
	*f = (struct fixture){ .a = ARENA_INIT, .err = ERR_INIT, .progress = STRBUF_INIT(0) };
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(f->base, sizeof(f->base), "/tmp/actc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(f->base));
	(void)setenv("XDG_STATE_HOME", f->base, 1);
	cr_assert(rundir_open(&f->a, &f->d, &f->err), "%s", f->err.msg);
	f->spec = (struct machine_spec){ .rundir = &f->d,
					 .job = STR("build (a, ü)"),
					 .image = str_of(image),
					 .platform = STR_EMPTY,
					 .network = STR("none"),
					 .options = STR_EMPTY,
					 .repository_name = STR("demo"),
					 .bind = STR_EMPTY,
					 .pull = PULL_NEVER,
					 .progress = note_progress,
					 .ctx = f };
}

static void fixture_release(struct fixture *f)
{
	struct err err = ERR_INIT;

	rundir_close(&f->d);
	cr_assert(remove_tree(f->base, &err), "%s", err.msg);
	err_release(&f->err);
	strbuf_release(&f->progress);
	arena_release(&f->a);
}

/* What a process in a machine did. */
struct ran {
	struct strbuf out;
	bool done;
	struct proc_exit exit;
};

static void ran_output(void *ctx, struct str bytes)
{
	(void)strbuf_adds(&((struct ran *)ctx)->out, bytes);
}

static void ran_exited(void *ctx, const struct proc_exit *exit)
{
	struct ran *r = ctx;

	r->exit = *exit;
	r->exit.start_what = STR_EMPTY;
	r->done = true;
}

static struct proc *ran_start(struct machine *m, struct ran *r, const struct str *argv,
			      size_t nargv, const struct str *env, size_t nenv)
{
	struct proc_spec spec = { .argv = argv, .nargv = nargv, .env = env, .nenv = nenv };
	struct proc_handler handler = { r, ran_output, ran_exited };

	*r = (struct ran){ .out = STRBUF_INIT(0) };
	spec.cwd = machine_paths(m)->workspace;
	return channel_spawn(machine_channel(m), &spec, &handler);
}

/* Until it has exited or the channel is lost; false after 120 s. */
static bool ran_wait(struct machine *m, const struct ran *r)
{
	long long deadline = now_ms() + 120000;

	while (!r->done && now_ms() < deadline) {
		if (channel_turn(machine_channel(m), -1, 1000) == TURN_LOST) {
			return false;
		}
	}
	return r->done;
}

/* Runs a script with sh; the caller releases r->out. */
static inline void ran_shell(struct machine *m, struct ran *r, const char *script)
{
	const struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	const struct str env[] = { STR("PATH=/usr/local/bin:/usr/bin:/bin"), STR("NAME=value") };

	(void)ran_start(m, r, argv, 3, env, 2);
	cr_assert(ran_wait(m, r), "lost: %s", script);
}

#endif
