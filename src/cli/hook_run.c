/*
 * hook_run.c - `act-c hook run`: what is pushed or committed, whether any workflow listens to it,
 * and then `act-c run` on exactly that.
 *
 * The order is by cost: one git process finds that there are no workflows, another one, and one
 * beside them, that none listens; only then is anything else loaded. The run is this same program's
 * command, read from a command line as the user could have written it, so that the actrc files
 * count for it too.
 */
#include "hook_run.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/strbuf.h"
#include "content.h"
#include "hook_listen.h"
#include "options.h"

enum { REFS_MAX = 16 * 1024 * 1024 };

/* git is asked for the settings while it is asked for the workflow files. */
struct asking {
	struct arena arena;
	struct hook_settings settings;
	struct err err;
	pthread_t thread;
	int repository;
	bool threaded, ok;
};

struct hook {
	struct options *o;
	struct arena *a;
	bool commits; /* pre-commit, else pre-push */
	struct str index;
	struct str remote;
	struct hook_settings settings;
	struct asking asking;
	struct str event;
	int code; /* of the worst run */
	bool stop;
};

static bool is_skipped(void)
{
	const char *skip = getenv("ACT_C_SKIP");

	return skip && *skip && strcmp(skip, "0") != 0;
}

static struct str setting(const struct hook *h, struct str name, struct str fallback)
{
	struct str value = hook_setting(&h->settings, name);

	return value.len ? value : fallback;
}

static bool is_true(struct str value)
{
	return str_ieq(value, STR("true")) || str_ieq(value, STR("yes")) ||
	       str_ieq(value, STR("on")) || str_eq(value, STR("1"));
}

static void *ask_in_thread(void *ctx)
{
	struct asking *q = ctx;

	q->ok = hook_settings_read(&q->arena, q->repository, &q->settings, &q->err);
	return NULL;
}

static void begin_settings(struct asking *q)
{
	q->repository = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	q->threaded = pthread_create(&q->thread, NULL, ask_in_thread, q) == 0;
	if (!q->threaded) {
		(void)ask_in_thread(q);
	}
}

/* The arena stays: settings are read to the end. */
static void join_settings(struct asking *q)
{
	if (q->threaded) {
		(void)pthread_join(q->thread, NULL);
		q->threaded = false;
	}
	if (q->repository >= 0) {
		(void)close(q->repository);
		q->repository = -1;
	}
}

static void end_settings(struct asking *q)
{
	join_settings(q);
	err_release(&q->err);
	arena_release(&q->arena);
}

/* The user's configuration, and over it git's, which may be of this repository only. */
static bool read_settings(struct hook *h, struct err *err)
{
	struct asking *q = &h->asking;

	if (h->event.len) {
		return true;
	}
	join_settings(q);
	if (!options_config_hook(h->o, &h->settings, err)) {
		return false;
	}
	if (!q->ok) {
		*err = q->err;
		q->err = (struct err)ERR_INIT;
		return false;
	}
	for (size_t i = 0; i < q->settings.n; i++) {
		vec_push(h->a, &h->settings, q->settings.v[i]);
	}
	h->event = setting(h, STR("event"), STR("push"));
	return true;
}

/* --- the run --------------------------------------------------------------------------------- */

struct line {
	struct arena *a;
	VEC(char *) argv;
};

static void add(struct line *l, const char *option, struct str value)
{
	struct str arg = value.len ? arena_printf(l->a, "%s=%.*s", option, STR_ARG(value))
				   : arena_str(l->a, str_of(option));

	vec_push(l->a, &l->argv, arena_cstr(l->a, arg));
}

static void add_some(struct line *l, const char *option, struct str value)
{
	if (value.len) {
		add(l, option, value);
	}
}

static void add_settings(const struct hook *h, struct line *l)
{
	struct str jobs = setting(h, STR("jobs"), STR_EMPTY);

	add(l, "--engine-down",
	    setting(h, STR("engine-down"), h->commits ? STR("warn") : STR("fail")));
	add(l, "--timeout", setting(h, STR("timeout"), h->commits ? STR("120s") : STR("600s")));
	add(l, "--bind", STR("false"));
	if (!is_true(setting(h, STR("deployments"), STR_EMPTY))) {
		add(l, "--no-deployments", STR_EMPTY);
	}
	if (!is_true(setting(h, STR("verbose"), STR_EMPTY))) {
		add(l, "--quiet", STR_EMPTY);
	}
	while (jobs.len) {
		add_some(l, "--job", str_trim(str_cut(&jobs, ',')));
	}
	add_some(l, "--remote-name", h->remote);
}

/* 5: nothing matched, or nothing could be rehearsed here. That is said, and no reason to stop. */
static void note_code(struct hook *h, int code)
{
	if (code == EXIT_OK || code == EXIT_NOTHING) {
		return;
	}
	h->code = code;
	h->stop = code >= 128;
}

static void rehearse(struct hook *h, const struct content *content, const struct pushed *pushed)
{
	struct line l = { .a = h->a };

	add(&l, "act-c", STR_EMPTY);
	add(&l, "run", STR_EMPTY);
	vec_push(h->a, &l.argv, arena_cstr(h->a, h->event));
	if (pushed) {
		add(&l, "--commit", content->commit);
		add_some(&l, "--ref", pushed->remote_ref);
		add_some(&l, "--before", pushed->remote_sha);
	} else {
		add(&l, "--staged", STR_EMPTY);
		add_some(&l, "--index-file", content->index);
	}
	add_settings(h, &l);
	vec_push(h->a, &l.argv, NULL);
	note_code(h, cli_main((int)l.argv.n - 1, l.argv.v));
}

/* What a job gets to see is the same whatever started the hook. */
static void consider(struct hook *h, const struct content *content, const struct pushed *pushed)
{
	struct hook_question q = { .content = content, .pushed = pushed };
	struct content_place place;
	struct err err = ERR_INIT;
	bool some = false;
	size_t n = 0;
	bool ok = content_enter(h->o, content, &place, &n, &err);

	if (ok && n > 0) {
		ok = read_settings(h, &err);
		q.event = h->event;
		q.back = place.back;
		ok = ok && hook_listens(h->o, &q, &some, &err);
		content_leave(&place);
	}
	if (!ok) {
		h->code = cli_fail(&err);
	} else if (some) {
		rehearse(h, content, pushed);
	} else {
		struct str ref = pushed ? pushed->remote_ref : STR_EMPTY;

		(void)fprintf(stderr, "act-c: nothing to rehearse%s%.*s: no workflow listens\n",
			      ref.len ? " for " : "", STR_ARG(ref));
	}
}

/* --- what is pushed -------------------------------------------------------------------------- */

static struct str read_refs(struct hook *h)
{
	struct strbuf text = STRBUF_INIT(REFS_MAX);
	char buf[4096];
	ssize_t n = 0;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0 &&
	       strbuf_add(&text, buf, (size_t)n)) {
	}

	struct str all = arena_str(h->a, strbuf_str(&text));

	strbuf_release(&text);
	return all;
}

/* The framework pre-commit tells one ref, in the environment. */
static void framework_push(struct hook *h, struct pushed *one)
{
	struct str to = str_of(getenv("PRE_COMMIT_TO_REF"));
	struct str branch = str_of(getenv("PRE_COMMIT_REMOTE_BRANCH"));

	if (to.len == 0) {
		return;
	}
	*one = (struct pushed){ .local_sha = to,
				.local_ref = str_of(getenv("PRE_COMMIT_LOCAL_BRANCH")),
				.remote_ref = branch,
				.remote_sha = str_of(getenv("PRE_COMMIT_FROM_REF")) };
	h->remote = str_of(getenv("PRE_COMMIT_REMOTE_NAME"));
}

static void run_push(struct hook *h)
{
	struct pushed head = { .local_ref = STR_EMPTY,
			       .local_sha = STR("HEAD"),
			       .remote_ref = STR_EMPTY,
			       .remote_sha = STR_EMPTY };
	struct pushes pushes = { 0 };
	bool framework = getenv("PRE_COMMIT") != NULL;

	if (framework || isatty(STDIN_FILENO)) {
		framework_push(h, &head);
		consider(h, &(struct content){ head.local_sha, STR_EMPTY }, &head);
		return;
	}
	pushes_parse(h->a, read_refs(h), &pushes);
	for (size_t i = 0; i < pushes.n && !h->stop; i++) {
		const struct pushed *one = &pushes.v[i];
		const char *silent = push_silent(&pushes, one);

		if (silent) {
			(void)fprintf(stderr, "act-c: nothing to rehearse for %.*s: %s\n",
				      STR_ARG(one->remote_ref), silent);
		} else {
			consider(h, &(struct content){ one->local_sha, STR_EMPTY }, one);
		}
	}
}

/* git's first argument: a remote's name, or a URL where there is none. */
static struct str remote_name(const struct options *o)
{
	struct str name = o->nargs > 1 ? o->args[1] : STR_EMPTY;

	return str_chr(name, '/', 0) == STR_NPOS && str_chr(name, ':', 0) == STR_NPOS ? name
										      : STR_EMPTY;
}

/* GIT_DIR may name a repository that is not found from here; its content would be another's. */
static bool found_from_here(void)
{
	const char *git_dir = getenv("GIT_DIR"), *work_tree = getenv("GIT_WORK_TREE");

	return !(git_dir && work_tree) || access(".git", F_OK) == 0;
}

int hook_run(struct options *o)
{
	struct hook h = { .o = o,
			  .a = &o->arena,
			  .commits = o->pre_commit,
			  .remote = remote_name(o),
			  .asking = { .err = ERR_INIT },
			  .event = STR_EMPTY };

	if (o->pre_commit && o->pre_push) {
		return cli_usage(o, "--pre-push and --pre-commit exclude each other");
	}
	if (is_skipped()) {
		(void)fputs("act-c: nothing is rehearsed: ACT_C_SKIP is set\n", stderr);
		return EXIT_OK;
	}
	if (!found_from_here()) {
		(void)fputs("act-c: nothing is rehearsed: this working tree's repository is known "
			    "by GIT_DIR only, and jobs need one with a .git\n",
			    stderr);
		return EXIT_OK;
	}
	h.index = hook_leave_git(h.a);
	begin_settings(&h.asking);
	if (h.commits) {
		consider(&h, &(struct content){ STR_EMPTY, h.index }, NULL);
	} else {
		run_push(&h);
	}
	end_settings(&h.asking);
	return h.code;
}
