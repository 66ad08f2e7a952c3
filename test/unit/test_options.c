/* test_options.c - the command line and the actrc files, into struct options. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "cli/options.h"

/* Each test has a directory of its own with a home, a repository and a place outside. */
static void make_place(void)
{
	static char dir[] = "/tmp/test-options-XXXXXX";

	cr_assert(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	for (size_t i = 0; i < 4; i++) {
		cr_assert_eq(
			mkdir((const char *[]){ "home", "repo", "repo/.git", "repo/sub" }[i], 0700),
			0);
	}

	char *home = realpath("home", NULL);

	cr_assert(home && setenv("HOME", home, 1) == 0);
	free(home);
	(void)unsetenv("XDG_CONFIG_HOME");
	cr_assert_eq(chdir("repo"), 0);
}

static void remove_place(void)
{
	char *dir = realpath("..", NULL);
	struct err err = ERR_INIT;

	if (dir && strncmp(dir, "/tmp/test-options-", 18) == 0) {
		(void)remove_tree(dir, &err);
		err_release(&err);
	}
	free(dir);
}

static void put(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	cr_assert(write_file(path, str_of(text), 0600, &err), "%s", err.msg);
}

enum { ARGS_MAX = 24 };

struct line {
	char text[512];
	char *argv[ARGS_MAX];
	int argc;
};

/* Words separated by blanks. */
static void split(struct line *l, const char *command)
{
	(void)snprintf(l->text, sizeof(l->text), "act-c %s", command);
	l->argc = 0;
	for (char *p = l->text; p && *p && l->argc < ARGS_MAX;) {
		l->argv[l->argc++] = p;
		p = strchr(p, ' ');
		if (p) {
			*p++ = '\0';
		}
	}
}

static bool parse(struct options *o, struct line *l, const char *command, struct err *err)
{
	split(l, command);
	*o = (struct options){ .arena = ARENA_INIT };
	return options_parse(o, l->argc, l->argv, err);
}

static struct options parsed(const char *command)
{
	struct options o;
	struct line l;
	struct err err = ERR_INIT;

	cr_assert(parse(&o, &l, command, &err), "%s: %s", command, err.msg);
	return o;
}

static const struct {
	const char *command, *error;
} refusals[] = {
	{ "run --wrokflows x", "unknown option --wrokflows (did you mean --workflows?)" },
	{ "run --zzz", "unknown option --zzz" },
	{ "run -Z", "unknown option -Z" },
	{ "run -W", "-W wants a value: PATH" },
	{ "run --env", "--env wants a value: NAME[=VALUE]" },
	{ "run --watch", "act-c has no option --watch: act-c runs once; start it again after a "
			 "change" },
	{ "run -l", "act-c has no option -l: use 'act-c list'" },
	{ "run --reuse", "act-c has no option --reuse (act has it)" },
	{ "runn", "unknown command 'runn' (did you mean 'run'?)" },
	{ "push", "unknown command 'push' (an event is given as 'act-c run push')" },
	{ "run push pull", "'act-c run' does not take 'pull' as well" },
	{ "version now", "'act-c version' does not take 'now'" },
	{ "list --env A=b", "'act-c list' does not take --env" },
	{ "list -j", "-j wants a value: ID" },
	{ "run --jobs many", "--jobs wants a number, not 'many'" },
	{ "run --timeout soon", "--timeout wants a time such as 90s, 10m or 1h30m, not 'soon'" },
	{ "run --timeout 0", "--timeout wants a time such as 90s, 10m or 1h30m, not '0'" },
	{ "run --timeout 99999h",
	  "--timeout wants a time such as 90s, 10m or 1h30m, not '99999h'" },
	{ "run --engine dcoker",
	  "--engine wants auto, docker, podman, sandbox or host, not 'dcoker'" },
	{ "run --bind=perhaps", "--bind wants true or false, not 'perhaps'" },
	{ "run -P ubuntu-latest", "-P wants LABEL=IMAGE, not 'ubuntu-latest'" },
	{ "run -P a=-v", "-P wants LABEL=IMAGE or LABEL=-self-hosted, not 'a=-v'" },
	{ "run --matrix os", "--matrix wants KEY:VALUE, not 'os'" },
	{ "run -s =hunter2", "-s wants NAME=VALUE: the name is missing" },
	{ "run -C nowhere", "-C nowhere: No such file or directory" },
};

Test(options, refusals_help, .init = make_place, .fini = remove_place)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct options o;
		struct line l;
		struct err err = ERR_INIT;

		cr_expect_not(parse(&o, &l, refusals[i].command, &err), "%s", refusals[i].command);
		cr_expect_eq(err.kind, ERR_USAGE, "%s", refusals[i].command);
		cr_expect_str_eq(err.msg ? err.msg : "", refusals[i].error, "%s: %s",
				 refusals[i].command, err.msg);
		err_release(&err);
		arena_release(&o.arena);
	}
}

Test(options, forms_of_getopt_long, .init = make_place, .fini = remove_place)
{
	struct options o = parsed("-Wa run -W b --workflows=c --workflows d -nvWe -jx -- --push");

	cr_assert_eq(o.workflows.n, 5);
	for (size_t i = 0; i < 5; i++) {
		cr_expect(str_eq(o.workflows.v[i], str_mk(&"abcde"[i], 1)), "%zu", i);
	}
	cr_expect(o.dry_run && o.verbose);
	cr_expect_eq(o.jobs.n, 1);
	cr_expect_eq(o.nargs, 1);
	cr_expect(str_eq(o.args[0], STR("--push")), "after -- everything is an argument");
	arena_release(&o.arena);
}

Test(options, last_scalar_counts_and_lists_add_up, .init = make_place, .fini = remove_place)
{
	struct options o = parsed("run -a one -a two --env A=1 --env B --env A=2 --matrix os:x:y");

	cr_expect_str_eq(o.actor.p, "two");
	cr_assert_eq(o.env.n, 3);
	cr_expect(str_eq(o.env.v[0].name, STR("A")) && o.env.v[0].given);
	cr_expect(str_eq(o.env.v[1].name, STR("B")) && !o.env.v[1].given);
	cr_expect(str_eq(o.matrix.v[0].key, STR("os")));
	cr_expect(str_eq(o.matrix.v[0].value, STR("x:y")));
	arena_release(&o.arena);
}

static const struct {
	const char *command;
	enum pull_policy pull;
} pulls[] = {
	{ "run", PULL_MISSING },
	{ "run -p", PULL_ALWAYS },
	{ "run --pull", PULL_ALWAYS },
	{ "run --pull=true", PULL_ALWAYS },
	{ "run -p=false", PULL_NEVER },
	{ "run --pull=false", PULL_NEVER },
	{ "run --pull=never", PULL_NEVER },
	{ "run --pull=missing", PULL_MISSING },
	{ "run --pull=always", PULL_ALWAYS },
	{ "run -pn", PULL_ALWAYS },
};

Test(options, pull, .init = make_place, .fini = remove_place)
{
	for (size_t i = 0; i < sizeof(pulls) / sizeof(pulls[0]); i++) {
		struct options o = parsed(pulls[i].command);

		cr_expect_eq(o.pull, pulls[i].pull, "%s", pulls[i].command);
		arena_release(&o.arena);
	}
}

Test(options, times, .init = make_place, .fini = remove_place)
{
	static const struct {
		const char *command;
		unsigned long ms;
	} times[] = { { "run --timeout 90", 90000 },
		      { "run --timeout 90s", 90000 },
		      { "run --timeout 10m", 600000 },
		      { "run --timeout 1h30m", 5400000 },
		      { "run --timeout 250ms", 250 } };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct options o = parsed(times[i].command);

		cr_expect_eq(o.timeout_ms, times[i].ms, "%s", times[i].command);
		arena_release(&o.arena);
	}
}

Test(options, platform_is_an_image_or_an_architecture, .init = make_place, .fini = remove_place)
{
	struct options o = parsed("run -P a=b:1 --platform linux/arm64 --platform c=-self-hosted");

	cr_assert_eq(o.images.n, 2);
	cr_expect(str_eq(o.images.v[0].label, STR("a")));
	cr_expect(str_eq(o.images.v[0].image, STR("b:1")));
	cr_expect(str_eq(o.images.v[1].image, STR("-self-hosted")));
	cr_expect(str_eq(o.architecture, STR("linux/arm64")));
	arena_release(&o.arena);
}

/* /proc/PID/cmdline shows argv as it is in memory. */
Test(options, secrets_are_wiped_from_argv, .init = make_place, .fini = remove_place)
{
	struct options o;
	struct line l;
	struct err err = ERR_INIT;

	cr_assert(parse(&o, &l, "run -s A=hunter2 -sB=hunter2 --secret=C=hunter2 --secret D=h=i",
			&err));
	for (int i = 0; i < l.argc; i++) {
		cr_expect_null(strstr(l.argv[i], "hunter2"), "%s", l.argv[i]);
		cr_expect_null(strstr(l.argv[i], "h=i"), "%s", l.argv[i]);
	}
	cr_assert_eq(o.secrets.n, 4);
	cr_expect(str_eq(o.secrets.v[0].value, STR("hunter2")));
	cr_expect(str_eq(o.secrets.v[1].value, STR("hunter2")));
	cr_expect(str_eq(o.secrets.v[2].name, STR("C")));
	cr_expect(str_eq(o.secrets.v[3].value, STR("h=i")));
	arena_release(&o.arena);
}

Test(options, actrc_files_come_before_the_command_line, .init = make_place, .fini = remove_place)
{
	cr_assert_eq(mkdir("../home/.config", 0700), 0);
	cr_assert_eq(mkdir("../home/.config/act-c", 0700), 0);
	put("../home/.config/act-c/actrc", "# mine\n-P a=1\n--actor one\nno option\n");
	put("../home/.config/act-c/config.yml", "images:\n  a: zero\n  b: img\n");
	put("../home/.actrc", "-Pa=2\n--actor=$WHO ${WHO}x $UNSET.\n--rm\n-b\n");
	put(".actrc", "-P   a=3\n--env A=b c\n--pull=false\n");
	cr_assert_eq(setenv("WHO", "me", 1), 0);

	struct options o = parsed("run -P a=4");

	cr_assert_eq(o.images.n, 6);
	cr_expect(str_eq(o.images.v[0].image, STR("zero")), "config.yml is first");
	for (size_t i = 2; i < 6; i++) {
		cr_expect(str_eq(o.images.v[i].image, str_mk(&"1234"[i - 2], 1)), "%zu", i);
	}
	cr_expect_str_eq(o.actor.p, "me mex .");
	cr_expect(o.bind);
	cr_expect(str_eq(o.env.v[0].value, STR("b c")), "a value may hold blanks");
	cr_expect_eq(o.pull, PULL_NEVER);
	arena_release(&o.arena);
}

Test(options, an_actrc_of_another_command_is_no_error, .init = make_place, .fini = remove_place)
{
	put(".actrc", "--env A=b\n-P a=b\n-W sub\n");

	struct options o = parsed("list");

	cr_expect_eq(o.workflows.n, 1);
	cr_expect_eq(o.env.n, 0);
	arena_release(&o.arena);
}

/* DESIGN decision 12. */
static const char *const leaving[] = {
	"--engine host",
	"--engine=host",
	"-P a=-self-hosted",
	"-P a= -self-hosted",
	"-Pa=-self-hosted",
	"--platform a=-self-hosted",
	"--network host",
	"--network=host",
	"--network container:x",
	"--bind",
	"-b",
	"--bind=true",
	"--container-options -v/:/x",
	"--privileged",
	"--docker-socket full",
	"--docker-socket=auto",
	"--tool-cache /opt",
	"--env-file ../x",
	"--secret-file /etc/passwd",
	"-e ../../x",
	"-W ..",
	"-W/etc",
	"--var-file link",
	"--input-file sub/../../x",
	"-s HOME",
	"--env HOME",
	"--var HOME",
	"-C /",
	"--directory /",
};

Test(options, the_repositorys_actrc_does_not_leave_the_isolation, .init = make_place,
     .fini = remove_place)
{
	struct options plain = parsed("run");

	put("../x", "A=1\n");
	cr_assert_eq(symlink("../x", "link"), 0);
	cr_assert(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++) {
		put(".actrc", leaving[i]);

		struct options o = parsed("run");

		cr_expect_str_eq(o.engine.p, "auto", "%s", leaving[i]);
		cr_expect_eq(o.images.n + o.workflows.n + o.env_files.n + o.secret_files.n +
				     o.var_files.n + o.input_files.n + o.secrets.n + o.env.n +
				     o.vars.n,
			     0, "%s", leaving[i]);
		cr_expect_eq(o.network.len + o.container_options.len + o.event_file.len +
				     o.directory.len,
			     0, "%s", leaving[i]);
		cr_expect_eq(o.bind, plain.bind, "%s", leaving[i]);
		cr_expect_eq(o.privileged, plain.privileged, "%s", leaving[i]);
		cr_expect_eq(o.tool_cache.len, 0, "%s", leaving[i]);
		cr_expect_eq(o.docker_socket, plain.docker_socket, "%s", leaving[i]);
		arena_release(&o.arena);
	}
	arena_release(&plain.arena);
}

Test(options, the_repositorys_actrc_may_say_the_rest, .init = make_place, .fini = remove_place)
{
	put("sub/env", "A=1\n");
	put(".actrc", "--engine docker\n-P a=b\n--network none\n--bind=false\n--env-file sub/env\n"
		      "-s A=$HOME\n--secret-file not-there-yet\n");

	struct options o = parsed("run");

	cr_expect_str_eq(o.engine.p, "docker");
	cr_expect_eq(o.images.n, 1);
	cr_expect_str_eq(o.network.p, "none");
	cr_expect_eq(o.env_files.n, 1);
	cr_expect_eq(o.secret_files.n, 1);
	cr_expect_str_eq(o.secrets.v[0].value.p, "$HOME", "no variable of the user's is put in");
	arena_release(&o.arena);
}

/* In the home directory, ./.actrc is the user's own. */
Test(options, the_users_actrc_is_read_once, .init = make_place, .fini = remove_place)
{
	put("../home/.actrc", "--env A=b\n--privileged\n");

	struct options o = parsed("-C ../home run");

	cr_expect_eq(o.env.n, 1);
	cr_expect(o.privileged);
	arena_release(&o.arena);
	cr_assert_eq(chdir("../repo"), 0);
}

static struct run_values values(struct options *o)
{
	struct run_values v;
	struct err err = ERR_INIT;

	cr_assert(options_values(o, &v, &err), "%s", err.msg);
	return v;
}

static const char *value_of(const struct settings *s, const char *name)
{
	const struct setting *one = settings_get(s, str_of(name), false);

	return one ? one->value.p : "(none)";
}

Test(options, values_come_from_files_then_the_command_line, .init = make_place,
     .fini = remove_place)
{
	put(".secrets", "a=file\nB=file\n");
	put(".env", "path=x\n");
	put("vars.yml", "V: 1\n");
	put(".vars", "W: not read\n");
	cr_assert_eq(setenv("FROM_ENV", "there", 1), 0);

	struct options o = parsed("run -s A=line -s from_env --var-file vars.yml --env FROM_ENV "
				  "--env Path=y");
	struct run_values v = values(&o);

	cr_expect_str_eq(value_of(&v.secrets, "A"), "line", "names are in capitals");
	cr_expect_str_eq(value_of(&v.secrets, "B"), "file");
	cr_expect_str_eq(value_of(&v.secrets, "FROM_ENV"), "there");
	cr_expect_str_eq(value_of(&v.vars, "V"), "1");
	cr_expect_str_eq(value_of(&v.vars, "W"), "(none)",
			 "a file named replaces the standard one");
	cr_expect_str_eq(value_of(&v.env, "path"), "x");
	cr_expect_str_eq(value_of(&v.env, "Path"), "y");
	cr_expect_str_eq(value_of(&v.env, "FROM_ENV"), "there");
	arena_release(&o.arena);
}

static const struct {
	const char *command, *error;
} value_errors[] = {
	{ "run -s NOWHERE", "--secret NOWHERE has no value and is not in the environment" },
	{ "run --var NOWHERE", "--var NOWHERE has no value and is not in the environment" },
	{ "run --input x", "--input x wants NAME=VALUE" },
	{ "run --env-file nowhere", "nowhere: no such file" },
};

Test(options, values_that_are_missing, .init = make_place, .fini = remove_place)
{
	cr_assert(freopen("/dev/null", "r", stdin));
	for (size_t i = 0; i < sizeof(value_errors) / sizeof(value_errors[0]); i++) {
		struct options o = parsed(value_errors[i].command);
		struct run_values v;
		struct err err = ERR_INIT;

		cr_expect_not(options_values(&o, &v, &err));
		cr_expect_eq(err.kind, ERR_USAGE);
		cr_expect_str_eq(err.msg, value_errors[i].error);
		err_release(&err);
		arena_release(&o.arena);
	}
}

Test(options, a_standard_file_outside_the_repository_is_not_read, .init = make_place,
     .fini = remove_place)
{
	put("../x", "A=outside\n");
	cr_assert_eq(symlink("../x", ".env"), 0);
	cr_assert(freopen("/dev/null", "w", stderr));

	struct options o = parsed("run");
	struct run_values v = values(&o);

	cr_expect_eq(v.env.n, 0);
	arena_release(&o.arena);
}

Test(options, event_payload_is_an_object, .init = make_place, .fini = remove_place)
{
	static const struct {
		const char *text, *error;
	} rows[] = { { "{\"a\": 1}", NULL }, { "[1]", "-e p.json: a JSON object was expected" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options o = parsed("run -e p.json");
		struct value v = value_null();
		struct err err = ERR_INIT;

		put("p.json", rows[i].text);
		cr_expect_eq(options_event_payload(&o, &v, &err), rows[i].error == NULL);
		cr_expect_str_eq(err.msg ? err.msg : "", rows[i].error ? rows[i].error : "");
		err_release(&err);
		arena_release(&o.arena);
	}
}

/* What help shows must fit a terminal of 80 columns and be there for every option. */
Test(options, help_is_80_columns_wide)
{
	char *text = NULL;
	size_t size = 0;

	for (size_t i = 0; i < ncommands; i++) {
		FILE *out = open_memstream(&text, &size);

		help_command(out, &commands[i]);
		(void)fclose(out);

		struct str rest = str_mk(text, size);

		while (rest.p) {
			struct str line = str_cut(&rest, '\n');
			size_t columns = 0;

			for (size_t j = 0; j < line.len; j++) {
				columns += ((unsigned char)line.p[j] & 0xc0) != 0x80;
			}
			cr_expect(columns <= 80, "%.*s", STR_ARG(line));
		}
		free(text);
	}
	for (size_t i = 0; i < option_nrows; i++) {
		cr_expect(option_rows[i].hidden || option_rows[i].help, "%s", option_rows[i].name);
		cr_expect_eq(option_by_name(str_of(option_rows[i].name)), &option_rows[i],
			     "%s is there twice", option_rows[i].name);
	}
}
