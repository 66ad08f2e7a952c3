/*
 * cmd_clean.c - `act-c clean`: takes away what ended runs left, at the engine and in the state
 * directory.
 */
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

#include "actc/action_store.h"
#include "actc/file.h"
#include "actc/node_store.h"
#include "actc/rundir.h"

static const char question[] =
	"Remove what every act-c left at this engine, other users' and other machines' too, except "
	"of runs that have a running container? [y/N] ";

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_NONE };

static enum answer ask(const struct options *o)
{
	char line[16] = "";

	if (o->yes) {
		return ANSWER_YES;
	}
	if (!isatty(STDIN_FILENO)) {
		return ANSWER_NONE;
	}
	(void)fputs(question, stderr);
	(void)fflush(stderr);
	if (!fgets(line, sizeof(line), stdin)) {
		(void)fputc('\n', stderr);
	}
	return line[0] == 'y' || line[0] == 'Y' ? ANSWER_YES : ANSWER_NO;
}

static const char *plural(int n)
{
	return n == 1 ? "" : "s";
}

/* What the state directory says about unswept runs is kept when there was no sweep. */
static int clean_runs_only(const struct rundir *home, const char *engine, struct err *err)
{
	int runs = rundir_leftovers(home) ? 0 : rundir_prune(home, 0);

	(void)printf("removed %d run director%s\n", runs, runs == 1 ? "y" : "ies");
	(void)fprintf(stderr, "act-c: nothing was removed at %s: %s\n", engine, err->msg);
	err_release(err);
	return EXIT_ENGINE;
}

static void clean_actions(struct options *o)
{
	struct action_store *store = action_store_open(
		&o->arena, &(struct action_store_spec){ .dir = STR_EMPTY, .server = STR_EMPTY });
	struct err err = ERR_INIT;
	struct action_kept *v = NULL;
	size_t n = 0;
	int removed = 0;

	(void)action_store_list(&o->arena, store, &v, &n, &err);
	for (size_t i = 0; i < n && err.kind == ERR_NONE; i++) {
		removed += action_store_remove(store, &v[i], &err);
	}
	(void)printf("removed %d action%s\n", removed, plural(removed));
	if (err.kind != ERR_NONE) {
		(void)fprintf(stderr, "act-c: %s\n", err.msg);
	}
	err_release(&err);
}

int cmd_clean(struct options *o)
{
	const struct engine *engine = engine_by_name(o->engine);
	struct rundir home;
	struct err err = ERR_INIT;
	bool all = o->all;

	if (!rundir_home(&o->arena, &home, &err)) {
		return cli_fail(&err);
	}
	if (all) {
		enum answer answer = ask(o);

		if (answer == ANSWER_NONE) {
			return cli_usage(o, "--all asks first, and there is no terminal: answer it "
					    "with --yes");
		}
		all = answer == ANSWER_YES;
	}
	if (o->cache) {
		clean_actions(o);
	}

	int things = engine->sweep(&home, all, o->cache, &err);

	if (things < 0) {
		return clean_runs_only(&home, engine->name, &err);
	}
	rundir_swept(&home, "");

	struct str externals = node_store_dir(&o->arena);

	if (o->cache && externals.len && !remove_tree(externals.p, &err)) {
		return cli_fail(&err);
	}

	int runs = rundir_prune(&home, 0);

	(void)printf("removed %d thing%s at %s, %d run director%s\n", things, plural(things),
		     engine->name, runs, runs == 1 ? "y" : "ies");
	return EXIT_OK;
}
