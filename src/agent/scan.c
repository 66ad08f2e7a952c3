/*
 * scan.c - which processes descend from a step, by /proc.
 *
 * kill(-pgid) misses what called setsid(). A process belongs to a step when its parent or its
 * session does. A daemon whose parent is gone (its parent is this agent now, and its session its
 * own) belongs to the step that started it: it is no older than the step's entry, and it carries
 * the mark, an entry of its environment that only that step has. Where there is no mark or it
 * cannot be read, age alone decides.
 */
#include "agent.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct entry {
	pid_t pid, ppid, sid;
	unsigned long long start;
	bool member;
};

struct table {
	size_t n, cap;
	struct entry *v;
};

static bool read_proc(pid_t pid, const char *file, struct strbuf *out)
{
	char path[64];
	char chunk[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		strbuf_add(out, chunk, (size_t)n);
	}
	(void)close(fd);
	return out->len > 0;
}

/* pid (name) state ppid pgrp session … the start time is field 22. False for zombies. */
static bool read_entry(pid_t pid, struct entry *e)
{
	enum { STATE = 3, PPID = 4, SESSION = 6, START = 22 };
	struct strbuf b = STRBUF_INIT(64 * 1024);
	char state = 'Z';

	*e = (struct entry){ .pid = pid };
	if (read_proc(pid, "stat", &b)) {
		/* A name may hold anything, so count from its last parenthesis. */
		const char *close = strrchr(b.p, ')');
		struct str rest = str_of(close ? close + 1 : NULL);
		int field = 2;

		while (rest.p && field <= START) {
			struct str word = str_cut(&rest, ' ');
			unsigned long n = 0;

			(void)str_to_ulong(word, &n);
			state = field == STATE && word.len ? word.p[0] : state;
			e->ppid = field == PPID ? (pid_t)n : e->ppid;
			e->sid = field == SESSION ? (pid_t)n : e->sid;
			e->start = field == START ? n : e->start;
			field++;
		}
	}
	strbuf_release(&b);
	return state != 'Z' && state != 'X';
}

unsigned long long scan_start_time(pid_t pid)
{
	struct entry e = { 0 };

	(void)read_entry(pid, &e);
	return e.start;
}

static void table_read(struct table *t)
{
	DIR *d = opendir("/proc");
	struct dirent *de;

	t->n = 0;
	while (d && (de = readdir(d))) {
		struct entry e;

		if (!isdigit((unsigned char)de->d_name[0]) ||
		    !read_entry((pid_t)atol(de->d_name), &e)) {
			continue;
		}
		if (t->n == t->cap) {
			t->cap = t->cap ? 2 * t->cap : 64;
			t->v = realloc(t->v, t->cap * sizeof(*t->v));
			BUG_ON(!t->v);
		}
		t->v[t->n++] = e;
	}
	if (d) {
		(void)closedir(d);
	}
}

static const struct entry *find(const struct table *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].pid == pid) {
			return &t->v[i];
		}
	}
	return NULL;
}

/* Grows the set of members by parents and sessions until nothing is added. */
static void close_over(struct table *t)
{
	bool grown = true;

	while (grown) {
		grown = false;
		for (size_t i = 0; i < t->n; i++) {
			struct entry *e = &t->v[i];
			const struct entry *parent = e->member ? NULL : find(t, e->ppid);
			const struct entry *leader = e->member ? NULL : find(t, e->sid);

			if ((parent && parent->member) || (leader && leader->member)) {
				e->member = true;
				grown = true;
			}
		}
	}
}

static bool has_mark(pid_t pid, const char *mark)
{
	struct strbuf b = STRBUF_INIT(4 * 1024 * 1024);
	bool found = false;

	if (!read_proc(pid, "environ", &b)) {
		/* A container's root may not look into another user's process: age decides. */
		found = true;
	} else {
		for (const char *p = b.p; p < b.p + b.len && !found; p += strlen(p) + 1) {
			found = strcmp(p, mark) == 0;
		}
	}
	strbuf_release(&b);
	return found;
}

/* The session or the entry of another step that is still served here. */
static bool is_other_step(const struct agent *a, const struct stream *s, const struct entry *e)
{
	for (const struct stream *o = a->streams; o; o = o->next) {
		if (o != s && !o->gone && o->pid > 0 && (o->pid == e->pid || o->pid == e->sid)) {
			return true;
		}
	}
	return false;
}

static bool is_seed(const struct agent *a, const struct stream *s, const struct entry *e)
{
	if (e->sid == s->pid || (e->pid == s->pid && !s->exited)) {
		return true;
	}
	if (e->ppid != getpid() || e->start < s->start_time || is_other_step(a, s, e)) {
		return false;
	}
	return !s->mark || has_mark(e->pid, s->mark);
}

void scan_kill_tree(const struct agent *a, const struct stream *s, int signo)
{
	enum { TRIES = 20 }; /* against a tree that grows while it is killed */
	struct table t = { 0 };
	size_t hit = 1;

	for (int i = 0; i < TRIES && hit > 0; i++) {
		hit = 0;
		table_read(&t);
		for (size_t k = 0; k < t.n; k++) {
			t.v[k].member = is_seed(a, s, &t.v[k]);
		}
		close_over(&t);
		for (size_t k = 0; k < t.n; k++) {
			if (t.v[k].member && kill(t.v[k].pid, signo) == 0) {
				hit++;
			}
		}
		if (signo != SIGKILL) {
			break;
		}
	}
	free(t.v);
}

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

/* Reaps those that have ended. */
static bool has_children(void)
{
	pid_t pid;

	do {
		pid = waitpid(-1, NULL, WNOHANG);
	} while (pid > 0 || (pid < 0 && errno == EINTR));
	return pid == 0;
}

void scan_kill_all(bool init)
{
	enum { TRIES = 300, PAUSE_MS = 5 };
	struct table t = { 0 };
	size_t hit = 1;

	if (init) {
		/* The kernel does the rest when the namespace's first process ends. */
		(void)kill(-1, SIGKILL);
		return;
	}
	/* What has lost its parent is a child of this process: without one there is nothing. */
	for (int i = 0; i < TRIES && hit > 0 && has_children(); i++) {
		hit = 0;
		table_read(&t);
		for (size_t k = 0; k < t.n; k++) {
			t.v[k].member = t.v[k].ppid == getpid();
		}
		close_over(&t);
		for (size_t k = 0; k < t.n; k++) {
			if (t.v[k].member && t.v[k].pid != getpid() &&
			    kill(t.v[k].pid, SIGKILL) == 0) {
				hit++;
			}
		}
		if (hit > 0) {
			pause_ms(PAUSE_MS);
		}
	}
	free(t.v);
}
