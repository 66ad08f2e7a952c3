/*
 * process.c - starting a program on this machine, waiting for it, and reading what it says.
 *
 * Not for steps of a job: those are started by the agent, in the job's machine.
 */
#include "actc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

extern char **environ;

enum {
	POLL_STEP_MS = 10,    /* where no exit descriptor is to be had */
	DRAIN_MS = 200,       /* for what a grandchild keeps open after the child's end */
	ERR_TEXT_MAX = 65536, /* of stderr kept for a message */
};

enum stage { STAGE_STDIO, STAGE_CHDIR, STAGE_EXEC };

/* Everything that the child needs, made before it is. */
struct launch {
	char *path;
	char *const *argv;
	char **env;
	const char *cwd;
	int fd[3];    /* what becomes 0, 1, 2 */
	bool mine[3]; /* the parent closes it after the fork */
	int ours[3];  /* the parent's ends of pipes, else -1 */
	int report[2];
	bool same_session;
	bool outlives;
	pid_t parent;
	sigset_t blocked;
};

struct failure {
	enum stage stage;
	int sys;
};

long long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

/* --- what to start -------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *program_find(const char *name)
{
	const char *env = getenv("PATH");
	struct str rest = str_of(env ? env : "/usr/local/bin:/usr/bin:/bin");
	struct strbuf path = STRBUF_INIT(0);

	if (strchr(name, '/')) {
		(void)strbuf_adds(&path, str_of(name));
		return path.p;
	}
	while (rest.p) {
		struct str dir = str_cut(&rest, ':');

		strbuf_reset(&path);
		(void)strbuf_adds(&path, dir.len ? dir : STR("."));
		(void)strbuf_addf(&path, "/%s", name);
		if (is_program(path.p)) {
			return path.p;
		}
	}
	strbuf_release(&path);
	return NULL;
}

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

static bool same_name(const char *a, const char *b)
{
	return name_len(a) == name_len(b) && memcmp(a, b, name_len(a)) == 0;
}

static bool is_changed(const char *entry, const char *const *changes)
{
	for (; *changes; changes++) {
		if (same_name(entry, *changes)) {
			return true;
		}
	}
	return false;
}

/* The inherited environment with the changes; the array is the caller's, the strings are not. */
static char **make_env(const char *const *changes)
{
	static const char *const none[] = { NULL };
	size_t n = 1, used = 0;

	changes = changes ? changes : none;
	for (size_t i = 0; environ && environ[i]; i++) {
		n++;
	}
	for (size_t i = 0; changes[i]; i++) {
		n++;
	}

	char **env = calloc(n, sizeof(*env));

	if (!env) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	for (size_t i = 0; environ && environ[i]; i++) {
		if (!is_changed(environ[i], changes)) {
			env[used++] = environ[i];
		}
	}
	for (size_t i = 0; changes[i]; i++) {
		if (changes[i][name_len(changes[i])] == '=') {
			env[used++] = (char *)(uintptr_t)changes[i];
		}
	}
	return env;
}

/* Descriptor number i of the child: sets fd, mine and ours. */
static bool plug(struct launch *l, int i, int want, struct err *err)
{
	int ends[2];

	l->ours[i] = -1;
	l->mine[i] = want == CHILD_NULL || want == CHILD_PIPE;
	if (want == CHILD_PIPE) {
		if (pipe2(ends, O_CLOEXEC) < 0) {
			l->fd[i] = -1;
			return err_sys(err, errno, "pipe");
		}
		l->fd[i] = i == 0 ? ends[0] : ends[1];
		l->ours[i] = i == 0 ? ends[1] : ends[0];
		return true;
	}
	l->fd[i] = want == CHILD_INHERIT ? i : want;
	if (want == CHILD_NULL) {
		l->fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return l->fd[i] >= 0 || err_sys(err, errno, "/dev/null");
}

static bool plug_all(struct launch *l, const struct child_spec *spec, struct err *err)
{
	const int want[3] = { spec->in, spec->out, spec->err };

	for (int i = 0; i < 3; i++) {
		if (!plug(l, i, want[i], err)) {
			return false;
		}
	}
	if (spec->in == CHILD_PIPE && spec->in_nonblock) {
		(void)fcntl(l->fd[0], F_SETFL, O_NONBLOCK);
	}
	return pipe2(l->report, O_CLOEXEC) == 0 || err_sys(err, errno, "pipe");
}

/* The child's ends; the parent's too unless they became the child's owner. */
static void launch_release(struct launch *l, bool keep_ours)
{
	for (int i = 0; i < 3; i++) {
		if (l->mine[i]) {
			close_fd(&l->fd[i]);
		}
		if (!keep_ours) {
			close_fd(&l->ours[i]);
		}
	}
	close_fd(&l->report[0]);
	close_fd(&l->report[1]);
	free(l->env);
	free(l->path);
}

/* --- in the child: async-signal-safe calls only ---------------------------------------------- */

static _Noreturn void child_fail(int report, enum stage stage)
{
	struct failure f = { stage, errno };

	/* Without a reader left there is nobody to tell. */
	_exit(write(report, &f, sizeof(f)) < 0 ? 126 : 127);
}

static void default_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++) {
		(void)sigaction(i, &act, NULL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First everything is moved above 2, so that no target is still needed as a source. */
static void child_stdio(struct launch *l)
{
	for (int i = 0; i < 3; i++) {
		l->fd[i] = fcntl(l->fd[i], F_DUPFD_CLOEXEC, 3);
		if (l->fd[i] < 0) {
			child_fail(l->report[1], STAGE_STDIO);
		}
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(l->fd[i], i) < 0) {
			child_fail(l->report[1], STAGE_STDIO);
		}
	}
}

/* The memory is the parent's, which goes on with its own descriptors. */
static int child_main(void *ctx)
{
	struct launch own = *(const struct launch *)ctx, *l = &own;

	if (!l->outlives) {
		platform_die_with(l->parent);
	}
	default_signals();
	if (!l->same_session) {
		(void)setsid();
	}
	l->report[1] = fcntl(l->report[1], F_DUPFD_CLOEXEC, 3);
	child_stdio(l);
	if (l->cwd && chdir(l->cwd) < 0) {
		child_fail(l->report[1], STAGE_CHDIR);
	}
	platform_close_on_exec();
	(void)execve(l->path, l->argv, l->env);
	child_fail(l->report[1], STAGE_EXEC);
}

/* --- starting and ending --------------------------------------------------------------------- */

/* A signal that arrives in the new child before its handlers are the default ones would run ours
 * there, so all are held back around the fork. */
static pid_t launch_fork(struct launch *l)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &l->blocked);
	l->parent = getpid();

	pid_t pid = platform_spawn(child_main, l);
	int sys = errno;

	(void)sigprocmask(SIG_SETMASK, &l->blocked, NULL);
	errno = sys;
	return pid;
}

/* Whether the exec worked: the pipe then ends without a word. */
static bool launch_report(struct launch *l, struct failure *f)
{
	ssize_t n;

	close_fd(&l->report[1]);
	do {
		n = read(l->report[0], f, sizeof(*f));
	} while (n < 0 && errno == EINTR);
	return n != (ssize_t)sizeof(*f);
}

static bool set_failure(const struct launch *l, const struct failure *f, struct err *err)
{
	const char *name = l->argv[0];

	if (f->stage == STAGE_EXEC && (f->sys == ENOENT || f->sys == ENOTDIR)) {
		return err_set(err, ERR_NOT_FOUND, "%s: no such program", name);
	}
	if (f->stage == STAGE_CHDIR) {
		return err_sys(err, f->sys, "start %s in %s", name, l->cwd);
	}
	return err_sys(err, f->sys, "start %s", name);
}

static bool launch_go(struct launch *l, struct child *child, struct err *err)
{
	struct failure f = { STAGE_STDIO, 0 };
	pid_t pid = launch_fork(l);

	if (pid < 0) {
		return err_sys(err, errno, "fork for %s", l->argv[0]);
	}
	if (!launch_report(l, &f)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
		return set_failure(l, &f, err);
	}
	*child = (struct child){ pid, l->ours[0], l->ours[1], l->ours[2], 0, !l->same_session };
	return true;
}

bool child_start(const struct child_spec *spec, struct child *child, struct err *err)
{
	struct launch l = {
		.path = program_find(spec->argv[0]),
		.argv = (char *const *)(uintptr_t)spec->argv,
		.cwd = spec->cwd,
		.fd = { -1, -1, -1 },
		.ours = { -1, -1, -1 },
		.report = { -1, -1 },
		.same_session = spec->same_session,
		.outlives = spec->outlives,
	};

	*child = (struct child)CHILD_INIT;
	if (!l.path) {
		return err_set(err, ERR_NOT_FOUND, "%s: no such program in PATH", spec->argv[0]);
	}
	l.env = make_env(spec->env);

	bool ok = plug_all(&l, spec, err) && launch_go(&l, child, err);

	launch_release(&l, ok);
	return ok;
}

static _Noreturn void forked_main(int (*body)(void *ctx, int out), void *ctx, int out, pid_t parent)
{
	platform_die_with(parent);
	default_signals();
	(void)setsid();
	_exit(body(ctx, close_others(out)));
}

bool child_fork(int (*body)(void *ctx, int out), void *ctx, struct child *child, struct err *err)
{
	int ends[2];
	sigset_t all, old;
	pid_t parent = getpid();

	*child = (struct child)CHILD_INIT;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return err_sys(err, errno, "pipe");
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);

	pid_t pid = fork();
	int sys = errno;

	if (pid == 0) {
		forked_main(body, ctx, ends[1], parent);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	close_fd(&ends[1]);
	if (pid < 0) {
		close_fd(&ends[0]);
		return err_sys(err, sys, "fork");
	}
	*child = (struct child){ pid, -1, ends[0], -1, 0, true };
	return true;
}

/* True when the child is gone; its status is noted. */
static bool reap(struct child *child, int flags)
{
	int raw = 0;
	pid_t got;

	do {
		got = waitpid(child->pid, &raw, flags);
	} while (got < 0 && errno == EINTR);
	if (got == 0) {
		return false;
	}
	child->pid = 0;
	/* ECHILD: somebody else's SIGCHLD setting took the status away. */
	child->status = got < 0 ? 255 : WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	return true;
}

/* Milliseconds until the deadline (-1 = none), never more than `most` where that is not negative.
 */
static int left_ms(long long deadline, int most)
{
	if (deadline < 0) {
		return most;
	}

	long long left = deadline - now_ms();

	left = left < 0 ? 0 : left > 3600000 ? 3600000 : left;
	return most >= 0 && left > most ? most : (int)left;
}

bool child_wait(struct child *child, int timeout_ms)
{
	long long deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	if (child->pid == 0) {
		return true;
	}
	if (timeout_ms < 0) {
		return reap(child, 0);
	}

	int fd = platform_exit_fd(child->pid);
	bool ended = reap(child, WNOHANG);

	while (!ended && now_ms() < deadline) {
		struct pollfd p = { fd, POLLIN, 0 };

		(void)poll(&p, 1, left_ms(deadline, fd < 0 ? POLL_STEP_MS : -1));
		ended = reap(child, WNOHANG);
	}
	close_fd(&fd);
	return ended;
}

void child_end(struct child *child)
{
	if (child->pid > 0) {
		(void)kill(child->leader ? -child->pid : child->pid, SIGKILL);
		(void)reap(child, 0);
	}
	close_fd(&child->in);
	close_fd(&child->out);
	close_fd(&child->err);
}

int close_others(int keep)
{
	if (keep != 3) {
		(void)dup2(keep, 3);
	}
	platform_close_from(4);
	return 3;
}

void close_all_but(int *fds, size_t n)
{
	int next = 3;

	/* Out of the way first, so that none is overwritten before its turn. */
	for (size_t i = 0; i < n; i++) {
		fds[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, 3 + (int)n);
	}
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			fds[i] = dup2(fds[i], next++);
		}
	}
	platform_close_from(next);
}

/* --- running to the end ------------------------------------------------------------------------
 */

struct capture {
	struct child child;
	const char *name;
	struct str input;
	struct strbuf *out, *err;
	bool err_tail; /* of stderr only the newest is kept */
	int exit_fd;
	int status;
	long long deadline; /* -1 = none */
	long long drain;    /* once exited: how long output is still waited for */
	bool overflow;
};

/* Takes what is there; closes at the end or when there is nowhere to put it. */
static void capture_read(struct capture *c, int *fd, struct strbuf *into)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (n > 0 && into == c->err && c->err_tail && into->len + (size_t)n > into->max) {
		strbuf_reset(into);
	}
	if (n <= 0) {
		close_fd(fd);
	} else if (!strbuf_add(into, chunk, (size_t)n)) {
		c->overflow = true;
	}
}

static void capture_write(struct capture *c)
{
	ssize_t n = write(c->child.in, c->input.p, c->input.len);

	if (n > 0) {
		c->input = str_slice(c->input, (size_t)n, c->input.len);
	}
	/* A child that does not want its input is not a failure: its status tells. */
	if (c->input.len == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		close_fd(&c->child.in);
	}
}

static void capture_poll(struct capture *c)
{
	struct pollfd p[] = {
		{ c->child.in, POLLOUT, 0 },
		{ c->child.out, POLLIN, 0 },
		{ c->child.err, POLLIN, 0 },
		{ c->exit_fd, POLLIN, 0 },
	};
	bool exited = c->child.pid == 0;
	int wait = left_ms(exited ? c->drain : c->deadline,
			   c->exit_fd < 0 && !exited ? POLL_STEP_MS : -1);

	if (poll(p, 4, wait) < 0) {
		return;
	}
	if (p[0].revents) {
		capture_write(c);
	}
	if (p[1].revents) {
		capture_read(c, &c->child.out, c->out);
	}
	if (p[2].revents) {
		capture_read(c, &c->child.err, c->err);
	}
	if (!exited && (p[3].revents || c->exit_fd < 0) && reap(&c->child, WNOHANG)) {
		c->drain = now_ms() + DRAIN_MS;
		close_fd(&c->exit_fd);
	}
}

static bool capture_done(const struct capture *c)
{
	bool quiet = c->child.out < 0 && c->child.err < 0;

	return c->child.pid == 0 && (quiet || now_ms() >= c->drain);
}

/* The last line that is not blank. */
static struct str last_line(struct str text)
{
	text = str_trim(text);
	for (size_t i = text.len; i > 0; i--) {
		if (text.p[i - 1] == '\n') {
			return str_slice(text, i, text.len);
		}
	}
	return text;
}

static bool capture_timeout(struct capture *c, int timeout_ms, struct err *err)
{
	struct str said = last_line(strbuf_str(c->err));

	(void)err_set(err, ERR_SYSTEM, "%s: no end within %d s%s%.*s", c->name,
		      (timeout_ms + 999) / 1000, said.len ? ": " : "", STR_ARG(said));
	err->sys = ETIMEDOUT;
	return false;
}

static bool capture_loop(struct capture *c, int timeout_ms, struct err *err)
{
	while (!capture_done(c)) {
		if (c->overflow) {
			return err_set(err, ERR_SYSTEM, "%s: more output than expected", c->name);
		}
		if (c->child.pid && c->deadline >= 0 && now_ms() >= c->deadline) {
			return capture_timeout(c, timeout_ms, err);
		}
		capture_poll(c);
	}
	return !c->overflow || err_set(err, ERR_SYSTEM, "%s: more output than expected", c->name);
}

static bool capture_run(struct capture *c, const struct child_spec *spec, int timeout_ms,
			struct err *err)
{
	if (!child_start(spec, &c->child, err)) {
		return false;
	}
	if (c->child.in >= 0) {
		(void)fcntl(c->child.in, F_SETFL, O_NONBLOCK);
	}
	c->exit_fd = platform_exit_fd(c->child.pid);
	c->deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	bool ok = capture_loop(c, timeout_ms, err);

	c->status = c->child.status;
	close_fd(&c->exit_fd);
	child_end(&c->child);
	return ok;
}

/* SIGPIPE is held back meanwhile, and one that we caused is taken away: a child that closes its
 * stdin must not end act-c, whatever the program's own setting is. */
static bool without_sigpipe(struct capture *c, const struct child_spec *spec, int timeout_ms,
			    struct err *err)
{
	const struct timespec zero = { 0, 0 };
	sigset_t pipes, old, pending;

	(void)sigemptyset(&pipes);
	(void)sigaddset(&pipes, SIGPIPE);
	(void)sigpending(&pending);
	(void)sigprocmask(SIG_BLOCK, &pipes, &old);

	bool ok = capture_run(c, spec, timeout_ms, err);

	if (!sigismember(&pending, SIGPIPE)) {
		while (sigtimedwait(&pipes, NULL, &zero) < 0 && errno == EINTR) {
		}
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return ok;
}

bool child_capture(const struct child_spec *spec, const struct str *input, struct strbuf *out,
		   struct strbuf *errout, int timeout_ms, int *status, struct err *err)
{
	struct strbuf text = STRBUF_INIT(ERR_TEXT_MAX);
	struct child_spec all = *spec;
	struct capture c = {
		.child = CHILD_INIT,
		.name = spec->argv[0],
		.input = input ? *input : STR_EMPTY,
		.out = out,
		.err = errout ? errout : &text,
		.err_tail = !errout,
		.exit_fd = -1,
	};

	all.in = input ? CHILD_PIPE : CHILD_NULL;
	all.out = out ? CHILD_PIPE : CHILD_NULL;
	all.err = CHILD_PIPE;

	bool ok = without_sigpipe(&c, &all, timeout_ms, err);

	*status = c.status;
	strbuf_release(&text);
	return ok;
}
