/*
 * docker_guard.c - looks through what a client of BuildKit says.
 *
 * A build that wants the machine's network or devices must say so in its request ("entitlements");
 * without, BuildKit refuses it itself. So it is enough to find these words in the data of the
 * HTTP/2 streams, whatever the frames that carry it. Compressed messages could hide them and are
 * refused; docker's own clients send none.
 */
#include <stdlib.h>
#include <string.h>

#include "docker_socket.h"

enum {
	STREAMS = 512, /* a build opens a handful */
	WINDOW = 64,   /* longer than any word */
	FRAME_HEAD = 9,
	MESSAGE_HEAD = 5,
	PREFACE = 24,
	FRAME_DATA_TYPE = 0,
	FLAG_PADDED = 8,
};

static const char *const words[] = { "network.host", "security.insecure" };

struct stream {
	unsigned id;
	char last[WINDOW];
	size_t nlast;
	unsigned char head[MESSAGE_HEAD];
	size_t nhead;
	unsigned long left; /* of the message */
};

struct docker_guard {
	size_t skipped; /* of the preface */
	unsigned char head[FRAME_HEAD];
	size_t nhead;
	unsigned long left; /* of the frame */
	unsigned pad;
	bool data, padded;
	struct stream *stream;
	struct stream streams[STREAMS];
	size_t nstreams;
};

struct docker_guard *docker_guard_new(void)
{
	struct docker_guard *g = calloc(1, sizeof(*g));

	BUG_ON(!g);
	return g;
}

/* NULL when there are too many. */
static struct stream *stream_of(struct docker_guard *g, unsigned id)
{
	for (size_t i = 0; i < g->nstreams; i++) {
		if (g->streams[i].id == id) {
			return &g->streams[i];
		}
	}
	if (g->nstreams == STREAMS) {
		return NULL;
	}
	g->streams[g->nstreams] = (struct stream){ .id = id };
	return &g->streams[g->nstreams++];
}

static bool is_word(const struct stream *s)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (s->nlast >= len && memcmp(s->last + s->nlast - len, words[i], len) == 0) {
			return true;
		}
	}
	return false;
}

/* One byte of a message. */
static bool take_content(struct stream *s, char c)
{
	if (s->nlast == WINDOW) {
		s->nlast = WINDOW / 2;
		memmove(s->last, s->last + WINDOW - s->nlast, s->nlast);
	}
	s->last[s->nlast++] = c;
	return !is_word(s);
}

/* One byte of a stream's data: u8 compressed, u32 length, message. */
static bool take_data(struct stream *s, unsigned char c)
{
	if (s->left > 0) {
		s->left--;
		return take_content(s, (char)c);
	}
	s->head[s->nhead++] = c;
	if (s->nhead == MESSAGE_HEAD) {
		s->nhead = 0;
		s->left = (unsigned long)s->head[1] << 24 | (unsigned long)s->head[2] << 16 |
			  (unsigned long)s->head[3] << 8 | s->head[4];
		return s->head[0] == 0;
	}
	return true;
}

static void begin_frame(struct docker_guard *g)
{
	unsigned id = (unsigned)(g->head[5] & 0x7f) << 24 | (unsigned)g->head[6] << 16 |
		      (unsigned)g->head[7] << 8 | g->head[8];

	g->nhead = 0;
	g->left = (unsigned long)g->head[0] << 16 | (unsigned long)g->head[1] << 8 | g->head[2];
	g->data = g->head[3] == FRAME_DATA_TYPE && id != 0;
	g->padded = g->data && (g->head[4] & FLAG_PADDED);
	g->pad = 0;
	g->stream = g->data ? stream_of(g, id) : NULL;
}

static bool take_byte(struct docker_guard *g, unsigned char c)
{
	if (g->skipped < PREFACE) {
		g->skipped++;
		return true;
	}
	if (g->left == 0) {
		g->head[g->nhead++] = c;
		if (g->nhead == FRAME_HEAD) {
			begin_frame(g);
		}
		return true;
	}
	g->left--;
	if (g->padded) {
		g->padded = false;
		g->pad = c;
		return true;
	}
	return !g->data || g->left < g->pad || (g->stream && take_data(g->stream, c));
}

bool docker_guard_takes(struct docker_guard *g, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (!take_byte(g, (unsigned char)bytes.p[i])) {
			return false;
		}
	}
	return true;
}
