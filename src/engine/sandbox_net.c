/*
 * sandbox_net.c - the program that carries the network of a sandbox: slirp4netns, which is ready
 * sooner, or pasta. Both run as whoever started act-c and need nothing but /dev/net/tun.
 *
 * A sandbox's network namespace is reached by a descriptor of act-c's: its own process may be in
 * another user namespace before the helper looks.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READY_MS = 5000 };

static bool in_path(const char *name)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : "/usr/bin:/bin");
	char full[4096];

	while (rest.p) {
		struct str dir = str_cut(&rest, ':');

		(void)snprintf(full, sizeof(full), "%.*s/%s", STR_ARG(dir), name);
		if (dir.len && access(full, X_OK) == 0) {
			return true;
		}
	}
	return false;
}

enum sandbox_helper sandbox_helper(struct str *why_not)
{
	enum sandbox_helper helper = in_path("slirp4netns") ? HELPER_SLIRP4NETNS
				     : in_path("pasta")     ? HELPER_PASTA
							    : HELPER_NONE;

	if (helper == HELPER_NONE) {
		*why_not = STR("neither slirp4netns nor pasta is installed (Debian, Ubuntu: sudo "
			       "apt-get install slirp4netns)");
	} else if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		*why_not = errno == ENOENT ? STR("/dev/net/tun is missing (sudo modprobe tun; in a "
						 "container: --device /dev/net/tun)")
					   : STR("/dev/net/tun may not be opened (sudo chmod 666 "
						 "/dev/net/tun)");
		helper = HELPER_NONE;
	}
	return helper;
}

static int open_namespace(pid_t pid, const char *kind)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The helper's stdout is what it tells its readiness on, its stdin what tells it to end. */
static const char *const *slirp_words(struct arena *a, int net, int user)
{
	const char **v = arena_array(a, const char *, 16);
	size_t n = 0;
	int self = (int)getpid();

	v[n++] = "slirp4netns";
	v[n++] = "--configure";
	v[n++] = "--mtu=65520";
	v[n++] = "--disable-host-loopback";
	v[n++] = "--ready-fd=1";
	v[n++] = "--netns-type=path";
	if (user >= 0) {
		v[n++] = arena_printf(a, "--userns-path=/proc/%d/fd/%d", self, user).p;
	}
	v[n++] = arena_printf(a, "/proc/%d/fd/%d", self, net).p;
	v[n++] = "tap0";
	return v;
}

/* pasta gives up the right to look into other processes first: its descriptors are the namespaces.
 */
static const char *const *pasta_words(struct arena *a, bool userns)
{
	const char **v = arena_array(a, const char *, 20);
	size_t n = 0;

	v[n++] = "pasta";
	v[n++] = "--foreground";
	v[n++] = "--quiet";
	v[n++] = "--config-net";
	v[n++] = "--no-map-gw";
	v[n++] = "--tcp-ports=none";
	v[n++] = "--udp-ports=none";
	v[n++] = "--tcp-ns=none";
	v[n++] = "--udp-ns=none";
	v[n++] = "--pid=/dev/stdout";
	if (userns) {
		v[n++] = "--userns=/proc/self/fd/2";
	} else {
		v[n++] = "--runas=0";
		v[n++] = "--netns-only";
	}
	v[n++] = "--netns=/proc/self/fd/0";
	return v;
}

bool sandbox_network_start(struct arena *a, enum sandbox_helper helper, pid_t pid, bool userns,
			   struct child *child, int *ready, struct err *err)
{
	int net = open_namespace(pid, "net");
	int user = userns ? open_namespace(pid, "user") : -1;
	struct child_spec spec = { .in = CHILD_NULL, .out = CHILD_PIPE, .err = CHILD_NULL };
	bool ok = net >= 0 && (!userns || user >= 0);

	if (!ok) {
		return err_sys(err, errno, "the sandbox's network namespace");
	}
	if (helper == HELPER_PASTA) {
		spec.argv = pasta_words(a, userns);
		spec.in = net;
		spec.err = userns ? user : CHILD_NULL;
	} else {
		spec.argv = slirp_words(a, net, user);
	}
	ok = child_start(&spec, child, err);
	if (ok) {
		*ready = child->out;
		child->out = -1;
	}
	/* They stay open: the helper finds them through this process. They go with the worker. */
	return ok;
}

bool sandbox_network_ready(struct child *child, int *ready, struct err *err)
{
	struct pollfd p = { .fd = *ready, .events = POLLIN };
	char c;
	bool ok = poll(&p, 1, READY_MS) == 1 && read(*ready, &c, 1) == 1;

	if (!ok) {
		(void)child_wait(child, 0);
		err_set(err, ERR_ENGINE, "the network's helper did not start%s",
			child->pid ? " in time" : "");
	}
	return ok;
}
