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

/* A mapping of options, or null. */
#define OPTIONS(name, ignores, ...)                                                         \
	static const struct schema name##_options = { .kind = SCHEMA_MAPPING,               \
						      .report = "events",                   \
						      .kin = filters,                       \
						      .soft = (ignores),                    \
						      .props = SCHEMA_PROPS(__VA_ARGS__) }; \
	static const struct schema name = { .kind = SCHEMA_ONE_OF,                          \
					    .of = SCHEMA_OF(&schema_null, &name##_options) }

/* An event with options. Its service starts workflows with options that the event has not, such as
 * `release: {branches: …}` and `merge_group: {paths: …}`, and heeds none. */
#define EVENT(name, ...) OPTIONS(name, true, __VA_ARGS__)

/* Nothing after the colon filters nothing. */
static const struct schema patterns = {
	.kind = SCHEMA_ONE_OF,
	.soft = true,
	.of = SCHEMA_OF(&schema_non_empty, &schema_non_empties),
};

#define BRANCHES                                                                         \
	OPT("branches", patterns, "Only for branches that match one of these patterns"), \
		OPT("branches-ignore", patterns,                                         \
		    "Not for branches that match one of these patterns")
#define PATHS                                                            \
	OPT("paths", patterns, "Only when a file that matches changed"), \
		OPT("paths-ignore", patterns, "Not when all changed files match")

TYPES(edit, "created", "edited", "deleted");
EVENT(edits, OPT("types", edit_types,
		 "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(check_run, "created", "rerequested", "completed", "requested_action");
EVENT(check_run, OPT("types", check_run_types,
		     "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(check_suite, "completed");
EVENT(check_suite, OPT("types", check_suite_types,
		       "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(discussion, "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled",
      "unlabeled", "locked", "unlocked", "category_changed", "answered", "unanswered");
EVENT(discussion, OPT("types", discussion_types,
		      "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(image_version, "created", "ready", "deleted");
EVENT(image_version,
      OPT("types", image_version_types,
	  "Kinds of activity; without it, those that GitHub names for the event"),
      OPT("names", schema_one_or_more, "Names of images"),
      OPT("versions", schema_one_or_more, "Versions of images"));

TYPES(issues, "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed",
      "reopened", "assigned", "unassigned", "labeled", "unlabeled", "locked", "unlocked",
      "milestoned", "demilestoned", "typed", "untyped", "field_added", "field_removed");
EVENT(issues, OPT("types", issues_types,
		  "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(merge_group, "checks_requested");
EVENT(merge_group,
      OPT("types", merge_group_types,
	  "Kinds of activity; without it, those that GitHub names for the event"),
      BRANCHES);

TYPES(milestone, "created", "closed", "opened", "edited", "deleted");
EVENT(milestone, OPT("types", milestone_types,
		     "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(project, "created", "closed", "reopened", "edited", "deleted");
EVENT(project, OPT("types", project_types,
		   "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(project_card, "created", "moved", "converted", "edited", "deleted");
EVENT(project_card, OPT("types", project_card_types,
			"Kinds of activity; without it, those that GitHub names for the event"));

TYPES(project_column, "created", "updated", "moved", "deleted");
EVENT(project_column, OPT("types", project_column_types,
			  "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(pull_request, "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed",
      "reopened", "synchronize", "converted_to_draft", "ready_for_review", "locked", "unlocked",
      "enqueued", "dequeued", "milestoned", "demilestoned", "review_requested",
      "review_request_removed", "auto_merge_enabled", "auto_merge_disabled", "stacked");
EVENT(pull_request,
      OPT("types", pull_request_types,
	  "Kinds of activity; without it, those that GitHub names for the event"),
      BRANCHES, PATHS);

TYPES(review, "submitted", "edited", "dismissed");
EVENT(review, OPT("types", review_types,
		  "Kinds of activity; without it, those that GitHub names for the event"));

EVENT(push, BRANCHES, OPT("tags", patterns, "Only for tags that match one of these patterns"),
      OPT("tags-ignore", patterns, "Not for tags that match one of these patterns"), PATHS);

TYPES(registry_package, "published", "updated");
EVENT(registry_package,
      OPT("types", registry_package_types,
	  "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(release, "published", "unpublished", "created", "edited", "deleted", "prereleased",
      "released");
EVENT(release, OPT("types", release_types,
		   "Kinds of activity; without it, those that GitHub names for the event"));

static const struct schema dispatch_types = {
	.kind = SCHEMA_ONE_OF,
	.soft = true, /* a single one, too */
	.of = SCHEMA_OF(&schema_non_empties),
};
EVENT(repository_dispatch,
      OPT("types", dispatch_types,
	  "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(watch, "started");
EVENT(watch, OPT("types", watch_types,
		 "Kinds of activity; without it, those that GitHub names for the event"));

TYPES(workflow_run, "requested", "completed", "in_progress");
EVENT(workflow_run,
      OPT("types", workflow_run_types,
	  "Kinds of activity; without it, those that GitHub names for the event"),
      OPT("workflows", schema_one_or_more, "The workflows, by name, that it follows"), BRANCHES);

/* --- schedule --- */

static const struct schema schedule_item = {
	.kind = SCHEMA_MAPPING,
	.soft = true,
	.props = SCHEMA_PROPS(
		REQ("cron", schema_non_empty, "Minute, hour, day, month and day of the week"),
		OPT("timezone", schema_non_empty, "An IANA time zone; UTC without it")),
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
	.props = SCHEMA_PROPS(OPT("description", schema_string, "What it is for"),
			      OPT("type", dispatch_type, "What kind of value it is"),
			      OPT("required", schema_boolean, "It must be given"),
			      OPT("default", dispatch_default, "What it is when nothing is given"),
			      OPT("options", strings, "The values that a choice has")),
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
EVENT(workflow_dispatch, OPT("inputs", dispatch_inputs, "What whoever starts it is asked for"));

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
	.props = SCHEMA_PROPS(OPT("description", schema_string, "What it is for"),
			      REQ("type", call_type, "What kind of value it is"),
			      OPT("required", schema_boolean, "It must be given"),
			      OPT("default", call_default, "What it is when nothing is given")),
};
static const struct schema call_inputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_input),
};
OPTIONS(call_secret, false, OPT("description", schema_string, "What it is for"),
	OPT("required", schema_boolean, "It must be given"));
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
	.props = SCHEMA_PROPS(OPT("description", schema_string, "What it is for"),
			      REQ("value", call_output_value, "Its value, by an expression")),
};
static const struct schema call_outputs = {
	.kind = SCHEMA_MAPPING,
	SCHEMA_LOOSE(schema_non_empty, call_output),
};
OPTIONS(workflow_call, false, OPT("inputs", call_inputs, "What the caller gives, by `with`"),
	OPT("secrets", call_secrets, "Secrets that the caller gives"),
	OPT("outputs", call_outputs, "What the caller can read: jobs.ID.outputs"));

/* --- all events --- */

/* GitHub starts workflows with `create: {tags: …}` and the like, and heeds no such option. */
static const struct schema ignored = { .kind = SCHEMA_MAPPING,
				       SCHEMA_LOOSE(schema_string, schema_any) };
const struct schema schema_bare_event = { .kind = SCHEMA_ONE_OF,
					  .of = SCHEMA_OF(&schema_null, &ignored) };

#define EVENTS(X)                                                                                  \
	X("branch_protection_rule", edits, "A rule that protects branches changed")                \
	X("check_run", check_run, "Something happened to a check run")                             \
	X("check_suite", check_suite, "A check suite has completed")                               \
	X("create", schema_bare_event, "A branch or tag was made")                                 \
	X("delete", schema_bare_event, "A branch or tag was removed")                              \
	X("deployment", schema_bare_event, "A deployment was made")                                \
	X("deployment_status", schema_bare_event, "A deployment's state was reported")             \
	X("discussion", discussion, "Something happened to a discussion")                          \
	X("discussion_comment", edits, "A comment on a discussion")                                \
	X("fork", schema_bare_event, "The repository was forked")                                  \
	X("gollum", schema_bare_event, "A wiki page was written")                                  \
	X("image_version", image_version, "A version of a custom runner image")                    \
	X("issue_comment", edits, "A comment on an issue or pull request")                         \
	X("issues", issues, "Something happened to an issue")                                      \
	X("label", edits, "A label was made, changed or removed")                                  \
	X("merge_group", merge_group, "A group of the merge queue wants its checks")               \
	X("milestone", milestone, "Something happened to a milestone")                             \
	X("page_build", schema_bare_event, "GitHub Pages was built")                               \
	X("project", project, "A classic project changed")                                         \
	X("project_card", project_card, "A card of a classic project changed")                     \
	X("project_column", project_column, "A column of a classic project changed")               \
	X("public", schema_bare_event, "The repository became public")                             \
	X("pull_request", pull_request, "Something happened to a pull request; runs on its merge") \
	X("pull_request_comment", edits, "A comment on a pull request")                            \
	X("pull_request_review", review, "A review of a pull request")                             \
	X("pull_request_review_comment", edits, "A comment on a pull request's diff")              \
	X("pull_request_target", pull_request,                                                     \
	  "As pull_request, with the base's workflow and secrets")                                 \
	X("push", push, "Commits or tags were pushed")                                             \
	X("registry_package", registry_package, "A package was published or updated")              \
	X("release", release, "Something happened to a release")                                   \
	X("repository_dispatch", repository_dispatch, "Somebody asked for it by the API")          \
	X("schedule", schedule, "At certain times")                                                \
	X("status", schema_bare_event, "A commit's status changed")                                \
	X("watch", watch, "Somebody starred the repository")                                       \
	X("workflow_call", workflow_call, "Another workflow calls it")                             \
	X("workflow_dispatch", workflow_dispatch, "Somebody starts it by hand")                    \
	X("workflow_run", workflow_run, "Another workflow's run was requested or has ended")

#define NAME(name, type, doc) name,
#define PROP(name, type, doc) { name, &(type), 0, doc },

static const char *const event_names[] = { EVENTS(NAME) NULL };
static const struct schema_prop event_props[] = { EVENTS(PROP){ NULL, NULL, 0, NULL } };

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
