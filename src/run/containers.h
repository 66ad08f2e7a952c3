/*
 * containers.h - a job's own container and its services (SEMANTICS 1.8, 6).
 *
 * Paths: expressions show the runner's, outside of the container; what runs inside needs the
 * container's. One table (containers.c) says which is which, for the variables of steps and for
 * whatever act-c itself does in the machine.
 */
#ifndef RUN_CONTAINERS_H
#define RUN_CONTAINERS_H

#include "job.h"

struct port {
	unsigned inside; /* of the service */
	unsigned host;   /* on the job's localhost; 0 = chosen */
	bool udp;
};

struct containers {
	struct container_spec own; /* image is empty: the job runs on the runner itself */
	const struct tok *own_tok;
	size_t n;
	struct container_spec *services;
	const struct tok **service_toks; /* parallel: the mapping, or NULL where it was evaluated */
	struct value *service_values;    /* parallel: then what it came to */
	struct value own_value;
	struct pod *pod;
	bool announced; /* "Initialize containers" has begun, so they will be stopped as a step */
	struct vobject *env; /* of the job's own container */
	size_t npairs;
	struct path_pair {
		struct str shown, inside;
	} pairs[5];
};

/*
 * The images, as far as they decide whether and where a leg can run: *own is the image of its own
 * container (or empty), *services whether it has any.
 */
bool containers_wanted(struct arena *a, const struct job_def *def, const struct expr_env *env,
		       struct str *own, bool *services, struct eval_error *e);

/* Evaluates all but env; job->containers stays NULL when there is nothing to start. */
bool containers_read(struct job *job, struct str *why);
/* Env of the containers: evaluated once the runner context is there. */
bool containers_read_env(struct job *job, struct str *why);
bool containers_have_own(const struct job *job);

/* The network (and whatever else the machine needs before it starts). */
bool containers_open(struct job *job, struct str *why);
/* Fills in what the machine must know of them. */
void containers_fill(struct job *job, struct machine_spec *spec);
/* With the machine: the table of paths, job.container. */
void containers_machine(struct job *job);
/* Starts the services, waits for them, and brings their ports to the job's localhost. */
bool containers_serve(struct job *job, struct str path, struct str *why);
/* What the services printed, then their end. */
void containers_logs(struct job *job, struct str path);
void containers_close(struct job *job);

/* "8080:80/udp", "127.0.0.1:80:80", "8000-8002:80-82" as single ports. */
bool containers_ports(struct arena *a, struct str text, struct port **out, size_t *n);

/* A path, or whatever text: from what expressions show to what it is in the machine, and back. */
struct str containers_path(const struct job *job, struct arena *a, struct str path);
struct str containers_shown(const struct job *job, struct arena *a, struct str path);
/* Adds the env of the job's own container. */
void containers_add_env(const struct job *job, struct arena *a, struct vobject *env);

#endif
