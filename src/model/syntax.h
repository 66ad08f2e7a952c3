/* syntax.h - what the two ways of telling the syntax share. */
#ifndef ACTC_MODEL_SYNTAX_H
#define ACTC_MODEL_SYNTAX_H

#include "actc/syntax.h"
#include "schema.h"

const struct schema *syntax_root(enum syntax_file file);

#endif
