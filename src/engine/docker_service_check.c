/*
 * docker_service_check.c - what podman leaves to others: running a service's health check when it
 * is due, and names on the network.
 *
 * Its checks are timers of systemd, which is not there in a container or without a session; one
 * more check does no harm where it is. A network knows names only with a package of its own, so
 * every service gets an address that all are told.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "docker_pod.h"

enum {
	CHECK_MS = 600 * 1000, /* longer than any timeout of a check that makes sense */
	LEAST_MS = 100,
	USUAL_MS = 30 * 1000,
};

/* --- checks ----------------------------------------------------------------------------------- */

/* In nanoseconds; docker's own default where none is said. */
static void read_interval(struct docker_pod *pod, struct docker_service *s)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct docker_args args;
	struct err ignored = ERR_INIT;
	unsigned long ns = 0;

	docker_args_init(&args, pod->a, pod->program, "container");
	docker_arg(&args, "inspect");
	docker_arg(&args, "--format={{printf \"%d\" .Config.Healthcheck.Interval}}");
	docker_arg(&args, s->name);
	s->check_ms = USUAL_MS;
	if (docker_call(&args, NULL, &text, DOCKER_CALL_MS, &ignored) &&
	    str_to_ulong(str_trim(strbuf_str(&text)), &ns) && ns > 0) {
		s->check_ms = (long long)(ns / 1000000);
	}
	s->check_ms = s->check_ms < LEAST_MS ? LEAST_MS : s->check_ms;
	s->next_ms = now_ms() + s->check_ms;
	err_release(&ignored);
	strbuf_release(&text);
}

/* What it comes to is looked at afterwards. */
static void check(struct docker_pod *pod, struct docker_service *s)
{
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, pod->a, pod->program, "healthcheck");
	docker_arg(&args, "run");
	docker_arg(&args, s->name);
	(void)docker_call(&args, NULL, NULL, CHECK_MS, &ignored);
	err_release(&ignored);
	s->next_ms = now_ms() + s->check_ms;
}

int docker_pod_check(struct docker_pod *pod)
{
	long long soonest = USUAL_MS;

	for (size_t i = 0; i < pod->nservices; i++) {
		struct docker_service *s = &pod->services[i];

		if (s->state != SERVICE_STARTING) {
			continue;
		}
		if (s->check_ms == 0) {
			read_interval(pod, s);
		} else if (now_ms() >= s->next_ms) {
			check(pod, s);
		}

		long long left = s->next_ms - now_ms();

		soonest = left < soonest ? left : soonest;
	}
	return soonest > 0 ? (int)soonest : 0;
}

/* --- addresses -------------------------------------------------------------------------------- */

/* The highest ones: the program gives the lowest to others. */
static bool give(struct docker_pod *pod, struct str subnet, struct err *err)
{
	struct str bits = subnet, base = str_cut(&bits, '/');
	struct in_addr network;
	unsigned long length = 0;

	if (!str_to_ulong(bits.p ? bits : STR_EMPTY, &length) || length < 1 || length > 30 ||
	    inet_pton(AF_INET, arena_cstr(pod->a, base), &network) != 1) {
		return err_set(err, ERR_ENGINE, "the job's network is \"%.*s\"", STR_ARG(subnet));
	}

	uint32_t hosts = (UINT32_C(1) << (32 - length)) - 1;

	if (pod->planned + 3 > hosts) {
		return err_set(err, ERR_ENGINE, "the job's network has no room for %zu services",
			       pod->planned);
	}
	for (size_t i = 0; i < pod->planned; i++) {
		struct in_addr own = { htonl((ntohl(network.s_addr) | hosts) - 1 - (uint32_t)i) };
		char text[INET_ADDRSTRLEN];

		(void)inet_ntop(AF_INET, &own, text, sizeof(text));
		pod->services[i].address = arena_str(pod->a, str_of(text));
		pod->base.services[i].name = pod->services[i].address;
	}
	return true;
}

bool docker_pod_addresses(struct docker_pod *pod, struct err *err)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct docker_args args;
	bool ok;

	if (pod->program->names || pod->planned == 0) {
		return true;
	}
	docker_args_init(&args, pod->a, pod->program, "network");
	docker_arg(&args, "inspect");
	docker_arg(&args, "--format={{range .Subnets}}{{.Subnet}}\n{{end}}");
	docker_arg(&args, pod->name);
	ok = docker_call(&args, NULL, &text, DOCKER_CALL_MS, err);

	struct str lines = strbuf_str(&text);

	ok = ok && give(pod, str_trim(str_cut(&lines, '\n')), err);
	strbuf_release(&text);
	return ok;
}

void docker_pod_hosts(const struct docker_pod *pod, struct docker_args *args)
{
	for (size_t i = 0; i < pod->planned; i++) {
		const struct docker_service *s = &pod->services[i];

		if (s->address.len) {
			docker_argf(args, "--add-host=%.*s:%.*s", STR_ARG(s->spec->id),
				    STR_ARG(s->address));
			docker_option_hosts(args, s->spec, s->address);
		}
	}
}
