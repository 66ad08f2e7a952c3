/*
 * filter.c - the filters of an event, one after the other; the first that excludes gives the
 * reason.
 *
 * The words are for people who wonder why nothing runs: each names the pattern, or all of them, and
 * what it was held against.
 */
#include "actc/filter.h"

#include "actc/pattern.h"

struct checking {
	struct arena *a;
	const struct event_filter *f;
	const struct filter_event *e;
	struct filter_verdict *out;
};

static bool exclude(struct checking *c, const char *filter, const struct spanned *pattern,
		    struct span at, struct str reason)
{
	*c->out = (struct filter_verdict){ .runs = false,
					   .filter = str_of(filter),
					   .pattern = pattern ? pattern->s : STR_EMPTY,
					   .reason = reason,
					   .at = pattern ? pattern->at : at };
	return false;
}

static bool negated(struct str pattern)
{
	return str_starts(pattern, STR("!"));
}

/* The last pattern of the list that matches; NULL when none does. */
static const struct spanned *decider(const struct spanned_list *list, struct str text)
{
	for (size_t i = list->n; i-- > 0;) {
		struct str p = list->v[i].s;

		if (pattern_match(negated(p) ? str_slice(p, 1, p.len) : p, text)) {
			return &list->v[i];
		}
	}
	return NULL;
}

static struct str joined(struct arena *a, const struct spanned_list *list)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < list->n; i++) {
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), i ? ", " : "",
				   STR_ARG(list->v[i].s));
	}
	return all;
}

/* --- types ------------------------------------------------------------------------------------ */

static const struct str pull_types[] = { STR_INIT("opened"), STR_INIT("synchronize"),
					 STR_INIT("reopened") };

static bool is_pull(struct str event)
{
	return str_eq(event, STR("pull_request")) || str_eq(event, STR("pull_request_target"));
}

bool filter_takes_action(const struct event_filter *f, struct str action)
{
	bool by_default = f->types.n == 0 && is_pull(f->event.s);

	for (size_t i = 0; i < f->types.n; i++) {
		if (str_eq(f->types.v[i].s, action)) {
			return true;
		}
	}
	for (size_t i = 0; by_default && i < sizeof(pull_types) / sizeof(pull_types[0]); i++) {
		if (str_eq(pull_types[i], action)) {
			return true;
		}
	}
	return f->types.n == 0 && !by_default;
}

static bool check_types(struct checking *c)
{
	struct str types =
		c->f->types.n ? joined(c->a, &c->f->types) : STR("opened, synchronize, reopened");

	if (c->e->action.len == 0 || filter_takes_action(c->f, c->e->action)) {
		return true;
	}
	return exclude(c, "types", NULL, c->f->types.n ? c->f->types.v[0].at : c->f->event.at,
		       arena_printf(c->a, "the action is '%.*s', and %s: %.*s",
				    STR_ARG(c->e->action),
				    c->f->types.n ? "`types` has others"
						  : "without `types` the event has others",
				    STR_ARG(types)));
}

static bool check_workflows(struct checking *c)
{
	const struct spanned_list *list = &c->f->workflows;

	if (list->n == 0 || c->e->workflow.len == 0 || decider(list, c->e->workflow)) {
		return true;
	}
	return exclude(c, "workflows", NULL, list->v[0].at,
		       arena_printf(c->a, "`workflows` (%.*s) does not have '%.*s'",
				    STR_ARG(joined(c->a, list)), STR_ARG(c->e->workflow)));
}

/* Each schedule of a workflow starts it at its own time, and no other's. */
static bool check_schedule(struct checking *c)
{
	const struct cron *crons = c->f->crons;
	struct str all = STR_EMPTY;

	if (c->f->ncrons == 0 || c->e->cron.len == 0) {
		return true;
	}
	for (size_t i = 0; i < c->f->ncrons; i++) {
		if (str_eq(crons[i].spec.s, c->e->cron)) {
			return true;
		}
		all = arena_printf(c->a, "%.*s%s'%.*s'", STR_ARG(all), i ? ", " : "",
				   STR_ARG(crons[i].spec.s));
	}
	return exclude(c, "schedule", NULL, crons[0].spec.at,
		       arena_printf(c->a, "`schedule` (%.*s) does not have '%.*s'", STR_ARG(all),
				    STR_ARG(c->e->cron)));
}

/* --- branches and tags ------------------------------------------------------------------------ */

struct ref_filter {
	const char *name, *ignore_name;
	const struct spanned_list *list, *ignore;
	const char *what; /* "the branch" */
};

static bool check_ref(struct checking *c, const struct ref_filter *r, struct str name)
{
	const struct spanned *hit = decider(r->list, name);

	if (r->list->n > 0 && !hit) {
		return exclude(c, r->name, NULL, r->list->v[0].at,
			       arena_printf(c->a, "no pattern of `%s` (%.*s) matches %s %.*s",
					    r->name, STR_ARG(joined(c->a, r->list)), r->what,
					    STR_ARG(name)));
	}
	if (hit && negated(hit->s)) {
		return exclude(c, r->name, hit, hit->at,
			       arena_printf(c->a, "the pattern '%.*s' of `%s` excludes %s %.*s",
					    STR_ARG(hit->s), r->name, r->what, STR_ARG(name)));
	}
	hit = decider(r->ignore, name);
	if (hit && !negated(hit->s)) {
		return exclude(c, r->ignore_name, hit, hit->at,
			       arena_printf(c->a, "the pattern '%.*s' of `%s` matches %s %.*s",
					    STR_ARG(hit->s), r->ignore_name, r->what,
					    STR_ARG(name)));
	}
	return true;
}

static bool has(const struct ref_filter *r)
{
	return r->list->n > 0 || r->ignore->n > 0;
}

/* Filters of one kind of ref only keep pushes of the other kind out. */
static bool check_push(struct checking *c, const struct ref_filter *branches,
		       const struct ref_filter *tags)
{
	struct str ref = c->e->ref;
	bool tag = str_starts(ref, STR("refs/tags/"));
	const struct ref_filter *own = tag ? tags : branches, *other = tag ? branches : tags;

	if (!has(own) && has(other)) {
		const struct spanned_list *list = other->list->n ? other->list : other->ignore;

		return exclude(c, other->list->n ? other->name : other->ignore_name, NULL,
			       list->v[0].at,
			       arena_printf(c->a,
					    "it has `%s` and no `%s`, so that %s do not start it: "
					    "%.*s",
					    other->list->n ? other->name : other->ignore_name,
					    own->name, own->name, STR_ARG(ref)));
	}
	if (str_starts(ref, STR("refs/"))) {
		ref = str_slice(ref, tag ? strlen("refs/tags/") : strlen("refs/heads/"), ref.len);
	}
	return check_ref(c, own, ref);
}

static bool check_refs(struct checking *c)
{
	struct ref_filter branches = { "branches", "branches-ignore", &c->f->branches,
				       &c->f->branches_ignore, "the branch" };
	struct ref_filter tags = { "tags", "tags-ignore", &c->f->tags, &c->f->tags_ignore,
				   "the tag" };

	if (str_eq(c->e->event, STR("push"))) {
		return check_push(c, &branches, &tags);
	}
	if (is_pull(c->e->event)) {
		branches.what = "the base branch";
	}
	return c->e->ref.len == 0 || check_ref(c, &branches, c->e->ref);
}

/* --- paths ------------------------------------------------------------------------------------ */

static size_t looked_at(const struct changed_files *files)
{
	return files->n < FILTER_MAX_FILES ? files->n : FILTER_MAX_FILES;
}

static struct str some_files(struct arena *a, const struct changed_files *files)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < files->n && i < 3; i++) {
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), i ? ", " : "",
				   STR_ARG(files->v[i]));
	}
	return files->n > 3 ? arena_printf(a, "%.*s and %zu more", STR_ARG(all), files->n - 3)
			    : all;
}

static bool check_paths(struct checking *c)
{
	const struct spanned_list *list = &c->f->paths;
	const struct changed_files *files = c->e->changes;
	const struct spanned *last = NULL;

	for (size_t i = 0; i < looked_at(files); i++) {
		const struct spanned *hit = decider(list, files->v[i]);

		if (hit && !negated(hit->s)) {
			return true;
		}
		last = hit ? hit : last;
	}
	if (files->n == 0) {
		return exclude(c, "paths", NULL, list->v[0].at,
			       arena_printf(c->a,
					    "`paths` (%.*s) needs a changed file, and none is: "
					    "%.*s",
					    STR_ARG(joined(c->a, list)), STR_ARG(files->why)));
	}
	if (last) {
		return exclude(c, "paths", last, last->at,
			       arena_printf(c->a,
					    "no changed file (%.*s) matches `paths` (%.*s); the "
					    "pattern '%.*s' excludes what others match",
					    STR_ARG(some_files(c->a, files)),
					    STR_ARG(joined(c->a, list)), STR_ARG(last->s)));
	}
	return exclude(c, "paths", NULL, list->v[0].at,
		       arena_printf(c->a,
				    "no pattern of `paths` (%.*s) matches a changed file: %.*s",
				    STR_ARG(joined(c->a, list)), STR_ARG(some_files(c->a, files))));
}

static bool check_paths_ignore(struct checking *c)
{
	const struct spanned_list *list = &c->f->paths_ignore;
	const struct changed_files *files = c->e->changes;
	const struct spanned *last = NULL;

	for (size_t i = 0; i < looked_at(files); i++) {
		const struct spanned *hit = decider(list, files->v[i]);

		if (!hit || negated(hit->s)) {
			return true;
		}
		last = hit;
	}
	if (!last) {
		return true;
	}
	return exclude(c, "paths-ignore", last, last->at,
		       arena_printf(c->a,
				    "each changed file matches a pattern of `paths-ignore` (%.*s): "
				    "%.*s",
				    STR_ARG(joined(c->a, list)), STR_ARG(some_files(c->a, files))));
}

bool filter_reads_changes(const struct event_filter *f, const struct filter_event *e)
{
	bool tag = str_eq(e->event, STR("push")) && str_starts(e->ref, STR("refs/tags/"));

	return !tag && (f->paths.n > 0 || f->paths_ignore.n > 0);
}

static bool check_changes(struct checking *c)
{
	if (!filter_reads_changes(c->f, c->e) || !c->e->changes || !c->e->changes->known) {
		return true;
	}
	if (c->f->paths.n > 0 && !check_paths(c)) {
		return false;
	}
	return c->f->paths_ignore.n == 0 || check_paths_ignore(c);
}

/* --- commits that ask to be skipped ----------------------------------------------------------- */

static struct str skip_mark(struct str message)
{
	static const struct str marks[] = { STR_INIT("[skip ci]"), STR_INIT("[ci skip]"),
					    STR_INIT("[no ci]"), STR_INIT("[skip actions]"),
					    STR_INIT("[actions skip]") };
	static const struct str trailers[] = { STR_INIT("\n\n\nskip-checks:true"),
					       STR_INIT("\n\n\nskip-checks: true") };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (str_find(message, marks[i], 0) != STR_NPOS) {
			return marks[i];
		}
	}
	message = str_trim(message);
	for (size_t i = 0; i < sizeof(trailers) / sizeof(trailers[0]); i++) {
		if (str_ends(message, trailers[i])) {
			return STR("skip-checks: true");
		}
	}
	return STR_EMPTY;
}

static bool check_message(struct checking *c)
{
	struct str mark = skip_mark(c->e->message);

	if (mark.len == 0 ||
	    (!str_eq(c->e->event, STR("push")) && !str_eq(c->e->event, STR("pull_request")))) {
		return true;
	}
	return exclude(c, "message", NULL, NO_SPAN,
		       arena_printf(c->a, "the commit's message says %.*s", STR_ARG(mark)));
}

void filter_check(struct arena *a, const struct event_filter *f, const struct filter_event *e,
		  struct filter_verdict *out)
{
	struct checking c = { a, f, e, out };
	bool runs = check_types(&c) && check_workflows(&c) && check_schedule(&c) &&
		    check_refs(&c) && check_changes(&c) && check_message(&c);

	if (runs) {
		*out = (struct filter_verdict){ .runs = true, .at = NO_SPAN };
	}
}

bool filter_patterns_valid(const struct event_filter *f, struct diags *diags)
{
	const struct spanned_list *lists[] = { &f->branches, &f->branches_ignore,
					       &f->tags,     &f->tags_ignore,
					       &f->paths,    &f->paths_ignore };
	bool valid = true;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t j = 0; j < lists[i]->n; j++) {
			const struct spanned *p = &lists[i]->v[j];
			const char *why;
			size_t at;

			if (!pattern_valid(p->s, &at, &why)) {
				struct str shown = diag_quote(p->s);

				(void)diag_error(diags, p->at, "glob",
						 "The pattern '%.*s' is invalid: %s",
						 STR_ARG(shown), why);
				valid = false;
			}
		}
	}
	return valid;
}
