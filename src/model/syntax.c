/*
 * syntax.c - one place of a file, told to people: its keys, their types, what expressions may name.
 * For editors there is syntax_json.c.
 */
#include "actc/syntax.h"

#include <string.h>

#include "actc/diag.h"
#include "actc/strbuf.h"
#include "reader.h"
#include "schema_action.h"
#include "syntax.h"

enum { AT_ONCE = 16 };

/* The definitions that one path leads to, in order; a one-of stands for what it allows. */
struct places {
	size_t n;
	const struct schema *v[AT_ONCE];
	unsigned scope; /* of all that was passed */
	struct str doc; /* of the key that led here */
};

static void add_place(struct places *p, const struct schema *s)
{
	p->scope |= s->scope;
	if (s->kind == SCHEMA_ONE_OF && s != &schema_any) {
		for (size_t i = 0; s->of[i]; i++) {
			add_place(p, s->of[i]);
		}
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i] == s) {
			return;
		}
	}
	if (p->n < AT_ONCE) {
		p->v[p->n++] = s;
	}
}

/* Lists are replaced by their items, so that what is left has the keys. */
static void enter_lists(struct places *p)
{
	struct places in = { .scope = p->scope, .doc = p->doc };

	for (size_t i = 0; i < p->n; i++) {
		add_place(&in, p->v[i]->kind == SCHEMA_SEQUENCE ? p->v[i]->item : p->v[i]);
	}
	*p = in;
}

/* --- types ------------------------------------------------------------------------------------ */

static const char *const kind_names[] = {
	[SCHEMA_NULL] = "nothing",    [SCHEMA_BOOLEAN] = "true or false",
	[SCHEMA_NUMBER] = "number",   [SCHEMA_STRING] = "text",
	[SCHEMA_SEQUENCE] = "list",   [SCHEMA_MAPPING] = "mapping",
	[SCHEMA_ONE_OF] = "anything",
};

struct type {
	struct strbuf text;
	bool has[SCHEMA_ONE_OF + 1], has_word;
};

static void add_type(struct type *t, const char *name, bool *has)
{
	if (!*has) {
		(void)strbuf_addf(&t->text, "%s%s", t->text.len ? " | " : "", name);
	}
	*has = true;
}

/* With all words that a text may be, or only that it is one of several. */
static struct str type_of(struct arena *a, const struct places *p, bool words)
{
	struct type t = { .text = STRBUF_INIT(0) };
	struct str type;

	for (size_t i = 0; i < p->n; i++) {
		const struct schema *s = p->v[i];

		for (size_t k = 0; words && s->words && s->words[k]; k++) {
			add_type(&t, s->words[k], &(bool){ false });
		}
		if (!s->words) {
			add_type(&t, kind_names[s->kind], &t.has[s->kind]);
		} else if (!words) {
			add_type(&t, "word", &t.has_word);
		}
	}
	type = arena_str(a, strbuf_str(&t.text));
	strbuf_release(&t.text);
	return type;
}

/* --- keys ------------------------------------------------------------------------------------- */

struct keys {
	struct arena *a;
	const struct places *in;
	VEC(struct syntax_key) v;
};

static const struct schema_prop *required_of(const struct schema *mapping)
{
	const struct schema_prop *p = mapping->props;

	while (p && p->name && !(p->flags & PROP_REQUIRED)) {
		p++;
	}
	return p && p->name ? p : NULL;
}

/* Of several mappings that may stand here, each is known by the key that it must have. */
static void add_key(struct keys *keys, const struct schema *mapping, const struct schema_prop *prop)
{
	struct places type = { 0 };
	struct syntax_key key = { .name = str_of(prop->name),
				  .doc = str_of(prop->doc),
				  .with = STR_EMPTY };
	const struct schema_prop *mark = required_of(mapping);
	size_t have = 0, mappings = 0;

	for (size_t i = 0; i < keys->v.n; i++) {
		if (str_eq(keys->v.v[i].name, key.name)) {
			return;
		}
	}
	for (size_t i = 0; i < keys->in->n; i++) {
		mappings += keys->in->v[i]->kind == SCHEMA_MAPPING;
		have += keys->in->v[i]->kind == SCHEMA_MAPPING &&
			schema_prop(keys->in->v[i], key.name) != NULL;
	}
	add_place(&type, prop->type);
	key.type = type_of(keys->a, &type, false);
	key.required = mappings == 1 && (prop->flags & PROP_REQUIRED);
	if (have == 1 && mappings > 1 && mark) {
		key.with = str_of(mark->name);
	}
	vec_push(keys->a, &keys->v, key);
}

static void add_loose(struct keys *keys, const struct schema *mapping)
{
	struct places type = { 0 };
	struct syntax_key key = { .name = STR("<any>"), .doc = STR_EMPTY, .with = STR_EMPTY };

	add_place(&type, mapping->loose_value);
	key.type = type_of(keys->a, &type, false);
	vec_push(keys->a, &keys->v, key);
}

static void collect_keys(struct keys *keys)
{
	for (size_t i = 0; i < keys->in->n; i++) {
		const struct schema *s = keys->in->v[i];

		for (const struct schema_prop *p = s->props; p && p->name; p++) {
			add_key(keys, s, p);
		}
		if (s->kind == SCHEMA_MAPPING && s->loose_value) {
			add_loose(keys, s);
		}
	}
}

/* --- paths ------------------------------------------------------------------------------------ */

static bool no_such_key(struct arena *a, const struct places *p, struct str key, struct str before,
			struct err *err)
{
	struct keys keys = { .a = a, .in = p };
	struct str *names, near;

	collect_keys(&keys);
	names = arena_array(a, struct str, keys.v.n);
	for (size_t i = 0; i < keys.v.n; i++) {
		names[i] = keys.v.v[i].name;
	}
	near = diag_nearest(key, names, keys.v.n);
	return err_set(err, ERR_NOTHING, "there is no '%.*s' in %.*s%s%.*s%s", STR_ARG(key),
		       STR_ARG(before), near.len ? " (did you mean '" : "", STR_ARG(near),
		       near.len ? "'?)" : "");
}

static void step_down(const struct places *p, struct str key, struct places *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct schema_prop *prop = schema_prop(p->v[i], key);

		if (prop) {
			add_place(out, prop->type);
			out->doc = out->doc.len ? out->doc : str_of(prop->doc);
		} else if (p->v[i] == &schema_any) {
			add_place(out, &schema_any);
		} else if (p->v[i]->kind == SCHEMA_MAPPING && p->v[i]->loose_value) {
			add_place(out, p->v[i]->loose_value);
		}
	}
}

static bool walk(struct arena *a, struct str path, struct places *p, struct err *err)
{
	struct str rest = path;

	while (rest.len) {
		struct str before = str_slice(path, 0, path.len - rest.len);
		struct str key = str_cut(&rest, '.');
		struct places next = { .scope = p->scope, .doc = STR_EMPTY };

		enter_lists(p);
		next.scope = p->scope;
		step_down(p, key, &next);
		if (next.n == 0) {
			before =
				before.len ? str_slice(before, 0, before.len - 1) : STR("the file");
			return no_such_key(a, p, key, before, err);
		}
		*p = next;
	}
	return true;
}

/* --- one place -------------------------------------------------------------------------------- */

static struct str joined(struct arena *a, const struct expr_scope *scope, bool functions)
{
	struct strbuf out = STRBUF_INIT(0);
	struct str text;

	for (size_t i = 0; i < (functions ? scope->nfunctions : scope->nnames); i++) {
		struct str name = functions ? scope->functions[i].name : scope->names[i];

		(void)strbuf_addf(&out, "%s%.*s", i ? ", " : "", STR_ARG(name));
	}
	text = arena_str(a, strbuf_str(&out));
	strbuf_release(&out);
	return text;
}

const struct schema *syntax_root(enum syntax_file file)
{
	return file == SYNTAX_ACTION ? &schema_action : &schema_workflow;
}

bool syntax_at(struct arena *a, enum syntax_file file, struct str path, struct syntax_place *out,
	       struct err *err)
{
	struct places p = { .doc = STR_EMPTY };
	struct keys keys = { .a = a, .in = &p };

	add_place(&p, syntax_root(file));
	if (!walk(a, path, &p, err)) {
		return false;
	}

	const struct expr_scope *scope = schema_scope(a, p.scope);

	*out = (struct syntax_place){ .type = type_of(a, &p, true),
				      .doc = p.doc,
				      .contexts = joined(a, scope, false),
				      .functions = joined(a, scope, true) };
	enter_lists(&p);
	collect_keys(&keys);
	out->nkeys = keys.v.n;
	out->keys = keys.v.v;
	return true;
}
