/* deployments.h - what a run is told about environments: .github/act-c.yml, --approve; and the
 * token of gh. */
#ifndef ACTC_CLI_DEPLOYMENTS_H
#define ACTC_CLI_DEPLOYMENTS_H

#include "actc/diag.h"
#include "actc/environment.h"
#include "actc/run.h"
#include "cli.h"

/* Reads .github/act-c.yml below `root` ("" = here), if there is one, and the files that it names.
 * What is wrong in it is in diags. */
bool deployments_read(struct options *o, struct str root, struct diags *diags,
		      struct environments *out, struct err *err);
struct approvals deployments_approvals(struct options *o);
/* Environments that --approve names and that are not declared: a line for people, or empty. */
struct str deployments_unknown(struct options *o, const struct environments *declared);

/* With --token-from-gh, and unless a GITHUB_TOKEN is given: that of `gh auth token`. */
bool deployments_gh_token(struct options *o, struct str server_url, struct settings *secrets,
			  struct err *err);

#endif
