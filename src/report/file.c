/*
 * file.c - the run directory's events.ndjson, bounded in size.
 *
 * The first half of the limit goes straight into the file. What comes later goes into two further
 * files in turn, each a quarter of the limit: when one is full, the other is emptied and taken. So
 * the last events are always there, memory stays flat, and a run that is killed leaves whole
 * records. At the end the two are appended, behind a note that says what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/err.h"
#include "actc/report.h"
#include "output.h"

struct part {
	char *path;
	struct output out;
	size_t bytes;       /* written or pending */
	uint64_t first_seq; /* 0 = empty */
	uint64_t last_seq;
};

struct file_reporter {
	struct reporter base;
	size_t limit;
	struct part head;
	struct part tails[2];
	int current; /* tail; -1 = still in the head */
};

static bool fail(struct file_reporter *f, int error)
{
	f->base.error = error;
	return false;
}

static struct part part_new(const char *path, const char *suffix)
{
	struct part p = { .bytes = 0 };
	size_t size = strlen(path) + strlen(suffix) + 1;

	p.path = malloc(size);
	BUG_ON(!p.path);
	(void)snprintf(p.path, size, "%s%s", path, suffix);
	output_init(&p.out, -1);
	return p;
}

/* Opens it, or empties it when it is open. */
static bool part_start(struct file_reporter *f, struct part *p)
{
	if (p->out.fd < 0) {
		p->out.fd = open(p->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (p->out.fd < 0) {
			return fail(f, errno);
		}
	} else if (ftruncate(p->out.fd, 0) || lseek(p->out.fd, 0, SEEK_SET)) {
		return fail(f, errno);
	}
	strbuf_reset(&p->out.pending);
	p->bytes = 0;
	p->first_seq = 0;
	return true;
}

static bool part_add(struct file_reporter *f, struct part *p, uint64_t seq, struct str record)
{
	strbuf_adds(&p->out.pending, record);
	p->bytes += record.len;
	p->first_seq = p->first_seq ? p->first_seq : seq;
	p->last_seq = seq;
	return output_settle(&p->out) || fail(f, p->out.error);
}

static bool file_flush(struct reporter *r)
{
	struct file_reporter *f = (struct file_reporter *)r;
	struct part *p = f->current < 0 ? &f->head : &f->tails[f->current];

	return output_flush(&p->out) || fail(f, p->out.error);
}

/* The part that the next record goes to. */
static struct part *part_for(struct file_reporter *f, size_t len)
{
	if (f->head.out.fd < 0 && !part_start(f, &f->head)) {
		return NULL;
	}
	if (f->current < 0) {
		if (f->limit == 0 || f->head.bytes + len <= f->limit / 2) {
			return &f->head;
		}
	} else if (f->tails[f->current].bytes + len <= f->limit / 4) {
		return &f->tails[f->current];
	}
	if (!file_flush(&f->base)) {
		return NULL;
	}
	f->current = f->current < 0 ? 0 : 1 - f->current;

	struct part *next = &f->tails[f->current];

	return part_start(f, next) ? next : NULL;
}

static bool file_event(struct reporter *r, const struct event *e, struct str record)
{
	struct file_reporter *f = (struct file_reporter *)r;
	struct part *p = part_for(f, record.len);

	return p && part_add(f, p, e->seq, record);
}

/* --- the end -----------------------------------------------------------------------------------
 */

static bool append_note(struct file_reporter *f, uint64_t first, uint64_t last)
{
	char text[160];
	struct event e = { .kind = EVENT_RUN_NOTE, .seq = first };
	struct strbuf record = STRBUF_INIT(0);

	(void)snprintf(text, sizeof(text),
		       "events %llu to %llu are left out here: the log is larger than %zu bytes",
		       (unsigned long long)first, (unsigned long long)last, f->limit);
	e.u.run_note.level = STR("info");
	e.u.run_note.message = str_of(text);
	event_emit(&record, NULL, &e);

	bool ok = part_add(f, &f->head, first, strbuf_str(&record));

	strbuf_release(&record);
	return ok;
}

static bool append_part(struct file_reporter *f, struct part *p)
{
	char chunk[16 * 1024];
	ssize_t n;

	if (!output_flush(&p->out) || lseek(p->out.fd, 0, SEEK_SET)) {
		return false;
	}
	while ((n = read(p->out.fd, chunk, sizeof(chunk))) > 0) {
		strbuf_add(&f->head.out.pending, chunk, (size_t)n);
		if (!output_settle(&f->head.out)) {
			return false;
		}
	}
	return n == 0;
}

static bool append_tails(struct file_reporter *f)
{
	struct part *newer = &f->tails[f->current];
	struct part *older = &f->tails[1 - f->current];
	uint64_t from = older->first_seq ? older->first_seq : newer->first_seq;

	if (from && from != f->head.last_seq + 1 &&
	    !append_note(f, f->head.last_seq + 1, from - 1)) {
		return false;
	}
	return (!older->first_seq || append_part(f, older)) && append_part(f, newer);
}

static void part_free(struct part *p)
{
	if (p->out.fd >= 0) {
		(void)close(p->out.fd);
	}
	output_release(&p->out);
	free(p->path);
}

static void file_finish(struct reporter *r)
{
	struct file_reporter *f = (struct file_reporter *)r;
	bool ok = f->current < 0 || append_tails(f);

	(void)output_flush(&f->head.out);
	for (int i = 0; i < 2; i++) {
		if (ok && f->tails[i].out.fd >= 0) {
			(void)unlink(f->tails[i].path);
		}
		part_free(&f->tails[i]);
	}
	part_free(&f->head);
	free(f);
}

struct reporter *report_file(const char *path, size_t limit)
{
	struct file_reporter *f = calloc(1, sizeof(*f));

	BUG_ON(!f);
	f->base = (struct reporter){
		.name = "file", .on_event = file_event, .flush = file_flush, .finish = file_finish
	};
	f->limit = limit;
	f->head = part_new(path, "");
	f->tails[0] = part_new(path, ".1");
	f->tails[1] = part_new(path, ".2");
	f->current = -1;
	return &f->base;
}
