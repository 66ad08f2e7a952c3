/*
 * docker_near.c - sockets of this machine shown in a container, where the daemon sees the same
 * files: the one that the channel itself takes, so that what steps print does not pass the daemon
 * and its client, and that of the services, for which artifacts and caches do not pass act-c's
 * worker either.
 *
 * Both lie in one directory, which the container cannot write. The agent tries them and takes the
 * way through the daemon where they do not answer, so that a wrong guess here costs nothing but
 * time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "actc/file.h"
#include "docker_machine.h"

#define SCHEME   "unix://"
#define SERVICES "/services"

/* The client's configuration names a context that is not the default one. */
static bool has_other_context(struct arena *a)
{
	const char *variable = getenv("DOCKER_CONTEXT"), *config = getenv("DOCKER_CONFIG");
	const char *home = getenv("HOME");
	struct str path = config && config[0]
				  ? arena_printf(a, "%s/config.json", config)
				  : arena_printf(a, "%s/.docker/config.json", home ? home : "");
	struct strbuf text = STRBUF_INIT(1024 * 1024);
	struct value v = value_null();
	struct str why, name = str_of(variable);
	struct err ignored = ERR_INIT;
	size_t at;

	if (!variable && read_file(path.p, &text, &ignored) &&
	    value_from_json(a, strbuf_str(&text), &v, &why, &at)) {
		struct value current = value_get(v, STR("currentContext"));

		name = current.kind == VALUE_STRING ? arena_str(a, current.u.s) : STR_EMPTY;
	}
	err_release(&ignored);
	strbuf_release(&text);
	return name.len && !str_eq(name, STR("default"));
}

/* Somebody listens there who is a process of this machine: not of one behind it, nor of the one
 * that act-c's own container was started by. */
static bool is_served_here(struct str path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && path.len > 0 && path.len < sizeof(to.sun_path);

	if (ok) {
		memcpy(to.sun_path, path.p, path.len);
		ok = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		     getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

bool docker_is_near(struct arena *a, const struct docker_program *program)
{
	const char *variable = getenv("DOCKER_HOST");
	struct str host = str_of(variable);

	if (program != &docker_program) {
		return !getenv("CONTAINER_HOST") && !getenv("CONTAINER_CONNECTION");
	}
	if (host.len) {
		return str_starts(host, STR(SCHEME)) &&
		       is_served_here(str_slice(host, strlen(SCHEME), host.len));
	}
	return !has_other_context(a) && is_served_here(STR("/var/run/docker.sock"));
}

void docker_near_open(struct arena *a, struct docker_machine *m, const struct machine_spec *spec)
{
	char *dir = arena_cstr(a, arena_printf(a, "%.*s/near-XXXXXX", STR_ARG(m->rundir->tmp)));

	if (!m->near || !mkdtemp(dir)) {
		return;
	}
	m->near_dir = dir;
	m->door.inside = STR(DOCKER_NEAR_DIR "/" CHANNEL_DOOR);
	(void)channel_door_open(&m->door, dir);

	/* A second name of the socket: what is connected to is the same. */
	struct str services = arena_printf(a, "%s" SERVICES, dir);

	if (spec->services.len && !spec->beside && link(spec->services.p, services.p) == 0) {
		m->base.services = STR("unix:" DOCKER_NEAR_DIR SERVICES);
	}
}

void docker_near_mount(struct docker_args *args, const struct docker_machine *m)
{
	if (m->near_dir) {
		docker_argf(args, "--mount=type=bind,%.*s,dst=" DOCKER_NEAR_DIR ",%s",
			    STR_ARG(docker_mount_field(args->a, "src", str_of(m->near_dir))),
			    m->program->mount_labels ? "readonly" : "ro");
	}
}

void docker_near_close(struct docker_machine *m)
{
	struct err ignored = ERR_INIT;

	channel_door_close(&m->door);
	if (m->near_dir) {
		(void)remove_tree(m->near_dir, &ignored);
		err_release(&ignored);
		m->near_dir = NULL;
	}
	m->base.services = STR_EMPTY;
}

bool docker_near_refused(struct docker_machine *m, const struct err *err)
{
	static const char *const words[] = { "bind source path does not exist",
					     "invalid mount config", "mounts denied",
					     DOCKER_NEAR_DIR };

	for (size_t i = 0; m->near && err->msg && i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_find(str_of(err->msg), str_of(words[i]), 0) != STR_NPOS) {
			m->near = false;
			return true;
		}
	}
	return false;
}
