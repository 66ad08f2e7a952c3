/* action_http.h - what the store asks a server by HTTP: tarballs, and facts of the REST API. */
#ifndef STORE_ACTION_HTTP_H
#define STORE_ACTION_HTTP_H

#include "actc/strbuf.h"
#include "action_private.h"

/* The commit's tree in dest, which is made, from the server's tarball. */
bool action_http_fetch(struct arena *a, const struct action_store *s, struct str server,
		       const struct action_ref *ref, struct str commit, struct str dest,
		       struct err *err);
/* The answer of {api}/PATH. */
bool action_http_api(struct arena *a, const struct action_store *s, struct str server,
		     struct str path, struct strbuf *out, struct err *err);

#endif
