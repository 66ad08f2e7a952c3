/*
 * cmd_graph.c - `act-c graph`: which job waits for which, as text, for Graphviz, for Mermaid, or as
 * a picture (graph_svg.c).
 *
 * As text a job stands below the need that is ready last, as far as the graph alone tells; its
 * other needs are named beside it.
 */
#include "graph.h"

#include "actc/strbuf.h"

struct drawing {
	struct options *o;
	const struct chosen *c;
	const struct workflow *w;
	const bool *jobs;
	size_t *depths; /* of each job, plus one; 0 = not known yet */
	bool boxes;
	size_t index; /* of the workflow, for names that are unique */
};

/* How many jobs come before it on the longest way; remembered, since many ways may meet. */
static size_t depth(const struct drawing *d, size_t job)
{
	const struct job_def *j = &d->w->jobs[job];
	size_t most = 0;

	if (d->depths[job]) {
		return d->depths[job] - 1;
	}
	for (size_t i = 0; i < j->needs.n; i++) {
		size_t n = depth(d, j->need_index[i]) + 1;

		most = n > most ? n : most;
	}
	d->depths[job] = most + 1;
	return most;
}

/* The need that a job hangs on; the job itself when it needs none. */
static size_t parent(const struct drawing *d, size_t job)
{
	const struct job_def *j = &d->w->jobs[job];
	size_t best = job, most = 0;

	for (size_t i = 0; i < j->needs.n; i++) {
		size_t n = depth(d, j->need_index[i]) + 1;

		if (n >= most) {
			most = n;
			best = j->need_index[i];
		}
	}
	return best;
}

static void print_job(const struct drawing *d, size_t job)
{
	const struct job_def *j = &d->w->jobs[job];
	struct str name = chosen_job_name(&d->o->arena, &d->c->sources, j);
	size_t up = parent(d, job);
	const char *separator = "  (also needs ";

	put_clean(stdout, j->id.s);
	if (!str_eq(name, j->id.s)) {
		(void)fputs("  ", stdout);
		put_clean(stdout, name);
	}
	for (size_t i = 0; i < j->needs.n; i++) {
		if (j->need_index[i] != up) {
			(void)printf("%s%.*s", separator, STR_ARG(j->needs.v[i].s));
			separator = ", ";
		}
	}
	(void)puts(separator[0] == ',' ? ")" : "");
}

static size_t next_child(const struct drawing *d, size_t job, size_t from)
{
	while (from < d->w->njobs && (!d->jobs[from] || from == job || parent(d, from) != job)) {
		from++;
	}
	return from;
}

static void print_children(const struct drawing *d, size_t job, struct strbuf *lead)
{
	for (size_t i = next_child(d, job, 0), next; i < d->w->njobs; i = next) {
		size_t len = lead->len;

		next = next_child(d, job, i + 1);

		bool last = next == d->w->njobs;

		(void)printf("  %s%s", lead->p,
			     d->boxes ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- "));
		print_job(d, i);
		strbuf_adds(lead, last ? STR("   ") : d->boxes ? STR("│  ") : STR("|  "));
		print_children(d, i, lead);
		lead->len = len;
		lead->p[len] = '\0';
	}
}

static void print_text(const struct drawing *d)
{
	struct strbuf lead = STRBUF_INIT(0);

	if (d->index) {
		(void)putchar('\n');
	}
	put_clean(stdout, d->w->name);
	if (!str_eq(d->w->name, d->w->path)) {
		(void)fputs("  ", stdout);
		put_clean(stdout, d->w->path);
	}
	(void)printf("  (%.*s)\n", STR_ARG(chosen_events(&d->o->arena, d->w)));
	for (size_t i = 0; i < d->w->njobs; i++) {
		if (d->jobs[i] && parent(d, i) == i) {
			(void)fputs("  ", stdout);
			print_job(d, i);
			print_children(d, i, &lead);
		}
	}
	strbuf_release(&lead);
}

static const struct escape dot_escapes[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { 0, NULL } };
/* `#` begins its entities, a backtick its Markdown, and the rest would be HTML. */
static const struct escape mermaid_escapes[] = { { '"', "#quot;" }, { '#', "#35;" },
						 { '&', "#amp;" },  { '<', "#lt;" },
						 { '>', "#gt;" },   { '`', "#96;" },
						 { 0, NULL } };

static void put_quoted(struct str s, const struct escape *escapes)
{
	(void)putchar('"');
	put_escaped(stdout, s, escapes);
	(void)putchar('"');
}

static void print_dot(const struct drawing *d)
{
	(void)printf("\tsubgraph cluster_%zu {\n\t\tlabel=", d->index);
	put_quoted(d->w->name, dot_escapes);
	(void)puts(";");
	for (size_t i = 0; i < d->w->njobs; i++) {
		const struct job_def *j = &d->w->jobs[i];

		if (!d->jobs[i]) {
			continue;
		}
		(void)printf("\t\t\"%zu.%.*s\" [label=", d->index, STR_ARG(j->id.s));
		put_quoted(chosen_job_name(&d->o->arena, &d->c->sources, j), dot_escapes);
		(void)puts("];");
		for (size_t k = 0; k < j->needs.n; k++) {
			(void)printf("\t\t\"%zu.%.*s\" -> \"%zu.%.*s\";\n", d->index,
				     STR_ARG(d->w->jobs[j->need_index[k]].id.s), d->index,
				     STR_ARG(j->id.s));
		}
	}
	(void)puts("\t}");
}

static void print_mermaid(const struct drawing *d)
{
	(void)printf("    subgraph w%zu[", d->index);
	put_quoted(d->w->name, mermaid_escapes);
	(void)puts("]");
	for (size_t i = 0; i < d->w->njobs; i++) {
		const struct job_def *j = &d->w->jobs[i];

		if (!d->jobs[i]) {
			continue;
		}
		(void)printf("        w%zu_%zu[", d->index, i);
		put_quoted(chosen_job_name(&d->o->arena, &d->c->sources, j), mermaid_escapes);
		(void)puts("]");
		for (size_t k = 0; k < j->needs.n; k++) {
			(void)printf("        w%zu_%zu --> w%zu_%zu\n", d->index, j->need_index[k],
				     d->index, i);
		}
	}
	(void)puts("    end");
}

static const struct format {
	const char *name, *before, *after;
	void (*print)(const struct drawing *d);
} formats[] = {
	{ "text", "", "", print_text },
	{ "dot", "digraph workflows {\n\trankdir=LR;\n\tnode [shape=box];\n", "}\n", print_dot },
	{ "mermaid", "flowchart LR\n", "", print_mermaid },
};

int cmd_graph(struct options *o)
{
	const struct format *f = NULL;
	bool svg = str_eq(o->format, STR("svg"));
	struct chosen c;
	int code;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (str_eq(o->format, str_of(formats[i].name))) {
			f = &formats[i];
		}
	}
	if (!f && !svg) {
		return cli_usage(o,
				 "graph has no format '%.*s'; there are text, dot, mermaid and svg",
				 STR_ARG(o->format));
	}
	code = chosen_read(&c, o);
	if (c.n && svg) {
		graph_svg(o, &c);
		return code;
	}
	if (c.n) {
		(void)fputs(f->before, stdout);
	}
	for (size_t i = 0; i < c.n; i++) {
		f->print(&(struct drawing){
			.o = o,
			.c = &c,
			.w = c.v[i].workflow,
			.jobs = c.v[i].jobs,
			.depths = arena_array(&o->arena, size_t, c.v[i].workflow->njobs),
			.boxes = locale_is_utf8(),
			.index = i });
	}
	if (c.n) {
		(void)fputs(f->after, stdout);
	}
	return code;
}
