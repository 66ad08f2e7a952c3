/*
 * script.c - `run` steps: the log header, the script file, the shell (SEMANTICS 4.6).
 */
#include <string.h>

#include "containers.h"
#include "env.h"
#include "shell.h"
#include "step.h"

struct script {
	struct str text; /* evaluated */
	struct str shell;
	struct str directory;
	struct shell_command command;
	struct str program; /* its path, as far as the runner would know it */
	struct str file;
};

static bool evaluate(struct step *s, struct script *x)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };

	/* Defaults are the job's; what is in a composite action has none. */
	x->text = STR_EMPTY;
	x->shell = s->frame ? STR_EMPTY : job->default_shell;
	x->directory = s->frame ? STR_EMPTY : job->default_directory;
	if (tok_eval_str(a, s->def->run, &env, &x->text, &e) &&
	    tok_eval_str(a, s->def->shell, &env, &x->shell, &e) &&
	    tok_eval_str(a, s->def->working_directory, &env, &x->directory, &e)) {
		return true;
	}
	step_fail(s, job_placed(job, a, &e));
	return false;
}

/* Every line of the script in cyan, then shell and env, all in one group. */
static void log_header(struct step *s, const struct script *x)
{
	struct arena *a = s->a;
	struct str rest = x->text;
	struct str title = STR_EMPTY;

	while (title.len == 0 && rest.p && rest.len) {
		title = str_trim(str_cut(&rest, '\n'));
	}
	step_group(s, arena_printf(a, "Run %.*s", STR_ARG(title)));
	rest = x->text;
	while (rest.len && rest.p[rest.len - 1] == '\n') {
		rest.len--;
	}
	do {
		struct str line = str_cut(&rest, '\n');

		line.len -= rest.p && line.len && line.p[line.len - 1] == '\r';
		job_log(s->job, s->path, arena_printf(a, "\033[36;1m%.*s\033[0m", STR_ARG(line)));
	} while (rest.p);
	job_log(s->job, s->path,
		arena_printf(a, "shell: %.*s %.*s", STR_ARG(x->program),
			     STR_ARG(x->command.format)));
	step_log_env(s);
	step_endgroup(s);
}

static struct str absolute(struct arena *a, struct str base, struct str path)
{
	if (path.len == 0) {
		return base;
	}
	if (path.p[0] == '/') {
		return path;
	}
	return arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(path));
}

/* A runner looks for the shell itself, but for the one in a job's container. False: there is none.
 */
static bool find_program(struct step *s, struct script *x)
{
	bool missing = false;
	struct str path = STR_EMPTY;

	x->program = x->command.program;
	if (containers_have_own(s->job)) {
		return true;
	}
	path = step_program(s, x->command.program, &missing);
	if (path.len) {
		x->program = s->program = path;
		/* Else the agent finds the same one, or what has come there since. */
		if (vobject_get(s->env, STR("PATH"))) {
			x->command.program = path;
		}
	}
	return !missing;
}

static void tell_command(struct step *s, const struct script *x, const struct proc_spec *spec)
{
	struct str text = x->program;

	for (size_t i = 1; s->job->step_debug && i < spec->nargv; i++) {
		text = arena_printf(s->a, "%.*s %.*s", STR_ARG(text), STR_ARG(spec->argv[i]));
	}
	step_debug(s, text);
}

void step_script_start(struct step *s)
{
	struct job *job = s->job;
	struct arena *a = s->a;
	struct script x = { 0 };
	struct str why = STR_EMPTY;

	/* A script is of no action's repository; only its env could still name that around it. */
	vobject_set(a, s->github, STR("action_repository"), value_str(STR_EMPTY));
	vobject_set(a, s->github, STR("action_ref"), value_str(STR_EMPTY));
	step_debug(s, STR("Loading inputs"));
	if (!evaluate(s, &x)) {
		return;
	}
	step_debug(s, STR("Loading env"));
	if (!shell_command(a, x.shell, job->peer->has_bash && !containers_have_own(job), x.text,
			   &x.command, &why)) {
		step_fail(s, why);
		return;
	}

	bool found = find_program(s, &x);

	log_header(s, &x);
	if (!found) {
		step_fail(s, arena_printf(a, "%.*s: command not found", STR_ARG(x.program)));
		return;
	}
	x.file = arena_printf(a, "%.*s/%08x%.*s", STR_ARG(job->paths->temp), ++job->serial,
			      STR_ARG(x.command.extension));
	channel_write(job->channel, x.file, 0755, false, x.command.script);

	struct str directory = containers_path(job, a, x.directory);
	struct proc_spec spec = { .cwd = absolute(a, job->paths->workspace, directory) };

	s->directory = containers_shown(job, a, spec.cwd);
	spec.argv = shell_argv(a, &x.command, x.file, &spec.nargv);
	tell_command(s, &x, &spec);
	spec.env = env_build(s, NULL, &spec.nenv);
	/* Only this step's processes have it: what it leaves behind is known by it. */
	spec.mark = arena_printf(a, "GITHUB_OUTPUT=%.*s", STR_ARG(s->files[FILE_OUTPUT]));
	spec.files = s->files;
	spec.nfiles = FILE_COMMANDS;
	s->finish = step_script_finish;
	step_exec_start(s, &spec);
}

void step_script_finish(struct step *s)
{
	step_exec_finish(s);
	if (s->outcome == RESULT_FAILURE && s->reason.len == 0) {
		step_fail(s,
			  arena_printf(s->a, "Process completed with exit code %d.", s->exit_code));
	}
}
