/* Unit tests of step summaries on a terminal. */
#include <criterion/criterion.h>

#include "report/markdown.h"

/* Without colours, unless a row has them: \001 stands for the begin of a style, \002 for its end.
 */
static const struct {
	const char *about, *in, *out;
} rows[] = {
	{ "nothing", "", "" },
	{ "text", "plain text\nand more", "plain text\nand more\n" },
	{ "headings", "# One\n## Two ##\n####### no heading\n#none",
	  "One\n───\nTwo\n####### no heading\n#none\n" },
	{ "blank lines", "\n\na\n\n\n\nb\n\n", "a\n\nb\n\n" },
	{ "bold and emphasis", "a **bold** and *soft* _word_ ~~gone~~ __b__",
	  "a bold and soft word gone b\n" },
	{ "marks that are none", "2 * 3 * 4 snake_case_name a*b* **",
	  "2 * 3 * 4 snake_case_name a*b* **\n" },
	{ "code", "run `make **x**` now", "run make **x** now\n" },
	{ "links", "[text](https://x.y/z) [https://a](https://a) ![alt](i.png) [no link] (x)",
	  "text (https://x.y/z) https://a [alt] [no link] (x)\n" },
	{ "entities", "a &lt;b&gt; &amp;amp; :x:", "a <b> &amp; ❌\n" },
	{ "escapes", "\\*not\\* \\# a\\b", "*not* # a\\b\n" },
	{ "lists", "- a\n  - b\n* c\n1. d\n2) e\n-none\n- [ ] f\n- [x] g",
	  "• a\n  • b\n• c\n1. d\n2) e\n-none\n• ☐ f\n• ☑ g\n" },
	{ "quote", "> said\n>> twice", "│ said\n│ > twice\n" },
	{ "rule", "---\n* * *\n--",
	  "────────────────────────────────────────\n"
	  "────────────────────────────────────────\n--\n" },
	{ "fenced code", "```sh\n# no **heading**\n<b>\n\n```\n# x",
	  "    # no **heading**\n    <b>\n    \nx\n─\n" },
	{ "other fence", "~~~\n```\n~~~\na", "    ```\na\n" },
	{ "fence that never ends", "```\na\n", "    a\n" },
	{ "table",
	  "| Test | Result |\n| --- | ---: |\n| one | **ok** |\n| two and more | `failed` |\nend",
	  "Test         │ Result\n─────────────────────\none          │     ok\n"
	  "two and more │ failed\nend\n" },
	{ "table without outer bars", "a|b\n:-:|-\nccc|d|e\nf", " a  │ b\n───────\nccc │ d\nf\n" },
	{ "bar behind a backslash", "|a|\n|-|\n|x \\| y|", "a\n─────\nx | y\n" },
	{ "no table", "a | b\nc | d", "a | b\nc | d\n" },
	{ "windows lines", "# A\r\n\r\n- b\r\n", "A\n─\n\n• b\n" },
	{ "escape sequences", "a\033[31mb\033]0;t\007c\001", "abc^A\n" },
	/* what GitHub's toolkit writes */
	{ "html heading and list", "<h1>Title</h1>\n<ul><li>a</li><li>b</li></ul>\n",
	  "Title\n─────\n\n• a\n• b\n\n" },
	{ "html table",
	  "<table><tr><th>File</th><th>Result</th></tr><tr><td>a.js</td>"
	  "<td>Pass</td></tr></table>",
	  "File │ Result\n─────────────\na.js │ Pass\n" },
	{ "html code", "<pre lang=\"js\"><code>let a = 1 < 2;</code></pre>",
	  "    let a = 1 < 2;\n" },
	{ "html link", "<a href=\"https://x\">y</a> <img src=\"i\" alt=\"z\"> <img src='q'>",
	  "y (https://x) [z] [image]\n" },
	{ "html details", "<details><summary>Label</summary>Content</details>",
	  "Label\nContent\n" },
	{ "html inline", "a<br>b <b>c</b> <em>d</em> <code>e</code> <!-- gone --> 1 < 2 <3",
	  "a\nb c d e  1 < 2 <3\n" },
	{ "tags in code", "`<b>x</b>`", "<b>x</b>\n" },
};

static void render(struct strbuf *out, const char *in, bool colour)
{
	struct painter p = { .out = out, .colour = colour, .sgr = false, .ascii = false };

	strbuf_reset(out);
	markdown_paint(&p, str_of(in), 0);
}

Test(markdown, is_shown_as_a_terminal_can)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		render(&out, rows[i].in, false);
		cr_assert_str_eq(out.p, rows[i].out, "%s:\n<%s>", rows[i].about, out.p);
	}
	strbuf_release(&out);
}

Test(markdown, has_styles_where_there_are_colours)
{
	struct strbuf out = STRBUF_INIT(0);

	render(&out, "## H\na **b** `c`", true);
	cr_assert_str_eq(out.p, "\033[1mH\033[0m\na \033[1mb\033[0m \033[36mc\033[0m\n", "%s",
			 out.p);
	strbuf_release(&out);
}

Test(markdown, is_ascii_where_it_must_be)
{
	struct strbuf out = STRBUF_INIT(0);
	struct painter p = { .out = &out, .ascii = true };

	markdown_paint(&p, STR("- a\n---\n|a|b|\n|-|-|\n> q"), 2);
	cr_assert_str_eq(out.p,
			 "  - a\n  ----------------------------------------\n  a | b\n  -----\n"
			 "  | q\n",
			 "%s", out.p);
	strbuf_release(&out);
}

/* Whatever it is given, it ends and shows no escape sequence. */
Test(markdown, takes_anything)
{
	static const char *const parts[] = { "**",   "`", "[",  "](", ")",   "|",  "\n",    "---",
					     "<td>", "<", "# ", "- ", "```", "~~", "\033[", "x" };
	struct strbuf in = STRBUF_INIT(0), out = STRBUF_INIT(0);
	unsigned long seed = 7;

	for (int round = 0; round < 3000; round++) {
		strbuf_reset(&in);
		for (int i = 0; i < 40; i++) {
			seed = seed * 6364136223846793005UL + 1442695040888963407UL;
			strbuf_adds(&in, str_of(parts[seed >> 60]));
		}
		render(&out, in.p, false);
		cr_assert_null(strchr(out.p, '\033'), "%s", in.p);
	}
	strbuf_release(&in);
	strbuf_release(&out);
}
