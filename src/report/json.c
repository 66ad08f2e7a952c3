/*
 * json.c - `--json`: the records as they are.
 */
#include <stdlib.h>

#include "actc/err.h"
#include "actc/report.h"
#include "output.h"

struct json_reporter {
	struct reporter base;
	struct output out;
};

static bool json_flush(struct reporter *r)
{
	struct json_reporter *j = (struct json_reporter *)r;
	bool ok = output_flush(&j->out);

	r->error = j->out.error;
	return ok;
}

static bool json_event(struct reporter *r, const struct event *e, struct str record)
{
	struct json_reporter *j = (struct json_reporter *)r;

	(void)e;
	strbuf_adds(&j->out.pending, record);

	bool ok = output_settle(&j->out);

	r->error = j->out.error;
	return ok;
}

static bool json_block(struct reporter *r, const struct log_block *b)
{
	struct json_reporter *j = (struct json_reporter *)r;
	struct str rest = b->text, line;
	uint64_t seq = b->e.seq;
	bool ok = true;

	while (ok && log_block_line(&rest, &line)) {
		log_block_record(&j->out.pending, b, seq++, line);
		ok = output_settle(&j->out);
	}
	r->error = j->out.error;
	return ok;
}

static void json_finish(struct reporter *r)
{
	struct json_reporter *j = (struct json_reporter *)r;

	(void)output_flush(&j->out);
	output_release(&j->out);
	free(j);
}

struct reporter *report_json(int fd)
{
	struct json_reporter *j = calloc(1, sizeof(*j));

	BUG_ON(!j);
	j->base = (struct reporter){
		.name = "JSON",
		.on_event = json_event,
		.on_block = json_block,
		.flush = json_flush,
		.finish = json_finish,
	};
	output_init(&j->out, fd);
	return &j->base;
}
