/*
 * action.h - uses of actions: what pre, main and post of one step share, the kinds of actions, and
 * composite actions, whose steps run in a frame of their own (SEMANTICS 5).
 */
#ifndef RUN_ACTION_H
#define RUN_ACTION_H

#include "actc/action.h"
#include "contexts.h"
#include "state.h"

struct job;
struct step;

/* How deep composite actions may lie in each other. */
enum { ACTION_MAX_DEPTH = 9 };

/* One use of an action: a step of the workflow, or of a composite action, that names it. */
struct action_use {
	struct action_use *outer; /* the composite action whose step it is; NULL = the job */
	const struct step_def *def;
	const struct action *action;  /* NULL = not read yet */
	struct str dir;               /* its files, in the machine */
	struct str repository, ref;   /* empty: a local one */
	struct vobject *state;        /* what it saved for its post, by name */
	struct vobject *steps;        /* of a composite action's main */
	size_t index;                 /* among the steps around it */
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
extern const struct action_ops action_composite;

/* Starts the step of an action. */
void action_start(struct step *s);
/* The use that a step of the workflow (outer NULL) or of a composite action is. */
struct action_use *action_use_of(struct job *job, struct action_use *outer,
				 const struct step_def *def, size_t index);
/* Local actions have none: they are not there before their step is reached. */
bool action_has_pre(const struct action_use *use);

/* Lets every composite action that can take its next step do so. */
void frames_move(struct job *job);
/* The step that runs in it is to end (step_stop), and no other one to begin. */
void frame_stop(struct frame *frame);
/* What its steps came to becomes the calling step's outcome and outputs. */
void frame_end(struct frame *frame);

#endif
