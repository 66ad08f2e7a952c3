/*
 * containers.c - a job's own container and its services while it runs: network, ports, contexts,
 * paths, end.
 *
 * A port of a service is never opened on the machine: the job's agent listens on the job's own
 * localhost and dials the service on the job's network, so that any number of jobs can map 5432.
 */
#include "containers.h"

enum { FIRST_RANDOM = 32768, PORT_MAX = 65535, TRIES = 64 };

bool containers_have_own(const struct job *job)
{
	return job->containers && job->containers->own.image.len;
}

/* --- paths ------------------------------------------------------------------------------------ */

static void add_pair(struct containers *c, struct str shown, struct str inside)
{
	c->pairs[c->npairs++] = (struct path_pair){ shown, inside };
}

/* The first that matches wins. */
static void fill_pairs(struct job *job)
{
	struct containers *c = job->containers;
	const struct runner_paths *shown = job->shown, *in = job->paths;
	struct str temp = shown->temp;

	add_pair(c, arena_printf(&job->arena, "%.*s/_github_home", STR_ARG(temp)),
		 STR("/github/home"));
	add_pair(c, arena_printf(&job->arena, "%.*s/_github_workflow", STR_ARG(temp)),
		 STR("/github/workflow"));
	add_pair(c, shown->work, in->work);
	add_pair(c, shown->tool_cache, in->tool_cache);
	add_pair(c, shown->externals, in->externals);
}

static bool is_below(struct str path, struct str dir)
{
	return dir.len && str_starts(path, dir) && (path.len == dir.len || path.p[dir.len] == '/');
}

static struct str translated(struct arena *a, struct str path, struct str from, struct str to)
{
	struct str rest = str_slice(path, from.len, path.len);

	return arena_printf(a, "%.*s%.*s", STR_ARG(to), STR_ARG(rest));
}

struct str containers_path(const struct job *job, struct arena *a, struct str path)
{
	const struct containers *c = job->containers;

	for (size_t i = 0; c && i < c->npairs; i++) {
		if (is_below(path, c->pairs[i].shown)) {
			return translated(a, path, c->pairs[i].shown, c->pairs[i].inside);
		}
	}
	return path;
}

struct str containers_shown(const struct job *job, struct arena *a, struct str path)
{
	const struct containers *c = job->containers;

	for (size_t i = 0; c && i < c->npairs; i++) {
		if (is_below(path, c->pairs[i].inside)) {
			return translated(a, path, c->pairs[i].inside, c->pairs[i].shown);
		}
	}
	return path;
}

void containers_add_env(const struct job *job, struct arena *a, struct vobject *env)
{
	const struct containers *c = job->containers;

	for (size_t i = 0; c && c->env && i < c->env->n; i++) {
		vobject_set(a, env, c->env->v[i].key, c->env->v[i].value);
	}
}

/* --- the machine ------------------------------------------------------------------------------ */

static bool take_error(struct job *job, struct err *err, struct str *why)
{
	*why = arena_str(&job->arena, str_of(err->msg));
	err_release(err);
	return false;
}

/* Nobody dials a job's own container on the runner; what is no port is refused all the same. */
static bool check_own_ports(struct job *job, struct str *why)
{
	const struct container_spec *own = &job->containers->own;

	for (size_t i = 0; i < own->nports; i++) {
		struct port *ports = NULL;
		size_t n = 0;

		if (!containers_ports(&job->arena, own->ports[i], &ports, &n)) {
			*why = arena_printf(&job->arena,
					    "\"%.*s\" of the job's container is no port",
					    STR_ARG(own->ports[i]));
			return false;
		}
	}
	return true;
}

bool containers_open(struct job *job, struct str *why)
{
	struct machine_spec spec = job_machine_spec(job, job->set_up_path);
	struct err err = ERR_INIT;

	if (!job->containers) {
		return true;
	}
	if (!job->engine->pod_open) {
		*why = arena_printf(&job->arena, "the %s engine has no job containers and services",
				    job->engine->name);
		return false;
	}
	if (!check_own_ports(job, why)) {
		return false;
	}
	job->containers->pod = job->engine->pod_open(&job->arena, &spec, job->containers->services,
						     job->containers->n, &err);
	return job->containers->pod || take_error(job, &err, why);
}

void containers_fill(struct job *job, struct machine_spec *spec)
{
	struct containers *c = job->containers;

	if (!c) {
		return;
	}
	spec->pod = c->pod;
	if (c->own.image.len) {
		spec->container = &c->own;
		spec->image = c->own.image;
		spec->username = c->own.username;
		spec->password = c->own.password;
	}
}

static void set_str(struct arena *a, struct vobject *o, struct str key, struct str value)
{
	vobject_set(a, o, key, value_str(value));
}

void containers_machine(struct job *job)
{
	struct containers *c = job->containers;
	struct arena *a = &job->arena;

	if (!c) {
		return;
	}

	struct vobject *o = vobject_new(a, false);

	if (c->own.image.len) {
		fill_pairs(job);
		set_str(a, o, STR("id"), machine_id(job->machine));
	}
	set_str(a, o, STR("network"), c->pod->network);
	vobject_set(a, job->job_object, STR("container"), value_object(o));
}

/* --- ports ------------------------------------------------------------------------------------ */

static bool read_range(struct str text, unsigned *low, unsigned *high)
{
	struct str rest = text;
	unsigned long first = 0, last = 0;
	struct str from = str_cut(&rest, '-');

	if (!str_to_ulong(from, &first) || !str_to_ulong(rest.p ? rest : from, &last) ||
	    first == 0 || first > last || last > PORT_MAX) {
		return false;
	}
	*low = (unsigned)first;
	*high = (unsigned)last;
	return true;
}

bool containers_ports(struct arena *a, struct str text, struct port **out, size_t *n)
{
	struct str protocol = text, address = str_cut(&protocol, '/'), host = STR_EMPTY;
	unsigned low = 0, high = 0, host_low = 0, host_high = 0;
	size_t colon = address.len;

	while (colon > 0 && address.p[colon - 1] != ':') {
		colon--;
	}
	if (colon > 0) {
		host = str_slice(address, 0, colon - 1);
		address = str_slice(address, colon, address.len);
		while (str_chr(host, ':', 0) != STR_NPOS) { /* an address of the machine */
			(void)str_cut(&host, ':');
		}
	}
	if (!read_range(address, &low, &high) ||
	    (host.len && !read_range(host, &host_low, &host_high)) ||
	    (host.len && host_high - host_low != high - low) ||
	    (protocol.p && !str_eq(protocol, STR("tcp")) && !str_eq(protocol, STR("udp")))) {
		return false;
	}
	*n = high - low + 1;
	*out = arena_array(a, struct port, *n);
	for (unsigned i = 0; i <= high - low; i++) {
		(*out)[i] = (struct port){ low + i, host.len ? host_low + i : 0,
					   protocol.p && str_eq(protocol, STR("udp")) };
	}
	return true;
}

/* Both of localhost's addresses; where there is no IPv6 its own one is enough. */
static bool forward(struct job *job, unsigned port, struct str to, struct err *err)
{
	struct arena *a = &job->scratch;
	struct err ignored = ERR_INIT;

	if (!channel_forward(job->channel, arena_printf(a, "tcp:127.0.0.1:%u", port), to, true,
			     err)) {
		return false;
	}
	(void)channel_forward(job->channel, arena_printf(a, "tcp:[::1]:%u", port), to, true,
			      &ignored);
	err_release(&ignored);
	return true;
}

struct ports {
	struct job *job;
	struct pod_service *service;
	struct vobject *object; /* job.services.<id>.ports */
	unsigned *next_random;
	bool forwards; /* the job is not on the network itself */
};

/* A port of the machine that is free: those that were asked for are forwarded first. */
static bool place(struct ports *p, struct port *port, struct err *err)
{
	struct str to = arena_printf(&p->job->scratch, "tcp:%.*s:%u", STR_ARG(p->service->name),
				     port->inside);

	if (!p->forwards || port->udp) {
		port->host = port->host ? port->host : (*p->next_random)++;
		return true;
	}
	if (port->host) {
		return forward(p->job, port->host, to, err);
	}
	for (int i = 0; i < TRIES; i++) {
		err_release(err);
		port->host = (*p->next_random)++;
		if (forward(p->job, port->host, to, err)) {
			return true;
		}
	}
	return false;
}

static bool map_port(struct ports *p, struct port *port, struct str path, struct str *why)
{
	struct arena *a = &p->job->arena;
	struct err err = ERR_INIT;

	if (!place(p, port, &err)) {
		*why = arena_printf(a, "port %u of service %.*s: %s", port->inside,
				    STR_ARG(p->service->spec->id), err.msg);
		err_release(&err);
		return false;
	}
	if (port->udp && p->forwards) {
		job_annotate(p->job, path, "warning",
			     arena_printf(a,
					  "port %u/udp of service %.*s is not mapped: only TCP "
					  "reaches a service by localhost here",
					  port->inside, STR_ARG(p->service->spec->id)));
	}
	if (!port->udp) {
		vec_push(a, &p->service->ports, (struct pod_port){ port->host, port->inside });
	}
	set_str(a, p->object, arena_printf(a, "%u", port->inside),
		arena_printf(a, "%u", port->host));
	return true;
}

/* Those with a number first (chosen = false), then those that may have any. */
static bool map_ports(struct ports *p, bool chosen, struct str path, struct str *why)
{
	const struct container_spec *spec = p->service->spec;
	struct arena *a = &p->job->arena;

	for (size_t i = 0; i < spec->nports; i++) {
		struct port *ports = NULL;
		size_t n = 0;

		if (!containers_ports(a, spec->ports[i], &ports, &n)) {
			*why = arena_printf(a, "\"%.*s\" of service %.*s is no port",
					    STR_ARG(spec->ports[i]), STR_ARG(spec->id));
			return false;
		}
		for (size_t k = 0; k < n; k++) {
			if ((ports[k].host == 0) == chosen && !map_port(p, &ports[k], path, why)) {
				return false;
			}
		}
	}
	return true;
}

/* --- services --------------------------------------------------------------------------------- */

static struct vobject *service_context(struct job *job, const struct pod_service *service,
				       struct vobject *ports)
{
	struct vobject *o = vobject_new(&job->arena, false);

	set_str(&job->arena, o, STR("id"), service->id);
	set_str(&job->arena, o, STR("network"), job->containers->pod->network);
	vobject_set(&job->arena, o, STR("ports"), value_object(ports));
	return o;
}

static bool map_all(struct job *job, struct str path, struct str *why)
{
	const struct pod *pod = job->containers->pod;
	struct vobject *services = vobject_new(&job->arena, false);
	struct vobject **ports = arena_array(&job->arena, struct vobject *, pod->n);
	unsigned next_random = FIRST_RANDOM;
	bool ok = true;

	for (int chosen = 0; chosen < 2; chosen++) {
		for (size_t i = 0; ok && i < pod->n; i++) {
			ports[i] = ports[i] ? ports[i] : vobject_new(&job->arena, false);

			struct ports p = { job, &pod->services[i], ports[i], &next_random,
					   !containers_have_own(job) };

			ok = map_ports(&p, chosen, path, why);
		}
	}
	for (size_t i = 0; ok && i < pod->n; i++) {
		vobject_set(&job->arena, services, pod->services[i].spec->id,
			    value_object(service_context(job, &pod->services[i], ports[i])));
	}
	vobject_set(&job->arena, job->job_object, STR("services"), value_object(services));
	return ok;
}

bool containers_serve(struct job *job, struct str path, struct str *why)
{
	struct containers *c = job->containers;
	struct err err = ERR_INIT;

	return job->engine->pod_serve(c->pod, c->services, c->n, &err) ? map_all(job, path, why)
								       : take_error(job, &err, why);
}

static void group(struct job *job, struct str path, enum event_kind kind, struct str title)
{
	struct event e = { .kind = kind, .step = path };

	e.u.step_group.title = title;
	job_emit(job, &e);
}

void containers_logs(struct job *job, struct str path)
{
	const struct pod *pod = job->containers->pod;

	job->set_up_path = path;
	for (size_t i = 0; i < pod->n && !job->killed; i++) {
		struct str id = pod->services[i].spec->id;

		if (pod->services[i].id.len == 0) {
			continue; /* it was never there */
		}
		group(job, path, EVENT_STEP_GROUP,
		      arena_printf(&job->arena, "Print service container logs: %.*s", STR_ARG(id)));
		job->engine->pod_logs(job->containers->pod, i);
		group(job, path, EVENT_STEP_ENDGROUP, STR_EMPTY);
	}
}

void containers_close(struct job *job)
{
	if (job->containers && job->containers->pod) {
		job->engine->pod_close(job->containers->pod, job->killed);
		job->containers->pod = NULL;
	}
}
