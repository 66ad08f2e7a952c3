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

#include "actc/file.h"
#include "env.h"
#include "step.h"

/* Inputs of the action that are understood here; the others change nothing for a local tree. */
struct checkout {
	struct str repository, ref, path, depth, tags;
};

bool step_is_checkout(const struct step_def *def)
{
	struct str uses = def->uses.s;
	size_t at = str_chr(uses, '@', 0);

	return def->kind == STEP_USES && at != STR_NPOS &&
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
	c->repository = str_trim(value_to_str(a, value_get(with, STR("repository"))));
	c->ref = str_trim(value_to_str(a, value_get(with, STR("ref"))));
	c->path = str_trim(value_to_str(a, value_get(with, STR("path"))));
	c->depth = str_trim(value_to_str(a, value_get(with, STR("fetch-depth"))));
	c->tags = str_trim(value_to_str(a, value_get(with, STR("fetch-tags"))));
	return true;
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

static bool check_inputs(struct step *s, const struct checkout *c, long *depth)
{
	struct arena *a = s->a;
	unsigned long n = 1;

	if (c->repository.len && !str_ieq(c->repository, s->job->run->request->event->repository)) {
		step_fail(s,
			  arena_printf(a,
				       "checkout of another repository (%.*s) is not supported by "
				       "this version of act-c",
				       STR_ARG(c->repository)));
		return false;
	}
	if (c->depth.len && !str_to_ulong(c->depth, &n)) {
		n = 1; /* as the action does with what is no number */
	}
	if (str_starts(c->path, STR("/")) || leaves_workspace(c->path)) {
		step_fail(s, arena_printf(a, "Repository path '%.*s' is not under '%.*s'",
					  STR_ARG(c->path), STR_ARG(s->job->paths->workspace)));
		return false;
	}
	*depth = (long)n;
	return true;
}

/* A name for what the inputs ask for: legs that ask for the same share one tree. */
static struct str tree_name(struct arena *a, const struct checkout *c, long depth)
{
	struct str name =
		arena_printf(a, "checkout-%ld-%s-%.*s", depth,
			     str_ieq(c->tags, STR("true")) ? "tags" : "plain", STR_ARG(c->ref));
	char *p = arena_cstr(a, name);

	for (size_t i = 0; i < name.len; i++) {
		if (p[i] == '/') {
			p[i] = '%';
		}
	}
	return str_mk(p, name.len);
}

/* Makes the tree once per run; other workers wait for the first. */
static bool make_tree(struct step *s, const struct checkout *c, long depth, struct str dir,
		      struct err *err)
{
	struct arena *a = s->a;
	const struct run_request *r = s->job->run->request;
	struct checkout_spec spec = { .ref = c->ref,
				      .depth = depth,
				      .tags = str_ieq(c->tags, STR("true")),
				      .remote_url = arena_printf(a, "%.*s/%.*s",
								 STR_ARG(r->event->server_url),
								 STR_ARG(r->event->repository)) };
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

static bool put_tree(struct step *s, struct str from, struct str to, struct err *err)
{
	struct tar_dir *tar = tar_dir_open(from, err);

	if (!tar) {
		return false;
	}

	/* As the action does, what is there from before goes. */
	channel_remove(s->job->channel, to);
	channel_mkdir(s->job->channel, to, 0755, false);

	struct tar_source source = { .ctx = tar, .more = tar_dir_read };
	bool ok = channel_put(s->job->channel, to, &source, err);

	tar_dir_close(tar);
	return ok;
}

static void ignore_output(void *ctx, struct str bytes)
{
	(void)ctx;
	(void)bytes;
}

static void on_refreshed(void *ctx, const struct proc_exit *exit)
{
	(void)exit;
	*(bool *)ctx = true;
}

/*
 * The index describes the files where they were made: here they have other inodes and times, so
 * that `git diff-index` would list them all. Where the image has git it looks at them once; where
 * it has none nobody can be misled.
 */
static void refresh_index(struct step *s, struct str dir)
{
	struct job *job = s->job;
	struct str argv[] = { STR("git"),          STR("-C"), dir,
			      STR("update-index"), STR("-q"), STR("--refresh") };
	struct proc_spec spec = { .argv = argv,
				  .nargv = sizeof(argv) / sizeof(argv[0]),
				  .cwd = dir };
	bool done = false;
	struct proc_handler handler = { .ctx = &done,
					.output = ignore_output,
					.exited = on_refreshed };

	spec.env = env_build(s, NULL, &spec.nenv);
	(void)channel_spawn(job->channel, &spec, &handler);
	while (!done && !job->lost && !job->killed) {
		job_turn(job, 0);
	}
}

static void tell(struct step *s, const struct checkout *c)
{
	const struct snapshot *snap = s->job->run->request->snapshot;
	struct arena *a = s->a;

	if (c->ref.len) {
		job_log(s->job, s->path, arena_printf(a, "Checked out %.*s", STR_ARG(c->ref)));
	} else {
		job_log(s->job, s->path,
			arena_printf(a, "Checked out %.*s%s", STR_ARG(snap->sha),
				     snap->dirty ? " (a commit of the working tree as it is)"
						 : ""));
	}
}

static void set_outputs(struct step *s)
{
	const struct snapshot *snap = s->job->run->request->snapshot;
	struct arena *a = s->a;

	vobject_set(a, s->outputs, STR("ref"), value_str(snap->ref));
	vobject_set(a, s->outputs, STR("commit"), value_str(snap->sha));
}

void step_checkout(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct checkout c;
	struct err err = ERR_INIT;
	long depth = 1;

	if (!read_inputs(s, &c) || !check_inputs(s, &c, &depth)) {
		return;
	}
	if (job->run->request->machine.bind.len) {
		job_log(job, s->path, STR("--bind: the working tree itself is the workspace"));
		set_outputs(s);
		return;
	}

	struct str dir = arena_printf(a, "%.*s/%.*s", STR_ARG(job->run->request->rundir->tmp),
				      STR_ARG(tree_name(a, &c, depth)));
	struct str to = c.path.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(job->paths->workspace),
						  STR_ARG(c.path))
				   : job->paths->workspace;

	if (!make_tree(s, &c, depth, dir, &err) || !put_tree(s, dir, to, &err)) {
		if (channel_lost(job->channel)) {
			job_lost(job);
		}
		step_fail(s, arena_str(a, str_of(err.msg)));
		err_release(&err);
		return;
	}
	refresh_index(s, to);
	tell(s, &c);
	set_outputs(s);
}
