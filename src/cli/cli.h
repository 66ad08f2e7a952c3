/*
 * cli.h - the command line: what may be said (struct options), and the commands.
 *
 * One table (options_table.c) makes the parser, the help and the man page; commands.c has the
 * commands. A new option is a field here and a row there; a new command is a row and a file
 * cmd_NAME.c. Every command is `int cmd_NAME(struct options *o)` and returns the exit status.
 */
#ifndef ACTC_CLI_CLI_H
#define ACTC_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/engine.h"
#include "actc/err.h"
#include "actc/matrix.h"
#include "actc/payload.h"
#include "actc/plan.h"
#include "actc/run.h"
#include "actc/str.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,       /* a job failed */
	EXIT_USAGE = 2,        /* the command line is wrong */
	EXIT_INVALID = 3,      /* a selected workflow is invalid */
	EXIT_ENGINE = 4,       /* the engine is unusable, before the first job */
	EXIT_NOTHING = 5,      /* nothing matched what was asked for */
	EXIT_TIMEOUT = 124,    /* --timeout hit */
	EXIT_INTERRUPTED = 130 /* SIGINT, also at a question; SIGTERM is 143 */
};

enum engine_down { ENGINE_DOWN_FAIL, ENGINE_DOWN_WARN, ENGINE_DOWN_SKIP };

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct str_list {
	size_t n;
	size_t cap;
	struct str *v;
};

struct matrix_filters {
	size_t n;
	size_t cap;
	struct matrix_filter *v;
};

struct command;

/* Strings are never NULL; empty = not given. */
struct options {
	struct arena arena; /* owns everything below; a command may use it for what it makes */
	const struct command *command;
	size_t nargs; /* positional arguments behind the command's name */
	const struct str *args;

	/* where */
	struct str directory; /* -C: already entered; kept for messages */
	struct str_list workflows;

	/* what */
	struct str_list jobs;
	struct str event_file;
	struct matrix_filters matrix;
	struct str actor;
	struct str remote_name; /* "origin" unless given */
	struct str default_branch;
	bool no_filters;
	bool strict;
	struct str shellcheck; /* a program or "none"; empty = the one in PATH */
	struct str pyflakes;   /* the same */
	struct str base;       /* what changes are compared with */
	struct str_list changed_files;
	bool staged;            /* what is staged, not the working tree */
	struct str index_file;  /* of --staged; absolute; empty = the repository's own */
	struct str commit;      /* this commit, not the working tree */
	struct str ref, before; /* as if this ref, which was at `before`, were pushed */
	bool no_deployments;

	/* values as given; options_values() reads the files and the environment too */
	struct settings secrets, vars, env, inputs;
	struct str_list secret_files, var_files, env_files, input_files;

	/* where jobs run */
	struct str engine;          /* "auto" unless given */
	struct label_images images; /* config.yml, the actrc files, the command line */
	enum pull_policy pull;
	bool bind;
	struct str network;
	struct str_list stand_ins; /* HOST=STATUS|DIR|URL */
	struct str egress;         /* "open", "none" */
	struct str ca_bundle;      /* "auto", "none", or a file */
	struct str_list expose;
	struct str memory, cpus;
	uint64_t cache_limit; /* bytes; 0 = as at GitHub */
	struct str container_options;
	struct str architecture; /* "linux/arm64" */
	bool privileged;
	bool publish_services;
	enum docker_socket_mode docker_socket;
	enum engine_down engine_down;

	/* other repositories: of actions and called workflows */
	struct str_list local_repositories; /* OWNER/REPO[@REF]=DIR */
	struct str github_instance;         /* a host, or its URL */
	struct str tool_cache;
	struct str node, node_mirror, node_musl_mirror;
	bool offline, refresh, remote_checkout, locked, check;
	unsigned long action_max_age_ms; /* 0 = not given */

	/* how */
	bool dry_run;
	struct str_list approve; /* environments, "all", "none" */
	enum unserved unserved;
	bool token_from_gh;
	unsigned long max_jobs;   /* 0 = as many as there are processors */
	unsigned long timeout_ms; /* 0 = none */

	/* output */
	bool verbose, quiet, json;
	enum colour_when colour;
	struct str format;

	/* clean */
	bool all, cache, yes;

	/* hook */
	bool pre_push, pre_commit;

	/* eval */
	struct settings contexts; /* NAME=FILE */
	bool batch;

	/* parse; the numbers are 0 when not given */
	bool include_source;
	struct str shown_as;
	struct str refs;
	unsigned long max_depth, max_file_size, max_job_limit, max_nested_depth;
	struct str permissions_policy;
	struct str_list features;

	bool action; /* syntax: of an action.yml */

	bool help, version, man;
};

/* What main() does; everything else is behind it. */
int cli_main(int argc, char **argv);

/* Whether to colour what is written to fd: --color, NO_COLOR, CLICOLOR_FORCE, TERM, isatty. */
bool options_colour(const struct options *o, int fd);

/* The secrets, variables, environment and inputs of the run: the default files (.secrets .vars
 * .env .input), the files named, and over them the command line. Names without a value are looked
 * up in the environment; a secret is asked for on the terminal when it is not there. */
struct run_values {
	struct settings secrets, vars, env, inputs;
};
bool options_values(struct options *o, struct run_values *out, struct err *err);
/* One more file of such values; what is wrong with it is ERR_USAGE. */
enum value_source { VALUES_SECRETS, VALUES_VARS, VALUES_ENV, VALUES_INPUTS };
bool options_values_file(struct options *o, enum value_source kind, struct str path,
			 struct settings *out, struct err *err);
/* The event payload of -e; null when none was given. */
bool options_event_payload(struct options *o, struct value *out, struct err *err);

/* "act-c: …" on stderr; returns the exit status that belongs to the kind of error, which is
 * released. */
int cli_fail(struct err *err);
/* The same for a usage error; says where help is. Returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage(const struct options *o, const char *fmt, ...);

int cmd_run(struct options *o);
int cmd_plan(struct options *o);
int cmd_list(struct options *o);
int cmd_validate(struct options *o);
int cmd_graph(struct options *o);
int cmd_doctor(struct options *o);
int cmd_clean(struct options *o);
int cmd_eval(struct options *o);
int cmd_parse(struct options *o);
int cmd_syntax(struct options *o);
int cmd_hook(struct options *o);
int cmd_actions(struct options *o);
int cmd_lock(struct options *o);
int cmd_artifacts(struct options *o);
int cmd_cache(struct options *o);
int cmd_help(struct options *o);
int cmd_version(struct options *o);

#endif
