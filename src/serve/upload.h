/*
 * upload.h - blobs on their way in: blocks in any order, on several connections at once, put where
 * they belong in one file, so that nothing is held in memory and little is copied.
 */
#ifndef SERVE_UPLOAD_H
#define SERVE_UPLOAD_H

#include <stdint.h>

#include "http.h"

struct uploads;
struct upload;
struct piece;

struct uploads *uploads_open(struct server *s, struct err *err);
/* Files of uploads that were not taken are removed. */
void uploads_close(struct uploads *all);

/* A new one, with its file in dir (which is made). NULL with *err. */
struct upload *upload_new(struct uploads *all, struct str dir, struct err *err);
struct upload *upload_find(struct uploads *all, struct str id);
struct str upload_id(struct arena *a, const struct upload *u);
/* Where a client PUTs it, signed. */
struct str upload_url(struct request *r, const struct upload *u);
/* True when its client seems to be gone: a connection broke, or nothing came for some time. */
bool upload_is_stale(const struct upload *u);
struct str upload_type(const struct upload *u);
void upload_set_type(struct upload *u, struct str type);

/* A stretch of it that a connection brings: a block with a name, or bytes at a known place. NULL
 * when there is no room in the table or no place. */
struct piece *piece_block(struct upload *u, struct str block_id, uint64_t len);
struct piece *piece_at(struct upload *u, uint64_t offset);
/* A failure is kept, and makes piece_end() false. */
void piece_write(struct piece *p, struct str bytes);
/* All of it is there. Frees it. */
bool piece_end(struct piece *p, struct err *err);
/* The connection broke. Frees it. */
void piece_abort(struct piece *p);

/* The blocks in their order; false when one is not there (ERR_INVALID). */
bool upload_commit(struct upload *u, const struct str *ids, size_t n, struct err *err);
/* Everything came in one request, and is so long. */
void upload_commit_whole(struct upload *u, uint64_t size);
/* Bytes that are there without gaps, once committed or written with piece_at(). */
bool upload_size(const struct upload *u, uint64_t *size);
/* The file becomes path; the upload is gone then. */
bool upload_take(struct upload *u, struct str path, struct err *err);
void upload_drop(struct upload *u);

#endif
