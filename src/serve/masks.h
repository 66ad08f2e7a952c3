/*
 * masks.h - the masker of the services' process, for all its threads (private to src/serve).
 */
#ifndef SERVE_MASKS_H
#define SERVE_MASKS_H

#include "actc/str.h"
#include "actc/strbuf.h"

struct masker;
struct masks;

/* `fd` is what serve_masks_add() writes into; -1 = nothing is added. */
struct masks *masks_new(struct masker *masker, int fd);
void masks_free(struct masks *m);
/* Appends the text, masked with all that is known by now. */
void masks_apply(struct masks *m, struct str text, struct strbuf *out);

#endif
