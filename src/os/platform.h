/* platform.h - what only some kernels have; one file of this directory per system implements it. */
#ifndef ACTC_OS_PLATFORM_H
#define ACTC_OS_PLATFORM_H

#include <sys/types.h>

/* A child that runs body(ctx) in this process's memory, on a stack of its own, until it executes a
 * program or ends: until then the caller waits. The body never returns. */
pid_t platform_spawn(int (*body)(void *ctx), void *ctx);
/* In a fresh child, async-signal-safe: gets SIGKILL when `parent` dies (at once if it has). */
void platform_die_with(pid_t parent);
/* In a fresh child, async-signal-safe: no descriptor from 3 on survives an exec. */
void platform_close_on_exec(void);
/* Closes `first` and all above. */
void platform_close_from(int first);
/* A descriptor that is readable once the child has ended, or -1: then the caller must poll. */
int platform_exit_fd(pid_t pid);
/* A descriptor that is readable once a file in a watched directory came, went, or was closed by
 * whoever wrote it; or -1: then the caller must poll. The others do nothing with -1. */
int platform_watch_new(void);
void platform_watch_add(int watch, const char *dir);
void platform_watch_drain(int watch);

#endif
