/* docker_socket.h - the docker socket that a job has, as the files about it share it. */
#ifndef ACTC_ENGINE_DOCKER_SOCKET_H
#define ACTC_ENGINE_DOCKER_SOCKET_H

#include <sys/types.h>

#include "docker_gate.h"
#include "docker_machine.h"
#include "docker_ports.h"

struct docker_socket {
	struct docker_gate gate;
	enum docker_socket_mode mode;
	const struct docker_program *program;
	const struct rundir *rundir;
	const char *mark;      /* in the run's directory, once something may be there */
	const char *dial;      /* the daemon's socket here; NULL: through the client */
	const struct pod *pod; /* its services; or NULL */
	bool published;        /* their ports are on this machine's localhost anyway */
	bool no_egress;
	bool used;
	int told[2]; /* a pipe: from the processes of connections, ports to listen on */
	struct docker_ports *ports;
	void (*note)(void *ctx, struct str line);
	void *ctx;
};

/* Listens in the machine, as far as the mode says so; a job whose docker is not used pays one round
 * trip for it. */
bool docker_socket_offer(struct arena *a, struct docker_machine *m, const struct machine_spec *spec,
			 struct err *err);
/* Removes what the job has made through it. */
void docker_socket_end(struct docker_machine *m);

/* The docker client of this machine for an image that has none (docker_client.c): its volume for a
 * container that is to be started, and into the job when it runs. Without one the job has none. */
void docker_client_mount(struct docker_args *args, const struct docker_machine *m,
			 const struct machine_spec *spec, const struct engine_image *image);
void docker_client_bring(struct arena *a, struct docker_machine *m, const struct machine_spec *spec,
			 const struct engine_image *image);

/* One connection, in a process of its own whose stdin is the pipe (docker_proxy.c). */
void docker_proxy(const struct docker_socket *s, int client);
int docker_proxy_ask(void *socket, struct arena *a, const char *method, struct str path,
		     struct str body, struct value *out);

/* Carries bytes between two sockets until the second one has said all. */
void docker_proxy_carry(int client, int server);

/* What listens for the daemon while it talks to a registry that is a service of the job
 * (docker_registry.c). */
struct docker_registry {
	pid_t pid;
	int alive, turn;
};

#define DOCKER_REGISTRY_INIT ((struct docker_registry){ 0, -1, -1 })

/* Whether a call sends the daemon to its own localhost, and to which port. */
bool docker_registry_local(struct arena *a, const struct http_request *r, struct str body,
			   unsigned *port);
/* Before such a call is passed on; true with all others. False with the text of a refusal. */
bool docker_registry_open(const struct docker_socket *s, struct arena *a,
			  const struct http_request *request, struct str body, int client,
			  struct docker_registry *r, struct str *why);
void docker_registry_close(struct docker_registry *r);

/*
 * What a client of BuildKit says in its session (HTTP/2 with gRPC): false once it asks for what a
 * build may not have, the network or devices of the machine (docker_guard.c).
 */
struct docker_guard;
struct docker_guard *docker_guard_new(void);
bool docker_guard_takes(struct docker_guard *g, struct str bytes);

#endif
