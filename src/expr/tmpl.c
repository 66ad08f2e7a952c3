/*
 * tmpl.c - scalars with `${{ }}` (SEMANTICS 2.8) and `if` conditions (2.9). Text around expressions
 * becomes a format() call because that is what GitHub makes of it, limits and all.
 */
#include "actc/strbuf.h"
#include "actc/unicode.h"
#include "actc/utf8.h"
#include "ast.h"
#include "function.h"

static const char not_allowed[] = "A template expression is not allowed in this context";
static const char not_closed[] = "The expression is not closed. An unescaped ${{ sequence was "
				 "found, but the closing }} sequence was not found.";
static const char not_inline[] =
	"The directive 'insert' is not allowed in this context. Directives are not supported for "
	"expressions that are embedded within a string. Directives are only supported when the "
	"entire value is an expression.";

struct segment {
	bool is_expr;
	struct str text;         /* the text, or the expression trimmed; a part of the scalar's */
	const struct expr *expr; /* NULL: the `insert` directive */
};

struct reader {
	struct arena *arena;
	struct str text;
	const struct expr_scope *scope;
	struct expr_error *error;
	VEC(struct segment) segments;
};

static bool fail(struct reader *r, struct str msg, size_t at, size_t len)
{
	*r->error = (struct expr_error){
		.stage = EXPR_PARSING,
		.msg = msg,
		.at = at,
		.len = len,
	};
	return false;
}

/* The offset behind the first `}}` outside a string, or STR_NPOS. */
static size_t find_close(struct str s, size_t open)
{
	bool in_string = false;

	for (size_t i = open + 3; i < s.len; i++) {
		if (s.p[i] == '\'') {
			in_string = !in_string;
		} else if (!in_string && s.p[i] == '}' && s.p[i - 1] == '}') {
			return i + 1;
		}
	}
	return STR_NPOS;
}

/* Words behind `insert`, which takes none: blanks inside strings and parentheses do not part. */
static size_t count_parameters(struct str s)
{
	size_t n = 0;
	bool in_word = false;
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (unicode_space_at(s, i) && !in_string && depth == 0) {
			in_word = false;
			continue;
		}
		n += in_word ? 0 : 1;
		in_word = true;
		in_string = in_string != (s.p[i] == '\'');
		depth += !in_string && s.p[i] == '(' ? 1 : 0;
		depth -= !in_string && s.p[i] == ')' ? 1 : 0;
	}
	return n;
}

static bool is_insert(struct str s)
{
	const size_t len = sizeof("insert") - 1;

	return str_starts(s, STR("insert")) && (s.len == len || unicode_space_at(s, len) > 0);
}

static bool read_insert(struct reader *r, struct str body, size_t at)
{
	size_t n = count_parameters(str_slice(body, sizeof("insert") - 1, body.len));

	if (n > 0) {
		return fail(r,
			    arena_printf(r->arena,
					 "Exactly 0 parameter(s) were expected following the "
					 "directive 'insert'. Actual parameter count: %zu",
					 n),
			    at, body.len);
	}
	vec_push(r->arena, &r->segments, (struct segment){ .is_expr = true, .text = body });
	return true;
}

/* The expression of [open, close), braces included. */
static bool read_expression(struct reader *r, size_t open, size_t close)
{
	struct str body = utf8_trim(str_slice(r->text, open + 3, close - 2));
	size_t at = (size_t)(body.p - r->text.p);
	const struct expr *e;

	if (body.len == 0) {
		return fail(r, str_of("An expression was expected"), open, close - open);
	}
	if (is_insert(body)) {
		if (!read_insert(r, body, at)) {
			return false;
		}
		return (open == 0 && close == r->text.len) ||
		       fail(r, str_of(not_inline), at, body.len);
	}
	e = expr_parse(r->arena, body, r->scope, r->error);
	if (!e) {
		r->error->at = r->error->ended ? close - 2 : r->error->at + at;
		r->error->len = r->error->ended ? 2 : r->error->len;
		return false;
	}
	vec_push(r->arena, &r->segments,
		 (struct segment){ .is_expr = true, .text = body, .expr = e });
	return true;
}

static bool read_segments(struct reader *r)
{
	size_t i = 0;

	while (i < r->text.len) {
		size_t open = str_find(r->text, STR("${{"), i);
		size_t text_end = open == STR_NPOS ? r->text.len : open;

		if (text_end > i) {
			vec_push(r->arena, &r->segments,
				 (struct segment){ .text = str_slice(r->text, i, text_end) });
		}
		if (open == STR_NPOS) {
			break;
		}

		size_t close = find_close(r->text, open);

		if (close == STR_NPOS) {
			return fail(r, str_of(not_closed), open, r->text.len - open);
		}
		if (!read_expression(r, open, close)) {
			return false;
		}
		i = close;
	}
	return true;
}

/* Text that is written into the arena, whose size has a bound. */
struct writer {
	char *p;
	size_t len;
};

static void put(struct writer *w, struct str s)
{
	memcpy(w->p + w->len, s.p, s.len);
	w->len += s.len;
}

static void put_escaped(struct writer *w, struct str s, bool quoted)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '{' || s.p[i] == '}' || (quoted && s.p[i] == '\'')) {
			w->p[w->len++] = s.p[i];
		}
		w->p[w->len++] = s.p[i];
	}
}

enum { DIGITS_MAX = 20 };

static void put_placeholder(struct writer *w, size_t n)
{
	char digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	put(w, STR("{"));
	put(w, str_mk(digits + at, DIGITS_MAX - at));
	put(w, STR("}"));
}

/* What a call of format() has for its first argument: bare, or as it stands between quotes. */
static void put_format(struct writer *w, const struct reader *r, bool quoted)
{
	size_t n = 0;

	for (size_t i = 0; i < r->segments.n; i++) {
		if (r->segments.v[i].is_expr) {
			put_placeholder(w, n++);
		} else {
			put_escaped(w, r->segments.v[i].text, quoted);
		}
	}
}

/* Room for everything twice, and for what is around it. */
static struct writer writer_new(struct reader *r)
{
	size_t room = 2 * r->text.len + r->segments.n * (DIGITS_MAX + 4) + 16;

	return (struct writer){ .p = arena_alloc(r->arena, room) };
}

/* format('text {0}', expression) */
static struct str rewrite(struct reader *r)
{
	struct writer w = writer_new(r);

	put(&w, STR("format('"));
	put_format(&w, r, true);
	put(&w, STR("'"));
	for (size_t i = 0; i < r->segments.n; i++) {
		if (r->segments.v[i].is_expr) {
			put(&w, STR(", "));
			put(&w, r->segments.v[i].text);
		}
	}
	put(&w, STR(")"));
	return str_mk(w.p, w.len);
}

static struct node *call_node(struct arena *a, struct str name)
{
	struct node *call = arena_new(a, struct node);

	call->kind = NODE_CALL;
	call->height = 1;
	call->name = name;
	call->u.function = function_find(name);
	return call;
}

static struct str format_string(struct reader *r)
{
	struct writer w = writer_new(r);

	put_format(&w, r, false);
	return str_mk(w.p, w.len);
}

/* The tree that parsing the format() call would give, made of those that are there. NULL where the
 * call breaks a limit: parsing it says which. */
static struct expr *format_tree(struct reader *r, struct str text)
{
	struct expr *e = arena_new(r->arena, struct expr);
	struct node *call = call_node(r->arena, STR("format"));
	struct node *literal = arena_new(r->arena, struct node);
	struct expr_part *parts = arena_array(r->arena, struct expr_part, r->segments.n);

	literal->kind = NODE_LITERAL;
	literal->height = 1;
	literal->u.literal = value_str(format_string(r));
	node_add(r->arena, call, literal);
	for (size_t i = 0; i < r->segments.n; i++) {
		const struct segment *s = &r->segments.v[i];

		if (s->is_expr) {
			node_add(r->arena, call, s->expr->root);
			e->has_status = e->has_status || s->expr->has_status;
			parts[e->nparts++] =
				(struct expr_part){ (size_t)(s->text.p - r->text.p), s->expr };
		}
	}
	*e = (struct expr){ .text = text,
			    .root = call,
			    .has_status = e->has_status,
			    .nparts = e->nparts,
			    .parts = parts };
	return text.len > EXPR_MAX_LENGTH || call->height > EXPR_MAX_DEPTH ||
			       call->nargs > call->u.function->max
		       ? NULL
		       : e;
}

static bool format_template(struct reader *r, struct tmpl *out)
{
	struct str text = rewrite(r);
	const struct expr *e = format_tree(r, text);

	if (!e) {
		e = expr_parse(r->arena, text, r->scope, r->error);
	}
	if (!e) {
		r->error->at = 0;
		r->error->len = r->text.len;
		return false;
	}
	*out = (struct tmpl){ .kind = TMPL_EXPR, .expr = e };
	return true;
}

/* One ${{ }} and nothing else: a string literal is just that string, as by escaping '${{'. */
static void whole_template(struct reader *r, struct tmpl *out, const struct segment *s)
{
	struct expr_part *part;
	struct expr *e;
	struct value v;

	if (!s->expr) {
		*out = (struct tmpl){ .kind = TMPL_INSERT };
	} else if (expr_literal(s->expr, &v) && v.kind == VALUE_STRING && s->text.p[0] == '\'') {
		*out = (struct tmpl){ .kind = TMPL_LITERAL, .literal = v.u.s };
	} else {
		e = arena_new(r->arena, struct expr);
		part = arena_new(r->arena, struct expr_part);
		*part = (struct expr_part){ (size_t)(s->text.p - r->text.p), e };
		*e = *s->expr;
		e->nparts = 1;
		e->parts = part;
		*out = (struct tmpl){ .kind = TMPL_EXPR, .expr = e, .whole = true };
	}
}

bool tmpl_parse(struct arena *a, struct str text, const struct expr_scope *allowed,
		struct tmpl *out, struct expr_error *error)
{
	struct reader r = { .arena = a, .text = text, .scope = allowed, .error = error };

	if (str_find(text, STR("${{"), 0) == STR_NPOS) {
		*out = (struct tmpl){ .kind = TMPL_LITERAL, .literal = text };
		return true;
	}
	if (!read_segments(&r)) {
		return false;
	}
	if (r.segments.n == 1) {
		whole_template(&r, out, &r.segments.v[0]);
	} else if (!format_template(&r, out)) {
		return false;
	}
	if (out->kind != TMPL_LITERAL && !allowed) {
		return fail(&r, str_of(not_allowed), 0, text.len);
	}
	return true;
}

static void add_expression(struct strbuf *out, const struct expr *e)
{
	strbuf_adds(out, STR("${{ "));
	strbuf_adds(out, e->text);
	strbuf_adds(out, STR(" }}"));
}

/* The format string of a text around expressions, with them in it again. */
static void add_formatted(struct strbuf *out, const struct expr *e)
{
	struct str format = e->root->args[0]->u.literal.u.s;
	size_t part = 0;

	for (size_t i = 0; i < format.len; i++) {
		bool doubled = i + 1 < format.len && format.p[i + 1] == format.p[i];

		if (format.p[i] == '{' && !doubled) {
			add_expression(out, e->parts[part++].expr);
			i = str_chr(format, '}', i);
		} else {
			strbuf_addc(out, format.p[i]);
			i += doubled && (format.p[i] == '{' || format.p[i] == '}');
		}
	}
}

struct str expr_scalar(struct arena *a, const struct expr *e)
{
	struct strbuf text = STRBUF_INIT(0);
	struct str copy = STR_EMPTY;

	if (e->nparts && e->parts[0].expr != e && e->root->kind == NODE_CALL &&
	    e->root->nargs == e->nparts + 1 && e->root->args[0]->kind == NODE_LITERAL) {
		add_formatted(&text, e);
	} else {
		add_expression(&text, e);
	}
	copy = arena_str(a, strbuf_str(&text));
	strbuf_release(&text);
	return copy;
}

/* What stands in the condition once `${{ }}` is taken off. */
static bool condition_text(struct arena *a, struct str text, const struct expr_scope *scope,
			   struct str *out, struct expr_error *error)
{
	static const struct expr_scope nothing = { 0 };
	struct tmpl t;

	if (!tmpl_parse(a, text, scope ? scope : &nothing, &t, error)) {
		return false;
	}
	if (t.kind == TMPL_INSERT) {
		*error = (struct expr_error){
			.stage = EXPR_PARSING,
			.msg = str_of(not_inline),
			.len = text.len,
		};
		return false;
	}
	*out = t.kind == TMPL_EXPR ? expr_text(t.expr) : t.literal;
	return true;
}

/* success() && (condition); not by printf, which would end at a NUL in the text. */
static struct str with_success(struct arena *a, struct str condition)
{
	struct strbuf b = STRBUF_INIT(0);

	strbuf_adds(&b, STR("success() && ("));
	strbuf_adds(&b, condition);
	strbuf_addc(&b, ')');

	struct str text = arena_str(a, strbuf_str(&b));

	strbuf_release(&b);
	return text;
}

/* success() && (condition), made of the condition's tree; NULL where that breaks a limit. */
static struct expr *success_tree(struct arena *a, const struct expr *condition, struct str text)
{
	struct expr *e = arena_new(a, struct expr);
	struct node *chain = arena_new(a, struct node);

	chain->kind = NODE_AND;
	chain->height = 1;
	node_add(a, chain, call_node(a, STR("success")));
	chain_add(a, chain, condition->root);
	*e = (struct expr){ .text = text, .root = chain, .has_status = true };
	return text.len > EXPR_MAX_LENGTH || chain->height > EXPR_MAX_DEPTH ? NULL : e;
}

/* Where its parts are in the scalar is known when it is the scalar's whole text. */
static const struct expr *as_condition(struct arena *a, struct expr *e, const struct expr *inner)
{
	struct expr_part *part = arena_new(a, struct expr_part);

	*part = (struct expr_part){ 0, inner };
	e->nparts = 1;
	e->parts = part;
	return e;
}

const struct expr *expr_parse_condition(struct arena *a, struct str text, bool implicit,
					const struct expr_scope *scope, struct expr_error *error)
{
	const struct expr *inner;
	struct str condition;
	struct expr *e;

	if (!implicit) {
		return expr_parse(a, text, scope, error);
	}
	if (!condition_text(a, text, scope, &condition, error)) {
		return NULL;
	}
	if (utf8_trim(condition).len == 0) {
		return expr_parse(a, STR("success()"), scope, error);
	}
	inner = expr_parse(a, condition, scope, error);
	if (!inner) {
		error->at = error->at < text.len ? error->at : text.len;
		return NULL;
	}
	if (inner->has_status) {
		e = arena_new(a, struct expr);
		*e = *inner;
		return as_condition(a, e, inner);
	}
	condition = with_success(a, condition);
	e = success_tree(a, inner, condition);
	if (e) {
		return as_condition(a, e, inner);
	}
	inner = expr_parse(a, condition, scope, error);
	if (!inner) {
		error->at = 0;
		error->len = text.len;
	}
	return inner;
}
