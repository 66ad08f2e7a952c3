/*
 * environment.h - environments to deploy to, as .github/act-c.yml declares them: what GitHub keeps
 * in a repository's settings.
 *
 *     environments:
 *       production:
 *         reviewers: [octocat]          # someone must approve each deployment
 *         wait: 30                      # minutes that GitHub waits before it
 *         branches: [main, 'v?.x']      # from where one may deploy
 *         secrets-file: .secrets.production
 *         vars-file: .vars.production
 *         env-file: .env.production     # paths from the repository's root
 *         egress: none                  # its jobs reach nothing outside, as with --egress none
 *
 * Every key may be left out. A job whose environment is not declared has one without rules, as
 * GitHub makes one when it is first named.
 */
#ifndef ACTC_ENVIRONMENT_H
#define ACTC_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/payload.h"
#include "actc/str.h"
#include "actc/workflow.h"

struct environment {
	struct spanned name;
	struct spanned_list reviewers;
	struct spanned_list branches; /* patterns; none = any branch or tag */
	double wait_minutes;
	bool no_egress;
	struct spanned secrets_file, vars_file, env_file; /* as written; empty = none */
	/* What the files hold: read by the command line, which knows what may be read. */
	struct settings secrets, vars, env;
	struct str missing; /* the files that are not there, for people; or empty */
};

struct environments {
	size_t n;
	struct environment *v;
};

/* Reads the text of .github/act-c.yml; what is wrong becomes diagnostics, and false. */
bool environments_read(struct arena *a, uint32_t file, struct diags *diags,
		       struct environments *out);
/* By name, without regard to case; NULL when it is not declared. */
const struct environment *environments_find(const struct environments *e, struct str name);
/* Whether a ref may deploy there: "refs/heads/main". Patterns are those of branch names; one that
 * begins with refs/ is compared with the whole ref, so that it may name tags. */
bool environment_takes_ref(const struct environment *e, struct str ref);

#endif
