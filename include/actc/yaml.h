/*
 * yaml.h - one YAML document as nodes with spans, scalars resolved as GitHub's reader does
 * (SEMANTICS 1.1): plain style only, YAML 1.2 core words, tags checked, aliases replayed, duplicate
 * keys found by the schema reader and not here.
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
	struct span at;  /* the token: for block scalars from `|`, for collections their start */
	struct str text; /* scalars: the text after YAML's own unescaping */
	bool b;
	double n;
	bool plain; /* plain style: text offset 0 is at.lo, and single-line text maps one to one */
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
	size_t max_bytes; /* 1,048,576 characters for workflows */
	size_t max_depth; /* 50; 100 for action.yml */
	size_t max_nodes; /* 50,000 traversed, aliases counted each time */
	bool allow_anchors;
};

extern const struct yaml_limits yaml_workflow_limits;
extern const struct yaml_limits yaml_action_limits;

/* The root node, or NULL with diagnostics of kind "syntax-check". An empty document gives
 * YAML_NULL. */
const struct yaml_node *yaml_read(struct arena *a, uint32_t file, const struct yaml_limits *limits,
				  struct diags *diags);

/* The span of bytes [lo, hi) of a scalar's decoded text in the source: exact for plain one-line and
 * literal block scalars, found by re-scanning the raw scalar for quoted and folded ones. */
struct span yaml_text_span(const struct sources *sources, const struct yaml_node *node, size_t lo,
			   size_t hi);

#endif
