/*
 * scope.h - scopes: one per started or called file (DESIGN decision 7, SEMANTICS 8).
 */
#ifndef RUN_SCOPE_H
#define RUN_SCOPE_H

#include "state.h"

void run_emit(struct run *run, const struct event *e);
/* Something that act-c itself has to say: level is "info", "warning", "error". */
void run_note(struct run *run, const char *level, struct str message);
/* "path:line:col: text", the way every message about a file begins. */
struct str run_placed(struct run *run, const struct eval_error *e);
/* "build", "ci.yml:build", "deploy(2)/test". */
struct str job_path(struct run *run, const struct job_run *job);

/* The scopes of the started files; emits run.planned. */
void scopes_init(struct run *run);

/* Calls the workflow of a leg: evaluates inputs and secrets, and makes the body. False with *why.
 */
bool scope_call(struct run *run, struct leg_run *leg, struct str *why);
/* All jobs of it have ended. */
bool scope_done(const struct scope *scope);
/* What becomes of the calling leg: failure before cancelled before success; all skipped = skipped.
 */
enum result scope_result(const struct scope *scope);
/* Whether something in it was not approved. */
bool scope_withheld(const struct scope *scope);
/* The outputs of the called workflow; false with *why. */
bool scope_outputs(struct run *run, const struct scope *scope, struct vobject **out,
		   struct str *why);

#endif
