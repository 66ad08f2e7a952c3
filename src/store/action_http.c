/*
 * action_http.c - downloads by libcurl, loaded when there is one: proxies and certificates are the
 * environment's. The token goes to the server it is for and to no one that it redirects to.
 */
#define CURL_DISABLE_TYPECHECK
#include "action_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "actc/dynload.h"
#include "actc/file.h"

#ifndef ACTC_LIBCURL_SO
#define ACTC_LIBCURL_SO "libcurl.so"
#endif

enum {
	TRIES = 3,
	PAUSE_MS = 500, /* before the second try; doubled before the third */
	CONNECT_S = 30,
	SILENCE_S = 30,
	REDIRECTS = 10,
};

static const long long bytes_max = 2LL << 30;

#define FUNCTIONS(X)          \
	X(curl_easy_cleanup)  \
	X(curl_easy_getinfo)  \
	X(curl_easy_init)     \
	X(curl_easy_perform)  \
	X(curl_easy_setopt)   \
	X(curl_easy_strerror) \
	X(curl_global_init)   \
	X(curl_slist_append)  \
	X(curl_slist_free_all)

struct libcurl {
	FUNCTIONS(DYNLOAD_MEMBER)
};

#define SYMBOL(function) DYNLOAD_SYMBOL(libcurl, function)

static const struct dynload_symbol symbols[] = { FUNCTIONS(SYMBOL) };

/* Where the body goes: a file, or a buffer with a limit of its own. */
struct sink {
	int fd; /* -1: the buffer */
	struct strbuf *text;
	long long bytes;
};

struct request {
	struct libcurl lib;
	const char *url;
	const char *token; /* "" = none */
	struct sink sink;
	long status;
};

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	struct sink *sink = ctx;

	(void)size; /* it is 1 */
	sink->bytes += (long long)n;
	if (sink->fd < 0) {
		return strbuf_add(sink->text, p, n) ? n : 0;
	}
	return sink->bytes <= bytes_max && write_all(sink->fd, p, n) ? n : 0;
}

static void set_up(struct request *r, CURL *h, struct curl_slist *headers)
{
	(void)r->lib.curl_easy_setopt(h, CURLOPT_URL, r->url);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)r->lib.curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_USERAGENT, "act-c/" ACTC_VERSION);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	(void)r->lib.curl_easy_setopt(h, CURLOPT_WRITEDATA, &r->sink);
	if (r->token[0]) {
		(void)r->lib.curl_easy_setopt(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)r->lib.curl_easy_setopt(h, CURLOPT_XOAUTH2_BEARER, r->token);
	}
}

/* Begins the body anew for another try. */
static bool rewind_sink(struct sink *sink)
{
	sink->bytes = 0;
	if (sink->fd < 0) {
		strbuf_reset(sink->text);
		return true;
	}
	return lseek(sink->fd, 0, SEEK_SET) == 0 && ftruncate(sink->fd, 0) == 0;
}

static CURLcode perform(struct request *r)
{
	CURL *h = r->lib.curl_easy_init();
	struct curl_slist *headers =
		r->lib.curl_slist_append(NULL, "Accept: application/vnd.github+json");

	BUG_ON(!h || !headers);
	set_up(r, h, headers);

	CURLcode code = rewind_sink(&r->sink) ? r->lib.curl_easy_perform(h) : CURLE_WRITE_ERROR;

	r->status = 0;
	(void)r->lib.curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &r->status);
	r->lib.curl_slist_free_all(headers);
	r->lib.curl_easy_cleanup(h);
	return code;
}

/* What may go better the next time. */
static bool is_passing(const struct request *r, CURLcode code)
{
	return code != CURLE_OK && code != CURLE_WRITE_ERROR &&
	       code != CURLE_COULDNT_RESOLVE_HOST &&
	       (code != CURLE_HTTP_RETURNED_ERROR || r->status >= 500 || r->status == 429);
}

static bool get(struct request *r, struct err *err)
{
	CURLcode code = perform(r);

	/* A token that has expired must not keep what is public away. */
	if (r->token[0] && (r->status == 401 || r->status == 403)) {
		r->token = "";
		code = perform(r);
	}
	for (int i = 1; i < TRIES && is_passing(r, code); i++) {
		(void)poll(NULL, 0, PAUSE_MS << (i - 1));
		code = perform(r);
	}
	if (code == CURLE_OK) {
		return true;
	}
	if (code == CURLE_HTTP_RETURNED_ERROR) {
		return err_set(err, r->status == 404 ? ERR_NOT_FOUND : ERR_SYSTEM, "%s: status %ld",
			       r->url, r->status);
	}
	return err_set(err, ERR_SYSTEM, "%s: %s", r->url, r->lib.curl_easy_strerror(code));
}

static bool load(struct request *r, struct err *err)
{
	return dynload(ACTC_LIBCURL_SO, symbols, sizeof(symbols) / sizeof(*symbols), &r->lib,
		       err) &&
	       (r->lib.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
		err_set(err, ERR_SYSTEM, "libcurl cannot be used"));
}

static struct str api_of(struct arena *a, struct str server)
{
	return str_eq(server, STR("https://github.com"))
		       ? STR("https://api.github.com")
		       : arena_printf(a, "%.*s/api/v3", STR_ARG(server));
}

bool action_http_api(struct arena *a, const struct action_store *s, struct str server,
		     struct str path, struct strbuf *out, struct err *err)
{
	struct request r = { .token = arena_cstr(a, action_token(s, server)),
			     .sink = { .fd = -1, .text = out } };

	r.url = arena_printf(a, "%.*s/%.*s", STR_ARG(api_of(a, server)), STR_ARG(path)).p;
	return load(&r, err) && get(&r, err);
}

bool action_http_fetch(struct arena *a, const struct action_store *s, struct str server,
		       const struct action_ref *ref, struct str commit, struct str dest,
		       struct err *err)
{
	struct str file = arena_printf(a, "%.*s.tar.gz", STR_ARG(dest));
	struct request r = { .token = arena_cstr(a, action_token(s, server)) };
	bool ok;

	/* The API's tarball counts against a limit of requests that is low without a token. */
	r.url = s->token.len
			? arena_printf(a, "%.*s/repos/%.*s/%.*s/tarball/%.*s",
				       STR_ARG(api_of(a, server)), STR_ARG(ref->owner),
				       STR_ARG(ref->repo), STR_ARG(commit))
				  .p
			: arena_printf(a, "%.*s/%.*s/%.*s/archive/%.*s.tar.gz", STR_ARG(server),
				       STR_ARG(ref->owner), STR_ARG(ref->repo), STR_ARG(commit))
				  .p;
	r.sink.fd = open(file.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r.sink.fd < 0) {
		return err_sys(err, errno, "%s", file.p);
	}
	ok = load(&r, err) && get(&r, err) &&
	     (lseek(r.sink.fd, 0, SEEK_SET) == 0 || err_sys(err, errno, "%s", file.p)) &&
	     action_unpack(r.sink.fd, dest, 1, err);
	(void)close(r.sink.fd);
	(void)unlink(file.p);
	return ok;
}
