/*
 * check.c - goes through a file once and asks the rules: the file, each job, each step. What a rule
 * is about is in rule_NAME.c; the table here is all there is to add one.
 */
#include "check.h"

#include <stdarg.h>

static const struct rule *const rules[] = {
	&rule_exprs,   &rule_if,       &rule_glob,        &rule_matrix,   &rule_labels, &rule_shell,
	&rule_needs,   &rule_commands, &rule_credentials, &rule_env,      &rule_events, &rule_shape,
	&rule_actions, &rule_calls,    &rule_shellcheck,  &rule_pyflakes,
};

enum { NRULES = sizeof(rules) / sizeof(rules[0]) };

struct diag *check_warn(struct check *c, struct span at, const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	return diag_warning(c->diags, at, kind, "%.*s", STR_ARG(diag_quote(msg)));
}

const struct tok_pair *check_pair_of(const struct tok *map, struct str key)
{
	for (size_t i = 0; map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok *k = map->u.map.pairs[i].key;

		if (k->kind == TOK_STRING && k->u.s.len == key.len && k->u.s.p[0] == key.p[0] &&
		    memcmp(k->u.s.p, key.p, key.len) == 0) {
			return &map->u.map.pairs[i];
		}
	}
	return NULL;
}

struct str check_literal(const struct tok *t)
{
	return t && t->kind == TOK_STRING && !t->bad ? t->u.s : (struct str){ NULL, 0 };
}

struct span check_span(struct check *c, const struct tok *t, size_t at, size_t len)
{
	return t->from ? yaml_text_span(c->diags->sources, t->from, at, at + len) : t->at;
}

static void check_steps(struct check *c, struct job_view *job)
{
	const struct tok *seq = check_get(job->map, "steps");
	struct type_builder steps = { .a = c->a };
	size_t n = 0;

	for (size_t i = 0; seq && seq->kind == TOK_SEQ && i < seq->u.seq.n; i++) {
		struct step_view step = { job, seq->u.seq.items[i], NULL };

		if (step.map->kind != TOK_MAP || n == job->def->nsteps) {
			continue;
		}
		step.def = &job->def->steps[n++];
		job->contexts.steps = type_finish(&steps);
		for (size_t r = 0; r < NRULES; r++) {
			if (rules[r]->step) {
				rules[r]->step(c, &step);
			}
		}
		contexts_add_step(c, &steps, step.def);
	}
}

static void check_jobs(struct check *c)
{
	for (size_t i = 0; i < c->njobs; i++) {
		for (size_t r = 0; r < NRULES; r++) {
			if (rules[r]->job) {
				rules[r]->job(c, &c->jobs[i]);
			}
		}
		check_steps(c, &c->jobs[i]);
	}
}

/* The jobs as the model has them, in the same order. */
static void view_jobs(struct check *c)
{
	const struct tok *map = check_get(c->root, "jobs");
	size_t n = 0;

	c->jobs = arena_array(c->a, struct job_view, c->w->njobs);
	for (size_t i = 0; map && map->kind == TOK_MAP && i < map->u.map.n; i++) {
		const struct tok_pair *pair = &map->u.map.pairs[i];

		if (pair->key->kind == TOK_STRING && pair->value->kind == TOK_MAP &&
		    n < c->w->njobs) {
			c->jobs[n] = (struct job_view){ .key = pair->key->at,
							.id = pair->key->u.s,
							.map = pair->value,
							.def = &c->w->jobs[n] };
			n++;
		}
	}
	c->njobs = n;
}

void check_workflow(struct arena *a, struct check_project *project, const struct workflow *w,
		    struct diags *diags)
{
	struct check c = { .a = a, .diags = diags, .project = project, .w = w, .root = w->tokens };

	if (c.root->kind != TOK_MAP) {
		return;
	}
	view_jobs(&c);
	contexts_build(&c);
	for (size_t r = 0; r < NRULES; r++) {
		if (rules[r]->file) {
			rules[r]->file(&c);
		}
	}
	check_jobs(&c);
}
