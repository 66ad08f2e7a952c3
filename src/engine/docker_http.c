/*
 * docker_http.c - reading and writing heads of HTTP/1.1, as strictly as a filter must: the daemon
 * gets what was understood here, written anew, not what came.
 */
#include "docker_http.h"

#include <stdlib.h>

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c <= ' ' || c > '~' || strchr("\"(),/:;<=>?@[\\]{}", c)) {
			return false;
		}
	}
	return s.len > 0;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* False for what is no encoding, and for control characters. */
static bool decode(struct arena *a, struct str text, bool plus, struct str *out)
{
	char *p = arena_alloc(a, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex(text.p[i + 1]) : -1;
			int low = i + 2 < text.len ? hex(text.p[i + 2]) : -1;

			if (high < 0 || low < 0) {
				return false;
			}
			c = (unsigned char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c < ' ' && !plus) {
			return false;
		}
		p[n++] = (char)c;
	}
	p[n] = '\0';
	*out = str_mk(p, n);
	return true;
}

/* "/v1.41/…" */
static void cut_version(struct str path, struct http_request *out)
{
	size_t end = str_chr(path, '/', 1);

	out->version = STR_EMPTY;
	out->path = path;
	if (!str_starts(path, STR("/v")) || end == STR_NPOS) {
		return;
	}
	for (size_t i = 2; i < end; i++) {
		if ((path.p[i] < '0' || path.p[i] > '9') && path.p[i] != '.') {
			return;
		}
	}
	out->version = str_slice(path, 0, end);
	out->path = str_slice(path, end, path.len);
}

static bool read_query(struct arena *a, struct str text, struct http_request *out)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++) {
		n += text.p[i] == '&';
	}
	out->query = arena_array(a, struct http_pair, n + 1); /* and one to be added */
	while (text.p && text.len) {
		struct str value = str_cut(&text, '&');
		struct str name = str_cut(&value, '=');
		struct http_pair *pair = &out->query[out->nquery];

		if (!decode(a, name, true, &pair->name) ||
		    !decode(a, value.p ? value : STR_EMPTY, true, &pair->value)) {
			return false;
		}
		out->nquery++;
	}
	return true;
}

static bool read_target(struct arena *a, struct str target, struct http_request *out)
{
	struct str query = target, path = str_cut(&query, '?'), decoded;

	if (!str_starts(path, STR("/")) || str_chr(target, ';', 0) != STR_NPOS ||
	    str_chr(target, '#', 0) != STR_NPOS || !decode(a, path, false, &decoded) ||
	    str_find(decoded, STR("//"), 0) != STR_NPOS ||
	    str_find(decoded, STR("/."), 0) != STR_NPOS || str_chr(decoded, '?', 0) != STR_NPOS ||
	    str_chr(decoded, '%', 0) != STR_NPOS) {
		return false;
	}
	cut_version(decoded, out);
	return read_query(a, query.p ? query : STR_EMPTY, out);
}

static bool read_headers(struct arena *a, struct str rest, struct http_request *out)
{
	VEC(struct http_pair) list = { 0 };

	while (rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');

		if (!str_ends(line, STR("\r"))) {
			return false;
		}
		line = str_slice(line, 0, line.len - 1);

		struct str value = line, name = str_cut(&value, ':');

		if (!is_token(name) || !value.p || str_chr(value, '\r', 0) != STR_NPOS) {
			return false;
		}
		vec_push(a, &list, (struct http_pair){ name, str_trim(value) });
	}
	out->headers = list.v;
	out->nheaders = list.n;
	return true;
}

static bool lists_word(struct str list, struct str word)
{
	while (list.p) {
		if (str_ieq(str_trim(str_cut(&list, ',')), word)) {
			return true;
		}
	}
	return false;
}

/* What says where the body ends, and what the connection is for. */
static bool read_framing(struct http_request *r)
{
	bool lengths = false, chunks = false;

	for (size_t i = 0; i < r->nheaders; i++) {
		struct str name = r->headers[i].name, value = r->headers[i].value;
		unsigned long length = 0;

		if (str_ieq(name, STR("content-length"))) {
			if (lengths || !str_to_ulong(value, &length)) {
				return false;
			}
			lengths = true;
			r->length = (long long)length;
		} else if (str_ieq(name, STR("transfer-encoding"))) {
			if (chunks || !str_ieq(value, STR("chunked"))) {
				return false;
			}
			chunks = true;
			r->length = HTTP_CHUNKED;
		} else if (str_ieq(name, STR("connection"))) {
			r->upgrade = r->upgrade || lists_word(value, STR("upgrade"));
		} else if (str_ieq(name, STR("expect"))) {
			r->expects = true;
		}
	}
	return !(lengths && chunks);
}

bool http_parse(struct arena *a, struct str head, struct http_request *out, const char **why)
{
	struct str rest = head, line = str_cut(&rest, '\n'), method, target;

	*out = (struct http_request){ .method = STR_EMPTY };
	line = str_ends(line, STR("\r")) ? str_slice(line, 0, line.len - 1) : line;
	method = str_cut(&line, ' ');
	target = line.p ? str_cut(&line, ' ') : STR_EMPTY;
	out->method = method;
	*why = "it is no request of HTTP/1.1";
	if (!is_token(method) || !line.p || !str_eq(line, STR("HTTP/1.1"))) {
		return false;
	}
	*why = "its path is not plain";
	if (!read_target(a, target, out)) {
		return false;
	}
	*why = "its headers are not plain";
	return read_headers(a, rest.p ? rest : STR_EMPTY, out) && read_framing(out);
}

const struct str *http_query(const struct http_request *r, struct str name)
{
	for (size_t i = 0; i < r->nquery; i++) {
		if (str_eq(r->query[i].name, name)) {
			return &r->query[i].value;
		}
	}
	return NULL;
}

const struct str *http_header(const struct http_request *r, struct str name)
{
	for (size_t i = 0; i < r->nheaders; i++) {
		if (str_ieq(r->headers[i].name, name)) {
			return &r->headers[i].value;
		}
	}
	return NULL;
}

void http_set_query(struct arena *a, struct http_request *r, struct str name, struct str value)
{
	struct http_pair *list = arena_array(a, struct http_pair, r->nquery + 1);
	size_t n = 0;

	for (size_t i = 0; i < r->nquery; i++) {
		if (!str_eq(r->query[i].name, name)) {
			list[n++] = r->query[i];
		}
	}
	list[n++] = (struct http_pair){ name, value };
	r->query = list;
	r->nquery = n;
}

static void write_encoded(struct strbuf *out, struct str s, const char *plain)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool word =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (word || (c && strchr(plain, c))) {
			(void)strbuf_addc(out, c);
		} else {
			(void)strbuf_addf(out, "%%%02X", (unsigned char)c);
		}
	}
}

/* Those that are of one connection, or are said anew. */
static bool is_own(struct str name)
{
	static const struct str own[] = {
		STR_INIT("connection"), STR_INIT("content-length"), STR_INIT("transfer-encoding"),
		STR_INIT("expect"),     STR_INIT("keep-alive"),     STR_INIT("te"),
		STR_INIT("trailer"),    STR_INIT("upgrade"),
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (str_ieq(own[i], name)) {
			return true;
		}
	}
	return false;
}

void http_write(struct strbuf *out, const struct http_request *r)
{
	const struct str *upgrade = http_header(r, STR("upgrade"));

	(void)strbuf_addf(out, "%.*s %.*s", STR_ARG(r->method), STR_ARG(r->version));
	write_encoded(out, r->path, "/-._~:@+");
	for (size_t i = 0; i < r->nquery; i++) {
		(void)strbuf_addc(out, i ? '&' : '?');
		write_encoded(out, r->query[i].name, "-._~");
		(void)strbuf_addc(out, '=');
		write_encoded(out, r->query[i].value, "-._~/:");
	}
	(void)strbuf_adds(out, STR(" HTTP/1.1\r\n"));
	for (size_t i = 0; i < r->nheaders; i++) {
		if (!is_own(r->headers[i].name)) {
			(void)strbuf_addf(out, "%.*s: %.*s\r\n", STR_ARG(r->headers[i].name),
					  STR_ARG(r->headers[i].value));
		}
	}
	if (r->upgrade && upgrade) {
		(void)strbuf_addf(out, "Connection: Upgrade\r\nUpgrade: %.*s\r\n",
				  STR_ARG(*upgrade));
	} else {
		(void)strbuf_adds(out, STR("Connection: close\r\n"));
	}
	if (r->length == HTTP_CHUNKED) {
		(void)strbuf_adds(out, STR("Transfer-Encoding: chunked\r\n"));
	} else if (r->length > 0 || str_eq(r->method, STR("POST"))) {
		(void)strbuf_addf(out, "Content-Length: %lld\r\n", r->length);
	}
	(void)strbuf_adds(out, STR("\r\n"));
}

/* --- answers ---------------------------------------------------------------------------------- */

int http_status(struct str head)
{
	struct str rest = head, version = str_cut(&rest, ' ');
	unsigned long status = 0;

	if (!str_starts(version, STR("HTTP/1.")) || !rest.p ||
	    !str_to_ulong(str_slice(rest, 0, 3), &status)) {
		return 0;
	}
	return (int)status;
}

struct str http_answer_header(struct str head, struct str name)
{
	(void)str_cut(&head, '\n');
	while (head.p) {
		struct str value = str_cut(&head, '\n'), key = str_cut(&value, ':');

		if (value.p && str_ieq(str_trim(key), name)) {
			return str_trim(value);
		}
	}
	return STR_EMPTY;
}

bool http_dechunk(struct str rest, struct strbuf *out)
{
	while (rest.p && rest.len) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		size_t size = 0;

		for (size_t i = 0; i < line.len && line.p[i] != ';'; i++) {
			int digit = hex(line.p[i]);

			if (digit < 0 || size > (size_t)1 << 40) {
				return false;
			}
			size = size * 16 + (size_t)digit;
		}
		if (size == 0) {
			return line.len > 0;
		}
		if (!rest.p || rest.len < size || !strbuf_adds(out, str_slice(rest, 0, size))) {
			return false;
		}
		rest = str_slice(rest, size, rest.len);
		rest = str_slice(rest, str_starts(rest, STR("\r\n")) ? 2 : 0, rest.len);
	}
	return false;
}
