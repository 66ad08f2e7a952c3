/*
 * markdown_html.c - the HTML in step summaries as Markdown: GitHub's own toolkit writes headings,
 * tables and lists that way. What is no tag of the table is dropped, its text stays; fenced code is
 * left alone.
 */
#include "actc/utf8.h"
#include "markdown.h"

struct tag {
	struct str name; /* "h1", without < > and / */
	struct str attributes;
	bool end;
};

/* What stands for a tag at its beginning and its end; a newline begins a new line. */
static const struct {
	struct str name;
	struct str begin, end;
} plain_tags[] = {
	{ STR_INIT("h1"), STR_INIT("\n# "), STR_INIT("\n") },
	{ STR_INIT("h2"), STR_INIT("\n## "), STR_INIT("\n") },
	{ STR_INIT("h3"), STR_INIT("\n### "), STR_INIT("\n") },
	{ STR_INIT("h4"), STR_INIT("\n#### "), STR_INIT("\n") },
	{ STR_INIT("h5"), STR_INIT("\n##### "), STR_INIT("\n") },
	{ STR_INIT("h6"), STR_INIT("\n###### "), STR_INIT("\n") },
	{ STR_INIT("b"), STR_INIT("**"), STR_INIT("**") },
	{ STR_INIT("strong"), STR_INIT("**"), STR_INIT("**") },
	{ STR_INIT("code"), STR_INIT("`"), STR_INIT("`") },
	{ STR_INIT("li"), STR_INIT("\n- "), STR_INIT("\n") },
	{ STR_INIT("ul"), STR_INIT("\n"), STR_INIT("\n") },
	{ STR_INIT("ol"), STR_INIT("\n"), STR_INIT("\n") },
	{ STR_INIT("p"), STR_INIT("\n"), STR_INIT("\n") },
	{ STR_INIT("div"), STR_INIT("\n"), STR_INIT("\n") },
	{ STR_INIT("br"), STR_INIT("\n"), STR_INIT("") },
	{ STR_INIT("hr"), STR_INIT("\n---\n"), STR_INIT("") },
	{ STR_INIT("blockquote"), STR_INIT("\n> "), STR_INIT("\n") },
	{ STR_INIT("summary"), STR_INIT("\n**"), STR_INIT("**\n") },
	{ STR_INIT("table"), STR_INIT("\n"), STR_INIT("\n") },
	{ STR_INIT("td"), STR_INIT(""), STR_INIT("|") },
	{ STR_INIT("th"), STR_INIT(""), STR_INIT("|") },
};

struct converter {
	struct strbuf *out;
	size_t cells; /* of the row so far */
	size_t rows;  /* of the table so far */
	struct str link;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The tag that begins at s[at], a '<'; its length, 0 when it is none. */
static size_t read_tag(struct str s, size_t at, struct tag *tag)
{
	size_t end = str_chr(s, '>', at), i = at + 1;

	if (end == STR_NPOS) {
		return 0;
	}
	tag->end = i < end && s.p[i] == '/';
	i += tag->end ? 1 : 0;
	if (i >= end || !is_letter(s.p[i])) {
		return 0;
	}

	size_t from = i;

	while (i < end && (is_letter(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'))) {
		i++;
	}
	tag->name = str_slice(s, from, i);
	tag->attributes = str_slice(s, i, end);
	return i == end || s.p[i] == ' ' || s.p[i] == '/' || s.p[i] == '\n' ? end + 1 - at : 0;
}

/* name="value" among a tag's attributes; or empty. */
static struct str attribute(struct str attributes, struct str name)
{
	for (size_t at = str_find(attributes, name, 0); at != STR_NPOS;
	     at = str_find(attributes, name, at + 1)) {
		size_t i = at + name.len;
		char quote = i + 1 < attributes.len ? attributes.p[i + 1] : '\0';

		if (i < attributes.len && attributes.p[i] == '=' &&
		    (quote == '"' || quote == '\'')) {
			size_t end = str_chr(attributes, quote, i + 2);

			return str_slice(attributes, i + 2, end == STR_NPOS ? i + 2 : end);
		}
	}
	return STR_EMPTY;
}

/* A newline at its front only begins a line where none has begun. */
static void add(struct converter *c, struct str text)
{
	bool at_start = c->out->len == 0 || c->out->p[c->out->len - 1] == '\n';

	strbuf_adds(c->out, str_slice(text, text.len && text.p[0] == '\n' && at_start, text.len));
}

/* A row of cells; behind the first one the line that makes it a table. */
static void row(struct converter *c, bool end)
{
	if (!end) {
		c->cells = 0;
		add(c, STR("\n|"));
		return;
	}
	add(c, STR("\n"));
	if (c->rows++ == 0) {
		strbuf_addc(c->out, '|');
		for (size_t i = 0; i < c->cells; i++) {
			strbuf_adds(c->out, STR("---|"));
		}
		strbuf_addc(c->out, '\n');
	}
}

static void anchor(struct converter *c, const struct tag *tag)
{
	if (!tag->end) {
		c->link = attribute(tag->attributes, STR("href"));
		strbuf_adds(c->out, c->link.len ? STR("[") : STR_EMPTY);
	} else if (c->link.len) {
		strbuf_addf(c->out, "](%.*s)", STR_ARG(c->link));
		c->link = STR_EMPTY;
	}
}

static void convert_tag(struct converter *c, const struct tag *tag)
{
	for (size_t i = 0; i < sizeof(plain_tags) / sizeof(plain_tags[0]); i++) {
		if (str_ieq(plain_tags[i].name, tag->name)) {
			add(c, tag->end ? plain_tags[i].end : plain_tags[i].begin);
		}
	}
	if (str_ieq(tag->name, STR("table"))) {
		c->rows = 0;
	} else if (str_ieq(tag->name, STR("tr"))) {
		row(c, tag->end);
	} else if (str_ieq(tag->name, STR("td")) || str_ieq(tag->name, STR("th"))) {
		c->cells += tag->end ? 1 : 0;
	} else if (str_ieq(tag->name, STR("a"))) {
		anchor(c, tag);
	} else if (str_ieq(tag->name, STR("img"))) {
		strbuf_addf(c->out, "![%.*s]()", STR_ARG(attribute(tag->attributes, STR("alt"))));
	}
}

/* Length of <pre>…</pre> at s[at], which becomes fenced code; 0 when there is none. */
static size_t convert_pre(struct converter *c, struct str s, size_t at)
{
	struct tag tag = { .name = STR_EMPTY };
	size_t n = read_tag(s, at, &tag);
	size_t end = n ? str_find(s, STR("</pre>"), at + n) : STR_NPOS;
	struct str code;

	if (!str_ieq(tag.name, STR("pre")) || tag.end || end == STR_NPOS) {
		return 0;
	}
	code = str_slice(s, at + n, end);
	n = code.len && code.p[0] == '<' ? read_tag(code, 0, &tag) : 0;
	code = str_slice(code, str_ieq(tag.name, STR("code")) ? n : 0, code.len);
	if (str_ends(code, STR("</code>"))) {
		code.len -= STR("</code>").len;
	}
	add(c, STR("\n```\n"));
	strbuf_adds(c->out, code);
	add(c, STR("\n"));
	strbuf_adds(c->out, STR("```\n"));
	return end + STR("</pre>").len - at;
}

/* What begins with '<' at s[at]; its length. */
static size_t convert(struct converter *c, struct str s, size_t at)
{
	struct tag tag;
	size_t n = convert_pre(c, s, at);

	if (n) {
		return n;
	}
	if (str_starts(str_slice(s, at, s.len), STR("<!--"))) {
		size_t end = str_find(s, STR("-->"), at);

		return end == STR_NPOS ? s.len - at : end + 3 - at;
	}
	n = read_tag(s, at, &tag);
	if (n) {
		convert_tag(c, &tag);
		return n;
	}
	strbuf_addc(c->out, '<');
	return 1;
}

void markdown_from_html(struct strbuf *out, struct str html)
{
	struct converter c = { .out = out, .link = STR_EMPTY };
	size_t at = 0;

	while (at < html.len) {
		if (html.p[at] == '<') {
			at += convert(&c, html, at);
		} else if (html.p[at] == '`') {
			/* A span of code means what it says. */
			size_t end = str_chr(html, '`', at + 1);
			size_t line = str_chr(html, '\n', at + 1);

			end = end == STR_NPOS || line < end ? at : end;
			strbuf_adds(out, str_slice(html, at, end + 1));
			at = end + 1;
		} else {
			strbuf_addc(out, html.p[at++]);
		}
	}
}
