/* docker_machine.h - a container with an agent in it, as the files of the docker engine share it.
 */
#ifndef ACTC_ENGINE_DOCKER_MACHINE_H
#define ACTC_ENGINE_DOCKER_MACHINE_H

#include <time.h>

#include "actc/value.h"
#include "docker.h"
#include "machine.h"

struct docker_machine {
	struct machine base;
	const struct docker_program *program;
	const struct rundir *rundir;
	struct child child; /* `docker run` */
	int stderr_fd;      /* its stderr: a file without a name, which never blocks it */
	const char *name;
	const char *id_file; /* of a job container: where docker writes its id */
	struct str user;     /* of the steps */
	struct str image, platform;
	bool near;            /* sockets of this machine can be shown to it (docker_near.c) */
	const char *near_dir; /* where they are; or NULL */
	struct channel_door door;
	bool health; /* the workflow has given it a health check */
	struct timespec started;
	struct arena *arena;          /* as long as it */
	struct docker_socket *socket; /* that its steps have; or NULL */
	struct value mounts;          /* `inspect`'s, once asked for */
};

/* docker_near.c: where the daemon sees this machine's files, sockets are shown in a directory. */
#define DOCKER_NEAR_DIR "/.act-c-near"
bool docker_is_near(struct arena *a, const struct docker_program *program);
/* For one container: with the door for its agent and, of a job, the services' socket. */
void docker_near_open(struct arena *a, struct docker_machine *m, const struct machine_spec *spec);
void docker_near_mount(struct docker_args *args, const struct docker_machine *m);
void docker_near_close(struct docker_machine *m);
/* The error is about that mount: it is left out from now on. */
bool docker_near_refused(struct docker_machine *m, const struct err *err);

/* What `docker run` (and the agent) said on stderr, the end of it. */
struct str docker_stderr(struct arena *a, const struct docker_machine *m);
/* In one sentence. */
struct str docker_why_lost(struct arena *a, struct machine *base);

/* --- what act-c brings into jobs (docker_externals.c) --- */

/* Shows it in a container at dst, read-only. */
void docker_externals_mount(struct docker_args *args, const struct docker_machine *m,
			    struct str dst);
/* Makes its volume where --mount cannot label it. */
bool docker_externals_make(struct arena *a, const struct docker_machine *m, struct err *err);
/* engine.bring */
bool docker_bring(struct machine *base, const struct machine_spec *spec, const struct shown_dir *v,
		  size_t n, struct err *err);

/* --- a Docker action's container, beside its job's (docker_action.c) --- */

/* Its network and directories: those of the job. */
bool docker_action_args(struct docker_args *args, const struct machine_spec *spec,
			struct docker_machine *m, struct err *err);
/* Once it runs: whether they are. */
bool docker_action_check(struct arena *a, struct machine *action, struct err *err);
void docker_action_paths(struct docker_machine *m);

/* The place at the daemon that a path of the container is, a file system path there; false (without
 * an error) when it is in none of its mounts. */
struct docker_place {
	struct str source;  /* "/var/lib/docker/volumes/…/_data/sub" */
	struct str mounted; /* where in the container what it is in is mounted */
	bool bind;          /* of the user's own directories */
	bool read_only;
};
bool docker_place_in(struct arena *a, struct value mounts, struct str path,
		     struct docker_place *out);
bool docker_place(struct arena *a, struct docker_machine *m, struct str path,
		  struct docker_place *out, struct err *err);

#endif
