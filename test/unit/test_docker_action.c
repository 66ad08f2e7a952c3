/*
 * Tests of a Docker action's container beside its job's. Skipped, with a line, where no daemon
 * answers or the test image is missing.
 */
#include "machine_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "engine/docker.h"
#include "engine/docker_machine.h"

TestSuite(docker_action, .timeout = 600);

#define IMAGE  "act-c-test:full"
#define ACTION "act-c-test:busybox"

static int shell(const char *script, struct strbuf *out)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct err err = ERR_INIT;
	int status = -1;

	cr_assert(child_capture(&(struct child_spec){ .argv = argv }, NULL, out, NULL, 60000,
				&status, &err),
		  "%s", err.msg);
	return status;
}

static void setup(struct fixture *f)
{
	const char *require = getenv("ACTC_REQUIRE_ENGINE");

	if (shell("docker image inspect " IMAGE " " ACTION, NULL) != 0) {
		cr_assert_not(require && strcmp(require, "1") == 0, "no engine, or no test image");
		(void)fprintf(stderr, "skipped: no engine, or no test image\n");
		cr_skip_test("no engine");
	}
	fixture_init(f, IMAGE);
}

/* The directories that the run layer makes before the first action. */
static struct machine *start_job(struct fixture *f)
{
	static const char *const dirs[] = { "_github_home", "_github_workflow",
					    "_runner_file_commands" };
	struct machine *m = engine_docker.start(&f->a, &f->spec, &f->err);

	cr_assert_not_null(m, "%s", f->err.msg);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct str dir =
			arena_printf(&f->a, "%.*s/%s", STR_ARG(machine_paths(m)->temp), dirs[i]);

		channel_mkdir(machine_channel(m), dir, 0755, false);
	}
	cr_assert(channel_sync(machine_channel(m), &f->err), "%s", f->err.msg);
	return m;
}

static struct machine *start_action(struct fixture *f, struct machine *job, const char *image)
{
	struct machine_spec spec = f->spec;

	spec.image = str_of(image);
	spec.beside = job;

	struct machine *m = engine_docker.start(&f->a, &spec, &f->err);

	cr_assert_not_null(m, "%s", f->err.msg);
	channel_join(machine_channel(job), machine_channel(m));
	return m;
}

static void stop_action(struct machine *job, struct machine *action)
{
	channel_part(machine_channel(job), machine_channel(action));
	engine_docker.stop(action, false);
}

/* A script in the action, by the turns of the job's channel. */
static struct str in_action(struct fixture *f, struct machine *job, struct machine *action,
			    const char *script)
{
	const struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	const struct str env[] = { STR("PATH=/bin") };
	struct ran r;

	(void)ran_start(action, &r, argv, 3, env, 1);
	cr_assert(ran_wait(job, &r), "%s", script);

	struct str out = arena_str(&f->a, str_trim(strbuf_str(&r.out)));

	strbuf_release(&r.out);
	return out;
}

static void end(struct fixture *f, struct machine *job)
{
	struct strbuf left = STRBUF_INIT(0);

	engine_docker.stop(job, false);
	(void)shell(arena_printf(&f->a,
				 "docker ps -aq --filter label=act-c.run=%s; "
				 "docker volume ls -q --filter label=act-c.run=%s",
				 f->d.run_id.p, f->d.run_id.p)
			    .p,
		    &left);
	cr_expect_eq(left.len, 0, "left: %s", left.p);
	strbuf_release(&left);
	fixture_release(f);
}

Test(docker_action, has_the_directories_of_the_job)
{
	struct fixture f;
	struct ran r;

	setup(&f);

	struct machine *job = start_job(&f);
	struct machine *action = start_action(&f, job, ACTION);
	struct str out;

	ran_shell(job, &r, "echo job > f; echo h > ../../_temp/_github_home/h");
	strbuf_release(&r.out);
	out = in_action(&f, job, action,
			"pwd; cat f /github/home/h; echo action > g; echo x > "
			"/github/file_commands/x; ls /github");
	cr_expect_str_eq(out.p, "/github/workspace\njob\nh\nfile_commands\nhome\nrunner_temp\n"
				"workflow\nworkspace");
	ran_shell(job, &r, "cat g ../../_temp/_runner_file_commands/x");
	cr_expect(str_eq(strbuf_str(&r.out), STR("action\nx\n")));
	strbuf_release(&r.out);
	stop_action(job, action);
	end(&f, job);
}

Test(docker_action, is_in_the_network_of_the_job)
{
	struct fixture f;
	struct forward *listener;

	setup(&f);

	struct machine *job = start_job(&f);

	listener = channel_forward(machine_channel(job), STR("tcp:127.0.0.1:4321"),
				   STR("unix:/nowhere"), false, &f.err);
	cr_assert_not_null(listener, "%s", f.err.msg);

	struct machine *action = start_action(&f, job, ACTION);
	struct str out = in_action(&f, job, action, "cat /proc/net/tcp");

	cr_expect_neq(str_find(out, STR("0100007F:10E1"), 0), STR_NPOS, "%s", out.p);
	stop_action(job, action);
	end(&f, job);
}

Test(docker_action, is_built_from_an_archive)
{
	struct fixture f;
	size_t n = 0;

	setup(&f);

	struct machine *job = start_job(&f);
	struct machine_spec spec = f.spec;
	const char *archive = arena_printf(&f.a, "%s/tree.tar", f.base).p;
	const char *make = arena_printf(&f.a,
					"mkdir %s/tree && cd %s/tree && printf 'FROM " ACTION
					"\\nCOPY hello /hello\\nENTRYPOINT [\"cat\", \"/hello\"]\\n"
					"CMD [\"more\"]\\n' > Dockerfile.x && echo hi > hello && "
					"tar cf %s .",
					f.base, f.base, archive)
				   .p;

	cr_assert_eq(shell(make, NULL), 0);
	spec.image = STR("act-c-action:unit-test");

	int fd = open(archive, O_RDONLY | O_CLOEXEC);

	cr_assert(engine_docker.build(&f.a, &spec, fd, STR("Dockerfile.x"), &f.err), "%s",
		  f.err.msg);
	(void)close(fd);
	cr_expect_neq(str_find(strbuf_str(&f.progress), STR("COPY hello"), 0), STR_NPOS);

	struct machine *action = start_action(&f, job, "act-c-action:unit-test");
	const struct str *words = machine_entrypoint(&f.a, action, &n);

	cr_assert_eq(n, 2);
	cr_expect(str_eq(words[1], STR("/hello")));
	words = machine_command(&f.a, action, &n);
	cr_assert_eq(n, 1);
	cr_expect(str_eq(words[0], STR("more")));
	cr_expect_str_eq(in_action(&f, job, action, "cat /hello").p, "hi");
	stop_action(job, action);
	cr_expect_eq(shell("docker rmi act-c-action:unit-test", NULL), 0);
	end(&f, job);
}

Test(docker_action, a_build_that_fails_says_its_exit_code)
{
	struct fixture f;

	setup(&f);

	const char *archive = arena_printf(&f.a, "%s/tree.tar", f.base).p;
	struct machine_spec spec = f.spec;

	cr_assert_eq(shell(arena_printf(&f.a,
					"mkdir %s/tree && cd %s/tree && printf 'FROM " ACTION
					"\\nRUN exit 7\\n' > Dockerfile && tar cf %s .",
					f.base, f.base, archive)
				   .p,
			   NULL),
		     0);

	int fd = open(archive, O_RDONLY | O_CLOEXEC);

	spec.image = STR("act-c-action:unit-fail");
	cr_assert_not(engine_docker.build(&f.a, &spec, fd, STR("Dockerfile"), &f.err));
	(void)close(fd);
	cr_expect_str_eq(f.err.msg, "Docker build failed with exit code 7");
	fixture_release(&f);
}

Test(docker_action, paths_of_the_job_are_found_at_the_daemon)
{
	struct fixture f;
	struct docker_place place;

	setup(&f);

	struct machine *job = start_job(&f);
	struct docker_machine *m = (struct docker_machine *)job;

	cr_assert(docker_place(&f.a, m, STR("/home/runner/work/demo/demo/sub"), &place, &f.err));
	cr_expect(str_ends(place.source, STR("/_data/demo/demo/sub")), "%s", place.source.p);
	cr_expect_not(place.bind);
	cr_expect_not(docker_place(&f.a, m, STR("/home/runner/workshop"), &place, &f.err));
	cr_expect_eq(f.err.kind, ERR_NONE);
	cr_assert(docker_place(&f.a, m, STR("/.act-c/agent"), &place, &f.err));
	cr_expect(place.read_only);
	end(&f, job);
}
