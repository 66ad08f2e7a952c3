/* machine.h - what every engine's machine begins with. */
#ifndef ACTC_ENGINE_MACHINE_H
#define ACTC_ENGINE_MACHINE_H

#include "actc/engine.h"

/* Each engine embeds it as the first member of its own struct. */
struct machine {
	const struct engine *engine;
	struct channel *channel;
	struct runner_paths paths;
	struct runner_paths shown; /* .work is empty: the same */
	struct str describe;
	struct str id;
	struct machine *beside; /* of a Docker action: the job's */
	struct str services;    /* where its agent may dial them itself; or empty */
	struct str config;      /* the image's entry point and command, two lines of JSON */
};

/* All paths below one work directory, as GitHub's runner lays them out; tool cache and externals
 * are left to the engine. */
struct runner_paths machine_layout(struct arena *a, struct str work, struct str repository_name);

#endif
