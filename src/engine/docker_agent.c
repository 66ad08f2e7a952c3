/*
 * docker_agent.c - bringing the agent to a daemon: a volume of its own, filled once.
 *
 * `docker cp` into a container that is never started works for every image and every daemon, also
 * a remote one: nothing but docker's own connection is needed.
 */
#include <stdio.h>
#include <unistd.h>

#include "actc/tar.h"
#include "agent_blob.h"
#include "docker.h"

void docker_agent_tar(struct strbuf *out, struct str program)
{
	(void)tar_add_file(out, STR("agent"), 0555, program);
	tar_add_end(out);
}

struct str docker_agent_volume(struct arena *a, struct str platform)
{
	const struct agent_program *program = agent_for(platform);
	struct str arch = program ? program->platform : STR_EMPTY;

	(void)str_cut(&arch, '/');
	return arena_printf(a, "act-c-agent-%s-%.*s", agent_build(), STR_ARG(arch));
}

bool docker_volume_make(struct arena *a, const struct docker_program *d, struct str name,
			const char *cache, struct err *err)
{
	struct docker_args args;

	docker_args_init(&args, a, d, "volume");
	docker_arg(&args, "create");
	docker_argf(&args, "--label=act-c.cache=%s", cache);
	docker_arg(&args, arena_cstr(a, name));
	if (docker_call(&args, NULL, NULL, DOCKER_CALL_MS, err)) {
		return true;
	}

	bool there = str_find(str_of(err->msg), STR("already exists"), 0) != STR_NPOS;

	if (there) {
		err_release(err);
	}
	return there;
}

static bool create(struct arena *a, const struct docker_program *d, const struct machine_spec *spec,
		   const char *volume, const char *name, struct err *err)
{
	struct docker_args args;

	docker_args_init(&args, a, d, "create");
	docker_argf(&args, "--name=%s", name);
	docker_own(&args, spec->rundir);
	docker_arg(&args, "--pull=never");
	docker_arg(&args, "--network=none");
	if (spec->platform.len) {
		docker_argf(&args, "--platform=%.*s", STR_ARG(spec->platform));
	}
	docker_argf(&args, "--mount=type=volume,src=%s,dst=" DOCKER_AGENT_DIR "%s", volume,
		    d->mount_labels ? ",volume-label=act-c.cache=agent" : "");
	/* An image without a command of its own is refused otherwise. */
	docker_arg(&args, "--entrypoint=" DOCKER_AGENT_FILE);
	docker_arg(&args, arena_cstr(a, spec->image));
	return docker_call(&args, NULL, NULL, DOCKER_CALL_MS, err);
}

static bool copy(struct arena *a, const struct docker_program *d,
		 const struct agent_program *program, const char *name, struct err *err)
{
	struct strbuf tar = STRBUF_INIT(0);
	struct docker_args args;

	docker_agent_tar(&tar, str_mk((const char *)program->bytes, *program->len));
	docker_args_init(&args, a, d, "cp");
	docker_arg(&args, "-");
	docker_argf(&args, "%s:" DOCKER_AGENT_DIR, name);

	struct str input = strbuf_str(&tar);
	bool ok = docker_call(&args, &input, NULL, DOCKER_CALL_MS, err);

	strbuf_release(&tar);
	return ok;
}

static void discard(struct arena *a, const struct docker_program *d, const char *name)
{
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, a, d, "rm");
	docker_arg(&args, "--force");
	docker_arg(&args, "--volumes");
	docker_arg(&args, name);
	(void)docker_call(&args, NULL, NULL, DOCKER_CALL_MS, &ignored);
	err_release(&ignored);
}

/* A volume that `run` has made for want of one has no label; nothing is in it yet. */
static bool make_volume(struct arena *a, const struct docker_program *d, struct str volume,
			struct err *err)
{
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, a, d, "volume");
	docker_arg(&args, "rm");
	docker_arg(&args, volume.p);
	(void)docker_call(&args, NULL, NULL, DOCKER_CALL_MS, &ignored);
	err_release(&ignored);
	return docker_volume_make(a, d, volume, "agent", err);
}

bool docker_agent_fill(struct arena *a, const struct docker_program *d,
		       const struct machine_spec *spec, const struct engine_image *image,
		       struct err *err)
{
	const struct agent_program *program = agent_for(image->platform);
	struct str volume = docker_agent_volume(a, image->platform);
	const char *name = arena_printf(a, "act-c-fill-%.*s-%ld", STR_ARG(spec->rundir->run_id),
					(long)getpid())
				   .p;

	BUG_ON(program == NULL); /* docker_image_ready() has refused it */
	if ((!d->mount_labels && !make_volume(a, d, volume, err)) ||
	    !create(a, d, spec, volume.p, name, err)) {
		return err_wrap(err, "bring the agent in");
	}

	bool ok = copy(a, d, program, name, err);

	discard(a, d, name);
	return ok || err_wrap(err, "bring the agent in");
}
