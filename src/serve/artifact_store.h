/* artifact_store.h - the artifacts of this run while it lives: those that are there, and those that
 * are being uploaded. Names are unique in a workflow's run; they are never used as file names. */
#ifndef SERVE_ARTIFACT_STORE_H
#define SERVE_ARTIFACT_STORE_H

#include "actc/artifacts.h"
#include "actc/serve.h"
#include "upload.h"

struct artifact_store;

struct artifact_store *artifact_store_open(struct arena *a, const struct serve_spec *spec,
					   struct err *err);

/* What a client announced and has not finalized. */
struct pending {
	struct pending *next;
	struct artifact facts; /* of which id, size and digest are not known */
	struct upload *upload;
	struct arena arena;
};

/* NULL when there is one of that name, or *err. A pending one whose client is gone is replaced. */
struct pending *artifact_begin(struct artifact_store *s, struct uploads *uploads,
			       const struct artifact *facts, struct err *err);
/* `run` is the backend id of one. */
struct pending *artifact_pending(struct artifact_store *s, struct str run, struct str name);
/* Keeps it; the pending one is gone then, unless what came is not what was announced
 * (ERR_INVALID). */
bool artifact_keep(struct artifact_store *s, struct pending *p, uint64_t size, struct str digest,
		   uint64_t *id, struct err *err);
/* Those that are there, oldest first; good until the next change. */
const struct artifact *artifact_all(struct artifact_store *s, size_t *n);
const struct artifact *artifact_named(struct artifact_store *s, struct str run, struct str name);
bool artifact_delete(struct artifact_store *s, struct str run, struct str name, uint64_t *id);

#endif
