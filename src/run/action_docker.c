/*
 * action_docker.c - Docker actions: `uses: docker://…`, and those whose action.yml names an image
 * or a Dockerfile (SEMANTICS 5.8).
 *
 * Their container is a machine beside the job's: an agent in it runs the entry point as it runs a
 * step in the job's, so that output, commands, signals and limits are the same code.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/process.h"
#include "actc/repo.h"
#include "actc/sha256.h"
#include "containers.h"
#include "env.h"
#include "shell.h"
#include "step.h"

static const struct str scheme = STR_INIT("docker://");

/* --- what it is ------------------------------------------------------------------------------- */

bool action_is_docker_here(struct run *run, struct str uses)
{
	struct str root = run->request->repo->root;

	if (!str_starts(uses, STR("./")) || root.len == 0) {
		return false;
	}
	for (size_t i = 0; i < ACTION_MANIFESTS; i++) {
		struct str path = arena_printf(run->arena, "%.*s/%.*s/%s", STR_ARG(root),
					       STR_ARG(str_slice(uses, 2, uses.len)),
					       action_manifests[i].name);
		struct diags ignored = { .arena = run->arena, .sources = run->request->sources };
		struct strbuf text = STRBUF_INIT(ACTION_FILE_LIMIT);
		struct err err = ERR_INIT;
		const struct action *action = NULL;

		if (access(path.p, R_OK) != 0) {
			continue;
		}
		if (action_manifests[i].dockerfile) {
			return true;
		}
		if (read_file(path.p, &text, &err)) {
			struct str copy = arena_str(run->arena, strbuf_str(&text));

			action = action_load(run->arena,
					     sources_add(run->request->sources, path, copy),
					     &ignored);
		}
		err_release(&err);
		strbuf_release(&text);
		return action && action->kind == ACTION_DOCKER;
	}
	return false;
}

/* Where there are no containers the job is not rehearsed: nothing is wrong with it. */
static bool is_served(struct job *job, const struct action_use *use, struct str *why)
{
	if (job->engine->build || !use->action || use->action->kind != ACTION_DOCKER) {
		return true;
	}
	*why = job->not_rehearsed = arena_printf(
		&job->arena, "the %s engine cannot run `uses: %.*s`: it is a Docker action",
		job->engine->name, STR_ARG(use->def->uses.s));
	return false;
}

/* Of a composite action's step the inputs are not known yet. */
static bool will_run(struct job *job, const struct action_use *use)
{
	return use->outer ? !use->def->cond && will_run(job, use->outer)
			  : action_surely_runs(&job->scratch, job->contexts, use->def);
}

bool actions_served(struct job *job, struct str *why)
{
	for (const struct action_use *use = job->uses; use; use = use->next) {
		if (will_run(job, use) && !is_served(job, use, why)) {
			return false;
		}
	}
	return true;
}

/* --- paths ------------------------------------------------------------------------------------ */

static bool is_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.len == dir.len || path.p[dir.len] == '/');
}

/* From what expressions show to what is in the container. */
static struct str inside(const struct job *job, struct arena *a, struct str path)
{
	static const struct {
		const char *below; /* the temp directory; NULL: the workspace */
		struct str to;
	} table[] = {
		{ NULL, STR_INIT("/github/workspace") },
		{ "/_runner_file_commands", STR_INIT("/github/file_commands") },
		{ "/_github_workflow", STR_INIT("/github/workflow") },
		{ "/_github_home", STR_INIT("/github/home") },
		{ "", STR_INIT("/github/runner_temp") },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str from = table[i].below
					  ? arena_printf(a, "%.*s%s", STR_ARG(job->shown->temp),
							 table[i].below)
					  : job->shown->workspace;

		if (is_below(path, from)) {
			struct str rest = str_slice(path, from.len, path.len);

			return arena_printf(a, "%.*s%.*s", STR_ARG(table[i].to), STR_ARG(rest));
		}
	}
	return path;
}

/* --- the image -------------------------------------------------------------------------------- */

/* Where what is said while the image comes is logged. */
static struct str log_path(const struct job *job, const struct action_use *use)
{
	return use->path.len ? use->path : job->set_up_path;
}

static bool take_error(struct job *job, struct err *err, struct str *why)
{
	if (channel_lost(job->channel)) {
		job_lost(job);
	}
	*why = arena_str(&job->arena, str_of(err->msg));
	err_release(err);
	return false;
}

static void group(struct job *job, struct str path, enum event_kind kind, struct str title)
{
	struct event e = { .kind = kind, .step = path };

	e.u.step_group.title = title;
	job_emit(job, &e);
}

static bool to_file(void *ctx, struct str bytes)
{
	return write_all(*(const int *)ctx, bytes.p, bytes.len);
}

/* A directory of this machine. */
static bool pack(struct str dir, int fd, struct err *err)
{
	struct tar_dir *tar = tar_dir_open(dir, err);
	char buffer[32768];
	ssize_t n = 0;

	if (!tar) {
		return false;
	}
	while ((n = tar_dir_read(tar, buffer, sizeof(buffer))) > 0 &&
	       write_all(fd, buffer, (size_t)n)) {
	}
	if (n != 0) {
		(void)err_set(err, ERR_SYSTEM, "%.*s: %s", STR_ARG(dir),
			      tar_dir_error(tar) ? tar_dir_error(tar) : "it cannot be packed");
	}
	tar_dir_close(tar);
	return n == 0;
}

/* The directory, of the store's tree or of the job, as an archive in a file without a name; the
 * descriptor, or -1. */
static int archive(struct job *job, const struct action_use *use, struct str below, struct err *err)
{
	struct arena *a = &job->arena;
	struct str pattern =
		arena_printf(a, "%.*s/action-XXXXXX", STR_ARG(job->run->request->rundir->tmp));
	struct str base = use->tree.len ? use->tree : use->dir;
	struct str dir =
		below.len ? arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(below)) : base;
	char *path = arena_cstr(a, pattern);
	int fd = mkostemp(path, O_CLOEXEC);
	bool ok = false;

	if (fd < 0) {
		(void)err_sys(err, errno, "%s", path);
		return -1;
	}
	(void)unlink(path);
	ok = use->tree.len ? pack(dir, fd, err) : channel_get(job->channel, dir, to_file, &fd, err);
	if (!ok || lseek(fd, 0, SEEK_SET) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void split_path(struct str path, struct str *dir, struct str *name)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/') {
		at--;
	}
	*dir = str_slice(path, 0, at ? at - 1 : 0);
	*name = str_slice(path, at, path.len);
}

/* The same name for the same action, so that what is built again replaces what was. */
static struct str image_name(struct job *job, const struct action_use *use)
{
	struct str own = job->run->request->event->repository;
	struct str key =
		arena_printf(&job->arena, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(own),
			     STR_ARG(use->tree), STR_ARG(use->dir), STR_ARG(use->action->image.s));
	char hex[65];

	sha256_text(key, hex);
	return arena_printf(&job->arena, "act-c-action:%.16s", hex);
}

/* The file as the job sees it, or would: an action of another repository is not put into the job,
 * its image is built from what was fetched. */
static struct str shown_file(struct job *job, const struct action_use *use)
{
	struct arena *a = &job->arena;
	const struct action_repo *r = use->repo;
	struct str dir = use->dir;

	if (r) {
		dir = arena_printf(a, "%.*s/%.*s/%.*s%s%.*s", STR_ARG(job->paths->actions),
				   STR_ARG(r->name), STR_ARG(r->ref), use->below.len ? "/" : "",
				   STR_ARG(use->below));
	}
	return containers_shown(
		job, a, arena_printf(a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(use->action->image.s)));
}

static bool build(struct job *job, struct action_use *use, struct machine_spec *spec,
		  struct str *why)
{
	struct str path = log_path(job, use), dir, name;
	struct err err = ERR_INIT;
	bool ok = false;
	int fd = -1;

	split_path(use->action->image.s, &dir, &name);
	group(job, path, EVENT_STEP_GROUP,
	      arena_printf(&job->arena, "Build container for action use: '%.*s'.",
			   STR_ARG(shown_file(job, use))));
	spec->image = image_name(job, use);
	fd = archive(job, use, dir, &err);
	ok = fd >= 0 && job->engine->build(&job->arena, spec, fd, name, &err);
	if (fd >= 0) {
		(void)close(fd);
	}
	group(job, path, EVENT_STEP_ENDGROUP, STR_EMPTY);
	return ok || take_error(job, &err, why);
}

static bool docker_prepare(struct job *job, struct action_use *use, struct str *why)
{
	struct machine_spec spec = job_machine_spec(job, log_path(job, use));
	struct str image = use->action->image.s;
	struct err err = ERR_INIT;

	if (use->image.len) {
		return true;
	}
	if (!is_served(job, use, why)) {
		return false;
	}
	if (str_ieq(str_slice(image, 0, scheme.len), scheme)) {
		spec.image = str_slice(image, scheme.len, image.len);
		if (!job->engine->fetch(&job->arena, &spec, &err)) {
			return take_error(job, &err, why);
		}
	} else if (action_image_is_dockerfile(image)) {
		if (!build(job, use, &spec, why)) {
			return false;
		}
	} else {
		*why = arena_printf(&job->arena,
				    "'%.*s' should be either '[path]/Dockerfile' or "
				    "'docker://image[:tag]'.",
				    STR_ARG(image));
		return false;
	}
	use->image = spec.image;
	return true;
}

/* --- what is run ------------------------------------------------------------------------------ */

struct words {
	size_t n, cap;
	struct str *v;
};

static void add_words(struct arena *a, struct words *c, const struct str *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vec_push(a, c, words[i]);
	}
}

static struct str input(const struct step *s, struct str name)
{
	const struct value *v = vobject_get(s->inputs, name);

	return v ? v->u.s : STR_EMPTY;
}

/* Of the action's args each one is quoted, and the whole is split as the runner's system does it:
 * what comes out differs from the args where backslashes stand before quotes. */
static bool read_args(struct step *s, struct str *line)
{
	struct contexts contexts = s->contexts;
	struct expr_env env = contexts_env(&contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct strbuf text = STRBUF_INIT(0);
	struct value args = value_null();

	contexts.inputs = value_object(s->inputs);
	if (!s->use->action->args) {
		*line = input(s, STR("args"));
		return true;
	}
	if (!tok_eval(s->a, s->use->action->args, &env, false, &args, &e)) {
		step_fail(s, job_placed(s->job, s->a, &e));
		return false;
	}
	for (size_t i = 0; args.kind == VALUE_ARRAY && i < args.u.a->n; i++) {
		struct str arg = value_to_str(s->a, args.u.a->v[i]);

		(void)strbuf_adds(&text, STR(" \""));
		for (size_t k = 0; k < arg.len; k++) {
			(void)strbuf_addf(&text, arg.p[k] == '"' ? "\\%c" : "%c", arg.p[k]);
		}
		(void)strbuf_addc(&text, '"');
	}
	*line = arena_str(s->a, strbuf_str(&text));
	strbuf_release(&text);
	return true;
}

static struct str entrypoint(const struct step *s)
{
	struct str given = s->use->action->stages[s->stage].path.s;

	return given.len || s->stage != STAGE_MAIN ? given : input(s, STR("entryPoint"));
}

/* As docker does it: another entry point than the image's comes without the image's command. */
static bool read_command(struct step *s, const struct machine *m, struct words *out)
{
	struct str entry = entrypoint(s), line = STR_EMPTY;
	size_t nargs = 0, n = 0;

	if (!read_args(s, &line)) {
		return false;
	}

	const struct str *args = split_arguments(s->a, line, &nargs);

	if (entry.len) {
		vec_push(s->a, out, entry);
	} else {
		const struct str *own = machine_entrypoint(s->a, m, &n);

		add_words(s->a, out, own, n);
	}
	if (nargs == 0 && entry.len == 0) {
		args = machine_command(s->a, m, &nargs);
	}
	add_words(s->a, out, args, nargs);
	if (out->n == 0) {
		step_fail(s, arena_printf(s->a, "image %.*s: no command specified",
					  STR_ARG(s->use->image)));
	}
	return out->n > 0;
}

/* runs.env replaces nothing that the step has. */
static bool read_env(struct step *s, struct vobject *extra)
{
	struct contexts contexts = s->contexts;
	struct expr_env env = contexts_env(&contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value own = value_null();

	contexts.inputs = value_object(s->inputs);
	if (s->use->action->env && !tok_eval(s->a, s->use->action->env, &env, true, &own, &e)) {
		step_fail(s, job_placed(s->job, s->a, &e));
		return false;
	}
	for (size_t i = 0; own.kind == VALUE_OBJECT && i < own.u.o->n; i++) {
		struct str key = own.u.o->v[i].key;

		if (!vobject_get(extra, key) && !vobject_get(s->env, key)) {
			vobject_set(s->a, extra, key,
				    value_str(value_to_str(s->a, own.u.o->v[i].value)));
		}
	}
	vobject_set(
		s->a, extra, STR("HOME"),
		value_str(arena_printf(s->a, "%.*s/_github_home", STR_ARG(s->job->shown->temp))));
	return true;
}

/* --- the container ---------------------------------------------------------------------------- */

void action_docker_end(struct job *job, struct machine *machine)
{
	size_t kept = 0;

	for (size_t i = 0; i < job->beside.n; i++) {
		if (job->beside.v[i] != machine) {
			job->beside.v[kept++] = job->beside.v[i];
		}
	}
	job->beside.n = kept;
	channel_part(job->channel, machine_channel(machine));
	job->engine->stop(machine, job->killed || job->lost);
}

static void docker_finish(struct step *s)
{
	struct machine *m = s->exec.machine;
	bool lost = channel_lost(machine_channel(m));

	step_exec_finish(s);
	if (lost && !s->job->lost && !s->exec.stopping) {
		step_fail(s, s->job->engine->why_lost(s->a, m));
	} else if (s->outcome == RESULT_FAILURE && s->reason.len == 0) {
		s->reason =
			arena_printf(s->a, "the container ended with exit code %d", s->exit_code);
	}
	action_docker_end(s->job, m);
}

/* What is mounted must be there. */
static bool make_directories(struct step *s)
{
	static const char *const below[] = { "_github_home", "_github_workflow",
					     "_runner_file_commands" };
	struct job *job = s->job;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		struct str dir = arena_printf(s->a, "%.*s/%s", STR_ARG(job->shown->temp), below[i]);

		channel_mkdir(job->channel, containers_path(job, s->a, dir), 0755, false);
	}
	return channel_sync(job->channel, &err) || action_channel_failed(s, &err);
}

static struct machine *start_machine(struct step *s)
{
	struct job *job = s->job;
	struct machine_spec spec = job_machine_spec(job, s->path);
	struct err err = ERR_INIT;

	spec.image = s->use->image;
	spec.beside = job->machine;

	struct machine *m = job->engine->start(&job->arena, &spec, &err);

	if (!m) {
		(void)action_channel_failed(s, &err);
		return NULL;
	}
	channel_join(job->channel, machine_channel(m));
	vec_push(&job->arena, &job->beside, m);
	/* cppcheck-suppress returnDanglingLifetime ; it keeps neither the spec nor the error */
	return m;
}

static void docker_start(struct step *s)
{
	struct job *job = s->job;
	struct words command = { 0 };
	struct vobject *extra = action_env(s);
	struct str files[FILE_COMMANDS];
	struct proc_spec spec = { .cwd = STR("/github/workspace"), .files = files };

	if (!read_env(s, extra) || !make_directories(s)) {
		return;
	}
	s->exec.machine = start_machine(s);
	if (!s->exec.machine) {
		return;
	}
	if (!read_command(s, s->exec.machine, &command)) {
		action_docker_end(job, s->exec.machine);
		s->exec.machine = NULL;
		return;
	}
	spec.argv = command.v;
	spec.nargv = command.n;
	spec.env = env_build_beside(s, channel_peer(machine_channel(s->exec.machine)), extra,
				    inside, &spec.nenv);
	for (int i = 0; i < FILE_COMMANDS; i++) {
		files[i] = inside(job, s->a, containers_shown(job, s->a, s->files[i]));
	}
	spec.nfiles = FILE_COMMANDS;
	spec.mark = arena_printf(s->a, "GITHUB_OUTPUT=%.*s", STR_ARG(files[FILE_OUTPUT]));
	s->finish = docker_finish;
	step_exec_start(s, &spec);
}

const struct action_ops action_docker = { .prepare = docker_prepare, .start = docker_start };
