/*
 * docker_client.c - the docker client for images that have none: this machine's own program, with
 * its buildx and compose where there are, from a volume that is filled once per daemon.
 *
 * What cannot run in the image (another processor, a C library that is not there) is not brought;
 * the job then finds no docker, as it would in that image anywhere.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/tar.h"
#include "docker_socket.h"

#define CLIENT_DIR "/.act-c-docker"

enum { FILL_MS = 120 * 1000, INTERPRETER_MAX = 256 };

enum { DOCKER, BUILDX, COMPOSE, PROGRAMS };

static const char *const names[PROGRAMS] = { "docker", "docker-buildx", "docker-compose" };
static const char *const links_at[PROGRAMS] = { "bin/docker",
						"lib/docker/cli-plugins/docker-buildx",
						"lib/docker/cli-plugins/docker-compose" };

struct program {
	const char *file;                  /* here; or NULL */
	char interpreter[INTERPRETER_MAX]; /* empty: it is linked statically */
};

struct client {
	struct program v[PROGRAMS];
	const char *volume;
};

/* Where an image may have one already. */
static const struct place {
	int program;
	const char *path;
} places[] = {
	{ DOCKER, "/usr/bin/docker" },
	{ DOCKER, "/usr/local/bin/docker" },
	{ DOCKER, "/bin/docker" },
	{ BUILDX, "/usr/local/lib/docker/cli-plugins/docker-buildx" },
	{ BUILDX, "/usr/local/libexec/docker/cli-plugins/docker-buildx" },
	{ BUILDX, "/usr/lib/docker/cli-plugins/docker-buildx" },
	{ BUILDX, "/usr/libexec/docker/cli-plugins/docker-buildx" },
	{ BUILDX, "/root/.docker/cli-plugins/docker-buildx" },
	{ COMPOSE, "/usr/local/lib/docker/cli-plugins/docker-compose" },
	{ COMPOSE, "/usr/local/libexec/docker/cli-plugins/docker-compose" },
	{ COMPOSE, "/usr/lib/docker/cli-plugins/docker-compose" },
	{ COMPOSE, "/usr/libexec/docker/cli-plugins/docker-compose" },
	{ COMPOSE, "/root/.docker/cli-plugins/docker-compose" },
};

/* --- this machine's --------------------------------------------------------------------------- */

static const char *find_program(struct arena *a, const char *name)
{
	char *path = program_find(name);
	const char *copy = path ? arena_cstr(a, str_of(path)) : NULL;

	free(path);
	return copy;
}

static const char *find_plugin(struct arena *a, const char *name)
{
	const char *config = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	struct str own = config ? arena_printf(a, "%s/cli-plugins", config)
				: arena_printf(a, "%s/.docker/cli-plugins", home ? home : "");
	const char *const dirs[] = { own.p, "/usr/local/lib/docker/cli-plugins",
				     "/usr/local/libexec/docker/cli-plugins",
				     "/usr/lib/docker/cli-plugins",
				     "/usr/libexec/docker/cli-plugins" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		const char *file = arena_printf(a, "%s/%s", dirs[i], name).p;

		if (access(file, X_OK) == 0) {
			return file;
		}
	}
	return NULL;
}

static Elf64_Half processor_of(struct str platform)
{
	return str_starts(platform, STR("linux/amd64"))   ? EM_X86_64
	       : str_starts(platform, STR("linux/arm64")) ? EM_AARCH64
							  : EM_NONE;
}

/* False when it is no program for that platform; what loads it otherwise. */
static bool read_elf(int fd, struct str platform, char *interpreter)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	interpreter[0] = '\0';
	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_machine != processor_of(platform)) {
		return false;
	}
	for (size_t i = 0; i < head.e_phnum; i++) {
		off_t at = (off_t)(head.e_phoff + i * sizeof(part));

		if (pread(fd, &part, sizeof(part), at) != sizeof(part)) {
			return false;
		}
		if (part.p_type == PT_INTERP) {
			if (part.p_filesz >= INTERPRETER_MAX ||
			    pread(fd, interpreter, part.p_filesz, (off_t)part.p_offset) !=
				    (ssize_t)part.p_filesz) {
				return false;
			}
			interpreter[part.p_filesz] = '\0';
		}
	}
	return true;
}

/* Reads what it is, and adds its size and time to the name of the volume. */
static bool look_at(struct arena *a, struct program *p, struct str platform, struct str *volume)
{
	struct stat st;
	char real[PATH_MAX];
	int fd;

	if (!p->file || !realpath(p->file, real)) {
		return false;
	}
	p->file = arena_str(a, str_of(real)).p;
	fd = open(real, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}

	bool ok = fstat(fd, &st) == 0 && read_elf(fd, platform, p->interpreter);

	(void)close(fd);
	if (ok) {
		*volume = arena_printf(a, "%.*s-%llx-%llx", STR_ARG(*volume),
				       (unsigned long long)st.st_size,
				       (unsigned long long)st.st_mtime);
	}
	return ok;
}

/* What is newer than what a volume holds gets another volume. */
static bool find_client(struct arena *a, const struct docker_program *d, struct str platform,
			struct client *out)
{
	struct str volume = STR("act-c-docker");

	*out = (struct client){ .volume = NULL };
	out->v[DOCKER].file = find_program(a, d->name);
	if (!look_at(a, &out->v[DOCKER], platform, &volume)) {
		return false;
	}
	for (size_t i = BUILDX; i < PROGRAMS; i++) {
		out->v[i].file = find_plugin(a, names[i]);
		if (!look_at(a, &out->v[i], platform, &volume)) {
			out->v[i].file = NULL;
		}
	}
	out->volume = volume.p;
	return true;
}

void docker_client_mount(struct docker_args *args, const struct docker_machine *m,
			 const struct machine_spec *spec, const struct engine_image *image)
{
	struct client c;

	if (spec->wants_docker && spec->docker_socket != DOCKER_SOCKET_NEVER &&
	    m->program->events && find_client(args->a, m->program, image->platform, &c)) {
		docker_argf(args,
			    "--mount=type=volume,src=%s,dst=" CLIENT_DIR
			    ",readonly,volume-label=act-c.cache=docker",
			    c.volume);
	}
}

/* --- into the volume -------------------------------------------------------------------------- */

static bool call(struct docker_args *args, struct err *err)
{
	return docker_call(args, NULL, NULL, FILL_MS, err);
}

static bool copy(struct arena *a, const struct docker_program *d, const char *from,
		 const char *container, const char *name, struct err *err)
{
	struct docker_args args;

	docker_args_init(&args, a, d, "cp");
	docker_arg(&args, "--follow-link");
	docker_arg(&args, from);
	docker_argf(&args, "%s:" CLIENT_DIR "/%s", container, name);
	return call(&args, err);
}

/* Whole only once the last file is there. */
static bool copy_all(struct arena *a, const struct docker_program *d, const struct client *c,
		     const char *container, const char *mark, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; i < PROGRAMS; i++) {
		ok = ok && (!c->v[i].file || copy(a, d, c->v[i].file, container, names[i], err));
	}
	return ok && write_file(mark, STR("whole\n"), 0644, err) &&
	       copy(a, d, mark, container, "whole", err);
}

static bool fill(struct arena *a, const struct docker_machine *m, const struct machine_spec *spec,
		 const struct client *c, struct err *err)
{
	const char *name = arena_printf(a, "%s-client", m->name).p;
	const char *mark = arena_printf(a, "%.*s/%s", STR_ARG(spec->rundir->tmp), name).p;
	struct docker_args args;
	struct err ignored = ERR_INIT;

	docker_args_init(&args, a, m->program, "create");
	docker_argf(&args, "--name=%s", name);
	docker_own(&args, spec->rundir);
	docker_arg(&args, "--pull=never");
	docker_arg(&args, "--network=none");
	docker_argf(&args, "--mount=type=volume,src=%s,dst=" CLIENT_DIR, c->volume);
	docker_arg(&args, "--entrypoint=" CLIENT_DIR "/docker");
	docker_arg(&args, arena_cstr(a, spec->image));
	rundir_mark(spec->rundir, name);

	bool ok = call(&args, err) && copy_all(a, m->program, c, name, mark, err);

	docker_args_init(&args, a, m->program, "rm");
	docker_arg(&args, "--force");
	docker_arg(&args, name);
	if (call(&args, &ignored)) {
		rundir_unmark(spec->rundir, name);
	}
	err_release(&ignored);
	(void)unlink(mark);
	return ok;
}

/* --- into the job ----------------------------------------------------------------------------- */

static bool is_there(struct docker_machine *m, const char *path)
{
	struct file_stat st = { 0 };
	struct err ignored = ERR_INIT;
	bool ok = channel_stat(m->base.channel, str_of(path), &st, &ignored) && st.exists;

	err_release(&ignored);
	return ok;
}

struct links {
	struct strbuf tar;
	size_t at;
};

static ssize_t links_read(void *ctx, void *buf, size_t size)
{
	struct links *l = ctx;
	size_t n = l->tar.len - l->at < size ? l->tar.len - l->at : size;

	memcpy(buf, l->tar.p + l->at, n);
	l->at += n;
	return (ssize_t)n;
}

static bool link_all(struct docker_machine *m, const bool *wanted, struct err *err)
{
	struct links links = { .tar = STRBUF_INIT(0) };
	struct tar_source source = { &links, links_read };
	bool ok;

	for (size_t i = 0; i < PROGRAMS; i++) {
		char to[64];

		(void)snprintf(to, sizeof(to), CLIENT_DIR "/%s", names[i]);
		if (wanted[i]) {
			(void)tar_add_link(&links.tar, str_of(links_at[i]), str_of(to));
		}
	}
	tar_add_end(&links.tar);
	channel_mkdir(m->base.channel, STR("/usr/local/bin"), 0755, true);
	channel_mkdir(m->base.channel, STR("/usr/local/lib/docker/cli-plugins"), 0755, true);
	ok = channel_put(m->base.channel, STR("/usr/local"), &source, err);
	strbuf_release(&links.tar);
	return ok;
}

static bool fill_once(struct arena *a, struct docker_machine *m, const struct machine_spec *spec,
		      const struct client *c, struct err *err)
{
	bool waited = false, ok = true;
	int lock = docker_lock(a, spec, "docker-client", FILL_MS, &waited, err);

	if (lock < 0) {
		return false;
	}
	if (!is_there(m, CLIENT_DIR "/whole")) {
		if (spec->progress) {
			spec->progress(spec->ctx,
				       arena_printf(a, "bringing %s to the daemon (once)",
						    c->v[DOCKER].file));
		}
		ok = fill(a, m, spec, c, err);
	}
	(void)close(lock);
	return ok;
}

/* What the image lacks and can load; false: nothing. */
static bool choose(struct docker_machine *m, const struct client *c, bool *wanted)
{
	bool any = false;

	for (size_t i = 0; i < PROGRAMS; i++) {
		wanted[i] = c->v[i].file != NULL &&
			    (!c->v[i].interpreter[0] || is_there(m, c->v[i].interpreter));
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bool *one = &wanted[places[i].program];

		*one = *one && !is_there(m, places[i].path);
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		any = any || wanted[i];
	}
	return any;
}

void docker_client_bring(struct arena *a, struct docker_machine *m, const struct machine_spec *spec,
			 const struct engine_image *image)
{
	struct client c;
	struct err err = ERR_INIT;
	bool wanted[PROGRAMS];

	if (!spec->wants_docker || !m->socket || !find_client(a, m->program, image->platform, &c) ||
	    !choose(m, &c, wanted)) {
		return;
	}
	if ((!fill_once(a, m, spec, &c, &err) || !link_all(m, wanted, &err)) && spec->progress) {
		spec->progress(spec->ctx,
			       arena_printf(a, "the job has no docker client: %s", err.msg));
	}
	err_release(&err);
}
