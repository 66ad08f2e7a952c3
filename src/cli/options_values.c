/*
 * options_values.c - the secrets, variables, environment, inputs and event payload of a run: from
 * their files, the command line, the environment, and for secrets the terminal.
 *
 * Not for what they mean in a run. A default file (.secrets and so on) that a link leads out of the
 * repository is not read: the repository may not bring in the user's other files.
 */
#include "options.h"

#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/strbuf.h"
#include "terminal.h"

struct value_kind_row {
	const char *option;
	struct str standard; /* the file that is read when none is named */
	size_t files;        /* offset in struct options: str_list */
	size_t given;        /* offset in struct options: settings */
	size_t out;          /* offset in struct run_values: settings */
	bool nocase;         /* names are in capitals, as GitHub keeps them */
	bool from_environment;
	bool ask;
};

#define VALUES(field, list)                                                                \
	.files = offsetof(struct options, list), .given = offsetof(struct options, field), \
	.out = offsetof(struct run_values, field)

static const struct value_kind_row value_rows[] = {
	[VALUES_SECRETS] = { "--secret", STR_INIT(".secrets"), VALUES(secrets, secret_files), true,
			     true, true },
	[VALUES_VARS] = { "--var", STR_INIT(".vars"), VALUES(vars, var_files), true, true, false },
	[VALUES_ENV] = { "--env", STR_INIT(".env"), VALUES(env, env_files), false, true, false },
	[VALUES_INPUTS] = { "--input", STR_INIT(".input"), VALUES(inputs, input_files), false,
			    false, false },
};

static struct str upper(struct arena *a, struct str s)
{
	char *copy = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++) {
		if (copy[i] >= 'a' && copy[i] <= 'z') {
			copy[i] = (char)(copy[i] - 'a' + 'A');
		}
	}
	return str_mk(copy, s.len);
}

static void set(struct options *o, const struct value_kind_row *row, struct settings *out,
		struct str name, struct str value)
{
	struct str key = row->nocase ? upper(&o->arena, name) : name;

	settings_set(&o->arena, out, key, value, false);
}

static bool read_named(struct options *o, const struct value_kind_row *row, struct str path,
		       struct settings *out, struct err *err)
{
	struct settings file = { 0 };

	if (!settings_read(&o->arena, arena_cstr(&o->arena, path), &file, err)) {
		err->kind = ERR_USAGE;
		return false;
	}
	for (size_t i = 0; i < file.n; i++) {
		set(o, row, out, file.v[i].name, file.v[i].value);
	}
	return true;
}

bool options_values_file(struct options *o, enum value_source kind, struct str path,
			 struct settings *out, struct err *err)
{
	return read_named(o, &value_rows[kind], path, out, err);
}

static bool read_standard(struct options *o, const struct value_kind_row *row, struct settings *out,
			  struct err *err)
{
	if (access(row->standard.p, F_OK) != 0) {
		return true;
	}
	if (!options_inside_repository(&o->arena, row->standard)) {
		(void)fprintf(stderr,
			      "act-c: %s is ignored: it leads out of the repository; name the file "
			      "with %s-file\n",
			      row->standard.p, row->option);
		return true;
	}
	return read_named(o, row, row->standard, out, err);
}

static bool read_files(struct options *o, const struct value_kind_row *row, struct settings *out,
		       struct err *err)
{
	const struct str_list *files =
		(const struct str_list *)(const void *)((char *)o + row->files);

	if (files->n == 0) {
		return read_standard(o, row, out, err);
	}
	for (size_t i = 0; i < files->n; i++) {
		if (!read_named(o, row, files->v[i], out, err)) {
			return false;
		}
	}
	return true;
}

/* The value of a name that was given alone. */
static bool look_up(struct options *o, const struct value_kind_row *row, struct str name,
		    struct str *value, struct err *err)
{
	const char *env = getenv(arena_cstr(&o->arena, name));

	env = env || !row->nocase ? env : getenv(upper(&o->arena, name).p);
	if (!row->from_environment) {
		return err_set(err, ERR_USAGE, "%s %.*s wants NAME=VALUE", row->option,
			       STR_ARG(name));
	}
	if (env) {
		*value = str_of(env);
		return true;
	}
	if (row->ask && isatty(STDIN_FILENO)) {
		return terminal_ask_secret(&o->arena, name, value, err);
	}
	return err_set(err, ERR_USAGE, "%s %.*s has no value and is not in the environment",
		       row->option, STR_ARG(name));
}

static bool read_kind(struct options *o, const struct value_kind_row *row, struct run_values *all,
		      struct err *err)
{
	struct settings *out = (struct settings *)(void *)((char *)all + row->out);
	const struct settings *given =
		(const struct settings *)(const void *)((char *)o + row->given);

	if (!read_files(o, row, out, err)) {
		return false;
	}
	for (size_t i = 0; i < given->n; i++) {
		struct setting one = given->v[i];

		if (!one.given && !look_up(o, row, one.name, &one.value, err)) {
			return false;
		}
		set(o, row, out, one.name, one.value);
	}
	return true;
}

bool options_values(struct options *o, struct run_values *out, struct err *err)
{
	*out = (struct run_values){ 0 };
	for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
		if (!read_kind(o, &value_rows[i], out, err)) {
			return false;
		}
	}
	return true;
}

bool options_event_payload(struct options *o, struct value *out, struct err *err)
{
	enum { PAYLOAD_MAX = 25 << 20 };
	struct strbuf text = STRBUF_INIT(PAYLOAD_MAX);
	bool ok = false;

	*out = value_null();
	if (o->event_file.len == 0) {
		return true;
	}
	ok = read_given_file(arena_cstr(&o->arena, o->event_file), &text, err) &&
	     value_from_json_strict(&o->arena, arena_str(&o->arena, strbuf_str(&text)), out, err);
	strbuf_release(&text);
	if (ok && out->kind != VALUE_OBJECT) {
		ok = err_set(err, ERR_USAGE, "a JSON object was expected");
	}
	if (!ok) {
		err->kind = ERR_USAGE;
		return err_wrap(err, "-e %.*s", STR_ARG(o->event_file));
	}
	return true;
}
