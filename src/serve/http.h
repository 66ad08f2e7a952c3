/*
 * http.h - requests and replies: what a handler sees of the server.
 *
 * A route names its handler. Small bodies are collected before the handler is called; a route with
 * a `sink` takes its body piece by piece, so that nothing large is ever in memory.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <stdatomic.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/serve.h"
#include "actc/str.h"
#include "actc/strbuf.h"
#include "actc/value.h"
#include "mhd.h"

enum { BODY_MAX = 1024 * 1024 };

struct server;
struct route;

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	const struct route *route;
	struct arena arena; /* as long as the request */
	struct str method;
	struct str path;     /* decoded, without the query */
	struct str rest;     /* of the path, behind the route's own */
	struct value claims; /* of the token */
	uint64_t length;     /* Content-Length; UINT64_MAX = not given */
	struct strbuf body;
	void *sink; /* the route's own, from begin() on */
	bool begun; /* begin() was called and said yes */
	bool tls;
	bool waiting; /* suspended: another thread works for it, then handle() comes again */
	bool replied; /* a reply is there; what is left of the body is dropped */
	unsigned status;
	struct MHD_Response *response;
};

enum route_auth {
	AUTH_NONE,
	AUTH_TOKEN,  /* Authorization: Bearer, a token of a job of this run */
	AUTH_SIGNED, /* the URL bears its own signature */
};

struct route {
	const char *method;
	const char *path; /* a prefix when it ends in '/', else the whole path */
	enum route_auth auth;
	void (*handle)(struct request *r);
	/* For bodies that go to disk; handle() then comes after the last piece. begin() replies
	 * when there is something to refuse. aborted(): the connection broke, handle() will not
	 * come. */
	void (*begin)(struct request *r);
	void (*piece)(struct request *r, struct str bytes);
	void (*aborted)(struct request *r);
};

/* Replies once: a second call is ignored. */
void reply_json(struct request *r, unsigned status, struct value v);
void reply_empty(struct request *r, unsigned status);
void reply_text(struct request *r, unsigned status, const char *type, struct str text);
/* {"code": …, "msg": …} with the status that twirp has for the code. */
__attribute__((format(printf, 3, 4))) void reply_twirp_error(struct request *r, const char *code,
							     const char *fmt, ...);
/* {"message": …}, as the REST API does. */
__attribute__((format(printf, 3, 4))) void reply_message(struct request *r, unsigned status,
							 const char *fmt, ...);
/* The file, or the part that a Range header asks for; fd is taken over. */
void reply_file(struct request *r, int fd, uint64_t size, const char *type);
void reply_header(struct request *r, const char *name, struct str value);
struct relay;
/* What another server said, from the file that it is in, with its headers. */
void reply_relayed(struct request *r, const struct relay *relay, const char *type);

/* "" when it is not there. */
struct str request_header(const struct request *r, const char *name);
struct str request_query(const struct request *r, const char *name);
/* The body as a JSON object; false when it is none (and the reply says so). */
bool request_json(struct request *r, struct value *out);
/* The path with the query, as it was sent. */
struct str request_target(struct request *r, struct str path);
/* http://HOST as the client has it, to which it can come back. */
struct str request_origin(struct request *r);

/* "2026-11-28T10:15:30Z" */
struct str time_text(struct arena *a, int64_t ms);
int64_t time_ms(void);

/* A path that may be used without a token for some hours, with its signature. */
struct str url_signed(struct request *r, struct str path, const char *extra);

/* The state that handlers share. */
struct server {
	const struct serve_spec *spec;
	struct mhd mhd;
	struct arena arena;
	struct artifact_store *artifacts;
	struct cache_store *cache;
	struct uploads *uploads;
	struct oidc *oidc;
	struct masks *masks;
	int log_fd;
	atomic_uint waiting; /* requests that are */
};

/* A line of the log, masked. */
void server_log(struct server *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All requests to stand-ins. */
extern const struct route stand_in_route;
/* At the end: what was kept is masked with what jobs added since, too. */
void stand_ins_mask_again(struct server *s);

/* One table for each part, in the order in which they are asked. */
extern const struct route twirp_routes[], blob_routes[], cache_v1_routes[], oidc_routes[],
	rest_routes[];
extern const size_t ntwirp_routes, nblob_routes, ncache_v1_routes, noidc_routes, nrest_routes;

#endif
