/*
 * contacted.c - the text report's line of the hosts that jobs contacted.
 */
#include "text.h"

enum { SHOWN_MAX = 30 };

struct host {
	struct str text;
	struct host *next;
};

/* The usual ports say nothing. */
static struct str host_text(struct arena *a, struct value v)
{
	struct str name = value_get(v, STR("host")).u.s;
	double port = value_get(v, STR("port")).u.n;
	bool bare = str_chr(name, ':', 0) == STR_NPOS;

	if (port == 80 || port == 443) {
		return arena_str(a, name);
	}
	return arena_printf(a, bare ? "%.*s:%d" : "[%.*s]:%d", STR_ARG(name), (int)port);
}

static void add(struct text_reporter *t, struct str text)
{
	struct host **at = &t->contacted;

	for (; *at; at = &(*at)->next) {
		if (str_eq((*at)->text, text)) {
			return;
		}
	}
	*at = arena_new(&t->live.arena, struct host);
	(*at)->text = text;
}

void text_contacted(struct text_reporter *t, const struct event *e)
{
	struct value hosts = e->u.job_contacted.hosts;

	for (size_t i = 0; hosts.kind == VALUE_ARRAY && i < hosts.u.a->n; i++) {
		struct value v = hosts.u.a->v[i];

		if (value_get(v, STR("host")).kind == VALUE_STRING &&
		    value_get(v, STR("port")).kind == VALUE_NUMBER) {
			add(t, host_text(&t->live.arena, v));
		}
	}
	t->contacted_more += (size_t)e->u.job_contacted.more;
	if (e->u.job_contacted.unseen.len) {
		t->unseen = arena_str(&t->live.arena, e->u.job_contacted.unseen);
	}
}

void text_contacts(struct text_reporter *t)
{
	size_t n = 0, more = t->contacted_more;

	if (!t->contacted && !(t->unseen.len && t->options.verbose)) {
		return;
	}
	text_end_line(t);
	paint_styled(&t->paint, STYLE_BOLD, STR("Contacted: "));
	for (const struct host *h = t->contacted; h; h = h->next) {
		if (n++ >= SHOWN_MAX) {
			more++;
			continue;
		}
		paint_printf(&t->paint, n > 1 ? ", " : "");
		paint_text(&t->paint, h->text);
	}
	if (more) {
		paint_printf(&t->paint, " and %zu more", more);
	}
	if (t->unseen.len) {
		paint_printf(&t->paint, t->contacted ? "; " : "");
		paint_text(&t->paint, t->unseen);
	}
	text_end_line(t);
}
