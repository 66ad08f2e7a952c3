/*
 * job.h - the state of one leg in its worker, and the ways out of that process.
 *
 * File commands, env, PATH and outputs change the state only when a step is applied (step.c), so
 * that a step could be run again from the state before it.
 */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include <stdbool.h>

#include "actc/channel.h"
#include "actc/engine.h"
#include "actc/event.h"
#include "contexts.h"
#include "state.h"

enum { ANNOTATION_LEVELS = 3 };

/* A file or an image that a step says it made. */
struct artifact {
	struct str name, digest;
	bool oci;
};

/* How many annotations of each level a step has made. */
struct annotation_count {
	struct str step;
	unsigned n[ANNOTATION_LEVELS];
};

/* Where a shell was found, for as long as PATH stays as it is. */
struct found_program {
	struct str name, path;
};

struct job {
	struct arena arena;   /* as long as the job */
	struct arena scratch; /* one step; rewound after it */
	struct run *run;
	struct leg_run *leg;
	const struct job_def *def;

	int control; /* commands of the supervisor; see worker.h */
	int events;
	struct strbuf out; /* records not yet written */
	struct log_head log_head;
	int64_t came_us; /* when the output came that is taken in; 0 = none is */
	struct masker *masker;

	const struct engine *engine;
	struct machine *machine;
	struct channel *channel;
	const struct channel_peer *peer;
	const struct runner_paths *paths; /* where things are in the machine */
	const struct runner_paths *shown; /* the same as expressions show them */
	VEC(struct machine *) beside;     /* of Docker actions that run */
	struct containers *containers;    /* of the job and its services; NULL = none */

	enum result status; /* job.status: success, failure or cancelled */
	bool interrupted;   /* cancelled by the user: SIGINT goes to the process group */
	bool killed;        /* end at once */
	bool lost;          /* the machine is gone */
	struct str reason;  /* why the job failed, when it was no step */
	long long deadline_ms;
	long long hard_stop_ms; /* after a cancellation: everything is killed then; 0 = not
				   cancelled */

	struct contexts contexts;
	struct vobject *github;     /* changed per step: action, file paths */
	struct vobject *job_object; /* status changes */
	struct vobject *steps;
	struct vobject
		*global_env; /* workflow env, job env, --env, then GITHUB_ENV; case-sensitive */
	VEC(struct str) paths_added; /* GITHUB_PATH, oldest first */
	VEC(struct found_program) programs;
	struct str not_rehearsed; /* why it cannot be run here, once that is known; or empty */
	struct str set_up_path;   /* of the step that shows what the engine is doing */
	struct str services_url, services_token; /* once they are reached; see services.h */
	bool services_failed;
	struct str node;                /* runs JavaScript actions; empty = not decided */
	struct str node_why;            /* why it is only the image's */
	struct contact_watch *contacts; /* NULL: nobody looks */
	struct str ca_file;             /* of authorities, as expressions show its path; or empty */
	struct str default_shell;
	struct str default_directory;
	bool step_debug;
	VEC(struct annotation_count) annotated;
	VEC(struct artifact) artifacts; /* what steps declared in GITHUB_ARTIFACTS */
	struct str artifacts_file;      /* an empty list, where nobody may declare any */
	struct matchers *matchers;      /* NULL until one is added */
	bool told_no_matchers;
	struct step *running;          /* steps whose process runs */
	struct frame *frames;          /* composite actions that run, the last one first */
	struct action_use *uses;       /* of actions, as far as steps have come */
	struct action_repo *repos;     /* that they come from */
	struct action_use *posts;      /* those whose post is registered, the last one first */
	VEC(struct step *) background; /* all of them, in the order of the file */
	unsigned serial;               /* for file names in the job's temp directory */
};

/* Emits with the leg's path; strings are masked on the way. */
void job_emit(struct job *job, struct event *e);
/* Writes what was emitted; the channel is kept alive while the supervisor is slow. */
void job_flush(struct job *job);
/* A line, or an annotation, in the log of step `path`. */
void job_log(struct job *job, struct str path, struct str line);
/* Lines that came at once (job.came_us is set), each with \n behind it. */
void job_log_block(struct job *job, struct str path, struct str text);
void job_annotate(struct job *job, struct str path, const char *level, struct str message);
/* The same with everything that an annotation has; the message is changed (annotate.c). */
void job_annotate_event(struct job *job, struct event *e);
/* The begin and the end of a step of the job's own, which is none of the workflow's. */
void job_step_started(struct job *job, struct str path, const char *name, const char *phase);
void job_step_finished(struct job *job, struct str path, const char *name, bool ok,
		       long long started, struct str reason);
/* Whether one more of this level would be recorded, or only stand in the log. */
bool job_annotation_counts(struct job *job, struct str path, struct str level);
/* "##[debug]" before each line, when ACTIONS_STEP_DEBUG is on. */
void job_debug(struct job *job, struct str path, struct str text);

/* Reads commands of the supervisor; sets status, interrupted, killed, hard_stop_ms. */
void job_take_control(struct job *job);
/* The same for deadlines that have passed: job timeout, hard stop. */
void job_check_deadlines(struct job *job);
/* Both at once, without waiting: what came while nobody listened. */
void job_listen(struct job *job);
/* Milliseconds until the next deadline of the job, at most `limit` (-1 = none). */
int job_wait_ms(const struct job *job, long long until);
/* What a machine of this job is started with; its progress goes to the log of step `path`. */
struct machine_spec job_machine_spec(struct job *job, struct str path);
/* The machine is gone: finds out why, once. */
void job_lost(struct job *job);
bool job_is_cancelled(const struct job *job);

/* "path:line:col: text" for what is wrong with the workflow. */
struct str job_placed(struct job *job, struct arena *a, const struct eval_error *e);
struct str job_placed_at(struct job *job, struct arena *a, struct span at, struct str msg);

/* Puts the tools of --tool-cache into the machine, if they are not there (toolcache.c). */
bool job_fill_tool_cache(struct job *job, struct str *why);
/* Whether scripts of it install packages or use sudo. */
bool job_changes_system(const struct job_def *def);
/* Whether scripts of it call docker, or actions may. */
bool job_wants_docker(const struct job_def *def);

#endif
