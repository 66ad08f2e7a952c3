/* evaluations.c - evaluates one condition as often as it is told: what `bench` takes the time of.
 */
#include <stdio.h>
#include <stdlib.h>

#include "actc/expr.h"
#include "actc/value.h"

static bool named(void *ctx, struct str name, struct value *out)
{
	const struct value *hit = vobject_get(ctx, name);

	if (hit) {
		*out = *hit;
	}
	return hit != NULL;
}

static struct value read_json(struct arena *a, const char *text)
{
	struct err err = ERR_INIT;
	struct value v;

	if (!value_from_json_strict(a, str_of(text), &v, &err)) {
		exit(1);
	}
	return v;
}

int main(int argc, char **argv)
{
	static const struct str names[] = { STR_INIT("github"), STR_INIT("matrix") };
	static const struct expr_scope scope = { .names = names, .nnames = 2 };
	struct arena a = ARENA_INIT;
	const struct value v = read_json(&a, "{\"github\": {\"ref\": \"refs/heads/main\"},"
					     " \"matrix\": {\"os\": \"ubuntu-latest\"}}");
	struct vobject contexts = *v.u.o;
	struct expr_env env = { .ctx = &contexts, .named = named };
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 1, yes = 0;
	struct expr_error error;
	const struct expr *e = expr_parse(
		&a, STR("contains(github.ref, 'main') && matrix.os != 'x'"), &scope, &error);

	for (long i = 0; e && i < n; i++) {
		struct arena once = ARENA_INIT;
		struct value got;

		yes += expr_eval(&once, e, &env, &got, &error) && value_truthy(got);
		arena_release(&once);
	}
	arena_release(&a);
	(void)printf("%ld\n", yes);
	return yes == n ? 0 : 1;
}
