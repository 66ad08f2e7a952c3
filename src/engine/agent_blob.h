/* agent_blob.h - the agent's programs, as they are embedded in act-c, one for each architecture. */
#ifndef ACTC_ENGINE_AGENT_BLOB_H
#define ACTC_ENGINE_AGENT_BLOB_H

#include <stddef.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct agent_program {
	struct str platform; /* as images name it: "linux/amd64" */
	const unsigned char *bytes;
	const size_t *len;
};

/* What runs on such an image ("linux/arm64/v8"); NULL when there is none for it. */
const struct agent_program *agent_for(struct str platform);
/* What runs on this machine; NULL when there is none for it. */
const struct agent_program *agent_here(void);
/* "linux/amd64 and linux/arm64" */
struct str agent_platforms(struct arena *a);

/* Names its sources, as it does in its HELLO. Only this file is compiled again whenever they
 * change: everything else must ask here. */
const char *agent_build(void);

/* This machine's agent in memory, ready for fexecve(); -1 with an error. Close-on-exec. */
int agent_memfd(struct err *err);

#endif
