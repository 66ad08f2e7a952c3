/*
 * step.h - one step: prepare, run, apply (DESIGN decision 4).
 */
#ifndef RUN_STEP_H
#define RUN_STEP_H

#include "actc/stream.h"
#include "action.h"
#include "job.h"
#include "problems.h"

/* File commands in the order in which they are applied (SEMANTICS 4.2, 4.8). */
enum file_command {
	FILE_ENV,
	FILE_OUTPUT,
	FILE_PATH,
	FILE_STATE,
	FILE_SUMMARY,
	FILE_ARTIFACTS,
	FILE_COMMANDS
};

/* A process of a step, while it runs and after. */
struct execution {
	struct machine *machine; /* of a Docker action; NULL = the job's */
	struct proc *proc;       /* NULL = none was started */
	bool done;
	struct proc_exit exit;
	bool timed_out;
	bool stopping; /* the ladder of signals was entered */
	size_t rung;   /* next to climb */
	long long next_ms;
};

struct step {
	struct job *job;
	struct arena *a; /* what the step makes lives as long as it */
	const struct step_def *def;
	enum action_stage stage;  /* pre and post are steps of their own */
	struct frame *frame;      /* the composite action that it is in; NULL = the job */
	struct action_use *use;   /* the action that it is; NULL = none */
	struct frame *body;       /* of a composite action, once it runs */
	struct contexts contexts; /* what its expressions see */
	struct vobject *github;   /* its own: file paths, action */
	struct str path;          /* "4", "4/2" */
	struct str name;
	struct vobject *env;     /* the env context: global and the step's own; case-sensitive */
	struct vobject *own_env; /* what `env` of the step and of those around it has set */
	struct vobject *inputs;  /* of an action, as strings */
	struct str files[FILE_COMMANDS];
	struct file_content handed[FILE_COMMANDS]; /* what they held at the end of the process */

	/* what the stream asked for; applied with the files */
	struct vobject *outputs;
	struct vobject *env_changes;
	struct vobject *state_changes; /* for the post of the same action */
	VEC(struct str) paths;
	bool command_failed;
	bool echo;
	bool stopped;          /* commands are not processed … */
	struct str stop_token; /* … until this one comes */
	struct line_splitter lines;
	struct arena line_arena;
	struct problems problems;

	enum result outcome;
	enum result conclusion;
	int exit_code; /* -1 = no process */
	struct str reason;
	bool cond_after_cancel; /* its `if` was looked at again after a cancellation … */
	bool keep_going;        /* … and keeps it going */
	bool cond_failed;       /* its `if` could not be evaluated */
	long long started_ms;
	long long deadline_ms; /* of timeout-minutes, or that of a composite around it; 0 = none */
	double timeout_minutes;

	struct execution exec;
	/* of a script, as expressions show them: its shell, empty where none is known; its
	 * directory
	 */
	struct str program, directory;
	void (*finish)(struct step *s); /* what its kind does when the process has ended */
	VEC(struct str) unsaid;         /* debug lines from before it began */
	struct step *next_running;
	bool background;
	bool told;        /* that it began */
	bool queued;      /* waits for a place among the background steps that run */
	bool begun;       /* it has run, or will: skipped ones are none that a wait knows */
	bool settled;     /* its outcome is known */
	bool awaited;     /* its changes are in the job's state */
	struct arena own; /* of a background step */
};

/* Drives one step to its end; results go to the job's state and out as events. */
void step_run(struct job *job, const struct step_def *def, struct str path);

/* The name to show; env may be NULL (nothing is evaluated then). */
struct str step_title(struct arena *a, const struct step_def *def, const struct expr_env *env);

/* A failure that is no exit status: logged as an error, the step has failed. */
void step_fail(struct step *s, struct str message);

/* Feeds output of the step's processes; handles workflow commands (output.c). */
void step_output_init(struct step *s);
void step_output(void *step, struct str bytes);
void step_output_finish(struct step *s);
/* Goes on with the output of steps that wait for something of the machine; false: some still do. */
bool step_outputs_go_on(struct job *job);
/* "Unable to process command …", and the step has failed. */
void step_command_failed(struct step *s, struct str command, struct str why);

/* Starts a process of the step; a job_turn() or more later it has ended (exec.c). */
void step_exec_start(struct step *s, const struct proc_spec *spec);
/* Something of it runs: its process, or a step of the composite action that it is. */
bool step_is_busy(const struct step *s);
/* Takes turns until nothing of it does, through timeout and cancellation. */
void step_exec_wait(struct step *s);
/* After that: sets outcome and exit_code; a non-zero exit is a failed outcome without a message. */
void step_exec_finish(struct step *s);
/* Enters the ladder of signals, if it has not been entered. */
void step_stop(struct step *s);
/* One turn of the job's channel: output, ends, control, deadlines, signals of all that run. */
void job_turn(struct job *job, long long until_ms);
/* Runs a program in the job that says nothing in the log, and waits for its end. */
struct quiet_run {
	bool ended; /* else the job did */
	bool well;  /* with 0 */
};
struct quiet_run job_run_quietly(struct job *job, const struct proc_spec *spec);
/* True when the job was cancelled and the step's `if`, looked at again, is false (SEMANTICS 4.4).
 */
bool step_must_stop(struct step *s);

/* The parts of a step's life, for those that run beside others (step.c). */
void step_init(struct step *s, struct job *job, struct arena *a, const struct step_def *def,
	       struct str path);
/* Puts a step that is not started yet into a composite action. */
void step_enter(struct step *s, struct frame *frame);
/* Runs one that was made ready, to its end. */
void step_drive(struct step *s);
/* "##[group]" and its end in the step's log; the env context as a header shows it. */
void step_group(struct step *s, struct str title);
void step_endgroup(struct step *s);
void step_log_env(struct step *s);
/* A text that may have several lines. */
void step_log(struct step *s, struct str text);
/* With ACTIONS_STEP_DEBUG: a text in the step's log, or once there is one (trace.c). */
void step_debug(struct step *s, struct str text);
__attribute__((format(printf, 2, 3))) void step_debugf(struct step *s, const char *fmt, ...);
/* What was held back: in the log of one that begins, else for who wants to know more. */
void step_debug_begin(struct step *s);
void step_debug_skip(struct step *s);
/* Evaluates its env and its `if`; false: it is over already. */
bool step_prepare(struct step *s);
/* Starts the process of one that is prepared. */
void step_begin(struct step *s);
/* Both, one after the other. */
bool step_start(struct step *s);
/* Its process has ended: reads its files, decides outcome and conclusion, tells them. */
void step_settle(struct step *s);
/* Takes its changes over into the job's state; of a background step without its result … */
void step_apply(struct step *s);
/* … which is the job's, or that of the composite action around it, by this. */
void step_apply_status(struct step *s);
/* A background step that was cancelled while it queued. */
void step_never_begin(struct step *s);

/* Background steps (background.c, SEMANTICS 4.13). */
bool step_is_background(const struct step_def *def);
void background_run(struct job *job, const struct step_def *def, struct str path);
/* What nobody awaited, before the post steps. */
void background_finish(struct job *job);
/* Settles those that have ended and starts those that have waited for a place. */
void background_tick(struct job *job);

/* The kinds (script.c, checkout.c). A script's process is only started; the rest of it comes when
 * it has ended. */
void step_script_start(struct step *s);
void step_script_finish(struct step *s);
/* The path of a shell, or empty; *missing: it is surely not there (program.c). */
struct str step_program(struct step *s, struct str name, bool *missing);
bool step_is_checkout(const struct job *job, const struct step_def *def);
void step_checkout(struct step *s);

/* Names fresh file-command files, which the step's process is given; and applies what they held
 * after it (filecmds.c). */
void step_files_prepare(struct step *s);
void step_files_apply(struct step *s);

#endif
