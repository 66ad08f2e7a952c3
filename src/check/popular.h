/* popular.h - the table of actions that many workflows use (popular.py makes it). */
#ifndef ACTC_CHECK_POPULAR_H
#define ACTC_CHECK_POPULAR_H

#include "actc/str.h"

enum {
	POPULAR_OLD = 1 << 0,    /* runs on a Node that GitHub's runners no longer have */
	POPULAR_DOCKER = 1 << 1, /* takes `args` and `entrypoint` too */
	POPULAR_ANY_INPUTS = 1 << 2,
	POPULAR_COMPOSITE = 1 << 3, /* has no other outputs than these */
};

struct popular {
	struct str uses; /* "actions/cache@v4"; sorted without case */
	unsigned flags;
	struct str inputs; /* "!key path ~old": ! must be given, ~ is deprecated */
	struct str outputs;
};

#endif
