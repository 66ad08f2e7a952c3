/* agent_blob.h - the agent's program, as it is embedded in act-c. */
#ifndef ACTC_ENGINE_AGENT_BLOB_H
#define ACTC_ENGINE_AGENT_BLOB_H

#include "actc/err.h"
#include <stddef.h>

const unsigned char *agent_blob(size_t *len);
/* Names its sources, as it does in its HELLO. Only this file is compiled again whenever they
 * change: everything else must ask here. */
const char *agent_build(void);

/* The agent in memory, ready for fexecve(); -1 with an error. Close-on-exec. */
int agent_memfd(struct err *err);

#endif
