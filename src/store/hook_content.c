/*
 * hook_content.c - what is being committed or pushed: its workflow files, and the repository's
 * facts at a commit.
 *
 * Two git processes, whatever the number of files: one lists, one gives the contents, as they are
 * in the repository and as GitHub reads them (no filters). The whole tree is snapshot.c's.
 */
#include <stdio.h>
#include <string.h>

#include "actc/action_lock.h"
#include "actc/file.h"
#include "actc/hook.h"
#include "git_run.h"

enum { LISTING_MAX = 16 * 1024 * 1024, CONTENTS_MAX = 256 * 1024 * 1024 };

struct entry {
	struct str path, id;
};

struct writing {
	struct arena *a;
	const struct content *content;
	struct str dir;
	VEC(struct entry) entries;
};

static bool is_workflow_file(struct str path)
{
	return str_ends(path, STR(".yml")) || str_ends(path, STR(".yaml"));
}

/* What pins their actions comes with them. */
static bool is_lock_file(struct str path)
{
	return str_ends(path, STR(ACTION_LOCK_PATH));
}

/* `<mode> <type> <id>\t<path>` of ls-tree, `<mode> <id> <stage>\t<path>` of ls-files; only plain
 * files, and none that leads out of the directory. */
static void take_entry(struct writing *w, struct str record)
{
	struct str facts = str_cut(&record, '\t');
	struct str mode = str_cut(&facts, ' ');
	struct str second = str_cut(&facts, ' ');
	struct str id = w->content->commit.len ? facts : second;

	if (str_starts(mode, STR("100")) && (is_workflow_file(record) || is_lock_file(record)) &&
	    !str_starts(record, STR("/")) && str_find(record, STR("../"), 0) == STR_NPOS) {
		vec_push(w->a, &w->entries,
			 (struct entry){ arena_str(w->a, record), arena_str(w->a, id) });
	}
}

static const char *const *list_args(const struct writing *w, const struct str *paths, size_t n)
{
	const char **args = arena_array(w->a, const char *, n + 8);
	size_t at = 0;

	args[at++] = "--literal-pathspecs";
	if (w->content->commit.len) {
		args[at++] = "ls-tree";
		args[at++] = "-rz";
		args[at++] = arena_printf(w->a, "%.*s^{commit}", STR_ARG(w->content->commit)).p;
	} else {
		args[at++] = "ls-files";
		args[at++] = "-sz";
	}
	args[at++] = "--";
	for (size_t i = 0; i < n; i++) {
		/* ls-tree goes into a directory only when the name ends with a slash; that a file
		 * does not is seen by its name. */
		args[at++] = arena_printf(w->a, "%.*s%s", STR_ARG(paths[i]),
					  is_workflow_file(paths[i]) || str_ends(paths[i], STR("/"))
						  ? ""
						  : "/")
				     .p;
	}
	return args;
}

static const char *const *list_env(const struct writing *w)
{
	const char **env = arena_array(w->a, const char *, 2);

	if (w->content->index.len) {
		env[0] = arena_printf(w->a, "GIT_INDEX_FILE=%.*s", STR_ARG(w->content->index)).p;
	}
	return env;
}

static bool check_commit(const struct writing *w, struct err *err)
{
	struct str commit = w->content->commit;

	return !str_starts(commit, STR("-")) ||
	       err_set(err, ERR_NOTHING, "there is no commit '%.*s'", STR_ARG(commit));
}

static bool list(struct writing *w, const struct str *paths, size_t n, struct err *err)
{
	struct strbuf out = STRBUF_INIT(LISTING_MAX);
	struct git_call call = {
		.args = list_args(w, paths, n), .env = list_env(w), .dir = STR("."), .out = &out
	};
	bool ok = git_run(&call, err);

	for (struct str rest = strbuf_str(&out); ok && rest.len > 0;) {
		take_entry(w, str_cut(&rest, '\0'));
	}
	strbuf_release(&out);
	return ok;
}

static bool write_entry(const struct writing *w, struct str path, struct str bytes, struct err *err)
{
	const char *full = arena_printf(w->a, "%.*s/%.*s", STR_ARG(w->dir), STR_ARG(path)).p;
	struct str parent = str_slice(str_of(full), 0, (size_t)(strrchr(full, '/') - full));

	return make_dirs(arena_cstr(w->a, parent), 0700, err) && write_file(full, bytes, 0600, err);
}

/* `<id> blob <size>\n<bytes>\n` for each, in the order in which they were asked for. */
static bool write_contents(const struct writing *w, struct str all, struct err *err)
{
	for (size_t i = 0; i < w->entries.n; i++) {
		struct str head = str_cut(&all, '\n');
		struct str size_text = head;
		unsigned long size = 0;

		while (str_chr(size_text, ' ', 0) != STR_NPOS) {
			(void)str_cut(&size_text, ' ');
		}
		if (!str_to_ulong(size_text, &size) || !all.p || size >= all.len) {
			return err_set(err, ERR_SYSTEM, "git cat-file: %.*s", STR_ARG(head));
		}
		if (!write_entry(w, w->entries.v[i].path, str_slice(all, 0, size), err)) {
			return false;
		}
		all = str_slice(all, size + 1, all.len);
	}
	return true;
}

static bool fetch_contents(const struct writing *w, struct err *err)
{
	static const char *const args[] = { "cat-file", "--batch", NULL };
	struct strbuf asked = STRBUF_INIT(0), out = STRBUF_INIT(CONTENTS_MAX);

	for (size_t i = 0; i < w->entries.n; i++) {
		(void)strbuf_addf(&asked, "%.*s\n", STR_ARG(w->entries.v[i].id));
	}

	struct str input = strbuf_str(&asked);
	struct git_call call = { .args = args, .dir = STR("."), .input = &input, .out = &out };
	bool ok = git_run(&call, err) && write_contents(w, strbuf_str(&out), err);

	strbuf_release(&asked);
	strbuf_release(&out);
	return ok;
}

bool content_write(struct arena *a, const struct content *content, const struct str *paths,
		   size_t npaths, struct str dir, size_t *n, struct err *err)
{
	struct writing w = { .a = a, .content = content, .dir = dir };

	if (!check_commit(&w, err) || !list(&w, paths, npaths, err)) {
		return false;
	}
	*n = 0;
	for (size_t i = 0; i < w.entries.n; i++) {
		*n += is_workflow_file(w.entries.v[i].path);
	}
	return *n == 0 || fetch_contents(&w, err);
}

bool content_read(struct arena *a, const struct content *content, const char *path, bool *found,
		  struct str *text, struct err *err)
{
	static const char *const args[] = { "cat-file", "--batch", NULL };
	struct writing w = { .a = a, .content = content };
	struct strbuf out = STRBUF_INIT(CONTENTS_MAX);
	struct str input = arena_printf(a, "%.*s:%s\n", STR_ARG(content->commit), path);
	struct git_call call = {
		.args = args, .env = list_env(&w), .dir = STR("."), .input = &input, .out = &out
	};
	bool ok = check_commit(&w, err) && git_run(&call, err);
	struct str all = strbuf_str(&out), head = str_cut(&all, '\n');

	*found = ok && all.len > 0 && str_find(head, STR(" blob "), 0) != STR_NPOS;
	*text = *found ? arena_str(a, str_slice(all, 0, all.len - 1)) : STR_EMPTY;
	strbuf_release(&out);
	return ok;
}

static bool is_zero(struct str id)
{
	size_t n = 0;

	while (n < id.len && id.p[n] == '0') {
		n++;
	}
	return n == id.len;
}

bool repo_at_commit(struct arena *a, struct str commit, struct str ref, struct str before,
		    struct repo_facts *facts, struct err *err)
{
	const char *const args[] = { "rev-parse", "--verify", "--quiet",
				     arena_printf(a, "%.*s^{commit}", STR_ARG(commit)).p, NULL };
	struct strbuf out = STRBUF_INIT(4096);
	int status = 0;
	bool ok = git_try(&(struct git_call){ .args = args, .dir = STR("."), .out = &out }, &status,
			  err);

	if (ok && status != 0) {
		ok = err_set(err, ERR_NOTHING, "there is no commit '%.*s'", STR_ARG(commit));
	}
	if (ok) {
		facts->head = arena_str(a, str_trim(strbuf_str(&out)));
		facts->ref = ref.len ? ref : facts->ref;
		if (before.len) {
			facts->upstream = is_zero(before) ? STR_EMPTY : before;
		}
	}
	strbuf_release(&out);
	return ok;
}
