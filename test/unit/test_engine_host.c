/*
 * test_engine_host.c - the host engine: a directory, an agent, and nothing of them left.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/engine.h"
#include "actc/file.h"

struct step {
	struct strbuf out;
	bool done;
	struct proc_exit exit;
};

static void on_output(void *ctx, struct str bytes)
{
	struct step *s = ctx;

	strbuf_adds(&s->out, bytes);
}

static void on_exited(void *ctx, const struct proc_exit *how)
{
	struct step *s = ctx;

	s->done = true;
	s->exit = *how;
}

static void start(struct machine *m, struct step *s, const char *script)
{
	struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	struct str env[] = { STR("PATH=/usr/bin:/bin") };
	struct proc_spec spec = {
		.argv = argv,
		.nargv = 3,
		.env = env,
		.nenv = 1,
		.cwd = machine_paths(m)->workspace,
		.mark = STR_EMPTY,
	};
	struct proc_handler h = { s, on_output, on_exited };

	*s = (struct step){ 0 };
	strbuf_init(&s->out, 0);
	(void)channel_spawn(machine_channel(m), &spec, &h);
}

struct fixture {
	char top[sizeof("/tmp/actc-host-XXXXXX")];
	struct arena a;
	struct err err;
	struct rundir dir;
	struct machine_spec spec;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){
		.top = "/tmp/actc-host-XXXXXX",
		.err = ERR_INIT,
		.dir = { .lock_fd = -1 },
		.spec = { .job = STR("a"), .repository_name = STR("repo"), .bind = STR_EMPTY }
	};
	f->spec.rundir = &f->dir;
	cr_assert(mkdtemp(f->top));
	f->dir.state = f->dir.tmp = str_of(f->top);
}

static struct machine *start_machine(struct fixture *f)
{
	struct machine *m = engine_host.start(&f->a, &f->spec, &f->err);

	cr_assert(m, "%s", f->err.msg);
	return m;
}

static void fixture_release(struct fixture *f)
{
	cr_assert(remove_tree(f->top, &f->err));
	arena_release(&f->a);
}

Test(engine_host, runs_steps_in_its_own_directory_and_removes_it, .timeout = 240)
{
	struct fixture f;
	struct engine_state state;
	struct machine *m;
	struct step s;
	struct stat st;
	char *work;

	fixture_init(&f);
	f.spec.job = STR("deploy(eu)/test(3)");
	engine_host.probe(&f.a, &state);
	cr_assert(state.usable);
	m = start_machine(&f);
	cr_assert(channel_peer(machine_channel(m))->has_bash);
	start(m, &s, "pwd; setsid sleep 300 >/dev/null 2>&1 & echo $!");
	while (!s.done) {
		cr_assert(channel_turn(machine_channel(m), -1, -1) != TURN_LOST);
	}
	cr_assert(s.exit.code == 0);
	cr_assert(str_starts(strbuf_str(&s.out), machine_paths(m)->workspace), "%s", s.out.p);
	cr_assert(str_ends(machine_paths(m)->workspace, STR("/work/repo/repo")));
	work = arena_cstr(&f.a, machine_paths(m)->work);
	cr_assert(stat(work, &st) == 0);

	pid_t daemon = (pid_t)atoi(strchr(s.out.p, '\n') + 1);

	cr_assert(kill(daemon, 0) == 0);
	engine_host.stop(m, false);
	cr_assert(kill(daemon, 0) < 0 && errno == ESRCH);
	cr_assert(stat(work, &st) < 0 && errno == ENOENT);
	strbuf_release(&s.out);
	fixture_release(&f);
}

Test(engine_host, says_why_the_agent_is_gone, .timeout = 240)
{
	struct fixture f;
	struct machine *m;
	struct step s;

	fixture_init(&f);
	(void)signal(SIGPIPE, SIG_IGN);
	m = start_machine(&f);
	start(m, &s, "kill -9 $PPID; exec sleep 300");
	while (!s.done) {
		(void)channel_turn(machine_channel(m), -1, -1);
	}
	cr_assert(channel_lost(machine_channel(m)));
	cr_assert(s.exit.signal == SIGKILL);

	struct str why = engine_host.why_lost(&f.a, m);

	cr_assert(str_eq(why, STR("the agent was ended by signal 9")), "%.*s", STR_ARG(why));
	engine_host.stop(m, true);
	strbuf_release(&s.out);
	fixture_release(&f);
}

static void run_script(struct machine *m, struct step *s, const char *script)
{
	start(m, s, script);
	while (!s->done) {
		cr_assert(channel_turn(machine_channel(m), -1, -1) != TURN_LOST);
	}
	cr_assert_eq(s->exit.code, 0, "%s", s->out.p);
}

/* The workspace's inode, and what is in the job's directory. */
static ino_t list(struct arena *a, struct machine *m, struct str *found)
{
	struct step s;
	struct stat st;

	run_script(m, &s, "cd ../../..; find . | sort; stat -c %a work/_temp");
	*found = arena_str(a, strbuf_str(&s.out));
	strbuf_release(&s.out);
	cr_assert(stat(arena_cstr(a, machine_paths(m)->workspace), &st) == 0);
	return st.st_ino;
}

Test(engine_host, hands_directories_on_as_new, .timeout = 240)
{
	static const char as_new[] = ".\n./work\n./work/_actions\n./work/_temp\n"
				     "./work/_temp/_runner_file_commands\n./work/repo\n"
				     "./work/repo/repo\n755\n";
	struct fixture f;
	struct str found, path;
	struct machine *m;
	struct step s;
	ino_t first;

	fixture_init(&f);
	m = start_machine(&f);
	path = machine_paths(m)->workspace;
	run_script(m, &s,
		   "echo 1 > .hidden; mkdir -p x/y; chmod 0 x/y; ln -s / root; cd ../..; echo 2 > "
		   "file;"
		   "mkdir repo/other _temp/mine _temp/_runner_file_commands _actions/o; "
		   "echo 3 > _temp/_runner_file_commands/env; echo 4 > ../up");
	strbuf_release(&s.out);
	first = list(&f.a, m, &found);
	engine_host.stop(m, false);

	m = start_machine(&f);
	cr_assert_eq(list(&f.a, m, &found), first);
	cr_assert(str_eq(found, str_of(as_new)), "%.*s", STR_ARG(found));
	cr_assert(!str_eq(machine_paths(m)->workspace, path), "a name of its own");
	run_script(m, &s, "chmod 700 ../../_temp");
	strbuf_release(&s.out);
	engine_host.stop(m, false);

	m = start_machine(&f);
	(void)list(&f.a, m, &found);
	cr_assert(str_ends(found, STR("\n755\n")), "%.*s", STR_ARG(found));
	engine_host.stop(m, true);
	fixture_release(&f);
}

/* What the first step of every job is given by the same names stays, if it tells nothing. */
Test(engine_host, hands_on_files_that_are_written_anew, .timeout = 240)
{
	struct fixture f;
	struct machine *m;
	struct step s;

	fixture_init(&f);
	m = start_machine(&f);
	run_script(m, &s,
		   "umask 022; cd ../../_temp; echo x > 00000002.sh; chmod 755 00000002.sh; mkdir "
		   "_github_workflow _runner_file_commands; "
		   "echo {} > _github_workflow/event.json; echo > _github_workflow/other; "
		   "cd _runner_file_commands; > set_env_00000001; echo x > set_output_00000001; "
		   "> add_path_00000002; > linked_00000001; ln linked_00000001 ../../../../link; "
		   "> mine_00000001; chmod 600 mine_00000001; ln -s / symbolic_00000001");
	strbuf_release(&s.out);
	engine_host.stop(m, false);

	m = start_machine(&f);
	run_script(m, &s, "cd ../../_temp; cat 00000002.sh; find . -type f -o -type l | sort");
	cr_assert_str_eq(s.out.p, "./00000002.sh\n./_github_workflow/event.json\n"
				  "./_runner_file_commands/set_env_00000001\n");
	strbuf_release(&s.out);

	/* Shorter than before, and of the job that is now. */
	struct str event = arena_printf(&f.a, "%.*s/_github_workflow/event.json",
					STR_ARG(machine_paths(m)->temp));

	channel_write(machine_channel(m), event, 0644, false, STR("1"));
	run_script(m, &s, "cat ../../_temp/_github_workflow/event.json");
	cr_assert_str_eq(s.out.p, "1");
	strbuf_release(&s.out);
	engine_host.stop(m, true);
	fixture_release(&f);
}

Test(engine_host, shares_an_agent_that_nobody_changes, .timeout = 240)
{
	struct fixture f;

	fixture_init(&f);
	f.spec.agent = engine_agent_program(&engine_host);
	cr_assert_eq(engine_agent_program(&engine_docker), 0);
	cr_assert_gt(f.spec.agent, 0);
	cr_assert(pwrite(f.spec.agent, "x", 1, 0) < 0 && errno == EPERM);
	for (int i = 0; i < 2; i++) {
		struct machine *m = start_machine(&f);
		struct step s;

		run_script(m, &s, "echo hello");
		cr_assert_str_eq(s.out.p, "hello\n");
		strbuf_release(&s.out);
		engine_host.stop(m, false);
	}
	cr_assert(close(f.spec.agent) == 0);
	fixture_release(&f);
}
