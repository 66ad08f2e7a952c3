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
	.props =
		SCHEMA_PROPS(OPT("default", input_default, "What it is when a step gives nothing")),
	SCHEMA_LOOSE(schema_non_empty, schema_any),
};
static const struct schema inputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, input),
};

static const struct schema output_value = { .kind = SCHEMA_STRING, .scope = SCOPE_OUTPUT };
static const struct schema output = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		OPT("description", schema_string, "What it is"),
		OPT("value", output_value, "Its value, by an expression (composite actions)")),
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
/* The runner looks at it when the stage comes, with what the job has. */
const struct schema schema_action_stage_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_STEP | IN_NEEDS | IN_SECRETS | IN_VARS | FN_STEP_STATUS,
	.non_empty = true,
};

#define STEP_COMMON                                                               \
	OPT("name", step_string, "How the log calls it"),                         \
		OPT("id", schema_non_empty, "How expressions call it: steps.ID"), \
		OPT("if", schema_action_step_if, "Whether it runs"),              \
		OPT("env", step_strings, "Environment variables"),                \
		OPT("continue-on-error", step_boolean, "Its failure does not fail the action")

static const struct schema run_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON, REQ("run", step_string, "A script"),
			      OPT("working-directory", step_string,
				  "Where the script runs, from the workspace on"),
			      REQ("shell", step_string,
				  "bash, sh, pwsh, python, or a command with {0} for the script")),
};
static const struct schema uses_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		STEP_COMMON,
		REQ("uses", schema_non_empty,
		    "An action: OWNER/REPO[/PATH]@REF, ./PATH, $/PATH or docker://IMAGE"),
		OPT("with", step_strings, "The action's inputs")),
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
#define CONDITIONS                                                        \
	OPT("pre-if", schema_non_empty, "Whether `pre` runs (always())"), \
		OPT("post-if", schema_non_empty, "Whether `post` runs (always())")

static const struct schema docker_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		OPT("using", schema_non_empty, "docker"),
		OPT("image", schema_non_empty, "Dockerfile, or docker://IMAGE"),
		OPT("entrypoint", schema_non_empty, "In place of the image's entrypoint"),
		OPT("args", docker_args, "The arguments"),
		OPT("env", docker_env, "Environment variables"),
		OPT("pre-entrypoint", schema_non_empty, "A script before the job's first step"),
		OPT("post-entrypoint", schema_non_empty, "A script after the job's last step"),
		CONDITIONS),
};
static const struct schema node_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("using", schema_non_empty, "node20 or node24"),
			      OPT("main", schema_non_empty, "The script"),
			      OPT("pre", schema_non_empty, "A script before the job's first step"),
			      OPT("post", schema_non_empty, "A script after the job's last step"),
			      CONDITIONS),
};
static const struct schema plugin_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		OPT("plugin", schema_non_empty, "A plugin of the runner (GitHub's own)")),
};
static const struct schema composite_runs = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("using", schema_non_empty, "composite"),
			      OPT("steps", steps, "What it does, one after the other")),
};
static const struct schema runs = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&docker_runs, &node_runs, &plugin_runs, &composite_runs),
};

const struct schema schema_action = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("name", schema_string, "How people call it"),
			      OPT("description", schema_string, "What it is for"),
			      OPT("inputs", inputs, "What a step gives by `with`"),
			      OPT("runs", runs, "How it runs"),
			      OPT("outputs", outputs, "What it leaves to later steps")),
	SCHEMA_LOOSE(schema_non_empty, schema_any),
};
