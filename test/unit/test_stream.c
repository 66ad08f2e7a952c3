/* Unit tests of one output line's way: splitting, commands, file commands. */
#include <criterion/criterion.h>

#include "actc/event.h"
#include "actc/stream.h"

/* --- lines -------------------------------------------------------------------------------------
 */

struct seen {
	struct strbuf text; /* each line behind "[" and before "]" */
	size_t lines;
	size_t longest;
	size_t continued;
	const struct line_splitter *splitter;
};

static void on_line(void *ctx, struct str line)
{
	struct seen *seen = ctx;

	seen->lines++;
	seen->longest = line.len > seen->longest ? line.len : seen->longest;
	seen->continued += seen->splitter && seen->splitter->continued ? 1 : 0;
	if (line.len < 1000) {
		strbuf_addf(&seen->text, "[%.*s]", STR_ARG(line));
	}
}

static struct seen seen_new(void)
{
	struct seen seen = { .lines = 0 };

	strbuf_init(&seen.text, 0);
	return seen;
}

/* 4.5: a line ends at \n, \r\n or a lone \r; invalid bytes are replaced. */
static const struct {
	struct str in;
	const char *lines;
} splits[] = {
	{ { "", 0 }, "" },
	{ { "a", 1 }, "[a]" },
	{ { "a\n", 2 }, "[a]" },
	{ { "\n", 1 }, "[]" },
	{ { "\n\n", 2 }, "[][]" },
	{ { "a\nb", 3 }, "[a][b]" },
	{ { "a\r\nb\r\n", 6 }, "[a][b]" },
	{ { "a\rb\r", 4 }, "[a][b]" },
	{ { "a\r\r\nb", 5 }, "[a][][b]" },
	{ { "a\n\rb", 4 }, "[a][][b]" },
	{ { "\r\n\r\n", 4 }, "[][]" },
	{ { "10%\r50%\r100%\ndone", 17 }, "[10%][50%][100%][done]" },
	{ { "gr\xC3\xBC\xC3\x9F\n\xE2\x82\xAC\n\xF0\x9F\x98\x80", 15 }, "[grüß][€][😀]" },
	{ { "\xFF"
	    "a\n\xC3\nb\xE2\x82",
	    8 },
	  "[\uFFFD"
	  "a][\uFFFD][b\uFFFD]" },
	{ { "\xC0\xAF\xED\xA0\x80\xF5", 6 }, "[\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD]" },
	{ { "\xF0\x9F\x98 \xE2\x82z", 7 }, "[\uFFFD \uFFFDz]" },
	{ { "a1\nb\na2\n\nb\nb\na3\na4\na5\nb", 23 }, "[a1][b][a2][][b][b][a3][a4][a5][b]" },
	{ { "a\nb\r\na\xFF\na\nb\n", 12 }, "[a][b][a\uFFFD][a][b]" },
};

static void feed_cut(struct line_splitter *s, struct str in, size_t a, size_t b)
{
	line_splitter_feed(s, str_slice(in, 0, a));
	line_splitter_feed(s, str_slice(in, a, b));
	line_splitter_feed(s, str_slice(in, b, in.len));
	line_splitter_finish(s);
}

static void split_everywhere(size_t (*block)(void *ctx, struct str text))
{
	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		struct str in = splits[i].in;

		for (size_t a = 0; a <= in.len; a++) {
			for (size_t b = a; b <= in.len; b++) {
				struct seen seen = seen_new();
				struct line_splitter s;

				line_splitter_init(&s, on_line, &seen);
				s.block = block;
				feed_cut(&s, in, a, b);
				cr_assert_str_eq(seen.text.p, splits[i].lines,
						 "row %zu cut at %zu and %zu: %s", i, a, b,
						 seen.text.p);
				line_splitter_release(&s);
				strbuf_release(&seen.text);
			}
		}
	}
}

Test(splitter, gives_the_same_lines_wherever_the_chunks_end)
{
	split_everywhere(NULL);
}

/* Takes up to two lines at once, none that begins with 'b'. */
static size_t on_block(void *ctx, struct str text)
{
	size_t n = 0;

	cr_assert(text.len > 0 && text.p[text.len - 1] == '\n');
	for (int i = 0; i < 2 && n < text.len && text.p[n] != 'b'; i++) {
		size_t end = str_chr(text, '\n', n);

		on_line(ctx, str_slice(text, n, end));
		n = end + 1;
	}
	return n;
}

Test(splitter, gives_the_same_lines_to_one_who_takes_many_at_once)
{
	split_everywhere(on_block);
}

Test(splitter, hands_on_a_line_of_50_mb_in_pieces)
{
	static char chunk[65536];
	struct seen seen = seen_new();
	struct line_splitter s;

	memset(chunk, 'x', sizeof(chunk));
	line_splitter_init(&s, on_line, &seen);
	seen.splitter = &s;
	for (int i = 0; i < 800; i++) {
		line_splitter_feed(&s, str_mk(chunk, sizeof(chunk)));
		cr_assert_leq(s.rest.cap, 4 * (size_t)LINE_MAX_BYTES);
	}
	line_splitter_feed(&s, STR("\nnext\n"));
	cr_assert_eq(seen.lines, 51);
	cr_assert_eq(seen.longest, LINE_MAX_BYTES);
	cr_assert_eq(seen.continued, 49, "all pieces but the first continue it");
	cr_assert_str_eq(seen.text.p, "[next]");
	line_splitter_release(&s);
	strbuf_release(&seen.text);
}

Test(splitter, a_line_of_exactly_the_maximum_is_one_line)
{
	struct strbuf line = STRBUF_INIT(0);
	struct seen seen = seen_new();
	struct line_splitter s;

	for (int i = 0; i < LINE_MAX_BYTES; i++) {
		strbuf_addc(&line, 'x');
	}
	line_splitter_init(&s, on_line, &seen);
	line_splitter_feed(&s, strbuf_str(&line));
	line_splitter_feed(&s, STR("\n"));
	strbuf_addc(&line, '\r');
	line_splitter_feed(&s, strbuf_str(&line));
	line_splitter_finish(&s);
	cr_assert_eq(seen.lines, 2);
	line_splitter_release(&s);
	strbuf_release(&seen.text);
	strbuf_release(&line);
}

static void on_piece(void *ctx, struct str piece)
{
	struct strbuf *all = ctx;

	cr_assert(str_find(piece, STR("\uFFFD"), 0) == STR_NPOS);
	strbuf_adds(all, piece);
}

Test(splitter, cuts_long_lines_between_characters)
{
	struct strbuf in = STRBUF_INIT(0);
	struct strbuf out = STRBUF_INIT(0);
	struct line_splitter s;

	strbuf_addc(&in, 'x');
	while (in.len < 3 * (size_t)LINE_MAX_BYTES) {
		strbuf_adds(&in, STR("€"));
	}
	line_splitter_init(&s, on_piece, &out);
	line_splitter_feed(&s, strbuf_str(&in));
	line_splitter_finish(&s);
	cr_assert(str_eq(strbuf_str(&in), strbuf_str(&out)));
	line_splitter_release(&s);
	strbuf_release(&in);
	strbuf_release(&out);
}

struct masked {
	struct masker *m;
	struct strbuf out;
};

static void mask_piece(void *ctx, struct str piece)
{
	struct masked *masked = ctx;

	masker_apply(masked->m, piece, &masked->out);
}

static size_t cut_piece(void *ctx, struct str piece)
{
	return masker_cut(((struct masked *)ctx)->m, piece);
}

Test(splitter, no_secret_lies_across_a_cut)
{
	for (size_t before = LINE_MAX_BYTES - 8; before <= LINE_MAX_BYTES; before++) {
		struct masked masked = { masker_new(), STRBUF_INIT(0) };
		struct line_splitter s;

		masker_add_secret(masked.m, STR("hunter22"));
		line_splitter_init(&s, mask_piece, &masked);
		s.cut = cut_piece;
		for (size_t i = 0; i < before; i++) {
			line_splitter_feed(&s, STR("x"));
		}
		line_splitter_feed(&s, STR("hunter22 and more"));
		line_splitter_finish(&s);
		cr_assert_eq(masked.out.len, before + strlen("*** and more"), "%zu", before);
		line_splitter_release(&s);
		strbuf_release(&masked.out);
		masker_free(masked.m);
	}
}

/* --- commands ----------------------------------------------------------------------------------
 */

/* "name|key=value|…|data" of a line's command, or "-". */
static struct str show(struct arena *a, struct str line)
{
	struct command c;
	struct strbuf b = STRBUF_INIT(0);

	if (!command_parse(a, line, &c)) {
		return STR("-");
	}
	strbuf_adds(&b, c.name);
	for (size_t i = 0; i < c.n; i++) {
		strbuf_addf(&b, "|%.*s=%.*s", STR_ARG(c.properties[i].key),
			    STR_ARG(c.properties[i].value));
	}
	strbuf_addf(&b, "|%.*s", STR_ARG(c.data));

	struct str shown = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return shown;
}

static const struct {
	const char *line, *command;
} commands[] = {
	{ "::debug::hello", "debug|hello" },
	{ "::debug::", "debug|" },
	{ "  \t::debug::x", "debug|x" },
	{ "\u00A0::debug::x", "debug|x" },
	{ "x ::debug::x", "-" },
	{ ":debug::x", "-" },
	{ "::debug:x", "-" },
	{ "::debug", "-" },
	{ "::unknown::x", "-" },
	{ ":: debug::x", "-" },
	{ "::internal-set-repo-path::x", "-" },
	{ "::DeBuG::x", "DeBuG|x" },
	{ "::error file=a.c,line=3::msg", "error|file=a.c|line=3|msg" },
	{ "::error file=a.c, line=3::msg", "error|file=a.c| line=3|msg" },
	{ "::error  file=a.c ::msg", "error|file=a.c|msg" },
	{ "::error file=,line=1::m", "error|line=1|m" },
	{ "::error =x::m", "error|m" },
	{ "::error file==a=b::m", "error|file=a=b|m" },
	{ "::error ::m", "error|m" },
	{ "::error ,,file=a,::m", "error|file=a|m" },
	{ "::group::a::b::c", "group|a::b::c" },
	{ "::set-output name=x::1%0A2%0D%25", "set-output|name=x|1\n2\r%" },
	{ "::set-output name=a%3Ab%2Cc::", "set-output|name=a:b,c|" },
	{ "::debug::%3A%2C%0a%0d%250A", "debug|%3A%2C%0a%0d%0A" },
	{ "::set-output name=%250A::", "set-output|name=%0A|" },
	{ "##[debug]x", "debug|x" },
	{ "abc ##[debug]x", "debug|x" },
	{ "##[error file=a;line=1]m%5D%3B%0A%3A", "error|file=a|line=1|m];\n%3A" },
	{ "##[error file=a,line=1]m", "error|file=a,line=1|m" },
	{ "##[unknown]##[debug]x", "-" },
	{ "##[debug x", "-" },
	{ "##debug]x", "-" },
	{ "::unknown::##[debug]x", "debug|x" },
	{ "::debug::##[error]x", "debug|##[error]x" },
	{ "", "-" },
	{ "::", "-" },
	{ "::::", "-" },
};

Test(command, is_recognised_exactly_as_the_runner_does)
{
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct str got = show(&a, str_of(commands[i].line));

		cr_assert(str_eq(got, str_of(commands[i].command)), "%s: %.*s", commands[i].line,
			  STR_ARG(got));
	}
	arena_release(&a);
}

Test(command, property_names_have_no_case_and_the_last_value_counts)
{
	struct arena a = ARENA_INIT;
	struct command c;

	cr_assert(command_parse(&a, STR("::error File=a,LINE=1,file=b::m"), &c));
	cr_assert(str_eq(command_property(&c, STR("file")), STR("b")));
	cr_assert(str_eq(command_property(&c, STR("line")), STR("1")));
	cr_assert_eq(command_property(&c, STR("col")).len, 0);
	arena_release(&a);
}

Test(command, every_registered_name_is_known)
{
	static const char *const names[] = { "set-output",     "save-state", "set-env",
					     "add-path",       "add-mask",   "add-matcher",
					     "remove-matcher", "debug",      "error",
					     "warning",        "notice",     "group",
					     "endgroup",       "echo",       "stop-commands" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct arena a = ARENA_INIT;
		struct command c;
		struct str line = arena_printf(&a, "::%s::", names[i]);

		cr_assert(command_is_registered(str_of(names[i])), "%s", names[i]);
		cr_assert(command_parse(&a, line, &c) && c.kind == (enum command_kind)i);
		arena_release(&a);
	}
	cr_assert_not(command_is_registered(STR("pause-logging")));
}

/* 4.9: everything until ::token:: (case-insensitive) is plain text. */
Test(command, resume_is_the_token_in_either_notation)
{
	struct str token = STR("abc-1");

	cr_assert(command_is_resume(STR("::abc-1::"), token));
	cr_assert(command_is_resume(STR("  ::ABC-1 x=y::text"), token));
	cr_assert(command_is_resume(STR("x ##[abc-1]"), token));
	cr_assert(command_is_resume(STR("::other::##[abc-1]"), token));
	cr_assert_not(command_is_resume(STR("::debug::##[abc-1]"), token));
	cr_assert_not(command_is_resume(STR("::abc-12::"), token));
	cr_assert_not(command_is_resume(STR("::abc-1"), token));
	cr_assert_not(command_is_resume(STR("abc-1"), token));
}

/* 4.9 "Annotation rules", and the runner's own cases of them; 0 = dropped or not said. */
static const struct {
	const char *line;
	struct command_place place;
} places[] = {
	{ "::warning::m", { 0, 0, 0, 0 } },
	{ "::warning line=1,endLine=2,col=1,endColumn=2::m", { 1, 2, 0, 0 } },
	{ "::warning col=1,endColumn=2::m", { 0, 0, 0, 0 } },
	{ "::warning endLine=1::m", { 1, 1, 0, 0 } },
	{ "::warning line=1,endColumn=2::m", { 1, 0, 2, 2 } },
	{ "::warning line=,endLine=3::m", { 3, 3, 0, 0 } },
	{ "::warning line=x,endLine=3::m", { 3, 3, 0, 0 } },
	{ "::warning line=4,endLine=3::m", { 0, 0, 0, 0 } },
	{ "::warning line=1,endLine=1,col=3,endColumn=2::m", { 1, 1, 0, 0 } },
	{ "::warning line=1,endLine=1,col=1,endColumn=2::m", { 1, 1, 1, 2 } },
	{ "::warning line=1,col=1,file=test.txt::m", { 1, 0, 1, 0 } },
	{ "::warning line=1,endLine=01,col=1::m", { 1, 1, 0, 0 } }, /* compared as written */
	{ "::warning line= 7 ,col=+2::m", { 7, 0, 2, 0 } },
	{ "::warning line=1.5,col=2::m", { 0, 0, 0, 0 } },
	{ "::warning line=99999999999::m", { 0, 0, 0, 0 } },
	{ "::warning endLine=5,col=2,endColumn=3::m", { 5, 5, 2, 3 } },
	{ "##[error line=4;col=2]m", { 4, 0, 2, 0 } },
};

Test(command, a_place_is_made_sensible)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct arena a = ARENA_INIT;
		struct command c;

		cr_assert(command_parse(&a, str_of(places[i].line), &c));

		struct command_place got = command_place(&c);

		cr_assert(memcmp(&got, &places[i].place, sizeof(got)) == 0, "%s: %d %d %d %d",
			  places[i].line, (int)got.line, (int)got.end_line, (int)got.col,
			  (int)got.end_col);
		arena_release(&a);
	}
}

/* The runner's own cases of both notations. */
static const struct {
	const char *line, *command;
} runners[] = {
	{ "##[debug k1=v1;]msg", "debug|k1=v1|msg" },
	{ "##[debug]", "debug|" },
	{ "##[debug k1=%3B=%0D=%0A=%5D;]%3B-%0D-%0A-%5D", "debug|k1=;=\r=\n=]|;-\r-\n-]" },
	{ "##[debug k1=%253B=%250D=%250A=%255D;]%253B-%250D-%250A-%255D",
	  "debug|k1=%3B=%0D=%0A=%5D|%3B-%0D-%0A-%5D" },
	{ "##[debug k1=;k2=;]", "debug|" },
	{ ">>>   ##[debug k1=v1;]msg", "debug|k1=v1|msg" },
	{ "::debug k1=v1,::msg", "debug|k1=v1|msg" },
	{ "::debug k1=;=%2C=%0D=%0A=]=%3A,::;-%0D-%0A-]-:-,",
	  "debug|k1=;=,=\r=\n=]=:|;-\r-\n-]-:-," },
	{ "::debug k1=;=%252C=%250D=%250A=]=%253A,::;-%250D-%250A-]-:-,",
	  "debug|k1=;=%2C=%0D=%0A=]=%3A|;-%0D-%0A-]-:-," },
	{ "::debug k1=,k2=,::", "debug|" },
	{ "   ::debug k1=v1,::msg", "debug|k1=v1|msg" },
	{ "   >>>   ::debug k1=v1,::msg", "-" },
};

Test(command, agrees_with_the_runners_own_cases)
{
	for (size_t i = 0; i < sizeof(runners) / sizeof(runners[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = show(&a, str_of(runners[i].line));

		cr_assert(str_eq(got, str_of(runners[i].command)), "%s: %.*s", runners[i].line,
			  STR_ARG(got));
		arena_release(&a);
	}
}

/* --- file commands -----------------------------------------------------------------------------
 */

static void on_pair(void *ctx, struct str name, struct str value)
{
	strbuf_addf(ctx, "{%.*s=%.*s}", STR_ARG(name), STR_ARG(value));
}

/* Quoted texts: SEMANTICS 4.8. */
static const struct {
	const char *content, *pairs, *why;
} files[] = {
	{ "", "", NULL },
	{ "a=1\nb=2", "{a=1}{b=2}", NULL },
	{ "\n\na=1\n\n", "{a=1}", NULL },
	{ " a = 1 \n", "{ a = 1 }", NULL },
	{ "a=1=2\n", "{a=1=2}", NULL },
	{ "=1\n", "{=1}", NULL },
	{ "a=\n", "{a=}", NULL },
	{ "a=1\r\n", "{a=1\r}", NULL },
	{ "a=x<<y\n", "{a=x<<y}", NULL },
	{ "a<<EOF\nx\ny\nEOF\nb=2\n", "{a=x\ny}{b=2}", NULL },
	{ "a<<EOF\nEOF\n", "{a=}", NULL },
	{ "a<<EOF\n\nEOF\n", "{a=}", NULL },
	{ "a<<EOF\n\n\nEOF\n", "{a=\n}", NULL },
	{ "a<<EOF\nx\nEOF", "{a=x}", NULL },
	{ "a<<EOF\n EOF\nEOF \nEOF\n", "{a= EOF\nEOF }", NULL },
	{ "a<<E=F\nx\nE=F\n", "{a=x}", NULL },
	{ "a<<b<<c\nx\nb<<c\n", "{a=x}", NULL },
	{ "a<<EOF\r\nx\r\nEOF\r\n", "{a=x\r}", NULL },
	{ "a<<EOF\nx\n", "", "Invalid value. Matching delimiter not found 'EOF'" },
	{ "a<<EOF", "", "Invalid value. Matching delimiter not found 'EOF'" },
	{ "a<<EOF\nx", "", "Invalid value. EOF marker missing new line." },
	{ "<<EOF\nx\nEOF\n", "",
	  "Invalid format '<<EOF'. Name must not be empty and delimiter must not be empty" },
	{ "a<<\nx\n\n", "",
	  "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty" },
	{ "A==abc\nB=def=ghi\nC=jkl=\n", "{A==abc}{B=def=ghi}{C=jkl=}", NULL },
	{ "A<<=EOF\nhello\none\n=EOF\nB<<<EOF\nhello\ntwo\n<EOF\n", "{A=hello\none}{B=hello\ntwo}",
	  NULL },
	{ "A<<EOF\nhello\n\nthree\n\nEOF\nB<<EOF\nhello=four\nEOF\n",
	  "{A=hello\n\nthree\n}{B=hello=four}", NULL },
	{ "A<<EOF line one line two EOF", "",
	  "Invalid value. Matching delimiter not found 'EOF line one line two EOF'" },
	{ "A<<EOF one\ntwo\nthree EOF", "", "Invalid value. EOF marker missing new line." },
	{ "a=1\nrubbish\nb=2\n", "{a=1}", "Invalid format 'rubbish'" },
	{ "a=1\nb<<X\n", "{a=1}", "Invalid value. Matching delimiter not found 'X'" },
};

Test(filecmd, grammar_and_messages_are_the_runners)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct arena a = ARENA_INIT;
		struct strbuf pairs = STRBUF_INIT(0);
		struct str why = STR_EMPTY;
		bool ok = filecmd_parse(&a, str_of(files[i].content), on_pair, &pairs, &why);

		cr_assert_eq(ok, files[i].why == NULL, "row %zu", i);
		cr_assert_str_eq(pairs.p, files[i].pairs, "row %zu: %s", i, pairs.p);
		cr_assert(str_eq(why, str_of(files[i].why)), "row %zu: %.*s", i, STR_ARG(why));
		strbuf_release(&pairs);
		arena_release(&a);
	}
}

static const struct {
	struct str in;
	const char *out;
} encodings[] = {
	{ { "", 0 }, "" },
	{ { "a=\xC3\xA4", 4 }, "a=ä" },
	{ { "\xEF\xBB\xBF"
	    "a",
	    4 },
	  "a" },
	{ { "\xFF\xFE"
	    "a\0=\0",
	    6 },
	  "a=" },
	{ { "\xFE\xFF\0a\0=", 6 }, "a=" },
	{ { "\xFF\xFE\x3D\xD8\x00\xDE", 6 }, "😀" },
	{ { "\xFF\xFE\x3D\xD8"
	    "a\0b",
	    7 },
	  "\uFFFD"
	  "a\uFFFD" },
	{ { "\xFF\xFE\0\0a\0\0\0\x00\xF6\x01\0", 12 }, "a😀" },
	{ { "\0\0\xFE\xFF\0\0\0a", 8 }, "a" },
	{ { "a\xFF"
	    "b",
	    3 },
	  "a\uFFFD"
	  "b" },
};

/* 4.8: decode with BOM sniffing (UTF-8, UTF-16, UTF-32; else UTF-8). */
Test(filecmd, byte_order_marks_decide_the_encoding)
{
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		struct arena a = ARENA_INIT;
		struct str got = filecmd_decode(&a, encodings[i].in);

		cr_assert(str_eq(got, str_of(encodings[i].out)), "row %zu: %.*s", i, STR_ARG(got));
		arena_release(&a);
	}
}
