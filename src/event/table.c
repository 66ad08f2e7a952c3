/*
 * table.c - the one table of event kinds and their fields.
 *
 * Whoever adds a kind or a field does it in event.h and here; encoder, decoder and masking follow,
 * and the test that compares this table with testdata/events.schema.json says what to add there.
 */
#include "table.h"

#define OUTCOMES "success failure cancelled skipped"

#define AT(kind, member) offsetof(struct event, u.kind.member)
#define NAME(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

#define TEXT(k, m)                                             \
	{                                                      \
		NAME(#m), FIELD_TEXT, false, 0, AT(k, m), NULL \
	}
#define MUST_TEXT(k, m)                                       \
	{                                                     \
		NAME(#m), FIELD_TEXT, true, 0, AT(k, m), NULL \
	}
#define WORD(k, m, w)                                       \
	{                                                   \
		NAME(#m), FIELD_WORD, false, 0, AT(k, m), w \
	}
#define MUST_WORD(k, m, w)                                 \
	{                                                  \
		NAME(#m), FIELD_WORD, true, 0, AT(k, m), w \
	}
#define INT(k, m, none)                                          \
	{                                                        \
		NAME(#m), FIELD_INT, false, none, AT(k, m), NULL \
	}
#define MUST_INT(k, m)                                       \
	{                                                    \
		NAME(#m), FIELD_INT, true, 0, AT(k, m), NULL \
	}
#define BOOL(k, m)                                             \
	{                                                      \
		NAME(#m), FIELD_BOOL, false, 0, AT(k, m), NULL \
	}
#define VALUE(k, m)                                             \
	{                                                       \
		NAME(#m), FIELD_VALUE, false, 0, AT(k, m), NULL \
	}
#define MUST_VALUE(k, m)                                       \
	{                                                      \
		NAME(#m), FIELD_VALUE, true, 0, AT(k, m), NULL \
	}

static const struct event_field run_started[] = {
	MUST_WORD(run_started, run_id, NULL),
	MUST_WORD(run_started, version, NULL),
	WORD(run_started, engine, NULL),
	{ NAME("event_name"), FIELD_WORD, true, 0, AT(run_started, event), NULL },
	TEXT(run_started, repository),
	TEXT(run_started, ref),
	WORD(run_started, sha, NULL),
	TEXT(run_started, directory),
	BOOL(run_started, dirty),
};

static const struct event_field run_planned[] = {
	MUST_VALUE(run_planned, workflows),
};

static const struct event_field run_note[] = {
	MUST_WORD(run_note, level, "info warning error"),
	MUST_TEXT(run_note, message),
};

static const struct event_field run_cancelling[] = {
	MUST_WORD(run_cancelling, reason, "interrupt terminate timeout"),
	VALUE(run_cancelling, running),
};

static const struct event_field run_finished[] = {
	MUST_WORD(run_finished, conclusion, OUTCOMES " not_rehearsed"),
	MUST_INT(run_finished, exit_code),
	MUST_INT(run_finished, duration_ms),
	VALUE(run_finished, jobs),
};

static const struct event_field job_started[] = {
	MUST_TEXT(job_started, name),    TEXT(job_started, workflow), TEXT(job_started, runs_on),
	WORD(job_started, engine, NULL), TEXT(job_started, image),    VALUE(job_started, matrix),
	INT(job_started, leg, 0),        INT(job_started, legs, 0),
};

static const struct event_field job_finished[] = {
	MUST_TEXT(job_finished, name),
	MUST_WORD(job_finished, conclusion, OUTCOMES " not_rehearsed"),
	TEXT(job_finished, reason),
	MUST_INT(job_finished, duration_ms),
	VALUE(job_finished, outputs),
	BOOL(job_finished, continued),
};

static const struct event_field job_skipped[] = {
	MUST_TEXT(job_skipped, name),
	TEXT(job_skipped, reason),
};

static const struct event_field job_not_rehearsed[] = {
	MUST_TEXT(job_not_rehearsed, name),
	MUST_TEXT(job_not_rehearsed, reason),
	TEXT(job_not_rehearsed, hint),
};

static const struct event_field step_started[] = {
	MUST_TEXT(step_started, name),
	WORD(step_started, id, NULL),
	MUST_WORD(step_started, phase, "setup pre main post complete"),
};

static const struct event_field step_log[] = {
	MUST_TEXT(step_log, line),
};

static const struct event_field step_group[] = {
	MUST_TEXT(step_group, title),
};

static const struct event_field step_annotation[] = {
	MUST_WORD(step_annotation, level, "error warning notice"),
	MUST_TEXT(step_annotation, message),
	TEXT(step_annotation, title),
	TEXT(step_annotation, file),
	INT(step_annotation, line, 0),
	INT(step_annotation, end_line, 0),
	INT(step_annotation, col, 0),
	INT(step_annotation, end_col, 0),
};

static const struct event_field step_summary[] = {
	MUST_TEXT(step_summary, markdown),
};

static const struct event_field step_finished[] = {
	MUST_TEXT(step_finished, name),
	MUST_WORD(step_finished, outcome, OUTCOMES),
	MUST_WORD(step_finished, conclusion, OUTCOMES),
	TEXT(step_finished, reason),
	INT(step_finished, exit_code, -1),
	MUST_INT(step_finished, duration_ms),
};

static const struct event_field debug[] = {
	MUST_WORD(debug, source, NULL),
	MUST_TEXT(debug, message),
};

#define TYPE(name, fields)                                               \
	{                                                                \
		NAME(name), sizeof(fields) / sizeof((fields)[0]), fields \
	}

static const struct event_type types[EVENT_KINDS] = {
	[EVENT_RUN_STARTED] = TYPE("run.started", run_started),
	[EVENT_RUN_PLANNED] = TYPE("run.planned", run_planned),
	[EVENT_RUN_NOTE] = TYPE("run.note", run_note),
	[EVENT_RUN_CANCELLING] = TYPE("run.cancelling", run_cancelling),
	[EVENT_RUN_FINISHED] = TYPE("run.finished", run_finished),
	[EVENT_JOB_STARTED] = TYPE("job.started", job_started),
	[EVENT_JOB_FINISHED] = TYPE("job.finished", job_finished),
	[EVENT_JOB_SKIPPED] = TYPE("job.skipped", job_skipped),
	[EVENT_JOB_NOT_REHEARSED] = TYPE("job.not_rehearsed", job_not_rehearsed),
	[EVENT_STEP_STARTED] = TYPE("step.started", step_started),
	[EVENT_STEP_LOG] = TYPE("step.log", step_log),
	[EVENT_STEP_GROUP] = TYPE("step.group", step_group),
	[EVENT_STEP_ENDGROUP] = { NAME("step.endgroup"), 0, NULL },
	[EVENT_STEP_ANNOTATION] = TYPE("step.annotation", step_annotation),
	[EVENT_STEP_SUMMARY] = TYPE("step.summary", step_summary),
	[EVENT_STEP_FINISHED] = TYPE("step.finished", step_finished),
	[EVENT_DEBUG] = TYPE("debug", debug),
};

const struct event_type *event_type(enum event_kind kind)
{
	return &types[kind];
}

struct str event_kind_name(enum event_kind kind)
{
	return types[kind].name;
}

enum event_kind event_kind_of(struct str name)
{
	/* Nearly every record is a line of a log. */
	if (str_eq(name, types[EVENT_STEP_LOG].name)) {
		return EVENT_STEP_LOG;
	}
	for (int k = 0; k < EVENT_KINDS; k++) {
		if (str_eq(name, types[k].name)) {
			return (enum event_kind)k;
		}
	}
	return EVENT_KINDS;
}
