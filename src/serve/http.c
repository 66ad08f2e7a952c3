/*
 * http.c - replies, and what handlers ask of a request. The server itself is server.c.
 */
#include "http.h"

#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "actc/jwt.h"
#include "masks.h"

enum { URL_HOURS = 6, LOG_LINE_MAX = 512 };

static void reply_with(struct request *r, unsigned status, struct MHD_Response *response)
{
	const struct mhd *m = &r->server->mhd;

	if (r->replied) {
		m->MHD_destroy_response(response);
		return;
	}
	BUG_ON(!response);
	r->replied = true;
	r->status = status;
	r->response = response;
}

void reply_header(struct request *r, const char *name, struct str value)
{
	if (r->response) {
		(void)r->server->mhd.MHD_add_response_header(r->response, name,
							     arena_cstr(&r->arena, value));
	}
}

void reply_text(struct request *r, unsigned status, const char *type, struct str text)
{
	const struct mhd *m = &r->server->mhd;

	/* The copy that libmicrohttpd makes is freed by it. */
	reply_with(r, status,
		   m->MHD_create_response_from_buffer(text.len, (void *)(uintptr_t)text.p,
						      MHD_RESPMEM_MUST_COPY));
	reply_header(r, "Content-Type", str_of(type));
}

void reply_empty(struct request *r, unsigned status)
{
	const struct mhd *m = &r->server->mhd;
	char nothing[] = "";

	reply_with(r, status,
		   m->MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_MUST_COPY));
}

void reply_json(struct request *r, unsigned status, struct value v)
{
	struct strbuf b = STRBUF_INIT(0);

	value_to_json_line(&b, v);
	reply_text(r, status, "application/json; charset=utf-8", strbuf_str(&b));
	strbuf_release(&b);
}

static const struct {
	const char *code;
	unsigned status;
} twirp_codes[] = {
	{ "invalid_argument", 400 },  { "malformed", 400 },          { "unauthenticated", 401 },
	{ "permission_denied", 403 }, { "not_found", 404 },          { "bad_route", 404 },
	{ "already_exists", 409 },    { "resource_exhausted", 429 }, { "internal", 500 },
};

void reply_twirp_error(struct request *r, const char *code, const char *fmt, ...)
{
	struct vobject *o = vobject_new(&r->arena, true);
	unsigned status = 500;
	va_list ap;

	for (size_t i = 0; i < sizeof(twirp_codes) / sizeof(twirp_codes[0]); i++) {
		if (strcmp(twirp_codes[i].code, code) == 0) {
			status = twirp_codes[i].status;
		}
	}
	va_start(ap, fmt);
	vobject_set(&r->arena, o, STR("code"), value_str(str_of(code)));
	vobject_set(&r->arena, o, STR("msg"), value_str(arena_vprintf(&r->arena, fmt, ap)));
	va_end(ap);
	reply_json(r, status, value_object(o));
}

void reply_message(struct request *r, unsigned status, const char *fmt, ...)
{
	struct vobject *o = vobject_new(&r->arena, true);
	va_list ap;

	va_start(ap, fmt);
	vobject_set(&r->arena, o, STR("message"), value_str(arena_vprintf(&r->arena, fmt, ap)));
	va_end(ap);
	reply_json(r, status, value_object(o));
}

/* --- files ------------------------------------------------------------------------------------ */

/* "bytes=FROM-[TO]" and "bytes=-LAST"; *bad when no byte of the file is in it. Azure's clients say
 * it in a header of their own. */
static bool read_range(const struct request *r, uint64_t size, uint64_t *from, uint64_t *to,
		       bool *bad)
{
	struct str text = request_header(r, "x-ms-range");
	unsigned long first = 0, last = 0;

	text = text.len ? text : request_header(r, "Range");
	if (!str_starts(text, STR("bytes=")) || str_chr(text, ',', 0) != STR_NPOS) {
		return false;
	}

	struct str end = str_slice(text, 6, text.len), begin = str_cut(&end, '-');

	if (!end.p || (begin.len && !str_to_ulong(begin, &first)) ||
	    (end.len && !str_to_ulong(end, &last)) || (!begin.len && !end.len)) {
		return false;
	}
	*from = begin.len ? first : last < size ? size - last : 0;
	*to = begin.len && end.len && last < size ? last : size - (size ? 1 : 0);
	*bad = *from >= size || *from > *to;
	return true;
}

void reply_file(struct request *r, int fd, uint64_t size, const char *type)
{
	const struct mhd *m = &r->server->mhd;
	uint64_t from = 0, to = size ? size - 1 : 0;
	bool bad = false, part = read_range(r, size, &from, &to, &bad);

	if (bad) {
		(void)close(fd);
		reply_empty(r, 416);
		reply_header(r, "Content-Range",
			     arena_printf(&r->arena, "bytes */%llu", (unsigned long long)size));
		return;
	}
	reply_with(r, part ? 206 : 200,
		   m->MHD_create_response_from_fd_at_offset64((size_t)(size ? to - from + 1 : 0),
							      fd, from));
	reply_header(r, "Content-Type", str_of(type));
	reply_header(r, "Accept-Ranges", STR("bytes"));
	if (part) {
		reply_header(r, "Content-Range",
			     arena_printf(&r->arena, "bytes %llu-%llu/%llu",
					  (unsigned long long)from, (unsigned long long)to,
					  (unsigned long long)size));
	}
}

/* Those that are of the connection, or said already. */
static bool is_relayed(struct str name)
{
	static const struct str own[] = {
		STR_INIT("accept-ranges"),  STR_INIT("connection"),
		STR_INIT("content-length"), STR_INIT("content-range"),
		STR_INIT("date"),           STR_INIT("keep-alive"),
		STR_INIT("trailer"),        STR_INIT("transfer-encoding"),
		STR_INIT("upgrade"),
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (str_ieq(own[i], name)) {
			return false;
		}
	}
	return true;
}

void reply_relayed(struct request *r, const struct relay *relay, const char *type)
{
	reply_file(r, relay->reply, relay->size, relay->type.len ? relay->type.p : type);
	r->status = relay->status == 200 ? r->status : relay->status;
	for (size_t i = 0; i < relay->reply_headers.n; i++) {
		struct str value = relay->reply_headers.v[i], name = str_cut(&value, ':');

		if (is_relayed(name)) {
			reply_header(r, arena_cstr(&r->arena, name), str_trim(value));
		}
	}
}

/* --- requests --------------------------------------------------------------------------------- */

static struct str lookup(const struct request *r, enum MHD_ValueKind kind, const char *name)
{
	const char *value = r->server->mhd.MHD_lookup_connection_value(r->connection, kind, name);

	return str_of(value);
}

struct str request_header(const struct request *r, const char *name)
{
	return lookup(r, MHD_HEADER_KIND, name);
}

struct str request_query(const struct request *r, const char *name)
{
	return lookup(r, MHD_GET_ARGUMENT_KIND, name);
}

bool request_json(struct request *r, struct value *out)
{
	struct str text = strbuf_str(&r->body), why = STR_EMPTY;
	size_t at = 0;

	if (r->body.overflow || !value_from_json(&r->arena, text, out, &why, &at) ||
	    out->kind != VALUE_OBJECT) {
		reply_twirp_error(r, "malformed", "the request's body is no JSON object");
		return false;
	}
	return true;
}

struct str request_origin(struct request *r)
{
	struct str host = request_header(r, "Host");

	return arena_printf(&r->arena, "http://%.*s", STR_ARG(host.len ? host : STR("127.0.0.1")));
}

static enum MHD_Result on_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct strbuf *b = ctx;

	(void)kind;
	for (const char *p = name; p; p = p == name && value ? value : NULL) {
		(void)strbuf_addc(b, p == name ? (b->len ? '&' : '?') : '=');
		for (const char *c = p; *c; c++) {
			bool plain = strchr("-._~/:@!$'()*,;", *c) || (*c >= '0' && *c <= '9') ||
				     (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

			(void)strbuf_addf(b, plain ? "%c" : "%%%02X", (unsigned char)*c);
		}
	}
	return MHD_YES;
}

struct str request_target(struct request *r, struct str path)
{
	struct strbuf b = STRBUF_INIT(0);

	(void)r->server->mhd.MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND,
						       on_argument, &b);

	struct str s = arena_printf(&r->arena, "%.*s%.*s", STR_ARG(path), STR_ARG(strbuf_str(&b)));

	strbuf_release(&b);
	return s;
}

int64_t time_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct str time_text(struct arena *a, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		return STR_EMPTY;
	}
	return arena_printf(a, "%s.%03dZ", text, (int)(ms % 1000));
}

struct str url_signed(struct request *r, struct str path, const char *extra)
{
	struct str se =
		arena_printf(&r->arena, "%lld", (long long)time_ms() / 1000 + URL_HOURS * 3600LL);
	struct str text = arena_printf(&r->arena, "%.*s\n%.*s", STR_ARG(path), STR_ARG(se));

	return arena_printf(&r->arena, "%.*s%.*s?se=%.*s&sig=%.*s%s", STR_ARG(request_origin(r)),
			    STR_ARG(path), STR_ARG(se),
			    STR_ARG(hmac_sha256_hex(&r->arena, r->server->spec->key, text)), extra);
}

void server_log(struct server *s, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT(0), line = STRBUF_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	masks_apply(s->masks, strbuf_str(&text), &line);
	if (line.len > LOG_LINE_MAX) {
		line.len = LOG_LINE_MAX;
	}
	strbuf_addc(&line, '\n');
	if (s->log_fd >= 0) {
		(void)!write(s->log_fd, line.p, line.len);
	}
	strbuf_release(&text);
	strbuf_release(&line);
}
