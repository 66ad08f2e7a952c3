/* host_dirs.h - the directories of the host engine's jobs. */
#ifndef ACTC_ENGINE_HOST_DIRS_H
#define ACTC_ENGINE_HOST_DIRS_H

#include <stdbool.h>

#include "machine.h"

/* A new directory of mode 0700 in place of path, which ends in XXXXXX. It may have been another
 * job's of this run: then work, workspace, temp and actions are there in it, as new as they would
 * be made. `tmp` is the run's. */
bool host_dir_open(struct arena *a, const char *tmp, char *path, struct err *err);
/* The job is over. `whole`: nothing of it is running any more, and only what is in the directory
 * was its own, so that another job may have it; else it is removed. */
void host_dir_close(struct arena *a, const char *tmp, const char *path,
		    const struct runner_paths *paths, bool whole);

#endif
