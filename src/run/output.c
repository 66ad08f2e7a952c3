/*
 * output.c - the lines of a step's processes: workflow commands are acted on, problem matchers look
 * at the others, and what is left is logged (SEMANTICS 4.9, 4.11). Both see the raw line; masking
 * happens where events leave the process.
 */
#include <stdlib.h>
#include <time.h>

#include "actc/process.h"
#include "actc/utf8.h"
#include "containers.h"
#include "services.h"
#include "step.h"

/* How long job_turn() may spend on outputs that wait before it looks at everything else again. */
enum { GO_ON_MS = 20 };

struct handler {
	/* False: the command is wrong; *why is GitHub's text and the step fails. */
	bool (*run)(struct step *s, const struct command *c, struct str *why);
	bool echoed; /* printed when echo is on */
	bool named; /* an error names only the command, not its line: the data may be secret or long
		     */
};

static void fail_with(struct step *s, struct str why)
{
	s->command_failed = true;
	job_annotate(s->job, s->path, "error", why);
	if (s->reason.len == 0) {
		s->reason = arena_str(s->a, why);
	}
}

void step_command_failed(struct step *s, struct str command, struct str why)
{
	job_annotate(s->job, s->path, "error",
		     arena_printf(&s->line_arena, "Unable to process command '%.*s' successfully.",
				  STR_ARG(command)));
	fail_with(s, why);
}

static bool require_name(struct step *s, const struct command *c, struct str *name, struct str *why)
{
	*name = command_property(c, STR("name"));
	if (name->len > 0) {
		return true;
	}
	*why = arena_printf(&s->line_arena, "Required field 'name' is missing in ##[%.*s] command.",
			    STR_ARG(c->name));
	return false;
}

static void deprecated(struct step *s, const struct command *c)
{
	job_annotate(
		s->job, s->path, "warning",
		arena_printf(&s->line_arena,
			     "The `%.*s` command is deprecated and will be disabled soon. Please "
			     "upgrade to using Environment Files. For more information see: "
			     "https://github.blog/changelog/"
			     "2022-10-11-github-actions-deprecating-save-state-and-set-output-"
			     "commands/",
			     STR_ARG(c->name)));
}

static bool do_set_output(struct step *s, const struct command *c, struct str *why)
{
	struct arena *a = s->a;
	struct str name;

	deprecated(s, c);
	if (!require_name(s, c, &name, why)) {
		return false;
	}
	vobject_set(a, s->outputs, arena_str(a, name), value_str(arena_str(a, c->data)));
	return true;
}

static bool do_save_state(struct step *s, const struct command *c, struct str *why)
{
	struct str name;

	deprecated(s, c);
	if (!require_name(s, c, &name, why)) {
		return false;
	}
	vobject_set(s->a, s->state_changes, arena_str(s->a, name),
		    value_str(arena_str(s->a, c->data)));
	return true;
}

/* What a user may allow, in act-c's own environment or the step's. */
static bool is_allowed(const struct step *s, const char *name, bool (*is_yes)(struct str value))
{
	const struct value *v = vobject_get(s->env, str_of(name));

	return is_yes(str_of(getenv(name))) || (v && is_yes(v->u.s));
}

/* .NET's bool.TryParse, and the runner's own way to read a switch. */
static bool is_true(struct str value)
{
	return str_ieq(str_trim(value), STR("true"));
}

static bool is_on(struct str value)
{
	return str_ieq(value, STR("1")) || str_ieq(value, STR("true")) ||
	       str_ieq(value, STR("$true"));
}

static bool unsecure_allowed(const struct step *s)
{
	return is_allowed(s, "ACTIONS_ALLOW_UNSECURE_COMMANDS", is_true);
}

static bool refuse_unsecure(struct step *s, const struct command *c, struct str *why)
{
	*why = arena_printf(
		&s->line_arena,
		"The `%.*s` command is disabled. Please upgrade to using Environment Files "
		"or opt into unsecure command execution by setting the "
		"`ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more "
		"information see: https://github.blog/changelog/"
		"2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/",
		STR_ARG(c->name));
	return false;
}

static bool do_set_env(struct step *s, const struct command *c, struct str *why)
{
	struct arena *a = s->a;
	struct str name;

	if (!unsecure_allowed(s)) {
		return refuse_unsecure(s, c, why);
	}
	if (!require_name(s, c, &name, why)) {
		return false;
	}
	if (str_ieq(name, STR("NODE_OPTIONS"))) {
		job_annotate(s->job, s->path, "error",
			     STR("Can't update NODE_OPTIONS environment variable using ::set-env:: "
				 "command."));
		return true; /* refused, but the step goes on */
	}
	vobject_set(a, s->env_changes, arena_str(a, name), value_str(arena_str(a, c->data)));
	return true;
}

static bool do_add_path(struct step *s, const struct command *c, struct str *why)
{
	if (!unsecure_allowed(s)) {
		return refuse_unsecure(s, c, why);
	}
	if (c->data.len == 0) {
		*why = STR("Value cannot be null. (Parameter 'path')");
		return false;
	}
	vec_push(s->a, &s->paths, arena_str(s->a, c->data));
	return true;
}

static bool do_add_mask(struct step *s, const struct command *c, struct str *why)
{
	(void)why;
	if (str_trim(c->data).len == 0) {
		job_annotate(
			s->job, s->path, "warning",
			STR("Can't add secret mask for empty string in ##[add-mask] command."));
		return true;
	}
	masker_add_mask(s->job->masker, c->data);
	services_add_mask(s->job->run->services, c->data);
	if (s->echo) {
		job_log(s->job, s->path, STR("::add-mask::***"));
	}
	return true;
}

static bool do_debug(struct step *s, const struct command *c, struct str *why)
{
	(void)why;
	job_debug(s->job, s->path, c->data);
	return true;
}

/* A file below the workspace is named relative to it. */
static struct str annotated_file(struct step *s, struct str file)
{
	const struct job *job = s->job;
	struct str path = containers_shown(job, &s->line_arena, file);
	const struct str dirs[] = { job->shown->workspace, job->paths->workspace };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		size_t len = dirs[i].len;

		if (len && str_starts(path, dirs[i]) && path.len > len + 1 && path.p[len] == '/') {
			return str_slice(path, len + 1, path.len);
		}
	}
	return path;
}

static bool do_annotate(struct step *s, const struct command *c, struct str *why)
{
	struct event e = { .kind = EVENT_STEP_ANNOTATION, .step = s->path };
	struct command_place place = command_place(c);

	(void)why;
	e.u.step_annotation.level = c->kind == COMMAND_ERROR     ? STR("error")
				    : c->kind == COMMAND_WARNING ? STR("warning")
								 : STR("notice");
	e.u.step_annotation.message = c->data;
	e.u.step_annotation.title = command_property(c, STR("title"));
	e.u.step_annotation.file = annotated_file(s, command_property(c, STR("file")));
	e.u.step_annotation.line = place.line > 0 ? place.line : 0;
	e.u.step_annotation.end_line = place.end_line > 0 ? place.end_line : 0;
	e.u.step_annotation.col = place.col > 0 ? place.col : 0;
	e.u.step_annotation.end_col = place.end_col > 0 ? place.end_col : 0;
	job_annotate_event(s->job, &e);
	return true;
}

static bool do_group(struct step *s, const struct command *c, struct str *why)
{
	struct event e = { .kind = c->kind == COMMAND_GROUP ? EVENT_STEP_GROUP
							    : EVENT_STEP_ENDGROUP,
			   .step = s->path };

	(void)why;
	e.u.step_group.title = c->kind == COMMAND_GROUP ? c->data : STR_EMPTY;
	job_emit(s->job, &e);
	return true;
}

static bool do_echo(struct step *s, const struct command *c, struct str *why)
{
	struct str data = utf8_trim(c->data);

	if (c->data.len == 0) {
		*why = STR("Value cannot be null. (Parameter 'value')");
		return false;
	}
	if (!str_ieq(data, STR("on")) && !str_ieq(data, STR("off"))) {
		*why = arena_printf(
			&s->line_arena,
			"Invalid echo command value. Possible values can be: 'on', 'off'. "
			"Current value is: '%.*s'.",
			STR_ARG(c->data));
		return false;
	}
	s->echo = str_ieq(data, STR("on"));
	job_debug(s->job, s->path,
		  s->echo ? STR("Setting echo command value to 'on'")
			  : STR("Setting echo command value to 'off'"));
	return true;
}

/* Its fault is told in one line, without the command: the runner has it apart from the others. */
static void stop_commands(struct step *s, const struct command *c, struct str line)
{
	struct str token = c->data;

	if ((token.len == 0 || command_is_registered(token) ||
	     str_ieq(token, STR("pause-logging"))) &&
	    !is_allowed(s, "ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS", is_on)) {
		fail_with(
			s,
			STR("You cannot use a endToken that is an empty string, the string "
			    "'pause-logging', or another workflow command. For more information "
			    "see: https://docs.github.com/actions/learn-github-actions/"
			    "workflow-commands-for-github-actions#example-stopping-and-starting-"
			    "workflow-commands or opt into insecure command execution by setting "
			    "the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable "
			    "to `true`."));
		return;
	}
	if (utf8_utf16_length(token) > 6) {
		masker_add_mask(s->job->masker, token);
	}
	s->stopped = true;
	s->stop_token = arena_str(s->a, token);
	job_log(s->job, s->path, line);
}

static const struct handler handlers[] = {
	[COMMAND_SET_OUTPUT] = { do_set_output, true, false },
	[COMMAND_SAVE_STATE] = { do_save_state, true, false },
	[COMMAND_SET_ENV] = { do_set_env, true, false },
	[COMMAND_ADD_PATH] = { do_add_path, true, false },
	[COMMAND_ADD_MASK] = { do_add_mask, false, true },
	[COMMAND_ADD_MATCHER] = { NULL, true, false },
	[COMMAND_REMOVE_MATCHER] = { NULL, true, false },
	[COMMAND_DEBUG] = { do_debug, false, true },
	[COMMAND_ERROR] = { do_annotate, false, true },
	[COMMAND_WARNING] = { do_annotate, false, true },
	[COMMAND_NOTICE] = { do_annotate, false, true },
	[COMMAND_GROUP] = { do_group, true, false },
	[COMMAND_ENDGROUP] = { do_group, true, false },
	[COMMAND_ECHO] = { do_echo, true, false },
	[COMMAND_STOP_COMMANDS] = { NULL, false, false },
};

static void run_command(struct step *s, const struct command *c, struct str line)
{
	const struct handler *h = &handlers[c->kind];
	struct str why = STR_EMPTY;
	bool ok;

	if (c->kind == COMMAND_STOP_COMMANDS) {
		stop_commands(s, c, line);
		return;
	}
	if (s->echo && h->echoed) {
		job_log(s->job, s->path, line);
	}
	ok = h->run ? h->run(s, c, &why) : problems_command(s, c, line, &why);
	if (!ok) {
		step_command_failed(s, h->named ? c->name : line, why);
	}
}

/* What only the runner itself may print is made harmless. */
static struct str defused(struct arena *a, struct str line)
{
	static const struct str marks[] = { STR_INIT("##[start-action"),
					    STR_INIT("##[end-action") };
	struct strbuf b = STRBUF_INIT(0);
	size_t at = 0;

	for (size_t i = 0; i < line.len; i++) {
		struct str rest = str_slice(line, i, line.len);

		if (str_starts(rest, marks[0]) || str_starts(rest, marks[1])) {
			strbuf_adds(&b, str_slice(line, at, i + 3));
			strbuf_addc(&b, '\\');
			at = i + 3;
		}
	}
	strbuf_adds(&b, str_slice(line, at, line.len));
	line = arena_str(a, strbuf_str(&b));
	strbuf_release(&b);
	return line;
}

static void plain_line(struct step *s, struct str line)
{
	if (str_find(line, STR("##["), 0) != STR_NPOS) {
		line = defused(&s->line_arena, line);
	}
	if (!problems_line(s, line)) {
		job_log(s->job, s->path, line);
	}
}

static void take_line(struct step *s, struct str line, bool continued)
{
	struct command c;

	if (continued) {
		/* The further pieces of a very long line are no lines of their own. */
		job_log(s->job, s->path, line);
	} else if (s->stopped && command_is_resume(line, s->stop_token)) {
		s->stopped = false;
		job_log(s->job, s->path, line);
	} else if (!s->stopped && command_parse(&s->line_arena, line, &c)) {
		run_command(s, &c, line);
	} else {
		plain_line(s, line);
	}
	if (s->line_arena.head) {
		arena_rewind(&s->line_arena, (struct arena_mark){ NULL, 0 });
	}
}

/* --- lines that are held back while one waits --------------------------------------------------
 */

static void on_line(void *ctx, struct str line)
{
	struct step *s = ctx;
	struct strbuf *held = &s->problems.held;

	if (s->problems.waits == WAIT_NOTHING && held->len == 0) {
		take_line(s, line, s->lines.continued);
		return;
	}
	strbuf_addc(held, s->lines.continued ? 'c' : ' ');
	strbuf_adds(held, line);
	strbuf_addc(held, '\n');
}

/* Lines that are only to be logged, many at once. */
static size_t on_block(void *ctx, struct str text)
{
	struct step *s = ctx;

	if (s->stopped || s->problems.waits != WAIT_NOTHING || s->problems.held.len) {
		return 0;
	}

	size_t n = problems_pass(s, text);

	if (n) {
		job_log_block(s->job, s->path, str_slice(text, 0, n));
	}
	return n;
}

static void release_held(struct step *s)
{
	struct strbuf *held = &s->problems.held;
	size_t at = 0;

	while (at < held->len && s->problems.waits == WAIT_NOTHING) {
		size_t end = str_chr(strbuf_str(held), '\n', at);

		take_line(s, str_slice(strbuf_str(held), at + 1, end), held->p[at] == 'c');
		at = end + 1;
	}
	strbuf_consume(held, at);
}

static void go_on(struct step *s)
{
	problems_answer(s);
	release_held(s);
}

bool step_outputs_go_on(struct job *job)
{
	long long until = now_ms() + GO_ON_MS;
	struct step *s = job->running;

	while (s) {
		if (s->problems.waits == WAIT_NOTHING) {
			s = s->next_running;
			continue;
		}
		if (now_ms() >= until) {
			return false;
		}
		go_on(s);
		s = job->running; /* an answer takes turns: a step may have ended meanwhile */
	}
	return true;
}

static size_t cut(void *ctx, struct str piece)
{
	return masker_cut(((struct step *)ctx)->job->masker, piece);
}

void step_output_init(struct step *s)
{
	line_splitter_init(&s->lines, on_line, s);
	s->lines.cut = cut;
	s->lines.block = on_block;
	problems_init(s);
}

void step_output(void *step, struct str bytes)
{
	struct step *s = step;
	struct timespec now;

	/* What came at once bears one time. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	s->job->came_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	line_splitter_feed(&s->lines, bytes);
	s->job->came_us = 0;
}

void step_output_finish(struct step *s)
{
	line_splitter_finish(&s->lines);
	line_splitter_release(&s->lines);
	while (s->problems.waits != WAIT_NOTHING) {
		go_on(s);
	}
	problems_release(s);
	arena_release(&s->line_arena);
}
