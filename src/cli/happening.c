/*
 * happening.c - the repository's state as an event, and what the event's filters make of it.
 *
 * The diff is only looked for when a filter asks for it. Not for what the filters mean (filter.c)
 * and not for running or printing.
 */
#include "happening.h"

#include <stdio.h>

#include "actc/file.h"
#include "actc/hook.h"
#include "actc/strbuf.h"

enum { LIST_MAX = 16 << 20 };

/* --- the event -------------------------------------------------------------------------------- */

static bool read_facts(struct options *o, struct repo_facts *out, struct err *err)
{
	if (!repo_read(&o->arena, STR("."), o->remote_name, out, err) ||
	    (o->commit.len && !repo_at_commit(&o->arena, o->commit, o->ref, o->before, out, err))) {
		return false;
	}
	if (o->default_branch.len) {
		out->default_branch = o->default_branch;
	}
	return true;
}

static bool read_repository(struct options *o, struct str dir, struct happening *h, struct err *err)
{
	struct snapshot_spec spec = { .source = o->commit.len ? SNAPSHOT_HEAD
						: o->staged   ? SNAPSHOT_INDEX
							      : SNAPSHOT_WORK_TREE,
				      .index = o->index_file };
	bool ok;

	spec.ahead = spec.source == SNAPSHOT_WORK_TREE ? status_begin(dir) : NULL;
	ok = read_facts(o, &h->repo, err);
	spec.work_tree = h->repo.root.len ? h->repo.root : STR(".");
	ok = ok && snapshot_make_of(&o->arena, &h->repo, &spec, dir, &h->snapshot, err);
	status_end(spec.ahead);
	return ok;
}

static struct value with_pair(struct arena *a, struct value object, struct str key, struct value v)
{
	struct vobject *copy = vobject_new(a, false);

	for (size_t i = 0; object.kind == VALUE_OBJECT && i < object.u.o->n; i++) {
		vobject_set(a, copy, object.u.o->v[i].key, object.u.o->v[i].value);
	}
	vobject_set(a, copy, key, v);
	return value_object(copy);
}

static bool is_pull(struct str event)
{
	return str_starts(event, STR("pull_request"));
}

/* --base names a pull request's base branch too, unless the payload does or it is a commit. */
static void add_base(struct options *o, struct happening *h)
{
	struct value pull = value_get(h->user_payload, STR("pull_request"));
	struct value base = value_get(pull, STR("base"));
	struct str name = o->base;
	struct str remote = arena_printf(&o->arena, "%.*s/", STR_ARG(h->repo.remote));
	bool hex = name.len >= 7;

	for (size_t i = 0; i < name.len; i++) {
		hex = hex && strchr("0123456789abcdef", name.p[i]);
	}
	if (name.len == 0 || hex || strpbrk(arena_cstr(&o->arena, name), "~^@") ||
	    value_get(base, STR("ref")).kind == VALUE_STRING) {
		return;
	}
	if (remote.len > 1 && str_starts(name, remote)) {
		name = str_slice(name, remote.len, name.len);
	}
	base = with_pair(&o->arena, base, STR("ref"), value_str(name));
	pull = with_pair(&o->arena, pull, STR("base"), base);
	h->user_payload = with_pair(&o->arena, h->user_payload, STR("pull_request"), pull);
}

static const struct event_filter *filter_of(const struct selection *s, size_t i)
{
	return workflow_event(s->v[i].workflow, s->event);
}

/* An action that some workflow takes: the payload's, else the first that one names. */
static struct str choose_action(const struct selection *s, struct str usual)
{
	struct str first = STR_EMPTY;

	for (size_t i = 0; i < s->n; i++) {
		const struct event_filter *f = filter_of(s, i);

		if (f && filter_takes_action(f, usual)) {
			return usual;
		}
		if (f && f->types.n && first.len == 0) {
			first = f->types.v[0].s;
		}
	}
	return first.len ? first : usual;
}

/* What a push starts from; where that cannot be told, the payload has what is nearest. */
static struct str find_before(struct options *o, const struct happening *h)
{
	struct err err = ERR_INIT;
	struct str before = STR_EMPTY;

	if (h->repo.head.len && !changes_base(&o->arena, &h->repo, &h->snapshot, &before, &err)) {
		err_release(&err);
	}
	return before;
}

static bool make_event(struct options *o, const struct settings *inputs, const struct selection *s,
		       struct happening *h, struct err *err)
{
	struct event_request request = { .event = s->event,
					 .actor = o->actor,
					 .user_payload = h->user_payload,
					 .inputs = inputs,
					 .before = find_before(o, h) };

	return event_facts(&o->arena, &request, &h->repo, &h->snapshot, &h->event, err);
}

bool happening_push(struct options *o, const struct settings *inputs, struct happening *h,
		    struct err *err)
{
	struct selection push = { .event = STR("push") };

	return options_event_payload(o, &h->user_payload, err) &&
	       make_event(o, inputs, &push, h, err);
}

bool happening_read(struct options *o, const struct settings *inputs,
		    const struct selection *selection, struct str dir, struct happening *out,
		    struct err *err)
{
	struct str action, chosen;

	if (!read_repository(o, dir, out, err) ||
	    !options_event_payload(o, &out->user_payload, err)) {
		return false;
	}
	if (is_pull(selection->event)) {
		add_base(o, out);
	}
	if (!make_event(o, inputs, selection, out, err)) {
		return false;
	}
	action = value_to_str(&o->arena, value_get(out->event.payload, STR("action")));
	chosen = choose_action(selection, action);
	if (action.len == 0 || str_eq(action, chosen) ||
	    value_get(out->user_payload, STR("action")).kind != VALUE_NULL) {
		return true;
	}
	out->user_payload =
		with_pair(&o->arena, out->user_payload, STR("action"), value_str(chosen));
	return make_event(o, inputs, selection, out, err);
}

/* What the payload has of the workflow that it starts: its path, and which of its times has come.
 */
static struct value add_workflow(struct arena *a, const struct event_filter *filter,
				 const struct happening *h, const struct run_workflow *w)
{
	bool schedule = filter && str_eq(filter->event.s, STR("schedule"));
	bool dispatch = filter && str_eq(filter->event.s, STR("workflow_dispatch"));
	struct value payload = h->event.payload;

	if ((schedule || dispatch) &&
	    value_get(h->user_payload, STR("workflow")).kind == VALUE_NULL) {
		payload = with_pair(a, payload, STR("workflow"), value_str(w->workflow->path));
	}
	if (schedule && filter->ncrons &&
	    value_get(h->user_payload, STR("schedule")).kind == VALUE_NULL) {
		payload =
			with_pair(a, payload, STR("schedule"), value_str(filter->crons[0].spec.s));
	}
	return payload;
}

bool happening_inputs(struct arena *a, const struct settings *inputs, const struct happening *h,
		      struct run_workflow *w, struct err *err)
{
	const struct event_filter *filter = workflow_event(w->workflow, h->event.event_name);
	struct vobject *typed = NULL, *strings = NULL;

	w->payload = add_workflow(a, filter, h, w);
	w->inputs = value_null();
	if (!filter || (!str_eq(filter->event.s, STR("workflow_dispatch")) &&
			!str_eq(filter->event.s, STR("workflow_call")))) {
		return true;
	}
	if (!dispatch_inputs(a, filter, inputs, w->payload, &typed, &strings, err)) {
		return err_wrap(err, "%.*s", STR_ARG(w->workflow->path));
	}
	w->payload = with_pair(a, w->payload, STR("inputs"), value_object(strings));
	w->inputs = value_object(typed);
	return true;
}

void happening_token(struct arena *a, struct settings *secrets)
{
	if (!settings_get(secrets, STR("GITHUB_TOKEN"), true)) {
		settings_set(a, secrets, STR("GITHUB_TOKEN"),
			     STR("act-c-has-no-token-give-one-with-s-GITHUB_TOKEN"), true);
	}
}

/* --- changed files ---------------------------------------------------------------------------- */

typedef VEC(struct str) path_list;

static void add_paths(struct arena *a, path_list *paths, struct str text, char separator)
{
	while (text.p) {
		struct str path = str_trim(str_cut(&text, separator));

		if (str_starts(path, STR("./"))) {
			path = str_slice(path, 2, path.len);
		}
		if (path.len) {
			vec_push(a, paths, path);
		}
	}
}

/* The list of a file, or of standard input. */
static bool read_list(struct options *o, struct str from, path_list *paths, struct err *err)
{
	struct strbuf text = STRBUF_INIT(LIST_MAX);
	char block[4096];
	bool ok = true;

	if (from.len == 0) {
		for (size_t n; (n = fread(block, 1, sizeof(block), stdin)) > 0;) {
			(void)strbuf_add(&text, block, n);
		}
	} else {
		struct err why = ERR_INIT;

		ok = read_file(arena_cstr(&o->arena, from), &text, &why) ||
		     err_set(err, ERR_USAGE, "--changed-files: %s", why.msg);
		err_release(&why);
	}
	if (ok) {
		add_paths(&o->arena, paths, arena_str(&o->arena, strbuf_str(&text)), '\n');
	}
	strbuf_release(&text);
	return ok;
}

static bool given_changes(struct options *o, struct changed_files *out, struct err *err)
{
	path_list paths = { 0 };

	for (size_t i = 0; i < o->changed_files.n; i++) {
		struct str s = o->changed_files.v[i];

		if (str_eq(s, STR("-"))) {
			s = STR("@");
		}
		if (!str_starts(s, STR("@"))) {
			add_paths(&o->arena, &paths, s, ',');
		} else if (!read_list(o, str_slice(s, 1, s.len), &paths, err)) {
			return false;
		}
	}
	*out = (struct changed_files){
		.known = true, .why = STR("given by --changed-files"), .n = paths.n, .v = paths.v
	};
	return true;
}

static bool diff_changes(struct options *o, struct str event, struct happening *h, struct err *err)
{
	struct changes_spec spec = { .pull = is_pull(event),
				     .base = o->base,
				     .branch = h->event.base_ref };
	struct changes c;

	if (spec.branch.len == 0) {
		spec.branch = h->repo.default_branch;
	}
	if (!changes_read(&o->arena, &h->repo, &h->snapshot, &spec, &c, err)) {
		return false;
	}
	h->changes = (struct changed_files){ .known = c.known, .why = c.why, .n = c.n, .v = c.v };
	return true;
}

static bool find_changes(struct options *o, struct str event, struct happening *h, struct err *err)
{
	if (h->has_changes) {
		return true;
	}
	h->has_changes = true;
	return o->changed_files.n ? given_changes(o, &h->changes, err)
				  : diff_changes(o, event, h, err);
}

bool happening_changes(struct options *o, struct happening *h, struct err *err)
{
	struct str event = h->event.event_name;

	return (!str_eq(event, STR("push")) && !is_pull(event)) || find_changes(o, event, h, err);
}

/* --- filters ---------------------------------------------------------------------------------- */

static struct str without(struct str s, struct str prefix)
{
	return str_starts(s, prefix) ? str_slice(s, prefix.len, s.len) : s;
}

static struct str text_at(struct arena *a, struct value v, struct str one, struct str two)
{
	return value_to_str(a, value_get(value_get(v, one), two));
}

/* The branch or ref that `branches` is about. */
static struct str subject_ref(struct arena *a, const struct happening *h)
{
	struct str event = h->event.event_name;
	struct value payload = h->event.payload;

	if (str_eq(event, STR("push"))) {
		return h->event.ref;
	}
	if (str_eq(event, STR("merge_group"))) {
		return without(text_at(a, payload, STR("merge_group"), STR("base_ref")),
			       STR("refs/heads/"));
	}
	if (str_eq(event, STR("workflow_run"))) {
		return text_at(a, payload, STR("workflow_run"), STR("head_branch"));
	}
	return h->event.base_ref;
}

static struct filter_event filter_event(struct arena *a, const struct happening *h)
{
	struct str event = h->event.event_name;
	bool push = str_eq(event, STR("push"));

	return (struct filter_event){
		.event = event,
		.action = value_to_str(a, value_get(h->event.payload, STR("action"))),
		.ref = subject_ref(a, h),
		.workflow = text_at(a, h->user_payload, STR("workflow_run"), STR("name")),
		.cron = value_to_str(a, value_get(h->user_payload, STR("schedule"))),
		.message = push ? text_at(a, h->event.payload, STR("head_commit"), STR("message"))
				: h->snapshot.message,
		.changes = &h->changes,
	};
}

bool happening_filter(struct options *o, const struct selection *selection, struct diags *diags,
		      struct happening *h, struct filter_verdict **out, struct err *err)
{
	struct arena *a = &o->arena;
	struct filter_event e = filter_event(a, h);
	bool all = o->jobs.n > 0 || o->no_filters;

	*out = arena_array(a, struct filter_verdict, selection->n);
	for (size_t i = 0; i < selection->n; i++) {
		const struct event_filter *f = filter_of(selection, i);

		(*out)[i] = (struct filter_verdict){ .runs = true, .at = NO_SPAN };
		if (!f || all) {
			continue;
		}
		if (!filter_patterns_valid(f, diags)) {
			return err_set(err, ERR_INVALID, "%.*s has an invalid pattern",
				       STR_ARG(selection->v[i].workflow->path));
		}
		if (filter_reads_changes(f, &e) && !find_changes(o, e.event, h, err)) {
			return false;
		}
		filter_check(a, f, &e, &(*out)[i]);
	}
	return true;
}

struct str happening_reason(struct arena *a, const struct sources *sources,
			    const struct workflow *w, struct str event,
			    const struct filter_verdict *v)
{
	struct str where = w->path;

	if (v->at.file != SPAN_NONE) {
		struct place place = source_place(sources_get(sources, v->at.file), v->at.lo);

		where = arena_printf(a, "%.*s:%u:%u", STR_ARG(w->path), place.line, place.col);
	}
	return arena_printf(a, "%.*s: not started by this %.*s: %.*s", STR_ARG(where),
			    STR_ARG(event), STR_ARG(v->reason));
}

static bool was_named(const struct workflow_files *files, const struct workflow *w)
{
	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i].workflow == w) {
			return files->v[i].named;
		}
	}
	return false;
}

bool happening_apply(struct options *o, const struct sources *sources,
		     const struct workflow_files *files, const struct filter_verdict *verdicts,
		     struct selection *selection, struct err *err)
{
	struct arena *a = &o->arena;
	struct selected *kept = arena_array(a, struct selected, selection->n);
	path_list notes = { 0 };
	struct str reasons = STR_EMPTY;
	bool named = false;
	size_t n = 0;

	for (size_t i = 0; i < selection->nnotes; i++) {
		vec_push(a, &notes, selection->notes[i]);
	}
	for (size_t i = 0; i < selection->n; i++) {
		const struct workflow *w = selection->v[i].workflow;

		if (verdicts[i].runs) {
			kept[n++] = selection->v[i];
			continue;
		}

		struct str reason = happening_reason(a, sources, w, selection->event, &verdicts[i]);

		vec_push(a, &notes, reason);
		named = named || was_named(files, w);
		reasons = arena_printf(a, "%.*s%s%.*s", STR_ARG(reasons), reasons.len ? "\n  " : "",
				       STR_ARG(reason));
	}
	if (named || n == 0) {
		return err_set(err, ERR_NOTHING, "%.*s\n  (--no-filters runs it all the same)",
			       STR_ARG(reasons));
	}
	selection->v = kept;
	selection->n = n;
	selection->notes = notes.v;
	selection->nnotes = notes.n;
	return true;
}
