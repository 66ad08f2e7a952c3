/*
 * action_store.c - many references at once: what is in the cache is found by looking, the rest is
 * fetched by one forked process each, a few at a time.
 *
 * A process each, because fetching is straight-line code around programs that block, and because a
 * worker that only reads its cache then never loads what a download needs.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/process.h"
#include "actc/strbuf.h"
#include "action_http.h"

enum { AT_ONCE = 8, ANSWER_MAX = 1 << 20 };

static const struct str github = STR_INIT("https://github.com");

/* --- open ---------------------------------------------------------------------------------------
 */

/* Empty where there is no place: only who fetches something needs one. */
static struct str default_dir(struct arena *a)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/') {
		return arena_printf(a, "%s/act-c/actions", xdg);
	}
	return home && home[0] == '/' ? arena_printf(a, "%s/.cache/act-c/actions", home)
				      : STR_EMPTY;
}

static struct str without_slash(struct str s)
{
	while (s.len && s.p[s.len - 1] == '/') {
		s.len--;
	}
	return s;
}

struct action_store *action_store_open(struct arena *a, const struct action_store_spec *spec)
{
	struct action_store *s = arena_new(a, struct action_store);
	struct str server = without_slash(spec->server);
	struct timespec now;

	s->spec = *spec;
	s->dir = spec->dir.len ? spec->dir : default_dir(a);
	s->token = STR_EMPTY;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	s->opened_ms = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (server.len && !str_ieq(server, github)) {
		s->servers[s->nservers++] = server;
	}
	s->servers[s->nservers++] = github;
	return s;
}

void action_store_token(struct action_store *s, struct str token)
{
	s->token = token;
}

bool action_store_has_token(const struct action_store *s)
{
	return s->token.len > 0;
}

struct str action_store_dir(const struct action_store *s)
{
	return s->dir;
}

/* --- what needs no fetching ---------------------------------------------------------------------
 */

static const struct local_repository *find_local(struct arena *a, const struct action_store *s,
						 const struct action_ref *ref)
{
	struct str full = action_name(a, ref);
	struct str bare = str_slice(full, 0, ref->owner.len + 1 + ref->repo.len);

	for (size_t i = s->spec.nlocal; i-- > 0;) {
		struct str name = s->spec.local[i].name;

		if (str_ieq(name, full) || str_ieq(name, bare)) {
			return &s->spec.local[i];
		}
	}
	return NULL;
}

bool action_store_is_local(struct arena *a, const struct action_store *s,
			   const struct action_ref *ref)
{
	return find_local(a, s, ref) != NULL;
}

static void use_local(struct arena *a, const struct local_repository *local, struct action_fetch *f)
{
	struct stat st;

	if (stat(local->dir.p, &st) < 0 || !S_ISDIR(st.st_mode)) {
		f->error = arena_printf(a, "--local-repository %.*s: there is no directory %.*s",
					STR_ARG(local->name), STR_ARG(local->dir));
		return;
	}
	f->tree = local->dir;
	f->full = f->ref.ref;
}

static bool use_tree(struct arena *a, const struct action_store *s, struct action_fetch *f,
		     struct str server, struct str commit)
{
	struct str tree = action_tree_path(a, s, server, &f->ref, commit);

	if (!action_tree_there(tree)) {
		return false;
	}
	f->tree = tree;
	f->full = f->full.len ? f->full : f->ref.ref;
	f->commit = commit;
	f->server = server;
	return true;
}

static struct str known_commit(const struct action_fetch *f)
{
	return f->pin.len ? f->pin : action_is_commit(f->ref.ref) ? f->ref.ref : STR_EMPTY;
}

/* What the lock file says of it becomes its pin. False: it is not among what the workflow has
 * locked, or, where only that is wanted, no lock file has it. */
static bool apply_lock(struct arena *a, const struct action_store *s, struct action_fetch *f)
{
	const struct lock_workflow *w = action_lock_workflow(f->lock, f->workflow);
	const struct lock_entry *e = w ? action_lock_find(f->lock, action_key(a, &f->ref)) : NULL;
	struct str name = action_name(a, &f->ref);

	f->locked = e != NULL;
	if (e) {
		f->pin = e->commit;
	} else if (w) {
		f->error = arena_printf(a,
					"%.*s is not in " ACTION_LOCK_PATH
					", which locks the actions of %.*s; `act-c lock` adds it",
					STR_ARG(name), STR_ARG(f->workflow));
	} else if (s->spec.locked && f->workflow.len && f->pin.len == 0 &&
		   !action_is_commit(f->ref.ref)) {
		f->error = arena_printf(a,
					"%.*s is not locked, and --locked wants all to be; `act-c "
					"lock` writes " ACTION_LOCK_PATH,
					STR_ARG(name));
	}
	return f->error.len == 0;
}

static void note_drift(struct action_fetch *f, const struct action_record *r)
{
	if (f->pin.len && !str_ieq(f->pin, r->commit)) {
		f->drift = r->commit;
	}
}

/* True when nothing has to be asked. */
static bool use_cache(struct arena *a, const struct action_store *s, struct action_fetch *f)
{
	struct str commit = known_commit(f);
	struct action_record r = { 0 };
	bool named = !action_is_commit(f->ref.ref);
	bool recorded = named && action_record_read(a, s, &f->ref, &r);

	if (recorded) {
		f->full = r.full;
		note_drift(f, &r);
	}
	if (commit.len) {
		/* A pinned ref is asked for too, to tell whether it has moved. */
		bool asked = !named || s->spec.offline || (recorded && r.fresh);

		for (size_t i = 0; i < s->nservers && asked; i++) {
			if (use_tree(a, s, f, s->servers[i], commit)) {
				return true;
			}
		}
		return false;
	}
	return recorded && (r.fresh || s->spec.offline) && use_tree(a, s, f, r.server, r.commit);
}

static void refuse_homeless(struct action_fetch *f)
{
	f->error = STR("no place for actions: neither HOME nor XDG_CACHE_HOME is set to an "
		       "absolute path");
}

static void refuse_offline(struct arena *a, struct action_fetch *f)
{
	struct str name = action_name(a, &f->ref);

	f->error = arena_printf(a,
				"%.*s is not in the cache, and --offline forbids to fetch it; "
				"`act-c actions fetch %.*s` does where there is a network",
				STR_ARG(name), STR_ARG(name));
}

/* --- in the fetching process --------------------------------------------------------------------
 */

struct fetching {
	const struct action_store *s;
	struct action_fetch *f;
	struct arena a;
};

/* Which server has it, and what the ref is there. The error of the first is the one to tell. */
static bool resolve(struct fetching *x, struct action_record *out, struct err *err)
{
	for (size_t i = 0; i < x->s->nservers; i++) {
		struct err why = ERR_INIT;

		out->server = x->s->servers[i];
		if (action_git_resolve(&x->a, x->s, out->server, &x->f->ref, out, &why)) {
			err_release(err);
			x->f->full = out->full;
			return action_record_write(x->s, &x->f->ref, out, err);
		}
		if (i == 0) {
			*err = why;
		} else {
			err_release(&why);
		}
		/* Only "there is no such" lets the next one be asked. */
		if (err->kind != ERR_NOT_FOUND) {
			break;
		}
	}
	return false;
}

/* A tarball is what GitHub serves best; git fetches where there is none, or where the user's
 * configuration leads elsewhere. The error of a refused archive is the end of it. */
static bool download(struct fetching *x, struct str server, struct str commit, struct str temp,
		     struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	bool rewritten = false;

	(void)action_git_url(&x->a, server, &x->f->ref, &rewritten);
	if (!rewritten && str_starts(server, STR("http"))) {
		if (action_http_fetch(&x->a, x->s, server, &x->f->ref, commit, temp, &why)) {
			return true;
		}
		if (why.kind == ERR_INVALID) {
			*err = why;
			return false;
		}
		err_release(&why);
		(void)remove_tree(temp.p, &ignored);
		err_release(&ignored);
	}
	return action_git_fetch(&x->a, x->s, server, &x->f->ref, commit, temp, err);
}

static bool get_tree(struct fetching *x, struct str server, struct str commit, struct err *err)
{
	struct str tree = action_tree_path(&x->a, x->s, server, &x->f->ref, commit);
	struct str temp = arena_printf(&x->a, "%.*s.%ld", STR_ARG(tree), (long)getpid());
	struct err ignored = ERR_INIT;

	action_sweep(x->s, server, &x->f->ref);

	bool ok = download(x, server, commit, temp, err);

	/* Another process may have put the same tree there meanwhile. */
	if (ok && rename(temp.p, tree.p) < 0 && !action_tree_there(tree)) {
		ok = err_sys(err, errno, "%s", tree.p);
	}
	(void)remove_tree(temp.p, &ignored);
	err_release(&ignored);
	x->f->fetched = ok;
	return ok ||
	       err_wrap(err, "%.*s could not be fetched", STR_ARG(action_name(&x->a, &x->f->ref)));
}

static bool get_commit(struct fetching *x, struct str server, struct str commit, struct err *err)
{
	struct str tree = action_tree_path(&x->a, x->s, server, &x->f->ref, commit);
	size_t dir = tree.len - commit.len - 1;

	return use_tree(&x->a, x->s, x->f, server, commit) ||
	       (make_dirs(arena_cstr(&x->a, str_slice(tree, 0, dir)), 0755, err) &&
		get_tree(x, server, commit, err) && use_tree(&x->a, x->s, x->f, server, commit));
}

/* A commit that is known by itself: whichever server has it. */
static bool get_known(struct fetching *x, struct str commit, struct err *err)
{
	for (size_t i = 0; i < x->s->nservers; i++) {
		struct err why = ERR_INIT;

		if (get_commit(x, x->s->servers[i], commit, &why)) {
			err_release(err);
			return true;
		}
		if (i == 0) {
			*err = why;
		} else {
			err_release(&why);
		}
	}
	return false;
}

static struct str age_text(struct arena *a, long s)
{
	return s >= 2 * 86400  ? arena_printf(a, "%ld days", s / 86400)
	       : s >= 2 * 3600 ? arena_printf(a, "%ld hours", s / 3600)
			       : arena_printf(a, "%ld minutes", s / 60);
}

/* The remote could not be asked; what it said before may serve, and that is told. */
static bool use_old_answer(struct fetching *x, struct err *err)
{
	struct action_record r;

	if (err->kind == ERR_NOT_FOUND || !action_record_read(&x->a, x->s, &x->f->ref, &r) ||
	    !use_tree(&x->a, x->s, x->f, r.server, r.commit)) {
		return false;
	}
	x->f->note = arena_printf(&x->a,
				  "%.*s could not be asked for (%s); what it was %.*s ago is used",
				  STR_ARG(action_name(&x->a, &x->f->ref)), err->msg,
				  STR_ARG(age_text(&x->a, r.age_s)));
	err_release(err);
	return true;
}

static bool get_named(struct fetching *x, struct err *err)
{
	struct action_record r = { 0 };

	if (!resolve(x, &r, err)) {
		return use_old_answer(x, err);
	}
	return get_commit(x, r.server, r.commit, err);
}

/* What a lock file pins; whether its ref has moved is of interest, but no condition. */
static bool get_pinned(struct fetching *x, struct err *err)
{
	struct action_record r = { 0 };
	struct err ignored = ERR_INIT;

	if (!action_is_commit(x->f->ref.ref) && resolve(x, &r, &ignored)) {
		note_drift(x->f, &r);
	}
	err_release(&ignored);
	return get_known(x, x->f->pin, err);
}

static bool get(struct fetching *x, struct err *err)
{
	int lock = action_lock(x->s, &x->f->ref, err);
	bool ok = lock >= 0;

	/* Another process may have fetched it while this one waited for the lock. */
	if (ok && !use_cache(&x->a, x->s, x->f)) {
		struct str commit = known_commit(x->f);

		ok = x->f->pin.len ? get_pinned(x, err)
		     : commit.len  ? get_known(x, commit, err)
				   : get_named(x, err);
	}
	if (lock >= 0) {
		(void)close(lock);
	}
	return ok;
}

static const size_t answer_fields[] = {
	offsetof(struct action_fetch, tree),   offsetof(struct action_fetch, commit),
	offsetof(struct action_fetch, server), offsetof(struct action_fetch, error),
	offsetof(struct action_fetch, note),   offsetof(struct action_fetch, drift),
	offsetof(struct action_fetch, full),
};
enum { FIELDS = sizeof(answer_fields) / sizeof(*answer_fields) };

static struct str *field(struct action_fetch *f, size_t i)
{
	return (struct str *)(void *)((char *)f + answer_fields[i]);
}

static int fetch_main(void *ctx, int out)
{
	struct fetching *x = ctx;
	struct strbuf text = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	if (!get(x, &err)) {
		x->f->tree = STR_EMPTY;
		x->f->error = str_of(err.msg);
	}
	for (size_t i = 0; i < FIELDS; i++) {
		(void)strbuf_adds(&text, *field(x->f, i));
		(void)strbuf_addc(&text, '\0');
	}
	(void)strbuf_addc(&text, x->f->fetched ? '1' : '0');
	return write_all(out, text.p, text.len) ? 0 : 1;
}

/* --- several at once ----------------------------------------------------------------------------
 */

struct running {
	struct child child;
	struct action_fetch *f; /* NULL = free */
	struct strbuf text;
};

static bool start(const struct action_store *s, struct running *r, struct action_fetch *f,
		  struct err *err)
{
	struct fetching x = { s, f, ARENA_INIT };

	r->f = f;
	strbuf_init(&r->text, ANSWER_MAX);
	return child_fork(fetch_main, &x, &r->child, err);
}

static void take_answer(struct arena *a, struct running *r)
{
	struct str rest = arena_str(a, strbuf_str(&r->text));

	(void)child_wait(&r->child, -1);
	for (size_t i = 0; i < FIELDS; i++) {
		*field(r->f, i) = rest.p ? str_cut(&rest, '\0') : STR_EMPTY;
	}
	r->f->fetched = rest.p && str_eq(rest, STR("1"));
	if (r->f->tree.len == 0 && r->f->error.len == 0) {
		r->f->error = arena_printf(a, "fetching %.*s ended with status %d",
					   STR_ARG(action_name(a, &r->f->ref)), r->child.status);
	}
	child_end(&r->child);
	strbuf_release(&r->text);
	r->f = NULL;
}

/* False at the end of what it says. */
static bool read_some(struct running *r)
{
	char piece[4096];
	ssize_t n = read(r->child.out, piece, sizeof(piece));

	return n > 0 ? strbuf_add(&r->text, piece, (size_t)n) : n < 0 && errno == EINTR;
}

static void wait_some(struct arena *a, struct running *run)
{
	struct pollfd p[AT_ONCE];

	for (size_t i = 0; i < AT_ONCE; i++) {
		p[i] = (struct pollfd){ run[i].f ? run[i].child.out : -1, POLLIN, 0 };
	}
	if (poll(p, AT_ONCE, -1) < 0) {
		return;
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (run[i].f && p[i].revents && !read_some(&run[i])) {
			take_answer(a, &run[i]);
		}
	}
}

static struct running *free_place(struct running *run)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (!run[i].f) {
			return &run[i];
		}
	}
	return NULL;
}

static bool any(const struct running *run)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (run[i].f) {
			return true;
		}
	}
	return false;
}

static void fetch_missing(struct arena *a, const struct action_store *s, struct action_fetch *v,
			  size_t n, const bool *missing)
{
	struct running run[AT_ONCE] = { { .child = CHILD_INIT } };

	for (size_t next = 0; next < n || any(run);) {
		struct running *place = next < n ? free_place(run) : NULL;
		struct err err = ERR_INIT;

		if (next < n && !missing[next]) {
			next++;
		} else if (place && !start(s, place, &v[next++], &err)) {
			place->f->error = arena_str(a, str_of(err.msg));
			place->f = NULL;
			err_release(&err);
		} else if (!place) {
			wait_some(a, run);
		}
	}
}

bool action_store_fetch(struct arena *a, struct action_store *s, struct action_fetch *v, size_t n)
{
	bool *missing = arena_array(a, bool, n), ok = true;

	for (size_t i = 0; i < n; i++) {
		const struct local_repository *local = find_local(a, s, &v[i].ref);

		for (size_t k = 0; k < FIELDS; k++) {
			*field(&v[i], k) = STR_EMPTY;
		}
		v[i].fetched = v[i].locked = false;
		if (local) {
			use_local(a, local, &v[i]);
		} else if (!apply_lock(a, s, &v[i])) {
			missing[i] = false;
		} else if (s->dir.len == 0) {
			refuse_homeless(&v[i]);
		} else if (!use_cache(a, s, &v[i])) {
			missing[i] = !s->spec.offline;
			if (s->spec.offline) {
				refuse_offline(a, &v[i]);
			}
		}
	}
	fetch_missing(a, s, v, n, missing);
	for (size_t i = 0; i < n; i++) {
		ok = ok && v[i].tree.len;
	}
	return ok;
}
