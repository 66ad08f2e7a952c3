/*
 * schema_on.c - the value of `on`: the events, their activity types and filters (SEMANTICS 1.4).
 * A new event is a row in the table at the end.
 */
#include "schema.h"

/* `types: X` or `types: [X, Y]`, and the mapping of an event that has nothing else. */
#define TYPES(name, ...)                                                                 \
	static const struct schema name##_type = { .kind = SCHEMA_STRING,                \
						   .report = "events",                   \
						   .words = SCHEMA_WORDS(__VA_ARGS__) }; \
	static const struct schema name##_list = { .kind = SCHEMA_SEQUENCE,              \
						   .item = &name##_type };               \
	static const struct schema name##_types = { .kind = SCHEMA_ONE_OF,               \
						    .report = "events",                  \
						    .of = SCHEMA_OF(&name##_type, &name##_list) }

/* Keys that some events have: where one has not, it is a wrong filter and not a wrong word. */
static const char *const filters[] = { "branches", "branches-ignore", "tags", "tags-ignore",
				       "paths",    "paths-ignore",    NULL };

/* An event with options: null, or a mapping of them. */
#define EVENT(name, ...)                                                                    \
	static const struct schema name##_options = { .kind = SCHEMA_MAPPING,               \
						      .report = "events",                   \
						      .kin = filters,                       \
						      .props = SCHEMA_PROPS(__VA_ARGS__) }; \
	static const struct schema name = { .kind = SCHEMA_ONE_OF,                          \
					    .of = SCHEMA_OF(&schema_null, &name##_options) }

#define BRANCHES OPT("branches", schema_one_or_more), OPT("branches-ignore", schema_one_or_more)
#define PATHS    OPT("paths", schema_one_or_more), OPT("paths-ignore", schema_one_or_more)

TYPES(edit, "created", "edited", "deleted");
EVENT(edits, OPT("types", edit_types));

TYPES(check_run, "created", "rerequested", "completed", "requested_action");
EVENT(check_run, OPT("types", check_run_types));

TYPES(check_suite, "completed");
EVENT(check_suite, OPT("types", check_suite_types));

TYPES(discussion, "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled",
      "unlabeled", "locked", "unlocked", "category_changed", "answered", "unanswered");
EVENT(discussion, OPT("types", discussion_types));

TYPES(image_version, "created", "ready", "deleted");
EVENT(image_version, OPT("types", image_version_types), OPT("names", schema_one_or_more),
      OPT("versions", schema_one_or_more));

TYPES(issues, "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed",
      "reopened", "assigned", "unassigned", "labeled", "unlabeled", "locked", "unlocked",
      "milestoned", "demilestoned", "typed", "untyped", "field_added", "field_removed");
EVENT(issues, OPT("types", issues_types));

TYPES(merge_group, "checks_requested");
EVENT(merge_group, OPT("types", merge_group_types), BRANCHES);

TYPES(milestone, "created", "closed", "opened", "edited", "deleted");
EVENT(milestone, OPT("types", milestone_types));

TYPES(project, "created", "closed", "reopened", "edited", "deleted");
EVENT(project, OPT("types", project_types));

TYPES(project_card, "created", "moved", "converted", "edited", "deleted");
EVENT(project_card, OPT("types", project_card_types));

TYPES(project_column, "created", "updated", "moved", "deleted");
EVENT(project_column, OPT("types", project_column_types));

TYPES(pull_request, "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed",
      "reopened", "synchronize", "converted_to_draft", "ready_for_review", "locked", "unlocked",
      "enqueued", "dequeued", "milestoned", "demilestoned", "review_requested",
      "review_request_removed", "auto_merge_enabled", "auto_merge_disabled", "stacked");
EVENT(pull_request, OPT("types", pull_request_types), BRANCHES, PATHS);

TYPES(review, "submitted", "edited", "dismissed");
EVENT(review, OPT("types", review_types));

EVENT(push, BRANCHES, OPT("tags", schema_one_or_more), OPT("tags-ignore", schema_one_or_more),
      PATHS);

TYPES(registry_package, "published", "updated");
EVENT(registry_package, OPT("types", registry_package_types));

TYPES(release, "published", "unpublished", "created", "edited", "deleted", "prereleased",
      "released");
EVENT(release, OPT("types", release_types));

EVENT(repository_dispatch, OPT("types", schema_non_empties));

TYPES(watch, "started");
EVENT(watch, OPT("types", watch_types));

TYPES(workflow_run, "requested", "completed", "in_progress");
EVENT(workflow_run, OPT("types", workflow_run_types), OPT("workflows", schema_one_or_more),
      BRANCHES);

/* --- schedule --- */

static const struct schema schedule_item = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(REQ("cron", schema_non_empty), OPT("timezone", schema_non_empty)),
};
static const struct schema schedule = { .kind = SCHEMA_SEQUENCE, .item = &schedule_item };

/* --- workflow_dispatch --- */

static const struct schema strings = { .kind = SCHEMA_SEQUENCE, .item = &schema_string };
static const struct schema dispatch_type = {
	.kind = SCHEMA_STRING,
	.soft = true,
	.words = SCHEMA_WORDS("string", "boolean", "number", "choice", "environment"),
};
static const struct schema dispatch_default = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&schema_string, &schema_boolean, &schema_number),
};
static const struct schema dispatch_input_options = {
	.kind = SCHEMA_MAPPING,
	.soft = true,
	.props = SCHEMA_PROPS(OPT("description", schema_string), OPT("type", dispatch_type),
			      OPT("required", schema_boolean), OPT("default", dispatch_default),
			      OPT("options", strings)),
};
static const struct schema dispatch_input = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&schema_null, &dispatch_input_options),
};
static const struct schema dispatch_inputs_map = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, dispatch_input),
};
static const struct schema dispatch_inputs = {
	.kind = SCHEMA_ONE_OF,
	.of = SCHEMA_OF(&schema_null, &dispatch_inputs_map),
};
EVENT(workflow_dispatch, OPT("inputs", dispatch_inputs));

/* --- workflow_call --- */

static const struct schema call_type = {
	.kind = SCHEMA_STRING,
	.words = SCHEMA_WORDS("string", "boolean", "number"),
};
static const struct schema call_default = {
	.kind = SCHEMA_ONE_OF,
	.scope = IN_GITHUB | IN_INPUTS | IN_VARS,
	.of = SCHEMA_OF(&schema_string, &schema_boolean, &schema_number),
};
static const struct schema call_input = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("description", schema_string), REQ("type", call_type),
			      OPT("required", schema_boolean), OPT("default", call_default)),
};
static const struct schema call_inputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_input),
};
EVENT(call_secret, OPT("description", schema_string), OPT("required", schema_boolean));
static const struct schema call_secrets = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_secret),
};
static const struct schema call_output_value = {
	.kind = SCHEMA_STRING,
	.scope = IN_GITHUB | IN_INPUTS | IN_VARS | IN_JOBS,
};
static const struct schema call_output = {
	.kind = SCHEMA_MAPPING,
	.props = SCHEMA_PROPS(OPT("description", schema_string), REQ("value", call_output_value)),
};
static const struct schema call_outputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_output),
};
EVENT(workflow_call, OPT("inputs", call_inputs), OPT("secrets", call_secrets),
      OPT("outputs", call_outputs));

/* --- all events --- */

/* GitHub starts workflows with `create: {tags: …}` and the like, and heeds no such option. */
static const struct schema ignored = { .kind = SCHEMA_MAPPING,
				       SCHEMA_LOOSE(schema_string, schema_any) };
const struct schema schema_bare_event = { .kind = SCHEMA_ONE_OF,
					  .of = SCHEMA_OF(&schema_null, &ignored) };

#define EVENTS(X)                                     \
	X("branch_protection_rule", edits)            \
	X("check_run", check_run)                     \
	X("check_suite", check_suite)                 \
	X("create", schema_bare_event)                \
	X("delete", schema_bare_event)                \
	X("deployment", schema_bare_event)            \
	X("deployment_status", schema_bare_event)     \
	X("discussion", discussion)                   \
	X("discussion_comment", edits)                \
	X("fork", schema_bare_event)                  \
	X("gollum", schema_bare_event)                \
	X("image_version", image_version)             \
	X("issue_comment", edits)                     \
	X("issues", issues)                           \
	X("label", edits)                             \
	X("merge_group", merge_group)                 \
	X("milestone", milestone)                     \
	X("page_build", schema_bare_event)            \
	X("project", project)                         \
	X("project_card", project_card)               \
	X("project_column", project_column)           \
	X("public", schema_bare_event)                \
	X("pull_request", pull_request)               \
	X("pull_request_comment", edits)              \
	X("pull_request_review", review)              \
	X("pull_request_review_comment", edits)       \
	X("pull_request_target", pull_request)        \
	X("push", push)                               \
	X("registry_package", registry_package)       \
	X("release", release)                         \
	X("repository_dispatch", repository_dispatch) \
	X("schedule", schedule)                       \
	X("status", schema_bare_event)                \
	X("watch", watch)                             \
	X("workflow_call", workflow_call)             \
	X("workflow_dispatch", workflow_dispatch)     \
	X("workflow_run", workflow_run)

#define NAME(name, type) name,
#define PROP(name, type) { name, &(type), 0 },

static const char *const event_names[] = { EVENTS(NAME) NULL };
static const struct schema_prop event_props[] = { EVENTS(PROP){ NULL, NULL, 0 } };

static const struct schema on_string = { .kind = SCHEMA_STRING,
					 .report = "events",
					 .words = event_names };
static const struct schema on_sequence = { .kind = SCHEMA_SEQUENCE, .item = &on_string };
static const struct schema on_mapping = { .kind = SCHEMA_MAPPING,
					  .report = "events",
					  .props = event_props };

const struct schema schema_on = {
	.kind = SCHEMA_ONE_OF,
	.report = "events",
	.of = SCHEMA_OF(&on_string, &on_sequence, &on_mapping),
};

bool schema_event_is_bare(struct str name)
{
	const struct schema_prop *p = schema_prop(&on_mapping, name);

	return p && p->type == &schema_bare_event;
}
