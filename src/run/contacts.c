/*
 * contacts.c - which hosts a job contacted, as its agent sees them: for the summary.
 *
 * Only where the job has a network of its own. What its services, or containers that it started
 * itself, contact is on theirs, and not seen; nor is what lies behind a proxy.
 */
#include "contacts.h"

#include <errno.h>

#include "containers.h"
#include "outside.h"

static bool shares_network(const struct job *job)
{
	struct str network = job->run->request->machine.network;

	return job->engine == &engine_host || str_eq(network, STR("host")) ||
	       str_starts(network, STR("container:"));
}

void contacts_begin(struct job *job)
{
	if (!shares_network(job) && !outside_closed(job)) {
		job->contacts = channel_contacts_watch(job->channel, &job->arena);
	}
}

/* --network-alias NAME, or with a "=". */
static bool is_alias(const struct container_spec *c, struct str name)
{
	static const struct str option = STR_INIT("--network-alias");

	for (size_t i = 0; i < c->noptions; i++) {
		struct str alias = c->options[i], word = str_cut(&alias, '=');

		if (!str_eq(word, option)) {
			continue;
		}
		alias = alias.p || i + 1 == c->noptions ? alias : c->options[i + 1];
		if (str_ieq(alias, name)) {
			return true;
		}
	}
	return false;
}

/* Where the engine has no names, a service is dialled by its address. */
static bool is_service(const struct job *job, struct str name)
{
	const struct pod *pod = job->containers ? job->containers->pod : NULL;

	for (size_t i = 0; pod && i < pod->n; i++) {
		if (str_ieq(pod->services[i].name, name) ||
		    str_ieq(pod->services[i].spec->id, name) ||
		    is_alias(pod->services[i].spec, name)) {
			return true;
		}
	}
	return false;
}

static bool is_known(const struct varray *hosts, struct str host, double port)
{
	for (size_t i = 0; i < hosts->n; i++) {
		if (str_eq(value_get(hosts->v[i], STR("host")).u.s, host) &&
		    value_get(hosts->v[i], STR("port")).u.n == port) {
			return true;
		}
	}
	return false;
}

/* "tcp 192.0.2.1 443 example.org" */
static void add_host(struct job *job, struct varray *hosts, struct str line)
{
	struct arena *a = &job->arena;
	struct vobject *o = vobject_new(a, true);
	struct str name = line, protocol = str_cut(&name, ' '), address = str_cut(&name, ' ');
	struct str port_text = str_cut(&name, ' ');
	unsigned long port = 0;

	if (!str_to_ulong(port_text, &port) || is_service(job, name) || is_service(job, address) ||
	    is_known(hosts, name.len ? name : address, (double)port)) {
		return;
	}
	vobject_set(a, o, STR("host"), value_str(name.len ? name : address));
	vobject_set(a, o, STR("address"), value_str(address));
	vobject_set(a, o, STR("port"), value_number((double)port));
	vobject_set(a, o, STR("protocol"), value_str(protocol));
	varray_push(a, hosts, value_object(o));
}

static struct str proxied(const struct job *job)
{
	const struct settings *s = job->run->request->outside_env;

	for (size_t i = 0; s && i < s->n; i++) {
		if (!str_ieq(s->v[i].name, STR("no_proxy"))) {
			return STR("what went through the proxy is not seen");
		}
	}
	return STR_EMPTY;
}

static void read_lines(struct job *job, struct str text, struct event *e)
{
	struct varray *hosts = varray_new(&job->arena);

	while (text.len) {
		struct str line = str_cut(&text, '\n');
		unsigned long more = 0;

		if (str_starts(line, STR("more "))) {
			(void)str_to_ulong(str_slice(line, 5, line.len), &more);
			e->u.job_contacted.more = (int64_t)more;
		} else if (str_eq(line, STR("lost"))) {
			e->u.job_contacted.unseen = STR("there were more than could be watched");
		} else {
			add_host(job, hosts, line);
		}
	}
	e->u.job_contacted.hosts = value_array(hosts);
}

void contacts_end(struct job *job)
{
	struct event e = { .kind = EVENT_JOB_CONTACTED };
	struct str text = STR_EMPTY;
	struct err err = ERR_INIT;

	if (!job->contacts || job->killed) {
		return;
	}
	e.u.job_contacted.unseen = proxied(job);
	if (!channel_contacts_end(job->channel, job->contacts, &job->arena, &text, &err)) {
		bool told = err.kind != ERR_LOST && err.sys != ENOSYS;

		e.u.job_contacted.unseen = arena_printf(&job->arena, "not to be seen: %s", err.msg);
		err_release(&err);
		if (!told) {
			return;
		}
	}
	read_lines(job, text, &e);
	job_emit(job, &e);
}
