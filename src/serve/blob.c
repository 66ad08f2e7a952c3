/*
 * blob.c - Azure's block blobs, as far as GitHub's clients speak that: PUT of blocks, of the list
 * of blocks, of a whole blob; GET with ranges.
 */
#include <fcntl.h>
#include <unistd.h>

#include "artifact_store.h"
#include "cache_store.h"
#include "http.h"

enum { LIST_MAX = 8 * 1024 * 1024 };

static void blob_headers(struct request *r)
{
	static unsigned long serial;

	reply_header(r, "ETag", STR("\"0x8ACTC\""));
	reply_header(r, "Last-Modified", STR("Thu, 01 Jan 1970 00:00:00 GMT"));
	reply_header(r, "x-ms-request-id", arena_printf(&r->arena, "act-c-%lu", ++serial));
	reply_header(r, "x-ms-version", STR("2025-01-05"));
}

/* In Azure's form: the code is in a header too. */
static void blob_error(struct request *r, unsigned status, const char *code, struct str msg)
{
	reply_text(r, status, "application/xml",
		   arena_printf(&r->arena,
				"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code>"
				"<Message>act-c: %.*s</Message></Error>",
				code, STR_ARG(msg)));
	reply_header(r, "x-ms-error-code", str_of(code));
}

static void blob_fails(struct request *r, struct err *err)
{
	bool wrong = err->kind == ERR_INVALID;

	server_log(r->server, "error: %.*s: %s", STR_ARG(r->path), err->msg);
	blob_error(r, wrong ? 400 : 507, wrong ? "InvalidBlockList" : "InsufficientStorage",
		   str_of(err->msg));
	err_release(err);
}

static struct upload *upload_of(struct request *r)
{
	struct upload *u = upload_find(r->server->uploads, r->rest);

	if (!u) {
		blob_error(r, 404, "BlobNotFound", STR("nothing is being uploaded here"));
	}
	return u;
}

static void put_begin(struct request *r)
{
	struct str comp = request_query(r, "comp");
	struct upload *u = upload_of(r);

	if (!u) {
		return;
	}
	if (str_eq(comp, STR("blocklist"))) {
		r->body.max = LIST_MAX;
	} else if (r->length == UINT64_MAX) {
		blob_error(r, 411, "MissingContentLengthHeader", STR("how long is it?"));
	} else if (str_eq(comp, STR("block"))) {
		r->sink = piece_block(u, request_query(r, "blockid"), r->length);
	} else if (comp.len == 0) {
		r->sink = piece_at(u, 0);
	}
	if (!r->replied && !r->sink && r->body.max != LIST_MAX) {
		blob_error(r, 400, "InvalidQueryParameterValue",
			   STR("comp is neither block nor blocklist, or the block has no name"));
	}
}

static void put_piece(struct request *r, struct str bytes)
{
	if (r->sink) {
		piece_write(r->sink, bytes);
	} else {
		(void)strbuf_adds(&r->body, bytes);
	}
}

static void put_aborted(struct request *r)
{
	if (r->sink) {
		piece_abort(r->sink);
	}
}

/* <BlockList><Latest>ID</Latest>…: ids are base64, so nothing in them is escaped. */
static size_t read_list(struct request *r, struct str **out)
{
	static const struct str kinds[] = { STR_INIT("<Latest>"), STR_INIT("<Uncommitted>"),
					    STR_INIT("<Committed>") };
	struct str text = strbuf_str(&r->body);
	VEC(struct str) ids = { 0 };
	size_t at = 0;

	while ((at = str_chr(text, '<', at)) != STR_NPOS) {
		struct str rest = str_slice(text, at, text.len);

		at++;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			if (str_starts(rest, kinds[k])) {
				rest = str_slice(rest, kinds[k].len, rest.len);
				vec_push(&r->arena, &ids, str_trim(str_cut(&rest, '<')));
			}
		}
	}
	*out = ids.v;
	return ids.n;
}

static void put_list(struct request *r, struct upload *u)
{
	struct err err = ERR_INIT;
	struct str *ids = NULL;
	size_t n = read_list(r, &ids);

	if (r->body.overflow) {
		blob_error(r, 413, "RequestBodyTooLarge", STR("the list is too long"));
		return;
	}
	if (!upload_commit(u, ids, n, &err)) {
		blob_fails(r, &err);
		return;
	}
	upload_set_type(u, request_header(r, "x-ms-blob-content-type"));
	reply_empty(r, 201);
	blob_headers(r);
}

static void put_handle(struct request *r)
{
	struct upload *u = upload_find(r->server->uploads, r->rest);
	struct err err = ERR_INIT;
	bool block = str_eq(request_query(r, "comp"), STR("block"));

	if (!r->sink) {
		put_list(r, u);
		return;
	}
	if (!piece_end(r->sink, &err)) {
		r->sink = NULL;
		blob_fails(r, &err);
		return;
	}
	r->sink = NULL;
	if (!block) {
		struct str type = request_header(r, "x-ms-blob-content-type");

		upload_commit_whole(u, r->length);
		upload_set_type(u, type.len ? type : request_header(r, "Content-Type"));
	}
	reply_empty(r, 201);
	blob_headers(r);
}

/* --- downloads -------------------------------------------------------------------------------- */

static int open_blob(struct request *r, struct str path)
{
	int fd = open(path.p, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		blob_error(r, 404, "BlobNotFound", STR("it is not there any more"));
	}
	return fd;
}

/* As RFC 5987 and RFC 6266 have it: the plain form for old readers, with what they cannot read
 * replaced. */
static struct str disposition(struct arena *a, struct str name)
{
	struct strbuf plain = STRBUF_INIT(0), coded = STRBUF_INIT(0);

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || strchr("-._~", c);

		strbuf_addc(&plain, c >= ' ' && c < 127 && c != '"' && c != '\\' ? (char)c : '_');
		strbuf_addf(&coded, word ? "%c" : "%%%02X", c);
	}

	struct str s = arena_printf(a, "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain.p,
				    coded.p);

	strbuf_release(&plain);
	strbuf_release(&coded);
	return s;
}

static void get_artifact(struct request *r)
{
	size_t n = 0;
	const struct artifact *all = artifact_all(r->server->artifacts, &n), *found = NULL;
	unsigned long id = 0;
	int fd;

	for (size_t i = 0; str_to_ulong(r->rest, &id) && i < n; i++) {
		found = all[i].id == id ? &all[i] : found;
	}
	if (!found) {
		blob_error(r, 404, "BlobNotFound", STR("there is no such artifact"));
		return;
	}
	fd = open_blob(r, artifact_file(&r->arena, r->server->spec->run_dir, found->id));
	if (fd >= 0) {
		bool zip = str_eq(found->type, STR("application/zip"));

		reply_file(r, fd, found->size, arena_cstr(&r->arena, found->type));
		reply_header(r, "Content-Disposition",
			     disposition(&r->arena, zip ? arena_printf(&r->arena, "%.*s.zip",
								       STR_ARG(found->name))
							: found->name));
		blob_headers(r);
	}
}

static void get_cache(struct request *r)
{
	unsigned long id = 0;
	off_t size;
	int fd;

	if (!str_to_ulong(r->rest, &id)) {
		blob_error(r, 404, "BlobNotFound", STR("there is no such cache"));
		return;
	}
	fd = open_blob(r, cache_file(&r->arena, r->server->spec->cache_dir, id));
	if (fd >= 0) {
		size = lseek(fd, 0, SEEK_END);
		reply_file(r, fd, size > 0 ? (uint64_t)size : 0, "application/octet-stream");
		blob_headers(r);
	}
}

const struct route blob_routes[] = {
	{ .method = "PUT",
	  .path = "/blob/upload/",
	  .auth = AUTH_SIGNED,
	  .handle = put_handle,
	  .begin = put_begin,
	  .piece = put_piece,
	  .aborted = put_aborted },
	{ .method = "GET", .path = "/blob/artifact/", .auth = AUTH_SIGNED, .handle = get_artifact },
	{ .method = "GET", .path = "/blob/cache/", .auth = AUTH_SIGNED, .handle = get_cache },
};
const size_t nblob_routes = sizeof(blob_routes) / sizeof(blob_routes[0]);
