/*
 * rest_other.c - what a repository that is not the run's own has as its default branch: checkouts
 * of others ask for it, and without a token GitHub's API is not asked. git is, as for the checkout
 * itself, and by the user's own configuration.
 */
#include "actc/process.h"
#include "rest.h"

enum { REMOTE_MS = 30000, SAID_MAX = 64 * 1024 };

static bool is_part(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i], lower = (char)(c | 0x20);

		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
		    !strchr("-_.", c)) {
			return false;
		}
	}
	return s.len > 0 && s.p[0] != '.' && s.p[0] != '-';
}

/* "repos/OWNER/NAME" */
static bool names(struct request *r, struct str *owner, struct str *name)
{
	struct str rest = r->rest;

	if (!str_eq(r->method, STR("GET")) || !str_eq(str_cut(&rest, '/'), STR("repos"))) {
		return false;
	}
	*owner = str_cut(&rest, '/');
	*name = str_cut(&rest, '/');
	return !rest.p && is_part(*owner) && is_part(*name);
}

bool rest_is_other(struct request *r)
{
	struct str owner, name;

	return names(r, &owner, &name);
}

/* The line "ref: refs/heads/main<tab>HEAD". */
static struct str branch_in(struct str said)
{
	struct str begin = STR("ref: refs/heads/");

	while (said.p) {
		struct str line = str_cut(&said, '\n');
		struct str ref = str_cut(&line, '\t');

		if (str_starts(ref, begin) && str_eq(line, STR("HEAD"))) {
			return str_slice(ref, begin.len, ref.len);
		}
	}
	return STR_EMPTY;
}

static struct str default_branch(struct request *r, struct str html)
{
	const char *const argv[] = { "git", "ls-remote", "--symref", html.p, "HEAD", NULL };
	const char *const env[] = { "GIT_TERMINAL_PROMPT=0", NULL };
	struct child_spec spec = { .argv = argv, .env = env };
	struct strbuf out = STRBUF_INIT(SAID_MAX);
	struct err err = ERR_INIT;
	int status = 0;
	bool ok = child_capture(&spec, NULL, &out, NULL, REMOTE_MS, &status, &err) && status == 0;
	struct str branch = ok ? arena_str(&r->arena, branch_in(strbuf_str(&out))) : STR_EMPTY;

	err_release(&err);
	strbuf_release(&out);
	return branch;
}

static void set_str(struct request *r, struct vobject *o, const char *key, struct str value)
{
	vobject_set(&r->arena, o, str_of(key), value_str(value));
}

bool rest_other(struct request *r, struct value *out)
{
	struct arena *a = &r->arena;
	struct vobject *o = vobject_new(a, true), *of = vobject_new(a, true);
	struct str owner = STR_EMPTY, name = STR_EMPTY, html, branch;

	if (!names(r, &owner, &name)) {
		return false;
	}
	html = arena_printf(a, "%.*s/%.*s/%.*s", STR_ARG(r->server->spec->rest.server_url),
			    STR_ARG(owner), STR_ARG(name));
	branch = default_branch(r, html);
	set_str(r, of, "login", owner);
	set_str(r, o, "name", name);
	set_str(r, o, "full_name", arena_printf(a, "%.*s/%.*s", STR_ARG(owner), STR_ARG(name)));
	vobject_set(a, o, STR("owner"), value_object(of));
	set_str(r, o, "default_branch", branch);
	set_str(r, o, "html_url", html);
	set_str(r, o, "clone_url", arena_printf(a, "%.*s.git", STR_ARG(html)));
	*out = value_object(o);
	return branch.len > 0;
}
