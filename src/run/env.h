/*
 * env.h - the environment of a step's processes (SEMANTICS 4.7), and the contexts that mirror it.
 */
#ifndef RUN_ENV_H
#define RUN_ENV_H

#include "job.h"

struct step;

/* Adds every pair of an object, values as strings; a null value adds the empty string. */
void env_add_object(struct arena *a, struct vobject *into, struct value object);

/* The file that defines the job, which may be a called one. */
struct job_file {
	struct str repository, path, sha;
	struct str ref; /* "octo/demo/.github/workflows/x.yml@refs/heads/main" */
};
struct job_file job_file_of(struct job *job);

/* Fill the job's runner and job contexts and the runner-only part of github. */
void env_runner_context(struct job *job);
void env_job_context(struct job *job);
/* The event payload as the file GITHUB_EVENT_PATH names. */
void env_write_event_file(struct job *job);

/* The whole environment of a step's processes as "K=V", built in SEMANTICS 4.7's order from its env
 * context (global and step env merged); `extra` (INPUT_*, STATE_*) may be NULL. */
struct str *env_build(struct step *s, const struct vobject *extra, size_t *n);

/* The same for a container beside the job's, where paths are others and GITHUB_PATH is not. */
typedef struct str env_path_fn(const struct job *job, struct arena *a, struct str text);
struct str *env_build_beside(struct step *s, const struct channel_peer *peer,
			     const struct vobject *extra, env_path_fn *path, size_t *n);

/* "X64" for x86_64, as runner.arch has it. */
struct str runner_arch(struct str machine);

#endif
