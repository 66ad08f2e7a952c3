/*
 * table.c - the one table of event kinds and their fields.
 *
 * Whoever adds a kind or a field does it in event.h and here; encoder, decoder, masking and the
 * schema follow.
 */
#include "table.h"

#define OUTCOMES    "success failure cancelled skipped"
#define CONCLUSIONS OUTCOMES " not_rehearsed"

#define AT(kind, member) offsetof(struct event, u.kind.member)
/* MUST_x: a required field. */
/* clang-format off */
#define TEXT(k, m, about)         { STR_INIT(#m), FIELD_TEXT, false, 0, AT(k, m), NULL, about }
#define MUST_TEXT(k, m, about)    { STR_INIT(#m), FIELD_TEXT, true, 0, AT(k, m), NULL, about }
#define WORD(k, m, w, about)      { STR_INIT(#m), FIELD_WORD, false, 0, AT(k, m), w, about }
#define MUST_WORD(k, m, w, about) { STR_INIT(#m), FIELD_WORD, true, 0, AT(k, m), w, about }
#define INT(k, m, none, about)    { STR_INIT(#m), FIELD_INT, false, none, AT(k, m), NULL, about }
#define MUST_INT(k, m, about)     { STR_INIT(#m), FIELD_INT, true, 0, AT(k, m), NULL, about }
#define BOOL(k, m, about)         { STR_INIT(#m), FIELD_BOOL, false, 0, AT(k, m), NULL, about }
#define VALUE(k, m, about)        { STR_INIT(#m), FIELD_VALUE, false, 0, AT(k, m), NULL, about }
#define MUST_VALUE(k, m, about)   { STR_INIT(#m), FIELD_VALUE, true, 0, AT(k, m), NULL, about }

static const struct event_field run_started[] = {
	MUST_WORD(run_started, run_id, NULL, "names the run directory"),
	MUST_WORD(run_started, version, NULL, "of act-c"),
	WORD(run_started, engine, NULL, "where jobs run: docker, host, ..."),
	{ STR_INIT("event_name"), FIELD_WORD, true, 0, AT(run_started, event), NULL,
	  "the event that is rehearsed, as github.event_name" },
	TEXT(run_started, repository, "owner/name"),
	TEXT(run_started, ref, "as github.ref"),
	WORD(run_started, sha, NULL, "as github.sha"),
	TEXT(run_started, directory, "the repository's working tree"),
	BOOL(run_started, dirty, "the working tree differs from HEAD"),
};

static const struct event_field run_planned[] = {
	MUST_VALUE(run_planned, workflows,
		   "the selected files, each with path, name and jobs (id, name, needs, ...)"),
};

static const struct event_field run_note[] = {
	MUST_WORD(run_note, level, "info warning error", NULL),
	MUST_TEXT(run_note, message, NULL),
};

static const struct event_field run_cancelling[] = {
	MUST_WORD(run_cancelling, reason, "interrupt terminate timeout", NULL),
	VALUE(run_cancelling, running, "names of what still runs"),
};

static const struct event_field run_finished[] = {
	MUST_WORD(run_finished, conclusion, CONCLUSIONS, NULL),
	MUST_INT(run_finished, exit_code, "act-c's own exit status"),
	MUST_INT(run_finished, duration_ms, NULL),
	VALUE(run_finished, jobs, "how many jobs ended with which conclusion"),
};

static const struct event_field job_waiting[] = {
	MUST_TEXT(job_waiting, name, NULL),
	MUST_TEXT(job_waiting, reason, "for whom or what"),
	TEXT(job_waiting, question, "that a person at the terminal is asked"),
};

static const struct event_field job_started[] = {
	MUST_TEXT(job_started, name, "as shown by GitHub"),
	TEXT(job_started, workflow, "the file"),
	TEXT(job_started, runs_on, "the label that was asked for"),
	WORD(job_started, engine, NULL, NULL),
	TEXT(job_started, image, NULL),
	TEXT(job_started, environment, "that it deploys to"),
	VALUE(job_started, matrix, "this leg's values"),
	INT(job_started, leg, 0, "number of this leg, from 1"),
	INT(job_started, legs, 0, "how many legs there are"),
};

static const struct event_field job_finished[] = {
	MUST_TEXT(job_finished, name, NULL),
	MUST_WORD(job_finished, conclusion, CONCLUSIONS, NULL),
	TEXT(job_finished, reason, "why, when no step says it"),
	MUST_INT(job_finished, duration_ms, NULL),
	VALUE(job_finished, outputs, "those that hold no secret"),
	BOOL(job_finished, continued, "failed, but continue-on-error"),
	TEXT(job_finished, environment, "that it deployed to"),
	TEXT(job_finished, url, "of that environment, when the workflow says it"),
};

static const struct event_field job_skipped[] = {
	MUST_TEXT(job_skipped, name, NULL),
	TEXT(job_skipped, reason, NULL),
};

static const struct event_field job_not_rehearsed[] = {
	MUST_TEXT(job_not_rehearsed, name, NULL),
	MUST_TEXT(job_not_rehearsed, reason, NULL),
	TEXT(job_not_rehearsed, hint, "what to do so that it is"),
};

static const struct event_field job_contacted[] = {
	MUST_VALUE(job_contacted, hosts,
		   "outside of the job and its services, each with host (a name, or the address), "
		   "address, port and protocol (tcp, udp)"),
	INT(job_contacted, more, 0, "how many others there were"),
	TEXT(job_contacted, unseen, "what could not be seen"),
};

static const struct event_field step_started[] = {
	MUST_TEXT(step_started, name, NULL),
	WORD(step_started, id, NULL, "the step's id, if it has one"),
	MUST_WORD(step_started, phase, "setup pre main post complete", NULL),
};

static const struct event_field step_log[] = {
	MUST_TEXT(step_log, line, "without its line end"),
};

static const struct event_field step_group[] = {
	MUST_TEXT(step_group, title, NULL),
};

static const struct event_field step_annotation[] = {
	MUST_WORD(step_annotation, level, "error warning notice", NULL),
	MUST_TEXT(step_annotation, message, NULL),
	TEXT(step_annotation, title, NULL),
	TEXT(step_annotation, file, "relative to the repository"),
	INT(step_annotation, line, 0, "from 1"),
	INT(step_annotation, end_line, 0, NULL),
	INT(step_annotation, col, 0, "from 1"),
	INT(step_annotation, end_col, 0, NULL),
	TEXT(step_annotation, code, "as the tool calls this kind of problem"),
	TEXT(step_annotation, log, "what stands in the log instead of the message"),
};

static const struct event_field step_summary[] = {
	MUST_TEXT(step_summary, markdown, "what the step wrote to GITHUB_STEP_SUMMARY"),
};

static const struct event_field step_finished[] = {
	MUST_TEXT(step_finished, name, NULL),
	MUST_WORD(step_finished, outcome, OUTCOMES, "before continue-on-error"),
	MUST_WORD(step_finished, conclusion, OUTCOMES, "after continue-on-error"),
	TEXT(step_finished, reason, NULL),
	INT(step_finished, exit_code, -1, "of the entry process; absent when there was none"),
	MUST_INT(step_finished, duration_ms, NULL),
};

static const struct event_field debug[] = {
	MUST_WORD(debug, source, NULL, "worker, docker, agent, supervisor"),
	MUST_TEXT(debug, message, NULL),
};

#define TYPE(name, scope, fields, about) \
	{ STR_INIT(name), scope, sizeof(fields) / sizeof((fields)[0]), fields, about }

static const struct event_type types[EVENT_KINDS] = {
	[EVENT_RUN_STARTED] = TYPE("run.started", SCOPE_RUN, run_started, "the first event"),
	[EVENT_RUN_PLANNED] = TYPE("run.planned", SCOPE_RUN, run_planned, "what will be run"),
	[EVENT_RUN_NOTE] = TYPE("run.note", SCOPE_RUN, run_note, "act-c has something to say"),
	[EVENT_RUN_CANCELLING] = TYPE("run.cancelling", SCOPE_RUN, run_cancelling,
				      "the run was told to stop"),
	[EVENT_RUN_FINISHED] = TYPE("run.finished", SCOPE_RUN, run_finished, "the last event"),
	[EVENT_JOB_WAITING] = TYPE("job.waiting", SCOPE_JOB, job_waiting,
				   "it could start but for this"),
	[EVENT_JOB_STARTED] = TYPE("job.started", SCOPE_JOB, job_started, NULL),
	[EVENT_JOB_FINISHED] = TYPE("job.finished", SCOPE_JOB, job_finished,
				    "nothing of this job follows"),
	[EVENT_JOB_SKIPPED] = TYPE("job.skipped", SCOPE_JOB, job_skipped, "its `if` was false"),
	[EVENT_JOB_NOT_REHEARSED] = TYPE("job.not_rehearsed", SCOPE_JOB, job_not_rehearsed,
					 "nothing here can run it"),
	[EVENT_JOB_CONTACTED] =
		TYPE("job.contacted", SCOPE_JOB, job_contacted,
		     "which hosts its programs connected to, as far as its engine shows them"),
	[EVENT_STEP_STARTED] = TYPE("step.started", SCOPE_STEP, step_started, NULL),
	[EVENT_STEP_LOG] = TYPE("step.log", SCOPE_STEP, step_log, "one line of output"),
	[EVENT_STEP_GROUP] = TYPE("step.group", SCOPE_STEP, step_group, "lines that can be folded"),
	[EVENT_STEP_ENDGROUP] = { STR_INIT("step.endgroup"), SCOPE_STEP, 0, NULL, NULL },
	[EVENT_STEP_ANNOTATION] = TYPE("step.annotation", SCOPE_JOB, step_annotation,
				       "an error, warning or notice"),
	[EVENT_STEP_SUMMARY] = TYPE("step.summary", SCOPE_STEP, step_summary, NULL),
	[EVENT_STEP_FINISHED] = TYPE("step.finished", SCOPE_STEP, step_finished,
				     "nothing of this step follows"),
	[EVENT_DEBUG] = TYPE("debug", SCOPE_RUN, debug, "what happens inside act-c"),
};
/* clang-format on */

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
