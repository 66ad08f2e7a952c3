/*
 * checkout.c - actions/checkout of the own repository: what a commit made now would contain, with a
 * real .git, put into the workspace as one tar stream (DESIGN decision 8). Another repository is
 * the real action's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/base64.h"
#include "actc/file.h"
#include "actc/sha256.h"
#include "checkout_again.h"
#include "env.h"
#include "step.h"

enum { CONFIG_MAX = 1 << 20 };

/* Inputs of the action that are understood here; the others change nothing for a local tree. */
struct checkout {
	struct str repository, server, ref, path, depth, tags;
	struct str clean, submodules, lfs, sparse, cone, persist, token;
	bool again; /* an earlier one was brought up to date */
};

static const struct input {
	struct str name;
	size_t offset;
} inputs[] = {
	{ STR_INIT("repository"), offsetof(struct checkout, repository) },
	{ STR_INIT("github-server-url"), offsetof(struct checkout, server) },
	{ STR_INIT("ref"), offsetof(struct checkout, ref) },
	{ STR_INIT("path"), offsetof(struct checkout, path) },
	{ STR_INIT("fetch-depth"), offsetof(struct checkout, depth) },
	{ STR_INIT("fetch-tags"), offsetof(struct checkout, tags) },
	{ STR_INIT("clean"), offsetof(struct checkout, clean) },
	{ STR_INIT("submodules"), offsetof(struct checkout, submodules) },
	{ STR_INIT("lfs"), offsetof(struct checkout, lfs) },
	{ STR_INIT("sparse-checkout"), offsetof(struct checkout, sparse) },
	{ STR_INIT("sparse-checkout-cone-mode"), offsetof(struct checkout, cone) },
	{ STR_INIT("persist-credentials"), offsetof(struct checkout, persist) },
	{ STR_INIT("token"), offsetof(struct checkout, token) },
};

static bool is_true(struct str input, bool otherwise)
{
	return input.len ? str_ieq(input, STR("true")) : otherwise;
}

bool step_is_checkout(const struct job *job, const struct step_def *def)
{
	struct str uses = def->uses.s;
	size_t at = str_chr(uses, '@', 0);

	return !job->run->request->remote_checkout && def->kind == STEP_USES && at != STR_NPOS &&
	       str_ieq(str_slice(uses, 0, at), STR("actions/checkout"));
}

static bool read_inputs(struct step *s, struct checkout *c)
{
	struct job *job = s->job;
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value with = value_null();
	struct arena *a = s->a;

	if (s->def->with && !tok_eval(a, s->def->with, &env, false, &with, &e)) {
		step_fail(s, job_placed(job, a, &e));
		return false;
	}
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		*(struct str *)(void *)((char *)c + inputs[i].offset) =
			str_trim(value_to_str(a, value_get(with, inputs[i].name)));
	}
	return true;
}

/* The first version was a part of the runner: its history is whole, and its path is one of the
 * runner's directory, to which the workspace moves. Here it stays, and so relative paths mean the
 * same. */
static void as_first_version(struct step *s, struct checkout *c)
{
	struct str ref =
		str_slice(s->def->uses.s, str_chr(s->def->uses.s, '@', 0) + 1, s->def->uses.s.len);
	struct str name = s->job->run->request->event->repository;

	if (!str_eq(ref, STR("v1")) && !str_starts(ref, STR("v1."))) {
		return;
	}
	if (c->depth.len == 0) {
		c->depth = STR("0");
	}
	(void)str_cut(&name, '/');
	if (c->path.len && !str_eq(c->path, name)) {
		job_annotate(s->job, s->path, "warning",
			     arena_printf(s->a,
					  "At GitHub actions/checkout@v1 moves the workspace to "
					  "'%.*s', beside where it was; here it stays, with the "
					  "repository in it",
					  STR_ARG(c->path)));
	}
	c->path = STR_EMPTY;
}

static unsigned long part_of(struct str *version, unsigned long otherwise)
{
	unsigned long n = otherwise;
	struct str part = str_cut(version, '.');

	return part.len && !str_to_ulong(part, &n) ? otherwise : n;
}

/* What the action does with tags has changed in v6.0.2. A major version stands for its last one;
 * what is no version is taken for the newest. */
static bool is_before_tags(const struct step *s)
{
	struct str uses = s->def->uses.s;
	struct str ref = str_slice(uses, str_chr(uses, '@', 0) + 1, uses.len);

	if (!str_starts(ref, STR("v"))) {
		return false;
	}
	ref = str_slice(ref, 1, ref.len);

	unsigned long major = part_of(&ref, 9), minor = part_of(&ref, 9), patch = part_of(&ref, 9);

	return major < 6 || (major == 6 && minor == 0 && patch < 2);
}

static bool leaves_workspace(struct str path)
{
	int depth = 0;

	while (path.p && depth >= 0) {
		struct str part = str_cut(&path, '/');

		if (str_eq(part, STR(".."))) {
			depth--;
		} else if (part.len && !str_eq(part, STR("."))) {
			depth++;
		}
	}
	return depth < 0;
}

/* The action rounds down; what is no number, or below zero, is everything. */
static long depth_of(struct str input)
{
	double n = input.len ? value_to_number(value_str(input)) : 1;

	return n > 0 && n < 1e9 ? (long)n : n >= 1e9 ? 1000000000 : 0;
}

/* A path that names the workspace itself is taken too, by either of its names. */
static struct str in_workspace(const struct step *s, struct str path)
{
	const struct str roots[] = { s->job->shown->workspace, s->job->paths->workspace };

	for (size_t i = 0; i < 2; i++) {
		if (str_starts(path, roots[i]) &&
		    (path.len == roots[i].len || path.p[roots[i].len] == '/')) {
			path = str_slice(path, roots[i].len, path.len);
			return path.len ? str_slice(path, 1, path.len) : path;
		}
	}
	return path;
}

static bool check_path(struct step *s, struct checkout *c)
{
	c->path = in_workspace(s, c->path);
	if (!str_starts(c->path, STR("/")) && !leaves_workspace(c->path)) {
		return true;
	}
	step_fail(s, arena_printf(s->a, "Repository path '%.*s' is not under '%.*s'",
				  STR_ARG(c->path), STR_ARG(s->job->shown->workspace)));
	return false;
}

/* Of another repository the real action takes care. */
static bool is_own(const struct step *s, const struct checkout *c)
{
	const struct event_facts *event = s->job->run->request->event;

	return (c->repository.len == 0 || str_ieq(c->repository, event->repository)) &&
	       (c->server.len == 0 || str_ieq(c->server, event->server_url));
}

/* A name for what the inputs ask for: legs that ask for the same share one tree. */
static struct str tree_name(const struct step *s, const struct checkout *c)
{
	struct arena *a = s->a;
	struct str wish = arena_printf(a, "%.*s\n%.*s\n%.*s\n%d\n%.*s\n%.*s\n%.*s\n%.*s",
				       STR_ARG(c->ref), STR_ARG(c->depth), STR_ARG(c->tags),
				       is_before_tags(s), STR_ARG(c->submodules), STR_ARG(c->lfs),
				       STR_ARG(c->sparse), STR_ARG(c->cone));
	char hex[65];

	sha256_text(wish, hex);
	return arena_printf(a, "checkout-%.16s", hex);
}

/* One directory or pattern a line. */
static void add_sparse(struct arena *a, struct str text, struct checkout_spec *spec)
{
	VEC(struct str) lines = { 0 };

	while (text.p) {
		struct str line = str_trim(str_cut(&text, '\n'));

		if (line.len) {
			vec_push(a, &lines, line);
		}
	}
	spec->nsparse = lines.n;
	spec->sparse = lines.v;
}

static struct str origin_of(const struct step *s)
{
	const struct event_facts *event = s->job->run->request->event;

	return arena_printf(s->a, "%.*s/%.*s", STR_ARG(event->server_url),
			    STR_ARG(event->repository));
}

static struct checkout_spec spec_of(struct step *s, const struct checkout *c)
{
	const struct run_request *r = s->job->run->request;
	bool recursive = str_ieq(c->submodules, STR("recursive"));
	struct checkout_spec spec = {
		.ref = c->ref,
		.depth = depth_of(c->depth),
		.tags = is_true(c->tags, false),
		.old_tags = is_before_tags(s),
		.remote_url = origin_of(s),
		.patterns = !is_true(c->cone, true),
		.common_dir = r->repo->common_dir,
		.submodules = recursive                       ? SUBMODULES_RECURSIVE
			      : is_true(c->submodules, false) ? SUBMODULES_DIRECT
							      : SUBMODULES_NONE,
		.lfs = is_true(c->lfs, false),
	};

	add_sparse(s->a, c->sparse, &spec);
	return spec;
}

/* Makes the tree once per run; other workers wait for the first. */
static bool make_tree(struct step *s, const struct checkout *c, struct str dir, struct err *err)
{
	struct arena *a = s->a;
	const struct run_request *r = s->job->run->request;
	struct checkout_spec spec = spec_of(s, c);
	const char *lock = arena_printf(a, "%.*s.lock", STR_ARG(dir)).p;
	const char *made = arena_printf(a, "%.*s.made", STR_ARG(dir)).p;
	int fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	bool ok = true;

	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		ok = err_sys(err, errno, "lock %s", lock);
	} else if (access(made, F_OK) != 0) {
		ok = snapshot_checkout(a, r->snapshot, &spec, dir, err) &&
		     write_file(made, STR_EMPTY, 0600, err);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

/* Parts of a tree that git in the job would have to fetch by itself are put, as the first time. */
static bool has_more(const struct checkout *c)
{
	return c->sparse.len || is_true(c->lfs, false) ||
	       str_ieq(c->submodules, STR("recursive")) || is_true(c->submodules, false);
}

static bool go_on_from(struct step *s, const struct checkout *c, struct str from, struct str to)
{
	struct checkout_again again = { .from = from,
					.to = to,
					.url = origin_of(s),
					.server = s->job->run->request->event->server_url,
					.clean = is_true(c->clean, true),
					.depth = depth_of(c->depth) };

	return !has_more(c) && checkout_again(s, &again);
}

/* What is there from before goes; with `clean: false` of an earlier checkout only git's own part,
 * which comes anew. */
static void make_room(struct step *s, const struct checkout *c, struct str to)
{
	struct str git = arena_printf(s->a, "%.*s/.git", STR_ARG(to));
	struct file_content config = { .path = arena_printf(s->a, "%.*s/config", STR_ARG(git)) };
	struct err ignored = ERR_INIT;
	bool kept = has_more(c) && !is_true(c->clean, true) &&
		    channel_read(s->job->channel, s->a, &config, 1, CONFIG_MAX, &ignored) &&
		    config.found;

	err_release(&ignored);
	channel_remove(s->job->channel, kept ? git : to);
	channel_mkdir(s->job->channel, to, 0755, false);
}

static bool put_tree(struct step *s, struct checkout *c, struct str from, struct str to,
		     struct err *err)
{
	c->again = go_on_from(s, c, from, to);
	if (c->again) {
		return true;
	}

	struct tar_dir *tar = tar_dir_open(from, err);

	if (!tar) {
		return false;
	}
	make_room(s, c, to);

	struct tar_source source = { .ctx = tar, .more = tar_dir_read };
	bool ok = channel_put(s->job->channel, to, &source, err);

	tar_dir_close(tar);
	return ok;
}

/* git's configuration as it is now: the job's, or the one that was put. */
static bool read_config(struct step *s, const struct checkout *c, struct str from, struct str to,
			struct strbuf *out, struct err *err)
{
	struct file_content now = { .path = arena_printf(s->a, "%.*s/.git/config", STR_ARG(to)) };

	if (!c->again) {
		return read_file(arena_printf(s->a, "%.*s/.git/config", STR_ARG(from)).p, out, err);
	}
	return channel_read(s->job->channel, s->a, &now, 1, CONFIG_MAX, err) &&
	       strbuf_adds(out, now.content);
}

/* So that scripts can fetch and push, as the action has it up to v5. act-c's own stand-in for a
 * token would only keep public repositories away. */
static bool put_credentials(struct step *s, const struct checkout *c, struct str from,
			    struct str to, struct err *err)
{
	struct arena *a = s->a;
	const struct run_request *r = s->job->run->request;
	const struct setting *secret = settings_get(r->secrets, STR("GITHUB_TOKEN"), true);
	struct str own = secret ? secret->value : STR_EMPTY;
	struct str token = c->token.len ? c->token : own;
	struct strbuf config = STRBUF_INIT(CONFIG_MAX);

	if (!is_true(c->persist, true) || token.len == 0 ||
	    (str_eq(token, own) && !action_store_has_token(r->actions))) {
		return true;
	}

	bool ok = read_config(s, c, from, to, &config, err);

	if (ok) {
		(void)strbuf_addf(&config,
				  "[http \"%.*s/\"]\n\textraheader = AUTHORIZATION: basic ",
				  STR_ARG(r->event->server_url));
		base64_add(&config, arena_printf(a, "x-access-token:%.*s", STR_ARG(token)));
		(void)strbuf_addc(&config, '\n');
		channel_write(s->job->channel, arena_printf(a, "%.*s/.git/config", STR_ARG(to)),
			      0644, false, strbuf_str(&config));
	}
	strbuf_release(&config);
	return ok;
}

/*
 * The index describes the files where they were made: here they have other inodes and times, so
 * that `git diff-index` would list them all. Where the image has git it looks at them once; where
 * it has none nobody can be misled.
 */
static void refresh_index(struct step *s, struct str dir)
{
	struct str argv[] = { STR("git"),          STR("-C"), dir,
			      STR("update-index"), STR("-q"), STR("--refresh") };
	struct proc_spec spec = { .argv = argv,
				  .nargv = sizeof(argv) / sizeof(argv[0]),
				  .cwd = dir };

	spec.env = env_build(s, NULL, &spec.nenv);
	(void)job_run_quietly(s->job, &spec);
}

static void tell(struct step *s, const struct checkout *c, struct str commit)
{
	const struct snapshot *snap = s->job->run->request->snapshot;
	bool made = snap->dirty && str_eq(commit, snap->sha);

	job_log(s->job, s->path,
		arena_printf(s->a, "Checked out %.*s%s", STR_ARG(c->ref.len ? c->ref : commit),
			     made ? " (a commit of the working tree as it is)" : ""));
}

static void set_outputs(struct step *s, const struct checkout *c, struct str commit)
{
	const struct snapshot *snap = s->job->run->request->snapshot;
	struct str ref = c->ref.len ? c->ref : snap->ref;

	vobject_set(s->a, s->outputs, STR("ref"),
		    value_str(checkout_is_commit(ref) ? STR_EMPTY : ref));
	vobject_set(s->a, s->outputs, STR("commit"), value_str(commit));
}

static bool make_and_put(struct step *s, struct checkout *c, struct str dir, struct str to,
			 struct err *err)
{
	return make_tree(s, c, dir, err) && put_tree(s, c, dir, to, err) &&
	       put_credentials(s, c, dir, to, err);
}

static void tell_failure(struct step *s, const struct checkout *c, const struct err *err)
{
	bool is_ref = err->kind == ERR_NOT_FOUND && c->ref.len;

	step_fail(s,
		  arena_printf(s->a, "%s%s", err->msg,
			       is_ref ? " (act-c checks out what is in this repository: git fetch "
					"brings more, and --remote-checkout asks the remote)"
				      : ""));
}

void step_checkout(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct checkout c = { 0 };
	struct str commit = job->run->request->snapshot->sha;
	struct err err = ERR_INIT;

	if (!read_inputs(s, &c)) {
		return;
	}
	if (!is_own(s, &c)) {
		action_start(s);
		return;
	}
	as_first_version(s, &c);
	if (!check_path(s, &c)) {
		return;
	}
	if (job->run->request->machine.bind.len) {
		job_log(job, s->path, STR("--bind: the working tree itself is the workspace"));
		set_outputs(s, &c, commit);
		return;
	}

	struct str dir = arena_printf(a, "%.*s/%.*s", STR_ARG(job->run->request->rundir->tmp),
				      STR_ARG(tree_name(s, &c)));
	struct str to = c.path.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(job->paths->workspace),
						  STR_ARG(c.path))
				   : job->paths->workspace;

	if (!make_and_put(s, &c, dir, to, &err) || !checkout_head(a, dir, &commit, &err)) {
		if (channel_lost(job->channel)) {
			job_lost(job);
		}
		tell_failure(s, &c, &err);
		err_release(&err);
		return;
	}
	refresh_index(s, to);
	tell(s, &c, commit);
	set_outputs(s, &c, commit);
}
