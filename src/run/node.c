/*
 * node.c - which node runs a job's JavaScript actions: the one that the run brings, where the
 * machine can run it, else the image's own (SEMANTICS 5.5, DESIGN decision 9). Decided once a job,
 * when its first such action is there.
 */
#include "actc/node_store.h"
#include "step.h"

/* Where builds of node find the loader of glibc, and of musl. */
static const struct {
	struct str arch;
	const char *glibc, *musl;
} loaders[] = {
	{ STR_INIT("x86_64"), "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1" },
	{ STR_INIT("aarch64"), "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1" },
};

static bool is_there(struct job *job, struct str path, struct err *err, bool *there)
{
	struct file_stat st = { 0 };

	if (!channel_stat(job->channel, path, &st, err)) {
		return false;
	}
	*there = st.exists;
	return true;
}

/* Which node the image can run: *musl; or why none that a run brings, in *unfit. Alpine's glibc,
 * where it has one, is an imitation of it. */
static bool look_at_libc(struct job *job, bool *musl, struct str *unfit, struct err *err)
{
	bool alpine = false, glibc = false;

	if (!is_there(job, STR("/etc/alpine-release"), err, &alpine)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++) {
		if (str_eq(loaders[i].arch, job->peer->arch) &&
		    (!is_there(job, str_of(loaders[i].glibc), err, &glibc) ||
		     !is_there(job, str_of(loaders[i].musl), err, musl))) {
			return false;
		}
	}
	*musl = *musl && (alpine || !glibc);
	if (!*musl && !glibc) {
		*unfit = STR("the image has no glibc for it, and no musl");
	}
	return true;
}

/* The build for musl wants 1.2.4 (Alpine 3.18); no file says which one is there. */
static bool runs_there(struct job *job, struct err *err)
{
	struct str argv[] = { job->node, STR("--version") };
	struct proc_spec spec = { .argv = argv, .nargv = 2, .cwd = STR("/") };
	struct quiet_run trial = job_run_quietly(job, &spec);

	return !trial.ended || trial.well ||
	       err_set(err, ERR_NOT_FOUND,
		       "the one that act-c brings does not run with the image's musl, which is "
		       "older than 1.2.4");
}

static void tell(void *ctx, struct str line)
{
	struct job *job = ctx;

	job_log(job, job->set_up_path, line);
	job_flush(job);
}

static bool from_store(struct job *job, bool musl, struct err *err)
{
	struct machine_spec spec = job_machine_spec(job, job->set_up_path);
	struct node_wait wait = { .ctx = job, .tell = tell, .cancelled = spec.cancelled };
	struct node_spec node = job->run->request->node;
	struct shown_dir shown = { .name = STR_EMPTY };

	node.musl = musl;
	if (!node_store_get(&job->arena, &node, job->peer->arch, &wait, &shown.name, err)) {
		return false;
	}
	shown.dir = action_below(&job->arena, node.dir, shown.name);
	if (!externals_show(job, &shown, 1, err)) {
		return false;
	}
	job->node = arena_printf(&job->arena, "%.*s/%.*s/bin/node", STR_ARG(job->paths->externals),
				 STR_ARG(shown.name));
	return !musl || runs_there(job, err);
}

static bool use_image(struct job *job, struct str why)
{
	job->node = STR("node");
	job->node_why = why;
	if (why.len) {
		tell(job, arena_printf(&job->arena,
				       "JavaScript actions run on the image's own node: %.*s",
				       STR_ARG(why)));
	}
	return true;
}

/* A node that was asked for by its path has to do; else the image's may be the last resort. */
static bool give_up(struct job *job, struct err *err, struct str *why)
{
	struct str text = arena_str(&job->arena, str_of(err->msg));
	bool last = job->run->request->node.path.len || err->kind == ERR_CANCELLED ||
		    channel_lost(job->channel);

	err_release(err);
	if (channel_lost(job->channel)) {
		job_lost(job);
	}
	*why = text;
	return !last && use_image(job, text);
}

bool node_prepare(struct job *job, struct action_use *use, struct str *why)
{
	struct err err = ERR_INIT;
	struct str unfit = STR_EMPTY;
	bool musl = false;

	(void)use;
	if (job->node.len) {
		return true;
	}
	if (str_eq(job->run->request->node.path, STR("image"))) {
		return use_image(job, STR_EMPTY);
	}
	if (!look_at_libc(job, &musl, &unfit, &err)) {
		return give_up(job, &err, why);
	}
	if (unfit.len && !job->run->request->node.path.len) {
		return use_image(job, unfit);
	}
	return from_store(job, musl, &err) || give_up(job, &err, why);
}
