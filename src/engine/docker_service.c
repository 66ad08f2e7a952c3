/*
 * docker_service.c - the network of a job and the services on it: made, started, removed.
 *
 * All services are started at once, each by a `docker run --detach` of its own. What is made bears
 * the run's labels and is noted in the run's directory first, so that a kill -9 of act-c at any
 * moment leaves nothing that the next start would not find.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "docker_pod.h"

enum {
	ASK_MS = 200, /* how often cancelled() is asked */
	OUTPUT_MAX = 16384,
	ENV_LINE_MAX = 60000, /* docker reads an --env-file by lines of at most 64 KiB */
	REMOVE_MS = 10000,
	REMOVE_FORCE_MS = 3000,
};

void docker_pod_say(struct docker_pod *pod, const char *fmt, ...)
{
	struct arena_mark mark = arena_mark(pod->a);
	va_list ap;

	va_start(ap, fmt);
	struct str line = arena_vprintf(pod->a, fmt, ap);
	va_end(ap);
	if (pod->spec.progress) {
		pod->spec.progress(pod->spec.ctx, line);
	}
	arena_rewind(pod->a, mark);
}

bool docker_pod_cancelled(struct docker_pod *pod, struct err *err)
{
	if (!pod->spec.cancelled || !pod->spec.cancelled(pod->spec.ctx)) {
		return false;
	}
	(void)err_set(err, ERR_CANCELLED, "cancelled while its containers were being started");
	return true;
}

/* --- the network ------------------------------------------------------------------------------ */

static bool is_shared(struct str network)
{
	return str_eq(network, STR("host")) || str_eq(network, STR("none"));
}

static bool make_network(struct docker_pod *pod, struct err *err)
{
	struct docker_args args;

	docker_args_init(&args, pod->a, pod->program, "network");
	docker_arg(&args, "create");
	docker_own(&args, pod->spec.rundir);
	for (size_t i = 0; pod->spec.no_egress && pod->program->closed[i]; i++) {
		docker_arg(&args, pod->program->closed[i]);
	}
	docker_arg(&args, pod->name);
	rundir_mark(pod->spec.rundir, pod->name);
	pod->own_network = true;
	pod->base.network = str_of(pod->name);
	return docker_call(&args, NULL, NULL, DOCKER_CALL_MS, err) ||
	       err_wrap(err, "make the job's network");
}

void docker_pod_dns(const struct docker_pod *pod, struct docker_args *args)
{
	if (pod->own_network && pod->spec.no_egress && pod->program->closed_dns) {
		docker_arg(args, pod->program->closed_dns);
	}
}

static void init_services(struct docker_pod *pod, const struct container_spec *specs, size_t n)
{
	pod->services = arena_array(pod->a, struct docker_service, n);
	pod->base.services = arena_array(pod->a, struct pod_service, n);
	pod->planned = n;
	for (size_t i = 0; i < n; i++) {
		pod->services[i].spec = pod->base.services[i].spec = &specs[i];
		pod->services[i].child = (struct child)CHILD_INIT;
		pod->services[i].output = -1;
		pod->services[i].name = arena_printf(pod->a, "%s-s%zu", pod->name, i + 1).p;
		pod->services[i].address = pod->base.services[i].id = STR_EMPTY;
		/* The id may hold letters that a resolver does not take in a host's name. */
		pod->base.services[i].name = arena_printf(pod->a, "act-c-service-%zu", i + 1);
	}
}

struct pod *docker_pod_open(struct arena *a, const struct docker_program *d,
			    const struct machine_spec *spec, const struct container_spec *services,
			    size_t n, struct err *err)
{
	struct docker_pod *pod = arena_new(a, struct docker_pod);

	pod->a = a;
	pod->program = d;
	pod->spec = *spec;
	pod->name = docker_name(a, spec);
	pod->base.network = spec->network;
	init_services(pod, services, n);
	if ((spec->network.len == 0 || str_eq(spec->network, STR("bridge"))) &&
	    !(make_network(pod, err) && docker_pod_addresses(pod, err))) {
		docker_pod_close(&pod->base, true);
		return NULL;
	}
	return &pod->base;
}

/* --- volumes ---------------------------------------------------------------------------------- */

struct volume {
	struct str source; /* or empty */
	struct str target;
	bool read_only;
};

static bool parse_volume(struct str text, struct volume *out, struct err *err)
{
	struct str rest = text;
	struct str first = str_cut(&rest, ':');
	struct str second = rest.p ? str_cut(&rest, ':') : STR_EMPTY;
	struct str third = rest.p ? rest : STR_EMPTY;

	if (str_starts(second, STR("/"))) {
		*out = (struct volume){ first, second, str_eq(third, STR("ro")) };
	} else {
		*out = (struct volume){ STR_EMPTY, first, str_eq(second, STR("ro")) };
	}
	return str_starts(out->target, STR("/")) ||
	       err_set(err, ERR_INVALID, "\"%.*s\" is no volume: SOURCE:/PATH or /PATH is meant",
		       STR_ARG(text));
}

/* A name that is the same for the same source, in this job. */
static const char *volume_name(struct docker_pod *pod, struct str source)
{
	unsigned hash = 5381;

	for (size_t i = 0; i < source.len; i++) {
		hash = hash * 33 + (unsigned char)source.p[i];
	}
	return arena_printf(pod->a, "%s-%08x", pod->name, hash).p;
}

/* Where --mount labels no volume, this one is made with the run's labels. */
static bool make_volume(struct docker_pod *pod, const char *name, struct err *err)
{
	struct docker_args args;

	docker_args_init(&args, pod->a, pod->program, "volume");
	docker_arg(&args, "create");
	docker_own(&args, pod->spec.rundir);
	docker_arg(&args, name);
	return pod->program->mount_labels || docker_call(&args, NULL, NULL, DOCKER_CALL_MS, err);
}

/* A new machine has nothing at that path but what the job's own containers put there; nor has this
 * volume. */
static const char *stand_in(struct docker_pod *pod, struct str source, struct err *err)
{
	const char *name = volume_name(pod, source);

	for (size_t i = 0; i < pod->volumes.n; i++) {
		if (strcmp(pod->volumes.v[i], name) == 0) {
			return name;
		}
	}
	vec_push(pod->a, &pod->volumes, name);
	if (!make_volume(pod, name, err)) {
		return NULL;
	}
	if (str_starts(source, STR("/"))) {
		docker_pod_say(pod,
			       "(volume %.*s: an empty volume of this job stands for that place on "
			       "GitHub's machine; --privileged mounts the real one)",
			       STR_ARG(source));
	}
	return name;
}

static void add_volume(const struct docker_pod *pod, struct docker_args *args,
		       const struct volume *v, const char *name)
{
	const struct rundir *d = pod->spec.rundir;
	struct str dst = docker_mount_field(args->a, "dst", v->target);
	struct str labels = pod->program->mount_labels
				    ? arena_printf(args->a,
						   ",volume-label=act-c.run=%.*s,"
						   "volume-label=act-c.home=%.*s",
						   STR_ARG(d->run_id), STR_ARG(d->home_id))
				    : STR_EMPTY;

	docker_argf(args, "--mount=type=volume,%s%s%s%.*s%s%.*s", *name ? "src=" : "", name,
		    *name ? "," : "", STR_ARG(dst),
		    !v->read_only                ? ""
		    : pod->program->mount_labels ? ",readonly"
						 : ",ro",
		    STR_ARG(labels));
}

bool docker_pod_volume(struct docker_pod *pod, struct docker_args *args, struct str text,
		       bool trusted, struct err *err)
{
	struct volume v;

	if (!parse_volume(text, &v, err)) {
		return false;
	}

	bool absolute = str_starts(v.source, STR("/"));

	if (absolute && trusted) {
		docker_argf(args, "--volume=%.*s:%.*s%s", STR_ARG(v.source), STR_ARG(v.target),
			    v.read_only ? ":ro" : "");
		return true;
	}
	if (str_ends(v.source, STR("/docker.sock"))) {
		docker_pod_say(pod, "(%.*s is not handed to the job's containers)",
			       STR_ARG(v.source));
		return true;
	}

	const char *name = v.source.len ? stand_in(pod, v.source, err) : "";

	if (!name) {
		return false;
	}
	add_volume(pod, args, &v, name);
	return true;
}

/* --- starting a service ----------------------------------------------------------------------- */

/* Lines of a file cannot hold every value; those that they cannot go by the client's own
 * environment, which nobody else can read either. */
static bool fits_file(struct str variable)
{
	return variable.len < ENV_LINE_MAX && str_chr(variable, '\n', 0) == STR_NPOS &&
	       str_chr(variable, '\r', 0) == STR_NPOS;
}

static bool write_env(struct docker_pod *pod, struct docker_service *s, struct docker_args *args,
		      struct err *err)
{
	struct strbuf text = STRBUF_INIT(0);

	for (size_t i = 0; i < s->spec->nenv; i++) {
		struct str name = s->spec->env[i];

		if (fits_file(name)) {
			(void)strbuf_adds(&text, name);
			(void)strbuf_addc(&text, '\n');
		} else {
			struct str key = str_cut(&name, '=');

			docker_argf(args, "--env=%.*s", STR_ARG(key));
		}
	}
	s->env_file =
		arena_printf(pod->a, "%.*s/%s.env", STR_ARG(pod->spec.rundir->tmp), s->name).p;

	bool ok = write_file(s->env_file, strbuf_str(&text), 0600, err);

	strbuf_release(&text);
	docker_argf(args, "--env-file=%s", s->env_file);
	return ok;
}

static bool service_args(struct docker_pod *pod, size_t index, struct docker_args *args,
			 struct err *err)
{
	struct docker_service *s = &pod->services[index];
	const struct container_spec *c = s->spec;
	struct docker_options o = { .user = STR_EMPTY,
				    .trusted = pod->spec.privileged,
				    .publish = pod->spec.publish };

	docker_args_init(args, pod->a, pod->program, "run");
	docker_arg(args, "--detach");
	docker_arg(args, "--pull=never");
	docker_argf(args, "--name=%s", s->name);
	docker_own(args, pod->spec.rundir);
	docker_argf(args, "--label=act-c.pod=%s", pod->name);
	docker_argf(args, "--network=%.*s", STR_ARG(pod->base.network));
	docker_argf(args, "--network-alias=%.*s", STR_ARG(c->id));
	docker_argf(args, "--network-alias=act-c-service-%zu", index + 1);
	docker_pod_hosts(pod, args);
	docker_pod_dns(pod, args);
	if (s->address.len) {
		docker_argf(args, "--ip=%.*s", STR_ARG(s->address));
	}
	if (pod->spec.platform.len) {
		docker_argf(args, "--platform=%.*s", STR_ARG(pod->spec.platform));
	}
	if (!docker_options(args, c, &o, err) ||
	    !docker_pod_volumes(pod, args, c, o.trusted, err) || !write_env(pod, s, args, err)) {
		return false;
	}
	if (c->entrypoint.len) {
		docker_argf(args, "--entrypoint=%.*s", STR_ARG(c->entrypoint));
	}
	docker_arg(args, arena_cstr(pod->a, c->image));
	for (size_t i = 0; i < c->ncommand; i++) {
		docker_arg(args, arena_cstr(pod->a, c->command[i]));
	}
	return true;
}

/* The client's environment: its own, and what does not fit the file. */
static const char *const *client_env(struct docker_pod *pod, const struct docker_service *s,
				     const char *const *own)
{
	VEC(const char *) env = { 0 };

	for (; own && *own; own++) {
		vec_push(pod->a, &env, *own);
	}
	for (size_t i = 0; i < s->spec->nenv; i++) {
		if (!fits_file(s->spec->env[i])) {
			vec_push(pod->a, &env, arena_cstr(pod->a, s->spec->env[i]));
		}
	}
	vec_push(pod->a, &env, NULL);
	return env.v;
}

static int open_output(struct docker_pod *pod, struct err *err)
{
	struct str pattern =
		arena_printf(pod->a, "%.*s/service-XXXXXX", STR_ARG(pod->spec.rundir->tmp));
	char *path = arena_cstr(pod->a, pattern);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0) {
		(void)err_sys(err, errno, "%s", path);
	} else {
		(void)unlink(path);
	}
	return fd;
}

static bool service_start(struct docker_pod *pod, size_t index, struct err *err)
{
	struct docker_service *s = &pod->services[index];
	struct docker_args args;

	if (!service_args(pod, index, &args, err)) {
		return false;
	}
	s->output = open_output(pod, err);
	if (s->output < 0) {
		return false;
	}

	struct child_spec child = docker_child(&args);

	child.env = client_env(pod, s, child.env);
	child.out = child.err = s->output;
	rundir_mark(pod->spec.rundir, s->name);
	pod->nservices = index + 1;
	return child_start(&child, &s->child, err);
}

/* The id is the one line of 64 hex digits that docker prints; around it there may be warnings. */
static struct str find_id(struct str text)
{
	while (text.p) {
		struct str line = str_trim(str_cut(&text, '\n'));

		if (line.len == 64 && strspn(line.p, "0123456789abcdef") >= 64) {
			return line;
		}
	}
	return STR_EMPTY;
}

static bool service_started(struct docker_pod *pod, size_t index, struct err *err)
{
	struct docker_service *s = &pod->services[index];
	long long deadline = now_ms() + DOCKER_START_MS;

	while (!child_wait(&s->child, ASK_MS)) {
		if (docker_pod_cancelled(pod, err)) {
			return false;
		}
		if (now_ms() > deadline) {
			return err_set(err, ERR_ENGINE, "%s run: no answer within %d s",
				       pod->program->name, DOCKER_START_MS / 1000);
		}
	}

	char *text = arena_alloc(pod->a, OUTPUT_MAX);
	ssize_t n = pread(s->output, text, OUTPUT_MAX - 1, 0);
	struct str said = str_mk(text, n > 0 ? (size_t)n : 0);
	struct str words = docker_words(said);

	pod->base.services[index].id = find_id(said);
	return s->child.status == 0 ||
	       err_set(err, ERR_ENGINE, "%.*s",
		       STR_ARG(words.len ? words : STR("it was not started")));
}

static void give_up(struct docker_pod *pod, struct err *err, const struct container_spec *c)
{
	if (err->kind == ERR_CANCELLED) {
		return;
	}
	docker_pod_say(pod, "service %.*s: %s", STR_ARG(c->id), err->msg);
	docker_pod_say(pod, "Failed to initialize container %.*s", STR_ARG(c->image));
	(void)err_wrap(err, "service %.*s", STR_ARG(c->id));
}

static bool fetch(struct docker_pod *pod, size_t index, struct err *err)
{
	struct docker_service *s = &pod->services[index];
	struct machine_spec spec = pod->spec;

	spec.image = s->spec->image;
	spec.username = s->spec->username;
	spec.password = s->spec->password;
	return docker_image_fetch(pod->a, pod->program, &spec, &s->image, err);
}

typedef bool service_fn(struct docker_pod *pod, size_t index, struct err *err);

static bool for_each(struct docker_pod *pod, service_fn *fn, struct err *err)
{
	for (size_t i = 0; i < pod->base.n; i++) {
		if (!fn(pod, i, err)) {
			give_up(pod, err, pod->services[i].spec);
			return false;
		}
	}
	return true;
}

/* Told only where somebody wants to know. */
static bool tell_ports(struct docker_pod *pod, size_t index, struct err *err)
{
	struct docker_service *s = &pod->services[index];
	struct str lines =
		pod->spec.publish ? docker_published(pod->a, pod->program, s->name) : STR_EMPTY;

	(void)err;
	while (lines.len) {
		struct str line = str_cut(&lines, '\n');

		docker_pod_say(pod, "service %.*s: %.*s", STR_ARG(s->spec->id), STR_ARG(line));
	}
	return true;
}

bool docker_pod_serve(struct pod *base, const struct container_spec *services, size_t n,
		      struct err *err)
{
	struct docker_pod *pod = (struct docker_pod *)base;
	struct timespec now;

	if (n == 0) {
		return true;
	}
	BUG_ON(n != pod->planned);
	base->n = n;
	for (size_t i = 0; i < n; i++) { /* now with their env */
		pod->services[i].spec = base->services[i].spec = &services[i];
	}
	if (is_shared(pod->base.network)) {
		return err_set(err, ERR_ENGINE,
			       "services need a network of the job's own: leave out --network %.*s",
			       STR_ARG(pod->base.network));
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	pod->started_s = (long long)now.tv_sec;
	return for_each(pod, fetch, err) && for_each(pod, service_start, err) &&
	       for_each(pod, service_started, err) && for_each(pod, tell_ports, err) &&
	       docker_pod_wait(pod, err);
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool remove_things(struct docker_pod *pod, const char *noun, const char *const *names,
			  size_t n, bool force)
{
	bool containers = strcmp(noun, "container") == 0;
	struct docker_args args;
	struct err err = ERR_INIT;

	docker_args_init(&args, pod->a, pod->program, noun);
	docker_arg(&args, "rm");
	if (containers) {
		docker_arg(&args, "--force");
		docker_arg(&args, "--volumes");
		if (pod->program->at_once) {
			docker_arg(&args, pod->program->at_once);
		}
	}
	for (size_t i = 0; i < n; i++) {
		docker_arg(&args, names[i]);
	}

	bool gone =
		n == 0 || docker_call(&args, NULL, NULL, force ? REMOVE_FORCE_MS : REMOVE_MS, &err);

	gone = gone || str_find(str_of(err.msg), STR("No such"), 0) != STR_NPOS ||
	       str_find(str_of(err.msg), STR("no such"), 0) != STR_NPOS;
	err_release(&err);
	return gone;
}

static void service_end(struct docker_pod *pod, struct docker_service *s)
{
	child_end(&s->child);
	if (s->output >= 0) {
		(void)close(s->output);
		s->output = -1;
	}
	if (s->env_file) {
		(void)unlink(s->env_file);
	}
	(void)pod;
}

void docker_pod_close(struct pod *base, bool force)
{
	struct docker_pod *pod = (struct docker_pod *)base;
	const char **names = arena_array(pod->a, const char *, pod->nservices);
	bool gone;

	for (size_t i = 0; i < pod->nservices; i++) {
		service_end(pod, &pod->services[i]);
		names[i] = pod->services[i].name;
	}
	gone = remove_things(pod, "container", names, pod->nservices, force);
	for (size_t i = 0; gone && i < pod->nservices; i++) {
		rundir_unmark(pod->spec.rundir, names[i]);
	}
	gone = (!pod->own_network || remove_things(pod, "network", &pod->name, 1, force)) &&
	       remove_things(pod, "volume", pod->volumes.v, pod->volumes.n, force) && gone;
	if (gone && pod->own_network) {
		rundir_unmark(pod->spec.rundir, pod->name);
	}
	pod->nservices = 0;
	pod->own_network = false;
}
