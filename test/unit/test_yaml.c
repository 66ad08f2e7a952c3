/* Unit tests of the YAML layer: SEMANTICS 1.1. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "actc/strbuf.h"
#include "actc/yaml.h"
#include "cpu_limit.h"

struct fixture {
	struct arena a;
	struct sources sources;
	struct diags diags;
};

static const struct yaml_node *read_limited(struct fixture *f, struct str text,
					    const struct yaml_limits *limits)
{
	*f = (struct fixture){ .a = ARENA_INIT };
	f->sources.arena = &f->a;
	f->diags.arena = &f->a;
	f->diags.sources = &f->sources;
	return yaml_read(&f->a, sources_add(&f->sources, STR("w.yml"), text), limits, &f->diags);
}

static const struct yaml_node *read_text(struct fixture *f, struct str text)
{
	return read_limited(f, text, &yaml_workflow_limits);
}

/* Row -> kind and value as one word: "n:1.5", "b:true", "null", "s:text". */
static struct str show(struct arena *a, const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_NULL:
		return STR("null");
	case YAML_BOOL:
		return n->b ? STR("b:true") : STR("b:false");
	case YAML_NUMBER:
		return arena_printf(a, "n:%.17g", n->n);
	case YAML_STRING:
		return arena_printf(a, "s:%.*s", STR_ARG(n->text));
	case YAML_SEQ:
		return arena_printf(a, "seq:%zu", n->count);
	case YAML_MAP:
		return arena_printf(a, "map:%zu", n->count);
	}
	return STR_EMPTY;
}

/* "Only plain style is resolved; quoted, literal and folded scalars are always strings." */
static const char *const scalars[][2] = {
	{ "~", "null" },
	{ "null", "null" },
	{ "Null", "null" },
	{ "NULL", "null" },
	{ "nULL", "s:nULL" },
	{ "''", "s:" },
	{ "true", "b:true" },
	{ "True", "b:true" },
	{ "FALSE", "b:false" },
	{ "tRUE", "s:tRUE" },
	{ "yes", "s:yes" },
	{ "no", "s:no" },
	{ "on", "s:on" },
	{ "off", "s:off" },
	{ "y", "s:y" },
	{ "'true'", "s:true" },
	{ "\"1\"", "s:1" },
	{ "0", "n:0" },
	{ "0755", "n:755" },
	{ "-0", "n:-0" },
	{ "+12", "n:12" },
	{ "0xff", "n:255" },
	{ "0xFFFFFFFF", "n:-1" },
	{ "0x0000000001", "n:1" },
	{ "-0xff", "s:-0xff" },
	{ "0x", "s:0x" },
	{ "0xg", "s:0xg" },
	{ "0X1", "s:0X1" },
	{ "0o17", "n:15" },
	{ "0o18", "s:0o18" },
	{ "1_000", "s:1_000" },
	{ "1.5", "n:1.5" },
	{ "1.", "n:1" },
	{ ".5", "n:0.5" },
	{ ".", "s:." },
	{ "+.5e-1", "n:0.050000000000000003" },
	{ "1e3", "n:1000" },
	{ "1e", "s:1e" },
	{ "1e+", "s:1e+" },
	{ "e3", "s:e3" },
	{ "1e400", "n:inf" },
	{ "-1e400", "n:-inf" },
	{ ".inf", "n:inf" },
	{ "-.INF", "n:-inf" },
	{ ".iNF", "s:.iNF" },
	{ ".NaN", "n:nan" },
	{ "-.nan", "s:-.nan" },
	{ "2001-12-14t21:59:43.10-05:00", "s:2001-12-14t21:59:43.10-05:00" },
	{ "1.2.3", "s:1.2.3" },
	{ "!!str 1", "s:1" },
	{ "!!str true", "s:true" },
	{ "!!int 7", "n:7" },
	{ "!!float 7", "n:7" },
	{ "!!bool true", "b:true" },
	{ "!!null ~", "null" },
	{ "!<tag:yaml.org,2002:int> 0o10", "n:8" },
	{ "!!map {}", "map:0" },
	{ "!custom []", "seq:0" },
	{ "|\n  a\n  b", "s:a\nb\n" },
	{ ">\n  a\n  b\n", "s:a b\n" },
	{ "|-\n  1\n", "s:1" },
};

Test(yaml, scalars_resolve_by_the_core_words_in_plain_style_only)
{
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		struct fixture f;
		char text[128];

		(void)snprintf(text, sizeof(text), "k: %s\n", scalars[i][0]);
		const struct yaml_node *root = read_text(&f, str_of(text));

		cr_assert_not_null(root, "%s: no document", scalars[i][0]);
		struct str got = show(&f.a, root->pairs[0].value);

		cr_assert(str_eq(got, str_of(scalars[i][1])), "%s: got %.*s", scalars[i][0],
			  STR_ARG(got));
		arena_release(&f.a);
	}
}

static const struct {
	const char *text;
	unsigned line, col;
	const char *msg;
} errors[] = {
	{ "k: !!int \"1\"\n", 1, 4,
	  "The scalar style 'DoubleQuoted' on line 1 and column 4 is not valid with the tag "
	  "'tag:yaml.org,2002:int'" },
	{ "k: !!bool 'a'\n", 1, 4,
	  "The scalar style 'SingleQuoted' on line 1 and column 4 is not valid with the tag "
	  "'tag:yaml.org,2002:bool'" },
	{ "k: !!int |\n  1\n", 1, 4,
	  "The scalar style 'Literal' on line 1 and column 4 is not valid with the tag "
	  "'tag:yaml.org,2002:int'" },
	{ "a: 1\nk: !!bool yes\n", 2, 4,
	  "The value 'yes' on line 2 and column 4 is invalid for the type "
	  "'tag:yaml.org,2002:bool'" },
	{ "k: 0x100000000\n", 1, 4,
	  "The value '0x100000000' on line 1 and column 4 is invalid for the type "
	  "'tag:yaml.org,2002:int'" },
	{ "k: !!timestamp 2001\n", 1, 4, "Unexpected tag 'tag:yaml.org,2002:timestamp'" },
	{ "k: *nope\n", 1, 4, "Unknown anchor 'nope'" },
	{ "k: &a [ *a ]\n", 1, 9, "Maximum object depth exceeded" },
	{ "a: 1\n---\nb: 2\n", 2, 1, "Only one YAML document is allowed in a file" },
	{ "k: [1, 2\nb: 3\n", 2, 2,
	  "Not valid YAML: did not find expected ',' or ']' while parsing a flow sequence" },
	{ "a:\n\tc: d\n", 2, 1,
	  "Not valid YAML: found character that cannot start any token while scanning for the "
	  "next token" },
	{ "a: \"\xff\"\n", 1, 5, "The file is not valid UTF-8" },
	{ "a: b\x01\n", 1, 5, "The control character U+0001 is not allowed in YAML" },
};

Test(yaml, errors_have_github_s_words_and_an_exact_place)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct fixture f;
		const struct yaml_node *root = read_text(&f, str_of(errors[i].text));

		cr_assert_null(root, "%s: was read", errors[i].text);
		cr_assert_eq(f.diags.list.n, 1, "%s: %zu diagnostics", errors[i].text,
			     f.diags.list.n);
		const struct diag *d = &f.diags.list.v[0];
		struct place at = source_place(sources_get(&f.sources, 0), d->at.lo);

		cr_assert(str_eq(d->msg, str_of(errors[i].msg)), "%s: %.*s", errors[i].text,
			  STR_ARG(d->msg));
		cr_assert(at.line == errors[i].line && at.col == errors[i].col, "%s: at %u:%u",
			  errors[i].text, at.line, at.col);
		cr_assert_eq(d->token.file, SPAN_NONE);
		arena_release(&f.a);
	}
}

Test(yaml, an_alias_is_the_anchor_s_node_again)
{
	struct fixture f;
	const struct yaml_node *root =
		read_text(&f, STR("a: &x {k: [1]}\nb: *x\nc: &x 2\nd: *x\n"));

	cr_assert_not_null(root);
	cr_assert_eq(root->pairs[0].value, root->pairs[1].value);
	cr_assert_eq(root->pairs[3].value->n, 2, "the later anchor of a name counts");
	arena_release(&f.a);
}

Test(yaml, anchors_are_refused_in_action_files)
{
	struct fixture f;

	cr_assert_null(read_limited(&f, STR("a: &x 1\n"), &yaml_action_limits));
	cr_assert(str_eq(f.diags.list.v[0].msg,
			 STR("Anchors are not currently supported. Remove the anchor 'x'")));
	arena_release(&f.a);
}

static void expect_only(struct fixture *f, struct str msg)
{
	cr_assert_eq(f->diags.list.n, 1);
	cr_assert(str_eq(f->diags.list.v[0].msg, msg), "%.*s", STR_ARG(f->diags.list.v[0].msg));
	arena_release(&f->a);
}

Test(yaml, depth_is_limited_also_through_aliases)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	for (int i = 0; i < 50; i++) {
		strbuf_addc(&b, '[');
	}
	for (int i = 0; i < 50; i++) {
		strbuf_addc(&b, ']');
	}
	cr_assert_not_null(read_text(&f, strbuf_str(&b)), "50 levels are allowed");
	arena_release(&f.a);
	strbuf_reset(&b);
	for (int i = 0; i < 100000; i++) {
		strbuf_addc(&b, '[');
	}
	cr_assert_null(read_text(&f, strbuf_str(&b)));
	expect_only(&f, STR("Maximum object depth exceeded"));
	strbuf_reset(&b);
	strbuf_adds(&b, STR("- &a0 []\n"));
	for (int i = 1; i < 50; i++) {
		strbuf_addf(&b, "- &a%d [*a%d]\n", i, i - 1);
	}
	cr_assert_null(read_text(&f, strbuf_str(&b)));
	expect_only(&f, STR("Maximum object depth exceeded"));
	strbuf_release(&b);
}

Test(yaml, an_alias_bomb_ends_at_the_node_limit)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	limit_cpu(5);
	strbuf_adds(&b, STR("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
	for (int i = 1; i < 40; i++) {
		strbuf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++) {
			strbuf_addf(&b, "%s*a%d", k ? "," : "", i - 1);
		}
		strbuf_adds(&b, STR("]\n"));
	}
	cr_assert_null(read_text(&f, strbuf_str(&b)));
	expect_only(&f, STR("Maximum YAML nodes exceeded"));
	strbuf_release(&b);
}

/* STREAM-START, DOCUMENT-START, the sequence's two ends and the document's end and the stream's end
 * count too. */
Test(yaml, nodes_are_counted_as_github_counts_events)
{
	for (int extra = 0; extra < 2; extra++) {
		struct fixture f;
		struct strbuf b = STRBUF_INIT(0);

		for (int i = 0; i < 50000 - 6 + extra; i++) {
			strbuf_adds(&b, STR("- a\n"));
		}
		cr_assert_eq(read_text(&f, strbuf_str(&b)) == NULL, extra == 1);
		arena_release(&f.a);
		strbuf_release(&b);
	}
}

Test(yaml, size_is_limited_in_utf16_units)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);

	strbuf_adds(&b, STR("k: "));
	while (b.len < 3 + 524288 * 4 - 8) {
		strbuf_adds(&b, STR("\xf0\x9f\x98\x80"));
	}
	cr_assert_not_null(read_text(&f, strbuf_str(&b)), "1,048,575 units");
	arena_release(&f.a);
	strbuf_adds(&b, STR("\xf0\x9f\x98\x80"));
	cr_assert_null(read_text(&f, strbuf_str(&b)), "1,048,577 units");
	expect_only(&f, STR("The maximum file size of 1048576 characters has been exceeded"));
	strbuf_release(&b);
}

Test(yaml, odd_files_are_read_or_refused_in_time)
{
	struct fixture f;
	struct strbuf b = STRBUF_INIT(0);
	const struct yaml_node *root = read_text(&f, STR(""));

	limit_cpu(20);
	cr_assert(root && root->kind == YAML_NULL);
	arena_release(&f.a);
	root = read_text(&f, STR("# nothing\n"));
	cr_assert(root && root->kind == YAML_NULL);
	arena_release(&f.a);
	cr_assert_null(read_text(&f, str_mk("a: \0b\n", 6)));
	arena_release(&f.a);
	cr_assert_null(read_text(&f, STR("\x7f"
					 "ELF\x02\x01\x01")));
	arena_release(&f.a);
	root = read_text(&f, STR("\xef\xbb\xbf"
				 "a: b\r\nc: d\r\n"));
	cr_assert(root && root->count == 2);
	cr_assert_eq(root->pairs[0].key->at.lo, 0, "the mark is not part of the text");
	arena_release(&f.a);

	/* Ten megabytes, and a line of one megabyte of two-byte letters with many tokens on it. */
	for (int i = 0; i < 1000000; i++) {
		strbuf_adds(&b, STR("a: bcdefg\n"));
	}
	cr_assert_null(read_text(&f, strbuf_str(&b)));
	arena_release(&f.a);
	strbuf_reset(&b);
	strbuf_addc(&b, '[');
	for (int i = 0; i < 49000; i++) {
		strbuf_adds(&b, STR("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc,"));
	}
	strbuf_addc(&b, ']');
	root = read_text(&f, strbuf_str(&b));
	cr_assert(root && root->count == 49000);
	cr_assert_eq(root->items[48999]->at.lo, 1 + 48999 * 15);
	arena_release(&f.a);
	strbuf_release(&b);
}

Test(yaml, spans_are_bytes_and_start_at_the_tag)
{
	struct fixture f;
	const struct yaml_node *root =
		read_text(&f, STR("\xc3\xbc: !!str b\nlist:\n- x\nempty:\n"));
	const struct yaml_pair *p = root->pairs;

	cr_assert_eq(p[0].value->at.lo, 4);
	cr_assert_eq(p[0].value->at.hi, 11);
	cr_assert_eq(p[1].value->at.lo, 18, "a sequence starts at its first dash");
	cr_assert_eq(p[2].value->at.lo, 28, "an empty value is right behind the colon");
	arena_release(&f.a);
}

/* Scalar with «mark» around what must be found again: decoded offset of MARK -> raw offset. */
static const char *const marked[] = {
	"k: plain MARK here\n",
	"k: !!str &x plain MARK\n",
	"k: plain\n  over lines\n\n  MARK\n",
	"k: 'it''s MARK'\n",
	"k: \"tab\\t\\u00fc\\x41 MARK\"\n",
	"k: \"fold\n   ed \\\n   MARK\"\n",
	"k: |\n  first\n    second\n\n  MARK\n",
	"k: |2-\n    kept MARK\n",
	"k: >\n  folded\n  text\n\n  and MARK\n",
	"k: >-\n\n  more\n    indented\n  MARK\n",
	"k: |\r\n  dos\r\n  MARK\r\n",
	"k: # comment\n  !!str\n  MARK\n",
};

Test(yaml, a_place_in_the_text_is_found_again_in_the_source)
{
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
		struct fixture f;
		const struct yaml_node *root = read_text(&f, str_of(marked[i]));

		cr_assert_not_null(root, "%s", marked[i]);
		const struct yaml_node *n = root->pairs[0].value;
		size_t lo = str_find(n->text, STR("MARK"), 0);
		struct span at = yaml_text_span(&f.sources, n, lo, lo + 4);
		struct str raw = str_slice(str_of(marked[i]), at.lo, at.hi);

		cr_assert(str_eq(raw, STR("MARK")), "%s: got '%.*s'", marked[i], STR_ARG(raw));
		arena_release(&f.a);
	}
}
