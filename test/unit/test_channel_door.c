/* Tests of the connection that an agent makes by itself: who may come, and what is left of it. */
#include "channel_rig.h"
#include "engine/channel_impl.h"

#include <sys/un.h>

TestSuite(channel_door, .timeout = 240);

static void door_in(struct rig *r, struct channel_door *d)
{
	d->inside = in_dir(r, CHANNEL_DOOR);
	cr_assert(channel_door_open(d, r->dir));
}

static bool is_there(struct rig *r)
{
	return access(in_dir(r, CHANNEL_DOOR).p, F_OK) == 0;
}

static void open_by(struct rig *r, struct channel_door *d)
{
	struct err err = ERR_INIT;
	struct channel_hello hello = { .user = STR_EMPTY, .door = d };

	(void)signal(SIGPIPE, SIG_IGN);
	r->c = channel_open(&r->a, r->fd, r->fd, &hello, 5000, &err);
	cr_assert(r->c, "%s", err.msg);
}

static void rig_open_by_door(struct rig *r)
{
	struct channel_door d;

	rig_start(r);
	door_in(r, &d);
	cr_assert(is_there(r));
	open_by(r, &d);
	cr_assert(d.listener < 0 && d.dir < 0);
}

static void turn_until_lost(struct rig *r)
{
	long long until = ms() + 10000;

	while (channel_turn(r->c, -1, 1000) != TURN_LOST) {
		cr_assert(ms() < until, "not lost within 10 s");
	}
}

Test(channel_door, an_agent_comes_in_and_the_door_is_gone)
{
	struct rig r;
	struct seen s;

	rig_open_by_door(&r);
	cr_expect(channel_is_direct(r.c));
	cr_expect_not(is_there(&r));
	run(&r, &s, "ls -l /proc/self/fd | grep -c socket; head -c 3000000 /dev/zero");
	cr_expect(str_starts(strbuf_str(&s.out), STR("0\n")), "a step has a socket");
	cr_expect_eq(s.out.len, 3000002);
	strbuf_release(&s.out);
	rig_close(&r);
}

Test(channel_door, without_a_door_that_it_sees_it_stays_where_it_is)
{
	struct rig r;
	struct channel_door d;
	struct seen s;

	rig_start(&r);
	door_in(&r, &d);
	d.inside = STR("/no/such/directory/channel");
	open_by(&r, &d);
	cr_expect_not(channel_is_direct(r.c));
	cr_expect_not(is_there(&r), "the door was not needed, and stands open");
	run(&r, &s, "echo fine");
	cr_expect(str_eq(strbuf_str(&s.out), STR("fine\n")));
	strbuf_release(&s.out);
	rig_close(&r);
}

/* `docker run` that is killed takes the container with it, whatever else is open. */
Test(channel_door, the_end_of_stdin_ends_the_agent)
{
	struct rig r;
	struct seen s;

	rig_open_by_door(&r);
	(void)spawn(&r, &s, "sleep 100");
	(void)channel_turn(r.c, -1, 100);
	(void)shutdown(r.fd, SHUT_WR);
	turn_until_lost(&r);
	cr_expect(s.done && s.exit.signal == SIGKILL);
	rig_close(&r);
}

Test(channel_door, what_a_job_writes_into_stdin_is_nobodys)
{
	struct rig r;
	struct seen s;

	rig_open_by_door(&r);
	cr_assert(write_all(r.fd, "GET / HTTP/1.1\r\n\r\n", 18));
	run(&r, &s, "sleep 0.1; echo fine");
	cr_expect(str_eq(strbuf_str(&s.out), STR("fine\n")));
	strbuf_release(&s.out);
	rig_close(&r);
}

/* --- an agent of the test's own ------------------------------------------------------------------
 */

struct visitor {
	int stdio;
	int fd; /* to the door */
	char token[CHANNEL_TOKEN + 1];
};

static void take_word(struct frame_reader *r, char *out, size_t size)
{
	struct str s = frame_bytes(r);

	cr_assert(s.len < size);
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
}

/* Reads act-c's HELLO and goes to the door that it names. */
static void visit(struct visitor *v)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char buffer[4096], ignored[108];
	struct frame f;
	size_t used;
	ssize_t n = read(v->stdio, buffer, sizeof(buffer));

	cr_assert(n > 0 && frame_decode((uint8_t *)buffer, (size_t)n, &f, &used) == FRAME_OK);

	struct frame_reader r = frame_reader(&f);

	cr_assert_eq(frame_u32(&r), FRAME_VERSION);
	take_word(&r, ignored, sizeof(ignored)); /* user */
	cr_assert_eq(frame_u32(&r), 0, "no directories");
	take_word(&r, to.sun_path, sizeof(to.sun_path));
	take_word(&r, v->token, sizeof(v->token));
	cr_assert_eq(strlen(v->token), CHANNEL_TOKEN);
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(connect(v->fd, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void say_hello(const struct visitor *v)
{
	struct strbuf p = STRBUF_INIT(0), out = STRBUF_INIT(0);

	frame_put_u32(&p, FRAME_VERSION);
	frame_put_bytes(&p, STR("build"));
	frame_put_bytes(&p, STR("x86_64"));
	frame_put_u32(&p, 0);
	frame_put_u32(&p, 0);
	frame_put_bytes(&p, STR("root"));
	frame_put_bytes(&p, STR("/root"));
	frame_put_u32(&p, HELLO_DIRECT);
	frame_put_list(&p, NULL, 0);
	frame_send(&out, FRAME_HELLO, 0, 0, strbuf_str(&p));
	cr_assert(write_all(v->stdio, out.p, out.len));
	strbuf_release(&out);
	strbuf_release(&p);
}

/* rig_start() with `agent` in place of the real one. */
static void start_own(struct rig *r, void (*agent)(struct visitor *v))
{
	int ends[2];

	*r = (struct rig){ .dir = "/tmp/actc-channel-XXXXXX" };
	cr_assert(mkdtemp(r->dir));
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	r->agent = fork();
	if (r->agent == 0) {
		struct visitor v = { .stdio = ends[1] };

		(void)close(ends[0]);
		agent(&v);
		_exit(0);
	}
	(void)close(ends[1]);
	r->fd = ends[0];
}

static void with_a_wrong_token(struct visitor *v)
{
	visit(v);
	v->token[7] = v->token[7] == '0' ? '1' : '0';
	cr_assert(write_all(v->fd, v->token, CHANNEL_TOKEN));
	say_hello(v);
	(void)!read(v->stdio, v->token, 1);
}

static void without_coming(struct visitor *v)
{
	visit(v);
	(void)close(v->fd);
	say_hello(v);
	(void)!read(v->stdio, v->token, 1);
}

Test(channel_door, who_has_not_the_token_is_not_let_in)
{
	static void (*const agents[])(struct visitor *) = { with_a_wrong_token, without_coming };

	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		struct rig r;
		struct channel_door d;
		struct err err = ERR_INIT;
		struct channel_hello hello = { .user = STR_EMPTY, .door = &d };

		start_own(&r, agents[i]);
		door_in(&r, &d);
		cr_assert_not(channel_open(&r.a, r.fd, r.fd, &hello, 5000, &err));
		cr_expect(strstr(err.msg, "did not come"), "%s", err.msg);
		cr_expect_not(is_there(&r));
		err_release(&err);
		rig_close(&r);
	}
}

/* Says something on what it began with, closes that, and goes on by the door until its end is told
 * there. */
static void that_outlives_its_stdout(struct visitor *v)
{
	struct strbuf out = STRBUF_INIT(0);
	char rest[4096];

	visit(v);
	cr_assert(write_all(v->fd, v->token, CHANNEL_TOKEN));
	say_hello(v);
	cr_assert(write_all(v->stdio, "what a job writes", 17));
	(void)close(v->stdio);
	while (read(v->fd, rest, sizeof(rest)) > 0) {
	}
	frame_send(&out, FRAME_DATA, 0, 1, STR("the last words"));
	cr_assert(write_all(v->fd, out.p, out.len));
	strbuf_release(&out);
}

Test(channel_door, an_agent_whose_stdout_has_ended_is_told_so_and_heard_out)
{
	struct rig r;
	struct channel_door d;
	struct seen s;

	start_own(&r, that_outlives_its_stdout);
	door_in(&r, &d);
	open_by(&r, &d);
	cr_assert(channel_is_direct(r.c));
	(void)spawn(&r, &s, "anything");
	turn_until_lost(&r);
	cr_expect(str_eq(strbuf_str(&s.out), STR("the last words")), "%s", s.out.p);
	cr_expect(s.done);
	strbuf_release(&s.out);
	rig_close(&r);
}
