/* hook_listen.h - whether a hook has anything to rehearse, found without the cost of a run. */
#ifndef ACTC_CLI_HOOK_LISTEN_H
#define ACTC_CLI_HOOK_LISTEN_H

#include "actc/hook.h"
#include "cli.h"

struct hook_question {
	const struct content *content;
	const struct pushed *pushed; /* NULL: a commit */
	struct str event;
	int back; /* the repository, open: the current directory has the content's files only */
};

/* *some is false only when it is certain that no workflow of the current directory is started;
 * what takes longer to find out is left to the run. */
bool hook_listens(struct options *o, const struct hook_question *q, bool *some, struct err *err);

#endif
