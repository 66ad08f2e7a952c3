/*
 * ignore.c - warnings that somebody has looked at and does not want: by the configuration's
 * `paths`, or by a comment `# act-c: ignore` or `# act-c: ignore[kind, kind]` on their line or
 * alone above it.
 */
#include <regex.h>

#include "check.h"

/* Go's doublestar: `**` crosses slashes, `{a,b}` is one of several. */
static bool glob_match(struct str p, struct str s);

static size_t close_of(struct str p)
{
	size_t depth = 0;

	for (size_t i = 0; i < p.len; i++) {
		depth += p.p[i] == '{' ? 1 : 0;
		depth -= p.p[i] == '}' ? 1 : 0;
		if (depth == 0) {
			return i;
		}
	}
	return STR_NPOS;
}

static bool match_choice(struct str p, struct str s)
{
	size_t end = close_of(p);
	struct str choices = str_slice(p, 1, end), rest = str_slice(p, end + 1, p.len);

	while (choices.p) {
		struct str one = str_cut(&choices, ',');

		if (str_starts(s, one) && glob_match(rest, str_slice(s, one.len, s.len))) {
			return true;
		}
	}
	return false;
}

static bool match_star(struct str p, struct str s)
{
	bool deep = p.len > 1 && p.p[1] == '*';
	struct str rest = str_slice(p, deep ? 2 : 1, p.len);

	/* A `**` and its slash may stand for no directory at all. */
	if (deep && str_starts(rest, STR("/")) && glob_match(str_slice(rest, 1, rest.len), s)) {
		return true;
	}
	for (size_t i = 0; i <= s.len; i++) {
		if (glob_match(rest, str_slice(s, i, s.len))) {
			return true;
		}
		if (i < s.len && !deep && s.p[i] == '/') {
			return false;
		}
	}
	return false;
}

static bool glob_match(struct str p, struct str s)
{
	while (p.len > 0) {
		if (p.p[0] == '*') {
			return match_star(p, s);
		}
		if (p.p[0] == '{' && close_of(p) != STR_NPOS) {
			return match_choice(p, s);
		}
		if (s.len == 0 || (p.p[0] == '?' ? s.p[0] == '/' : p.p[0] != s.p[0])) {
			return false;
		}
		p = str_slice(p, 1, p.len);
		s = str_slice(s, 1, s.len);
	}
	return s.len == 0;
}

static struct str below(struct str root, struct str path)
{
	return root.len && str_starts(path, root) && path.len > root.len && path.p[root.len] == '/'
		       ? str_slice(path, root.len + 1, path.len)
		       : path;
}

static bool by_config(struct check_project *p, const struct source *src, const struct diag *d)
{
	const char *msg = arena_printf(p->a, "%.*s [%s]", STR_ARG(d->msg), d->kind).p;

	for (size_t i = 0; i < p->paths.n; i++) {
		const struct path_config *config = &p->paths.v[i];

		for (size_t k = 0;
		     k < config->n && glob_match(config->glob, below(p->root, src->path)); k++) {
			regex_t regex;
			bool hit = regcomp(&regex, config->ignores[k], REG_EXTENDED | REG_NOSUB) ==
					   0 &&
				   regexec(&regex, msg, 0, NULL, 0) == 0;

			regfree(&regex);
			if (hit) {
				return true;
			}
		}
	}
	return false;
}

/* Whether the comment of a line ignores that kind. */
static bool line_ignores(struct str line, const char *kind)
{
	static const char mark[] = "# act-c: ignore";
	size_t at = str_find(line, STR("# act-c: ignore"), 0);
	struct str rest, list;

	if (at == STR_NPOS) {
		return false;
	}
	rest = str_slice(line, at + sizeof(mark) - 1, line.len);
	if (!str_starts(rest, STR("["))) {
		return true;
	}
	list = str_slice(rest, 1, str_chr(rest, ']', 0));
	while (list.p) {
		if (str_eq(str_trim(str_cut(&list, ',')), str_of(kind))) {
			return true;
		}
	}
	return false;
}

static bool by_comment(const struct source *src, const struct diag *d)
{
	uint32_t line = source_place(src, d->at.lo).line;
	struct str above = line > 1 ? str_trim(source_line(src, line - 1)) : STR_EMPTY;

	return line_ignores(source_line(src, line), d->kind) ||
	       (str_starts(above, STR("#")) && line_ignores(above, d->kind));
}

static bool ignored(struct check_project *p, const struct diags *diags, const struct diag *d)
{
	const struct source *src;

	if (d->severity != DIAG_WARNING || d->at.file == SPAN_NONE) {
		return false;
	}
	src = sources_get(diags->sources, d->at.file);
	return (p->paths.n > 0 && by_config(p, src, d)) ||
	       (str_find(src->text, STR("# act-c: ignore"), 0) != STR_NPOS && by_comment(src, d));
}

void check_ignore(struct check_project *project, struct diags *diags, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < diags->list.n; i++) {
		if (ignored(project, diags, &diags->list.v[i])) {
			diags->nwarnings--;
		} else {
			diags->list.v[kept++] = diags->list.v[i];
		}
	}
	diags->list.n = kept;
}
