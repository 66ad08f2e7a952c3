/*
 * cmd_hook.c - `act-c hook`: install, uninstall, status. What the hook itself does is hook_run.c.
 */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hook_run.h"

struct action {
	struct str name;
	int (*run)(struct options *o);
};

static bool wanted(const struct options *o, enum hook_kind kind, bool neither)
{
	if (!o->pre_push && !o->pre_commit) {
		return neither;
	}
	return kind == HOOK_PRE_PUSH ? o->pre_push : o->pre_commit;
}

static struct str this_program(struct arena *a)
{
	char *path = realpath("/proc/self/exe", NULL);
	struct str program = path ? arena_str(a, str_of(path)) : STR("act-c");

	free(path);
	return program;
}

static void say_if_shared(struct str dir)
{
	char here[PATH_MAX];

	/* A hooks directory of core.hooksPath that is elsewhere serves other repositories too. */
	if (realpath(".", here) && str_find(dir, STR("/.git"), 0) == STR_NPOS &&
	    !str_starts(dir, str_of(here))) {
		(void)printf("%.*s is core.hooksPath: the hook runs in every repository that uses "
			     "it\n",
			     STR_ARG(dir));
	}
}

static int install(struct options *o)
{
	struct str program = this_program(&o->arena), dir;
	struct err err = ERR_INIT;
	bool chained = false;

	if (!hook_directory(&o->arena, &dir, &err)) {
		return cli_fail(&err);
	}
	for (enum hook_kind kind = 0; kind < HOOK_KINDS; kind++) {
		if (!wanted(o, kind, kind == HOOK_PRE_PUSH)) {
			continue;
		}
		if (!hook_install(&o->arena, dir, kind, program, &chained, &err)) {
			return cli_fail(&err);
		}
		(void)printf("%.*s is installed in %.*s%s\n", STR_ARG(hook_names[kind]),
			     STR_ARG(dir), chained ? "; the one before it runs first" : "");
	}
	say_if_shared(dir);
	return EXIT_OK;
}

static int uninstall(struct options *o)
{
	struct err err = ERR_INIT;
	struct str dir;

	if (!hook_directory(&o->arena, &dir, &err)) {
		return cli_fail(&err);
	}
	for (enum hook_kind kind = 0; kind < HOOK_KINDS; kind++) {
		enum hook_state was = HOOK_NONE;

		if (!wanted(o, kind, true)) {
			continue;
		}
		if (!hook_uninstall(&o->arena, dir, kind, &was, &err)) {
			return cli_fail(&err);
		}
		if (was == HOOK_OURS || was == HOOK_CHAINED) {
			(void)printf("%.*s is removed%s\n", STR_ARG(hook_names[kind]),
				     was == HOOK_CHAINED ? "; the one before it is back" : "");
		}
	}
	return EXIT_OK;
}

static int status(struct options *o)
{
	static const char *const words[] = {
		[HOOK_NONE] = "not installed",
		[HOOK_OURS] = "installed",
		[HOOK_CHAINED] = "installed, after the one that was there before",
		[HOOK_FOREIGN] = "not installed; there is one that is not act-c's",
	};
	struct err err = ERR_INIT;
	struct str dir;

	if (!hook_directory(&o->arena, &dir, &err)) {
		return cli_fail(&err);
	}
	(void)printf("hooks directory: %.*s\n", STR_ARG(dir));
	for (enum hook_kind kind = 0; kind < HOOK_KINDS; kind++) {
		(void)printf("%.*s: %s\n", STR_ARG(hook_names[kind]),
			     words[hook_state(&o->arena, dir, kind)]);
	}
	return EXIT_OK;
}

static const struct action actions[] = {
	{ STR_INIT("install"), install },
	{ STR_INIT("uninstall"), uninstall },
	{ STR_INIT("status"), status },
	{ STR_INIT("run"), hook_run },
};

int cmd_hook(struct options *o)
{
	struct str name = o->nargs ? o->args[0] : STR_EMPTY;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!str_eq(name, actions[i].name)) {
			continue;
		}
		if (o->nargs > 1 && actions[i].run != hook_run) {
			return cli_usage(o, "'act-c hook %.*s' does not take '%.*s'", STR_ARG(name),
					 STR_ARG(o->args[1]));
		}
		return actions[i].run(o);
	}
	return cli_usage(o, "'act-c hook' wants install, uninstall, status or run");
}
