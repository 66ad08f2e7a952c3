/* twirp.h - fields of requests: GitHub's clients write them in snake_case or camelCase, numbers of
 * 64 bits as strings. */
#ifndef SERVE_TWIRP_H
#define SERVE_TWIRP_H

#include "http.h"

/* Named in snake_case here. Missing: "", false. */
struct value twirp_field(struct request *r, struct value body, const char *name);
struct str twirp_text(struct request *r, struct value body, const char *name);
bool twirp_number(struct request *r, struct value body, const char *name, uint64_t *out);
/* An int64 as JSON has it. */
struct value twirp_int64(struct request *r, uint64_t n);
/* An operational error as a reply; what the client did wrong is not an internal one. */
void twirp_failed(struct request *r, struct err *err);

void twirp_create_artifact(struct request *r);
void twirp_finalize_artifact(struct request *r);
void twirp_list_artifacts(struct request *r);
void twirp_artifact_url(struct request *r);
void twirp_delete_artifact(struct request *r);
void twirp_create_cache(struct request *r);
void twirp_finalize_cache(struct request *r);
void twirp_cache_url(struct request *r);

#endif
