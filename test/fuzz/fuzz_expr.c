/*
 * fuzz_expr.c - the expression language with any bytes: parsed, evaluated, visited, and as a
 * template and a condition. The same bytes are read as JSON by both readers.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "actc/expr.h"
#include "actc/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str names[] = { STR_INIT("github"), STR_INIT("env"), STR_INIT("a") };
static const struct expr_function functions[] = { { STR_INIT("success"), 0, 255 },
						  { STR_INIT("failure"), 0, 255 },
						  { STR_INIT("always"), 0, 0 },
						  { STR_INIT("hashFiles"), 1, 255 } };
static const struct expr_scope scope = {
	.names = names, .nnames = 3, .functions = functions, .nfunctions = 4
};

static const char contexts[] =
	"{\"github\": {\"ref\": \"refs/heads/main\", \"event\": {\"labels\": [{\"name\": \"x\"},"
	" {\"name\": \"\xC3\xA4\"}, 5], \"n\": 1.5, \"b\": true, \"nothing\": null}},"
	" \"env\": {\"PATH\": \"/bin\", \"E\": \"\"}, \"a\": [[1, 2], [\"3\", {\"k\": {}}], []]}";

static bool named(void *ctx, struct str name, struct value *out)
{
	const struct value *hit = vobject_get(ctx, name);

	if (hit) {
		*out = *hit;
	}
	return hit != NULL;
}

static bool status(void *ctx, enum expr_status which, const struct str *args, size_t n)
{
	(void)ctx;
	return which == STATUS_ALWAYS || (n > 0 && args[0].len > 0);
}

static bool hash_files(void *ctx, const struct str *patterns, size_t n, struct str *out,
		       struct str *why)
{
	(void)ctx;
	*out = patterns[n - 1];
	*why = STR("failed");
	return patterns[0].len > 0;
}

static void count_name(void *ctx, struct str root, const struct str *path, size_t n)
{
	size_t *total = ctx;

	*total += root.len + (n ? path[n - 1].len : 0);
}

static void use(struct arena *a, const struct expr *e, struct vobject *host)
{
	struct expr_env env = {
		.ctx = host, .named = named, .status = status, .hash_files = hash_files
	};
	struct expr_error error;
	struct strbuf line = STRBUF_INIT(0);
	struct value v;
	size_t total = 0;

	expr_visit_names(e, count_name, &total);
	if (expr_eval(a, e, &env, &v, &error)) {
		value_to_json_line(&line, v);
		(void)value_to_json(a, v);
	} else if (error.msg.len == 0 || error.at + error.len > expr_text(e).len) {
		abort();
	}
	strbuf_release(&line);
}

static void check(const struct expr_error *error, struct str text)
{
	if (error->msg.len == 0 || error->at + error->len > text.len) {
		abort();
	}
}

static void read_json(struct arena *a, struct str text)
{
	struct err err = ERR_INIT;
	struct str why;
	struct value v;
	size_t at;

	(void)value_from_json(a, text, &v, &why, &at);
	if (!value_from_json_strict(a, text, &v, &err)) {
		err_release(&err);
	}
}

/* Read once: it would be most of the time. */
static struct vobject *host_contexts(void)
{
	static struct arena arena;
	static struct vobject host;
	struct err err = ERR_INIT;
	struct value v;

	if (host.n == 0) {
		if (!value_from_json_strict(&arena, str_of(contexts), &v, &err)) {
			abort();
		}
		host = *v.u.o;
	}
	return &host;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct str text = str_mk((const char *)data, size);
	struct expr_error error;
	struct tmpl tmpl;
	struct vobject *o = host_contexts();
	const struct expr *e = expr_parse(&a, text, &scope, &error);

	if (e) {
		use(&a, e, o);
	} else {
		check(&error, text);
	}
	if (!tmpl_parse(&a, text, &scope, &tmpl, &error)) {
		check(&error, text);
	} else if (tmpl.kind == TMPL_EXPR) {
		use(&a, tmpl.expr, o);
	}
	e = expr_parse_condition(&a, text, true, &scope, &error);
	if (e) {
		use(&a, e, o);
	}
	read_json(&a, text);
	arena_release(&a);
	return 0;
}
