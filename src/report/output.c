/*
 * output.c - writing in large pieces, to descriptors that may be anybody's.
 *
 * An inherited descriptor may be non-blocking because someone else made it so; it is never set
 * here, only waited for.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ENOUGH = 64 * 1024 };

void output_init(struct output *o, int fd)
{
	*o = (struct output){ .fd = fd };
	strbuf_init(&o->pending, 0);
}

void output_release(struct output *o)
{
	strbuf_release(&o->pending);
}

/* Writes some of what is pending and of s; 0 when nothing could be written but it is worth another
 * try. */
static ssize_t write_some(int fd, struct str pending, struct str s)
{
	struct iovec parts[] = {
		{ (void *)(uintptr_t)pending.p, pending.len },
		{ (void *)(uintptr_t)s.p, s.len },
	};
	ssize_t n = writev(fd, parts, 2);

	if (n >= 0) {
		return n;
	}
	if (errno == EAGAIN) {
		(void)poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		return 0;
	}
	return errno == EINTR ? 0 : -1;
}

/* Writes what is pending, and s behind it. */
static bool write_both(struct output *o, struct str s)
{
	struct str rest = strbuf_str(&o->pending);

	while ((rest.len || s.len) && !o->error) {
		ssize_t n = write_some(o->fd, rest, s);
		size_t done = n > 0 ? (size_t)n : 0;
		size_t first = done < rest.len ? done : rest.len;

		if (n < 0) {
			o->error = errno;
		}
		rest = str_slice(rest, first, rest.len);
		s = str_slice(s, done - first, s.len);
	}
	strbuf_reset(&o->pending);
	return !o->error;
}

bool output_flush(struct output *o)
{
	return write_both(o, STR_EMPTY);
}

bool output_put(struct output *o, struct str s)
{
	if (o->pending.len + s.len >= ENOUGH) {
		return write_both(o, s);
	}
	strbuf_adds(&o->pending, s);
	return !o->error;
}

bool output_settle(struct output *o)
{
	return o->pending.len >= ENOUGH ? output_flush(o) : !o->error;
}
