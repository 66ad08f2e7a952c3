/*
 * environment.c - .github/act-c.yml to environments, each wrong place with a diagnostic.
 *
 * Not for the files that it names (the command line reads them), nor for what the rules do in a
 * run.
 */
#include "actc/environment.h"

#include "actc/pattern.h"
#include "actc/yaml.h"

enum { WAIT_MAX_MINUTES = 43200 }; /* GitHub's own limit, 30 days */

struct reading {
	struct arena *a;
	struct diags *diags;
	struct environment *e; /* the one that is being read */
};

typedef void read_fn(struct reading *r, const struct yaml_node *node, void *into);

static void wrong(struct reading *r, struct span at, const char *what)
{
	(void)diag_error(r->diags, at, "act-c", "%s", what);
}

/* --- the values of one environment ------------------------------------------------------------ */

static bool is_text(const struct yaml_node *node)
{
	return node->kind == YAML_STRING || node->kind == YAML_NUMBER;
}

static void read_text(struct reading *r, const struct yaml_node *node, void *into)
{
	if (!is_text(node) || node->text.len == 0) {
		wrong(r, node->at, "the name of a file was expected");
		return;
	}
	*(struct spanned *)into = (struct spanned){ node->text, node->at };
}

static void read_list(struct reading *r, const struct yaml_node *node, void *into)
{
	size_t n = node->kind == YAML_SEQ ? node->count : 1;
	struct spanned *v = arena_array(r->a, struct spanned, n);

	if (node->kind == YAML_NULL) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = node->kind == YAML_SEQ ? node->items[i] : node;

		if (!is_text(item) || item->text.len == 0) {
			wrong(r, item->at, "a name, or a list of names, was expected");
			return;
		}
		v[i] = (struct spanned){ item->text, item->at };
	}
	*(struct spanned_list *)into = (struct spanned_list){ n, v };
}

static void read_patterns(struct reading *r, const struct yaml_node *node, void *into)
{
	struct spanned_list *list = into;
	const char *why = NULL;
	size_t at = 0;

	read_list(r, node, into);
	for (size_t i = 0; i < list->n; i++) {
		if (!pattern_valid(list->v[i].s, &at, &why)) {
			wrong(r, list->v[i].at, why);
		}
	}
}

static void read_minutes(struct reading *r, const struct yaml_node *node, void *into)
{
	if (node->kind != YAML_NUMBER || !(node->n >= 0 && node->n <= WAIT_MAX_MINUTES)) {
		wrong(r, node->at, "a number of minutes was expected, 43200 at most");
		return;
	}
	*(double *)into = node->n;
}

/* Only closes: what --egress none closed stays so. */
static void read_egress(struct reading *r, const struct yaml_node *node, void *into)
{
	if (str_eq(node->text, STR("none"))) {
		*(bool *)into = true;
	} else if (!str_eq(node->text, STR("open"))) {
		wrong(r, node->at, "open or none was expected");
	}
}

static const struct {
	struct str key;
	size_t at;
	read_fn *read;
} keys[] = {
	{ STR_INIT("reviewers"), offsetof(struct environment, reviewers), read_list },
	{ STR_INIT("wait"), offsetof(struct environment, wait_minutes), read_minutes },
	{ STR_INIT("branches"), offsetof(struct environment, branches), read_patterns },
	{ STR_INIT("secrets-file"), offsetof(struct environment, secrets_file), read_text },
	{ STR_INIT("vars-file"), offsetof(struct environment, vars_file), read_text },
	{ STR_INIT("env-file"), offsetof(struct environment, env_file), read_text },
	{ STR_INIT("egress"), offsetof(struct environment, no_egress), read_egress },
};

enum { NKEYS = sizeof(keys) / sizeof(keys[0]) };

/* --- mappings ----------------------------------------------------------------------------------
 */

static void unexpected(struct reading *r, const struct yaml_node *key, const struct str *known,
		       size_t n)
{
	struct str text = diag_quote(key->text);
	struct diag *d =
		diag_error(r->diags, key->at, "act-c", "Unexpected value '%.*s'", STR_ARG(text));
	struct str near = diag_nearest(key->text, known, n);

	if (near.len) {
		d->hint = arena_printf(r->a, "did you mean '%.*s'?", STR_ARG(near));
	}
}

/* A key that stands twice would silently be the last one. */
static bool is_repeated(struct reading *r, const struct yaml_node *map, size_t i)
{
	const struct yaml_node *key = map->pairs[i].key;

	for (size_t k = 0; k < i; k++) {
		if (str_ieq(map->pairs[k].key->text, key->text)) {
			struct str text = diag_quote(key->text);

			(void)diag_error(r->diags, key->at, "act-c", "'%.*s' is already defined",
					 STR_ARG(text));
			return true;
		}
	}
	return false;
}

static void read_environment(struct reading *r, const struct yaml_node *node)
{
	struct str known[NKEYS];

	for (size_t k = 0; k < NKEYS; k++) {
		known[k] = keys[k].key;
	}
	if (node->kind != YAML_MAP) {
		if (node->kind != YAML_NULL) {
			wrong(r, node->at, "an environment is a mapping");
		}
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		size_t k = 0;

		while (k < NKEYS && !str_eq(keys[k].key, node->pairs[i].key->text)) {
			k++;
		}
		if (k == NKEYS) {
			unexpected(r, node->pairs[i].key, known, NKEYS);
		} else if (!is_repeated(r, node, i)) {
			keys[k].read(r, node->pairs[i].value, (char *)r->e + keys[k].at);
		}
	}
}

static void read_environments(struct reading *r, const struct yaml_node *map,
			      struct environments *out)
{
	if (map->kind != YAML_MAP) {
		if (map->kind != YAML_NULL) {
			wrong(r, map->at, "environments is a mapping of names");
		}
		return;
	}
	out->v = arena_array(r->a, struct environment, map->count);
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->pairs[i].key;

		if (key->text.len == 0) {
			wrong(r, key->at, "an environment needs a name");
		} else if (!is_repeated(r, map, i)) {
			r->e = &out->v[out->n++];
			*r->e = (struct environment){ .name = { key->text, key->at },
						      .missing = STR_EMPTY };
			r->e->secrets_file.s = r->e->vars_file.s = r->e->env_file.s = STR_EMPTY;
			read_environment(r, map->pairs[i].value);
		}
	}
}

bool environments_read(struct arena *a, uint32_t file, struct diags *diags,
		       struct environments *out)
{
	static const struct str root_keys[] = { STR_INIT("environments") };
	struct reading r = { .a = a, .diags = diags };
	size_t before = diags->nerrors;
	const struct yaml_node *root = yaml_read(a, file, &yaml_workflow_limits, diags);

	*out = (struct environments){ 0 };
	if (root && root->kind != YAML_MAP && root->kind != YAML_NULL) {
		wrong(&r, root->at, "a mapping was expected");
	}
	for (size_t i = 0; root && root->kind == YAML_MAP && i < root->count; i++) {
		if (!str_eq(root->pairs[i].key->text, root_keys[0])) {
			unexpected(&r, root->pairs[i].key, root_keys, 1);
		} else if (!is_repeated(&r, root, i)) {
			read_environments(&r, root->pairs[i].value, out);
		}
	}
	return diags->nerrors == before;
}

/* --- looking -----------------------------------------------------------------------------------
 */

const struct environment *environments_find(const struct environments *e, struct str name)
{
	for (size_t i = 0; e && i < e->n; i++) {
		if (str_ieq(e->v[i].name.s, name)) {
			return &e->v[i];
		}
	}
	return NULL;
}

bool environment_takes_ref(const struct environment *e, struct str ref)
{
	static const struct str heads = STR_INIT("refs/heads/"), refs = STR_INIT("refs/");
	struct str branch = str_starts(ref, heads) ? str_slice(ref, heads.len, ref.len) : STR_EMPTY;

	for (size_t i = 0; i < e->branches.n; i++) {
		struct str pattern = e->branches.v[i].s;

		if (str_starts(pattern, refs) ? pattern_match(pattern, ref)
					      : branch.len && pattern_match(pattern, branch)) {
			return true;
		}
	}
	return e->branches.n == 0;
}
