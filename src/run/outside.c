/*
 * outside.c - see outside.h. Where a program looks for authorities is told by the variables that
 * the usual ones read, so that nothing of the image is changed.
 */
#include "outside.h"

#include "actc/environment.h"
#include "containers.h"
#include "services.h"

enum { BUNDLE_MAX = 4 * 1024 * 1024 };

bool outside_closed(const struct job *job)
{
	const struct environment *rules = job->leg->rules;

	return job->run->request->machine.no_egress || (rules && rules->no_egress);
}

static bool take_error(struct job *job, struct err *err, struct str *why)
{
	*why = arena_str(&job->arena, str_of(err->msg));
	err_release(err);
	return false;
}

/* --- stand-ins -------------------------------------------------------------------------------- */

/* The names mean the job's own localhost there (machine_spec.hosts). */
static bool stand_in(struct job *job, struct str *why)
{
	static const struct {
		const char *listen;
		enum services_socket to;
	} doors[] = { { "tcp:127.0.0.1:80", SOCKET_PLAIN }, { "tcp:127.0.0.1:443", SOCKET_TLS } };
	struct err err = ERR_INIT;

	if (job->run->request->nstand_ins == 0) {
		return true;
	}
	if (!job->run->services) {
		*why = STR("there is no process for the stand-ins");
		return false;
	}
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (!channel_forward(job->channel, str_of(doors[i].listen),
				     services_dial(job->run->services, &job->arena, doors[i].to),
				     false, &err)) {
			(void)err_wrap(&err, "stand-ins");
			return take_error(job, &err, why);
		}
	}
	return true;
}

/* --- authorities ------------------------------------------------------------------------------ */

/* What the image trusts, for when nothing else is to be added to. */
static struct str own_bundle(struct job *job)
{
	static const struct str places[] = { STR_INIT("/etc/ssl/certs/ca-certificates.crt"),
					     STR_INIT("/etc/pki/tls/certs/ca-bundle.crt"),
					     STR_INIT("/etc/ssl/cert.pem") };
	struct file_content files[sizeof(places) / sizeof(places[0])] = { 0 };
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		files[i].path = places[i];
	}
	if (channel_read(job->channel, &job->arena, files, sizeof(files) / sizeof(files[0]),
			 BUNDLE_MAX, &ignored)) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			if (files[i].found && !files[i].too_large) {
				return files[i].content;
			}
		}
	}
	err_release(&ignored);
	return STR_EMPTY;
}

static void write_bundle(struct job *job)
{
	const struct run_request *r = job->run->request;
	struct arena *a = &job->arena;
	struct str bundle = r->ca_bundle, ca = STR_EMPTY;

	if (r->nstand_ins && job->run->services) {
		ca = services_spec(job->run->services)->identity.ca;
		bundle = bundle.len ? bundle : own_bundle(job);
	}
	if (bundle.len == 0 && ca.len == 0) {
		return;
	}
	job->ca_file = arena_printf(a, "%.*s/_act-c-ca.pem", STR_ARG(job->shown->temp));
	channel_write(job->channel, containers_path(job, a, job->ca_file), 0644, false,
		      ca.len ? arena_printf(a, "%.*s\n%.*s", STR_ARG(bundle), STR_ARG(ca))
			     : bundle);
}

/* --- proxies ---------------------------------------------------------------------------------- */

/* What a proxy's address means that names no port. */
static const char *default_port(struct str url)
{
	return str_ieq(str_slice(url, 0, 8), STR("https://")) ? "443"
	       : str_ieq(str_slice(url, 0, 5), STR("socks"))  ? "1080"
							      : "80";
}

/* "http://user:password@127.0.0.1:3128/" as "127.0.0.1" and "3128", when that is this machine. */
static bool on_this_machine(struct str url, struct str *host, struct str *port)
{
	static const struct str v6 = STR_INIT("[::1]");

	size_t scheme = str_find(url, STR("://"), 0), at;
	struct str rest = scheme == STR_NPOS ? url : str_slice(url, scheme + 3, url.len);

	rest = str_cut(&rest, '/');
	while ((at = str_chr(rest, '@', 0)) != STR_NPOS) {
		rest = str_slice(rest, at + 1, rest.len);
	}

	*port = rest;
	if (str_starts(rest, v6)) {
		*host = v6;
		*port = str_slice(rest, v6.len, rest.len);
		(void)str_cut(port, ':');
	} else {
		*host = str_cut(port, ':');
	}
	*port = port->p ? *port : str_of(default_port(url));
	*host = str_ieq(*host, STR("localhost")) ? STR("127.0.0.1") : *host;
	return str_eq(*host, v6) || str_starts(*host, STR("127."));
}

/* The job may have no IPv6, and has a localhost of its own for it. */
static struct str without_v6(struct arena *a, struct str url)
{
	static const struct str address = STR_INIT("[::1]");
	size_t at = str_find(url, address, 0);
	struct str host, port;

	if (!on_this_machine(url, &host, &port) || !str_eq(host, address)) {
		return url;
	}
	return arena_printf(a, "%.*s127.0.0.1%.*s", STR_ARG(str_slice(url, 0, at)),
			    STR_ARG(str_slice(url, at + address.len, url.len)));
}

static bool shares_network(const struct job *job)
{
	return job->engine == &engine_host ||
	       str_eq(job->run->request->machine.network, STR("host"));
}

/* A proxy that listens on this machine's localhost is reached on the job's. Several variables name
 * the same one. */
static void bring_proxies(struct job *job)
{
	const struct settings *s = job->run->request->outside_env;
	struct strbuf done = STRBUF_INIT(0);

	if (shares_network(job) || outside_closed(job)) {
		return;
	}
	for (size_t i = 0; s && i < s->n; i++) {
		struct str host, port, listen, dial;
		struct err err = ERR_INIT;

		if (str_ieq(s->v[i].name, STR("no_proxy")) ||
		    !on_this_machine(s->v[i].value, &host, &port)) {
			continue;
		}
		dial = arena_printf(&job->arena, "tcp:%.*s:%.*s", STR_ARG(host), STR_ARG(port));
		listen = str_starts(host, STR("["))
				 ? arena_printf(&job->arena, "tcp:127.0.0.1:%.*s", STR_ARG(port))
				 : dial;
		if (str_find(strbuf_str(&done), arena_printf(&job->arena, "%s\n", listen.p), 0) !=
		    STR_NPOS) {
			continue;
		}
		(void)strbuf_addf(&done, "%s\n", listen.p);
		if (!channel_forward(job->channel, listen, dial, false, &err)) {
			job_annotate(job, job->set_up_path, "warning",
				     arena_printf(&job->arena, "the proxy %.*s: %s",
						  STR_ARG(s->v[i].name), err.msg));
			err_release(&err);
		}
	}
	strbuf_release(&done);
}

bool outside_open(struct job *job, struct str *why)
{
	if (!stand_in(job, why)) {
		return false;
	}
	write_bundle(job);
	bring_proxies(job);
	return true;
}

/* --- variables -------------------------------------------------------------------------------- */

static const struct str ca_variables[] = {
	STR_INIT("SSL_CERT_FILE"),  STR_INIT("CURL_CA_BUNDLE"),
	STR_INIT("GIT_SSL_CAINFO"), STR_INIT("REQUESTS_CA_BUNDLE"),
	STR_INIT("PIP_CERT"),       STR_INIT("NODE_EXTRA_CA_CERTS"),
	STR_INIT("AWS_CA_BUNDLE"),  STR_INIT("CARGO_HTTP_CAINFO"),
	STR_INIT("DENO_CERT"),      STR_INIT("NIX_SSL_CERT_FILE"),
};

static void set_missing(struct arena *a, struct vobject *env, struct str name, struct str value)
{
	if (!vobject_get(env, name)) {
		vobject_set(a, env, name, value_str(value));
	}
}

/* The job's services are its own, too. */
static struct str with_services(const struct job *job, struct arena *a, struct str list)
{
	for (size_t i = 0; job->containers && i < job->containers->n; i++) {
		list = arena_printf(a, "%.*s,%.*s", STR_ARG(list),
				    STR_ARG(job->containers->services[i].id));
	}
	return list;
}

void outside_env(struct job *job, struct arena *a, struct vobject *env)
{
	const struct settings *s = job->run->request->outside_env;

	for (size_t i = 0; s && i < s->n && !outside_closed(job); i++) {
		struct str value = s->v[i].value;

		value = str_ieq(s->v[i].name, STR("no_proxy")) ? with_services(job, a, value)
			: shares_network(job)                  ? value
							       : without_v6(a, value);
		set_missing(a, env, s->v[i].name, value);
	}
	for (size_t i = 0; job->ca_file.len && i < sizeof(ca_variables) / sizeof(ca_variables[0]);
	     i++) {
		set_missing(a, env, ca_variables[i], job->ca_file);
	}
}
