/*
 * problems.c - problem matchers in a step's output: the commands that add and remove them, and
 * where in the repository the problems are that they find (SEMANTICS 4.11).
 *
 * What a matcher is, and which lines it matches, is matcher.h's business; holding back what comes
 * behind a line that waits is output.c's.
 */
#include "problems.h"

#include <sys/stat.h>

#include "actc/utf8.h"
#include "containers.h"
#include "step.h"

enum { FILE_LIMIT = 1024 * 1024, CONFIG_LIMIT = 256 * 1024, MAX_ABOVE = 50 };

void problems_init(struct step *s)
{
	s->problems = (struct problems){ .waits = WAIT_NOTHING };
	strbuf_init(&s->problems.held, 0);
}

void problems_release(struct step *s)
{
	match_stream_close(s->problems.stream);
	strbuf_release(&s->problems.held);
	arena_release(&s->problems.arena);
	s->problems.stream = NULL;
}

static void forget_question(struct problems *p)
{
	p->waits = WAIT_NOTHING;
	arena_rewind(&p->arena, (struct arena_mark){ NULL, 0 });
}

/* --- paths -------------------------------------------------------------------------------------
 */

static struct str directory_of(struct str path)
{
	size_t end = path.len;

	while (end > 0 && path.p[end - 1] != '/') {
		end--;
	}
	while (end > 1 && path.p[end - 1] == '/') {
		end--;
	}
	return str_slice(path, 0, end);
}

static struct str joined(struct arena *a, struct str dir, struct str path)
{
	if (str_starts(path, STR("/"))) {
		return path;
	}
	return arena_printf(a, "%.*s%s%.*s", STR_ARG(dir), str_ends(dir, STR("/")) ? "" : "/",
			    STR_ARG(path));
}

/* An absolute path without ".", ".." and double slashes. */
static struct str resolved(struct arena *a, struct str path)
{
	char *out = arena_alloc(a, path.len + 2);
	size_t len = 0;

	while (path.p) {
		struct str part = str_cut(&path, '/');

		if (part.len == 0 || str_eq(part, STR("."))) {
			continue;
		}
		if (str_eq(part, STR(".."))) {
			while (len > 0 && out[--len] != '/') {
			}
			continue;
		}
		out[len++] = '/';
		memcpy(out + len, part.p, part.len);
		len += part.len;
	}
	return len ? str_mk(out, len) : STR("/");
}

/* Below the workspace when it is relative; as it is in the machine. */
static struct str in_machine(const struct job *job, struct arena *a, struct str path)
{
	return joined(a, job->paths->workspace, containers_path(job, a, path));
}

/* --- the commands ------------------------------------------------------------------------------
 */

static struct matchers *job_matchers(struct job *job)
{
	if (!job->matchers) {
		job->matchers = matchers_new();
	}
	return job->matchers;
}

static struct match_stream *stream_of(struct step *s)
{
	if (!s->problems.stream && s->job->matchers) {
		s->problems.stream = match_stream_open(s->job->matchers);
	}
	return s->problems.stream;
}

static void wait_for_file(struct step *s, enum problem_wait what, struct str path, struct str line)
{
	struct problems *p = &s->problems;

	p->waits = what;
	p->line = arena_str(&p->arena, line);
	p->path = in_machine(s->job, &p->arena, arena_str(&p->arena, path));
}

static void warn(struct step *s, struct str text)
{
	job_annotate(s->job, s->path, "warning", text);
}

static void tell_removed(struct step *s, struct str owners)
{
	job_debug(s->job, s->path,
		  arena_printf(&s->line_arena, "Removed matchers: %.*s", STR_ARG(owners)));
}

static bool remove_matcher(struct step *s, const struct command *c, struct str line)
{
	struct str owner = command_property(c, STR("owner"));
	struct str owners = STR_EMPTY;

	if (owner.len && c->data.len) {
		warn(s, STR("Either specify an owner name or a file path in ##[remove-matcher] "
			    "command. Both values cannot be set."));
	} else if (c->data.len) {
		wait_for_file(s, WAIT_REMOVE, c->data, line);
	} else if (owner.len) {
		matchers_remove(job_matchers(s->job), &s->line_arena, owner, &owners);
		tell_removed(s, owners);
	} else {
		warn(s, STR("Either an owner name or a file path must be specified in "
			    "##[remove-matcher] command."));
	}
	return true;
}

/* Without PCRE2 the job goes on: it would only report less. */
static bool is_ready(struct step *s)
{
	struct str why = STR_EMPTY;

	if (matchers_ready(job_matchers(s->job), &s->line_arena, &why)) {
		return true;
	}
	if (!s->job->told_no_matchers) {
		s->job->told_no_matchers = true;
		warn(s, arena_printf(&s->line_arena, "problem matchers are left out: %.*s",
				     STR_ARG(why)));
	}
	return false;
}

bool problems_command(struct step *s, const struct command *c, struct str line, struct str *why)
{
	(void)why;
	if (c->kind == COMMAND_REMOVE_MATCHER) {
		return remove_matcher(s, c, line);
	}
	if (c->data.len == 0) {
		warn(s, STR("File path must be specified."));
	} else if (is_ready(s)) {
		wait_for_file(s, WAIT_ADD, c->data, line);
	}
	return true;
}

/* --- a matcher's file --------------------------------------------------------------------------
 */

static bool read_file(struct step *s, struct str *json, struct str *why)
{
	struct problems *p = &s->problems;
	struct file_content f = { .path = p->path };
	struct err err = ERR_INIT;

	if (!channel_read(s->job->channel, &p->arena, &f, 1, FILE_LIMIT, &err)) {
		*why = arena_str(&p->arena, str_of(err.msg));
		err_release(&err);
		return false;
	}
	if (!f.found || f.too_large) {
		*why = arena_printf(&p->arena,
				    f.found ? "The file '%.*s' is larger than 1 MiB."
					    : "Could not find file '%.*s'.",
				    STR_ARG(p->path));
		return false;
	}
	*json = filecmd_decode(&p->arena, f.content);
	return true;
}

static bool add_file(struct step *s, struct str json, struct str *why)
{
	struct arena *a = &s->problems.arena;
	struct str owners = STR_EMPTY;

	/* Before: a live output takes a file's matchers one by one. */
	(void)job_matchers(s->job);
	(void)stream_of(s);
	if (!matchers_add(job_matchers(s->job), a, json, &owners, why)) {
		return false;
	}
	if (owners.len) {
		job_debug(s->job, s->path,
			  arena_printf(a,
				       "Added matchers: %.*s. Problem matchers scan action output "
				       "for known warning or error strings and report these "
				       "inline.",
				       STR_ARG(owners)));
	}
	return true;
}

static bool remove_file(struct step *s, struct str json, struct str *why)
{
	struct arena *a = &s->problems.arena;
	struct str owners = STR_EMPTY;

	if (!matchers_remove_file(job_matchers(s->job), a, json, &owners, why)) {
		return false;
	}
	tell_removed(s, owners);
	return true;
}

/* --- where a problem is ------------------------------------------------------------------------
 */

/* A checkout of the workflow's repository says so in a line of its own. */
static bool is_own_config(const struct job *job, struct arena *a, struct str config)
{
	const struct event_facts *e = job->run->request->event;
	struct str host = e->server_url;
	size_t scheme = str_find(host, STR("://"), 0);
	struct str https =
		arena_printf(a, "url = %.*s/%.*s", STR_ARG(e->server_url), STR_ARG(e->repository));
	struct str ssh;

	host = scheme == STR_NPOS ? host : str_slice(host, scheme + 3, host.len);
	ssh = arena_printf(a, "url = git@%.*s:%.*s.git", STR_ARG(host), STR_ARG(e->repository));
	while (config.p) {
		struct str line = utf8_trim(str_cut(&config, '\n'));

		if (str_ieq(line, https) || str_ieq(line, ssh)) {
			return true;
		}
	}
	return false;
}

/* Asks for the .git/config of all directories above the file at once; the nearest one decides. */
static bool find_repository(struct step *s, struct str file, struct str *dir)
{
	struct arena *a = &s->problems.arena;
	struct file_content configs[MAX_ABOVE];
	struct str dirs[MAX_ABOVE];
	struct err err = ERR_INIT;
	size_t n = 0;

	for (struct str at = directory_of(file); n < MAX_ABOVE; at = directory_of(at)) {
		dirs[n] = at;
		configs[n] = (struct file_content){ .path = joined(a, at, STR(".git/config")) };
		n++;
		if (at.len <= 1) {
			break;
		}
	}
	if (!channel_read(s->job->channel, a, configs, n, CONFIG_LIMIT, &err)) {
		err_release(&err);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (configs[i].found) {
			*dir = dirs[i];
			return is_own_config(s->job, a, configs[i].content);
		}
	}
	return false;
}

/* With --bind the workspace is the user's own repository, whatever its remote is called. */
static bool is_bound(const struct job *job, struct str file, struct str *dir)
{
	struct str workspace = job->paths->workspace;

	*dir = workspace;
	return job->run->request->machine.bind.len && str_starts(file, workspace) &&
	       file.len > workspace.len && file.p[workspace.len] == '/';
}

static bool is_file(const struct step *s, struct str path)
{
	struct file_stat st = { .exists = false };
	struct err err = ERR_INIT;
	bool ok = channel_stat(s->job->channel, path, &st, &err);

	err_release(&err);
	return ok && st.exists && S_ISREG(st.mode);
}

/* Relative to the repository; empty when the file is none of it. */
static struct str place(struct step *s, const struct match *m)
{
	struct job *job = s->job;
	struct arena *a = &s->problems.arena;
	struct str file = m->file, from = directory_of(m->from_path), dir;

	if (utf8_trim(file).len == 0) {
		return STR_EMPTY;
	}
	if (utf8_trim(from).len) {
		file = joined(a, from, file);
	}
	file = resolved(a, in_machine(job, a, file));
	if (!is_file(s, file)) {
		job_debug(job, s->path,
			  arena_printf(a, "Dropping file value '%.*s'. Path does not exist",
				       STR_ARG(file)));
		return STR_EMPTY;
	}
	if (!is_bound(job, file, &dir) && !find_repository(s, file, &dir)) {
		job_debug(job, s->path,
			  arena_printf(a,
				       "Dropping file value '%.*s'. Path is not under the "
				       "workflow repo.",
				       STR_ARG(file)));
		return STR_EMPTY;
	}
	return str_slice(file, dir.len + (dir.len > 1 ? 1 : 0), file.len);
}

static void tell_issue(struct step *s, const struct match *m, struct str file, struct str line)
{
	struct event e = { .kind = EVENT_STEP_ANNOTATION, .step = s->path };

	e.u.step_annotation.level = m->level;
	e.u.step_annotation.message = m->message;
	e.u.step_annotation.file = file;
	e.u.step_annotation.code = m->code;
	e.u.step_annotation.line = m->line;
	e.u.step_annotation.col = m->col;
	e.u.step_annotation.log = line;
	job_annotate_event(s->job, &e);
}

/* --- lines -------------------------------------------------------------------------------------
 */

static void wait_for_place(struct step *s, const struct match *m, struct str line)
{
	struct problems *p = &s->problems;
	struct arena *a = &p->arena;

	p->waits = WAIT_ISSUE;
	p->line = arena_str(a, line);
	p->issue = (struct match){
		.level = m->level,
		.message = arena_str(a, m->message),
		.code = arena_str(a, m->code),
		.file = arena_str(a, m->file),
		.from_path = arena_str(a, m->from_path),
		.line = m->line,
		.col = m->col,
		.removed = STR_EMPTY,
	};
}

static void tell_slow(struct step *s, struct str owner)
{
	struct strbuf text = STRBUF_INIT(0);

	strbuf_addf(&text,
		    "Removing issue matcher '%.*s'. Matcher failed 3 times. Error: a pattern took "
		    "too much time on a line.",
		    STR_ARG(owner));
	warn(s, strbuf_str(&text));
	strbuf_release(&text);
}

size_t problems_pass(struct step *s, struct str text)
{
	return match_stream_pass(stream_of(s), text);
}

bool problems_line(struct step *s, struct str line)
{
	struct problems *p = &s->problems;
	struct match m;
	bool issue;

	if (!stream_of(s)) {
		return false;
	}
	if (!match_stream_listens(p->stream)) {
		return false;
	}
	issue = match_stream_line(p->stream, line, &m);
	if (m.removed.len) {
		tell_slow(s, m.removed);
	}
	/* One that only stands in the log needs no place. */
	if (issue && m.file.len && job_annotation_counts(s->job, s->path, m.level)) {
		wait_for_place(s, &m, line);
	} else if (issue) {
		tell_issue(s, &m, STR_EMPTY, line);
	}
	return issue;
}

void problems_answer(struct step *s)
{
	struct problems *p = &s->problems;
	struct str json = STR_EMPTY, why = STR_EMPTY;
	bool add = p->waits == WAIT_ADD;
	bool over = s->job->killed || s->job->lost; /* nobody is asked any more */

	if (p->waits == WAIT_ISSUE) {
		tell_issue(s, &p->issue, over ? STR_EMPTY : place(s, &p->issue), p->line);
	} else if (over) {
		forget_question(p);
		return;
	} else if (!read_file(s, &json, &why) ||
		   !(add ? add_file(s, json, &why) : remove_file(s, json, &why))) {
		step_command_failed(s, p->line, why);
	}
	forget_question(p);
}
