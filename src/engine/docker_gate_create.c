/*
 * docker_gate_create.c - the configuration of a container that a job wants to make: a list of keys
 * that are known to stay inside, each with what its value may be.
 *
 * Daemons read keys in any letter case, and older ones some of the host's keys beside "HostConfig":
 * so the body is written anew from the keys that are known here, in their own spelling.
 */
#include <stdint.h>

#include "docker_gate.h"

struct making {
	struct arena *a;
	const struct docker_gate *g;
	struct varray *mounts; /* of the new body */
	struct varray *binds;
	struct str why;
};

typedef bool key_fn(struct making *m, struct value v, struct str key);

static bool refuse(struct making *m, struct str why)
{
	m->why = why;
	return false;
}

static bool refuse_key(struct making *m, struct str key, struct value v)
{
	struct str text = v.kind == VALUE_STRING ? v.u.s : STR("…");

	return refuse(
		m, arena_printf(m->a, "a container with %.*s (%.*s)", STR_ARG(key), STR_ARG(text)));
}

static bool is_empty(struct value v)
{
	switch (v.kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return !v.u.b;
	case VALUE_NUMBER:
		return v.u.n == 0;
	case VALUE_STRING:
		return v.u.s.len == 0;
	case VALUE_ARRAY:
		return v.u.a->n == 0;
	case VALUE_OBJECT:
		return v.u.o->n == 0;
	}
	return false;
}

static bool is_word(struct value v, const char *word)
{
	return v.kind == VALUE_STRING && str_eq(v.u.s, str_of(word));
}

/* --- what a value may be ---------------------------------------------------------------------- */

static bool anything(struct making *m, struct value v, struct str key)
{
	(void)m;
	(void)v;
	(void)key;
	return true;
}

static bool nothing(struct making *m, struct value v, struct str key)
{
	return is_empty(v) || refuse_key(m, key, v);
}

static bool privileged(struct making *m, struct value v, struct str key)
{
	(void)key;
	return is_empty(v) || refuse(m, STR("a privileged container"));
}

/* An empty list here means that nothing of /proc is masked. */
static bool not_there(struct making *m, struct value v, struct str key)
{
	return v.kind == VALUE_NULL || refuse_key(m, key, v);
}

static bool owned(struct making *m, struct value v)
{
	static const struct str prefix = STR_INIT("container:");

	return v.kind == VALUE_STRING && str_starts(v.u.s, prefix) &&
	       docker_gate_owns(m->a, m->g, str_slice(v.u.s, prefix.len, v.u.s.len));
}

/* A namespace: its own, or that of a container of the job. */
static bool namespace(struct making *m, struct value v, struct str key)
{
	return is_empty(v) || is_word(v, "private") || is_word(v, "shareable") ||
	       is_word(v, "none") || owned(m, v) || refuse_key(m, key, v);
}

static bool network(struct making *m, struct value v, struct str key)
{
	return is_empty(v) || (v.kind == VALUE_STRING && docker_gate_network(m->a, m->g, v.u.s)) ||
	       refuse_key(m, key, v);
}

static bool runtime(struct making *m, struct value v, struct str key)
{
	return is_empty(v) || is_word(v, "runc") || refuse_key(m, key, v);
}

/* Other drivers have the daemon talk to servers and sockets that the job names. */
static bool logging(struct making *m, struct value v, struct str key)
{
	struct value type = value_get(v, STR("Type"));

	return is_empty(type) || is_word(type, "json-file") || is_word(type, "local") ||
	       is_word(type, "none") || is_word(type, "journald") || refuse_key(m, key, type);
}

static bool local(struct making *m, struct value v, struct str key)
{
	return is_empty(v) || is_word(v, "local") || refuse_key(m, key, v);
}

/* Docker's own default set, and those that services may have. */
static bool capabilities(struct making *m, struct value v, struct str key)
{
	static const char *const harmless[] = {
		"AUDIT_WRITE", "CHOWN",      "DAC_OVERRIDE", "FOWNER",           "FSETID",
		"IPC_LOCK",    "KILL",       "NET_ADMIN",    "NET_BIND_SERVICE", "NET_RAW",
		"SETFCAP",     "SETGID",     "SETPCAP",      "SETUID",           "SYS_CHROOT",
		"SYS_NICE",    "SYS_PTRACE",
	};

	if (is_empty(v)) {
		return true;
	}
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];
		struct str name = one.kind == VALUE_STRING ? one.u.s : STR_EMPTY;
		bool known = false;

		name = str_ieq(str_slice(name, 0, 4), STR("CAP_")) ? str_slice(name, 4, name.len)
								   : name;
		for (size_t k = 0; k < sizeof(harmless) / sizeof(harmless[0]); k++) {
			known = known || str_ieq(name, str_of(harmless[k]));
		}
		if (!known) {
			return refuse_key(m, key, one);
		}
	}
	return v.kind == VALUE_ARRAY || refuse_key(m, key, v);
}

static bool security(struct making *m, struct value v, struct str key)
{
	if (is_empty(v)) {
		return true;
	}
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];

		if (one.kind != VALUE_STRING || !str_starts(one.u.s, STR("no-new-privileges"))) {
			return refuse_key(m, key, one);
		}
	}
	return v.kind == VALUE_ARRAY || refuse_key(m, key, v);
}

/* "NAME[:…]" of containers. */
static bool containers(struct making *m, struct value v, struct str key)
{
	if (is_empty(v)) {
		return true;
	}
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];
		struct str rest = one.kind == VALUE_STRING ? one.u.s : STR_EMPTY;
		struct str name = str_cut(&rest, ':');

		name = str_starts(name, STR("/")) ? str_slice(name, 1, name.len) : name;
		if (!docker_gate_owns(m->a, m->g, name)) {
			return refuse_key(m, key, one);
		}
	}
	return v.kind == VALUE_ARRAY || refuse_key(m, key, v);
}

/* --- volumes ---------------------------------------------------------------------------------- */

static void set_str(struct making *m, struct vobject *o, struct str key, struct str value)
{
	vobject_set(m->a, o, key, value_str(value));
}

/* The job's own directory at `source`, mounted at target. */
static bool add_place(struct making *m, struct str source, struct str target, bool read_only)
{
	struct vobject *o = vobject_new(m->a, true);
	struct value found = value_null();
	struct str why = STR_EMPTY;

	if (!m->g->place(m->g->ctx, m->a, source, &found, &why)) {
		return refuse(m, arena_printf(m->a, "the volume %.*s:%.*s (%.*s)", STR_ARG(source),
					      STR_ARG(target), STR_ARG(why)));
	}
	for (size_t i = 0; found.kind == VALUE_OBJECT && i < found.u.o->n; i++) {
		vobject_set(m->a, o, found.u.o->v[i].key, found.u.o->v[i].value);
	}
	set_str(m, o, STR("Target"), target);
	if (read_only) {
		vobject_set(m->a, o, STR("ReadOnly"), value_bool(true));
	}
	varray_push(m->a, m->mounts, value_object(o));
	return true;
}

static bool has_word(struct str list, struct str word)
{
	while (list.p) {
		if (str_eq(str_cut(&list, ','), word)) {
			return true;
		}
	}
	return false;
}

static bool named(struct making *m, struct str name)
{
	return docker_gate_volume(m->a, m->g, name) ||
	       refuse(m,
		      arena_printf(m->a, "the volume %.*s is not one of this job", STR_ARG(name)));
}

/* "/source:/target[:options]", "name:/target[:options]". */
static bool bind(struct making *m, struct str text)
{
	struct str rest = text, source = str_cut(&rest, ':');
	struct str target = rest.p ? str_cut(&rest, ':') : STR_EMPTY;
	struct str options = rest.p ? rest : STR_EMPTY;

	if (!target.len) {
		return refuse(m, arena_printf(m->a, "the volume \"%.*s\"", STR_ARG(text)));
	}
	if (str_starts(source, STR("/"))) {
		return add_place(m, source, target, has_word(options, STR("ro")));
	}
	if (!named(m, source)) {
		return false;
	}
	varray_push(m->a, m->binds, value_str(text));
	return true;
}

static bool binds(struct making *m, struct value v, struct str key)
{
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];

		if (one.kind != VALUE_STRING || !bind(m, one.u.s)) {
			return m->why.len ? false : refuse_key(m, key, one);
		}
	}
	return v.kind == VALUE_ARRAY || is_empty(v) || refuse_key(m, key, v);
}

static struct str text_of(struct value v, struct str key)
{
	struct value found = value_get(v, key);

	return found.kind == VALUE_STRING ? found.u.s : STR_EMPTY;
}

static void copy_keys(struct making *m, struct value from, const char *const *keys,
		      struct vobject *to)
{
	for (size_t i = 0; keys[i]; i++) {
		struct value v = value_get(from, str_of(keys[i]));

		if (v.kind != VALUE_NULL) {
			vobject_set(m->a, to, str_of(keys[i]), v);
		}
	}
}

static bool volume_mount(struct making *m, struct value mount)
{
	static const char *const keys[] = { "Type", "Source", "Target", "ReadOnly", NULL };
	static const char *const option_keys[] = { "NoCopy", "Labels", "Subpath", NULL };
	struct value options = value_get(mount, STR("VolumeOptions"));
	struct value driver = value_get(options, STR("DriverConfig"));
	struct str source = text_of(mount, STR("Source"));
	struct vobject *o = vobject_new(m->a, true), *kept = vobject_new(m->a, true);

	if (!is_empty(value_get(driver, STR("Options"))) ||
	    !local(m, value_get(driver, STR("Name")), STR("DriverConfig"))) {
		return refuse(m, STR("a volume with a driver's options"));
	}
	if (source.len && !named(m, source)) {
		return false;
	}
	copy_keys(m, mount, keys, o);
	copy_keys(m, options, option_keys, kept);
	vobject_set(m->a, o, STR("VolumeOptions"), value_object(kept));
	varray_push(m->a, m->mounts, value_object(o));
	return true;
}

static bool one_mount(struct making *m, struct value mount)
{
	static const char *const tmpfs[] = { "Type", "Target", "ReadOnly", "TmpfsOptions", NULL };
	static const char *const image[] = { "Type", "Source", "Target", "ImageOptions", NULL };
	struct str type = text_of(mount, STR("Type"));
	struct str source = text_of(mount, STR("Source")), target = text_of(mount, STR("Target"));

	if (str_eq(type, STR("bind"))) {
		return add_place(m, source, target,
				 value_truthy(value_get(mount, STR("ReadOnly"))));
	}
	if (str_eq(type, STR("volume"))) {
		return volume_mount(m, mount);
	}
	if (!str_eq(type, STR("tmpfs")) && !str_eq(type, STR("image"))) {
		return refuse(m, arena_printf(m->a, "a mount of the type \"%.*s\"", STR_ARG(type)));
	}

	struct vobject *o = vobject_new(m->a, true);

	copy_keys(m, mount, str_eq(type, STR("tmpfs")) ? tmpfs : image, o);
	varray_push(m->a, m->mounts, value_object(o));
	return true;
}

static bool mounts(struct making *m, struct value v, struct str key)
{
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		if (!one_mount(m, v.u.a->v[i])) {
			return false;
		}
	}
	return v.kind == VALUE_ARRAY || is_empty(v) || refuse_key(m, key, v);
}

/* --- the keys --------------------------------------------------------------------------------- */

static const char *const config_keys[] = {
	"Hostname",        "Domainname",   "User",
	"AttachStdin",     "AttachStdout", "AttachStderr",
	"ExposedPorts",    "Tty",          "OpenStdin",
	"StdinOnce",       "Env",          "Cmd",
	"Healthcheck",     "ArgsEscaped",  "Image",
	"Volumes",         "WorkingDir",   "Entrypoint",
	"NetworkDisabled", "MacAddress",   "StopSignal",
	"StopTimeout",     "Shell",        NULL,
};

static const struct key {
	const char *name;
	key_fn *check;
} host_keys[] = {
	{ "Annotations", anything },
	{ "AutoRemove", anything },
	{ "Binds", binds },
	{ "BlkioDeviceReadBps", nothing },
	{ "BlkioDeviceReadIOps", nothing },
	{ "BlkioDeviceWriteBps", nothing },
	{ "BlkioDeviceWriteIOps", nothing },
	{ "BlkioWeight", anything },
	{ "BlkioWeightDevice", nothing },
	{ "CapAdd", capabilities },
	{ "CapDrop", anything },
	{ "Capabilities", nothing },
	{ "Cgroup", nothing },
	{ "CgroupParent", nothing },
	{ "CgroupnsMode", namespace },
	{ "ConsoleSize", anything },
	{ "ContainerIDFile", anything },
	{ "CpuCount", anything },
	{ "CpuPercent", anything },
	{ "CpuPeriod", anything },
	{ "CpuQuota", anything },
	{ "CpuRealtimePeriod", nothing },
	{ "CpuRealtimeRuntime", nothing },
	{ "CpuShares", anything },
	{ "CpusetCpus", anything },
	{ "CpusetMems", anything },
	{ "DeviceCgroupRules", nothing },
	{ "DeviceRequests", nothing },
	{ "Devices", nothing },
	{ "Dns", anything },
	{ "DnsOptions", anything },
	{ "DnsSearch", anything },
	{ "ExtraHosts", anything },
	{ "GroupAdd", anything },
	{ "IOMaximumBandwidth", anything },
	{ "IOMaximumIOps", anything },
	{ "Init", anything },
	{ "IpcMode", namespace },
	{ "Isolation", anything },
	{ "KernelMemory", anything },
	{ "KernelMemoryTCP", anything },
	{ "Links", containers },
	{ "LogConfig", logging },
	{ "MaskedPaths", not_there },
	{ "Memory", anything },
	{ "MemoryReservation", anything },
	{ "MemorySwap", anything },
	{ "MemorySwappiness", anything },
	{ "Mounts", mounts },
	{ "NanoCpus", anything },
	{ "NetworkMode", network },
	{ "OomKillDisable", anything },
	{ "OomScoreAdj", anything },
	{ "PidMode", namespace },
	{ "PidsLimit", anything },
	{ "PortBindings", anything },
	{ "Privileged", privileged },
	{ "PublishAllPorts", anything },
	{ "ReadonlyPaths", not_there },
	{ "ReadonlyRootfs", anything },
	{ "RestartPolicy", anything },
	{ "Runtime", runtime },
	{ "SecurityOpt", security },
	{ "ShmSize", anything },
	{ "StorageOpt", anything },
	{ "Sysctls", anything },
	{ "Tmpfs", anything },
	{ "UTSMode", namespace },
	{ "Ulimits", anything },
	{ "UsernsMode", namespace },
	{ "VolumeDriver", local },
	{ "VolumesFrom", containers },
};

static const struct key *host_key(struct str name)
{
	for (size_t i = 0; i < sizeof(host_keys) / sizeof(host_keys[0]); i++) {
		if (str_ieq(name, str_of(host_keys[i].name))) {
			return &host_keys[i];
		}
	}
	return NULL;
}

static bool host_config(struct making *m, struct value v, struct vobject *out)
{
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		const struct vpair *p = &v.u.o->v[i];
		const struct key *key = host_key(p->key);

		if (!key && is_empty(p->value)) {
			continue;
		}
		if (!key) {
			return refuse_key(m, p->key, p->value);
		}
		if (!key->check(m, p->value, p->key)) {
			return false;
		}
		vobject_set(m->a, out, str_of(key->name), p->value);
	}
	vobject_set(m->a, out, STR("Binds"), value_array(m->binds));
	vobject_set(m->a, out, STR("Mounts"), value_array(m->mounts));
	return true;
}

static bool networking(struct making *m, struct value v, struct vobject *out)
{
	struct value endpoints = value_get(v, STR("EndpointsConfig"));
	struct vobject *o = vobject_new(m->a, true);

	if (endpoints.kind != VALUE_OBJECT) {
		return true;
	}
	for (size_t i = 0; i < endpoints.u.o->n; i++) {
		if (!network(m, value_str(endpoints.u.o->v[i].key), STR("network"))) {
			return false;
		}
	}
	vobject_set(m->a, o, STR("EndpointsConfig"), endpoints);
	vobject_set(m->a, out, STR("NetworkingConfig"), value_object(o));
	return true;
}

static void labels(struct making *m, struct value given, struct vobject *out)
{
	struct vobject *o = vobject_new(m->a, true);

	for (size_t i = 0; given.kind == VALUE_OBJECT && i < given.u.o->n; i++) {
		vobject_set(m->a, o, given.u.o->v[i].key, given.u.o->v[i].value);
	}
	docker_gate_label(m->a, m->g, o);
	vobject_set(m->a, out, STR("Labels"), value_object(o));
}

bool docker_gate_create(struct arena *a, const struct docker_gate *g, struct value body,
			struct value *out, struct str *why)
{
	struct making m = {
		.a = a, .g = g, .mounts = varray_new(a), .binds = varray_new(a), .why = STR_EMPTY
	};
	struct vobject *o = vobject_new(a, true), *host = vobject_new(a, true);
	bool ok;

	copy_keys(&m, body, config_keys, o);
	labels(&m, value_get(body, STR("Labels")), o);
	ok = host_config(&m, value_get(body, STR("HostConfig")), host) &&
	     networking(&m, value_get(body, STR("NetworkingConfig")), o);
	vobject_set(a, o, STR("HostConfig"), value_object(host));
	*out = value_object(o);
	*why = m.why;
	return ok;
}

/* --- everything is let pass ------------------------------------------------------------------- */

/* What is no directory of the job is meant to be one of the machine. */
static void translate_binds(struct making *m, struct value v)
{
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];
		struct str text = one.kind == VALUE_STRING ? one.u.s : STR_EMPTY;

		if (!str_starts(text, STR("/")) || !bind(m, text)) {
			varray_push(m->a, m->binds, one);
		}
	}
}

static void translate_mounts(struct making *m, struct value v)
{
	for (size_t i = 0; v.kind == VALUE_ARRAY && i < v.u.a->n; i++) {
		struct value one = v.u.a->v[i];

		if (!str_eq(text_of(one, STR("Type")), STR("bind")) || !one_mount(m, one)) {
			varray_push(m->a, m->mounts, one);
		}
	}
}

bool docker_gate_translate(struct arena *a, const struct docker_gate *g, struct value body,
			   struct value *out)
{
	struct making m = {
		.a = a, .g = g, .mounts = varray_new(a), .binds = varray_new(a), .why = STR_EMPTY
	};
	struct value copy = value_copy(a, body);
	struct value given = value_get(copy, STR("HostConfig"));

	if (given.kind != VALUE_OBJECT) {
		return false;
	}

	struct vobject *o = (struct vobject *)(uintptr_t)copy.u.o;
	struct vobject *host = (struct vobject *)(uintptr_t)given.u.o;

	translate_binds(&m, value_get(given, STR("Binds")));
	translate_mounts(&m, value_get(given, STR("Mounts")));
	vobject_set(a, host, STR("Binds"), value_array(m.binds));
	vobject_set(a, host, STR("Mounts"), value_array(m.mounts));
	labels(&m, value_get(copy, STR("Labels")), o);
	*out = copy;
	return true;
}
