/* cmd_list.c - `act-c list`: the jobs of the workflows as a table, one line each, or as JSON
 * (list_json.c). */
#include "list.h"

enum { COLUMNS = 6, COLUMN_MAX = 40 };

struct row {
	struct str cell[COLUMNS];
};

struct table {
	size_t n;
	size_t cap;
	struct row *v;
};

static const struct row head = { { STR_INIT("WORKFLOW"), STR_INIT("JOB"), STR_INIT("NAME"),
				   STR_INIT("NEEDS"), STR_INIT("EVENTS"), STR_INIT("FILE") } };

static struct str or_dash(struct str s)
{
	return s.len ? s : STR("-");
}

static void add_rows(struct table *t, struct options *o, const struct chosen *c,
		     const struct selected *s)
{
	struct arena *a = &o->arena;

	for (size_t i = 0; i < s->workflow->njobs; i++) {
		const struct job_def *job = &s->workflow->jobs[i];

		if (s->jobs[i]) {
			vec_push(a, t,
				 (struct row){ { s->workflow->name, job->id.s,
						 chosen_job_name(a, &c->sources, job),
						 or_dash(chosen_needs(a, job)),
						 or_dash(chosen_events(a, s->workflow)),
						 s->workflow->path } });
		}
	}
}

static void print(const struct table *t)
{
	size_t width[COLUMNS] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t w = str_columns(t->v[i].cell[j]);

			width[j] = w > width[j] && w <= COLUMN_MAX ? w : width[j];
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t w = str_columns(t->v[i].cell[j]);
			int pad = w < width[j] ? (int)(width[j] - w) : 0;

			put_clean(stdout, t->v[i].cell[j]);
			(void)printf("%*s", j + 1 < COLUMNS ? pad + 2 : 0, "");
		}
		(void)putchar('\n');
	}
}

int cmd_list(struct options *o)
{
	struct table t = { 0 };
	struct chosen c;
	int code = chosen_read(&c, o);

	if (o->json && (c.n || c.files.n)) {
		list_print_json(o, &c);
		return code;
	}
	vec_push(&o->arena, &t, head);
	for (size_t i = 0; i < c.n; i++) {
		add_rows(&t, o, &c, &c.v[i]);
	}
	if (t.n > 1) {
		print(&t);
	}
	return code;
}
