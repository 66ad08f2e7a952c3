/*
 * action_git.c - asking a remote by the git program: which commit a ref is, and that commit's tree.
 *
 * The program rather than a library, because only it knows all of the user's configuration:
 * insteadOf, credential helpers, ssh, proxies, certificates. A tree is fetched without history into
 * a repository of its own that is thrown away, and leaves it as `git archive` has it, which is what
 * GitHub's tarballs are. A token is in git's environment, never in its arguments.
 */
#include <stdlib.h>
#include <unistd.h>

#include "actc/base64.h"
#include "actc/file.h"
#include "actc/process.h"
#include "action_private.h"
#include "git_run.h"

enum { ANSWER_MAX = 64 << 20, WORDS_MAX = 1 << 20, SHORT_MIN = 7 };

typedef VEC(const char *) args;

static struct str url_of(struct arena *a, struct str server, const struct action_ref *ref)
{
	return arena_printf(a, "%.*s/%.*s/%.*s", STR_ARG(server), STR_ARG(ref->owner),
			    STR_ARG(ref->repo));
}

/* --- the environment ----------------------------------------------------------------------------
 */

/* One more entry of configuration behind those that the user's environment has. */
static void add_token(struct arena *a, args *env, struct str server, struct str token)
{
	const char *had = getenv("GIT_CONFIG_COUNT");
	unsigned long n = 0;

	if (had && !str_to_ulong(str_of(had), &n)) {
		n = 0;
	}

	struct strbuf login = STRBUF_INIT(0);

	base64_add(&login, arena_printf(a, "x-access-token:%.*s", STR_ARG(token)));

	vec_push(a, env, arena_printf(a, "GIT_CONFIG_COUNT=%lu", n + 1).p);
	vec_push(
		a, env,
		arena_printf(a, "GIT_CONFIG_KEY_%lu=http.%.*s/.extraheader", n, STR_ARG(server)).p);
	vec_push(
		a, env,
		arena_printf(a, "GIT_CONFIG_VALUE_%lu=AUTHORIZATION: basic %.*s", n, STR_ARG(login))
			.p);
}

static const char *const *environment(struct arena *a, struct str server, struct str token)
{
	args env = { 0 };

	/* A server that says nothing for half a minute is given up. */
	vec_push(a, &env, "GIT_HTTP_LOW_SPEED_LIMIT=1");
	vec_push(a, &env, "GIT_HTTP_LOW_SPEED_TIME=30");
	if (!getenv("GIT_SSH_COMMAND") && !getenv("GIT_SSH")) {
		vec_push(a, &env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o ConnectTimeout=30");
	}
	if (token.len) {
		add_token(a, &env, server, token);
	}
	vec_push(a, &env, NULL);
	return env.v;
}

/* --- what git says ------------------------------------------------------------------------------
 */

/* Without what stands between "://" and "@": a URL of the user's may hold a password. */
static struct str without_login(struct arena *a, struct str s)
{
	size_t from = str_find(s, STR("://"), 0);
	size_t at = from == STR_NPOS ? STR_NPOS : str_chr(s, '@', from);
	size_t slash = from == STR_NPOS ? STR_NPOS : str_chr(s, '/', from + 3);

	if (at == STR_NPOS || slash < at) {
		return s;
	}
	return arena_printf(a, "%.*s://%.*s", (int)from, s.p, STR_ARG(str_slice(s, at + 1, s.len)));
}

/* The line that tells most: git's "fatal:", else the last one. */
static struct str words(struct arena *a, struct str said)
{
	struct str best = STR_EMPTY;

	while (said.p) {
		struct str line = str_trim(str_cut(&said, '\n'));

		if (str_starts(line, STR("fatal: "))) {
			return without_login(a, arena_str(a, str_slice(line, 7, line.len)));
		}
		best = line.len ? line : best;
	}
	return without_login(a, arena_str(a, best));
}

/* What the servers and git say of a repository that is not there, or that one may not see. */
static bool says_missing(struct str said)
{
	static const struct str signs[] = {
		STR_INIT("not found"),
		STR_INIT("does not exist"),
		STR_INIT("does not appear to be a git repository"),
		STR_INIT("could not read Username"),
		STR_INIT("Authentication failed"),
		STR_INIT("error: 403"),
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (str_find(said, signs[i], 0) != STR_NPOS) {
			return true;
		}
	}
	return false;
}

/* Runs git, first with the token, then, when that failed, without: a token that has expired must
 * not keep public repositories away. */
static bool ask(struct arena *a, const struct action_store *s, struct str server,
		const struct git_call *asked, struct err *err)
{
	struct strbuf said = STRBUF_INIT(WORDS_MAX);
	struct git_call call = *asked;
	struct str token = action_token(s, server);
	int status = 0;
	bool ok;

	call.users = true;
	call.err = &said;
	for (;;) {
		call.env = environment(a, server, token);
		strbuf_reset(&said);
		if (call.out) {
			strbuf_reset(call.out);
		}
		ok = git_try(&call, &status, err);
		if (!ok || status == 0 || token.len == 0) {
			break;
		}
		token = STR_EMPTY;
	}
	if (ok && status != 0) {
		struct str text = strbuf_str(&said);

		ok = err_set(err, says_missing(text) ? ERR_NOT_FOUND : ERR_SYSTEM, "%.*s",
			     STR_ARG(words(a, text)));
	}
	strbuf_release(&said);
	return ok;
}

struct str action_git_url(struct arena *a, struct str server, const struct action_ref *ref,
			  bool *rewritten)
{
	struct str url = url_of(a, server, ref), real = url;
	const char *argv[] = { "ls-remote", "--get-url", url.p, NULL };
	struct strbuf out = STRBUF_INIT(WORDS_MAX);
	struct git_call call = { .args = argv, .dir = STR("/"), .out = &out, .users = true };
	struct err ignored = ERR_INIT;

	if (git_run(&call, &ignored)) {
		real = arena_str(a, str_trim(strbuf_str(&out)));
	}
	err_release(&ignored);
	strbuf_release(&out);
	*rewritten = !str_eq(real, url);
	return real;
}

/* --- which commit -------------------------------------------------------------------------------
 */

/* The id of exactly this ref in the answer of ls-remote; empty = it is not there. */
static struct str find_ref(struct str answer, struct str name)
{
	while (answer.p) {
		struct str line = str_cut(&answer, '\n');
		struct str id = str_cut(&line, '\t');

		if (line.p && str_eq(str_trim(line), name)) {
			return id;
		}
	}
	return STR_EMPTY;
}

/* As git itself orders what a name may mean: an annotated tag's commit, a tag, a branch; last what
 * is written in full. */
static bool choose(struct arena *a, struct str answer, struct str ref, struct action_record *out)
{
	struct str tag = arena_printf(a, "refs/tags/%.*s", STR_ARG(ref));
	struct str branch = arena_printf(a, "refs/heads/%.*s", STR_ARG(ref));
	const struct {
		struct str name, full;
	} forms[] = {
		{ arena_printf(a, "%.*s^{}", STR_ARG(tag)), tag }, { tag, tag }, { branch, branch },
		{ arena_printf(a, "%.*s^{}", STR_ARG(ref)), ref }, { ref, ref },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct str id = find_ref(answer, forms[i].name);

		if (id.len) {
			out->commit = arena_str(a, id);
			out->full = forms[i].full;
			return true;
		}
	}
	return false;
}

static bool is_short(struct str ref)
{
	for (size_t i = 0; i < ref.len; i++) {
		if (!strchr("0123456789abcdef", ref.p[i])) {
			return false;
		}
	}
	return ref.len >= SHORT_MIN;
}

static bool no_such_ref(struct arena *a, const struct action_ref *ref, struct err *err)
{
	struct str name = action_name(a, ref);

	if (is_short(ref->ref)) {
		return err_set(err, ERR_NOT_FOUND,
			       "Unable to resolve action `%.*s`, the provided ref `%.*s` is the "
			       "shortened version of a commit SHA, which is not supported. Please "
			       "use the full commit SHA instead.",
			       STR_ARG(name), STR_ARG(ref->ref));
	}
	return err_set(err, ERR_NOT_FOUND,
		       "Unable to resolve action `%.*s`, unable to find version `%.*s`",
		       STR_ARG(name), STR_ARG(ref->ref));
}

bool action_git_resolve(struct arena *a, const struct action_store *s, struct str server,
			const struct action_ref *ref, struct action_record *out, struct err *err)
{
	struct strbuf answer = STRBUF_INIT(ANSWER_MAX);
	struct str name = ref->ref;
	const char *argv[] = { "ls-remote",
			       "-q",
			       url_of(a, server, ref).p,
			       arena_printf(a, "refs/tags/%.*s", STR_ARG(name)).p,
			       arena_printf(a, "refs/tags/%.*s^{}", STR_ARG(name)).p,
			       arena_printf(a, "refs/heads/%.*s", STR_ARG(name)).p,
			       arena_cstr(a, name),
			       arena_printf(a, "%.*s^{}", STR_ARG(name)).p,
			       NULL };
	struct git_call call = { .args = argv, .dir = STR("/"), .out = &answer };
	bool ok = ask(a, s, server, &call, err);

	if (ok) {
		ok = choose(a, strbuf_str(&answer), name, out) || no_such_ref(a, ref, err);
	} else if (err->kind == ERR_NOT_FOUND) {
		struct str said = arena_str(a, str_of(err->msg));

		err_release(err);
		ok = err_set(err, ERR_NOT_FOUND,
			     "Unable to resolve action %.*s/%.*s, repository not found (%.*s)",
			     STR_ARG(ref->owner), STR_ARG(ref->repo), STR_ARG(said));
	} else {
		(void)err_wrap(err, "Unable to resolve action `%.*s`",
			       STR_ARG(action_name(a, ref)));
	}
	strbuf_release(&answer);
	return ok;
}

/* The longest tag: of v4 and v4.2.1, which are one commit, the second. */
static struct str best_name(struct arena *a, struct str answer, struct str commit)
{
	struct str tag = STR_EMPTY, branch = STR_EMPTY;

	while (answer.p) {
		struct str name = str_cut(&answer, '\n');
		struct str id = str_cut(&name, '\t');

		name = name.p ? str_trim(name) : STR_EMPTY;
		if (str_ends(name, STR("^{}"))) {
			name.len -= 3;
		}
		if (!str_ieq(id, commit)) {
			continue;
		}
		if (str_starts(name, STR("refs/tags/")) && name.len - 10 > tag.len) {
			tag = str_slice(name, 10, name.len);
		} else if (str_starts(name, STR("refs/heads/")) && branch.len == 0) {
			branch = str_slice(name, 11, name.len);
		}
	}
	return arena_str(a, tag.len ? tag : branch);
}

struct str action_git_ref_of(struct arena *a, const struct action_store *s, struct str server,
			     const struct action_ref *ref, struct str commit)
{
	struct strbuf answer = STRBUF_INIT(ANSWER_MAX);
	const char *argv[] = { "ls-remote", "-q", "--tags", "--heads", url_of(a, server, ref).p,
			       NULL };
	struct git_call call = { .args = argv, .dir = STR("/"), .out = &answer };
	struct err ignored = ERR_INIT;
	struct str name = ask(a, s, server, &call, &ignored)
				  ? best_name(a, strbuf_str(&answer), commit)
				  : STR_EMPTY;

	err_release(&ignored);
	strbuf_release(&answer);
	return name;
}

/* --- its tree -----------------------------------------------------------------------------------
 */

static bool init(const char *git_dir, struct err *err)
{
	const char *argv[] = { "init", "-q", "--bare", git_dir, NULL };
	struct git_call call = { .args = argv, .dir = STR("/"), .isolated = true };

	return git_run(&call, err);
}

/* Servers that serve commits by their id do so at once; of others the ref is fetched, or in the end
 * everything. */
static bool fetch_into(struct arena *a, const struct action_store *s, struct str server,
		       const struct action_ref *ref, const char *commit, const char *git_dir,
		       struct err *err)
{
	const char *url = url_of(a, server, ref).p;
	const char *const tries[][4] = {
		{ "--depth=1", url, commit, NULL },
		{ "--depth=1", url, arena_cstr(a, ref->ref), NULL },
		{ url, "+refs/*:refs/act-c/*", NULL, NULL },
	};
	bool ok = false;

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries) && !ok; i++) {
		const char *const *t = tries[i];
		const char *argv[] = { "-c",    "gc.auto=0", "-c",        "maintenance.auto=false",
				       "fetch", "-q",        "--no-tags", "--no-recurse-submodules",
				       t[0],    t[1],        t[2],        NULL };
		const char *probe[] = { "cat-file", "-e", commit, NULL };
		struct git_call call = { .args = argv, .dir = str_of(git_dir) };
		struct git_call look = { .args = probe, .dir = str_of(git_dir), .isolated = true };
		struct err why = ERR_INIT;

		ok = ask(a, s, server, &call, &why) && git_run(&look, &why);
		if (!ok && i == 0) {
			*err = why; /* of the first: the others only make up for what it lacks */
		} else {
			err_release(&why);
		}
	}
	if (ok) {
		err_release(err);
	}
	return ok;
}

static bool archive(const char *git_dir, const char *commit, struct str dest, struct err *err)
{
	const char *argv[] = { "git",     "--git-dir",    git_dir, "-c", "tar.umask=0022",
			       "archive", "--format=tar", commit,  NULL };
	const char *env[] = { "GIT_CONFIG_NOSYSTEM=1",
			      "GIT_CONFIG_GLOBAL=/dev/null",
			      "GIT_ATTR_NOSYSTEM=1",
			      "HOME=/dev/null",
			      "XDG_CONFIG_HOME=/dev/null",
			      "GIT_CONFIG_COUNT",
			      "GIT_CONFIG_PARAMETERS",
			      "GIT_DIR",
			      "GIT_OBJECT_DIRECTORY",
			      "GIT_WORK_TREE",
			      "GIT_INDEX_FILE",
			      "GIT_COMMON_DIR",
			      "GIT_NAMESPACE",
			      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
			      "GIT_NO_REPLACE_OBJECTS=1",
			      NULL };
	struct child_spec spec = {
		.argv = argv, .env = env, .in = CHILD_NULL, .out = CHILD_PIPE, .err = CHILD_NULL
	};
	struct child git = CHILD_INIT;

	if (!child_start(&spec, &git, err)) {
		return false;
	}

	bool ok = action_unpack(git.out, dest, 0, err);

	if (ok) {
		(void)child_wait(&git, -1);
		ok = git.status == 0 ||
		     err_set(err, ERR_SYSTEM, "git archive ended with status %d", git.status);
	}
	child_end(&git);
	return ok;
}

bool action_git_fetch(struct arena *a, const struct action_store *s, struct str server,
		      const struct action_ref *ref, struct str commit, struct str dest,
		      struct err *err)
{
	const char *git_dir = arena_printf(a, "%.*s.git", STR_ARG(dest)).p;
	struct err ignored = ERR_INIT;
	bool ok = init(git_dir, err) && fetch_into(a, s, server, ref, commit.p, git_dir, err) &&
		  archive(git_dir, commit.p, dest, err);

	(void)remove_tree(git_dir, &ignored);
	err_release(&ignored);
	return ok;
}
