/* help_text.c - what help and the man page say besides commands and options. */
#include "options.h"

const struct exit_row exit_rows[] = {
	{ "0", "everything went well, also when every job was skipped by its condition" },
	{ "1", "a job failed" },
	{ "2", "the command line is wrong" },
	{ "3", "a selected workflow is invalid" },
	{ "4", "the engine cannot be used" },
	{ "5", "nothing matched what was asked for, or nothing could be rehearsed" },
	{ "124", "--timeout was hit" },
	{ "130, 143", "interrupted, terminated" },
};
const size_t exit_nrows = sizeof(exit_rows) / sizeof(exit_rows[0]);

const struct file_row file_rows[] = {
	{ ".github/workflows/*.yml, *.yaml", "The workflows." },
	{ ".github/workflows/actions.lock",
	  "The commits that actions are pinned to, in GitHub's format (see the command lock)." },
	{ ".secrets, .vars, .env, .input",
	  "Secrets, variables, environment and inputs that are read when they are there: "
	  "NAME=VALUE lines with optional quotes and export, # comments. Keep them out of the "
	  "repository with .gitignore." },
	{ ".github/act-c.yml",
	  "Of the repository. environments: {NAME: {reviewers, wait, branches, secrets-file, "
	  "vars-file, env-file, egress}} declares what GitHub keeps in its settings: who must "
	  "approve a "
	  "deployment (see --approve), the minutes of a wait (skipped here), the branches that "
	  "may deploy, and files inside the repository with what the environment adds to secrets, "
	  "variables and env. With egress: none its jobs reach nothing outside (see --egress)." },
	{ "$XDG_CONFIG_HOME/act-c/actrc, ~/.actrc, ./.actrc",
	  "Options, one a line, read in this order and before the command line. The last one is "
	  "the "
	  "repository's: from there, options that lead out of the isolation (the engine host, "
	  "-self-hosted, --bind, --privileged, --docker-socket, --container-options, "
	  "--local-repository, other "
	  "networks, files outside "
	  "the repository, values of your environment) are ignored, with a line on standard "
	  "error." },
	{ "$XDG_CONFIG_HOME/act-c/config.yml",
	  "Your own configuration: images: {LABEL: IMAGE} names the image of a runs-on label, "
	  "hook: "
	  "{NAME: VALUE} sets what the git hooks do (see the command hook)." },
	{ "$XDG_CACHE_HOME/act-c/actions",
	  "Repositories of actions and called workflows, by commit. They are fetched by git, so "
	  "that its configuration (url.*.insteadOf, credential helpers, ssh) counts; for private "
	  "ones the secret GITHUB_TOKEN is used too." },
	{ "$XDG_STATE_HOME/act-c/runs", "The last runs: each has its events, masked, in "
					"events.ndjson, its artifacts, and what was sent to "
					"stand-ins." },
	{ "$XDG_CACHE_HOME/act-c/cache", "What actions/cache and its kin saved, by repository." },
};
const size_t file_nrows = sizeof(file_rows) / sizeof(file_rows[0]);

const struct file_row variable_rows[] = {
	{ "DOCKER_HOST, DOCKER_CONTEXT, …", "Are passed on to the docker program." },
	{ "ACT_C_SKIP", "When set, and not to 0, act-c's git hooks rehearse nothing." },
	{ "NO_COLOR, CLICOLOR_FORCE, TERM", "Decide about colours, unless --color does." },
	{ "http_proxy, https_proxy, all_proxy, no_proxy",
	  "Reach the jobs, in capitals too; a proxy that listens on this machine's localhost is "
	  "reached on theirs." },
	{ "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME",
	  "Where configuration, runs and fetched actions are kept; without them ~/.config, "
	  "~/.local/state and ~/.cache." },
};
const size_t variable_nrows = sizeof(variable_rows) / sizeof(variable_rows[0]);
