/* Unit tests of the fake engine: its language, and that it passes for a machine. */
#include "machine_fixture.h"

#include <errno.h>

static struct machine *start(struct fixture *f)
{
	struct machine *m;

	fixture_init(f, "any");
	m = engine_by_name(STR("fake"))->start(&f->a, &f->spec, &f->err);
	cr_assert_not_null(m, "%s", f->err.msg);
	return m;
}

static void stop(struct fixture *f, struct machine *m)
{
	engine_fake.stop(m, false);
	fixture_release(f);
}

struct script_row {
	const char *script;
	const char *out;
	int code;
};

static const struct script_row scripts[] = {
	{ "", "", 0 },
	{ "echo hello", "hello\n", 0 },
	{ "echo", "\n", 0 },
	{ "echo 1\n# no\n\n  echo 2  \r\n", "1\n2\n", 0 },
	{ "echo $NAME ${NAME}s $UNKNOWN. $", "value values . $\n", 0 },
	{ "echo \"$NAME\"", "value\n", 0 },
	{ "echo '$NAME'", "$NAME\n", 0 },
	{ "exit 3\necho no", "", 3 },
	{ "true\necho yes", "yes\n", 0 },
	{ "echo one\nfalse\necho no", "one\n", 1 },
	{ "make all", "fake: cannot run: make all\n", 127 },
	{ "echo text >> /f\necho more", "more\n", 0 },
	{ "sleep 0.05\necho late", "late\n", 0 },
};

Test(fake, runs_its_language)
{
	struct fixture f;
	struct machine *m = start(&f);

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct ran r;

		ran_shell(m, &r, scripts[i].script);
		cr_assert_str_eq(r.out.p, scripts[i].out, "script %zu: %s", i, r.out.p);
		cr_assert_eq(r.exit.code, scripts[i].code, "script %zu: %d", i, r.exit.code);
		cr_assert(r.exit.drained);
		strbuf_release(&r.out);
	}
	stop(&f, m);
}

Test(fake, a_step_writes_files_that_are_read_afterwards)
{
	struct fixture f;
	struct machine *m = start(&f);
	struct channel *c = machine_channel(m);
	const struct str argv[] = { STR("bash"), STR("-e"), STR("/w/script.sh") };
	const struct str env[] = { STR("GITHUB_OUTPUT=/w/out"), STR("N=7") };
	struct file_content files[] = { { .path = STR("/w/out") }, { .path = STR("/w/none") } };
	struct file_stat st;
	struct ran r;

	channel_mkdir(c, STR("/w"), 0755, false);
	channel_write(c, STR("/w/script.sh"), 0755, false,
		      STR("echo a=$N >> \"$GITHUB_OUTPUT\"\necho b=2 >> $GITHUB_OUTPUT\n"));
	channel_write(c, STR("/w/out"), 0644, false, STR(""));
	(void)ran_start(m, &r, argv, 3, env, 2);
	cr_assert(ran_wait(m, &r));
	cr_assert_eq(r.exit.code, 0, "%s", r.out.p);
	cr_assert(channel_sync(c, &f.err));
	cr_assert(channel_read(c, &f.a, files, 2, 1000, &f.err), "%s", f.err.msg);
	cr_assert(files[0].found);
	cr_assert(str_eq(files[0].content, STR("a=7\nb=2\n")));
	cr_assert_not(files[1].found);
	cr_assert(channel_read(c, &f.a, files, 1, 3, &f.err));
	cr_assert(files[0].too_large);
	cr_assert(str_eq(files[0].content, STR("a=7")));
	channel_remove(c, STR("/w"));
	cr_assert(channel_sync(c, &f.err));
	cr_assert(channel_stat(c, STR("/w/out"), &st, &f.err));
	cr_assert_not(st.exists);
	strbuf_release(&r.out);
	stop(&f, m);
}

Test(fake, signals_end_a_script_unless_it_traps_them)
{
	struct fixture f;
	struct machine *m = start(&f);
	struct channel *c = machine_channel(m);
	const struct str plain[] = { STR("sh"), STR("-c"), STR("sleep 60") };
	const struct str deaf[] = { STR("sh"), STR("-c"), STR("trap\nsleep 60") };
	struct ran r, s;
	struct proc *p = ran_start(m, &r, plain, 3, NULL, 0);
	struct proc *q = ran_start(m, &s, deaf, 3, NULL, 0);

	channel_signal(c, q, SIGINT, SIGNAL_ENTRY, false);
	channel_signal(c, q, SIGTERM, SIGNAL_ENTRY, false);
	channel_signal(c, p, SIGTERM, SIGNAL_ENTRY, false);
	cr_assert(ran_wait(m, &r));
	cr_assert_eq(r.exit.code, 128 + SIGTERM);
	cr_assert_eq(r.exit.signal, SIGTERM);
	cr_assert_not(s.done);
	channel_signal(c, q, SIGKILL, SIGNAL_TREE, false);
	cr_assert(ran_wait(m, &s));
	cr_assert_eq(s.exit.code, 128 + SIGKILL);
	stop(&f, m);
}

Test(fake, several_scripts_run_at_once)
{
	struct fixture f;
	struct machine *m = start(&f);
	const struct str slow[] = { STR("sh"), STR("-c"), STR("sleep 3\necho slow") };
	struct ran r, s;

	(void)ran_start(m, &r, slow, 3, NULL, 0);
	ran_shell(m, &s, "echo fast");
	cr_assert_not(r.done);
	cr_assert(ran_wait(m, &r));
	cr_assert_str_eq(r.out.p, "slow\n");
	strbuf_release(&r.out);
	strbuf_release(&s.out);
	stop(&f, m);
}

Test(fake, a_lost_machine_is_lost_and_says_so)
{
	struct fixture f;
	struct machine *m = start(&f);
	const struct str argv[] = { STR("sh"), STR("-c"), STR("echo before\nlose") };
	struct ran r;

	(void)ran_start(m, &r, argv, 3, NULL, 0);
	cr_assert_not(ran_wait(m, &r) && r.exit.signal != SIGKILL);
	cr_assert(channel_lost(machine_channel(m)));
	cr_assert(str_eq(engine_fake.why_lost(&f.a, m), STR("the fake machine was lost")));
	strbuf_release(&r.out);
	stop(&f, m);
}

struct zeros {
	size_t left;
};

static ssize_t more_zeros(void *ctx, void *buf, size_t size)
{
	struct zeros *z = ctx;
	size_t n = z->left < size ? z->left : size;

	memset(buf, 0, n);
	z->left -= n;
	return (ssize_t)n;
}

Test(fake, an_upload_of_any_size_is_taken_and_a_hash_is_given)
{
	struct fixture f;
	struct machine *m = start(&f);
	struct zeros zeros = { 5 * 1000 * 1000 };
	struct tar_source source = { &zeros, more_zeros };
	struct str pattern = STR("**/*.c"), hash = STR_EMPTY;

	cr_assert(channel_put(machine_channel(m), STR("/w"), &source, &f.err), "%s", f.err.msg);
	cr_assert_eq(zeros.left, 0);
	cr_assert(channel_hash(machine_channel(m), &f.a, STR("/w"), &pattern, 1, &hash, &f.err),
		  "%s", f.err.msg);
	cr_assert_eq(hash.len, 64);
	stop(&f, m);
}

Test(fake, paths_are_those_of_a_runner)
{
	struct fixture f;
	struct machine *m = start(&f);
	const struct runner_paths *p = machine_paths(m);

	cr_assert(str_eq(p->workspace, STR("/home/runner/work/demo/demo")));
	cr_assert(str_eq(p->temp, STR("/home/runner/work/_temp")));
	cr_assert(channel_peer(machine_channel(m))->has_bash);
	stop(&f, m);
}
