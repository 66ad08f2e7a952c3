/* Unit tests of many log lines at once: they are what they would be one by one, masked, whatever a
 * reporter makes of them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/report.h"

static uint64_t seed;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const char *const secrets[] = { "hunter2", "a", "two words", "esc\\\"aped",
				       "line one\nline two" };
static const char *const parts[] = {
	"lorem ipsum ", "dolor",        "hunter2",    "hun\033[31mter2",
	"\033[0m",      "\t",           "caf\u00e9 ", "\u2713",
	"\xC2\x85",     "two words",    "\"quoted\"", "back\\slash",
	"line one",     "line two",     "\001",       "##[error]bad",
	"##[group]x",   "aHVudGVyMg==", "   ",        "\033]0;ti",
	"\u2028",       "tle\a",        "a",          "0123456789abcdef",
};

static void add_line(struct strbuf *text)
{
	for (unsigned n = rnd(6); n > 0; n--) {
		strbuf_adds(text, str_of(parts[rnd(sizeof(parts) / sizeof(parts[0]))]));
	}
	strbuf_addc(text, '\n');
}

static int temporary(void)
{
	char path[] = "/tmp/act-c-test-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	(void)unlink(path);
	return fd;
}

static void read_fd(int fd, struct strbuf *out)
{
	char chunk[4096];
	ssize_t n;

	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		strbuf_add(out, chunk, (size_t)n);
	}
}

/* A worker's records on one side, a bus with every kind of reporter on the other. */
struct rig {
	struct masker *m;
	struct log_head head;
	struct strbuf records;
	struct event_bus *bus;
	int json, text, colour, quiet;
	char kept[64];
};

static void pack(struct strbuf *out, struct masker *m, struct log_head *head, const struct event *e,
		 struct str text)
{
	struct log_block b;

	event_block(&b, m, head, e, text);
	log_block_pack_head(out, &b);
	strbuf_adds(out, b.text);
}

static struct event line_event(void)
{
	return (struct event){
		.kind = EVENT_STEP_LOG, .t_us = 7, .job = STR("build"), .step = STR("2")
	};
}

static struct reporter *text_to(int fd, bool colour, bool quiet)
{
	return report_text(&(struct text_options){
		.fd = fd, .status_fd = fd, .colour = colour, .terminal = colour, .quiet = quiet });
}

static void rig_init(struct rig *r, size_t limit)
{
	*r = (struct rig){ .m = masker_new(), .head = LOG_HEAD_INIT };
	strbuf_init(&r->records, 0);
	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (rnd(2)) {
			masker_add_secret(r->m, str_of(secrets[i]));
		}
	}
	r->bus = event_bus_new();
	r->json = temporary();
	r->text = temporary();
	r->colour = temporary();
	r->quiet = temporary();
	(void)snprintf(r->kept, sizeof(r->kept), "/tmp/act-c-test-%d.ndjson", (int)getpid());
	event_bus_add(r->bus, report_json(r->json, -1));
	event_bus_add(r->bus, text_to(r->text, false, false));
	event_bus_add(r->bus, text_to(r->colour, true, false));
	event_bus_add(r->bus, text_to(r->quiet, false, true));
	event_bus_add(r->bus, report_file(r->kept, limit));
}

static void take(struct rig *r)
{
	struct str rest = strbuf_str(&r->records);

	while (rest.len) {
		struct log_block b;
		size_t used = str_chr(rest, '\n', 0) + 1;

		if (rest.p[0] == LOG_BLOCK_MARK) {
			cr_assert_eq(log_block_unpack(rest, &b, &used), LOG_BLOCK_OK);
			cr_assert(event_bus_block(r->bus, &b));
		} else {
			cr_assert(event_bus_record(r->bus, str_slice(rest, 0, used)));
		}
		rest = str_slice(rest, used, rest.len);
	}
	strbuf_reset(&r->records);
}

static void emit_lines(struct rig *r, struct str text)
{
	struct event e = line_event();

	while (text.len) {
		e.u.step_log.line = str_cut(&text, '\n');
		event_emit_line(&r->records, r->m, &r->head, &e);
	}
	take(r);
}

static void emit_block(struct rig *r, struct str text)
{
	struct event e = line_event();

	if (text.len) {
		pack(&r->records, r->m, &r->head, &e, text);
	}
	take(r);
}

/* What a failed step's last lines are, too. */
static void emit_end(struct rig *r)
{
	struct event e = line_event();

	e.kind = EVENT_STEP_FINISHED;
	e.u.step_finished.name = STR("Print");
	e.u.step_finished.outcome = STR("failure");
	e.u.step_finished.conclusion = STR("failure");
	e.u.step_finished.reason = STR_EMPTY;
	event_emit(&r->records, r->m, &e);
	e.kind = EVENT_RUN_FINISHED;
	e.job = e.step = STR_EMPTY;
	e.u.run_finished.conclusion = STR("failure");
	e.u.run_finished.jobs = value_null();
	e.u.run_finished.exit_code = 1;
	e.u.run_finished.duration_ms = 5;
	event_emit(&r->records, r->m, &e);
	take(r);
}

/* All reports behind one another; the kept file's last. */
static void rig_release(struct rig *r, struct strbuf *out, struct strbuf *kept)
{
	const int fds[] = { r->json, r->text, r->colour, r->quiet };

	emit_end(r);
	event_bus_free(r->bus);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		read_fd(fds[i], out);
		(void)close(fds[i]);
	}

	int fd = open(r->kept, O_RDONLY);

	cr_assert_geq(fd, 0);
	read_fd(fd, kept);
	(void)close(fd);
	(void)unlink(r->kept);
	masker_free(r->m);
	log_head_release(&r->head);
	strbuf_release(&r->records);
}

static void one_round(uint64_t round, void (*emit)(struct rig *r, struct str text),
		      struct strbuf *out, struct strbuf *kept, size_t limit)
{
	struct rig r;

	seed = round;
	rig_init(&r, limit);
	for (unsigned blocks = 1 + rnd(5); blocks > 0; blocks--) {
		struct strbuf text = STRBUF_INIT(0);

		for (unsigned n = rnd(40); n > 0; n--) {
			add_line(&text);
		}
		emit(&r, strbuf_str(&text));
		strbuf_release(&text);
	}
	rig_release(&r, out, kept);
}

Test(block, is_what_its_lines_are_one_by_one)
{
	for (uint64_t round = 1; round <= 400; round++) {
		struct strbuf want = STRBUF_INIT(0), got = STRBUF_INIT(0);
		struct strbuf want_kept = STRBUF_INIT(0), kept = STRBUF_INIT(0);

		one_round(round, emit_lines, &want, &want_kept, 0);
		one_round(round, emit_block, &got, &kept, 0);
		cr_assert_str_eq(got.p, want.p, "round %d", (int)round);
		cr_assert_str_eq(kept.p, want_kept.p, "round %d", (int)round);
		strbuf_release(&want);
		strbuf_release(&got);
		strbuf_release(&want_kept);
		strbuf_release(&kept);
	}
}

/* --- the kept file ------------------------------------------------------------------------------
 */

/* The record is line number seq of those that numbered() writes; a note's range is skipped. */
static uint64_t check_record(struct str record, uint64_t next, unsigned *notes)
{
	struct arena a = ARENA_INIT;
	struct event e;
	unsigned long long first = 0, last = 0;

	cr_assert(event_decode(&a, record, &e), "%.*s", STR_ARG(record));
	if (e.kind == EVENT_RUN_NOTE) {
		cr_assert_eq(sscanf(e.u.run_note.message.p, "events %llu to %llu", &first, &last),
			     2);
		cr_assert_eq(first, next);
		(*notes)++;
		next = last;
	} else {
		cr_assert_eq(e.seq, next);
		if (e.kind == EVENT_STEP_LOG) {
			cr_assert_eq(strtoull(e.u.step_log.line.p, NULL, 10), next);
		}
	}
	arena_release(&a);
	return next + 1;
}

static void numbered(struct rig *r, size_t from, size_t n, void (*emit)(struct rig *, struct str))
{
	struct strbuf text = STRBUF_INIT(0);

	for (size_t i = from; i < from + n; i++) {
		strbuf_addf(&text, "%zu \"a line\" with a number\n", i);
	}
	emit(r, strbuf_str(&text));
	strbuf_release(&text);
}

/* Blocks and single lines mixed; whatever is lost, what is there is in order, and a note says what
 * is not. */
Test(block, the_kept_file_loses_its_middle_only)
{
	enum { LIMIT = 64 * 1024 };

	for (uint64_t round = 1; round <= 60; round++) {
		struct strbuf out = STRBUF_INIT(0), kept = STRBUF_INIT(0);
		struct rig r;
		size_t seq = 1;
		uint64_t next = 1;
		unsigned notes = 0;

		seed = round;
		rig_init(&r, LIMIT);
		masker_free(r.m); /* "a" would be one */
		r.m = masker_new();
		for (unsigned blocks = rnd(100); blocks > 0; blocks--) {
			size_t n = 1 + rnd(80);

			numbered(&r, seq, n, rnd(4) ? emit_block : emit_lines);
			seq += n;
		}
		rig_release(&r, &out, &kept);
		cr_assert_leq(kept.len, LIMIT + 1024);
		for (struct str rest = strbuf_str(&kept); rest.len;) {
			size_t end = str_chr(rest, '\n', 0) + 1;

			next = check_record(str_slice(rest, 0, end), next, &notes);
			rest = str_slice(rest, end, rest.len);
		}
		cr_assert_eq(next, seq + 2); /* and the two events of the end */
		cr_assert_leq(notes, 1);
		strbuf_release(&out);
		strbuf_release(&kept);
	}
}

/* --- packing ------------------------------------------------------------------------------------
 */

Test(block, is_read_when_all_of_it_is_there)
{
	struct log_head head = LOG_HEAD_INIT;
	struct event e = line_event();
	struct strbuf packed = STRBUF_INIT(0);
	struct log_block b;
	struct str line;
	size_t used = 0;

	pack(&packed, NULL, &head, &e, STR("one\n\n#3\n"));
	strbuf_adds(&packed, STR("{\"more\""));
	for (size_t n = 1; n < packed.len - 7; n++) {
		cr_assert_eq(log_block_unpack(str_mk(packed.p, n), &b, &used), LOG_BLOCK_MORE,
			     "%zu", n);
	}
	cr_assert_eq(log_block_unpack(strbuf_str(&packed), &b, &used), LOG_BLOCK_OK);
	cr_assert_eq(used, packed.len - 7);
	cr_assert_eq(b.n, 3);
	cr_assert(b.plain && b.escapes == 0);
	cr_assert(log_block_line(&b.text, &line) && str_eq(line, STR("one")));
	cr_assert(log_block_line(&b.text, &line) && str_eq(line, STR_EMPTY));
	cr_assert(log_block_line(&b.text, &line) && str_eq(line, STR("#3")));
	cr_assert(!log_block_line(&b.text, &line));
	log_head_release(&head);
	strbuf_release(&packed);
}

Test(block, tells_what_its_text_holds)
{
	static const struct {
		struct str text;
		size_t escapes;
		bool plain;
	} rows[] = {
		{ STR_INIT("a line that is longer than a piece\n"), 0, true },
		{ STR_INIT("caf\u00e9, and \u2713\n"), 0, true },
		{ STR_INIT("\u2018quoted\u2019 with \U0001F642, in more than sixty-four bytes of "
			   "text, and "
			   "a last one\n"),
		  0, true },
		{ STR_INIT("\ttab\n"), 5, true },
		{ STR_INIT("\"quoted\" and back\\slash, in more than sixteen bytes\n"), 3, true },
		{ STR_INIT("0123456789abcdef\033[31m\n"), 5, false },
		{ STR_INIT("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\u202E, "
			   "which "
			   "lies across the end of a group\n"),
		  0, false },
		{ STR_INIT("\177\n"), 0, false },
		{ STR_INIT("0123456789abcdef\xC2\x85\n"), 0, false },
	};
	struct log_head head = LOG_HEAD_INIT;
	struct event e = line_event();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct log_block b;

		event_block(&b, NULL, &head, &e, rows[i].text);
		cr_expect_eq(b.n, 1, "row %zu", i);
		cr_expect_eq(b.escapes, rows[i].escapes, "row %zu: %zu", i, b.escapes);
		cr_expect_eq(b.plain, rows[i].plain, "row %zu", i);
	}
	log_head_release(&head);
}

static const char *const bad[] = {
	"#\n",
	"#3\n",
	"#3 4\n",
	"#3 4 5\n",
	"#3 4 5 {\n",
	"#3 4 5 0 {\n",
	"#3 4 5 0 1\n",
	"# 3 4 5 0 1 {\n",
	"#a 4 5 0 1 {\n",
	"#3 -4 5 0 1 {\n",
	"{}\n",
	"#3 99999999999999999999999 5 0 1 {\n",
};

Test(block, what_is_none_is_refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct log_block b;
		size_t used = 0;

		cr_assert_eq(log_block_unpack(str_of(bad[i]), &b, &used), LOG_BLOCK_BAD, "%s",
			     bad[i]);
	}
}
