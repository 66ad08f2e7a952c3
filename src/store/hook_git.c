/*
 * hook_git.c - what git tells a hook, and what the user has told git about act-c's hooks.
 *
 * Not for the content (hook_content.c) and not for the scripts (hook_script.c).
 */
#include <stdlib.h>
#include <unistd.h>

#include "actc/hook.h"
#include "git_run.h"

enum { ANSWER_MAX = 1024 * 1024, TAGS_AT_ONCE = 3 };

/* `git rev-parse --local-env-vars`, which is not asked for because it costs a process. */
static const char *const local_variables[] = {
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_CONFIG",
	"GIT_CONFIG_PARAMETERS",
	"GIT_CONFIG_COUNT",
	"GIT_OBJECT_DIRECTORY",
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_GRAFT_FILE",
	"GIT_INDEX_FILE",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE",
	"GIT_PREFIX",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_SHALLOW_FILE",
	"GIT_COMMON_DIR",
	"GIT_QUARANTINE_PATH",
	/* Not of the repository, but of this one command. */
	"GIT_AUTHOR_NAME",
	"GIT_AUTHOR_EMAIL",
	"GIT_AUTHOR_DATE",
	"GIT_EDITOR",
	"GIT_REFLOG_ACTION",
	"GIT_MERGE_AUTOEDIT",
	NULL,
};

struct str hook_leave_git(struct arena *a)
{
	struct str index = arena_str(a, str_of(getenv("GIT_INDEX_FILE")));

	if (index.len && index.p[0] != '/') {
		char *here = getcwd(NULL, 0);

		index = here ? arena_printf(a, "%s/%s", here, index.p) : index;
		free(here);
	}
	for (size_t i = 0; local_variables[i]; i++) {
		(void)unsetenv(local_variables[i]);
	}
	return index;
}

/* --- questions ------------------------------------------------------------------------------- */

static bool ask(struct arena *a, int repository, const char *const *args, struct str *answer,
		int *status, struct err *err)
{
	struct strbuf out = STRBUF_INIT(ANSWER_MAX);
	struct str dir = arena_printf(a, "/proc/self/fd/%d", repository);
	bool ok = git_try(&(struct git_call){ .args = args, .dir = dir, .out = &out }, status, err);

	*answer = arena_str(a, strbuf_str(&out));
	strbuf_release(&out);
	return ok;
}

struct str hook_branch(struct arena *a, int repository)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD", NULL };
	struct err ignored = ERR_INIT;
	struct str answer = STR_EMPTY;
	int status = 0;
	bool ok = ask(a, repository, args, &answer, &status, &ignored);

	err_release(&ignored);
	return ok && status == 0 ? str_trim(answer) : STR_EMPTY;
}

bool hook_changed(struct arena *a, int repository, struct str from, struct str to,
		  struct str **paths, size_t *n)
{
	const char *const args[] = { "diff-tree",
				     "-r",
				     "-z",
				     "--name-only",
				     "--no-renames",
				     arena_cstr(a, from),
				     arena_printf(a, "%.*s^{commit}", STR_ARG(to)).p,
				     "--",
				     NULL };
	struct err ignored = ERR_INIT;
	VEC(struct str) list = { 0 };
	struct str answer = STR_EMPTY;
	int status = 0;
	bool ok = ask(a, repository, args, &answer, &status, &ignored) && status == 0;

	err_release(&ignored);
	while (ok && answer.len > 0) {
		vec_push(a, &list, str_cut(&answer, '\0'));
	}
	*paths = list.v;
	*n = list.n;
	return ok;
}

/* --- pushes ---------------------------------------------------------------------------------- */

void pushes_parse(struct arena *a, struct str text, struct pushes *out)
{
	while (text.len > 0) {
		struct str line = arena_str(a, str_trim(str_cut(&text, '\n')));
		struct pushed one = { .local_ref = str_cut(&line, ' ') };

		one.local_sha = line.p ? str_cut(&line, ' ') : STR_EMPTY;
		one.remote_ref = line.p ? str_cut(&line, ' ') : STR_EMPTY;
		one.remote_sha = line.p ? line : STR_EMPTY;
		if (one.local_sha.len && one.remote_ref.len) {
			vec_push(a, out, one);
		}
	}
}

static bool is_zero(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (id.p[i] != '0') {
			return false;
		}
	}
	return true;
}

static bool is_tag(const struct pushed *one)
{
	return str_starts(one->remote_ref, STR("refs/tags/"));
}

const char *push_silent(const struct pushes *all, const struct pushed *one)
{
	size_t tags = 0;

	for (size_t i = 0; i < all->n; i++) {
		tags += is_tag(&all->v[i]) && !is_zero(all->v[i].local_sha);
	}
	if (is_zero(one->local_sha)) {
		return "it is deleted";
	}
	if (!is_tag(one) && !str_starts(one->remote_ref, STR("refs/heads/"))) {
		return "it is neither a branch nor a tag";
	}
	return is_tag(one) && tags > TAGS_AT_ONCE
		       ? "GitHub starts nothing for more than three tags at once"
		       : NULL;
}

/* --- settings -------------------------------------------------------------------------------- */

bool hook_settings_read(struct arena *a, int repository, struct hook_settings *out, struct err *err)
{
	static const char *const args[] = { "config", "-z", "--get-regexp", "^act-c\\.hook\\.",
					    NULL };
	struct str rest;
	int status = 0;

	/* 1: there is none. */
	if (!ask(a, repository, args, &rest, &status, err)) {
		return false;
	}
	while (status == 0 && rest.len > 0) {
		struct str value = str_cut(&rest, '\0');
		struct str key = str_cut(&value, '\n');

		vec_push(a, out,
			 (struct hook_setting){ str_slice(key, strlen("act-c.hook."), key.len),
						value.p ? value : STR("true") });
	}
	return true;
}

struct str hook_setting(const struct hook_settings *s, struct str name)
{
	for (size_t i = s->n; i > 0; i--) {
		if (str_eq(s->v[i - 1].name, name)) {
			return s->v[i - 1].value;
		}
	}
	return STR_EMPTY;
}
