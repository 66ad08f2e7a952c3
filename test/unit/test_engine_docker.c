/*
 * Tests of the docker engine against the daemon that answers. Without one, or without the test
 * image, they are skipped with a line; with ACTC_REQUIRE_ENGINE=1 they fail instead.
 */
#include "machine_fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/lock.h"
#include "engine/docker.h"

TestSuite(docker, .timeout = 600);

static const char *test_image(void)
{
	const char *image = getenv("ACTC_TEST_IMAGE");

	return image ? image : "act-c-test:full";
}

/* Runs a shell command on this machine and returns its output, trimmed, in the arena. */
__attribute__((format(printf, 3, 4))) static struct str host(struct arena *a, int *status,
							     const char *fmt, ...)
{
	struct strbuf out = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	int ignored;
	va_list ap;

	va_start(ap, fmt);
	const char *const argv[] = { "sh", "-c", arena_vprintf(a, fmt, ap).p, NULL };
	va_end(ap);
	cr_assert(child_capture(&(struct child_spec){ .argv = argv }, NULL, &out, NULL, 60000,
				status ? status : &ignored, &err),
		  "%s", err.msg);

	struct str s = arena_str(a, str_trim(strbuf_str(&out)));

	strbuf_release(&out);
	return s;
}

static void need_engine(void)
{
	const char *require = getenv("ACTC_REQUIRE_ENGINE");
	struct arena a = ARENA_INIT;
	struct engine_state state;
	int status = 0;

	engine_docker.probe(&a, &state);
	if (state.usable) {
		(void)host(&a, &status, "docker image inspect %s", test_image());
	}
	if (!state.usable || status != 0) {
		struct str why = state.usable ? STR("the test image is missing") : state.why;

		if (require && strcmp(require, "1") == 0) {
			cr_assert_fail("%.*s", STR_ARG(why));
		}
		(void)fprintf(stderr, "skipped: %.*s\n", STR_ARG(why));
		cr_skip_test("no engine");
	}
	arena_release(&a);
}

static void setup(struct fixture *f)
{
	need_engine();
	fixture_init(f, test_image());
}

static struct machine *start(struct fixture *f)
{
	struct machine *m = engine_docker.start(&f->a, &f->spec, &f->err);

	cr_assert_not_null(m, "%s", f->err.msg);
	return m;
}

/* Containers and volumes of the fixture's run. */
static struct str leftovers(struct fixture *f)
{
	return host(&f->a, NULL,
		    "docker ps -aq --filter label=act-c.run=%s; "
		    "docker volume ls -q --filter label=act-c.run=%s; "
		    "docker network ls -q --filter label=act-c.run=%s",
		    f->d.run_id.p, f->d.run_id.p, f->d.run_id.p);
}

static void assert_nothing_left(struct fixture *f)
{
	struct str left = leftovers(f);

	cr_assert_eq(left.len, 0, "left: %s", left.p);
}

static bool contains(struct str text, const char *word)
{
	return str_find(text, str_of(word), 0) != STR_NPOS;
}

/* An image of a test: test_image() with a change of its configuration. */
static const char *make_image(struct fixture *f, const char *change)
{
	const char *image =
		arena_printf(&f->a, "act-c-test-%s", f->base + strlen("/tmp/actc-test-")).p;
	int status;

	image = host(&f->a, NULL, "echo %s | tr A-Z a-z", image).p;
	(void)host(&f->a, &status,
		   "id=$(docker create %s true) && docker commit --change '%s' $id %s && "
		   "docker rm $id",
		   test_image(), change, image);
	cr_assert_eq(status, 0);
	f->spec.image = str_of(image);
	return image;
}

/* With the tool cache that belongs to it. */
static void drop_image(struct fixture *f, const char *image)
{
	(void)host(&f->a, NULL,
		   "id=$(docker image inspect -f '{{.Id}}' %s | cut -c8-19); docker rmi %s; "
		   "docker volume rm act-c-tool-$id",
		   image, image);
}

/* --- a machine's life ------------------------------------------------------------------------- */

Test(docker, a_machine_runs_steps_in_the_runners_directories_and_leaves_nothing)
{
	struct fixture f;
	struct ran r;

	setup(&f);

	struct machine *m = start(&f);
	const struct runner_paths *p = machine_paths(m);

	cr_assert(str_eq(p->workspace, STR("/home/runner/work/demo/demo")));
	cr_assert(contains(machine_describe(m), "sha256:"));
	ran_shell(m, &r,
		  "pwd; id -u; echo $NAME; touch ../../_temp/x ../../_actions/x x "
		  "/opt/hostedtoolcache/x; echo $?; touch /home/runner/externals/x "
		  "2>/dev/null; echo $?; exit 3");
	cr_assert_str_eq(r.out.p, "/home/runner/work/demo/demo\n0\nvalue\n0\n1\n");
	cr_assert_eq(r.exit.code, 3);
	cr_assert_neq(leftovers(&f).len, 0, "the labels are looked for in vain");
	engine_docker.stop(m, false);
	assert_nothing_left(&f);
	cr_assert_not(rundir_leftovers(&f.d));
	strbuf_release(&r.out);
	fixture_release(&f);
}

Test(docker, stopping_by_force_is_quick_whatever_runs)
{
	const struct str argv[] = { STR("sh"), STR("-c"),
				    STR("trap '' INT TERM HUP; setsid sleep 600 & sleep 600") };
	struct fixture f;
	struct ran r;

	setup(&f);

	struct machine *m = start(&f);

	(void)ran_start(m, &r, argv, 3, NULL, 0);
	ran_shell(m, &(struct ran){ 0 }, "true");

	long long begun = now_ms();

	engine_docker.stop(m, true);
	cr_assert_lt(now_ms() - begun, 9000, "docker's own patience is 10 s");
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, a_user_of_the_image_owns_the_directories_and_runs_the_steps)
{
	struct fixture f;
	struct ran r;
	const char *image;

	setup(&f);
	image = make_image(&f, "USER nobody");

	struct machine *m = start(&f);

	ran_shell(m, &r, "id -un; touch file ../../_temp/file && stat -c %U . file");
	cr_assert_str_eq(r.out.p, "nobody\nnobody\nnobody\n");
	cr_assert(str_eq(channel_peer(machine_channel(m))->user, STR("nobody")));
	engine_docker.stop(m, false);
	drop_image(&f, image);
	strbuf_release(&r.out);
	fixture_release(&f);
}

Test(docker, an_image_without_a_shell_starts)
{
	struct fixture f;
	const struct str argv[] = { STR("sh"), STR("-c"), STR("true") };
	struct ran r;
	const char *image;

	setup(&f);
	image = arena_printf(&f.a, "act-c-test-empty-%ld", (long)getpid()).p;
	(void)host(&f.a, NULL,
		   "cd %s && mkdir d && echo x > d/file && tar -C d -c . | docker import - %s",
		   f.base, image);
	f.spec.image = str_of(image);

	struct machine *m = start(&f);

	cr_assert_not(channel_peer(machine_channel(m))->has_bash);
	(void)ran_start(m, &r, argv, 3, NULL, 0);
	cr_assert(ran_wait(m, &r));
	cr_assert_eq(r.exit.start_errno, ENOENT);
	engine_docker.stop(m, false);
	assert_nothing_left(&f);
	drop_image(&f, image);
	fixture_release(&f);
}

Test(docker, a_bound_directory_is_the_workspace_and_keeps_its_owner)
{
	struct fixture f;
	struct ran r;
	struct stat st;
	const char *dir;

	setup(&f);
	dir = arena_printf(&f.a, "%s/a, \"b\"", f.base).p;
	cr_assert(make_dirs(dir, 0755, &f.err));
	cr_assert(geteuid() != 0 || chown(dir, 1234, 1234) == 0);
	f.spec.bind = str_of(dir);

	struct machine *m = start(&f);

	ran_shell(m, &r, "echo made > file; ls");
	cr_assert_str_eq(r.out.p, "file\n");
	engine_docker.stop(m, false);
	cr_assert_eq(access(arena_printf(&f.a, "%s/file", dir).p, F_OK), 0);
	cr_assert_eq(stat(dir, &st), 0);
	cr_assert(geteuid() != 0 || st.st_uid == 1234);
	assert_nothing_left(&f);
	strbuf_release(&r.out);
	fixture_release(&f);
}

Test(docker, options_reach_the_container)
{
	struct fixture f;
	struct ran r;

	setup(&f);
	f.spec.options = STR("--hostname 'my-host' -e \"A=b c\"");

	struct machine *m = start(&f);
	const struct channel_peer *peer = channel_peer(machine_channel(m));
	bool found = false;

	for (size_t i = 0; i < peer->nenv; i++) {
		found = found || str_eq(peer->env[i], STR("A=b c"));
	}
	cr_assert(found);
	ran_shell(m, &r, "cat /proc/sys/kernel/hostname");
	cr_assert_str_eq(r.out.p, "my-host\n");
	engine_docker.stop(m, false);
	strbuf_release(&r.out);
	fixture_release(&f);
}

/* --- what does not start ---------------------------------------------------------------------- */

static struct str failure(struct fixture *f)
{
	err_release(&f->err);
	cr_assert_null(engine_docker.start(&f->a, &f->spec, &f->err));
	return str_of(f->err.msg);
}

Test(docker, a_missing_image_is_named_with_what_forbids_or_what_failed)
{
	struct fixture f;
	struct str why;

	setup(&f);
	f.spec.image = STR("localhost:1/act-c/none");
	why = failure(&f);
	cr_assert(str_eq(why, STR("image \"localhost:1/act-c/none\" is not on this machine and "
				  "--pull=false forbids to fetch it")),
		  "%s", why.p);
	cr_assert_eq(f.progress.len, 0);
	f.spec.pull = PULL_MISSING;
	why = failure(&f);
	cr_assert_eq(f.err.kind, ERR_NOT_FOUND);
	cr_assert(contains(why, "\"localhost:1/act-c/none\" cannot be pulled: "), "%s", why.p);
	cr_assert(contains(why, "connect"), "docker's own reason: %s", why.p);
	cr_assert(contains(why, "-P LABEL=IMAGE"), "%s", why.p);
	cr_assert(str_starts(strbuf_str(&f.progress), STR("pulling localhost:1/act-c/none\n")),
		  "%s", f.progress.p);
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, what_is_no_image_name_never_becomes_an_option)
{
	static const char *const names[] = { "", "-v", "--privileged", "a b", "a\nb" };
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		f.spec.image = str_of(names[i]);
		cr_assert(contains(failure(&f), "is no name of an image"), "'%s': %s", names[i],
			  f.err.msg);
	}
	fixture_release(&f);
}

Test(docker, dockers_own_refusal_is_passed_on)
{
	struct fixture f;
	struct str why;

	setup(&f);
	f.spec.network = STR("act-c-no-such-network");
	why = failure(&f);
	cr_assert(contains(why, test_image()), "%s", why.p);
	cr_assert(contains(why, "act-c-no-such-network not found"), "%s", why.p);
	f.spec.network = STR("none");
	f.spec.options = STR("--hostname 'open");
	cr_assert(contains(failure(&f), "a quote is not closed"), "%s", f.err.msg);
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, an_unknown_user_is_told_by_the_agent)
{
	struct fixture f;
	const char *image;

	setup(&f);
	image = make_image(&f, "USER nosuchuser");
	cr_assert(contains(failure(&f), "nosuchuser"), "%s", f.err.msg);
	assert_nothing_left(&f);
	drop_image(&f, image);
	fixture_release(&f);
}

static bool always(void *ctx)
{
	(void)ctx;
	return true;
}

Test(docker, a_pull_can_be_cancelled)
{
	struct fixture f;

	setup(&f);
	f.spec.image = STR("localhost:1/act-c/none");
	f.spec.pull = PULL_ALWAYS;
	f.spec.cancelled = always;
	(void)failure(&f);
	cr_assert_eq(f.err.kind, ERR_CANCELLED, "%s", f.err.msg);
	fixture_release(&f);
}

/* --- the agent's volume ----------------------------------------------------------------------- */

static const char *const damages[] = {
	"rm -f /v/agent",
	"rm -f /v/agent; echo garbage > /v/agent; chmod +x /v/agent",
	"rm -f /v/agent; cp /bin/true /v/agent",
	"rm -f /v/agent; cp /bin/cat /v/agent",
	"rm -f /v/agent; cp /usr/bin/yes /v/agent",
};

/* Two tests that damage the one volume must not do it to each other. */
static int lock_volume(void)
{
	struct err err = ERR_INIT;
	int fd = lock_take("/tmp/actc-test-agent-volume.lock", 500000, NULL, &err);

	cr_assert_geq(fd, 0, "%s", err.msg);
	return fd;
}

Test(docker, a_volume_without_the_right_agent_is_filled_again)
{
	struct fixture f;
	int lock;

	setup(&f);
	lock = lock_volume();
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		int status;

		(void)host(&f.a, &status, "docker run --rm --network none -v %s:/v %s sh -c '%s'",
			   docker_agent_volume(&f.a, STR("linux/amd64")).p, test_image(),
			   damages[i]);
		cr_assert_eq(status, 0);
		engine_docker.stop(start(&f), false);
	}
	(void)close(lock);
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, processes_that_find_an_empty_volume_at_once_all_start)
{
	enum { N = 3 };
	struct fixture f;
	int status, lock;

	setup(&f);
	lock = lock_volume();
	(void)host(&f.a, NULL, "docker run --rm --network none -v %s:/v %s rm -f /v/agent",
		   docker_agent_volume(&f.a, STR("linux/amd64")).p, test_image());
	for (int i = 0; i < N; i++) {
		if (fork() == 0) {
			struct machine *m = engine_docker.start(&f.a, &f.spec, &f.err);

			if (m) {
				engine_docker.stop(m, false);
			}
			if (!m) {
				(void)fprintf(stderr, "%s\n", f.err.msg);
			}
			_exit(m ? 0 : 1);
		}
	}
	for (int i = 0; i < N; i++) {
		cr_assert_gt(wait(&status), 0);
		cr_assert_eq(status, 0);
	}
	(void)close(lock);
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, the_archive_is_one_that_tar_reads)
{
	struct strbuf tar = STRBUF_INIT(0);
	struct arena a = ARENA_INIT;
	char path[] = "/tmp/actc-test-XXXXXX";
	int fd = mkstemp(path);

	docker_agent_tar(&tar, STR("1234567"));
	cr_assert_eq(tar.len % 512, 0);
	cr_assert(write_all(fd, tar.p, tar.len));

	struct str listed = host(&a, NULL, "tar -tvf %s && tar -xOf %s agent", path, path);

	cr_assert(str_starts(listed, STR("-r-xr-xr-x 0/0")), "%s", listed.p);
	cr_assert(str_ends(listed, STR("agent\n1234567")), "%s", listed.p);
	(void)unlink(path);
	strbuf_release(&tar);
	arena_release(&a);
}

/* --- what is lost ----------------------------------------------------------------------------- */

static struct str container_of(struct fixture *f)
{
	return host(&f->a, NULL, "docker ps -q --filter label=act-c.run=%s", f->d.run_id.p);
}

Test(docker, a_killed_container_is_reported_as_that)
{
	const struct str argv[] = { STR("sleep"), STR("600") };
	struct fixture f;
	struct ran r;

	setup(&f);

	struct machine *m = start(&f);

	(void)ran_start(m, &r, argv, 2, NULL, 0);
	(void)host(&f.a, NULL, "docker kill %s", container_of(&f).p);
	cr_assert_not(ran_wait(m, &r) && r.exit.signal != SIGKILL);
	cr_assert(channel_lost(machine_channel(m)));

	struct str why = engine_docker.why_lost(&f.a, m);

	cr_assert(str_eq(why, STR("the container was killed from outside (signal 9)")), "%s",
		  why.p);
	engine_docker.stop(m, false);
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, a_daemon_that_is_gone_is_reported_as_that_and_hangs_nothing)
{
	struct fixture f;

	setup(&f);

	struct machine *m = start(&f);
	struct str id = container_of(&f);
	const char *old = getenv("DOCKER_HOST");
	long long begun = now_ms();

	/* For act-c the daemon is gone when no call reaches it any more. */
	(void)host(&f.a, NULL, "docker kill %s", id.p);
	old = old ? arena_cstr(&f.a, str_of(old)) : NULL;
	(void)setenv("DOCKER_HOST", "unix:///nowhere.sock", 1);

	struct str why = engine_docker.why_lost(&f.a, m);

	cr_assert(str_starts(why, STR("the docker daemon does not answer any more (")), "%s",
		  why.p);
	engine_docker.stop(m, true);
	cr_assert_lt(now_ms() - begun, 60000);
	cr_assert_lt(engine_docker.sweep(&f.d, false, false, &f.err), 0);
	if (old) {
		(void)setenv("DOCKER_HOST", old, 1);
	} else {
		(void)unsetenv("DOCKER_HOST");
	}
	assert_nothing_left(&f);
	fixture_release(&f);
}

Test(docker, a_container_goes_when_its_act_c_is_killed)
{
	struct fixture f;
	char byte;
	int ends[2];

	setup(&f);
	cr_assert_eq(pipe(ends), 0);

	pid_t pid = fork();

	if (pid == 0) {
		const struct str argv[] = { STR("sh"), STR("-c"),
					    STR("setsid sleep 600 & sleep 600") };
		struct ran r;
		struct machine *m = engine_docker.start(&f.a, &f.spec, &f.err);

		if (!m) {
			_exit(1);
		}
		(void)ran_start(m, &r, argv, 3, NULL, 0);
		ran_shell(m, &(struct ran){ 0 }, "true");
		(void)write_all(ends[1], "x", 1);
		(void)alarm(120); /* in case the test fails */
		(void)pause();
		_exit(0);
	}
	(void)close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	cr_assert_neq(container_of(&f).len, 0);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);

	/* Sooner than by the agent's own patience, which is 30 s. */
	long long deadline = now_ms() + 25000;

	while (leftovers(&f).len && now_ms() < deadline) {
	}
	assert_nothing_left(&f);
	fixture_release(&f);
}

/* Kills what starts a machine after so many milliseconds. */
static void kill_start(struct fixture *f, int after_ms)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)engine_docker.start(&f->a, &f->spec, &f->err);
		(void)alarm(120); /* in case the test fails */
		(void)pause();
		_exit(0);
	}
	cr_assert_not(child_wait(&(struct child){ .pid = pid }, after_ms));
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

Test(docker, a_start_that_is_killed_at_any_moment_leaves_nothing)
{
	struct fixture f;

	setup(&f);
	for (int ms = 20; ms <= 440; ms += 60) {
		long long deadline;

		kill_start(&f, ms);
		/* The daemon may still be making what there is to go. */
		(void)usleep(1000000);
		deadline = now_ms() + 60000;
		while (leftovers(&f).len && now_ms() < deadline) {
			(void)usleep(100000);
		}
		assert_nothing_left(&f);
	}
	fixture_release(&f);
}

/* --- sweeping --------------------------------------------------------------------------------- */

static void make_things(struct fixture *f, const char *name, struct str run, struct str home)
{
	const char *labels = arena_printf(&f->a, "--label act-c.run=%.*s --label act-c.home=%.*s",
					  STR_ARG(run), STR_ARG(home))
				     .p;
	int status;

	(void)host(&f->a, &status,
		   "docker create --name %s %s --network none -v /anonymous %s true && "
		   "docker network create %s %s && docker volume create %s %s",
		   name, labels, test_image(), labels, name, labels, name);
	cr_assert_eq(status, 0);
}

/* How many of the three things of that name are there. */
static int count_things(struct fixture *f, const char *name)
{
	struct str n = host(&f->a, NULL,
			    "{ docker ps -a --format '{{.Names}}'; docker network ls --format "
			    "'{{.Name}}'; docker volume ls -q; } | grep -cx %s",
			    name);

	return atoi(n.p);
}

Test(docker, a_sweep_removes_dead_runs_of_its_own_home_only)
{
	struct fixture f;
	struct str other = STR("0123456789abcdef0123456789abcdef");
	const char *names[3];

	setup(&f);
	for (int i = 0; i < 3; i++) {
		names[i] = arena_printf(&f.a, "act-c-test-%ld-%d", (long)getpid(), i).p;
	}
	make_things(&f, names[0], STR("20200101-000000-0000"), f.d.home_id);
	make_things(&f, names[1], f.d.run_id, f.d.home_id);
	make_things(&f, names[2], STR("20200101-000000-0000"), other);
	cr_assert_eq(engine_docker.sweep(&f.d, false, false, &f.err), 3, "%s", f.err.msg);
	cr_assert_eq(count_things(&f, names[0]), 0);
	cr_assert_eq(count_things(&f, names[1]), 3, "it lives");
	cr_assert_eq(count_things(&f, names[2]), 3, "another home's");
	cr_assert_eq(engine_docker.sweep(&f.d, false, false, &f.err), 0);
	rundir_close(&f.d);
	cr_assert_eq(engine_docker.sweep(&f.d, false, false, &f.err), 3);
	cr_assert_eq(count_things(&f, names[1]), 0);
	(void)host(&f.a, NULL, "docker rm -fv %s; docker network rm %s; docker volume rm %s",
		   names[2], names[2], names[2]);
	fixture_release(&f);
}

/* --- options, probing ------------------------------------------------------------------------- */

/* A docker program of our own in front of the real one. */
static void fake_cli(struct arena *a, char *dir, size_t size, const char *script)
{
	struct err err = ERR_INIT;

	(void)snprintf(dir, size, "/tmp/actc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert(write_file(arena_printf(a, "%s/docker", dir).p,
			     arena_printf(a, "#!/bin/sh\n%s\n", script), 0755, &err));
	(void)setenv("PATH", arena_printf(a, "%s:/usr/bin:/bin", dir).p, 1);
}

Test(docker, an_image_of_an_architecture_without_an_agent_is_refused)
{
	struct fixture f;
	char dir[64];

	fixture_init(&f, "riscv/image");
	fake_cli(&f.a, dir, sizeof(dir), "printf 'sha256:abc\\nlinux/riscv64\\n\\n'");
	cr_assert(contains(failure(&f), "image \"riscv/image\" is for linux/riscv64, and act-c has "
					"an agent for linux/"),
		  "%s", f.err.msg);
	cr_assert(remove_tree(dir, &(struct err)ERR_INIT));
	fixture_release(&f);
}

struct probe_row {
	const char *script; /* NULL: no docker at all */
	const char *version, *why, *fix;
};

static const struct probe_row probes[] = {
	{ "printf '20.10.24\\n28.2.2\\n'", "docker 20.10.24, client 28.2.2", "", "" },
	{ "sleep 6; printf '20.10.24\\n28.2.2\\n'", "docker 20.10.24, client 28.2.2", "", "" },
	{ NULL, "", "not installed", "apt-get install docker.io" },
	{ "printf '\\n28.2.2\\n'; echo 'Cannot connect to the Docker daemon at unix:///x. Is the "
	  "docker daemon running?' >&2; exit 1",
	  "", "Cannot connect to the Docker daemon at unix:///x", "systemctl start docker" },
	{ "echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit "
	  "1",
	  "", "permission denied", "usermod -aG docker" },
	{ "echo 'error during connect: Get \"https://x\": EOF' >&2; exit 1", "",
	  "error during connect", "docker context" },
	{ "exec sleep 60", "", "does not answer", "restart" },
};

Test(docker, a_probe_tells_what_is_wrong_and_what_to_do)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		struct arena a = ARENA_INIT;
		struct engine_state state;
		struct err err = ERR_INIT;
		char dir[64] = "";

		if (probes[i].script) {
			fake_cli(&a, dir, sizeof(dir), probes[i].script);
		} else {
			(void)setenv("PATH", "/nowhere", 1);
		}
		engine_docker.probe(&a, &state);
		cr_assert_eq(state.usable, *probes[i].version != '\0', "row %zu", i);
		cr_assert(contains(state.version, probes[i].version), "row %zu: %s", i,
			  state.version.p);
		cr_assert(contains(state.why, probes[i].why), "row %zu: %s", i, state.why.p);
		cr_assert(contains(state.fix, probes[i].fix), "row %zu: %s", i, state.fix.p);
		cr_assert(!*dir || remove_tree(dir, &err));
		arena_release(&a);
	}
}

Test(docker, auto_means_a_docker_that_answers_and_unknown_names_mean_nothing)
{
	struct arena a = ARENA_INIT;
	char dir[64];

	fake_cli(&a, dir, sizeof(dir), "printf '20.10.24\\n28.2.2\\n'");
	cr_assert_eq(engine_by_name(STR("auto")), &engine_docker);
	cr_assert_eq(engine_by_name(STR("docker")), &engine_docker);
	cr_assert_eq(engine_by_name(STR("host")), &engine_host);
	cr_assert_eq(engine_by_name(STR("fake")), &engine_fake);
	cr_assert_null(engine_by_name(STR("dock")));
	cr_assert(remove_tree(dir, &(struct err)ERR_INIT));
	arena_release(&a);
}
