/*
 * docker_ports.c - `docker run -p 8080:80` in a job: on GitHub the port is on the runner's
 * localhost, here the agent listens on the job's and dials the container, or where they share no
 * network the port that the daemon has published.
 */
#include "docker_ports.h"

#include <stdio.h>

struct listener {
	unsigned short port;
	struct forward *v4, *v6;
};

struct docker_ports {
	struct arena *a;
	struct channel *c;
	VEC(struct listener) list;
};

static struct str text_of(struct value v, struct str key)
{
	struct value found = value_get(v, key);

	return found.kind == VALUE_STRING ? found.u.s : STR_EMPTY;
}

static struct value networks(struct value container)
{
	return value_get(value_get(container, STR("NetworkSettings")), STR("Networks"));
}

/* In a network that both are in: the container's address there; else the job's gateway. */
static bool find_address(struct value container, struct value job, struct str *address,
			 bool *direct)
{
	struct value theirs = networks(container), ours = networks(job);

	*address = STR_EMPTY;
	for (size_t i = 0; ours.kind == VALUE_OBJECT && i < ours.u.o->n; i++) {
		struct value same = value_get(theirs, ours.u.o->v[i].key);
		struct str ip = text_of(same, STR("IPAddress"));

		if (ip.len) {
			*address = ip;
			*direct = true;
			return true;
		}
		if (address->len == 0) {
			*address = text_of(ours.u.o->v[i].value, STR("Gateway"));
			*direct = false;
		}
	}
	return address->len > 0;
}

/* "80/tcp": [{"HostIp": …, "HostPort": "8080"}, …] */
static size_t add_bindings(const struct vpair *p, struct str address, bool direct,
			   struct docker_port *out, size_t max)
{
	struct str protocol = p->key, inside = str_cut(&protocol, '/');
	unsigned long to = 0, host = 0;
	size_t n = 0;

	if (!protocol.p || !str_eq(protocol, STR("tcp")) || !str_to_ulong(inside, &to)) {
		return 0;
	}
	for (size_t i = 0; p->value.kind == VALUE_ARRAY && i < p->value.u.a->n && n < max; i++) {
		struct str port = text_of(p->value.u.a->v[i], STR("HostPort"));

		/* The same for IPv6 follows it. */
		if (!str_to_ulong(port, &host) || host == 0 || host > 65535 || to > 65535 ||
		    (n > 0 && out[n - 1].port == host)) {
			continue;
		}
		out[n] = (struct docker_port){ .port = (unsigned short)host };
		(void)snprintf(out[n].dial, sizeof(out[n].dial), "tcp:%.*s:%lu", STR_ARG(address),
			       direct ? to : host);
		n++;
	}
	return n;
}

size_t docker_ports_of(struct value container, struct value job, struct docker_port *out,
		       size_t max)
{
	struct value ports = value_get(value_get(container, STR("NetworkSettings")), STR("Ports"));
	struct str address;
	bool direct = false;
	size_t n = 0;

	if (ports.kind != VALUE_OBJECT || !find_address(container, job, &address, &direct)) {
		return 0;
	}
	for (size_t i = 0; i < ports.u.o->n; i++) {
		n += add_bindings(&ports.u.o->v[i], address, direct, out + n, max - n);
	}
	return n;
}

struct docker_ports *docker_ports_new(struct arena *a, struct channel *c)
{
	struct docker_ports *p = arena_new(a, struct docker_ports);

	p->a = a;
	p->c = c;
	return p;
}

static struct listener *listener_of(struct docker_ports *p, unsigned short port)
{
	for (size_t i = 0; i < p->list.n; i++) {
		if (p->list.v[i].port == port) {
			channel_unforward(p->c, p->list.v[i].v4);
			channel_unforward(p->c, p->list.v[i].v6);
			return &p->list.v[i];
		}
	}
	vec_push(p->a, &p->list, (struct listener){ .port = port });
	return &p->list.v[p->list.n - 1];
}

void docker_ports_add(struct docker_ports *p, const struct docker_port *port)
{
	struct listener *l = listener_of(p, port->port);
	char v4[32], v6[32];

	(void)snprintf(v4, sizeof(v4), "tcp:127.0.0.1:%u", port->port);
	(void)snprintf(v6, sizeof(v6), "tcp:[::1]:%u", port->port);
	l->v4 = channel_forward_later(p->c, str_of(v4), str_of(port->dial));
	l->v6 = channel_forward_later(p->c, str_of(v6), str_of(port->dial));
}
