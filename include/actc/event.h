/*
 * event.h - the product's spine: everything that happens in a run, as typed events.
 *
 * A job worker emits events; they are masked inside event_emit(), the only way out of a process,
 * and travel as one NDJSON line each on a pipe to the supervisor, which stamps `seq` and hands them
 * to the bus. Reporters read nothing else, so a kept run can be reported again.
 *
 * The record: {"v":1,"seq":N,"t":SECONDS,"event":"step.log","job":"build","step":"2", ...fields}.
 *
 *   v     rises only when something is removed or changes its meaning; readers ignore what they do
 *         not know
 *   seq   order within the run, from 1, without gaps
 *   t     seconds since the epoch with microseconds, from the process that emitted it
 *   job   path of job instances: "build", "test(3)", "deploy(eu)/test(3)"; absent for the run's
 *         own events
 *   step  "4", for inner steps "4/2", "setup", "complete"; absent for events of the job itself
 *
 * The fields of each kind are one table in src/event/table.c, from which encoding, decoding,
 * masking and testdata/events.schema.json are made. `job`, `step` and fields that hold a fixed word
 * or an id of this program are names that readers compare: they are never masked (what a workflow
 * calls its jobs is no secret, and a mask added midway would make one job two). All other strings
 * are, the keys and strings inside values too.
 */
#ifndef ACTC_EVENT_H
#define ACTC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/strbuf.h"
#include "actc/value.h"

enum { EVENT_VERSION = 1 };

enum event_kind {
	EVENT_RUN_STARTED,
	EVENT_RUN_PLANNED,
	EVENT_RUN_NOTE,
	EVENT_RUN_CANCELLING,
	EVENT_RUN_FINISHED,
	EVENT_JOB_WAITING,
	EVENT_JOB_STARTED,
	EVENT_JOB_FINISHED,
	EVENT_JOB_SKIPPED,
	EVENT_JOB_NOT_REHEARSED,
	EVENT_JOB_CONTACTED,
	EVENT_STEP_STARTED,
	EVENT_STEP_LOG,
	EVENT_STEP_GROUP,
	EVENT_STEP_ENDGROUP,
	EVENT_STEP_ANNOTATION,
	EVENT_STEP_SUMMARY,
	EVENT_STEP_FINISHED,
	EVENT_DEBUG,
	EVENT_KINDS,
};

/* Words of fields: conclusion and outcome are "success" "failure" "cancelled" "skipped"; a job may
 * also be "not_rehearsed". Durations are milliseconds. Empty strings, false, 0 where it means
 * "none", and null values are left out of the record, unless the table calls the field required.
 * In JSON the fields bear these names, except run_started.event, which is "event_name". */
struct event {
	enum event_kind kind;
	uint64_t seq;
	int64_t t_us; /* microseconds since the epoch; 0 = now, when emitted */
	struct str job;
	struct str step;
	union {
		struct {
			struct str run_id, version, engine, event, repository, ref, sha, directory;
			bool dirty; /* the working tree differs from HEAD */
		} run_started;
		struct {
			struct value
				workflows; /* [{path,name,jobs:[{id,name,needs:[],runs_on,if,…}]}]
					    */
		} run_planned;
		struct {
			struct str level; /* "info" "warning" "error" */
			struct str message;
		} run_note;
		struct {
			struct str reason;    /* "interrupt" "terminate" "timeout" */
			struct value running; /* [job › step names] */
		} run_cancelling;
		struct {
			struct str conclusion;
			int64_t exit_code, duration_ms;
			struct value jobs; /* {"success":3,"failure":1,…} */
		} run_finished;
		struct {
			struct str name, reason;
			struct str question; /* that a person is asked; or empty */
		} job_waiting;
		struct {
			struct str name, workflow, runs_on, engine, image, environment;
			struct value matrix;
			int64_t leg, legs; /* 1-based; legs is 0 without a matrix */
		} job_started;
		struct {
			struct str name, conclusion, reason;
			int64_t duration_ms;
			struct value outputs;        /* {name: value}, already without secrets */
			bool continued;              /* failed, but continue-on-error */
			struct str environment, url; /* what it deployed to, and where it is */
		} job_finished;
		struct {
			struct str name, reason;
		} job_skipped;
		struct {
			struct str name, reason, hint;
		} job_not_rehearsed;
		struct {
			struct value hosts; /* [{host,address,port,protocol}] */
			int64_t more;       /* that there was no room for */
			struct str unseen;  /* in words, what could not be seen; or empty */
		} job_contacted;
		struct {
			struct str name, id, phase; /* "setup" "pre" "main" "post" "complete" */
		} step_started;
		struct {
			struct str line; /* without its line end, UTF-8 */
		} step_log;
		struct {
			struct str title;
		} step_group;
		struct {
			struct str level; /* "error" "warning" "notice" */
			struct str message, title, file, code;
			int64_t line, end_line, col, end_col;
			struct str log; /* the line of the log that it was found in */
		} step_annotation;
		struct {
			struct str markdown;
		} step_summary;
		struct {
			struct str name, outcome, conclusion, reason;
			int64_t exit_code; /* of the entry process; -1 = none */
			int64_t duration_ms;
		} step_finished;
		struct {
			struct str source; /* "worker" "docker" "agent" "supervisor" */
			struct str message;
		} debug;
	} u;
};

struct str event_kind_name(enum event_kind kind);

/* The table of events as a JSON Schema; testdata/events.schema.json is this text. */
void event_schema(struct strbuf *out);

/* Masking (SEMANTICS 4.10). */
struct masker;
struct masker *masker_new(void);
void masker_free(struct masker *m);
/* A secret of the run: trimmed, whole and each line, with all its encodings. Blank ones are
 * ignored. */
void masker_add_secret(struct masker *m, struct str secret);
/* The secret of that name; the switches ACTIONS_STEP_DEBUG and ACTIONS_RUNNER_DEBUG hide nothing.
 */
void masker_add_named(struct masker *m, struct str name, struct str secret);
/* The value of ::add-mask:: : untrimmed, plus its trimmed lines, with encodings. */
void masker_add_mask(struct masker *m, struct str value);
/* Appends s with every hit replaced by ***; overlapping and adjacent hits are one. */
void masker_apply(struct masker *m, struct str s, struct strbuf *out);
bool masker_hits(struct masker *m, struct str s);
/* The largest offset at which s can be cut in two without a secret lying across the cut, as far as
 * s tells: 0 when there is none. For lines that are too long to be handed on whole. */
size_t masker_cut(struct masker *m, struct str s);

/* The one way out: masks every string and writes one record as one line into `out`. seq 0 is left
 * out (the supervisor stamps it); m may be NULL where there is nothing to mask. */
void event_emit(struct strbuf *out, struct masker *m, const struct event *e);
/* The same for a line of a log, with its time given: what the records of a step's lines that came
 * at once have in common is made only once. */
struct log_head {
	int64_t t_us;
	struct strbuf text, job, step;
};
#define LOG_HEAD_INIT                                             \
	{                                                         \
		0, STRBUF_INIT(0), STRBUF_INIT(0), STRBUF_INIT(0) \
	}
void event_emit_line(struct strbuf *out, struct masker *m, struct log_head *h,
		     const struct event *e);
void log_head_release(struct log_head *h);

/*
 * Lines of one step's log that came at once, as one piece: the form in which they travel from a
 * worker, and lie in a file that nobody may read yet. Each of them is an event, with a seq of its
 * own; whoever asks for records gets one a line. Packed it is "#N BYTES SEQ ESCAPES PLAIN HEAD\n"
 * and the text.
 */
struct log_block {
	size_t n;
	struct str head; /* of their records, up to the line */
	struct str text; /* masked; each line with \n behind it */
	size_t escapes;  /* how many bytes more the text has as strings of JSON */
	bool plain;      /* without what utf8_is_hostile() names, but \t and \n */
	struct event e;  /* what they have in common; seq is the first one's */
};
/* Masks the text (whole lines); e is a line's event without the line. What is in *b is borrowed,
 * from the masker, the head and the text. */
void event_block(struct log_block *b, struct masker *m, struct log_head *h, const struct event *e,
		 struct str text);
/* What stands before a block's text when it is packed. */
void log_block_pack_head(struct strbuf *out, const struct log_block *b);
enum log_block_status { LOG_BLOCK_OK, LOG_BLOCK_MORE, LOG_BLOCK_BAD };
/* Reads what is packed at the begin of `bytes`: a block when they begin with LOG_BLOCK_MARK. Only
 * .e.seq is set of its event; the strings are borrowed. */
enum { LOG_BLOCK_MARK = '#' };
enum log_block_status log_block_unpack(struct str bytes, struct log_block *b, size_t *used);
/* The next line of *rest (at first b->text), without its \n; false at the end. */
bool log_block_line(struct str *rest, struct str *line);
/* Appends one line's record. */
void log_block_record(struct strbuf *out, const struct log_block *b, uint64_t seq, struct str line);
/* How many bytes its records take. */
size_t log_block_size(const struct log_block *b);

/* Puts a seq into a record made by event_emit without one; the record is otherwise copied. */
void event_stamp(struct strbuf *out, struct str record, uint64_t seq);
/* Whether a record made by event_emit is of that kind; quick. */
bool event_is(struct str record, enum event_kind kind);
/* Reads a record made by event_emit; strings are in the arena or borrowed from the record. False
 * when it is none (an unknown kind, or not of this program). */
bool event_decode(struct arena *a, struct str record, struct event *out);

/*
 * Reporters. on_event borrows the event for the call only and must not block for long; `record` is
 * the same event as its NDJSON line. Output may be buffered; flush writes it. A reporter whose
 * output fails returns false, with errno's value in .error, and is switched off with one warning
 * to the others; it never fails the run.
 */
struct reporter {
	const char *name;
	bool (*on_event)(struct reporter *r, const struct event *e, struct str record);
	/* Many lines at once, with .e complete; NULL: each is handed to on_event. */
	bool (*on_block)(struct reporter *r, const struct log_block *b);
	bool (*flush)(struct reporter *r); /* NULL: nothing is buffered */
	void (*finish)(struct reporter *r);
	int error;
};

struct event_bus;
struct event_bus *event_bus_new(void);
void event_bus_free(struct event_bus *b); /* flushes and finishes the reporters */
void event_bus_add(struct event_bus *b, struct reporter *r);
/* Stamps a record that came from a worker and hands it to every reporter. One that cannot be
 * decoded is dropped: false. */
bool event_bus_record(struct event_bus *b, struct str record);
/* The same for many lines; gives the block its event. */
bool event_bus_block(struct event_bus *b, struct log_block *block);
/* Emits one of the supervisor's own. */
void event_bus_emit(struct event_bus *b, struct masker *m, const struct event *e);
/* Writes what the reporters hold back: call it before every wait, so that no line is late. */
void event_bus_flush(struct event_bus *b);
/* What the other reporters were told of the first one that failed; NULL = none has. For the case
 * that nobody is left who could show it. */
const char *event_bus_failure(const struct event_bus *b);

#endif
