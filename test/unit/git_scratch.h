/*
 * git_scratch.h - a directory of its own for each test that works on real git repositories, with a
 * home of its own: neither the user's nor the machine's git configuration counts.
 */
#ifndef GIT_SCRATCH_H
#define GIT_SCRATCH_H

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <git2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/repo.h"
#include "actc/strbuf.h"

struct scratch {
	struct arena arena;
	char dir[64];
	int made;
};

static struct scratch scratch;

/* Runs a script with `set -e` in the scratch directory and returns what it prints, trimmed. */
__attribute__((format(printf, 1, 2), unused)) static struct str sh(const char *fmt, ...)
{
	struct strbuf out = STRBUF_INIT(0);
	char buf[4096];
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	struct str script = arena_vprintf(&scratch.arena, fmt, ap);
	va_end(ap);

	const char *path = arena_printf(&scratch.arena, "%s/script", scratch.dir).p;
	FILE *file = fopen(path, "w");

	cr_assert(file);
	(void)fprintf(file, "set -e\n%s\n", script.p);
	(void)fclose(file);

	FILE *pipe =
		popen(arena_printf(&scratch.arena, "cd %s && sh script 2>&1", scratch.dir).p, "r");

	cr_assert(pipe);
	while ((n = fread(buf, 1, sizeof(buf), pipe)) > 0) {
		(void)strbuf_add(&out, buf, n);
	}

	int status = pclose(pipe);
	struct str said = arena_str(&scratch.arena, str_trim(strbuf_str(&out)));

	strbuf_release(&out);
	cr_assert_eq(status, 0, "%s\n-> %s", script.p, said.p);
	return said;
}

/* Criterion itself uses libgit2, which has looked at HOME before the test could set it. */
__attribute__((unused)) static void move_libgit2_home(void)
{
	void *found = dlsym(RTLD_DEFAULT, "git_libgit2_opts");
	__typeof__(git_libgit2_opts) *opts;

	memcpy(&opts, &found, sizeof(opts));
	if (opts) {
		(void)opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL, scratch.dir);
	}
}

__attribute__((unused)) static void scratch_open(void)
{
	(void)snprintf(scratch.dir, sizeof(scratch.dir), "/tmp/act-c-test-XXXXXX");
	cr_assert(mkdtemp(scratch.dir));
	(void)setenv("HOME", scratch.dir, 1);
	(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	(void)unsetenv("XDG_CONFIG_HOME");
	move_libgit2_home();
	(void)sh("cat > .gitconfig <<'E'\n[user]\n\tname = Ada\n\temail = ada@example.org\n"
		 "[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\nE");
}

__attribute__((unused)) static void scratch_close(void)
{
	(void)sh("chmod -R u+rwX . && cd / && rm -rf %s", scratch.dir);
	arena_release(&scratch.arena);
}

__attribute__((unused)) static struct str at(const char *name)
{
	return arena_printf(&scratch.arena, "%s/%s", scratch.dir, name);
}

/* Everything of a directory: names, modes, sizes, contents, and when it was last written. */
__attribute__((unused)) static struct str fingerprint(const char *name)
{
	return sh("cd '%s'; find . -printf '%%p %%y %%m %%s %%T@ %%C@\\n' | sort; "
		  "find . -type f -exec sha1sum {} + | sort",
		  name);
}

__attribute__((unused)) static struct repo_facts facts_of(const char *name)
{
	struct err err = ERR_INIT;
	struct repo_facts facts;

	cr_assert(repo_read(&scratch.arena, at(name), STR_EMPTY, &facts, &err), "%s", err.msg);
	return facts;
}

/* A snapshot of a directory, below a new one. */
__attribute__((unused)) static struct snapshot snap(const char *name)
{
	struct repo_facts facts = facts_of(name);
	struct err err = ERR_INIT;
	struct snapshot s;
	const char *dir = arena_printf(&scratch.arena, "snap%d", scratch.made++).p;

	cr_assert(snapshot_make(&scratch.arena, &facts, at(name), at(dir), &s, &err), "%s",
		  err.msg);
	cr_assert(str_starts(s.git_dir, at(dir)));
	cr_assert(snapshot_ready(&scratch.arena, &s, &err), "%s", err.msg);
	return s;
}

#define assert_str(actual, expected)                                              \
	do {                                                                      \
		struct str actual_ = (actual), expected_ = str_of(expected);      \
		cr_assert(str_eq(actual_, expected_), "\"%.*s\" is not \"%.*s\"", \
			  STR_ARG(actual_), STR_ARG(expected_));                  \
	} while (0)

#endif
