/*
 * upload.c - where a block goes. Clients send blocks of one size and number their names, so that
 * the place is known before the list of blocks is; what does not fit that is put behind everything
 * else and sorted when the list comes.
 *
 * HTTP is blob.c's.
 */
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/base64.h"
#include "actc/file.h"
#include "actc/process.h"

enum {
	STALE_MS = 10000,
	BLOCKS_MAX = 50000, /* as Azure has it */
	ID_MAX = 128,
};

struct block {
	char id[ID_MAX];
	uint64_t offset, len;
	bool there;
};

struct upload {
	struct uploads *all;
	struct upload *next;
	uint64_t id;
	char *dir;
	char *path; /* NULL: the file has no name, so that nothing is left of it in any case */
	char *type;
	int fd;
	uint64_t stride; /* length of the block that came first */
	size_t n, cap;
	struct block *blocks;
	uint64_t tail; /* end of everything that has a place */
	bool committed;
	uint64_t size; /* once committed; of ranges, what is there without a gap from 0 on */
	unsigned active;
	bool broken;
	long long touched_ms;
};

struct piece {
	struct upload *u;
	char id[ID_MAX]; /* empty: no block */
	uint64_t offset, at, end;
	int failed; /* errno */
};

struct uploads {
	struct upload *first;
	uint64_t last_id;
};

struct uploads *uploads_open(struct server *s, struct err *err)
{
	struct uploads *all = calloc(1, sizeof(*all));

	(void)s;
	(void)err;
	BUG_ON(!all);
	return all;
}

void uploads_close(struct uploads *all)
{
	while (all && all->first) {
		upload_drop(all->first);
	}
	free(all);
}

/* A file without a name where the file system has them; else *path is its name. */
static int open_file(const char *dir, uint64_t id, char **path)
{
	static unsigned serial;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct strbuf name = STRBUF_INIT(0);

	*path = NULL;
	if (fd < 0) {
		(void)strbuf_addf(&name, "%s/up-%d-%llu-%u", dir, (int)getpid(),
				  (unsigned long long)id, ++serial);
		fd = open(name.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		*path = fd >= 0 ? strdup(name.p) : NULL;
		BUG_ON(fd >= 0 && !*path);
	}
	strbuf_release(&name);
	return fd;
}

struct upload *upload_new(struct uploads *all, struct str dir, struct err *err)
{
	struct upload *u = calloc(1, sizeof(*u));

	BUG_ON(!u);
	u->id = ++all->last_id;
	u->touched_ms = now_ms();
	u->dir = strndup(dir.p, dir.len);
	BUG_ON(!u->dir);
	if (make_dirs(u->dir, 0700, err)) {
		u->fd = open_file(u->dir, u->id, &u->path);
		if (u->fd >= 0) {
			u->all = all;
			u->next = all->first;
			all->first = u;
			return u;
		}
		(void)err_sys(err, errno, "a file in %s", u->dir);
	}
	free(u->dir);
	free(u);
	return NULL;
}

struct upload *upload_find(struct uploads *all, struct str id)
{
	unsigned long number = 0;

	if (!str_to_ulong(id, &number)) {
		return NULL;
	}
	for (struct upload *u = all->first; u; u = u->next) {
		if (u->id == number) {
			return u;
		}
	}
	return NULL;
}

struct str upload_id(struct arena *a, const struct upload *u)
{
	return arena_printf(a, "%llu", (unsigned long long)u->id);
}

struct str upload_url(struct request *r, const struct upload *u)
{
	return url_signed(
		r, arena_printf(&r->arena, "/blob/upload/%llu", (unsigned long long)u->id), "");
}

bool upload_is_stale(const struct upload *u)
{
	return u->active == 0 && (u->broken || now_ms() - u->touched_ms > STALE_MS);
}

struct str upload_type(const struct upload *u)
{
	return str_of(u->type);
}

void upload_set_type(struct upload *u, struct str type)
{
	free(u->type);
	u->type = strndup(type.p, type.len);
	BUG_ON(!u->type);
}

static void upload_free(struct upload *u)
{
	struct upload **at = &u->all->first;

	while (*at != u) {
		at = &(*at)->next;
	}
	*at = u->next;
	(void)close(u->fd);
	free(u->blocks);
	free(u->path);
	free(u->dir);
	free(u->type);
	free(u);
}

static void unlink_named(const char *path)
{
	if (path) {
		(void)unlink(path);
	}
}

void upload_drop(struct upload *u)
{
	unlink_named(u->path);
	upload_free(u);
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* The number that ends a decoded block name; SIZE_MAX when it has none. */
static size_t block_number(struct str id)
{
	struct strbuf name = STRBUF_INIT(ID_MAX);
	size_t number = SIZE_MAX, from;

	if (base64_decode(id, &name)) {
		from = name.len;
		while (from > 0 && name.len - from < 6 && name.p[from - 1] >= '0' &&
		       name.p[from - 1] <= '9') {
			from--;
		}
		number = from < name.len ? strtoul(name.p + from, NULL, 10) : SIZE_MAX;
	}
	strbuf_release(&name);
	return number;
}

static bool is_free(const struct upload *u, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct block *b = &u->blocks[i];

		if (offset < b->offset + b->len && b->offset < offset + len) {
			return false;
		}
	}
	return true;
}

static struct block *find_block(struct upload *u, const char *id)
{
	for (size_t i = 0; i < u->n; i++) {
		if (strcmp(u->blocks[i].id, id) == 0) {
			return &u->blocks[i];
		}
	}
	return NULL;
}

static struct block *add_block(struct upload *u)
{
	if (u->n >= BLOCKS_MAX) {
		return NULL;
	}
	if (u->n == u->cap) {
		u->cap = u->cap ? 2 * u->cap : 16;
		u->blocks = realloc(u->blocks, u->cap * sizeof(*u->blocks));
		BUG_ON(!u->blocks);
	}
	u->blocks[u->n] = (struct block){ .there = false };
	return &u->blocks[u->n++];
}

/* Where it belongs, if its number says that and nothing is there; else behind everything. */
static uint64_t place(struct upload *u, struct str id, uint64_t len)
{
	size_t number = block_number(id);

	u->stride = u->stride ? u->stride : len;
	if (number != SIZE_MAX && len <= u->stride && number < BLOCKS_MAX &&
	    is_free(u, number * u->stride, len)) {
		return number * u->stride;
	}
	return u->tail;
}

static struct piece *piece_new(struct upload *u, uint64_t offset, uint64_t len)
{
	struct piece *p = calloc(1, sizeof(*p));

	BUG_ON(!p);
	p->u = u;
	p->offset = p->at = offset;
	p->end = len == UINT64_MAX ? UINT64_MAX : offset + len;
	u->active++;
	u->touched_ms = now_ms();
	return p;
}

struct piece *piece_block(struct upload *u, struct str block_id, uint64_t len)
{
	char id[ID_MAX] = "";
	struct block *b;

	if (block_id.len == 0 || block_id.len >= ID_MAX || len >= (uint64_t)1 << 40) {
		return NULL;
	}
	memcpy(id, block_id.p, block_id.len);
	b = find_block(u, id);

	/* Sent again: the same place, unless it was another length. */
	if (!b || b->len != len) {
		uint64_t offset = place(u, block_id, len);

		b = b ? b : add_block(u);
		if (!b) {
			return NULL;
		}
		memcpy(b->id, id, sizeof(id));
		b->offset = offset;
		b->len = len;
		u->tail = u->tail > offset + len ? u->tail : offset + len;
	}
	b->there = false;

	struct piece *p = piece_new(u, b->offset, len);

	memcpy(p->id, id, sizeof(id));
	return p;
}

struct piece *piece_at(struct upload *u, uint64_t offset)
{
	return offset < (uint64_t)1 << 44 ? piece_new(u, offset, UINT64_MAX) : NULL;
}

void piece_write(struct piece *p, struct str bytes)
{
	while (bytes.len > 0 && !p->failed) {
		ssize_t n;

		if (bytes.len > p->end - p->at) {
			p->failed = EFBIG;
			return;
		}
		n = pwrite(p->u->fd, bytes.p, bytes.len, (off_t)p->at);
		if (n < 0 && errno != EINTR) {
			p->failed = errno;
		} else if (n > 0) {
			p->at += (uint64_t)n;
			bytes = str_slice(bytes, (size_t)n, bytes.len);
		}
	}
}

static void piece_free(struct piece *p)
{
	p->u->active--;
	p->u->touched_ms = now_ms();
	free(p);
}

/* What came without a name counts as a block at its place, named so that they are told apart. */
static void add_range(struct upload *u, const struct piece *p)
{
	struct block *b = p->at > p->offset ? add_block(u) : NULL;

	if (b) {
		b->offset = p->offset;
		b->len = p->at - p->offset;
		b->there = true;
	}
}

bool piece_end(struct piece *p, struct err *err)
{
	bool whole = p->end == UINT64_MAX || p->at == p->end;
	bool ok = !p->failed && whole;
	struct block *b = p->id[0] ? find_block(p->u, p->id) : NULL;

	if (p->failed) {
		(void)err_sys(err, p->failed, "store what was sent");
	} else if (!whole) {
		(void)err_set(err, ERR_INVALID, "less was sent than was announced");
	} else if (b) {
		b->there = true;
	} else if (!p->id[0]) {
		add_range(p->u, p);
	}
	p->u->broken = p->u->broken || !ok;
	piece_free(p);
	return ok;
}

void piece_abort(struct piece *p)
{
	p->u->broken = true;
	piece_free(p);
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool in_place(const struct upload *u, const size_t *order, size_t n)
{
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (u->blocks[order[i]].offset != at) {
			return false;
		}
		at += u->blocks[order[i]].len;
	}
	return true;
}

static bool copy_bytes(int from, uint64_t at, int to, uint64_t len)
{
	off_t offset = (off_t)at;

	while (len > 0) {
		ssize_t n = copy_file_range(from, &offset, to, NULL, (size_t)len, 0);

		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		len -= (uint64_t)n;
	}
	return true;
}

/* Into a new file, in the order of the list. */
static bool sort_blocks(struct upload *u, const size_t *order, size_t n, struct err *err)
{
	char *path = NULL;
	int fd = open_file(u->dir, u->id, &path);
	bool ok = fd >= 0;

	for (size_t i = 0; ok && i < n; i++) {
		const struct block *b = &u->blocks[order[i]];

		ok = copy_bytes(u->fd, b->offset, fd, b->len);
	}
	if (!ok) {
		(void)err_sys(err, errno, "put the blocks in order");
		unlink_named(path);
		free(path);
		if (fd >= 0) {
			(void)close(fd);
		}
		return false;
	}
	unlink_named(u->path);
	free(u->path);
	(void)close(u->fd);
	u->path = path;
	u->fd = fd;
	return true;
}

static bool find_order(struct upload *u, const struct str *ids, size_t n, size_t *order,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		char id[ID_MAX] = "";
		struct block *b = NULL;

		if (ids[i].len < ID_MAX) {
			memcpy(id, ids[i].p, ids[i].len);
			b = find_block(u, id);
		}
		if (!b || !b->there) {
			return err_set(err, ERR_INVALID, "block %.*s was not sent",
				       STR_ARG(ids[i]));
		}
		order[i] = (size_t)(b - u->blocks);
	}
	return true;
}

bool upload_commit(struct upload *u, const struct str *ids, size_t n, struct err *err)
{
	size_t *order = calloc(n + 1, sizeof(*order));
	uint64_t size = 0;
	bool ok;

	BUG_ON(!order);
	ok = find_order(u, ids, n, order, err);
	for (size_t i = 0; ok && i < n; i++) {
		size += u->blocks[order[i]].len;
	}
	ok = ok && (in_place(u, order, n) || sort_blocks(u, order, n, err));
	if (ok && ftruncate(u->fd, (off_t)size) != 0) {
		ok = err_sys(err, errno, "%s", u->dir);
	}
	if (ok) {
		u->committed = true;
		u->size = size;
		u->touched_ms = now_ms();
	}
	free(order);
	return ok;
}

void upload_commit_whole(struct upload *u, uint64_t size)
{
	u->committed = true;
	u->size = size;
}

/* Ranges may have come in any order: as long as one continues what is there, there is more. */
static uint64_t without_gap(const struct upload *u)
{
	uint64_t at = 0;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < u->n; i++) {
			const struct block *b = &u->blocks[i];

			if (b->there && b->offset <= at && b->offset + b->len > at) {
				at = b->offset + b->len;
				more = true;
			}
		}
	}
	return at;
}

bool upload_size(const struct upload *u, uint64_t *size)
{
	if (u->committed) {
		*size = u->size;
		return true;
	}
	for (size_t i = 0; i < u->n; i++) {
		if (u->blocks[i].id[0]) {
			return false; /* blocks without their list */
		}
	}
	*size = without_gap(u);
	return u->n > 0;
}

static bool give_name(const struct upload *u, const char *to)
{
	char self[64];

	if (u->path) {
		return rename(u->path, to) == 0;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", u->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0;
}

bool upload_take(struct upload *u, struct str path, struct err *err)
{
	uint64_t size = 0;
	struct strbuf to = STRBUF_INIT(0);
	bool ok = upload_size(u, &size);

	(void)strbuf_adds(&to, path);
	if (!ok || u->active > 0) {
		ok = err_set(err, ERR_INVALID, "%s",
			     ok ? "it is still being uploaded" : "nothing was uploaded");
	} else if (ftruncate(u->fd, (off_t)size) != 0 || !give_name(u, to.p)) {
		ok = err_sys(err, errno, "%s", to.p);
	} else {
		upload_free(u);
	}
	strbuf_release(&to);
	return ok;
}
