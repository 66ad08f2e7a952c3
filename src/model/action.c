/*
 * action.c - one action.yml to the const model: YAML, schema, then what each kind of `runs` must
 * have. The texts are GitHub's; those of `runs` have no place there, here the caret shows one.
 */
#include "actc/action.h"

#include "build.h"
#include "schema_action.h"

#define KIND "action"

/* --- kinds ----------------------------------------------------------------------------------- */

struct kind_row {
	struct str using;
	enum action_kind kind;
};

static const struct kind_row kind_rows[] = {
	{ STR_INIT("docker"), ACTION_DOCKER }, { STR_INIT("node12"), ACTION_NODE },
	{ STR_INIT("node16"), ACTION_NODE },   { STR_INIT("node20"), ACTION_NODE },
	{ STR_INIT("node24"), ACTION_NODE },   { STR_INIT("composite"), ACTION_COMPOSITE },
};

/* What a kind cannot be without, and the keys of its stages. */
static const struct {
	const char *required;
	const char *missing; /* GitHub's text, up to the file's name */
	const char *stages[ACTION_STAGES];
} kinds[ACTION_KINDS] = {
	[ACTION_NODE] = { "main",
			  "You are using a JavaScript Action but there is not an entry JavaScript "
			  "file provided in",
			  { "pre", "main", "post" } },
	[ACTION_DOCKER] = { "image",
			    "You are using a Container Action but an image is not provided in",
			    { "pre-entrypoint", "entrypoint", "post-entrypoint" } },
	[ACTION_COMPOSITE] = { "steps",
			       "You are using a composite action but there are no steps provided "
			       "in",
			       { NULL } },
};

static const char *const stage_conditions[ACTION_STAGES] = {
	[STAGE_PRE] = "pre-if",
	[STAGE_POST] = "post-if",
};

/* --- inputs and outputs ---------------------------------------------------------------------- */

/* The value of a key in whatever letter case; of an input's keys only. */
static const struct tok *get_nocase(const struct tok *map, struct str key)
{
	for (size_t i = 0; i < map->u.map.n; i++) {
		const struct tok_pair *p = &map->u.map.pairs[i];

		if (p->key->kind == TOK_STRING && str_ieq(p->key->u.s, key)) {
			return p->value;
		}
	}
	return NULL;
}

static void build_inputs(struct build *b, const struct tok *map, struct action *action)
{
	struct action_input *v = arena_array(b->a, struct action_input, map->u.map.n);

	for (size_t i = 0; i < map->u.map.n; i++) {
		const struct tok_pair *p = &map->u.map.pairs[i];
		const struct tok *message;

		if (p->key->kind != TOK_STRING || p->value->kind != TOK_MAP) {
			continue;
		}
		message = get_nocase(p->value, STR("deprecationMessage"));
		v[action->ninputs++] = (struct action_input){
			.id = build_spanned(p->key),
			.fallback = get_nocase(p->value, STR("default")),
			.deprecated = message != NULL,
			.deprecation = message ? tok_text(b->a, message) : STR_EMPTY,
		};
	}
	action->inputs = v;
}

static void build_outputs(struct build *b, const struct tok *map, struct action *action)
{
	struct action_output *v = arena_array(b->a, struct action_output, map->u.map.n);

	for (size_t i = 0; i < map->u.map.n; i++) {
		const struct tok_pair *p = &map->u.map.pairs[i];

		if (p->key->kind == TOK_STRING && p->value->kind == TOK_MAP) {
			v[action->noutputs++] = (struct action_output){
				.id = build_spanned(p->key),
				.value = tok_get(p->value, STR("value")),
			};
		}
	}
	action->outputs = v;
}

/* --- runs ------------------------------------------------------------------------------------ */

/* GitHub gives these messages neither file nor place. */
static void bare(struct diag *d)
{
	d->token = NO_SPAN;
	d->bare = true;
}

static const struct kind_row *find_kind(struct str using)
{
	for (size_t i = 0; i < sizeof(kind_rows) / sizeof(kind_rows[0]); i++) {
		if (str_ieq(kind_rows[i].using, using)) {
			return &kind_rows[i];
		}
	}
	return NULL;
}

/* pre-if and post-if are used as they are: no success() is added to them, and what is wrong with
 * them fails their stage. */
static void build_stage_condition(struct build *b, const struct tok *t, struct action_entry *entry)
{
	const struct expr_scope *scope = schema_scope(b->a, schema_action_stage_if.scope);
	struct expr_error error = { 0 };

	entry->cond_text = build_spanned(t);
	entry->cond = expr_parse_condition(b->a, entry->cond_text.s, false, scope, &error);
	if (!entry->cond) {
		entry->cond_error = error.msg;
		schema_expr_warning(b->diags, t, &error);
	}
}

static void build_stages(struct build *b, const struct tok *runs, struct action *action)
{
	for (int i = 0; i < ACTION_STAGES; i++) {
		struct action_entry *entry = &action->stages[i];
		const char *key = kinds[action->kind].stages[i];
		const struct tok *cond =
			stage_conditions[i] ? tok_get(runs, str_of(stage_conditions[i])) : NULL;

		if (key) {
			entry->path = build_spanned(tok_get(runs, str_of(key)));
		}
		if (tok_good(cond)) {
			build_stage_condition(b, cond, entry);
		}
	}
}

static void build_runs(struct build *b, const struct tok *runs, struct action *action)
{
	const struct tok *using = tok_get(runs, STR("using"));
	const struct kind_row *row = find_kind(build_spanned(using).s);

	if (!using) {
		bare(diag_error(b->diags, runs->at, KIND,
				"Missing 'using' value. 'using' requires 'composite', 'docker', "
				"'node12', 'node16', 'node20' or 'node24'."));
		return;
	}
	if (!row) {
		bare(diag_error(b->diags, using->at, KIND,
				"'using: %.*s' is not supported, use 'docker', 'node12', 'node16', "
				"'node20' or 'node24' instead.",
				STR_ARG(diag_quote(build_spanned(using).s))));
		return;
	}

	const struct tok *required = tok_get(runs, str_of(kinds[row->kind].required));

	action->kind = row->kind;
	action->using = build_spanned(using).s;
	if (!required) {
		bare(diag_error(b->diags, runs->at, KIND, "%s %.*s.", kinds[row->kind].missing,
				STR_ARG(diag_quote(action->file))));
		return;
	}
	build_stages(b, runs, action);
	action->image = build_spanned(tok_get(runs, STR("image")));
	action->args = tok_get(runs, STR("args"));
	action->env = tok_get(runs, STR("env"));
	if (row->kind == ACTION_COMPOSITE && required->kind == TOK_SEQ) {
		action->nsteps = build_steps(b, required, &action->steps);
	}
}

/* --- the file -------------------------------------------------------------------------------- */

static void build_root(struct build *b, uint32_t file, const struct tok *root,
		       struct action *action)
{
	const struct tok *in = tok_get(root, STR("inputs")), *out = tok_get(root, STR("outputs"));
	const struct tok *runs = tok_get(root, STR("runs"));

	action->name = build_spanned(tok_get(root, STR("name"))).s;
	action->description = build_spanned(tok_get(root, STR("description"))).s;
	if (in && in->kind == TOK_MAP) {
		build_inputs(b, in, action);
	}
	if (out && out->kind == TOK_MAP) {
		build_outputs(b, out, action);
	}
	if (runs) {
		build_runs(b, runs, action);
	} else {
		bare(diag_file_error(b->diags, file, KIND,
				     "Top level 'runs:' section is required for %.*s",
				     STR_ARG(diag_quote(action->file))));
	}
}

const struct action *action_load(struct arena *a, uint32_t file, struct diags *diags)
{
	struct build b = { .a = a, .diags = diags, .step_if = &schema_action_step_if };
	struct action *action = arena_new(a, struct action);
	size_t before = diags->nerrors;
	const struct yaml_node *node = yaml_read(a, file, &yaml_action_limits, diags);

	action->file = sources_get(diags->sources, file)->path;
	if (!node) {
		return NULL;
	}

	const struct tok *root = schema_read(a, node, &schema_action, true, diags);

	/* As GitHub does: a file that does not fit the schema is not looked into any further. */
	if (root->kind == TOK_MAP && diags->nerrors == before) {
		build_root(&b, file, root, action);
	}
	return diags->nerrors == before ? action : NULL;
}

const struct action *action_from_image(struct arena *a, struct str image)
{
	struct action *action = arena_new(a, struct action);

	action->kind = ACTION_DOCKER;
	action->image = (struct spanned){ image, NO_SPAN };
	return action;
}

const struct action_input *action_input(const struct action *action, struct str id)
{
	for (size_t i = 0; i < action->ninputs; i++) {
		if (str_ieq(action->inputs[i].id.s, id)) {
			return &action->inputs[i];
		}
	}
	return NULL;
}

bool action_image_is_dockerfile(struct str image)
{
	static const struct str base = STR_INIT("Dockerfile");
	struct str name = image;

	if (str_ieq(str_slice(image, 0, 9), STR("docker://"))) {
		return false;
	}
	while (str_chr(name, '/', 0) != STR_NPOS) {
		(void)str_cut(&name, '/');
	}
	return (name.len >= base.len &&
		str_ieq(str_slice(name, name.len - base.len, name.len), base)) ||
	       (name.len > base.len && name.p[base.len] == '.' &&
		str_ieq(str_slice(name, 0, base.len), base));
}
