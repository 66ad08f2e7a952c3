/* git_run.h - the git program, called without the caller's GIT_* environment. */
#ifndef STORE_GIT_RUN_H
#define STORE_GIT_RUN_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/process.h"
#include "actc/str.h"
#include "actc/strbuf.h"

struct git_call {
	const char *const *args; /* behind "git", ends with NULL */
	const char *const *env;  /* "K=V", ends with NULL; or NULL */
	struct str dir;          /* where it runs */
	const struct str *input; /* or NULL */
	bool isolated;           /* not the user's and the machine's configuration */
	bool users; /* what the caller's GIT_* say of configuration, transport and ssh counts */
	struct strbuf *out, *err; /* or NULL: not wanted; in errors only */
};

/* Only starts it: what it prints is to be read from child->out, what it says of errors is lost. */
bool git_start(const struct git_call *call, struct child *child, struct err *err);
/* True when git ran; its exit status is in *status. */
bool git_try(const struct git_call *call, int *status, struct err *err);
/* As git_try, and any exit status but 0 is an error with git's own words. */
bool git_run(const struct git_call *call, struct err *err);

#endif
