/*
 * action_cache.c - where the action store keeps what: trees by commit, records of what a ref stood
 * for, locks. It asks nobody; action_git.c does.
 *
 *     trees/HOST/OWNER/REPO/COMMIT/   the repository at that commit
 *     refs/HOST/OWNER/REPO/REF        "COMMIT SERVER refs/tags/REF", as old as the answer
 *     locks/HOST_OWNER_REPO           held while one process fetches
 */
#include <ctype.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/lock.h"
#include "action_private.h"

enum {
	COMMIT_LEN = 40,
	RECORD_MAX = 4096,
	LOCK_WAIT_MS = 15 * 60 * 1000,
	CLOCK_STEP_MS = 10, /* as coarse as the kernel dates files */
};

/* --- references ---------------------------------------------------------------------------------
 */

bool action_is_commit(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!isxdigit((unsigned char)s.p[i])) {
			return false;
		}
	}
	return s.len == COMMIT_LEN;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++) {
		p[i] = (char)tolower((unsigned char)p[i]);
	}
	return str_mk(p, s.len);
}

struct str action_name(struct arena *a, const struct action_ref *ref)
{
	return arena_printf(a, "%.*s/%.*s@%.*s", STR_ARG(ref->owner), STR_ARG(ref->repo),
			    STR_ARG(ref->ref));
}

/* Letters of a GitHub name; also keeps it from being another directory than one's own. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!isalnum((unsigned char)s.p[i]) && !strchr("._-", s.p[i])) {
			return false;
		}
	}
	return s.len && s.p[0] != '-' && !str_eq(s, STR(".")) && !str_eq(s, STR(".."));
}

/* As git check-ref-format has it, as far as a name could mean something else to git. */
static bool is_ref(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] <= ' ' || strchr("~^:?*[\\\177", s.p[i])) {
			return false;
		}
	}
	return s.len && s.p[0] != '-' && s.p[0] != '/' && str_find(s, STR(".."), 0) == STR_NPOS &&
	       str_find(s, STR("//"), 0) == STR_NPOS && !str_ends(s, STR("/"));
}

/* Empty parts do not count, "..", which would leave the repository, is refused. */
static bool join_path(struct arena *a, struct str rest, struct str *out)
{
	*out = STR_EMPTY;
	while (rest.p) {
		struct str part = str_cut(&rest, '/');

		if (str_eq(part, STR(".."))) {
			return false;
		}
		if (part.len && !str_eq(part, STR("."))) {
			*out = out->len ? arena_printf(a, "%.*s/%.*s", STR_ARG(*out), STR_ARG(part))
					: arena_str(a, part);
		}
	}
	return true;
}

bool action_ref_parse(struct arena *a, struct str uses, struct action_ref *out, struct str *why)
{
	struct str version = uses, path = str_cut(&version, '@');
	char *slashes = arena_cstr(a, path);

	for (size_t i = 0; i < path.len; i++) {
		slashes[i] = slashes[i] == '\\' ? '/' : slashes[i];
	}
	path = str_mk(slashes, path.len);
	out->owner = str_cut(&path, '/');
	out->repo = path.p ? str_cut(&path, '/') : STR_EMPTY;
	out->ref = version.p ? version : STR_EMPTY;
	out->path = STR_EMPTY;
	if (is_name(out->owner) && is_name(out->repo) && is_ref(out->ref) &&
	    str_chr(out->ref, '@', 0) == STR_NPOS && join_path(a, path, &out->path)) {
		return true;
	}
	*why = arena_printf(a, "Expected format {org}/{repo}[/path]@ref. Actual '%.*s'",
			    STR_ARG(uses));
	return false;
}

struct str action_key(struct arena *a, const struct action_ref *ref)
{
	return arena_printf(a, "%.*s/%.*s@%.*s", STR_ARG(lower(a, ref->owner)),
			    STR_ARG(lower(a, ref->repo)), STR_ARG(ref->ref));
}

/* --- paths --------------------------------------------------------------------------------------
 */

/* "https://ghes.example:8443" as a directory; whatever no host has becomes '_'. */
static struct str host_dir(struct arena *a, struct str server)
{
	size_t scheme = str_find(server, STR("://"), 0);
	struct str host =
		lower(a, scheme == STR_NPOS ? server : str_slice(server, scheme + 3, server.len));
	char *p = arena_cstr(a, host);

	for (size_t i = 0; i < host.len; i++) {
		if (!isalnum((unsigned char)p[i]) && !strchr(".-", p[i])) {
			p[i] = '_';
		}
	}
	if (p[0] == '.') {
		p[0] = '_';
	}
	return str_mk(p, host.len);
}

static struct str place(struct arena *a, const struct action_store *s, const char *kind,
			struct str server, const struct action_ref *ref)
{
	return arena_printf(a, "%.*s/%s/%.*s/%.*s/%.*s", STR_ARG(s->dir), kind,
			    STR_ARG(host_dir(a, server)), STR_ARG(lower(a, ref->owner)),
			    STR_ARG(lower(a, ref->repo)));
}

struct str action_tree_path(struct arena *a, const struct action_store *s, struct str server,
			    const struct action_ref *ref, struct str commit)
{
	return arena_printf(a, "%.*s/%.*s", STR_ARG(place(a, s, "trees", server, ref)),
			    STR_ARG(lower(a, commit)));
}

bool action_tree_there(struct str tree)
{
	return access(tree.p, R_OK | X_OK) == 0;
}

/* A file name for a ref: '/' would make directories where other refs have files. */
static struct str escaped(struct arena *a, struct str ref)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < ref.len; i++) {
		if (ref.p[i] == '/' || ref.p[i] == '%' || (i == 0 && ref.p[i] == '.')) {
			(void)strbuf_addf(&out, "%%%02X", (unsigned char)ref.p[i]);
		} else {
			(void)strbuf_addc(&out, ref.p[i]);
		}
	}

	struct str name = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return name;
}

/* By the server that is asked first: which of them answered is in the record. */
static struct str record_path(struct arena *a, const struct action_store *s,
			      const struct action_ref *ref)
{
	return arena_printf(a, "%.*s/%.*s", STR_ARG(place(a, s, "refs", s->servers[0], ref)),
			    STR_ARG(escaped(a, ref->ref)));
}

/* --- records ------------------------------------------------------------------------------------
 */

static bool is_server(const struct action_store *s, struct str server)
{
	for (size_t i = 0; i < s->nservers; i++) {
		if (str_eq(s->servers[i], server)) {
			return true;
		}
	}
	return false;
}

struct str action_token(const struct action_store *s, struct str server)
{
	return str_eq(server, s->servers[0]) ? s->token : STR_EMPTY;
}

static bool is_fresh(const struct action_store *s, const struct stat *st, long age)
{
	long max = s->spec.max_age_s ? s->spec.max_age_s : ACTION_MAX_AGE_S;
	long long ms = (long long)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;

	/* What this run asked is not asked again, however short the age. */
	return ms + CLOCK_STEP_MS >= s->opened_ms || (!s->spec.refresh && age <= max);
}

bool action_record_read(struct arena *a, const struct action_store *s, const struct action_ref *ref,
			struct action_record *out)
{
	struct str path = record_path(a, s, ref);
	struct strbuf text = STRBUF_INIT(RECORD_MAX);
	struct err ignored = ERR_INIT;
	struct stat st;
	bool ok = read_file(path.p, &text, &ignored) && stat(path.p, &st) == 0;

	if (ok) {
		struct str rest = str_trim(arena_str(a, strbuf_str(&text)));

		out->commit = str_cut(&rest, ' ');
		out->server = rest.p ? str_cut(&rest, ' ') : STR_EMPTY;
		out->full = rest.p ? rest : ref->ref;
		out->age_s = (long)(time(NULL) - st.st_mtime);
		out->fresh = is_fresh(s, &st, out->age_s);
		ok = action_is_commit(out->commit) && is_server(s, out->server);
	}
	strbuf_release(&text);
	err_release(&ignored);
	return ok;
}

bool action_record_write(const struct action_store *s, const struct action_ref *ref,
			 const struct action_record *r, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str path = record_path(&a, s, ref);
	struct str text = arena_printf(&a, "%.*s %.*s %.*s\n", STR_ARG(r->commit),
				       STR_ARG(r->server), STR_ARG(r->full));
	bool ok = make_dirs(place(&a, s, "refs", s->servers[0], ref).p, 0755, err) &&
		  write_file(path.p, text, 0644, err);

	arena_release(&a);
	return ok;
}

void action_sweep(const struct action_store *s, struct str server, const struct action_ref *ref)
{
	struct arena a = ARENA_INIT;
	struct str path = place(&a, s, "trees", server, ref);
	struct err ignored = ERR_INIT;
	DIR *dir = opendir(path.p);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct str name = str_of(e->d_name);

		if (!action_is_commit(name) && !str_eq(name, STR(".")) &&
		    !str_eq(name, STR(".."))) {
			(void)remove_tree(arena_printf(&a, "%s/%s", path.p, name.p).p, &ignored);
			err_release(&ignored);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	arena_release(&a);
}

int action_lock(const struct action_store *s, const struct action_ref *ref, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str dir = arena_printf(&a, "%.*s/locks", STR_ARG(s->dir));
	struct str name = arena_printf(
		&a, "%.*s/%.*s_%.*s_%.*s", STR_ARG(dir), STR_ARG(host_dir(&a, s->servers[0])),
		STR_ARG(lower(&a, ref->owner)), STR_ARG(lower(&a, ref->repo)));
	int fd = make_dirs(dir.p, 0755, err) ? lock_take(name.p, LOCK_WAIT_MS, NULL, err) : -1;

	arena_release(&a);
	return fd;
}
