/*
 * build_step.c - steps from tokens: their kinds, ids, `uses` forms, and what wait and cancel refer
 * to (SEMANTICS 1.2, 1.10, 4.13).
 */
#include "build.h"

#define KIND "syntax-check"

static const struct field tokens[] = {
	{ "name", offsetof(struct step_def, name) },
	{ "env", offsetof(struct step_def, env) },
	{ "continue-on-error", offsetof(struct step_def, continue_on_error) },
	{ "timeout-minutes", offsetof(struct step_def, timeout_minutes) },
	{ "run", offsetof(struct step_def, run) },
	{ "shell", offsetof(struct step_def, shell) },
	{ "working-directory", offsetof(struct step_def, working_directory) },
	{ "with", offsetof(struct step_def, with) },
};

static const struct {
	const char *key;
	enum step_kind kind;
	const char *id; /* for steps without one; NULL = from `uses` */
} kinds[] = {
	{ "run", STEP_RUN, "run" },          { "uses", STEP_USES, NULL },
	{ "wait", STEP_WAIT, "wait" },       { "wait-all", STEP_WAIT_ALL, "wait-all" },
	{ "cancel", STEP_CANCEL, "cancel" }, { "parallel", STEP_PARALLEL, "parallel" },
};

enum { NKINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* --- uses --- */

static bool is_local(struct str uses)
{
	return str_starts(uses, STR("./")) || str_starts(uses, STR(".\\"));
}

/* The next non-empty part of a path, empty at the end. */
static struct str next_part(struct str *path)
{
	size_t i = 0;

	while (i < path->len && (path->p[i] == '/' || path->p[i] == '\\')) {
		i++;
	}

	size_t end = i;

	while (end < path->len && path->p[end] != '/' && path->p[end] != '\\') {
		end++;
	}

	struct str part = str_slice(*path, i, end);

	*path = str_slice(*path, end, path->len);
	return part;
}

/* owner/repo[/path]@ref; false when it has another form. */
static bool split_repository(struct str uses, struct str *owner, struct str *repo)
{
	struct str ref = uses, path = str_cut(&ref, '@');

	*owner = next_part(&path);
	*repo = next_part(&path);
	return ref.p && ref.len > 0 && str_chr(ref, '@', 0) == STR_NPOS && owner->len > 0 &&
	       repo->len > 0;
}

static void check_uses(struct build *b, const struct step_def *step)
{
	struct str uses = step->uses.s, owner, repo;

	if (str_starts(uses, STR("docker://")) || str_starts(uses, STR("$/")) || is_local(uses) ||
	    split_repository(uses, &owner, &repo)) {
		return;
	}
	(void)diag_error(b->diags, step->uses.at, "action",
			 "Expected format {org}/{repo}[/path]@ref. Actual '%.*s'",
			 STR_ARG(diag_quote(uses)));
}

static struct str id_from_uses(struct build *b, struct str uses)
{
	struct str owner, repo;

	if (str_starts(uses, STR("docker://"))) {
		return str_slice(uses, strlen("docker://"), uses.len);
	}
	if (is_local(uses)) {
		return STR("self");
	}
	if (str_starts(uses, STR("$/"))) {
		return STR("selfRepository");
	}
	if (split_repository(uses, &owner, &repo)) {
		return repo.p == owner.p + owner.len + 1
			       ? str_mk(owner.p, owner.len + 1 + repo.len)
			       : arena_printf(b->a, "%.*s/%.*s", STR_ARG(owner), STR_ARG(repo));
	}
	return STR("run");
}

/* --- wait and cancel --- */

static void check_targets(struct build *b, const struct strmap *known, const struct step_def *step)
{
	for (size_t i = 0; i < step->targets.n; i++) {
		struct spanned target = step->targets.v[i];

		if (str_starts(target.s, STR("__"))) {
			(void)diag_error(b->diags, target.at, "id",
					 "The identifier '%.*s' is invalid. IDs starting with "
					 "'__' are reserved.",
					 STR_ARG(diag_quote(target.s)));
		} else if (step->explicit_id && str_ieq(target.s, step->id)) {
			(void)diag_error(b->diags, target.at, "id",
					 "Step '%.*s' cannot reference itself",
					 STR_ARG(diag_quote(step->id)));
		} else if (!strmap_get(known, target.s)) {
			(void)diag_error(b->diags, target.at, "id",
					 "Step references unknown step ID '%.*s'",
					 STR_ARG(diag_quote(target.s)));
		}
	}
}

static void check_wait_all(struct build *b, const struct tok *t)
{
	if (t && t->kind == TOK_BOOL && !t->u.b) {
		(void)diag_error(b->diags, t->at, KIND,
				 "The value of 'wait-all' must be true or omitted");
	}
}

/* --- parallel --- */

static void not_in_parallel(struct build *b, struct span at, const char *key)
{
	(void)diag_error(b->diags, at, KIND, "'%s' is not allowed inside a parallel block.", key);
}

static void check_parallel(struct build *b, const struct tok *step, const struct tok *seq)
{
	for (size_t i = 0; i < seq->u.seq.n; i++) {
		const struct tok *item = seq->u.seq.items[i];

		if (tok_get(item, STR("background"))) {
			(void)diag_error(b->diags, step->at, KIND,
					 "'background' is not allowed inside a parallel block. "
					 "Steps in a parallel block are automatically run as "
					 "background steps.");
		}
		for (size_t k = 0; k < NKINDS; k++) {
			if (!tok_get(item, str_of(kinds[k].key))) {
				continue;
			}
			if (kinds[k].kind == STEP_PARALLEL) {
				(void)diag_error(b->diags, step->at, KIND,
						 "Nested 'parallel' blocks are not allowed.");
			} else if (kinds[k].kind != STEP_RUN && kinds[k].kind != STEP_USES) {
				not_in_parallel(b, step->at, kinds[k].key);
			}
		}
	}
}

/* --- steps --- */

static size_t kind_of(const struct tok *map)
{
	for (size_t i = 0; i < NKINDS; i++) {
		if (tok_get(map, str_of(kinds[i].key))) {
			return i;
		}
	}
	return 0;
}

static void build_kind(struct build *b, const struct tok *map, struct step_def *step)
{
	const struct tok *background = tok_get(map, STR("background"));
	const struct tok *parallel = tok_get(map, STR("parallel"));
	const struct tok *uses = tok_get(map, STR("uses"));

	step->kind = kinds[kind_of(map)].kind;
	step->background = background && background->kind == TOK_BOOL && background->u.b;
	step->uses = build_spanned(uses);
	step->targets = build_list(
		b, tok_get(map, step->kind == STEP_CANCEL ? STR("cancel") : STR("wait")));
	if (step->kind == STEP_WAIT_ALL) {
		check_wait_all(b, tok_get(map, STR("wait-all")));
	}
	if (step->kind == STEP_PARALLEL && parallel->kind == TOK_SEQ) {
		step->nsteps = build_steps(b, parallel, &step->steps);
		check_parallel(b, map, parallel);
	}
}

static void build_step(struct build *b, const struct tok *map, struct ids *ids,
		       struct strmap *known, struct step_def *step)
{
	const struct tok *id = tok_get(map, STR("id"));
	size_t from;

	step->at = map->at;
	step->id = build_spanned(id).s;
	step->explicit_id = id != NULL;
	build_fields(map, tokens, sizeof(tokens) / sizeof(tokens[0]), step);
	check_minutes(b, step->timeout_minutes);
	build_kind(b, map, step);
	from = b->diags->list.n;
	step->cond = build_condition(b, tok_get(map, STR("if")), b->step_if, &step->cond_text);
	if (tok_good(tok_get(map, STR("uses")))) {
		check_uses(b, step);
	}
	build_late(b, from, map);
	check_targets(b, known, step);
	if (tok_good(id) && ids_add(b, ids, build_spanned(id))) {
		(void)strmap_slot(b->a, known, step->id, NULL);
	}
}

size_t build_steps(struct build *b, const struct tok *seq, const struct step_def **out)
{
	struct step_def *steps = arena_array(b->a, struct step_def, seq->u.seq.n);
	struct ids ids = IDS_INIT;
	struct strmap known = { .nocase = true };
	size_t n = 0;

	for (size_t i = 0; i < seq->u.seq.n; i++) {
		if (seq->u.seq.items[i]->kind == TOK_MAP) {
			build_step(b, seq->u.seq.items[i], &ids, &known, &steps[n++]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!steps[i].explicit_id) {
			const char *id = kinds[steps[i].kind].id;

			steps[i].id = ids_generate(
				b, &ids, id ? str_of(id) : id_from_uses(b, steps[i].uses.s));
		}
	}
	*out = steps;
	return n;
}
