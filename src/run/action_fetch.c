/*
 * action_fetch.c - the actions of other repositories that steps use: found in the store and read
 * before the job's first step, those of composite actions with them (SEMANTICS 4.1, 5.4). A local
 * composite action's come when it is reached. Their files are put into the job by action_put.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "actc/action_store.h"
#include "actc/file.h"
#include "step.h"

enum { MAX_ERRORS = 10 };

const struct action_manifest action_manifests[ACTION_MANIFESTS] = {
	{ "action.yml", false },
	{ "action.yaml", false },
	{ "Dockerfile", true },
	{ "dockerfile", true },
};

/* What is being prepared, and where that is told. */
struct preparing {
	struct job *job;
	struct str path; /* of the step whose log it goes to */
	struct str *why;
	VEC(struct action_use *) uses; /* of one level */
};

static bool fail(struct preparing *p, struct str why)
{
	*p->why = why;
	return false;
}

/* --- which repository ------------------------------------------------------------------------- */

static struct action_repo *repo_of(struct job *job, struct str name, struct str ref)
{
	struct action_repo *r = NULL;

	for (r = job->repos; r; r = r->next) {
		if (str_ieq(r->name, name) && str_eq(r->ref, ref)) {
			return r;
		}
	}
	r = arena_new(&job->arena, struct action_repo);
	*r = (struct action_repo){ .name = arena_str(&job->arena, name),
				   .ref = arena_str(&job->arena, ref),
				   .next = job->repos };
	r->tree = r->commit = r->dir = STR_EMPTY;
	job->repos = r;
	return r;
}

/* The own repository as the run's commit has it; made once, for all jobs. */
static bool own_tree(struct job *job, struct action_repo *r, struct err *err)
{
	const struct run_request *request = job->run->request;
	struct arena *a = &job->arena;
	struct checkout_spec spec = { .ref = STR_EMPTY, .depth = 1, .remote_url = STR_EMPTY };
	struct str dir = arena_printf(a, "%.*s/self", STR_ARG(request->rundir->tmp));
	const char *made = arena_printf(a, "%.*s.made", STR_ARG(dir)).p;
	int fd = open(arena_printf(a, "%.*s.lock", STR_ARG(dir)).p, O_CREAT | O_RDWR | O_CLOEXEC,
		      0600);
	bool ok = true;

	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		ok = err_sys(err, errno, "lock %.*s", STR_ARG(dir));
	} else if (access(made, F_OK) != 0) {
		ok = snapshot_checkout(a, request->snapshot, &spec, dir, err) &&
		     write_file(made, STR_EMPTY, 0600, err);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	r->tree = dir;
	return ok;
}

/* "$/path": the repository of the file that says so. */
static bool find_self(struct preparing *p, struct action_use *use)
{
	struct job *job = p->job;
	const struct run_request *request = job->run->request;
	const struct workflow *w = job->leg->job->scope->workflow->workflow;
	const struct call_source *source = calls_source(request->calls, w);
	struct err err = ERR_INIT;

	use->below = str_slice(use->def->uses.s, 2, use->def->uses.s.len);
	for (const struct action_use *u = use->outer; u; u = u->outer) {
		if (u->repo) {
			use->repo = u->repo;
			return true;
		}
	}
	if (source) {
		use->repo = repo_of(job, source->repository,
				    source->commit.len ? source->commit : source->ref);
		use->repo->tree = source->dir;
		use->repo->commit = source->commit;
		return true;
	}
	use->repo = repo_of(job, request->event->repository, request->event->sha);
	if (use->repo->tree.len == 0 && !own_tree(job, use->repo, &err)) {
		*p->why = arena_str(&job->arena, str_of(err.msg));
		err_release(&err);
		return false;
	}
	return true;
}

static bool find_repo(struct preparing *p, struct action_use *use)
{
	struct arena *a = &p->job->arena;
	struct action_ref ref;

	if (str_starts(use->def->uses.s, STR("$/"))) {
		return find_self(p, use);
	}
	if (!action_ref_parse(a, use->def->uses.s, &ref, p->why)) {
		return false;
	}
	use->below = ref.path;
	use->repo =
		repo_of(p->job, arena_printf(a, "%.*s/%.*s", STR_ARG(ref.owner), STR_ARG(ref.repo)),
			ref.ref);
	return true;
}

/* --- fetching --------------------------------------------------------------------------------- */

static void tell(struct preparing *p, const struct action_repo *r)
{
	struct arena *a = &p->job->scratch;
	struct str sha = r->commit.len ? arena_printf(a, " (SHA:%.*s)", STR_ARG(r->commit))
				       : arena_printf(a, " (%.*s)", STR_ARG(r->tree));

	job_log(p->job, p->path,
		arena_printf(a, "Download action repository '%.*s@%.*s'%.*s", STR_ARG(r->name),
			     STR_ARG(r->ref), STR_ARG(sha)));
}

/* What has its commits locked: the repository that the job's workflow is of. */
static void add_lock(struct preparing *p, struct action_fetch *v, size_t n)
{
	struct job *job = p->job;
	struct arena *a = &job->arena;
	const struct run_request *request = job->run->request;
	const struct workflow *w = job->leg->job->scope->workflow->workflow;
	const struct call_source *source = calls_source(request->calls, w);
	const struct action_lock *lock = request->lock;
	struct str path = w->path;

	if (source) {
		struct diags diags = { .arena = a, .sources = request->sources };
		struct action_lock *theirs = arena_new(a, struct action_lock);

		(void)action_lock_read(a, source->dir, &diags, theirs);
		lock = theirs;
		path = source->path;
	}
	for (size_t i = 0; i < n; i++) {
		v[i].lock = lock;
		v[i].workflow = path;
	}
}

static void tell_lock(struct preparing *p, const struct action_fetch *v, size_t n)
{
	struct arena *a = &p->job->scratch;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		any = any || v[i].locked;
	}
	if (any) {
		job_log(p->job, p->path,
			STR("Using locked action versions from the workflow's lockfile"));
	}
	for (size_t i = 0; i < n; i++) {
		if (v[i].drift.len) {
			job_annotate(p->job, p->path, "warning",
				     arena_printf(a,
						  "%.*s/%.*s@%.*s is locked to %.*s; by now it "
						  "stands for %.*s",
						  STR_ARG(v[i].ref.owner), STR_ARG(v[i].ref.repo),
						  STR_ARG(v[i].ref.ref), STR_ARG(v[i].commit),
						  STR_ARG(v[i].drift)));
		}
	}
}

/* Of github.com, and not of a directory that stands for it. */
static struct str refusal(const struct preparing *p, const struct action_fetch *v)
{
	struct arena *a = &p->job->arena;
	bool local = v->tree.len && v->commit.len == 0;

	return local || !str_eq(p->job->run->request->event->server_url, STR("https://github.com"))
		       ? STR_EMPTY
		       : action_closed(a,
				       arena_printf(a, "%.*s/%.*s", STR_ARG(v->ref.owner),
						    STR_ARG(v->ref.repo)),
				       v->ref.ref);
}

/* All that are not there yet, at once. */
static bool fetch(struct preparing *p)
{
	struct job *job = p->job;
	struct arena *a = &job->arena;
	struct action_fetch *v = arena_array(a, struct action_fetch, p->uses.n);
	struct action_repo **repos = arena_array(a, struct action_repo *, p->uses.n);
	size_t n = 0;

	for (size_t i = 0; i < p->uses.n; i++) {
		struct action_repo *r = p->uses.v[i]->repo;

		if (r->tree.len == 0 && !r->wanted) {
			r->wanted = true;
			repos[n] = r;
			v[n].pin = STR_EMPTY;
			(void)action_ref_parse(
				a, arena_printf(a, "%.*s@%.*s", STR_ARG(r->name), STR_ARG(r->ref)),
				&v[n++].ref, p->why);
		}
	}
	if (n == 0) {
		return true;
	}
	job_log(job, p->path, STR("Getting action download info"));
	job_flush(job);
	add_lock(p, v, n);
	(void)action_store_fetch(a, job->run->request->actions, v, n);
	tell_lock(p, v, n);
	for (size_t i = 0; i < n; i++) {
		struct str refused = refusal(p, &v[i]);

		repos[i]->wanted = false;
		if (refused.len || v[i].tree.len == 0) {
			return fail(p, refused.len ? refused : v[i].error);
		}
		repos[i]->tree = v[i].tree;
		repos[i]->commit = v[i].commit;
		tell(p, repos[i]);
		if (v[i].note.len) {
			job_log(job, p->path, v[i].note);
		}
	}
	return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

bool action_parse(struct job *job, struct action_use *use, struct str path, struct str shown,
		  struct str text, struct str *why)
{
	struct sources *sources = job->run->request->sources;
	struct diags diags = { .arena = &job->arena, .sources = sources };
	uint32_t file = sources_add(sources, shown, text);

	use->action = action_load(&job->arena, file, &diags);
	for (size_t i = 0; !use->action && i < diags.list.n && i < MAX_ERRORS; i++) {
		if (diags.list.v[i].severity == DIAG_ERROR) {
			job_annotate(job, path, "error",
				     diag_as_github(&job->arena, &diags, &diags.list.v[i]));
		}
	}
	if (!use->action) {
		*why = arena_printf(&job->arena, "Failed to load %.*s", STR_ARG(shown));
	}
	return use->action != NULL;
}

/* Another use of the same action in the job has read it already. */
static const struct action *read_before(const struct job *job, const struct action_use *use)
{
	for (const struct action_use *u = job->uses; u; u = u->next) {
		if (u->action && u->repo == use->repo && str_eq(u->below, use->below)) {
			return u->action;
		}
	}
	return NULL;
}

struct str action_below(struct arena *a, struct str dir, struct str path)
{
	return path.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(path)) : dir;
}

static bool read_manifest(struct preparing *p, struct action_use *use)
{
	struct job *job = p->job;
	struct arena *a = &job->arena;
	struct action_repo *r = use->repo;
	struct str named = action_below(a, r->name, use->below);

	use->tree = action_below(a, r->tree, use->below);
	use->action = read_before(job, use);
	for (size_t i = 0; i < ACTION_MANIFESTS && !use->action; i++) {
		const struct action_manifest *m = &action_manifests[i];
		struct str file = arena_printf(a, "%.*s/%s", STR_ARG(use->tree), m->name);
		struct strbuf text = STRBUF_INIT(ACTION_FILE_LIMIT);
		struct err err = ERR_INIT;
		bool ok = true;

		if (access(file.p, F_OK) != 0) {
			continue;
		}
		if (m->dockerfile) {
			use->action = action_from_image(a, str_of(m->name));
			continue;
		}
		ok = read_file(file.p, &text, &err) &&
		     action_parse(job, use, p->path,
				  arena_printf(a, "%.*s/%s/%.*s%s%s", STR_ARG(r->name), r->ref.p,
					       STR_ARG(use->below), use->below.len ? "/" : "",
					       m->name),
				  strbuf_str(&text), p->why);
		if (err.msg) {
			*p->why = arena_str(a, str_of(err.msg));
		}
		err_release(&err);
		strbuf_release(&text);
		return ok;
	}
	return use->action != NULL ||
	       fail(p, arena_printf(a,
				    "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for "
				    "action '%.*s@%.*s'.",
				    STR_ARG(named), STR_ARG(r->ref)));
}

/* --- the levels ------------------------------------------------------------------------------- */

/* A checkout that names another repository is left to the action itself. Where an expression names
 * it, that is known when the step is reached. */
static bool checks_out_another(const struct job *job, const struct step_def *def)
{
	const struct tok *t = tok_get(def->with, STR("repository"));

	return t && t->kind == TOK_STRING && t->u.s.len &&
	       !str_ieq(str_trim(t->u.s), job->run->request->event->repository);
}

static bool is_of_repository(const struct job *job, const struct step_def *def)
{
	return def->kind == STEP_USES && !action_is_local(def->uses.s) &&
	       !action_is_image(def->uses.s) &&
	       (!step_is_checkout(job, def) || checks_out_another(job, def));
}

/* Its own, or the one that the composite action around it is of. */
static bool step_is_skipped(struct job *job, const struct action_use *outer,
			    const struct step_def *def)
{
	for (; outer; outer = outer->outer) {
		def = outer->def;
	}
	return action_surely_skipped(job, def);
}

static bool needs_no_fetch(struct job *job, const struct step_def *def)
{
	struct str uses = def->uses.s, why = STR_EMPTY;
	struct action_ref ref;

	return str_starts(uses, STR("$/")) ||
	       (action_ref_parse(&job->scratch, uses, &ref, &why) &&
		action_store_is_local(&job->scratch, job->run->request->actions, &ref));
}

/* The pre of a skipped step runs all the same; else nothing of its action does. */
static bool is_worth_having(struct job *job, const struct action_use *use)
{
	return !step_is_skipped(job, use->outer, use->def) ||
	       use->action->kind == ACTION_COMPOSITE ||
	       (use->action->kind == ACTION_NODE && use->action->stages[STAGE_PRE].path.s.len > 0);
}

/* The uses among steps that follow each other; nothing is fetched for a step that will surely be
 * skipped: should it run after all, that comes then. */
static void collect(struct preparing *p, struct action_use *outer, const struct step_def *steps,
		    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct step_def *def = &steps[i];

		if (def->kind == STEP_PARALLEL) {
			collect(p, outer, def->steps, def->nsteps);
		} else if (def->kind == STEP_USES && action_is_image(def->uses.s)) {
			struct action_use *use = action_use_of(p->job, outer, def);

			use->action = action_from_image(&p->job->arena, def->uses.s);
		} else if (is_of_repository(p->job, def) &&
			   (!step_is_skipped(p->job, outer, def) || needs_no_fetch(p->job, def))) {
			vec_push(&p->job->arena, &p->uses, action_use_of(p->job, outer, def));
		}
	}
}

/* The uses in p, then those of the composite actions among them, level by level. */
static bool resolve(struct preparing *p, size_t depth)
{
	while (p->uses.n) {
		struct preparing next = { .job = p->job, .path = p->path, .why = p->why };

		if (depth > ACTION_MAX_DEPTH) {
			return fail(p, STR("Composite action depth exceeded max depth 9"));
		}
		for (size_t i = 0; i < p->uses.n; i++) {
			if (!p->uses.v[i]->repo && !find_repo(p, p->uses.v[i])) {
				return false;
			}
		}
		if (!fetch(p)) {
			return false;
		}
		for (size_t i = 0; i < p->uses.n; i++) {
			struct action_use *use = p->uses.v[i];

			if (!use->action && !read_manifest(p, use)) {
				return false;
			}
			if (!is_worth_having(p->job, use)) {
				use->action = NULL;
				continue;
			}
			collect(&next, use, use->action->steps, use->action->nsteps);
		}
		p->uses.n = next.uses.n;
		p->uses.cap = next.uses.cap;
		p->uses.v = next.uses.v;
		depth++;
	}
	return true;
}

bool actions_resolve(struct job *job, struct action_use *outer, const struct step_def *steps,
		     size_t n, struct str path, struct str *why)
{
	struct preparing p = { .job = job, .path = path, .why = why };
	size_t depth = 0;

	for (const struct action_use *u = outer; u; u = u->outer) {
		depth++;
	}
	collect(&p, outer, steps, n);
	if (p.uses.n) {
		job_log(job, path, STR("Prepare all required actions"));
	}
	return resolve(&p, depth);
}

bool action_resolve(struct job *job, struct action_use *use, struct str path, struct str *why)
{
	struct preparing p = { .job = job, .path = path, .why = why };
	size_t depth = 0;

	if (action_is_image(use->def->uses.s)) {
		use->action = action_from_image(&job->arena, use->def->uses.s);
		return true;
	}
	for (const struct action_use *u = use->outer; u; u = u->outer) {
		depth++;
	}
	vec_push(&job->arena, &p.uses, use);
	return resolve(&p, depth);
}
