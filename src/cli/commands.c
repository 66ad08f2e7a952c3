/*
 * commands.c - the commands, and the way from argv to one of them.
 *
 * A command's row says all that help and the man page say of it; its code is in cmd_NAME.c. Rows
 * are in the order in which help shows them.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/ansi.h"
#include "options.h"

const struct command commands[] = {
	{ .name = "run",
	  .run = cmd_run,
	  .bit = IN_RUN,
	  .max_args = 1,
	  .args = "[EVENT]",
	  .summary = "Rehearse the workflows that an event starts",
	  .text = "Runs the jobs of the workflows that listen to EVENT, each job in a container of "
		  "its own. Without EVENT it is the only event of the workflow files, else "
		  "push.\n\n"
		  "actions/checkout brings into a job what a commit made now would contain: "
		  "tracked files and files that are not ignored, with their local changes. The "
		  "repository itself is never written.\n\n"
		  "The first Ctrl-C cancels the run as GitHub does, so that steps with always() "
		  "and cancelled() still run; a second one stops at once.",
	  .examples = "  act-c run\n"
		      "  act-c run pull_request -j test --matrix python:3.12\n"
		      "  act-c run -P ubuntu-latest=node:20-bookworm -s TOKEN\n"
		      "  act-c run workflow_dispatch --input level=high\n" },
	{ .name = "plan",
	  .run = cmd_plan,
	  .bit = IN_PLAN,
	  .max_args = 1,
	  .args = "[EVENT]",
	  .summary = "Show what an event would run, and why not the rest",
	  .text = "Shows which workflows EVENT would start here, job by job with the legs of their "
		  "matrix and the image of each, and for every workflow and job that would not run "
		  "the reason: which pattern against which ref, which condition. Secrets and "
		  "variables that are read and were not given are listed. No engine is needed and "
		  "nothing is run.\n\n"
		  "It is assumed that every job that runs succeeds; what depends on an output of a "
		  "job is undecided.\n\n"
		  "The changes of a push are those since the branch's upstream, else since it left "
		  "the default branch, else of the last commit; local changes count.",
	  .examples = "  act-c plan\n"
		      "  act-c plan pull_request --base develop\n"
		      "  act-c plan push --changed-files src/main.c,README.md --json\n" },
	{ .name = "list",
	  .run = cmd_list,
	  .bit = IN_LIST,
	  .max_args = 1,
	  .args = "[EVENT]",
	  .summary = "List the jobs of the workflows",
	  .text = "Shows every job with the jobs it needs and the events that start it; with "
		  "EVENT, only those that it starts. Files that are not valid are reported and do "
		  "not keep the others from being listed.\n\n"
		  "--json gives one object: workflows, each with path, name, events and jobs (id, "
		  "name, needs, whether it has a matrix, the workflow it uses), and the paths of "
		  "invalid files.",
	  .examples = "  act-c list\n"
		      "  act-c list pull_request\n" },
	{ .name = "validate",
	  .run = cmd_validate,
	  .bit = IN_VALIDATE,
	  .max_args = SIZE_MAX,
	  .args = "[FILE...]",
	  .summary = "Check workflow files",
	  .text = "Reads the workflow files, those given or all of .github/workflows, and reports "
		  "all that is wrong with them. Errors are what GitHub refuses, with its words. "
		  "Warnings are what it takes and is hardly meant: properties that are not there, "
		  "inputs that an action does not have, patterns that match nothing, untrusted "
		  "text in scripts. Nothing is run or fetched. The exit status is 3 when there is "
		  "an error; warnings count with --strict only.\n\n"
		  "Labels of your own runners, configuration variables and what to ignore in which "
		  "files are read from .github/actionlint.yaml. A comment '# act-c: ignore', or "
		  "'# act-c: ignore[KIND]', on a line or alone above it silences its warnings.",
	  .examples = "  act-c validate\n"
		      "  act-c validate --strict --format github\n"
		      "  act-c validate .github/workflows/ci.yml\n" },
	{ .name = "graph",
	  .run = cmd_graph,
	  .bit = IN_GRAPH,
	  .max_args = 1,
	  .args = "[EVENT]",
	  .summary = "Draw which job waits for which",
	  .text = "Draws the jobs of each workflow by what they need.",
	  .examples = "  act-c graph\n"
		      "  act-c graph --format svg > graph.svg\n"
		      "  act-c graph --format dot | dot -Tpng > graph.png\n" },
	{ .name = "doctor",
	  .run = cmd_doctor,
	  .bit = IN_DOCTOR,
	  .args = "",
	  .summary = "Show what is there, what is missing, what to do",
	  .text = "Shows the engines and whether they can be used, the images that labels stand "
		  "for and whether they are on this machine, what is kept between runs, and "
		  "where. Exits with 4 when the engine that would be used cannot be.",
	  .examples = "  act-c doctor\n"
		      "  act-c doctor -P ubuntu-latest=debian:12\n" },
	{ .name = "clean",
	  .run = cmd_clean,
	  .bit = IN_CLEAN,
	  .args = "",
	  .summary = "Remove what ended runs left behind",
	  .text = "Removes containers, networks and volumes that killed runs left at the engine, "
		  "and the directories of ended runs. Runs that are going on, and what other "
		  "users of the engine have there, are left alone.",
	  .examples = "  act-c clean\n"
		      "  act-c clean --cache\n"
		      "  act-c clean --all --yes\n" },
	{ .name = "artifacts",
	  .run = cmd_artifacts,
	  .bit = IN_ARTIFACTS,
	  .max_args = 3,
	  .args = "[list [RUN] | get [RUN/]NAME [DIR]]",
	  .summary = "List and fetch what runs uploaded",
	  .text = "list shows the artifacts of the kept runs, the newest run first, or those of "
		  "one run. get writes one to a file in DIR (here, without it): a ZIP file, or "
		  "the single file that was uploaded as it is; of several runs that have one of "
		  "that name, the newest counts.",
	  .examples = "  act-c artifacts\n"
		      "  act-c artifacts get dist\n"
		      "  act-c artifacts get 20261128-101530-4f2a/dist /tmp\n" },
	{ .name = "cache",
	  .run = cmd_cache,
	  .bit = IN_CACHE,
	  .max_args = 2,
	  .args = "[list | clean] [KEY]",
	  .summary = "List and remove the caches of actions",
	  .text = "list shows what actions such as actions/cache saved, with the ref that each "
		  "was saved on, and clean removes it: of the repository that one is in, or of "
		  "all outside of any. With KEY, only caches whose key begins so. A repository's "
		  "caches together are kept below 10 GiB, by removing those that were used "
		  "longest ago, unless --cache-limit says otherwise.",
	  .examples = "  act-c cache list\n"
		      "  act-c cache clean node-\n" },
	{ .name = "hook",
	  .run = cmd_hook,
	  .bit = IN_HOOK,
	  .max_args = 3,
	  .args = "install|uninstall|status|run",
	  .summary = "Rehearse before each push or commit",
	  .text = "Installs a git hook that rehearses exactly what is pushed or committed, takes "
		  "it "
		  "away again, or shows what is there. A hook that was there before is kept and "
		  "runs first; core.hooksPath is respected. `run` is what the hook calls.\n\n"
		  "When no workflow listens, the hook ends at once. Jobs that deploy or miss "
		  "secrets are left out and named. ACT_C_SKIP=1 skips a single rehearsal, as "
		  "git's --no-verify does.\n\n"
		  "Settings, with `git config act-c.hook.NAME VALUE` or under `hook:` in your "
		  "config.yml: engine-down (fail, warn or skip; for a push fail, for a commit "
		  "warn), timeout (600s, 120s), event (push), jobs (build,test: only these), "
		  "deployments (true: leave nothing out), verbose (true: steps' output too).",
	  .examples = "  act-c hook install\n"
		      "  act-c hook install --pre-commit\n"
		      "  ACT_C_SKIP=1 git push\n"
		      "  git config act-c.hook.engine-down skip\n" },
	{ .name = "actions",
	  .run = cmd_actions,
	  .bit = IN_ACTIONS,
	  .max_args = SIZE_MAX,
	  .args = "list|fetch|clean [REPO[@REF]...]",
	  .summary = "Show, fetch or remove actions that are kept here",
	  .text = "Actions and called workflows of other repositories are fetched once and kept by "
		  "commit, for all runs. `list` shows what is kept; `fetch` fetches the "
		  "references given, as OWNER/REPO@REF, or all that the workflows here use, with "
		  "what their composite actions use, so that runs need no network; `clean` removes "
		  "all, or the repositories, refs and commits given.\n\n"
		  "They are fetched by git, so that url.*.insteadOf, credential helpers and ssh "
		  "keys count.",
	  .examples = "  act-c actions fetch\n"
		      "  act-c actions fetch actions/checkout@v4\n"
		      "  act-c actions clean actions/cache@v3\n" },
	{ .name = "lock",
	  .run = cmd_lock,
	  .bit = IN_LOCK,
	  .args = "",
	  .summary = "Pin the actions of the workflows to commits",
	  .text = "Writes .github/workflows/actions.lock, in GitHub's format: the commit of every "
		  "action that the workflows use, with those that composite actions use in turn. "
		  "GitHub and act-c then run these commits, whatever the tags become; act-c names "
		  "a tag that has moved. What is locked already keeps its commit, unless --refresh "
		  "asks for new ones; what is not used any more goes.\n\n"
		  "Workflows that use local actions by ./ cannot be locked; $/ names the same "
		  "action in the same commit. Workflows that jobs call in other repositories are "
		  "locked where they are.",
	  .examples = "  act-c lock\n"
		      "  act-c lock --check\n"
		      "  act-c lock --refresh\n"
		      "  act-c run --locked\n" },
	{ .name = "eval",
	  .run = cmd_eval,
	  .bit = IN_EVAL,
	  .max_args = 1,
	  .args = "[EXPR]",
	  .summary = "Evaluate an expression",
	  .text = "Evaluates EXPR, written without ${{ }}, and prints its value as JSON. The "
		  "contexts are those given with --context; without any, those that 'act-c run "
		  "push' would have here, secrets masked.\n\n"
		  "With --batch, each line of standard input is a case, {\"expr\": ..., "
		  "\"contexts\": {...}}, and each line of output its outcome: {\"kind\": ..., "
		  "\"value\": ...} or {\"error\": ..., \"stage\": ...}.",
	  .examples = "  act-c eval github.ref\n"
		      "  act-c eval \"contains('refs/heads/main', 'heads')\"\n"
		      "  act-c eval 'github.event.*.name' --context github=github.json\n" },
	{ .name = "parse",
	  .run = cmd_parse,
	  .bit = IN_PARSE,
	  .max_args = 1,
	  .args = "FILE",
	  .summary = "Print a workflow as GitHub reads it",
	  .text = "Prints the workflow, with the jobs of the workflows that it calls, as JSON in "
		  "the model that GitHub tests its own readers with; or, with exit status 3, what "
		  "is wrong with it, with GitHub's words and places.",
	  .examples =
		  "  act-c parse --json .github/workflows/ci.yml\n"
		  "  act-c parse --json --include-source --as .github/workflows/a.yml a.yml\n" },
	{ .name = "syntax",
	  .run = cmd_syntax,
	  .bit = IN_SYNTAX,
	  .max_args = 1,
	  .args = "[KEY]",
	  .summary = "Show what may stand where in a workflow file",
	  .text = "Shows what KEY, a path such as jobs.test.steps.run, may hold: its type, the "
		  "keys "
		  "below it, and the contexts and functions that expressions there may use. Names "
		  "of one's own (job ids, inputs) may be any word. Without KEY it is the whole "
		  "file.\n\n"
		  "With --json, all of it as a JSON Schema, by which editors complete and explain "
		  "keys: `# yaml-language-server: $schema=FILE` in a workflow's first line.",
	  .examples = "  act-c syntax jobs.test.services.db\n"
		      "  act-c syntax on.pull_request\n"
		      "  act-c syntax --action runs\n"
		      "  act-c syntax --json > ~/.cache/workflow.schema.json\n" },
	{ .name = "help",
	  .run = cmd_help,
	  .bit = IN_HELP,
	  .max_args = 1,
	  .args = "[COMMAND]",
	  .summary = "Show help, of one command or in general",
	  .text = "Shows what act-c can do, or the options of one command." },
	{ .name = "version",
	  .run = cmd_version,
	  .bit = IN_VERSION,
	  .args = "",
	  .summary = "Show the version",
	  .text = "Shows the version of act-c." },
};

const size_t ncommands = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(struct str name)
{
	for (size_t i = 0; i < ncommands; i++) {
		if (str_eq(str_of(commands[i].name), name)) {
			return &commands[i];
		}
	}
	return NULL;
}

static const int exit_of[] = {
	[ERR_NONE] = EXIT_OK,
	[ERR_USAGE] = EXIT_USAGE,
	[ERR_INVALID] = EXIT_INVALID,
	[ERR_ENGINE] = EXIT_ENGINE,
	[ERR_NOTHING] = EXIT_NOTHING,
	[ERR_NOT_FOUND] = EXIT_FAILED,
	[ERR_SYSTEM] = EXIT_FAILED,
	[ERR_LOST] = EXIT_FAILED,
	[ERR_CANCELLED] = EXIT_INTERRUPTED,
};

int cli_fail(struct err *err)
{
	int code = exit_of[err->kind];

	(void)fputs("act-c: ", stderr);
	ansi_print(stderr, str_of(err->msg ? err->msg : "unknown error"));
	(void)fputc('\n', stderr);
	err_release(err);
	return code;
}

static int say_where_help_is(const struct options *o)
{
	(void)fprintf(stderr, "Try 'act-c %s%s--help'.\n", o->command ? o->command->name : "",
		      o->command ? " " : "");
	return EXIT_USAGE;
}

int cli_usage(const struct options *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("act-c: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	return say_where_help_is(o);
}

bool options_colour(const struct options *o, int fd)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (o->colour != COLOUR_AUTO) {
		return o->colour == COLOUR_ALWAYS;
	}
	if (no && *no) {
		return false;
	}
	if (force && *force && strcmp(force, "0") != 0) {
		return true;
	}
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

static int dispatch(struct options *o)
{
	if (o->version) {
		return cmd_version(o);
	}
	if (o->help && o->command) {
		help_command(stdout, o->command);
		return EXIT_OK;
	}
	if (o->help) {
		help_overall(stdout);
		return EXIT_OK;
	}
	if (!o->command) {
		help_overall(stderr);
		return EXIT_USAGE;
	}
	return o->command->run(o);
}

int cli_main(int argc, char **argv)
{
	struct options o = { .arena = ARENA_INIT };
	struct err err = ERR_INIT;
	int code = EXIT_OK;

	if (!options_parse(&o, argc, argv, &err)) {
		code = cli_fail(&err);
		if (code == EXIT_USAGE) {
			(void)say_where_help_is(&o);
		}
	} else {
		code = dispatch(&o);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		code = code == EXIT_OK ? EXIT_FAILED : code;
	}
	arena_release(&o.arena);
	return code;
}
