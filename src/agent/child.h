/*
 * child.h - what a step's process is given, and its start.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "agent.h"

/* Everything the child needs, made before it exists. */
struct plan {
	char **argv;
	char **env;
	const char *cwd;
	const char *found;       /* the program, if it is known where the PATH has it; or NULL */
	const struct user *user; /* NULL: as the agent itself */
	const char *tty;         /* the pty's other end, or NULL */
	int in, out;
	int report; /* CLOEXEC: what failed, nothing when exec succeeded */
	bool die_with_us;
};

/* errno, and the step that failed as text. */
struct failure {
	int sys;
	char what[PATH_MAX + 16];
};

const char *env_get(char **env, const char *name);
/* Its pid once it has executed its program, or -1 with f set. The report is this function's. */
pid_t child_start(struct plan *p, struct failure *f);

#endif
