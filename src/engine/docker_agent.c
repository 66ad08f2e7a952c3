/*
 * docker_agent.c - bringing the agent to a daemon: a volume of its own, filled once.
 *
 * `docker cp` into a container that is never started works for every image and every daemon, also
 * a remote one: nothing but docker's own connection is needed.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent_blob.h"
#include "docker.h"

enum { TAR_BLOCK = 512 };

/* ustar, the fields that are used here; all numbers are octal text. */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char rest[247];
};

static void tar_checksum(struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++) {
		sum += p[i];
	}
	(void)snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
}

static struct tar_header tar_entry(const char *name, const char *mode, char type)
{
	struct tar_header h = { .type = type, .magic = "ustar" };

	_Static_assert(sizeof(h) == TAR_BLOCK, "a tar header is one block");
	(void)snprintf(h.name, sizeof(h.name), "%s", name);
	memcpy(h.magic + 6, "00", 2);
	memcpy(h.mode, mode, 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	memcpy(h.size, "00000000000", 12);
	memcpy(h.mtime, "00000000000", 12);
	return h;
}

void docker_tar_end(struct strbuf *out)
{
	static const char zeros[2 * TAR_BLOCK];

	(void)strbuf_add(out, zeros, sizeof(zeros));
}

void docker_tar_link(struct strbuf *out, const char *name, const char *to)
{
	struct tar_header h = tar_entry(name, "0000777", '2');

	(void)snprintf(h.link, sizeof(h.link), "%s", to);
	tar_checksum(&h);
	(void)strbuf_add(out, &h, sizeof(h));
}

void docker_agent_tar(struct strbuf *out, const unsigned char *blob, size_t len)
{
	static const char zeros[TAR_BLOCK];
	struct tar_header h = tar_entry("agent", "0000555", '0');

	(void)snprintf(h.size, sizeof(h.size), "%011o", (unsigned)len);
	tar_checksum(&h);
	(void)strbuf_add(out, &h, sizeof(h));
	(void)strbuf_add(out, blob, len);
	(void)strbuf_add(out, zeros, (TAR_BLOCK - len % TAR_BLOCK) % TAR_BLOCK);
	docker_tar_end(out);
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

	docker_agent_tar(&tar, program->bytes, *program->len);
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
