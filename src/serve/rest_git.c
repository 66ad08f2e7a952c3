/* rest_git.c - commits and changed files for the REST API, from the run's own git directory. */
#include <stdlib.h>

#include "actc/process.h"
#include "actc/repo.h"
#include "rest.h"

enum { GIT_MS = 20000, OUTPUT_MAX = 64 * 1024 * 1024, ARGS_MAX = 16, PULL_COMMITS = 250 };

bool rest_git(struct request *r, const char *const *args, struct strbuf *out)
{
	const struct snapshot *snapshot = r->server->spec->rest.snapshot;
	const char *argv[ARGS_MAX] = { "git" };
	struct child_spec spec = { .argv = argv, .in = CHILD_NULL, .out = CHILD_PIPE };
	struct err err = ERR_INIT;
	int status = 0;
	size_t n = 1;
	bool ok;

	if (!snapshot || !snapshot_ready(&r->arena, snapshot, &err)) {
		err_release(&err);
		return false;
	}
	argv[n++] = arena_printf(&r->arena, "--git-dir=%.*s", STR_ARG(snapshot->git_dir)).p;
	for (size_t i = 0; args[i] && n + 1 < ARGS_MAX; i++) {
		argv[n++] = args[i];
	}
	ok = child_capture(&spec, NULL, out, NULL, GIT_MS, &status, &err) && status == 0;
	err_release(&err);
	return ok;
}

static void set_str(struct request *r, struct vobject *o, const char *key, struct str value)
{
	vobject_set(&r->arena, o, str_of(key), value_str(value));
}

static struct value person(struct request *r, struct str name, struct str mail, struct str date)
{
	struct vobject *o = vobject_new(&r->arena, true);

	set_str(r, o, "name", name);
	set_str(r, o, "email", mail);
	set_str(r, o, "date", date);
	return value_object(o);
}

static struct value sha_value(struct request *r, struct str sha)
{
	struct vobject *o = vobject_new(&r->arena, true);

	set_str(r, o, "sha", sha);
	return value_object(o);
}

static struct value parents(struct request *r, struct str text)
{
	struct varray *list = varray_new(&r->arena);

	while (text.p && text.len) {
		varray_push(&r->arena, list, sha_value(r, str_cut(&text, ' ')));
	}
	return value_array(list);
}

/* The fields of FORMAT, in its order. */
static struct value commit_value(struct request *r, struct str text)
{
	struct vobject *o = vobject_new(&r->arena, true), *commit = vobject_new(&r->arena, true);
	struct str f[10];

	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		f[i] = i + 1 < sizeof(f) / sizeof(f[0]) ? str_cut(&text, '\n') : text;
		f[i] = f[i].p ? f[i] : STR_EMPTY;
	}
	set_str(r, o, "sha", f[0]);
	vobject_set(&r->arena, commit, STR("tree"), sha_value(r, f[1]));
	vobject_set(&r->arena, commit, STR("author"), person(r, f[3], f[4], f[5]));
	vobject_set(&r->arena, commit, STR("committer"), person(r, f[6], f[7], f[8]));
	set_str(r, commit, "message", str_trim(f[9]));
	vobject_set(&r->arena, o, STR("commit"), value_object(commit));
	vobject_set(&r->arena, o, STR("parents"), parents(r, f[2]));
	return value_object(o);
}

bool rest_is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.p[i] <= ' ' || strchr("^:~?*[\\{", name.p[i])) {
			return false;
		}
	}
	return name.len > 0 && name.p[0] != '-' && str_find(name, STR(".."), 0) == STR_NPOS;
}

#define FORMAT "%H%n%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B"

bool rest_commit_value(struct request *r, struct str name, struct value *out)
{
	struct str sha = STR_EMPTY;
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	bool ok = rest_resolve(r, name, &sha);

	if (ok) {
		const char *args[] = { "show", "-s", "--format=" FORMAT, arena_cstr(&r->arena, sha),
				       "--",   NULL };

		ok = rest_git(r, args, &text);
	}
	if (ok) {
		*out = commit_value(r, arena_str(&r->arena, strbuf_str(&text)));
	}
	strbuf_release(&text);
	return ok;
}

bool rest_commit(struct request *r, struct str name, struct value *out)
{
	bool ok = rest_commit_value(r, name, out);

	if (!ok) {
		reply_message(r, 422, "No commit found for SHA: %.*s", STR_ARG(name));
	}
	return ok;
}

bool rest_history(struct request *r, struct str range, struct str path, unsigned long skip,
		  unsigned long max, struct value *out)
{
	struct arena *a = &r->arena;
	const char *args[] = { "log",
			       "-z",
			       "--format=" FORMAT,
			       arena_printf(a, "--skip=%lu", skip).p,
			       arena_printf(a, "--max-count=%lu", max).p,
			       arena_cstr(a, range),
			       "--",
			       path.len ? arena_cstr(a, path) : NULL,
			       NULL };
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	struct varray *list = varray_new(a);
	bool ok = rest_git(r, args, &text);
	struct str rest = ok ? arena_str(a, strbuf_str(&text)) : STR_EMPTY;

	while (rest.len) {
		varray_push(a, list, commit_value(r, str_cut(&rest, '\0')));
	}
	strbuf_release(&text);
	*out = value_array(list);
	return ok;
}

/* --- changed files -----------------------------------------------------------------------------
 */

static struct str status_word(char c)
{
	switch (c) {
	case 'A':
		return STR("added");
	case 'D':
		return STR("removed");
	case 'R':
		return STR("renamed");
	case 'C':
		return STR("copied");
	default:
		return STR("modified");
	}
}

/* `git diff --raw -z`: ":mode mode old new STATUS\0path[\0path]". */
static struct value files_value(struct request *r, struct str text)
{
	struct varray *list = varray_new(&r->arena);

	while (text.p && text.len) {
		struct str head = str_cut(&text, '\0'), path = str_cut(&text, '\0');
		struct vobject *o = vobject_new(&r->arena, true);
		struct str sha = STR_EMPTY;
		char status = 'M';

		for (int i = 0; i < 4; i++) {
			sha = str_cut(&head, ' ');
		}
		status = head.p && head.len ? head.p[0] : 'M';
		if (status == 'R' || status == 'C') {
			set_str(r, o, "previous_filename", path);
			path = str_cut(&text, '\0');
		}
		set_str(r, o, "sha", sha);
		set_str(r, o, "filename", path);
		set_str(r, o, "status", status_word(status));
		varray_push(&r->arena, list, value_object(o));
	}
	return value_array(list);
}

bool rest_changes(struct request *r, struct str base, struct str head, struct value *out)
{
	const char *args[] = {
		"diff",
		"--raw",
		"-z",
		"-M",
		"--no-abbrev",
		arena_printf(&r->arena, "%.*s...%.*s", STR_ARG(base), STR_ARG(head)).p,
		"--",
		NULL
	};
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	bool ok = rest_git(r, args, &text);

	if (ok) {
		*out = files_value(r, arena_str(&r->arena, strbuf_str(&text)));
	}
	strbuf_release(&text);
	return ok;
}

/* --- the pull request -------------------------------------------------------------------------
 */

static bool pull_base(struct request *r, struct str *sha)
{
	struct value base =
		value_get(value_get(r->server->spec->rest.pull_request, STR("base")), STR("sha"));

	*sha = base.kind == VALUE_STRING ? base.u.s : STR_EMPTY;
	return sha->len > 0 && rest_is_name(*sha);
}

bool rest_pull_files(struct request *r, struct value *out)
{
	struct str base;
	bool ok = pull_base(r, &base) && rest_changes(r, base, r->server->spec->rest.sha, out);

	if (!ok) {
		reply_message(r, 422, "act-c: git does not know what the pull request changes");
	}
	return ok;
}

bool rest_pull_commits(struct request *r, struct value *out)
{
	struct varray *turned = varray_new(&r->arena);
	struct value list = value_null();
	struct str base;
	bool ok = pull_base(r, &base) &&
		  rest_history(r,
			       arena_printf(&r->arena, "%.*s..%.*s", STR_ARG(base),
					    STR_ARG(r->server->spec->rest.sha)),
			       STR_EMPTY, 0, PULL_COMMITS, &list);

	for (size_t i = ok ? list.u.a->n : 0; i-- > 0;) {
		varray_push(&r->arena, turned, list.u.a->v[i]);
	}
	*out = value_array(turned);
	if (!ok) {
		reply_message(r, 422, "act-c: git does not know the pull request's commits");
	}
	return ok;
}
