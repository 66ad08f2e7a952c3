/*
 * work.c - PUT, GET and HASH in a forked worker, so that the poll loop always answers.
 *
 * The worker's stdin and stdout are the stream's data in both directions, on blocking descriptors;
 * how it went comes through a third pipe: errno and a text.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORK_IN = 0, WORK_OUT = 1, WORK_REPORT = 3 };

static bool run_put(struct agent *a, const struct request *r, struct err *err)
{
	return tar_unpack(WORK_IN, r->text[0], geteuid() == 0 ? &a->user : NULL, err);
}

static bool run_get(struct agent *a, const struct request *r, struct err *err)
{
	(void)a;
	return tar_pack(WORK_OUT, r->text[0], err);
}

static bool run_hash(struct agent *a, const struct request *r, struct err *err)
{
	struct hash_spec spec = {
		.dir = str_of(r->text[0]),
		.home = str_of(r->text[1]),
		.patterns = r->list[0].v,
		.n = r->list[0].n,
		.follow = r->flags & FLAG_FOLLOW,
	};

	(void)a;
	return hash_files(WORK_OUT, &spec, err);
}

static bool (*const runs[FRAME_TYPES])(struct agent *, const struct request *, struct err *) = {
	[FRAME_PUT] = run_put,
	[FRAME_GET] = run_get,
	[FRAME_HASH] = run_hash,
};

/* The report is shorter than what a pipe takes at once. */
static void tell(int fd, const struct err *err)
{
	char report[2048] = { 0 };
	uint32_t sys = err->kind == ERR_NONE ? 0 : err->sys ? (uint32_t)err->sys : EINVAL;
	size_t len = err->msg ? strlen(err->msg) : 0;

	if (len > sizeof(report) - sizeof(sys)) {
		len = sizeof(report) - sizeof(sys);
	}
	memcpy(report, &sys, sizeof(sys));
	memcpy(report + sizeof(sys), err->msg ? err->msg : "", len);
	(void)!write(fd, report, sizeof(sys) + len);
}

struct pipes {
	int in[2], out[2], report[2];
};

static _Noreturn void worker_main(struct agent *a, const struct request *r, const struct pipes *p)
{
	struct err err = ERR_INIT;

	/* Above everything that is moved first, so that nothing is overwritten. */
	int report = fcntl(p->report[1], F_DUPFD, 16);

	(void)dup2(p->in[0], WORK_IN);
	(void)dup2(p->out[1], WORK_OUT);
	(void)dup2(report, WORK_REPORT);
	close_from(WORK_REPORT + 1);
	reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)runs[r->type](a, r, &err);
	tell(WORK_REPORT, &err);
	_exit(0);
}

static void pipes_close(struct pipes *p)
{
	int *all[] = { p->in, p->out, p->report };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t k = 0; k < 2; k++) {
			if (all[i][k] >= 0) {
				(void)close(all[i][k]);
			}
		}
	}
}

static int keep(int *fd)
{
	int kept = *fd;

	*fd = -1;
	(void)fcntl(kept, F_SETFL, O_NONBLOCK);
	return kept;
}

void work_start(struct agent *a, const struct request *r)
{
	struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct err err = ERR_INIT;
	pid_t pid = -1;

	if (pipe2(p.in, O_CLOEXEC) == 0 && pipe2(p.out, O_CLOEXEC) == 0 &&
	    pipe2(p.report, O_CLOEXEC) == 0) {
		pid = fork();
	}
	if (pid == 0) {
		worker_main(a, r, &p);
	}
	if (pid < 0) {
		err_sys(&err, errno, "start a worker");
		agent_result(a, r->stream, &err);
	} else {
		struct stream *s = stream_new(a, r->stream, STREAM_WORK);

		s->pid = pid;
		s->dst = keep(&p.in[1]);
		s->src = keep(&p.out[0]);
		s->report = keep(&p.report[0]);
	}
	pipes_close(&p);
}

static void read_report(struct stream *s, struct err *err)
{
	char report[2049];
	ssize_t n = read(s->report, report, sizeof(report) - 1);
	uint32_t sys = 0;

	if (n < (ssize_t)sizeof(sys)) {
		err_set(err, ERR_SYSTEM, "the worker was ended by signal %d",
			WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0);
		err->sys = ECANCELED;
		return;
	}
	report[n] = '\0';
	memcpy(&sys, report, sizeof(sys));
	if (sys) {
		err_set(err, ERR_SYSTEM, "%s", report + sizeof(sys));
		err->sys = (int)sys;
	}
}

void work_settle(struct agent *a, struct stream *s)
{
	struct err err = ERR_INIT;

	if (!s->exited || s->src >= 0) {
		return;
	}
	read_report(s, &err);
	agent_result(a, s->id, &err);
	stream_drop(s);
}

void work_cancel(struct stream *s)
{
	if (!s->exited) {
		(void)kill(s->pid, SIGKILL);
	}
	if (s->src >= 0) {
		(void)close(s->src);
		s->src = -1;
	}
}
