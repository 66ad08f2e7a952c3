/*
 * remotes.c - from the options to the action store, and called workflows out of it.
 *
 * The token is a secret like any other, and secrets may have to be asked for: they are read before
 * the first repository is fetched, and not at all when none is.
 */
#include "remotes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* act takes the repository's URL, too. */
static struct str without_server(struct str name)
{
	size_t scheme = str_find(name, STR("://"), 0);
	size_t slash = scheme == STR_NPOS ? STR_NPOS : str_chr(name, '/', scheme + 3);

	return slash == STR_NPOS ? name : str_slice(name, slash + 1, name.len);
}

/* "octo/lib@v1=../lib"; the directory is absolute from then on, since commands change theirs. */
static bool read_local(struct arena *a, struct str text, struct local_repository *out,
		       struct err *err)
{
	size_t eq = str_chr(text, '=', 0);
	struct action_ref ref;
	struct str why;

	out->name = without_server(str_trim(str_slice(text, 0, eq)));
	out->dir = eq == STR_NPOS ? STR_EMPTY : str_slice(text, eq + 1, text.len);

	bool has_ref = str_chr(out->name, '@', 0) != STR_NPOS;
	struct str full = has_ref ? out->name : arena_printf(a, "%.*s@any", STR_ARG(out->name));

	if (out->dir.len == 0 || !action_ref_parse(a, full, &ref, &why) || ref.path.len) {
		return err_set(err, ERR_USAGE,
			       "--local-repository wants OWNER/REPO=DIR or OWNER/REPO@REF=DIR, not "
			       "'%.*s'",
			       STR_ARG(text));
	}

	char *real = realpath(arena_cstr(a, out->dir), NULL);

	if (!real) {
		return err_set(err, ERR_USAGE,
			       "--local-repository %.*s: there is no directory %.*s",
			       STR_ARG(out->name), STR_ARG(out->dir));
	}
	out->dir = arena_str(a, str_of(real));
	free(real);
	return true;
}

/* "ghes.example" or its URL. */
static struct str server_of(struct arena *a, struct str instance)
{
	return instance.len == 0 || str_find(instance, STR("://"), 0) != STR_NPOS
		       ? instance
		       : arena_printf(a, "https://%.*s", STR_ARG(instance));
}

bool remotes_open(struct remotes *r, struct options *o, struct run_values *values, struct err *err)
{
	struct arena *a = &o->arena;
	size_t n = o->local_repositories.n;
	struct local_repository *local = arena_array(a, struct local_repository, n);
	struct action_store_spec spec = { .dir = STR_EMPTY,
					  .server = server_of(a, o->github_instance),
					  .offline = o->offline,
					  .locked = o->locked,
					  .refresh = o->refresh,
					  .max_age_s = (long)((o->action_max_age_ms + 999) / 1000),
					  .nlocal = n,
					  .local = local };

	*r = (struct remotes){ .o = o, .values = values };
	for (size_t i = 0; i < n; i++) {
		if (!read_local(a, o->local_repositories.v[i], &local[i], err)) {
			return false;
		}
	}
	r->store = action_store_open(a, &spec);
	return true;
}

void remotes_token(struct remotes *r)
{
	const struct setting *token = settings_get(&r->values->secrets, STR("GITHUB_TOKEN"), true);

	if (token && token->given) {
		action_store_token(r->store, token->value);
	}
}

bool remotes_values(struct remotes *r, struct err *err)
{
	if (r->have_values) {
		return true;
	}
	if (!options_values(r->o, r->values, err)) {
		return false;
	}
	r->have_values = true;
	remotes_token(r);
	return true;
}

static void refuse_locals(struct diags *diags, const struct step_def *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str uses = steps[i].uses.s;

		if (steps[i].kind == STEP_USES && str_starts(uses, STR("./"))) {
			(void)diag_error(diags, steps[i].uses.at, "actions-lock",
					 "a workflow that " ACTION_LOCK_PATH
					 " locks cannot use the local action '%.*s'; '$/%.*s' is "
					 "the same one at the running commit",
					 STR_ARG(diag_quote(uses)),
					 STR_ARG(diag_quote(str_slice(uses, 2, uses.len))));
		}
		refuse_locals(diags, steps[i].steps, steps[i].nsteps);
	}
}

bool remotes_lock(struct remotes *r, const struct workflow *const *v, size_t n, struct diags *diags)
{
	size_t before = diags->nerrors;

	if (!action_lock_read(&r->o->arena, STR_EMPTY, diags, &r->lock)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; action_lock_workflow(&r->lock, v[i]->path) && k < v[i]->njobs;
		     k++) {
			refuse_locals(diags, v[i]->jobs[k].steps, v[i]->jobs[k].nsteps);
		}
	}
	return diags->nerrors == before;
}

static bool fetch_called(void *ctx, struct arena *a, struct str workflow,
			 struct call_source *source, struct str *why)
{
	struct remotes *r = ctx;
	struct action_fetch f = { .pin = STR_EMPTY };
	struct err err = ERR_INIT;
	struct str uses =
		arena_printf(a, "%.*s@%.*s", STR_ARG(source->repository), STR_ARG(source->ref));

	f.workflow = workflow; /* for --locked */
	if (!action_ref_parse(a, uses, &f.ref, why)) {
		return false;
	}

	const struct lock_entry *e = action_lock_find(&r->lock, action_key(a, &f.ref));

	f.pin = e ? e->commit : STR_EMPTY;
	if (!remotes_values(r, &err)) {
		*why = arena_str(a, str_of(err.msg));
		err_release(&err);
		return false;
	}
	if (!action_store_fetch(a, r->store, &f, 1)) {
		*why = f.error;
		return false;
	}
	if (f.note.len) {
		vec_push(a, &r->notes, f.note);
	}
	source->dir = f.tree;
	source->commit = f.commit;
	source->full_ref = f.full;
	return true;
}

struct call_places remotes_places(struct remotes *r)
{
	return (struct call_places){
		.root = STR_EMPTY, .fetch = fetch_called, .ctx = r, .refs = STR_EMPTY
	};
}
