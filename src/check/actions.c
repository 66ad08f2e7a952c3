/*
 * actions.c - what is known of the actions and workflows that are used: from the table of popular
 * ones, or from the files of this repository, each read once.
 */
#include "check.h"

#include "actc/file.h"
#include "actc/strbuf.h"

enum { FILE_MAX = 4 << 20 };

/* "./x" and "$/x" are x in this repository. */
static struct str local_path(struct check_project *p, struct str uses)
{
	struct str path = str_slice(uses, 2, uses.len);

	while (path.len && path.p[path.len - 1] == '/') {
		path.len--;
	}
	return arena_printf(p->a, "%.*s/%.*s", STR_ARG(p->root), STR_ARG(path));
}

static bool is_local(struct str uses)
{
	return str_starts(uses, STR("./")) || str_starts(uses, STR("$/"));
}

/* Nothing outside the repository is looked at. */
static bool is_inside(struct check_project *p, struct str uses)
{
	return p->root.len && str_find(uses, STR(".."), 0) == STR_NPOS;
}

static struct known_action *known_action(struct check *c, struct str uses)
{
	struct check_project *p = c->project;
	const size_t *index = strmap_get(&p->action_names, uses);
	struct known_action known = { .facts = NULL };

	if (index) {
		return &p->actions.v[*index - 1];
	}
	known.uses = arena_str(p->a, uses);
	if (!is_local(uses)) {
		known.facts = popular_find(p->a, uses);
	} else if (is_inside(p, uses)) {
		known.facts = action_file_read(p, local_path(p, uses));
	}
	vec_push(p->a, &p->actions, known);
	*strmap_slot(p->a, &p->action_names, known.uses, NULL) = p->actions.n;
	return &p->actions.v[p->actions.n - 1];
}

const struct action_facts *action_of(struct check *c, struct str uses)
{
	return known_action(c, uses)->facts;
}

bool action_first(struct check *c, struct str uses)
{
	struct known_action *known = known_action(c, uses);
	bool first = !known->told;

	known->told = true;
	return first;
}

static struct known_call read_call(struct check_project *p, struct str uses)
{
	struct known_call call = { .uses = arena_str(p->a, uses) };
	struct str path = local_path(p, uses);
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct err err = ERR_INIT;

	if (read_file(path.p, &text, &err)) {
		uint32_t file = sources_add(&p->sources, path, strbuf_str(&text));

		call.workflow = workflow_load(p->a, file, &p->diags);
	} else {
		call.missing = true;
	}
	err_release(&err);
	strbuf_release(&text);
	return call;
}

const struct known_call *call_of(struct check *c, struct str uses)
{
	struct check_project *p = c->project;

	if (!uses.p || !is_local(uses) || !is_inside(p, uses)) {
		return NULL;
	}
	for (size_t i = 0; i < p->calls.n; i++) {
		if (str_eq(p->calls.v[i].uses, uses)) {
			return &p->calls.v[i];
		}
	}
	vec_push(p->a, &p->calls, read_call(p, uses));
	return &p->calls.v[p->calls.n - 1];
}

const struct type *call_outputs_type(struct check *c, struct str uses)
{
	const struct known_call *call = call_of(c, uses);
	const struct event_filter *event =
		call && call->workflow ? workflow_event(call->workflow, STR("workflow_call"))
				       : NULL;
	struct type_builder b = { .a = c->a };

	if (!event) {
		return &type_strings;
	}
	for (size_t i = 0; i < event->noutputs; i++) {
		type_add(&b, event->outputs[i].id.s, &type_string);
	}
	return type_finish(&b);
}
