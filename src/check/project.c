/*
 * project.c - what the repository says about its own checks: .github/actionlint.yaml, with the
 * labels of its own runners, its configuration variables, and what to ignore in which files.
 */
#include <regex.h>
#include <stdlib.h>

#include "actc/file.h"
#include "actc/strbuf.h"
#include "check.h"

enum { FILE_MAX = 1 << 20 };

static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
		if (str_eq(map->pairs[i].key->text, str_of(key))) {
			return map->pairs[i].value;
		}
	}
	return NULL;
}

struct reading {
	struct check_project *p;
	struct str path;
	struct err *err;
};

static bool read_words(struct reading *r, const struct yaml_node *list, const char *what, size_t *n,
		       const struct str **out)
{
	struct str *v = arena_array(r->p->a, struct str, list ? list->count : 0);

	if (list && list->kind != YAML_NULL && list->kind != YAML_SEQ) {
		return err_set(r->err, ERR_INVALID, "%.*s: %s must be a list", STR_ARG(r->path),
			       what);
	}
	*n = 0;
	for (size_t i = 0; list && list->kind == YAML_SEQ && i < list->count; i++) {
		v[(*n)++] = list->items[i]->text;
	}
	*out = v;
	return true;
}

/* Patterns are Go's; of what POSIX does not have, the classes are put in its words. */
static char *posix_pattern(struct arena *a, struct str pattern)
{
	static const struct {
		char letter;
		const char *posix;
	} classes[] = { { 'd', "[0-9]" }, { 's', "[[:space:]]" }, { 'w', "[[:alnum:]_]" } };
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < pattern.len; i++) {
		const char *posix = NULL;

		for (size_t k = 0; pattern.p[i] == '\\' && i + 1 < pattern.len && k < 3; k++) {
			posix = classes[k].letter == pattern.p[i + 1] ? classes[k].posix : posix;
		}
		if (posix) {
			(void)strbuf_adds(&out, str_of(posix));
			i++;
		} else {
			(void)strbuf_addc(&out, pattern.p[i]);
			if (pattern.p[i] == '\\' && i + 1 < pattern.len) {
				(void)strbuf_addc(&out, pattern.p[++i]);
			}
		}
	}

	char *text = arena_cstr(a, strbuf_str(&out));

	strbuf_release(&out);
	return text;
}

static bool read_ignores(struct reading *r, const struct yaml_node *list,
			 struct path_config *config)
{
	const struct str *words;
	size_t n;

	if (!read_words(r, list, "ignore", &n, &words)) {
		return false;
	}
	config->ignores = arena_array(r->p->a, const char *, n);
	for (size_t i = 0; i < n; i++) {
		char *pattern = posix_pattern(r->p->a, words[i]);
		regex_t regex;

		if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
			return err_set(r->err, ERR_INVALID,
				       "%.*s: \"%.*s\" is no regular expression", STR_ARG(r->path),
				       STR_ARG(words[i]));
		}
		regfree(&regex);
		config->ignores[config->n++] = pattern;
	}
	return true;
}

static bool read_paths(struct reading *r, const struct yaml_node *paths)
{
	for (size_t i = 0; paths && paths->kind == YAML_MAP && i < paths->count; i++) {
		struct path_config config = { .glob = paths->pairs[i].key->text };

		if (!read_ignores(r, get(paths->pairs[i].value, "ignore"), &config)) {
			return false;
		}
		vec_push(r->p->a, &r->p->paths, config);
	}
	return true;
}

static bool read_config(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *runner = get(root, "self-hosted-runner");
	const struct yaml_node *variables = get(root, "config-variables");
	const struct str *words;
	size_t n;

	if (!read_words(r, get(runner, "labels"), "labels", &n, &words)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		vec_push(r->p->a, &r->p->labels, words[i]);
	}
	if (!read_words(r, variables, "config-variables", &n, &words)) {
		return false;
	}
	r->p->has_variables = variables && variables->kind == YAML_SEQ;
	for (size_t i = 0; i < n; i++) {
		vec_push(r->p->a, &r->p->variables, words[i]);
	}
	return read_paths(r, get(root, "paths"));
}

static bool read_config_file(struct check_project *p, struct str path, bool *there, struct err *err)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err missing = ERR_INIT;
	struct reading r = { p, path, err };
	const struct yaml_node *root;
	uint32_t file;

	*there = read_file(path.p, &text, &missing);
	err_release(&missing);
	if (!*there) {
		strbuf_release(&text);
		return true;
	}
	file = sources_add(&p->sources, path, strbuf_str(&text));
	strbuf_release(&text);
	root = yaml_read(p->a, file, &yaml_workflow_limits, &p->diags);
	if (!root) {
		return err_set(err, ERR_INVALID, "%.*s: %.*s", STR_ARG(path),
			       STR_ARG(p->diags.list.v[p->diags.list.n - 1].msg));
	}
	return read_config(&r, root);
}

bool check_project_open(struct arena *a, struct str root, struct check_project **out,
			struct err *err)
{
	static const char *const names[] = { ".github/actionlint.yaml", ".github/actionlint.yml" };
	struct check_project *p = arena_new(a, struct check_project);
	bool there = root.len == 0;

	p->a = a;
	p->root = root;
	p->sources.arena = a;
	p->diags.arena = a;
	p->diags.sources = &p->sources;
	*out = p;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !there; i++) {
		struct str path = arena_printf(a, "%.*s/%s", STR_ARG(root), names[i]);

		if (!read_config_file(p, path, &there, err)) {
			return false;
		}
	}
	return true;
}

void check_project_shellcheck(struct check_project *project, const char *program,
			      const char *severity)
{
	project->shellcheck = program;
	project->severity = severity;
}

void check_project_pyflakes(struct check_project *project, const char *program)
{
	project->pyflakes = program;
}
