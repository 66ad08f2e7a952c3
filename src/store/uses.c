/*
 * uses.c - a walk from workflows to the repositories of their actions, and on from those of
 * composite actions. Each round fetches at once what the last one found.
 *
 * It reads metadata only to find more names: what is wrong with a file is told when it is used.
 */
#include "actc/uses.h"

#include "actc/action.h"
#include "actc/file.h"
#include "actc/strmap.h"

enum { FILE_MAX = 1 << 20, DEPTH_MAX = 10, OWN = -1 };

/* A file that is still to be looked into. */
struct visit {
	ptrdiff_t node; /* OWN: in the own repository */
	struct str path;
	bool workflow; /* a called workflow, else an action's directory */
	size_t of;     /* with OWN: the workflow that it counts for */
	unsigned depth;
};

struct walk {
	struct arena *a;
	const struct uses_spec *spec;
	struct uses *out;
	struct sources sources;
	struct strmap keys; /* to indices */
	struct strmap seen; /* visits that were made */
	VEC(struct visit) todo;
};

/* --- nodes --------------------------------------------------------------------------------------
 */

static size_t node_of(struct walk *w, struct action_ref ref, bool called)
{
	struct str key = action_key(w->a, &ref);
	bool fresh = false;
	size_t *index = strmap_slot(w->a, &w->keys, key, &fresh);

	if (fresh) {
		struct uses_node node = { .key = key, .called_only = true };

		*index = w->out->nodes.n;
		ref.path = STR_EMPTY;
		node.fetch.ref = ref;
		node.fetch.pin = w->spec->pin ? w->spec->pin(w->spec->ctx, key) : STR_EMPTY;
		vec_push(w->a, &w->out->nodes, node);
	}
	w->out->nodes.v[*index].called_only &= called;
	return *index;
}

static void add_use(struct walk *w, const struct visit *from, size_t node)
{
	size_t n = from->node == OWN ? w->out->workflows[from->of].uses.n
				     : w->out->nodes.v[from->node].uses.n;
	const size_t *v = from->node == OWN ? w->out->workflows[from->of].uses.v
					    : w->out->nodes.v[from->node].uses.v;

	for (size_t i = 0; i < n; i++) {
		if (v[i] == node) {
			return;
		}
	}
	if (from->node == OWN) {
		vec_push(w->a, &w->out->workflows[from->of].uses, node);
	} else if ((size_t)from->node != node) {
		vec_push(w->a, &w->out->nodes.v[from->node].uses, node);
	}
}

/* --- references ---------------------------------------------------------------------------------
 */

static void visit_later(struct walk *w, struct visit v)
{
	struct str name = arena_printf(w->a, "%td %zu %d %.*s", v.node, v.node == OWN ? v.of : 0,
				       v.workflow, STR_ARG(v.path));
	bool fresh = false;

	(void)strmap_slot(w->a, &w->seen, name, &fresh);
	if (fresh && v.depth <= DEPTH_MAX) {
		vec_push(w->a, &w->todo, v);
	}
}

/* "./x" is below the workspace, so of the own repository wherever it is written; "$/x" is of the
 * repository that has the file. */
static void add_own(struct walk *w, const struct visit *from, struct str uses, bool workflow)
{
	struct visit next = *from;
	bool here = str_starts(uses, STR("./"));

	next.path = str_slice(uses, 2, uses.len);
	next.workflow = workflow;
	next.depth++;
	if (here && !workflow) {
		next.node = OWN;
	}
	if (here && !workflow && from->node == OWN) {
		vec_push(w->a, &w->out->workflows[from->of].locals, uses);
	}
	/* A called file of the own repository is looked into by itself. */
	if (!workflow || next.node != OWN) {
		visit_later(w, next);
	}
}

static void add_reference(struct walk *w, const struct visit *from, struct str uses, bool workflow)
{
	struct action_ref ref;
	struct str why;

	if (str_starts(uses, STR("./")) || str_starts(uses, STR("$/"))) {
		add_own(w, from, uses, workflow);
	} else if (!str_starts(uses, STR("docker://")) && (!workflow || w->spec->called) &&
		   action_ref_parse(w->a, uses, &ref, &why)) {
		size_t node = node_of(w, ref, workflow);

		if (!workflow) {
			add_use(w, from, node);
		}
		visit_later(w, (struct visit){ .node = (ptrdiff_t)node,
					       .path = ref.path,
					       .workflow = workflow,
					       .of = from->of,
					       .depth = from->depth + 1 });
	}
}

static void add_steps(struct walk *w, const struct visit *from, const struct step_def *steps,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (steps[i].kind == STEP_USES) {
			add_reference(w, from, steps[i].uses.s, false);
		}
		add_steps(w, from, steps[i].steps, steps[i].nsteps);
	}
}

static void add_workflow(struct walk *w, const struct visit *from, const struct workflow *workflow)
{
	for (size_t i = 0; i < workflow->njobs; i++) {
		const struct job_def *job = &workflow->jobs[i];

		if (job->uses.s.len) {
			add_reference(w, from, job->uses.s, true);
		}
		add_steps(w, from, job->steps, job->nsteps);
	}
}

/* --- files --------------------------------------------------------------------------------------
 */

static struct str root_of(const struct walk *w, const struct visit *v)
{
	if (v->node != OWN) {
		return w->out->nodes.v[v->node].fetch.tree;
	}
	return w->spec->root.len ? w->spec->root : STR(".");
}

static bool read_into(struct walk *w, struct str path, uint32_t *file)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err ignored = ERR_INIT;
	bool ok = read_file(path.p, &text, &ignored);

	if (ok) {
		*file = sources_add(&w->sources, path, strbuf_str(&text));
	}
	err_release(&ignored);
	strbuf_release(&text);
	return ok;
}

static void visit_action(struct walk *w, const struct visit *v, struct str dir)
{
	static const char *const names[] = { "action.yml", "action.yaml" };
	struct diags diags = { .arena = w->a, .sources = &w->sources };
	uint32_t file;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct str path = arena_printf(w->a, "%.*s/%s", STR_ARG(dir), names[i]);

		if (read_into(w, path, &file)) {
			const struct action *action = action_load(w->a, file, &diags);

			if (action) {
				add_steps(w, v, action->steps, action->nsteps);
			}
			return;
		}
	}
}

static void visit(struct walk *w, const struct visit *v)
{
	struct str root = root_of(w, v);
	struct str path = arena_printf(w->a, "%.*s/%.*s", STR_ARG(root), STR_ARG(v->path));
	struct diags diags = { .arena = w->a, .sources = &w->sources };
	const struct workflow *workflow;
	uint32_t file;

	if (root.len == 0) {
		return; /* it could not be fetched */
	}
	if (!v->workflow) {
		visit_action(w, v, path);
	} else if (read_into(w, path, &file) &&
		   (workflow = workflow_load(w->a, file, &diags)) != NULL) {
		add_workflow(w, v, workflow);
	}
}

/* --- rounds -------------------------------------------------------------------------------------
 */

static void fetch_new(struct walk *w)
{
	struct uses *u = w->out;
	struct action_fetch *v = arena_array(w->a, struct action_fetch, u->nodes.n);
	size_t *from = arena_array(w->a, size_t, u->nodes.n), n = 0;

	for (size_t i = 0; i < u->nodes.n; i++) {
		if (!u->nodes.v[i].tried) {
			u->nodes.v[i].tried = true;
			from[n] = i;
			v[n++] = u->nodes.v[i].fetch;
		}
	}
	(void)action_store_fetch(w->a, w->spec->store, v, n);
	for (size_t i = 0; i < n; i++) {
		u->nodes.v[from[i]].fetch = v[i];
	}
}

bool uses_collect(struct arena *a, const struct uses_spec *spec, struct uses *out)
{
	struct walk w = { .a = a, .spec = spec, .out = out, .sources.arena = a };
	bool ok = true;

	*out = (struct uses){ .nworkflows = spec->n,
			      .workflows = arena_array(a, struct uses_workflow, spec->n) };
	for (size_t i = 0; i < spec->n; i++) {
		struct visit from = { .node = OWN, .path = STR_EMPTY, .of = i };

		out->workflows[i].workflow = spec->workflows[i];
		add_workflow(&w, &from, spec->workflows[i]);
	}
	fetch_new(&w);
	while (w.todo.n) {
		size_t n = w.todo.n;
		struct visit *round = arena_array(a, struct visit, n);

		memcpy(round, w.todo.v, n * sizeof(*round));
		w.todo.n = 0;
		for (size_t i = 0; i < n; i++) {
			visit(&w, &round[i]);
		}
		fetch_new(&w);
	}
	for (size_t i = 0; i < out->nodes.n; i++) {
		ok = ok && out->nodes.v[i].fetch.tree.len;
	}
	return ok;
}
