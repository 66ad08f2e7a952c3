/*
 * step.h - one step: prepare, run, apply (DESIGN decision 4).
 */
#ifndef RUN_STEP_H
#define RUN_STEP_H

#include "actc/stream.h"
#include "job.h"

/* File commands in the order in which they are applied (SEMANTICS 4.2, 4.8). */
enum file_command { FILE_ENV, FILE_OUTPUT, FILE_PATH, FILE_STATE, FILE_SUMMARY, FILE_COMMANDS };

struct step {
	struct job *job;
	const struct step_def *def;
	struct str path; /* "4" */
	struct str name;
	struct vobject *env; /* the env context: global and the step's own; case-sensitive */
	struct str files[FILE_COMMANDS];
	struct str action_repository; /* of the action that runs, for GITHUB_ACTION_… */

	/* what the stream asked for; applied with the files */
	struct vobject *outputs;
	struct vobject *env_changes;
	VEC(struct str) paths;
	bool command_failed;
	bool echo;
	struct str stop_token; /* empty = commands are processed */
	struct line_splitter lines;
	struct arena line_arena;

	enum result outcome;
	enum result conclusion;
	int exit_code; /* -1 = no process */
	struct str reason;
	bool cond_after_cancel; /* its `if` was looked at again after a cancellation … */
	bool keep_going;        /* … and keeps it going */
	long long started_ms;
	long long deadline_ms; /* of timeout-minutes; 0 = none */
	double timeout_minutes;
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

/* Runs a process to its end, through timeout and cancellation (exec.c). Sets outcome and exit_code;
 * a non-zero exit is a failed outcome without a message. */
void step_exec(struct step *s, const struct proc_spec *spec);
/* True when the job was cancelled and the step's `if`, looked at again, is false (SEMANTICS 4.4).
 */
bool step_must_stop(struct step *s);

/* The kinds (script.c, checkout.c). */
void step_script(struct step *s);
bool step_is_checkout(const struct step_def *def);
void step_checkout(struct step *s);

/* Makes fresh file-command files, and reads and applies them afterwards (filecmds.c). */
void step_files_prepare(struct step *s);
void step_files_apply(struct step *s);

#endif
