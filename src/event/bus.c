/*
 * bus.c - the run's order and its readers: stamps every record and hands it to the reporters in
 * turn.
 *
 * Runs in the supervisor only. A reporter that fails is switched off, and the others are told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actc/err.h"
#include "decode.h"

enum { MAX_REPORTERS = 16 };

struct event_bus {
	struct reporter *reporters[MAX_REPORTERS];
	bool failed[MAX_REPORTERS];
	bool told[MAX_REPORTERS]; /* that it failed */
	char failure[256];        /* the first that was told */
	size_t n;
	uint64_t seq;
	struct strbuf stamped;
	struct strbuf own;
	struct log_form log;
	struct arena scratch;
};

struct event_bus *event_bus_new(void)
{
	struct event_bus *b = calloc(1, sizeof(*b));

	BUG_ON(!b);
	strbuf_init(&b->stamped, 0);
	strbuf_init(&b->own, 0);
	strbuf_init(&b->log.head, 0);
	return b;
}

void event_bus_add(struct event_bus *b, struct reporter *r)
{
	BUG_ON(b->n == MAX_REPORTERS);
	b->reporters[b->n++] = r;
}

/* Reads a record as it came. */
static bool decode(struct event_bus *b, struct str record, struct event *e)
{
	if (log_form_decode(&b->log, &b->scratch, record, e)) {
		return true;
	}
	if (!event_decode(&b->scratch, record, e)) {
		return false;
	}
	if (e->kind == EVENT_STEP_LOG) {
		log_form_learn(&b->log, record, e);
	}
	return true;
}

/* Stamps, decodes and hands out one record. */
static bool hand_out(struct event_bus *b, struct str record)
{
	struct arena_mark mark = arena_mark(&b->scratch);
	struct event e;
	bool ok = decode(b, record, &e);

	if (ok) {
		e.seq = ++b->seq;
		strbuf_reset(&b->stamped);
		event_stamp(&b->stamped, record, e.seq);
	}
	for (size_t i = 0; ok && i < b->n; i++) {
		struct reporter *r = b->reporters[i];

		b->failed[i] = b->failed[i] || !r->on_event(r, &e, strbuf_str(&b->stamped));
	}
	arena_rewind(&b->scratch, mark);
	return ok;
}

/* One that knows only single lines. */
static bool hand_lines(struct event_bus *b, struct reporter *r, const struct log_block *block)
{
	struct event e = block->e;
	struct str rest = block->text;
	bool ok = true;

	for (; ok && log_block_line(&rest, &e.u.step_log.line); e.seq++) {
		strbuf_reset(&b->stamped);
		log_block_record(&b->stamped, block, e.seq, e.u.step_log.line);
		ok = r->on_event(r, &e, strbuf_str(&b->stamped));
	}
	return ok;
}

/* A block's event is that of a line without text. */
static bool decode_block(struct event_bus *b, struct log_block *block)
{
	strbuf_reset(&b->own);
	strbuf_adds(&b->own, block->head);
	strbuf_adds(&b->own, STR("\"\"}\n"));
	return event_decode(&b->scratch, strbuf_str(&b->own), &block->e) &&
	       block->e.kind == EVENT_STEP_LOG;
}

static bool hand_out_block(struct event_bus *b, struct log_block *block)
{
	struct arena_mark mark = arena_mark(&b->scratch);
	bool ok = decode_block(b, block);

	block->e.seq = b->seq + 1;
	b->seq += ok ? block->n : 0;
	for (size_t i = 0; ok && i < b->n; i++) {
		struct reporter *r = b->reporters[i];

		b->failed[i] = b->failed[i] ||
			       !(r->on_block ? r->on_block(r, block) : hand_lines(b, r, block));
	}
	arena_rewind(&b->scratch, mark);
	return ok;
}

static void tell(struct event_bus *b, struct reporter *r)
{
	char text[256];
	struct event e = { .kind = EVENT_RUN_NOTE };

	(void)snprintf(text, sizeof(text), "the %s report is switched off: %s", r->name,
		       r->error ? strerror(r->error) : "it cannot be written");
	e.u.run_note.level = STR("warning");
	e.u.run_note.message = str_of(text);
	if (!b->failure[0]) {
		memcpy(b->failure, text, sizeof(text));
	}
	strbuf_reset(&b->own);
	event_emit(&b->own, NULL, &e);
	hand_out(b, strbuf_str(&b->own));
}

/* A reporter may fail while it is told of another's failure, so this goes on until none is new. */
static void tell_failures(struct event_bus *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->failed[i] && !b->told[i]) {
			b->told[i] = true;
			tell(b, b->reporters[i]);
			i = (size_t)-1;
		}
	}
}

bool event_bus_record(struct event_bus *b, struct str record)
{
	bool ok = hand_out(b, record);

	tell_failures(b);
	return ok;
}

bool event_bus_block(struct event_bus *b, struct log_block *block)
{
	bool ok = hand_out_block(b, block);

	tell_failures(b);
	return ok;
}

void event_bus_emit(struct event_bus *b, struct masker *m, const struct event *e)
{
	strbuf_reset(&b->own);
	event_emit(&b->own, m, e);
	BUG_ON(!event_bus_record(b, strbuf_str(&b->own)));
}

void event_bus_flush(struct event_bus *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct reporter *r = b->reporters[i];

		b->failed[i] = b->failed[i] || (r->flush && !r->flush(r));
	}
	tell_failures(b);
}

const char *event_bus_failure(const struct event_bus *b)
{
	return b->failure[0] ? b->failure : NULL;
}

void event_bus_free(struct event_bus *b)
{
	if (!b) {
		return;
	}
	event_bus_flush(b);
	for (size_t i = 0; i < b->n; i++) {
		b->reporters[i]->finish(b->reporters[i]);
	}
	strbuf_release(&b->stamped);
	strbuf_release(&b->own);
	strbuf_release(&b->log.head);
	arena_release(&b->scratch);
	free(b);
}
