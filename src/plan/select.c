/*
 * select.c - the event, the workflows that listen to it, and their jobs.
 *
 * Not for filters (branches, tags, paths): filter.c. What an invalid file listens to is looked up
 * in its text, since there is no model of it.
 */
#include "actc/plan.h"

struct choosing {
	struct arena *a;
	const struct workflow_files *files;
	const struct sources *sources;
	const struct selection_request *request;
	VEC(struct selected) chosen;
	VEC(struct str) notes;
};

/* --- what invalid files say ----------------------------------------------------------------- */

static bool word_char(char c)
{
	return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool has_word(struct str line, struct str word)
{
	for (size_t at = str_find(line, word, 0); at != STR_NPOS;
	     at = str_find(line, word, at + 1)) {
		size_t end = at + word.len;

		if ((at == 0 || !word_char(line.p[at - 1])) &&
		    (end == line.len || !word_char(line.p[end]))) {
			return true;
		}
	}
	return false;
}

static struct str without_comment(struct str line)
{
	return str_slice(line, 0, str_chr(line, '#', 0));
}

/* "  word:", quoted or not. */
static bool is_key(struct str line, struct str word)
{
	struct str head = str_trim(str_slice(line, 0, str_chr(line, ':', 0)));

	if (head.len > 2 && (head.p[0] == '"' || head.p[0] == '\'')) {
		head = str_slice(head, 1, head.len - 1);
	}
	return str_chr(line, ':', 0) != STR_NPOS && str_ieq(head, word);
}

/* Whether the top-level block `key` has a line that says `word`. */
static bool block_has(struct str text, struct str key, struct str word,
		      bool (*says)(struct str line, struct str word))
{
	struct str rest = text;
	bool inside = false;

	while (rest.p) {
		struct str line = without_comment(str_cut(&rest, '\n'));
		bool top = line.len && !strchr(" \t-}]", line.p[0]);

		if (top) {
			inside = has_word(str_slice(line, 0, str_chr(line, ':', 0)), key);
		}
		if (inside && says(line, word)) {
			return true;
		}
	}
	return false;
}

static struct str text_of(const struct choosing *c, const struct workflow_file *f)
{
	return sources_get(c->sources, f->file)->text;
}

static bool invalid(const struct workflow_file *f, struct err *err)
{
	return err_set(err, ERR_INVALID, "%.*s is not a valid workflow", STR_ARG(f->path));
}

/* An invalid file that was asked for ends the selection. */
static bool check_invalid(const struct choosing *c, struct str event, struct err *err)
{
	const struct selection_request *r = c->request;

	for (size_t i = 0; i < c->files->n; i++) {
		const struct workflow_file *f = &c->files->v[i];

		if (f->workflow) {
			continue;
		}
		if (f->named ||
		    (r->njobs == 0 && block_has(text_of(c, f), STR("on"), event, has_word))) {
			return invalid(f, err);
		}
		for (size_t j = 0; j < r->njobs; j++) {
			if (block_has(text_of(c, f), STR("jobs"), r->jobs[j], is_key)) {
				return invalid(f, err);
			}
		}
	}
	return true;
}

/* --- what there is, for messages ------------------------------------------------------------- */

struct names {
	VEC(struct str) list;
};

static void add_name(struct arena *a, struct names *n, struct str name)
{
	for (size_t i = 0; i < n->list.n; i++) {
		if (str_eq(n->list.v[i], name)) {
			return;
		}
	}
	vec_push(a, &n->list, name);
}

static bool has_asked_job(const struct choosing *c, const struct workflow *w)
{
	bool has = c->request->njobs == 0;

	for (size_t i = 0; i < c->request->njobs; i++) {
		has = has || workflow_job(w, c->request->jobs[i]);
	}
	return has;
}

static struct names all_events(const struct choosing *c, bool of_asked_jobs)
{
	struct names names = { 0 };

	for (size_t i = 0; i < c->files->n; i++) {
		const struct workflow *w = c->files->v[i].workflow;
		bool counts = w && (!of_asked_jobs || has_asked_job(c, w));

		for (size_t j = 0; counts && j < w->nevents; j++) {
			add_name(c->a, &names, w->events[j].event.s);
		}
	}
	return names;
}

static struct names all_jobs(const struct choosing *c)
{
	struct names names = { 0 };

	for (size_t i = 0; i < c->files->n; i++) {
		const struct workflow *w = c->files->v[i].workflow;

		for (size_t j = 0; w && j < w->njobs; j++) {
			add_name(c->a, &names, w->jobs[j].id.s);
		}
	}
	return names;
}

/* "; did you mean 'push'? There are: push, release" */
static struct str what_there_is(struct arena *a, const struct names *n, struct str word)
{
	struct str near = diag_nearest(word, n->list.v, n->list.n);
	struct str list = STR_EMPTY;

	for (size_t i = 0; i < n->list.n; i++) {
		list = arena_printf(a, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
				    STR_ARG(n->list.v[i]));
	}
	if (near.len) {
		return arena_printf(a, "did you mean '%.*s'? There are: %.*s", STR_ARG(near),
				    STR_ARG(list));
	}
	return arena_printf(a, "there are: %.*s", STR_ARG(list));
}

/* --- choosing -------------------------------------------------------------------------------- */

/* The only event of the files (with -j, of those that have such a job), else push. workflow_call
 * is not counted beside others: nothing but a workflow raises it. */
static struct str default_event(const struct choosing *c)
{
	struct names names = all_events(c, true);
	struct str only = STR_EMPTY;
	size_t n = 0;

	for (size_t i = 0; i < names.list.n; i++) {
		if (names.list.n == 1 || !str_eq(names.list.v[i], STR("workflow_call"))) {
			only = names.list.v[i];
			n++;
		}
	}
	return n == 1 ? only : STR("push");
}

static void need(const struct workflow *w, size_t job, bool *wanted)
{
	if (wanted[job]) {
		return;
	}
	wanted[job] = true;
	for (size_t i = 0; i < w->jobs[job].needs.n; i++) {
		need(w, w->jobs[job].need_index[i], wanted);
	}
}

static void choose(struct choosing *c, const struct workflow *w, const bool *wanted)
{
	struct selected s = { .workflow = w, .jobs = wanted };

	for (size_t i = 0; i < w->njobs; i++) {
		s.njobs += wanted[i];
	}
	if (s.njobs) {
		vec_push(c->a, &c->chosen, s);
	}
}

static void note_invalid(struct choosing *c)
{
	for (size_t i = 0; i < c->files->n; i++) {
		if (!c->files->v[i].workflow) {
			vec_push(c->a, &c->notes,
				 arena_printf(c->a, "%.*s is invalid and left out",
					      STR_ARG(c->files->v[i].path)));
		}
	}
}

static void choose_by_event(struct choosing *c, struct str event)
{
	for (size_t i = 0; i < c->files->n; i++) {
		const struct workflow *w = c->files->v[i].workflow;
		const struct event_filter *e = w ? workflow_event(w, event) : NULL;

		if (e) {
			bool *wanted = arena_array(c->a, bool, w->njobs);

			for (size_t j = 0; j < w->njobs; j++) {
				wanted[j] = true;
			}
			choose(c, w, wanted);
		}
	}
}

static void choose_by_job(struct choosing *c, bool *found)
{
	for (size_t i = 0; i < c->files->n; i++) {
		const struct workflow *w = c->files->v[i].workflow;
		bool *wanted = w ? arena_array(c->a, bool, w->njobs) : NULL;

		for (size_t j = 0; w && j < c->request->njobs; j++) {
			const struct job_def *job = workflow_job(w, c->request->jobs[j]);

			if (job) {
				found[j] = true;
				need(w, job->index, wanted);
			}
		}
		if (w) {
			choose(c, w, wanted);
		}
	}
}

static bool no_job(struct choosing *c, struct str id, struct err *err)
{
	struct names jobs = all_jobs(c);

	if (jobs.list.n == 0) {
		return err_set(err, ERR_INVALID, "no workflow in %.*s is valid",
			       STR_ARG(c->files->where));
	}
	return err_set(err, ERR_NOTHING, "no workflow in %.*s has a job '%.*s'; %.*s",
		       STR_ARG(c->files->where), STR_ARG(id),
		       STR_ARG(what_there_is(c->a, &jobs, id)));
}

static bool no_event(struct choosing *c, struct str event, struct err *err)
{
	struct names events = all_events(c, false);

	if (events.list.n == 0) {
		return err_set(err, ERR_INVALID, "no workflow in %.*s is valid",
			       STR_ARG(c->files->where));
	}
	return err_set(err, ERR_NOTHING, "no workflow in %.*s is started by '%.*s'; %.*s",
		       STR_ARG(c->files->where), STR_ARG(event),
		       STR_ARG(what_there_is(c->a, &events, event)));
}

static bool choose_all(struct choosing *c, struct str event, struct err *err)
{
	bool *found = arena_array(c->a, bool, c->request->njobs);

	if (!check_invalid(c, event, err)) {
		return false;
	}
	note_invalid(c);
	if (c->request->njobs == 0) {
		choose_by_event(c, event);
		return c->chosen.n ? true : no_event(c, event, err);
	}
	choose_by_job(c, found);
	for (size_t i = 0; i < c->request->njobs; i++) {
		if (!found[i]) {
			return no_job(c, c->request->jobs[i], err);
		}
	}
	return true;
}

bool plan_select(struct arena *a, const struct workflow_files *files, const struct sources *sources,
		 const struct selection_request *request, struct selection *out, struct err *err)
{
	struct choosing c = { .a = a, .files = files, .sources = sources, .request = request };
	struct str event = request->event.len ? request->event : default_event(&c);

	if (!choose_all(&c, event, err)) {
		return false;
	}
	*out = (struct selection){ .event = event,
				   .n = c.chosen.n,
				   .v = c.chosen.v,
				   .nnotes = c.notes.n,
				   .notes = c.notes.v };
	return true;
}
