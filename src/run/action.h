/*
 * action.h - uses of actions: what pre, main and post of one step share, the kinds of actions, and
 * composite actions, whose steps run in a frame of their own (SEMANTICS 5).
 */
#ifndef RUN_ACTION_H
#define RUN_ACTION_H

#include "actc/action.h"
#include "actc/engine.h"
#include "contexts.h"
#include "state.h"

struct job;
struct step;

/* How deep composite actions may lie in each other. */
enum { ACTION_MAX_DEPTH = 9 };

/* A repository of actions that the job uses. */
struct action_repo {
	struct str name, ref; /* "octo/lib", "v1" */
	struct str commit;    /* empty: a directory stands for it */
	struct str tree;      /* on this machine; empty = not fetched */
	struct str dir;       /* in the job's; empty = not put there */
	bool wanted;          /* about to be fetched */
	struct action_repo *next;
};

/* One use of an action: a step of the workflow, or of a composite action, that names it. */
struct action_use {
	struct action_use *outer; /* the composite action whose step it is; NULL = the job */
	const struct step_def *def;
	const struct action *action;  /* NULL = not read yet */
	struct action_repo *repo;     /* NULL: a local one, or an image */
	struct str below;             /* its directory in the repository; or empty */
	struct str tree;              /* its files on this machine; empty: a local one */
	struct str dir;               /* its files in the job's machine */
	bool brought;                 /* what its kind needs is there */
	bool aged;                    /* ran on a newer node than it asks for */
	struct str path, title;       /* of its step; empty before it came */
	struct vobject *state;        /* what it saved for its post, by name */
	struct vobject *steps;        /* of a composite action's main */
	struct str image;             /* of a Docker action, once it is there; or empty */
	bool posted;                  /* its post is registered */
	struct action_use *next;      /* of the job's */
	struct action_use *next_post; /* the one registered before */
};

/* A composite action that runs: the scope of its steps. Moved on by job_turn(). */
struct frame {
	struct step *caller;
	struct frame *next; /* of the job's */
	struct contexts contexts;
	struct vobject *github;
	enum result status; /* github.action_status */
	size_t depth;       /* 1 = its steps are just below the workflow */
	size_t at;          /* how far it is */
	struct step *inner; /* the one that runs */
	bool stopped;       /* no further step begins */
	bool moving;        /* not to be moved again from inside */
	bool done;
};

/* The kinds. An action's stage is begun with inputs, env and header done. */
struct action_ops {
	/* What the kind needs in the job (a program, an image) is brought there, before the job's
	 * first step where the action is known by then; false with *why. May be NULL. */
	bool (*prepare)(struct job *job, struct action_use *use, struct str *why);
	/* Starts the process of the step's stage, or does all of it. */
	void (*start)(struct step *s);
};
extern const struct action_ops action_node, action_docker, action_composite;

/* Starts the step of an action. */
void action_start(struct step *s);
/* "./x"; "docker://x". */
bool action_is_local(struct str uses);
bool action_is_image(struct str uses);
const struct action_ops *action_ops_of(const struct action *action);
/* What a program of an action finds beside the step's env: INPUT_*, STATE_*. */
struct vobject *action_env(struct step *s);
/* The step fails with what the channel says; false. */
bool action_channel_failed(struct step *s, struct err *err);
/* The use that a step of the workflow (outer NULL) or of a composite action is. */
struct action_use *action_use_of(struct job *job, struct action_use *outer,
				 const struct step_def *def);
/* --- action_fetch.c --- */

/* The files that make a directory an action, in the order in which they are looked for. */
enum { ACTION_MANIFESTS = 4, ACTION_FILE_LIMIT = 1024 * 1024 };
struct action_manifest {
	const char *name;
	bool dockerfile;
};
extern const struct action_manifest action_manifests[ACTION_MANIFESTS];

/* Fetches and reads the actions of other repositories that these steps use, and those that they
 * use; told in the log of step `path`. It needs no machine. False with *why. */
bool actions_resolve(struct job *job, struct action_use *outer, const struct step_def *steps,
		     size_t n, struct str path, struct str *why);
/* False, with *why and job->not_rehearsed, when the engine cannot run one of those that are known,
 * and its step will run. */
bool actions_served(struct job *job, struct str *why);
/* The same for one use. */
bool action_resolve(struct job *job, struct action_use *use, struct str path, struct str *why);
/* Reads an action.yml for a use; what is wrong is told at `path`, *why sums it up. */
bool action_parse(struct job *job, struct action_use *use, struct str path, struct str shown,
		  struct str text, struct str *why);
/* Whether the step's `if` is false whatever happens before it. */
bool action_surely_skipped(struct job *job, const struct step_def *def);
/* Whether it is true when all before it succeeds, as far as that can be known before. */
bool action_surely_runs(struct arena *scratch, struct contexts contexts,
			const struct step_def *def);

/* dir/path; dir itself where there is no path. */
struct str action_below(struct arena *a, struct str dir, struct str path);

/* --- action_beside.c --- */

/* Whether this JavaScript may write beside itself. */
bool action_writes_beside(const char *bundle);

/* --- action_closed.c --- */

/* Why GitHub does not set up this version of an action, in its words; empty: it does. */
struct str action_closed(struct arena *a, struct str name, struct str ref);

/* --- action_put.c --- */

/* Brings what is known by now and not there yet into the machine: all of it, or what one use and
 * those within it want, which is all that can fail its step. */
bool actions_bring(struct job *job, const struct action_use *whole, struct str *why);
/* The images within a composite action. */
bool actions_bring_images(struct job *job, const struct action_use *whole, struct str *why);
/* --- action_images.c --- */

/* The images of the Docker actions that are known by now, each in a step of its own. */
void actions_make_images(struct job *job);
/* Shows directories of this machine below the externals of the job's. */
bool externals_show(struct job *job, const struct shown_dir *v, size_t n, struct err *err);

/* --- node.c --- */

/* Decides about job->node, and brings it. */
bool node_prepare(struct job *job, struct action_use *use, struct str *why);

/* --- stages --- */

/* Local actions have none: they are not there before their step is reached. */
bool action_has_pre(struct job *job, struct action_use *use);
/* The pre steps of steps that follow each other, `above` being the path of the one around them. */
void action_run_pres(struct job *job, const struct step_def *steps, size_t n, struct str above);
/* Names, at the job's end, the actions that ran on a newer node than they ask for. */
void action_tell_aged(struct job *job, struct str path);
/* All that are registered, and those that they register. */
void action_run_posts(struct job *job);

struct run;
/* Whether "./x" is a Docker action in the working tree. */
bool action_is_docker_here(struct run *run, struct str uses);
/* The end of a Docker action's container (action_docker.c). */
struct machine;
void action_docker_end(struct job *job, struct machine *machine);

/* Lets every composite action that can take its next step do so. */
void frames_move(struct job *job);
/* The step that runs in it is to end (step_stop), and no other one to begin. */
void frame_stop(struct frame *frame);
/* What its steps came to becomes the calling step's outcome and outputs. */
void frame_end(struct frame *frame);

#endif
