/* outside.h - what options and this machine's environment say of the outside of a run: stand-ins,
 * egress, proxies, authorities. */
#ifndef ACTC_CLI_OUTSIDE_H
#define ACTC_CLI_OUTSIDE_H

#include "actc/run.h"
#include "cli.h"

/* Fills in the request: stand-ins, hosts and egress of the machine, ca_bundle, outside_env. The
 * engine is known by then. Passwords of proxies become secrets of the masker's. */
bool outside_read(struct options *o, struct run_request *r, struct err *err);
void outside_mask(const struct run_request *r, struct masker *m);

/* For the plan, a line each: steps that name a host that is answered for, jobs that deploy; also
 * those of the workflows that jobs call. */
bool outside_notes(struct options *o, const struct selection *s, const struct calls *calls,
		   struct str **lines, size_t *n, struct err *err);

#endif
