/* Unit tests of the os layer: children (process.h), files (file.h) and locks (lock.h). */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actc/lock.h"
#include "actc/process.h"

#define SH(script)                               \
	&(const struct child_spec)               \
	{                                        \
		.argv = (const char *const[])    \
		{                                \
			"sh", "-c", script, NULL \
		}                                \
	}

static void temp_dir(char *out, size_t size)
{
	(void)snprintf(out, size, "/tmp/actc-test-XXXXXX");
	cr_assert_not_null(mkdtemp(out));
}

static void drop_dir(const char *dir)
{
	struct err err = ERR_INIT;

	cr_assert(remove_tree(dir, &err), "%s", err.msg);
}

/* Runs a shell script; the caller releases out. */
static int shell(const char *script, struct strbuf *out, struct strbuf *errout)
{
	struct err err = ERR_INIT;
	int status = -1;

	cr_assert(child_capture(SH(script), NULL, out, errout, 60000, &status, &err), "%s",
		  err.msg);
	return status;
}

/* Whether a process that is no child of ours ends soon. */
static bool ends(pid_t pid)
{
	char script[128];

	(void)snprintf(
		script, sizeof(script),
		"for i in $(seq 200); do "
		"grep -q '^State:.Z' /proc/%d/status || ! test -e /proc/%d && exit 0; sleep 0.1; "
		"done; exit 1",
		(int)pid, (int)pid);
	return pid > 1 && shell(script, NULL, NULL) == 0;
}

Test(process, a_missing_program_is_not_found_and_no_exit_status)
{
	static const char *const names[] = { "actc-no-such-program", "/nowhere/actc" };

	for (size_t i = 0; i < 2; i++) {
		const char *const argv[] = { names[i], NULL };
		struct child_spec spec = {
			.argv = argv, .in = CHILD_NULL, .out = CHILD_NULL, .err = CHILD_NULL
		};
		struct child child;
		struct err err = ERR_INIT;

		cr_assert_not(child_start(&spec, &child, &err));
		cr_assert_eq(err.kind, ERR_NOT_FOUND, "%s: %s", names[i], err.msg);
		cr_assert_eq(child.pid, 0);
		err_release(&err);
	}
}

Test(process, a_missing_directory_is_named_in_the_error)
{
	const char *const argv[] = { "true", NULL };
	struct child_spec spec = { .argv = argv,
				   .cwd = "/nowhere",
				   .in = CHILD_NULL,
				   .out = CHILD_NULL,
				   .err = CHILD_NULL };
	struct child child;
	struct err err = ERR_INIT;

	cr_assert_not(child_start(&spec, &child, &err));
	cr_assert_eq(err.kind, ERR_SYSTEM);
	cr_assert_str_eq(err.msg, "start true in /nowhere: No such file or directory");
	err_release(&err);
}

Test(process, exit_status_and_signal_are_told_as_a_shell_does)
{
	cr_assert_eq(shell("exit 0", NULL, NULL), 0);
	cr_assert_eq(shell("exit 42", NULL, NULL), 42);
	cr_assert_eq(shell("kill -9 $$", NULL, NULL), 137);
}

Test(process, stdout_and_stderr_are_kept_apart)
{
	struct strbuf out = STRBUF_INIT(100), errout = STRBUF_INIT(100);

	shell("echo good; echo bad >&2", &out, &errout);
	cr_assert_str_eq(out.p, "good\n");
	cr_assert_str_eq(errout.p, "bad\n");
	strbuf_release(&out);
	strbuf_release(&errout);
}

Test(process, input_larger_than_a_pipe_goes_in_while_output_comes_out)
{
	enum { SIZE = 300000 };
	struct strbuf out = STRBUF_INIT(SIZE), in = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	int status = -1;

	for (int i = 0; i < SIZE; i++) {
		(void)strbuf_addc(&in, (char)('a' + i % 26));
	}

	struct str input = strbuf_str(&in);

	cr_assert(child_capture(SH("cat"), &input, &out, NULL, 60000, &status, &err), "%s",
		  err.msg);
	cr_assert_eq(status, 0);
	cr_assert(str_eq(strbuf_str(&out), input));
	strbuf_release(&out);
	strbuf_release(&in);
}

Test(process, a_child_that_closes_its_stdin_does_not_end_us)
{
	struct strbuf in = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	int status = -1;

	for (int i = 0; i < 300000; i++) {
		(void)strbuf_addc(&in, 'x');
	}

	struct str input = strbuf_str(&in);

	(void)signal(SIGPIPE, SIG_DFL);
	cr_assert(child_capture(SH("exec <&-; sleep 0.1; exit 3"), &input, NULL, NULL, 60000,
				&status, &err));
	cr_assert_eq(status, 3);
	strbuf_release(&in);
}

Test(process, too_much_output_is_an_error_and_ends_the_child)
{
	struct strbuf out = STRBUF_INIT(1000);
	struct err err = ERR_INIT;
	int status = -1;

	cr_assert_not(child_capture(SH("yes"), NULL, &out, NULL, 60000, &status, &err));
	cr_assert_eq(err.sys, 0);
	err_release(&err);
	strbuf_release(&out);
}

Test(process, without_a_buffer_any_amount_of_stderr_passes)
{
	cr_assert_eq(shell("head -c 1000000 /dev/zero >&2; exit 5", NULL, NULL), 5);
}

Test(process, the_time_limit_kills_the_whole_group_and_keeps_what_came)
{
	struct strbuf out = STRBUF_INIT(1000);
	struct err err = ERR_INIT;
	long long start = now_ms();
	int status = -1;

	cr_assert_not(child_capture(SH("echo slow >&2; sleep 60 & echo $!; wait; echo never"), NULL,
				    &out, NULL, 2500, &status, &err));
	cr_assert_eq(err.sys, ETIMEDOUT);
	cr_assert_str_eq(err.msg, "sh: no end within 3 s: slow");
	cr_assert(ends(atoi(out.p)), "%s", out.p);
	cr_assert_lt(now_ms() - start, 50000);
	err_release(&err);
	strbuf_release(&out);
}

Test(process, a_grandchild_that_holds_the_pipe_does_not_hold_us)
{
	struct strbuf out = STRBUF_INIT(1000);
	long long start = now_ms();

	cr_assert_eq(shell("setsid sleep 40 & echo done", &out, NULL), 0);
	cr_assert_str_eq(out.p, "done\n");
	cr_assert_lt(now_ms() - start, 30000);
	strbuf_release(&out);
}

Test(process, environment_changes_lie_over_the_inherited_one)
{
	const char *const argv[] = {
		"sh", "-c", "echo $KEPT-$SET-${GONE-unset}; grep -zc '^GONE' /proc/$$/environ", NULL
	};
	const char *const env[] = { "SET=new", "GONE", NULL };
	struct child_spec spec = { .argv = argv, .env = env };
	struct strbuf out = STRBUF_INIT(100);
	struct err err = ERR_INIT;
	int status = -1;

	(void)setenv("KEPT", "kept", 1);
	(void)setenv("SET", "old", 1);
	(void)setenv("GONE", "there", 1);
	cr_assert(child_capture(&spec, NULL, &out, NULL, 60000, &status, &err));
	cr_assert_str_eq(out.p, "kept-new-unset\n0\n");
	strbuf_release(&out);
}

Test(process, a_child_has_its_own_session_default_signals_and_no_stray_descriptor)
{
	struct strbuf out = STRBUF_INIT(1000);
	int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */
	char script[200];

	cr_assert_gt(stray, 2);
	(void)signal(SIGINT, SIG_IGN);
	(void)snprintf(script, sizeof(script),
		       "test -e /proc/self/fd/%d && echo leaked; test $(ps -o sid= -p $$) = $$ || "
		       "echo shared; kill -INT $$; echo ignored",
		       stray);
	cr_assert_eq(shell(script, &out, NULL), 128 + SIGINT);
	cr_assert_str_eq(out.p, "");
	strbuf_release(&out);
}

Test(process, descriptors_may_be_given_in_any_order)
{
	const char *const argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	struct child_spec spec = {
		.argv = argv, .in = CHILD_NULL, .out = STDERR_FILENO, .err = STDOUT_FILENO
	};
	struct err err = ERR_INIT;
	char text[16] = "";
	struct child child;
	int a[2], b[2];

	cr_assert(pipe(a) == 0 && pipe(b) == 0);
	cr_assert(dup2(a[1], STDOUT_FILENO) >= 0 && dup2(b[1], STDERR_FILENO) >= 0);
	cr_assert(child_start(&spec, &child, &err));
	cr_assert(child_wait(&child, -1));
	(void)fcntl(a[0], F_SETFL, O_NONBLOCK);
	cr_assert_eq(read(a[0], text, sizeof(text) - 1), 4);
	cr_assert_str_eq(text, "err\n");
	cr_assert_eq(read(b[0], text, sizeof(text) - 1), 4);
	cr_assert_str_eq(text, "out\n");
	child_end(&child);
}

Test(process, wait_gives_up_after_its_time_and_end_kills)
{
	const char *const argv[] = { "sleep", "60", NULL };
	struct child_spec spec = {
		.argv = argv, .in = CHILD_NULL, .out = CHILD_NULL, .err = CHILD_NULL
	};
	struct err err = ERR_INIT;
	struct child child;

	cr_assert(child_start(&spec, &child, &err));

	pid_t pid = child.pid;

	cr_assert_not(child_wait(&child, 50));
	child_end(&child);
	cr_assert_eq(child.status, 128 + SIGKILL);
	cr_assert_eq(kill(pid, 0), -1);
	child_end(&child);
}

/* Reads the end of a pipe whose other end only a grandchild holds; -1 when it goes on holding it.
 */
static ssize_t end_of_grandchild(bool outlives)
{
	int ends[2];
	char byte;

	cr_assert_eq(pipe(ends), 0);

	pid_t middle = fork();

	if (middle == 0) {
		const char *const argv[] = { "sleep", "40", NULL };
		struct child_spec spec = { .argv = argv,
					   .in = CHILD_NULL,
					   .out = ends[1],
					   .err = CHILD_NULL,
					   .outlives = outlives };
		struct err err = ERR_INIT;
		struct child child;

		(void)child_start(&spec, &child, &err);
		_exit(0);
	}
	(void)close(ends[1]);
	cr_assert_eq(waitpid(middle, NULL, 0), middle);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	(void)poll(&(struct pollfd){ ends[0], POLLIN, 0 }, 1, outlives ? 300 : 30000);
	return read(ends[0], &byte, 1);
}

Test(process, a_child_dies_with_its_parent_unless_it_is_to_outlive_it)
{
	cr_assert_eq(end_of_grandchild(false), 0);
	cr_assert_eq(end_of_grandchild(true), -1);
}

Test(file, reading_tells_missing_too_large_and_irregular_apart)
{
	struct strbuf out = STRBUF_INIT(4);
	struct err err = ERR_INIT;
	char dir[64], path[128];

	temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	cr_assert_not(read_file(path, &out, &err));
	cr_assert_eq(err.kind, ERR_NOT_FOUND);
	err_release(&err);
	cr_assert(write_file(path, STR("1234"), 0640, &err));
	cr_assert(read_file(path, &out, &err));
	cr_assert_str_eq(out.p, "1234");
	strbuf_reset(&out);
	cr_assert(write_file(path, STR("12345"), 0640, &err));
	cr_assert_not(read_file(path, &out, &err));
	cr_assert_eq(err.kind, ERR_INVALID);
	err_release(&err);
	cr_assert_not(read_file(dir, &out, &err));
	cr_assert_eq(err.kind, ERR_INVALID);
	err_release(&err);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_not(read_file(path, &out, &err));
	cr_assert_eq(err.kind, ERR_INVALID);
	err_release(&err);
	strbuf_release(&out);
	drop_dir(dir);
}

Test(file, a_failed_write_leaves_the_old_content_and_nothing_beside_it)
{
	struct err err = ERR_INIT;
	char dir[64], path[128];
	struct strbuf out = STRBUF_INIT(0);

	temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/no/f", dir);
	cr_assert_not(write_file(path, STR("x"), 0600, &err));
	cr_assert_eq(err.sys, ENOENT);
	err_release(&err);
	(void)snprintf(path, sizeof(path), "%s/dir", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_not(write_file(path, STR("x"), 0600, &err));
	err_release(&err);
	(void)snprintf(path, sizeof(path), "ls -A %s", dir);
	shell(path, &out, NULL);
	cr_assert_str_eq(out.p, "dir\n");
	strbuf_release(&out);
	drop_dir(dir);
}

Test(file, make_dirs_sets_the_mode_and_accepts_what_is_there)
{
	struct err err = ERR_INIT;
	char dir[64], path[128];
	struct stat st;

	temp_dir(dir, sizeof(dir));
	(void)umask(0077);
	(void)snprintf(path, sizeof(path), "%s/a//b/c/", dir);
	cr_assert(make_dirs(path, 0755, &err), "%s", err.msg);
	cr_assert(make_dirs(path, 0700, &err), "%s", err.msg);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0755);
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	cr_assert(write_file(path, STR(""), 0600, &err));
	cr_assert_not(make_dirs(path, 0755, &err));
	cr_assert_eq(err.sys, ENOTDIR);
	err_release(&err);
	drop_dir(dir);
}

Test(file, remove_tree_follows_no_link_and_ends_what_is_deep_or_closed)
{
	struct err err = ERR_INIT;
	char dir[64], script[1000];

	/* Rights say nothing to root, and depth nothing to whoever may open anything. */
	cr_assert(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 128, 128 }), 0);
	temp_dir(dir, sizeof(dir));
	(void)snprintf(
		script, sizeof(script),
		"cd %s && mkdir -p keep tree/closed/in && touch keep/file tree/closed/f && "
		"ln -s ../keep tree/link && chmod 0 tree/closed/in && chmod 0500 tree/closed && "
		"mkdir -p tree/$(printf 'd/%%.0s' $(seq 300))",
		dir);
	cr_assert_eq(shell(script, NULL, NULL), 0);
	(void)snprintf(script, sizeof(script), "%s/tree", dir);
	cr_assert(remove_tree(script, &err), "%s", err.msg);
	cr_assert_eq(access(script, F_OK), -1);
	cr_assert(remove_tree(script, &err), "missing is fine");
	(void)snprintf(script, sizeof(script), "%s/keep/file", dir);
	cr_assert_eq(access(script, F_OK), 0);
	cr_assert(remove_tree(script, &err), "a file too");
	drop_dir(dir);
}

Test(file, tree_size_counts_regular_files)
{
	char dir[64], path[128];
	struct err err = ERR_INIT;

	temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/a/b", dir);
	cr_assert(make_dirs(path, 0700, &err));
	(void)snprintf(path, sizeof(path), "%s/a/b/five", dir);
	cr_assert(write_file(path, STR("12345"), 0600, &err));
	(void)snprintf(path, sizeof(path), "%s/two", dir);
	cr_assert(write_file(path, STR("12"), 0600, &err));
	cr_assert_eq(tree_size(dir), 7);
	cr_assert_eq(tree_size("/nowhere"), 0);
	drop_dir(dir);
}

Test(lock, is_held_by_one_shared_with_forks_and_not_with_programs)
{
	struct err err = ERR_INIT;
	char dir[64], path[128];
	bool waited = false;

	temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	cr_assert_not(lock_held(path));

	int fd = lock_take(path, 0, &waited, &err);

	cr_assert_geq(fd, 0);
	cr_assert_not(waited);
	cr_assert(lock_held(path));
	cr_assert_eq(lock_take(path, 60, &waited, &err), -1);
	cr_assert(waited);
	cr_assert_eq(err.sys, ETIMEDOUT);
	err_release(&err);

	pid_t sharer = fork();

	if (sharer == 0) {
		(void)alarm(120); /* in case the test fails */
		(void)pause();
		_exit(0);
	}
	(void)close(fd);
	cr_assert(lock_held(path), "the fork still has it");
	(void)kill(sharer, SIGKILL);
	(void)waitpid(sharer, NULL, 0);
	cr_assert_not(lock_held(path));
	drop_dir(dir);
}
