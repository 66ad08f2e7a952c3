/* schema_action.h - what may stand where in an action.yml (SEMANTICS 5.2). */
#ifndef ACTC_MODEL_SCHEMA_ACTION_H
#define ACTC_MODEL_SCHEMA_ACTION_H

#include "schema.h"

extern const struct schema schema_action;          /* a whole file */
extern const struct schema schema_action_step_if;  /* conditions of composite steps */
extern const struct schema schema_action_stage_if; /* pre-if, post-if */

#endif
