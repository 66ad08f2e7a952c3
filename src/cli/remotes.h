/* remotes.h - other repositories, of actions and called workflows, as the command line has it. */
#ifndef ACTC_CLI_REMOTES_H
#define ACTC_CLI_REMOTES_H

#include "actc/action_store.h"
#include "actc/calls.h"
#include "cli.h"

struct remotes {
	struct options *o;
	struct action_store *store;
	struct run_values *values; /* the token is among the secrets */
	bool have_values;
	VEC(struct str) notes; /* for people */
	struct action_lock lock;
};

/* The store of --local-repository, --offline and their like. `values` are filled in when they are
 * first needed (remotes_values); nothing is written or asked yet. */
bool remotes_open(struct remotes *r, struct options *o, struct run_values *values, struct err *err);
/* options_values(), once. */
bool remotes_values(struct remotes *r, struct err *err);
/* The token, where it is among the values by now. */
void remotes_token(struct remotes *r);
/* Reads the lock file of the current directory, and refuses what locked workflows may not use. */
bool remotes_lock(struct remotes *r, const struct workflow *const *v, size_t n,
		  struct diags *diags);
/* For calls_load: called workflows of other repositories come from the store. */
struct call_places remotes_places(struct remotes *r);

#endif
