/*
 * json.c - `--json`: the records as they are. Only a question is told to people too, on stderr: the
 * one who is to answer it sits at the terminal, whoever reads the records.
 */
#include <stdlib.h>

#include "actc/err.h"
#include "actc/report.h"
#include "output.h"
#include "paint.h"

struct json_reporter {
	struct reporter base;
	struct output out;
	int ask_fd;
};

static bool json_flush(struct reporter *r)
{
	struct json_reporter *j = (struct json_reporter *)r;
	bool ok = output_flush(&j->out);

	r->error = j->out.error;
	return ok;
}

static void ask(struct json_reporter *j, const struct event *e)
{
	struct output out;
	struct painter p = { .out = &out.pending };

	output_init(&out, j->ask_fd);
	paint_text(&p, e->u.job_waiting.name);
	paint_printf(&p, " waits: ");
	paint_text(&p, e->u.job_waiting.reason);
	paint_printf(&p, "\n");
	paint_text(&p, e->u.job_waiting.question);
	paint_printf(&p, "\n");
	/* Who cannot be told may still have read the record. */
	(void)output_flush(&out);
	output_release(&out);
}

static bool json_event(struct reporter *r, const struct event *e, struct str record)
{
	struct json_reporter *j = (struct json_reporter *)r;

	bool question = e->kind == EVENT_JOB_WAITING && e->u.job_waiting.question.len > 0;

	strbuf_adds(&j->out.pending, record);

	bool ok = question ? output_flush(&j->out) : output_settle(&j->out);

	if (question && j->ask_fd >= 0) {
		ask(j, e);
	}
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

struct reporter *report_json(int fd, int ask_fd)
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
	j->ask_fd = ask_fd;
	output_init(&j->out, fd);
	return &j->base;
}
