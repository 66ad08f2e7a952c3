/* Unit tests of what a workflow asks of containers: ports, docker's options, registries. */
#include <criterion/criterion.h>

#include "engine/docker.h"
#include "run/containers.h"

/* --- ports ------------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	size_t n; /* 0 = no port */
	unsigned inside, host;
	bool udp;
} port_cases[] = {
	{ "80", 1, 80, 0, false },
	{ "8080:80", 1, 80, 8080, false },
	{ "8080:80/tcp", 1, 80, 8080, false },
	{ "53:53/udp", 1, 53, 53, true },
	{ "80/udp", 1, 80, 0, true },
	{ "127.0.0.1:8080:80", 1, 80, 8080, false },
	{ "127.0.0.1::80", 1, 80, 0, false },
	{ "8000-8002:80-82", 3, 80, 8000, false },
	{ "80-81", 2, 80, 0, false },
	{ "8000-8001:80", 0, 0, 0, false },
	{ "82-80", 0, 0, 0, false },
	{ "0", 0, 0, 0, false },
	{ "70000", 0, 0, 0, false },
	{ "http", 0, 0, 0, false },
	{ "80/sctp", 0, 0, 0, false },
	{ "", 0, 0, 0, false },
	{ "8080:", 0, 0, 0, false },
};

Test(containers, ports_are_read_as_docker_does)
{
	for (size_t i = 0; i < sizeof(port_cases) / sizeof(port_cases[0]); i++) {
		struct arena a = ARENA_INIT;
		struct port *ports = NULL;
		size_t n = 0;
		bool ok = containers_ports(&a, str_of(port_cases[i].text), &ports, &n);

		cr_assert_eq(ok ? n : 0, port_cases[i].n, "%s", port_cases[i].text);
		if (ok) {
			cr_assert_eq(ports[0].inside, port_cases[i].inside);
			cr_assert_eq(ports[0].host, port_cases[i].host, "%s", port_cases[i].text);
			cr_assert_eq(ports[0].udp, port_cases[i].udp);
			cr_assert_eq(ports[n - 1].inside, port_cases[i].inside + n - 1);
		}
		arena_release(&a);
	}
}

/* --- paths ------------------------------------------------------------------------------------ */

Test(containers, paths_are_translated_whole_names_only)
{
	static const char *const pairs[][2] = {
		{ "/home/runner/work/_temp/_github_home/x", "/github/home/x" },
		{ "/home/runner/work/_temp/x", "/__w/_temp/x" },
		{ "/home/runner/work", "/__w" },
		{ "/opt/hostedtoolcache/node", "/__t/node" },
	};
	static const char *const same[] = { "/home/runner/works", "text /home/runner/work", "" };
	struct arena a = ARENA_INIT;
	struct containers c = {
		.npairs = 3,
		.pairs = { { STR("/home/runner/work/_temp/_github_home"), STR("/github/home") },
			   { STR("/home/runner/work"), STR("/__w") },
			   { STR("/opt/hostedtoolcache"), STR("/__t") } },
	};
	struct job job = { .containers = &c };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct str in = containers_path(&job, &a, str_of(pairs[i][0]));

		cr_assert(str_eq(in, str_of(pairs[i][1])), "%.*s", STR_ARG(in));
		cr_assert(str_eq(containers_shown(&job, &a, in), str_of(pairs[i][0])));
	}
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		cr_assert(str_eq(containers_path(&job, &a, str_of(same[i])), str_of(same[i])));
	}
	arena_release(&a);
}

/* --- options ---------------------------------------------------------------------------------- */

static const struct {
	const char *words[3];
	const char *given;   /* the first word that docker gets; "" = none, NULL = refused */
	const char *trusted; /* the same when the user said --privileged */
} option_cases[] = {
	{ { "--cpus", "1" }, "--cpus=1", "--cpus=1" },
	{ { "--cpus=1" }, "--cpus=1", "--cpus=1" },
	{ { "-m2g" }, "--memory=2g", "--memory=2g" },
	{ { "-m", "2g" }, "--memory=2g", "--memory=2g" },
	{ { "--health-cmd", "--privileged" },
	  "--health-cmd=--privileged",
	  "--health-cmd=--privileged" },
	{ { "--init" }, "--init", "--init" },
	{ { "-it" }, NULL, "-it" },
	{ { "-t" }, "", "" },
	{ { "--rm" }, "", "" },
	{ { "--name", "db" }, "--network-alias=db", "--network-alias=db" },
	{ { "-e", "A=b" }, "--env=A=b", "--env=A=b" },
	{ { "-eA=b" }, "--env=A=b", "--env=A=b" },
	{ { "-e", "A" }, NULL, NULL },
	{ { "--cap-add", "SYS_PTRACE" }, "--cap-add=SYS_PTRACE", "--cap-add=SYS_PTRACE" },
	{ { "--cap-add=CAP_SYS_ADMIN" }, NULL, "--cap-add=CAP_SYS_ADMIN" },
	{ { "--privileged" }, NULL, "--privileged" },
	{ { "--privileged=true" }, NULL, "--privileged" },
	{ { "--network", "host" }, NULL, "--network" },
	{ { "--pid=host" }, NULL, "--pid=host" },
	{ { "--mount=type=bind,src=/,dst=/x" }, NULL, "--mount=type=bind,src=/,dst=/x" },
	{ { "-iv", "/:/x" }, NULL, "-iv" },
	{ { "--cpus" }, NULL, "--cpus" },
	{ { "image" }, NULL, "image" },
	{ { "-" }, NULL, "-" },
	{ { "--entrypoint", "x" }, "--entrypoint=x", "--entrypoint=x" },
	{ { "--user", "1:2" }, "--user=1:2", "--user=1:2" },
};

static void check_option(size_t i, bool trusted)
{
	struct arena a = ARENA_INIT;
	struct docker_args args = { .a = &a };
	struct docker_options out = { .user = STR_EMPTY, .trusted = trusted };
	struct container_spec c = { .id = STR("service") };
	struct str words[3];
	struct err err = ERR_INIT;
	const char *want = trusted ? option_cases[i].trusted : option_cases[i].given;

	while (c.noptions < 3 && option_cases[i].words[c.noptions]) {
		words[c.noptions] = str_of(option_cases[i].words[c.noptions]);
		c.noptions++;
	}
	c.options = words;

	bool ok = docker_options(&args, &c, &out, &err);
	const char *got = ok ? (args.list.n ? args.list.v[0] : "") : NULL;

	cr_assert_eq(ok, want != NULL, "%s: %s", words[0].p, err.msg ? err.msg : "accepted");
	cr_assert(!ok || strcmp(got, want) == 0, "%s: %s", words[0].p, got ? got : "");
	err_release(&err);
	arena_release(&a);
}

Test(containers, options_of_a_workflow_stay_inside)
{
	for (size_t i = 0; i < sizeof(option_cases) / sizeof(option_cases[0]); i++) {
		check_option(i, false);
		check_option(i, true);
	}
}

Test(containers, user_of_a_job_container_is_the_steps_user)
{
	struct arena a = ARENA_INIT;
	struct docker_args args = { .a = &a };
	struct docker_options out = { .user = STR_EMPTY };
	struct str words[] = { STR("--user"), STR("1001:121"), STR("--health-cmd"), STR("true") };
	struct container_spec c = { .id = STR_EMPTY, .options = words, .noptions = 4 };
	struct err err = ERR_INIT;

	cr_assert(docker_options(&args, &c, &out, &err));
	cr_assert(str_eq(out.user, STR("1001:121")));
	cr_assert(out.health);
	cr_assert_eq(args.list.n, 1);
	arena_release(&a);
}

/* --- registries ------------------------------------------------------------------------------- */

Test(containers, registry_is_the_image_names_host)
{
	static const char *const cases[][2] = {
		{ "alpine", "" },
		{ "library/alpine:3", "" },
		{ "ghcr.io/x/y:1", "ghcr.io" },
		{ "localhost:5000/x", "localhost:5000" },
		{ "registry.example/x", "registry.example" },
		{ "a/b/c", "a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str host = docker_registry(str_of(cases[i][0]));

		cr_assert(str_eq(host, str_of(cases[i][1])), "%s: %.*s", cases[i][0],
			  STR_ARG(host));
	}
}
