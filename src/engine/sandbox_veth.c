/*
 * sandbox_veth.c - the network of a sandbox where /dev/net/tun cannot be had: a pair of virtual
 * interfaces, one end in the sandbox, and a process that carries frames between the other end and
 * slirp4netns, which then takes them from a socket.
 *
 * That process is in a network namespace of its own, so that the job sees one interface only, and
 * nothing of this machine's network is changed. It ends with act-c.
 */
#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sandbox_veth.h"

enum {
	MTU = 65520,
	FRAME_MAX = 65536 + 64,
	BUFFER = 4 * 1024 * 1024,
	BURST = 64, /* frames of one direction before the other has its turn */
	CONNECT_MS = 4000,
	CONNECT_STEP_MS = 2,
	KEPT_FROM = 200, /* where the descriptors are that the process needs */
};

#define INSIDE  "tap0"
#define OUTSIDE "act-c"

/* The addresses that slirp4netns expects. */
#define ADDRESS "10.0.2.100"
#define NETMASK "255.255.255.0"
#define GATEWAY "10.0.2.2"

enum { KEEP_NET, KEEP_USER, KEEP_READY, KEPT };

struct message {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char rest[512];
};

/* --- netlink: a pair of interfaces ------------------------------------------------------------ */

static struct rtattr *open_attribute(struct message *m, unsigned short type, const void *data,
				     size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len) {
		memcpy(RTA_DATA(a), data, len);
	}
	m->head.nlmsg_len = (unsigned)(NLMSG_ALIGN(m->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

/* What has been added since it was opened is in it. */
static void close_attribute(const struct message *m, struct rtattr *a)
{
	a->rta_len = (unsigned short)((const char *)m + m->head.nlmsg_len - (const char *)a);
}

/* The peer is made in another namespace. */
static void describe_pair(struct message *m, int net)
{
	const unsigned mtu = MTU;
	const struct ifinfomsg none = { .ifi_family = AF_UNSPEC };
	struct rtattr *link, *data, *peer;

	m->head.nlmsg_len = NLMSG_LENGTH(sizeof(m->info));
	m->head.nlmsg_type = RTM_NEWLINK;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	(void)open_attribute(m, IFLA_IFNAME, OUTSIDE, sizeof(OUTSIDE));
	(void)open_attribute(m, IFLA_MTU, &mtu, sizeof(mtu));
	link = open_attribute(m, IFLA_LINKINFO, NULL, 0);
	(void)open_attribute(m, IFLA_INFO_KIND, "veth", 4);
	data = open_attribute(m, IFLA_INFO_DATA, NULL, 0);
	peer = open_attribute(m, VETH_INFO_PEER, &none, sizeof(none));
	(void)open_attribute(m, IFLA_IFNAME, INSIDE, sizeof(INSIDE));
	(void)open_attribute(m, IFLA_MTU, &mtu, sizeof(mtu));
	(void)open_attribute(m, IFLA_NET_NS_FD, &net, sizeof(net));
	close_attribute(m, peer);
	close_attribute(m, data);
	close_attribute(m, link);
}

static bool make_pair(int net)
{
	struct message m = { 0 };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[1024];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool ok;

	describe_pair(&m, net);
	ok = fd >= 0 && send(fd, &m, m.head.nlmsg_len, 0) == (ssize_t)m.head.nlmsg_len &&
	     recv(fd, &answer, sizeof(answer), 0) > 0;
	if (fd >= 0) {
		(void)close(fd);
	}
	if (ok && answer.err.error) {
		errno = -answer.err.error;
		ok = false;
	}
	return ok;
}

/* --- one interface ---------------------------------------------------------------------------- */

static void switch_off(int fd, const char *name, unsigned what)
{
	struct ethtool_value off = { .cmd = what };
	struct ifreq r = { .ifr_data = (void *)&off };

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	(void)ioctl(fd, SIOCETHTOOL, &r);
}

/* What the kernel would leave for a network card to do, nobody would: these frames leave it as they
 * are. */
static bool bring_up(int fd, const char *name)
{
	static const unsigned offloads[] = { ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO,
					     ETHTOOL_SGRO };
	struct ifreq r = { .ifr_flags = IFF_UP | IFF_RUNNING };

	for (size_t i = 0; i < sizeof(offloads) / sizeof(*offloads); i++) {
		switch_off(fd, name, offloads[i]);
	}
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return ioctl(fd, SIOCSIFFLAGS, &r) == 0;
}

static struct sockaddr address(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr any = { 0 };

	(void)inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(&any, &in, sizeof(in));
	return any;
}

static bool give_address(int fd)
{
	char name[] = INSIDE;
	struct ifreq r = { .ifr_name = INSIDE };
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = name };

	r.ifr_addr = address(ADDRESS);
	if (ioctl(fd, SIOCSIFADDR, &r) < 0) {
		return false;
	}
	r.ifr_netmask = address(NETMASK);
	if (ioctl(fd, SIOCSIFNETMASK, &r) < 0) {
		return false;
	}
	route.rt_dst = route.rt_genmask = address("0.0.0.0");
	route.rt_gateway = address(GATEWAY);
	return ioctl(fd, SIOCADDRT, &route) == 0;
}

static bool configure_inside(int net)
{
	int fd;
	bool ok;

	if (setns(net, CLONE_NEWNET) < 0) {
		return false;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && bring_up(fd, INSIDE) && give_address(fd);
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

/* Every frame that comes out of the outer end; -1. */
static int open_outside(void)
{
	const int one = 1, size = BUFFER;
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	at.sll_ifindex = (int)if_nametoindex(OUTSIDE);
	if (fd < 0 || !bring_up(fd, OUTSIDE) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* --- the process ------------------------------------------------------------------------------ */

/* slirp4netns listens a moment after its start. */
static int connect_to(const char *path)
{
	const int size = BUFFER;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	for (int waited = 0; fd >= 0; waited += CONNECT_STEP_MS) {
		if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0) {
			(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
			return fd;
		}
		if (waited >= CONNECT_MS) {
			break;
		}
		(void)nanosleep(&(struct timespec){ 0, CONNECT_STEP_MS * 1000000L }, NULL);
	}
	return -1;
}

/* A frame that the other side has no room for is dropped, as on any wire. False at the end. */
static bool carry(int from, int to)
{
	static char frame[FRAME_MAX];

	for (int i = 0; i < BURST; i++) {
		ssize_t n = recv(from, frame, sizeof(frame), MSG_DONTWAIT);

		if (n == 0) {
			return false;
		}
		if (n < 0) {
			return errno == EAGAIN || errno == EINTR || errno == ENETDOWN;
		}
		if (send(to, frame, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE) {
			return false;
		}
	}
	return true;
}

static void pump(int slirp, int outside)
{
	struct pollfd p[2] = { { .fd = slirp, .events = POLLIN },
			       { .fd = outside, .events = POLLIN } };

	while (poll(p, 2, -1) >= 0 || errno == EINTR) {
		if ((p[0].revents && !carry(slirp, outside)) ||
		    (p[1].revents && !carry(outside, slirp))) {
			return;
		}
	}
}

/* Whatever else act-c has open must not stay open here: its channels end with it. */
static void keep_only(int fds[KEPT])
{
	for (int i = 0; i < KEPT; i++) {
		if (fds[i] >= 0 && dup3(fds[i], KEPT_FROM + i, O_CLOEXEC) >= 0) {
			fds[i] = KEPT_FROM + i;
		}
	}
	(void)syscall(SYS_close_range, 0U, (unsigned)KEPT_FROM - 1, 0U);
	(void)syscall(SYS_close_range, (unsigned)(KEPT_FROM + KEPT), ~0U, 0U);
}

static _Noreturn void run(int fds[KEPT], const char *path)
{
	int slirp, outside = -1;
	bool ok;

	keep_only(fds);
	slirp = connect_to(path);
	ok = slirp >= 0 && (fds[KEEP_USER] < 0 || setns(fds[KEEP_USER], CLONE_NEWUSER) == 0) &&
	     prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && unshare(CLONE_NEWNET) == 0 &&
	     make_pair(fds[KEEP_NET]);
	outside = ok ? open_outside() : -1;
	ok = outside >= 0 && configure_inside(fds[KEEP_NET]);
	if (ok && write(fds[KEEP_READY], "", 1) == 1) {
		(void)close(fds[KEEP_NET]);
		pump(slirp, outside);
	} else {
		const char *why = strerror(errno);

		(void)!write(fds[KEEP_READY], why, strlen(why));
	}
	_exit(1);
}

pid_t sandbox_veth_start(const char *path, int net, int user, int *ready, struct err *err)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		err_sys(err, errno, "pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		int fds[KEPT] = { net, user, ends[1] };

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) {
			_exit(1);
		}
		run(fds, path);
	}
	(void)close(ends[1]);
	if (pid < 0) {
		err_sys(err, errno, "fork");
		(void)close(ends[0]);
		return -1;
	}
	*ready = ends[0];
	return pid;
}
