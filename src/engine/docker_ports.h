/* docker_ports.h - ports that a job's own containers publish, on the job's localhost. */
#ifndef ACTC_ENGINE_DOCKER_PORTS_H
#define ACTC_ENGINE_DOCKER_PORTS_H

#include "actc/channel.h"
#include "actc/value.h"

/* What a connection's process tells the worker: written at once, in one piece. */
struct docker_port {
	unsigned short port; /* on the job's localhost */
	char dial[120];      /* "tcp:172.17.0.3:80" */
};

/* From `inspect` of a container and of the job's: those that the job can reach; how many. */
size_t docker_ports_of(struct value container, struct value job, struct docker_port *out,
		       size_t max);

/* The listeners of a job; the newest of a port counts. */
struct docker_ports;
struct docker_ports *docker_ports_new(struct arena *a, struct channel *c);
/* Listens; does not wait for the agent. */
void docker_ports_add(struct docker_ports *p, const struct docker_port *port);

#endif
