/* Unit and property tests of masking (SEMANTICS 4.10) and of the escape sequences beside it. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "actc/ansi.h"
#include "actc/event.h"
#include "actc/stream.h"
#include "actc/utf8.h"

/* The text masked with one secret. The result is static: compare before the next call. */
static const char *masked(const char *secret, const char *text)
{
	static struct strbuf out = STRBUF_INIT(0);
	struct masker *m = masker_new();

	strbuf_reset(&out);
	masker_add_secret(m, str_of(secret));
	masker_apply(m, str_of(text), &out);
	masker_free(m);
	return out.p;
}

static const struct {
	const char *what, *secret, *in, *out;
} forms[] = {
	{ "itself", "hunter2", "a hunter2 b", "a *** b" },
	{ "case counts", "hunter2", "Hunter2", "Hunter2" },
	{ "one letter", "x", "axb x", "a***b ***" },
	{ "base64", "hunter2", "aHVudGVyMg==", "***" },
	{ "base64 without first byte", "hunter2", "dW50ZXIy", "***" },
	{ "base64 without two bytes", "hunter2", "bnRlcjI=", "***" },
	{ "base64 inside user:secret", "hunter22", "dTpodW50ZXIyMg==", "dTpo***" },
	{ "command line", "a\"b", "a\\\"b", "***" },
	{ "expression", "it's", "it''s", "***" },
	{ "json", "a\tb\\c\"\x01", "a\\tb\\\\c\\\"\\u0001", "***" },
	{ "json line separator", "a\u2028b", "a\\u2028b", "***" },
	{ "uri", "a b/c+ä~", "a%20b%2Fc%2B%C3%A4~", "***" },
	{ "xml", "<a&\"'>", "&lt;a&amp;&quot;&apos;&gt;", "***" },
	{ "quotes of a long one", "\"abcdefg\"", "abcdefg", "***" },
	{ "quotes of a short one", "\"abcdef\"", "abcdef", "abcdef" },
	{ "powershell head", "abcd&efgh&ij", "x abcd&efgh& y", "x *** y" },
	{ "powershell tail", "a&bcdefg", "bcdefg", "***" },
	{ "powershell short head", "abcd&xyzxyz", "abcd& y", "abcd& y" },
	{ "powershell short tail", "abcdef&bcdef", "bcdef", "bcdef" },
	{ "powershell plus head", "abcd&+sefghij&k", "abcd&+ x", "*** x" },
	{ "powershell plus tail", "abcd&+sefghij&k", "efghij&k", "***" },
	{ "overlap", "abab", "xababab", "x***" },
	{ "adjacent", "ab", "xababx", "x***x" },
	{ "twice", "ab", "ab ab", "*** ***" },
	{ "trimmed", "  ab \n", "xaby", "x***y" },
	{ "blank", " \n\t", " \n\t", " \n\t" },
	{ "each line", "one1\n\n  two2 \r\nthree3", "one1 two2 three3", "*** *** ***" },
	{ "whole", "one1\ntwo2", "one1\ntwo2", "***" },
	{ "empty text", "x", "", "" },
};

Test(mask, every_form_of_a_secret_is_replaced)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *got = masked(forms[i].secret, forms[i].in);

		cr_assert_str_eq(got, forms[i].out, "%s: %s", forms[i].what, got);
	}
}

/* add-mask values are added untrimmed plus trimmed lines. */
Test(mask, a_mask_counts_untrimmed_and_by_its_lines)
{
	struct masker *m = masker_new();
	struct strbuf out = STRBUF_INIT(0);

	masker_add_mask(m, STR("   "));
	cr_assert_not(masker_hits(m, STR("a    b")));
	masker_add_mask(m, STR(" ab \n cd"));
	masker_apply(m, STR("x ab y"), &out);
	masker_apply(m, STR("|IGFiIAogY2Q=|cd"), &out);
	cr_assert_str_eq(out.p, "x *** y|***|***");
	strbuf_release(&out);
	masker_free(m);
}

Test(mask, the_debug_switches_are_no_secrets)
{
	struct strbuf out = STRBUF_INIT(0);
	struct masker *m = masker_new();

	masker_add_named(m, STR("actions_step_debug"), STR("true"));
	masker_add_named(m, STR("ACTIONS_RUNNER_DEBUG"), STR("1"));
	masker_add_named(m, STR("KEY"), STR("yes"));
	masker_apply(m, STR("true 1 yes"), &out);
	cr_expect_str_eq(out.p, "true 1 ***");
	masker_free(m);
	strbuf_release(&out);
}

Test(mask, a_secret_added_later_counts_from_then_on)
{
	struct masker *m = masker_new();

	masker_add_secret(m, STR("first"));
	cr_assert(masker_hits(m, STR("the first one")));
	cr_assert_not(masker_hits(m, STR("the second one")));
	masker_add_mask(m, STR("second"));
	cr_assert(masker_hits(m, STR("the second one")));
	cr_assert(masker_hits(m, STR("the first one")));
	masker_free(m);
}

/* A later, longer hit swallows the shorter ones before it; hits that touch are one. */
Test(mask, hits_of_several_secrets_are_merged)
{
	struct masker *m = masker_new();
	struct strbuf out = STRBUF_INIT(0);

	masker_add_secret(m, STR("b"));
	masker_add_secret(m, STR("d"));
	masker_add_secret(m, STR("abcde"));
	masker_add_secret(m, STR("cdx"));
	masker_apply(m, STR("abcde|xbc|bd|abcdx|acdx"), &out);
	cr_assert_str_eq(out.p, "***|x***c|***|a***|a***", "%s", out.p);
	strbuf_release(&out);
	masker_free(m);
}

Test(mask, a_secret_that_is_not_utf8_is_found_as_output_shows_it)
{
	cr_assert_str_eq(masked("ab\xFF"
				"cd",
				"x ab\uFFFD"
				"cd"),
			 "x ***");
}

Test(mask, a_cut_never_divides_a_secret)
{
	struct masker *m = masker_new();

	masker_add_secret(m, STR("secret"));
	cr_assert_eq(masker_cut(m, STR("plain")), 5);
	cr_assert_eq(masker_cut(m, STR("plain sec")), 6);
	cr_assert_eq(masker_cut(m, STR("a secret")), 2);
	cr_assert_eq(masker_cut(m, STR("secretsecre")), 6);
	cr_assert_eq(masker_cut(m, STR("sec")), 0);
	masker_free(m);
}

/* --- property ----------------------------------------------------------------------------------
 */

static unsigned long seed = 1;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(seed >> 33) % n;
}

/* Encoders of the test's own, so that a fault in the masker's is not repeated here. */
static void enc_base64(struct strbuf *out, struct str s)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < s.len; i++) {
		acc = acc << 8 | (unsigned char)s.p[i];
		for (bits += 8; bits >= 6; bits -= 6) {
			strbuf_addc(out, set[acc >> (bits - 6) & 63]);
		}
	}
	if (bits) {
		strbuf_addc(out, set[acc << (6 - bits) & 63]);
	}
	while (out->len % 4) {
		strbuf_addc(out, '=');
	}
}

static void enc_escape(struct strbuf *out, struct str s, const char *format, const char *plain)
{
	for (size_t i = 0; i < s.len; i++) {
		if (strchr(plain, s.p[i])) {
			strbuf_addc(out, s.p[i]);
		} else {
			strbuf_addf(out, "%c%02X", format[0], (unsigned char)s.p[i]);
		}
	}
}

static void enc_table(struct strbuf *out, struct str s, const char *const *pairs)
{
	for (size_t i = 0; i < s.len; i++) {
		const char *const *p = pairs;

		while (*p && (*p)[0] != s.p[i]) {
			p++;
		}
		strbuf_adds(out, *p ? str_of(*p + 1) : str_mk(s.p + i, 1));
	}
}

enum { ENCODINGS = 9 };

static void encode(struct strbuf *out, struct str s, unsigned how)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
	static const char *const json[] = { "\"\\\"", "\\\\\\", "\t\\t", NULL };
	static const char *const xml[] = {
		"&&amp;", "<&lt;", ">&gt;", "\"&quot;", "'&apos;", NULL
	};
	static const char *const quotes[] = { "\"\\\"", NULL };
	static const char *const single[] = { "'''", NULL };

	switch (how) {
	case 0:
		strbuf_adds(out, s);
		break;
	case 1:
	case 2:
	case 3:
		enc_base64(out, s.len >= how ? str_slice(s, how - 1, s.len) : s);
		break;
	case 4:
		enc_escape(out, s, "%", unreserved);
		break;
	case 5:
		enc_table(out, s, json);
		break;
	case 6:
		enc_table(out, s, xml);
		break;
	case 7:
		enc_table(out, s, quotes);
		break;
	default:
		enc_table(out, s, single);
		break;
	}
}

static struct str random_secret(struct arena *a)
{
	static const char set[] = "abcXYZ019 \"'\\&<>+/=%$#@!\t-_.~";
	size_t len = 1 + rnd(rnd(4) ? 12 : 80);
	char *p = arena_alloc(a, len + 1);

	for (size_t i = 0; i < len; i++) {
		p[i] = set[rnd(sizeof(set) - 1)];
	}
	return utf8_trim(str_mk(p, len));
}

/* A few secrets in all encodings between random text: none is left in what comes out. */
static void one_round(void)
{
	struct arena a = ARENA_INIT;
	struct masker *m = masker_new();
	struct str secrets[8];
	struct strbuf text = STRBUF_INIT(0);
	struct strbuf out = STRBUF_INIT(0);
	struct strbuf form = STRBUF_INIT(0);
	size_t n = 1 + rnd(8);

	for (size_t i = 0; i < n; i++) {
		secrets[i] = random_secret(&a);
		masker_add_secret(m, secrets[i]);
	}
	for (int i = 0; i < 20; i++) {
		strbuf_adds(&text, rnd(3) ? STR("lorem ipsum ") : STR_EMPTY);
		strbuf_reset(&form);
		encode(&form, secrets[rnd((unsigned)n)], rnd(ENCODINGS));
		strbuf_adds(&text, strbuf_str(&form));
	}
	masker_apply(m, strbuf_str(&text), &out);
	for (size_t i = 0; i < n * ENCODINGS; i++) {
		strbuf_reset(&form);
		encode(&form, secrets[i / ENCODINGS], (unsigned)(i % ENCODINGS));
		/* Stars are what replaces; they may look like a secret of stars only. */
		cr_assert(form.len == 0 ||
				  str_find(strbuf_str(&out), strbuf_str(&form), 0) == STR_NPOS,
			  "secret <%.*s> form %zu in <%s>", STR_ARG(secrets[i / ENCODINGS]),
			  i % ENCODINGS, out.p);
	}
	strbuf_release(&text);
	strbuf_release(&out);
	strbuf_release(&form);
	masker_free(m);
	arena_release(&a);
}

Test(mask, no_output_contains_any_form_of_a_secret)
{
	const char *given = getenv("ACTC_TEST_SEED");

	seed = given ? strtoul(given, NULL, 10) : 1;
	for (int i = 0; i < 3000; i++) {
		one_round();
	}
}

struct sink {
	struct masker *m;
	struct log_head head;
	struct strbuf records, lines;
};

/* What a line becomes on its way out of the process, and there again. */
static void on_line(void *ctx, struct str line)
{
	struct sink *sink = ctx;
	struct event e = { .kind = EVENT_STEP_LOG, .t_us = 1, .job = STR("j"), .step = STR("1") };
	struct arena a = ARENA_INIT;

	e.u.step_log.line = line;
	strbuf_reset(&sink->records);
	event_emit_line(&sink->records, sink->m, &sink->head, &e);
	cr_assert(event_decode(&a, strbuf_str(&sink->records), &e));
	strbuf_adds(&sink->lines, e.u.step_log.line);
	strbuf_addc(&sink->lines, '\n');
	arena_release(&a);
}

/* The same through a splitter that gets the text in pieces of any size; half of the secrets are
 * only added while it goes. */
static void one_stream(void)
{
	struct arena a = ARENA_INIT;
	struct sink sink = { masker_new(), LOG_HEAD_INIT, STRBUF_INIT(0), STRBUF_INIT(0) };
	struct strbuf text = STRBUF_INIT(0), form = STRBUF_INIT(0);
	struct line_splitter splitter;
	struct str secrets[4];

	line_splitter_init(&splitter, on_line, &sink);
	for (int i = 0; i < 4; i++) {
		secrets[i] = random_secret(&a);
		(i % 2 ? masker_add_mask : masker_add_secret)(sink.m, secrets[i]);
		strbuf_reset(&text);
		for (int k = 0; k < 8; k++) {
			strbuf_reset(&form);
			encode(&form, secrets[rnd((unsigned)i + 1)], rnd(ENCODINGS));
			strbuf_adds(&text, rnd(3) ? STR("word ") : STR("\n"));
			strbuf_adds(&text, strbuf_str(&form));
		}
		for (struct str rest = strbuf_str(&text); rest.len;) {
			size_t n = 1 + rnd(rnd(2) ? 3 : 40);

			line_splitter_feed(&splitter, str_slice(rest, 0, n));
			rest = str_slice(rest, n, rest.len);
		}
		line_splitter_feed(&splitter, STR("\n"));
	}
	line_splitter_finish(&splitter);
	for (size_t i = 0; i < 4 * ENCODINGS; i++) {
		strbuf_reset(&form);
		encode(&form, secrets[i / ENCODINGS], (unsigned)(i % ENCODINGS));
		/* A short one may be in what was printed before it was known. */
		cr_assert((i >= ENCODINGS && form.len < 6) || form.len == 0 ||
				  strspn(form.p, "*") == form.len ||
				  str_find(strbuf_str(&sink.lines), strbuf_str(&form), 0) ==
					  STR_NPOS,
			  "secret <%.*s> form %zu in <%s>", STR_ARG(secrets[i / ENCODINGS]),
			  i % ENCODINGS, sink.lines.p);
	}
	line_splitter_release(&splitter);
	log_head_release(&sink.head);
	strbuf_release(&sink.records);
	strbuf_release(&sink.lines);
	strbuf_release(&text);
	strbuf_release(&form);
	masker_free(sink.m);
	arena_release(&a);
}

Test(mask, no_line_of_a_stream_contains_a_form_of_a_secret_however_it_is_cut)
{
	const char *given = getenv("ACTC_TEST_SEED");

	seed = given ? strtoul(given, NULL, 10) : 1;
	for (int i = 0; i < 2000; i++) {
		one_stream();
	}
}

/* Against a search that tries every pattern at every place. */
Test(mask, finds_the_same_hits_as_a_plain_search)
{
	static const char *const words[] = { "a", "ab", "bab", "bc", "bca", "c", "caa", "abcabc" };

	for (int round = 0; round < 5000; round++) {
		struct masker *m = masker_new();
		struct strbuf out = STRBUF_INIT(0);
		struct strbuf want = STRBUF_INIT(0);
		char text[41];
		bool hit[41] = { false };
		unsigned chosen = 1 + rnd(255);

		for (size_t i = 0; i < 40; i++) {
			text[i] = "abcd"[rnd(4)];
		}
		text[40] = '\0';
		for (size_t w = 0; w < 8; w++) {
			size_t len = strlen(words[w]);

			if (!(chosen >> w & 1)) {
				continue;
			}
			masker_add_secret(m, str_of(words[w]));
			/* A search in between makes links that the next word may change. */
			(void)(rnd(2) && masker_hits(m, str_of(text)));
			for (size_t i = 0; i + len <= 40; i++) {
				if (strncmp(text + i, words[w], len) == 0) {
					memset(hit + i, 1, len);
				}
			}
		}
		/* Touching hits are one, so runs of hit bytes are what is replaced. */
		for (size_t i = 0; i < 40; i++) {
			if (!hit[i]) {
				strbuf_addc(&want, text[i]);
			} else if (i == 0 || !hit[i - 1]) {
				strbuf_adds(&want, STR("***"));
			}
		}
		masker_apply(m, str_of(text), &out);
		cr_assert_str_eq(out.p, want.p, "%s with %x: %s", text, chosen, out.p);
		strbuf_release(&out);
		strbuf_release(&want);
		masker_free(m);
	}
}

/* --- escape sequences --------------------------------------------------------------------------
 */

static const struct {
	const char *in, *out;
} escapes[] = {
	{ "plain", "plain" },
	{ "\x1B[31mred\x1B[0m", "red" },
	{ "\x1B[1;38:5:3mx", "x" },
	{ "\x1B[2Jx\x1B[?25l", "x" },
	{ "\x1B]0;title\x07x", "x" },
	{ "\x1B]8;;http://x\x1B\\link\x1B]8;;\x1B\\", "link" },
	{ "\x1BPq#0\x1B\\x", "x" },
	{ "\x1B(Bx\x1B"
	  "7y",
	  "xy" },
	{ "a\x1B", "a" },
	{ "a\x1B[", "a" },
	{ "a\x1B[12", "a" },
	{ "a\x1B[1\nb", "a\nb" },
	{ "a\x1B]never ending", "a" },
};

Test(ansi, strip_removes_whole_sequences)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		struct strbuf out = STRBUF_INIT(0);

		ansi_strip(&out, str_of(escapes[i].in));
		cr_assert_str_eq(out.p, escapes[i].out, "row %zu: %s", i, out.p);
		strbuf_release(&out);
	}
}
