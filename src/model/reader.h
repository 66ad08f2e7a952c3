/* reader.h - a YAML node read against a definition: the tokens, and GitHub's diagnostics. */
#ifndef ACTC_MODEL_READER_H
#define ACTC_MODEL_READER_H

#include "actc/diag.h"
#include "actc/token.h"
#include "actc/yaml.h"
#include "schema.h"

/* Reads on after an error, so that all are reported; what is wrong has .bad set. Never NULL. */
const struct tok *schema_read(struct arena *a, const struct yaml_node *node,
			      const struct schema *schema, struct diags *diags);

/* The scope of expressions as expr_parse wants it. */
const struct expr_scope *schema_scope(struct arena *a, unsigned scope);

/* An error in the expression text of a scalar token: a caret below the word, GitHub's place beside
 * it. lo and len are bytes of the token's own text. */
void schema_expr_error(struct diags *diags, const struct tok *t, const struct expr_error *error);

#endif
