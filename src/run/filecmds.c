/*
 * filecmds.c - the files of GITHUB_ENV, GITHUB_OUTPUT and the others: fresh for each step, read and
 * taken over after it, even when it failed (SEMANTICS 4.8).
 */
#include "artifacts.h"
#include "containers.h"
#include "step.h"

enum { FILE_LIMIT = 16 * 1024 * 1024, SUMMARY_LIMIT = 1024 * 1024 };

static const struct {
	const char *prefix;
	struct str key;   /* of the github context: github.env … */
	const char *word; /* in messages: "Unable to process file command 'env' successfully." */
} files[FILE_COMMANDS] = {
	[FILE_ENV] = { "set_env", STR_INIT("env"), "env" },
	[FILE_OUTPUT] = { "set_output", STR_INIT("output"), "output" },
	[FILE_PATH] = { "add_path", STR_INIT("path"), "path" },
	[FILE_STATE] = { "save_state", STR_INIT("state"), "state" },
	[FILE_SUMMARY] = { "step_summary", STR_INIT("step_summary"), "step_summary" },
	[FILE_ARTIFACTS] = { "artifacts", STR_INIT("artifacts"), "artifacts" },
};

/* What steps declared so far, to be read only. Where that is off one empty file does for all. */
static struct str publish_artifacts(struct step *s, unsigned serial)
{
	struct job *job = s->job;
	struct arena *a = artifacts_enabled() ? s->a : &job->arena;
	struct str path = job->artifacts_file;

	if (path.len == 0) {
		path = arena_printf(a, "%.*s/_runner_file_commands/artifacts_list_%08x",
				    STR_ARG(job->paths->temp), serial);
		channel_write(job->channel, path, 0644, false,
			      artifacts_enabled() ? artifacts_list(job, a) : STR_EMPTY);
	}
	job->artifacts_file = artifacts_enabled() ? STR_EMPTY : path;
	return path;
}

void step_files_prepare(struct step *s)
{
	struct job *job = s->job;
	unsigned serial = ++job->serial;

	for (int i = 0; i < FILE_COMMANDS; i++) {
		s->files[i] = arena_printf(s->a, "%.*s/_runner_file_commands/%s_%08x",
					   STR_ARG(job->paths->temp), files[i].prefix, serial);
		vobject_set(s->a, s->github, files[i].key,
			    value_str(containers_shown(job, s->a, s->files[i])));
	}
	vobject_set(s->a, s->github, STR("artifacts_list"),
		    value_str(containers_shown(job, s->a, publish_artifacts(s, serial))));
}

static void file_failed(struct step *s, enum file_command which, struct str why)
{
	struct arena *a = s->a;

	job_annotate(s->job, s->path, "error",
		     arena_printf(a, "Unable to process file command '%s' successfully.",
				  files[which].word));
	step_fail(s, why);
}

struct pairs {
	struct step *s;
	bool refused; /* one of them was: those behind it do not count */
};

/* The grammar has room for a line "=value", the runner's env and outputs have none. */
static bool is_named(struct pairs *p, enum file_command which, struct str name)
{
	if (name.len == 0 && !p->refused) {
		p->refused = true;
		file_failed(p->s, which, STR("Value cannot be null. (Parameter 'name')"));
	}
	return !p->refused;
}

static void on_env(void *ctx, struct str name, struct str value)
{
	struct pairs *p = ctx;

	if (str_ieq(name, STR("NODE_OPTIONS"))) {
		job_annotate(p->s->job, p->s->path, "error",
			     STR("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' "
				 "command."));
	} else if (is_named(p, FILE_ENV, name)) {
		vobject_set(p->s->a, p->s->env_changes, name, value_str(value));
		step_debugf(p->s, "%.*s='%.*s'", STR_ARG(name), STR_ARG(value));
	}
}

static void on_output(void *ctx, struct str name, struct str value)
{
	struct pairs *p = ctx;

	if (is_named(p, FILE_OUTPUT, name)) {
		vobject_set(p->s->a, p->s->outputs, name, value_str(value));
		step_debugf(p->s, "Set output %.*s = %.*s", STR_ARG(name), STR_ARG(value));
	}
}

/* State is read by the same action's post step. */
static void on_state(void *ctx, struct str name, struct str value)
{
	struct step *s = ((struct pairs *)ctx)->s;

	vobject_set(s->a, s->state_changes, name, value_str(value));
	step_debugf(s, "Save intra-action state %.*s = %.*s", STR_ARG(name), STR_ARG(value));
}

static void apply_pairs(struct step *s, enum file_command which, struct str content,
			void (*pair)(void *, struct str, struct str))
{
	struct pairs p = { .s = s };
	struct str why = STR_EMPTY;

	if (!filecmd_parse(s->a, content, pair, &p, &why) && !p.refused) {
		file_failed(s, which, why);
	}
}

static void apply_path(struct step *s, struct str content)
{
	while (content.p && content.len) {
		size_t end = 0;

		while (end < content.len && content.p[end] != '\n' && content.p[end] != '\r') {
			end++;
		}
		if (end > 0) {
			vec_push(s->a, &s->paths, str_slice(content, 0, end));
		}
		content = str_slice(content, end + 1, content.len);
	}
}

/* In KiB; of a file that was not fetched whole it is asked for. */
static uint64_t size_of(struct step *s, const struct file_content *f, enum file_command which)
{
	struct file_stat st = { .size = f->content.len };
	struct err err = ERR_INIT;

	if (f->too_large && !channel_stat(s->job->channel, s->files[which], &st, &err)) {
		st.size = f->content.len;
	}
	err_release(&err);
	return st.size / 1024;
}

static void apply_summary(struct step *s, struct str content, const struct file_content *f)
{
	struct event e = { .kind = EVENT_STEP_SUMMARY, .step = s->path };

	if (f->too_large || f->content.len > SUMMARY_LIMIT) {
		job_annotate(
			s->job, s->path, "error",
			arena_printf(s->a,
				     "$GITHUB_STEP_SUMMARY upload aborted, supports content up "
				     "to a size of %dk, got %lluk. For more information see: "
				     "https://docs.github.com/actions/using-workflows/"
				     "workflow-commands-for-github-actions#adding-a-markdown-"
				     "summary",
				     SUMMARY_LIMIT / 1024,
				     (unsigned long long)size_of(s, f, FILE_SUMMARY)));
		return;
	}
	if (content.len) {
		e.u.step_summary.markdown = content;
		job_emit(s->job, &e);
	}
}

static void apply_artifacts(struct step *s, struct str content, const struct file_content *f)
{
	struct str why = STR_EMPTY;

	if (!artifacts_enabled()) {
		return;
	}
	if (f->too_large || f->content.len > SUMMARY_LIMIT) {
		file_failed(
			s, FILE_ARTIFACTS,
			arena_printf(s->a,
				     "$GITHUB_ARTIFACTS file exceeds the maximum size of %d KiB "
				     "(got %llu KiB).",
				     SUMMARY_LIMIT / 1024,
				     (unsigned long long)size_of(s, f, FILE_ARTIFACTS)));
	} else if (!artifacts_apply(s, content, &why)) {
		file_failed(s, FILE_ARTIFACTS, why);
	}
}

static void apply_file(struct step *s, enum file_command which, const struct file_content *f)
{
	struct arena *a = s->a;
	struct str content = f->found ? filecmd_decode(a, f->content) : STR_EMPTY;

	if (f->too_large && which != FILE_SUMMARY && which != FILE_ARTIFACTS) {
		file_failed(s, which,
			    arena_printf(a, "The file is larger than %d MiB.",
					 FILE_LIMIT / 1024 / 1024));
		return;
	}
	switch (which) {
	case FILE_ENV:
		apply_pairs(s, which, content, on_env);
		break;
	case FILE_OUTPUT:
		apply_pairs(s, which, content, on_output);
		break;
	case FILE_PATH:
		apply_path(s, content);
		break;
	case FILE_STATE:
		apply_pairs(s, which, content, on_state);
		break;
	case FILE_SUMMARY:
		apply_summary(s, content, f);
		break;
	case FILE_ARTIFACTS:
		apply_artifacts(s, content, f);
		break;
	case FILE_COMMANDS:
		break;
	}
}

/* Those that were too large to come with the end of the process. */
static bool fetch_large(struct step *s)
{
	struct job *job = s->job;
	struct err err = ERR_INIT;

	for (int i = 0; i < FILE_COMMANDS; i++) {
		struct file_content *f = &s->handed[i];

		if (!f->too_large) {
			continue;
		}
		f->path = s->files[i];
		if (!channel_read(job->channel, s->a, f, 1, FILE_LIMIT, &err)) {
			if (channel_lost(job->channel)) {
				job_lost(job);
			}
			step_fail(s, arena_str(s->a, str_of(err.msg)));
			err_release(&err);
			return false;
		}
		channel_remove(job->channel, s->files[i]);
	}
	return true;
}

void step_files_apply(struct step *s)
{
	if (!s->exec.proc || !fetch_large(s)) {
		return;
	}
	for (int i = 0; i < FILE_COMMANDS; i++) {
		apply_file(s, (enum file_command)i, &s->handed[i]);
	}
}
