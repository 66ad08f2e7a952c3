/* relay.c - see relay.h. Bodies go from file to file. */
#include "relay.h"

#include <curl/curl.h>
#include <stdio.h>
#include <unistd.h>

#include "actc/dynload.h"
#include "actc/file.h"

#ifndef ACTC_LIBCURL_SO
#define ACTC_LIBCURL_SO "libcurl.so"
#endif

enum { CONNECT_S = 30, SLOW_S = 120, HEADERS_MAX = 100 };

#define CURL_FUNCTIONS(X)     \
	X(curl_easy_cleanup)  \
	X(curl_easy_getinfo)  \
	X(curl_easy_init)     \
	X(curl_easy_perform)  \
	X(curl_easy_setopt)   \
	X(curl_easy_strerror) \
	X(curl_slist_append)  \
	X(curl_slist_free_all)

struct libcurl {
	CURL_FUNCTIONS(DYNLOAD_MEMBER)
};

#define SYMBOL(function) DYNLOAD_SYMBOL(libcurl, function)
static const struct dynload_symbol symbols[] = { CURL_FUNCTIONS(SYMBOL) };

/* Type checks of the real macros need the real functions. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

struct going {
	struct arena *a;
	struct relay *r;
	uint64_t at; /* of the body */
};

static size_t on_read(char *p, size_t size, size_t n, void *ctx)
{
	struct going *g = ctx;
	ssize_t got = pread(g->r->body, p, size * n, (off_t)g->at);

	if (got < 0) {
		return CURL_READFUNC_ABORT;
	}
	g->at += (uint64_t)got;
	return (size_t)got;
}

static size_t on_write(char *p, size_t size, size_t n, void *ctx)
{
	struct going *g = ctx;

	if (!write_all(g->r->reply, p, size * n)) {
		return 0;
	}
	g->r->size += size * n;
	return size * n;
}

/* Of the last reply only: a proxy's, or "100 Continue", comes before it. */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct going *g = ctx;
	struct str line = str_trim(str_mk(p, size * n)), value = line, name = str_cut(&value, ':');

	if (str_ieq(str_slice(line, 0, 5), STR("HTTP/"))) {
		g->r->type = STR_EMPTY;
		g->r->reply_headers.n = 0;
	} else if (value.p && str_ieq(name, STR("content-type"))) {
		g->r->type = arena_str(g->a, str_trim(value));
	} else if (value.p && g->r->reply_headers.n < HEADERS_MAX) {
		vec_push(g->a, &g->r->reply_headers, arena_str(g->a, line));
	}
	return size * n;
}

static struct curl_slist *headers_of(const struct libcurl *c, struct arena *a,
				     const struct relay *r)
{
	struct curl_slist *list = c->curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; i < r->nheaders; i++) {
		list = c->curl_slist_append(list, arena_cstr(a, r->headers[i]));
	}
	return list;
}

static void set_up(const struct libcurl *c, CURL *handle, struct going *g)
{
	struct relay *r = g->r;

	(void)c->curl_easy_setopt(handle, CURLOPT_URL, arena_cstr(g->a, r->url));
	(void)c->curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	(void)c->curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)c->curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)c->curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)c->curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	(void)c->curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_write);
	(void)c->curl_easy_setopt(handle, CURLOPT_WRITEDATA, g);
	(void)c->curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
	(void)c->curl_easy_setopt(handle, CURLOPT_HEADERDATA, g);
	if (r->body >= 0) {
		(void)c->curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
		(void)c->curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
		(void)c->curl_easy_setopt(handle, CURLOPT_READDATA, g);
		(void)c->curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length);
	}
	if (str_eq(r->method, STR("HEAD"))) {
		(void)c->curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
	} else {
		(void)c->curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST,
					  arena_cstr(g->a, r->method));
	}
}

bool relay_run(struct arena *a, struct relay *r, struct err *err)
{
	struct libcurl c;
	struct going g = { .a = a, .r = r };
	struct curl_slist *list;
	CURLcode code;
	CURL *handle;
	long status = 0;

	if (!dynload(ACTC_LIBCURL_SO, symbols, sizeof(symbols) / sizeof(*symbols), &c, err)) {
		return false;
	}
	r->type = STR_EMPTY;
	handle = c.curl_easy_init();
	BUG_ON(!handle);
	list = headers_of(&c, a, r);
	set_up(&c, handle, &g);
	(void)c.curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
	code = c.curl_easy_perform(handle);
	if (code == CURLE_OK) {
		(void)c.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
		r->status = (unsigned)status;
	} else {
		(void)err_set(err, ERR_SYSTEM, "%.*s: %s", STR_ARG(r->url),
			      c.curl_easy_strerror(code));
	}
	c.curl_slist_free_all(list);
	c.curl_easy_cleanup(handle);
	return code == CURLE_OK;
}
