/* resolved.h - what the parts of the resolved model share. */
#ifndef ACTC_PLAN_RESOLVED_H
#define ACTC_PLAN_RESOLVED_H

#include "actc/resolved.h"

struct resolving {
	struct arena *a;
	const struct sources *sources;
	const struct calls *calls;
	bool source; /* positions too */
};

/* --- resolved_token.c --- */

/* A token as GitHub serialises it; without positions a literal is the bare JSON value. */
struct value resolved_token(const struct resolving *r, const struct tok *t);
/* An expression of act-c's own making; `at` may be NO_SPAN. */
struct value resolved_expr(const struct resolving *r, struct str text, struct span at);
struct value resolved_string(const struct resolving *r, struct spanned s);
/* Nothing for t == NULL. */
void resolved_put(const struct resolving *r, struct vobject *o, struct str key,
		  const struct tok *t);

/* --- resolved_events.c --- */

struct value resolved_events(const struct resolving *r, const struct workflow *w);
/* The types of workflow_dispatch's inputs by name; null when there are none. */
struct value resolved_input_types(const struct resolving *r, const struct workflow *w);

#endif
