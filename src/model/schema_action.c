/*
 * schema_action.c - an action.yml's keys, their types, and what expressions in them may name
 * (SEMANTICS 5.2), bottom up. What goes beyond shapes is checked in action.c.
 */
#include "schema_action.h"

enum {
	SCOPE_DEFAULT = IN_GITHUB | IN_STRATEGY | IN_MATRIX | IN_JOB | IN_RUNNER | FN_HASH_FILES,
	SCOPE_OUTPUT = IN_GITHUB | IN_STRATEGY | IN_MATRIX | IN_STEPS | IN_INPUTS | IN_JOB |
		       IN_RUNNER | IN_ENV,
	SCOPE_STEP = SCOPE_OUTPUT | FN_HASH_FILES,
};

/* --- inputs and outputs ---------------------------------------------------------------------- */

static const struct schema input_default = { .kind = SCHEMA_STRING, .scope = SCOPE_DEFAULT };
static const struct schema input = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("default", input_default)),
	SCHEMA_LOOSE(schema_non_empty, schema_any),
};
static const struct schema inputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, input),
};

static const struct schema output_value = { .kind = SCHEMA_STRING, .scope = SCOPE_OUTPUT };
static const struct schema output = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("description", schema_string), OPT("value", output_value)),
};
static const struct schema outputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, output),
};

/* --- steps of composite actions -------------------------------------------------------------- */

static const struct schema step_string = { .kind = SCHEMA_STRING, .scope = SCOPE_STEP };
static const struct schema step_boolean = { .kind = SCHEMA_BOOLEAN, .scope = SCOPE_STEP };
static const struct schema step_strings = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STEP,
	SCHEMA_LOOSE(schema_non_empty, schema_string),
};
const struct schema schema_action_step_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_STEP | FN_STEP_STATUS,
};
const struct schema schema_action_stage_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_STEP | FN_STEP_STATUS,
	.non_empty = true,
};

#define STEP_COMMON                                                                              \
	OPT("name", step_string), OPT("id", schema_non_empty), OPT("if", schema_action_step_if), \
		OPT("env", step_strings), OPT("continue-on-error", step_boolean)

static const struct schema run_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON, REQ("run", step_string),
			      OPT("working-directory", step_string), REQ("shell", step_string)),
};
static const struct schema uses_step = {
	.kind = SCHEMA_MAPPING,
	.props =
		SCHEMA_PROPS(STEP_COMMON, REQ("uses", schema_non_empty), OPT("with", step_strings)),
};
static const struct schema step = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&run_step, &uses_step),
};
static const struct schema steps = { .kind = SCHEMA_SEQUENCE, .item = &step };

/* --- runs ------------------------------------------------------------------------------------ */

static const struct schema docker_arg = { .kind = SCHEMA_STRING, .scope = IN_INPUTS };
static const struct schema docker_args = { .kind = SCHEMA_SEQUENCE, .item = &docker_arg };
static const struct schema docker_env = {
	.kind = SCHEMA_MAPPING,
	.scope = IN_INPUTS,
	SCHEMA_LOOSE(schema_non_empty, schema_string),
};

/* Their text is an expression without ${{ }}; it is parsed in action.c. */
#define CONDITIONS OPT("pre-if", schema_non_empty), OPT("post-if", schema_non_empty)

static const struct schema docker_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("using", schema_non_empty), OPT("image", schema_non_empty),
			      OPT("entrypoint", schema_non_empty), OPT("args", docker_args),
			      OPT("env", docker_env), OPT("pre-entrypoint", schema_non_empty),
			      OPT("post-entrypoint", schema_non_empty), CONDITIONS),
};
static const struct schema node_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("using", schema_non_empty), OPT("main", schema_non_empty),
			      OPT("pre", schema_non_empty), OPT("post", schema_non_empty),
			      CONDITIONS),
};
static const struct schema plugin_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("plugin", schema_non_empty)),
};
static const struct schema composite_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("using", schema_non_empty), OPT("steps", steps)),
};
static const struct schema runs = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&docker_runs, &node_runs, &plugin_runs, &composite_runs),
};

const struct schema schema_action = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("name", schema_string), OPT("description", schema_string),
			      OPT("inputs", inputs), OPT("runs", runs), OPT("outputs", outputs)),
	SCHEMA_LOOSE(schema_non_empty, schema_any),
};
