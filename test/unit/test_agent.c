/*
 * test_agent.c - the agent's parts that look at an image's files: users and memory groups.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* These are not in the library: they belong to the agent's own program. */
#include "../../src/agent/oom.c"
#include "../../src/agent/user.c"
#include "actc/file.h"

static char dir[] = "/tmp/actc-agent-XXXXXX";

static const char *make(struct arena *a, const char *name, const char *content)
{
	struct err err = ERR_INIT;
	struct str path;

	if (strstr(dir, "XXXXXX")) {
		cr_assert(mkdtemp(dir));
	}
	path = arena_printf(a, "%s/%s", dir, name);
	*strrchr((char *)(uintptr_t)path.p, '/') = '\0';
	cr_assert(make_dirs(path.p, 0755, &err), "%s", err.msg);
	((char *)(uintptr_t)path.p)[strlen(path.p)] = '/';
	cr_assert(write_file(path.p, str_of(content), 0644, &err), "%s", err.msg);
	return path.p;
}

static void clean(void)
{
	struct err err = ERR_INIT;

	cr_assert(remove_tree(dir, &err));
}

Test(agent, users_are_looked_up_as_docker_does)
{
	static const struct {
		const char *spec;
		uid_t uid;
		gid_t gid;
		const char *home, *groups, *error;
	} rows[] = {
		{ "runner", 1001, 121, "/home/runner", "121 27 999 ", NULL },
		{ "1001", 1001, 121, "/home/runner", "121 27 999 ", NULL },
		{ "root", 0, 0, "/root", "0 ", NULL },
		{ "1234", 1234, 0, "/", "0 ", NULL },
		{ "1234:5678", 1234, 5678, "/", "5678 ", NULL },
		{ "runner:docker", 1001, 999, "/home/runner", "999 ", NULL },
		{ "runner:0", 1001, 0, "/home/runner", "0 ", NULL },
		{ "nobody-here", 0, 0, NULL, NULL, "\"nobody-here\"" },
		{ "runner:no-group", 0, 0, NULL, NULL, "\"no-group\"" },
	};
	struct arena a = ARENA_INIT;
	const char *passwd = make(&a, "passwd",
				  "root:x:0:0:root:/root:/bin/bash\n"
				  "runner:x:1001:121:,,,:/home/runner:/bin/bash\n");
	const char *group =
		make(&a, "group", "root:x:0:\nsudo:x:27:a,runner\ndocker:x:999:runner\n");

	if (geteuid() != 0) {
		cr_skip_test("only root can become somebody else");
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct user u;
		struct err err = ERR_INIT;
		struct str groups = STR_EMPTY;
		bool ok = user_resolve(&u, &a, str_of(rows[i].spec), passwd, group, &err);

		cr_assert(ok == !rows[i].error, "%s: %s", rows[i].spec, err.msg ? err.msg : "");
		if (!ok) {
			cr_assert(strstr(err.msg, rows[i].error), "%s", err.msg);
			err_release(&err);
			continue;
		}
		for (size_t k = 0; k < u.ngroups; k++) {
			groups =
				arena_printf(&a, "%.*s%u ", STR_ARG(groups), (unsigned)u.groups[k]);
		}
		cr_assert(u.uid == rows[i].uid && u.gid == rows[i].gid, "%s", rows[i].spec);
		cr_assert(str_eq(u.home, str_of(rows[i].home)), "%s", rows[i].spec);
		cr_assert(str_eq(groups, str_of(rows[i].groups)), "%s: %s", rows[i].spec, groups.p);
	}
	clean();
	arena_release(&a);
}

Test(agent, no_user_is_who_one_is)
{
	struct arena a = ARENA_INIT;
	struct user u;
	struct err err = ERR_INIT;

	cr_assert(setenv("HOME", "/somewhere", 1) == 0);
	cr_assert(user_resolve(&u, &a, STR_EMPTY, "/none", "/none", &err));
	cr_assert(u.uid == getuid() && u.gid == getgid());
	cr_assert(str_eq(u.home, STR("/somewhere")));
	arena_release(&a);
}

Test(agent, programs_are_found_on_a_path)
{
	char *found = user_find_program("sh", "/no:/bin");

	cr_assert_str_eq(found, "/bin/sh");
	free(found);
	cr_assert_null(user_find_program("sh", "/no:"));
	cr_assert_null(user_find_program("passwd", "/etc"), "not executable");
}

static uint64_t count(const char *cgroup)
{
	struct oom_watch w;
	uint64_t n;

	oom_open(&w, cgroup, dir);
	n = oom_count(&w);
	if (w.fd >= 0) {
		(void)close(w.fd);
	}
	return n;
}

Test(agent, the_kernels_oom_count_is_found_in_both_versions)
{
	struct arena a = ARENA_INIT;
	const char *v2 = make(&a, "v2", "0::/user.slice/x\n");
	const char *v1 = make(&a, "v1", "12:cpu,memory:/docker/abc\n0::/\n");
	const char *none = make(&a, "none", "1:name=systemd:/\n");

	(void)make(&a, "user.slice/x/memory.events",
		   "low 0\noom 5\noom_kill 3\noom_group_kill 0\n");
	(void)make(&a, "memory/memory.oom_control",
		   "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
	cr_assert(count(v2) == 3);
	cr_assert(count(v1) == 7, "the mount's root is the container's group");
	(void)make(&a, "memory/docker/abc/memory.oom_control", "oom_kill 8\n");
	cr_assert(count(v1) == 8);
	cr_assert(count(none) == 0);
	cr_assert(count("/no/such/file") == 0);
	clean();
	arena_release(&a);
}
