/* docker_pod.h - a job's network and services at a docker daemon, as the docker_service files share
 * them. */
#ifndef ACTC_ENGINE_DOCKER_POD_H
#define ACTC_ENGINE_DOCKER_POD_H

#include "docker.h"

enum service_state { SERVICE_STARTING, SERVICE_READY, SERVICE_FAILED };

struct docker_service {
	const struct container_spec *spec;
	struct engine_image image;
	const char *name;     /* of its container */
	struct str address;   /* where the network knows no names; or empty */
	long long check_ms;   /* between health checks, where somebody must run them */
	long long next_ms;    /* when it is time for one */
	const char *env_file; /* or NULL */
	struct child child;   /* `docker run --detach` */
	int output;           /* its stdout and stderr: a file without a name, or -1 */
	enum service_state state;
	bool exited; /* it was not running any more when it was looked at */
};

struct docker_pod {
	struct pod base;
	struct arena *a;
	const struct docker_program *program;
	struct machine_spec spec;
	const char *name;
	bool own_network; /* made here, and to be removed */
	size_t planned;   /* how many services there will be */
	size_t nservices; /* those whose container may be there */
	struct docker_service *services;
	VEC(const char *) volumes; /* removed at the end */
	long long started_s;       /* by our clock */
};

/* Waits until no service is starting any more; false when one has failed. */
bool docker_pod_wait(struct docker_pod *pod, struct err *err);
/* Runs the checks that are due, of services whose program does not, and tells how long to wait. */
int docker_pod_check(struct docker_pod *pod);
/* Gives every service an address, where the network knows no names. */
bool docker_pod_addresses(struct docker_pod *pod, struct err *err);
/* Hands on what a service printed. */
void docker_service_logs(struct docker_pod *pod, const struct docker_service *s);

/* A line for people. */
__attribute__((format(printf, 2, 3))) void docker_pod_say(struct docker_pod *pod, const char *fmt,
							  ...);
bool docker_pod_cancelled(struct docker_pod *pod, struct err *err);

#endif
