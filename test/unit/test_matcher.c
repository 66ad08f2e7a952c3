/* Unit tests of problem matchers (SEMANTICS 4.11) and of their patterns. */
#include <criterion/criterion.h>

#include "actc/matcher.h"
#include "actc/strbuf.h"
#include "stream/regex.h"

/* --- files -------------------------------------------------------------------------------------
 */

/* One matcher with these members. */
#define MATCHER(members) "{\"problemMatcher\":[{" members "}]}"
#define ONE(patterns)    MATCHER("\"owner\":\"o\",\"pattern\":[" patterns "]")

/* The texts are the runner's. */
static const struct {
	const char *json, *why; /* NULL: it is right */
} checks[] = {
	/* loop */
	{ ONE("{\"regexp\":\"(.)\",\"message\":1,\"loop\":true}"),
	  "Only the last pattern in a multiline matcher may set 'loop'" },
	{ ONE("{\"regexp\":\"(.)\",\"file\":1},{\"regexp\":\"(.)\",\"message\":1,\"loop\":true}"),
	  NULL },
	{ ONE("{\"regexp\":\"(.)\",\"severity\":1},{\"regexp\":\"(.)\",\"file\":1,\"loop\":true},"
	      "{\"regexp\":\"(.)\",\"message\":1}"),
	  "Only the last pattern in a multiline matcher may set 'loop'" },
	{ ONE("{\"regexp\":\"(.)\",\"message\":1},{\"regexp\":\"(.)\",\"file\":1,\"loop\":true}"),
	  "The loop pattern must set 'message'" },
	/* message */
	{ ONE("{\"regexp\":\"(.)\",\"message\":1},{\"regexp\":\"(.)\",\"file\":1}"), NULL },
	{ ONE("{\"regexp\":\"(.)\",\"file\":1}"), "At least one pattern must set 'message'" },
	/* owner */
	{ "{\"problemMatcher\":[{\"owner\":\"a\",\"pattern\":[{\"regexp\":\"(.)\",\"message\":1}]},"
	  "{\"owner\":\"A\",\"pattern\":[{\"regexp\":\"(.)\",\"message\":1}]}]}",
	  "Duplicate owner name 'A'" },
	{ MATCHER("\"owner\":\"\",\"pattern\":[{\"regexp\":\"(.)\",\"message\":1}]"),
	  "Owner must not be empty" },
	{ MATCHER("\"pattern\":[{\"regexp\":\"(.)\",\"message\":1}]"), "Owner must not be empty" },
	/* severity */
	{ MATCHER("\"owner\":\"o\",\"severity\":\"Warning\",\"pattern\":[{\"regexp\":\"(.)\","
		  "\"message\":1}]"),
	  NULL },
	{ MATCHER("\"owner\":\"o\",\"severity\":\"info\",\"pattern\":[]"),
	  "Matcher 'o' contains unexpected default severity 'info'" },
	/* patterns */
	{ ONE(""), "Matcher 'o' does not contain any patterns" },
	{ MATCHER("\"owner\":\"o\""), "Matcher 'o' does not contain any patterns" },
	{ MATCHER("\"owner\":\"o\",\"pattern\":{}"), "The patterns of matcher 'o' are no array" },
	{ ONE("{\"regexp\":\"(.)\",\"file\":1},{\"regexp\":\"(.)\",\"file\":1},"
	      "{\"regexp\":\"(.)\",\"message\":1}"),
	  "The property 'file' is set twice" },
	{ ONE("{\"regexp\":\"^(.+)$\",\"message\":2}"),
	  "The property 'message' is set to 2 which is out of range" },
	{ ONE("{\"regexp\":\"^(.+)$\",\"message\":-1}"),
	  "The property 'message' is set to -1 which is out of range" },
	{ ONE("{\"regexp\":\"^(.+)$\",\"message\":0}"), NULL },
	{ ONE("{\"message\":0}"), NULL },
	{ ONE("{\"regexp\":\"(\",\"message\":0}"),
	  "Invalid pattern '('. missing closing parenthesis" },
	/* JSON as Newtonsoft's reader takes it */
	{ ONE("{\"regexp\":\"(.)\",\"message\":1,},"), NULL },
	{ ONE("{\"RegExp\":\"(.)\",\"Message\":\"1\"} /* a comment */"), NULL },
	{ ONE("{\"regexp\":\"(.)\",\"message\":1,\"file\":null}"), NULL },
	{ ONE("{\"regexp\":\"(.)\",\"message\":1.5}"),
	  "The property 'message' must be a whole number." },
	{ "{}", NULL },
	{ "", NULL },
	{ "null", NULL },
	{ "[]", "The file must be an object with an array 'problemMatcher'" },
};

Test(matcher, files_are_checked_with_the_runners_messages)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct arena a = ARENA_INIT;
		struct matchers *m = matchers_new();
		struct str owners = STR_EMPTY, why = STR_EMPTY;
		bool ok = matchers_add(m, &a, str_of(checks[i].json), &owners, &why);

		cr_assert(ok == !checks[i].why && str_eq(why, str_of(checks[i].why)),
			  "row %zu: %.*s", i, STR_ARG(why));
		matchers_free(m);
		arena_release(&a);
	}
}

/* --- lines -------------------------------------------------------------------------------------
 */

/* Issues as "level|file|line|col|code|from|message", lines without one as "-"; one a line. */
static void show(struct strbuf *out, struct match_stream *s, struct str line)
{
	struct match m;

	if (match_stream_line(s, line, &m)) {
		strbuf_addf(out, "%.*s|%.*s|%lld|%lld|%.*s|%.*s|%.*s\n", STR_ARG(m.level),
			    STR_ARG(m.file), (long long)m.line, (long long)m.col, STR_ARG(m.code),
			    STR_ARG(m.from_path), STR_ARG(m.message));
	} else {
		strbuf_adds(out, STR("-\n"));
	}
	if (m.removed.len) {
		strbuf_addf(out, "removed %.*s\n", STR_ARG(m.removed));
	}
}

static void show_all(struct strbuf *out, struct match_stream *s, struct str lines)
{
	while (lines.p && lines.len) {
		show(out, s, str_cut(&lines, '\n'));
	}
}

static void must_add(struct matchers *m, const char *json)
{
	struct arena a = ARENA_INIT;
	struct str owners = STR_EMPTY, why = STR_EMPTY;

	cr_assert(matchers_add(m, &a, str_of(json), &owners, &why), "%s: %.*s", json, STR_ARG(why));
	arena_release(&a);
}

#define ANY       "{\"regexp\":\"^(.+)$\","
#define MSG       "{\"regexp\":\"^message:(.+)$\",\"message\":1"
#define FILE_CODE ONE(ANY "\"file\":1}," ANY "\"code\":1}," MSG "}")
#define LOOPS     ONE(ANY "\"file\":1}," ANY "\"code\":1}," MSG ",\"loop\":true}")
#define PROPERTIES                                                                   \
	"{\"regexp\":\"^file:(.+) fromPath:(.+)$\",\"file\":1,\"fromPath\":2},"      \
	"{\"regexp\":\"^severity:(.+)$\",\"severity\":1},"                           \
	"{\"regexp\":\"^line:(.+) column:(.+) code:(.+) message:(.+)$\",\"line\":1," \
	"\"column\":2,\"code\":3,\"message\":4"
#define SINGLE                                                                                \
	"{\"regexp\":\"^file:(.+) line:(.+) column:(.+) severity:(.+) code:(.+) message:(.+)" \
	" fromPath:(.+)$\",\"file\":1,\"line\":2,\"column\":3,\"severity\":4,\"code\":5,"     \
	"\"message\":6,\"fromPath\":7}"
#define ESLINT                                                                             \
	ONE("{\"regexp\":\"^([^\\\\s].*)$\",\"file\":1},"                                  \
	    "{\"regexp\":\"^\\\\s+(\\\\d+):(\\\\d+)\\\\s+(error|warning|info)\\\\s+"       \
	    "(.*)\\\\s\\\\s+(.*)$\",\"line\":1,\"column\":2,\"severity\":3,\"message\":4," \
	    "\"code\":5,\"loop\":true}")
#define STARTS                            \
	ONE("{\"regexp\":\"Start: .+\"}," \
	    "{\"regexp\":\"Error: (.+)\",\"message\":1,\"loop\":true}")
#define BOTH                                                                              \
	"{\"problemMatcher\":[{\"owner\":\"1\",\"pattern\":[{\"regexp\":\"both 1: .+\"}," \
	"{\"regexp\":\"only 2: (.+)\",\"message\":1}]},{\"owner\":\"2\",\"pattern\":["    \
	"{\"regexp\":\"both 1: (.+)\"},{\"regexp\":\"(.+)\",\"message\":1}]}]}"
#define FOUR                                                                         \
	ONE("{\"regexp\":\"^a(.*)\",\"file\":1},{\"regexp\":\"^b(.*)\",\"code\":1}," \
	    "{\"regexp\":\"^c(.*)\"},{\"regexp\":\"^d(.*)\",\"message\":1}")

#define NAMED(owner, regexp) \
	"{\"owner\":\"" owner "\",\"pattern\":[{\"regexp\":\"" regexp "\",\"message\":1}]}"
#define LIST(matchers) "{\"problemMatcher\":[" matchers "]}"

static const struct {
	const char *about, *json, *lines, *issues;
} tables[] = {
	{ "every property of a single pattern", ONE(SINGLE),
	  "file:f.cs line:12 column:34 severity:WARNING code:c1 message:no fromPath:p.proj\n",
	  "warning|f.cs|12|34|c1|p.proj|no\n" },
	{ "default severity",
	  MATCHER("\"owner\":\"o\",\"severity\":\"warning\",\"pattern\":["
		  "{\"regexp\":\"^(ERROR)?(?: )?(.+): (.+)$\",\"severity\":1,"
		  "\"code\":2,\"message\":3}]"),
	  "ABC: not\nERROR ABC: not\n", "warning||0|0|ABC||not\nerror||0|0|ABC||not\n" },
	{ "default severity of several patterns",
	  MATCHER("\"owner\":\"o\",\"severity\":\"warning\",\"pattern\":["
		  "{\"regexp\":\"^(ERROR)?(?: )?(.+):$\",\"severity\":1,\"code\":2},"
		  "{\"regexp\":\"^(.+)$\",\"message\":1}]"),
	  "ABC:\nnot\nERROR ABC:\nnot\n", "-\nwarning||0|0|ABC||not\n-\nerror||0|0|ABC||not\n" },
	{ "notice",
	  MATCHER("\"owner\":\"o\",\"severity\":\"notice\",\"pattern\":[" ANY "\"message\":1}]"),
	  "just\n", "notice||0|0|||just\n" },
	{ "default fromPath",
	  MATCHER("\"owner\":\"o\",\"fromPath\":\"sub/p\",\"pattern\":[" ANY "\"message\":1}]"),
	  "x\n", "error||0|0||sub/p|x\n" },
	{ "a pattern's own fromPath",
	  MATCHER("\"owner\":\"o\",\"fromPath\":\"sub/p\","
		  "\"pattern\":[" SINGLE "]"),
	  "file:f line:1 column:2 severity: code:c message:m fromPath:q\n", "-\n" },
	{ "several patterns: properties", ONE(PROPERTIES "}"),
	  "file:f.cs fromPath:p.proj\nseverity:error\n"
	  "line:1 column:2 code:c message:m\nline:1 column:2 code:c message:m\n",
	  "-\n-\nerror|f.cs|1|2|c|p.proj|m\n-\n" },
	{ "several patterns: loop", ONE(PROPERTIES ",\"loop\":true}"),
	  "file:f.cs fromPath:p.proj\nseverity:error\n"
	  "line:1 column:2 code:c message:m\nline:3 column:4 code:d message:n\n",
	  "-\n-\nerror|f.cs|1|2|c|p.proj|m\nerror|f.cs|3|4|d|p.proj|n\n" },
	{ "state of each line", FILE_CODE,
	  "file1\ncode1\nmessage:m1\nabc\nfile2\ncode2\nmessage:m2\nabc\nabc\nfile3\ncode3\n"
	  "message:m3\nmessage:m3\n",
	  "-\n-\nerror|file1|0|0|code1||m1\n-\n-\n-\nerror|file2|0|0|code2||m2\n-\n-\n-\n-\n"
	  "error|file3|0|0|code3||m3\n-\n" },
	{ "state of each line with a loop", LOOPS,
	  "file1\ncode1\nmessage:m1\nmessage:m1-2\nabc\nfile2\ncode2\nmessage:m2\nabc\nabc\n"
	  "file3\ncode3\nmessage:m3\n",
	  "-\n-\nerror|file1|0|0|code1||m1\nerror|file1|0|0|code1||m1-2\n-\n-\n-\n"
	  "error|file2|0|0|code2||m2\n-\n-\n-\n-\nerror|file3|0|0|code3||m3\n" },
	{ "a broken loop starts afresh", LOOPS,
	  "f.cs\nbad\nmessage:no\nmessage:problem\nother.cs\nmessage:not-good\nmessage:broken\n",
	  "-\n-\nerror|f.cs|0|0|bad||no\nerror|f.cs|0|0|bad||problem\n-\n-\n"
	  "error|other.cs|0|0|message:not-good||broken\n" },
	{ "a match clears the state",
	  ONE(ANY "\"file\":1}," ANY "\"code\":1}," ANY "\"message\":1}"), "a\nb\nc\nd\ne\nf\n",
	  "-\n-\nerror|a|0|0|b||c\n-\n-\nerror|d|0|0|e||f\n" },
	{ "no loop", ONE("{\"regexp\":\"^file:(.+)$\",\"file\":1}," MSG "}"),
	  "file:f\nmessage:m\nmessage:m\n", "-\nerror|f|0|0|||m\n-\n" },
	{ "the matching matcher is not reset", STARTS,
	  "Start: hello\nError: a\nError: b\nregular\nError: c\nStart: again\nError: d\n",
	  "-\nerror||0|0|||a\nerror||0|0|||b\n-\n-\n-\nerror||0|0|||d\n" },
	{ "the others are reset", BOTH,
	  "both 1: hello\nonly 2: it broke\nregular 1\nregular 2\nboth 1: again\noh no\n",
	  "-\nerror||0|0|||it broke\n-\n-\n-\nerror||0|0|||oh no\n" },
	{ "a pattern in the middle keeps its state until its own turn", FOUR,
	  "a1\nb1\nx\nc1\nd1\na2\nb2\nc2\nd2\n",
	  "-\n-\n-\n-\nerror|1|0|0|1||1\n-\n-\n-\nerror|2|0|0|2||2\n" },
	{ "columns and lines that are no numbers",
	  ONE("{\"regexp\":\"\\\\((.+),(.+)\\\\): (.+)\",\"line\":1,\"column\":2,\"message\":3}"),
	  "(12,34): bad\n(12,thirty-four): broken\n(twelve,34): not\n(+1,99999999999): big\n",
	  "error||12|34|||bad\nerror||12|0|||broken\nerror||0|34|||not\nerror||0|0|||big\n" },
	{ "code is trimmed, and absent when blank",
	  ONE("{\"regexp\":\"(.*): (.+)\",\"code\":1,\"message\":2}"), " BAD : real\n: not\n",
	  "error||0|0|BAD||real\nerror||0|0|||not\n" },
	{ "severities", ONE("{\"regexp\":\"(.*): (.+)\",\"severity\":1,\"message\":2}"),
	  "ERRor: a\nWarning: b\nNOTICE: c\n: d\nINVALID: e\n",
	  "error||0|0|||a\nwarning||0|0|||b\nnotice||0|0|||c\nerror||0|0|||d\n-\n" },
	{ "an empty message is no issue", ONE("{\"regexp\":\"x(.*)\",\"message\":1}"),
	  "x\nx  \nxy\n", "-\n-\nerror||0|0|||y\n" },
	{ "colours are not taken out", ONE("{\"regexp\":\"^the error: (.+)$\",\"message\":1}"),
	  "the error: \033[31mred\n\033[1mthe error: x\n", "error||0|0|||\033[31mred\n-\n" },
	{ "eslint's two patterns", ESLINT,
	  "test.js\n  1:0   error  Missing strict   strict\n  5:10  error  never used   no-unused\n"
	  "x 2 problems\n\n  1:0  error  nothing before   rule\nb.js\n  7:1  info  m   r\n"
	  "  8:1  error  m   r\n",
	  "-\nerror|test.js|1|0|strict||Missing strict \n"
	  "error|test.js|5|10|no-unused||never used \n-\n-\n-\n-\n-\nerror|b.js|8|1|r||m \n" },
};

static void each_table(void (*way)(struct strbuf *out, struct match_stream *s, struct str lines))
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct matchers *m = matchers_new();
		struct strbuf out = STRBUF_INIT(0);

		must_add(m, tables[i].json);

		struct match_stream *s = match_stream_open(m);

		way(&out, s, str_of(tables[i].lines));
		cr_assert_str_eq(out.p, tables[i].issues, "%s:\n%s", tables[i].about, out.p);
		match_stream_close(s);
		matchers_free(m);
		strbuf_release(&out);
	}
}

Test(matcher, lines_become_issues)
{
	each_table(show_all);
}

/* --- many lines at once ------------------------------------------------------------------------
 */

/* As the output of a step is taken: what may pass does, and the next line is looked at. */
static void show_passing(struct strbuf *out, struct match_stream *s, struct str text)
{
	while (text.len) {
		size_t n = match_stream_pass(s, text);

		for (size_t i = 0; i < n; i++) {
			strbuf_adds(out, text.p[i] == '\n' ? STR("-\n") : STR_EMPTY);
		}
		text = str_slice(text, n, text.len);
		if (text.len) {
			show(out, s, str_cut(&text, '\n'));
		}
	}
}

Test(matcher, lines_that_may_pass_change_nothing)
{
	each_table(show_passing);
}

static uint64_t seed;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* A line of one of the tables, or one that no matcher there means. */
static void add_random_line(struct strbuf *text)
{
	static const char *const plain[] = {
		"",
		"Start",
		"compiling a b c",
		"note:: x",
		"errors: none",
		"  1:2  nothing here",
		"an error, only in words",
		"warning",
		"main.c(1,2): fine",
	};
	struct str rest = str_of(tables[rnd(sizeof(tables) / sizeof(tables[0]))].lines);
	struct str line = STR_EMPTY;

	for (unsigned skip = rnd(4); rest.len && skip < 4; skip++) {
		line = str_cut(&rest, '\n');
	}
	strbuf_adds(text, rnd(2) ? line : str_of(plain[rnd(sizeof(plain) / sizeof(plain[0]))]));
	strbuf_addc(text, '\n');
}

static struct matchers *random_matchers(void)
{
	static const char *const owned[] = {
		LIST(NAMED("x1", "(error) here")),
		LIST(NAMED("x2", "(?<what>error|warning)s? (.+)")),
		LIST(NAMED("x3", "^main(.*)fine$")),
		LIST(NAMED("x4", "(?i)NOTHING (.+)")),
		LIST(NAMED("x5", "(?:error|warning|info)?: (.+)")),
		LIST(NAMED("x6", "a|b (c)")),
	};
	struct matchers *m = matchers_new();

	must_add(m, tables[rnd(sizeof(tables) / sizeof(tables[0]))].json);
	for (unsigned n = rnd(3); n > 0; n--) {
		must_add(m, owned[rnd(sizeof(owned) / sizeof(owned[0]))]);
	}
	return m;
}

Test(matcher, passing_finds_the_same_issues_as_line_by_line)
{
	for (uint64_t round = 1; round <= 2000; round++) {
		seed = round;

		struct matchers *m = random_matchers();
		struct match_stream *one = match_stream_open(m), *many = match_stream_open(m);
		struct strbuf text = STRBUF_INIT(0), want = STRBUF_INIT(0), got = STRBUF_INIT(0);

		for (unsigned n = rnd(60); n > 0; n--) {
			add_random_line(&text);
		}
		show_all(&want, one, strbuf_str(&text));
		show_passing(&got, many, strbuf_str(&text));
		cr_assert_str_eq(got.p, want.p, "round %d:\n%s", (int)round, text.p);
		match_stream_close(one);
		match_stream_close(many);
		matchers_free(m);
		strbuf_release(&text);
		strbuf_release(&want);
		strbuf_release(&got);
	}
}

/* --- the job's list ----------------------------------------------------------------------------
 */

static void expect(struct match_stream *s, const char *lines, const char *issues)
{
	struct strbuf out = STRBUF_INIT(0);

	show_all(&out, s, str_of(lines));
	cr_assert_str_eq(out.p, issues, "%s", out.p);
	strbuf_release(&out);
}

Test(matcher, a_new_one_replaces_its_owners_old_one)
{
	struct matchers *m = matchers_new();
	struct match_stream *s = match_stream_open(m);

	cr_assert_not(match_stream_listens(s));
	must_add(m, LIST(NAMED("one", "ERROR: (.+)") "," NAMED("two", "NOT GOOD: (.+)")));
	cr_assert(match_stream_listens(s));
	expect(s, "ERROR: 1\nNOT GOOD: 2\n", "error||0|0|||1\nerror||0|0|||2\n");
	must_add(m, LIST(NAMED("ONE", "ERROR: (.+) END")));
	expect(s, "ERROR: 3 END\nERROR: 4\nNOT GOOD: 5\n", "error||0|0|||3\n-\nerror||0|0|||5\n");
	match_stream_close(s);
	s = match_stream_open(m);
	expect(s, "ERROR: 3 END\nERROR: 4\nNOT GOOD: 5\n", "error||0|0|||3\n-\nerror||0|0|||5\n");
	match_stream_close(s);
	matchers_free(m);
}

Test(matcher, a_new_one_looks_first)
{
	struct matchers *m = matchers_new();
	struct match_stream *s = match_stream_open(m);

	must_add(m, LIST(NAMED("one", "ERROR: (.+)")));
	must_add(m, LIST(NAMED("new", "ERROR: (.+) END")));
	expect(s, "ERROR: 3 END\nERROR: 4\n", "error||0|0|||3\nerror||0|0|||4\n");
	match_stream_close(s);
	matchers_free(m);
}

/* While a step runs a file's matchers come one by one, each before the others. */
Test(matcher, the_order_of_a_file_is_turned_round_in_a_live_output)
{
	struct matchers *m = matchers_new();
	struct match_stream *live = match_stream_open(m);

	must_add(m, LIST(NAMED("one", "E: (.+)") "," NAMED("two", "(E: .+)")));

	struct match_stream *later = match_stream_open(m);

	expect(live, "E: x\n", "error||0|0|||E: x\n");
	expect(later, "E: x\n", "error||0|0|||x\n");
	match_stream_close(live);
	match_stream_close(later);
	matchers_free(m);
}

Test(matcher, one_can_be_removed_by_owner_and_by_file)
{
	struct arena a = ARENA_INIT;
	struct matchers *m = matchers_new();
	struct match_stream *s = match_stream_open(m);
	struct str owners, why;

	must_add(m, LIST(NAMED("one", "ERROR: (.+)") "," NAMED("two", "NOT: (.+)")));
	matchers_remove(m, &a, STR("Nobody"), &owners);
	cr_assert(str_eq(owners, STR("")));
	matchers_remove(m, &a, STR("ONE"), &owners);
	cr_assert(str_eq(owners, STR("'ONE'")));
	expect(s, "ERROR: 3\nNOT: 4\n", "-\nerror||0|0|||4\n");
	/* Not checked, as in the runner: the owners alone count. */
	cr_assert(matchers_remove_file(m, &a, STR("{\"problemMatcher\":[{\"owner\":\"two\"}]}"),
				       &owners, &why));
	cr_assert(str_eq(owners, STR("'two'")));
	expect(s, "ERROR: 3\nNOT: 4\n", "-\n-\n");
	cr_assert_not(matchers_remove_file(m, &a, STR("x"), &owners, &why));
	match_stream_close(s);
	matchers_free(m);
	arena_release(&a);
}

/* "Regex time limit 1 s, after 3 timeouts the matcher is removed with a warning." */
Test(matcher, one_that_takes_too_long_is_removed_from_that_output)
{
	struct matchers *m = matchers_new();
	struct match_stream *s = match_stream_open(m);

	must_add(m, LIST(NAMED("slow", "^(a+)+$") "," NAMED("quick", "(x)")));
	expect(s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\nx\n",
	       "-\nremoved slow\nerror||0|0|||x\n");
	match_stream_close(s);
	s = match_stream_open(m);
	expect(s, "aaa\n", "error||0|0|||aaa\n");
	match_stream_close(s);
	matchers_free(m);
}

/* --- patterns ----------------------------------------------------------------------------------
 */

/* .NET with RegexOptions.ECMAScript: what a pattern takes out of a text. */
static const struct {
	const char *pattern, *text;
	const char *groups; /* all but the whole match, behind a | each; NULL = no match */
} patterns[] = {
	{ "a\\.b", "a.b", "" },
	{ "a\\.b", "axb", NULL },
	/* classes are ASCII */
	{ "^(\\w+)", "abc_1é", "|abc_1" },
	{ "^\\d$", "\xD9\xA3", NULL }, /* an Arabic digit */
	{ "^\\s$", "\xC2\xA0", NULL },
	{ "^(\\S)$", "\xC2\xA0", "|\xC2\xA0" },
	{ "^(.)$", "é", "|é" },
	{ "^([^a])$", "€", "|€" },
	{ "^[\\W]$", "é", "" },
	/* letters that only PCRE2 gives a meaning */
	{ "^\\h\\R\\K\\N\\X\\H\\V\\Q.\\E$", "hRKNXHVQxE", "" },
	{ "^\\v$", "\v", "" },
	{ "^\\v$", "\n", NULL },
	{ "^[\\h\\R]+$", "hR", "" },
	{ "^\\a\\e\\f\\t$", "\a\033\f\t", "" },
	{ "^[\\b]$", "\b", "" },
	{ "\\bx\\b", "a x b", "" },
	{ "\\x41\\u0042\\u20AC", "AB€", "" },
	{ "\\uD83D\\uDE00", "😀", "" },
	{ "\\cA\\cb", "\x01\x02", "" },
	/* digits behind a backslash: a group if there is one, else octal */
	{ "^(a)\\1$", "aa", "|a" },
	{ "^(a)\\12$", "aa2", "|a" },
	{ "^\\101$", "A", "" },
	{ "^\\18$",
	  "\x01"
	  "8",
	  "" },
	{ "^\\8$", "8", "" },
	{ "^\\0$", "", NULL },
	{ "^(a)?\\1b$", "b", &"||"[1] }, /* a group that took no part is empty */
	{ "^(?:(a)|b)*$", "ab", "|a" },
	/* named groups are counted last */
	{ "(?<file>\\w+):(\\d+)", "f:12", "|12|f" },
	{ "(?'a'x)(y)(?<b>z)\\k<a>\\3", "xyzxz", "|y|x|z" },
	{ "(?'a'x)(y)(?<b>z)\\k<a>\\3", "xyzxx", NULL },
	{ "(?'a'x)(y)(?<b>z)\\k<a>\\2", "xyzxx", "|y|x|z" },
	{ "(?:x)(?=y)(?!z)(?>y)(?<=y)(?<!x)(z)", "xyz", "|z" },
	{ "(?#a comment)(x)", "x", "|x" },
	{ "(?i)(error): x", "ERROR: X", "|ERROR" },
	{ "(?i:error): x", "ERROR: X", NULL },
	{ "(?i:error): x", "Error: x", "" },
	/* sets */
	{ "^[]a]+$", "]a", "" },
	{ "^[^]a]+$", "b", "" },
	{ "^[^]a]+$", "]", NULL },
	{ "^[[:alpha:]+$", ":a[lph", "" },
	{ "^[a\\-c]+$", "a-c", "" },
	{ "^[\\w-]+$", "a-b", "" },
	{ "^[+--]+$", "+,-", "" },
	{ "^[\\x30-\\x39]$", "5", "" },
	{ "^[\\p{L}]$", "é", "" },
	{ "^[^\\p{L}]$", "1", "" },
	{ "^\\p{Lu}$", "a", NULL },
	/* quantifiers */
	{ "^a{2}$", "aa", "" },
	{ "^a{,2}$", "a{,2}", "" },
	{ "^a{x}$", "a{x}", "" },
	{ "^{$", "{", "" },
	{ "^a{2,}?(.*)$", "aaa", "|a" },
	{ "^x*?(x*)$", "xx", "|xx" },
	/* what the look before the match must not get wrong */
	{ "ab?c", "ac", "" },
	{ "ab*c", "ac", "" },
	{ "ab{0,2}c", "ac", "" },
	{ "ab+c", "abbc", "" },
	{ "^a?b", "b", "" },
	{ "^(a|b)c", "bc", "|b" },
	{ "^a|b", "xb", "" },
	{ "(?:ab)?c", "c", "" },
	{ "^(?:\\s+\\d+>)?([^\\s].*)\\(", "x (", "|x " },
	{ "^[^\\d]x", "éx", "" },
	{ "aa.*aa", "aaa", NULL },
	{ "a(?=b)bc", "abc", "" },
	{ "x$y?", "x", "" },
};

static struct str show_groups(struct arena *a, const struct regex *r, struct str text)
{
	struct str all = STR_EMPTY;

	for (size_t i = 1; i < regex_groups(r); i++) {
		all = arena_printf(a, "%.*s|%.*s", STR_ARG(all), STR_ARG(regex_group(r, text, i)));
	}
	return all;
}

Test(regex, matches_what_ecmascript_mode_matches)
{
	struct regex_library lib;
	struct err err = ERR_INIT;

	cr_assert(regex_library_open(&lib, &err), "%s", err.msg);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str why = STR_EMPTY, text = str_of(patterns[i].text);
		struct regex *r = regex_new(&lib, &a, str_of(patterns[i].pattern), &why);

		cr_assert(r, "%s: %.*s", patterns[i].pattern, STR_ARG(why));

		bool found = regex_match(r, text) == REGEX_YES;
		struct str groups = found ? show_groups(&a, r, text) : STR_EMPTY;

		cr_assert(found == (patterns[i].groups != NULL), "%s", patterns[i].pattern);
		cr_assert(!found || str_eq(groups, str_of(patterns[i].groups)), "%s: %.*s",
			  patterns[i].pattern, STR_ARG(groups));
		regex_free(r);
		arena_release(&a);
	}
	regex_library_close(&lib);
}

static const struct {
	const char *pattern, *why;
} wrong[] = {
	{ "(", "missing closing parenthesis" },
	{ "a)", "unmatched closing parenthesis" },
	{ "[a", "Unterminated [] set." },
	{ "[]", "Unterminated [] set." },
	{ "a\\", "Illegal \\ at end of pattern." },
	{ "*a", "Quantifier '*' following nothing." },
	{ "(*ACCEPT)", "Quantifier '*' following nothing." },
	{ "a++", "Nested quantifier '+'." },
	{ "a{2}{3}", "Nested quantifier '{'." },
	{ "(?P<x>a)", "Unrecognized grouping construct." },
	{ "(?|a)", "Unrecognized grouping construct." },
	{ "(?R)", "Unrecognized grouping construct." },
	{ "(?n)(a)", "The options n and x are not supported." },
	{ "[a-z-[aeiou]]", "Subtraction of character sets is not supported." },
	{ "(?<1>a)", "Groups with a number for a name are not supported." },
	{ "(?<a>x)(?<a>y)", "The group name 'a' is used twice, which is not supported." },
	{ "(?<a-b>x)", "Invalid group name 'a-b'." },
	{ "\\k<b>", "Reference to undefined group name 'b'." },
	{ "\\x4", "Insufficient or invalid hexadecimal digits." },
	{ "\\u12G4", "Insufficient or invalid hexadecimal digits." },
	{ "\\p{Nonsense}", "unknown property after \\P or \\p" },
};

Test(regex, says_what_is_wrong_with_a_pattern)
{
	struct regex_library lib;
	struct err err = ERR_INIT;

	cr_assert(regex_library_open(&lib, &err), "%s", err.msg);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str why = STR_EMPTY;
		struct str want = arena_printf(&a, "Invalid pattern '%s'. %s", wrong[i].pattern,
					       wrong[i].why);

		cr_assert_null(regex_new(&lib, &a, str_of(wrong[i].pattern), &why), "%s",
			       wrong[i].pattern);
		cr_assert(str_eq(why, want), "%.*s", STR_ARG(why));
		arena_release(&a);
	}
	regex_library_close(&lib);
}

static void expect_word(const struct regex *r, struct str line, const char *pattern)
{
	const struct str *words = NULL;
	size_t n = regex_words(r, &words);
	bool found = n == 0;

	for (size_t i = 0; i < n; i++) {
		cr_assert_geq(words[i].len, 2);
		found = found || str_find(line, words[i], 0) != STR_NPOS;
	}
	cr_assert(found, "%s on %.*s", pattern, STR_ARG(line));
}

/* The look before the match is one-sided: what it turns away PCRE2 would too. */
Test(regex, the_look_before_the_match_turns_nothing_away_that_matches)
{
	struct regex_library lib;
	struct err err = ERR_INIT;

	seed = 1;
	cr_assert(regex_library_open(&lib, &err), "%s", err.msg);
	for (int i = 0; i < 30000; i++) {
		static const char *const parts[] = { "a",        "b",           "ab",
						     "a?",       "b*",          "(a|b)",
						     "^",        "$",           "[ab]",
						     "[^a]",     "(b)?",        ".",
						     "\\w",      "a{0,1}",      "(?:ab)+",
						     "(?=a)",    "xab",         "(ab|ba)",
						     "(ab|xa)?", "(?:ab|xab)+", "(?:ab|xab){0,2}",
						     "(ab|b?)",  "(?!ab|xa)",   "(?<n>ab|ba)" };
		struct arena a = ARENA_INIT;
		struct strbuf pattern = STRBUF_INIT(0);
		struct str why = STR_EMPTY;
		char text[8];

		for (int k = 0; k < 4; k++) {
			unsigned part = rnd(sizeof(parts) / sizeof(parts[0]));

			/* A name may be there once. */
			part = strchr(pattern.p, '<') ? part % 16 : part;
			strbuf_adds(&pattern, str_of(parts[part]));
			text[k] = "abab xab"[rnd(8)];
		}

		struct str line = str_mk(text, 4);
		struct regex *r = regex_new(&lib, &a, strbuf_str(&pattern), &why);

		cr_assert(r, "%s: %.*s", pattern.p, STR_ARG(why));
		if (!regex_may_match(r, line)) {
			/* The same pattern with an alternative that never matches: nothing is
			 * known. */
			struct str open = arena_printf(&a, "(?:%s)|\\A\\Bq\\b", pattern.p);
			struct regex *all = regex_new(&lib, &a, open, &why);

			cr_assert(regex_match(all, line) == REGEX_NO, "%s on %.4s", pattern.p,
				  text);
			regex_free(all);
		} else if (regex_match(r, line) == REGEX_YES) {
			expect_word(r, line, pattern.p);
		}
		regex_free(r);
		strbuf_release(&pattern);
		arena_release(&a);
	}
	regex_library_close(&lib);
}
