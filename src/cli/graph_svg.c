/*
 * graph_svg.c - the jobs of all workflows as one picture: a column for each depth, an arrow from a
 * job to those that need it.
 *
 * Widths are those of a monospaced font, so that nothing has to be measured.
 */
#include "graph.h"

enum {
	MARGIN = 16,
	LETTER = 8, /* the width of one, at 13 pixels */
	BOX = 28,   /* height */
	ROW = BOX + 12,
	GAP = 48, /* between columns, where arrows are */
	TITLE = 30,
	PADDING = 12,
};

struct node {
	struct str name;
	size_t depth; /* plus one; 0 = not known yet */
	size_t row;
	bool shown;
};

struct picture {
	const struct workflow *w;
	struct node *nodes;
	size_t ncolumns, nrows;
	size_t *letters; /* of each column: its longest name */
};

static size_t depth_of(struct picture *p, size_t job)
{
	const struct job_def *def = &p->w->jobs[job];
	size_t most = 0;

	for (size_t i = 0; p->nodes[job].depth == 0 && i < def->needs.n; i++) {
		size_t n = depth_of(p, def->need_index[i]);

		most = n > most ? n : most;
	}
	if (p->nodes[job].depth == 0) {
		p->nodes[job].depth = most + 1;
	}
	return p->nodes[job].depth;
}

static struct picture lay_out(struct options *o, const struct chosen *c, const struct selected *s)
{
	struct arena *a = &o->arena;
	size_t n = s->workflow->njobs;
	struct picture p = { .w = s->workflow,
			     .nodes = arena_array(a, struct node, n),
			     .letters = arena_array(a, size_t, n + 1) };
	size_t *rows = arena_array(a, size_t, n + 1);

	for (size_t i = 0; i < n; i++) {
		struct node *node = &p.nodes[i];
		size_t column = depth_of(&p, i) - 1, letters;

		node->shown = s->jobs[i];
		if (!node->shown) {
			continue;
		}
		node->name = chosen_job_name(a, &c->sources, &p.w->jobs[i]);
		node->row = rows[column]++;
		letters = str_columns(node->name);
		p.letters[column] = letters > p.letters[column] ? letters : p.letters[column];
		p.ncolumns = column + 1 > p.ncolumns ? column + 1 : p.ncolumns;
		p.nrows = rows[column] > p.nrows ? rows[column] : p.nrows;
	}
	return p;
}

static size_t column_width(const struct picture *p, size_t column)
{
	return p->letters[column] * LETTER + 2 * PADDING;
}

static size_t column_x(const struct picture *p, size_t column)
{
	size_t x = MARGIN;

	for (size_t i = 0; i < column; i++) {
		x += column_width(p, i) + GAP;
	}
	return x;
}

static size_t width(const struct picture *p)
{
	size_t title = str_columns(p->w->name) * LETTER + 2 * MARGIN;
	size_t jobs = column_x(p, p->ncolumns) - GAP + MARGIN;

	return title > jobs ? title : jobs;
}

static size_t height(const struct picture *p)
{
	return TITLE + p->nrows * ROW + MARGIN;
}

static void put_xml(struct str s)
{
	static const struct escape escapes[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { 0, NULL }
	};

	put_escaped(stdout, s, escapes);
}

static void draw_node(const struct picture *p, const struct node *n, size_t top)
{
	size_t x = column_x(p, n->depth - 1), y = top + TITLE + n->row * ROW;

	(void)printf("  <rect class=\"job\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%d\" "
		     "rx=\"6\"/>\n  <text x=\"%zu\" y=\"%zu\">",
		     x, y, column_width(p, n->depth - 1), BOX, x + PADDING, y + 18);
	put_xml(n->name);
	(void)puts("</text>");
}

static void draw_arrow(const struct picture *p, const struct node *from, const struct node *to,
		       size_t top)
{
	size_t x1 = column_x(p, from->depth - 1) + column_width(p, from->depth - 1);
	size_t x2 = column_x(p, to->depth - 1);
	size_t y1 = top + TITLE + from->row * ROW + BOX / 2;
	size_t y2 = top + TITLE + to->row * ROW + BOX / 2;

	(void)printf(
		"  <path d=\"M%zu %zu C%zu %zu %zu %zu %zu %zu\" marker-end=\"url(#arrow)\"/>\n",
		x1, y1, x1 + GAP / 2, y1, x2 - GAP / 2, y2, x2, y2);
}

static void draw(const struct picture *p, size_t top)
{
	(void)printf("  <text class=\"title\" x=\"%d\" y=\"%zu\">", MARGIN, top + 18);
	put_xml(p->w->name);
	(void)puts("</text>");
	for (size_t i = 0; i < p->w->njobs; i++) {
		const struct job_def *def = &p->w->jobs[i];

		for (size_t k = 0; p->nodes[i].shown && k < def->needs.n; k++) {
			draw_arrow(p, &p->nodes[def->need_index[k]], &p->nodes[i], top);
		}
	}
	for (size_t i = 0; i < p->w->njobs; i++) {
		if (p->nodes[i].shown) {
			draw_node(p, &p->nodes[i], top);
		}
	}
}

void graph_svg(struct options *o, const struct chosen *c)
{
	struct picture *pictures = arena_array(&o->arena, struct picture, c->n);
	size_t wide = 0, high = MARGIN / 2, top = MARGIN / 2;

	for (size_t i = 0; i < c->n; i++) {
		pictures[i] = lay_out(o, c, &c->v[i]);
		wide = width(&pictures[i]) > wide ? width(&pictures[i]) : wide;
		high += height(&pictures[i]);
	}
	(void)printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
		     "viewBox=\"0 0 %zu %zu\">\n",
		     wide, high, wide, high);
	(void)puts("  <style>\n"
		   "    text { font: 13px monospace; fill: #1f2328 }\n"
		   "    .title { font-weight: bold }\n"
		   "    .job { fill: #f6f8fa; stroke: #8c959f }\n"
		   "    path { fill: none; stroke: #8c959f }\n"
		   "    marker path { fill: #8c959f; stroke: none }\n"
		   "  </style>\n"
		   "  <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
		   "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
		   "<path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n"
		   "  <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
	for (size_t i = 0; i < c->n; i++) {
		draw(&pictures[i], top);
		top += height(&pictures[i]);
	}
	(void)puts("</svg>");
}
