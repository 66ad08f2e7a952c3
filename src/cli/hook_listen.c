/*
 * hook_listen.c - the fast way out of a hook: no workflow listens to the event, or the filters of
 * all that do exclude this ref or these files.
 *
 * The ref is known; the files only of a push onto something that is here too. Commit messages are
 * not looked at, and a file that is not valid is a reason to run: the run says what is wrong.
 */
#include "hook_listen.h"

#include "actc/filter.h"

struct listening {
	struct arena *a;
	const struct hook_question *q;
	struct filter_event event;
	struct changed_files changes;
	bool prepared, has_changes;
};

static void prepare(struct listening *l)
{
	const struct pushed *pushed = l->q->pushed;

	if (l->prepared) {
		return;
	}
	l->prepared = true;
	l->changes.why = STR("not looked for");
	l->event = (struct filter_event){ .event = l->q->event,
					  .action = STR_EMPTY,
					  .ref = pushed && pushed->remote_ref.len
							 ? pushed->remote_ref
							 : hook_branch(l->a, l->q->back),
					  .workflow = STR_EMPTY,
					  .message = STR_EMPTY,
					  .changes = &l->changes };
}

static void find_changes(struct listening *l)
{
	const struct pushed *pushed = l->q->pushed;
	struct str *paths = NULL;
	size_t n = 0;

	if (l->has_changes || !pushed || pushed->remote_sha.len == 0) {
		return;
	}
	l->has_changes = true;
	l->changes.known =
		hook_changed(l->a, l->q->back, pushed->remote_sha, pushed->local_sha, &paths, &n);
	l->changes.n = n;
	l->changes.v = paths;
}

/* Only pushes: of other events the ref that counts is decided by the payload. */
static bool may_start(struct listening *l, const struct event_filter *f)
{
	struct filter_verdict verdict = { .runs = true };

	if (!str_eq(l->q->event, STR("push"))) {
		return true;
	}
	prepare(l);
	if (l->event.ref.len == 0) {
		return true;
	}
	if (filter_reads_changes(f, &l->event)) {
		find_changes(l);
	}
	filter_check(l->a, f, &l->event, &verdict);
	return verdict.runs;
}

bool hook_listens(struct options *o, const struct hook_question *q, bool *some, struct err *err)
{
	struct listening l = { .a = &o->arena, .q = q };
	struct sources sources = { .arena = l.a };
	struct diags diags = { .arena = l.a, .sources = &sources };
	struct workflow_files files;

	if (!workflow_files_load(l.a, NULL, 0, &diags, &files, err)) {
		return false;
	}
	for (size_t i = 0; i < files.n && !*some; i++) {
		const struct workflow *w = files.v[i].workflow;
		const struct event_filter *f = w ? workflow_event(w, q->event) : NULL;

		/* An invalid pattern is the run's to report. */
		*some = !w || (f && (!filter_patterns_valid(f, &diags) || may_start(&l, f)));
	}
	return true;
}
