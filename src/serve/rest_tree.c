/*
 * rest_tree.c - files, refs and histories for the REST API, from the run's own git directory: what
 * actions read of a repository, as GitHub would answer if it had the commit that is rehearsed.
 */
#include <stdlib.h>

#include "actc/base64.h"
#include "rest.h"

enum { LIST_PAGE = 30, LIST_MAX = 100, COMPARE_MAX = 250, TEXT_MAX = 64 * 1024 * 1024 };

static void set_str(struct request *r, struct vobject *o, const char *key, struct str value)
{
	vobject_set(&r->arena, o, str_of(key), value_str(value));
}

static struct str url_of(struct request *r, const char *kind, struct str rest)
{
	return arena_printf(&r->arena, "%.*s/api/repos/%.*s/%s/%.*s", STR_ARG(request_origin(r)),
			    STR_ARG(r->server->spec->repository), kind, STR_ARG(rest));
}

/* The output, in the request's arena; false: git failed. */
static bool git_text(struct request *r, const char *const *args, struct str *out)
{
	struct strbuf text = STRBUF_INIT(TEXT_MAX);
	bool ok = rest_git(r, args, &text);

	*out = ok ? arena_str(&r->arena, strbuf_str(&text)) : STR_EMPTY;
	strbuf_release(&text);
	return ok;
}

static bool rev_parse(struct request *r, struct str spec, struct str *sha)
{
	const char *args[] = { "rev-parse", "--verify", "--quiet", arena_cstr(&r->arena, spec),
			       NULL };
	bool ok = git_text(r, args, sha);

	*sha = str_trim(*sha);
	return ok && sha->len > 0;
}

/* The branch of the run is at the commit that is rehearsed, wherever the user's own one is. */
bool rest_resolve(struct request *r, struct str name, struct str *sha)
{
	const struct rest_facts *facts = &r->server->spec->rest;
	struct str short_name = str_starts(facts->ref, STR("refs/heads/"))
					? str_slice(facts->ref, 11, facts->ref.len)
					: facts->ref;

	if (name.len == 0 || str_eq(name, STR("HEAD")) || str_eq(name, facts->ref) ||
	    str_eq(name, short_name)) {
		*sha = facts->sha;
		return true;
	}
	return rest_is_name(name) &&
	       (rev_parse(r, arena_printf(&r->arena, "%.*s^{commit}", STR_ARG(name)), sha) ||
		rev_parse(
			r,
			arena_printf(&r->arena, "refs/remotes/origin/%.*s^{commit}", STR_ARG(name)),
			sha));
}

/* --- files ------------------------------------------------------------------------------------ */

static struct str base_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/') {
		at--;
	}
	return str_slice(path, at, path.len);
}

static struct vobject *content_object(struct request *r, const char *type, struct str path,
				      struct str sha)
{
	const struct serve_spec *spec = r->server->spec;
	struct vobject *o = vobject_new(&r->arena, true);

	set_str(r, o, "type", str_of(type));
	set_str(r, o, "name", base_name(path));
	set_str(r, o, "path", path);
	set_str(r, o, "sha", sha);
	set_str(r, o, "url", url_of(r, "contents", path));
	set_str(r, o, "html_url",
		arena_printf(&r->arena, "%.*s/%.*s/blob/%.*s/%.*s", STR_ARG(spec->rest.server_url),
			     STR_ARG(spec->repository), STR_ARG(spec->rest.sha), STR_ARG(path)));
	vobject_set(&r->arena, o, STR("download_url"), value_null());
	return o;
}

static struct value number_of(struct str text)
{
	unsigned long n = 0;

	return value_number(str_to_ulong(text, &n) ? (double)n : 0);
}

struct entry {
	struct str mode, type, sha, size, path;
};

/* One of `git ls-tree -z -l`: "mode type sha size\tpath". */
static bool next_entry(struct str *text, struct entry *e)
{
	struct str path = str_cut(text, '\0'), head = str_cut(&path, '\t');

	if (!path.p) {
		return false;
	}
	e->path = path;
	e->mode = str_cut(&head, ' ');
	e->type = str_cut(&head, ' ');
	e->sha = str_cut(&head, ' ');
	e->size = str_trim(head);
	return true;
}

static void reply_directory(struct request *r, struct str dir, struct str listed)
{
	struct varray *list = varray_new(&r->arena);
	struct entry e;

	while (listed.len && next_entry(&listed, &e)) {
		struct str path = dir.len ? arena_printf(&r->arena, "%.*s/%.*s", STR_ARG(dir),
							 STR_ARG(e.path))
					  : e.path;
		const char *type = str_eq(e.type, STR("tree"))     ? "dir"
				   : str_eq(e.type, STR("commit")) ? "submodule"
				   : str_eq(e.mode, STR("120000")) ? "symlink"
								   : "file";
		struct vobject *o = content_object(r, type, path, e.sha);

		vobject_set(&r->arena, o, STR("size"), number_of(e.size));
		varray_push(&r->arena, list, value_object(o));
	}
	reply_json(r, 200, value_array(list));
}

static void set_content(struct request *r, struct vobject *o, struct str bytes)
{
	struct strbuf text = STRBUF_INIT(0);

	base64_add(&text, bytes);
	vobject_set(&r->arena, o, STR("size"), value_number((double)bytes.len));
	set_str(r, o, "encoding", STR("base64"));
	set_str(r, o, "content", arena_str(&r->arena, strbuf_str(&text)));
	strbuf_release(&text);
}

static bool wants_raw(struct request *r)
{
	struct str accept = request_header(r, "Accept");

	return str_find(accept, STR("github.raw"), 0) != STR_NPOS ||
	       str_find(accept, STR(".raw"), 0) != STR_NPOS;
}

static bool get_contents(struct request *r, struct str path)
{
	struct str commit, at, sha, text;

	while (str_ends(path, STR("/"))) {
		path.len--;
	}
	if (!rest_resolve(r, request_query(r, "ref"), &commit)) {
		return false;
	}
	at = arena_printf(&r->arena, "%.*s:%.*s", STR_ARG(commit), STR_ARG(path));

	const char *tree[] = { "ls-tree", "-z", "-l", at.p, NULL };
	const char *blob[] = { "cat-file", "blob", at.p, NULL };

	if (!rev_parse(r, at, &sha)) {
		return false;
	}
	if (git_text(r, tree, &text)) {
		reply_directory(r, path, text);
		return true;
	}
	if (!git_text(r, blob, &text)) {
		return false;
	}
	if (wants_raw(r)) {
		reply_text(r, 200, "application/vnd.github.raw; charset=utf-8", text);
	} else {
		struct vobject *o = content_object(r, "file", path, sha);

		set_content(r, o, text);
		reply_json(r, 200, value_object(o));
	}
	return true;
}

/* --- git's objects ---------------------------------------------------------------------------- */

static bool get_tree(struct request *r, struct str name)
{
	struct varray *list = varray_new(&r->arena);
	struct vobject *o = vobject_new(&r->arena, true);
	struct str sha, text;
	struct entry e;
	const char *args[] = { "ls-tree", "-z", "-l", NULL, NULL, NULL, NULL };
	size_t n = 3;

	if (!rest_resolve(r, name, &sha) &&
	    !(rest_is_name(name) &&
	      rev_parse(r, arena_printf(&r->arena, "%.*s^{tree}", STR_ARG(name)), &sha))) {
		return false;
	}
	if (request_query(r, "recursive").len) {
		args[n++] = "-r";
		args[n++] = "-t";
	}
	args[n] = arena_cstr(&r->arena, sha);
	if (!rev_parse(r, arena_printf(&r->arena, "%.*s^{tree}", STR_ARG(sha)), &sha) ||
	    !git_text(r, args, &text)) {
		return false;
	}
	while (text.len && next_entry(&text, &e)) {
		struct vobject *one = vobject_new(&r->arena, true);

		set_str(r, one, "path", e.path);
		set_str(r, one, "mode", e.mode);
		set_str(r, one, "type", e.type);
		set_str(r, one, "sha", e.sha);
		if (str_eq(e.type, STR("blob"))) {
			vobject_set(&r->arena, one, STR("size"), number_of(e.size));
		}
		varray_push(&r->arena, list, value_object(one));
	}
	set_str(r, o, "sha", sha);
	vobject_set(&r->arena, o, STR("tree"), value_array(list));
	vobject_set(&r->arena, o, STR("truncated"), value_bool(false));
	reply_json(r, 200, value_object(o));
	return true;
}

static bool get_blob(struct request *r, struct str sha)
{
	struct vobject *o = vobject_new(&r->arena, true);
	const char *args[] = { "cat-file", "blob", arena_cstr(&r->arena, sha), NULL };
	struct str text;

	if (!rest_is_name(sha) || !git_text(r, args, &text)) {
		return false;
	}
	set_str(r, o, "sha", sha);
	set_content(r, o, text);
	reply_json(r, 200, value_object(o));
	return true;
}

static bool get_git_commit(struct request *r, struct str sha)
{
	struct value whole, commit;
	struct vobject *o = vobject_new(&r->arena, true);

	if (!rest_commit_value(r, sha, &whole)) {
		return false;
	}
	commit = value_get(whole, STR("commit"));
	vobject_set(&r->arena, o, STR("sha"), value_get(whole, STR("sha")));
	for (size_t i = 0; i < commit.u.o->n; i++) {
		vobject_set(&r->arena, o, commit.u.o->v[i].key, commit.u.o->v[i].value);
	}
	vobject_set(&r->arena, o, STR("parents"), value_get(whole, STR("parents")));
	reply_json(r, 200, value_object(o));
	return true;
}

/* --- refs ------------------------------------------------------------------------------------- */

struct ref {
	struct str name, type, sha, commit; /* commit: what an annotated tag is of */
};

static bool next_ref(struct request *r, struct str *text, struct ref *ref)
{
	const struct rest_facts *facts = &r->server->spec->rest;
	struct str line = str_cut(text, '\n');

	ref->name = str_cut(&line, ' ');
	ref->type = str_cut(&line, ' ');
	ref->sha = str_cut(&line, ' ');
	if (!line.p || ref->name.len == 0) {
		return false;
	}
	ref->commit = line.len ? line : ref->sha;
	if (str_eq(ref->name, facts->ref) && str_eq(ref->type, STR("commit"))) {
		ref->sha = ref->commit = facts->sha;
	}
	return true;
}

/* Newest version first where they are tags. */
static bool list_refs(struct request *r, struct str pattern, bool tags, struct str *out)
{
	const char *args[] = { "for-each-ref",
			       "--format=%(refname) %(objecttype) %(objectname) %(*objectname)",
			       tags ? "--sort=-v:refname" : "--sort=refname",
			       arena_cstr(&r->arena, pattern), NULL };

	return git_text(r, args, out);
}

static struct value ref_value(struct request *r, const struct ref *ref)
{
	struct vobject *o = vobject_new(&r->arena, true), *object = vobject_new(&r->arena, true);

	set_str(r, o, "ref", ref->name);
	set_str(r, o, "url", url_of(r, "git", ref->name));
	set_str(r, object, "type", ref->type);
	set_str(r, object, "sha", ref->sha);
	vobject_set(&r->arena, o, STR("object"), value_object(object));
	return value_object(o);
}

/* "heads/main" */
static bool get_ref(struct request *r, struct str name)
{
	struct str full = arena_printf(&r->arena, "refs/%.*s", STR_ARG(name)), text;
	struct ref ref;

	if (!rest_is_name(name) || !list_refs(r, full, false, &text)) {
		return false;
	}
	while (text.len && next_ref(r, &text, &ref)) {
		if (str_eq(ref.name, full)) {
			reply_json(r, 200, ref_value(r, &ref));
			return true;
		}
	}
	return false;
}

/* All whose names begin so. */
static bool get_matching_refs(struct request *r, struct str name)
{
	struct str full = arena_printf(&r->arena, "refs/%.*s", STR_ARG(name)), text;
	struct varray *list = varray_new(&r->arena);
	struct ref ref;

	if (!list_refs(r, STR("refs"), false, &text)) {
		return false;
	}
	while (text.len && next_ref(r, &text, &ref)) {
		if (str_starts(ref.name, full) && !str_starts(ref.name, STR("refs/remotes/"))) {
			varray_push(&r->arena, list, ref_value(r, &ref));
		}
	}
	reply_json(r, 200, value_array(list));
	return true;
}

static struct value page_of(struct request *r, const struct varray *all)
{
	struct varray *page = varray_new(&r->arena);
	unsigned long size = rest_query_number(r, "per_page", LIST_PAGE);
	unsigned long number = rest_query_number(r, "page", 1);

	size = size < LIST_MAX ? size : LIST_MAX;
	for (size_t i = (number - 1) * size; i < all->n && page->n < size; i++) {
		varray_push(&r->arena, page, all->v[i]);
	}
	return value_array(page);
}

static bool reply_names(struct request *r, struct str prefix, bool tags)
{
	struct varray *list = varray_new(&r->arena);
	struct str text;
	struct ref ref;

	if (!list_refs(r, prefix, tags, &text)) {
		return false;
	}
	while (text.len && next_ref(r, &text, &ref)) {
		struct vobject *o = vobject_new(&r->arena, true);
		struct vobject *commit = vobject_new(&r->arena, true);

		set_str(r, o, "name", str_slice(ref.name, prefix.len, ref.name.len));
		set_str(r, commit, "sha", ref.commit);
		set_str(r, commit, "url", url_of(r, "commits", ref.commit));
		vobject_set(&r->arena, o, STR("commit"), value_object(commit));
		if (!tags) {
			vobject_set(&r->arena, o, STR("protected"), value_bool(false));
		}
		varray_push(&r->arena, list, value_object(o));
	}
	reply_json(r, 200, page_of(r, list));
	return true;
}

static bool get_tags(struct request *r, struct str rest)
{
	return rest.len == 0 && reply_names(r, STR("refs/tags/"), true);
}

static bool get_branches(struct request *r, struct str name)
{
	struct vobject *o = vobject_new(&r->arena, true);
	struct value commit;
	struct str full = arena_printf(&r->arena, "refs/heads/%.*s", STR_ARG(name));

	if (name.len == 0) {
		return reply_names(r, STR("refs/heads/"), false);
	}
	if (!rest_commit_value(r, full, &commit) &&
	    !rest_commit_value(r,
			       arena_printf(&r->arena, "refs/remotes/origin/%.*s", STR_ARG(name)),
			       &commit)) {
		return false;
	}
	set_str(r, o, "name", name);
	vobject_set(&r->arena, o, STR("commit"), commit);
	vobject_set(&r->arena, o, STR("protected"), value_bool(false));
	reply_json(r, 200, value_object(o));
	return true;
}

/* --- histories -------------------------------------------------------------------------------- */

static bool get_commits(struct request *r, struct str rest)
{
	struct str from, path = request_query(r, "path");
	struct value list;
	unsigned long size = rest_query_number(r, "per_page", LIST_PAGE);
	unsigned long number = rest_query_number(r, "page", 1);

	size = size < LIST_MAX ? size : LIST_MAX;
	if (rest.len || !rest_resolve(r, request_query(r, "sha"), &from) ||
	    !rest_history(r, from, path, (number - 1) * size, size, &list)) {
		return false;
	}
	reply_json(r, 200, list);
	return true;
}

/* "12\t3": only in the base, only in the head. */
static bool count_sides(struct request *r, struct str base, struct str head, struct vobject *o)
{
	const char *args[] = {
		"rev-list", "--left-right", "--count",
		arena_printf(&r->arena, "%.*s...%.*s", STR_ARG(base), STR_ARG(head)).p, NULL
	};
	struct str ahead, behind;
	bool is_behind, is_ahead;

	if (!git_text(r, args, &ahead)) {
		return false;
	}
	ahead = str_trim(ahead);
	behind = str_cut(&ahead, '\t');
	is_behind = !str_eq(behind, STR("0"));
	is_ahead = !str_eq(ahead, STR("0"));
	set_str(r, o, "status",
		is_ahead && is_behind ? STR("diverged")
		: is_ahead            ? STR("ahead")
		: is_behind           ? STR("behind")
				      : STR("identical"));
	vobject_set(&r->arena, o, STR("ahead_by"), number_of(ahead));
	vobject_set(&r->arena, o, STR("behind_by"), number_of(behind));
	vobject_set(&r->arena, o, STR("total_commits"), number_of(ahead));
	return true;
}

/* "BASE...HEAD" */
static bool get_compare(struct request *r, struct str spec)
{
	size_t at = str_find(spec, STR("..."), 0), dots = 3;
	struct vobject *o = vobject_new(&r->arena, true);
	struct str base, head, merge_base;
	struct value commits, files, base_commit, merge_commit;

	if (at == STR_NPOS) {
		at = str_find(spec, STR(".."), 0);
		dots = 2;
	}
	if (at == STR_NPOS || !rest_resolve(r, str_slice(spec, 0, at), &base) ||
	    !rest_resolve(r, str_slice(spec, at + dots, spec.len), &head) ||
	    !count_sides(r, base, head, o)) {
		return false;
	}

	const char *args[] = { "merge-base", arena_cstr(&r->arena, base),
			       arena_cstr(&r->arena, head), NULL };
	struct str range = arena_printf(&r->arena, "%.*s..%.*s", STR_ARG(base), STR_ARG(head));

	if (!git_text(r, args, &merge_base) || !rest_commit_value(r, base, &base_commit) ||
	    !rest_commit_value(r, str_trim(merge_base), &merge_commit) ||
	    !rest_history(r, range, STR_EMPTY, 0, COMPARE_MAX, &commits) ||
	    !rest_changes(r, base, head, &files)) {
		return false;
	}

	/* The oldest first, unlike elsewhere. */
	struct varray *turned = varray_new(&r->arena);

	for (size_t i = commits.u.a->n; i-- > 0;) {
		varray_push(&r->arena, turned, commits.u.a->v[i]);
	}
	vobject_set(&r->arena, o, STR("base_commit"), base_commit);
	vobject_set(&r->arena, o, STR("merge_base_commit"), merge_commit);
	vobject_set(&r->arena, o, STR("commits"), value_array(turned));
	vobject_set(&r->arena, o, STR("files"), files);
	reply_json(r, 200, value_object(o));
	return true;
}

/* --- what there is ---------------------------------------------------------------------------- */

static const struct {
	struct str path;
	bool more; /* something must follow */
	bool (*get)(struct request *r, struct str rest);
} table[] = {
	{ STR_INIT("/contents"), false, get_contents },
	{ STR_INIT("/git/ref"), true, get_ref },
	{ STR_INIT("/git/matching-refs"), true, get_matching_refs },
	{ STR_INIT("/git/trees"), true, get_tree },
	{ STR_INIT("/git/blobs"), true, get_blob },
	{ STR_INIT("/git/commits"), true, get_git_commit },
	{ STR_INIT("/branches"), false, get_branches },
	{ STR_INIT("/tags"), false, get_tags },
	{ STR_INIT("/commits"), false, get_commits },
	{ STR_INIT("/compare"), true, get_compare },
};

enum rest_answer rest_tree(struct request *r, struct str path)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str rest = str_slice(path, table[i].path.len, path.len);

		if (!str_starts(path, table[i].path) ||
		    !(rest.len == 0 || str_starts(rest, STR("/")))) {
			continue;
		}
		rest = rest.len ? str_slice(rest, 1, rest.len) : rest;
		if (table[i].more && rest.len == 0) {
			continue;
		}
		return table[i].get(r, rest) ? REST_ANSWERED : REST_NOT_FOUND;
	}
	return REST_ELSEWHERE;
}
