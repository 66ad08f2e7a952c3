/*
 * action_lock.c - the lock file's grammar, both ways. Which commits it has is decided by who writes
 * it (cmd_lock.c), and what a run does with it in action_store.c.
 */
#include "actc/action_lock.h"

#include <stdlib.h>
#include <string.h>

#include "actc/file.h"
#include "actc/yaml.h"
#include "action_private.h"

enum { FILE_MAX = 1 << 20 };

static const struct str versions[] = { STR_INIT("v0.0.2"), STR_INIT("v0.0.3") };

/* --- reading -------------------------------------------------------------------------------------
 */

struct reading {
	struct arena *a;
	struct diags *diags;
	VEC(struct lock_entry) entries;
	VEC(struct lock_workflow) workflows;
};

__attribute__((format(printf, 3, 4))) static void wrong(struct reading *r,
							const struct yaml_node *at, const char *fmt,
							...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
	(void)diag_error(r->diags, at->at, "actions-lock", "%.*s", STR_ARG(diag_quote(msg)));
}

static const struct yaml_node *child(const struct yaml_node *map, struct str key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
		if (str_eq(map->pairs[i].key->text, key)) {
			return map->pairs[i].value;
		}
	}
	return NULL;
}

static bool is_kind(struct reading *r, const struct yaml_node *node, enum yaml_kind kind,
		    struct str name)
{
	if (node->kind == kind) {
		return true;
	}
	if (node->kind != YAML_NULL) {
		wrong(r, node, "\"%.*s\" must be a %s", STR_ARG(name),
		      kind == YAML_MAP ? "mapping" : "sequence");
	}
	return false;
}

/* "Owner/Repo@ref" with its owner and repository in lower case; false when it is no key. */
static bool read_key(struct reading *r, const struct yaml_node *node, struct str *out)
{
	struct action_ref ref;
	struct str why;

	if (!action_ref_parse(r->a, node->text, &ref, &why) || ref.path.len) {
		wrong(r, node, "\"%.*s\" is no OWNER/REPO@REF", STR_ARG(node->text));
		return false;
	}
	*out = action_key(r->a, &ref);
	return true;
}

static struct lock_keys read_keys(struct reading *r, const struct yaml_node *list, struct str name)
{
	struct lock_keys keys = { 0 };

	if (!list || !is_kind(r, list, YAML_SEQ, name)) {
		return keys;
	}

	struct str *v = arena_array(r->a, struct str, list->count);

	for (size_t i = 0; i < list->count; i++) {
		keys.n += read_key(r, list->items[i], &v[keys.n]);
	}
	keys.v = v;
	return keys;
}

/* Fits a line of the file as it is written. */
static bool is_line(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < ' ') {
			return false;
		}
	}
	return s.len > 0;
}

static void read_workflows(struct reading *r, const struct yaml_node *map)
{
	if (!map || !is_kind(r, map, YAML_MAP, STR("workflows"))) {
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		struct str path = map->pairs[i].key->text;

		if (!is_line(path)) {
			wrong(r, map->pairs[i].key, "\"%.*s\" is no path of a workflow",
			      STR_ARG(path));
			continue;
		}
		vec_push(r->a, &r->workflows,
			 (struct lock_workflow){ path, read_keys(r, map->pairs[i].value, path) });
	}
}

static const struct str fields[] = { STR_INIT("ref"), STR_INIT("commit"), STR_INIT("owner_id"),
				     STR_INIT("repo_id"), STR_INIT("uses") };

static bool is_field(struct str name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (str_eq(fields[i], name)) {
			return true;
		}
	}
	return false;
}

static struct str text_of(const struct yaml_node *map, struct str key)
{
	const struct yaml_node *node = child(map, key);

	return node && node->kind != YAML_NULL ? node->text : STR_EMPTY;
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9') {
			return false;
		}
	}
	return true;
}

/* "sha1-" and 40 digits; the ref of a key that is a commit may be a tag, of others it is theirs. */
static void check_entry(struct reading *r, const struct yaml_pair *pair, struct lock_entry *e)
{
	struct str algorithm = STR("sha1-"), ref = e->key;

	(void)str_cut(&ref, '@');
	if (!str_starts(e->commit, algorithm) ||
	    !action_is_commit(str_slice(e->commit, algorithm.len, e->commit.len))) {
		wrong(r, pair->key, "the commit of \"%.*s\" must be sha1- and 40 hex digits",
		      STR_ARG(e->key));
		return;
	}
	e->commit = str_slice(e->commit, algorithm.len, e->commit.len);
	if (!is_line(e->ref) || !is_number(e->owner_id) || !is_number(e->repo_id)) {
		wrong(r, pair->key, "\"%.*s\" wants a ref, and numbers for ids", STR_ARG(e->key));
	}
	if (action_is_commit(ref) ? !str_ieq(ref, e->commit) : !str_eq(ref, e->ref)) {
		wrong(r, pair->key, "\"%.*s\" does not go with its own ref and commit",
		      STR_ARG(e->key));
	}
}

static void read_entry(struct reading *r, const struct yaml_pair *pair)
{
	const struct yaml_node *map = pair->value;
	struct lock_entry e = { .key = STR_EMPTY };

	if (!read_key(r, pair->key, &e.key) || !is_kind(r, map, YAML_MAP, e.key)) {
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (!is_field(map->pairs[i].key->text)) {
			wrong(r, map->pairs[i].key, "unknown action field \"%.*s\"",
			      STR_ARG(map->pairs[i].key->text));
		}
	}
	e.ref = text_of(map, fields[0]);
	e.commit = text_of(map, fields[1]);
	e.owner_id = text_of(map, fields[2]);
	e.repo_id = text_of(map, fields[3]);
	e.uses = read_keys(r, child(map, fields[4]), fields[4]);
	check_entry(r, pair, &e);
	vec_push(r->a, &r->entries, e);
}

static bool read_version(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *version = child(root, STR("version"));

	if (!version) {
		(void)diag_error(r->diags, root->at, "actions-lock",
				 "dependency lockfile version is required");
		return false;
	}
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (str_eq(version->text, versions[i])) {
			return true;
		}
	}
	wrong(r, version,
	      "lockfile version %.*s is none that this version of act-c reads (v0.0.2, v0.0.3)",
	      STR_ARG(version->text));
	return false;
}

static void read_root(struct reading *r, const struct yaml_node *root)
{
	static const struct str known[] = { STR_INIT("version"), STR_INIT("workflows"),
					    STR_INIT("dependencies") };

	if (root->kind != YAML_MAP) {
		(void)diag_error(r->diags, root->at, "actions-lock",
				 "the lock file must be a mapping");
		return;
	}
	if (!read_version(r, root)) {
		return;
	}
	for (size_t i = 0; i < root->count; i++) {
		struct str key = root->pairs[i].key->text;

		if (!str_eq(key, known[0]) && !str_eq(key, known[1]) && !str_eq(key, known[2])) {
			wrong(r, root->pairs[i].key, "unknown lockfile field \"%.*s\"",
			      STR_ARG(key));
		}
	}
	read_workflows(r, child(root, known[1]));

	const struct yaml_node *all = child(root, known[2]);

	for (size_t i = 0; all && is_kind(r, all, YAML_MAP, known[2]) && i < all->count; i++) {
		read_entry(r, &all->pairs[i]);
	}
}

bool action_lock_parse(struct arena *a, uint32_t file, struct diags *diags, struct action_lock *out)
{
	struct reading r = { .a = a, .diags = diags };
	size_t before = diags->nerrors;
	const struct yaml_node *root = yaml_read(a, file, &yaml_workflow_limits, diags);

	if (root) {
		read_root(&r, root);
	}
	*out = (struct action_lock){ .found = true,
				     .nentries = r.entries.n,
				     .entries = r.entries.v,
				     .nworkflows = r.workflows.n,
				     .workflows = r.workflows.v };
	return diags->nerrors == before;
}

bool action_lock_read(struct arena *a, struct str dir, struct diags *diags, struct action_lock *out)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct str path = dir.len ? arena_printf(a, "%.*s/" ACTION_LOCK_PATH, STR_ARG(dir))
				  : STR(ACTION_LOCK_PATH);
	struct err err = ERR_INIT;
	bool ok = true;

	*out = (struct action_lock){ 0 };
	if (read_file(path.p, &text, &err)) {
		ok = action_lock_parse(a, sources_add(diags->sources, path, strbuf_str(&text)),
				       diags, out);
	} else if (err.kind != ERR_NOT_FOUND) {
		uint32_t file = sources_add(diags->sources, path, STR_EMPTY);

		(void)diag_file_error(diags, file, "actions-lock", "%s", err.msg);
		ok = false;
	}
	err_release(&err);
	strbuf_release(&text);
	return ok;
}

const struct lock_entry *action_lock_find(const struct action_lock *lock, struct str key)
{
	for (size_t i = 0; lock && i < lock->nentries; i++) {
		if (str_eq(lock->entries[i].key, key)) {
			return &lock->entries[i];
		}
	}
	return NULL;
}

const struct lock_workflow *action_lock_workflow(const struct action_lock *lock, struct str path)
{
	for (size_t i = 0; lock && i < lock->nworkflows; i++) {
		if (str_eq(lock->workflows[i].path, path)) {
			return &lock->workflows[i];
		}
	}
	return NULL;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static const char header[] =
	"# This file is machine-generated by `act-c lock`, in the format of `gh actions-lock`.\n"
	"# Do not edit by hand; run `act-c lock` to update.\n";

/* In single quotes, so that nothing in it means something to YAML. */
static void add_quoted(struct strbuf *out, struct str s)
{
	(void)strbuf_addc(out, '\'');
	for (size_t i = 0; i < s.len; i++) {
		(void)strbuf_addc(out, s.p[i]);
		if (s.p[i] == '\'') {
			(void)strbuf_addc(out, '\'');
		}
	}
	(void)strbuf_addc(out, '\'');
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void add_list(struct arena *a, struct strbuf *out, const char *indent,
		     const struct lock_keys *keys)
{
	struct str *v = arena_array(a, struct str, keys->n);

	if (keys->n) {
		memcpy(v, keys->v, keys->n * sizeof(*v));
		qsort(v, keys->n, sizeof(*v), by_text);
	}
	for (size_t i = 0; i < keys->n; i++) {
		(void)strbuf_addf(out, "%s- ", indent);
		add_quoted(out, v[i]);
		(void)strbuf_addc(out, '\n');
	}
}

static void add_entry(struct arena *a, struct strbuf *out, const struct lock_entry *e)
{
	(void)strbuf_adds(out, STR("    "));
	add_quoted(out, e->key);
	(void)strbuf_adds(out, STR(":\n        ref: "));
	add_quoted(out, e->ref);
	(void)strbuf_addf(out, "\n        commit: 'sha1-%.*s'\n", STR_ARG(e->commit));
	if (e->owner_id.len && e->repo_id.len) {
		(void)strbuf_addf(out, "        owner_id: %.*s\n        repo_id: %.*s\n",
				  STR_ARG(e->owner_id), STR_ARG(e->repo_id));
	}
	if (e->uses.n) {
		(void)strbuf_adds(out, STR("        uses:\n"));
		add_list(a, out, "            ", &e->uses);
	}
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct lock_entry *)a)->key, ((const struct lock_entry *)b)->key);
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct lock_workflow *)a)->path,
		       ((const struct lock_workflow *)b)->path);
}

/* A sorted copy. */
static void *sorted(struct arena *a, const void *v, size_t n, size_t size,
		    int (*compare)(const void *, const void *))
{
	void *copy = arena_calloc(a, n, size);

	if (n) {
		memcpy(copy, v, n * size);
		qsort(copy, n, size, compare);
	}
	return copy;
}

struct str action_lock_text(struct arena *a, const struct action_lock *lock)
{
	struct strbuf out = STRBUF_INIT(0);
	const struct lock_workflow *w =
		sorted(a, lock->workflows, lock->nworkflows, sizeof(*w), by_path);
	const struct lock_entry *e = sorted(a, lock->entries, lock->nentries, sizeof(*e), by_key);

	(void)strbuf_addf(&out, "%sversion: 'v0.0.3'\n%s", header,
			  lock->nworkflows ? "workflows:\n" : "");
	for (size_t i = 0; i < lock->nworkflows; i++) {
		(void)strbuf_adds(&out, STR("    "));
		add_quoted(&out, w[i].path);
		(void)strbuf_adds(&out, w[i].uses.n ? STR(":\n") : STR(": []\n"));
		add_list(a, &out, "        ", &w[i].uses);
	}
	(void)strbuf_adds(&out, lock->nentries ? STR("dependencies:\n") : STR_EMPTY);
	for (size_t i = 0; i < lock->nentries; i++) {
		add_entry(a, &out, &e[i]);
	}

	struct str text = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return text;
}
