/*
 * schema.c - a workflow file's keys, their types, and what expressions in them may name (SEMANTICS
 * 1.3 and 1.5 to 1.10), bottom up. The value of `on` is in schema_on.c; what goes beyond shapes
 * (ids, the needs graph, …) is checked when the model is built.
 */
#include "schema.h"

enum {
	SCOPE_WORKFLOW = IN_GITHUB | IN_INPUTS | IN_VARS,
	SCOPE_NEEDS = SCOPE_WORKFLOW | IN_NEEDS,
	SCOPE_STRATEGY = SCOPE_NEEDS | IN_STRATEGY | IN_MATRIX,
	SCOPE_RUNNER = SCOPE_STRATEGY | IN_STEPS | IN_JOB | IN_RUNNER | IN_ENV,
	SCOPE_STEP = SCOPE_RUNNER | IN_SECRETS | FN_HASH_FILES,
};

/* --- shared by workflow and jobs --- */

static const struct schema permission_any = { .kind = SCHEMA_STRING,
					      .report = "permissions",
					      .words = SCHEMA_WORDS("read", "write", "none") };
static const struct schema permission_read = { .kind = SCHEMA_STRING,
					       .report = "permissions",
					       .words = SCHEMA_WORDS("read", "none") };
static const struct schema permission_write = { .kind = SCHEMA_STRING,
						.report = "permissions",
						.words = SCHEMA_WORDS("write", "none") };
static const struct schema permission_all = { .kind = SCHEMA_STRING,
					      .report = "permissions",
					      .words = SCHEMA_WORDS("read-all", "write-all") };
static const struct schema permission_map = {
	.kind = SCHEMA_MAPPING,
	.report = "permissions",
	.props = SCHEMA_PROPS(
		OPT("actions", permission_any), OPT("artifact-metadata", permission_any),
		OPT("attestations", permission_any), OPT("checks", permission_any),
		OPT("code-quality", permission_any), OPT("contents", permission_any),
		OPT("copilot-requests", permission_write), OPT("deployments", permission_any),
		OPT("discussions", permission_any), OPT("drives", permission_any),
		OPT("id-token", permission_write), OPT("issues", permission_any),
		OPT("models", permission_read), OPT("packages", permission_any),
		OPT("pages", permission_any), OPT("pull-requests", permission_any),
		OPT("repository-projects", permission_any), OPT("security-events", permission_any),
		OPT("statuses", permission_any), OPT("vulnerability-alerts", permission_read)),
};
static const struct schema permissions = {
	.kind = SCHEMA_ONE_OF,
	.report = "permissions",
	.of = SCHEMA_OF(&permission_map, &permission_all),
};

static const struct schema cache_mode = {
	.kind = SCHEMA_STRING,
	.words = SCHEMA_WORDS("read", "write", "write-only", "none"),
};

static const struct schema concurrency_queue = { .kind = SCHEMA_STRING,
						 .words = SCHEMA_WORDS("single", "max") };
static const struct schema concurrency_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("group", schema_non_empty),
			      OPT("cancel-in-progress", schema_boolean),
			      OPT("queue", concurrency_queue)),
};
static const struct schema workflow_concurrency = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_WORKFLOW,
	.of = SCHEMA_OF(&schema_string, &concurrency_map),
};
static const struct schema job_concurrency = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_non_empty, &concurrency_map),
};

static const struct schema workflow_run_defaults = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("shell", schema_non_empty),
			      OPT("working-directory", schema_non_empty)),
};
static const struct schema workflow_defaults = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("run", workflow_run_defaults)),
};
static const struct schema job_run_defaults = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STRATEGY | IN_ENV,
	.props = SCHEMA_PROPS(OPT("shell", schema_non_empty),
			      OPT("working-directory", schema_non_empty)),
};
static const struct schema job_defaults = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("run", job_run_defaults)),
};

static const struct schema workflow_env = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_WORKFLOW | IN_SECRETS,
	SCHEMA_LOOSE(schema_non_empty, schema_string),
};
static const struct schema job_env = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STRATEGY | IN_SECRETS,
	SCHEMA_LOOSE(schema_non_empty, schema_string),
};

/* --- steps --- */

static const struct schema step_string = { .kind = SCHEMA_STRING, .scope = SCOPE_STEP };
static const struct schema step_boolean = { .kind = SCHEMA_BOOLEAN, .scope = SCOPE_STEP };
static const struct schema step_number = { .kind = SCHEMA_NUMBER, .scope = SCOPE_STEP };
static const struct schema step_strings = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STEP,
	SCHEMA_LOOSE(schema_non_empty, schema_string),
};
const struct schema schema_step_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_RUNNER | FN_STEP_STATUS | FN_HASH_FILES,
};
static const struct schema wait_all_value = { .kind = SCHEMA_ONE_OF,
					      .of = SCHEMA_OF(&schema_null, &schema_boolean) };

#define STEP_COMMON                                            \
	OPT("name", step_string), OPT("id", schema_non_empty), \
		OPT("continue-on-error", step_boolean)
#define STEP_ACTIVE                                                                  \
	STEP_COMMON, OPT("if", schema_step_if), OPT("timeout-minutes", step_number), \
		OPT("env", step_strings), OPT("background", schema_boolean)

static const struct schema run_step = {
	.kind = SCHEMA_MAPPING,
	.props =
		SCHEMA_PROPS(STEP_ACTIVE, REQ("run", step_string),
			     OPT("working-directory", step_string), OPT("shell", schema_non_empty)),
};
static const struct schema uses_step = {
	.kind = SCHEMA_MAPPING,
	.props =
		SCHEMA_PROPS(STEP_ACTIVE, REQ("uses", schema_non_empty), OPT("with", step_strings)),
};
static const struct schema wait_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "wait", &schema_one_or_more, PROP_REQUIRED | PROP_UNLISTED }),
};
static const struct schema wait_all_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "wait-all", &wait_all_value, PROP_REQUIRED | PROP_UNLISTED }),
};
static const struct schema cancel_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "cancel", &schema_non_empty, PROP_REQUIRED | PROP_UNLISTED }),
};

static const struct schema steps;
static const struct schema parallel_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("parallel", steps)),
};
static const struct schema step = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&run_step, &uses_step, &wait_step, &wait_all_step, &cancel_step,
			&parallel_step),
};
static const struct schema steps = { .kind = SCHEMA_SEQUENCE, .item = &step };

/* --- containers --- */

static const struct schema container_value = { .kind = SCHEMA_STRING,
					       .scope = SCOPE_RUNNER | IN_SECRETS };
static const struct schema container_env = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, container_value),
};
static const struct schema credentials = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_WORKFLOW | IN_SECRETS | IN_ENV,
	.props = SCHEMA_PROPS(OPT("username", schema_non_empty), OPT("password", schema_non_empty)),
};

#define CONTAINER_COMMON                                                                          \
	OPT("image", schema_non_empty), OPT("options", schema_string), OPT("env", container_env), \
		OPT("ports", schema_non_empties), OPT("volumes", schema_non_empties),             \
		OPT("credentials", credentials)

static const struct schema container_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(CONTAINER_COMMON),
};
static const struct schema container = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_string, &container_map),
};
static const struct schema service_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(CONTAINER_COMMON, OPT("entrypoint", schema_string),
			      OPT("command", schema_string)),
};
static const struct schema service = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_string, &service_map),
};
static const struct schema services = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STRATEGY,
	SCHEMA_LOOSE(schema_non_empty, service),
};

/* --- jobs --- */

static const struct schema strategy_string = { .kind = SCHEMA_STRING, .scope = SCOPE_STRATEGY };
static const struct schema strategy_number = { .kind = SCHEMA_NUMBER, .scope = SCOPE_STRATEGY };
static const struct schema strategy_boolean = { .kind = SCHEMA_BOOLEAN, .scope = SCOPE_STRATEGY };
static const struct schema runner_string = { .kind = SCHEMA_STRING,
					     .scope = SCOPE_RUNNER | IN_SECRETS };
static const struct schema public_string = { .kind = SCHEMA_STRING, .scope = SCOPE_RUNNER };

const struct schema schema_job_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_NEEDS | FN_JOB_STATUS,
};

static const struct schema matrix_item = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, schema_any),
};
static const struct schema matrix_items = { .kind = SCHEMA_SEQUENCE, .item = &matrix_item };
static const struct schema vector = { .kind = SCHEMA_SEQUENCE, .item = &schema_any };
static const struct schema matrix = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("include", matrix_items), OPT("exclude", matrix_items)),
	SCHEMA_LOOSE(schema_non_empty, vector),
};
static const struct schema strategy = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_NEEDS,
	.props = SCHEMA_PROPS(OPT("fail-fast", schema_boolean), OPT("max-parallel", schema_number),
			      OPT("matrix", matrix)),
};

static const struct schema runs_on_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("group", schema_non_empty), OPT("labels", schema_one_or_more)),
};
static const struct schema runs_on = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_non_empty, &schema_non_empties, &runs_on_map),
};

static const struct schema environment_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("name", strategy_string), OPT("url", public_string),
			      OPT("deployment", schema_boolean)),
};
static const struct schema environment = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_string, &environment_map),
};

static const struct schema outputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, runner_string),
};

const struct schema schema_snapshot_if = {
	.kind = SCHEMA_STRING,
	.scope = SCOPE_RUNNER | FN_STEP_STATUS | FN_HASH_FILES,
};
static const struct schema snapshot_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("image-name", schema_non_empty), OPT("if", schema_snapshot_if),
			      OPT("version", schema_non_empty)),
};
static const struct schema snapshot = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_non_empty, &snapshot_map),
};

#define JOB_COMMON                                                                                \
	OPT("name", strategy_string), OPT("needs", schema_one_or_more), OPT("if", schema_job_if), \
		OPT("permissions", permissions), OPT("cache-mode", cache_mode),                   \
		OPT("concurrency", job_concurrency), OPT("strategy", strategy)

static const struct schema regular_job = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		JOB_COMMON, REQ("runs-on", runs_on), OPT("timeout-minutes", strategy_number),
		OPT("cancel-timeout-minutes", strategy_number),
		OPT("continue-on-error", strategy_boolean), OPT("container", container),
		OPT("services", services), OPT("env", job_env), OPT("environment", environment),
		OPT("outputs", outputs), OPT("defaults", job_defaults), OPT("steps", steps),
		OPT("snapshot", snapshot)),
};

static const struct schema call_value = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_string, &schema_boolean, &schema_number),
};
static const struct schema call_with = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_value),
};
static const struct schema call_secret = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY | IN_SECRETS,
	.of = SCHEMA_OF(&schema_string, &schema_boolean, &schema_number),
};
static const struct schema call_secret_map = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_secret),
};
static const struct schema inherit = { .kind = SCHEMA_STRING, .words = SCHEMA_WORDS("inherit") };
static const struct schema call_secrets = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&call_secret_map, &inherit),
};
static const struct schema calling_job = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(JOB_COMMON, REQ("uses", schema_non_empty), OPT("with", call_with),
			      OPT("secrets", call_secrets)),
};
static const struct schema job = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&regular_job, &calling_job),
};
static const struct schema jobs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, job),
};

/* --- the file --- */

static const struct schema run_name = { .kind = SCHEMA_STRING, .scope = SCOPE_WORKFLOW };

const struct schema schema_workflow = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("on", schema_on), OPT("name", schema_string),
			      OPT("description", schema_string), OPT("run-name", run_name),
			      OPT("defaults", workflow_defaults), OPT("env", workflow_env),
			      OPT("permissions", permissions), OPT("cache-mode", cache_mode),
			      OPT("concurrency", workflow_concurrency), REQ("jobs", jobs)),
};
