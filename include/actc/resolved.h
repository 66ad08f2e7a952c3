/*
 * resolved.h - a workflow with what it calls, as GitHub's own reader would hand it on: the model of
 * the data that GitHub tests its readers with, as a JSON value.
 */
#ifndef ACTC_RESOLVED_H
#define ACTC_RESOLVED_H

#include "actc/calls.h"
#include "actc/value.h"

struct resolved_options {
	bool include_source; /* file, line and column of every token, and the table of files */
};

/* `sources` are the ones it was read from, with the started file first. */
struct value resolved_workflow(struct arena *a, const struct sources *sources,
			       const struct workflow *w, const struct calls *calls,
			       const struct resolved_options *options);
/* {"errors": [{"Message": …}]}: the first ten, in GitHub's words. */
struct value resolved_errors(struct arena *a, const struct diags *diags);

#endif
