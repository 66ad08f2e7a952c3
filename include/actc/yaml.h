/*
 * yaml.h - one YAML document as nodes with spans, scalars resolved as GitHub's reader does
 * (SEMANTICS 1.1): plain style only, YAML 1.2 core words, tags checked, aliases replayed, duplicate
 * keys found by the schema reader and not here.
 *
 * An alias is the anchor's node itself: nodes are const and may be reached by several ways, and an
 * error in one is reported where it was written.
 */
#ifndef ACTC_YAML_H
#define ACTC_YAML_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/diag.h"
#include "actc/source.h"
#include "actc/str.h"

enum yaml_kind {
	YAML_NULL,
	YAML_BOOL,
	YAML_NUMBER,
	YAML_STRING,
	YAML_SEQ,
	YAML_MAP,
};

struct yaml_pair;

struct yaml_node {
	enum yaml_kind kind;
	struct span at;  /* from its tag or anchor, if any; for collections their start */
	struct str text; /* scalars: the text after YAML's own unescaping, NUL behind */
	bool b;
	double n;
	bool plain; /* plain style */
	bool block; /* literal or folded */
	size_t count;
	const struct yaml_node **items; /* YAML_SEQ */
	const struct yaml_pair *pairs;  /* YAML_MAP */
};

struct yaml_pair {
	const struct yaml_node *key;
	const struct yaml_node *value;
};

struct yaml_limits {
	size_t max_chars; /* UTF-16 units, as GitHub counts: 1,048,576 for workflows */
	size_t max_depth; /* 50; 100 for action.yml */
	size_t max_nodes; /* 50,000 parse events traversed, aliases counted each time */
	bool allow_anchors;
	bool thorough; /* goes on behind an alias inside its own anchor, warns of unused anchors */
};

extern const struct yaml_limits yaml_workflow_limits;
extern const struct yaml_limits yaml_action_limits;

/* The root node, or NULL with diagnostics of kind "syntax-check" (their .token is NO_SPAN: GitHub
 * gives these no position). An empty document gives YAML_NULL. */
const struct yaml_node *yaml_read(struct arena *a, uint32_t file, const struct yaml_limits *limits,
				  struct diags *diags);

/* The span of bytes [lo, hi) of a scalar's decoded text in the source, found by reading the raw
 * scalar again: for diagnostics, not for loops. */
struct span yaml_text_span(const struct sources *sources, const struct yaml_node *node, size_t lo,
			   size_t hi);

#endif
