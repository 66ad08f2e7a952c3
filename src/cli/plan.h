/* plan.h - what `act-c plan` found out, and the ways to show it. */
#ifndef ACTC_CLI_PLAN_H
#define ACTC_CLI_PLAN_H

#include "actc/forecast.h"
#include "happening.h"

/* A secret or variable that is read and was not given: where it is read first. */
struct missing {
	const char *context; /* "secrets" or "vars" */
	struct str name;
	struct str path;
	struct place at;
};

/* A file that is not started. */
struct left_out {
	struct str path;
	struct place at; /* of the filter; line 0 = none */
	struct str filter, pattern;
	struct str reason;
};

struct plan {
	struct options *o;
	struct selection selection;
	struct happening happening;
	struct forecast forecast;
	VEC(struct left_out) left_out;
	VEC(struct missing) missing;
	size_t noutside; /* lines on what is contacted for real and what is not */
	struct str *outside;
};

void plan_print(const struct plan *p);
void plan_print_json(const struct plan *p);

#endif
