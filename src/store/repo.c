/*
 * repo.c - facts about the user's repository, read with libgit2.
 *
 * Only refs and configuration are looked at, and nothing is written. The commit that stands for the
 * working tree is snapshot.c's.
 */
#include "actc/repo.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git2.h"
#include "git_run.h"
#include "remote_url.h"

struct reading {
	const struct git2 *g;
	struct arena *a;
	git_repository *repo;
	git_config *config;
	struct repo_facts *out;
};

static struct str without_slash(struct arena *a, const char *path)
{
	struct str s = str_of(path);

	while (s.len > 1 && s.p[s.len - 1] == '/') {
		s.len--;
	}
	return arena_str(a, s);
}

static struct str base_name(struct str path)
{
	size_t from = path.len;

	while (from > 0 && path.p[from - 1] != '/') {
		from--;
	}
	return str_slice(path, from, path.len);
}

static struct str config_get(const struct reading *r, const char *key)
{
	const char *value = NULL;

	if (r->g->git_config_get_string(&value, r->config, key) < 0) {
		return STR_EMPTY;
	}
	return arena_str(r->a, str_of(value));
}

/* The commit that a ref stands for, or empty. */
static struct str ref_commit(const struct reading *r, const char *name)
{
	git_oid id;

	return r->g->git_reference_name_to_id(&id, r->repo, name) < 0 ? STR_EMPTY
								      : git2_hex(r->g, r->a, &id);
}

static bool ref_exists(const struct reading *r, const char *prefix, struct str name)
{
	return ref_commit(r, arena_printf(r->a, "%s%.*s", prefix, STR_ARG(name)).p).len > 0;
}

static bool ref_peels_to(const struct reading *r, const git_reference *ref, const git_oid *commit)
{
	git_object *object = NULL;

	if (r->g->git_reference_peel(&object, ref, GIT_OBJECT_COMMIT) < 0) {
		return false;
	}

	bool same = r->g->git_oid_cmp(r->g->git_object_id(object), commit) == 0;

	r->g->git_object_free(object);
	return same;
}

/* Of v1, v1.2 and v1.2.3 on one commit the longest says most; then the greatest. */
static bool tag_before(struct str a, struct str b)
{
	return a.len != b.len ? a.len < b.len : str_cmp(a, b) < 0;
}

static struct str tag_at(const struct reading *r, const git_oid *commit)
{
	const struct git2 *g = r->g;
	git_reference_iterator *refs = NULL;
	git_reference *ref = NULL;
	struct str best = STR_EMPTY;

	if (g->git_reference_iterator_new(&refs, r->repo) < 0) {
		return best;
	}
	while (g->git_reference_next(&ref, refs) == 0) {
		struct str name = str_of(g->git_reference_name(ref));

		if (str_starts(name, STR("refs/tags/")) && tag_before(best, name) &&
		    ref_peels_to(r, ref, commit)) {
			best = arena_str(r->a, name);
		}
		g->git_reference_free(ref);
	}
	g->git_reference_iterator_free(refs);
	return best;
}

static bool read_head(const struct reading *r, struct err *err)
{
	const struct git2 *g = r->g;
	git_reference *head = NULL;

	if (g->git_reference_lookup(&head, r->repo, "HEAD") < 0) {
		return git2_error(g, err, "%.*s: no HEAD", STR_ARG(r->out->git_dir));
	}

	const char *branch = g->git_reference_symbolic_target(head);

	if (branch) {
		r->out->ref = arena_str(r->a, str_of(branch));
		r->out->head = ref_commit(r, "HEAD");
	} else {
		r->out->ref = tag_at(r, g->git_reference_target(head));
		r->out->head = git2_hex(g, r->a, g->git_reference_target(head));
	}
	g->git_reference_free(head);
	return true;
}

static void read_paths(const struct reading *r)
{
	const struct git2 *g = r->g;

	r->out->root = without_slash(r->a, g->git_repository_workdir(r->repo));
	r->out->git_dir = without_slash(r->a, g->git_repository_path(r->repo));
	r->out->common_dir = without_slash(r->a, g->git_repository_commondir(r->repo));
}

/* Calls each(ctx, name, value) for the entries "PREFIX<name>SUFFIX". libgit2's own searches by
 * pattern (the list of remotes, url.*.insteadOf) are not used: they leak 20 KB for each entry that
 * does not match. */
static void config_each(const struct reading *r, struct str prefix, struct str suffix,
			void (*each)(void *ctx, struct str name, struct str value), void *ctx)
{
	git_config_iterator *entries = NULL;
	git_config_entry *entry = NULL;

	if (r->g->git_config_iterator_new(&entries, r->config) < 0) {
		return;
	}
	while (r->g->git_config_next(&entry, entries) == 0) {
		struct str key = str_of(entry->name);

		if (key.len > prefix.len + suffix.len && str_starts(key, prefix) &&
		    str_ends(key, suffix)) {
			each(ctx, str_slice(key, prefix.len, key.len - suffix.len),
			     str_of(entry->value));
		}
	}
	r->g->git_config_iterator_free(entries);
}

struct find_first {
	struct arena *a;
	struct str name;
};

static void take_first(void *ctx, struct str name, struct str value)
{
	struct find_first *find = ctx;

	(void)value;
	if (find->name.len == 0) {
		find->name = arena_str(find->a, name);
	}
}

struct find_base {
	struct arena *a;
	struct str url, base, prefix;
};

static void take_longest(void *ctx, struct str name, struct str value)
{
	struct find_base *find = ctx;

	if (str_starts(find->url, value) && value.len > find->prefix.len) {
		find->base = arena_str(find->a, name);
		find->prefix = arena_str(find->a, value);
	}
}

/* url.BASE.insteadOf */
static struct str instead_of(const struct reading *r, struct str url)
{
	struct find_base find = { r->a, url, STR_EMPTY, STR_EMPTY };

	config_each(r, STR("url."), STR(".insteadof"), take_longest, &find);
	return arena_printf(r->a, "%.*s%.*s", STR_ARG(find.base),
			    STR_ARG(str_slice(url, find.prefix.len, url.len)));
}

/* The URL as configured. One whose host is only a word ("gh:owner/name") is looked at again as
 * url.*.insteadOf rewrites it; a whole URL is not, or a mirror would become the identity. */
static struct remote_url remote_read(const struct reading *r, struct str name)
{
	const char *key = arena_printf(r->a, "remote.%.*s.url", STR_ARG(name)).p;
	struct str url = config_get(r, key);
	struct remote_url parsed = remote_url_parse(r->a, url);

	if (parsed.host.len == 0 || str_chr(parsed.host, '.', 0) != STR_NPOS) {
		return parsed;
	}
	return remote_url_parse(r->a, instead_of(r, url));
}

static struct str choose_remote(const struct reading *r, struct str wanted)
{
	struct find_first find = { r->a, STR_EMPTY };

	if (wanted.len || config_get(r, "remote.origin.url").len) {
		return wanted.len ? arena_str(r->a, wanted) : STR("origin");
	}
	config_each(r, STR("remote."), STR(".url"), take_first, &find);
	return find.name;
}

static void read_remote(const struct reading *r, struct str wanted)
{
	struct repo_facts *out = r->out;
	struct remote_url url = { STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY };

	out->remote = choose_remote(r, wanted);
	if (out->remote.len) {
		url = remote_read(r, out->remote);
	}
	out->remote_url = url.url;
	out->server = url.server.len ? url.server : STR("https://github.com");
	out->owner = url.owner.len && url.url.len ? url.owner : STR("local");
	out->name = url.url.len ? url.name : arena_str(r->a, base_name(out->root));
	if (out->name.len == 0) {
		out->name = STR("repository");
	}
}

/* refs/remotes/origin/HEAD says it; without it the name that most repositories use. */
static struct str default_branch(const struct reading *r, const char *remote_refs)
{
	const struct git2 *g = r->g;
	const char *head_name = arena_printf(r->a, "%sHEAD", remote_refs).p;
	struct str usual[] = { config_get(r, "init.defaultBranch"), STR("main"), STR("master") };
	git_reference *head = NULL;

	if (g->git_reference_lookup(&head, r->repo, head_name) == 0) {
		struct str target = str_of(g->git_reference_symbolic_target(head));
		struct str prefix = str_of(remote_refs);
		struct str branch = STR_EMPTY;

		if (str_starts(target, prefix)) {
			branch = arena_str(r->a, str_slice(target, prefix.len, target.len));
		}
		g->git_reference_free(head);
		if (branch.len) {
			return branch;
		}
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (usual[i].len && (ref_exists(r, remote_refs, usual[i]) ||
				     ref_exists(r, "refs/heads/", usual[i]))) {
			return usual[i];
		}
	}
	return STR_EMPTY;
}

/* As configured by `git push -u` and others; a branch that was pushed without is on the remote all
 * the same. */
static struct str upstream_ref(const struct reading *r, struct str branch, const char *remote_refs)
{
	struct str of = arena_printf(r->a, "branch.%.*s.", STR_ARG(branch));
	struct str remote = config_get(r, arena_printf(r->a, "%sremote", of.p).p);
	struct str merge = config_get(r, arena_printf(r->a, "%smerge", of.p).p);
	struct str heads = STR("refs/heads/");

	if (str_eq(remote, STR("."))) {
		return merge;
	}
	if (remote.len && str_starts(merge, heads)) {
		return arena_printf(r->a, "refs/remotes/%s/%s", remote.p, merge.p + heads.len);
	}
	return arena_printf(r->a, "%s%.*s", remote_refs, STR_ARG(branch));
}

static void read_branches(const struct reading *r)
{
	struct repo_facts *out = r->out;
	const char *remote_refs = arena_printf(r->a, "refs/remotes/%.*s/", STR_ARG(out->remote)).p;
	struct str branch = STR_EMPTY;

	if (str_starts(out->ref, STR("refs/heads/"))) {
		branch = str_slice(out->ref, strlen("refs/heads/"), out->ref.len);
	}
	out->default_branch = default_branch(r, remote_refs);
	if (out->default_branch.len == 0) {
		out->default_branch = branch.len ? branch : STR("main");
	}
	if (branch.len) {
		out->upstream = ref_commit(r, upstream_ref(r, branch, remote_refs).p);
	}
}

static bool read_all(struct reading *r, struct str remote, struct err *err)
{
	const struct git2 *g = r->g;
	git_config *live = NULL;

	if (g->git_repository_is_bare(r->repo)) {
		return err_set(err, ERR_USAGE, "%s is a bare repository: it has no files to run",
			       without_slash(r->a, g->git_repository_path(r->repo)).p);
	}
	read_paths(r);

	bool ok = g->git_repository_config(&live, r->repo) == 0 &&
		  g->git_config_snapshot(&r->config, live) == 0;

	g->git_config_free(live);
	if (!ok) {
		return git2_error(g, err, "%.*s: cannot read the configuration",
				  STR_ARG(r->out->git_dir));
	}
	if (read_head(r, err)) {
		read_remote(r, remote);
		read_branches(r);
		r->out->user_name = config_get(r, "user.name");
		r->out->user_email = config_get(r, "user.email");
		r->out->found = true;
	}
	g->git_config_free(r->config);
	return r->out->found;
}

/* True when git itself takes the directory; else the error is what git says, which names the fix
 * (safe.directory). */
static bool git_accepts(struct str dir, struct err *err)
{
	const char *const args[] = { "rev-parse", "--git-dir", NULL };

	return git_run(&(struct git_call){ .args = args, .dir = dir }, err);
}

/* A .git that leads nowhere (a removed worktree, a damaged repository) must not pass for "no
 * repository". */
static bool has_dot_git(struct arena *a, const char *dir)
{
	char *real = realpath(dir, NULL);
	struct str at = str_of(real);
	struct stat st;
	bool found = false;

	while (at.len > 0 && !found) {
		const char *path = arena_printf(a, "%.*s/.git", STR_ARG(at)).p;

		found = lstat(path, &st) == 0 &&
			(!S_ISDIR(st.st_mode) ||
			 access(arena_printf(a, "%s/HEAD", path).p, F_OK) == 0);
		at.len -= base_name(at).len;
		at.len -= at.len > 0;
	}
	free(real);
	return found;
}

/* *repo stays NULL when there is none. */
static bool open_repository(const struct git2 *g, struct arena *a, struct str dir,
			    git_repository **repo, struct err *err)
{
	const char *path = arena_cstr(a, dir);
	int rc = g->git_repository_open_ext(repo, path, 0, NULL);

	if (rc == GIT_ENOTFOUND) {
		*repo = NULL;
		return access(path, F_OK) < 0
			       ? err_set(err, ERR_NOT_FOUND, "%s: no such directory", path)
			       : !has_dot_git(a, path) || git_accepts(dir, err);
	}
	if (rc == GIT_EOWNER && git_accepts(dir, err)) {
		(void)g->git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
		rc = g->git_repository_open_ext(repo, path, 0, NULL);
		(void)g->git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	}
	if (rc < 0 && err->kind == ERR_NONE) {
		(void)git2_error(g, err, "%s: cannot read the git repository", path);
		if (str_find(str_of(err->msg), STR("extensions.objectformat"), 0) != STR_NPOS) {
			err_release(err);
			(void)err_set(
				err, ERR_INVALID,
				"%s: its objects are named by SHA-256, and GitHub has no such "
				"repositories",
				path);
		}
	}
	return rc >= 0;
}

bool repo_read(struct arena *a, struct str dir, struct str remote, struct repo_facts *out,
	       struct err *err)
{
	struct git2 g;
	struct reading r = { .g = &g, .a = a, .out = out };

	*out = (struct repo_facts){ .root = STR_EMPTY,
				    .git_dir = STR_EMPTY,
				    .common_dir = STR_EMPTY,
				    .head = STR_EMPTY,
				    .ref = STR_EMPTY,
				    .remote = STR_EMPTY,
				    .remote_url = STR_EMPTY,
				    .server = STR_EMPTY,
				    .owner = STR_EMPTY,
				    .name = STR_EMPTY,
				    .upstream = STR_EMPTY,
				    .user_name = STR_EMPTY,
				    .default_branch = STR_EMPTY,
				    .user_email = STR_EMPTY };
	if (!git2_load(&g, err) || !open_repository(&g, a, dir, &r.repo, err)) {
		return false;
	}
	if (!r.repo) {
		return true;
	}

	bool ok = read_all(&r, remote, err);

	g.git_repository_free(r.repo);
	return ok;
}
