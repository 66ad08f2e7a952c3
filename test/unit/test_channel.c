/*
 * test_channel.c - the real agent on a socket pair, driven through the channel.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "actc/channel.h"
#include "actc/file.h"
#include "actc/frame.h"
#include "engine/agent_blob.h"

struct rig {
	struct arena a;
	struct channel *c;
	pid_t agent;
	int fd;
	char dir[64];
};

static long long ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void rig_start(struct rig *r)
{
	int ends[2];
	size_t len;
	const unsigned char *blob = agent_blob(&len);
	int program = memfd_create("agent", MFD_CLOEXEC);

	*r = (struct rig){ .dir = "/tmp/actc-channel-XXXXXX" };
	cr_assert(mkdtemp(r->dir));
	cr_assert(write_all(program, blob, len));
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	r->agent = fork();
	if (r->agent == 0) {
		char *argv[] = { (char[]){ "agent" }, NULL };

		(void)setsid();
		(void)dup2(ends[1], 0);
		(void)dup2(ends[1], 1);
		(void)fexecve(program, argv, environ);
		_exit(127);
	}
	(void)close(program);
	(void)close(ends[1]);
	r->fd = ends[0];
}

static void rig_open(struct rig *r)
{
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY };

	rig_start(r);
	r->c = channel_open(&r->a, r->fd, r->fd, &hello, 5000, &err);
	cr_assert(r->c, "%s", err.msg);
}

static void rig_close(struct rig *r)
{
	struct err err = ERR_INIT;
	int status;

	if (r->c) {
		channel_close(r->c);
	}
	cr_assert(waitpid(r->agent, &status, 0) == r->agent);
	cr_assert(remove_tree(r->dir, &err), "%s", err.msg);
	arena_release(&r->a);
}

static struct str in_dir(struct rig *r, const char *name)
{
	return arena_printf(&r->a, "%s/%s", r->dir, name);
}

/* What a process said and how it ended. */
struct seen {
	struct strbuf out;
	size_t bytes;
	bool count_only;
	bool done;
	struct proc_exit exit;
	char what[256];
	long long at;
};

static void on_output(void *ctx, struct str bytes)
{
	struct seen *s = ctx;

	s->bytes += bytes.len;
	if (!s->count_only) {
		strbuf_adds(&s->out, bytes);
	}
}

static void on_exited(void *ctx, const struct proc_exit *how)
{
	struct seen *s = ctx;

	s->done = true;
	s->exit = *how;
	(void)snprintf(s->what, sizeof(s->what), "%.*s", STR_ARG(how->start_what));
	s->at = ms();
}

static void seen_init(struct seen *s)
{
	*s = (struct seen){ 0 };
	strbuf_init(&s->out, 0);
}

static struct proc *spawn(struct rig *r, struct seen *s, const char *script)
{
	struct str argv[] = { STR("sh"), STR("-c"), str_of(script) };
	struct str env[] = { STR("PATH=/usr/bin:/bin"), STR("WHO=step") };
	struct proc_spec spec = {
		.argv = argv,
		.nargv = 3,
		.env = env,
		.nenv = 2,
		.cwd = str_of(r->dir),
		.mark = STR_EMPTY,
	};
	struct proc_handler h = { s, on_output, on_exited };

	seen_init(s);
	return channel_spawn(r->c, &spec, &h);
}

static void run_until(struct rig *r, const bool *done)
{
	long long until = ms() + 20000;

	while (!*done) {
		cr_assert(channel_turn(r->c, -1, 1000) != TURN_LOST, "lost: %s",
			  channel_why_lost(r->c).p);
		cr_assert(ms() < until, "not done within 20 s");
	}
}

static void run(struct rig *r, struct seen *s, const char *script)
{
	(void)spawn(r, s, script);
	run_until(r, &s->done);
}

Test(channel, greets)
{
	struct rig r;

	rig_open(&r);
	const struct channel_peer *p = channel_peer(r.c);

	cr_assert(p->version == FRAME_VERSION);
	cr_assert(str_eq(p->build, STR(ACTC_AGENT_ID)));
	cr_assert(p->uid == getuid());
	cr_assert(p->nenv > 0);
	rig_close(&r);
}

Test(channel, exit_statuses_are_exact)
{
	static const struct {
		const char *script;
		int code, signal;
	} rows[] = {
		{ "true", 0, 0 },
		{ "exit 7", 7, 0 },
		{ "exit 255", 255, 0 },
		{ "kill -TERM $$", 128 + SIGTERM, SIGTERM },
		{ "kill -9 $$", 137, 9 },
		{ "exec sh -c 'exit 3'", 3, 0 },
		{ "exec >&- 2>&-; exit 4", 4, 0 },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen s;

		run(&r, &s, rows[i].script);
		cr_assert(s.exit.start_errno == 0, "%s", rows[i].script);
		cr_assert(s.exit.code == rows[i].code, "%s: %d", rows[i].script, s.exit.code);
		cr_assert(s.exit.signal == rows[i].signal, "%s", rows[i].script);
		cr_assert(s.exit.drained, "%s", rows[i].script);
		cr_assert(!s.exit.oom, "%s", rows[i].script);
		strbuf_release(&s.out);
	}
	rig_close(&r);
}

Test(channel, output_keeps_its_order_and_its_bytes)
{
	static const struct {
		const char *script, *out;
	} rows[] = {
		{ "echo o1; echo e1 >&2; echo o2; echo e2 >&2", "o1\ne1\no2\ne2\n" },
		{ "printf 'no newline'", "no newline" },
		{ "printf '\\377\\r\\n'", "\377\r\n" },
		{ "echo $WHO; echo ${HOME-none}", "step\nnone\n" },
		{ "cat; echo empty", "empty\n" },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen s;

		run(&r, &s, rows[i].script);
		cr_assert(str_eq(strbuf_str(&s.out), str_of(rows[i].out)), "%s: %s", rows[i].script,
			  s.out.p);
		strbuf_release(&s.out);
	}
	rig_close(&r);
}

Test(channel, files_and_script_in_one_go)
{
	struct rig r;
	struct seen s;
	struct err err = ERR_INIT;

	rig_open(&r);
	struct file_content files[] = {
		{ .path = in_dir(&r, "a/out") },
		{ .path = in_dir(&r, "a/none") },
		{ .path = in_dir(&r, "a/big") },
	};

	channel_mkdir(r.c, in_dir(&r, "a"), 0755, false);
	channel_write(r.c, in_dir(&r, "a/out"), 0644, false, STR("before\n"));
	channel_write(r.c, in_dir(&r, "b/c/made"), 0600, false, STR(""));
	run(&r, &s, "echo after >> a/out; head -c 5000 /dev/zero > a/big; ls b/c");
	cr_assert(channel_sync(r.c, &err), "%s", err.msg);
	cr_assert(str_eq(strbuf_str(&s.out), STR("made\n")));
	cr_assert(channel_read(r.c, &r.a, files, 3, 4096, &err));
	cr_assert(files[0].found && str_eq(files[0].content, STR("before\nafter\n")));
	cr_assert(!files[0].too_large);
	cr_assert(!files[1].found);
	cr_assert(files[2].found && files[2].too_large && files[2].content.len == 4096);
	strbuf_release(&s.out);
	rig_close(&r);
}
