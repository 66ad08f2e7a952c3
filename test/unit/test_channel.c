/*
 * test_channel.c - processes: the real agent on a socket pair, driven through the channel.
 */
#include "channel_rig.h"
#include "engine/channel_impl.h"

Test(channel, greets)
{
	struct rig r;

	rig_open(&r);
	const struct channel_peer *p = channel_peer(r.c);

	cr_assert(p->version == FRAME_VERSION);
	cr_assert(str_eq(p->build, STR(ACTC_AGENT_ID)));
	cr_assert(p->uid == getuid());
	cr_assert(p->nenv > 0);
	if (rig_is_emulated()) {
		cr_assert(str_eq(p->arch, str_of(getenv("ACTC_TEST_AGENT"))), "%s", p->arch.p);
	}
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

Test(channel, a_program_that_cannot_start_says_what_is_wrong)
{
	static const struct {
		const char *program, *cwd, *what;
		int sys, code;
	} rows[] = {
		{ "no-such-program", "/", "exec no-such-program", ENOENT, 127 },
		{ "/no/such", "/", "exec /no/such", ENOENT, 127 },
		{ "/etc/passwd", "/", "exec /etc/passwd", EACCES, 126 },
		{ "sh", "/no/such/dir", "chdir /no/such/dir", ENOENT, 127 },
	};
	struct rig r;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str argv[] = { str_of(rows[i].program) };
		struct str env[] = { STR("PATH=/usr/bin:/bin") };
		struct proc_spec spec = {
			.argv = argv,
			.nargv = 1,
			.env = env,
			.nenv = 1,
			.cwd = str_of(rows[i].cwd),
			.mark = STR_EMPTY,
		};
		struct seen s;
		struct proc_handler h = { &s, on_output, on_exited };

		seen_init(&s);
		(void)channel_spawn(r.c, &spec, &h);
		run_until(&r, &s.done);
		cr_assert(s.exit.start_errno == rows[i].sys, "%s: %d", rows[i].program,
			  s.exit.start_errno);
		cr_assert(strcmp(s.what, rows[i].what) == 0, "%s: %s", rows[i].program, s.what);
		cr_assert(s.exit.code == rows[i].code, "%s: %d", rows[i].program, s.exit.code);
	}
	rig_close(&r);
}

/* SEMANTICS 4.5: stdin is closed or empty, signals are as a fresh process has them. */
Test(channel, a_step_starts_clean)
{
	struct rig r;
	struct seen s;

	rig_open(&r);
	run(&r, &s,
	    "grep -E 'Sig(Blk|Ign)' /proc/self/status | awk '{print $2}'; ls /proc/self/fd | wc -l;"
	    "readlink /proc/self/fd/0; ps -o sid= -p $$ | grep -qw $$ && echo leader; pwd");
	struct str signals = STR("0000000000000000\n0000000000000000\n");
	struct str want = arena_printf(&r.a, "%s4\n/dev/null\nleader\n%s\n",
				       rig_is_emulated() ? "" : signals.p, r.dir);
	struct str out = strbuf_str(&s.out);

	cr_assert(str_eq(rig_is_emulated() ? str_slice(out, signals.len, out.len) : out, want),
		  "%s", s.out.p);
	strbuf_release(&s.out);
	rig_close(&r);
}

/* SEMANTICS 4.5: "If the process exits but its pipes stay open (daemon children) wait ≤5 s, then go
 * on." */
Test(channel, a_daemon_that_holds_the_pipe_costs_five_seconds_and_lives_on)
{
	struct rig r;
	struct seen s, t;
	long long from;

	rig_open(&r);
	from = ms();
	run(&r, &s, "(sleep 0.3; echo late; exec sleep 300) & echo $! > pid; exit 3");
	cr_assert(s.exit.code == 3);
	cr_assert(!s.exit.drained);
	cr_assert(s.at - from >= 4900 && s.at - from < 60000, "%lld ms", s.at - from);
	cr_assert(str_eq(strbuf_str(&s.out), STR("late\n")), "%s", s.out.p);
	run(&r, &t, "kill -0 $(cat pid) && echo alive");
	cr_assert(str_eq(strbuf_str(&t.out), STR("alive\n")));
	strbuf_release(&s.out);
	strbuf_release(&t.out);
	rig_close(&r);
}

Test(channel, without_draining_it_costs_nothing_and_loses_nothing)
{
	struct rig r;
	struct seen s;
	struct proc *p;
	long long from;

	rig_open(&r);
	p = spawn(&r, &s, "sleep 300 & echo said; echo ready; wait");
	while (s.out.len < strlen("said\nready\n")) {
		(void)channel_turn(r.c, -1, 1000);
	}
	from = ms();
	channel_signal(r.c, p, SIGKILL, SIGNAL_ENTRY, true);
	run_until(&r, &s.done);
	cr_assert(s.exit.code == 128 + SIGKILL);
	cr_assert(s.at - from < 4900, "%lld ms", s.at - from);
	cr_assert(!s.exit.drained);
	strbuf_release(&s.out);
	rig_close(&r);
}

/* Says when a process of that number is gone. */
static bool gone(struct rig *r, const char *file)
{
	struct seen s;
	bool is_gone;
	struct str script = arena_printf(
		&r->a,
		"kill -0 $(cat %s) 2>/dev/null && grep -v '^State:.Z' /proc/$(cat %s)/status "
		"| grep -q ^State && echo there",
		file, file);

	run(r, &s, script.p);
	is_gone = s.out.len == 0;
	strbuf_release(&s.out);
	return is_gone;
}

/* A shell with a child in its group, one in a session of its own, and a daemon: its parent is gone
 * and its session its own. */
static const char family[] = "sleep 301 & echo $! > group;"
			     "setsid sh -c 'echo $$ > session; exec sleep 302' &"
			     "(setsid sh -c 'echo $$ > daemon; exec sleep 303' &) ;"
			     "while ! [ -s session ] || ! [ -s daemon ]; do sleep 0.02; done; echo "
			     "ready; wait; sleep 304";

static void wait_ready(struct rig *r, struct seen *s)
{
	while (s->out.len < strlen("ready\n")) {
		cr_assert(channel_turn(r->c, -1, 1000) != TURN_LOST);
	}
}

/* SEMANTICS 4.4: cancelling signals "go to the entry process only", descendants live on. */
Test(channel, signal_scopes_reach_what_they_say)
{
	static const struct {
		enum signal_scope scope;
		bool group_dies, session_dies, daemon_dies;
	} rows[] = {
		{ SIGNAL_ENTRY, false, false, false },
		{ SIGNAL_GROUP, true, false, false },
		{ SIGNAL_TREE, true, true, true },
	};

	if (rig_is_emulated()) {
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;
		struct seen s;
		struct proc *p;

		rig_open(&r);
		p = spawn(&r, &s, family);
		wait_ready(&r, &s);
		channel_signal(r.c, p, SIGKILL, rows[i].scope, true);
		run_until(&r, &s.done);
		cr_assert(s.exit.signal == SIGKILL, "scope %zu", i);
		cr_assert(gone(&r, "group") == rows[i].group_dies, "scope %zu", i);
		cr_assert(gone(&r, "session") == rows[i].session_dies, "scope %zu", i);
		cr_assert(gone(&r, "daemon") == rows[i].daemon_dies, "scope %zu", i);
		strbuf_release(&s.out);
		rig_close(&r);
	}
}

Test(channel, a_tree_is_one_steps_only)
{
	struct rig r;
	struct seen first, second;
	struct proc *p;

	rig_open(&r);
	run(&r, &first,
	    "(setsid sh -c 'echo $$ > daemon; exec sleep 300' >/dev/null 2>&1 &); "
	    "while ! [ -s daemon ]; do sleep 0.02; done");
	/* Without a mark an orphan is judged by its age, which is counted in ticks of 10 ms. */
	(void)usleep(50 * 1000);
	p = spawn(&r, &second, "echo ready; exec sleep 300");
	wait_ready(&r, &second);
	channel_signal(r.c, p, SIGKILL, SIGNAL_TREE, true);
	run_until(&r, &second.done);
	cr_assert(!gone(&r, "daemon"));
	strbuf_release(&first.out);
	strbuf_release(&second.out);
	rig_close(&r);
}

Test(channel, a_trapped_signal_is_the_steps_own_business)
{
	struct rig r;
	struct seen s;
	struct proc *p;

	rig_open(&r);
	p = spawn(&r, &s,
		  "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done");
	wait_ready(&r, &s);
	channel_signal(r.c, p, SIGINT, SIGNAL_ENTRY, false);
	run_until(&r, &s.done);
	cr_assert(s.exit.code == 9 && s.exit.signal == 0);
	cr_assert(str_eq(strbuf_str(&s.out), STR("ready\ncaught\n")));
	strbuf_release(&s.out);
	rig_close(&r);
}

Test(channel, the_end_of_the_connection_ends_everything)
{
	struct rig r;
	struct seen s;
	struct str pids[3];
	static const char *const names[] = { "group", "session", "daemon" };
	struct file_content files[3];
	struct err err = ERR_INIT;
	long long from;
	int status;

	if (rig_is_emulated()) {
		return;
	}
	rig_open(&r);
	(void)spawn(&r, &s, family);
	wait_ready(&r, &s);
	for (size_t i = 0; i < 3; i++) {
		files[i].path = in_dir(&r, names[i]);
	}
	cr_assert(channel_read(r.c, &r.a, files, 3, 100, &err));
	for (size_t i = 0; i < 3; i++) {
		pids[i] = files[i].content;
	}
	from = ms();
	/* As a kill -9 of act-c does it: no word, only the end of file. */
	cr_assert(shutdown(r.fd, SHUT_RDWR) == 0);
	cr_assert(waitpid(r.agent, &status, 0) == r.agent);
	cr_assert(ms() - from < FRAME_SILENCE_MS - 5000, "%lld ms", ms() - from);
	for (size_t i = 0; i < 3; i++) {
		cr_assert(kill((pid_t)atoi(pids[i].p), 0) < 0 && errno == ESRCH, "%s", names[i]);
	}
	cr_assert(channel_turn(r.c, -1, 1000) == TURN_LOST);
	cr_assert(s.done && s.exit.signal == SIGKILL && channel_lost(r.c));
	channel_close(r.c);
	strbuf_release(&s.out);
	cr_assert(remove_tree(r.dir, &err));
	arena_release(&r.a);
}

static long resident_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmHWM: %ld", &kb) == 1) {
			break;
		}
	}
	if (f) {
		(void)fclose(f);
	}
	return kb;
}

Test(channel, much_output_flows_with_flat_memory)
{
	enum { MB = 300 };
	struct rig r;
	struct seen s;
	long before, after;

	rig_open(&r);
	(void)spawn(&r, &s, "head -c 314572800 /dev/zero");
	s.count_only = true;
	before = resident_kb(r.agent);
	run_until(&r, &s.done);
	after = resident_kb(r.agent);
	cr_assert(s.bytes == (size_t)MB << 20, "%zu", s.bytes);
	cr_assert(after - before < 4096, "the agent grew from %ld to %ld kB", before, after);
	rig_close(&r);
}

/* A stream that nobody gives credit to waits alone. */
Test(channel, a_loud_step_blocks_itself_only)
{
	struct rig r;
	struct frame_input in;
	struct strbuf b = STRBUF_INIT(0), p = STRBUF_INIT(0);
	size_t loud = 0;
	bool quiet_done = false;
	long long until;

	rig_start(&r);
	r.c = NULL;
	frame_input_init(&in, 2 * (FRAME_HEADER + FRAME_MAX));
	frame_put_u32(&p, FRAME_VERSION);
	frame_put_bytes(&p, STR_EMPTY);
	frame_put_list(&p, NULL, 0);
	frame_put_bytes(&p, STR_EMPTY); /* no door */
	frame_put_bytes(&p, STR_EMPTY);
	frame_send(&b, FRAME_HELLO, 0, 0, strbuf_str(&p));
	for (uint32_t stream = 1; stream <= 3; stream += 2) {
		struct str loud_argv[] = { STR("/bin/sh"), STR("-c"), STR("exec cat /dev/zero") };
		struct str argv[] = { STR("/bin/sh"), STR("-c"), STR("sleep 0.5; echo hi") };

		strbuf_reset(&p);
		frame_put_bytes(&p, STR("/"));
		frame_put_bytes(&p, STR_EMPTY);
		frame_put_list(&p, stream == 1 ? loud_argv : argv, 3);
		frame_put_list(&p, NULL, 0);
		frame_put_list(&p, NULL, 0); /* files */
		frame_send(&b, FRAME_SPAWN, 0, stream, strbuf_str(&p));
	}
	cr_assert(write_all(r.fd, b.p, b.len));
	/* The loud one may be slower than the quiet one, but not slower than that. */
	for (until = ms() + 60000; !(quiet_done && loud >= STREAM_CREDIT) && ms() < until;) {
		struct frame f;
		size_t room;
		uint8_t *at = frame_input_room(&in, &room);
		ssize_t n = read(r.fd, at, room);

		cr_assert(n > 0);
		frame_input_add(&in, (size_t)n);
		while (frame_input_next(&in, &f) == FRAME_OK) {
			loud += f.type == FRAME_DATA && f.stream == 1 ? f.len : 0;
			quiet_done = quiet_done || (f.type == FRAME_EXITED && f.stream == 3);
		}
	}
	cr_assert(quiet_done);
	cr_assert(loud == STREAM_CREDIT, "%zu", loud);
	frame_input_release(&in);
	strbuf_release(&b);
	strbuf_release(&p);
	(void)close(r.fd);
	rig_close(&r);
}

Test(channel, an_environment_larger_than_a_frame_arrives)
{
	enum { N = 10, SIZE = 100 * 1000 };
	struct rig r;
	struct seen s;
	struct str env[N];
	struct str argv[] = { STR("/bin/sh"), STR("-c"), STR("echo ${#V9}") };
	struct proc_spec spec = {
		.argv = argv,
		.nargv = 3,
		.env = env,
		.nenv = N,
		.cwd = STR("/"),
		.mark = STR_EMPTY,
	};
	struct proc_handler h = { &s, on_output, on_exited };

	rig_open(&r);
	for (size_t i = 0; i < N; i++) {
		char *v = arena_alloc(&r.a, SIZE + 4);

		memset(v, 'x', SIZE + 3);
		memcpy(v, "V0=", 3);
		v[1] = (char)('0' + i);
		env[i] = str_of(v);
	}
	seen_init(&s);
	(void)channel_spawn(r.c, &spec, &h);
	run_until(&r, &s.done);
	cr_assert(str_eq(strbuf_str(&s.out), STR("100000\n")), "%s", s.out.p);
	strbuf_release(&s.out);
	rig_close(&r);
}

Test(channel, a_pty_is_a_terminal)
{
	struct rig r;
	struct seen s;
	struct str argv[] = { STR("/bin/sh"), STR("-c"),
			      STR("test -t 1 && test -t 2 && echo tty; stty size < /dev/tty") };
	struct str env[] = { STR("PATH=/usr/bin:/bin") };
	struct proc_spec spec = {
		.argv = argv,
		.nargv = 3,
		.env = env,
		.nenv = 1,
		.cwd = STR("/"),
		.mark = STR_EMPTY,
		.pty = true,
	};
	struct proc_handler h = { &s, on_output, on_exited };

	rig_open(&r);
	seen_init(&s);
	(void)channel_spawn(r.c, &spec, &h);
	run_until(&r, &s.done);
	cr_assert(str_eq(strbuf_str(&s.out), STR("tty\r\n0 0\r\n")), "%s", s.out.p);
	cr_assert(s.exit.code == 0 && s.exit.drained);
	strbuf_release(&s.out);
	rig_close(&r);
}

Test(channel, garbage_ends_the_agent_with_a_message)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18, "garbage" },
		{ "\0\0\0\0\2\0\0\0\0\0\0\0", 12, "no HELLO" },
		{ "\0\0\0\0\1\0\0\0\0\0\0\0", 12, "malformed" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;
		char reply[512];
		ssize_t n;
		int status;

		rig_start(&r);
		cr_assert(write_all(r.fd, rows[i].bytes, rows[i].len));
		n = read(r.fd, reply, sizeof(reply));
		cr_assert(n > FRAME_HEADER && reply[4] == FRAME_RESULT, "row %zu", i);
		cr_assert(memmem(reply, (size_t)n, rows[i].says, strlen(rows[i].says)), "row %zu",
			  i);
		cr_assert(waitpid(r.agent, &status, 0) == r.agent && WIFEXITED(status), "row %zu",
			  i);
		(void)close(r.fd);
		(void)rmdir(r.dir);
	}
}

/* What an image's entry point prints is named, so that people see why there is no agent. */
Test(channel, something_else_than_an_agent_is_quoted)
{
	int ends[2];
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY };

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	cr_assert(write_all(ends[1], "exec format error\n", 18));
	(void)shutdown(ends[1], SHUT_WR);
	cr_assert(!channel_open(&a, ends[0], ends[0], &hello, 2000, &err));
	cr_assert(err.kind == ERR_LOST && strstr(err.msg, "exec format error"), "%s", err.msg);
	err_release(&err);
	(void)close(ends[1]);
	arena_release(&a);
}

Test(channel, an_agent_that_never_answers_is_given_up)
{
	int ends[2];
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY };
	long long from = ms();

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	cr_assert(!channel_open(&a, ends[0], ends[0], &hello, 300, &err));
	cr_assert(ms() - from < 2000);
	err_release(&err);
	(void)close(ends[1]);
	arena_release(&a);
}

Test(channel, wakes_for_another_descriptor)
{
	struct rig r;
	int pipe_fds[2];

	rig_open(&r);
	cr_assert(pipe(pipe_fds) == 0);
	cr_assert(channel_turn(r.c, pipe_fds[0], 50) == TURN_TIMEOUT);
	cr_assert(write(pipe_fds[1], "x", 1) == 1);
	cr_assert(channel_turn(r.c, pipe_fds[0], 5000) == TURN_WAKE);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	rig_close(&r);
}

/* The clock is moved, so that the test need not wait for all of the 30 s. */
Test(channel, a_silent_agent_is_lost_and_one_that_answers_is_not, .timeout = 240)
{
	struct rig r;
	long long until;

	rig_open(&r);
	r.c->heard -= FRAME_SILENCE_MS - 9000;
	for (until = ms() + 9500; ms() < until;) {
		cr_assert(channel_turn(r.c, -1, 100) != TURN_LOST);
	}
	cr_assert(kill(r.agent, SIGSTOP) == 0);
	r.c->heard -= FRAME_SILENCE_MS - 3000;
	until = ms() + 20000;
	while (channel_turn(r.c, -1, -1) != TURN_LOST) {
		cr_assert(ms() < until);
	}
	cr_assert(strstr(channel_why_lost(r.c).p, "not answered"), "%s", channel_why_lost(r.c).p);
	cr_assert(kill(r.agent, SIGCONT) == 0);
	rig_close(&r);
}

/* A laptop that slept, a Ctrl-Z: not the agent's fault. */
Test(channel, time_without_turns_is_not_the_agents_silence)
{
	struct rig r;

	rig_open(&r);
	r.c->heard -= 10LL * FRAME_SILENCE_MS;
	r.c->turned -= 10LL * FRAME_SILENCE_MS;
	cr_assert(channel_turn(r.c, -1, 50) == TURN_TIMEOUT);
	rig_close(&r);
}
