/* remote_url.h - who a remote's URL says a repository is. */
#ifndef STORE_REMOTE_URL_H
#define STORE_REMOTE_URL_H

#include <stdbool.h>

#include "actc/arena.h"
#include "actc/str.h"

struct remote_url {
	struct str url;    /* without credentials */
	struct str host;   /* empty: a path on this machine */
	struct str server; /* "https://github.com"; empty with the host */
	struct str owner, name;
};

/* Knows https://, http://, ssh://, git://, host:path and user@host:path; everything else is a
 * path on this machine, whose owner is "local". */
struct remote_url remote_url_parse(struct arena *a, struct str url);

#endif
