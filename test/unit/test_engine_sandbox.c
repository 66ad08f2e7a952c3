/*
 * test_engine_sandbox.c - what a job sees in a sandbox, what it cannot reach, and what is left of
 * it; as root (when the tests run as root) and as an ordinary user.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "machine_fixture.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum who { AS_ROOT, AS_USER };

/* Each test has a process of its own, so it may become somebody else for good. */
static bool become(enum who who)
{
	const uid_t nobody = 65534;

	if (who == AS_ROOT) {
		return geteuid() == 0;
	}
	if (geteuid() == 0) {
		cr_assert(setgroups(0, NULL) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0);
		(void)prctl(PR_SET_DUMPABLE, 1);
	}
	return true;
}

/* A container's kernel may forbid it: then all of these are skipped, where no engine is required.
 */
static void need_sandbox(void)
{
	struct arena a = ARENA_INIT;
	struct engine_state state;

	engine_sandbox.probe(&a, &state);
	if (!state.usable && !getenv("ACTC_REQUIRE_ENGINE")) {
		(void)fprintf(stderr, "skipped: %.*s\n", STR_ARG(state.why));
		cr_skip_test("no sandbox");
	}
	arena_release(&a);
}

TestSuite(engine_sandbox, .init = need_sandbox);

static struct machine *start(struct fixture *f)
{
	struct machine *m = engine_sandbox.start(&f->a, &f->spec, &f->err);

	cr_assert_not_null(m, "%s", f->err.msg);
	return m;
}

/* Runs a script in a sandbox of its own; the caller releases r->out. */
static void in_sandbox(struct fixture *f, struct ran *r, const char *script)
{
	struct machine *m = start(f);

	ran_shell(m, r, script);
	engine_sandbox.stop(m, false);
}

static void expect_from(struct fixture *f, const char *script, const char *output)
{
	struct ran r;

	in_sandbox(f, &r, script);
	cr_expect(str_eq(strbuf_str(&r.out), str_of(output)), "%s: \"%.*s\", not \"%s\"", script,
		  STR_ARG(strbuf_str(&r.out)), output);
	strbuf_release(&r.out);
}

/* --- scripts and what they must print ----------------------------------------------------------
 */

#define REFUSED(command) "(" command ") 2>/dev/null && echo ESCAPED"

static const struct script {
	enum who first, last;
	const char *script;
	const char *output;
} scripts[] = {
	{ AS_ROOT, AS_USER, "pwd; id -u; echo hello >x; cat x",
	  "/home/runner/work/demo/demo\n0\nhello\n" },
	{ AS_ROOT, AS_USER, "test \"$(ls /proc | grep -c '^[0-9]*$')\" -lt 8 && echo few",
	  "few\n" },
	{ AS_ROOT, AS_USER, "ls -A /home /root /mnt /media /var/tmp",
	  "/home:\nrunner\n\n/media:\n\n/mnt:\n\n/root:\n\n/var/tmp:\n" },
	{ AS_ROOT, AS_USER, "ls -A /tmp /run", "/run:\nlock\n\n/tmp:\n" },
	{ AS_ROOT, AS_USER, "echo $NAME; grep -c ACTC_SECRET_ /proc/1/environ", "value\n0\n" },
	{ AS_ROOT, AS_USER,
	  "for d in $HOME/x /tmp /usr/local/bin /root /home/runner; do "
	  "mkdir -p $d && echo fine >$d/f && cat $d/f; done",
	  "fine\nfine\nfine\nfine\nfine\n" },
	{ AS_ROOT, AS_USER, "ls /sys/class/net; echo a >/dev/null; head -c 3 /dev/zero | wc -c",
	  "lo\n3\n" },
	{ AS_ROOT, AS_USER,
	  "python3 -c 'import socket; s = socket.socket(); "
	  "s.bind((\"0.0.0.0\", 80)); s.listen(); "
	  "socket.create_connection((\"127.0.0.1\", 80)); print(\"served\")'",
	  "served\n" },
	{ AS_ROOT, AS_USER, "python3 -c 'import pty; pty.spawn([\"echo\", \"tty\"])'", "tty\r\n" },
	/* Attempts to get out, or at what is hidden. */
	{ AS_ROOT, AS_USER,
	  REFUSED("umount /home") "; " REFUSED("umount -l /root") "; " REFUSED(
		  "umount /proc") "; ls -A /root",
	  "" },
	{ AS_ROOT, AS_USER,
	  REFUSED("mount -o remount,rw /sys") "; " REFUSED(
		  "mount -o remount,bind,rw /sys") "; " REFUSED("mkdir /sys/fs/cgroup/x") "; true",
	  "" },
	{ AS_ROOT, AS_USER,
	  REFUSED("echo '|/x' >/proc/sys/kernel/core_pattern") "; " REFUSED(
		  "echo b >/proc/sysrq-trigger") "; " REFUSED("echo x >/proc/sys/kernel/modprobe") "; true",
	  "" },
	{ AS_ROOT, AS_USER,
	  REFUSED("mknod /tmp/disk b 254 0 && cat /tmp/disk") "; " REFUSED(
		  "mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem") "; true",
	  "" },
	{ AS_ROOT, AS_USER,
	  "ls -A /proc/1/root/root /proc/1/root/tmp; " REFUSED(
		  "ls /proc/1/root/run/docker.sock") "; " REFUSED("chroot /proc/1/root/.. ls "
								  "/root/.ssh") "; true",
	  "/proc/1/root/root:\n\n/proc/1/root/tmp:\n" },
	{ AS_ROOT, AS_USER,
	  REFUSED("nsenter -t 1 -m -u -i -n -p ls /root/.ssh") "; " REFUSED(
		  "mount -t proc proc /mnt && ls /mnt/1/root/root/.ssh") "; " REFUSED("mount -t "
										      "sysfs sysfs "
										      "/mnt && "
										      "mkdir "
										      "/mnt/fs/"
										      "cgroup/x") "; true",
	  "" },
	/* Owners: as root everything works. */
	{ AS_ROOT, AS_ROOT, "touch f; chown 1:2 f; stat -c %u:%g f /etc/passwd", "1:2\n0:0\n" },
	{ AS_ROOT, AS_ROOT, "su -s /bin/sh nobody -c 'id -u; cd /tmp; touch a && stat -c %u a'",
	  "65534\n65534\n" },
	{ AS_ROOT, AS_ROOT,
	  "echo x >>/etc/passwd && rm /usr/bin/env && ln /usr/bin/id /usr/bin/env "
	  "&& env -u",
	  "0\n" },
	{ AS_ROOT, AS_ROOT,
	  "cut -d: -f2 /etc/shadow | sort -u; ls /etc/ssh/ssh_host_*_key "
	  "2>/dev/null",
	  "*\n" },
	/* With one user only, whoever gives files away is told that it worked. */
	{ AS_USER, AS_USER, "touch f; chown 1:2 f && sudo -u nobody -- echo done", "done\n" },
	{ AS_USER, AS_USER, REFUSED("echo x >>/usr/bin/env") "; true", "" },
};

enum { NSCRIPTS = sizeof(scripts) / sizeof(*scripts) };

struct row {
	size_t script;
	enum who who;
};

ParameterizedTestParameters(engine_sandbox, script)
{
	static struct row rows[2 * NSCRIPTS];
	size_t n = 0;

	for (size_t i = 0; i < NSCRIPTS; i++) {
		for (enum who who = scripts[i].first; who <= scripts[i].last; who++) {
			rows[n++] = (struct row){ i, who };
		}
	}
	return cr_make_param_array(struct row, rows, n);
}

ParameterizedTest(struct row *row, engine_sandbox, script)
{
	const struct script *s = &scripts[row->script];
	struct fixture f;

	if (!become(row->who)) {
		return;
	}
	(void)setenv("ACTC_SECRET_TOKEN", "hidden", 1);
	fixture_init(&f, "");
	expect_from(&f, s->script, s->output);
	fixture_release(&f);
}

/* --- what is outside ---------------------------------------------------------------------------
 */

static void check_hidden(enum who who)
{
	struct fixture f;
	struct stat st;
	char script[512];

	if (!become(who)) {
		return;
	}
	fixture_init(&f, "");
	(void)setenv("HOME", f.base, 1);
	(void)snprintf(script, sizeof(script),
		       "ls -A '%s' /work/nothing 2>/dev/null; echo x >/usr/local/actc-probe",
		       f.base);
	expect_from(&f, script, "");
	cr_expect_lt(stat("/usr/local/actc-probe", &st), 0, "a write went to the machine");
	fixture_release(&f);
}

Test(engine_sandbox, hides_home_and_keeps_writes_as_root)
{
	check_hidden(AS_ROOT);
}

Test(engine_sandbox, hides_home_and_keeps_writes_as_user)
{
	check_hidden(AS_USER);
}

static void check_exposed(enum who who)
{
	struct fixture f;
	char path[128], script[1024];
	struct str exposed;

	if (!become(who)) {
		return;
	}
	fixture_init(&f, "");
	(void)snprintf(path, sizeof(path), "%s/shown", f.base);
	cr_assert_eq(mkdir(path, 0755), 0);
	(void)snprintf(script, sizeof(script), "%s/shown/file", f.base);
	cr_assert(write_file(script, STR("seen\n"), 0600, &f.err), "%s", f.err.msg);
	exposed = str_of(path);
	f.spec.expose = &exposed;
	f.spec.nexpose = 1;
	(void)snprintf(script, sizeof(script),
		       "cat %s/file; ls %s; echo x 2>/dev/null >%s/file || echo refused", path,
		       f.base, path);
	expect_from(&f, script, "seen\nshown\nrefused\n");
	fixture_release(&f);
}

Test(engine_sandbox, exposes_read_only_as_root)
{
	check_exposed(AS_ROOT);
}

Test(engine_sandbox, exposes_read_only_as_user)
{
	check_exposed(AS_USER);
}

static void check_bind(enum who who)
{
	struct fixture f;
	struct stat st;
	char path[128];

	if (!become(who)) {
		return;
	}
	fixture_init(&f, "");
	(void)snprintf(path, sizeof(path), "%s/tree", f.base);
	cr_assert_eq(mkdir(path, 0755), 0);
	f.spec.bind = str_of(path);
	{
		struct ran r;
		struct machine *m = start(&f);

		ran_shell(m, &r,
			  "cd /home/runner/work/demo/demo && echo x >made && stat -c %u made");
		cr_expect(str_eq(strbuf_str(&r.out), STR("0\n")), "%.*s",
			  STR_ARG(strbuf_str(&r.out)));
		strbuf_release(&r.out);
		engine_sandbox.stop(m, false);
	}
	(void)snprintf(path, sizeof(path), "%s/tree/made", f.base);
	cr_expect_eq(stat(path, &st), 0, "the bound directory is another one");
	cr_expect_eq(st.st_uid, geteuid());
	fixture_release(&f);
}

Test(engine_sandbox, binds_the_directory_itself_as_root)
{
	check_bind(AS_ROOT);
}

Test(engine_sandbox, binds_the_directory_itself_as_user)
{
	check_bind(AS_USER);
}

/* Two at once listen on the same port, neither on the machine's. */
Test(engine_sandbox, has_a_loopback_of_its_own)
{
	static const char *const script =
		"python3 -c 'import socket, time; s = socket.socket(); "
		"s.bind((\"127.0.0.1\", 8080)); s.listen(); time.sleep(0.5); print(\"held\")'";
	const struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	const struct str env[] = { STR("PATH=/usr/bin:/bin") };
	struct fixture f;
	struct machine *m[2];
	struct ran r[2];

	fixture_init(&f, "");
	for (size_t i = 0; i < 2; i++) {
		m[i] = start(&f);
		(void)ran_start(m[i], &r[i], argv, 3, env, 1);
	}
	for (size_t i = 0; i < 2; i++) {
		cr_assert(ran_wait(m[i], &r[i]));
		cr_expect(str_eq(strbuf_str(&r[i].out), STR("held\n")), "%.*s",
			  STR_ARG(strbuf_str(&r[i].out)));
		strbuf_release(&r[i].out);
		engine_sandbox.stop(m[i], false);
	}
	fixture_release(&f);
}

/* --- limits ------------------------------------------------------------------------------------
 */

/* Whether every run is told so here. */
static bool is_told(struct fixture *f, const char *text)
{
	struct str *lines = NULL;
	size_t n = engine_sandbox.notes(&f->a, &f->spec, &lines);

	for (size_t i = 0; i < n; i++) {
		if (str_find(lines[i], str_of(text), 0) != STR_NPOS) {
			return true;
		}
	}
	return false;
}

Test(engine_sandbox, keeps_a_job_within_its_memory)
{
	struct fixture f;
	struct ran r;

	fixture_init(&f, "");
	f.spec.memory = STR("64m");
	f.spec.cpus = STR("0.5");
	in_sandbox(&f, &r, "python3 -c 'x = b\"x\" * 300000000' 2>/dev/null; echo $?");
	if (!is_told(&f, "--memory has no effect")) {
		cr_expect(str_eq(strbuf_str(&r.out), STR("137\n")) ||
				  str_find(strbuf_str(&r.out), STR("Killed"), 0) != STR_NPOS,
			  "%.*s", STR_ARG(strbuf_str(&r.out)));
	}
	/* Of this run: another one may be at work, or have been killed. */
	cr_expect(system(arena_printf(&f.a, "find /sys/fs/cgroup -name 'act-c-*%.*s*' | grep -q .",
				      STR_ARG(f.d.run_id))
				 .p) != 0,
		  "a control group is left");
	cr_expect_not(rundir_marked(&f.d), "a note of a control group is left");
	strbuf_release(&r.out);
	fixture_release(&f);
}

Test(engine_sandbox, says_that_its_disk_is_full)
{
	struct fixture f;
	struct ran r;

	fixture_init(&f, "");
	f.spec.memory = STR("64m");
	in_sandbox(&f, &r,
		   "head -c 60000000 /dev/zero 2>&1 >big | grep -o 'No space left.*'; rm big; "
		   "echo again >small && cat small");
	cr_expect(str_eq(strbuf_str(&r.out), STR("No space left on device\nagain\n")), "%.*s",
		  STR_ARG(strbuf_str(&r.out)));
	strbuf_release(&r.out);
	fixture_release(&f);
}

Test(engine_sandbox, refuses_limits_that_are_none)
{
	struct fixture f;

	fixture_init(&f, "");
	f.spec.memory = STR("lots");
	cr_assert_null(engine_sandbox.start(&f.a, &f.spec, &f.err));
	cr_expect(strstr(f.err.msg, "--memory wants a size like 512m, not 'lots'"), "%s",
		  f.err.msg);
	err_release(&f.err);
	f.spec.memory = STR("64m");
	f.spec.cpus = STR("none");
	cr_assert_null(engine_sandbox.start(&f.a, &f.spec, &f.err));
	cr_expect(strstr(f.err.msg, "--cpus wants a number like 1.5, not 'none'"), "%s", f.err.msg);
	fixture_release(&f);
}

/* --- ends --------------------------------------------------------------------------------------
 */

/* Whether a process with this word on its command line is there. */
static bool is_there(const char *word)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "pgrep -f '[%c]%s' >/dev/null", word[0], word + 1);
	return system(command) == 0;
}

static void check_killed(enum who who)
{
	char word[64];
	int ready[2];
	char c;

	if (!become(who)) {
		return;
	}
	(void)snprintf(word, sizeof(word), "actc_probe_%d", (int)getpid());
	cr_assert_eq(pipe(ready), 0);

	pid_t pid = fork();

	if (pid == 0) {
		struct fixture f;
		struct ran r;
		struct machine *m;
		char script[256];

		fixture_init(&f, "");
		m = start(&f);
		(void)snprintf(script, sizeof(script),
			       "setsid sh -c 'trap \"\" TERM; sleep 60; : %s' >/dev/null 2>&1 &",
			       word);
		ran_shell(m, &r, script);
		(void)!write(ready[1], "", 1);
		(void)pause();
	}
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &c, 1), 1);
	cr_expect(is_there(word), "the daemon did not start");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	/* Sooner than by the agent's own patience, which is 30 s. */
	for (long long until = now_ms() + 25000; is_there(word) && now_ms() < until;) {
		(void)usleep(10000);
	}
	cr_expect(!is_there(word), "a process outlived act-c");
}

Test(engine_sandbox, dies_with_act_c_as_root)
{
	check_killed(AS_ROOT);
}

Test(engine_sandbox, dies_with_act_c_as_user)
{
	check_killed(AS_USER);
}

/* --- refusals ----------------------------------------------------------------------------------
 */

Test(engine_sandbox, refuses_a_network_that_it_does_not_have)
{
	struct fixture f;

	fixture_init(&f, "");
	f.spec.network = STR("backend");
	cr_assert_null(engine_sandbox.start(&f.a, &f.spec, &f.err));
	cr_expect(strstr(f.err.msg, "no network \"backend\""), "%s", f.err.msg);
	fixture_release(&f);
}

Test(engine_sandbox, refuses_to_expose_what_is_not_there)
{
	struct str missing = STR("/nonexistent/path");
	struct fixture f;

	fixture_init(&f, "");
	f.spec.expose = &missing;
	f.spec.nexpose = 1;
	cr_assert_null(engine_sandbox.start(&f.a, &f.spec, &f.err));
	cr_expect(strstr(f.err.msg, "--expose /nonexistent/path"), "%s", f.err.msg);
	fixture_release(&f);
}

Test(engine_sandbox, probes_as_usable)
{
	struct arena a = ARENA_INIT;
	struct engine_state state;

	engine_sandbox.probe(&a, &state);
	cr_expect(state.usable, "%.*s", STR_ARG(state.why));
	cr_expect_gt(state.version.len, 0);
	arena_release(&a);
}
