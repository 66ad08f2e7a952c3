/*
 * docker.h - what the files of the docker engine share.
 *
 * Everything goes through the docker CLI (DESIGN decision 2), and each call has a time limit, so
 * that a daemon that dies or hangs never hangs act-c.
 */
#ifndef ACTC_ENGINE_DOCKER_H
#define ACTC_ENGINE_DOCKER_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/engine.h"
#include "actc/err.h"
#include "actc/process.h"

#define DOCKER_AGENT_DIR  "/.act-c"
#define DOCKER_AGENT_FILE DOCKER_AGENT_DIR "/agent"

enum {
	DOCKER_PROBE_MS = 20000,      /* a slow answer must not make `auto` take another engine */
	DOCKER_CALL_MS = 30000,       /* questions and small changes; generous: loaded machines */
	DOCKER_START_MS = 60000,      /* from `docker run` to the agent's answer */
	DOCKER_PULL_MS = 3600 * 1000, /* of one image */
};

/*
 * Where the programs that understand docker's command line differ. Everything else is the same code
 * for all of them.
 */
struct docker_program {
	const char *name; /* in PATH, and of the engine */
	/* The answer of the probe: `server`, and `client` on a second line where there is one. */
	const char *probe[4];
	const char *package;   /* of Debian and Ubuntu */
	const char *label;     /* in formats: a label of a thing, "%s" is its name */
	const char *labels;    /* of a network, where those are not to be had so: "a=b,c=d" */
	bool mount_labels;     /* --mount knows volume-label and volume-nocopy */
	bool events;           /* docker's events, with its actions and attributes */
	bool checks;           /* health checks run by themselves */
	bool names;            /* every network knows its containers by name */
	const char *at_once;   /* of rm --force: that it does not wait for an end; or NULL */
	const char *login;     /* the variable that names another configuration: a directory, */
	const char *auth_file; /* or a file of this name in it */
	/* Options of a network that leads nowhere. An internal one ends at its bridge, whose own
	 * address, or name server, would be a way to this machine. */
	const char *closed[4];
	/* Of a container in it. Its name server is the daemon's, and an older one asks this
	 * machine's own for names that it does not know. */
	const char *closed_dns; /* or NULL */
	const char *no_daemon;  /* what to do when it does not answer */
};

extern const struct docker_program docker_program, podman_program;

/* A command line being made; begins with the program. NULL-terminated after every call. */
struct docker_args {
	struct arena *a;
	const char *config; /* "DOCKER_CONFIG=…": another configuration than the user's; or NULL */
	VEC(const char *) list;
};

void docker_args_init(struct docker_args *args, struct arena *a, const struct docker_program *d,
		      const char *verb);
void docker_arg(struct docker_args *args, const char *word);
__attribute__((format(printf, 2, 3))) void docker_argf(struct docker_args *args, const char *fmt,
						       ...);
struct child_spec docker_child(const struct docker_args *args);

/* True when docker ended with status 0; otherwise the error has docker's own words (and err.sys is
 * ETIMEDOUT when it did not end at all). `out` and `input` may be NULL. */
bool docker_call(const struct docker_args *args, const struct str *input, struct strbuf *out,
		 int timeout_ms, struct err *err);
/* The last line of docker's stderr that says something, without its prefixes. */
struct str docker_words(struct str text);

void docker_probe(struct arena *a, const struct docker_program *d, struct engine_state *out);

/* --label options that say whose a thing is. */
void docker_own(struct docker_args *args, const struct rundir *d);
/* A new name: "act-c-RUN-JOB-" and a random end. */
const char *docker_name(struct arena *a, const struct machine_spec *spec);
/* "KEY=VALUE" for --mount, quoted where it needs to be. */
struct str docker_mount_field(struct arena *a, const char *key, struct str value);

/* Looks; *found = false (and true returned) when the image is not there. */
bool docker_image_look(struct arena *a, const struct docker_program *d, struct str image,
		       struct engine_image *out, bool *found, struct err *err);
/* Looks and pulls, as the policy says; refuses what the agent cannot run on. */
bool docker_image_ready(struct arena *a, const struct docker_program *d,
			const struct machine_spec *spec, struct engine_image *out, struct err *err);
/* The same for a service, where no agent runs. */
bool docker_image_fetch(struct arena *a, const struct docker_program *d,
			const struct machine_spec *spec, struct engine_image *out, struct err *err);

/* A call whose output people follow, which ends early when the run is cancelled. */
struct docker_follow {
	const struct machine_spec *spec;
	int in; /* its stdin, or CHILD_NULL */
	const char *what;
	bool pull;       /* of what it says, leave out what is no news of a pull */
	int status;      /* of its end */
	struct str last; /* what docker said last, for an error */
};
bool docker_follow(struct arena *a, const struct docker_args *args, struct docker_follow *f,
		   struct err *err);

/* Builds spec->image from a tar archive (a descriptor) with that Dockerfile in it. */
bool docker_build(struct arena *a, const struct docker_program *d, const struct machine_spec *spec,
		  int archive, struct str file, struct err *err);

/* A lock of this home, for what must be done once; the descriptor, or -1. */
int docker_lock(struct arena *a, const struct machine_spec *spec, const char *name, int timeout_ms,
		bool *waited, struct err *err);

/* For images of a platform. The agent's build is in its name: one act-c never runs another one's
 * agent by accident. */
struct str docker_agent_volume(struct arena *a, struct str platform);
/* Puts the agent into its volume, through a container of that image which is never started. */
bool docker_agent_fill(struct arena *a, const struct docker_program *d,
		       const struct machine_spec *spec, const struct engine_image *image,
		       struct err *err);
/* The volume's content: a tar archive of one executable file. */
void docker_agent_tar(struct strbuf *out, struct str program);

/* Makes a volume that is kept, with its label; one that is there is fine. Only for programs whose
 * --mount knows no labels. */
bool docker_volume_make(struct arena *a, const struct docker_program *d, struct str name,
			const char *cache, struct err *err);

/* The words of a string of options, quotes as in a shell. */
bool docker_split(struct arena *a, struct str text, struct docker_args *into, struct err *err);

/* Container options of a workflow, those that it may use (docker_service_options.c). */
struct docker_options {
	struct str user; /* --user of the job's own container */
	bool health;     /* has a health check of its own */
	bool trusted;    /* anything goes: the user said --privileged */
	bool publish;    /* its ports, on the machine's 127.0.0.1 */
};
bool docker_options(struct docker_args *args, const struct container_spec *c,
		    struct docker_options *o, struct err *err);

/* --add-host with an address for every other name that the options give it. */
void docker_option_hosts(struct docker_args *args, const struct container_spec *c,
			 struct str address);

/* Where the ports of a container are on the machine: "80/tcp -> 127.0.0.1:49153", a line each. */
struct str docker_published(struct arena *a, const struct docker_program *d, const char *name);

struct docker_pod;
/* The volumes of a container. Unless trusted, a source on the machine is a volume of the pod. */
bool docker_pod_volume(struct docker_pod *pod, struct docker_args *args, struct str volume,
		       bool trusted, struct err *err);
bool docker_pod_volumes(struct docker_pod *pod, struct docker_args *args,
			const struct container_spec *c, bool trusted, struct err *err);
/* Options that name all services of the pod, where its network does not. */
void docker_pod_hosts(const struct docker_pod *pod, struct docker_args *args);
/* Where nothing outside is reached, no name of it is asked for either. */
void docker_pod_dns(const struct docker_pod *pod, struct docker_args *args);

/* Logs in to the image's registry with a configuration that is made for it, and is removed by
 * docker_logout(): "DOCKER_CONFIG=…", or NULL. */
const char *docker_login(struct arena *a, const struct docker_program *d,
			 const struct machine_spec *spec, struct err *err);
void docker_logout(const struct docker_program *d, const char *config);
/* "ghcr.io", or empty for Docker Hub (SEMANTICS 6.1). */
struct str docker_registry(struct str image);

struct pod *docker_pod_open(struct arena *a, const struct docker_program *d,
			    const struct machine_spec *spec, const struct container_spec *services,
			    size_t n, struct err *err);
bool docker_pod_serve(struct pod *pod, const struct container_spec *services, size_t n,
		      struct err *err);
void docker_pod_logs(struct pod *pod, size_t service);
void docker_pod_close(struct pod *pod, bool force);

/* The same as lines for people, with sizes where they can be had. */
size_t docker_caches_shown(struct arena *a, const struct docker_program *d, struct str **lines);
size_t docker_caches(struct arena *a, const struct docker_program *d, struct str **names);
/* Removes what bears the label of a job's network, or of the job. */
void docker_sweep_pod(const struct docker_program *d, struct str pod);
int docker_sweep(const struct docker_program *d, const struct rundir *home, bool all, bool caches,
		 struct err *err);

#endif
