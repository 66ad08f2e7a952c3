/*
 * payload_table.c - what GitHub sends with each event, as far as actions and expressions read it.
 *
 * Facts of this repository are put in by payload.c. An event that is not here has only repository
 * and sender, and the default branch for its ref.
 */
#include "payload_table.h"

const struct payload_part payload_parts[] = {
	{ "sender",
	  "{'login': '{actor}', 'id': '{actor_id}', 'node_id': '', 'type': 'User',"
	  " 'site_admin': false, 'url': '{api_url}/users/{actor}',"
	  " 'html_url': '{server_url}/{actor}', 'avatar_url': '{server_url}/{actor}.png'}" },
	{ "owner_user",
	  "{'login': '{owner}', 'name': '{owner}', 'email': null, 'id': '{owner_id}',"
	  " 'node_id': '', 'type': 'User', 'site_admin': false, 'url': '{api_url}/users/{owner}',"
	  " 'html_url': '{server_url}/{owner}', 'avatar_url': '{server_url}/{owner}.png'}" },
	{ "repository",
	  "{'id': '{repository_id}', 'node_id': '', 'name': '{name}', 'full_name': '{full_name}',"
	  " 'private': false, 'visibility': 'public', 'owner': '{owner_user}',"
	  " 'html_url': '{html_url}', 'url': '{api_url}/repos/{full_name}', 'description': null,"
	  " 'fork': false, 'archived': false, 'disabled': false, 'is_template': false,"
	  " 'default_branch': '{default_branch}', 'master_branch': '{default_branch}',"
	  " 'clone_url': '{html_url}.git', 'git_url': 'git://{host}/{full_name}.git',"
	  " 'ssh_url': 'git@{host}:{full_name}.git', 'homepage': null, 'language': null,"
	  " 'topics': [], 'license': null, 'size': 0, 'stargazers_count': 0, 'watchers_count': 0,"
	  " 'forks_count': 0, 'open_issues_count': 0, 'has_issues': true, 'has_wiki': true,"
	  " 'pushed_at': '{timestamp}', 'created_at': '{timestamp}', 'updated_at': "
	  "'{timestamp}'}" },
	{ "author", "{'name': '{author_name}', 'email': '{author_email}', 'username': '{actor}'}" },
	/* Without added, removed and modified, which jobs are not given. */
	{ "head_commit",
	  "{'id': '{sha}', 'tree_id': '{tree}', 'distinct': true, 'message': '{message}',"
	  " 'timestamp': '{timestamp}', 'url': '{html_url}/commit/{sha}', 'author': '{author}',"
	  " 'committer': '{author}'}" },
	{ "label", "{'id': 1, 'node_id': '', 'name': 'bug', 'color': 'd73a4a', 'description': '',"
		   " 'default': true, 'url': '{api_url}/repos/{full_name}/labels/bug'}" },
	{ "milestone",
	  "{'id': 1, 'number': 1, 'title': 'milestone', 'state': 'open', 'description': '',"
	  " 'creator': '{sender}'}" },
	{ "discussion",
	  "{'id': 1, 'node_id': '', 'number': 1, 'title': '{title}', 'body': '', 'state': 'open',"
	  " 'locked': false, 'comments': 0, 'author_association': 'OWNER', 'user': '{sender}',"
	  " 'labels': [], 'html_url': '{html_url}/discussions/1', 'category': {'id': 1,"
	  " 'name': 'General', 'slug': 'general', 'description': '', 'is_answerable': false},"
	  " 'answer_html_url': null, 'created_at': '{timestamp}', 'updated_at': '{timestamp}'}" },
	{ "issue",
	  "{'id': 1, 'node_id': '', 'number': 1, 'title': '{title}', 'body': null, 'state': 'open',"
	  " 'state_reason': null, 'locked': false, 'user': '{sender}', 'labels': [],"
	  " 'assignee': null, 'assignees': [], 'milestone': null, 'comments': 0,"
	  " 'author_association': 'OWNER', 'html_url': '{html_url}/issues/1',"
	  " 'url': '{api_url}/repos/{full_name}/issues/1', 'created_at': '{timestamp}',"
	  " 'updated_at': '{timestamp}', 'closed_at': null}" },
	{ "pull_request",
	  "{'id': 1, 'node_id': '', 'number': 1, 'state': 'open', 'locked': false,"
	  " 'title': '{title}', 'body': null, 'draft': false, 'merged': false, 'mergeable': true,"
	  " 'mergeable_state': 'clean', 'merge_commit_sha': '{sha}', 'user': '{sender}',"
	  " 'labels': [], 'assignee': null, 'assignees': [], 'requested_reviewers': [],"
	  " 'requested_teams': [], 'milestone': null, 'author_association': 'OWNER',"
	  " 'maintainer_can_modify': false, 'comments': 0, 'review_comments': 0, 'commits': 1,"
	  " 'additions': 0, 'deletions': 0, 'changed_files': 0, 'auto_merge': null,"
	  " 'html_url': '{html_url}/pull/1', 'diff_url': '{html_url}/pull/1.diff',"
	  " 'patch_url': '{html_url}/pull/1.patch',"
	  " 'url': '{api_url}/repos/{full_name}/pulls/1',"
	  " 'issue_url': '{api_url}/repos/{full_name}/issues/1',"
	  " 'commits_url': '{api_url}/repos/{full_name}/pulls/1/commits',"
	  " 'comments_url': '{api_url}/repos/{full_name}/issues/1/comments',"
	  " 'created_at': '{timestamp}', 'updated_at': '{timestamp}', 'closed_at': null,"
	  " 'merged_at': null, 'merged_by': null,"
	  " 'head': {'ref': '{branch}', 'sha': '{sha}', 'label': '{owner}:{branch}',"
	  " 'user': '{owner_user}', 'repo': '{repository}'},"
	  " 'base': {'ref': '{default_branch}', 'sha': '{before}',"
	  " 'label': '{owner}:{default_branch}', 'user': '{owner_user}',"
	  " 'repo': '{repository}'}}" },
	{ "comment",
	  "{'id': 1, 'node_id': '', 'body': '', 'user': '{sender}', 'author_association': 'OWNER',"
	  " 'html_url': '{html_url}/issues/1#issuecomment-1', 'created_at': '{timestamp}',"
	  " 'updated_at': '{timestamp}'}" },
	{ "deployment",
	  "{'id': 1, 'node_id': '', 'sha': '{sha}', 'ref': '{branch}', 'task': 'deploy',"
	  " 'payload': {}, 'environment': 'production', 'original_environment': 'production',"
	  " 'description': null, 'creator': '{sender}', 'created_at': '{timestamp}',"
	  " 'updated_at': '{timestamp}'}" },
};
const size_t payload_nparts = sizeof(payload_parts) / sizeof(payload_parts[0]);

#define PULL_REQUEST(action) \
	"{'action': '" action "', 'number': 1, 'pull_request': '{pull_request}'}"
#define PUSH                                                                               \
	"{'ref': '{ref}', 'before': '{before}', 'after': '{sha}', 'base_ref': null,"       \
	" 'created': '{created}', 'deleted': false, 'forced': false,"                      \
	" 'compare': '{html_url}/compare/{before}...{sha}', 'commits': ['{head_commit}']," \
	" 'head_commit': '{head_commit}',"                                                 \
	" 'pusher': {'name': '{actor}', 'email': '{author_email}'}}"

const struct payload_row payload_rows[] = {
	{ "push", REF_CURRENT, PUSH },
	{ "workflow_call", REF_CURRENT, PUSH },
	{ "workflow_dispatch", REF_CURRENT, "{'ref': '{ref}', 'inputs': '{inputs}'}" },
	{ "repository_dispatch", REF_DEFAULT,
	  "{'action': 'rehearsal', 'branch': '{default_branch}', 'client_payload': {}}" },
	{ "schedule", REF_DEFAULT, "{'schedule': '0 0 * * *'}" },
	{ "pull_request", REF_MERGE, PULL_REQUEST("opened") },
	{ "pull_request_target", REF_DEFAULT, PULL_REQUEST("opened") },
	{ "pull_request_review", REF_MERGE,
	  "{'action': 'submitted', 'pull_request': '{pull_request}',"
	  " 'review': {'id': 1, 'state': 'approved', 'body': '', 'user': '{sender}',"
	  " 'commit_id': '{sha}', 'author_association': 'OWNER',"
	  " 'html_url': '{html_url}/pull/1#pullrequestreview-1', 'submitted_at': '{timestamp}'}}" },
	{ "pull_request_review_comment", REF_MERGE,
	  "{'action': 'created', 'pull_request': '{pull_request}', 'comment': '{comment}'}" },
	{ "merge_group", REF_QUEUE,
	  "{'action': 'checks_requested',"
	  " 'merge_group': {'head_sha': '{sha}',"
	  " 'head_ref': 'refs/heads/gh-readonly-queue/{default_branch}/pr-1-{before}',"
	  " 'base_ref': 'refs/heads/{default_branch}', 'base_sha': '{before}',"
	  " 'head_commit': '{head_commit}'}}" },
	{ "release", REF_RELEASE,
	  "{'action': 'published',"
	  " 'release': {'id': 1, 'node_id': '', 'tag_name': '{tag}', 'name': '{tag}',"
	  " 'target_commitish': '{default_branch}', 'body': '', 'draft': false,"
	  " 'prerelease': false, 'author': '{sender}', 'assets': [],"
	  " 'html_url': '{html_url}/releases/tag/{tag}',"
	  " 'url': '{api_url}/repos/{full_name}/releases/1',"
	  " 'upload_url': '{api_url}/repos/{full_name}/releases/1/assets{?name,label}',"
	  " 'tarball_url': '{api_url}/repos/{full_name}/tarball/{tag}',"
	  " 'zipball_url': '{api_url}/repos/{full_name}/zipball/{tag}',"
	  " 'created_at': '{timestamp}', 'published_at': '{timestamp}'}}" },
	{ "create", REF_CREATED,
	  "{'ref': '{ref_short}', 'ref_type': '{ref_type}', 'master_branch': '{default_branch}',"
	  " 'description': null, 'pusher_type': 'user'}" },
	{ "delete", REF_DEFAULT,
	  "{'ref': '{ref_short}', 'ref_type': '{ref_type}', 'pusher_type': 'user'}" },
	{ "deployment", REF_CURRENT, "{'action': 'created', 'deployment': '{deployment}'}" },
	{ "deployment_status", REF_CURRENT,
	  "{'action': 'created', 'deployment': '{deployment}',"
	  " 'deployment_status': {'id': 1, 'state': 'success', 'environment': 'production',"
	  " 'description': '', 'target_url': '', 'creator': '{sender}'}}" },
	{ "issues", REF_DEFAULT, "{'action': 'opened', 'issue': '{issue}'}" },
	{ "issue_comment", REF_DEFAULT,
	  "{'action': 'created', 'issue': '{issue}', 'comment': '{comment}'}" },
	{ "label", REF_DEFAULT, "{'action': 'created', 'label': '{label}'}" },
	{ "milestone", REF_DEFAULT, "{'action': 'created', 'milestone': '{milestone}'}" },
	{ "watch", REF_DEFAULT, "{'action': 'started'}" },
	{ "fork", REF_DEFAULT, "{'forkee': '{repository}'}" },
	{ "gollum", REF_DEFAULT, "{'pages': []}" },
	{ "branch_protection_rule", REF_DEFAULT,
	  "{'action': 'created', 'rule': {'id': 1, 'name': '{default_branch}'}}" },
	{ "page_build", REF_DEFAULT,
	  "{'id': 1, 'build': {'status': 'built', 'error': {'message': null}}}" },
	{ "discussion", REF_DEFAULT, "{'action': 'created', 'discussion': '{discussion}'}" },
	{ "discussion_comment", REF_DEFAULT,
	  "{'action': 'created', 'comment': '{comment}', 'discussion': '{discussion}'}" },
	{ "check_run", REF_DEFAULT,
	  "{'action': 'completed', 'check_run': {'id': 1, 'name': 'check', 'head_sha': '{sha}',"
	  " 'status': 'completed', 'conclusion': 'success', 'pull_requests': []}}" },
	{ "check_suite", REF_DEFAULT,
	  "{'action': 'completed', 'check_suite': {'id': 1, 'head_branch': '{branch}',"
	  " 'head_sha': '{sha}', 'status': 'completed', 'conclusion': 'success',"
	  " 'pull_requests': []}}" },
	{ "status", REF_DEFAULT,
	  "{'id': 1, 'sha': '{sha}', 'state': 'success', 'context': 'default', 'description': null,"
	  " 'target_url': null, 'branches': [{'name': '{branch}'}]}" },
	{ "registry_package", REF_DEFAULT,
	  "{'action': 'published', 'registry_package': {'id': 1, 'name': '{name}',"
	  " 'package_type': 'CONTAINER', 'owner': '{owner_user}'}}" },
	{ "workflow_run", REF_DEFAULT,
	  "{'action': 'completed', 'workflow': {'id': 1, 'name': 'CI', 'state': 'active',"
	  " 'path': '.github/workflows/ci.yml'},"
	  " 'workflow_run': {'id': 1, 'name': 'CI', 'run_number': 1, 'run_attempt': 1,"
	  " 'event': 'push', 'status': 'completed', 'conclusion': 'success',"
	  " 'head_branch': '{branch}', 'head_sha': '{sha}', 'head_commit': '{head_commit}',"
	  " 'path': '.github/workflows/ci.yml', 'workflow_id': 1, 'actor': '{sender}',"
	  " 'triggering_actor': '{sender}', 'pull_requests': [], 'repository': '{repository}',"
	  " 'head_repository': '{repository}', 'html_url': '{html_url}/actions/runs/1',"
	  " 'created_at': '{timestamp}', 'updated_at': '{timestamp}'}}" },
};
const size_t payload_nrows = sizeof(payload_rows) / sizeof(payload_rows[0]);

/* pull_request's hold for pull_request_target, too. */
const struct payload_action payload_actions[] = {
	{ "issues", "labeled", "{'label': '{label}', 'issue': {'labels': ['{label}']}}" },
	{ "issues", "unlabeled", "{'label': '{label}'}" },
	{ "issues", "assigned",
	  "{'assignee': '{sender}', 'issue': {'assignee': '{sender}', 'assignees': "
	  "['{sender}']}}" },
	{ "issues", "unassigned", "{'assignee': '{sender}'}" },
	{ "issues", "milestoned",
	  "{'milestone': '{milestone}', 'issue': {'milestone': '{milestone}'}}" },
	{ "issues", "closed",
	  "{'issue': {'state': 'closed', 'state_reason': 'completed', 'closed_at': "
	  "'{timestamp}'}}" },
	{ "issues", "locked", "{'issue': {'locked': true}}" },
	{ "issues", "edited", "{'changes': {}}" },
	{ "pull_request", "labeled",
	  "{'label': '{label}', 'pull_request': {'labels': ['{label}']}}" },
	{ "pull_request", "unlabeled", "{'label': '{label}'}" },
	{ "pull_request", "assigned",
	  "{'assignee': '{sender}',"
	  " 'pull_request': {'assignee': '{sender}', 'assignees': ['{sender}']}}" },
	{ "pull_request", "unassigned", "{'assignee': '{sender}'}" },
	{ "pull_request", "milestoned",
	  "{'milestone': '{milestone}', 'pull_request': {'milestone': '{milestone}'}}" },
	{ "pull_request", "synchronize", "{'before': '{before}', 'after': '{sha}'}" },
	{ "pull_request", "closed",
	  "{'pull_request': {'state': 'closed', 'closed_at': '{timestamp}'}}" },
	{ "pull_request", "converted_to_draft", "{'pull_request': {'draft': true}}" },
	{ "pull_request", "locked", "{'pull_request': {'locked': true}}" },
	{ "pull_request", "review_requested",
	  "{'requested_reviewer': '{owner_user}',"
	  " 'pull_request': {'requested_reviewers': ['{owner_user}']}}" },
	{ "pull_request", "review_request_removed", "{'requested_reviewer': '{owner_user}'}" },
	{ "pull_request", "edited", "{'changes': {}}" },
	{ "release", "prereleased", "{'release': {'prerelease': true}}" },
};
const size_t payload_nactions = sizeof(payload_actions) / sizeof(payload_actions[0]);
