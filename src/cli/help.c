/* help.c - help on the terminal, from the tables; 80 columns, no colour, no pager. */
#include "options.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 28, COMMAND_COLUMN = 14 };

static void blanks(FILE *out, int n)
{
	(void)fprintf(out, "%*s", n > 0 ? n : 0, "");
}

/* Columns of a UTF-8 word: its code points. */
static int columns(const char *p, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		n += ((unsigned char)p[i] & 0xc0) != 0x80;
	}
	return n;
}

void help_wrap(FILE *out, const char *text, int indent, int at)
{
	bool fresh = true;

	if (at > indent - 1 && indent > 0) {
		(void)fputc('\n', out);
		at = 0;
	}
	blanks(out, indent - at);
	at = indent;
	while (*text) {
		size_t len = strcspn(text, " \n");
		int width = columns(text, len);

		if (!fresh && at + 1 + width > WIDTH) {
			(void)fputc('\n', out);
			blanks(out, indent);
			at = indent;
			fresh = true;
		}
		(void)fprintf(out, "%s%.*s", fresh ? "" : " ", (int)len, text);
		at += width + !fresh;
		fresh = false;
		text += len;
		if (text[0] == '\n' && text[1] == '\n') {
			(void)fputs("\n\n", out);
			blanks(out, indent);
			at = indent;
			fresh = true;
		}
		text += strspn(text, " \n");
	}
	(void)fputc('\n', out);
}

/* "  -W, --workflows PATH" and what it means. */
static void print_option(FILE *out, const struct option_row *row)
{
	const char *arg = row->arg ? row->arg : "";
	bool optional = row->type == OPT_WORD && row->arg;
	int at = row->letter ? fprintf(out, "  -%c, --%s", row->letter, row->name)
			     : fprintf(out, "      --%s", row->name);

	at += fprintf(out, optional ? "[=%s]" : *arg ? " %s" : "%s", arg);
	help_wrap(out, row->help, OPTION_COLUMN, at);
}

static bool shown(const struct option_row *row, const struct command *command,
		  enum option_group group)
{
	return !row->hidden && row->group == group && row->commands & command->bit;
}

static void print_options(FILE *out, const struct command *command)
{
	for (enum option_group g = 0; g < GROUP_COUNT; g++) {
		bool first = true;

		for (size_t i = 0; i < option_nrows; i++) {
			if (!shown(&option_rows[i], command, g)) {
				continue;
			}
			if (first) {
				(void)fprintf(out, "\n%s:\n", option_group_titles[g]);
				first = false;
			}
			print_option(out, &option_rows[i]);
		}
	}
}

void help_command(FILE *out, const struct command *command)
{
	(void)fprintf(out, "Usage: act-c %s [OPTION…]%s%s\n\n", command->name,
		      *command->args ? " " : "", command->args);
	help_wrap(out, command->text, 0, 0);
	print_options(out, command);
	if (command->examples) {
		(void)fprintf(out, "\nExamples:\n%s", command->examples);
	}
}

void help_overall(FILE *out)
{
	(void)fputs("act-c rehearses GitHub Actions workflows on your machine.\n\n"
		    "Usage: act-c COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n",
		    out);
	for (size_t i = 0; i < ncommands; i++) {
		int at = fprintf(out, "  %s", commands[i].name);

		help_wrap(out, commands[i].summary, COMMAND_COLUMN, at);
	}
	(void)fputs("\nExit status:\n", out);
	for (size_t i = 0; i < exit_nrows; i++) {
		int at = fprintf(out, "  %s", exit_rows[i].code);

		help_wrap(out, exit_rows[i].meaning, COMMAND_COLUMN, at);
	}
	(void)fputs("\n'act-c help COMMAND' shows a command's options; 'man act-c' has it all.\n",
		    out);
}
