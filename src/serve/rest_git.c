/* rest_git.c - commits and changed files for the REST API, from the run's own git directory. */
#include <stdlib.h>

#include "actc/process.h"
#include "rest.h"

enum { GIT_MS = 20000, OUTPUT_MAX = 64 * 1024 * 1024, ARGS_MAX = 16 };

/* NULL-terminated arguments behind `git --git-dir=…`; false: git failed, *out may be anything. */
static bool git(struct request *r, const char *const *args, struct strbuf *out)
{
	const char *argv[ARGS_MAX] = { "git" };
	struct child_spec spec = { .argv = argv, .in = CHILD_NULL, .out = CHILD_PIPE };
	struct err err = ERR_INIT;
	int status = 0;
	size_t n = 1;
	bool ok;

	argv[n++] =
		arena_printf(&r->arena, "--git-dir=%.*s", STR_ARG(r->server->spec->rest.git_dir)).p;
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

/* What may be asked for is a name, no option and no range. */
static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.p[i] <= ' ' || strchr("^:~?*[\\{", name.p[i])) {
			return false;
		}
	}
	return name.len > 0 && name.p[0] != '-' && str_find(name, STR(".."), 0) == STR_NPOS;
}

bool rest_commit(struct request *r, struct str name, struct value *out)
{
	const char *args[] = { "show",
			       "-s",
			       "--format=%H%n%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B",
			       arena_printf(&r->arena, "%.*s^{commit}", STR_ARG(name)).p,
			       "--",
			       NULL };
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	bool ok = is_name(name) && git(r, args, &text);

	if (ok) {
		*out = commit_value(r, arena_str(&r->arena, strbuf_str(&text)));
	} else {
		reply_message(r, 422, "No commit found for SHA: %.*s", STR_ARG(name));
	}
	strbuf_release(&text);
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

bool rest_pull_files(struct request *r, struct value *out)
{
	const struct rest_facts *facts = &r->server->spec->rest;
	struct value base = value_get(value_get(facts->pull_request, STR("base")), STR("sha"));
	const char *args[] = { "diff", "--raw", "-z", "-M", "--no-abbrev", NULL, "--", NULL };
	struct strbuf text = STRBUF_INIT(OUTPUT_MAX);
	bool ok = base.kind == VALUE_STRING && is_name(base.u.s);

	if (ok) {
		args[5] = arena_printf(&r->arena, "%.*s...%.*s", STR_ARG(base.u.s),
				       STR_ARG(facts->sha))
				  .p;
		ok = git(r, args, &text);
	}
	if (ok) {
		*out = files_value(r, arena_str(&r->arena, strbuf_str(&text)));
	} else {
		reply_message(r, 422, "act-c: git does not know what the pull request changes");
	}
	strbuf_release(&text);
	return ok;
}
