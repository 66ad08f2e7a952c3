/*
 * expr_cases.h - runs expression cases kept as JSON, in the format of GitHub's own test data:
 *
 *     { "group": [ { "expr": E, "contexts": {NAME: JSON}, "result": {"kind": K, "value": JSON} },
 *                  { "expr": E, "err": {"kind": "lexing"|"parsing"|"evaluation", "value": S} } ] }
 *
 * Named values are the keys of `contexts`, functions the well-known ones; a message has to contain
 * the expected text. Shared by the tests that include it.
 */
#ifndef ACTC_TEST_EXPR_CASES_H
#define ACTC_TEST_EXPR_CASES_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/expr.h"
#include "actc/value.h"

/* GitHub's test driver keeps the evaluator's default, a tenth of what workflows get. */
enum { CASE_MEMORY = 1024 * 1024 };

struct case_run {
	struct arena arena;
	size_t cases;
	size_t failed;
};

static bool case_named(void *ctx, struct str name, struct value *out)
{
	const struct value *hit = vobject_get(ctx, name);

	if (hit) {
		*out = *hit;
	}
	return hit != NULL;
}

/* {"kind", "value"} or {"error", "stage"}, as `act-c eval --batch` prints it. */
static struct value case_outcome(struct arena *a, struct str text, const struct vobject *contexts)
{
	static const struct str stages[] = { STR_INIT("lexing"), STR_INIT("parsing"),
					     STR_INIT("evaluation") };
	struct str *names = arena_array(a, struct str, contexts->n);
	struct expr_scope scope = { .names = names, .nnames = contexts->n };
	struct expr_env env = {
		.ctx = (void *)(uintptr_t)contexts,
		.named = case_named,
		.max_memory = CASE_MEMORY,
	};
	struct expr_error error;
	struct value v;
	struct vobject *out = vobject_new(a, true);

	for (size_t i = 0; i < contexts->n; i++) {
		names[i] = contexts->v[i].key;
	}

	const struct expr *e = expr_parse(a, text, &scope, &error);

	if (e && expr_eval(a, e, &env, &v, &error)) {
		vobject_set(a, out, STR("kind"), value_str(value_kind_name(v.kind)));
		vobject_set(a, out, STR("value"), v);
	} else {
		vobject_set(a, out, STR("stage"), value_str(stages[error.stage]));
		vobject_set(a, out, STR("error"), value_str(error.msg));
	}
	return value_object(out);
}

static struct str case_line(struct arena *a, struct value v)
{
	struct strbuf b = STRBUF_INIT(0);

	value_to_json_line(&b, v);

	struct str line = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return line;
}

static bool case_matches(struct arena *a, struct value expected, struct value got)
{
	struct value result = value_get(expected, STR("result"));
	struct value err = value_get(expected, STR("err"));

	if (err.kind == VALUE_OBJECT) {
		struct str want = value_get(err, STR("value")).u.s;
		struct str have = value_to_str(a, value_get(got, STR("error")));

		return str_find(have, want, 0) != STR_NPOS &&
		       str_eq(value_get(err, STR("kind")).u.s,
			      value_to_str(a, value_get(got, STR("stage"))));
	}
	return str_eq(value_get(result, STR("kind")).u.s,
		      value_to_str(a, value_get(got, STR("kind")))) &&
	       (!vobject_get(result.u.o, STR("value")) ||
		str_eq(case_line(a, value_get(result, STR("value"))),
		       case_line(a, value_get(got, STR("value")))));
}

static void run_case(struct case_run *run, const char *file, struct str group, struct value one)
{
	struct arena *a = &run->arena;
	struct value contexts = value_get(one, STR("contexts"));
	struct vobject *none = vobject_new(a, false);
	struct str text = value_get(one, STR("expr")).u.s;
	struct value got =
		case_outcome(a, text, contexts.kind == VALUE_OBJECT ? contexts.u.o : none);

	run->cases++;
	if (!case_matches(a, one, got)) {
		run->failed++;
		fprintf(stderr, "%s: %.*s: %.*s\n  got %.*s\n", file, STR_ARG(group),
			STR_ARG(str_slice(text, 0, 400)),
			STR_ARG(str_slice(case_line(a, got), 0, 600)));
	}
}

static struct str case_read(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct strbuf b = STRBUF_INIT(0);
	char chunk[4096];
	size_t n;

	cr_assert(f, "%s cannot be read", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		strbuf_add(&b, chunk, n);
	}
	fclose(f);

	struct str text = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return text;
}

static void run_file(struct case_run *run, const char *path)
{
	struct value groups;
	struct err err = ERR_INIT;
	bool ok = value_from_json_strict(&run->arena, case_read(&run->arena, path), &groups, &err);

	cr_assert(ok, "%s: %s", path, err.msg);
	for (size_t i = 0; i < groups.u.o->n; i++) {
		const struct varray *cases = groups.u.o->v[i].value.u.a;

		for (size_t k = 0; k < cases->n; k++) {
			run_case(run, path, groups.u.o->v[i].key, cases->v[k]);
		}
	}
}

/* Every *.json of a folder; false when there is no such folder. */
static bool run_folder(struct case_run *run, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir) {
		return false;
	}
	while ((entry = readdir(dir))) {
		if (str_ends(str_of(entry->d_name), STR(".json"))) {
			run_file(run, arena_printf(&run->arena, "%s/%s", folder, entry->d_name).p);
		}
	}
	closedir(dir);
	return true;
}

#endif
