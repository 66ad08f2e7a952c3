/*
 * cmd_parse.c - `act-c parse`: one workflow with those it calls, as JSON for programs, the way
 * GitHub's own reader resolves it. For people there is `act-c validate`.
 */
#include <stdio.h>

#include "actc/file.h"
#include "actc/resolved.h"
#include "cli.h"

enum { FILE_MAX = 64 << 20 };

struct parsing {
	struct options *o;
	struct sources sources;
	struct diags diags;
	struct yaml_limits limits;
	struct call_rules rules;
};

static size_t or_else(unsigned long given, size_t otherwise)
{
	return given ? given : otherwise;
}

static void set_limits(struct parsing *p)
{
	const struct options *o = p->o;

	p->limits = yaml_workflow_limits;
	p->limits.max_depth = or_else(o->max_depth, p->limits.max_depth);
	p->limits.max_chars = or_else(o->max_file_size, p->limits.max_chars);
	p->rules = call_rules_default;
	p->rules.max_depth = or_else(o->max_nested_depth, p->rules.max_depth);
	p->rules.max_jobs = or_else(o->max_job_limit, p->rules.max_jobs);
	p->rules.limited_read = str_eq(o->permissions_policy, STR("LimitedRead"));
	p->rules.limits = &p->limits;
	p->rules.staged = true;
}

static struct value resolve(struct parsing *p, struct str text, bool *valid)
{
	struct arena *a = &p->o->arena;
	struct str path = p->o->shown_as.len ? p->o->shown_as : p->o->args[0];
	struct call_places places = { .refs = p->o->refs.len ? p->o->refs : STR(".") };
	struct resolved_options options = { .include_source = p->o->include_source };
	const struct workflow *w = workflow_load_staged(a, sources_add(&p->sources, path, text),
							&p->limits, &p->diags);
	struct calls *calls = NULL;

	*valid = w && calls_load(a, &w, 1, &places, &p->rules, &p->diags, &calls);
	return *valid ? resolved_workflow(a, &p->sources, w, calls, &options)
		      : resolved_errors(a, &p->diags);
}

int cmd_parse(struct options *o)
{
	struct parsing p = { .o = o };
	struct strbuf text = STRBUF_INIT(FILE_MAX), json = STRBUF_INIT(0);
	struct err err = ERR_INIT;
	bool valid = false;

	if (o->nargs != 1) {
		return cli_usage(o, "a workflow file is needed");
	}
	if (!read_file(arena_cstr(&o->arena, o->args[0]), &text, &err)) {
		strbuf_release(&text);
		return cli_fail(&err);
	}
	p.sources.arena = &o->arena;
	p.diags = (struct diags){ .arena = &o->arena, .sources = &p.sources };
	set_limits(&p);
	value_to_json_line(&json, resolve(&p, strbuf_str(&text), &valid));
	(void)fwrite(json.p, 1, json.len, stdout);
	(void)putchar('\n');
	strbuf_release(&json);
	strbuf_release(&text);
	return valid ? EXIT_OK : EXIT_INVALID;
}
