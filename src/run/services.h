/*
 * services.h - what actions expect of GitHub at run time (serve.h), as the run starts it and as a
 * job reaches it.
 *
 * The supervisor listens from the start and forks the process at the first connection, so that a
 * run whose actions want none of it pays for a socket. A job's agent listens on the job's own
 * localhost; each connection comes over the channel and is dialled by the worker, or by the agent
 * itself where the engine shows it the socket (machine_services).
 */
#ifndef RUN_SERVICES_H
#define RUN_SERVICES_H

#include "actc/serve.h"
#include "job.h"

struct services;

/* In the run's directory; the two of stand-ins are there only when the run has some. */
enum services_socket { SOCKET_SERVICES, SOCKET_PLAIN, SOCKET_TLS, SOCKETS };

/* Listens. NULL (with a note) when that cannot be: jobs then go without. */
struct services *services_open(struct run *run);
/* What the supervisor has to wait for; -1 = nothing. */
int services_fd(const struct services *s, enum services_socket which);
/* That is readable: starts the process, or takes what it says. */
void services_ready(struct services *s, struct run *run);
/* The end of the run: ends the process. */
void services_close(struct services *s, struct run *run);

/* A worker has no part in the process: closes what it inherited. */
void services_forget(struct services *s);
/* For workers: where to dial, and the facts that tokens are made of. */
struct str services_dial(const struct services *s, struct arena *a, enum services_socket which);
/* The socket's file. */
struct str services_path(const struct services *s);
const struct serve_spec *services_spec(const struct services *s);

/* What a step said is a secret: masked in what the services keep, too. */
void services_add_mask(const struct services *s, struct str value);
/* Adds the variables by which the processes of a step reach them: all for an action, those for
 * identity tokens for a script too. Listens in the job when it is first needed. */
void services_env(struct job *job, struct arena *a, bool action, struct vobject *env);
/* In the log of the job's set-up: what it may do with caches, if anybody said so. */
void services_tell_mode(struct job *job);
/* The token of the job; what it says is in serve.h. */
struct str services_token(struct job *job, struct arena *a);

#endif
