/*
 * yaml.c - libyaml's events to nodes with byte spans, within limits. It knows scalars, tags,
 * anchors and aliases as GitHub's reader does; what a workflow may contain is the schema reader's
 * business.
 *
 * Aliases share the anchor's node, so that an alias bomb costs no memory; what they would have cost
 * GitHub's replaying reader is added to the count of events, which is what the limit is for.
 */
#include "actc/yaml.h"

#include <stdarg.h>
#include <yaml.h>

#include "actc/err.h"
#include "actc/strmap.h"
#include "actc/utf8.h"
#include "yaml_scalar.h"

const struct yaml_limits yaml_workflow_limits = {
	.max_chars = 1048576,
	.max_depth = 50,
	.max_nodes = 50000,
	.allow_anchors = true,
};

const struct yaml_limits yaml_action_limits = {
	.max_chars = 1048576,
	.max_depth = 100,
	.max_nodes = 50000,
	.allow_anchors = false,
};

#define KIND "syntax-check"

/* libyaml counts code points. Marks come nearly in order, so that walking from the last one is
 * cheap, however long the lines are. */
struct cursor {
	size_t index;
	size_t offset;
};

struct anchor {
	const struct yaml_node *node; /* NULL while it is being read */
	size_t events;
	size_t height;
	struct str name;
	bool used;
};

struct reader {
	struct arena *a;
	struct diags *diags;
	uint32_t file;
	struct str text;
	size_t ascii; /* as far as this, code points are bytes */
	const struct yaml_limits *limits;
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct cursor start, end;
	size_t events;
	size_t depth;
	struct strmap names; /* anchor -> index + 1 */
	VEC(struct anchor) anchors;
};

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static uint32_t cursor_seek(struct cursor *c, struct str text, size_t index)
{
	while (c->index < index && c->offset < text.len) {
		c->offset++;
		while (c->offset < text.len && continues(text.p[c->offset])) {
			c->offset++;
		}
		c->index++;
	}
	while (c->index > index && c->offset > 0) {
		c->offset--;
		while (c->offset > 0 && continues(text.p[c->offset])) {
			c->offset--;
		}
		c->index--;
	}
	return (uint32_t)c->offset;
}

static uint32_t offset_of(const struct reader *r, struct cursor *c, size_t index)
{
	return index <= r->ascii ? (uint32_t)index : cursor_seek(c, r->text, index);
}

static struct span event_span(struct reader *r)
{
	uint32_t lo = offset_of(r, &r->start, r->event.start_mark.index);
	uint32_t hi = offset_of(r, &r->end, r->event.end_mark.index);

	return (struct span){ r->file, lo, hi };
}

/* GitHub gives these errors no position, or one inside the text: hence no .token. */
__attribute__((format(printf, 3, 4))) static struct diag *fail(struct reader *r, struct span at,
							       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str msg = arena_vprintf(r->diags->arena, fmt, ap);
	va_end(ap);
	struct diag *d = diag_error(r->diags, at, KIND, "%.*s", STR_ARG(msg));

	d->token = NO_SPAN;
	return d;
}

static void report_encoding(struct reader *r)
{
	uint32_t at = (uint32_t)r->parser.problem_offset;
	struct span span = { r->file, at, at + 1 };
	int value = r->parser.problem_value;

	if (at > r->text.len) {
		span = (struct span){ r->file, (uint32_t)r->text.len, (uint32_t)r->text.len };
	}
	if (value >= 0 && strstr(r->parser.problem, "control")) {
		(void)fail(r, span, "The control character U+%04X is not allowed in YAML",
			   (unsigned)value);
	} else {
		(void)fail(r, span, "The file is not valid UTF-8");
	}
}

static void report_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	if (p->error == YAML_READER_ERROR) {
		report_encoding(r);
		return;
	}

	uint32_t at = offset_of(r, &r->start, p->problem_mark.index);
	struct diag *d = fail(r, (struct span){ r->file, at, at }, "Not valid YAML: %s%s%s",
			      p->problem ? p->problem : "cannot be parsed", p->context ? " " : "",
			      p->context ? p->context : "");

	if ((at < r->text.len && r->text.p[at] == '\t') ||
	    (p->problem && strstr(p->problem, "tab character"))) {
		d->hint = STR("YAML is indented by blanks, never by tabs");
	} else if (p->context && p->context_mark.line != p->problem_mark.line) {
		d->hint = arena_printf(r->diags->arena, "begun on line %zu",
				       p->context_mark.line + 1);
	}
}

static bool count_events(struct reader *r, size_t n)
{
	r->events += n;
	if (r->events > r->limits->max_nodes) {
		(void)fail(r, event_span(r), "Maximum YAML nodes exceeded");
		return false;
	}
	return true;
}

static bool next_event(struct reader *r)
{
	if (r->has_event) {
		yaml_event_delete(&r->event);
		r->has_event = false;
	}
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		report_syntax(r);
		return false;
	}
	r->has_event = true;
	return count_events(r, 1);
}

static bool check_depth(struct reader *r, size_t height)
{
	if (r->depth + height > r->limits->max_depth) {
		(void)fail(r, event_span(r), "Maximum object depth exceeded");
		return false;
	}
	return true;
}

static bool open_anchor(struct reader *r, const yaml_char_t *name, size_t *index)
{
	*index = SIZE_MAX;
	if (!name) {
		return true;
	}

	struct str s = str_of((const char *)name);

	if (!r->limits->allow_anchors) {
		(void)fail(r, event_span(r),
			   "Anchors are not currently supported. Remove the anchor '%.*s'",
			   STR_ARG(s));
		return false;
	}
	s = arena_str(r->a, s);
	vec_push(r->a, &r->anchors, (struct anchor){ .name = s });
	*index = r->anchors.n - 1;
	*strmap_slot(r->a, &r->names, s, NULL) = r->anchors.n;
	return true;
}

/* What stands for something that was reported. */
static const struct yaml_node *null_node(struct reader *r, struct span at)
{
	struct yaml_node *n = arena_new(r->a, struct yaml_node);

	n->kind = YAML_NULL;
	n->at = at;
	n->text = STR_EMPTY;
	n->plain = true;
	return n;
}

static const struct yaml_node *read_alias(struct reader *r, size_t *height)
{
	struct str name = str_of((const char *)r->event.data.alias.anchor);
	const size_t *slot = strmap_get(&r->names, name);

	if (!slot) {
		(void)fail(r, event_span(r), "Unknown anchor '%.*s'", STR_ARG(name));
		return NULL;
	}

	struct anchor *anchor = &r->anchors.v[*slot - 1];

	anchor->used = true;
	if (r->limits->thorough && !anchor->node) {
		(void)fail(r, event_span(r), "The alias '%.*s' is inside its own anchor",
			   STR_ARG(name));
		return null_node(r, event_span(r));
	}

	/* An alias inside its own anchor would be replayed without end. */
	if (!check_depth(r, anchor->node ? anchor->height : r->limits->max_depth + 1) ||
	    !count_events(r, anchor->events - 1)) {
		return NULL;
	}
	*height = anchor->height;
	return anchor->node;
}

static const char *style_name(yaml_scalar_style_t style)
{
	switch ((int)style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return "SingleQuoted";
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return "DoubleQuoted";
	case YAML_LITERAL_SCALAR_STYLE:
		return "Literal";
	case YAML_FOLDED_SCALAR_STYLE:
		return "Folded";
	default:
		return "Plain";
	}
}

static void report_scalar(struct reader *r, const struct yaml_node *n, enum scalar_fault fault,
			  struct str type)
{
	size_t line = r->event.start_mark.line + 1, col = r->event.start_mark.column + 1;

	switch (fault) {
	case SCALAR_BAD_STYLE:
		(void)fail(r, n->at,
			   "The scalar style '%s' on line %zu and column %zu is not valid with the "
			   "tag '%.*s'",
			   style_name(r->event.data.scalar.style), line, col, STR_ARG(type));
		break;
	case SCALAR_BAD_VALUE:
		(void)fail(r, n->at,
			   "The value '%.*s' on line %zu and column %zu is invalid for the type "
			   "'%.*s'",
			   STR_ARG(n->text), line, col, STR_ARG(type));
		break;
	case SCALAR_BAD_TAG:
		(void)fail(r, n->at, "Unexpected tag '%.*s'", STR_ARG(type));
		break;
	case SCALAR_OK:
		break;
	}
}

static const struct yaml_node *read_scalar(struct reader *r)
{
	struct yaml_node *n = arena_new(r->a, struct yaml_node);
	yaml_scalar_style_t style = r->event.data.scalar.style;
	struct str type = STR_EMPTY;

	n->at = event_span(r);
	n->text = arena_str(r->a, str_mk((const char *)r->event.data.scalar.value,
					 r->event.data.scalar.length));
	n->plain = style == YAML_PLAIN_SCALAR_STYLE;
	n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;

	enum scalar_fault fault =
		yaml_scalar_resolve(n, str_of((const char *)r->event.data.scalar.tag), &type);

	if (fault != SCALAR_OK) {
		report_scalar(r, n, fault, type);
		return NULL;
	}
	return n;
}

static const struct yaml_node *read_node(struct reader *r, size_t *height);

static const struct yaml_node *read_next(struct reader *r, size_t *height)
{
	size_t h = 0;
	const struct yaml_node *n = read_node(r, &h);

	if (!n || !next_event(r)) {
		return NULL;
	}
	*height = h + 1 > *height ? h + 1 : *height;
	return n;
}

static bool read_items(struct reader *r, struct yaml_node *n, size_t *height)
{
	VEC(const struct yaml_node *) items = { 0 };

	while (r->event.type != YAML_SEQUENCE_END_EVENT) {
		const struct yaml_node *item = read_next(r, height);

		if (!item) {
			return false;
		}
		vec_push(r->a, &items, item);
	}
	n->items = items.v;
	n->count = items.n;
	return true;
}

static bool read_pairs(struct reader *r, struct yaml_node *n, size_t *height)
{
	VEC(struct yaml_pair) pairs = { 0 };

	while (r->event.type != YAML_MAPPING_END_EVENT) {
		const struct yaml_node *key = read_next(r, height);
		const struct yaml_node *value = key ? read_next(r, height) : NULL;

		if (!value) {
			return false;
		}
		vec_push(r->a, &pairs, (struct yaml_pair){ key, value });
	}
	n->pairs = pairs.v;
	n->count = pairs.n;
	return true;
}

/* Leaves the collection's end as the current event. */
static const struct yaml_node *read_collection(struct reader *r, enum yaml_kind kind,
					       size_t *height)
{
	struct yaml_node *n = arena_new(r->a, struct yaml_node);

	n->kind = kind;
	n->at = event_span(r);
	n->at.hi = n->at.lo;
	n->text = STR_EMPTY;
	*height = 1;
	if (!check_depth(r, 1)) {
		return NULL;
	}
	r->depth++;

	bool ok = next_event(r) &&
		  (kind == YAML_SEQ ? read_items(r, n, height) : read_pairs(r, n, height));

	r->depth--;
	return ok ? n : NULL;
}

/* The node that starts at the current event; its last event is the current one afterwards.
 * *height is the number of collections one within the other. */
static const struct yaml_node *read_node(struct reader *r, size_t *height)
{
	const yaml_event_t *e = &r->event;
	const struct yaml_node *n = NULL;
	size_t anchor = SIZE_MAX, before = r->events - 1;

	*height = 0;
	switch ((int)e->type) {
	case YAML_ALIAS_EVENT:
		return read_alias(r, height);
	case YAML_SCALAR_EVENT:
		n = open_anchor(r, e->data.scalar.anchor, &anchor) ? read_scalar(r) : NULL;
		break;
	case YAML_SEQUENCE_START_EVENT:
		n = open_anchor(r, e->data.sequence_start.anchor, &anchor)
			    ? read_collection(r, YAML_SEQ, height)
			    : NULL;
		break;
	case YAML_MAPPING_START_EVENT:
		n = open_anchor(r, e->data.mapping_start.anchor, &anchor)
			    ? read_collection(r, YAML_MAP, height)
			    : NULL;
		break;
	default:
		BUG_ON(e->type != YAML_NO_EVENT);
	}
	if (n && anchor != SIZE_MAX) {
		r->anchors.v[anchor].node = n;
		r->anchors.v[anchor].events = r->events - before;
		r->anchors.v[anchor].height = *height;
	}
	return n;
}

static const struct yaml_node *empty_document(struct reader *r)
{
	return null_node(r, (struct span){ r->file, 0, 0 });
}

static void warn_unused(const struct reader *r)
{
	for (size_t i = 0; i < r->anchors.n; i++) {
		const struct anchor *anchor = &r->anchors.v[i];

		if (!anchor->used && anchor->node) {
			(void)diag_warning(r->diags, anchor->node->at, KIND,
					   "the anchor \"%.*s\" is not used",
					   STR_ARG(anchor->name));
		}
	}
}

/* STREAM-START (DOCUMENT-START node DOCUMENT-END)? STREAM-END */
static const struct yaml_node *read_document(struct reader *r)
{
	size_t height = 0;

	if (!next_event(r) || !next_event(r)) {
		return NULL;
	}
	if (r->event.type == YAML_STREAM_END_EVENT) {
		return empty_document(r);
	}
	if (!next_event(r)) {
		return NULL;
	}

	const struct yaml_node *root = read_node(r, &height);

	if (!root || !next_event(r) || !next_event(r)) {
		return NULL;
	}
	if (r->event.type != YAML_STREAM_END_EVENT) {
		(void)fail(r, event_span(r), "Only one YAML document is allowed in a file");
		return NULL;
	}
	return root;
}

const struct yaml_node *yaml_read(struct arena *a, uint32_t file, const struct yaml_limits *limits,
				  struct diags *diags)
{
	struct reader r = { .a = a,
			    .diags = diags,
			    .file = file,
			    .text = sources_get(diags->sources, file)->text,
			    .limits = limits };

	if (utf8_utf16_length(r.text) > limits->max_chars) {
		(void)diag_file_error(diags, file, KIND,
				      "The maximum file size of %zu characters has been exceeded",
				      limits->max_chars);
		return NULL;
	}
	r.ascii = utf8_ascii_run(r.text, 0);
	BUG_ON(!yaml_parser_initialize(&r.parser));
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text.p, r.text.len);

	const struct yaml_node *root = read_document(&r);

	if (root && limits->thorough) {
		warn_unused(&r);
	}
	if (r.has_event) {
		yaml_event_delete(&r.event);
	}
	yaml_parser_delete(&r.parser);
	return root;
}
