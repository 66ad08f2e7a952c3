/*
 * action.c - a step that uses an action: finds and reads it, gives it its inputs, and hands it to
 * its kind (SEMANTICS 5.1 to 5.6). What a kind does is in files of their own, action_*.c.
 */
#include "actc/unicode.h"
#include "actc/utf8.h"
#include "containers.h"
#include "step.h"

static const struct action_ops *const kinds[ACTION_KINDS] = {
	[ACTION_NODE] = &action_node,
	[ACTION_DOCKER] = &action_docker,
	[ACTION_COMPOSITE] = &action_composite,
};

const struct action_ops *action_ops_of(const struct action *action)
{
	return kinds[action->kind];
}

/* --- uses ------------------------------------------------------------------------------------ */

struct action_use *action_use_of(struct job *job, struct action_use *outer,
				 const struct step_def *def)
{
	struct action_use *use = NULL;

	for (use = job->uses; use; use = use->next) {
		if (use->outer == outer && use->def == def) {
			return use;
		}
	}
	use = arena_new(&job->arena, struct action_use);
	*use = (struct action_use){ .outer = outer, .def = def, .next = job->uses };
	use->path = use->title = use->below = use->tree = use->dir = use->image = STR_EMPTY;
	use->state = vobject_new(&job->arena, false);
	job->uses = use;
	return use;
}

bool action_is_local(struct str uses)
{
	return str_starts(uses, STR("./")) || str_starts(uses, STR(".\\"));
}

bool action_is_image(struct str uses)
{
	return str_starts(uses, STR("docker://"));
}

static bool has_stage(const struct action_use *use, enum action_stage stage)
{
	return use->action && use->action->kind != ACTION_COMPOSITE &&
	       use->action->stages[stage].path.s.len > 0;
}

/* Its own, or that of a step of a composite action. */
static bool declares_pre(struct job *job, struct action_use *use)
{
	for (size_t i = 0; i < use->action->nsteps; i++) {
		const struct step_def *def = &use->action->steps[i];

		if (def->kind == STEP_USES && action_has_pre(job, action_use_of(job, use, def))) {
			return true;
		}
	}
	return has_stage(use, STAGE_PRE);
}

bool action_has_pre(struct job *job, struct action_use *use)
{
	return !action_is_local(use->def->uses.s) && use->action && declares_pre(job, use);
}

/* --- reading action.yml ---------------------------------------------------------------------- */

/* The path without "./" and "/./" that a user would write. */
static struct str tidy(struct arena *a, struct str path)
{
	struct strbuf out = STRBUF_INIT(0);
	struct str tidied = STR_EMPTY;

	while (path.p) {
		struct str part = str_cut(&path, '/');

		if (part.len && !str_eq(part, STR("."))) {
			(void)strbuf_addf(&out, "%s%.*s", out.len ? "/" : "", STR_ARG(part));
		}
	}
	tidied = arena_str(a, strbuf_str(&out));
	strbuf_release(&out);
	return tidied;
}

static bool nothing_there(struct step *s, struct str dir)
{
	step_fail(s, arena_printf(s->a,
				  "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under "
				  "'%.*s'. Did you forget to run actions/checkout before running "
				  "your local action?",
				  STR_ARG(containers_shown(s->job, s->a, dir))));
	return false;
}

bool action_channel_failed(struct step *s, struct err *err)
{
	if (channel_lost(s->job->channel)) {
		job_lost(s->job);
	}
	step_fail(s, arena_str(s->a, str_of(err->msg)));
	err_release(err);
	return false;
}

/* The action that lies in the workspace now, all candidates in one round trip. */
static bool load_local(struct step *s)
{
	struct job *job = s->job;
	struct action_use *use = s->use;
	struct file_content files[ACTION_MANIFESTS] = { 0 };
	struct err err = ERR_INIT;

	use->below = tidy(&job->arena, s->def->uses.s);
	use->dir = job->paths->workspace;
	if (use->below.len) {
		use->dir = arena_printf(&job->arena, "%.*s/%.*s", STR_ARG(use->dir),
					STR_ARG(use->below));
	}
	for (size_t i = 0; i < ACTION_MANIFESTS; i++) {
		files[i].path =
			arena_printf(s->a, "%.*s/%s", STR_ARG(use->dir), action_manifests[i].name);
	}
	if (!channel_read(job->channel, s->a, files, ACTION_MANIFESTS, ACTION_FILE_LIMIT, &err)) {
		return action_channel_failed(s, &err);
	}
	for (size_t i = 0; i < ACTION_MANIFESTS; i++) {
		const struct action_manifest *m = &action_manifests[i];
		struct str why = STR_EMPTY;
		struct str shown = arena_printf(&job->arena, "%.*s%s%s", STR_ARG(use->below),
						use->below.len ? "/" : "", m->name);

		if (files[i].found && m->dockerfile) {
			use->action = action_from_image(&job->arena, str_of(m->name));
			return true;
		}
		if (files[i].found) {
			if (!action_parse(job, use, s->path, shown, files[i].content, &why)) {
				step_fail(s, why);
			}
			return use->action != NULL;
		}
	}
	return nothing_there(s, use->dir);
}

/* Most were read and brought before the job's first step. */
static bool load(struct step *s)
{
	struct job *job = s->job;
	struct action_use *use = s->use;
	bool local = action_is_local(s->def->uses.s);
	struct str why = STR_EMPTY;
	bool ok = true;

	job->set_up_path = s->path; /* where what is brought now is told */
	if (!use->action && local) {
		if (!load_local(s)) {
			return false;
		}
	} else if (!use->action) {
		ok = action_resolve(job, use, s->path, &why);
	}
	if (ok && local && s->stage == STAGE_MAIN) {
		ok = actions_resolve(job, use, use->action->steps, use->action->nsteps, s->path,
				     &why);
	}
	ok = ok && actions_bring(job, use, &why);
	if (!ok) {
		step_fail(s, why);
	}
	return ok;
}

/* --- inputs ---------------------------------------------------------------------------------- */

static void warn_deprecated(struct step *s, struct str name)
{
	const struct action_input *input = action_input(s->use->action, name);

	if (input && input->deprecated && str_eq(input->id.s, name)) {
		job_annotate(s->job, s->path, "warning",
			     arena_printf(s->a,
					  "Input '%.*s' has been deprecated with message: %.*s",
					  STR_ARG(name), STR_ARG(input->deprecation)));
	}
}

static void add_quoted(struct strbuf *list, struct str name)
{
	(void)strbuf_addf(list, "%s'%.*s'", list->len ? ", " : "", STR_ARG(name));
}

/* Docker actions have two inputs without declaring them. */
static const struct str docker_inputs[] = { STR_INIT("entryPoint"), STR_INIT("args") };

static bool is_docker_input(const struct action *action, struct str name)
{
	return action->kind == ACTION_DOCKER &&
	       (str_ieq(name, docker_inputs[0]) || str_ieq(name, docker_inputs[1]));
}

static void warn_unexpected(struct step *s, const struct vobject *given)
{
	const struct action *action = s->use->action;
	struct strbuf unexpected = STRBUF_INIT(0), valid = STRBUF_INIT(0);

	for (size_t i = 0; i < given->n; i++) {
		struct str name = given->v[i].key;

		if (!action_input(action, name) && !is_docker_input(action, name)) {
			add_quoted(&unexpected, name);
		}
	}
	for (size_t i = 0; action->kind == ACTION_DOCKER && i < 2; i++) {
		add_quoted(&valid, docker_inputs[i]);
	}
	for (size_t i = 0; i < action->ninputs; i++) {
		add_quoted(&valid, action->inputs[i].id.s);
	}
	if (unexpected.len) {
		job_annotate(s->job, s->path, "warning",
			     arena_printf(s->a, "Unexpected input(s) %s, valid inputs are [%s]",
					  unexpected.p, valid.len ? valid.p : "''"));
	}
	strbuf_release(&unexpected);
	strbuf_release(&valid);
}

/* What `with` gives, then the defaults of the others; all are strings (SEMANTICS 5.3). */
static bool evaluate_inputs(struct step *s)
{
	const struct action *action = s->use->action;
	struct expr_env env = contexts_env(&s->contexts);
	struct eval_error e = { .at = NO_SPAN };
	struct value with = value_null();
	bool ok = !s->def->with || tok_eval(s->a, s->def->with, &env, false, &with, &e);

	s->inputs = vobject_new(s->a, false);
	for (size_t i = 0; ok && with.kind == VALUE_OBJECT && i < with.u.o->n; i++) {
		struct str text = value_to_str(s->a, with.u.o->v[i].value);

		vobject_set(s->a, s->inputs, with.u.o->v[i].key, value_str(text));
		warn_deprecated(s, with.u.o->v[i].key);
	}

	const size_t given = s->inputs->n;

	for (size_t i = 0; ok && i < action->ninputs; i++) {
		const struct action_input *input = &action->inputs[i];
		struct str text = STR_EMPTY;

		if (!vobject_get(s->inputs, input->id.s)) {
			ok = tok_eval_str(s->a, input->fallback, &env, &text, &e);
			vobject_set(s->a, s->inputs, input->id.s, value_str(text));
		}
	}
	if (!ok) {
		step_fail(s, job_placed(s->job, s->a, &e));
		return false;
	}

	struct vobject only_given = *s->inputs;

	only_given.n = given;
	if (!action_is_image(s->def->uses.s)) {
		warn_unexpected(s, &only_given);
	}
	return true;
}

/* "INPUT_NODE VERSION" becomes "INPUT_NODE_VERSION"; all but blanks stays, in upper case. */
static struct str input_name(struct arena *a, struct str name)
{
	struct strbuf out = STRBUF_INIT(0);
	struct str made = STR_EMPTY;

	for (size_t i = 0, n = 0; i < name.len; i += n) {
		uint32_t cp = 0;

		n = utf8_at(name, i, &cp);
		utf8_encode(&out, cp == ' ' ? '_' : unicode_upper(cp));
	}
	made = arena_printf(a, "INPUT_%.*s", STR_ARG(strbuf_str(&out)));
	strbuf_release(&out);
	return made;
}

struct vobject *action_env(struct step *s)
{
	struct vobject *env = vobject_new(s->a, true);
	const struct vobject *state = s->use->state;

	for (size_t i = 0; i < s->inputs->n; i++) {
		vobject_set(s->a, env, input_name(s->a, s->inputs->v[i].key),
			    s->inputs->v[i].value);
	}
	for (size_t i = 0; i < state->n; i++) {
		vobject_set(s->a, env, arena_printf(s->a, "STATE_%.*s", STR_ARG(state->v[i].key)),
			    state->v[i].value);
	}
	return env;
}

/* --- the log's header ------------------------------------------------------------------------- */

static void log_header(struct step *s)
{
	bool any = false;

	if (s->stage == STAGE_POST) {
		job_log(s->job, s->path, STR("Post job cleanup."));
		return;
	}
	step_group(s, arena_printf(s->a, "Run %.*s", STR_ARG(s->def->uses.s)));
	for (size_t i = 0; i < s->inputs->n; i++) {
		const struct vpair *p = &s->inputs->v[i];

		if (!any) {
			job_log(s->job, s->path, STR("with:"));
			any = true;
		}
		if (p->value.u.s.len) {
			step_log(s, arena_printf(s->a, "  %.*s: %.*s", STR_ARG(p->key),
						 STR_ARG(p->value.u.s)));
		}
	}
	step_log_env(s);
	step_endgroup(s);
}

/* --- a stage --------------------------------------------------------------------------------- */

/* The first stage of an action that begins brings its post with it; a composite action has a post
 * as soon as one of its steps has. */
static void register_post(struct job *job, struct action_use *use)
{
	if (!use || use->posted) {
		return;
	}
	use->posted = true;
	if (use->outer) {
		register_post(job, use->outer);
		return;
	}
	use->next_post = job->posts;
	job->posts = use;
}

static void set_origin(struct step *s)
{
	const struct action_repo *r = s->use->repo;

	vobject_set(s->a, s->github, STR("action_repository"), value_str(r ? r->name : STR_EMPTY));
	vobject_set(s->a, s->github, STR("action_ref"), value_str(r ? r->ref : STR_EMPTY));
}

void action_start(struct step *s)
{
	if (!load(s)) {
		return;
	}
	if (s->stage == STAGE_MAIN && action_is_local(s->def->uses.s) &&
	    declares_pre(s->job, s->use)) {
		job_annotate(s->job, s->path, "warning",
			     arena_printf(s->a,
					  "`pre` execution is not supported for local action from "
					  "'%.*s'",
					  STR_ARG(s->def->uses.s)));
	}
	if (has_stage(s->use, STAGE_POST)) {
		step_debugf(s, "Register post job cleanup for action: %.*s",
			    STR_ARG(s->def->uses.s));
		register_post(s->job, s->use);
	}
	set_origin(s);
	step_debug(s, STR("Loading inputs"));
	if (evaluate_inputs(s)) {
		step_debug(s, STR("Loading env"));
		log_header(s);
		action_ops_of(s->use->action)->start(s);
	}
}
