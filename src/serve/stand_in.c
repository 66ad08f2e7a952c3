/*
 * stand_in.c - answering for hosts of the outside, and keeping what was sent to them: RUN/stand-ins
 * has a file for each request, masked.
 *
 * The plain and the encrypted door have a thread each, so what they share is locked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "http.h"
#include "masks.h"
#include "relay.h"

enum { KEPT_MAX = 8 * 1024 * 1024, HEADERS_MAX = 64 };

struct visit {
	const struct stand_in *stand_in;
	int body;
	uint64_t length;
	size_t nheaders;
	struct str headers[HEADERS_MAX]; /* as they came */
};

static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

/* --- what is asked of whom ---------------------------------------------------------------------
 */

/* Without the port. */
static struct str host_of(struct request *r)
{
	struct str host = request_header(r, "Host");

	return str_slice(host, 0, str_chr(host, ':', 0));
}

static const struct stand_in *find(struct request *r)
{
	const struct serve_spec *spec = r->server->spec;
	struct str host = host_of(r);

	for (size_t i = 0; i < spec->nstand_ins; i++) {
		if (str_ieq(spec->stand_ins[i].host, host)) {
			return &spec->stand_ins[i];
		}
	}
	return NULL;
}

static int temporary(struct request *r)
{
	return open(r->server->spec->tmp.p, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct request *r = ctx;
	struct visit *v = r->sink;

	(void)kind;
	if (v->nheaders < HEADERS_MAX) {
		v->headers[v->nheaders++] =
			arena_printf(&r->arena, "%s: %s", name, value ? value : "");
	}
	return MHD_YES;
}

static void begin(struct request *r)
{
	struct visit *v = arena_new(&r->arena, struct visit);

	r->sink = v;
	v->stand_in = find(r);
	v->body = -1;
	if (!v->stand_in) {
		reply_message(r, 421, "act-c: nothing stands in for the host '%.*s'",
			      STR_ARG(host_of(r)));
		return;
	}
	v->body = temporary(r);
	if (v->body < 0) {
		reply_message(r, 500, "act-c: no place for what was sent: %s", strerror(errno));
		return;
	}
	(void)r->server->mhd.MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header,
						       r);
}

static void piece(struct request *r, struct str bytes)
{
	struct visit *v = r->sink;

	if (!write_all(v->body, bytes.p, bytes.len)) {
		reply_message(r, 507, "act-c: no room for what was sent");
	}
	v->length += bytes.len;
}

static void leave(struct request *r)
{
	struct visit *v = r->sink;

	if (v->body >= 0) {
		(void)close(v->body);
		v->body = -1;
	}
}

/* --- answers -----------------------------------------------------------------------------------
 */

static const struct {
	struct str end;
	const char *type;
} types[] = {
	{ STR_INIT(".json"), "application/json" },
	{ STR_INIT(".html"), "text/html; charset=utf-8" },
	{ STR_INIT(".txt"), "text/plain; charset=utf-8" },
	{ STR_INIT(".xml"), "application/xml" },
	{ STR_INIT(".js"), "text/javascript" },
	{ STR_INIT(".css"), "text/css" },
};

static const char *type_of(struct str path)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_ends(path, types[i].end)) {
			return types[i].type;
		}
	}
	return "application/octet-stream";
}

/* The real path of a file, as long as that is below the directory; or NULL. */
static char *file_at(struct str root, const char *name)
{
	char *path = realpath(name, NULL);
	struct stat st;

	if (path && !(str_starts(str_of(path), root) && path[root.len] == '/' &&
		      stat(path, &st) == 0 && S_ISREG(st.st_mode))) {
		free(path);
		path = NULL;
	}
	return path;
}

/* Of an API: what is below a path may be there as well as itself. */
static char *file_of(struct request *r, struct str dir)
{
	static const char *const ends[] = { "", "/index.html", "/index.json", ".json" };
	char *root = realpath(arena_cstr(&r->arena, dir), NULL), *path = NULL;
	struct str asked = r->path;

	while (str_ends(asked, STR("/"))) {
		asked.len--;
	}
	for (size_t i = 0; root && !path && i < sizeof(ends) / sizeof(ends[0]); i++) {
		path = file_at(
			str_of(root),
			arena_printf(&r->arena, "%s%.*s%s", root, STR_ARG(asked), ends[i]).p);
	}
	free(root);
	return path;
}

static void answer_file(struct request *r, struct str dir)
{
	char *path = file_of(r, dir);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		reply_file(r, fd, (uint64_t)st.st_size, type_of(str_of(path)));
	} else {
		if (fd >= 0) {
			(void)close(fd);
		}
		reply_message(r, 404, "act-c: the stand-in has no %.*s", STR_ARG(r->path));
	}
	free(path);
}

/* Headers that are of the connection, not of the request. */
static bool is_passed_on(struct str header)
{
	static const struct str own[] = {
		STR_INIT("host"),
		STR_INIT("connection"),
		STR_INIT("content-length"),
		STR_INIT("keep-alive"),
		STR_INIT("transfer-encoding"),
		STR_INIT("expect"),
		STR_INIT("accept-encoding"),
		STR_INIT("range"),
	};
	struct str name = str_cut(&header, ':');

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (str_ieq(name, own[i])) {
			return false;
		}
	}
	return true;
}

static void answer_from(struct request *r, struct visit *v)
{
	struct str base = v->stand_in->target, headers[HEADERS_MAX];
	struct relay relay = { .method = r->method, .headers = headers, .body = -1 };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < v->nheaders; i++) {
		if (is_passed_on(v->headers[i])) {
			headers[relay.nheaders++] = v->headers[i];
		}
	}
	base.len -= str_ends(base, STR("/")) ? 1 : 0;
	relay.url = arena_printf(&r->arena, "%.*s%.*s", STR_ARG(base),
				 STR_ARG(request_target(r, r->path)));
	relay.body = v->length ? v->body : -1;
	relay.length = v->length;
	relay.reply = temporary(r);
	if (relay.reply < 0 || !relay_run(&r->arena, &relay, &err)) {
		reply_message(r, 502, "act-c: the stand-in does not answer: %s",
			      err.msg ? err.msg : strerror(errno));
		err_release(&err);
		if (relay.reply >= 0) {
			(void)close(relay.reply);
		}
		return;
	}
	reply_relayed(r, &relay, "application/octet-stream");
}

static void answer(struct request *r, struct visit *v)
{
	switch (v->stand_in->kind) {
	case STAND_IN_STATUS:
		if (v->stand_in->status == 204 || v->stand_in->status == 304) {
			reply_empty(r, v->stand_in->status);
		} else {
			reply_text(r, v->stand_in->status, "application/json", STR("{}\n"));
		}
		break;
	case STAND_IN_DIR:
		answer_file(r, v->stand_in->target);
		break;
	case STAND_IN_URL:
		answer_from(r, v);
		break;
	}
}

/* --- what is kept ------------------------------------------------------------------------------
 */

static void write_head(struct request *r, const struct visit *v, struct strbuf *out)
{
	(void)strbuf_addf(out, "%.*s %s://%.*s%.*s\n", STR_ARG(r->method),
			  r->tls ? "https" : "http", STR_ARG(v->stand_in->host),
			  STR_ARG(request_target(r, r->path)));
	for (size_t i = 0; i < v->nheaders; i++) {
		(void)strbuf_addf(out, "%.*s\n", STR_ARG(v->headers[i]));
	}
	(void)strbuf_addc(out, '\n');
}

static void write_body(const struct visit *v, struct strbuf *out)
{
	size_t want = v->length < KEPT_MAX ? (size_t)v->length : KEPT_MAX;
	ssize_t n;

	BUG_ON(!strbuf_grow(out, want + 1));
	while (want > 0 && (n = pread(v->body, out->p + out->len, want,
				      (off_t)(v->length < KEPT_MAX ? v->length - want
								   : KEPT_MAX - want))) > 0) {
		out->len += (size_t)n;
		want -= (size_t)n;
	}
	out->p[out->len] = '\0';
	if (v->length > KEPT_MAX) {
		(void)strbuf_addf(out, "\n[act-c: %llu more bytes were sent]\n",
				  (unsigned long long)(v->length - KEPT_MAX));
	}
}

/* Names begin with a number, so that they sort as the requests came. */
static void keep(struct request *r, const struct visit *v)
{
	static unsigned serial;
	struct str dir =
		arena_printf(&r->arena, "%.*s/stand-ins", STR_ARG(r->server->spec->run_dir));
	struct strbuf raw = STRBUF_INIT(0), masked = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	write_head(r, v, &raw);
	write_body(v, &raw);
	masks_apply(r->server->masks, strbuf_str(&raw), &masked);
	(void)pthread_mutex_lock(&keeping);

	struct str file = arena_printf(&r->arena, "%.*s/%03u-%.*s.http", STR_ARG(dir), ++serial,
				       STR_ARG(v->stand_in->host));

	if (!make_dirs(dir.p, 0700, &err) || !write_file(file.p, strbuf_str(&masked), 0600, &err)) {
		server_log(r->server, "error: what was sent to a stand-in is not kept: %s",
			   err.msg);
		err_release(&err);
	}
	(void)pthread_mutex_unlock(&keeping);
	server_log(r->server, "note: stand-in: %.*s %s://%.*s%.*s was answered with %u (%.*s)",
		   STR_ARG(r->method), r->tls ? "https" : "http", STR_ARG(v->stand_in->host),
		   STR_ARG(r->path), r->status, STR_ARG(file));
	strbuf_release(&raw);
	strbuf_release(&masked);
}

static void mask_file_again(struct server *s, const char *path)
{
	struct strbuf text = STRBUF_INIT(0), masked = STRBUF_INIT(0);
	struct err err = ERR_INIT;

	if (read_file(path, &text, &err)) {
		masks_apply(s->masks, strbuf_str(&text), &masked);
		if (!str_eq(strbuf_str(&text), strbuf_str(&masked)) &&
		    !write_file(path, strbuf_str(&masked), 0600, &err)) {
			(void)unlink(path);
		}
	}
	err_release(&err);
	strbuf_release(&text);
	strbuf_release(&masked);
}

/* A step may say what is a secret behind the request, or so close before it that the request was
 * here first. */
void stand_ins_mask_again(struct server *s)
{
	const char *dir = arena_printf(&s->arena, "%.*s/stand-ins", STR_ARG(s->spec->run_dir)).p;
	struct dirent *entry;
	DIR *d = s->spec->nstand_ins ? opendir(dir) : NULL;

	while (d && (entry = readdir(d))) {
		if (str_ends(str_of(entry->d_name), STR(".http"))) {
			mask_file_again(s, arena_printf(&s->arena, "%s/%s", dir, entry->d_name).p);
		}
	}
	if (d) {
		(void)closedir(d);
	}
}

static void handle(struct request *r)
{
	struct visit *v = r->sink;

	answer(r, v);
	keep(r, v);
	leave(r);
}

const struct route stand_in_route = {
	.method = "*",
	.path = "/",
	.auth = AUTH_NONE,
	.handle = handle,
	.begin = begin,
	.piece = piece,
	.aborted = leave,
};

/* --- the command line --------------------------------------------------------------------------
 */

/* What a name in a hosts file and in a certificate may be. */
static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.')) {
			return false;
		}
	}
	return host.len > 0 && host.len < 254 && host.p[0] != '.' && host.p[0] != '-' &&
	       !str_ieq(host, STR("localhost"));
}

bool stand_in_parse(struct arena *a, struct str text, struct stand_in *out, struct err *err)
{
	struct str to = text, host = str_cut(&to, '=');
	unsigned long status = 0;

	*out = (struct stand_in){ .host = arena_str(a, host), .target = STR_EMPTY };
	if (!to.p || to.len == 0 || !is_host(host)) {
		return err_set(err, ERR_USAGE,
			       "--stand-in wants HOST=STATUS, HOST=DIR or HOST=URL, not '%.*s'",
			       STR_ARG(text));
	}
	if (str_to_ulong(to, &status)) {
		out->status = (unsigned)status;
		return (status >= 200 && status < 600) ||
		       err_set(err, ERR_USAGE, "--stand-in: %lu is no status of HTTP", status);
	}
	if (str_starts(to, STR("http://")) || str_starts(to, STR("https://"))) {
		out->kind = STAND_IN_URL;
		out->target = arena_str(a, to);
		return true;
	}

	char *path = realpath(arena_cstr(a, to), NULL);
	struct stat st;
	bool ok = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	out->kind = STAND_IN_DIR;
	out->target = path ? arena_str(a, str_of(path)) : STR_EMPTY;
	free(path);
	return ok ||
	       err_set(err, ERR_USAGE, "--stand-in: '%.*s' is no status, no URL and no directory",
		       STR_ARG(to));
}
