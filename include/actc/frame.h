/*
 * frame.h - the wire between act-c and its agent: framed, binary, little-endian, versioned.
 *
 * Both sides share this codec; it needs nothing but the C library and strbuf, so that the agent can
 * include it.
 *
 *   frame := u32 payload length | u8 type | u8 flags | u16 zero | u32 stream | payload
 *
 * act-c speaks first with FRAME_HELLO and the agent answers with FRAME_HELLO; everything before
 * that is noise of the container's start and a fault. Streams are numbered by who opens them: act-c
 * takes odd numbers, the agent (accepted connections of a forward) even ones. DATA counts against
 * the credit that the receiver granted for that stream: a stream without credit waits alone. A
 * frame of an unknown type is answered with FRAME_RESULT/ENOSYS and otherwise ignored. The payload
 * of each type, the version rules and the life of a stream are described in src/agent/PROTOCOL.md.
 */
#ifndef ACTC_FRAME_H
#define ACTC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/str.h"
#include "actc/strbuf.h"

enum {
	FRAME_VERSION = 2,
	FRAME_HEADER = 12,
	FRAME_MAX = 256 * 1024,               /* payload; a longer one is a protocol error */
	FRAME_MESSAGE_MAX = 64 * 1024 * 1024, /* payload joined from parts */
	STREAM_CREDIT = 1024 * 1024,          /* granted at the start of each stream */
	FRAME_PING_MS = 5 * 1000,             /* act-c sends a ping this often */
	FRAME_SILENCE_MS = 30 * 1000,         /* a side that heard nothing for so long gives up */
	FRAME_SOCKET_BUFFER = 1024 * 1024,    /* asked for; the kernel gives what it allows */
	AGENT_PACKETS_FD = 3, /* may be open when the agent starts: a packet socket for WATCH */
};

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_PING, /* answered with PONG */
	FRAME_PONG,
	FRAME_SPAWN,  /* run a process; its output is DATA on this stream, then EOF, then EXITED */
	FRAME_SIGNAL, /* send a signal to a stream's process: entry, group or tree */
	FRAME_DATA,
	FRAME_EOF,    /* no more DATA in this direction */
	FRAME_CREDIT, /* u32: that many more bytes may be sent on this stream */
	FRAME_EXITED, /* the process is done: exited, and its output at its end or given up */
	FRAME_WRITE,  /* a whole small file: mode, owner, path, content */
	FRAME_READ,   /* a file as DATA and EOF, up to a limit; RESULT at the end */
	FRAME_PUT,    /* unpack a tar stream (DATA, EOF) into a directory; RESULT at the end */
	FRAME_GET,    /* the other way: a path as a tar stream */
	FRAME_STAT,
	FRAME_MKDIR,
	FRAME_REMOVE,  /* a tree */
	FRAME_HASH,    /* SHA-256 over the files that patterns name */
	FRAME_FORWARD, /* listen in the job; each connection is OPENed, or dialled by the agent */
	FRAME_OPEN,    /* agent to act-c: a connection was accepted, this is its stream */
	FRAME_CLOSE,   /* end a stream or a forward */
	FRAME_RESIZE,  /* rows and columns of a pty */
	FRAME_RESULT,  /* u32 errno, text: how a request without other answer ended */
	FRAME_EXIT,    /* kill everything and end */
	FRAME_WATCH,   /* see which hosts are connected to; told at the stream's EOF */
	FRAME_TYPES,   /* one more than the last */
};

/* Flags; what a bit means depends on the type, but FLAG_PART is common to all. */
enum {
	FLAG_PART = 0x80,      /* the payload goes on in the next frame: same type, same stream */
	FLAG_AS_ROOT = 0x01,   /* SPAWN, WRITE, MKDIR: not as, not for the user of the steps */
	FLAG_PTY = 0x02,       /* SPAWN */
	FLAG_NO_DRAIN = 0x01,  /* SIGNAL */
	FLAG_FOLLOW = 0x01,    /* HASH: enter directories through symbolic links */
	FLAG_VIA_AGENT = 0x01, /* FORWARD */
	FLAG_OR_HERE = 0x02,   /* FORWARD: what the agent cannot dial, act-c does */
};

/* Bits of the u32 in FRAME_EXITED and in the agent's HELLO. */
enum { EXITED_OOM = 1, EXITED_DRAINED = 2 };
/* The state of a file that is handed back with EXITED. */
enum { HANDED_OK, HANDED_MISSING, HANDED_TOO_LARGE, HANDED_FILE_MAX = 1024 * 1024 };
/* HELLO_DIRECT: from here on frames go over the socket that act-c named. */
enum { HELLO_HAS_BASH = 1, HELLO_DIRECT = 2 };

struct frame {
	enum frame_type type;
	uint8_t flags;
	uint32_t stream;
	uint32_t len;
	const uint8_t *payload; /* borrowed from the decoder's buffer */
};

/* Writes a header into out[FRAME_HEADER]. */
void frame_header(uint8_t *out, enum frame_type type, uint8_t flags, uint32_t stream, uint32_t len);
/* Appends a message to out: one frame, or parts when the payload is longer than FRAME_MAX. */
void frame_send(struct strbuf *out, enum frame_type type, uint8_t flags, uint32_t stream,
		struct str payload);

/* The pieces of a payload; frame_put_bytes writes u32 length and bytes. */
void frame_put_u32(struct strbuf *b, uint32_t v);
void frame_put_u64(struct strbuf *b, uint64_t v);
void frame_put_bytes(struct strbuf *b, struct str s);
/* u32 count, then each as bytes. */
void frame_put_list(struct strbuf *b, const struct str *v, size_t n);

enum frame_status { FRAME_OK, FRAME_MORE, FRAME_BAD };
/* Looks at `len` bytes: FRAME_OK sets *f and *used; FRAME_MORE wants more bytes; FRAME_BAD is a
 * fault. */
enum frame_status frame_decode(const uint8_t *p, size_t len, struct frame *f, size_t *used);

/*
 * The receiving buffer of one side: read(2) into frame_input_room(), tell it with
 * frame_input_add(), then take frames until FRAME_MORE. Parts are joined; a frame is valid until
 * the next call.
 */
struct frame_input {
	uint8_t *p;
	size_t at, len, cap;
	struct strbuf whole; /* parts so far */
	bool joining;
	bool delivered; /* `whole` was handed out and can be dropped */
	enum frame_type type;
	uint32_t stream;
};

void frame_input_init(struct frame_input *in, size_t cap);
void frame_input_release(struct frame_input *in);
/* Forgets what has come and was not taken yet. */
void frame_input_drop(struct frame_input *in);
uint8_t *frame_input_room(struct frame_input *in, size_t *room);
void frame_input_add(struct frame_input *in, size_t n);
enum frame_status frame_input_next(struct frame_input *in, struct frame *f);

/* Cursor over a payload. A read beyond its end sets .bad and yields zeros and empty strings. */
struct frame_reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

struct frame_reader frame_reader(const struct frame *f);
uint32_t frame_u32(struct frame_reader *r);
uint64_t frame_u64(struct frame_reader *r);
/* u32 length and bytes. */
struct str frame_bytes(struct frame_reader *r);

#endif
