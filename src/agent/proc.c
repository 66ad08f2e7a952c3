/*
 * proc.c - the processes of steps: start, signal, reap, and when one is done.
 *
 * Done = exited AND (its output at the end OR 5 s of draining): a daemon that a step left behind
 * holds the pipe for as long as it lives (SEMANTICS 4.4, 4.5). What was in the pipe when draining
 * ended is still delivered, however slowly it is taken.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"

enum {
	DRAIN_MS = 5000,
	PIPE_SIZE = 1024 * 1024,
};

static void hand_back(char **files, struct strbuf *b)
{
	uint32_t n = 0;

	while (files && files[n]) {
		n++;
	}
	frame_put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!file_hand_back(files[i], b)) {
			files[i][0] = '\0';
		}
	}
}

static void send_exited(struct agent *a, uint32_t stream, const struct failure *f, int status,
			uint32_t flags, char **files)
{
	struct strbuf b = STRBUF_INIT(0);
	uint32_t sig = !f && WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
	uint32_t code = f     ? (f->sys == ENOENT ? 127U : 126U)
			: sig ? 128 + sig
			      : (uint32_t)WEXITSTATUS(status);

	frame_put_u32(&b, f ? (uint32_t)f->sys : 0);
	frame_put_bytes(&b, str_of(f ? f->what : ""));
	frame_put_u32(&b, code);
	frame_put_u32(&b, sig);
	frame_put_u32(&b, flags);
	hand_back(files, &b);
	agent_send(a, FRAME_EXITED, stream, strbuf_str(&b));
	strbuf_release(&b);
}

static void never_started(struct agent *a, uint32_t stream, const struct failure *f, char **files)
{
	agent_send(a, FRAME_EOF, stream, STR_EMPTY);
	send_exited(a, stream, f, 0, EXITED_DRAINED, files);
	files_remove(files);
}

/* Opens what the child gets as stdin and output; false with f set. */
static bool open_output(struct plan *p, int *src, bool pty, struct failure *f)
{
	int fds[2];

	p->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (p->in < 0) {
		*f = (struct failure){ .sys = errno, .what = "open /dev/null" };
		return false;
	}
	if (pty) {
		*src = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (*src >= 0 && grantpt(*src) == 0 && unlockpt(*src) == 0) {
			p->tty = ptsname(*src);
		}
		if (!p->tty) {
			*f = (struct failure){ .sys = errno, .what = "open a pty" };
			return false;
		}
		if (p->user) {
			(void)!chown(p->tty, p->user->uid, (gid_t)-1);
		}
	} else if (pipe2(fds, O_CLOEXEC) < 0) {
		*f = (struct failure){ .sys = errno, .what = "pipe" };
		return false;
	} else {
		*src = fds[0];
		p->out = fds[1];
		(void)fcntl(*src, F_SETPIPE_SZ, PIPE_SIZE);
	}
	(void)fcntl(*src, F_SETFL, O_NONBLOCK);
	return true;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

static bool is_among(const char *file, char **files)
{
	for (; files && *files; files++) {
		if (strcmp(*files, file) == 0) {
			return true;
		}
	}
	return false;
}

/* What has a name of the new ones goes at once, the rest while the process starts. After a job's
 * last process nothing does, since all of it goes with the machine. */
static void remove_old_files(struct agent *a, char **instead)
{
	bool now = false;

	for (char **f = a->old_files; f && *f; f++) {
		now = now || is_among(*f, instead);
	}
	if (now || !instead) {
		files_discard(a->old_files);
		a->old_files = NULL;
	}
}

/* The child's pid, or -1 with f set; *src is the reading end of its output. */
static pid_t start(struct agent *a, struct plan *p, int *src, bool pty, struct failure *f)
{
	pid_t pid = open_output(p, src, pty, f) ? child_start(p, f) : -1;

	close_all((int[]){ p->in, p->out, pid < 0 ? *src : -1 }, 3);
	/* The child is busy with its program's start. */
	remove_old_files(a, NULL);
	spare_make(&a->spare, &a->user);
	return pid;
}

/* The files that the step is given, empty. */
static bool make_files(struct agent *a, char **files, struct failure *f)
{
	struct err err = ERR_INIT;

	for (; files && *files; files++) {
		spare_look_at(&a->spare, *files);
		if (!file_write(&a->spare, *files, 0644, &a->user, STR_EMPTY, &err)) {
			f->sys = err.sys ? err.sys : EINVAL;
			(void)snprintf(f->what, sizeof(f->what), "write %s", *files);
			err_release(&err);
			return false;
		}
	}
	return true;
}

/* A copy that lives as long as the stream; stream_free() frees it. */
static char **keep_files(char **files, size_t n)
{
	char **kept = n ? calloc(n + 1, sizeof(*kept)) : NULL;

	BUG_ON(n && !kept);
	for (size_t i = 0; i < n; i++) {
		kept[i] = strdup(files[i]);
		BUG_ON(!kept[i]);
	}
	return kept;
}

/* Nothing ran since it was looked for, so it is still the first in this PATH. */
static const char *find_bash(const struct agent *a, char **argv, char **env)
{
	const char *own = getenv("PATH"), *path = env_get(env, "PATH");

	return a->bash && argv[0] && strcmp(argv[0], "bash") == 0 && own && path &&
			       strcmp(own, path) == 0
		       ? a->bash
		       : NULL;
}

void proc_spawn(struct agent *a, const struct request *r)
{
	struct failure f = { 0 };
	struct plan p = {
		.argv = r->list[0].v,
		.env = r->list[1].v,
		.cwd = r->text[0],
		.found = find_bash(a, r->list[0].v, r->list[1].v),
		.user = (r->flags & FLAG_AS_ROOT) || geteuid() != 0 ? NULL : &a->user,
		.in = -1,
		.out = -1,
		.die_with_us = !a->init,
	};
	uint64_t oom = oom_count(&a->oom);
	int src = -1;
	pid_t pid = -1;

	remove_old_files(a, r->list[2].v);
	if (make_files(a, r->list[2].v, &f)) {
		pid = start(a, &p, &src, r->flags & FLAG_PTY, &f);
	}
	free(a->bash);
	a->bash = NULL;

	if (pid < 0) {
		never_started(a, r->stream, &f, r->list[2].v);
		return;
	}

	struct stream *s = stream_new(a, r->stream, STREAM_PROC);

	s->pid = pid;
	s->src = src;
	s->pty = r->flags & FLAG_PTY;
	s->oom_before = oom;
	s->start_time = scan_start_time(pid);
	s->mark = *r->text[1] ? strdup(r->text[1]) : NULL;
	s->files = keep_files(r->list[2].v, r->list[2].n);
	/* The answer to the writing of its script, say: it leaves with the first output. */
	agent_relax(a);
}

/* Orphans reparented to this process are reaped here as well. */
void proc_reap(struct agent *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (struct stream *s = a->streams; s; s = s->next) {
			if (s->pid == pid && !s->exited && !s->gone) {
				s->exited = true;
				s->status = status;
				s->deadline = agent_now() + DRAIN_MS;
				stream_settle(a, s);
			}
		}
	}
}

static bool at_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLIN | POLLHUP)) == POLLHUP;
}

static void finish(struct agent *a, struct stream *s, bool drained)
{
	uint32_t flags = drained ? EXITED_DRAINED : 0;

	if (oom_count(&a->oom) > s->oom_before) {
		flags |= EXITED_OOM;
	}
	send_exited(a, s->id, NULL, s->status, flags, s->files);
	stream_drop(s);
}

void proc_settle(struct agent *a, struct stream *s)
{
	int waiting = 0;

	if (!s->exited) {
		return;
	}
	if (s->src < 0) {
		finish(a, s, true);
		return;
	}
	if (s->left == UINT64_MAX && (s->no_drain || agent_now() >= s->deadline)) {
		(void)ioctl(s->src, FIONREAD, &waiting);
		s->left = waiting > 0 ? (uint64_t)waiting : 0;
	}
	if (s->left == 0) {
		bool drained = at_end(s->src);

		agent_send(a, FRAME_EOF, s->id, STR_EMPTY);
		finish(a, s, drained);
	}
}

enum scope { SCOPE_ENTRY, SCOPE_GROUP, SCOPE_TREE };

void proc_signal(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);
	int signo = (int)r->number[0];

	if (!s || s->kind != STREAM_PROC || signo < 1 || signo > 64) {
		return; /* it has ended meanwhile */
	}
	if (r->number[1] == SCOPE_TREE) {
		scan_kill_tree(a, s, signo);
	} else if (!s->exited) {
		/* Once the entry is reaped its number is not ours any more. */
		(void)kill(r->number[1] == SCOPE_GROUP ? -s->pid : s->pid, signo);
	}
	if (r->flags & FLAG_NO_DRAIN) {
		s->no_drain = true;
		proc_settle(a, s);
	}
}

void proc_resize(struct agent *a, const struct request *r)
{
	struct stream *s = stream_find(a, r->stream);
	struct winsize size = {
		.ws_row = (unsigned short)r->number[0],
		.ws_col = (unsigned short)r->number[1],
	};

	if (s && s->pty && s->src >= 0) {
		(void)ioctl(s->src, TIOCSWINSZ, &size);
	}
}
