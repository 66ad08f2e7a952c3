/*
 * git_run.c - how the git program is called.
 *
 * Hooks, `git rebase --exec` and editors start programs with GIT_DIR, GIT_INDEX_FILE and others
 * set; none of that may reach our calls, or they would work on another repository than the one that
 * was read. What git is asked to do is the business of snapshot.c and checkout.c.
 */
#include "git_run.h"

#include <unistd.h>

#include "actc/process.h"

enum {
	OUT_MAX = 512 * 1024 * 1024, /* `git status` of very many changes */
	ERR_MAX = 64 * 1024 * 1024,  /* one line per file with other line ends */
	WORDS_MAX = 4096,            /* of git's words that fit a message */
};

static const char *const fixed[] = {
	"GIT_OPTIONAL_LOCKS=0", /* `git status` must not write the index */
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C.UTF-8", "LANGUAGE",
};

static const char *const isolation[] = {
	"GIT_CONFIG_NOSYSTEM=1",     "GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",       "GIT_LFS_SKIP_SMUDGE=1",
	"GIT_COMMITTER_NAME=act-c",  "GIT_COMMITTER_EMAIL=act-c@localhost",
	"XDG_CONFIG_HOME=/dev/null", "HOME=/dev/null",
};

typedef VEC(const char *) env_list;

/* What ties a git process to one repository: never ours, also where the user's other GIT_*
 * variables count. */
static const struct str of_repository[] = {
	STR_INIT("GIT_DIR"),
	STR_INIT("GIT_WORK_TREE"),
	STR_INIT("GIT_INDEX_FILE"),
	STR_INIT("GIT_OBJECT_DIRECTORY"),
	STR_INIT("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
	STR_INIT("GIT_COMMON_DIR"),
	STR_INIT("GIT_NAMESPACE"),
	STR_INIT("GIT_PREFIX"),
	STR_INIT("GIT_CEILING_DIRECTORIES"),
	STR_INIT("GIT_SHALLOW_FILE"),
	STR_INIT("GIT_GRAFT_FILE"),
	STR_INIT("GIT_IMPLICIT_WORK_TREE"),
	STR_INIT("GIT_QUARANTINE_PATH"),
	STR_INIT("GIT_REFLOG_ACTION"),
	STR_INIT("GIT_LITERAL_PATHSPECS"),
};

static struct str env_name(const char *entry)
{
	struct str rest = str_of(entry);

	return str_cut(&rest, '=');
}

static bool env_has(const env_list *env, struct str name)
{
	for (size_t i = 0; i < env->n; i++) {
		if (str_eq(env_name(env->v[i]), name)) {
			return true;
		}
	}
	return false;
}

static void env_add(struct arena *a, env_list *env, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vec_push(a, env, list[i]);
	}
}

static bool is_kept(const struct git_call *call, struct str name)
{
	if (!call->users) {
		return false;
	}
	for (size_t i = 0; i < sizeof(of_repository) / sizeof(*of_repository); i++) {
		if (str_eq(of_repository[i], name)) {
			return false;
		}
	}
	return true;
}

static const char *const *environment(struct arena *a, const struct git_call *call)
{
	env_list env = { 0 };

	for (size_t i = 0; call->env && call->env[i]; i++) {
		vec_push(a, &env, call->env[i]);
	}
	env_add(a, &env, fixed, sizeof(fixed) / sizeof(*fixed));
	if (call->isolated) {
		env_add(a, &env, isolation, sizeof(isolation) / sizeof(*isolation));
	}
	for (char **e = environ; *e; e++) {
		struct str name = env_name(*e);

		if (str_starts(name, STR("GIT_")) && !env_has(&env, name) && !is_kept(call, name)) {
			vec_push(a, &env, arena_cstr(a, name));
		}
	}
	vec_push(a, &env, NULL);
	return env.v;
}

static const char *const *arguments(struct arena *a, const struct git_call *call)
{
	VEC(const char *) argv = { 0 };

	vec_push(a, &argv, "git");
	for (size_t i = 0; call->args[i]; i++) {
		vec_push(a, &argv, call->args[i]);
	}
	vec_push(a, &argv, NULL);
	return argv.v;
}

static struct child_spec spec_of(struct arena *a, const struct git_call *call)
{
	return (struct child_spec){
		.argv = arguments(a, call),
		.env = environment(a, call),
		.cwd = arena_cstr(a, call->dir),
		.in = CHILD_NULL,
		.out = CHILD_PIPE,
		.err = CHILD_NULL,
	};
}

bool git_start(const struct git_call *call, struct child *child, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct child_spec spec = spec_of(&a, call);
	bool ok = child_start(&spec, child, err);

	arena_release(&a);
	return ok;
}

bool git_try(const struct git_call *call, int *status, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(OUT_MAX), errout = STRBUF_INIT(ERR_MAX);
	struct child_spec spec = spec_of(&a, call);
	bool ok = child_capture(&spec, call->input, call->out ? call->out : &out,
				call->err ? call->err : &errout, -1, status, err);

	strbuf_release(&out);
	strbuf_release(&errout);
	arena_release(&a);
	return ok;
}

/* The subcommand, for messages: the first argument that is no option. */
static const char *subcommand(const struct git_call *call)
{
	size_t i = 0;

	while (call->args[i] && call->args[i][0] == '-') {
		i += strcmp(call->args[i], "-c") == 0 ? 2 : 1;
	}
	return call->args[i] ? call->args[i] : "git";
}

bool git_run(const struct git_call *call, struct err *err)
{
	struct strbuf words = STRBUF_INIT(ERR_MAX);
	struct git_call heard = *call;
	int status = 0;

	heard.err = call->err ? call->err : &words;

	bool ok = git_try(&heard, &status, err);

	if (ok && status != 0) {
		struct str said = str_trim(strbuf_str(heard.err));

		ok = err_set(err, ERR_SYSTEM, "git %s: %.*s", subcommand(call),
			     STR_ARG(str_slice(said, 0, WORDS_MAX)));
		if (said.len == 0) {
			err_release(err);
			ok = err_set(err, ERR_SYSTEM, "git %s ended with status %d",
				     subcommand(call), status);
		}
	}
	strbuf_release(&words);
	return ok;
}
