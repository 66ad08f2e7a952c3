/*
 * calls.c - from `uses:` of a job to the workflow it calls, recursively (SEMANTICS 8). What a call
 * has to fulfil is in calls_check.c.
 */
#include "actc/calls.h"

#include "actc/file.h"
#include "actc/strbuf.h"
#include "calls_check.h"

enum { FILE_MAX = 32 << 20 };

struct call {
	const struct job_def *job;
	const struct workflow *to;
};

/* A file that was read; `dir` is the repository that "./" in it means. */
struct callee {
	struct str path;
	struct str shown; /* its name in messages */
	struct str dir;
	const struct call_source *source; /* of the repository; NULL for the own one */
	const struct workflow *workflow;
	size_t jobs; /* of it and what it calls; 0 = not counted yet */
};

/* A file was looked into for calls already: with these permissions, and so deep. Many ways may lead
 * to one file; each is gone once. */
struct visit {
	const struct workflow *workflow;
	struct permission_set permissions;
	size_t depth;
};

struct calls {
	VEC(struct call) list;
	VEC(struct callee) files;
};

struct loading {
	struct arena *a;
	const struct call_places *places;
	const struct call_rules *rules;
	struct diags *diags;
	struct calls *calls;
	size_t nerrors; /* before */
	VEC(struct visit) visits;
};

/* The chain of files above the one being read, to find loops. */
struct chain {
	const struct chain *up;
	struct str path;
	struct str dir;
	const struct call_source *source;
	size_t depth; /* 0 for the file that is started */
};

const struct call_rules call_rules_default = {
	.max_depth = CALLS_MAX_DEPTH,
	.max_jobs = CALLS_MAX_JOBS,
	.limits = &yaml_workflow_limits,
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

const struct call_source *calls_source(const struct calls *c, const struct workflow *w)
{
	for (size_t i = 0; c && i < c->files.n; i++) {
		if (c->files.v[i].workflow == w) {
			return c->files.v[i].source;
		}
	}
	return NULL;
}

static struct str join(struct arena *a, struct str dir, struct str path)
{
	return dir.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(path)) : path;
}

/* "owner/repo/.github/workflows/f.yml@ref" apart. */
static bool split_remote(struct str uses, struct call_source *out)
{
	size_t owner = str_chr(uses, '/', 0);
	size_t name = owner == STR_NPOS ? STR_NPOS : str_chr(uses, '/', owner + 1);
	size_t at = name == STR_NPOS ? STR_NPOS : str_chr(uses, '@', name);

	if (at == STR_NPOS) {
		return false;
	}
	*out = (struct call_source){ .repository = str_slice(uses, 0, name),
				     .path = str_slice(uses, name + 1, at),
				     .ref = str_slice(uses, at + 1, uses.len),
				     .full_ref = str_slice(uses, at + 1, uses.len),
				     .commit = STR_EMPTY,
				     .dir = STR_EMPTY };
	return true;
}

/* A file of the same repository as the one that calls it. */
static void locate_beside(struct loading *l, struct str path, const struct chain *from,
			  struct callee *out)
{
	out->dir = from->dir;
	out->path = join(l->a, from->dir, path);
	out->shown = out->path;
	if (from->source) {
		struct call_source *source = arena_new(l->a, struct call_source);

		*source = *from->source;
		source->path = path;
		out->source = source;
		out->shown = arena_printf(l->a, "%.*s/%.*s@%.*s", STR_ARG(source->repository),
					  STR_ARG(path), STR_ARG(source->ref));
	}
}

static bool locate_remote(struct loading *l, const struct job_def *job, const struct chain *from,
			  struct callee *out)
{
	struct call_source *source = arena_new(l->a, struct call_source);
	struct str uses = job->uses.s, why = STR_EMPTY;

	if (!split_remote(uses, source)) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "\"%.*s\" names no workflow file; expected ./.github/workflows/FILE or "
			   "OWNER/REPO/.github/workflows/FILE@REF",
			   STR_ARG(uses));
		return false;
	}
	while (from->up) {
		from = from->up;
	}
	if (!l->places->fetch) {
		why = STR("it is in another repository");
	} else if (l->places->fetch(l->places->ctx, l->a, from->path, source, &why)) {
		out->source = source;
		out->dir = source->dir;
		out->path = join(l->a, source->dir, source->path);
		out->shown = uses;
		return true;
	}
	diag_error(l->diags, job->uses.at, "workflow-call", "error parsing called workflow: %.*s",
		   STR_ARG(why));
	return false;
}

/* Where the file of a call is. False with a diagnostic. */
static bool locate(struct loading *l, const struct job_def *job, const struct chain *from,
		   struct callee *out)
{
	struct str uses = job->uses.s;

	if (l->places->refs.len) {
		*out = (struct callee){ .path = join(l->a, l->places->refs, uses), .shown = uses };
		return true;
	}
	if (str_starts(uses, STR("./")) || str_starts(uses, STR("$/"))) {
		locate_beside(l, str_slice(uses, 2, uses.len), from, out);
		return true;
	}
	return locate_remote(l, job, from, out);
}

static const struct workflow *read_workflow(struct loading *l, const struct job_def *job,
					    const struct callee *c)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	const struct workflow *w = NULL;

	if (read_file(arena_cstr(l->a, c->path), &text, &err)) {
		uint32_t file = sources_add(l->diags->sources, c->shown, strbuf_str(&text));

		w = l->rules->staged ? workflow_load_staged(l->a, file, l->rules->limits, l->diags)
				     : workflow_load(l->a, file, l->diags);
	} else {
		bool remote = c->source && err.kind == ERR_NOT_FOUND;

		diag_error(l->diags, job->uses.at, "workflow-call",
			   "error parsing called workflow: %s",
			   remote ? "workflow was not found" : err.msg);
		err_release(&err);
	}
	strbuf_release(&text);
	return w;
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

/* GitHub says this of the run as a whole; the caret is below the call. */
__attribute__((format(printf, 3, 4))) static void refuse(struct loading *l, struct span at,
							 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(l->a, fmt, ap);
	va_end(ap);
	diag_error(l->diags, at, "workflow-call", "%.*s", STR_ARG(msg))->bare = true;
}

/* What is wrong in the called file itself is told with the place of the call; only a file that is
 * too large to be read is not, at GitHub. */
static void name_caller(struct loading *l, size_t from, struct span uses)
{
	for (size_t i = from; i < l->diags->list.n; i++) {
		struct diag *d = &l->diags->list.v[i];

		if (d->file != uses.file && !d->bare &&
		    !str_starts(d->msg, STR("The maximum file size"))) {
			d->caller = uses;
		}
	}
}

/* The file of a call, read once however often it is called. NULL with a diagnostic, or when there
 * was one before. */
static const struct callee *find_callee(struct loading *l, const struct job_def *job,
					const struct chain *chain)
{
	struct callee c = { 0 };

	if (chain->depth + 1 > l->rules->max_depth) {
		refuse(l, job->uses.at, "Nested reusable workflow depth exceeded %zu.",
		       l->rules->max_depth);
		return NULL;
	}
	if (!locate(l, job, chain, &c)) {
		return NULL;
	}
	if (!l->rules->staged && is_above(chain, c.path)) {
		diag_error(l->diags, job->uses.at, "workflow-call",
			   "%.*s calls itself: reusable workflows must not form a loop",
			   STR_ARG(c.path));
		return NULL;
	}
	for (size_t i = 0; i < l->calls->files.n; i++) {
		if (str_eq(l->calls->files.v[i].path, c.path)) {
			return &l->calls->files.v[i];
		}
	}
	if (l->calls->files.n + 1 >= CALLS_MAX_FILES) {
		refuse(l, job->uses.at, "The maximum file count of %d has been exceeded",
		       CALLS_MAX_FILES);
		return NULL;
	}

	size_t before = l->diags->list.n;

	c.workflow = read_workflow(l, job, &c);
	name_caller(l, before, job->uses.at);
	vec_push(l->a, &l->calls->files, c);
	return &l->calls->files.v[l->calls->files.n - 1];
}

static bool stopped(const struct loading *l)
{
	return l->rules->staged && l->diags->nerrors > l->nerrors;
}

static bool visited(struct loading *l, struct visit v)
{
	for (size_t i = 0; i < l->visits.n; i++) {
		const struct visit *old = &l->visits.v[i];

		if (old->workflow == v.workflow && old->depth == v.depth &&
		    permission_set_equal(&old->permissions, &v.permissions)) {
			return true;
		}
	}
	vec_push(l->a, &l->visits, v);
	return false;
}

/* `inherited` is what the file's jobs may do where they do not say it themselves. */
static void load_calls(struct loading *l, const struct workflow *w, const struct chain *chain,
		       struct permission_set inherited);

static void load_call(struct loading *l, const struct job_def *job, const struct chain *chain,
		      struct permission_set inherited)
{
	const struct callee *c = find_callee(l, job, chain);
	struct permission_set allowed = job_permissions(job, inherited);
	size_t before = l->diags->list.n, nerrors = l->diags->nerrors;

	if (!c || !c->workflow) {
		return;
	}
	if (!calls_find(l->calls, job)) {
		vec_push(l->a, &l->calls->list, (struct call){ job, c->workflow });
		calls_check_interface(l->a, l->diags, job, c->workflow);
	}
	call_check_permissions(l->diags, &(struct call_check){ .job = job,
							       .to = c->workflow,
							       .shown = c->shown,
							       .allowed = allowed,
							       .rules = l->rules,
							       .trusted = !l->rules->staged });
	name_caller(l, before, job->uses.at);
	if (l->diags->nerrors == nerrors) {
		struct chain here = { chain, c->path, c->dir, c->source, chain->depth + 1 };

		load_calls(l, c->workflow, &here, workflow_permissions(c->workflow, allowed));
	}
}

static void load_calls(struct loading *l, const struct workflow *w, const struct chain *chain,
		       struct permission_set inherited)
{
	if (visited(l, (struct visit){ w, inherited, chain->depth })) {
		return;
	}
	for (size_t i = 0; i < w->njobs && !stopped(l); i++) {
		if (w->jobs[i].uses.s.len) {
			load_call(l, &w->jobs[i], chain, inherited);
		}
	}
}

/* Each file's jobs, counted for each call: only after loops are out of the question. */
static size_t count_jobs(struct loading *l, const struct workflow *w)
{
	size_t n = w->njobs;

	for (size_t i = 0; i < w->njobs; i++) {
		const struct workflow *to = calls_find(l->calls, &w->jobs[i]);

		for (size_t k = 0; to && k < l->calls->files.n; k++) {
			struct callee *c = &l->calls->files.v[k];

			if (c->workflow == to) {
				c->jobs = c->jobs ? c->jobs : count_jobs(l, to);
				n += c->jobs;
				break;
			}
		}
	}
	return n < l->rules->max_jobs + 1 ? n : l->rules->max_jobs + 1;
}

bool calls_load(struct arena *a, const struct workflow *const *roots, size_t n,
		const struct call_places *places, const struct call_rules *rules,
		struct diags *diags, struct calls **out)
{
	struct loading l = { .a = a,
			     .places = places,
			     .rules = rules ? rules : &call_rules_default,
			     .diags = diags,
			     .calls = arena_new(a, struct calls),
			     .nerrors = diags->nerrors };

	for (size_t i = 0; i < n; i++) {
		struct chain top = { NULL, roots[i]->path, places->root, NULL, 0 };

		load_calls(&l, roots[i], &top,
			   workflow_permissions(roots[i], (struct permission_set){ 0 }));
	}
	for (size_t i = 0; i < n && diags->nerrors == l.nerrors; i++) {
		if (count_jobs(&l, roots[i]) > l.rules->max_jobs) {
			struct span at = roots[i]->njobs ? roots[i]->jobs[0].id.at : NO_SPAN;

			refuse(&l, at, "The workflow may not contain more than %zu jobs",
			       l.rules->max_jobs);
		}
	}
	*out = l.calls;
	return diags->nerrors == l.nerrors;
}
