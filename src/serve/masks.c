/*
 * masks.c - what the jobs' steps have added to be masked, as the services come to know it.
 *
 * A worker masks what it says itself. What a job sends to a stand-in is kept by another process,
 * which was forked before the step said ::add-mask::. So workers append such values to a file
 * without a name, length before bytes, and before anything is masked what is new there is read.
 * Doors have threads of their own: the masker is used by one at a time.
 */
#include "masks.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/event.h"
#include "actc/file.h"
#include "actc/serve.h"

struct masks {
	pthread_mutex_t lock;
	struct masker *masker;
	int fd;
	off_t read; /* up to there */
};

bool serve_masks_add(int fd, struct str value)
{
	struct strbuf record = STRBUF_INIT(0);
	uint64_t len = value.len;

	/* In one write: other workers append too. */
	strbuf_add(&record, &len, sizeof(len));
	strbuf_adds(&record, value);

	bool ok = fd >= 0 && write(fd, record.p, record.len) == (ssize_t)record.len;

	strbuf_release(&record);
	return ok;
}

struct masks *masks_new(struct masker *masker, int fd)
{
	struct masks *m = calloc(1, sizeof(*m));

	BUG_ON(!m || pthread_mutex_init(&m->lock, NULL) != 0);
	m->masker = masker;
	m->fd = fd;
	return m;
}

void masks_free(struct masks *m)
{
	if (m) {
		(void)pthread_mutex_destroy(&m->lock);
		free(m);
	}
}

/* One more value, if all of it is there. */
static bool take_one(struct masks *m, struct strbuf *value)
{
	uint64_t len = 0;
	off_t end = lseek(m->fd, 0, SEEK_END);
	size_t have = end > m->read ? (size_t)(end - m->read) : 0;

	if (have < sizeof(len) || pread(m->fd, &len, sizeof(len), m->read) != sizeof(len) ||
	    have - sizeof(len) < len) {
		return false;
	}
	strbuf_reset(value);
	BUG_ON(!strbuf_grow(value, (size_t)len));
	if (pread(m->fd, value->p, (size_t)len, m->read + (off_t)sizeof(len)) != (ssize_t)len) {
		return false;
	}
	value->len = (size_t)len;
	m->read += (off_t)(sizeof(len) + len);
	return true;
}

static void take_new(struct masks *m)
{
	struct strbuf value = STRBUF_INIT(0);

	while (m->fd >= 0 && take_one(m, &value)) {
		masker_add_mask(m->masker, strbuf_str(&value));
	}
	strbuf_release(&value);
}

void masks_apply(struct masks *m, struct str text, struct strbuf *out)
{
	(void)pthread_mutex_lock(&m->lock);
	take_new(m);
	if (m->masker) {
		masker_apply(m->masker, text, out);
	} else {
		strbuf_adds(out, text);
	}
	(void)pthread_mutex_unlock(&m->lock);
}
