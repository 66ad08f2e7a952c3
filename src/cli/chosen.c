/*
 * chosen.c - the workflows that list and graph show, and the words for them.
 *
 * Not for what runs: cmd_run.c has the same choice, but an event is always chosen there.
 */
#include "chosen.h"

#include <stdlib.h>
#include <unistd.h>

#include "actc/strbuf.h"
#include "actc/utf8.h"

static void choose_everything(struct chosen *c, struct arena *a)
{
	VEC(struct selected) all = { 0 };

	for (size_t i = 0; i < c->files.n; i++) {
		const struct workflow *w = c->files.v[i].workflow;
		bool *jobs = w ? arena_array(a, bool, w->njobs) : NULL;

		for (size_t j = 0; w && j < w->njobs; j++) {
			jobs[j] = true;
		}
		if (w) {
			vec_push(a, &all, (struct selected){ w, jobs, w->njobs });
		}
	}
	c->n = all.n;
	c->v = all.v;
}

/* EXIT_INVALID when a file that was named is invalid, or all are. */
static int judge(const struct chosen *c)
{
	size_t valid = 0;

	for (size_t i = 0; i < c->files.n; i++) {
		if (!c->files.v[i].workflow && c->files.v[i].named) {
			return EXIT_INVALID;
		}
		valid += c->files.v[i].workflow != NULL;
	}
	return valid ? EXIT_OK : EXIT_INVALID;
}

static bool choose(struct chosen *c, struct options *o, struct err *err)
{
	struct selection_request request = { .event = o->nargs ? o->args[0] : STR_EMPTY,
					     .jobs = o->jobs.v,
					     .njobs = o->jobs.n };
	struct selection selection = { 0 };

	if (request.event.len == 0 && request.njobs == 0) {
		choose_everything(c, &o->arena);
		return true;
	}
	if (!plan_select(&o->arena, &c->files, &c->sources, &request, &selection, err)) {
		return false;
	}
	c->n = selection.n;
	c->v = selection.v;
	return true;
}

int chosen_read(struct chosen *c, struct options *o)
{
	struct err err = ERR_INIT;

	*c = (struct chosen){ .sources = { .arena = &o->arena }, .diags = { .arena = &o->arena } };
	c->diags.sources = &c->sources;
	if (!workflow_files_load(&o->arena, o->workflows.v, o->workflows.n, &c->diags, &c->files,
				 &err)) {
		return cli_fail(&err);
	}
	diags_print(&c->diags, stderr, options_colour(o, STDERR_FILENO));
	return choose(c, o, &err) ? judge(c) : cli_fail(&err);
}

static struct str one_line(struct arena *a, struct str s)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < s.len; i++) {
		bool blank = strchr(" \t\r\n", s.p[i]) != NULL;

		if (!blank) {
			strbuf_addc(&out, s.p[i]);
		} else if (out.len && out.p[out.len - 1] != ' ') {
			strbuf_addc(&out, ' ');
		}
	}

	struct str result = arena_str(a, str_trim(strbuf_str(&out)));

	strbuf_release(&out);
	return result;
}

static struct str unquoted(struct str s)
{
	bool quoted = s.len > 1 && strchr("'\"", s.p[0]) && s.p[s.len - 1] == s.p[0];

	return quoted ? str_slice(s, 1, s.len - 1) : s;
}

struct str chosen_job_name(struct arena *a, const struct sources *sources,
			   const struct job_def *job)
{
	const struct tok *name = job->name;
	struct str text = STR_EMPTY;

	if (name && name->kind == TOK_STRING) {
		text = name->u.s;
	} else if (name && name->at.file != SPAN_NONE) {
		const struct source *src = sources_get(sources, name->at.file);

		text = unquoted(str_slice(src->text, name->at.lo, name->at.hi));
	}
	text = one_line(a, text);
	return text.len ? text : job->id.s;
}

static struct str add_name(struct arena *a, struct str list, struct str name)
{
	return arena_printf(a, "%.*s%s%.*s", STR_ARG(list), list.len ? ", " : "", STR_ARG(name));
}

struct str chosen_events(struct arena *a, const struct workflow *w)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < w->nevents; i++) {
		list = add_name(a, list, w->events[i].event.s);
	}
	return list;
}

struct str chosen_needs(struct arena *a, const struct job_def *job)
{
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < job->needs.n; i++) {
		list = add_name(a, list, job->needs.v[i].s);
	}
	return list;
}

static const char *escape_of(const struct escape *escapes, uint32_t cp)
{
	while (escapes->c && (unsigned char)escapes->c != cp) {
		escapes++;
	}
	return escapes->text;
}

void put_escaped(FILE *out, struct str s, const struct escape *escapes)
{
	for (size_t at = 0, n; at < s.len; at += n) {
		const char *text;
		uint32_t cp;

		n = utf8_at(s, at, &cp);
		text = utf8_is_hostile(cp) ? " " : escape_of(escapes, cp);
		if (text) {
			(void)fputs(text, out);
		} else if (cp == 0xFFFD) {
			(void)fputs("\xEF\xBF\xBD", out);
		} else {
			(void)fwrite(s.p + at, 1, n, out);
		}
	}
}

void put_clean(FILE *out, struct str s)
{
	put_escaped(out, s, &(struct escape){ 0 });
}

size_t str_columns(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	}
	return n;
}

bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v && *v) {
			return strstr(v, "UTF-8") || strstr(v, "utf8") || strstr(v, "utf-8");
		}
	}
	return false;
}
