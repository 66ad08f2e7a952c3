/*
 * sandbox_net.c - the program that carries the network of a sandbox: slirp4netns, which is ready
 * sooner, or pasta. Both run as whoever started act-c and need nothing but /dev/net/tun, and the
 * first can do without.
 *
 * A sandbox's network namespace is reached by a descriptor of act-c's: its own process may be in
 * another user namespace before the helper looks.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_veth.h"

enum { READY_MS = 5000 };

static bool in_path(const char *name)
{
	char *path = program_find(name);
	bool found = path != NULL;

	free(path);
	return found;
}

enum sandbox_helper sandbox_helper(struct str *why_not)
{
	enum sandbox_helper helper = in_path("slirp4netns") ? HELPER_SLIRP4NETNS
				     : in_path("pasta")     ? HELPER_PASTA
							    : HELPER_NONE;

	if (helper == HELPER_NONE) {
		*why_not = STR("neither slirp4netns nor pasta is installed (Debian, Ubuntu: sudo "
			       "apt-get install slirp4netns)");
	} else if (access("/dev/net/tun", R_OK | W_OK) == 0) {
		return helper;
	} else if (helper == HELPER_SLIRP4NETNS) {
		helper = HELPER_SLIRP_VETH;
	} else {
		*why_not = errno == ENOENT ? STR("/dev/net/tun is missing (sudo modprobe tun; in a "
						 "container: --device /dev/net/tun), and pasta "
						 "needs it; slirp4netns does not")
					   : STR("/dev/net/tun may not be opened (sudo chmod 666 "
						 "/dev/net/tun), and pasta needs it; slirp4netns "
						 "does not");
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
	/* For a name server that only this machine has, see resolver(). */
	v[n++] = "--dns-forward=" SANDBOX_PASTA_DNS;
	if (userns) {
		v[n++] = "--userns=/proc/self/fd/2";
	} else {
		v[n++] = "--runas=0";
		v[n++] = "--netns-only";
	}
	v[n++] = "--netns=/proc/self/fd/0";
	return v;
}

/* Both ends of the socket's path are short, however deep `dir` is: it is named by a descriptor. */
static const char *socket_path(struct arena *a, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL
		      : arena_printf(a, "/proc/%d/fd/%d/net-%d-%d", (int)getpid(), fd,
				     (int)getpid(), fd)
				.p;
}

/* The frames come by a socket, and the addresses are given by who carries them. */
static bool start_carried(struct arena *a, struct sandbox_network *n, const char *dir, int net,
			  int user, struct err *err)
{
	const char *path = socket_path(a, dir);
	const char *const words[] = {
		"slirp4netns",        "--mtu=65520", "--disable-host-loopback",
		"--target-type=bess", path,          NULL
	};
	struct child_spec spec = {
		.argv = words, .in = CHILD_NULL, .out = CHILD_NULL, .err = CHILD_NULL
	};

	if (!path) {
		return err_sys(err, errno, "%s", dir);
	}
	if (!child_start(&spec, &n->child, err)) {
		return false;
	}
	n->carrier = sandbox_veth_start(path, net, user, &n->ready, err);
	return n->carrier > 0;
}

static bool start_with_tap(struct arena *a, struct sandbox_network *n, int net, int user,
			   struct err *err)
{
	struct child_spec spec = { .in = CHILD_NULL, .out = CHILD_PIPE, .err = CHILD_NULL };

	if (n->helper == HELPER_PASTA) {
		spec.argv = pasta_words(a, user >= 0);
		spec.in = net;
		spec.err = user >= 0 ? user : CHILD_NULL;
	} else {
		spec.argv = slirp_words(a, net, user);
	}
	if (!child_start(&spec, &n->child, err)) {
		return false;
	}
	n->ready = n->child.out;
	n->child.out = -1;
	return true;
}

bool sandbox_network_open(struct sandbox_network *n, pid_t pid, bool userns, struct err *err)
{
	n->net = open_namespace(pid, "net");
	n->user = userns ? open_namespace(pid, "user") : -1;
	return (n->net >= 0 && (!userns || n->user >= 0)) ||
	       err_sys(err, errno, "the sandbox's network namespace");
}

/* They stay open: the helper finds them through this process. */
bool sandbox_network_start(struct arena *a, struct sandbox_network *n, const char *dir,
			   struct err *err)
{
	return n->helper == HELPER_SLIRP_VETH ? start_carried(a, n, dir, n->net, n->user, err)
					      : start_with_tap(a, n, n->net, n->user, err);
}

bool sandbox_network_ready(struct sandbox_network *n, struct err *err)
{
	struct pollfd p = { .fd = n->ready, .events = POLLIN };
	char text[256];
	ssize_t len = poll(&p, 1, READY_MS) == 1 ? read(n->ready, text, sizeof(text)) : -1;
	bool words = n->helper == HELPER_SLIRP_VETH && len > 0 && text[0] != '\0';

	if (len > 0 && !words) {
		return true;
	}
	(void)child_wait(&n->child, 0);
	return err_set(err, ERR_ENGINE, "the network's helper did not start%s%s%.*s",
		       n->child.pid && !words ? " in time" : "", words ? ": " : "",
		       words ? (int)len : 0, text);
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
	*fd = -1;
}

void sandbox_network_end(struct sandbox_network *n)
{
	if (n->carrier > 0) {
		(void)kill(n->carrier, SIGKILL);
		n->carrier = 0;
	}
	if (n->child.pid > 0) {
		(void)kill(n->child.pid, SIGKILL);
		n->child.pid = 0;
	}
	child_end(&n->child);
	close_fd(&n->ready);
	close_fd(&n->net);
	close_fd(&n->user);
}
