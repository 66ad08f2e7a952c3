/*
 * output.c - the lines of a step's processes: workflow commands are acted on, the rest is logged
 * (SEMANTICS 4.9). Commands see the raw line; masking happens where events leave the process.
 */
#include "step.h"

struct handler {
	/* False: the command is wrong; *why is GitHub's text and the step fails. */
	bool (*run)(struct step *s, const struct command *c, struct str *why);
	bool echoed; /* printed when echo is on */
	bool named; /* an error names only the command, not its line: the data may be secret or long
		     */
};

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
			     "upgrade to using Environment Files.",
			     STR_ARG(c->name)));
}

static bool do_set_output(struct step *s, const struct command *c, struct str *why)
{
	struct arena *a = s->a;
	struct str name;

	if (!require_name(s, c, &name, why)) {
		return false;
	}
	deprecated(s, c);
	vobject_set(a, s->outputs, arena_str(a, name), value_str(arena_str(a, c->data)));
	return true;
}

static bool do_save_state(struct step *s, const struct command *c, struct str *why)
{
	struct str name;

	if (!require_name(s, c, &name, why)) {
		return false;
	}
	deprecated(s, c);
	vobject_set(s->a, s->state_changes, arena_str(s->a, name),
		    value_str(arena_str(s->a, c->data)));
	return true;
}

static bool unsecure_allowed(const struct step *s)
{
	const struct value *v = vobject_get(s->env, STR("ACTIONS_ALLOW_UNSECURE_COMMANDS"));

	return v && str_ieq(str_trim(v->u.s), STR("true"));
}

static bool refuse_unsecure(struct step *s, const struct command *c, struct str *why)
{
	*why = arena_printf(
		&s->line_arena,
		"The `%.*s` command is disabled. Please upgrade to using Environment Files "
		"or opt into unsecure command execution by setting the "
		"`ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`.",
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
		*why = STR("Can't update NODE_OPTIONS environment variable using ::set-env:: "
			   "command.");
		return false;
	}
	vobject_set(a, s->env_changes, arena_str(a, name), value_str(arena_str(a, c->data)));
	return true;
}

static bool do_add_path(struct step *s, const struct command *c, struct str *why)
{
	if (!unsecure_allowed(s)) {
		return refuse_unsecure(s, c, why);
	}
	if (str_trim(c->data).len == 0) {
		*why = STR("Required field 'path' is missing in ##[add-path] command.");
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
	if (s->echo) {
		job_log(s->job, s->path, STR("::add-mask::***"));
	}
	return true;
}

static bool do_matcher(struct step *s, const struct command *c, struct str *why)
{
	struct event e = { .kind = EVENT_DEBUG, .step = s->path };

	(void)why;
	e.u.debug.source = STR("worker");
	e.u.debug.message = arena_printf(&s->line_arena,
					 "%.*s: problem matchers are not evaluated by this version",
					 STR_ARG(c->name));
	job_emit(s->job, &e);
	return true;
}

static bool do_debug(struct step *s, const struct command *c, struct str *why)
{
	(void)why;
	if (s->job->step_debug) {
		job_log(s->job, s->path,
			arena_printf(&s->line_arena, "##[debug]%.*s", STR_ARG(c->data)));
	}
	return true;
}

/* 0 = absent or no number. */
static int64_t number(const struct command *c, struct str key)
{
	unsigned long n = 0;

	return str_to_ulong(str_trim(command_property(c, key)), &n) && n <= INT32_MAX ? (int64_t)n
										      : 0;
}

/* The rules that keep a place sensible (SEMANTICS 4.9 "Annotation rules"). */
static void clamp_place(struct event *e)
{
	int64_t *line = &e->u.step_annotation.line, *end_line = &e->u.step_annotation.end_line;
	int64_t *col = &e->u.step_annotation.col, *end_col = &e->u.step_annotation.end_col;

	if (*end_line && !*line) {
		*line = *end_line;
	}
	if (*end_col && !*col) {
		*col = *end_col;
	}
	if (*col && (!*line || (*end_line && *end_line != *line))) {
		*col = *end_col = 0;
	}
	if (*end_line && *end_line < *line) {
		*line = *end_line = 0;
	}
	if (*end_col && *end_col < *col) {
		*col = *end_col = 0;
	}
}

static bool do_annotate(struct step *s, const struct command *c, struct str *why)
{
	struct event e = { .kind = EVENT_STEP_ANNOTATION, .step = s->path };

	(void)why;
	e.u.step_annotation.level = c->kind == COMMAND_ERROR     ? STR("error")
				    : c->kind == COMMAND_WARNING ? STR("warning")
								 : STR("notice");
	e.u.step_annotation.message = c->data;
	e.u.step_annotation.title = command_property(c, STR("title"));
	e.u.step_annotation.file = command_property(c, STR("file"));
	e.u.step_annotation.line = number(c, STR("line"));
	e.u.step_annotation.end_line = number(c, STR("endLine"));
	e.u.step_annotation.col = number(c, STR("col"));
	e.u.step_annotation.end_col = number(c, STR("endColumn"));
	clamp_place(&e);
	job_emit(s->job, &e);
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
	struct str data = str_trim(c->data);

	if (!str_ieq(data, STR("on")) && !str_ieq(data, STR("off"))) {
		*why = arena_printf(
			&s->line_arena,
			"Invalid echo command value. Possible values can be: 'on', 'off'. "
			"Current value is: '%.*s'.",
			STR_ARG(c->data));
		return false;
	}
	s->echo = str_ieq(data, STR("on"));
	return true;
}

static bool do_stop(struct step *s, const struct command *c, struct str *why)
{
	struct str token = c->data;

	if (token.len == 0 || command_is_registered(token) ||
	    str_ieq(token, STR("pause-logging"))) {
		*why = arena_printf(
			&s->line_arena,
			"Invalid token. It must not be empty, 'pause-logging' or the name of "
			"a workflow command: '%.*s'.",
			STR_ARG(token));
		return false;
	}
	if (token.len > 6) {
		masker_add_mask(s->job->masker, token);
	}
	s->stop_token = arena_str(s->a, token);
	return true;
}

static const struct handler handlers[] = {
	[COMMAND_SET_OUTPUT] = { do_set_output, true, false },
	[COMMAND_SAVE_STATE] = { do_save_state, true, false },
	[COMMAND_SET_ENV] = { do_set_env, true, false },
	[COMMAND_ADD_PATH] = { do_add_path, true, false },
	[COMMAND_ADD_MASK] = { do_add_mask, false, true },
	[COMMAND_ADD_MATCHER] = { do_matcher, true, false },
	[COMMAND_REMOVE_MATCHER] = { do_matcher, true, false },
	[COMMAND_DEBUG] = { do_debug, false, true },
	[COMMAND_ERROR] = { do_annotate, false, true },
	[COMMAND_WARNING] = { do_annotate, false, true },
	[COMMAND_NOTICE] = { do_annotate, false, true },
	[COMMAND_GROUP] = { do_group, true, false },
	[COMMAND_ENDGROUP] = { do_group, true, false },
	[COMMAND_ECHO] = { do_echo, true, false },
	[COMMAND_STOP_COMMANDS] = { do_stop, false, false },
};

static void run_command(struct step *s, const struct command *c, struct str line)
{
	const struct handler *h = &handlers[c->kind];
	struct str why = STR_EMPTY;
	bool echo = s->echo;

	if (c->kind == COMMAND_STOP_COMMANDS || (echo && h->echoed)) {
		job_log(s->job, s->path, line);
	}
	if (h->run(s, c, &why)) {
		return;
	}
	s->command_failed = true;
	job_annotate(s->job, s->path, "error",
		     arena_printf(&s->line_arena, "Unable to process command '%.*s' successfully.",
				  STR_ARG(h->named ? c->name : line)));
	job_annotate(s->job, s->path, "error", why);
	if (s->reason.len == 0) {
		s->reason = arena_str(s->a, why);
	}
}

static void on_line(void *ctx, struct str line)
{
	struct step *s = ctx;
	struct command c;

	/* The further pieces of a very long line are no lines of their own. */
	if (s->lines.continued) {
		job_log(s->job, s->path, line);
		return;
	}
	if (s->stop_token.len == 0 && command_parse(&s->line_arena, line, &c)) {
		run_command(s, &c, line);
		arena_rewind(&s->line_arena, (struct arena_mark){ NULL, 0 });
		return;
	}
	if (s->stop_token.len && command_is_resume(line, s->stop_token)) {
		s->stop_token = STR_EMPTY;
	}
	job_log(s->job, s->path, line);
}

static size_t cut(void *ctx, struct str piece)
{
	return masker_cut(((struct step *)ctx)->job->masker, piece);
}

void step_output_init(struct step *s)
{
	line_splitter_init(&s->lines, on_line, s);
	s->lines.cut = cut;
}

void step_output(void *step, struct str bytes)
{
	line_splitter_feed(&((struct step *)step)->lines, bytes);
}

void step_output_finish(struct step *s)
{
	line_splitter_finish(&s->lines);
	line_splitter_release(&s->lines);
	arena_release(&s->line_arena);
}
