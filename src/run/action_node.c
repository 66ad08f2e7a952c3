/*
 * action_node.c - JavaScript actions: one file of the action run by node in the workspace
 * (SEMANTICS 5.5). Which node that is, node.c decides.
 */
#include "containers.h"
#include "env.h"
#include "step.h"

/* Variables that would disturb the node of the runner. */
static bool is_removed(struct str assignment)
{
	return str_starts(assignment, STR("NODE_ICU_DATA="));
}

static void build_env(struct step *s, struct proc_spec *spec)
{
	struct str *env = env_build(s, action_env(s), &spec->nenv);
	size_t kept = 0;

	for (size_t i = 0; i < spec->nenv; i++) {
		if (!is_removed(env[i])) {
			env[kept++] = env[i];
		}
	}
	spec->env = env;
	spec->nenv = kept;
}

/* GitHub tells nothing of the exit status; the summary here should have a word for it. */
static void node_finish(struct step *s)
{
	const struct job *job = s->job;

	step_exec_finish(s);
	if (s->exec.exit.start_errno && str_eq(job->node, STR("node"))) {
		job_annotate(
			s->job, s->path, "error",
			arena_printf(s->a,
				     "JavaScript actions need node, and the image has none%s%.*s",
				     job->node_why.len ? ": " : "", STR_ARG(job->node_why)));
	}
	if (s->outcome == RESULT_FAILURE && s->reason.len == 0) {
		s->reason = arena_printf(s->a, "the action ended with exit code %d", s->exit_code);
	}
}

static bool is_there(struct step *s, struct str path)
{
	struct file_stat st = { 0 };
	struct err err = ERR_INIT;

	if (!channel_stat(s->job->channel, path, &st, &err)) {
		return action_channel_failed(s, &err);
	}
	if (!st.exists) {
		step_fail(s, arena_printf(s->a, "File not found: '%.*s'",
					  STR_ARG(containers_shown(s->job, s->a, path))));
	}
	return st.exists;
}

static void node_start(struct step *s)
{
	struct job *job = s->job;
	struct str argv[2] = { job->node };
	struct proc_spec spec = { .argv = argv, .nargv = 2, .cwd = job->paths->workspace };

	argv[1] = arena_printf(s->a, "%.*s/%.*s", STR_ARG(s->use->dir),
			       STR_ARG(s->use->action->stages[s->stage].path.s));
	if (!is_there(s, argv[1])) {
		return;
	}
	s->use->aged =
		!str_ieq(s->use->action->using, STR("node24")) && !str_eq(job->node, STR("node"));
	build_env(s, &spec);
	spec.mark = arena_printf(s->a, "GITHUB_OUTPUT=%.*s", STR_ARG(s->files[FILE_OUTPUT]));
	spec.files = s->files;
	spec.nfiles = FILE_COMMANDS;
	s->finish = node_finish;
	step_exec_start(s, &spec);
}

const struct action_ops action_node = { .prepare = node_prepare, .start = node_start };
