/* rule_env.c - names of environment variables that no shell can read. */
#include "check.h"

static void check_env(struct check *c, const struct tok *env)
{
	for (size_t i = 0; env && env->kind == TOK_MAP && i < env->u.map.n; i++) {
		const struct tok *key = env->u.map.pairs[i].key;
		struct str name = check_literal(key);

		for (size_t k = 0; name.p && k < name.len; k++) {
			if (strchr("&= \t\n", name.p[k])) {
				(void)check_warn(
					c, key->at, "env-var",
					"\"%.*s\" is no name for an environment variable: it "
					"must not hold blanks, \"=\" or \"&\"",
					STR_ARG(diag_quote(name)));
				break;
			}
		}
	}
}

static void check_file(struct check *c)
{
	check_env(c, check_get(c->root, "env"));
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *services = check_get(job->map, "services");

	check_env(c, check_get(job->map, "env"));
	check_env(c, check_get(check_get(job->map, "container"), "env"));
	for (size_t i = 0; services && services->kind == TOK_MAP && i < services->u.map.n; i++) {
		check_env(c, check_get(services->u.map.pairs[i].value, "env"));
	}
}

static void check_step(struct check *c, const struct step_view *step)
{
	check_env(c, check_get(step->map, "env"));
}

const struct rule rule_env = { check_file, check_job, check_step };
