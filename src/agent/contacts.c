/*
 * contacts.c - which hosts are connected to, as packets tell: what begins a connection, and what
 * name servers answered before. Pure; the socket is in contacts_watch.c.
 */
#include "agent.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONTACTS_MAX = 500, /* different ones; their text is well below a stream's credit */
	NAMES_MAX = 1024,   /* the oldest are forgotten */
	NAME_MAX_LEN = 253,
	DNS_PORT = 53,
	DNS_TYPE_A = 1,
	DNS_TYPE_AAAA = 28,
};

struct address {
	uint8_t v[16];
	uint8_t len; /* 4 or 16 */
};

struct named {
	struct address at;
	char name[NAME_MAX_LEN + 1];
};

struct contact {
	struct address at;
	uint16_t port;
	bool udp;
	char name[NAME_MAX_LEN + 1]; /* or empty */
};

struct contacts {
	size_t nnames; /* ever added */
	struct named names[NAMES_MAX];
	size_t n;
	size_t over; /* that found no room */
	struct contact v[CONTACTS_MAX];
};

/* --- names -------------------------------------------------------------------------------------
 */

static uint16_t half(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool same_address(const struct address *a, const struct address *b)
{
	return a->len == b->len && memcmp(a->v, b->v, a->len) == 0;
}

/* What an answer called it last, or "". */
static const char *name_of(const struct contacts *c, const struct address *at)
{
	size_t first = c->nnames > NAMES_MAX ? c->nnames - NAMES_MAX : 0;

	for (size_t i = c->nnames; i > first; i--) {
		const struct named *n = &c->names[(i - 1) % NAMES_MAX];

		if (same_address(&n->at, at)) {
			return n->name;
		}
	}
	return "";
}

static void add_name(struct contacts *c, const uint8_t *address, uint8_t len, const char *name)
{
	struct address at = { .len = len };
	struct named *n = &c->names[c->nnames % NAMES_MAX];

	memcpy(at.v, address, len);
	if (strcmp(name_of(c, &at), name) == 0) {
		return;
	}
	n->at = at;
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	c->nnames++;
}

/* The name at *at, in lower case, without pointers (a question has none); false when it is none. */
static bool read_name(const uint8_t *p, size_t len, size_t *at, char *out)
{
	size_t n = 0;

	while (*at < len && p[*at] != 0) {
		size_t label = p[(*at)++];

		if (label > 63 || *at + label > len || n + label + 1 > NAME_MAX_LEN) {
			return false;
		}
		if (n > 0) {
			out[n++] = '.';
		}
		for (size_t i = 0; i < label; i++) {
			uint8_t byte = p[*at + i];

			if (byte <= ' ' || byte >= 0x7f) {
				return false;
			}
			out[n++] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
		}
		*at += label;
	}
	out[n] = '\0';
	(*at)++;
	return *at <= len && n > 0;
}

static bool skip_name(const uint8_t *p, size_t len, size_t *at)
{
	while (*at < len && p[*at] != 0 && (p[*at] & 0xc0) != 0xc0) {
		*at += 1U + p[*at];
	}
	if (*at < len) {
		*at += p[*at] == 0 ? 1 : 2;
	}
	return *at <= len;
}

/* All addresses of an answer belong to the name that was asked for, whatever aliases lie between.
 */
static void take_answer(struct contacts *c, const uint8_t *p, size_t len)
{
	enum { HEADER = 12, RECORD = 10 };
	char name[NAME_MAX_LEN + 1];
	size_t at = HEADER;

	/* A response without an error, to one question. */
	if (len < HEADER || !(p[2] & 0x80) || (p[3] & 0x0f) || half(p + 4) != 1 ||
	    !read_name(p, len, &at, name)) {
		return;
	}
	at += 4; /* the type and the class of the question */
	for (unsigned left = half(p + 6); left > 0; left--) {
		if (!skip_name(p, len, &at) || at + RECORD > len) {
			return;
		}

		unsigned type = half(p + at);
		size_t size = half(p + at + 8);

		at += RECORD;
		if (at + size > len) {
			return;
		}
		if ((type == DNS_TYPE_A && size == 4) || (type == DNS_TYPE_AAAA && size == 16)) {
			add_name(c, p + at, (uint8_t)size, name);
		}
		at += size;
	}
}

/* --- connections -------------------------------------------------------------------------------
 */

static bool is_local(const struct address *at)
{
	static const uint8_t one[16] = { [15] = 1 };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (at->len == 4) {
		return at->v[0] == 127;
	}
	return memcmp(at->v, one, 16) == 0 || (memcmp(at->v, mapped, 12) == 0 && at->v[12] == 127);
}

static void take_connection(struct contacts *c, const struct contact *seen)
{
	const char *name = name_of(c, &seen->at);

	if (is_local(&seen->at)) {
		return;
	}
	for (size_t i = c->n; i > 0; i--) {
		const struct contact *k = &c->v[i - 1];

		if (k->port == seen->port && k->udp == seen->udp &&
		    same_address(&k->at, &seen->at) && strcmp(k->name, name) == 0) {
			return;
		}
	}
	if (c->n == CONTACTS_MAX) {
		c->over++;
		return;
	}
	c->v[c->n] = *seen;
	(void)snprintf(c->v[c->n++].name, sizeof(seen->name), "%s", name);
}

/* From the IP header on; what came in is looked at only for what name servers say. */
void contacts_packet(struct contacts *c, const uint8_t *p, size_t len, bool outgoing)
{
	enum { UDP = 8, PORTS = 4 };
	bool v4 = len > 0 && p[0] >> 4 == 4;
	size_t at = v4 ? 4 * (size_t)(p[0] & 15) : 40;
	struct contact seen = { .at.len = v4 ? 4 : 16 };

	if (len < 40 || (v4 && at < 20) || at + PORTS > len) {
		return;
	}
	seen.udp = p[v4 ? 9 : 6] == IPPROTO_UDP;
	if (seen.udp && half(p + at) == DNS_PORT) {
		if (at + UDP < len) {
			take_answer(c, p + at + UDP, len - at - UDP);
		}
	} else if (outgoing) {
		memcpy(seen.at.v, p + (v4 ? 16 : 24), seen.at.len);
		seen.port = half(p + at + 2);
		take_connection(c, &seen);
	}
}

struct contacts *contacts_new(void)
{
	struct contacts *c = calloc(1, sizeof(*c));

	BUG_ON(!c);
	return c;
}

/* "tcp 192.0.2.1 443 example.org", a line each; "more 12" when there was no room for so many. */
void contacts_text(const struct contacts *c, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < c->n; i++) {
		const struct contact *k = &c->v[i];

		(void)inet_ntop(k->at.len == 4 ? AF_INET : AF_INET6, k->at.v, text, sizeof(text));
		(void)strbuf_addf(out, "%s %s %u %s\n", k->udp ? "udp" : "tcp", text,
				  (unsigned)k->port, k->name);
	}
	if (c->over) {
		(void)strbuf_addf(out, "more %zu\n", c->over);
	}
}
