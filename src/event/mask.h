/*
 * mask.h - the parts of masking that events and tests need beside event.h (private to src/event).
 */
#ifndef ACTC_EVENT_MASK_H
#define ACTC_EVENT_MASK_H

#include "actc/event.h"

/* s masked; borrowed from s, or from the masker until its next use. Escape sequences inside a
 * secret do not hide it. */
struct str masker_text(struct masker *m, struct str s);
/* The same for each line of a text of whole lines. */
struct str masker_lines(struct masker *m, struct str text);

#endif
