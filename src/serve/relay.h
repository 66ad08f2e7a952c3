/* relay.h - a request passed on to another server, with libcurl, which is loaded for the first one.
 */
#ifndef SERVE_RELAY_H
#define SERVE_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct relay {
	struct str method, url;
	const struct str *headers; /* "Name: value" */
	size_t nheaders;
	int body; /* a file, read from its start; -1 = none */
	uint64_t length;
	int reply; /* a file that the body of the reply is written to */
	unsigned status;
	struct str type;               /* of the reply; or empty */
	VEC(struct str) reply_headers; /* the others: "Name: value" */
	uint64_t size;
};

bool relay_run(struct arena *a, struct relay *r, struct err *err);

#endif
