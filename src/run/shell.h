/*
 * shell.h - how a `run` script becomes a command (SEMANTICS 4.6).
 */
#ifndef RUN_SHELL_H
#define RUN_SHELL_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/str.h"

struct shell_command {
	struct str program;   /* looked up in PATH by the agent */
	struct str format;    /* arguments with {0}, as the log header shows them */
	struct str extension; /* ".sh" */
	struct str script;    /* the text with the shell's fix-ups */
};

/* `shell` as resolved (empty = unset). False with GitHub's text when it is invalid. */
bool shell_command(struct arena *a, struct str shell, bool has_bash, struct str script,
		   struct shell_command *out, struct str *why);

/* argv of the command for a script at `path`. */
struct str *shell_argv(struct arena *a, const struct shell_command *c, struct str path, size_t *n);

/*
 * A command line to words as .NET's ProcessStartInfo.Arguments does it on Unix: only double quotes
 * group, backslashes escape only before a double quote, single quotes mean nothing.
 */
struct str *split_arguments(struct arena *a, struct str line, size_t *n);

#endif
