/*
 * markdown.c - a step summary on a terminal: the blocks of its Markdown line by line, and inside a
 * line code, emphasis, links and images.
 *
 * Not a Markdown parser by the book: what it does not know it shows as written. HTML is turned into
 * Markdown first (markdown_html.c).
 */
#include "markdown.h"

#include "actc/utf8.h"

enum { RULE_WIDTH = 40, MAX_COLUMNS = 32, MAX_NESTING = 8 };

/* --- inside a line -----------------------------------------------------------------------------
 */

static const struct {
	struct str code, meant;
} entities[] = {
	{ STR_INIT("&amp;"), STR_INIT("&") },
	{ STR_INIT("&lt;"), STR_INIT("<") },
	{ STR_INIT("&gt;"), STR_INIT(">") },
	{ STR_INIT("&quot;"), STR_INIT("\"") },
	{ STR_INIT("&#39;"), STR_INIT("'") },
	{ STR_INIT("&nbsp;"), STR_INIT(" ") },
	{ STR_INIT(":white_check_mark:"), STR_INIT("✅") },
	{ STR_INIT(":heavy_check_mark:"), STR_INIT("✔") },
	{ STR_INIT(":x:"), STR_INIT("❌") },
	{ STR_INIT(":warning:"), STR_INIT("⚠") },
	{ STR_INIT(":rocket:"), STR_INIT("🚀") },
};

static const struct str bold_marks[] = { STR_INIT("**"), STR_INIT("__") };

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c & 0x80);
}

/* The inside of what begins with `open` and ends with `close` at s[at]; its length, 0 = none. */
static size_t enclosed(struct str s, size_t at, struct str open, struct str close,
		       struct str *inside)
{
	size_t end;

	if (!str_starts(str_slice(s, at, s.len), open)) {
		return 0;
	}
	end = str_find(s, close, at + open.len);
	if (end == STR_NPOS || end == at + open.len) {
		return 0;
	}
	*inside = str_slice(s, at + open.len, end);
	return end + close.len - at;
}

/* [text](target) at s[at]. */
static size_t link_at(struct str s, size_t at, struct str *text, struct str *target)
{
	size_t n = enclosed(s, at, STR("["), STR("]("), text);
	size_t end = n ? str_chr(s, ')', at + n) : STR_NPOS;

	if (end == STR_NPOS || str_chr(*text, ']', 0) != STR_NPOS) {
		return 0;
	}
	*target = str_slice(s, at + n, end);
	return end + 1 - at;
}

static void paint_inline(const struct painter *p, struct str s, enum style style, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_NESTING */
static size_t paint_link(const struct painter *p, struct str s, size_t at, enum style style,
			 int depth)
{
	struct str text, target;
	bool image = s.p[at] == '!';
	size_t n = link_at(s, at + image, &text, &target);

	if (n == 0 && image) {
		struct str rest = str_slice(s, at + 1, s.len);

		if (!str_starts(rest, STR("[]("))) {
			return 0;
		}
		n = str_chr(rest, ')', 0) == STR_NPOS ? 0 : str_chr(rest, ')', 0) + 1;
		text = STR("image");
		target = STR_EMPTY;
	}
	if (n == 0) {
		return 0;
	}
	if (image) {
		paint_styled(p, STYLE_DIM, STR("["));
		paint_styled(p, STYLE_DIM, text);
		paint_styled(p, STYLE_DIM, STR("]"));
		return n + 1;
	}
	paint_inline(p, text, style, depth + 1);
	if (target.len && !str_eq(text, target)) {
		strbuf_adds(p->out, STR(" ("));
		paint_styled(p, STYLE_DIM, target);
		strbuf_addc(p->out, ')');
	}
	return n;
}

/* Emphasis with one mark: the terminal shows the words only. In a word _ means itself. */
static size_t emphasis(struct str s, size_t at, struct str *inside)
{
	struct str mark = str_slice(s, at, at + 1);
	size_t n;

	if ((s.p[at] != '*' && s.p[at] != '_') || (at > 0 && is_word(s.p[at - 1])) ||
	    at + 1 >= s.len || s.p[at + 1] == ' ') {
		return 0;
	}
	n = enclosed(s, at, mark, mark, inside);
	return n && inside->p[inside->len - 1] != ' ' && !(at + n < s.len && is_word(s.p[at + n]))
		       ? n
		       : 0;
}

/* One thing with a meaning of its own at s[at]: painted, and its length; 0 when there is none. */
/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_NESTING */
static size_t paint_special(const struct painter *p, struct str s, size_t at, enum style style,
			    int depth)
{
	struct str inside;
	size_t n = enclosed(s, at, STR("`"), STR("`"), &inside);

	if (n) {
		paint_styled(p, STYLE_CYAN, inside);
		return n;
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (str_starts(str_slice(s, at, s.len), entities[i].code)) {
			paint_styled(p, style, entities[i].meant);
			return entities[i].code.len;
		}
	}
	if (s.p[at] == '\\' && at + 1 < s.len && strchr("\\`*_{}[]()#+-.!|<>~", s.p[at + 1])) {
		paint_styled(p, style, str_slice(s, at + 1, at + 2));
		return 2;
	}
	if (depth >= MAX_NESTING) {
		return 0;
	}
	for (size_t i = 0; i < sizeof(bold_marks) / sizeof(bold_marks[0]); i++) {
		n = enclosed(s, at, bold_marks[i], bold_marks[i], &inside);
		if (n) {
			paint_inline(p, inside, STYLE_BOLD, depth + 1);
			return n;
		}
	}
	n = enclosed(s, at, STR("~~"), STR("~~"), &inside);
	n = n ? n : emphasis(s, at, &inside);
	if (n) {
		paint_inline(p, inside, style, depth + 1);
		return n;
	}
	return s.p[at] == '[' || s.p[at] == '!' ? paint_link(p, s, at, style, depth) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MAX_NESTING */
static void paint_inline(const struct painter *p, struct str s, enum style style, int depth)
{
	size_t from = 0, at = 0;

	while (at < s.len) {
		struct strbuf special = STRBUF_INIT(0);
		struct painter q = *p;
		size_t n = 0;

		if (strchr("`&:\\*_~[!", s.p[at]) && s.p[at]) {
			q.out = &special;
			n = paint_special(&q, s, at, style, depth);
		}
		if (n) {
			paint_styled(p, style, str_slice(s, from, at));
			strbuf_adds(p->out, strbuf_str(&special));
			from = at + n;
		}
		strbuf_release(&special);
		at += n ? n : 1;
	}
	paint_styled(p, style, str_slice(s, from, s.len));
}

/* --- tables ------------------------------------------------------------------------------------
 */

enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTRE };

struct table {
	size_t n;
	size_t widths[MAX_COLUMNS];
	enum align aligns[MAX_COLUMNS];
};

static size_t width(struct str s)
{
	size_t n = 0;
	uint32_t cp;

	for (size_t i = 0; i < s.len; n++) {
		i += utf8_at(s, i, &cp);
	}
	return n;
}

/* The cells of a row; a bar behind a backslash is none. */
static size_t cells_of(struct str line, struct str cells[MAX_COLUMNS])
{
	size_t n = 0, from = 0;

	line = str_trim(line);
	line = str_slice(line, str_starts(line, STR("|")) ? 1 : 0, line.len);
	if (str_ends(line, STR("|")) && !str_ends(line, STR("\\|"))) {
		line.len--;
	}
	for (size_t i = 0; i <= line.len && n < MAX_COLUMNS; i++) {
		bool bar = i < line.len && line.p[i] == '|' && (i == 0 || line.p[i - 1] != '\\');

		if (bar || i == line.len) {
			cells[n++] = str_trim(str_slice(line, from, i));
			from = i + 1;
		}
	}
	return n;
}

/* "| --- | :-: |": the line below a table's head. */
static bool is_delimiter(struct str line, struct table *t)
{
	struct str cells[MAX_COLUMNS];

	t->n = cells_of(line, cells);
	for (size_t i = 0; i < t->n; i++) {
		bool left = str_starts(cells[i], STR(":")), right = str_ends(cells[i], STR(":"));
		struct str dashes = str_slice(cells[i], left, cells[i].len - (right ? 1 : 0));

		for (size_t k = 0; k < dashes.len; k++) {
			if (dashes.p[k] != '-') {
				return false;
			}
		}
		if (dashes.len == 0) {
			return false;
		}
		t->widths[i] = 0;
		t->aligns[i] = left && right ? ALIGN_CENTRE : right ? ALIGN_RIGHT : ALIGN_LEFT;
	}
	return str_chr(line, '|', 0) != STR_NPOS;
}

/* A cell as it will stand there, without colours: its width counts. */
static size_t cell_width(const struct painter *p, struct str cell)
{
	struct strbuf b = STRBUF_INIT(0);
	struct painter q = *p;
	size_t n;

	q.out = &b;
	q.colour = q.sgr = false;
	paint_inline(&q, cell, STYLE_PLAIN, 0);
	n = width(strbuf_str(&b));
	strbuf_release(&b);
	return n;
}

static void measure(const struct painter *p, struct table *t, struct str line)
{
	struct str cells[MAX_COLUMNS];
	size_t n = cells_of(line, cells);

	for (size_t i = 0; i < n && i < t->n; i++) {
		size_t w = cell_width(p, cells[i]);

		t->widths[i] = w > t->widths[i] ? w : t->widths[i];
	}
}

static void paint_row(const struct painter *p, const struct table *t, struct str line,
		      enum style style, size_t indent)
{
	struct str cells[MAX_COLUMNS];
	size_t n = cells_of(line, cells);

	paint_indent(p, indent);
	for (size_t i = 0; i < t->n; i++) {
		struct str cell = i < n ? cells[i] : STR_EMPTY;
		size_t room = t->widths[i] - cell_width(p, cell);
		size_t before = t->aligns[i] == ALIGN_RIGHT    ? room
				: t->aligns[i] == ALIGN_CENTRE ? room / 2
							       : 0;

		paint_indent(p, before);
		paint_inline(p, cell, style, 0);
		if (i + 1 < t->n) {
			paint_indent(p, room - before);
			paint_styled(p, STYLE_DIM, p->ascii ? STR(" | ") : STR(" │ "));
		}
	}
	strbuf_addc(p->out, '\n');
}

static void paint_rule(const struct painter *p, size_t n)
{
	struct strbuf b = STRBUF_INIT(0);

	while (n--) {
		strbuf_adds(&b, p->ascii ? STR("-") : STR("─"));
	}
	paint_styled(p, STYLE_DIM, strbuf_str(&b));
	strbuf_addc(p->out, '\n');
	strbuf_release(&b);
}

static bool is_row(struct str line)
{
	return str_chr(line, '|', 0) != STR_NPOS;
}

/* A head, its delimiter and rows; false, and nothing taken, when it is no table. */
static bool paint_table(const struct painter *p, struct str head, struct str *rest, size_t indent)
{
	struct str rows = *rest, row;
	struct table t;
	size_t all = 0;

	if (!is_row(head) || !rows.p || !is_delimiter(str_cut(&rows, '\n'), &t)) {
		return false;
	}
	*rest = rows;
	measure(p, &t, head);
	for (struct str left = rows; left.p && is_row(row = str_cut(&left, '\n'));) {
		measure(p, &t, row);
	}
	for (size_t i = 0; i < t.n; i++) {
		all += t.widths[i] + (i ? 3 : 0);
	}
	paint_row(p, &t, head, STYLE_BOLD, indent);
	paint_indent(p, indent);
	paint_rule(p, all);
	while (rest->p) {
		struct str left = *rest;

		row = str_cut(&left, '\n');
		if (!is_row(row)) {
			break;
		}
		paint_row(p, &t, row, STYLE_PLAIN, indent);
		*rest = left;
	}
	return true;
}

/* --- blocks ------------------------------------------------------------------------------------
 */

static size_t leading(struct str s, char c)
{
	size_t n = 0;

	while (n < s.len && s.p[n] == c) {
		n++;
	}
	return n;
}

/* ``` or ~~~ */
static bool is_fence(struct str line, char *mark)
{
	line = str_trim(line);
	*mark = line.len ? line.p[0] : '\0';
	return (*mark == '`' || *mark == '~') && leading(line, *mark) >= 3;
}

static void paint_code(const struct painter *p, struct str *rest, char mark, size_t indent)
{
	char other;

	while (rest->p) {
		struct str line = str_cut(rest, '\n');

		if (is_fence(line, &other) && other == mark) {
			return;
		}
		if (!rest->p && line.len == 0) {
			return;
		}
		paint_indent(p, indent + 4);
		paint_styled(p, STYLE_CYAN, line);
		strbuf_addc(p->out, '\n');
	}
}

static bool paint_heading(const struct painter *p, struct str line, size_t indent)
{
	size_t level = leading(line, '#');
	struct str text = str_trim(str_slice(line, level, line.len));

	if (level == 0 || level > 6 || (line.len > level && line.p[level] != ' ')) {
		return false;
	}
	while (str_ends(text, STR("#"))) {
		text.len--;
	}
	paint_indent(p, indent);
	paint_inline(p, str_trim(text), STYLE_BOLD, 0);
	strbuf_addc(p->out, '\n');
	if (level == 1) {
		paint_indent(p, indent);
		paint_rule(p, cell_width(p, str_trim(text)));
	}
	return true;
}

static bool is_rule(struct str line)
{
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (line.p[i] != line.p[0] && line.p[i] != ' ') {
			return false;
		}
		n += line.p[i] == line.p[0];
	}
	return n >= 3 && strchr("-*_", line.p[0]);
}

/* "- ", "* ", "+ ", "1. ", "2) ": length of the mark, 0 when it is none. */
static size_t item_mark(struct str line)
{
	size_t digits = 0;

	if (line.len >= 2 && strchr("-*+", line.p[0]) && line.p[1] == ' ') {
		return 2;
	}
	while (digits < line.len && line.p[digits] >= '0' && line.p[digits] <= '9') {
		digits++;
	}
	return digits && digits + 1 < line.len &&
			       (line.p[digits] == '.' || line.p[digits] == ')') &&
			       line.p[digits + 1] == ' '
		       ? digits + 2
		       : 0;
}

static void paint_item(const struct painter *p, struct str line, size_t mark)
{
	struct str text = str_slice(line, mark, line.len);

	if (mark == 2 && !(line.p[0] >= '0' && line.p[0] <= '9')) {
		strbuf_adds(p->out, p->ascii ? STR("- ") : STR("• "));
	} else {
		strbuf_adds(p->out, str_slice(line, 0, mark));
	}
	if (!p->ascii && str_starts(text, STR("[ ] "))) {
		strbuf_adds(p->out, STR("☐ "));
		text = str_slice(text, 4, text.len);
	} else if (!p->ascii && (str_starts(text, STR("[x] ")) || str_starts(text, STR("[X] ")))) {
		strbuf_adds(p->out, STR("☑ "));
		text = str_slice(text, 4, text.len);
	}
	paint_inline(p, text, STYLE_PLAIN, 0);
	strbuf_addc(p->out, '\n');
}

static void paint_block(const struct painter *p, struct str line, struct str *rest, size_t indent)
{
	size_t blanks = leading(line, ' ');
	struct str text = str_trim(line);
	size_t mark = item_mark(text);
	char fence;

	if (is_fence(line, &fence)) {
		paint_code(p, rest, fence, indent);
	} else if (paint_heading(p, text, indent) || paint_table(p, line, rest, indent)) {
		return;
	} else if (text.len && is_rule(text)) {
		paint_indent(p, indent);
		paint_rule(p, RULE_WIDTH);
	} else if (mark) {
		paint_indent(p, indent + blanks);
		paint_item(p, text, mark);
	} else {
		bool quote = str_starts(text, STR(">"));

		paint_indent(p, indent);
		if (quote) {
			paint_styled(p, STYLE_DIM, p->ascii ? STR("| ") : STR("│ "));
			text = str_trim(str_slice(text, 1, text.len));
		}
		paint_inline(p, text, STYLE_PLAIN, 0);
		strbuf_addc(p->out, '\n');
	}
}

/* Fenced code is left as it is; what stands between is free of HTML afterwards. */
static void without_html(struct strbuf *out, struct str text)
{
	struct strbuf between = STRBUF_INIT(0);
	bool code = false;
	char fence = '\0', mark;

	while (text.p) {
		struct str line = str_cut(&text, '\n');
		bool is = is_fence(line, &mark) && (!code || mark == fence);

		if (!code && !is) {
			strbuf_adds(&between, line);
			strbuf_adds(&between, text.p ? STR("\n") : STR_EMPTY);
			continue;
		}
		markdown_from_html(out, strbuf_str(&between));
		strbuf_reset(&between);
		strbuf_adds(out, line);
		strbuf_adds(out, text.p ? STR("\n") : STR_EMPTY);
		fence = mark;
		code = code != is;
	}
	markdown_from_html(out, strbuf_str(&between));
	strbuf_release(&between);
}

void markdown_paint(const struct painter *p, struct str text, size_t indent)
{
	struct strbuf plain = STRBUF_INIT(0);
	struct str rest;
	bool blank = true; /* no line at the start, and no two of them */

	without_html(&plain, text);
	rest = strbuf_str(&plain);
	while (rest.p && rest.len) {
		struct str line = str_cut(&rest, '\n');

		if (str_ends(line, STR("\r"))) {
			line.len--;
		}
		if (str_trim(line).len) {
			paint_block(p, line, &rest, indent);
			blank = false;
		} else if (!blank) {
			strbuf_addc(p->out, '\n');
			blank = true;
		}
	}
	strbuf_release(&plain);
}
