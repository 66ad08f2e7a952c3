/*
 * main.c - the poll loop of the agent.
 *
 * PID 1 of a job's container, or a subreaper on a machine that is shared. stdin and stdout are the
 * channel, stderr is for people. The agent ends, and everything that it started with it, when the
 * channel is at its end, on EXIT, on SIGTERM, and when nothing was heard for 30 s (a killed
 * daemon or a cut remote link gives no end of file).
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The descriptors of one turn; room for a source and a sink per stream. */
struct poll_set {
	struct pollfd *v;
	struct stream **owner; /* NULL for the first four */
	size_t n, cap;
};

enum { SLOT_IN, SLOT_OUT, SLOT_SIGNALS, SLOT_LIFE, SLOTS };

static void poll_add(struct poll_set *set, int fd, short events, struct stream *owner)
{
	if (set->n == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 16;
		set->v = realloc(set->v, set->cap * sizeof(*set->v));
		set->owner = realloc(set->owner, set->cap * sizeof(*set->owner));
		BUG_ON(!set->v || !set->owner);
	}
	set->v[set->n] = (struct pollfd){ .fd = fd, .events = events };
	set->owner[set->n++] = owner;
}

static void poll_fill(struct poll_set *set, struct agent *a)
{
	/* Answers that act-c does not take must not pile up: then no more is asked. */
	enum { QUEUE_HIGH = 1024 * 1024 };

	set->n = 0;
	poll_add(set, a->queue.len < QUEUE_HIGH ? a->in : -1, POLLIN, NULL);
	poll_add(set, a->queue.len && a->hurry ? a->out : -1, POLLOUT, NULL);
	poll_add(set, a->signals, POLLIN, NULL);
	poll_add(set, a->life, POLLIN, NULL);
	for (struct stream *s = a->streams; s; s = s->next) {
		if (stream_wants_src(a, s)) {
			poll_add(set, s->src, stream_wants_src(a, s), s);
		}
		if (stream_wants_dst(s)) {
			poll_add(set, s->dst, stream_wants_dst(s), s);
		}
	}
}

/* Until the first deadline: of a drained pipe, of what can wait to be sent, or of the silence. */
static int poll_timeout(const struct agent *a)
{
	long long now = agent_now();
	long long until = a->heard + FRAME_SILENCE_MS;

	if (a->queue.len && !a->hurry && a->patience < until) {
		until = a->patience;
	}
	for (const struct stream *s = a->streams; s; s = s->next) {
		if (s->kind == STREAM_PROC && s->exited && s->left == UINT64_MAX &&
		    s->deadline < until) {
			until = s->deadline;
		}
	}
	return until > now ? (int)(until - now) : 0;
}

static void read_channel(struct agent *a)
{
	struct frame f;
	size_t room;
	uint8_t *p = frame_input_room(&a->input, &room);
	ssize_t n = read(a->in, p, room);
	enum frame_status status = FRAME_MORE;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		a->over = true;
		return;
	}
	a->heard = agent_now();
	frame_input_add(&a->input, (size_t)n);
	while (!a->over && (status = frame_input_next(&a->input, &f)) == FRAME_OK) {
		agent_frame(a, &f);
	}
	if (status == FRAME_BAD) {
		agent_fault(a, "garbage instead of a frame");
	}
}

static void read_signals(struct agent *a)
{
	struct signalfd_siginfo info;

	while (read(a->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM) {
			a->over = true;
		}
	}
	proc_reap(a);
}

static void serve_streams(struct agent *a, const struct poll_set *set)
{
	size_t n = set->n - SLOTS;

	for (size_t i = 0; i < n; i++) {
		size_t at = SLOTS + (i + a->turn) % n;
		struct stream *s = set->owner[at];

		if (!set->v[at].revents || s->gone) {
			continue;
		}
		if (set->v[at].events & POLLOUT) {
			stream_drain(a, s);
		} else if (s->kind == STREAM_LISTEN) {
			forward_accept(a, s);
		} else if (s->kind == STREAM_WATCH) {
			contacts_read(s);
		} else {
			stream_pump(a, s);
		}
	}
	a->turn++;
}

static void settle_all(struct agent *a)
{
	for (struct stream *s = a->streams; s; s = s->next) {
		if (s->kind == STREAM_PROC) {
			stream_settle(a, s);
		}
	}
}

static void take_turn(struct agent *a, struct poll_set *set)
{
	long long from = agent_now();
	int wait = poll_timeout(a);

	poll_fill(set, a);
	if (poll(set->v, (nfds_t)set->n, wait) < 0) {
		return; /* EINTR; there is no other reason that would not come again */
	}
	/* Much later than asked for: a paused container, or a machine that slept, hears nothing. */
	if (agent_now() - from > wait + FRAME_PING_MS) {
		a->heard = agent_now();
	}
	serve_streams(a, set);
	if (set->v[SLOT_IN].revents) {
		read_channel(a);
	}
	if (set->v[SLOT_SIGNALS].revents) {
		read_signals(a);
	}
	if (set->v[SLOT_LIFE].revents) {
		direct_life(a);
	}
	settle_all(a);
	agent_flush_due(a);
	stream_sweep(a);
	if (agent_now() - a->heard >= FRAME_SILENCE_MS) {
		a->over = true;
	}
}

static void ignore(int signo)
{
	(void)signo;
}

static int watch_signals(void)
{
	sigset_t set;

	reset_signals();

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	/* A Ctrl-C that a container engine forwards is act-c's to handle, not ours. By a handler:
	 * what is ignored would stay so in the programs of steps. */
	(void)signal(SIGINT, ignore);
	(void)signal(SIGHUP, ignore);
	(void)signal(SIGPIPE, ignore);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(void)
{
	static struct agent a;
	struct poll_set set = { 0 };

	/* Whatever else was left open by who started us would be left open in every step. */
	int packets = contacts_given(AGENT_PACKETS_FD);

	close_from(packets < 0 ? STDERR_FILENO + 1 : packets + 1);
	agent_init(&a, STDIN_FILENO, STDOUT_FILENO);
	a.packets = packets;
	a.signals = watch_signals();
	oom_open(&a.oom, "/proc/self/cgroup", "/sys/fs/cgroup");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)fcntl(a.in, F_SETFL, O_NONBLOCK);
	(void)fcntl(a.out, F_SETFL, O_NONBLOCK);
	while (!a.over) {
		take_turn(&a, &set);
	}
	scan_kill_all(a.init);
	agent_flush(&a);
	/* By itself it would be closed after the others, and some take their time (contacts_end).
	 */
	(void)close(a.out);
	return 0;
}
