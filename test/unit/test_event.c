/* Unit tests of events: records, masking inside them, decoding, the bus, and the schema. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/event.h"

static struct event log_event(const char *line)
{
	struct event e = { .kind = EVENT_STEP_LOG, .t_us = 1700000000000042 };

	e.job = STR("build");
	e.step = STR("2");
	e.u.step_log.line = str_of(line);
	return e;
}

/* --- records -----------------------------------------------------------------------------------
 */

Test(event, a_record_has_its_members_in_order)
{
	struct strbuf out = STRBUF_INIT(0);
	struct event e = log_event("hi");

	e.seq = 7;
	event_emit(&out, NULL, &e);
	cr_assert_str_eq(out.p, "{\"v\":1,\"seq\":7,\"t\":1700000000.000042,\"event\":\"step.log\","
				"\"job\":\"build\",\"step\":\"2\",\"line\":\"hi\"}\n");
	strbuf_release(&out);
}

Test(event, what_is_empty_or_none_is_left_out_unless_required)
{
	struct strbuf out = STRBUF_INIT(0);
	struct event e = { .kind = EVENT_STEP_FINISHED, .t_us = 1000000, .job = STR("a") };

	e.u.step_finished.exit_code = -1;
	event_emit(&out, NULL, &e);
	cr_assert_str_eq(out.p, "{\"v\":1,\"t\":1.000000,\"event\":\"step.finished\",\"job\":\"a\","
				"\"name\":\"\",\"outcome\":\"\",\"conclusion\":\"\","
				"\"duration_ms\":0}\n");
	strbuf_reset(&out);
	e = (struct event){ .kind = EVENT_STEP_ENDGROUP, .t_us = 1500000 };
	event_emit(&out, NULL, &e);
	cr_assert_str_eq(out.p, "{\"v\":1,\"t\":1.500000,\"event\":\"step.endgroup\"}\n");
	strbuf_release(&out);
}

static const struct {
	struct str in;
	const char *json;
} strings[] = {
	{ { "", 0 }, "" },
	{ { "plain text that is longer than a word", 37 },
	  "plain text that is longer than a word" },
	{ { "a\"b\\c/d", 7 }, "a\\\"b\\\\c/d" },
	{ { "\0\x01\b\t\n\v\f\r\x1B\x1F\x7F", 11 },
	  "\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001b\\u001f\x7F" },
	{ { "gr\xC3\xBC\xC3\x9F\xF0\x9F\x98\x80", 10 }, "grüß😀" },
	{ { "1234567\xFF"
	    "12345678\xC3",
	    17 },
	  "1234567\uFFFD12345678\uFFFD" },
	{ { "12345678\xE2\x82\xAC\"", 12 }, "12345678€\\\"" },
};

Test(event, strings_are_escaped_and_come_back)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct arena a = ARENA_INIT;
		struct strbuf out = STRBUF_INIT(0);
		struct strbuf again = STRBUF_INIT(0);
		struct event e = log_event("");
		struct event back;
		struct str want = arena_printf(&a, "\"line\":\"%s\"}\n", strings[i].json);

		e.u.step_log.line = strings[i].in;
		event_emit(&out, NULL, &e);
		cr_assert(str_ends(strbuf_str(&out), want), "row %zu: %s", i, out.p);
		cr_assert(event_decode(&a, strbuf_str(&out), &back), "row %zu", i);
		event_emit(&again, NULL, &back);
		cr_assert_str_eq(again.p, out.p, "row %zu", i);
		strbuf_release(&out);
		strbuf_release(&again);
		arena_release(&a);
	}
}

Test(event, the_time_is_now_when_none_is_given)
{
	struct arena a = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(0);
	struct event e = log_event("x");

	e.t_us = 0;
	event_emit(&out, NULL, &e);
	cr_assert(event_decode(&a, strbuf_str(&out), &e));
	cr_assert_gt(e.t_us, (int64_t)1700000000 * 1000000);
	strbuf_release(&out);
	arena_release(&a);
}

Test(event, a_stamp_is_the_same_as_a_seq_from_the_start)
{
	struct strbuf bare = STRBUF_INIT(0);
	struct strbuf stamped = STRBUF_INIT(0);
	struct strbuf want = STRBUF_INIT(0);
	struct event e = log_event("x");

	event_emit(&bare, NULL, &e);
	event_stamp(&stamped, strbuf_str(&bare), 12345678901);
	e.seq = 12345678901;
	event_emit(&want, NULL, &e);
	cr_assert_str_eq(stamped.p, want.p);
	strbuf_release(&bare);
	strbuf_release(&stamped);
	strbuf_release(&want);
}

/* --- masking -----------------------------------------------------------------------------------
 */

static struct masker *masker_with(const char *secret)
{
	struct masker *m = masker_new();

	masker_add_secret(m, str_of(secret));
	return m;
}

static void expect_masked(const struct event *e, const char *secret)
{
	struct masker *m = masker_with(secret);
	struct strbuf out = STRBUF_INIT(0);

	event_emit(&out, m, e);
	cr_assert(str_find(strbuf_str(&out), str_of(secret), 0) == STR_NPOS, "%s", out.p);
	cr_assert(str_find(strbuf_str(&out), STR("***"), 0) != STR_NPOS, "%s", out.p);
	strbuf_release(&out);
	masker_free(m);
}

Test(event, every_string_is_masked)
{
	struct str s = STR("a hunter2 b");
	struct event events[] = {
		{ .kind = EVENT_STEP_LOG, .u.step_log.line = s },
		{ .kind = EVENT_STEP_GROUP, .u.step_group.title = s },
		{ .kind = EVENT_STEP_SUMMARY, .u.step_summary.markdown = s },
		{ .kind = EVENT_STEP_STARTED, .u.step_started.name = s },
		{ .kind = EVENT_STEP_FINISHED, .u.step_finished = { .name = s, .reason = s } },
		{ .kind = EVENT_STEP_ANNOTATION,
		  .u.step_annotation = { .message = s, .title = s, .file = s } },
		{ .kind = EVENT_JOB_FINISHED, .u.job_finished = { .name = s, .reason = s } },
		{ .kind = EVENT_RUN_NOTE, .u.run_note.message = s },
		{ .kind = EVENT_DEBUG, .u.debug.message = s },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		expect_masked(&events[i], "hunter2");
	}
}

Test(event, strings_and_keys_inside_values_are_masked)
{
	struct arena a = ARENA_INIT;
	struct vobject *o = vobject_new(&a, false);
	struct varray *list = varray_new(&a);
	struct event e = { .kind = EVENT_JOB_FINISHED };

	varray_push(&a, list, value_str(STR("hunter2")));
	varray_push(&a, list, value_number(1.5));
	vobject_set(&a, o, STR("list"), value_array(list));
	vobject_set(&a, o, STR("khunter2"), value_bool(true));
	e.u.job_finished.outputs = value_object(o);
	expect_masked(&e, "hunter2");
	arena_release(&a);
}

/* A secret that happens to be one of the program's words must not break readers. */
Test(event, words_and_identities_are_not_masked)
{
	struct masker *m = masker_with("build");
	struct arena a = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(0);
	struct event e = { .kind = EVENT_STEP_FINISHED, .job = STR("build"), .step = STR("2") };

	masker_add_secret(m, STR("success"));
	masker_add_secret(m, STR("2"));
	e.u.step_finished.name = STR("build 2");
	e.u.step_finished.outcome = STR("success");
	e.u.step_finished.conclusion = STR("success");
	event_emit(&out, m, &e);
	cr_assert(event_decode(&a, strbuf_str(&out), &e));
	cr_assert(str_eq(e.job, STR("build")));
	cr_assert(str_eq(e.step, STR("2")));
	cr_assert(str_eq(e.u.step_finished.outcome, STR("success")));
	cr_assert(str_eq(e.u.step_finished.name, STR("*** ***")));
	strbuf_release(&out);
	arena_release(&a);
	masker_free(m);
}

Test(event, escape_sequences_do_not_hide_a_secret)
{
	struct masker *m = masker_with("hunter2");
	struct strbuf out = STRBUF_INIT(0);
	struct event e = log_event("\x1B[31mhun\x1B[0mter2\x1B[0m ok");

	event_emit(&out, m, &e);
	cr_assert(str_ends(strbuf_str(&out), STR("\"line\":\"*** ok\"}\n")), "%s", out.p);
	strbuf_reset(&out);
	e = log_event("\x1B[31mhunter2\x1B[0m ok");
	event_emit(&out, m, &e);
	cr_assert(str_ends(strbuf_str(&out), STR("\"line\":\"\\u001b[31m***\\u001b[0m ok\"}\n")),
		  "colours stay where nothing is hidden: %s", out.p);
	strbuf_release(&out);
	masker_free(m);
}

/* --- decoding ----------------------------------------------------------------------------------
 */

Test(event, members_may_come_in_any_order_and_unknown_ones_are_skipped)
{
	struct arena a = ARENA_INIT;
	struct event e;

	cr_assert(event_decode(&a,
			       STR("{ \"line\" : \"\\u00e9\\ud83d\\ude00\\/\" , \"new\":[{\"a\":"
				   "[1,-2.5e3,null,true,\"}\\\"\"]}], \"step\":\"4/2\",\"t\":1.5,"
				   "\"event\":\"step.log\",\"v\":1,\"seq\":3 } \n"),
			       &e));
	cr_assert_eq(e.kind, EVENT_STEP_LOG);
	cr_assert_eq(e.seq, 3);
	cr_assert_eq(e.t_us, 1500000);
	cr_assert(str_eq(e.step, STR("4/2")));
	cr_assert(str_eq(e.u.step_log.line, STR("é😀/")));
	cr_assert_eq(e.job.len, 0);
	arena_release(&a);
}

Test(event, absent_members_mean_none)
{
	struct arena a = ARENA_INIT;
	struct event e;

	cr_assert(event_decode(&a, STR("{\"v\":1,\"event\":\"step.finished\"}"), &e));
	cr_assert_eq(e.u.step_finished.exit_code, -1);
	cr_assert_eq(e.u.step_finished.name.len, 0);
	cr_assert_not_null(e.u.step_finished.name.p);
	cr_assert(event_decode(&a, STR("{\"v\":1,\"event\":\"job.finished\"}"), &e));
	cr_assert_eq(e.u.job_finished.outputs.kind, VALUE_NULL);
	cr_assert_not(e.u.job_finished.continued);
	arena_release(&a);
}

static const char *const refused[] = {
	"",
	"{",
	"{}",
	"[]",
	"null",
	"{\"v\":1}",
	"{\"v\":2,\"event\":\"step.log\",\"line\":\"x\"}",
	"{\"v\":1,\"event\":\"new.kind\"}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"x\"",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"x}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"x\\\"}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"\\x\"}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"\\u12g4\"}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":1}",
	"{\"v\":1,\"event\":\"step.log\" \"line\":\"x\"}",
	"{\"v\":1,\"event\":\"step.log\",\"line\":\"x\"}{",
	"{\"v\":1,\"event\":\"step.log\",\"seq\":-1}",
	"{\"v\":1,\"event\":\"step.finished\",\"exit_code\":\"1\"}",
	"{\"v\":1,\"event\":\"job.finished\",\"outputs\":{]}",
	"{\"v\":1,\"event\":\"job.finished\",\"continued\":1}",
	"{\"v\":1,\"event\":\"step.log\",\"new\":[}",
};

Test(event, what_is_no_record_of_ours_is_refused)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct arena a = ARENA_INIT;
		struct event e;
		/* Exactly sized, so that the sanitizer sees a read beyond it. */
		size_t len = strlen(refused[i]);
		char *copy = malloc(len ? len : 1);

		memcpy(copy, refused[i], len);
		cr_assert_not(event_decode(&a, str_mk(copy, len), &e), "%s", refused[i]);
		free(copy);
		arena_release(&a);
	}
}

/* Every kind with every field set survives encoding and decoding. */
Test(event, every_kind_comes_back_as_it_was)
{
	struct arena a = ARENA_INIT;
	FILE *f = fopen("testdata/streams/kinds.ndjson", "r");
	char line[4096];
	unsigned seen = 0;

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct event e;
		struct strbuf again = STRBUF_INIT(0);

		cr_assert(event_decode(&a, str_of(line), &e), "%s", line);
		event_emit(&again, NULL, &e);
		cr_assert_str_eq(again.p, line);
		seen |= 1u << e.kind;
		strbuf_release(&again);
	}
	(void)fclose(f);
	cr_assert_eq(seen, (1u << EVENT_KINDS) - 1, "kinds.ndjson has every kind");
	arena_release(&a);
}

/* --- the bus -----------------------------------------------------------------------------------
 */

struct probe {
	struct reporter reporter;
	struct strbuf seen;
	int fail_at; /* which event fails, from 1 */
	bool fail_flush;
	int events, flushes;
	bool finished;
};

static bool probe_event(struct reporter *r, const struct event *e, struct str record)
{
	struct probe *p = (struct probe *)r;

	cr_assert(str_ends(record, STR("}\n")));
	strbuf_addf(&p->seen, "%d:%.*s ", (int)e->seq, STR_ARG(event_kind_name(e->kind)));
	if (++p->events == p->fail_at) {
		r->error = ENOSPC;
		return false;
	}
	return true;
}

static bool probe_flush(struct reporter *r)
{
	struct probe *p = (struct probe *)r;

	p->flushes++;
	return !p->fail_flush;
}

static void probe_finish(struct reporter *r)
{
	((struct probe *)r)->finished = true;
}

static struct probe probe_new(void)
{
	return (struct probe){ .reporter = { .name = "probe",
					     .on_event = probe_event,
					     .flush = probe_flush,
					     .finish = probe_finish },
			       .seen = STRBUF_INIT(0) };
}

Test(bus, stamps_one_order_over_all_sources)
{
	struct event_bus *bus = event_bus_new();
	struct probe p = probe_new();
	struct strbuf record = STRBUF_INIT(0);
	struct event e = log_event("x");
	struct event note = { .kind = EVENT_RUN_NOTE };

	event_bus_add(bus, &p.reporter);
	event_emit(&record, NULL, &e);
	event_bus_emit(bus, NULL, &note);
	cr_assert(event_bus_record(bus, strbuf_str(&record)));
	cr_assert_not(event_bus_record(bus, STR("rubbish\n")));
	cr_assert(event_bus_record(bus, strbuf_str(&record)));
	event_bus_flush(bus);
	cr_assert_str_eq(p.seen.p, "1:run.note 2:step.log 3:step.log ");
	cr_assert_eq(p.flushes, 1);
	event_bus_free(bus);
	cr_assert(p.finished);
	strbuf_release(&record);
	strbuf_release(&p.seen);
}

/* Lines that came at once take a shorter way in and out: what reporters get must be the same. */
static const struct {
	struct str job, step, line;
	int64_t t_us;
} lines[] = {
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT("first"), 1700000000000042 },
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT("second, of the same step and time"),
	  1700000000000042 },
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT(""), 1700000000000042 },
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT("tab\t quote \" back \\ bell \a €"),
	  1700000000000042 },
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT("behind one with escapes hush"),
	  1700000000000042 },
	{ STR_INIT("build"), STR_INIT("1"), STR_INIT("x\"},{\"line\":\"y"), 1700000000000042 },
	{ STR_INIT("build"), STR_INIT("2"), STR_INIT("another step"), 1700000000000042 },
	{ STR_INIT("build"), STR_INIT("2"), STR_INIT("another time"), 1700000000100042 },
	{ STR_INIT("test \"x\""), STR_INIT("2"), STR_INIT("a job with quotes"), 1700000000100042 },
	{ STR_INIT("test \"x\""), STR_INIT("2"), STR_INIT("and again"), 1700000000100042 },
	{ STR_INIT("build"), STR_INIT("12"), STR_INIT("back"), 1700000000100042 },
};

struct compared {
	struct reporter reporter;
	size_t n;
};

static bool compare_event(struct reporter *r, const struct event *e, struct str record)
{
	struct compared *c = (struct compared *)r;
	struct arena a = ARENA_INIT;
	struct event whole;

	cr_assert(event_decode(&a, record, &whole), "%.*s", STR_ARG(record));
	cr_assert_eq(whole.seq, c->n + 1);
	cr_assert(e->kind == whole.kind && e->seq == whole.seq && e->t_us == whole.t_us);
	cr_assert(str_eq(e->job, whole.job) && str_eq(e->step, whole.step));
	cr_assert(str_eq(e->u.step_log.line, whole.u.step_log.line), "%.*s",
		  STR_ARG(e->u.step_log.line));
	cr_assert(str_eq(e->job, lines[c->n].job) && e->t_us == lines[c->n].t_us);
	c->n++;
	arena_release(&a);
	return true;
}

static void ignore_finish(struct reporter *r)
{
	(void)r;
}

Test(bus, lines_of_a_log_are_the_same_by_the_shorter_way)
{
	struct event_bus *bus = event_bus_new();
	struct compared c = { .reporter = { .name = "compared",
					    .on_event = compare_event,
					    .finish = ignore_finish } };
	struct log_head head = LOG_HEAD_INIT;
	struct masker *m = masker_new();

	masker_add_secret(m, STR("hush"));
	event_bus_add(bus, &c.reporter);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct strbuf shorter = STRBUF_INIT(0), whole = STRBUF_INIT(0);
		struct event e = { .kind = EVENT_STEP_LOG,
				   .t_us = lines[i].t_us,
				   .job = lines[i].job,
				   .step = lines[i].step };

		e.u.step_log.line = lines[i].line;
		event_emit_line(&shorter, m, &head, &e);
		event_emit(&whole, m, &e);
		cr_assert_str_eq(shorter.p, whole.p);
		cr_assert(event_bus_record(bus, strbuf_str(&shorter)));
		strbuf_release(&shorter);
		strbuf_release(&whole);
	}
	cr_assert_eq(c.n, sizeof(lines) / sizeof(lines[0]));
	event_bus_free(bus);
	log_head_release(&head);
	masker_free(m);
}

Test(event, a_record_tells_its_kind_at_once)
{
	struct strbuf out = STRBUF_INIT(0);
	struct event e = { .kind = EVENT_STEP_STARTED, .job = STR("event"), .step = STR("1") };

	event_emit(&out, NULL, &e);
	cr_assert(event_is(strbuf_str(&out), EVENT_STEP_STARTED));
	cr_assert_not(event_is(strbuf_str(&out), EVENT_STEP_LOG));
	cr_assert_not(event_is(STR("{"), EVENT_STEP_LOG));
	strbuf_release(&out);
}

Test(bus, a_reporter_that_fails_is_switched_off_and_the_others_are_told_once)
{
	struct event_bus *bus = event_bus_new();
	struct probe bad = probe_new();
	struct probe good = probe_new();
	struct event e = log_event("x");

	bad.fail_at = 2;
	event_bus_add(bus, &bad.reporter);
	event_bus_add(bus, &good.reporter);
	for (int i = 0; i < 3; i++) {
		event_bus_emit(bus, NULL, &e);
	}
	cr_assert_str_eq(bad.seen.p, "1:step.log 2:step.log ");
	cr_assert_str_eq(good.seen.p, "1:step.log 2:step.log 3:run.note 4:step.log ");
	good.fail_flush = true;
	event_bus_flush(bus);
	event_bus_emit(bus, NULL, &e);
	cr_assert_eq(good.events, 4);
	event_bus_free(bus);
	cr_assert(bad.finished && good.finished);
	strbuf_release(&bad.seen);
	strbuf_release(&good.seen);
}

/* --- the schema --------------------------------------------------------------------------------
 */

/* ACTC_TEST_UPDATE=1 writes the file anew. */
Test(event, the_schema_in_testdata_is_the_table)
{
	struct strbuf want = STRBUF_INIT(0);
	struct strbuf have = STRBUF_INIT(0);
	const char *path = "testdata/events.schema.json";
	FILE *f;
	int c;

	event_schema(&want);
	if (getenv("ACTC_TEST_UPDATE")) {
		f = fopen(path, "w");
		cr_assert_not_null(f);
		(void)fputs(want.p, f);
		(void)fclose(f);
	}
	f = fopen(path, "r");
	cr_assert_not_null(f);
	while ((c = fgetc(f)) != EOF) {
		strbuf_addc(&have, (char)c);
	}
	(void)fclose(f);
	cr_assert_str_eq(have.p, want.p, "update it: ACTC_TEST_UPDATE=1");
	strbuf_release(&want);
	strbuf_release(&have);
}
