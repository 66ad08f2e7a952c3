/*
 * node_store.h - the node that runs JavaScript actions, kept on this machine: one directory below
 * the externals for each kind of node, which engines show to jobs (DESIGN decision 9).
 *
 * GitHub runs node12 to node24 all on node 24 now, and so does this: the node of this machine where
 * it is one (24 or newer, and made for any system with glibc 2.28), else one that is fetched once
 * from the npm registry or a mirror of it. For musl there is none at npm, but one of the same
 * source at PyPI, with the libraries that it wants. The archives' checksums are part of act-c.
 */
#ifndef ACTC_NODE_STORE_H
#define ACTC_NODE_STORE_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct node_spec {
	struct str dir;         /* the externals of this machine (node_store_dir) */
	struct str path;        /* a node, or a directory with bin/node; empty: whichever fits */
	struct str mirror;      /* of the npm registry; empty: the registry itself */
	struct str musl_mirror; /* of files.pythonhosted.org; empty: that */
	bool musl;              /* it shall run with musl, not with glibc */
	bool offline;
};

/* While something long goes on. */
struct node_wait {
	void *ctx;
	void (*tell)(void *ctx, struct str line);
	bool (*cancelled)(void *ctx); /* asked several times a second */
};

/* $XDG_CACHE_HOME/act-c/externals; empty where HOME and XDG_CACHE_HOME name no place. */
struct str node_store_dir(struct arena *a);

/*
 * Makes dir/NAME/bin/node for machines of that architecture ("x86_64"), and the empty
 * file dir/NAME.complete once it is whole. Safe for several processes at once. ERR_NOT_FOUND, with
 * what to do, where none can be had.
 */
bool node_store_get(struct arena *a, const struct node_spec *spec, struct str arch,
		    const struct node_wait *wait, struct str *name, struct err *err);

/* Whether a program runs wherever the official builds of node do: it wants no other libraries than
 * those of glibc and gcc, and no glibc newer than 2.28. */
bool node_is_portable(const char *path);

#endif
