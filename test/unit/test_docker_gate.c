/*
 * Tests of what a job may ask of docker through its socket: no daemon is needed, a small table
 * answers for it.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine/docker_socket.h"

/* --- a daemon --------------------------------------------------------------------------------- */

#define OWN   "{\"act-c.pod\":\"POD\",\"act-c.home\":\"HOME\"}"
#define OTHER "{\"act-c.pod\":\"POD\",\"act-c.home\":\"ELSE\"}"

static const struct {
	const char *path;
	int status;
	const char *json;
} things[] = {
	{ "/containers/mine/json", 200, "{\"Name\":\"/mine\",\"Config\":{\"Labels\":" OWN "}}" },
	{ "/containers/theirs/json", 200, "{\"Name\":\"/theirs\",\"Config\":{\"Labels\":null}}" },
	{ "/containers/faked/json", 200, "{\"Name\":\"/x\",\"Config\":{\"Labels\":" OTHER "}}" },
	{ "/containers/abc/json", 200, "{\"Name\":\"/JOB\",\"Config\":{\"Labels\":{}}}" },
	{ "/volumes/mine", 200, "{\"Labels\":" OWN "}" },
	{ "/volumes/theirs", 200, "{\"Labels\":null}" },
	{ "/volumes/create", 201, "{}" },
	{ "/networks/mine", 200, "{\"Name\":\"mine\",\"Labels\":" OWN "}" },
	{ "/networks/theirs", 200, "{\"Name\":\"theirs\",\"Labels\":{}}" },
	{ "/exec/mine/json", 200, "{\"ContainerID\":\"mine\"}" },
	{ "/exec/theirs/json", 200, "{\"ContainerID\":\"theirs\"}" },
	{ "/images/mine:1/json", 200, "{\"Config\":{\"Labels\":" OWN "}}" },
	{ "/images/theirs:1/json", 200, "{\"Config\":{\"Labels\":{}}}" },
};

static int ask(void *ctx, struct arena *a, const char *method, struct str path, struct str body,
	       struct value *out)
{
	struct err err = ERR_INIT;

	(void)ctx;
	(void)method;
	(void)body;
	*out = value_null();
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		if (str_eq(path, str_of(things[i].path))) {
			cr_assert(value_from_json_strict(a, str_of(things[i].json), out, &err));
			return things[i].status;
		}
	}
	return 404;
}

static bool place(void *ctx, struct arena *a, struct str path, struct value *mount, struct str *why)
{
	struct vobject *o = vobject_new(a, true);

	(void)ctx;
	*why = STR("outside");
	vobject_set(a, o, STR("Type"), value_str(STR("volume")));
	vobject_set(a, o, STR("At"), value_str(path));
	*mount = value_object(o);
	return str_starts(path, STR("/work"));
}

static const struct docker_gate gate = {
	.run = STR_INIT("RUN"),
	.home = STR_INIT("HOME"),
	.owner = STR_INIT("POD"),
	.machine = STR_INIT("JOB"),
	.network = STR_INIT("POD"),
	.ask = ask,
	.place = place,
};

static void asked(struct arena *a, const char *line, const char *headers, const char *body,
		  struct http_request *r, struct gate_pass *out)
{
	const char *why = "";
	struct str head = arena_printf(a, "%s HTTP/1.1\r\n%s", line, headers);

	cr_assert(http_parse(a, head, r, &why), "%s: %s", line, why);
	docker_gate(a, &gate, r, str_of(body), out);
}

/* --- calls ------------------------------------------------------------------------------------ */

static const struct {
	const char *line;
	const char *body;
	bool passes;
} calls[] = {
	{ "GET /_ping", "", true },
	{ "HEAD /v1.41/_ping", "", true },
	{ "GET /v1.41/containers/json?all=1", "", true },
	{ "GET /containers/mine/json", "", true },
	{ "GET /containers/theirs/json", "", false },
	{ "GET /containers/faked/json", "", false },
	{ "GET /containers/JOB/json", "", true },
	{ "GET /containers/abc/json", "", true },
	{ "GET /containers/no/such/json", "", false },
	{ "POST /containers/theirs/exec", "{}", false },
	{ "POST /containers/mine/exec", "{\"Cmd\":[\"x\"]}", true },
	{ "POST /containers/mine/exec", "{\"Privileged\":true}", false },
	{ "POST /containers/mine/exec", "{\"privileged\":true}", false },
	{ "POST /containers/mine/exec", "[]", false },
	{ "POST /containers/mine/start", "", true },
	{ "POST /containers/theirs/start", "", false },
	{ "DELETE /containers/mine?force=1", "", true },
	{ "DELETE /containers/theirs", "", false },
	{ "GET /containers/theirs/archive?path=/etc", "", false },
	{ "POST /containers/mine/update", "{}", false },
	{ "POST /exec/mine/start", "{}", true },
	{ "POST /exec/theirs/start", "{}", false },
	{ "POST /build?t=x", "", true },
	{ "POST /build?networkmode=host", "", false },
	{ "POST /build?networkmode=h%6fst", "", false },
	{ "POST /build?securityopt=%5B%22seccomp%3Dunconfined%22%5D", "", false },
	{ "POST /build/prune", "", true },
	{ "POST /images/create?fromImage=x", "", true },
	{ "POST /images/a/b:c/push", "", true },
	{ "DELETE /images/mine:1", "", true },
	{ "DELETE /images/theirs:1", "", false },
	{ "POST /images/prune", "", true },
	{ "POST /volumes/create", "{\"Name\":\"new\"}", true },
	{ "POST /volumes/create", "{\"Name\":\"theirs\"}", false },
	{ "POST /volumes/create", "{\"DriverOpts\":{\"device\":\"/\"}}", false },
	{ "POST /volumes/create", "{\"driveropts\":{\"device\":\"/\"}}", false },
	{ "POST /volumes/create", "{\"Driver\":\"nfs\"}", false },
	{ "DELETE /volumes/theirs", "", false },
	{ "POST /networks/create", "{\"Name\":\"x\",\"Driver\":\"bridge\"}", true },
	{ "POST /networks/create", "{\"Name\":\"x\",\"Driver\":\"macvlan\"}", false },
	{ "POST /networks/mine/connect", "{\"Container\":\"mine\"}", true },
	{ "POST /networks/mine/connect", "{\"Container\":\"theirs\"}", false },
	{ "POST /networks/theirs/connect", "{\"Container\":\"mine\"}", false },
	{ "DELETE /networks/theirs", "", false },
	{ "POST /commit?container=theirs", "", false },
	{ "POST /plugins/pull", "", false },
	{ "POST /swarm/init", "", false },
	{ "GET /secrets", "", false },
	{ "POST /containers%2Fcreate", "{\"HostConfig\":{\"Privileged\":true}}", false },
	{ "GET /nowhere", "", false },
};

Test(docker_gate, calls)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct arena a = ARENA_INIT;
		struct http_request r;
		struct gate_pass pass;

		asked(&a, calls[i].line, "", calls[i].body, &r, &pass);
		cr_expect_eq(pass.refused, !calls[i].passes, "%s %s: %s", calls[i].line,
			     calls[i].body, pass.message.p);
		if (pass.refused) {
			cr_expect_neq(str_find(pass.message, STR("--docker-socket full"), 0),
				      STR_NPOS);
		}
		arena_release(&a);
	}
}

static const struct {
	const char *line;
	const char *message;
} absent[] = {
	{ "GET /containers/none/json", "No such container: none" },
	{ "POST /containers/none/start", "No such container: none" },
	{ "DELETE /networks/gone", "No such network: gone" },
	{ "GET /plugins/octo/x/json", "plugin \"octo/x\" not found" },
};

Test(docker_gate, what_is_not_there_is_said_as_the_daemon_says_it)
{
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		struct arena a = ARENA_INIT;
		struct http_request r;
		struct gate_pass pass;

		asked(&a, absent[i].line, "", "", &r, &pass);
		cr_expect(pass.refused && pass.missing, "%s", absent[i].line);
		cr_expect_str_eq(pass.message.p, absent[i].message);
		arena_release(&a);
	}
}

Test(docker_gate, what_bodies_of_forms_say_is_not_read_by_the_daemon)
{
	struct arena a = ARENA_INIT;
	struct http_request r;
	struct gate_pass pass;

	asked(&a, "POST /build?t=x", "Content-Type: Application/X-WWW-Form-Urlencoded; x=y\r\n", "",
	      &r, &pass);
	cr_expect(pass.refused);
	arena_release(&a);
}

Test(docker_gate, lists_are_of_the_job)
{
	struct arena a = ARENA_INIT;
	struct http_request r;
	struct gate_pass pass;
	const struct str *filters;

	asked(&a, "GET /containers/json?filters=%7B%22label%22%3A%5B%22x%22%5D%7D", "", "", &r,
	      &pass);
	filters = http_query(&r, STR("filters"));
	cr_assert_not_null(filters);
	cr_expect_str_eq(filters->p, "{\"label\":{\"x\":true,\"act-c.pod=POD\":true}}");
	arena_release(&a);
}

Test(docker_gate, a_start_takes_no_configuration)
{
	struct arena a = ARENA_INIT;
	struct http_request r;
	struct gate_pass pass;

	asked(&a, "POST /v1.20/containers/mine/start", "", "{\"Privileged\":true}", &r, &pass);
	cr_expect(pass.replaced);
	cr_expect_eq(pass.body.len, 0);
	arena_release(&a);
}

/* --- creations -------------------------------------------------------------------------------- */

static const struct {
	const char *host; /* of HostConfig */
	bool passes;
} hosts[] = {
	{ "", true },
	{ "\"Privileged\":true", false },
	{ "\"privileged\":true", false },
	{ "\"PRIVILEGED\":true,\"Privileged\":false", true }, /* one of them is left */
	{ "\"Privileged\":false,\"PRIVILEGED\":true", false },
	{ "\"Privileged\":1", false },
	{ "\"NetworkMode\":\"host\"", false },
	{ "\"NetworkMode\":\"default\"", true },
	{ "\"NetworkMode\":\"POD\"", true },
	{ "\"NetworkMode\":\"mine\"", true },
	{ "\"NetworkMode\":\"theirs\"", false },
	{ "\"NetworkMode\":\"container:mine\"", true },
	{ "\"NetworkMode\":\"container:theirs\"", false },
	{ "\"PidMode\":\"host\"", false },
	{ "\"PidMode\":\"container:mine\"", true },
	{ "\"IpcMode\":\"host\"", false },
	{ "\"IpcMode\":\"private\"", true },
	{ "\"UTSMode\":\"host\"", false },
	{ "\"UsernsMode\":\"host\"", false },
	{ "\"CgroupnsMode\":\"host\"", false },
	{ "\"CgroupParent\":\"/x\"", false },
	{ "\"Devices\":[{\"PathOnHost\":\"/dev/sda\"}]", false },
	{ "\"Devices\":[]", true },
	{ "\"DeviceRequests\":[{\"Count\":-1}]", false },
	{ "\"DeviceCgroupRules\":[\"a *:* rwm\"]", false },
	{ "\"CapAdd\":[\"SYS_ADMIN\"]", false },
	{ "\"CapAdd\":[\"ALL\"]", false },
	{ "\"CapAdd\":[\"CAP_NET_RAW\",\"chown\"]", true },
	{ "\"SecurityOpt\":[\"seccomp=unconfined\"]", false },
	{ "\"SecurityOpt\":[\"no-new-privileges\"]", true },
	{ "\"MaskedPaths\":[]", false },
	{ "\"MaskedPaths\":null,\"ReadonlyPaths\":null", true },
	{ "\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{}}", true },
	{ "\"LogConfig\":{\"Type\":\"syslog\",\"Config\":{\"syslog-address\":\"unix:///x\"}}",
	  false },
	{ "\"Runtime\":\"other\"", false },
	{ "\"VolumesFrom\":[\"theirs\"]", false },
	{ "\"VolumesFrom\":[\"mine:ro\"]", true },
	{ "\"Links\":[\"theirs:x\"]", false },
	{ "\"Binds\":[\"/work/x:/x\"]", true },
	{ "\"Binds\":[\"/:/host\"]", false },
	{ "\"Binds\":[\"/var/run/docker.sock:/var/run/docker.sock\"]", false },
	{ "\"Binds\":[\"mine:/x\"]", true },
	{ "\"Binds\":[\"new:/x\"]", true },
	{ "\"Binds\":[\"theirs:/x\"]", false },
	{ "\"Binds\":[\"../x:/x\"]", false },
	{ "\"Binds\":\"/:/host\"", false },
	{ "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/\",\"Target\":\"/h\"}]", false },
	{ "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/work\",\"Target\":\"/h\"}]", true },
	{ "\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/h\"}]", true },
	{ "\"Mounts\":[{\"Type\":\"npipe\",\"Target\":\"/h\"}]", false },
	{ "\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/h\",\"VolumeOptions\":{\"DriverConfig\":"
	  "{\"Options\":{\"device\":\"/\"}}}}]",
	  false },
	{ "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"theirs\",\"Target\":\"/h\"}]", false },
	{ "\"SomethingNew\":true", false },
	{ "\"SomethingNew\":false", true },
	{ "\"Memory\":1000000,\"AutoRemove\":true,\"PortBindings\":{}", true },
};

static bool creates(struct arena *a, const char *body, struct str *rewritten, struct str *why)
{
	struct http_request r;
	struct gate_pass pass;

	asked(a, "POST /v1.41/containers/create?name=x", "", body, &r, &pass);
	*rewritten = pass.body;
	*why = pass.message;
	return !pass.refused;
}

Test(docker_gate, creations)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str body, why;
		struct str given =
			arena_printf(&a, "{\"Image\":\"i\",\"HostConfig\":{%s}}", hosts[i].host);

		cr_expect_eq(creates(&a, given.p, &body, &why), hosts[i].passes, "%s: %s",
			     hosts[i].host, why.p);
		arena_release(&a);
	}
}

Test(docker_gate, a_creation_is_written_anew)
{
	struct arena a = ARENA_INIT;
	struct str body, why;

	cr_assert(
		creates(&a,
			"{\"image\":\"i\",\"Privileged\":true,\"Binds\":[\"/:/x\"],\"Cmd\":[\"c\"]"
			",\"Labels\":{\"l\":\"v\",\"act-c.pod\":\"x\"},\"HostConfig\":{\"Binds\":"
			"[\"/work/a:/b:ro\",\"new:/n\"],\"Memory\":5000000000}}",
			&body, &why));
	cr_expect_str_eq(body.p,
			 "{\"Cmd\":[\"c\"],\"Image\":\"i\",\"Labels\":{\"l\":\"v\",\"act-c.pod\":"
			 "\"POD\",\"act-c.run\":\"RUN\",\"act-c.home\":\"HOME\"},\"HostConfig\":{"
			 "\"Binds\":[\"new:/n\"],\"Memory\":5000000000,\"Mounts\":[{\"Type\":"
			 "\"volume\",\"At\":\"/work/a\",\"Target\":\"/b\",\"ReadOnly\":true}]}}");
	arena_release(&a);
}

/* --- heads ------------------------------------------------------------------------------------ */

static const struct {
	const char *head;
	const char *written; /* NULL: refused */
} heads[] = {
	{ "GET /v1.41/info?a=b%20c HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n",
	  "GET /v1.41/info?a=b%20c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" },
	{ "POST /x HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n",
	  "POST /x HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\n" },
	{ "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
	  "POST /x HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ "POST /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n",
	  "POST /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n" },
	{ "GET /x HTTP/1.0\r\n", NULL },
	{ "GET x HTTP/1.1\r\n", NULL },
	{ "GET //x HTTP/1.1\r\n", NULL },
	{ "GET /a/../b HTTP/1.1\r\n", NULL },
	{ "GET /a%2e HTTP/1.1\r\n", "GET /a. HTTP/1.1\r\nConnection: close\r\n\r\n" },
	{ "GET /a/%2e%2e/b HTTP/1.1\r\n", NULL },
	{ "GET /a%2 HTTP/1.1\r\n", NULL },
	{ "GET /a%0db HTTP/1.1\r\n", NULL },
	{ "GET /a%252fb HTTP/1.1\r\n", NULL },
	{ "GET /a?x;y=1 HTTP/1.1\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nA: b\n", NULL },
	{ "GET /a HTTP/1.1\r\n folded: b\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nA : b\r\n", NULL },
	{ "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", NULL },
	{ "POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", NULL },
	{ "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", NULL },
	{ "POST /a HTTP/1.1\r\nContent-Length: +1\r\n", NULL },
	{ "", NULL },
};

Test(docker_gate, heads_are_read_strictly_and_written_anew)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct arena a = ARENA_INIT;
		struct strbuf out = STRBUF_INIT(0);
		struct http_request r;
		const char *why = NULL;
		bool ok = http_parse(&a, str_of(heads[i].head), &r, &why);

		cr_expect_eq(ok, heads[i].written != NULL, "%s", heads[i].head);
		if (ok && heads[i].written) {
			http_write(&out, &r);
			cr_expect_str_eq(out.p, heads[i].written);
		}
		strbuf_release(&out);
		arena_release(&a);
	}
}

Test(docker_gate, chunks_become_whole)
{
	struct strbuf out = STRBUF_INIT(0);

	cr_expect(http_dechunk(STR("3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), &out));
	cr_expect(str_eq(strbuf_str(&out), STR("abc0123456789")));
	strbuf_reset(&out);
	cr_expect_not(http_dechunk(STR("3\r\nabc\r\n"), &out));
	cr_expect_not(http_dechunk(STR("x\r\n"), &out));
	strbuf_release(&out);
}

/* --- BuildKit --------------------------------------------------------------------------------- */

static void add_frame(struct strbuf *b, unsigned type, unsigned flags, struct str payload)
{
	unsigned char head[9] = { 0,
				  (unsigned char)(payload.len >> 8),
				  (unsigned char)payload.len,
				  (unsigned char)type,
				  (unsigned char)flags,
				  0,
				  0,
				  0,
				  1 };

	(void)strbuf_add(b, head, sizeof(head));
	(void)strbuf_adds(b, payload);
}

/* A message, cut into frames of `size` bytes. */
static bool guard_takes(const char *text, size_t size, unsigned flags, char compressed)
{
	struct docker_guard *g = docker_guard_new();
	struct strbuf message = STRBUF_INIT(0), out = STRBUF_INIT(0);
	char head[5] = { compressed, 0, 0, 0, (char)strlen(text) };
	bool ok = true;

	(void)strbuf_add(&message, head, sizeof(head));
	(void)strbuf_adds(&message, str_of(text));
	(void)strbuf_adds(&out, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	add_frame(&out, 4, 0, STR("network.host"));
	for (size_t i = 0; i < message.len; i += size) {
		struct str part = str_slice(strbuf_str(&message), i, i + size);
		char padded[300] = { 2 };

		memcpy(padded + 1, part.p, part.len);
		memcpy(padded + 1 + part.len, "xx", 2);
		add_frame(&out, 0, flags, flags ? str_mk(padded, part.len + 3) : part);
	}
	for (size_t i = 0; i < out.len && ok; i++) {
		ok = docker_guard_takes(g, str_mk(out.p + i, 1));
	}
	strbuf_release(&message);
	strbuf_release(&out);
	free(g);
	return ok;
}

Test(docker_gate, buildkit_may_not_have_the_machines_network)
{
	for (size_t size = 1; size < 40; size++) {
		cr_expect(guard_takes("a solve that wants network and host", size, 0, 0));
		cr_expect_not(guard_takes("entitlements: network.host", size, 0, 0), "%zu", size);
		cr_expect_not(guard_takes("entitlements: network.host", size, 8, 0), "%zu", size);
		cr_expect_not(guard_takes("security.insecure", size, 0, 0), "%zu", size);
		cr_expect_not(guard_takes("anything", size, 0, 1), "compressed");
	}
}

/* --- ports ------------------------------------------------------------------------------------ */

static const struct {
	const char *container, *job; /* of NetworkSettings */
	size_t n;
	unsigned port;
	const char *dial;
} port_cases[] = {
	{ "\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"},{\"HostIp\":"
	  "\"::\",\"HostPort\":\"8080\"}]},\"Networks\":{\"bridge\":{\"IPAddress\":\"10.0.0.3\"}}",
	  "\"Networks\":{\"bridge\":{\"Gateway\":\"10.0.0.1\"}}", 1, 8080, "tcp:10.0.0.3:80" },
	{ "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]},\"Networks\":{\"bridge\":{"
	  "\"IPAddress\":\"10.0.0.3\"}}",
	  "\"Networks\":{\"own\":{\"Gateway\":\"10.1.0.1\"}}", 1, 8080, "tcp:10.1.0.1:8080" },
	{ "\"Ports\":{\"80/tcp\":null,\"53/udp\":[{\"HostPort\":\"53\"}]}",
	  "\"Networks\":{\"own\":{\"Gateway\":\"10.1.0.1\"}}", 0, 0, "" },
	{ "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]}", "\"Networks\":{}", 0, 0, "" },
};

Test(docker_gate, published_ports_are_found)
{
	for (size_t i = 0; i < sizeof(port_cases) / sizeof(port_cases[0]); i++) {
		struct arena a = ARENA_INIT;
		struct value container, job;
		struct err err = ERR_INIT;
		struct docker_port ports[4] = { 0 };

		cr_assert(value_from_json_strict(
			&a, arena_printf(&a, "{\"NetworkSettings\":{%s}}", port_cases[i].container),
			&container, &err));
		cr_assert(value_from_json_strict(
			&a, arena_printf(&a, "{\"NetworkSettings\":{%s}}", port_cases[i].job), &job,
			&err));
		cr_assert_eq(docker_ports_of(container, job, ports, 4), port_cases[i].n, "%zu", i);
		cr_expect_eq(ports[0].port, port_cases[i].port);
		cr_expect_str_eq(ports[0].dial, port_cases[i].dial);
		arena_release(&a);
	}
}
