/*
 * docker_near.c - a socket of this machine shown in a job's container, where the daemon sees the
 * same files: what goes through it does not pass the daemon, its client and act-c's worker, which
 * for artifacts and caches is most of the way. The agent tries it for each connection and takes the
 * channel where it does not answer, so that a wrong guess here costs nothing but time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "actc/file.h"
#include "docker_machine.h"

#define SCHEME "unix://"

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

void docker_near_mount(struct docker_args *args, struct docker_machine *m,
		       const struct machine_spec *spec)
{
	if (m->near) {
		docker_argf(args, "--mount=type=bind,%.*s,dst=" DOCKER_NEAR_SOCKET,
			    STR_ARG(docker_mount_field(args->a, "src", spec->services)));
		m->base.services = STR("unix:" DOCKER_NEAR_SOCKET);
	}
}

bool docker_near_refused(struct docker_machine *m, const struct err *err)
{
	static const char *const words[] = { "bind source path does not exist",
					     "invalid mount config", "mounts denied",
					     DOCKER_NEAR_SOCKET };

	for (size_t i = 0; m->near && err->msg && i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_find(str_of(err->msg), str_of(words[i]), 0) != STR_NPOS) {
			m->near = false;
			m->base.services = STR_EMPTY;
			return true;
		}
	}
	return false;
}
