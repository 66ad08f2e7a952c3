/* rule_credentials.c - passwords that are written into the file. */
#include "check.h"

static void check_container(struct check *c, const struct tok *container, const char *what,
			    struct str name)
{
	const struct tok *password = check_get(check_get(container, "credentials"), "password");

	if (check_literal(password).len && password->from &&
	    str_find(password->from->text, STR("${{"), 0) == STR_NPOS) {
		(void)check_warn(
			c, password->at, "credentials",
			"the password of %s%s%.*s is written here for all to read: take it "
			"from a secret",
			what, name.len ? " " : "", STR_ARG(name));
	}
}

static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *services = check_get(job->map, "services");

	check_container(c, check_get(job->map, "container"), "the container", STR_EMPTY);
	for (size_t i = 0; services && services->kind == TOK_MAP && i < services->u.map.n; i++) {
		check_container(c, services->u.map.pairs[i].value, "the service",
				check_literal(services->u.map.pairs[i].key));
	}
}

const struct rule rule_credentials = { NULL, check_job, NULL };
