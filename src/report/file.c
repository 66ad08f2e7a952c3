/*
 * file.c - the run directory's events.ndjson, bounded in size.
 *
 * The first half of the limit goes straight into the file. What comes later goes into two further
 * files in turn, each a quarter of the limit: when one is full, the other is written over. So the
 * last events are always there and memory stays flat; a run that is killed leaves whole records,
 * and behind them, in those two, what was not yet written over. At the end the two are appended,
 * behind a note that says what is missing.
 *
 * Nearly all that goes into the two is thrown away again. So many lines of a step that came at once
 * lie there as one block (log_block_pack_head) between the records, and become records only when
 * they are appended.
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
	struct strbuf record;
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

/* Opens it, or begins it again: to empty it would cost more than to write over what is there. */
static bool part_start(struct file_reporter *f, struct part *p)
{
	if (p->out.fd < 0) {
		p->out.fd = open(p->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (p->out.fd < 0) {
			return fail(f, errno);
		}
	} else if (lseek(p->out.fd, 0, SEEK_SET) != 0) {
		return fail(f, errno);
	}
	strbuf_reset(&p->out.pending);
	p->bytes = 0;
	p->first_seq = 0;
	return true;
}

/* What was put into the part's pending output is n events. */
static bool part_added(struct file_reporter *f, struct part *p, size_t bytes, uint64_t seq,
		       size_t n)
{
	p->bytes += bytes;
	p->first_seq = p->first_seq ? p->first_seq : seq;
	p->last_seq = seq + n - 1;
	return output_settle(&p->out) || fail(f, p->out.error);
}

static bool part_add(struct file_reporter *f, struct part *p, uint64_t seq, struct str record)
{
	strbuf_adds(&p->out.pending, record);
	return part_added(f, p, record.len, seq, 1);
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

static bool add_lines(struct file_reporter *f, const struct log_block *b)
{
	struct str rest = b->text, line;
	uint64_t seq = b->e.seq;
	bool ok = true;

	while (ok && log_block_line(&rest, &line)) {
		strbuf_reset(&f->record);
		log_block_record(&f->record, b, seq, line);

		struct part *p = part_for(f, f->record.len);

		ok = p && part_add(f, p, seq++, strbuf_str(&f->record));
	}
	return ok;
}

/* In the head, and where it alone would be as large as a part, a block is its records. */
static bool file_block(struct reporter *r, const struct log_block *b)
{
	struct file_reporter *f = (struct file_reporter *)r;
	size_t size = f->current < 0 ? 0 : log_block_size(b);

	if (f->current < 0 || size > f->limit / 8) {
		return add_lines(f, b);
	}

	struct part *p = part_for(f, size);

	if (!p) {
		return false;
	}
	log_block_pack_head(&p->out.pending, b);
	(void)output_put(&p->out, b->text);
	return part_added(f, p, size, b->e.seq, b->n);
}

/* --- the end -----------------------------------------------------------------------------------
 */

/* Appends what is at the begin of `bytes`; how much that was, 0 when it is not all there. */
static size_t append_one(struct file_reporter *f, struct str bytes)
{
	struct strbuf *out = &f->head.out.pending;
	struct log_block b;
	struct str line;
	size_t used = 0;

	if (bytes.p[0] != LOG_BLOCK_MARK) {
		size_t end = str_chr(bytes, '\n', 0);

		used = end == STR_NPOS ? 0 : end + 1;
		strbuf_adds(out, str_slice(bytes, 0, used));
		return used;
	}
	if (log_block_unpack(bytes, &b, &used) != LOG_BLOCK_OK) {
		return 0;
	}
	while (log_block_line(&b.text, &line)) {
		log_block_record(out, &b, b.e.seq++, line);
	}
	return used;
}

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
	enum { CHUNK = 64 * 1024 };
	struct strbuf in = STRBUF_INIT(0);
	ssize_t n = 1;
	bool ok = output_flush(&p->out);
	off_t end = lseek(p->out.fd, 0, SEEK_CUR);

	ok = ok && end >= 0 && ftruncate(p->out.fd, end) == 0 && lseek(p->out.fd, 0, SEEK_SET) == 0;
	while (ok && n > 0) {
		size_t used = 1, from = 0;

		strbuf_grow(&in, CHUNK);
		n = read(p->out.fd, in.p + in.len, CHUNK);
		in.len += n > 0 ? (size_t)n : 0;
		for (; used > 0 && from < in.len && ok; from += used) {
			used = append_one(f, str_slice(strbuf_str(&in), from, in.len));
			ok = output_settle(&f->head.out);
		}
		strbuf_consume(&in, from);
	}
	strbuf_release(&in);
	return ok && n == 0;
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
	strbuf_release(&f->record);
	free(f);
}

struct reporter *report_file(const char *path, size_t limit)
{
	struct file_reporter *f = calloc(1, sizeof(*f));

	BUG_ON(!f);
	f->base = (struct reporter){
		.name = "file",
		.on_event = file_event,
		.on_block = file_block,
		.flush = file_flush,
		.finish = file_finish,
	};
	strbuf_init(&f->record, 0);
	f->limit = limit;
	f->head = part_new(path, "");
	f->tails[0] = part_new(path, ".1");
	f->tails[1] = part_new(path, ".2");
	f->current = -1;
	return &f->base;
}
