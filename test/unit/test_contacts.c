/*
 * test_contacts.c - what the agent reads from packets: connections, and the names of addresses.
 */
#include <criterion/criterion.h>

/* Not in the library: it belongs to the agent's own program. */
#include "../../src/agent/contacts.c"

/* A packet in the making. */
struct bytes {
	size_t n;
	uint8_t v[2048];
};

static void put(struct bytes *b, const void *p, size_t n)
{
	memcpy(b->v + b->n, p, n);
	b->n += n;
}

static void put_half(struct bytes *b, unsigned v)
{
	put(b, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static void put_ip(struct bytes *b, const char *from, const char *to, uint8_t protocol)
{
	bool v4 = !strchr(to, ':');
	uint8_t head[40] = { v4 ? 0x45 : 0x60 };

	head[v4 ? 9 : 6] = protocol;
	(void)inet_pton(v4 ? AF_INET : AF_INET6, from, head + (v4 ? 12 : 8));
	(void)inet_pton(v4 ? AF_INET : AF_INET6, to, head + (v4 ? 16 : 24));
	put(b, head, v4 ? 20 : 40);
}

static void connect_to(struct contacts *c, const char *to, unsigned port)
{
	struct bytes b = { 0 };

	put_ip(&b, strchr(to, ':') ? "2001:db8::1" : "192.0.2.1", to, IPPROTO_TCP);
	put_half(&b, 40000);
	put_half(&b, port);
	put(&b, (uint8_t[16]){ 0 }, 16);
	contacts_packet(c, b.v, b.n, true);
}

static void put_name(struct bytes *b, const char *name)
{
	for (const char *p = name; *p; p += *p == '.') {
		size_t n = strcspn(p, ".");

		put(b, (uint8_t[]){ (uint8_t)n }, 1);
		put(b, p, n);
		p += n;
	}
	put(b, "", 1);
}

/* "name -> alias -> the addresses", as a server of names says it. */
static void answer(struct bytes *b, const char *name, const char *const *addresses)
{
	unsigned n = 1;

	while (addresses[n - 1]) {
		n++;
	}
	put_ip(b, "192.0.2.53", "192.0.2.1", IPPROTO_UDP);
	put_half(b, 53);
	put_half(b, 40000);
	put(b, (uint8_t[4]){ 0 }, 4);
	put(b, (uint8_t[]){ 7, 7, 0x81, 0x80, 0, 1 }, 6);
	put_half(b, n);
	put(b, (uint8_t[4]){ 0 }, 4);
	put_name(b, name);
	put(b, (uint8_t[]){ 0, 1, 0, 1 }, 4);
	put(b, (uint8_t[]){ 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 'x', 0xc0, 12 }, 16);
	for (; *addresses; addresses++) {
		bool v4 = !strchr(*addresses, ':');
		uint8_t at[16];

		put(b, (uint8_t[]){ 1, 'x', 0xc0, 12, 0, v4 ? 1 : 28, 0, 1, 0, 0, 0, 9 }, 12);
		put_half(b, v4 ? 4 : 16);
		(void)inet_pton(v4 ? AF_INET : AF_INET6, *addresses, at);
		put(b, at, v4 ? 4 : 16);
	}
}

static void text_is(const struct contacts *c, const char *want)
{
	struct strbuf b = STRBUF_INIT(0);

	contacts_text(c, &b);
	cr_assert(str_eq(strbuf_str(&b), str_of(want)), "%.*s", STR_ARG(strbuf_str(&b)));
	strbuf_release(&b);
}

Test(contacts, each_is_told_once_and_what_is_local_never)
{
	struct contacts *c = contacts_new();

	connect_to(c, "192.0.2.7", 443);
	connect_to(c, "192.0.2.7", 443);
	connect_to(c, "192.0.2.7", 80);
	connect_to(c, "2001:db8::7", 22);
	connect_to(c, "127.0.0.53", 80);
	connect_to(c, "::1", 80);
	connect_to(c, "::ffff:127.0.0.1", 80);
	text_is(c, "tcp 192.0.2.7 443 \ntcp 192.0.2.7 80 \ntcp 2001:db8::7 22 \n");
	free(c);
}

Test(contacts, an_address_is_called_what_was_asked_for_last)
{
	struct contacts *c = contacts_new();
	struct bytes first = { 0 }, second = { 0 };

	answer(&first, "Deploy.Example.com",
	       (const char *const[]){ "192.0.2.7", "2001:db8::7", NULL });
	contacts_packet(c, first.v, first.n, false);
	connect_to(c, "192.0.2.7", 443);
	connect_to(c, "2001:db8::7", 443);
	answer(&second, "other.example.com", (const char *const[]){ "192.0.2.7", NULL });
	contacts_packet(c, second.v, second.n, false);
	connect_to(c, "192.0.2.7", 443);
	text_is(c, "tcp 192.0.2.7 443 deploy.example.com\ntcp 2001:db8::7 443 deploy.example.com\n"
		   "tcp 192.0.2.7 443 other.example.com\n");
	free(c);
}

Test(contacts, no_cut_or_changed_packet_is_believed_too_much)
{
	struct bytes b = { 0 };

	answer(&b, "deploy.example.com", (const char *const[]){ "192.0.2.7", "2001:db8::7", NULL });
	for (size_t cut = 0; cut <= b.n; cut++) {
		for (size_t at = 0; at < b.n; at++) {
			struct contacts *c = contacts_new();
			uint8_t *exact = malloc(cut + 1);

			memcpy(exact, b.v, cut);
			if (at < cut) {
				exact[at] ^= 0xff;
			}
			contacts_packet(c, exact, cut, false);
			cr_assert(c->n == 0 && c->nnames <= 2);
			free(exact);
			free(c);
		}
	}
}

Test(contacts, what_finds_no_room_is_counted)
{
	struct contacts *c = contacts_new();
	struct strbuf b = STRBUF_INIT(0);

	for (unsigned port = 1; port <= CONTACTS_MAX + 3; port++) {
		connect_to(c, "192.0.2.7", port);
	}
	contacts_text(c, &b);
	cr_assert(str_ends(strbuf_str(&b), STR("\nmore 3\n")));
	strbuf_release(&b);
	free(c);
}
