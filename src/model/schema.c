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
		OPT("actions", permission_any, "Workflow runs, artifacts and caches"),
		OPT("artifact-metadata", permission_any, "Records about artifacts"),
		OPT("attestations", permission_any, "Attestations of where artifacts come from"),
		OPT("checks", permission_any, "Check runs and suites"),
		OPT("code-quality", permission_any, "Findings about code quality"),
		OPT("contents", permission_any, "The repository itself: code, commits, releases"),
		OPT("copilot-requests", permission_write, "Requests to Copilot"),
		OPT("deployments", permission_any, "Deployments"),
		OPT("discussions", permission_any, "Discussions"),
		OPT("drives", permission_any, "Drives"),
		OPT("id-token", permission_write, "An identity token (OIDC) for other services"),
		OPT("issues", permission_any, "Issues"),
		OPT("models", permission_read, "GitHub Models"),
		OPT("packages", permission_any, "Packages"),
		OPT("pages", permission_any, "GitHub Pages"),
		OPT("pull-requests", permission_any, "Pull requests"),
		OPT("repository-projects", permission_any, "Classic projects of the repository"),
		OPT("security-events", permission_any, "Code scanning and its alerts"),
		OPT("statuses", permission_any, "Commit statuses"),
		OPT("vulnerability-alerts", permission_read, "Dependabot's alerts")),
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
	.props = SCHEMA_PROPS(
		REQ("group", schema_non_empty, "Of those with this name, one runs at a time"),
		OPT("cancel-in-progress", schema_boolean, "The new one cancels the one that runs"),
		OPT("queue", concurrency_queue,
		    "How many may wait: one, which a newer one replaces, or all")),
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
	.props = SCHEMA_PROPS(OPT("shell", schema_non_empty, "The shell of steps that name none"),
			      OPT("working-directory", schema_non_empty,
				  "The directory of steps that name none")),
};
static const struct schema workflow_defaults = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("run", workflow_run_defaults, "For `run` steps")),
};
static const struct schema job_run_defaults = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_STRATEGY | IN_ENV,
	.props = SCHEMA_PROPS(OPT("shell", schema_non_empty, "The shell of steps that name none"),
			      OPT("working-directory", schema_non_empty,
				  "The directory of steps that name none")),
};
static const struct schema job_defaults = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("run", job_run_defaults, "For `run` steps")),
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

#define STEP_COMMON                                                               \
	OPT("name", step_string, "How the log calls it"),                         \
		OPT("id", schema_non_empty, "How expressions call it: steps.ID"), \
		OPT("continue-on-error", step_boolean, "Its failure does not fail the job")
#define STEP_ACTIVE                                                                  \
	STEP_COMMON,                                                                 \
		OPT("if", schema_step_if,                                            \
		    "Whether it runs; success() unless a status function is in it"), \
		OPT("timeout-minutes", step_number,                                  \
		    "It is ended after that; a fraction is cut off"),                \
		OPT("env", step_strings, "Environment variables"),                   \
		OPT("background", schema_boolean, "The next step does not wait for it")

static const struct schema run_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_ACTIVE, REQ("run", step_string, "A script"),
			      OPT("working-directory", step_string,
				  "Where the script runs, from the workspace on"),
			      OPT("shell", schema_non_empty,
				  "bash, sh, pwsh, python, or a command with {0} for the script")),
};
static const struct schema uses_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		STEP_ACTIVE,
		REQ("uses", schema_non_empty,
		    "An action: OWNER/REPO[/PATH]@REF, ./PATH, $/PATH or docker://IMAGE"),
		OPT("with", step_strings, "The action's inputs")),
};
static const struct schema wait_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "wait", &schema_one_or_more, PROP_REQUIRED | PROP_UNLISTED,
				"Waits for these background steps, by id" }),
};
static const struct schema wait_all_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "wait-all", &wait_all_value, PROP_REQUIRED | PROP_UNLISTED,
				"Waits for all background steps" }),
};
static const struct schema cancel_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(STEP_COMMON,
			      { "cancel", &schema_non_empty, PROP_REQUIRED | PROP_UNLISTED,
				"Ends a background step, by id" }),
};

static const struct schema steps;
static const struct schema parallel_step = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("parallel", steps,
				  "Steps that run at once; the next step waits for all of them")),
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
	.props = SCHEMA_PROPS(
		OPT("username", schema_non_empty, "The user at the image's registry"),
		OPT("password", schema_non_empty, "The password, which belongs into a secret")),
};

#define CONTAINER_COMMON                                                                \
	OPT("image", schema_non_empty, "The image, as docker names it"),                \
		OPT("options", schema_string, "Options of docker create"),              \
		OPT("env", container_env, "Environment variables"),                     \
		OPT("ports", schema_non_empties, "Ports: CONTAINER or HOST:CONTAINER"), \
		OPT("volumes", schema_non_empties, "Volumes: NAME:PATH or a path"),     \
		OPT("credentials", credentials, "How to log in to the registry")

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
	.props =
		SCHEMA_PROPS(CONTAINER_COMMON,
			     OPT("entrypoint", schema_string, "In place of the image's entrypoint"),
			     OPT("command", schema_string, "In place of the image's command")),
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
	.props = SCHEMA_PROPS(OPT("include", matrix_items,
				  "Further legs, or further values for those that match"),
			      OPT("exclude", matrix_items, "Legs that are left out")),
	SCHEMA_LOOSE(schema_non_empty, vector),
};
static const struct schema strategy = {
	.kind = SCHEMA_MAPPING,
	.scope = SCOPE_NEEDS,
	.props = SCHEMA_PROPS(
		OPT("fail-fast", schema_boolean, "A leg that fails cancels the others (true)"),
		OPT("max-parallel", schema_number, "How many legs run at once"),
		OPT("matrix", matrix, "Lists of values; the job runs once for each combination")),
};

static const struct schema runs_on_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		OPT("group", schema_non_empty, "A group of runners"),
		OPT("labels", schema_one_or_more, "Labels that the runner must all have")),
};
static const struct schema runs_on = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_non_empty, &schema_non_empties, &runs_on_map),
};

static const struct schema environment_map = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		REQ("name", strategy_string, "The environment's name"),
		OPT("url", public_string, "Where what was deployed is seen"),
		OPT("deployment", schema_boolean, "Whether a deployment is recorded (true)")),
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
	.props = SCHEMA_PROPS(
		REQ("image-name", schema_non_empty, "The image that is made of the machine"),
		OPT("if", schema_snapshot_if, "Whether it is made"),
		OPT("version", schema_non_empty, "Its major version")),
};
static const struct schema snapshot = {
	.kind = SCHEMA_ONE_OF,
	.scope = SCOPE_STRATEGY,
	.of = SCHEMA_OF(&schema_non_empty, &snapshot_map),
};

#define JOB_COMMON                                                                         \
	OPT("name", strategy_string, "How lists and logs call it"),                        \
		OPT("needs", schema_one_or_more, "Jobs that must have ended well before"), \
		OPT("if", schema_job_if,                                                   \
		    "Whether it runs; success() unless a status function is in it"),       \
		OPT("permissions", permissions, "What its token may do"),                  \
		OPT("cache-mode", cache_mode, "What it may do with caches"),               \
		OPT("concurrency", job_concurrency,                                        \
		    "A group of jobs of which one runs at a time"),                        \
		OPT("strategy", strategy, "How one job becomes several")

static const struct schema regular_job = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(
		JOB_COMMON, REQ("runs-on", runs_on, "The labels of the runner"),
		OPT("timeout-minutes", strategy_number, "It is cancelled after that (360)"),
		OPT("cancel-timeout-minutes", strategy_number,
		    "How long a cancelled job may take to end (5)"),
		OPT("continue-on-error", strategy_boolean, "Its failure does not fail the run"),
		OPT("container", container, "The container that its steps run in"),
		OPT("services", services, "Containers beside it, by name"),
		OPT("env", job_env, "Environment variables of all its steps"),
		OPT("environment", environment, "What it deploys to"),
		OPT("outputs", outputs, "What jobs that need it can read: needs.JOB.outputs"),
		OPT("defaults", job_defaults, "Defaults of its steps"),
		OPT("steps", steps, "What it does, one after the other"),
		OPT("snapshot", snapshot, "An image that is made of its machine")),
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
	.props = SCHEMA_PROPS(
		JOB_COMMON,
		REQ("uses", schema_non_empty, "A workflow: OWNER/REPO/PATH@REF, ./PATH or $/PATH"),
		OPT("with", call_with, "The called workflow's inputs"),
		OPT("secrets", call_secrets, "The called workflow's secrets, or all: inherit")),
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
	.props = SCHEMA_PROPS(REQ("on", schema_on, "The events that start it"),
			      OPT("name", schema_string, "How lists and logs call it"),
			      OPT("description", schema_string, "What it is for"),
			      OPT("run-name", run_name, "How a run of it is called"),
			      OPT("defaults", workflow_defaults, "Defaults of all steps"),
			      OPT("env", workflow_env, "Environment variables of all steps"),
			      OPT("permissions", permissions, "What the jobs' token may do"),
			      OPT("cache-mode", cache_mode, "What jobs may do with caches"),
			      OPT("concurrency", workflow_concurrency,
				  "A group of runs of which one runs at a time"),
			      REQ("jobs", jobs, "The jobs, by their id")),
};
