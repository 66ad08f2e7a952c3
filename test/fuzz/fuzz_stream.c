/*
 * fuzz_stream.c - any bytes as a step's output, as a file command and as an event record.
 *
 * Checked beyond "no fault": the lines do not depend on where chunks end, and a line survives its
 * way through a record.
 */
#include <stdint.h>
#include <stdlib.h>

#include "actc/event.h"
#include "actc/stream.h"
#include "actc/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void through_record(struct arena *a, struct str line)
{
	struct strbuf record = STRBUF_INIT(0);
	struct event e = { .kind = EVENT_STEP_LOG, .t_us = 1, .job = STR("j"), .step = STR("1") };
	struct event back;

	e.u.step_log.line = line;
	event_emit(&record, NULL, &e);
	if (!event_decode(a, strbuf_str(&record), &back) || !str_eq(back.u.step_log.line, line) ||
	    back.t_us != 1) {
		abort();
	}
	strbuf_release(&record);
}

static void on_line(void *ctx, struct str line)
{
	struct arena a = ARENA_INIT;
	struct command c;

	if (!utf8_valid(line)) {
		abort();
	}
	if (command_parse(&a, line, &c)) {
		(void)command_property(&c, STR("file"));
	}
	(void)command_is_resume(line, STR("token"));
	through_record(&a, line);
	strbuf_adds(ctx, line);
	strbuf_addc(ctx, '\n');
	arena_release(&a);
}

static void split(struct str bytes, size_t chunk, struct strbuf *out)
{
	struct line_splitter s;

	line_splitter_init(&s, on_line, out);
	for (size_t at = 0; at < bytes.len; at += chunk) {
		line_splitter_feed(&s, str_slice(bytes, at, at + chunk));
	}
	line_splitter_finish(&s);
	line_splitter_release(&s);
}

static void on_pair(void *ctx, struct str name, struct str value)
{
	*(size_t *)ctx += name.len + value.len;
}

static void as_file(struct str bytes)
{
	struct arena a = ARENA_INIT;
	struct str why;
	size_t total = 0;
	struct str text = filecmd_decode(&a, bytes);

	if (!utf8_valid(text)) {
		abort();
	}
	(void)filecmd_parse(&a, text, on_pair, &total, &why);
	if (total > text.len) {
		abort();
	}
	arena_release(&a);
}

/* What is taken for a record can be written again and means the same. */
static void as_record(struct str bytes)
{
	struct arena a = ARENA_INIT;
	struct strbuf once = STRBUF_INIT(0);
	struct strbuf twice = STRBUF_INIT(0);
	struct event e;

	if (event_decode(&a, bytes, &e)) {
		e.t_us = 1;
		event_emit(&once, NULL, &e);
		if (!event_decode(&a, strbuf_str(&once), &e)) {
			abort();
		}
		event_emit(&twice, NULL, &e);
		if (!str_eq(strbuf_str(&once), strbuf_str(&twice))) {
			abort();
		}
	}
	strbuf_release(&once);
	strbuf_release(&twice);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole = STRBUF_INIT(0);
	struct strbuf parts = STRBUF_INIT(0);
	struct str bytes = str_mk((const char *)data, size);

	split(bytes, size ? size : 1, &whole);
	split(bytes, size ? data[0] % 7 + 1 : 1, &parts);
	if (!str_eq(strbuf_str(&whole), strbuf_str(&parts))) {
		abort();
	}
	as_file(bytes);
	as_record(bytes);
	strbuf_release(&whole);
	strbuf_release(&parts);
	return 0;
}
