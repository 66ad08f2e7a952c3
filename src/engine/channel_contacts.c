/*
 * channel_contacts.c - which hosts the programs of the machine connect to, as its agent sees it.
 */
#include "channel_request.h"

enum { TEXT_MAX = 256 * 1024 };

struct contact_watch {
	struct request q;
};

struct contact_watch *channel_contacts_watch(struct channel *c, struct arena *a)
{
	struct contact_watch *w = arena_new(a, struct contact_watch);
	struct strbuf nothing = STRBUF_INIT(0);

	request_init(&w->q, FRAME_WATCH, TEXT_MAX);
	request_send(c, &w->q, 0, &nothing);
	return w;
}

bool channel_contacts_end(struct channel *c, struct contact_watch *w, struct arena *a,
			  struct str *text, struct err *err)
{
	bool ok;

	if (!w->q.done) {
		chan_send(c, FRAME_EOF, 0, w->q.s.id, STR_EMPTY);
	}
	ok = request_await(c, &w->q, err);
	*text = ok ? arena_str(a, strbuf_str(&w->q.data)) : STR_EMPTY;
	request_release(&w->q);
	return ok;
}
