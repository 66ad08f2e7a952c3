/* cmd_help.c - `act-c help [COMMAND]`, and the man page for `make`. */
#include "options.h"

int cmd_help(struct options *o)
{
	if (o->man) {
		man_print(stdout);
		return EXIT_OK;
	}
	if (o->nargs == 0) {
		help_overall(stdout);
		return EXIT_OK;
	}

	const struct command *command = command_find(o->args[0]);

	if (!command) {
		return cli_usage(o, "there is no command '%.*s'", STR_ARG(o->args[0]));
	}
	help_command(stdout, command);
	return EXIT_OK;
}
