/* test_payload.c - events: payloads, ref and sha (SEMANTICS 1.4), dispatch inputs. */
#include <criterion/criterion.h>

#include "actc/payload.h"

#define HEAD_SHA   "1111111111111111111111111111111111111111"
#define PARENT_SHA "2222222222222222222222222222222222222222"

static struct repo_facts some_repo(const char *ref)
{
	return (struct repo_facts){ .found = true,
				    .root = STR("/r"),
				    .git_dir = STR("/r/.git"),
				    .common_dir = STR("/r/.git"),
				    .head = STR(PARENT_SHA),
				    .ref = str_of(ref),
				    .remote_url = STR("https://github.com/octo/demo.git"),
				    .server = STR("https://github.com"),
				    .owner = STR("octo"),
				    .name = STR("demo"),
				    .default_branch = STR("main"),
				    .upstream = STR_EMPTY,
				    .user_name = STR("Mona Lisa"),
				    .user_email = STR("mona@example.com") };
}

static struct snapshot some_snapshot(void)
{
	return (struct snapshot){ .git_dir = STR("/s"),
				  .sha = STR(HEAD_SHA),
				  .parent = STR(PARENT_SHA),
				  .tree = STR("3333333333333333333333333333333333333333"),
				  .ref = STR_EMPTY,
				  .dirty = true,
				  .message = STR("Add {sha} \"it\"\n\nBecause."),
				  .author_name = STR("Mona"),
				  .author_email = STR("mona@example.com"),
				  .timestamp = STR("2026-11-28T08:00:00+00:00") };
}

static struct value json(struct arena *a, const char *text)
{
	struct value v = value_null();
	struct str why = STR_EMPTY;
	size_t at = 0;

	cr_assert(value_from_json(a, str_of(text), &v, &why, &at), "%s", text);
	return v;
}

static struct event_facts make(struct arena *a, const char *event, const char *ref,
			       const char *user)
{
	struct event_request request = { .event = str_of(event), .actor = STR_EMPTY };
	struct repo_facts repo = some_repo(ref);
	struct snapshot snapshot = some_snapshot();
	struct event_facts facts;
	struct err err = ERR_INIT;

	request.user_payload = user ? json(a, user) : value_null();
	cr_assert(event_facts(a, &request, &repo, &snapshot, &facts, &err), "%s", err.msg);
	return facts;
}

/* payload["a"]["b"] by "a.b", as text; objects as JSON. */
static struct str at(struct arena *a, const struct event_facts *f, const char *path)
{
	struct str rest = str_of(path);
	struct value v = f->payload;

	while (rest.p) {
		v = value_get(v, str_cut(&rest, '.'));
	}
	if (v.kind == VALUE_OBJECT || v.kind == VALUE_ARRAY) {
		return STR("(collection)");
	}
	return arena_str(a, value_to_str(a, v));
}

static const struct {
	const char *event, *checked_out, *user;
	const char *ref, *name, *type, *head, *base;
} refs[] = {
	{ "push", "refs/heads/f/x", NULL, "refs/heads/f/x", "f/x", "branch", "", "" },
	{ "push", "refs/tags/v1", NULL, "refs/tags/v1", "v1", "tag", "", "" },
	{ "push", "", NULL, "refs/heads/main", "main", "branch", "", "" },
	{ "push", "refs/heads/f", "{\"ref\": \"refs/tags/v2\"}", "refs/tags/v2", "v2", "tag", "",
	  "" },
	{ "pull_request", "refs/heads/f", NULL, "refs/pull/1/merge", "1/merge", "branch", "f",
	  "main" },
	{ "pull_request", "refs/heads/f",
	  "{\"pull_request\": {\"number\": 7, \"head\": {\"ref\": \"g\"}, "
	  "\"base\": {\"ref\": \"dev\"}}}",
	  "refs/pull/7/merge", "7/merge", "branch", "g", "dev" },
	{ "pull_request", "refs/heads/f",
	  "{\"action\": \"closed\", \"pull_request\": {\"merged\": true}}", "refs/heads/main",
	  "main", "branch", "f", "main" },
	{ "pull_request_target", "refs/heads/f", NULL, "refs/heads/main", "main", "branch", "f",
	  "main" },
	{ "pull_request_review", "refs/heads/f", NULL, "refs/pull/1/merge", "1/merge", "branch", "",
	  "" },
	{ "release", "refs/heads/f", "{\"release\": {\"tag_name\": \"v3\"}}", "refs/tags/v3", "v3",
	  "tag", "", "" },
	{ "release", "refs/tags/v1", NULL, "refs/tags/v1", "v1", "tag", "", "" },
	{ "create", "refs/tags/v1", NULL, "refs/tags/v1", "v1", "tag", "", "" },
	{ "create", "refs/heads/f", NULL, "refs/heads/f", "f", "branch", "", "" },
	{ "merge_group", "refs/heads/f", NULL, "refs/heads/gh-readonly-queue/main/pr-1-" PARENT_SHA,
	  "gh-readonly-queue/main/pr-1-" PARENT_SHA, "branch", "", "" },
	{ "workflow_dispatch", "refs/heads/f", NULL, "refs/heads/f", "f", "branch", "", "" },
	{ "workflow_dispatch", "refs/heads/f", "{\"ref\": \"g\"}", "refs/heads/g", "g", "branch",
	  "", "" },
	{ "workflow_call", "refs/heads/f", NULL, "refs/heads/f", "f", "branch", "", "" },
	{ "schedule", "refs/heads/f", NULL, "refs/heads/main", "main", "branch", "", "" },
	{ "issues", "refs/heads/f", NULL, "refs/heads/main", "main", "branch", "", "" },
	{ "repository_dispatch", "refs/heads/f", NULL, "refs/heads/main", "main", "branch", "",
	  "" },
	{ "an_event_of_tomorrow", "refs/heads/f", NULL, "refs/heads/main", "main", "branch", "",
	  "" },
};

Test(payload, refs_follow_the_event)
{
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		struct arena a = ARENA_INIT;
		struct event_facts f = make(&a, refs[i].event, refs[i].checked_out, refs[i].user);
		struct str got = arena_printf(&a, "%.*s|%.*s|%.*s|%.*s|%.*s", STR_ARG(f.ref),
					      STR_ARG(f.ref_name), STR_ARG(f.ref_type),
					      STR_ARG(f.head_ref), STR_ARG(f.base_ref));
		struct str want = arena_printf(&a, "%s|%s|%s|%s|%s", refs[i].ref, refs[i].name,
					       refs[i].type, refs[i].head, refs[i].base);

		cr_expect_str_eq(got.p, want.p, "row %zu, %s: got %s, want %s", i, refs[i].event,
				 got.p, want.p);
		cr_expect_str_eq(f.sha.p, HEAD_SHA);
		arena_release(&a);
	}
}

static const struct {
	const char *event, *user, *path, *want;
} actions[] = {
	{ "issues", NULL, "issue.state", "open" },
	{ "issues", "{\"action\": \"labeled\"}", "label.name", "bug" },
	{ "issues", "{\"action\": \"labeled\"}", "issue.labels", "(collection)" },
	{ "issues", "{\"action\": \"labeled\", \"label\": {\"name\": \"p1\"}}", "label.name",
	  "p1" },
	{ "issues", "{\"action\": \"closed\"}", "issue.state", "closed" },
	{ "issues", "{\"action\": \"assigned\"}", "assignee.login", "Mona-Lisa" },
	{ "pull_request", NULL, "label.name", "" },
	{ "pull_request", "{\"action\": \"labeled\"}", "label.name", "bug" },
	{ "pull_request_target", "{\"action\": \"labeled\"}", "label.name", "bug" },
	{ "pull_request", "{\"action\": \"synchronize\"}", "after", HEAD_SHA },
	{ "pull_request", "{\"action\": \"closed\"}", "pull_request.state", "closed" },
	{ "pull_request", "{\"action\": \"closed\"}", "pull_request.merged", "false" },
	{ "pull_request", "{\"action\": \"converted_to_draft\"}", "pull_request.draft", "true" },
	{ "pull_request", "{\"action\": \"review_requested\"}", "requested_reviewer.login",
	  "octo" },
	{ "release", "{\"action\": \"prereleased\"}", "release.prerelease", "true" },
	{ "discussion", NULL, "discussion.category.name", "General" },
	{ "push", "{\"action\": \"labeled\"}", "label.name", "" },
};

Test(payload, an_action_brings_what_belongs_to_it)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct arena a = ARENA_INIT;
		struct event_facts f =
			make(&a, actions[i].event, "refs/heads/main", actions[i].user);
		struct str got = at(&a, &f, actions[i].path);

		cr_expect(str_eq(got, str_of(actions[i].want)), "row %zu: %.*s", i, STR_ARG(got));
		arena_release(&a);
	}
}

static const struct {
	const char *event, *path, *value;
} fields[] = {
	{ "push", "ref", "refs/heads/f" },
	{ "push", "after", HEAD_SHA },
	{ "push", "before", PARENT_SHA },
	{ "push", "created", "false" },
	{ "push", "head_commit.id", HEAD_SHA },
	{ "push", "head_commit.message", "Add {sha} \"it\"\n\nBecause." },
	{ "push", "head_commit.author.name", "Mona" },
	{ "push", "compare", "https://github.com/octo/demo/compare/" PARENT_SHA "..." HEAD_SHA },
	{ "push", "commits", "(collection)" },
	{ "push", "pusher.name", "Mona-Lisa" },
	{ "push", "repository.full_name", "octo/demo" },
	{ "push", "repository.name", "demo" },
	{ "push", "repository.owner.login", "octo" },
	{ "push", "repository.default_branch", "main" },
	{ "push", "repository.private", "false" },
	{ "push", "repository.clone_url", "https://github.com/octo/demo.git" },
	{ "push", "repository.html_url", "https://github.com/octo/demo" },
	{ "push", "repository.ssh_url", "git@github.com:octo/demo.git" },
	{ "push", "sender.login", "Mona-Lisa" },
	{ "pull_request", "action", "opened" },
	{ "pull_request", "number", "1" },
	{ "pull_request", "pull_request.head.sha", HEAD_SHA },
	{ "pull_request", "pull_request.head.repo.full_name", "octo/demo" },
	{ "pull_request", "pull_request.base.sha", PARENT_SHA },
	{ "pull_request", "pull_request.title", "Add {sha} \"it\"" },
	{ "pull_request", "pull_request.user.login", "Mona-Lisa" },
	{ "pull_request", "pull_request.draft", "false" },
	{ "pull_request", "pull_request.labels", "(collection)" },
	{ "release", "release.tag_name", "v0.0.0" },
	{ "release", "release.upload_url",
	  "https://api.github.com/repos/octo/demo/releases/1/assets{?name,label}" },
	{ "issue_comment", "issue.number", "1" },
	{ "issue_comment", "comment.user.login", "Mona-Lisa" },
	{ "schedule", "schedule", "0 0 * * *" },
	{ "workflow_run", "workflow_run.conclusion", "success" },
	{ "workflow_run", "workflow_run.head_sha", HEAD_SHA },
	{ "merge_group", "merge_group.head_sha", HEAD_SHA },
	{ "create", "ref_type", "branch" },
	{ "create", "ref", "f" },
	{ "an_event_of_tomorrow", "repository.full_name", "octo/demo" },
};

Test(payload, has_what_actions_read)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct arena a = ARENA_INIT;
		struct event_facts f = make(&a, fields[i].event, "refs/heads/f", NULL);
		struct str got = at(&a, &f, fields[i].path);

		cr_expect_str_eq(got.p, fields[i].value, "%s: %s is '%s', not '%s'",
				 fields[i].event, fields[i].path, got.p, fields[i].value);
		arena_release(&a);
	}
}

Test(payload, the_users_is_merged_deep)
{
	struct arena a = ARENA_INIT;
	struct event_facts f = make(&a, "pull_request", "refs/heads/f",
				    "{\"action\": \"labeled\", \"label\": {\"name\": \"bug\"},"
				    " \"pull_request\": {\"labels\": [{\"name\": \"bug\"}],"
				    " \"head\": {\"repo\": {\"fork\": true}}}}");

	cr_expect_str_eq(at(&a, &f, "action").p, "labeled");
	cr_expect_str_eq(at(&a, &f, "label.name").p, "bug");
	cr_expect_str_eq(at(&a, &f, "pull_request.head.repo.fork").p, "true");
	cr_expect_str_eq(at(&a, &f, "pull_request.head.repo.full_name").p, "octo/demo");
	cr_expect_str_eq(at(&a, &f, "pull_request.head.ref").p, "f");
	arena_release(&a);
}

Test(payload, a_first_push_creates_the_branch)
{
	struct arena a = ARENA_INIT;
	struct event_request request = { .event = STR("push"), .actor = STR("hubot") };
	struct repo_facts repo = { .found = false };
	struct snapshot snapshot = some_snapshot();
	struct event_facts f;
	struct err err = ERR_INIT;

	snapshot.parent = STR_EMPTY;
	cr_assert(event_facts(&a, &request, &repo, &snapshot, &f, &err));
	cr_expect_str_eq(at(&a, &f, "before").p, "0000000000000000000000000000000000000000");
	cr_expect_str_eq(at(&a, &f, "created").p, "true");
	cr_expect_str_eq(f.actor.p, "hubot");
	cr_expect_str_eq(f.ref.p, "refs/heads/main");
	cr_expect_str_eq(f.repository.p, "local/repository");
	cr_expect_str_eq(f.server_url.p, "https://github.com");
	arena_release(&a);
}

/* --- dispatch inputs --- */

static const struct tok token_true = { .kind = TOK_BOOL, .u.b = true };
static const struct tok token_eight = { .kind = TOK_NUMBER, .u.n = 8 };
static struct spanned options[2];
static struct input_def defs[6];
static struct event_filter dispatch;

static void declare(void)
{
	options[0].s = STR("low");
	options[1].s = STR("high");
	defs[0] = (struct input_def){ .id.s = STR("text"), .type = INPUT_STRING };
	defs[1] = (struct input_def){ .id.s = STR("Flag"),
				      .type = INPUT_BOOLEAN,
				      .fallback = &token_true };
	defs[2] = (struct input_def){ .id.s = STR("off"), .type = INPUT_BOOLEAN };
	defs[3] = (struct input_def){ .id.s = STR("count"),
				      .type = INPUT_NUMBER,
				      .fallback = &token_eight };
	defs[4] = (struct input_def){ .id.s = STR("level"),
				      .type = INPUT_CHOICE,
				      .options = { 2, options } };
	defs[5] = (struct input_def){ .id.s = STR("must"), .type = INPUT_STRING, .required = true };
	dispatch = (struct event_filter){ .event.s = STR("workflow_dispatch"),
					  .ninputs = 6,
					  .inputs = defs };
}

static const struct {
	const char *given, *payload, *inputs, *strings;
} dispatches[] = {
	{ "must=x", "null",
	  "{\"text\":\"\",\"Flag\":true,\"off\":false,\"count\":8,\"level\":\"\",\"must\":\"x\"}",
	  "{\"text\":\"\",\"Flag\":\"true\",\"off\":\"false\",\"count\":\"8\",\"level\":\"\","
	  "\"must\":\"x\"}" },
	{ "MUST=x|flag=false|off=true|count=2.5|level=high|text=a 'b' $HOME", "null",
	  "{\"text\":\"a 'b' $HOME\",\"Flag\":false,\"off\":true,\"count\":2.5,"
	  "\"level\":\"high\",\"must\":\"x\"}",
	  "{\"text\":\"a 'b' $HOME\",\"Flag\":\"false\",\"off\":\"true\",\"count\":\"2.5\","
	  "\"level\":\"high\",\"must\":\"x\"}" },
	{ "count=3", "{\"inputs\": {\"must\": \"y\", \"count\": 4, \"flag\": false}}",
	  "{\"text\":\"\",\"Flag\":false,\"off\":false,\"count\":3,\"level\":\"\",\"must\":\"y\"}",
	  "{\"text\":\"\",\"Flag\":\"false\",\"off\":\"false\",\"count\":\"3\",\"level\":\"\","
	  "\"must\":\"y\"}" },
	{ "", "null", "input 'must' is required: give it with --input must=VALUE", NULL },
	{ "must=x|count=many", "null", "input 'count' wants a number, not 'many'", NULL },
	{ "must=x|off=maybe", "null", "input 'off' wants true or false, not 'maybe'", NULL },
	{ "must=x|level=mid", "null", "input 'level' is one of low, high, not 'mid'", NULL },
	{ "must=x|levle=low", "null", "the workflow has no input 'levle' (did you mean 'level'?)",
	  NULL },
};

static struct settings parse_given(struct arena *a, const char *text)
{
	struct settings s = { 0 };
	struct str rest = str_of(text);

	while (rest.p) {
		struct str one = str_cut(&rest, '|'), value = one;
		struct str name = str_cut(&value, '=');

		if (name.len) {
			settings_set(a, &s, name, value, false);
		}
	}
	return s;
}

Test(payload, dispatch_inputs_are_typed_and_checked, .init = declare)
{
	for (size_t i = 0; i < sizeof(dispatches) / sizeof(dispatches[0]); i++) {
		struct arena a = ARENA_INIT;
		struct settings given = parse_given(&a, dispatches[i].given);
		struct vobject *inputs = NULL, *strings = NULL;
		struct err err = ERR_INIT;
		struct strbuf out = STRBUF_INIT(0);
		bool ok = dispatch_inputs(&a, &dispatch, &given, json(&a, dispatches[i].payload),
					  &inputs, &strings, &err);

		cr_expect_eq(ok, dispatches[i].strings != NULL, "row %zu: %s", i, err.msg);
		if (ok) {
			value_to_json_line(&out, value_object(inputs));
			cr_expect_str_eq(out.p, dispatches[i].inputs, "row %zu: %s", i, out.p);
			strbuf_reset(&out);
			value_to_json_line(&out, value_object(strings));
			cr_expect_str_eq(out.p, dispatches[i].strings, "row %zu: %s", i, out.p);
		} else {
			cr_expect_eq(err.kind, ERR_USAGE);
			cr_expect_str_eq(err.msg, dispatches[i].inputs, "row %zu: %s", i, err.msg);
		}
		strbuf_release(&out);
		err_release(&err);
		arena_release(&a);
	}
}
