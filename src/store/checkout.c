/*
 * checkout.c - a working tree with a real .git, made from a snapshot as actions/checkout makes it
 * from GitHub.
 *
 * Which refs are fetched, what HEAD is put on and the messages follow the action's ref-helper. The
 * transfer does not: what the action fetches is packed straight from the snapshot's objects, with
 * two git processes instead of eight. Nothing of the user's or the machine's git configuration
 * counts here, as there is none on GitHub's runner.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/repo.h"
#include "checkout_extra.h"
#include "git2.h"
#include "git_run.h"
#include "history.h"
#include "partial.h"
#include "refs.h"

struct checkout {
	const struct git2 *g;
	struct arena *a;
	const struct snapshot *snapshot;
	const struct checkout_spec *spec;
	const char *dest, *git_dir;
	git_repository *repo; /* the snapshot's */
	struct refs view;     /* origin's branches, the tags */
	struct str ref;       /* full or unqualified; or empty: only a commit is known */
	struct str commit;    /* or empty: what the ref stands for */
	struct refs fetched;  /* what .git gets */
	struct str branch;    /* the local branch to make; or empty */
	struct str detach;    /* else what HEAD is put on */
};

bool checkout_is_commit(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		char c = (char)(s.p[i] | 0x20);

		if (!digit && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}
	return s.len == GIT_OID_HEXSZ;
}

/* Case does not count in what the action compares refs with. */
static struct str behind(struct str ref, struct str prefix)
{
	return str_ieq(str_slice(ref, 0, prefix.len), prefix) ? str_slice(ref, prefix.len, ref.len)
							      : STR_EMPTY;
}

static struct str join(struct arena *a, const char *prefix, struct str name)
{
	return arena_printf(a, "%s%.*s", prefix, STR_ARG(name));
}

/* --- what is fetched ----------------------------------------------------------------------------
 */

static const git_oid *view_find(const struct checkout *c, struct str name)
{
	for (size_t i = 0; i < c->view.list.n; i++) {
		if (str_eq(c->view.list.v[i].name, name)) {
			return &c->view.list.v[i].id;
		}
	}
	return NULL;
}

/* refs/heads/NAME as origin has it; other refs as they are. Here case counts: origin has them. */
static const git_oid *origin_find(const struct checkout *c, struct str ref)
{
	struct str heads = STR("refs/heads/");

	return view_find(c, str_starts(ref, heads)
				    ? join(c->a, VIEW_HEADS, str_slice(ref, heads.len, ref.len))
				    : ref);
}

static void fetch(struct checkout *c, struct str name, const git_oid *id)
{
	refs_add(c->a, &c->fetched, name, id);
}

/* "+PREFIX*:TARGET*" for all of origin's refs. */
static void fetch_prefix(struct checkout *c, const char *prefix, struct str part,
			 const char *target)
{
	struct str from = str_of(prefix);

	for (size_t i = 0; i < c->view.list.n; i++) {
		const struct ref *ref = &c->view.list.v[i];
		struct str name = behind(ref->name, from);

		if (name.len && str_starts(name, part)) {
			fetch(c, join(c->a, target, name), &ref->id);
		}
	}
}

static bool no_such_ref(const struct checkout *c, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "couldn't find remote ref %.*s", STR_ARG(c->ref));
}

/* A name without refs/: the action fetches what begins with it, then prefers a branch to a tag. */
static bool fetch_unqualified(struct checkout *c, struct err *err)
{
	struct str branch = join(c->a, VIEW_HEADS, c->ref);
	struct str tag = join(c->a, "refs/tags/", c->ref);

	fetch_prefix(c, VIEW_HEADS, c->ref, "refs/remotes/origin/");
	fetch_prefix(c, "refs/tags/", c->ref, "refs/tags/");
	if (view_find(c, branch)) {
		c->branch = c->ref;
	} else if (view_find(c, tag)) {
		c->detach = tag;
	} else {
		return err_set(err, ERR_NOT_FOUND,
			       "A branch or tag with the name '%.*s' could not be found",
			       STR_ARG(c->ref));
	}
	return true;
}

/* Fetches the one ref and says what HEAD is put on. `id` is what it has to stand for. */
static void fetch_qualified(struct checkout *c, const git_oid *id)
{
	struct str branch = behind(c->ref, STR("refs/heads/"));
	struct str pull = behind(c->ref, STR("refs/pull/"));
	struct str tag = behind(c->ref, STR("refs/tags/"));

	if (branch.len) {
		c->branch = branch;
		fetch(c, join(c->a, "refs/remotes/origin/", branch), id);
	} else if (pull.len) {
		c->detach = join(c->a, "refs/remotes/pull/", pull);
		fetch(c, c->detach, id);
	} else if (tag.len) {
		c->detach = c->ref;
		fetch(c, c->ref, id);
	} else if (c->commit.len) {
		c->detach = git2_hex(c->g, c->a, id);
		fetch(c, STR_EMPTY, id); /* a tip of the history, and no ref */
	} else {
		c->detach = c->ref;
		fetch(c, c->ref, id);
	}
}

/* A tag's own object, so that an annotated tag stays one; the commit where it is another. */
static git_oid tag_object(const struct checkout *c, const git_oid *commit)
{
	const git_oid *id = origin_find(c, c->ref);
	git_object *object = NULL, *peeled = NULL;
	git_oid result = *commit;

	if (!id || c->g->git_object_lookup(&object, c->repo, id, GIT_OBJECT_ANY) < 0) {
		return result;
	}
	if (c->g->git_object_peel(&peeled, object, GIT_OBJECT_COMMIT) == 0 &&
	    c->g->git_oid_cmp(c->g->git_object_id(peeled), commit) == 0) {
		result = *id;
	}
	c->g->git_object_free(peeled);
	c->g->git_object_free(object);
	return result;
}

static bool fetch_commit(struct checkout *c, struct err *err)
{
	git_object *object = NULL;
	git_oid id;

	if (!git2_id(c->g, c->commit, &id) ||
	    c->g->git_object_lookup(&object, c->repo, &id, GIT_OBJECT_COMMIT) < 0) {
		return err_set(err, ERR_NOT_FOUND, "there is no commit %.*s in this repository",
			       STR_ARG(c->commit));
	}
	c->g->git_object_free(object);
	if (behind(c->ref, STR("refs/tags/")).len && !c->spec->old_tags) {
		id = tag_object(c, &id);
	}
	fetch_qualified(c, &id);
	return true;
}

static bool choose_ref(struct checkout *c, struct err *err)
{
	const git_oid *id;

	if (c->commit.len) {
		return fetch_commit(c, err);
	}
	if (behind(c->ref, STR("refs/")).len == 0) {
		return fetch_unqualified(c, err);
	}
	id = origin_find(c, c->ref);
	if (!id) {
		return no_such_ref(c, err);
	}
	fetch_qualified(c, id);
	return true;
}

static bool choose_refs(struct checkout *c, struct err *err)
{
	bool all = c->spec->depth <= 0;

	if (all) {
		fetch_prefix(c, VIEW_HEADS, STR_EMPTY, "refs/remotes/origin/");
	}
	if (all || (c->spec->tags && !c->spec->old_tags)) {
		fetch_prefix(c, "refs/tags/", STR_EMPTY, "refs/tags/");
	}
	return choose_ref(c, err);
}

/* Nothing asked for is what the run is about; 40 hex digits are a commit, all else is a ref. */
static void read_spec(struct checkout *c)
{
	struct str wanted = str_trim(c->spec->ref);

	c->ref = STR_EMPTY;
	c->commit = STR_EMPTY;
	c->branch = STR_EMPTY;
	c->detach = STR_EMPTY;
	if (wanted.len == 0) {
		c->ref = c->snapshot->ref;
		c->commit = c->snapshot->sha;
	} else if (checkout_is_commit(wanted)) {
		c->commit = wanted;
	} else {
		c->ref = wanted;
	}
}

/* --- .git
 * ----------------------------------------------------------------------------------------- */

static bool put_file(const struct checkout *c, const char *name, struct str text, struct err *err)
{
	return write_file(arena_printf(c->a, "%s/%s", c->git_dir, name).p, text, 0644, err);
}

/* A value of a git configuration file, quoted. */
static struct str quoted(struct arena *a, struct str s)
{
	struct strbuf out = STRBUF_INIT(0);

	(void)strbuf_addc(&out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n') {
			(void)strbuf_adds(&out, STR("\\n"));
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\') {
			(void)strbuf_addc(&out, '\\');
		}
		(void)strbuf_addc(&out, s.p[i]);
	}
	(void)strbuf_addc(&out, '"');

	struct str value = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return value;
}

/* The matchers of problem reports, GitHub's and others', look for a plain `url = …` line, as git
 * writes it where it can. */
static struct str config_value(struct arena *a, struct str s)
{
	static const char special[] = "\"\\;#\n";

	for (size_t i = 0; i < s.len; i++) {
		if (strchr(special, s.p[i])) {
			return quoted(a, s);
		}
	}
	return str_eq(s, str_trim(s)) ? s : quoted(a, s);
}

static struct str config_text(const struct checkout *c)
{
	struct str url = config_value(c->a, c->spec->remote_url);

	return arena_printf(c->a,
			    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
			    "\tbare = false\n\tlogallrefupdates = true\n"
			    "[remote \"origin\"]\n\turl = %.*s\n"
			    "\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
			    "[gc]\n\tauto = 0\n",
			    STR_ARG(url));
}

/* What `git init` makes, and the action's own settings. */
static bool make_git_dir(const struct checkout *c, struct err *err)
{
	static const char *const dirs[] = { "objects/info", "objects/pack", "refs/heads",
					    "refs/tags",    "hooks",        "info" };

	if (access(c->git_dir, F_OK) == 0) {
		return err_set(err, ERR_SYSTEM, "%s is there already", c->git_dir);
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (!make_dirs(arena_printf(c->a, "%s/%s", c->git_dir, dirs[i]).p, 0755, err)) {
			return false;
		}
	}
	return put_file(c, "HEAD", STR("ref: refs/heads/master\n"), err) &&
	       put_file(c, "config", config_text(c), err) &&
	       put_file(c, "info/exclude", STR(""), err) &&
	       put_file(c, "description",
			STR("Unnamed repository; edit this file 'description' to name the "
			    "repository.\n"),
			err);
}

/* The tips of what is wanted, once each; refs without a name are only that. */
static struct str take_tips(struct checkout *c)
{
	struct strbuf text = STRBUF_INIT(0);
	size_t named = 0;

	refs_sort(&c->fetched);
	for (size_t i = 0; i < c->fetched.list.n; i++) {
		(void)strbuf_adds(&text, git2_hex(c->g, c->a, &c->fetched.list.v[i].id));
		(void)strbuf_addc(&text, '\n');
	}

	struct str tips = arena_str(c->a, strbuf_str(&text));

	for (size_t i = 0; i < c->fetched.list.n; i++) {
		if (c->fetched.list.v[i].name.len) {
			c->fetched.list.v[named++] = c->fetched.list.v[i];
		}
	}
	c->fetched.list.n = named;
	strbuf_release(&text);
	return tips;
}

/* An entry of GIT_ALTERNATE_OBJECT_DIRECTORIES, quoted for paths with colons. */
static const char *alternates_env(const struct checkout *c)
{
	struct str objects = join(c->a, c->snapshot->git_dir.p, STR("/objects"));

	return join(c->a, "GIT_ALTERNATE_OBJECT_DIRECTORIES=", quoted(c->a, objects)).p;
}

/* One pack with what is wanted, written where it belongs. Searching for deltas would take longer
 * than they save in a stream that stays on the machine, and so would waiting for the disk. What a
 * partial clone lacks git fetches into the snapshot, as its user would. */
static bool pack(const struct checkout *c, struct str tips, struct err *err)
{
	const char *partial = partial_config(c->a, c->snapshot->git_dir);
	const char *args[16] = { "-c", "core.fsync=none" };
	size_t n = 2;

	if (partial) {
		args[n++] = "-c";
		args[n++] = arena_printf(c->a, "include.path=%s", partial).p;
	}
	args[n++] = "pack-objects";
	args[n++] = "-q";
	args[n++] = "--revs";
	args[n++] = "--delta-base-offset";
	args[n++] = "--window=0";
	args[n++] = "--compression=1";
	args[n++] = arena_printf(c->a, "%s/objects/pack/pack", c->git_dir).p;

	struct str where = partial ? c->snapshot->git_dir : str_of(c->git_dir);
	const char *const env[] = {
		join(c->a, "GIT_DIR=", where).p,
		partial ? arena_printf(c->a, "GIT_SHALLOW_FILE=%s/shallow", c->git_dir).p
			: alternates_env(c),
		NULL,
	};

	return git_run(&(struct git_call){ .args = args,
					   .env = env,
					   .dir = str_of(c->dest),
					   .input = &tips,
					   .isolated = !partial,
					   .users = partial != NULL },
		       err);
}

/* As git itself adds tags to what is fetched: those of commits that come anyway, and
 * no history of their own. */
static bool follow_tags(struct checkout *c, struct err *err)
{
	struct refs tags = { 0 };

	if (!c->spec->tags || !c->spec->old_tags || c->spec->depth <= 0) {
		return true;
	}
	for (size_t i = 0; i < c->view.list.n; i++) {
		const struct ref *ref = &c->view.list.v[i];

		if (str_starts(ref->name, STR("refs/tags/"))) {
			refs_add(c->a, &tags, ref->name, &ref->id);
		}
	}
	return history_tags(c->a, c->g, c->repo, &c->fetched, c->spec->depth, &tags, &c->fetched,
			    err);
}

static bool transfer(struct checkout *c, struct err *err)
{
	struct str shallow;

	if (!history_shallow(c->a, c->g, c->repo, &c->fetched, c->spec->depth, &shallow, err) ||
	    (shallow.len && !put_file(c, "shallow", shallow, err)) || !follow_tags(c, err)) {
		return false;
	}

	struct str tips = take_tips(c);

	return pack(c, tips, err) && refs_write(c->g, &c->fetched, c->git_dir, err);
}

/* Real git writes the files, the index, HEAD and the branch with its upstream. */
static bool put_files(const struct checkout *c, struct err *err)
{
	const char *start = join(c->a, "refs/remotes/origin/", c->branch).p;
	const char *const branch[] = {
		"checkout", "-q", "--force", "-B", arena_cstr(c->a, c->branch), start, NULL
	};
	const char *const detach[] = {
		"checkout", "-q", "--force", "--detach", arena_cstr(c->a, c->detach), NULL
	};
	const char *const env[] = { join(c->a, "GIT_DIR=", str_of(c->git_dir)).p,
				    join(c->a, "GIT_WORK_TREE=", str_of(c->dest)).p, NULL };

	return git_run(&(struct git_call){ .args = c->branch.len ? branch : detach,
					   .env = env,
					   .dir = str_of(c->dest),
					   .isolated = true },
		       err);
}

static bool check_out(struct checkout *c, struct err *err)
{
	if (!refs_read(c->a, c->g, c->repo, STR("refs/"), &c->view, err)) {
		return false;
	}
	read_spec(c);

	struct checkout_extra extra = {
		.a = c->a, .spec = c->spec, .dest = c->dest, .git_dir = c->git_dir
	};

	return choose_refs(c, err) && make_git_dir(c, err) && transfer(c, err) &&
	       checkout_sparse(&extra, err) && put_files(c, err) && checkout_lfs(&extra, err) &&
	       checkout_submodules(&extra, err);
}

bool snapshot_checkout(struct arena *a, const struct snapshot *snapshot,
		       const struct checkout_spec *spec, struct str dest, struct err *err)
{
	struct git2 g;
	struct checkout c = { .g = &g, .a = a, .snapshot = snapshot, .spec = spec };

	if (!git2_load(&g, err) || !snapshot_ready(a, snapshot, err)) {
		return false;
	}

	/* As on a runner, whatever the user's own umask is. */
	mode_t mask = umask(022);

	c.dest = arena_cstr(a, dest);
	if (make_dirs(c.dest, 0755, err)) {
		char *real = realpath(c.dest, NULL);

		c.dest = arena_cstr(a, str_of(real));
		c.git_dir = arena_printf(a, "%s/.git", c.dest).p;
		free(real);
		c.repo = git2_reopen(&g, snapshot->git_dir, err);
	}

	bool ok = c.repo && check_out(&c, err);

	g.git_repository_free(c.repo);
	(void)umask(mask);
	return ok;
}

bool checkout_head(struct arena *a, struct str dest, struct str *commit, struct err *err)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct str branch = STR("ref: ");
	bool ok = read_file(arena_printf(a, "%.*s/.git/HEAD", STR_ARG(dest)).p, &text, err);

	*commit = arena_str(a, str_trim(strbuf_str(&text)));
	if (ok && str_starts(*commit, branch)) {
		struct str ref = str_slice(*commit, branch.len, commit->len);

		strbuf_reset(&text);
		ok = read_file(arena_printf(a, "%.*s/.git/%.*s", STR_ARG(dest), STR_ARG(ref)).p,
			       &text, err);
		*commit = arena_str(a, str_trim(strbuf_str(&text)));
	}
	strbuf_release(&text);
	return ok;
}
