/* hook_run.h - what act-c's git hooks do. */
#ifndef ACTC_CLI_HOOK_RUN_H
#define ACTC_CLI_HOOK_RUN_H

#include "actc/hook.h"
#include "cli.h"

/* `act-c hook run`: as a pre-push hook, with git's list of refs on standard input, or as a
 * pre-commit hook; also from pre-commit (the framework), or by hand for what HEAD has. */
int hook_run(struct options *o);

#endif
