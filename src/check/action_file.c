/*
 * action_file.c - the action.yml of an action that lies in the repository: its inputs and outputs,
 * and what GitHub would not take in it (a name and a description it does not need). Files that
 * cannot be read say nothing here: a step may make them before they are used.
 */
#include "check.h"

#include "actc/file.h"
#include "actc/strbuf.h"

enum { FILE_MAX = 1 << 20 };

struct reading {
	struct check_project *p;
	struct action_facts *facts;
	VEC(struct str) faults;
};

static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
		if (str_ieq(map->pairs[i].key->text, str_of(key))) {
			return map->pairs[i].value;
		}
	}
	return NULL;
}

static struct str text_of(const struct yaml_node *n)
{
	return n && n->kind != YAML_MAP && n->kind != YAML_SEQ ? n->text : STR_EMPTY;
}

__attribute__((format(printf, 2, 3))) static void fault(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vec_push(r->p->a, &r->faults, arena_vprintf(r->p->a, fmt, ap));
	va_end(ap);
}

static void read_inputs(struct reading *r, const struct yaml_node *inputs)
{
	struct known_input *v =
		arena_array(r->p->a, struct known_input, inputs ? inputs->count : 0);

	for (size_t i = 0; inputs && inputs->kind == YAML_MAP && i < inputs->count; i++) {
		const struct yaml_node *spec = inputs->pairs[i].value;
		const struct yaml_node *required = get(spec, "required");
		const struct yaml_node *why = get(spec, "deprecationMessage");

		v[i] = (struct known_input){
			.name = inputs->pairs[i].key->text,
			.required =
				str_ieq(text_of(required), STR("true")) && !get(spec, "default"),
			.deprecated = why != NULL,
			.why = text_of(why),
		};
		r->facts->ninputs++;
	}
	r->facts->inputs = v;
}

static void read_outputs(struct reading *r, const struct yaml_node *outputs)
{
	struct str *v = arena_array(r->p->a, struct str, outputs ? outputs->count : 0);

	for (size_t i = 0; outputs && outputs->kind == YAML_MAP && i < outputs->count; i++) {
		v[r->facts->noutputs++] = outputs->pairs[i].key->text;
	}
	r->facts->outputs = v;
}

enum kind { KIND_NODE = 1, KIND_DOCKER = 2, KIND_COMPOSITE = 4 };

static const struct {
	struct str name;
	unsigned kinds;    /* that may have it */
	unsigned required; /* that must */
} run_keys[] = {
	{ STR_INIT("using"), KIND_NODE | KIND_DOCKER | KIND_COMPOSITE, 0 },
	{ STR_INIT("main"), KIND_NODE, KIND_NODE },
	{ STR_INIT("pre"), KIND_NODE, 0 },
	{ STR_INIT("pre-if"), KIND_NODE | KIND_DOCKER, 0 },
	{ STR_INIT("post"), KIND_NODE, 0 },
	{ STR_INIT("post-if"), KIND_NODE | KIND_DOCKER, 0 },
	{ STR_INIT("image"), KIND_DOCKER, KIND_DOCKER },
	{ STR_INIT("pre-entrypoint"), KIND_DOCKER, 0 },
	{ STR_INIT("entrypoint"), KIND_DOCKER, 0 },
	{ STR_INIT("post-entrypoint"), KIND_DOCKER, 0 },
	{ STR_INIT("args"), KIND_DOCKER, 0 },
	{ STR_INIT("env"), KIND_DOCKER, 0 },
	{ STR_INIT("plugin"), KIND_NODE, 0 },
	{ STR_INIT("steps"), KIND_COMPOSITE, KIND_COMPOSITE },
};

static enum kind kind_of(struct str using)
{
	if (str_ieq(using, STR("composite"))) {
		return KIND_COMPOSITE;
	}
	return str_ieq(using, STR("docker")) ? KIND_DOCKER : KIND_NODE;
}

static bool known_using(struct str using)
{
	static const struct str names[] = { STR_INIT("composite"), STR_INIT("docker"),
					    STR_INIT("node12"),    STR_INIT("node16"),
					    STR_INIT("node20"),    STR_INIT("node24") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_ieq(names[i], using)) {
			return true;
		}
	}
	return false;
}

static void check_runs(struct reading *r, const struct yaml_node *runs)
{
	struct str using = text_of(get(runs, "using"));
	enum kind kind = kind_of(using);

	if (!runs || runs->kind != YAML_MAP) {
		fault(r, "it has no \"runs\"");
		return;
	}
	if (!known_using(using)) {
		fault(r, "\"%.*s\" is nothing that runs actions", STR_ARG(using));
	}
	for (size_t i = 0; i < sizeof(run_keys) / sizeof(run_keys[0]); i++) {
		bool there = get(runs, run_keys[i].name.p) != NULL;

		if (there && !(run_keys[i].kinds & kind)) {
			fault(r, "\"%.*s\" is not for actions of this kind",
			      STR_ARG(run_keys[i].name));
		} else if (!there && (run_keys[i].required & kind)) {
			fault(r, "it has no \"%.*s\"", STR_ARG(run_keys[i].name));
		}
	}
}

static void check_branding(struct reading *r, const struct yaml_node *branding)
{
	static const struct str colours[] = { STR_INIT("white"),    STR_INIT("black"),
					      STR_INIT("yellow"),   STR_INIT("blue"),
					      STR_INIT("green"),    STR_INIT("orange"),
					      STR_INIT("red"),      STR_INIT("purple"),
					      STR_INIT("gray-dark") };
	struct str colour = text_of(get(branding, "color"));

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
		if (str_ieq(colours[i], colour)) {
			return;
		}
	}
	if (colour.len) {
		fault(r, "\"%.*s\" is no colour for its badge", STR_ARG(colour));
	}
}

static void read_file_text(struct reading *r, const struct yaml_node *root)
{
	r->facts->name = text_of(get(root, "name"));
	read_inputs(r, get(root, "inputs"));
	read_outputs(r, get(root, "outputs"));
	check_runs(r, get(root, "runs"));
	check_branding(r, get(root, "branding"));
}

static const struct yaml_node *read_yaml(struct check_project *p, struct str path)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;
	const struct yaml_node *root = NULL;

	if (read_file(path.p, &text, &err)) {
		uint32_t file = sources_add(&p->sources, path, strbuf_str(&text));

		root = yaml_read(p->a, file, &yaml_action_limits, &p->diags);
	}
	err_release(&err);
	strbuf_release(&text);
	return root;
}

const struct action_facts *action_file_read(struct check_project *p, struct str dir)
{
	struct reading r = { .p = p };
	const struct yaml_node *root =
		read_yaml(p, arena_printf(p->a, "%.*s/action.yml", STR_ARG(dir)));

	if (!root) {
		root = read_yaml(p, arena_printf(p->a, "%.*s/action.yaml", STR_ARG(dir)));
	}
	if (!root || root->kind != YAML_MAP) {
		return NULL;
	}
	r.facts = arena_new(p->a, struct action_facts);
	read_file_text(&r, root);
	enum kind kind = kind_of(text_of(get(get(root, "runs"), "using")));

	r.facts->docker = kind == KIND_DOCKER;
	r.facts->composite = kind == KIND_COMPOSITE;
	r.facts->nfaults = r.faults.n;
	r.facts->faults = r.faults.v;
	return r.facts;
}
