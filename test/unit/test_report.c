/* Golden and unit tests of the reporters, from recorded event streams. ACTC_TEST_UPDATE=1 writes
 * the expected texts anew. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/report.h"

static void read_fd(int fd, struct strbuf *out)
{
	char chunk[4096];
	ssize_t n;

	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		strbuf_add(out, chunk, (size_t)n);
	}
}

static void read_file(const char *path, struct strbuf *out)
{
	int fd = open(path, O_RDONLY);

	cr_assert_geq(fd, 0, "%s", path);
	read_fd(fd, out);
	close(fd);
}

static void write_file(const char *path, struct str text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f, "%s", path);
	cr_assert_eq(fwrite(text.p, 1, text.len, f), text.len);
	(void)fclose(f);
}

static int temporary(void)
{
	char path[] = "/tmp/act-c-test-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	(void)unlink(path);
	return fd;
}

/* Hands every record of a stream to one reporter, as the bus does. */
static void replay(const char *stream, struct reporter *r)
{
	struct strbuf text = STRBUF_INIT(0);
	struct arena a = ARENA_INIT;

	read_file(stream, &text);
	for (struct str rest = strbuf_str(&text); rest.len;) {
		size_t end = str_chr(rest, '\n', 0) + 1;
		struct str record = str_slice(rest, 0, end);
		struct event e;

		cr_assert(event_decode(&a, record, &e), "%.*s", STR_ARG(record));
		cr_assert(r->on_event(r, &e, record));
		rest = str_slice(rest, end, rest.len);
	}
	arena_release(&a);
	strbuf_release(&text);
}

/* --- text --------------------------------------------------------------------------------------
 */

static const struct {
	const char *stream, *expected;
	struct text_options options;
} goldens[] = {
	{ "serial", "serial", { .fd = 0 } },
	{ "serial", "serial.colour", { .colour = true, .terminal = true } },
	{ "serial", "serial.ascii", { .terminal = true, .ascii = true, .verbose = true } },
	{ "serial", "serial.quiet", { .quiet = true } },
	{ "parallel", "parallel", { .fd = 0 } },
	{ "nested", "nested", { .fd = 0 } },
	{ "tolerated", "tolerated", { .fd = 0 } },
	{ "kinds", "kinds", { .fd = 0 } },
};

static void render(const char *stream, struct text_options options, struct strbuf *out)
{
	char path[256];
	int fd = temporary();

	/* One file for both, so that the order between log and remarks shows. */
	options.fd = fd;
	options.status_fd = fd;

	struct reporter *r = report_text(&options);

	(void)snprintf(path, sizeof(path), "testdata/streams/%s.ndjson", stream);
	replay(path, r);
	r->finish(r);
	read_fd(fd, out);
	close(fd);
}

Test(text, looks_as_expected)
{
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		struct strbuf got = STRBUF_INIT(0);
		struct strbuf want = STRBUF_INIT(0);
		char path[256];

		(void)snprintf(path, sizeof(path), "testdata/streams/%s.txt", goldens[i].expected);
		render(goldens[i].stream, goldens[i].options, &got);
		if (getenv("ACTC_TEST_UPDATE")) {
			write_file(path, strbuf_str(&got));
		}
		read_file(path, &want);
		cr_assert_str_eq(got.p, want.p, "%s", path);
		strbuf_release(&got);
		strbuf_release(&want);
	}
}

/* Only tabs and, on a terminal with colours, SGR pass. */
/* GitHub shows twenty of a job. */
Test(text, shows_twenty_step_summaries_of_a_job_and_tells_of_the_others)
{
	int fd = temporary();
	struct text_options options = { .fd = fd, .status_fd = -1, .terminal = true };
	struct event_bus *bus = event_bus_new();
	struct event end = { .kind = EVENT_RUN_FINISHED };
	struct strbuf out = STRBUF_INIT(0);

	event_bus_add(bus, report_text(&options));
	for (int i = 1; i <= 22; i++) {
		char text[32];
		struct event e = { .kind = EVENT_STEP_SUMMARY,
				   .job = STR("build"),
				   .step = STR("1") };

		(void)snprintf(text, sizeof(text), "# Heading %d.", i);
		e.u.step_summary.markdown = str_of(text);
		event_bus_emit(bus, NULL, &e);
	}
	end.u.run_finished.conclusion = STR("success");
	event_bus_emit(bus, NULL, &end);
	event_bus_free(bus);
	read_fd(fd, &out);
	cr_assert(strstr(out.p, "  Heading 20.\n") && !strstr(out.p, "Heading 21."), "%s", out.p);
	cr_assert(strstr(out.p, "2 more step summaries of build are left out"), "%s", out.p);
	close(fd);
	strbuf_release(&out);
}

Test(text, nothing_harmful_reaches_a_terminal)
{
	struct strbuf got = STRBUF_INIT(0);

	render("serial", (struct text_options){ .colour = true, .terminal = true }, &got);
	for (size_t i = 0; i < got.len; i++) {
		unsigned char c = (unsigned char)got.p[i];

		cr_assert(c >= 0x20 || c == '\n' || c == '\t' || c == 0x1B, "%zu: %02x", i, c);
		cr_assert_neq(c, 0x7F);
		if (c == 0x1B) {
			size_t end = i + 2;

			cr_assert_eq(got.p[i + 1], '[');
			end += strspn(got.p + end, "0123456789;");
			cr_assert_eq(got.p[end], 'm');
		}
	}
	strbuf_reset(&got);
	render("serial", (struct text_options){ .terminal = false }, &got);
	cr_assert(str_chr(strbuf_str(&got), 0x1B, 0) == STR_NPOS);
	strbuf_release(&got);
}

static struct event log_event(struct str line)
{
	struct event e = { .kind = EVENT_STEP_LOG, .job = STR("build"), .step = STR("1") };

	e.u.step_log.line = line;
	return e;
}

/* 1 GB must not be one write per line; a line must not wait longer than until the next flush. */
Test(text, writes_in_large_pieces_and_when_flushed)
{
	int fd = temporary();
	struct reporter *r = report_text(&(struct text_options){ .fd = fd, .status_fd = -1 });
	struct event e = log_event(STR("a line"));
	struct stat st;

	cr_assert(r->on_event(r, &e, STR_EMPTY));
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(st.st_size, 0);
	cr_assert(r->flush(r));
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_gt(st.st_size, 0);
	for (int i = 0; i < 20000; i++) {
		cr_assert(r->on_event(r, &e, STR_EMPTY));
	}
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_gt(st.st_size, 128 * 1024);
	r->finish(r);
	close(fd);
}

Test(text, a_reader_that_went_away_is_a_failure_with_its_errno)
{
	int fds[2];
	struct event e = log_event(STR("x"));

	(void)signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(fds), 0);
	close(fds[0]);

	struct reporter *r = report_text(&(struct text_options){ .fd = fds[1], .status_fd = -1 });

	cr_assert(r->on_event(r, &e, STR_EMPTY));
	cr_assert_not(r->flush(r));
	cr_assert_eq(r->error, EPIPE);
	cr_assert_not(r->on_event(r, &e, STR_EMPTY));
	r->finish(r);
	close(fds[1]);
}

/* --- json and file -----------------------------------------------------------------------------
 */

Test(json, hands_the_records_on_as_they_are)
{
	int fd = temporary();
	struct reporter *r = report_json(fd, -1);
	struct strbuf got = STRBUF_INIT(0);
	struct strbuf want = STRBUF_INIT(0);

	replay("testdata/streams/serial.ndjson", r);
	r->finish(r);
	read_fd(fd, &got);
	read_file("testdata/streams/serial.ndjson", &want);
	cr_assert_str_eq(got.p, want.p);
	strbuf_release(&got);
	strbuf_release(&want);
	close(fd);
}

struct directory {
	char path[64];
	char file[96];
};

static struct directory directory_new(void)
{
	struct directory d;

	strcpy(d.path, "/tmp/act-c-test-XXXXXX");
	cr_assert_not_null(mkdtemp(d.path));
	(void)snprintf(d.file, sizeof(d.file), "%s/events.ndjson", d.path);
	return d;
}

/* Fails when anything but the file is left. */
static void directory_remove(const struct directory *d)
{
	cr_assert_eq(unlink(d->file), 0);
	cr_assert_eq(rmdir(d->path), 0, "only the file itself stays");
}

static void write_events(struct reporter *r, int n)
{
	struct strbuf record = STRBUF_INIT(0);
	struct event e = log_event(STR("a line of the log"));

	for (int i = 1; i <= n; i++) {
		e.seq = (uint64_t)i;
		strbuf_reset(&record);
		event_emit(&record, NULL, &e);
		cr_assert(r->on_event(r, &e, strbuf_str(&record)));
		if (i % 100 == 0) {
			cr_assert(r->flush(r));
		}
	}
	strbuf_release(&record);
}

Test(file, keeps_everything_below_the_limit)
{
	struct directory d = directory_new();
	struct reporter *r = report_file(d.file, 1024 * 1024);
	struct strbuf got = STRBUF_INIT(0);
	struct strbuf want = STRBUF_INIT(0);

	replay("testdata/streams/serial.ndjson", r);
	r->finish(r);
	read_file(d.file, &got);
	read_file("testdata/streams/serial.ndjson", &want);
	cr_assert_str_eq(got.p, want.p);
	strbuf_release(&got);
	strbuf_release(&want);
	directory_remove(&d);
}

/* Whatever the limit cuts: order is kept, the first and the last event are there, and exactly one
 * note stands for what is missing. */
Test(file, loses_its_middle_above_the_limit)
{
	for (int n = 10; n < 3000; n += 37) {
		struct directory d = directory_new();
		struct reporter *r = report_file(d.file, 16 * 1024);
		struct strbuf got = STRBUF_INIT(0);
		struct arena a = ARENA_INIT;
		uint64_t next = 1;
		int notes = 0;

		write_events(r, n);
		r->finish(r);
		read_file(d.file, &got);
		cr_assert_leq(got.len, 17 * 1024);
		for (struct str rest = strbuf_str(&got); rest.len;) {
			size_t end = str_chr(rest, '\n', 0) + 1;
			struct event e;

			cr_assert(event_decode(&a, str_slice(rest, 0, end), &e));
			rest = str_slice(rest, end, rest.len);
			if (e.kind == EVENT_RUN_NOTE) {
				unsigned long long first;
				unsigned long long last;

				notes++;
				cr_assert_eq(sscanf(e.u.run_note.message.p, "events %llu to %llu",
						    &first, &last),
					     2);
				cr_assert_eq(first, next);
				next = last + 1;
				continue;
			}
			cr_assert_eq(e.seq, next++, "%d", n);
		}
		cr_assert_eq(next, (uint64_t)n + 1);
		cr_assert_eq(notes, got.len > 8 * 1024 && n > 150 ? 1 : 0, "%d events", n);
		arena_release(&a);
		strbuf_release(&got);
		directory_remove(&d);
	}
}

Test(file, a_place_that_cannot_be_written_is_a_failure)
{
	struct reporter *r = report_file("/nowhere/events.ndjson", 0);
	struct event e = log_event(STR("x"));

	cr_assert_not(r->on_event(r, &e, STR("{}\n")));
	cr_assert_eq(r->error, ENOENT);
	r->finish(r);
}

Test(file, a_full_disk_is_a_failure)
{
	struct reporter *r = report_file("/dev/full", 0);
	struct event e = log_event(STR("x"));

	if (access("/dev/full", W_OK)) {
		cr_skip_test("no /dev/full here");
	}
	cr_assert(r->on_event(r, &e, STR("{}\n")));
	cr_assert_not(r->flush(r));
	cr_assert_eq(r->error, ENOSPC);
	r->finish(r);
}

/* --- the locale --------------------------------------------------------------------------------
 */

Test(text, marks_are_ascii_where_utf8_may_not_be_shown)
{
	(void)unsetenv("LC_ALL");
	(void)unsetenv("LC_CTYPE");
	(void)setenv("TERM", "xterm", 1);
	(void)setenv("LANG", "de_DE.UTF-8", 1);
	cr_assert_not(report_wants_ascii());
	(void)setenv("LC_CTYPE", "C", 1);
	cr_assert(report_wants_ascii());
	(void)setenv("LC_ALL", "C.utf8", 1);
	cr_assert_not(report_wants_ascii());
	(void)setenv("TERM", "dumb", 1);
	cr_assert(report_wants_ascii());
}
