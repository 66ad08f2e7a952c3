/*
 * cmd_eval.c - `act-c eval`: one expression for people, or a case a line for programs (--batch).
 *
 * The named values are exactly the contexts that were given, and the functions the well-known ones,
 * without the status functions and hashFiles, which need a run. Where none was given for one
 * expression, they are those of a push here (eval_here.c).
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/diag.h"
#include "actc/expr.h"
#include "actc/file.h"
#include "actc/value.h"
#include "eval_here.h"

enum {
	CONTEXT_MAX = 64 * 1024 * 1024,
	LINE_MAX_BYTES = 64 * 1024 * 1024,
	/* The limit of GitHub's evaluator when nothing sets it, which its test data expects. */
	BATCH_MEMORY = 1024 * 1024,
};

static const char *const stage_names[] = {
	[EXPR_LEXING] = "lexing",
	[EXPR_PARSING] = "parsing",
	[EXPR_EVALUATION] = "evaluation",
};

static bool context_named(void *ctx, struct str name, struct value *out)
{
	const struct value *hit = vobject_get(ctx, name);

	if (hit) {
		*out = *hit;
	}
	return hit != NULL;
}

static bool evaluate(struct arena *a, struct str text, struct vobject *contexts, size_t max_memory,
		     struct value *out, struct expr_error *error)
{
	struct str *names = arena_array(a, struct str, contexts->n);
	struct expr_scope scope = { .names = names, .nnames = contexts->n };
	struct expr_env env = { .ctx = contexts, .named = context_named, .max_memory = max_memory };

	for (size_t i = 0; i < contexts->n; i++) {
		names[i] = contexts->v[i].key;
	}

	const struct expr *e = expr_parse(a, text, &scope, error);

	return e && expr_eval(a, e, &env, out, error);
}

/* --- one expression --------------------------------------------------------------------------- */

static bool read_context(struct arena *a, const struct setting *s, struct value *out,
			 struct err *err)
{
	const char *path = arena_cstr(a, s->value);
	struct strbuf text = STRBUF_INIT(CONTEXT_MAX);
	bool ok = read_given_file(path, &text, err);

	if (ok && !value_from_json_strict(a, strbuf_str(&text), out, err)) {
		ok = err_wrap(err, "%s", path);
	}
	strbuf_release(&text);
	return ok;
}

static void print_error(const struct options *o, struct arena *a, struct str text,
			const struct expr_error *error)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	uint32_t file = sources_add(&sources, STR("<expression>"), text);
	struct span at = { file, (uint32_t)error->at, (uint32_t)(error->at + error->len) };

	diag_error(&diags, at, "expression", "%.*s", STR_ARG(error->msg));
	diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
}

/* Indented where there is something to indent; one line is always valid JSON, NaN included. */
static void print_value(struct arena *a, struct value v, struct masker *masker)
{
	struct strbuf line = STRBUF_INIT(0), masked = STRBUF_INIT(0);

	if (v.kind == VALUE_ARRAY || v.kind == VALUE_OBJECT) {
		strbuf_adds(&line, value_to_json(a, v));
	} else {
		value_to_json_line(&line, v);
	}
	masker_apply(masker, strbuf_str(&line), &masked);
	(void)printf("%.*s\n", STR_ARG(strbuf_str(&masked)));
	strbuf_release(&line);
	strbuf_release(&masked);
}

static bool status_here(void *ctx, enum expr_status which, const struct str *args, size_t n)
{
	(void)ctx;
	(void)args;
	(void)n;
	return which == STATUS_SUCCESS || which == STATUS_ALWAYS;
}

static int eval_here(struct options *o, struct masker *masker)
{
	struct arena *a = &o->arena;
	struct expr_env env = { .named = context_named, .status = status_here };
	struct vobject *contexts = NULL;
	struct err err = ERR_INIT;
	struct expr_error error;
	struct value v;
	const struct expr *e = expr_parse(a, o->args[0], &eval_here_scope, &error);

	if (e && !eval_here_contexts(o, e, masker, &contexts, &err)) {
		return cli_fail(&err);
	}
	env.ctx = contexts;
	if (!e || !expr_eval(a, e, &env, &v, &error)) {
		print_error(o, a, o->args[0], &error);
		return EXIT_FAILED;
	}
	print_value(a, v, masker);
	return EXIT_OK;
}

static int eval_given(struct options *o, struct masker *masker)
{
	struct arena *a = &o->arena;
	struct vobject *contexts = vobject_new(a, false);
	struct err err = ERR_INIT;
	struct expr_error error;
	struct value v;

	for (size_t i = 0; i < o->contexts.n; i++) {
		if (!read_context(a, &o->contexts.v[i], &v, &err)) {
			(void)cli_fail(&err);
			return EXIT_FAILED;
		}
		vobject_set(a, contexts, o->contexts.v[i].name, v);
	}
	if (!evaluate(a, o->args[0], contexts, 0, &v, &error)) {
		print_error(o, a, o->args[0], &error);
		return EXIT_FAILED;
	}
	print_value(a, v, masker);
	return EXIT_OK;
}

/* --- a case a line ---------------------------------------------------------------------------- */

static void put_error(struct strbuf *out, struct str msg, const char *stage)
{
	strbuf_adds(out, STR("{\"error\":"));
	json_quote(out, msg);
	strbuf_addf(out, ",\"stage\":\"%s\"}\n", stage);
}

static void put_value(struct strbuf *out, struct value v)
{
	strbuf_addf(out, "{\"kind\":\"%.*s\",\"value\":", STR_ARG(value_kind_name(v.kind)));
	value_to_json_line(out, v);
	strbuf_adds(out, STR("}\n"));
}

/* The parts of one case, or what is wrong with it. */
static bool read_case(struct arena *a, struct str line, struct str *text, struct vobject **contexts,
		      struct str *why)
{
	struct err err = ERR_INIT;
	struct value v;

	if (line.len > LINE_MAX_BYTES) {
		*why = STR("the line is too long");
		return false;
	}
	if (!value_from_json_strict(a, line, &v, &err)) {
		*why = arena_str(a, str_of(err.msg));
		err_release(&err);
		return false;
	}

	struct value expr = value_get(v, STR("expr"));
	struct value given = value_get(v, STR("contexts"));

	*text = expr.kind == VALUE_STRING ? expr.u.s : STR_EMPTY;
	*contexts = vobject_new(a, false);
	if (given.kind == VALUE_OBJECT) {
		**contexts = *given.u.o;
	}
	*why = expr.kind != VALUE_STRING ? STR("\"expr\" has to be a string")
					 : STR("\"contexts\" has to be an object");
	return expr.kind == VALUE_STRING &&
	       (given.kind == VALUE_OBJECT || given.kind == VALUE_NULL);
}

static void eval_line(struct arena *a, struct str line, struct strbuf *out)
{
	struct vobject *contexts;
	struct expr_error error;
	struct str text;
	struct str why;
	struct value v;

	if (!read_case(a, line, &text, &contexts, &why)) {
		put_error(out, why, "input");
	} else if (evaluate(a, text, contexts, BATCH_MEMORY, &v, &error)) {
		put_value(out, v);
	} else {
		put_error(out, error.msg, stage_names[error.stage]);
	}
}

/* One line out for each line in, at once, so that a program may ask as it goes. */
static int eval_batch(void)
{
	struct strbuf out = STRBUF_INIT(0);
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) >= 0) {
		struct arena a = ARENA_INIT;
		size_t len = (size_t)n;

		len -= len > 0 && line[len - 1] == '\n';
		strbuf_reset(&out);
		eval_line(&a, str_mk(line, len), &out);
		arena_release(&a);
		if (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
			break;
		}
	}
	free(line);
	strbuf_release(&out);
	return ferror(stdin) || ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

int cmd_eval(struct options *o)
{
	if (o->batch) {
		return o->nargs || o->contexts.n
			       ? cli_usage(o, "--batch reads all it needs from standard input")
			       : eval_batch();
	}
	if (o->nargs != 1) {
		return cli_usage(o, "an expression is needed");
	}
	for (size_t i = 0; i < o->contexts.n; i++) {
		if (!o->contexts.v[i].value.len) {
			return cli_usage(o, "--context %.*s: NAME=FILE is needed",
					 STR_ARG(o->contexts.v[i].name));
		}
	}

	struct masker *masker = masker_new();
	int code = o->contexts.n ? eval_given(o, masker) : eval_here(o, masker);

	masker_free(masker);
	return code;
}
