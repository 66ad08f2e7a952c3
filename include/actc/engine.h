/*
 * engine.h - an engine gives a channel to an agent on a fresh machine (a container, the host, a
 * fake). Nothing above this header knows which engine it is on.
 */
#ifndef ACTC_ENGINE_H
#define ACTC_ENGINE_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/channel.h"
#include "actc/err.h"
#include "actc/rundir.h"
#include "actc/str.h"

struct machine;

/* The docker socket of jobs: filtered, as it is, or none. */
enum docker_socket_mode { DOCKER_SOCKET_AUTO, DOCKER_SOCKET_FULL, DOCKER_SOCKET_NEVER };

enum pull_policy { PULL_MISSING, PULL_ALWAYS, PULL_NEVER };

/* The runner's directories as a job sees them (DESIGN decision 9). */
struct runner_paths {
	struct str work;      /* /home/runner/work */
	struct str workspace; /* work/REPO/REPO */
	struct str temp;      /* work/_temp */
	struct str actions;   /* work/_actions */
	struct str tool_cache;
	struct str externals;
};

/*
 * A container that a workflow asks for (SEMANTICS 1.8): a job's own, which then is its machine, or
 * a service beside it. Everything is evaluated, and split into words where it is words.
 */
struct container_spec {
	struct str id; /* of a service, its name on the job's network; empty = the job's own */
	struct str image;
	struct str username, password; /* for the image's registry; or empty */
	struct str entrypoint;         /* services only; empty = the image's */
	size_t nenv, nports, nvolumes, noptions, ncommand;
	const struct str *env;     /* "K=V"; a job's own container gets its with each step */
	const struct str *ports;   /* "80", "8080:80", "8080:80/udp" */
	const struct str *volumes; /* "source:/path[:ro]", "/path[:ro]" */
	const struct str *options;
	const struct str *command; /* services only */
};

/* A TCP port of a service, and its number on the job's localhost. */
struct pod_port {
	unsigned host, inside;
};

/* What surrounds a job's machine: a network of its own, and services on it. */
struct pod {
	struct str network;
	size_t n;
	struct pod_service {
		const struct container_spec *spec;
		struct str id;   /* of its container */
		struct str name; /* by which the machine can dial it */
		VEC(struct pod_port) ports;
	} * services;
};

struct engine_image {
	struct str name;     /* as it was asked for */
	struct str id;       /* "sha256:…" */
	struct str platform; /* "linux/amd64" */
	struct str user;     /* of its configuration, or empty */
	struct str config;   /* its entry point and command, as two lines of JSON */
};

/* A directory of this machine that is to be seen below the externals of others, read-only. */
struct shown_dir {
	struct str name;
	struct str dir;
};

struct machine_spec {
	const struct rundir *rundir; /* run id and home id for the labels */
	struct str job;              /* path of the job instance, for names and labels */
	struct str image;
	struct str platform; /* "linux/amd64", or empty */
	struct str network;  /* "", "none", "host", "bridge", a network's name */
	struct str options;  /* --container-options: words, blanks apart, quoted as for a shell */
	struct str repository_name; /* the last part of owner/name */
	struct str bind;            /* --bind: this directory is the workspace; or empty */
	const struct str *expose;   /* sandbox: paths of this machine shown read-only */
	size_t nexpose;
	bool no_egress;          /* nothing outside of the job and its services is reached */
	const struct str *hosts; /* names that mean the job's own localhost */
	size_t nhosts;
	struct str externals; /* of this machine: shown, read-only, as the runner's; or empty */
	struct str services;  /* their socket, to be shown where the engine can; or empty */
	struct str memory;    /* --memory: 512m; or empty */
	struct str cpus;      /* --cpus: 1.5; or empty */
	bool changes_system;  /* the job installs packages, or uses sudo */
	bool wants_docker;    /* it calls docker */
	enum pull_policy pull;
	enum docker_socket_mode docker_socket;
	bool privileged;
	bool publish; /* the ports of the workflow's containers are opened on this machine too */
	int agent;    /* of engine_agent_program(), for all machines of a run; 0 = none */
	const struct engine_image *known; /* what look() found when the run began */
	size_t nknown;
	const struct container_spec *container; /* the job's own; NULL = the runner itself */
	struct pod *pod;                        /* what it belongs to, or NULL */
	/* Of a Docker action (SEMANTICS 5.8): the job's machine, whose network and directories it
	 * gets. Its own are /github/workspace and so on; what it starts is not said here: the
	 * caller spawns it. */
	struct machine *beside;
	struct str username, password; /* for the image's registry; or empty */
	/* One line for people: "pulling ubuntu:24.04", docker's own words. */
	void (*progress)(void *ctx, struct str line);
	/* Asked now and then while something long goes on; true = give up (ERR_CANCELLED). Or NULL.
	 */
	bool (*cancelled)(void *ctx);
	/* A line for people while steps run: the first use of the docker socket. Or NULL. */
	void (*note)(void *ctx, struct str line);
	void *ctx;
};

struct engine_state {
	bool usable;
	struct str version; /* "docker 20.10.24, client 28.2.2" */
	struct str why;     /* when not usable: what is wrong … */
	struct str fix;     /* … and what to do */
};

struct engine {
	const char *name;
	/* Jobs see this machine's own system, not an image: any label for Linux is served, and
	 * what needs images (containers, services, Docker actions) is not. */
	bool own_system;
	/* Whether it can be used here, in at most a few seconds. */
	void (*probe)(struct arena *a, struct engine_state *out);
	/* Starts a machine with its agent answering; pulls the image if the policy says so. The
	 * error names the image and the reason in words for people. */
	struct machine *(*start)(struct arena *a, const struct machine_spec *spec, struct err *err);
	/* Ends the machine and everything in it, and waits for that: politely (the agent is asked),
	 * or at once with `force`. Removes its volumes. */
	void (*stop)(struct machine *m, bool force);
	/* After the channel was lost: why, in one sentence ("the container was killed (OOM)"). */
	struct str (*why_lost)(struct arena *a, struct machine *m);
	/* Removes what runs of this home left behind, except of runs that are alive; with `all`
	 * also what bears no living run at all of other homes. Returns the number of things
	 * removed, -1 = not usable. rundir_leftovers() tells cheaply whether it is worth it. */
	int (*sweep)(const struct rundir *home, bool all, bool caches, struct err *err);

	/*
	 * Job containers and services; NULL in engines that have none, which then cannot start a
	 * machine with .container or .pod either.
	 *
	 * open makes the job's network for these services, whose env need not be known yet; the
	 * same ones are given again to serve, which fetches the images, starts all services at once
	 * and waits, by events, until none is starting any more; what people should see (the log of
	 * one that did not come up) goes to spec->progress. logs hands on what a service printed.
	 * close removes everything; the machine must have been stopped.
	 */
	struct pod *(*pod_open)(struct arena *a, const struct machine_spec *spec,
				const struct container_spec *services, size_t n, struct err *err);
	bool (*pod_serve)(struct pod *pod, const struct container_spec *services, size_t n,
			  struct err *err);
	void (*pod_logs)(struct pod *pod, size_t service);
	void (*pod_close)(struct pod *pod, bool force);

	/*
	 * Docker actions; NULL in engines that have none, which then start no machine with .beside
	 * either. fetch: the image is here now, as the policy says. build: makes spec->image from
	 * a tar archive (a descriptor), with the Dockerfile of that name in it.
	 */
	bool (*fetch)(struct arena *a, const struct machine_spec *spec, struct err *err);
	bool (*build)(struct arena *a, const struct machine_spec *spec, int archive,
		      struct str file, struct err *err);

	/* These are NULL where an engine has no such thing. */
	/* Whether the image is there, and what it is. False without an error: it is not. */
	bool (*look)(struct arena *a, struct str image, struct engine_image *out, struct err *err);
	/* Shows directories as externals/NAME, and an empty NAME.complete after each, in this and
	 * every later machine. NULL: what is in spec->externals is shown as it is. */
	bool (*bring)(struct machine *m, const struct machine_spec *spec, const struct shown_dir *v,
		      size_t n, struct err *err);
	/* What is kept between runs, a line each; SIZE_MAX = the engine does not answer. */
	size_t (*caches)(struct arena *a, struct str **names);
	/* What every run on it should be told once, a line each; or NULL. */
	size_t (*notes)(struct arena *a, const struct machine_spec *spec, struct str **lines);
};

struct channel *machine_channel(struct machine *m);
const struct runner_paths *machine_paths(const struct machine *m);
/* The same as expressions show them: in a job container those of the runner outside. */
const struct runner_paths *machine_shown_paths(const struct machine *m);
/* The engine's own name for a job container; or empty. */
struct str machine_id(const struct machine *m);
/* Where its agent may dial the services by itself, "unix:/…"; or empty. */
struct str machine_services(const struct machine *m);
/* What the image of a machine starts by itself: its entry point, or its command. */
const struct str *machine_entrypoint(struct arena *a, const struct machine *m, size_t *n);
const struct str *machine_command(struct arena *a, const struct machine *m, size_t *n);
/* What is worth telling of it: image id, container name; or empty. */
struct str machine_describe(const struct machine *m);

extern const struct engine engine_docker;
extern const struct engine engine_podman;
extern const struct engine engine_host;
extern const struct engine engine_sandbox;
extern const struct engine engine_fake;

/* The build of the agent that is embedded, as it names itself, and the platforms of images that it
 * runs on: "linux/amd64 and linux/arm64". */
struct str engine_agent_build(void);
/* The agent as a program in memory, for engines that start it from there; else, and where it cannot
 * be had, 0. The caller closes it. */
int engine_agent_program(const struct engine *engine);
struct str engine_agent_platforms(struct arena *a);

/* "auto", "docker", "sandbox", "host", "fake": NULL when there is none of that name. auto is
 * resolved by probing. */
const struct engine *engine_by_name(struct str name);
/* What "auto" means here, and its state. `why` then says what is wrong with those that were asked
 * before it; with none usable, of all, and the first one is returned. */
const struct engine *engine_auto(struct arena *a, struct engine_state *state);

#endif
