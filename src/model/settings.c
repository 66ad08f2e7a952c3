/*
 * settings.c - names with values from small files: dotenv, or a flat YAML mapping.
 *
 * Not for which files are read, nor for values of the command line. Nothing of a line's text gets
 * into an error: it may be a secret. No $NAME is replaced: a password may contain one.
 */
#include <stdint.h>

#include "actc/file.h"
#include "actc/payload.h"
#include "actc/strbuf.h"
#include "actc/yaml.h"

enum { SETTINGS_MAX = 4 << 20 };

static const struct yaml_limits settings_limits = {
	.max_chars = SETTINGS_MAX, .max_depth = 10, .max_nodes = 50000, .allow_anchors = true
};

static struct setting *find(const struct settings *s, struct str name, bool nocase)
{
	for (size_t i = s->n; i-- > 0;) {
		if (nocase ? str_ieq(s->v[i].name, name) : str_eq(s->v[i].name, name)) {
			return &s->v[i];
		}
	}
	return NULL;
}

void settings_set(struct arena *a, struct settings *s, struct str name, struct str value,
		  bool nocase)
{
	struct setting *old = find(s, name, nocase);

	if (old) {
		old->value = value;
		old->given = true;
	} else {
		vec_push(a, s, (struct setting){ .name = name, .value = value, .given = true });
	}
}

const struct setting *settings_get(const struct settings *s, struct str name, bool nocase)
{
	return find(s, name, nocase);
}

/* --- dotenv ---------------------------------------------------------------------------------- */

struct dotenv {
	struct arena *a;
	const char *path;
	struct str text;
	size_t at;
	size_t line;
	struct settings *out;
};

static bool malformed(const struct dotenv *d, size_t line, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s:%zu: %s", d->path, line, what);
}

static char peek(const struct dotenv *d)
{
	return d->at < d->text.len ? d->text.p[d->at] : '\0';
}

static void skip_blanks(struct dotenv *d)
{
	while (d->at < d->text.len && (peek(d) == ' ' || peek(d) == '\t')) {
		d->at++;
	}
}

static bool name_char(char c)
{
	return c == '_' || c == '.' || c == '-' || (c >= '0' && c <= '9') ||
	       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str read_name(struct dotenv *d)
{
	size_t start = d->at;

	while (d->at < d->text.len && name_char(peek(d))) {
		d->at++;
	}
	return str_slice(d->text, start, d->at);
}

/* The rest of the line, without a comment that a blank precedes. */
static struct str read_plain(struct dotenv *d)
{
	size_t start = d->at, end = str_chr(d->text, '\n', d->at);

	end = end == STR_NPOS ? d->text.len : end;
	d->at = end;
	for (size_t i = start; i < end; i++) {
		bool after_blank =
			i == start || d->text.p[i - 1] == ' ' || d->text.p[i - 1] == '\t';

		if (d->text.p[i] == '#' && after_blank) {
			end = i;
		}
	}
	return str_trim(str_slice(d->text, start, end));
}

static void add_escaped(struct strbuf *out, char c)
{
	static const char from[] = "nrt\"\\$", to[] = "\n\r\t\"\\$";
	const char *known = strchr(from, c);

	if (!known) {
		strbuf_addc(out, '\\');
	}
	strbuf_addc(out, known ? to[known - from] : c);
}

/* A quoted value may span lines; only double quotes know escapes. False: it does not end. */
static bool read_quoted(struct dotenv *d, struct str *out)
{
	struct strbuf value = STRBUF_INIT(0);
	char quote = d->text.p[d->at++];

	while (d->at < d->text.len && peek(d) != quote) {
		char c = d->text.p[d->at++];

		d->line += c == '\n';
		if (c == '\\' && quote == '"' && d->at < d->text.len && peek(d) != '\n') {
			add_escaped(&value, d->text.p[d->at++]);
		} else if (c != '\r' || peek(d) != '\n') {
			strbuf_addc(&value, c);
		}
	}
	*out = arena_str(d->a, strbuf_str(&value));
	strbuf_release(&value);
	return d->at++ < d->text.len;
}

static bool read_value(struct dotenv *d, struct str *out, struct err *err)
{
	size_t line = d->line;

	skip_blanks(d);
	if (peek(d) != '"' && peek(d) != '\'') {
		*out = arena_str(d->a, read_plain(d));
		return true;
	}
	if (!read_quoted(d, out)) {
		return malformed(d, line, "the quotes are not closed", err);
	}
	if (read_plain(d).len) {
		return malformed(d, d->line, "there is text behind the closing quote", err);
	}
	return true;
}

static bool read_entry(struct dotenv *d, struct err *err)
{
	struct str name = read_name(d), value = STR_EMPTY;

	skip_blanks(d);
	if (str_eq(name, STR("export")) && peek(d) != '=') {
		name = read_name(d);
		skip_blanks(d);
	}
	if (name.len == 0 || peek(d) != '=') {
		return malformed(d, d->line, "NAME=VALUE was expected", err);
	}
	d->at++;
	if (!read_value(d, &value, err)) {
		return false;
	}
	settings_set(d->a, d->out, arena_str(d->a, name), value, false);
	return true;
}

static bool read_dotenv(struct dotenv *d, struct err *err)
{
	if (str_starts(d->text, STR("\xef\xbb\xbf"))) {
		d->at = 3;
	}
	for (d->line = 1; d->at < d->text.len; d->at++, d->line++) {
		skip_blanks(d);
		if (peek(d) == '#') {
			size_t end = str_chr(d->text, '\n', d->at);

			d->at = end == STR_NPOS ? d->text.len : end;
		}
		d->at += peek(d) == '\r';
		if (d->at < d->text.len && peek(d) != '\n' && !read_entry(d, err)) {
			return false;
		}
	}
	return true;
}

/* --- YAML ------------------------------------------------------------------------------------ */

static bool yaml_malformed(const char *path, const struct source *src, struct span at,
			   struct err *err)
{
	static const char what[] = "a flat mapping of names to values was expected";

	if (at.file == SPAN_NONE) {
		return err_set(err, ERR_INVALID, "%s: %s", path, what);
	}
	return err_set(err, ERR_INVALID, "%s:%u: %s", path, source_place(src, at.lo).line, what);
}

static bool is_scalar(const struct yaml_node *n)
{
	return n->kind != YAML_SEQ && n->kind != YAML_MAP;
}

static bool read_yaml(struct arena *a, const char *path, struct str text, struct settings *out,
		      struct err *err)
{
	struct sources sources = { .arena = a };
	struct diags diags = { .arena = a, .sources = &sources };
	uint32_t file = sources_add(&sources, str_of(path), text);
	const struct source *src = sources_get(&sources, file);
	const struct yaml_node *root = yaml_read(a, file, &settings_limits, &diags);

	if (!root) {
		return yaml_malformed(path, src, diags.list.n ? diags.list.v[0].at : NO_SPAN, err);
	}
	if (root->kind != YAML_MAP && root->kind != YAML_NULL) {
		return yaml_malformed(path, src, root->at, err);
	}
	for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++) {
		const struct yaml_node *key = root->pairs[i].key, *value = root->pairs[i].value;

		if (!is_scalar(key) || !is_scalar(value)) {
			return yaml_malformed(path, src, value->at, err);
		}
		settings_set(a, out, key->text, value->kind == YAML_NULL ? STR_EMPTY : value->text,
			     false);
	}
	return true;
}

bool settings_read(struct arena *a, const char *path, struct settings *out, struct err *err)
{
	struct strbuf text = STRBUF_INIT(SETTINGS_MAX);
	bool ok = read_given_file(path, &text, err);
	struct str s = str_of(path);

	if (ok && (str_ends(s, STR(".yml")) || str_ends(s, STR(".yaml")))) {
		ok = read_yaml(a, path, strbuf_str(&text), out, err);
	} else if (ok) {
		struct dotenv d = { .a = a, .path = path, .text = strbuf_str(&text), .out = out };

		ok = read_dotenv(&d, err);
	}
	strbuf_release(&text);
	return ok;
}
