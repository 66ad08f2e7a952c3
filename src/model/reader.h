/* reader.h - a YAML node read against a definition: the tokens, and GitHub's diagnostics. */
#ifndef ACTC_MODEL_READER_H
#define ACTC_MODEL_READER_H

#include "actc/diag.h"
#include "actc/strmap.h"
#include "actc/token.h"
#include "actc/yaml.h"
#include "schema.h"

/* Reads on after an error, so that all are reported; what is wrong has .bad set. Never NULL. With
 * `staged` only as far as GitHub does: not into what is there twice, no more of a text than its
 * first error. */
const struct tok *schema_read(struct arena *a, const struct yaml_node *node,
			      const struct schema *schema, bool staged, struct diags *diags);

/*
 * What was made of a node in a scope. Aliases give the same node many times: making it again each
 * time would let a small file cost gigabytes.
 */
struct memo {
	struct strmap keys; /* -> index + 1 */
	VEC(const void *) values;
};
/* The place for the value, NULL in it when there is none yet. */
const void **memo_slot(struct arena *a, struct memo *m, const struct yaml_node *node,
		       unsigned scope);

/* The scope of expressions as expr_parse wants it. */
const struct expr_scope *schema_scope(struct arena *a, unsigned scope);

/* An error in the expression text of a scalar token: a caret below the word, GitHub's place beside
 * it. lo and len are bytes of the token's own text. */
void schema_expr_error(struct diags *diags, const struct tok *t, const struct expr_error *error);
/* Of one that GitHub reads only when it is evaluated. */
void schema_expr_warning(struct diags *diags, const struct tok *t, const struct expr_error *error);

#endif
