/*
 * docker_gate.h - what a job may ask of the user's docker daemon through the socket that it has
 * (--docker-socket auto): everything that stays with the job.
 *
 * What the job made bears its label and is its own; other containers, volumes and networks of the
 * daemon are out of its reach, and what it makes gets nothing of the machine but directories that
 * are the job's.
 */
#ifndef ACTC_ENGINE_DOCKER_GATE_H
#define ACTC_ENGINE_DOCKER_GATE_H

#include "actc/value.h"
#include "docker_http.h"

/* Whose the things are, and how to ask about them; of one job. */
struct docker_gate {
	struct str run, home; /* labels act-c.run, act-c.home */
	struct str owner;     /* act-c.pod */
	struct str machine;   /* the job's own container */
	struct str network;   /* the job's own network; or empty */
	bool full;            /* the user lets everything pass (--docker-socket full) */
	/* A call of the daemon's API; the status (0: no answer), *out is the body's JSON. */
	int (*ask)(void *ctx, struct arena *a, const char *method, struct str path, struct str body,
		   struct value *out);
	/* A path of the job as what the daemon can mount; false with *why. */
	bool (*place)(void *ctx, struct arena *a, struct str path, struct value *mount,
		      struct str *why);
	void *ctx;
};

struct gate_pass {
	bool refused;
	bool missing;       /* refused as there is no such thing, in the daemon's words */
	struct str message; /* why; or, with `answer`, what is answered instead of asking */
	bool answer;
	bool replaced; /* the body */
	struct str body;
	struct str started; /* a container that is started by it; or empty */
	bool tunnel;        /* the connection may become something else */
	bool guarded;       /* … a BuildKit session, which is looked through */
};

/* Whether the whole body is to be read before docker_gate() is asked. */
bool docker_gate_reads_body(const struct http_request *r);
/* Decides, and changes the request's query where it must be another one. */
void docker_gate(struct arena *a, const struct docker_gate *g, struct http_request *r,
		 struct str body, struct gate_pass *out);
/* The text of a refusal, with the way round it. */
struct str docker_gate_refusal(struct arena *a, struct str what);

/* The body of a creation of a container, rewritten; false with *why (docker_gate_create.c). */
bool docker_gate_create(struct arena *a, const struct docker_gate *g, struct value body,
			struct value *out, struct str *why);
/* With everything let pass: the job's own directories still must be found at the daemon. */
bool docker_gate_translate(struct arena *a, const struct docker_gate *g, struct value body,
			   struct value *out);
/* Adds the labels of what the job makes to those of an object. */
void docker_gate_label(struct arena *a, const struct docker_gate *g, struct vobject *o);
/* Whether a container, or a network, is the job's own. */
bool docker_gate_owns(struct arena *a, const struct docker_gate *g, struct str container);
bool docker_gate_network(struct arena *a, const struct docker_gate *g, struct str network);
/* A named volume: makes it when there is none; false when it is somebody else's. */
bool docker_gate_volume(struct arena *a, const struct docker_gate *g, struct str name);

#endif
