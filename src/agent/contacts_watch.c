/*
 * contacts_watch.c - WATCH: a packet socket on every interface of the agent's network namespace.
 *
 * Behind a filter that lets pass only what begins a connection (TCP's SYN, QUIC's Initial) and the
 * answers of name servers, so that it costs nothing while data flows. It needs CAP_NET_RAW, or a
 * socket that was given, and a network that nobody else uses.
 */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX = 4096, PACKETS_A_TURN = 256, DNS_PORT = 53, QUIC_PORT = 443 };

/* --- the filter, as the kernel wants it (musl has no header for it) ----------------------------
 */

struct filter_code {
	uint16_t code;
	uint8_t yes, no;
	uint32_t k;
};

struct filter {
	uint16_t n;
	const struct filter_code *codes;
};

enum {
	LOAD_WORD = 0x20, /* A = packet[k]; an ancillary value for k from ANCILLARY on */
	LOAD_HALF = 0x28,
	LOAD_BYTE = 0x30,
	LOAD_HALF_X = 0x48, /* A = packet[X + k] */
	LOAD_BYTE_X = 0x50,
	X_HEADER = 0xb1, /* X = 4 * (packet[k] & 15) */
	X_VALUE = 0x01,
	AND = 0x54,
	IF_EQUAL = 0x15,
	IF_ANY_BIT = 0x45,
	RETURN = 0x06,
};
#define ANCILLARY 0xfffff000u /* + 0: the protocol */

#define PASS 24
#define DROP 25
/* Jumps count from the next one. */
#define JUMP(at, to)               ((uint8_t)((to) - (at)-1))
#define TEST(at, what, k, yes, no) [at] = { what, JUMP(at, yes), JUMP(at, no), (uint32_t)(k) }

static const struct filter_code filter_codes[] = {
	[0] = { LOAD_WORD, 0, 0, ANCILLARY },
	TEST(1, IF_EQUAL, 0x0800, 3, 2),    /* IPv4 */
	TEST(2, IF_EQUAL, 0x86dd, 9, DROP), /* IPv6 */
	/* Version 4: no later fragment; X = length of the header. */
	[3] = { LOAD_HALF, 0, 0, 6 },
	TEST(4, IF_ANY_BIT, 0x1fff, DROP, 5),
	[5] = { X_HEADER, 0, 0, 0 },
	[6] = { LOAD_BYTE, 0, 0, 9 },
	TEST(7, IF_EQUAL, IPPROTO_TCP, 13, 8),
	TEST(8, IF_EQUAL, IPPROTO_UDP, 16, DROP),
	/* Version 6: without headers between. */
	[9] = { X_VALUE, 0, 0, 40 },
	[10] = { LOAD_BYTE, 0, 0, 6 },
	TEST(11, IF_EQUAL, IPPROTO_TCP, 13, 12),
	TEST(12, IF_EQUAL, IPPROTO_UDP, 16, DROP),
	/* TCP: SYN without ACK. */
	[13] = { LOAD_BYTE_X, 0, 0, 13 },
	[14] = { AND, 0, 0, 0x12 },
	TEST(15, IF_EQUAL, 0x02, PASS, DROP),
	/* UDP: from a name server; or to QUIC's port, an Initial packet. */
	[16] = { LOAD_HALF_X, 0, 0, 0 },
	TEST(17, IF_EQUAL, DNS_PORT, PASS, 18),
	[18] = { LOAD_HALF_X, 0, 0, 2 },
	TEST(19, IF_EQUAL, QUIC_PORT, 20, DROP),
	[20] = { LOAD_BYTE_X, 0, 0, 8 },
	[21] = { AND, 0, 0, 0xf0 },
	TEST(22, IF_EQUAL, 0xc0, PASS, 23),
	[23] = { RETURN, 0, 0, 0 },
	[PASS] = { RETURN, 0, 0, PACKET_MAX },
	[DROP] = { RETURN, 0, 0, 0 },
};

int contacts_given(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_PACKET) {
		return -1;
	}
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int open_socket(struct agent *a, struct err *err)
{
	/* It hears nothing before it is bound, so nothing passes unfiltered. */
	int fd = a->packets >= 0 ? a->packets
				 : socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct filter filter = { sizeof(filter_codes) / sizeof(filter_codes[0]), filter_codes };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0 &&
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		a->packets = -1;
		return fd;
	}
	a->packets = -1;
	err_sys(err, errno, "watch the machine's network");
	if (fd >= 0) {
		(void)close(fd);
	}
	return -1;
}

/* --- the stream --------------------------------------------------------------------------------
 */

void contacts_watch(struct agent *a, const struct request *r)
{
	struct err err = ERR_INIT;
	int fd = open_socket(a, &err);

	if (fd < 0) {
		agent_result(a, r->stream, &err);
		return;
	}

	struct stream *s = stream_new(a, r->stream, STREAM_WATCH);

	s->src = fd;
	s->contacts = contacts_new();
}

void contacts_read(struct stream *s)
{
	static uint8_t packet[PACKET_MAX];

	for (int i = 0; i < PACKETS_A_TURN; i++) {
		struct sockaddr_ll from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(s->src, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				     &size);

		if (n < 0 && errno != EINTR && errno != ENETDOWN) {
			return;
		}
		if (n > 0) {
			contacts_packet(s->contacts, packet, (size_t)n,
					from.sll_pkttype == PACKET_OUTGOING);
		}
	}
}

/* The kernel's count of those that found the socket's buffer full. */
static unsigned dropped(int fd)
{
	enum { PACKET_STATISTICS_OPTION = 6 };
	unsigned count[2] = { 0 };
	socklen_t size = sizeof(count);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS_OPTION, count, &size) == 0 ? count[1]
										       : 0;
}

void contacts_end(struct agent *a, struct stream *s)
{
	struct strbuf text = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	contacts_read(s);
	contacts_text(s->contacts, &text);
	if (dropped(s->src)) {
		(void)strbuf_addf(&text, "lost\n");
	}
	if (text.len) {
		agent_send(a, FRAME_DATA, s->id, strbuf_str(&text));
	}
	agent_send(a, FRAME_EOF, s->id, STR_EMPTY);
	agent_result(a, s->id, &err);
	strbuf_release(&text);
	/* To close a packet socket takes until each processor has been elsewhere, 10 ms and more,
	 * and act-c waits for what is said here: it stays open until the agent ends. */
	s->src = -1;
	stream_drop(s);
}
