/*
 * needs.c - the graph of a file's jobs: names to indices, unknown jobs, cycles. The order in which
 * jobs run is the plan's business.
 */
#include "build.h"

struct graph {
	struct build *b;
	struct job_def *jobs;
	size_t n;
	struct strmap ids; /* id -> index + 1 */
	size_t *queue;
	/* Peeled off: ready after some others, or needed by none that is left. */
	bool *done;
};

static const size_t *find_job(const struct graph *g, struct str id)
{
	return strmap_get(&g->ids, id);
}

static void hint_job(const struct graph *g, struct str id, struct diag *d)
{
	struct str *ids = arena_array(g->b->a, struct str, g->n);

	for (size_t i = 0; i < g->n; i++) {
		ids[i] = g->jobs[i].id.s;
	}

	struct str near = diag_nearest(id, ids, g->n);

	if (near.len) {
		d->hint = arena_printf(g->b->diags->arena, "did you mean '%.*s'?", STR_ARG(near));
	}
}

/* Unknown needs are reported and left out; the rest are named as their jobs are. */
static void resolve(struct graph *g, struct job_def *job)
{
	struct spanned *needs = arena_array(g->b->a, struct spanned, job->needs.n);
	size_t *index = arena_array(g->b->a, size_t, job->needs.n);
	size_t n = 0;

	for (size_t i = 0; i < job->needs.n; i++) {
		const size_t *slot = find_job(g, job->needs.v[i].s);

		if (!slot) {
			hint_job(g, job->needs.v[i].s,
				 diag_error(g->b->diags, job->needs.v[i].at, "job-needs",
					    "Job '%.*s' depends on unknown job '%.*s'.",
					    STR_ARG(diag_quote(job->id.s)),
					    STR_ARG(diag_quote(job->needs.v[i].s))));
			continue;
		}
		needs[n] = (struct spanned){ g->jobs[*slot - 1].id.s, job->needs.v[i].at };
		index[n++] = *slot - 1;
	}
	job->needs = (struct spanned_list){ n, needs };
	job->need_index = index;
}

/* The edges that start at each job, in one array: those of job i are to[first[i]] and on. Forwards
 * they lead from a needed job to the one that needs it. */
struct edges {
	size_t *first;
	size_t *to;
};

static size_t edge_from(const struct graph *g, size_t job, size_t k, bool backwards)
{
	return backwards ? job : g->jobs[job].need_index[k];
}

static struct edges make_edges(const struct graph *g, bool backwards)
{
	struct edges e = { .first = arena_array(g->b->a, size_t, g->n + 2) };

	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->jobs[i].needs.n; k++) {
			e.first[edge_from(g, i, k, backwards) + 2]++;
		}
	}
	for (size_t i = 0; i < g->n; i++) {
		e.first[i + 2] += e.first[i + 1];
	}
	e.to = arena_array(g->b->a, size_t, e.first[g->n + 1]);
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->jobs[i].needs.n; k++) {
			e.to[e.first[edge_from(g, i, k, backwards) + 1]++] =
				edge_from(g, i, k, !backwards);
		}
	}
	return e;
}

/* Jobs at which no edge from an undone job ends become done, until nothing moves. */
static void peel(struct graph *g, bool backwards)
{
	struct edges e = make_edges(g, backwards);
	size_t *open = arena_array(g->b->a, size_t, g->n);
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = e.first[i]; !g->done[i] && k < e.first[i + 1]; k++) {
			open[e.to[k]]++;
		}
	}
	for (size_t i = 0; i < g->n; i++) {
		if (!g->done[i] && open[i] == 0) {
			g->queue[tail++] = i;
		}
	}
	while (head < tail) {
		size_t job = g->queue[head++];

		g->done[job] = true;
		for (size_t k = e.first[job]; k < e.first[job + 1]; k++) {
			if (--open[e.to[k]] == 0) {
				g->queue[tail++] = e.to[k];
			}
		}
	}
}

static void report_cycles(const struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct job_def *job = &g->jobs[i];

		for (size_t k = 0; !g->done[i] && k < job->needs.n; k++) {
			if (g->done[job->need_index[k]]) {
				continue;
			}
			diag_error(g->b->diags, job->id.at, "job-needs",
				   "Job '%.*s' depends on job '%.*s' which creates a cycle in the "
				   "dependency graph.",
				   STR_ARG(diag_quote(job->id.s)),
				   STR_ARG(diag_quote(job->needs.v[k].s)))
				->token = job->needs.v[k].at;
		}
	}
}

static bool has_start(const struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->jobs[i].needs.n == 0) {
			return true;
		}
	}
	return g->n == 0;
}

void build_needs(struct build *b, struct span jobs, struct job_def *defs, size_t n)
{
	struct graph g = { .b = b, .jobs = defs, .n = n, .ids = { .nocase = true } };

	if (!has_start(&g)) {
		(void)diag_error(b->diags, jobs, "job-needs",
				 "The workflow must contain at least one job with no "
				 "dependencies.");
		if (b->staged) {
			return;
		}
	}
	for (size_t i = 0; i < n; i++) {
		*strmap_slot(b->a, &g.ids, defs[i].id.s, NULL) = i + 1;
	}
	for (size_t i = 0; i < n; i++) {
		resolve(&g, &defs[i]);
	}
	g.queue = arena_array(b->a, size_t, n);
	g.done = arena_array(b->a, bool, n);
	peel(&g, false);
	peel(&g, true);
	report_cycles(&g);
}
