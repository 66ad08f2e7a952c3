/* beside.h - children that run in this process's memory (Linux only). */
#ifndef ACTC_ENGINE_BESIDE_H
#define ACTC_ENGINE_BESIDE_H

#include <sys/types.h>

#include "actc/arena.h"

/* A child that runs body(ctx), which never returns: it makes system calls only, and executes a
 * program or ends by _exit(). What it uses lives as long as the arena, and that as long as the
 * child. `flags` are clone's, as CLONE_NEWUSER; with CLONE_VFORK the caller waits until it has
 * executed or ended. -1 with errno. */
pid_t beside_start(struct arena *a, int flags, int (*body)(void *ctx), void *ctx);

#endif
