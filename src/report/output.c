/*
 * output.c - writing in large pieces, to descriptors that may be anybody's.
 *
 * An inherited descriptor may be non-blocking because someone else made it so; it is never set
 * here, only waited for.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
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

/* Writes some of s; 0 when nothing could be written but it is worth another try. */
static ssize_t write_some(int fd, struct str s)
{
	ssize_t n = write(fd, s.p, s.len);

	if (n >= 0) {
		return n;
	}
	if (errno == EAGAIN) {
		(void)poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		return 0;
	}
	return errno == EINTR ? 0 : -1;
}

bool output_flush(struct output *o)
{
	struct str rest = strbuf_str(&o->pending);

	while (rest.len && !o->error) {
		ssize_t n = write_some(o->fd, rest);

		if (n < 0) {
			o->error = errno;
		} else {
			rest = str_slice(rest, (size_t)n, rest.len);
		}
	}
	strbuf_reset(&o->pending);
	return !o->error;
}

bool output_settle(struct output *o)
{
	return o->pending.len >= ENOUGH ? output_flush(o) : !o->error;
}
