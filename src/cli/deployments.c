/*
 * deployments.c - .github/act-c.yml with the files that it names, --approve, and --token-from-gh.
 *
 * A repository's own file may name files inside the repository only, and cannot approve anything.
 * What the rules do in a run is not here (run/gate.c).
 */
#include "deployments.h"

#include <limits.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/hook.h"
#include "actc/process.h"
#include "options.h"

enum { FILE_MAX = 1 << 20, TOKEN_MAX = 64 << 10, GH_MS = 15000 };

static const char shown[] = ".github/act-c.yml";

/* --- files of an environment -------------------------------------------------------------------
 */

struct reading {
	struct options *o;
	struct str root;
	const struct source *src;
	struct environment *e;
};

static void add_missing(struct reading *r, struct str text)
{
	struct str *all = &r->e->missing;

	*all = arena_printf(&r->o->arena, "%.*s%s%.*s", STR_ARG(*all), all->len ? "; " : "",
			    STR_ARG(text));
}

/* A file that is not there is said when something is deployed with it: who only tests has no use
 * for the secrets of production. */
static bool read_file_of(struct reading *r, const struct spanned *file, enum value_source kind,
			 struct settings *out, struct err *err)
{
	struct arena *a = &r->o->arena;
	struct str path = r->root.len && !str_starts(file->s, STR("/"))
				  ? arena_printf(a, "%.*s/%.*s", STR_ARG(r->root), STR_ARG(file->s))
				  : file->s;

	if (file->s.len == 0) {
		return true;
	}
	if (!options_inside_repository(a, path)) {
		add_missing(r, arena_printf(a, "%.*s is not read: it is outside the repository",
					    STR_ARG(file->s)));
		return true;
	}
	if (access(arena_cstr(a, path), F_OK) != 0) {
		add_missing(r, arena_printf(a, "%.*s is not there", STR_ARG(file->s)));
		return true;
	}
	return options_values_file(r->o, kind, path, out, err) ||
	       err_wrap(err, "%s:%u", shown, source_place(r->src, file->at.lo).line);
}

static bool read_files(struct reading *r, struct err *err)
{
	struct environment *e = r->e;

	return read_file_of(r, &e->secrets_file, VALUES_SECRETS, &e->secrets, err) &&
	       read_file_of(r, &e->vars_file, VALUES_VARS, &e->vars, err) &&
	       read_file_of(r, &e->env_file, VALUES_ENV, &e->env, err);
}

/* *text has .p == NULL when there is none. */
static bool read_tree(struct options *o, struct str root, struct str *text, struct err *err)
{
	struct str path =
		root.len ? arena_printf(&o->arena, "%.*s/%s", STR_ARG(root), shown) : str_of(shown);
	struct strbuf out = STRBUF_INIT(FILE_MAX);
	bool ok = read_file(arena_cstr(&o->arena, path), &out, err);

	if (ok) {
		*text = arena_str(&o->arena, strbuf_str(&out));
	} else if (err->kind == ERR_NOT_FOUND) {
		err_release(err);
		ok = true;
	} else {
		err->kind = ERR_USAGE;
	}
	strbuf_release(&out);
	return ok;
}

/* Where a commit, or what is staged, is rehearsed, its own rules count. */
static bool read_content(struct options *o, struct str *text, struct err *err)
{
	const struct content content = { .commit = o->commit, .index = o->index_file };
	bool found = false;
	struct str read = STR_EMPTY;

	if (!content_read(&o->arena, &content, shown, &found, &read, err)) {
		return false;
	}
	if (read.len > FILE_MAX) {
		return err_set(err, ERR_USAGE, "%s is larger than %d bytes", shown, FILE_MAX);
	}
	if (found) {
		*text = read;
	}
	return true;
}

bool deployments_read(struct options *o, struct str root, struct diags *diags,
		      struct environments *out, struct err *err)
{
	struct str text = { NULL, 0 };
	struct reading r = { .o = o, .root = root };
	char here[PATH_MAX];
	bool ok = true;

	*out = (struct environments){ 0 };
	if (getcwd(here, sizeof(here)) && str_eq(root, str_of(here))) {
		r.root = root = STR_EMPTY; /* messages name files as they are written */
	}
	ok = o->staged || o->commit.len ? read_content(o, &text, err)
					: read_tree(o, root, &text, err);
	if (!ok || !text.p) {
		return ok;
	}

	uint32_t file = sources_add(diags->sources, STR(".github/act-c.yml"), text);

	r.src = sources_get(diags->sources, file);
	if (!environments_read(&o->arena, file, diags, out)) {
		return err_set(err, ERR_INVALID, "%s cannot be used", shown);
	}
	for (size_t i = 0; ok && i < out->n; i++) {
		r.e = &out->v[i];
		ok = read_files(&r, err);
	}
	return ok;
}

/* --- approvals ---------------------------------------------------------------------------------
 */

static bool is_word(struct str s)
{
	return str_eq(s, STR("all")) || str_eq(s, STR("none"));
}

struct approvals deployments_approvals(struct options *o)
{
	struct approvals out = { .v = o->approve.v, .n = o->approve.n };

	for (size_t i = 0; i < o->approve.n; i++) {
		out.all = out.all || str_eq(o->approve.v[i], STR("all"));
		out.none = out.none || str_eq(o->approve.v[i], STR("none"));
	}
	/* The question is written to stderr, so that `act-c run --json | program` can ask. */
	out.can_ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	return out;
}

struct str deployments_unknown(struct options *o, const struct environments *declared)
{
	for (size_t i = 0; i < o->approve.n; i++) {
		struct str name = o->approve.v[i];

		if (!is_word(name) && !environments_find(declared, name)) {
			return arena_printf(&o->arena,
					    "--approve %.*s: %s declares no such environment",
					    STR_ARG(name), shown);
		}
	}
	return STR_EMPTY;
}

/* --- the token of gh ---------------------------------------------------------------------------
 */

static bool ask_gh(struct options *o, struct str host, struct strbuf *out, struct err *err)
{
	const char *const argv[] = {
		"gh", "auth", "token", "--hostname", arena_cstr(&o->arena, host), NULL
	};
	struct child_spec spec = { .argv = argv };
	int status = 0;

	if (!child_capture(&spec, NULL, out, NULL, GH_MS, &status, err)) {
		err->kind = ERR_USAGE;
		return err_wrap(err, "--token-from-gh");
	}
	return status == 0 ||
	       err_set(err, ERR_USAGE,
		       "--token-from-gh: gh has no token for %.*s; \"gh auth login\" "
		       "gets one",
		       STR_ARG(host));
}

bool deployments_gh_token(struct options *o, struct str server_url, struct settings *secrets,
			  struct err *err)
{
	struct strbuf out = STRBUF_INIT(TOKEN_MAX);
	size_t scheme = str_find(server_url, STR("://"), 0);
	struct str host = scheme == STR_NPOS ? STR("github.com")
					     : str_slice(server_url, scheme + 3, server_url.len);
	bool ok = true;

	if (!o->token_from_gh || settings_get(secrets, STR("GITHUB_TOKEN"), true)) {
		return true;
	}
	ok = ask_gh(o, host, &out, err);
	if (ok) {
		settings_set(&o->arena, secrets, STR("GITHUB_TOKEN"),
			     arena_str(&o->arena, str_trim(strbuf_str(&out))), true);
	}
	strbuf_release(&out);
	return ok;
}
