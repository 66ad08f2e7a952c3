/* Tests of two agents that one loop serves. */
#include "channel_rig.h"

TestSuite(channel_join, .timeout = 240);

static void open_both(struct rig *first, struct rig *second)
{
	(void)signal(SIGPIPE, SIG_IGN);
	rig_open(first);
	rig_open(second);
	channel_join(first->c, second->c);
}

Test(channel_join, turns_of_one_serve_both)
{
	struct rig first, second;
	struct seen here, there;

	open_both(&first, &second);
	(void)spawn(&first, &here, "until test -e told; do sleep 0.05; done; echo here");
	(void)spawn(&second, &there, "echo there; exit 3");
	run_until(&first, &there.done);
	cr_expect_not(here.done, "it was to wait for the other one only");
	channel_write(first.c, in_dir(&first, "told"), 0644, false, STR_EMPTY);
	run_until(&first, &here.done);
	cr_expect(str_eq(strbuf_str(&here.out), STR("here\n")));
	cr_expect(str_eq(strbuf_str(&there.out), STR("there\n")));
	cr_expect_eq(there.exit.code, 3);
	channel_part(first.c, second.c);
	strbuf_release(&here.out);
	strbuf_release(&there.out);
	rig_close(&second);
	rig_close(&first);
}

Test(channel_join, much_output_of_both_comes_whole)
{
	struct rig first, second;
	struct seen here, there;
	const char *script = "head -c 5000000 /dev/zero";

	open_both(&first, &second);
	(void)spawn(&first, &here, script);
	(void)spawn(&second, &there, script);
	here.count_only = there.count_only = true;
	run_until(&first, &here.done);
	run_until(&first, &there.done);
	cr_expect_eq(here.bytes, 5000000);
	cr_expect_eq(there.bytes, 5000000);
	channel_part(first.c, second.c);
	rig_close(&second);
	rig_close(&first);
}

Test(channel_join, the_other_one_may_be_lost)
{
	struct rig first, second;
	struct seen here, there;

	open_both(&first, &second);
	(void)spawn(&second, &there, "sleep 60");
	cr_assert_eq(channel_turn(first.c, -1, 100) == TURN_LOST, false);
	cr_assert_eq(kill(second.agent, SIGKILL), 0);
	run_until(&first, &there.done);
	cr_expect(channel_lost(second.c));
	cr_expect_eq(there.exit.code, 128 + SIGKILL);
	run(&first, &here, "echo fine");
	cr_expect(str_eq(strbuf_str(&here.out), STR("fine\n")));
	channel_part(first.c, second.c);
	strbuf_release(&here.out);
	rig_close(&second);
	rig_close(&first);
}
