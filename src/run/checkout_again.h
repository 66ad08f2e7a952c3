/* checkout_again.h - a second checkout into a working tree that is there already. */
#ifndef RUN_CHECKOUT_AGAIN_H
#define RUN_CHECKOUT_AGAIN_H

#include "step.h"

struct checkout_again {
	struct str from; /* the tree that is wanted, on this machine */
	struct str to;   /* where one may be, in the job */
	struct str url;  /* of origin */
	struct str server;
	bool clean;
	long depth; /* 0 = everything */
};

/* As the action does it, by the job's git: what the job has fetched and configured stays. False:
 * there is no such tree, or it cannot be used (no git, another origin, a broken repository), and
 * the caller puts a new one in its place. */
bool checkout_again(struct step *s, const struct checkout_again *x);

#endif
