/*
 * matrix.h - strategy.matrix to legs, in GitHub's order and with GitHub's names (SEMANTICS 1.9).
 */
#ifndef ACTC_MATRIX_H
#define ACTC_MATRIX_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/value.h"

enum { MATRIX_MAX_LEGS = 256 };

struct leg {
	struct value
		values; /* the `matrix` context: object, or null for the single leg without one */
	struct str suffix; /* "(ubuntu, 18)" without the job's name; empty when there is none */
};

struct legs {
	size_t n;
	const struct leg *v;
};

/* `matrix` is the evaluated mapping (null = no matrix: one leg). False with GitHub's text in *why.
 */
bool matrix_expand(struct arena *a, struct value matrix, struct legs *out, struct str *why);
/* "test (ubuntu, 18)", cut to 100 characters. */
struct str matrix_job_name(struct arena *a, struct str name, const struct leg *leg);

/* --matrix KEY:VALUE filters: a leg is kept when for each key one of its values matches as text. */
struct matrix_filter {
	struct str key;
	struct str value;
};
bool matrix_keep(struct arena *a, const struct leg *leg, const struct matrix_filter *filters,
		 size_t n);

#endif
