/*
 * config.c - the user's own configuration: $XDG_CONFIG_HOME/act-c/config.yml.
 *
 * Not for the actrc files (options_files.c). A key that is not known is no error, since a newer
 * act-c may know it, but is said.
 */
#include "options.h"

#include <stdlib.h>

#include "actc/diag.h"
#include "actc/file.h"
#include "actc/strbuf.h"
#include "actc/yaml.h"

enum { CONFIG_MAX = 1 << 20 };

struct config {
	struct arena *a;
	const char *path;
	const struct source *src;
	struct label_images *images; /* NULL: not wanted */
	struct hook_settings *hook;  /* NULL: not wanted */
};

static bool wrong(const struct config *c, struct span at, const char *what, struct err *err)
{
	unsigned line = at.file == SPAN_NONE ? 1 : source_place(c->src, at.lo).line;

	return err_set(err, ERR_USAGE, "%s:%u: %s", c->path, line, what);
}

static bool read_images(struct config *c, const struct yaml_node *map, struct err *err)
{
	static const char what[] = "images is a mapping of labels to images";

	if (map->kind != YAML_MAP) {
		return map->kind == YAML_NULL ? true : wrong(c, map->at, what, err);
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *label = map->pairs[i].key, *image = map->pairs[i].value;

		if (image->kind != YAML_STRING || image->text.len == 0 ||
		    (image->text.p[0] == '-' && !str_eq(image->text, STR("-self-hosted")))) {
			return wrong(c, image->at, what, err);
		}
		if (c->images) {
			vec_push(c->a, c->images, (struct label_image){ label->text, image->text });
		}
	}
	return true;
}

static bool read_hook(struct config *c, const struct yaml_node *map, struct err *err)
{
	static const char what[] = "hook is a mapping of names to values";

	if (map->kind != YAML_MAP) {
		return map->kind == YAML_NULL ? true : wrong(c, map->at, what, err);
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *name = map->pairs[i].key, *value = map->pairs[i].value;

		if (value->kind == YAML_MAP || value->kind == YAML_SEQ) {
			return wrong(c, value->at, what, err);
		}
		if (c->hook) {
			vec_push(c->a, c->hook, (struct hook_setting){ name->text, value->text });
		}
	}
	return true;
}

static bool read_root(struct config *c, const struct yaml_node *root, struct err *err)
{
	if (root->kind != YAML_MAP) {
		return root->kind == YAML_NULL ? true
					       : wrong(c, root->at, "a mapping was expected", err);
	}
	for (size_t i = 0; i < root->count; i++) {
		const struct yaml_node *key = root->pairs[i].key;

		if (str_eq(key->text, STR("images"))) {
			if (!read_images(c, root->pairs[i].value, err)) {
				return false;
			}
		} else if (str_eq(key->text, STR("hook"))) {
			if (!read_hook(c, root->pairs[i].value, err)) {
				return false;
			}
		} else if (c->images) {
			(void)fprintf(stderr, "act-c: %s:%u: '%.*s' is not known and ignored\n",
				      c->path, source_place(c->src, key->at.lo).line,
				      STR_ARG(key->text));
		}
	}
	return true;
}

static bool parse(struct config *c, struct str text, struct err *err)
{
	struct sources sources = { .arena = c->a };
	struct diags diags = { .arena = c->a, .sources = &sources };
	uint32_t file = sources_add(&sources, str_of(c->path), text);
	const struct yaml_node *root = yaml_read(c->a, file, &yaml_workflow_limits, &diags);

	c->src = sources_get(&sources, file);
	if (!root) {
		return wrong(c, diags.list.n ? diags.list.v[0].at : NO_SPAN,
			     diags.list.n ? diags.list.v[0].msg.p : "no YAML", err);
	}
	return read_root(c, root, err);
}

const char *config_path(struct arena *a, const char *name)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");

	if (config && config[0] == '/') {
		return arena_printf(a, "%s/act-c/%s", config, name).p;
	}
	if (home && home[0] == '/') {
		return arena_printf(a, "%s/.config/act-c/%s", home, name).p;
	}
	return NULL;
}

static bool read_config(struct config *c, struct err *err)
{
	struct strbuf text = STRBUF_INIT(CONFIG_MAX);
	bool ok = true;

	c->path = config_path(c->a, "config.yml");
	if (c->path && read_file(c->path, &text, err)) {
		ok = parse(c, strbuf_str(&text), err);
	} else if (c->path && err->kind == ERR_NOT_FOUND) {
		err_release(err);
	} else if (c->path) {
		err->kind = ERR_USAGE;
		ok = false;
	}
	strbuf_release(&text);
	return ok;
}

bool options_config_images(struct options *o, struct label_images *out, struct err *err)
{
	struct config c = { .a = &o->arena, .images = out };

	*out = (struct label_images){ 0 };
	return read_config(&c, err);
}

bool options_config_hook(struct options *o, struct hook_settings *out, struct err *err)
{
	struct config c = { .a = &o->arena, .hook = out };

	return read_config(&c, err);
}
