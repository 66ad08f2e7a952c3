/*
 * checkout_extra.c - sparse checkouts, Git LFS, submodules (the inputs of actions/checkout).
 *
 * git itself writes what it keeps about them, so that its later versions find what they expect.
 * Contents come from the user's own repository where it has them; only submodules that were never
 * cloned here are fetched.
 */
#include "checkout_extra.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "git_run.h"

enum { POINTER_MAX = 1024, OID_LEN = 64, OUT_MAX = 16 << 20 };

static bool git_here(const struct checkout_extra *x, const char *const *args, struct strbuf *out,
		     struct err *err)
{
	const char *const env[] = { arena_printf(x->a, "GIT_DIR=%s", x->git_dir).p,
				    arena_printf(x->a, "GIT_WORK_TREE=%s", x->dest).p, NULL };

	return git_run(&(struct git_call){ .args = args,
					   .env = env,
					   .dir = str_of(x->dest),
					   .isolated = true,
					   .out = out },
		       err);
}

static bool set_config(const struct checkout_extra *x, const char *key, const char *value,
		       struct err *err)
{
	const char *const args[] = { "config", key, value, NULL };

	return git_here(x, args, NULL, err);
}

/* --- sparse --------------------------------------------------------------------------------------
 */

static bool sparse_patterns(const struct checkout_extra *x, struct err *err)
{
	struct strbuf text = STRBUF_INIT(0);

	for (size_t i = 0; i < x->spec->nsparse; i++) {
		(void)strbuf_addf(&text, "\n%.*s", STR_ARG(x->spec->sparse[i]));
	}
	(void)strbuf_addc(&text, '\n');

	bool ok = set_config(x, "core.sparseCheckout", "true", err) &&
		  write_file(arena_printf(x->a, "%s/info/sparse-checkout", x->git_dir).p,
			     strbuf_str(&text), 0644, err);

	strbuf_release(&text);
	return ok;
}

bool checkout_sparse(const struct checkout_extra *x, struct err *err)
{
	VEC(const char *) args = { 0 };

	if (x->spec->nsparse == 0) {
		return true;
	}
	if (x->spec->patterns) {
		return sparse_patterns(x, err);
	}
	vec_push(x->a, &args, "sparse-checkout");
	vec_push(x->a, &args, "set");
	vec_push(x->a, &args, "--cone");
	for (size_t i = 0; i < x->spec->nsparse; i++) {
		vec_push(x->a, &args, arena_cstr(x->a, x->spec->sparse[i]));
	}
	vec_push(x->a, &args, NULL);
	return git_here(x, args.v, NULL, err);
}

/* --- Git LFS -------------------------------------------------------------------------------------
 */

/* The object that a pointer file stands for; empty: it is no pointer. */
static struct str pointer_oid(struct arena *a, const char *path)
{
	struct strbuf text = STRBUF_INIT(POINTER_MAX);
	struct err ignored = ERR_INIT;
	struct str oid = STR_EMPTY, key = STR("oid sha256:");

	if (read_file(path, &text, &ignored) &&
	    str_starts(strbuf_str(&text), STR("version https://git-lfs.github.com/spec/v1\n"))) {
		struct str rest = strbuf_str(&text);

		while (rest.p) {
			struct str line = str_trim(str_cut(&rest, '\n'));

			if (str_starts(line, key) && line.len == key.len + OID_LEN) {
				oid = arena_str(a, str_slice(line, key.len, line.len));
			}
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
	return oid;
}

static bool copy_file(const char *from, const char *to, struct err *err)
{
	char piece[64 * 1024];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	bool ok = in && out;
	size_t n;

	while (ok && (n = fread(piece, 1, sizeof(piece), in)) > 0) {
		ok = fwrite(piece, 1, n, out) == n;
	}
	ok = ok && !ferror(in);
	if (in) {
		(void)fclose(in);
	}
	if (out && fclose(out) != 0) {
		ok = false;
	}
	return ok || err_sys(err, errno, "%s", to);
}

/* The object goes into the job's own store of objects too, where git-lfs looks for it. */
static bool put_object(const struct checkout_extra *x, const char *path, struct str oid,
		       struct err *err)
{
	struct str dir = arena_printf(x->a, "lfs/objects/%.2s/%.2s", oid.p, oid.p + 2);
	struct str from = arena_printf(x->a, "%.*s/%.*s/%.*s", STR_ARG(x->spec->common_dir),
				       STR_ARG(dir), STR_ARG(oid));
	struct str to = arena_printf(x->a, "%s/%.*s", x->git_dir, STR_ARG(dir));

	if (access(from.p, R_OK) != 0) {
		return err_set(
			err, ERR_NOT_FOUND,
			"the content of %s is not in this repository: `git lfs fetch` gets it",
			path + strlen(x->dest) + 1);
	}
	return make_dirs(to.p, 0755, err) &&
	       copy_file(from.p, arena_printf(x->a, "%.*s/%.*s", STR_ARG(to), STR_ARG(oid)).p,
			 err) &&
	       copy_file(from.p, path, err);
}

static bool put_contents(const struct checkout_extra *x, struct err *err)
{
	char *const roots[] = { arena_cstr(x->a, str_of(x->dest)), NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk || err_sys(err, errno, "%s", x->dest);
	FTSENT *e;

	while (ok && (e = fts_read(walk))) {
		if (e->fts_info == FTS_D && strcmp(e->fts_path, x->git_dir) == 0) {
			(void)fts_set(walk, e, FTS_SKIP);
		} else if (e->fts_info == FTS_F && e->fts_statp->st_size < POINTER_MAX) {
			struct str oid = pointer_oid(x->a, e->fts_path);

			ok = oid.len == 0 || put_object(x, e->fts_path, oid, err);
		}
	}
	if (walk) {
		(void)fts_close(walk);
	}
	return ok;
}

bool checkout_lfs(const struct checkout_extra *x, struct err *err)
{
	/* As `git lfs install --local` has it. */
	static const char *const settings[][2] = {
		{ "filter.lfs.smudge", "git-lfs smudge -- %f" },
		{ "filter.lfs.process", "git-lfs filter-process" },
		{ "filter.lfs.required", "true" },
		{ "filter.lfs.clean", "git-lfs clean -- %f" },
	};

	if (!x->spec->lfs) {
		return true;
	}
	if (!put_contents(x, err)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!set_config(x, settings[i][0], settings[i][1], err)) {
			return false;
		}
	}
	return true;
}

/* --- submodules ----------------------------------------------------------------------------------
 */

/* One repository whose submodules are checked out. */
struct super {
	const char *dir;   /* its working tree in the copy */
	const char *local; /* the user's git directory of the same repository; "" = there is none */
};

/* Everything that a submodule needs is in the repository or comes from its own URL, for which the
 * user's configuration counts. */
static bool git_in(const struct checkout_extra *x, const char *dir, const char *const *args,
		   struct strbuf *out, struct err *err)
{
	(void)x;
	return git_run(
		&(struct git_call){ .args = args, .dir = str_of(dir), .users = true, .out = out },
		err);
}

/* The names of .gitmodules, one a line. */
static bool submodule_names(const struct checkout_extra *x, const struct super *s,
			    struct strbuf *out, struct err *err)
{
	const char *const args[] = { "config",      "-f",           ".gitmodules",
				     "--name-only", "--get-regexp", "^submodule\\..*\\.path$",
				     NULL };

	return git_in(x, s->dir, args, out, err);
}

static struct str value_of(const struct checkout_extra *x, const struct super *s, struct str name,
			   const char *what)
{
	const char *const args[] = { "config", "-f", ".gitmodules",
				     arena_printf(x->a, "submodule.%.*s.%s", STR_ARG(name), what).p,
				     NULL };
	struct strbuf out = STRBUF_INIT(OUT_MAX);
	struct err ignored = ERR_INIT;
	struct str value = git_in(x, s->dir, args, &out, &ignored)
				   ? arena_str(x->a, str_trim(strbuf_str(&out)))
				   : STR_EMPTY;

	err_release(&ignored);
	strbuf_release(&out);
	return value;
}

static const char *local_of(const struct checkout_extra *x, const struct super *s, struct str name)
{
	struct str dir = arena_printf(x->a, "%s/modules/%.*s", s->local, STR_ARG(name));

	return s->local[0] && access(arena_printf(x->a, "%.*s/HEAD", STR_ARG(dir)).p, F_OK) == 0
		       ? dir.p
		       : "";
}

/* For the time of the update the submodule's URL is the user's own clone. */
static bool use_local(const struct checkout_extra *x, const struct super *s, struct str name,
		      struct err *err)
{
	const char *local = local_of(x, s, name);
	const char *const args[] = { "config",
				     arena_printf(x->a, "submodule.%.*s.url", STR_ARG(name)).p,
				     arena_printf(x->a, "file://%s", local).p, NULL };

	return !local[0] || git_in(x, s->dir, args, NULL, err);
}

static bool update_all(const struct checkout_extra *x, const struct super *s, struct err *err)
{
	const char *depth = arena_printf(x->a, "--depth=%ld", x->spec->depth).p;
	const char *const update[] = { "-c",
				       "protocol.file.allow=always",
				       "-c",
				       "protocol.version=2",
				       "-c",
				       "advice.detachedHead=false",
				       "submodule",
				       "--quiet",
				       "update",
				       "--force",
				       x->spec->depth > 0 ? depth : NULL,
				       NULL };
	const char *const sync[] = { "submodule", "--quiet", "sync", NULL };

	return git_in(x, s->dir, update, NULL, err) && git_in(x, s->dir, sync, NULL, err);
}

static bool finish(const struct checkout_extra *x, const char *dir, struct err *err)
{
	const char *const args[] = { "config", "gc.auto", "0", NULL };

	return git_in(x, dir, args, NULL, err);
}

static bool in_super(const struct checkout_extra *x, const struct super *s, struct str names,
		     unsigned depth, struct err *err);

static bool submodules_of(const struct checkout_extra *x, const struct super *s, unsigned depth,
			  struct err *err)
{
	struct strbuf names = STRBUF_INIT(OUT_MAX);
	const char *const init[] = { "submodule", "--quiet", "init", NULL };
	struct stat st;
	bool ok = true;

	if (depth == 0 || stat(arena_printf(x->a, "%s/.gitmodules", s->dir).p, &st) < 0) {
		return true;
	}
	ok = submodule_names(x, s, &names, err) && git_in(x, s->dir, init, NULL, err) &&
	     in_super(x, s, strbuf_str(&names), depth, err);
	strbuf_release(&names);
	return ok;
}

/* "submodule.NAME.path" */
static struct str name_in(struct str key)
{
	return str_slice(key, strlen("submodule."), key.len - strlen(".path"));
}

static bool in_super(const struct checkout_extra *x, const struct super *s, struct str names,
		     unsigned depth, struct err *err)
{
	for (struct str rest = names; rest.p;) {
		struct str key = str_trim(str_cut(&rest, '\n'));

		if (key.len && !use_local(x, s, name_in(key), err)) {
			return false;
		}
	}
	if (!update_all(x, s, err)) {
		return false;
	}
	for (struct str rest = names; rest.p;) {
		struct str key = str_trim(str_cut(&rest, '\n'));
		struct str path = key.len ? value_of(x, s, name_in(key), "path") : STR_EMPTY;
		struct str dir = arena_printf(x->a, "%s/%.*s", s->dir, STR_ARG(path));
		struct super sub = { dir.p, key.len ? local_of(x, s, name_in(key)) : "" };
		struct str git = arena_printf(x->a, "%.*s/.git", STR_ARG(dir));

		if (path.len && access(git.p, F_OK) == 0 &&
		    (!finish(x, dir.p, err) || !submodules_of(x, &sub, depth - 1, err))) {
			return false;
		}
	}
	return true;
}

bool checkout_submodules(const struct checkout_extra *x, struct err *err)
{
	enum { LEVELS = 50 };
	struct super top = { x->dest, arena_cstr(x->a, x->spec->common_dir) };

	return x->spec->submodules == SUBMODULES_NONE ||
	       submodules_of(x, &top, x->spec->submodules == SUBMODULES_DIRECT ? 1 : LEVELS, err) ||
	       err_wrap(err, "submodules");
}
