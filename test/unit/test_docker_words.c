/*
 * test_docker_words.c - options taken apart into words, and docker's words for people. No engine.
 */
#include <criterion/criterion.h>

#include "engine/docker.h"

struct split_row {
	const char *text;
	const char *words; /* separated by | */
};

static const struct split_row splits[] = {
	{ "", "" },
	{ "  \t ", "" },
	{ "--cpus 1", "--cpus|1" },
	{ " -e  'A=b c' ", "-e|A=b c" },
	{ "-e \"A=\\\"q\\\" 'x'\"", "-e|A=\"q\" 'x'" },
	{ "a'b'\"c\"d", "abcd" },
	{ "'a\\b' a\\ b", "a\\b|a b" },
	{ "'' \"\"", "|" },
};

Test(docker_words, options_are_split_as_a_shell_does)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(splits) / sizeof(*splits); i++) {
		struct docker_args args;
		struct strbuf joined = STRBUF_INIT(0);

		docker_args_init(&args, &a, &docker_program, "x");
		cr_assert(docker_split(&a, str_of(splits[i].text), &args, &err));
		for (size_t j = 2; j < args.list.n; j++) {
			(void)strbuf_addf(&joined, "%s%s", j > 2 ? "|" : "", args.list.v[j]);
		}
		cr_assert_str_eq(joined.p, splits[i].words, "row %zu: %s", i, joined.p);
		strbuf_release(&joined);
	}
	arena_release(&a);
}

struct words_row {
	const char *text;
	const char *words;
};

static const struct words_row words_rows[] = {
	{ "", "" },
	{ "docker: Error response from daemon: network x not found\n\nRun 'docker run --help' for "
	  "more information\n",
	  "network x not found" },
	{ "docker: Error response from daemon: No such image: x.\nSee 'docker run --help'.\n",
	  "No such image: x." },
	{ "WARNING: Error loading config file\npermission denied\n", "permission denied" },
};

Test(docker_words, of_its_stderr_the_line_that_says_something_is_kept)
{
	for (size_t i = 0; i < sizeof(words_rows) / sizeof(*words_rows); i++) {
		struct str words = docker_words(str_of(words_rows[i].text));

		cr_assert(str_eq(words, str_of(words_rows[i].words)), "row %zu: %.*s", i,
			  STR_ARG(words));
	}
}
