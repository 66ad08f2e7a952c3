/* options.h - the tables behind the command line: options, groups, commands. */
#ifndef ACTC_CLI_OPTIONS_H
#define ACTC_CLI_OPTIONS_H

#include <stdio.h>

#include "actc/hook.h"
#include "cli.h"

/* One bit per command: an option names the commands that take it. */
enum command_bit {
	IN_RUN = 1 << 0,
	IN_LIST = 1 << 1,
	IN_VALIDATE = 1 << 2,
	IN_GRAPH = 1 << 3,
	IN_DOCTOR = 1 << 4,
	IN_CLEAN = 1 << 5,
	IN_EVAL = 1 << 6,
	IN_HELP = 1 << 7,
	IN_VERSION = 1 << 8,
	IN_PLAN = 1 << 9,
	IN_PARSE = 1 << 10,
	IN_HOOK = 1 << 11,
	IN_ACTIONS = 1 << 12,
	IN_SYNTAX = 1 << 13,
	IN_ARTIFACTS = 1 << 14,
	IN_CACHE = 1 << 15,
	IN_LOCK = 1 << 16,
	IN_FILES = IN_RUN | IN_LIST | IN_VALIDATE | IN_GRAPH | IN_PLAN,
	IN_ALL = (1 << 17) - 1,
};

enum option_group {
	GROUP_SELECT,
	GROUP_VALUES,
	GROUP_ENGINE,
	GROUP_REMOTE,
	GROUP_CONTROL,
	GROUP_COMMAND,
	GROUP_OUTPUT,
	GROUP_GENERAL,
	GROUP_COUNT,
};

enum option_type {
	OPT_FLAG,     /* bool: --x, --x=true, --x=false */
	OPT_TEXT,     /* struct str: the last one counts */
	OPT_LIST,     /* struct str_list: adds up */
	OPT_SETTING,  /* struct settings: NAME=VALUE, or NAME alone */
	OPT_NUMBER,   /* unsigned long, at least 1 */
	OPT_SIZE,     /* uint64_t, in bytes: 4096, 512m, 10g */
	OPT_DURATION, /* unsigned long, in milliseconds: 90, 90s, 10m, 2h */
	OPT_WORD,     /* an enum, one of .words; the value is optional when .words has a "" */
	OPT_PLATFORM, /* LABEL=IMAGE, or OS/ARCH */
	OPT_MATRIX,   /* KEY:VALUE */
};

/* What an option may do when it comes from the repository's own .actrc (DESIGN decision 12). */
enum option_trust {
	TRUST_ANY,
	TRUST_NEVER,    /* would leave the isolation */
	TRUST_TRUE,     /* ignored unless it is switched off */
	TRUST_INSIDE,   /* a path: only inside the repository */
	TRUST_VALUE,    /* only with a value: without one it reads the user's environment */
	TRUST_ENGINE,   /* any engine but the machine itself */
	TRUST_NETWORK,  /* only the networks of a container's own */
	TRUST_IMAGE,    /* any image but -self-hosted */
	TRUST_SOCKET,   /* only no docker socket */
	TRUST_ARGUMENT, /* command line only, the user's own files too have no say */
};

struct option_word {
	const char *word;
	int value;
};

/* The end of each has no word. */
extern const struct option_word pull_words[], color_words[], no_color_words[], socket_words[],
	down_words[], unserved_words[];

struct option_row {
	const char *name;
	char letter;     /* 0 = none */
	const char *arg; /* how help calls the value; NULL = none */
	enum option_type type;
	enum option_trust trust;
	enum option_group group;
	unsigned commands;
	size_t offset; /* of the field in struct options */
	const struct option_word *words;
	const char *const *choices; /* OPT_TEXT: the values accepted, NULL-terminated */
	bool secret;                /* the value is wiped from argv */
	bool hidden;                /* not in help */
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_nrows;
extern const char *const option_group_titles[GROUP_COUNT];

/* Options of act that are not known here, with what to do instead; NULL = nothing. */
struct foreign_option {
	const char *name;
	char letter;
	const char *advice;
};
extern const struct foreign_option foreign_options[];
extern const size_t foreign_noptions;

struct command {
	const char *name;
	int (*run)(struct options *o);
	unsigned bit;
	size_t max_args;
	const char *args;    /* how usage calls them, or "" */
	const char *summary; /* one line */
	const char *text;    /* paragraphs, separated by blank lines */
	const char *examples;
};

extern const struct command commands[];
extern const size_t ncommands;
const struct command *command_find(struct str name);

const struct option_row *option_by_name(struct str name);
const struct option_row *option_by_letter(char letter);

enum option_origin { FROM_ARGV, FROM_USER, FROM_REPOSITORY };
/* Sets the field; `shown` is how the user wrote the option ("-P", "--pull"). value.p == NULL: none
 * was given. Nothing secret is in the error. */
bool option_apply(struct options *o, const struct option_row *row, struct str shown,
		  struct str value, struct err *err);
bool option_wants_value(const struct option_row *row);

/* Reads the command line into o, which is empty. False with ERR_USAGE. Values of secrets are
 * overwritten in argv. */
bool options_parse(struct options *o, int argc, char **argv, struct err *err);
/* The actrc files; what is ignored is said on stderr. Called with the directory of -C entered, and
 * before the command line is applied. */
bool options_read_files(struct options *o, struct err *err);

/* $XDG_CONFIG_HOME/act-c/NAME, or NULL when there is no home. */
const char *config_path(struct arena *a, const char *name);
/* images: {LABEL: IMAGE} of the user's config.yml; no such file is fine. */
bool options_config_images(struct options *o, struct label_images *out, struct err *err);
/* hook: {NAME: VALUE} of the same file. */
bool options_config_hook(struct options *o, struct hook_settings *out, struct err *err);
/* Whether a path, links followed, is inside the repository of the current directory; a path that
 * does not exist yet is judged by its directory. */
bool options_inside_repository(struct arena *a, struct str path);

void help_overall(FILE *out);
void help_command(FILE *out, const struct command *command);
/* The man page in roff. */
void man_print(FILE *out);
/* `text` wrapped to 80 columns, each line behind `indent` blanks; the first line is taken to be at
 * column `at` already. */
void help_wrap(FILE *out, const char *text, int indent, int at);

struct exit_row {
	const char *code;
	const char *meaning;
};
extern const struct exit_row exit_rows[];
extern const size_t exit_nrows;
struct file_row {
	const char *path;
	const char *meaning;
};
extern const struct file_row file_rows[];
extern const size_t file_nrows;
extern const struct file_row variable_rows[];
extern const size_t variable_nrows;

#endif
