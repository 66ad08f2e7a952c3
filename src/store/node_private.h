/* node_private.h - what the parts of the store of nodes share. */
#ifndef STORE_NODE_PRIVATE_H
#define STORE_NODE_PRIVATE_H

#include "actc/node_store.h"

/* The builds that are fetched. */
#define NODE_VERSION      "24.21.0"
#define NODE_MUSL_VERSION "24.19.0"

/* Fetches it for an architecture into dest, which is made, as dest/bin/node. `temp` is a name for
 * the archive meanwhile. ERR_NOT_FOUND when there is none for the architecture. */
bool node_fetch(struct arena *a, const struct node_spec *spec, struct str arch,
		const struct node_wait *wait, struct str temp, struct str dest, struct err *err);

#endif
