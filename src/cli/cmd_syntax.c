/* cmd_syntax.c - `act-c syntax`: what may stand where in a workflow file, for people and editors.
 */
#include <stdio.h>
#include <unistd.h>

#include "actc/syntax.h"
#include "options.h"

enum { WIDTH_MIN = 6 };

static void print_key(const struct syntax_key *k, int name, int type)
{
	struct strbuf doc = STRBUF_INIT(0);

	(void)strbuf_addf(&doc, "%.*s%s", STR_ARG(k->doc), k->required ? " (required)" : "");
	(void)printf("  %-*.*s  %.*s", name, STR_ARG(k->name), STR_ARG(k->type));
	if (doc.len) {
		help_wrap(stdout, doc.p, 2 + name + 2 + type + 2, 2 + name + 2 + (int)k->type.len);
	} else {
		(void)putchar('\n');
	}
	strbuf_release(&doc);
}

/* Those of every kind of mapping that may stand there first, then what each kind has. */
static void print_keys(const struct syntax_place *p, struct str with)
{
	size_t name = WIDTH_MIN, type = WIDTH_MIN;
	bool fresh = true;

	for (size_t i = 0; i < p->nkeys; i++) {
		const struct syntax_key *k = &p->keys[i];

		name = k->name.len > name ? k->name.len : name;
		type = k->type.len > type ? k->type.len : type;
	}
	for (size_t i = 0; i < p->nkeys; i++) {
		if (str_eq(p->keys[i].with, with)) {
			(void)fputs(fresh ? "\n" : "", stdout);
			fresh = false;
			print_key(&p->keys[i], (int)name, (int)type);
		}
	}
}

static bool is_first_with(const struct syntax_place *p, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (str_eq(p->keys[k].with, p->keys[i].with)) {
			return false;
		}
	}
	return p->keys[i].with.len > 0;
}

static void print_place(const struct options *o, struct str path, const struct syntax_place *p)
{
	bool colour = options_colour(o, STDOUT_FILENO);
	struct strbuf scope = STRBUF_INIT(0);

	(void)printf("%s%.*s%s:", colour ? "\033[1m" : "", STR_ARG(path), colour ? "\033[0m" : "");
	help_wrap(stdout, p->type.p, (int)path.len + 2, (int)path.len + 1);
	if (p->doc.len) {
		(void)printf("%.*s.\n", STR_ARG(p->doc));
	}
	print_keys(p, STR_EMPTY);
	for (size_t i = 0; i < p->nkeys; i++) {
		if (is_first_with(p, i)) {
			print_keys(p, p->keys[i].with);
		}
	}
	if (p->contexts.len) {
		(void)strbuf_addf(&scope, "Expressions may name %.*s%s%.*s.", STR_ARG(p->contexts),
				  p->functions.len ? ", and call " : "", STR_ARG(p->functions));
		(void)putchar('\n');
		help_wrap(stdout, scope.p, 0, 0);
		strbuf_release(&scope);
	}
}

int cmd_syntax(struct options *o)
{
	struct arena *a = &o->arena;
	enum syntax_file file = o->action ? SYNTAX_ACTION : SYNTAX_WORKFLOW;
	struct str path = o->nargs ? o->args[0] : STR_EMPTY;
	struct syntax_place place;
	struct err err = ERR_INIT;

	if (o->json && o->nargs) {
		return cli_usage(o, "--json prints the whole schema, and takes no KEY");
	}
	if (o->json) {
		(void)printf("%s\n", value_to_json(a, syntax_json_schema(a, file)).p);
		return EXIT_OK;
	}
	if (!syntax_at(a, file, path, &place, &err)) {
		return cli_fail(&err);
	}
	print_place(o,
		    path.len    ? path
		    : o->action ? STR("action.yml")
				: STR("a workflow file"),
		    &place);
	return EXIT_OK;
}
