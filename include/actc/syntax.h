/*
 * syntax.h - what may stand where in a workflow file or an action.yml: for people, who ask about
 * one place, and for editors, which want all of it as a JSON Schema. Both come from the definitions
 * that files are read by.
 */
#ifndef ACTC_SYNTAX_H
#define ACTC_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"
#include "actc/value.h"

enum syntax_file { SYNTAX_WORKFLOW, SYNTAX_ACTION };

struct syntax_key {
	struct str name; /* "<any>" for keys that the file's author chooses */
	struct str type; /* "text | list", "word" */
	struct str doc;  /* a line without a full stop; may be empty */
	struct str with; /* the key that makes the mapping one that has it; empty = any has it */
	bool required;
};

struct syntax_place {
	struct str type; /* the same, with the words in place of "word" */
	struct str doc;
	struct str contexts, functions; /* of expressions there: "github, inputs"; empty = none */
	size_t nkeys;
	const struct syntax_key *keys; /* of the mapping, or of the list's items */
};

/* What may stand at a path of keys, "jobs.test.steps.run"; empty = the whole file. Lists are gone
 * through without a word. ERR_NOTHING names the key that is not there, and the nearest one. */
bool syntax_at(struct arena *a, enum syntax_file file, struct str path, struct syntax_place *out,
	       struct err *err);

/* JSON Schema (draft-07). It refuses nothing that GitHub takes; what goes beyond shapes is for
 * `validate`. */
struct value syntax_json_schema(struct arena *a, enum syntax_file file);

#endif
