/* options_words.c - the words that options of a few values take, and what each means; a first empty
 * word stands for the option without a value. */
#include "options.h"

const struct option_word pull_words[] = {
	{ "", PULL_ALWAYS },
	{ "true", PULL_ALWAYS },
	{ "always", PULL_ALWAYS },
	{ "missing", PULL_MISSING },
	{ "false", PULL_NEVER },
	{ "never", PULL_NEVER },
	{ NULL, 0 },
};

const struct option_word color_words[] = {
	{ "", COLOUR_ALWAYS },
	{ "always", COLOUR_ALWAYS },
	{ "auto", COLOUR_AUTO },
	{ "never", COLOUR_NEVER },
	{ "true", COLOUR_ALWAYS },
	{ "false", COLOUR_NEVER },
	{ NULL, 0 },
};

const struct option_word no_color_words[] = {
	{ "", COLOUR_NEVER },
	{ "true", COLOUR_NEVER },
	{ "false", COLOUR_AUTO },
	{ NULL, 0 },
};

const struct option_word socket_words[] = {
	{ "auto", DOCKER_SOCKET_AUTO },
	{ "full", DOCKER_SOCKET_FULL },
	{ "never", DOCKER_SOCKET_NEVER },
	{ NULL, 0 },
};

const struct option_word down_words[] = {
	{ "fail", ENGINE_DOWN_FAIL },
	{ "warn", ENGINE_DOWN_WARN },
	{ "skip", ENGINE_DOWN_SKIP },
	{ NULL, 0 },
};

const struct option_word unserved_words[] = {
	{ "assume", UNSERVED_ASSUME },
	{ "skip", UNSERVED_SKIP },
	{ "fail", UNSERVED_FAIL },
	{ NULL, 0 },
};
