/*
 * request.c - decodes the payload of every verb by a table of shapes.
 *
 * Checks lengths and forbids NUL bytes in what becomes a path, an argument or a variable. Bytes
 * behind what a shape names are ignored: a newer act-c may send more.
 */
#include "request.h"

#include <string.h>

/* u = u32, U = u64, t = text, l = list of texts, b = the rest as bytes. */
static const char *const shapes[FRAME_TYPES] = {
	[FRAME_HELLO] = "utltt", /* version, user, directories, socket, token */
	[FRAME_PING] = "",       [FRAME_PONG] = "",
	[FRAME_SPAWN] = "ttlll", /* cwd, mark, argv, env, files */
	[FRAME_SIGNAL] = "uu",   /* signal, scope */
	[FRAME_DATA] = "b",      [FRAME_EOF] = "",
	[FRAME_CREDIT] = "u",                           /* bytes */
	[FRAME_WRITE] = "utb",                          /* mode, path, content */
	[FRAME_READ] = "Ut",                            /* limit, path */
	[FRAME_PUT] = "t",                              /* directory */
	[FRAME_GET] = "t",                              /* path */
	[FRAME_STAT] = "t",                             /* path */
	[FRAME_MKDIR] = "ut",                           /* mode, path */
	[FRAME_REMOVE] = "t",                           /* path */
	[FRAME_HASH] = "ttl",                           /* directory, home, patterns */
	[FRAME_FORWARD] = "tt",                         /* listen, dial */
	[FRAME_CLOSE] = "",      [FRAME_RESIZE] = "uu", /* rows, columns */
	[FRAME_EXIT] = "",       [FRAME_WATCH] = "",
};

static const char *take_text(struct arena *a, struct frame_reader *r)
{
	struct str s = frame_bytes(r);

	if (memchr(s.p, '\0', s.len)) {
		r->bad = true;
	}
	return r->bad ? "" : arena_cstr(a, s);
}

static char **take_list(struct arena *a, struct frame_reader *r, size_t *n)
{
	uint32_t count = frame_u32(r);

	/* Each text takes at least its length. */
	if (r->bad || count > r->left / 4) {
		r->bad = true;
		return NULL;
	}

	char **v = arena_array(a, char *, (size_t)count + 1);

	for (uint32_t i = 0; i < count && !r->bad; i++) {
		v[i] = (char *)(uintptr_t)take_text(a, r);
	}
	*n = count;
	return v;
}

enum request_status request_decode(struct arena *a, const struct frame *f, struct request *out)
{
	struct frame_reader r = frame_reader(f);
	const char *shape = f->type < FRAME_TYPES ? shapes[f->type] : NULL;
	size_t numbers = 0, texts = 0, lists = 0;

	*out = (struct request){ .type = f->type, .flags = f->flags, .stream = f->stream };
	if (!shape) {
		return REQUEST_UNKNOWN;
	}
	for (; *shape; shape++) {
		if (*shape == 'u') {
			out->number[numbers++] = frame_u32(&r);
		} else if (*shape == 'U') {
			out->big = frame_u64(&r);
		} else if (*shape == 't') {
			out->text[texts++] = take_text(a, &r);
		} else if (*shape == 'l') {
			out->list[lists].v = take_list(a, &r, &out->list[lists].n);
			lists++;
		} else {
			out->bytes = str_mk((const char *)r.p, r.left);
		}
	}
	return r.bad ? REQUEST_BAD : REQUEST_OK;
}
