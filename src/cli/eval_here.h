/* eval_here.h - the contexts of an expression that is evaluated without --context. */
#ifndef ACTC_CLI_EVAL_HERE_H
#define ACTC_CLI_EVAL_HERE_H

#include "actc/event.h"
#include "actc/expr.h"
#include "cli.h"

/* What may be named: the contexts and the status functions of a job. */
extern const struct expr_scope eval_here_scope;

/* What `run push` would have here. The repository is only looked at when the expression reads
 * `github`. The masker gets the secrets; it is the caller's. */
bool eval_here_contexts(struct options *o, const struct expr *e, struct masker *masker,
			struct vobject **out, struct err *err);

#endif
