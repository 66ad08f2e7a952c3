/*
 * uses.h - every repository that workflows need: the actions of their steps, what composite actions
 * use in turn, and, when asked for, the workflows of other repositories that jobs call.
 */
#ifndef ACTC_USES_H
#define ACTC_USES_H

#include <stdbool.h>

#include "actc/action_store.h"
#include "actc/arena.h"
#include "actc/source.h"
#include "actc/workflow.h"

/* One repository at one ref; paths inside of it do not count. */
struct uses_node {
	struct str key; /* "owner/repo@ref", owner and repository in lower case */
	struct action_fetch fetch;
	bool tried;
	bool called_only; /* only for workflows that jobs call */
	VEC(size_t) uses; /* what actions of it use: indices */
};

struct uses_workflow {
	const struct workflow *workflow;
	VEC(size_t) uses;       /* directly, or through actions of the own repository */
	VEC(struct str) locals; /* composite actions of the own repository, by "./" */
};

struct uses {
	VEC(struct uses_node) nodes;
	size_t nworkflows;
	struct uses_workflow *workflows; /* parallel to those given */
};

struct uses_spec {
	struct action_store *store;
	struct str root; /* of the own repository; "" = the current directory */
	const struct workflow *const *workflows;
	size_t n;
	bool called; /* what jobs call in other repositories too */
	/* The commit that a key is pinned to, or empty. May be NULL. */
	struct str (*pin)(void *ctx, struct str key);
	void *ctx;
};

/* Fetches all of it. False when something could not be fetched: its node has the error. */
bool uses_collect(struct arena *a, const struct uses_spec *spec, struct uses *out);

#endif
