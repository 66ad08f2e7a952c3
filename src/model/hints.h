/* hints.h - what was probably meant by a wrong word or value. */
#ifndef ACTC_MODEL_HINTS_H
#define ACTC_MODEL_HINTS_H

#include "actc/diag.h"
#include "schema.h"

enum { MAX_WORDS = 64 };

/* The nearest of the words. */
void hint_nearest(struct diags *diags, struct diag *d, struct str word, const struct str *list,
		  size_t n);
/* What a definition takes instead of a value. */
void hint_value(struct diags *diags, struct diag *d, struct str value, const struct schema *schema);
/* The context or function that was meant, by GitHub's text. */
void hint_name(struct diags *diags, struct diag *d, struct str msg);

#endif
