/* docker_http.h - requests to a docker daemon as they come through the socket of a job. */
#ifndef ACTC_ENGINE_DOCKER_HTTP_H
#define ACTC_ENGINE_DOCKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/strbuf.h"

enum { HTTP_CHUNKED = -1, HTTP_HEAD_MAX = 64 * 1024 };

struct http_pair {
	struct str name, value;
};

struct http_request {
	struct str method;
	struct str version; /* of the API: "/v1.41", or empty */
	struct str path;    /* decoded, without that */
	size_t nquery, nheaders;
	struct http_pair *query; /* decoded */
	struct http_pair *headers;
	long long length; /* of the body in bytes, 0 = none, or HTTP_CHUNKED */
	bool upgrade;     /* the connection is to become something else */
	bool expects;     /* the client waits for "100 Continue" */
};

/* Reads a head, without the empty line at its end. False with *why when it is not plain: what two
 * readers could understand in two ways is not passed on. */
bool http_parse(struct arena *a, struct str head, struct http_request *out, const char **why);
/* The value, or NULL. Headers ignore case. */
const struct str *http_query(const struct http_request *r, struct str name);
const struct str *http_header(const struct http_request *r, struct str name);
/* Replaces a value of the query, or adds it. */
void http_set_query(struct arena *a, struct http_request *r, struct str name, struct str value);

/* The head as the daemon gets it, empty line included: one request on its connection, unless that
 * is to be upgraded. */
void http_write(struct strbuf *out, const struct http_request *r);

/* The status of an answer's head, 0 when it is none; *value of a header in it, or empty. */
int http_status(struct str head);
struct str http_answer_header(struct str head, struct str name);
/* A chunked body as it is; false when it is not whole. */
bool http_dechunk(struct str chunked, struct strbuf *out);

#endif
