/* rule_commands.c - workflow commands that GitHub has switched off or is about to. */
#include "check.h"

static const struct {
	struct str name;
	const char *instead;
} commands[] = {
	{ STR_INIT("set-output"), "append NAME=VALUE to the file $GITHUB_OUTPUT" },
	{ STR_INIT("save-state"), "append NAME=VALUE to the file $GITHUB_STATE" },
	{ STR_INIT("set-env"), "append NAME=VALUE to the file $GITHUB_ENV" },
	{ STR_INIT("add-path"), "append the directory to the file $GITHUB_PATH" },
};

/* "::NAME name=…::" or "::NAME::", somewhere in the text. */
static bool has_command(struct str text, struct str name)
{
	for (size_t at = str_find(text, STR("::"), 0); at != STR_NPOS;
	     at = str_find(text, STR("::"), at + 2)) {
		struct str rest = str_slice(text, at + 2, text.len);

		if (str_starts(rest, name) && rest.len > name.len &&
		    (rest.p[name.len] == ':' || rest.p[name.len] == ' ') &&
		    str_find(rest, STR("::"), name.len) != STR_NPOS) {
			return true;
		}
	}
	return false;
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct tok *run = check_get(step->map, "run");
	struct str text = run && run->from ? run->from->text : STR_EMPTY;

	if (str_find(text, STR("::"), 0) == STR_NPOS) {
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (has_command(text, commands[i].name)) {
			(void)check_warn(c, run->at, "deprecated-commands",
					 "workflow command \"%.*s\" is deprecated: %s",
					 STR_ARG(commands[i].name), commands[i].instead);
		}
	}
}

const struct rule rule_commands = { NULL, NULL, check_step };
