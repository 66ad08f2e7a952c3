/*
 * server.c - the process of the services: connections, routing, who may ask.
 *
 * All handlers run in one thread, so what waits for the outside has one of its own (rest.c). What a
 * route does is its own file's business.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/jwt.h"
#include "actc/process.h"
#include "artifact_store.h"
#include "cache_store.h"
#include "http.h"
#include "masks.h"
#include "oidc.h"
#include "upload.h"

enum {
	CONNECTION_MEMORY = 128 * 1024, /* a body comes in pieces of up to that */
	CONNECTION_SECONDS = 600,       /* a client that says nothing for so long is gone */
};

/* --- routing ---------------------------------------------------------------------------------- */

static const struct {
	const struct route *routes;
	const size_t *n;
} tables[] = {
	{ twirp_routes, &ntwirp_routes },       { blob_routes, &nblob_routes },
	{ cache_v1_routes, &ncache_v1_routes }, { oidc_routes, &noidc_routes },
	{ rest_routes, &nrest_routes },
};

static bool route_fits(const struct route *route, struct request *r)
{
	struct str path = str_of(route->path);
	bool head = str_eq(r->method, STR("HEAD")) && strcmp(route->method, "GET") == 0;

	if (!head && strcmp(route->method, "*") != 0 && !str_eq(str_of(route->method), r->method)) {
		return false;
	}
	if (!str_ends(path, STR("/"))) {
		return str_eq(path, r->path);
	}
	r->rest = str_slice(r->path, path.len, r->path.len);
	return str_starts(r->path, path);
}

static const struct route *find_route(struct request *r)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (size_t i = 0; i < *tables[t].n; i++) {
			if (route_fits(&tables[t].routes[i], r)) {
				return &tables[t].routes[i];
			}
		}
	}
	return NULL;
}

static bool has_token(struct request *r)
{
	struct str header = request_header(r, "Authorization");
	size_t blank = str_chr(header, ' ', 0);
	struct str kind = str_slice(header, 0, blank);

	return blank != STR_NPOS && (str_ieq(kind, STR("Bearer")) || str_ieq(kind, STR("token"))) &&
	       jwt_read(&r->arena, r->server->spec->key,
			str_trim(str_slice(header, blank, header.len)), &r->claims);
}

static bool has_signature(struct request *r)
{
	struct str se = request_query(r, "se");
	struct str text = arena_printf(&r->arena, "%.*s\n%.*s", STR_ARG(r->path), STR_ARG(se));
	unsigned long until = 0;

	return str_to_ulong(se, &until) && (int64_t)until * 1000 > time_ms() &&
	       secret_eq(request_query(r, "sig"),
			 hmac_sha256_hex(&r->arena, r->server->spec->key, text));
}

static bool is_allowed(struct request *r)
{
	switch (r->route->auth) {
	case AUTH_NONE:
		return true;
	case AUTH_TOKEN:
		return has_token(r);
	case AUTH_SIGNED:
		return has_signature(r);
	}
	return false;
}

static void begin(struct request *r)
{
	unsigned long length = 0;

	r->length =
		str_to_ulong(request_header(r, "Content-Length"), &length) ? length : UINT64_MAX;
	r->route = r->route ? r->route : find_route(r);
	if (!r->route) {
		reply_twirp_error(r, "bad_route",
				  "act-c's services have no %.*s %.*s: it is not part of what a "
				  "rehearsal has",
				  STR_ARG(r->method), STR_ARG(r->path));
		/* A client that does not read this would keep its process until the connection
		 * ends. */
		reply_header(r, "Connection", STR("close"));
	} else if (!is_allowed(r)) {
		server_log(r->server, "401 %.*s %.*s", STR_ARG(r->method), STR_ARG(r->path));
		reply_twirp_error(
			r, "unauthenticated",
			"act-c: the token or the signature of the URL is not of this run");
	} else if (r->route->begin) {
		r->route->begin(r);
		r->begun = !r->replied;
	}
}

/* --- what libmicrohttpd calls ----------------------------------------------------------------- */

/* Where connections come in. */
struct door {
	struct server *server;
	const struct route *only; /* for whatever is asked; NULL = the tables decide */
	bool tls;
	struct MHD_Daemon *daemon;
};

static struct request *request_new(struct door *d, struct MHD_Connection *c, const char *url,
				   const char *method)
{
	struct request *r = calloc(1, sizeof(*r));

	BUG_ON(!r);
	r->server = d->server;
	r->route = d->only;
	r->tls = d->tls;
	r->connection = c;
	strbuf_init(&r->body, BODY_MAX);
	r->method = arena_str(&r->arena, str_of(method));
	r->path = arena_str(&r->arena, str_of(url));
	r->rest = STR_EMPTY;
	r->claims = value_null();
	return r;
}

static void take_piece(struct request *r, struct str bytes)
{
	if (r->replied) {
		return;
	}
	if (r->route->piece) {
		r->route->piece(r, bytes);
	} else {
		(void)strbuf_adds(&r->body, bytes);
	}
}

static enum MHD_Result answer(struct request *r)
{
	const struct mhd *m = &r->server->mhd;

	if (!r->replied) {
		r->begun = false;
		r->route->handle(r);
	}
	if (r->waiting) {
		return MHD_YES;
	}
	if (!r->replied) {
		reply_twirp_error(r, "internal", "act-c: no reply");
	}

	enum MHD_Result result = m->MHD_queue_response(r->connection, r->status, r->response);

	m->MHD_destroy_response(r->response);
	r->response = NULL;
	return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct request *r = *state;

	(void)version;
	if (!r) {
		r = *state = request_new(ctx, c, url, method);
		begin(r);
		return MHD_YES;
	}
	if (*size > 0) {
		take_piece(r, str_mk(data, *size));
		*size = 0;
		return MHD_YES;
	}
	return answer(r);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;

	(void)ctx;
	(void)c;
	(void)code;
	if (!r) {
		return;
	}
	if (r->begun && r->route->aborted) {
		r->route->aborted(r);
	}
	if (r->response) {
		r->server->mhd.MHD_destroy_response(r->response);
	}
	strbuf_release(&r->body);
	arena_release(&r->arena);
	free(r);
	*state = NULL;
}

/* --- the process ------------------------------------------------------------------------------ */

static void wait_for_end(int control)
{
	struct pollfd p = { .fd = control, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR) {
	}
}

/* One thread of libmicrohttpd's own, with poll: its epoll, which is edge-triggered, may overlook
 * the end of a connection that comes right behind data. */
static bool open_door(struct door *d, int listen_fd)
{
	struct server *s = d->server;
	const struct stand_in_identity *id = &s->spec->identity;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)id->key.p },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)id->certificate.p },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 (d->tls ? (unsigned)MHD_USE_TLS : 0U);

	d->daemon = s->mhd.MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, d, MHD_OPTION_ARRAY, d->tls ? tls : tls + 2,
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS, MHD_OPTION_END);
	return d->daemon != NULL;
}

/* A daemon with suspended connections cannot be stopped. */
static bool nobody_waits(struct server *s)
{
	enum { STEP_US = 20000, STEPS = 50 };

	for (int i = 0; i < STEPS && atomic_load(&s->waiting) > 0; i++) {
		(void)usleep(STEP_US);
	}
	return atomic_load(&s->waiting) == 0;
}

static bool open_stores(struct server *s, struct err *err)
{
	s->artifacts = artifact_store_open(&s->arena, s->spec, err);
	s->cache = s->artifacts ? cache_store_open(&s->arena, s->spec, err) : NULL;
	s->uploads = s->cache ? uploads_open(s, err) : NULL;
	s->oidc = s->uploads ? oidc_open(&s->arena, s->spec) : NULL;
	return s->oidc != NULL;
}

int serve_main(const struct serve_spec *spec, const struct serve_fds *fds)
{
	struct server s = { .spec = spec, .arena = ARENA_INIT, .log_fd = fds->log };
	struct door doors[] = {
		{ .server = &s },
		{ .server = &s, .only = &stand_in_route },
		{ .server = &s, .only = &stand_in_route, .tls = true },
	};
	const int sockets[] = { fds->services, fds->plain, fds->tls };
	struct err err = ERR_INIT;
	bool ok;

	(void)signal(SIGPIPE, SIG_IGN);
	s.masks = masks_new(spec->masker, fds->masks);
	ok = mhd_load(&s.mhd, &err) && open_stores(&s, &err);
	for (size_t i = 0; ok && i < sizeof(doors) / sizeof(doors[0]); i++) {
		ok = sockets[i] < 0 || open_door(&doors[i], sockets[i]);
	}
	if (!ok) {
		server_log(&s, "error: the services for actions do not start: %s",
			   err.msg ? err.msg : "no server");
		err_release(&err);
		return 1;
	}
	wait_for_end(fds->control);
	if (!nobody_waits(&s)) {
		return 0; /* everything goes with the process */
	}
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (doors[i].daemon) {
			s.mhd.MHD_stop_daemon(doors[i].daemon);
		}
	}
	stand_ins_mask_again(&s);
	uploads_close(s.uploads);
	cache_store_close(s.cache);
	oidc_close(s.oidc);
	masks_free(s.masks);
	arena_release(&s.arena);
	return 0;
}
