/*
 * process.h - children of act-c on this machine: the docker CLI, git.
 *
 * Contract: nothing secret is on a command line. What is allocated is allocated before the fork;
 * the child makes only async-signal-safe calls. A failed exec comes back through a CLOEXEC pipe, so
 * "docker not found" differs from an exit status. Every child gets a session of its own unless said
 * otherwise (a terminal's Ctrl-C must not reach the docker CLI) and dies with its parent where the
 * kernel can do that. All file descriptors but 0-2 are closed on exec; signal handlers and the
 * signal mask are the default ones.
 */
#ifndef ACTC_PROCESS_H
#define ACTC_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "actc/err.h"
#include "actc/file.h"
#include "actc/str.h"
#include "actc/strbuf.h"

enum { CHILD_NULL = -1, CHILD_PIPE = -2, CHILD_INHERIT = -3 }; /* or a descriptor to use */

struct child_spec {
	const char *const *argv; /* argv[0] is looked up in PATH */
	const char *const
		*env;     /* "K=V" to set over the inherited environment, "K" to unset; or NULL */
	const char *cwd;  /* or NULL */
	int in, out, err; /* descriptors stay the caller's */
	bool same_session;
	/* A CHILD_PIPE for its stdin does not block it. A program in Go then waits for it as it
	 * does for its sockets; else its runtime looks 50,000 times a second, for 10 ms, whether
	 * the read has ended (a sixth of a CPU while short steps run). */
	bool in_nonblock;
	bool outlives; /* is not killed when its parent dies: it ends by what it then reads */
};

struct child {
	pid_t pid;        /* 0 = none */
	int in, out, err; /* our ends of CHILD_PIPE, else -1 */
	int status;       /* once waited for: exit code, or 128 + signal */
	bool leader;      /* of a session: child_end() kills its whole process group */
};

#define CHILD_INIT                      \
	{                               \
		0, -1, -1, -1, 0, false \
	}

/* A short-lived child that runs body(ctx) in this process's memory, on that stack (Linux only): a
 * fork would first copy the page tables of a program that has loaded a dozen libraries. The body
 * makes system calls only, and executes a program or ends by _exit(); stack and ctx live as long as
 * it runs. `flags` are clone's, as CLONE_NEWUSER; with CLONE_VFORK the caller waits until it has
 * executed or ended. -1 with errno. */
enum { CHILD_STACK = 32 * 1024 };
pid_t child_beside(void *stack, size_t size, int flags, int (*body)(void *ctx), void *ctx);

/* ERR_NOT_FOUND when the program is not there. */
bool child_start(const struct child_spec *spec, struct child *child, struct err *err);
/* True when it has ended (status is set); timeout_ms < 0 waits for ever. */
bool child_wait(struct child *child, int timeout_ms);
/* SIGKILL, wait, close: for every way out. Does nothing for a child that is none. */
void child_end(struct child *child);

/* Runs to the end: exited, and its output at the end or held open by someone else for 200 ms more.
 * spec's in, out and err are not looked at. Output beyond the buffers' maxima is an error, and so
 * is (with err.sys = ETIMEDOUT, the child killed, the buffers holding what came) the end of
 * timeout_ms (< 0: none). `input`, `out` and `errout` may be NULL (without errout the last line of
 * stderr goes with the error message). Any exit status is success of the call. */
bool child_capture(const struct child_spec *spec, const struct str *input, struct strbuf *out,
		   struct strbuf *errout, int timeout_ms, int *status, struct err *err);

/* The path of a program that is in PATH (to be freed), or NULL. A name with a slash is its own
 * path, an empty entry of PATH the current directory. */
char *program_find(const char *name);

/* A copy of this process that runs body(ctx, out) and ends with its result as the exit status; what
 * it writes to `out` is read from child->out. It has default signals, no descriptor above 2 but
 * that one, a session of its own, and dies with its parent. */
bool child_fork(int (*body)(void *ctx, int out), void *ctx, struct child *child, struct err *err);

/* In a forked process that executes nothing: closes every descriptor from 3 on but `keep`, and
 * returns the number that keep has then. */
int close_others(int keep);
/* The same for several: they become 3, 4, …, in their order; -1 stays -1. */
void close_all_but(int *fds, size_t n);

/* Monotonic milliseconds. */
long long now_ms(void);

#endif
