/* Tests of which calls send the daemon to its own localhost (docker_registry.c). */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "engine/docker_socket.h"

static const struct {
	const char *method, *path, *name, *value; /* of the query */
	const char *body;
	unsigned port; /* 0: to none */
} calls[] = {
	{ "POST", "/images/localhost:5000/demo/push", "tag", "1", "", 5000 },
	{ "POST", "/images/127.0.0.2:5001/a/b/push", "tag", "1", "", 5001 },
	{ "POST", "/images/[::1]:5002/demo/push", "tag", "1", "", 5002 },
	{ "POST", "/images/LocalHost/demo/push", "tag", "1", "", 80 },
	{ "POST", "/images/localhost:5000/push", "tag", "1", "", 0 }, /* a name and a tag */
	{ "POST", "/images/localhost/push", "tag", "1", "", 0 },
	{ "POST", "/images/registry.example.com:5000/demo/push", "tag", "1", "", 0 },
	{ "POST", "/images/localhost:x/demo/push", "tag", "1", "", 0 },
	{ "POST", "/images/localhost:70000/demo/push", "tag", "1", "", 0 },
	{ "POST", "/images/localhost:5000/demo/tag", "repo", "x", "", 0 },
	{ "POST", "/images/create", "fromImage", "localhost:5000/demo", "", 5000 },
	{ "POST", "/images/create", "fromImage", "debian", "", 0 },
	{ "POST", "/images/create", "fromSrc", "-", "", 0 },
	{ "GET", "/distribution/localhost:5000/demo:1/json", "a", "b", "", 5000 },
	{ "GET", "/images/localhost:5000/demo/json", "a", "b", "", 0 },
	{ "POST", "/auth", "a", "b", "{\"serveraddress\":\"localhost:5000\"}", 5000 },
	{ "POST", "/auth", "a", "b", "{\"serveraddress\":\"http://127.0.0.1:5003/v2/\"}", 5003 },
	{ "POST", "/auth", "a", "b", "{\"serveraddress\":\"ghcr.io\"}", 0 },
	{ "POST", "/auth", "a", "b", "none", 0 },
};

ParameterizedTestParameters(docker_registry, calls)
{
	static size_t at[sizeof(calls) / sizeof(calls[0])];

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		at[i] = i;
	}
	return cr_make_param_array(size_t, at, sizeof(at) / sizeof(at[0]));
}

ParameterizedTest(size_t *at, docker_registry, calls)
{
	struct arena a = ARENA_INIT;
	struct http_pair query = { str_of(calls[*at].name), str_of(calls[*at].value) };
	struct http_request r = { .method = str_of(calls[*at].method),
				  .path = str_of(calls[*at].path),
				  .query = &query,
				  .nquery = 1 };
	unsigned port = 0;
	bool local = docker_registry_local(&a, &r, str_of(calls[*at].body), &port);

	cr_expect_eq(local, calls[*at].port != 0, "row %zu", *at);
	cr_expect(!local || port == calls[*at].port, "row %zu: port %u", *at, port);
	arena_release(&a);
}
