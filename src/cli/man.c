/*
 * man.c - the man page, from the same tables as the help: `act-c help --man > man/act-c.1`.
 *
 * The committed page is compared with this output by the tests.
 */
#include "options.h"

#include <string.h>

/* Text for roff: dashes that may be copied, no accidental requests, paragraphs as .PP. */
static void put_text(FILE *out, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (text[0] == '\n' && text[1] == '\n') {
			(void)fputs("\n.PP\n", out);
			text++;
			line_start = true;
			continue;
		}
		if (line_start && (*text == '.' || *text == '\'')) {
			(void)fputs("\\&", out);
		}
		switch (*text) {
		case '-':
			(void)fputs("\\-", out);
			break;
		case '\\':
			(void)fputs("\\e", out);
			break;
		case '\'':
			(void)fputs("\\(aq", out);
			break;
		default:
			(void)fputc(*text, out);
		}
		line_start = *text == '\n';
	}
}

static void put_bold(FILE *out, const char *text)
{
	(void)fputs("\\fB", out);
	put_text(out, text);
	(void)fputs("\\fR", out);
}

static void item(FILE *out, const char *term, const char *text)
{
	(void)fputs(".TP\n", out);
	put_bold(out, term);
	(void)fputc('\n', out);
	put_text(out, text);
	(void)fputc('\n', out);
}

static void section(FILE *out, const char *title)
{
	(void)fprintf(out, ".SH %s\n", title);
}

static void command_section(FILE *out, const struct command *c)
{
	(void)fputs(".SS \"", out);
	put_text(out, c->name);
	(void)fprintf(out, "%s%s\"\n", *c->args ? " " : "", c->args);
	put_text(out, c->text);
	(void)fputc('\n', out);
}

/* Which commands take it, unless all do. */
static void option_commands(FILE *out, const struct option_row *row)
{
	const char *separator = " (";

	if (row->commands == IN_ALL) {
		return;
	}
	for (size_t i = 0; i < ncommands; i++) {
		if (row->commands & commands[i].bit) {
			(void)fprintf(out, "%s%s", separator, commands[i].name);
			separator = ", ";
		}
	}
	if (separator[0] == ',') {
		(void)fputc(')', out);
	}
}

static void option_item(FILE *out, const struct option_row *row)
{
	char name[64];

	(void)fputs(".TP\n", out);
	if (row->letter) {
		(void)snprintf(name, sizeof(name), "-%c", row->letter);
		put_bold(out, name);
		(void)fputs(", ", out);
	}
	(void)snprintf(name, sizeof(name), "--%s", row->name);
	put_bold(out, name);
	if (row->arg) {
		bool optional = row->type == OPT_WORD;

		(void)fprintf(out, "%s\\fI%s\\fR%s", optional ? "[=" : " ", row->arg,
			      optional ? "]" : "");
	}
	(void)fputc('\n', out);
	put_text(out, row->help);
	option_commands(out, row);
	(void)fputc('\n', out);
}

static void option_sections(FILE *out)
{
	for (enum option_group g = 0; g < GROUP_COUNT; g++) {
		(void)fprintf(out, ".SS \"%s\"\n", option_group_titles[g]);
		for (size_t i = 0; i < option_nrows; i++) {
			if (option_rows[i].group == g && !option_rows[i].hidden) {
				option_item(out, &option_rows[i]);
			}
		}
	}
}

static void examples(FILE *out)
{
	for (size_t i = 0; i < ncommands; i++) {
		if (commands[i].examples) {
			(void)fputs(".nf\n", out);
			put_text(out, commands[i].examples);
			(void)fputs(".fi\n", out);
		}
	}
}

void man_print(FILE *out)
{
	(void)fputs(".\\\" Made by 'act-c help --man'.\n"
		    ".TH ACT-C 1 \"\" \"act-c " ACTC_VERSION "\" \"User Commands\"\n",
		    out);
	section(out, "NAME");
	(void)fputs("act\\-c \\- rehearse GitHub Actions workflows on your machine\n", out);
	section(out, "SYNOPSIS");
	(void)fputs(".B act\\-c\n.I COMMAND\n[\\fIOPTION\\fR…] [\\fIARGUMENT\\fR…]\n", out);
	section(out, "COMMANDS");
	for (size_t i = 0; i < ncommands; i++) {
		command_section(out, &commands[i]);
	}
	section(out, "OPTIONS");
	(void)fputs("Options and arguments may be given in any order; \\fB\\-\\-\\fR ends the "
		    "options.\n",
		    out);
	option_sections(out);
	section(out, "FILES");
	for (size_t i = 0; i < file_nrows; i++) {
		item(out, file_rows[i].path, file_rows[i].meaning);
	}
	section(out, "ENVIRONMENT");
	for (size_t i = 0; i < variable_nrows; i++) {
		item(out, variable_rows[i].path, variable_rows[i].meaning);
	}
	section(out, "EXIT STATUS");
	for (size_t i = 0; i < exit_nrows; i++) {
		item(out, exit_rows[i].code, exit_rows[i].meaning);
	}
	section(out, "EXAMPLES");
	examples(out);
}
