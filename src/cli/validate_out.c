/*
 * validate_out.c - the formats of validate: text as editors know it, JSON with one object a
 * finding, SARIF for code scanning, and GitHub's workflow commands, which annotate a pull request.
 */
#include "validate_out.h"

#include <stdlib.h>

#include "actc/err.h"
#include "actc/strbuf.h"
#include "actc/utf8.h"
#include "actc/value.h"

static bool is_error(const struct validate_out *o, const struct diag *d)
{
	return d->severity == DIAG_ERROR || (o->strict && d->severity == DIAG_WARNING);
}

static void print_text(struct validate_out *o, const struct diags *d)
{
	diags_print(d, o->out, o->colour);
}

struct where {
	struct str path;
	struct place from, to;
};

static struct where where_of(const struct diags *d, const struct diag *one)
{
	struct where w = { .path = STR_EMPTY, .from = { 1, 1 }, .to = { 1, 1 } };
	const struct source *src =
		one->file == SPAN_NONE ? NULL : sources_get(d->sources, one->file);

	w.path = src ? src->path : w.path;
	if (src && one->at.file != SPAN_NONE) {
		w.from = source_place(src, one->at.lo);
		w.to = source_place(src, one->at.hi > one->at.lo ? one->at.hi : one->at.lo);
	}
	return w;
}

static void add_message(struct strbuf *b, const struct diag *one)
{
	struct strbuf text = STRBUF_INIT(0);

	(void)strbuf_adds(&text, one->msg);
	if (one->hint.len) {
		(void)strbuf_addf(&text, " (%.*s)", STR_ARG(one->hint));
	}
	json_quote(b, strbuf_str(&text));
	strbuf_release(&text);
}

static void each(struct validate_out *o, const struct diags *d,
		 void (*add)(struct validate_out *o, const struct diags *d, const struct diag *one,
			     struct strbuf *b))
{
	const struct diag **order = diags_ordered(d);

	for (size_t i = 0; order[i]; i++) {
		struct strbuf b = STRBUF_INIT(0);

		add(o, d, order[i], &b);
		(void)fwrite(b.p, 1, b.len, o->out);
		strbuf_release(&b);
		o->started = true;
	}
	free(order);
}

/* --- JSON --- */

static void add_json(struct validate_out *o, const struct diags *d, const struct diag *one,
		     struct strbuf *b)
{
	struct where w = where_of(d, one);

	(void)strbuf_adds(b, o->started ? STR(",\n{\"path\":") : STR("\n{\"path\":"));
	json_quote(b, w.path);
	(void)strbuf_addf(b, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u",
			  w.from.line, w.from.col, w.to.line, w.to.col);
	(void)strbuf_addf(b, ",\"severity\":\"%s\",\"kind\":\"%s\",\"message\":",
			  is_error(o, one) ? "error" : "warning", one->kind);
	add_message(b, one);
	(void)strbuf_addc(b, '}');
}

static void begin_json(struct validate_out *o)
{
	(void)fputs("[", o->out);
}

static void print_json(struct validate_out *o, const struct diags *d)
{
	each(o, d, add_json);
}

static void end_json(struct validate_out *o)
{
	(void)fputs(o->started ? "\n]\n" : "]\n", o->out);
}

/* --- SARIF 2.1.0 --- */

static void begin_sarif(struct validate_out *o)
{
	(void)fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":"
		    "\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"act-c\",\"version\":"
		    "\"" ACTC_VERSION "\"}},\"columnKind\":\"unicodeCodePoints\",\"results\":[",
		    o->out);
}

static void add_sarif(struct validate_out *o, const struct diags *d, const struct diag *one,
		      struct strbuf *b)
{
	struct where w = where_of(d, one);

	(void)strbuf_addf(b, "%s\n{\"ruleId\":\"%s\",\"level\":\"%s\",\"message\":{\"text\":",
			  o->started ? "," : "", one->kind, is_error(o, one) ? "error" : "warning");
	add_message(b, one);
	(void)strbuf_adds(b, STR("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{"
				 "\"uri\":"));
	json_quote(b, w.path);
	(void)strbuf_addf(b,
			  "},\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,"
			  "\"endColumn\":%u}}}]}",
			  w.from.line, w.from.col, w.to.line, w.to.col);
}

static void print_sarif(struct validate_out *o, const struct diags *d)
{
	each(o, d, add_sarif);
}

static void end_sarif(struct validate_out *o)
{
	(void)fputs("\n]}]}\n", o->out);
}

/* --- GitHub's commands --- */

/* They are shown in logs and on pages, too: what is hostile in a quoted text becomes U+FFFD. */
static void add_escaped(struct strbuf *b, struct str s, bool property)
{
	for (size_t at = 0, n; at < s.len; at += n) {
		uint32_t cp;

		n = utf8_at(s, at, &cp);
		if (cp == '%' || cp == '\r' || cp == '\n' ||
		    (property && (cp == ':' || cp == ','))) {
			(void)strbuf_addf(b, "%%%02X", (unsigned)cp);
		} else if (cp == 0xFFFD || (cp != '\t' && utf8_is_hostile(cp))) {
			utf8_encode(b, 0xFFFD);
		} else {
			(void)strbuf_add(b, s.p + at, n);
		}
	}
}

static void add_github(struct validate_out *o, const struct diags *d, const struct diag *one,
		       struct strbuf *b)
{
	struct where w = where_of(d, one);

	(void)strbuf_addf(b, "::%s file=", is_error(o, one) ? "error" : "warning");
	add_escaped(b, w.path, true);
	(void)strbuf_addf(b, ",line=%u,col=%u,endLine=%u,endColumn=%u,title=%s::", w.from.line,
			  w.from.col, w.to.line, w.to.col, one->kind);
	add_escaped(b, one->msg, false);
	if (one->hint.len) {
		(void)strbuf_adds(b, STR(" ("));
		add_escaped(b, one->hint, false);
		(void)strbuf_addc(b, ')');
	}
	(void)strbuf_addc(b, '\n');
}

static void print_github(struct validate_out *o, const struct diags *d)
{
	each(o, d, add_github);
}

static void nothing(struct validate_out *o)
{
	(void)o;
}

static const struct validate_format formats[] = {
	{ "text", true, true, nothing, print_text, nothing },
	{ "json", false, false, begin_json, print_json, end_json },
	{ "sarif", false, false, begin_sarif, print_sarif, end_sarif },
	{ "github", false, true, nothing, print_github, nothing },
};

const struct validate_format *validate_format_find(struct str name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (str_eq(str_of(formats[i].name), name)) {
			return &formats[i];
		}
	}
	return NULL;
}
