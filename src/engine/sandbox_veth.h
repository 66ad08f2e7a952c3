/* sandbox_veth.h - frames between a sandbox and slirp4netns without /dev/net/tun. */
#ifndef ACTC_ENGINE_SANDBOX_VETH_H
#define ACTC_ENGINE_SANDBOX_VETH_H

#include <sys/types.h>

#include "actc/err.h"

/* Starts the process that carries them, for a network namespace (and, unless -1, the user namespace
 * it belongs to) and the socket on which slirp4netns will listen. *ready says one NUL when the
 * network is up, or why it is not. -1 with an error. */
pid_t sandbox_veth_start(const char *path, int net, int user, int *ready, struct err *err);

#endif
