/* graph.h - the drawings of `act-c graph` that have a file of their own. */
#ifndef ACTC_CLI_GRAPH_H
#define ACTC_CLI_GRAPH_H

#include "chosen.h"

/* One picture of all workflows, for a browser. */
void graph_svg(struct options *o, const struct chosen *c);

#endif
