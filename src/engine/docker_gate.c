/*
 * docker_gate.c - the table of the daemon's API, and what is looked at before a call is passed on.
 * What is not in the table is refused: a list of what stays inside, not of what leaves.
 */
#include "docker_gate.h"

enum { SEGMENT_MAX = 255 };

struct asked {
	struct arena *a;
	const struct docker_gate *g;
	struct http_request *r;
	struct str name; /* what `*` stands for in the path */
	struct str body;
	struct gate_pass *out;
	struct str why; /* set by a check that refuses */
};

typedef bool check_fn(struct asked *q);

/* --- whose is it? ----------------------------------------------------------------------------- */

static bool has_label(const struct docker_gate *g, struct value labels)
{
	struct value owner = value_get(labels, STR("act-c.pod"));
	struct value home = value_get(labels, STR("act-c.home"));

	return owner.kind == VALUE_STRING && str_eq(owner.u.s, g->owner) &&
	       home.kind == VALUE_STRING && str_eq(home.u.s, g->home);
}

/* A name goes into a path: it must be nothing but one segment. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool word =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!word && !(i > 0 && (c == '_' || c == '.' || c == '-'))) {
			return false;
		}
	}
	return s.len > 0 && s.len <= SEGMENT_MAX;
}

static int look(struct arena *a, const struct docker_gate *g, const char *what, struct str name,
		const char *rest, struct value *out)
{
	*out = value_null();
	if (!is_name(name)) {
		return 0;
	}
	return g->ask(g->ctx, a, "GET", arena_printf(a, "/%s/%.*s%s", what, STR_ARG(name), rest),
		      STR_EMPTY, out);
}

bool docker_gate_owns(struct arena *a, const struct docker_gate *g, struct str container)
{
	struct value v;

	if (str_eq(container, g->machine)) {
		return true;
	}
	if (look(a, g, "containers", container, "/json", &v) != 200) {
		return false;
	}

	struct value name = value_get(v, STR("Name"));
	bool self = name.kind == VALUE_STRING && str_starts(name.u.s, STR("/")) &&
		    str_eq(str_slice(name.u.s, 1, name.u.s.len), g->machine);

	return self || has_label(g, value_get(value_get(v, STR("Config")), STR("Labels")));
}

bool docker_gate_network(struct arena *a, const struct docker_gate *g, struct str network)
{
	static const struct str harmless[] = { STR_INIT(""), STR_INIT("default"),
					       STR_INIT("bridge"), STR_INIT("none") };
	struct value v;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (str_eq(network, harmless[i])) {
			return true;
		}
	}
	if (str_starts(network, STR("container:"))) {
		return docker_gate_owns(a, g, str_slice(network, 10, network.len));
	}
	if (g->network.len && str_eq(network, g->network)) {
		return true;
	}
	return look(a, g, "networks", network, "", &v) == 200 &&
	       (has_label(g, value_get(v, STR("Labels"))) ||
		(g->network.len && value_equal(value_get(v, STR("Name")), value_str(g->network))));
}

bool docker_gate_volume(struct arena *a, const struct docker_gate *g, struct str name)
{
	struct value v;
	int status = look(a, g, "volumes", name, "", &v);
	struct vobject *o = vobject_new(a, true), *labels = vobject_new(a, true);
	struct strbuf body = STRBUF_INIT(0);

	if (status != 404) {
		return status == 200 && has_label(g, value_get(v, STR("Labels")));
	}
	docker_gate_label(a, g, labels);
	vobject_set(a, o, STR("Name"), value_str(name));
	vobject_set(a, o, STR("Labels"), value_object(labels));
	value_to_json_line(&body, value_object(o));
	status = g->ask(g->ctx, a, "POST", STR("/volumes/create"), strbuf_str(&body), &v);
	strbuf_release(&body);
	return status == 201;
}

void docker_gate_label(struct arena *a, const struct docker_gate *g, struct vobject *o)
{
	vobject_set(a, o, STR("act-c.run"), value_str(g->run));
	vobject_set(a, o, STR("act-c.home"), value_str(g->home));
	vobject_set(a, o, STR("act-c.pod"), value_str(g->owner));
}

struct str docker_gate_refusal(struct arena *a, struct str what)
{
	return arena_printf(a,
			    "act-c: %.*s: a job may use docker for what stays with the job "
			    "(--docker-socket full passes everything)",
			    STR_ARG(what));
}

/* --- checks ----------------------------------------------------------------------------------- */

static bool refuse(struct asked *q, struct str why)
{
	q->why = why;
	return false;
}

/* Clients ask for what may not be there yet, and make it then. */
static bool refuse_other(struct asked *q, const char *kind, const char *path, const char *rest)
{
	struct value v;

	if (look(q->a, q->g, path, q->name, rest, &v) == 404) {
		q->out->missing = true;
		return refuse(q, arena_printf(q->a, "No such %s: %.*s", kind, STR_ARG(q->name)));
	}
	return refuse(q,
		      arena_printf(q->a, "%s %.*s is not one of this job", kind, STR_ARG(q->name)));
}

static bool own_container(struct asked *q)
{
	return docker_gate_owns(q->a, q->g, q->name) ||
	       refuse_other(q, "container", "containers", "/json");
}

static bool tunnel_to_container(struct asked *q)
{
	q->out->tunnel = true;
	return own_container(q);
}

/* A daemon takes an old client's whole configuration with the start, too. */
static bool start_container(struct asked *q)
{
	q->out->replaced = true;
	q->out->body = STR_EMPTY;
	q->out->started = q->name;
	return own_container(q);
}

static bool own_exec(struct asked *q)
{
	struct value v;

	q->out->tunnel = true;
	if (look(q->a, q->g, "exec", q->name, "/json", &v) == 200) {
		struct value id = value_get(v, STR("ContainerID"));

		if (id.kind == VALUE_STRING && docker_gate_owns(q->a, q->g, id.u.s)) {
			return true;
		}
	}
	return refuse(q, STR("that exec is not one of this job"));
}

static bool own_network(struct asked *q)
{
	return docker_gate_network(q->a, q->g, q->name) ||
	       refuse_other(q, "network", "networks", "");
}

static bool own_volume(struct asked *q)
{
	struct value v;
	int status = look(q->a, q->g, "volumes", q->name, "", &v);

	return status == 404 || (status == 200 && has_label(q->g, value_get(v, STR("Labels")))) ||
	       refuse(q,
		      arena_printf(q->a, "volume %.*s is not one of this job", STR_ARG(q->name)));
}

/* Removing: what jobs of this home have built. Names hold slashes and colons. */
static bool own_image(struct asked *q)
{
	struct value v = value_null();
	struct str path = arena_printf(q->a, "/images/%.*s/json", STR_ARG(q->name));
	int status = q->g->ask(q->g->ctx, q->a, "GET", path, STR_EMPTY, &v);
	struct value labels = value_get(value_get(v, STR("Config")), STR("Labels"));

	return status == 404 ||
	       (status == 200 &&
		value_equal(value_get(labels, STR("act-c.home")), value_str(q->g->home))) ||
	       refuse(q, arena_printf(q->a, "image %.*s was not built by a job", STR_ARG(q->name)));
}

/* The list of what is the job's, also for `prune`. */
static bool own_list(struct asked *q)
{
	const struct str *given = http_query(q->r, STR("filters"));
	struct str label = arena_printf(q->a, "act-c.pod=%.*s", STR_ARG(q->g->owner));
	struct vobject *filters = vobject_new(q->a, true), *labels = vobject_new(q->a, true);
	struct value v = value_null();
	struct err ignored = ERR_INIT;
	struct strbuf text = STRBUF_INIT(0);

	if (given && given->len && !value_from_json_strict(q->a, *given, &v, &ignored)) {
		err_release(&ignored);
		return refuse(q, STR("its filters are no JSON"));
	}
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		const struct vpair *p = &v.u.o->v[i];

		if (!str_ieq(p->key, STR("label"))) {
			vobject_set(q->a, filters, p->key, p->value);
			continue;
		}
		for (size_t k = 0; p->value.kind == VALUE_ARRAY && k < p->value.u.a->n; k++) {
			vobject_set(q->a, labels, value_to_str(q->a, p->value.u.a->v[k]),
				    value_bool(true));
		}
		for (size_t k = 0; p->value.kind == VALUE_OBJECT && k < p->value.u.o->n; k++) {
			vobject_set(q->a, labels, p->value.u.o->v[k].key, value_bool(true));
		}
	}
	vobject_set(q->a, labels, label, value_bool(true));
	vobject_set(q->a, filters, STR("label"), value_object(labels));
	value_to_json_line(&text, value_object(filters));
	http_set_query(q->a, q->r, STR("filters"), arena_str(q->a, strbuf_str(&text)));
	strbuf_release(&text);
	return true;
}

static bool read_body(struct asked *q, struct value *out)
{
	struct err ignored = ERR_INIT;

	*out = value_null();
	if (q->body.len && !value_from_json_strict(q->a, q->body, out, &ignored)) {
		err_release(&ignored);
		return refuse(q, STR("its body is no JSON"));
	}
	return out->kind == VALUE_OBJECT || refuse(q, STR("its body is no object"));
}

static bool write_body(struct asked *q, struct value v)
{
	struct strbuf text = STRBUF_INIT(0);

	value_to_json_line(&text, v);
	q->out->replaced = true;
	q->out->body = arena_str(q->a, strbuf_str(&text));
	strbuf_release(&text);
	return true;
}

static bool create_container(struct asked *q)
{
	struct value v, rewritten = value_null();

	return read_body(q, &v) && docker_gate_create(q->a, q->g, v, &rewritten, &q->why) &&
	       write_body(q, rewritten);
}

static bool exec_create(struct asked *q)
{
	static const struct str keys[] = {
		STR_INIT("User"),        STR_INIT("Tty"),          STR_INIT("ConsoleSize"),
		STR_INIT("AttachStdin"), STR_INIT("AttachStderr"), STR_INIT("AttachStdout"),
		STR_INIT("DetachKeys"),  STR_INIT("Env"),          STR_INIT("WorkingDir"),
		STR_INIT("Cmd"),         STR_INIT("Detach"),
	};
	struct vobject *o = vobject_new(q->a, true);
	struct value v;

	if (!own_container(q) || !read_body(q, &v)) {
		return false;
	}
	if (value_truthy(value_get(v, STR("Privileged")))) {
		return refuse(q, STR("privileged exec"));
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct value part = value_get(v, keys[i]);

		if (part.kind != VALUE_NULL) {
			vobject_set(q->a, o, keys[i], part);
		}
	}
	return write_body(q, value_object(o));
}

static bool labels_of(struct asked *q, struct value given, struct vobject **out)
{
	*out = vobject_new(q->a, true);
	for (size_t i = 0; given.kind == VALUE_OBJECT && i < given.u.o->n; i++) {
		vobject_set(q->a, *out, given.u.o->v[i].key, given.u.o->v[i].value);
	}
	docker_gate_label(q->a, q->g, *out);
	return true;
}

static bool create_volume(struct asked *q)
{
	struct vobject *o = vobject_new(q->a, true), *labels = NULL;
	struct value v;

	if (!read_body(q, &v)) {
		return false;
	}

	struct value driver = value_get(v, STR("Driver"));
	struct value options = value_get(v, STR("DriverOpts"));
	struct value name = value_get(v, STR("Name"));

	if ((driver.kind == VALUE_STRING && driver.u.s.len && !str_eq(driver.u.s, STR("local"))) ||
	    (options.kind == VALUE_OBJECT && options.u.o->n > 0)) {
		return refuse(q, STR("a volume with a driver's options"));
	}
	if (name.kind == VALUE_STRING && name.u.s.len) {
		q->name = name.u.s;
		if (!own_volume(q)) {
			return false;
		}
		vobject_set(q->a, o, STR("Name"), name);
	}
	(void)labels_of(q, value_get(v, STR("Labels")), &labels);
	vobject_set(q->a, o, STR("Labels"), value_object(labels));
	return write_body(q, value_object(o));
}

static bool create_network(struct asked *q)
{
	static const struct str keys[] = { STR_INIT("Name"),           STR_INIT("Internal"),
					   STR_INIT("Attachable"),     STR_INIT("EnableIPv6"),
					   STR_INIT("CheckDuplicate"), STR_INIT("IPAM") };
	struct vobject *o = vobject_new(q->a, true), *labels = NULL;
	struct value v;

	if (!read_body(q, &v)) {
		return false;
	}

	struct value driver = value_get(v, STR("Driver"));
	struct value options = value_get(v, STR("Options"));

	if ((driver.kind == VALUE_STRING && driver.u.s.len && !str_eq(driver.u.s, STR("bridge"))) ||
	    (options.kind == VALUE_OBJECT && options.u.o->n > 0)) {
		return refuse(q, STR("a network with another driver, or options"));
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct value part = value_get(v, keys[i]);

		if (part.kind != VALUE_NULL) {
			vobject_set(q->a, o, keys[i], part);
		}
	}
	(void)labels_of(q, value_get(v, STR("Labels")), &labels);
	vobject_set(q->a, o, STR("Labels"), value_object(labels));
	return write_body(q, value_object(o));
}

/* Both the network and the container that is put into it. */
static bool connect_network(struct asked *q)
{
	struct value v;

	if (!own_network(q) || !read_body(q, &v)) {
		return false;
	}

	struct value container = value_get(v, STR("Container"));

	if (container.kind != VALUE_STRING) {
		return refuse(q, STR("no container is named"));
	}
	q->name = container.u.s;
	return own_container(q) && write_body(q, v);
}

static bool commit(struct asked *q)
{
	const struct str *container = http_query(q->r, STR("container"));

	q->name = container ? *container : STR_EMPTY;
	return own_container(q);
}

static bool build(struct asked *q)
{
	static const struct str forbidden[] = { STR_INIT("securityopt"), STR_INIT("cgroupparent") };
	const struct str *network = http_query(q->r, STR("networkmode"));
	const struct str *given = http_query(q->r, STR("labels"));
	struct vobject *labels = NULL;
	struct value v = value_null();
	struct err ignored = ERR_INIT;
	struct strbuf text = STRBUF_INIT(0);

	if (network && !docker_gate_network(q->a, q->g, *network)) {
		return refuse(q, arena_printf(q->a, "a build in the network \"%.*s\"",
					      STR_ARG(*network)));
	}
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const struct str *value = http_query(q->r, forbidden[i]);

		if (value && value->len && !str_eq(*value, STR("[]")) &&
		    !str_eq(*value, STR("null"))) {
			return refuse(
				q, arena_printf(q->a, "a build with %.*s", STR_ARG(forbidden[i])));
		}
	}
	if (given && given->len && !value_from_json_strict(q->a, *given, &v, &ignored)) {
		err_release(&ignored);
	}
	/* Not of the run: the same build shall be the same image each time. */
	labels = vobject_new(q->a, true);
	for (size_t i = 0; v.kind == VALUE_OBJECT && i < v.u.o->n; i++) {
		vobject_set(q->a, labels, v.u.o->v[i].key, v.u.o->v[i].value);
	}
	vobject_set(q->a, labels, STR("act-c.home"), value_str(q->g->home));
	value_to_json_line(&text, value_object(labels));
	http_set_query(q->a, q->r, STR("labels"), arena_str(q->a, strbuf_str(&text)));
	/* The containers of its steps bear no label. */
	http_set_query(q->a, q->r, STR("forcerm"), STR("1"));
	strbuf_release(&text);
	return true;
}

static bool nothing_to_prune(struct asked *q)
{
	q->out->answer = true;
	q->out->message = STR("{\"CachesDeleted\":[],\"SpaceReclaimed\":0}");
	return true;
}

static bool tunnel(struct asked *q)
{
	q->out->tunnel = true;
	return true;
}

static bool buildkit(struct asked *q)
{
	q->out->tunnel = q->out->guarded = true;
	return true;
}

/* `docker inspect` asks for a name of any kind, this last: a job sees none of the daemon's. */
static bool no_plugin(struct asked *q)
{
	q->out->missing = true;
	return refuse(q, arena_printf(q->a, "plugin \"%.*s\" not found", STR_ARG(q->name)));
}

static bool pass(struct asked *q)
{
	(void)q;
	return true;
}

/* --- the table -------------------------------------------------------------------------------- */

enum { READS_BODY = 1, MANY = 2 /* `*` may hold slashes */ };

static const struct rule {
	const char *method;
	const char *before, *after; /* what is around `*`; after NULL: there is no `*` */
	check_fn *check;
	int how;
} rules[] = {
	{ "GET", "/_ping", NULL, pass, 0 },
	{ "GET", "/version", NULL, pass, 0 },
	{ "GET", "/info", NULL, pass, 0 },
	{ "GET", "/events", NULL, own_list, 0 },
	{ "GET", "/system/df", NULL, pass, 0 },
	{ "POST", "/auth", NULL, pass, READS_BODY },
	{ "GET", "/containers/json", NULL, own_list, 0 },
	{ "POST", "/containers/prune", NULL, own_list, 0 },
	{ "POST", "/containers/create", NULL, create_container, READS_BODY },
	{ "POST", "/containers/", "/exec", exec_create, READS_BODY },
	{ "POST", "/containers/", "/start", start_container, READS_BODY },
	{ "POST", "/containers/", "/attach", tunnel_to_container, 0 },
	{ "GET", "/containers/", "/attach/ws", tunnel_to_container, 0 },
	{ "POST", "/containers/", "/resize", own_container, 0 },
	{ "POST", "/containers/", "/stop", own_container, 0 },
	{ "POST", "/containers/", "/restart", own_container, 0 },
	{ "POST", "/containers/", "/kill", own_container, 0 },
	{ "POST", "/containers/", "/rename", own_container, 0 },
	{ "POST", "/containers/", "/pause", own_container, 0 },
	{ "POST", "/containers/", "/unpause", own_container, 0 },
	{ "POST", "/containers/", "/wait", own_container, 0 },
	{ "GET", "/containers/", "/json", own_container, 0 },
	{ "GET", "/containers/", "/top", own_container, 0 },
	{ "GET", "/containers/", "/logs", own_container, 0 },
	{ "GET", "/containers/", "/changes", own_container, 0 },
	{ "GET", "/containers/", "/export", own_container, 0 },
	{ "GET", "/containers/", "/stats", own_container, 0 },
	{ "GET", "/containers/", "/archive", own_container, 0 },
	{ "PUT", "/containers/", "/archive", own_container, 0 },
	{ "DELETE", "/containers/", "", own_container, 0 },
	{ "GET", "/exec/", "/json", own_exec, 0 },
	{ "POST", "/exec/", "/start", own_exec, 0 },
	{ "POST", "/exec/", "/resize", own_exec, 0 },
	{ "POST", "/commit", NULL, commit, 0 },
	{ "POST", "/build", NULL, build, 0 },
	{ "POST", "/build/cancel", NULL, pass, 0 },
	{ "POST", "/build/prune", NULL, nothing_to_prune, 0 },
	{ "POST", "/session", NULL, tunnel, 0 },
	{ "POST", "/grpc", NULL, buildkit, 0 },
	{ "POST", "/images/prune", NULL, own_list, 0 },
	{ "POST", "/images/create", NULL, pass, 0 },
	{ "POST", "/images/load", NULL, pass, 0 },
	{ "POST", "/images/", "/push", pass, MANY },
	{ "POST", "/images/", "/tag", pass, MANY },
	{ "GET", "/images/", "", pass, MANY },
	{ "DELETE", "/images/", "", own_image, MANY },
	{ "GET", "/distribution/", "/json", pass, MANY },
	{ "GET", "/volumes", NULL, own_list, 0 },
	{ "POST", "/volumes/create", NULL, create_volume, READS_BODY },
	{ "POST", "/volumes/prune", NULL, own_list, 0 },
	{ "GET", "/volumes/", "", own_volume, 0 },
	{ "DELETE", "/volumes/", "", own_volume, 0 },
	{ "GET", "/networks", NULL, pass, 0 },
	{ "POST", "/networks/create", NULL, create_network, READS_BODY },
	{ "POST", "/networks/prune", NULL, own_list, 0 },
	{ "POST", "/networks/", "/connect", connect_network, READS_BODY },
	{ "POST", "/networks/", "/disconnect", connect_network, READS_BODY },
	{ "GET", "/networks/", "", pass, 0 },
	{ "DELETE", "/networks/", "", own_network, 0 },
	{ "GET", "/plugins/", "/json", no_plugin, MANY },
};

static bool same_method(struct str asked, const char *rule)
{
	return str_eq(asked, str_of(rule)) ||
	       (str_eq(asked, STR("HEAD")) && strcmp(rule, "GET") == 0);
}

static bool fits(const struct rule *rule, const struct http_request *r, struct str *name)
{
	struct str before = str_of(rule->before), after = str_of(rule->after);

	*name = STR_EMPTY;
	if (!same_method(r->method, rule->method)) {
		return false;
	}
	if (!rule->after) {
		return str_eq(r->path, before);
	}
	if (r->path.len <= before.len + after.len || !str_starts(r->path, before) ||
	    !str_ends(r->path, after)) {
		return false;
	}
	*name = str_slice(r->path, before.len, r->path.len - after.len);
	return (rule->how & MANY) || str_chr(*name, '/', 0) == STR_NPOS;
}

static const struct rule *find(const struct http_request *r, struct str *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (fits(&rules[i], r, name)) {
			return &rules[i];
		}
	}
	return NULL;
}

bool docker_gate_reads_body(const struct http_request *r)
{
	struct str ignored;
	const struct rule *rule = find(r, &ignored);

	return rule && (rule->how & READS_BODY);
}

/* The daemon reads parameters from such bodies too, and they would win over those of the query. */
static bool is_form(const struct http_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++) {
		if (str_ieq(r->headers[i].name, STR("content-type")) &&
		    (str_ieq(str_slice(r->headers[i].value, 0, 33),
			     STR("application/x-www-form-urlencoded")) ||
		     str_ieq(str_slice(r->headers[i].value, 0, 10), STR("multipart/")))) {
			return true;
		}
	}
	return false;
}

static void pass_all(struct asked *q, const struct rule *rule)
{
	struct value v, rewritten = value_null();

	q->out->tunnel = q->r->upgrade;
	q->out->started = rule && rule->check == start_container ? q->name : STR_EMPTY;
	if (rule && rule->check == create_container && read_body(q, &v) &&
	    docker_gate_translate(q->a, q->g, v, &rewritten)) {
		(void)write_body(q, rewritten);
	} else if (docker_gate_reads_body(q->r)) {
		q->out->replaced = true;
		q->out->body = q->body;
	}
}

void docker_gate(struct arena *a, const struct docker_gate *g, struct http_request *r,
		 struct str body, struct gate_pass *out)
{
	struct asked q = { .a = a, .g = g, .r = r, .body = body, .out = out, .why = STR_EMPTY };
	const struct rule *rule = find(r, &q.name);
	bool ok = false;

	*out = (struct gate_pass){ .message = STR_EMPTY, .body = STR_EMPTY, .started = STR_EMPTY };
	if (g->full) {
		pass_all(&q, rule);
		return;
	}
	if (!rule || is_form(r)) {
		q.why = arena_printf(a, "%.*s %.*s", STR_ARG(r->method), STR_ARG(r->path));
	} else {
		ok = rule->check(&q);
	}
	if (!ok) {
		bool missing = out->missing;

		*out = (struct gate_pass){
			.refused = true,
			.missing = missing,
			.message = missing ? q.why : docker_gate_refusal(a, q.why),
		};
	}
	r->upgrade = r->upgrade && out->tunnel;
}
