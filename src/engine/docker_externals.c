/*
 * docker_externals.c - programs that act-c brings into jobs (node): a volume of the daemon, shown
 * read-only in every job, filled through a container that is never started (as docker_agent.c).
 */
#include <unistd.h>

#include "actc/file.h"
#include "docker.h"
#include "docker_machine.h"

#define VOLUME "act-c-externals"
#define INSIDE "/act-c-externals"

void docker_externals_mount(struct docker_args *args, const struct docker_machine *m,
			    struct str dst)
{
	docker_argf(args, "--mount=type=volume,src=" VOLUME ",dst=%.*s,%s", STR_ARG(dst),
		    m->program->mount_labels
			    ? "readonly,volume-nocopy,volume-label=act-c.cache=externals"
			    : "ro");
}

bool docker_externals_make(struct arena *a, const struct docker_machine *m, struct err *err)
{
	return m->program->mount_labels || m->base.beside ||
	       docker_volume_make(a, m->program, STR(VOLUME), "externals", err);
}

struct filling {
	struct arena *a;
	struct docker_machine *m;
	const struct machine_spec *spec;
	const char *container;
	bool waited; /* for another one that filled it */
};

static bool create(struct filling *f, struct err *err)
{
	struct arena *a = f->a;
	const struct docker_machine *m = f->m;
	struct docker_args args;

	docker_args_init(&args, a, m->program, "create");
	docker_argf(&args, "--name=%s", f->container);
	docker_own(&args, m->rundir);
	docker_arg(&args, "--pull=never");
	docker_arg(&args, "--network=none");
	if (m->platform.len) {
		docker_argf(&args, "--platform=%.*s", STR_ARG(m->platform));
	}
	docker_arg(&args, "--mount=type=volume,src=" VOLUME ",dst=" INSIDE);
	docker_arg(&args, "--entrypoint=" DOCKER_AGENT_FILE);
	docker_arg(&args, arena_cstr(a, m->image));
	return docker_call(&args, NULL, NULL, DOCKER_CALL_MS, err);
}

static void say_nothing(void *ctx, struct str line)
{
	(void)ctx;
	(void)line;
}

/* A program of a hundred megabytes takes its time, in which the job must go on hearing from us. */
static bool copy(struct filling *f, const char *from, const char *name, struct err *err)
{
	struct arena *a = f->a;
	const struct docker_machine *m = f->m;
	struct machine_spec quiet = *f->spec;
	struct docker_follow follow = { .spec = &quiet, .in = CHILD_NULL, .what = "cp" };
	struct docker_args args;

	quiet.progress = say_nothing;

	docker_args_init(&args, a, m->program, "cp");
	docker_arg(&args, from);
	docker_argf(&args, "%s:" INSIDE "/%s", f->container, name);
	return docker_follow(a, &args, &follow, err) &&
	       (follow.status == 0 ||
		err_set(err, ERR_ENGINE, "%s cp: %.*s", m->program->name, STR_ARG(follow.last)));
}

static void discard(struct filling *f)
{
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, f->a, f->m->program, "rm");
	docker_arg(&args, "--force");
	docker_arg(&args, f->container);
	(void)docker_call(&args, NULL, NULL, DOCKER_CALL_MS, &ignored);
	err_release(&ignored);
}

/* Another job has brought it meanwhile. */
static bool is_there(struct arena *a, const struct docker_machine *m, struct str name)
{
	struct str marker = arena_printf(a, "%.*s/%.*s.complete", STR_ARG(m->base.paths.externals),
					 STR_ARG(name));
	struct file_stat st = { 0 };
	struct err ignored = ERR_INIT;
	bool ok = channel_stat(m->base.channel, marker, &st, &ignored);

	err_release(&ignored);
	return ok && st.exists;
}

static bool copy_all(struct filling *f, const struct shown_dir *v, size_t n, struct err *err)
{
	struct arena *a = f->a;
	const char *empty = arena_printf(a, "%.*s/complete", STR_ARG(f->spec->externals)).p;

	if (!make_dirs(arena_cstr(a, f->spec->externals), 0755, err) ||
	    !write_file(empty, STR_EMPTY, 0644, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const char *from = arena_printf(a, "%.*s/.", STR_ARG(v[i].dir)).p;
		const char *marker = arena_printf(a, "%.*s.complete", STR_ARG(v[i].name)).p;

		if (!(f->waited && is_there(a, f->m, v[i].name)) &&
		    (!copy(f, from, arena_cstr(a, v[i].name), err) ||
		     !copy(f, empty, marker, err))) {
			return false;
		}
	}
	return true;
}

/* One at a time: what one has brought the next need not. */
bool docker_bring(struct machine *base, const struct machine_spec *spec, const struct shown_dir *v,
		  size_t n, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct filling f = { .a = &a, .m = (struct docker_machine *)base, .spec = spec };
	int lock = docker_lock(&a, spec, "externals", DOCKER_START_MS, &f.waited, err);
	bool ok = false;

	f.container = arena_printf(&a, "act-c-bring-%.*s-%ld", STR_ARG(spec->rundir->run_id),
				   (long)getpid())
			      .p;
	if (lock >= 0 && create(&f, err)) {
		ok = copy_all(&f, v, n, err);
		discard(&f);
	}
	if (lock >= 0) {
		(void)close(lock);
	}
	arena_release(&a);
	return ok || err_wrap(err, "bring %.*s to the daemon", STR_ARG(v[0].name));
}
