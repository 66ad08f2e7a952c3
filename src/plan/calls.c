/*
 * calls.c - from `uses:` of a job to the workflow it calls, recursively, with GitHub's checks of
 * the call (SEMANTICS 8). Values are checked when the call is made (run layer); here only what is
 * static is.
 */
#include "actc/calls.h"

#include "actc/file.h"
#include "actc/strbuf.h"

enum { FILE_MAX = 32 << 20 };

struct call {
	const struct job_def *job;
	const struct workflow *to;
};

/* A file that was read; `dir` is the repository that "./" in it means. */
struct callee {
	struct str path;
	struct str dir;
	struct str origin; /* "owner/repo@ref", or empty for the own repository */
	const struct workflow *workflow;
};

struct calls {
	VEC(struct call) list;
	VEC(struct callee) files;
};

struct loading {
	struct arena *a;
	const struct call_places *places;
	struct diags *diags;
	struct calls *calls;
};

/* The chain of files above the one being read, to find loops. */
struct chain {
	const struct chain *up;
	struct str path;
	struct str dir;
	struct str origin;
	size_t depth;
};

const struct workflow *calls_find(const struct calls *c, const struct job_def *job)
{
	for (size_t i = 0; c && i < c->list.n; i++) {
		if (c->list.v[i].job == job) {
			return c->list.v[i].to;
		}
	}
	return NULL;
}

static struct str join(struct arena *a, struct str dir, struct str path)
{
	return dir.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(path)) : path;
}

/* "owner/repo/.github/workflows/f.yml@ref" apart. */
static bool split_remote(struct str uses, struct str *repo, struct str *path, struct str *ref)
{
	size_t owner = str_chr(uses, '/', 0);
	size_t name = owner == STR_NPOS ? STR_NPOS : str_chr(uses, '/', owner + 1);
	size_t at = name == STR_NPOS ? STR_NPOS : str_chr(uses, '@', name);

	if (at == STR_NPOS) {
		return false;
	}
	*repo = str_slice(uses, 0, name);
	*path = str_slice(uses, name + 1, at);
	*ref = str_slice(uses, at + 1, uses.len);
	return true;
}

static const struct local_repository *find_local(struct loading *l, struct str repo, struct str ref)
{
	struct str full = arena_printf(l->a, "%.*s@%.*s", STR_ARG(repo), STR_ARG(ref));

	for (size_t i = l->places->n; i-- > 0;) {
		struct str name = l->places->v[i].name;

		if (str_ieq(name, full) || str_ieq(name, repo)) {
			return &l->places->v[i];
		}
	}
	return NULL;
}

/* Where the file of a call is. False with a diagnostic. */
static bool locate(struct loading *l, const struct job_def *job, const struct chain *from,
		   struct callee *out)
{
	struct str uses = job->uses.s, repo, path, ref;

	if (str_starts(uses, STR("./")) || str_starts(uses, STR("$/"))) {
		out->dir = from->dir;
		out->origin = from->origin;
		out->path = join(l->a, from->dir, str_slice(uses, 2, uses.len));
		return true;
	}
	if (!split_remote(uses, &repo, &path, &ref)) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "\"%.*s\" names no workflow file; expected ./.github/workflows/FILE or "
			   "OWNER/REPO/.github/workflows/FILE@REF",
			   STR_ARG(uses));
		return false;
	}

	const struct local_repository *local = find_local(l, repo, ref);

	if (!local) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "the workflow %.*s is in another repository; --local-repository "
			   "%.*s@%.*s=DIR names a checkout of it",
			   STR_ARG(uses), STR_ARG(repo), STR_ARG(ref));
		return false;
	}
	out->dir = local->dir;
	out->origin = arena_printf(l->a, "%.*s@%.*s", STR_ARG(repo), STR_ARG(ref));
	out->path = join(l->a, local->dir, path);
	return true;
}

static const struct workflow *read_workflow(struct loading *l, const struct job_def *job,
					    struct str path)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	const struct workflow *w = NULL;

	if (read_file(arena_cstr(l->a, path), &text, &err)) {
		uint32_t file = sources_add(l->diags->sources, path, strbuf_str(&text));

		w = workflow_load(l->a, file, l->diags);
	} else {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "error parsing called workflow: %s", err.msg);
		err_release(&err);
	}
	strbuf_release(&text);
	return w;
}

static bool has_key(const struct tok *map, struct str key)
{
	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok *k = map->u.map.pairs[i].key;

		if (k->kind == TOK_STRING && str_ieq(k->u.s, key)) {
			return true;
		}
	}
	return false;
}

static void check_inputs(struct loading *l, const struct job_def *job,
			 const struct event_filter *call)
{
	for (size_t i = 0; i < call->ninputs; i++) {
		const struct input_def *in = &call->inputs[i];

		if (in->required && !has_key(job->with, in->id.s)) {
			diag_error(l->diags, job->uses.at, "workflow-call",
				   "Input %.*s is required, but not provided while calling.",
				   STR_ARG(in->id.s));
		}
	}
	for (size_t i = 0; job->with && job->with->kind == TOK_MAP && i < job->with->u.map.n; i++) {
		const struct tok *k = job->with->u.map.pairs[i].key;
		bool known = k->kind != TOK_STRING;

		for (size_t d = 0; !known && d < call->ninputs; d++) {
			known = str_ieq(call->inputs[d].id.s, k->u.s);
		}
		if (!known) {
			diag_error(l->diags, k->at, "workflow-call",
				   "Invalid input, %.*s is not defined in the referenced workflow.",
				   STR_ARG(k->u.s));
		}
	}
}

static void check_secrets(struct loading *l, const struct job_def *job,
			  const struct event_filter *call)
{
	const struct tok *given = job->secrets;

	for (size_t i = 0; i < call->nsecrets && !job->secrets_inherit; i++) {
		const struct secret_def *s = &call->secrets[i];

		if (s->required && !has_key(given, s->id.s)) {
			diag_error(l->diags, job->uses.at, "workflow-call",
				   "Secret %.*s is required, but not provided while calling.",
				   STR_ARG(s->id.s));
		}
	}
	for (size_t i = 0; given && given->kind == TOK_MAP && i < given->u.map.n; i++) {
		const struct tok *k = given->u.map.pairs[i].key;
		bool known = k->kind != TOK_STRING;

		for (size_t d = 0; !known && d < call->nsecrets; d++) {
			known = str_ieq(call->secrets[d].id.s, k->u.s);
		}
		if (!known) {
			diag_error(
				l->diags, k->at, "workflow-call",
				"Invalid secret, %.*s is not defined in the referenced workflow.",
				STR_ARG(k->u.s));
		}
	}
}

static bool is_above(const struct chain *c, struct str path)
{
	for (; c; c = c->up) {
		if (str_eq(c->path, path)) {
			return true;
		}
	}
	return false;
}

static void load_calls(struct loading *l, const struct workflow *w, const struct chain *chain);

/* The file of a call, read once however often it is called. */
static const struct workflow *callee(struct loading *l, const struct job_def *job,
				     const struct chain *chain)
{
	struct callee c = { 0 };

	if (!locate(l, job, chain, &c)) {
		return NULL;
	}
	if (is_above(chain, c.path)) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "%.*s calls itself: reusable workflows must not form a loop",
			   STR_ARG(c.path));
		return NULL;
	}
	if (chain->depth + 1 > CALLS_MAX_DEPTH) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "Nested reusable workflow depth exceeded %d.", CALLS_MAX_DEPTH);
		return NULL;
	}
	for (size_t i = 0; i < l->calls->files.n; i++) {
		if (str_eq(l->calls->files.v[i].path, c.path)) {
			return l->calls->files.v[i].workflow;
		}
	}
	if (l->calls->files.n >= CALLS_MAX_FILES) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "more than %d reusable workflows are called", CALLS_MAX_FILES);
		return NULL;
	}
	c.workflow = read_workflow(l, job, c.path);
	vec_push(l->a, &l->calls->files, c);
	if (c.workflow) {
		struct chain here = { chain, c.path, c.dir, c.origin, chain->depth + 1 };

		load_calls(l, c.workflow, &here);
	}
	return c.workflow;
}

static void load_calls(struct loading *l, const struct workflow *w, const struct chain *chain)
{
	for (size_t i = 0; i < w->njobs; i++) {
		const struct job_def *job = &w->jobs[i];
		const struct workflow *to = job->uses.s.len ? callee(l, job, chain) : NULL;
		const struct event_filter *call =
			to ? workflow_event(to, STR("workflow_call")) : NULL;

		if (to && !call) {
			diag_error(l->diags, job->uses.at, "workflow-call",
				   "workflow_call key is not defined in the referenced workflow.");
		} else if (to) {
			check_inputs(l, job, call);
			check_secrets(l, job, call);
			vec_push(l->a, &l->calls->list, (struct call){ job, to });
		}
	}
}

bool calls_load(struct arena *a, const struct workflow *const *roots, size_t n,
		const struct call_places *places, struct diags *diags, struct calls **out)
{
	struct loading l = { a, places, diags, arena_new(a, struct calls) };
	size_t before = diags->nerrors;

	for (size_t i = 0; i < n; i++) {
		struct chain top = { NULL, roots[i]->path, places->root, STR_EMPTY, 1 };

		load_calls(&l, roots[i], &top);
	}
	*out = l.calls;
	return diags->nerrors == before;
}
