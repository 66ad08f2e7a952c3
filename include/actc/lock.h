/*
 * lock.h - a file that at most one process holds at a time.
 *
 * The lock belongs to the open file: a forked child shares it, an exec gives it up, and it is free
 * when the last of them has closed it or died, however that happened.
 */
#ifndef ACTC_LOCK_H
#define ACTC_LOCK_H

#include <stdbool.h>

#include "actc/err.h"

/* Makes the file if it is missing and waits for the lock, at most timeout_ms (0 = try once). The
 * descriptor to close(2), or -1. *waited (or NULL) tells whether another process held it. */
int lock_take(const char *path, int timeout_ms, bool *waited, struct err *err);
/* Whether some process holds it; a file that is not there is held by nobody. */
bool lock_held(const char *path);

#endif
