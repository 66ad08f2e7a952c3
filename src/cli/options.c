/*
 * options.c - argv to struct options, in the manner of getopt_long: bundled letters, -Wfile,
 * --name=value, `--`, options and arguments in any order.
 *
 * The command line is read first and applied last: -C decides where the actrc files are looked for,
 * and what is given later counts. Not for values' conversion (options_apply.c).
 */
#include "options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "actc/diag.h"

struct given {
	const struct option_row *row;
	struct str shown;
	struct str value; /* .p == NULL: none */
};

struct reading {
	struct options *o;
	VEC(struct given) given;
	VEC(struct str) words;
	int argc;
	char **argv;
	int next;
};

/* What follows NAME= of a secret must not be seen in the list of processes. */
static void wipe(char *arg)
{
	char *eq = strchr(arg, '=');

	if (eq) {
		memset(eq + 1, '*', strlen(eq + 1));
	}
}

/* value: the rest of the same argument, or NULL. Takes the next argument where one is wanted. */
static bool take(struct reading *r, const struct option_row *row, struct str shown, char *value,
		 struct err *err)
{
	struct given one = { .row = row, .shown = shown };

	if (!value && option_wants_value(row)) {
		if (r->next >= r->argc) {
			return err_set(err, ERR_USAGE, "%.*s wants a value: %s", STR_ARG(shown),
				       row->arg);
		}
		value = r->argv[r->next++];
	}
	if (value) {
		one.value = arena_str(&r->o->arena, str_of(value));
		if (row->secret) {
			wipe(value);
		}
	}
	vec_push(&r->o->arena, &r->given, one);
	return true;
}

static const struct foreign_option *foreign(struct str name, char letter)
{
	for (size_t i = 0; i < foreign_noptions; i++) {
		const struct foreign_option *f = &foreign_options[i];

		if (letter ? f->letter == letter : str_eq(str_of(f->name), name)) {
			return f;
		}
	}
	return NULL;
}

static bool unknown_long(struct reading *r, struct str name, struct err *err)
{
	const struct foreign_option *f = foreign(name, 0);
	struct str *names = arena_array(&r->o->arena, struct str, option_nrows);
	size_t n = 0;

	if (f) {
		return err_set(err, ERR_USAGE, "act-c has no option --%.*s%s%s", STR_ARG(name),
			       f->advice ? ": " : " (act has it)", f->advice ? f->advice : "");
	}
	for (size_t i = 0; i < option_nrows; i++) {
		if (!option_rows[i].hidden) {
			names[n++] = str_of(option_rows[i].name);
		}
	}

	struct str near = diag_nearest(name, names, n);

	if (near.len) {
		return err_set(err, ERR_USAGE, "unknown option --%.*s (did you mean --%.*s?)",
			       STR_ARG(name), STR_ARG(near));
	}
	return err_set(err, ERR_USAGE, "unknown option --%.*s", STR_ARG(name));
}

static bool read_long(struct reading *r, char *arg, struct err *err)
{
	char *eq = strchr(arg, '=');
	struct str name = str_mk(arg + 2, eq ? (size_t)(eq - arg - 2) : strlen(arg + 2));
	const struct option_row *row = option_by_name(name);

	if (!row) {
		return unknown_long(r, name, err);
	}
	return take(r, row, str_mk(arg, name.len + 2), eq ? eq + 1 : NULL, err);
}

static bool unknown_letter(char letter, struct err *err)
{
	const struct foreign_option *f = foreign(STR_EMPTY, letter);

	if (f) {
		return err_set(err, ERR_USAGE, "act-c has no option -%c%s%s", letter,
			       f->advice ? ": " : " (act has it)", f->advice ? f->advice : "");
	}
	return err_set(err, ERR_USAGE, "unknown option -%c", letter);
}

/* One argument of letters: flags may be bundled, the value of the last may be attached. A `=` in
 * between is dropped, as act's parser does. */
static bool read_short(struct reading *r, char *arg, struct err *err)
{
	for (char *p = arg + 1; *p; p++) {
		const struct option_row *row = option_by_letter(*p);
		struct str shown = arena_printf(&r->o->arena, "-%c", *p);
		bool assigned = p[1] == '=';

		if (!row) {
			return unknown_letter(*p, err);
		}
		if (assigned || (option_wants_value(row) && p[1])) {
			return take(r, row, shown, p + 1 + assigned, err);
		}
		if (!take(r, row, shown, NULL, err)) {
			return false;
		}
		if (option_wants_value(row)) {
			return true;
		}
	}
	return true;
}

static bool read_args(struct reading *r, struct err *err)
{
	bool only_words = false;

	while (r->next < r->argc) {
		char *arg = r->argv[r->next++];

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
		} else if (only_words || arg[0] != '-' || arg[1] == '\0') {
			vec_push(&r->o->arena, &r->words, str_of(arg));
		} else if (arg[1] == '-' ? !read_long(r, arg, err) : !read_short(r, arg, err)) {
			return false;
		}
	}
	return true;
}

static bool unknown_command(struct options *o, struct str word, struct err *err)
{
	struct str *names = arena_array(&o->arena, struct str, ncommands);

	for (size_t i = 0; i < ncommands; i++) {
		names[i] = str_of(commands[i].name);
	}

	struct str near = diag_nearest(word, names, ncommands);

	if (near.len) {
		return err_set(err, ERR_USAGE, "unknown command '%.*s' (did you mean '%.*s'?)",
			       STR_ARG(word), STR_ARG(near));
	}
	return err_set(err, ERR_USAGE,
		       "unknown command '%.*s' (an event is given as 'act-c run %.*s')",
		       STR_ARG(word), STR_ARG(word));
}

static bool find_command(struct reading *r, struct err *err)
{
	struct options *o = r->o;

	if (r->words.n == 0) {
		return true;
	}
	o->command = command_find(r->words.v[0]);
	if (!o->command) {
		return unknown_command(o, r->words.v[0], err);
	}
	o->args = r->words.v + 1;
	o->nargs = r->words.n - 1;
	if (o->nargs > o->command->max_args && !o->help) {
		return err_set(err, ERR_USAGE, "'act-c %s' does not take '%.*s'%s",
			       o->command->name, STR_ARG(o->args[o->command->max_args]),
			       o->command->max_args ? " as well" : "");
	}
	return true;
}

/* Help, version and the directory count before anything else is looked at. */
static bool apply_first(struct reading *r, struct err *err)
{
	struct options *o = r->o;

	for (size_t i = 0; i < r->given.n; i++) {
		const struct given *g = &r->given.v[i];
		bool early = g->row == option_by_name(STR("help")) ||
			     g->row == option_by_name(STR("version")) ||
			     g->row == option_by_name(STR("directory"));

		if (early && !option_apply(o, g->row, g->shown, g->value, err)) {
			return false;
		}
	}
	return true;
}

static bool enter_directory(struct options *o, struct err *err)
{
	if (o->directory.len && chdir(arena_cstr(&o->arena, o->directory)) != 0) {
		err_sys(err, errno, "-C %.*s", STR_ARG(o->directory));
		err->kind = ERR_USAGE;
		return false;
	}
	return true;
}

/* They come before any -P, so that those count. */
static bool configured_images(struct options *o, struct err *err)
{
	bool wanted = option_by_letter('P')->commands & o->command->bit;

	return wanted ? options_config_images(o, &o->images, err) : true;
}

static bool apply_rest(struct reading *r, struct err *err)
{
	struct options *o = r->o;

	for (size_t i = 0; i < r->given.n; i++) {
		const struct given *g = &r->given.v[i];

		if (!(g->row->commands & o->command->bit)) {
			return err_set(err, ERR_USAGE, "'act-c %s' does not take %.*s",
				       o->command->name, STR_ARG(g->shown));
		}
		if (!option_apply(o, g->row, g->shown, g->value, err)) {
			return false;
		}
	}
	return true;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){ .arena = o->arena };
	o->directory = o->event_file = o->actor = o->default_branch = STR_EMPTY;
	o->index_file = o->commit = o->ref = o->before = STR_EMPTY;
	o->github_instance = STR_EMPTY;
	o->network = o->container_options = o->architecture = STR_EMPTY;
	o->remote_name = STR("origin");
	o->engine = o->ca_bundle = STR("auto");
	o->egress = STR("open");
	o->format = STR("text");
	o->pull = PULL_MISSING;
}

bool options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	struct reading r = { .o = o, .argc = argc, .argv = argv, .next = 1 };

	set_defaults(o);
	if (!read_args(&r, err)) {
		o->command = r.words.n ? command_find(r.words.v[0]) : NULL;
		return false;
	}
	if (!apply_first(&r, err) || !find_command(&r, err)) {
		return false;
	}
	if (o->help || o->version || !o->command || o->command->bit & (IN_HELP | IN_VERSION)) {
		return o->command ? apply_rest(&r, err) : true;
	}
	return enter_directory(o, err) && configured_images(o, err) && options_read_files(o, err) &&
	       apply_rest(&r, err);
}
