/*
 * action.h - the typed model of one action.yml (SEMANTICS 5.2). Const after action_load(), as
 * workflow.h's: what happens with it in a run is kept elsewhere.
 */
#ifndef ACTC_ACTION_H
#define ACTC_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/workflow.h"

enum action_kind { ACTION_NODE, ACTION_DOCKER, ACTION_COMPOSITE, ACTION_KINDS };

/* The three parts of a use of an action; each has its own place in a job. */
enum action_stage { STAGE_PRE, STAGE_MAIN, STAGE_POST, ACTION_STAGES };

struct action_input {
	struct spanned id;
	const struct tok *fallback; /* `default`; NULL = the empty string */
	bool deprecated;
	struct str deprecation;
};

struct action_output {
	struct spanned id;
	const struct tok *value; /* composite actions only; NULL = none */
};

/* A program of a stage: a file beside action.yml, or an entrypoint. */
struct action_entry {
	struct spanned path;     /* empty = the action has no such stage */
	const struct expr *cond; /* pre-if, post-if; NULL = always() */
	struct spanned cond_text;
	struct str cond_error; /* what is wrong with it; the stage fails by that */
};

struct action {
	struct str file; /* as shown: "actions/x/action.yml" */
	struct str name;
	struct str description;
	enum action_kind kind;
	struct str using; /* "node20", as written; empty when there is only a Dockerfile */
	size_t ninputs;
	const struct action_input *inputs;
	size_t noutputs;
	const struct action_output *outputs;
	struct action_entry stages[ACTION_STAGES]; /* ACTION_NODE and ACTION_DOCKER */
	struct spanned image; /* ACTION_DOCKER: a Dockerfile's path, or "docker://…" */
	const struct tok *args;
	const struct tok *env;
	size_t nsteps; /* ACTION_COMPOSITE */
	const struct step_def *steps;
};

/* Reads and checks one registered source. NULL when it has errors. */
const struct action *action_load(struct arena *a, uint32_t file, struct diags *diags);
/* What a directory with a Dockerfile and nothing else is, or `uses: docker://…`. */
const struct action *action_from_image(struct arena *a, struct str image);

const struct action_input *action_input(const struct action *action, struct str id);
/* Whether an image names a Dockerfile that is to be built (SEMANTICS 5.8). */
bool action_image_is_dockerfile(struct str image);

#endif
