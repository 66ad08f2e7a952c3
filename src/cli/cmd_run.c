/*
 * cmd_run.c - `act-c run`: everything that is decided before the first job, in order, each step
 * with its own exit status; then run_execute().
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/process.h"
#include "actc/report.h"
#include "actc/run.h"
#include "cli.h"
#include "content.h"
#include "deployments.h"
#include "engine_choice.h"
#include "happening.h"
#include "outside.h"
#include "remotes.h"

enum { EVENTS_LIMIT = 64 * 1024 * 1024 };

struct preparation {
	struct options *o;
	struct arena *a;
	struct sources sources;
	struct diags diags;
	struct workflow_files files;
	struct selection selection;
	struct calls *calls;
	struct run_values values;
	struct remotes remotes;
	struct rundir rundir;
	pthread_t pruner;
	bool pruning;
	struct happening happening;
	struct engine_choice engine;
	struct environments environments;
	VEC(struct str) notes;
	struct run_request request;
};

/* A run only of what was read whole: a called file that is wrong is as bad as a selected one. */
static bool load_calls(struct preparation *p, struct err *err)
{
	const struct workflow **roots = arena_array(p->a, const struct workflow *, p->selection.n);
	struct call_places places = remotes_places(&p->remotes);

	for (size_t i = 0; i < p->selection.n; i++) {
		roots[i] = p->selection.v[i].workflow;
	}
	if (!remotes_lock(&p->remotes, roots, p->selection.n, &p->diags)) {
		return err_set(err, ERR_INVALID, "the locked actions cannot be used");
	}
	return calls_load(p->a, roots, p->selection.n, &places, NULL, &p->diags, &p->calls) ||
	       err_set(err, ERR_INVALID, "a called workflow cannot be used");
}

static bool choose(struct preparation *p, struct err *err)
{
	struct options *o = p->o;
	struct selection_request request = { .event = o->nargs ? o->args[0] : STR_EMPTY,
					     .jobs = o->jobs.v,
					     .njobs = o->jobs.n };
	bool ok = workflow_files_load(p->a, o->workflows.v, o->workflows.n, &p->diags, &p->files,
				      err) &&
		  plan_select(p->a, &p->files, &p->sources, &request, &p->selection, err) &&
		  load_calls(p, err);

	diags_print(&p->diags, stderr, options_colour(o, STDERR_FILENO));
	return ok;
}

static bool of_content(const struct options *o)
{
	return o->staged || o->commit.len;
}

static bool check_content_options(const struct options *o, struct err *err)
{
	if (o->staged && o->commit.len) {
		return err_set(err, ERR_USAGE, "--staged and --commit exclude each other");
	}
	if (of_content(o) && o->bind) {
		return err_set(err, ERR_USAGE,
			       "--bind shows jobs the working tree itself; with --staged and "
			       "--commit they get a copy");
	}
	return (o->commit.len || !(o->ref.len || o->before.len)) ||
	       err_set(err, ERR_USAGE, "--ref and --before belong to --commit");
}

/* As choose(), in a place that has the workflow files of the content. */
static bool choose_content(struct preparation *p, struct err *err)
{
	struct options *o = p->o;
	struct content content = { .commit = o->commit, .index = o->index_file };
	struct content_place place;
	size_t n = 0;

	/* Their files are named from here. */
	if (!remotes_values(&p->remotes, err) || !content_enter(o, &content, &place, &n, err)) {
		return false;
	}
	if (n == 0) {
		return err_set(err, ERR_NOTHING, "there is no workflow in %s%.*s",
			       o->staged ? "what is staged" : "commit ", STR_ARG(o->commit));
	}

	bool ok = choose(p, err);

	content_leave(&place);
	return ok;
}

static bool choose_all(struct preparation *p, struct err *err)
{
	if (!check_content_options(p->o, err)) {
		return false;
	}
	return of_content(p->o) ? choose_content(p, err) : choose(p, err);
}

/* Behind the values: whether a secret is missing depends on them. */
static bool leave_out(struct preparation *p, struct err *err)
{
	size_t before = p->selection.nnotes;

	if (!p->o->no_deployments) {
		return true;
	}
	if (!plan_leave_out(p->a, &p->selection, p->calls, &p->values.secrets, err)) {
		return false;
	}
	/* Notes of the run are not shown then; that these did not run must be. */
	for (size_t i = before; p->o->quiet && i < p->selection.nnotes; i++) {
		(void)fprintf(stderr, "act-c: %.*s\n", STR_ARG(p->selection.notes[i]));
	}
	return true;
}

static bool all_on_host(const struct preparation *p)
{
	const struct label_images *images = &p->o->images;
	bool all = images->n > 0;

	for (size_t i = 0; i < images->n; i++) {
		all = all && str_eq(images->v[i].image, STR("-self-hosted"));
	}
	return all;
}

static void begin_engine(struct preparation *p)
{
	engine_choice_begin(&p->engine, p->o, &p->selection, !p->o->dry_run && !all_on_host(p));
}

static bool end_engine(struct preparation *p, struct err *err)
{
	const struct engine_state *state = &p->engine.state;

	if (!engine_choice_end(&p->engine, err)) {
		return false;
	}
	p->request.engine = p->engine.engine;
	if (p->engine.is_auto && p->engine.need) {
		vec_push(p->a, &p->notes,
			 arena_printf(p->a, "engine: %s (%.*s%s%.*s)", p->request.engine->name,
				      STR_ARG(state->version), state->why.len ? "; " : "",
				      STR_ARG(state->why)));
	}
	return true;
}

static bool read_event(struct preparation *p, struct err *err)
{
	struct str dir = arena_printf(p->a, "%.*s/snapshot", STR_ARG(p->rundir.tmp));

	return happening_read(p->o, &p->values.inputs, &p->selection, dir, &p->happening, err);
}

static bool obey_filters(struct preparation *p, struct err *err)
{
	struct filter_verdict *verdicts;
	bool ok = happening_filter(p->o, &p->selection, &p->diags, &p->happening, &verdicts, err);

	if (!ok) {
		diags_print(&p->diags, stderr, options_colour(p->o, STDERR_FILENO));
		return false;
	}
	return happening_apply(p->o, &p->sources, &p->files, verdicts, &p->selection, err);
}

static bool fill_workflows(struct preparation *p, struct err *err)
{
	struct run_workflow *v = arena_array(p->a, struct run_workflow, p->selection.n);

	for (size_t i = 0; i < p->selection.n; i++) {
		v[i].workflow = p->selection.v[i].workflow;
		v[i].selected = p->selection.v[i].jobs;
		if (!happening_inputs(p->a, &p->values.inputs, &p->happening, &v[i], err)) {
			return false;
		}
	}
	p->request.workflows = v;
	p->request.nworkflows = p->selection.n;
	return true;
}

static bool read_deployments(struct preparation *p, struct err *err)
{
	struct options *o = p->o;
	struct diags diags = { .arena = p->a, .sources = &p->sources };
	bool ok = deployments_read(o, p->happening.repo.root, &diags, &p->environments, err);
	struct str unknown = ok ? deployments_unknown(o, &p->environments) : STR_EMPTY;

	diags_print(&diags, stderr, options_colour(o, STDERR_FILENO));
	if (unknown.len) {
		vec_push(p->a, &p->notes, unknown);
	}
	return ok &&
	       deployments_gh_token(o, p->happening.event.server_url, &p->values.secrets, err);
}

static struct masker *fill_masker(struct preparation *p)
{
	struct masker *m = masker_new();

	remotes_token(&p->remotes);
	happening_token(p->a, &p->values.secrets);
	for (size_t i = 0; i < p->values.secrets.n; i++) {
		masker_add_named(m, p->values.secrets.v[i].name, p->values.secrets.v[i].value);
	}
	for (size_t i = 0; i < p->environments.n; i++) {
		const struct settings *own = &p->environments.v[i].secrets;

		for (size_t k = 0; k < own->n; k++) {
			masker_add_named(m, own->v[k].name, own->v[k].value);
		}
	}
	outside_mask(&p->request, m);
	return m;
}

static void add_engine_notes(struct preparation *p)
{
	const struct engine *engine = p->request.engine;
	struct str *lines = NULL;
	size_t n = 0;

	if (engine->notes && !p->o->dry_run && !all_on_host(p)) {
		n = engine->notes(p->a, &p->request.machine, &lines);
	}
	for (size_t i = 0; i < n; i++) {
		vec_push(p->a, &p->notes, lines[i]);
	}
	p->request.nnotes = p->notes.n;
	p->request.notes = p->notes.v;
}

static void fill_request(struct preparation *p)
{
	struct options *o = p->o;
	struct run_request *r = &p->request;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	for (size_t i = 0; i < p->selection.nnotes; i++) {
		vec_push(p->a, &p->notes, p->selection.notes[i]);
	}
	for (size_t i = 0; i < p->remotes.notes.n; i++) {
		vec_push(p->a, &p->notes, p->remotes.notes.v[i]);
	}
	r->sources = &p->sources;
	r->event = &p->happening.event;
	r->repo = &p->happening.repo;
	r->snapshot = &p->happening.snapshot;
	r->secrets = &p->values.secrets;
	r->vars = &p->values.vars;
	r->env = &p->values.env;
	r->matrix = o->matrix.v;
	r->nmatrix = o->matrix.n;
	r->images = &o->images;
	r->calls = p->calls;
	r->actions = p->remotes.store;
	r->lock = &p->remotes.lock;
	r->tool_cache = o->tool_cache;
	r->node = (struct node_spec){ .dir = node_store_dir(p->a),
				      .path = o->node,
				      .mirror = o->node_mirror,
				      .musl_mirror = o->node_musl_mirror,
				      .offline = o->offline };
	r->rundir = &p->rundir;
	r->cache_limit = o->cache_limit;
	r->max_jobs = o->max_jobs ? o->max_jobs : (size_t)(cores > 0 ? cores : 1);
	r->timeout_s = (double)o->timeout_ms / 1000;
	r->dry_run = o->dry_run;
	r->remote_checkout = o->remote_checkout;
	r->environments = &p->environments;
	r->approvals = deployments_approvals(o);
	r->unserved = o->unserved;
	r->machine = (struct machine_spec){
		.platform = o->architecture,
		.network = o->network,
		.hosts = r->machine.hosts,
		.nhosts = r->machine.nhosts,
		.no_egress = r->machine.no_egress,
		.options = o->container_options,
		.bind = o->bind ? p->happening.repo.root : STR_EMPTY,
		.expose = o->expose.v,
		.nexpose = o->expose.n,
		.memory = o->memory,
		.cpus = o->cpus,
		.pull = o->pull,
		.docker_socket = o->docker_socket,
		.privileged = o->privileged,
		.publish = o->publish_services,
		.externals = node_store_dir(p->a),
		.known = p->engine.known,
		.nknown = p->engine.nknown,
	};
	add_engine_notes(p);
}

/* For the command that is proposed after a failure. */
static struct str content_options(const struct preparation *p)
{
	const struct options *o = p->o;

	if (!of_content(o)) {
		return STR_EMPTY;
	}
	return o->staged ? STR("--staged")
			 : arena_printf(p->a, "--commit %.*s --ref %.*s",
					STR_ARG(p->happening.repo.head),
					STR_ARG(p->happening.repo.ref));
}

static void add_reporters(struct preparation *p)
{
	struct options *o = p->o;
	struct event_bus *bus = p->request.bus;
	bool terminal = isatty(STDOUT_FILENO);
	struct str log = arena_printf(p->a, "%.*s/events.ndjson", STR_ARG(p->rundir.path));

	if (o->json) {
		event_bus_add(bus, report_json(STDOUT_FILENO, STDERR_FILENO));
	} else {
		event_bus_add(bus, report_text(&(struct text_options){
					   .fd = STDOUT_FILENO,
					   .status_fd = STDERR_FILENO,
					   .colour = options_colour(o, STDOUT_FILENO),
					   .terminal = terminal,
					   .ascii = report_wants_ascii(),
					   .verbose = o->verbose,
					   .quiet = o->quiet,
					   .content = content_options(p) }));
	}
	event_bus_add(bus, report_file(log.p, EVENTS_LIMIT));
}

/* What ended runs of this home left at the engine, if their directories say that there may be some.
 */
static void sweep_leftovers(struct preparation *p)
{
	struct err err = ERR_INIT;

	if (p->request.engine->sweep && rundir_leftovers(&p->rundir)) {
		(void)p->request.engine->sweep(&p->rundir, false, false, &err);
		err_release(&err);
	}
}

static void *prune(void *ctx)
{
	(void)rundir_prune(ctx, RUNS_KEPT);
	return NULL;
}

/* To remove a directory may wait for the disk: beside the reading of the repository. */
static void begin_pruning(struct preparation *p)
{
	p->pruning = rundir_count(&p->rundir) > RUNS_MOST &&
		     pthread_create(&p->pruner, NULL, prune, &p->rundir) == 0;
}

static void end_pruning(struct preparation *p)
{
	if (p->pruning) {
		(void)pthread_join(p->pruner, NULL);
		p->pruning = false;
	}
}

static bool read_all(struct preparation *p, struct err *err)
{
	bool ok = read_event(p, err) && obey_filters(p, err) && leave_out(p, err) &&
		  read_deployments(p, err);

	end_pruning(p);
	return ok;
}

static bool open_and_read(struct preparation *p, struct err *err)
{
	if (!rundir_open(p->a, &p->rundir, err)) {
		return false;
	}
	begin_pruning(p);
	return read_all(p, err);
}

/* A hook wants to know first whether there is anything to rehearse: asking an engine takes longer.
 */
static bool read_then_choose(struct preparation *p, struct err *err)
{
	if (!open_and_read(p, err)) {
		return false;
	}
	begin_engine(p);
	return end_engine(p, err);
}

/* The engine is asked beside the reading; without one it does not matter what was read. */
static bool read_and_choose(struct preparation *p, struct err *err)
{
	struct err unread = ERR_INIT;
	bool ok;

	begin_engine(p);
	ok = open_and_read(p, &unread);
	if (!end_engine(p, err)) {
		err_release(&unread);
		return false;
	}
	if (!ok) {
		*err = unread;
	}
	return ok;
}

static bool choose_and_read(struct preparation *p, struct err *err)
{
	return of_content(p->o) ? read_then_choose(p, err) : read_and_choose(p, err);
}

/* Absolute from now on, since commands change their directory. */
static bool make_absolute(struct preparation *p, const char *option, struct str *path,
			  struct err *err)
{
	char *real = realpath(arena_cstr(p->a, *path), NULL);

	if (!real) {
		return err_set(err, ERR_USAGE, "%s %.*s: there is no such file", option,
			       STR_ARG(*path));
	}
	*path = arena_str(p->a, str_of(real));
	free(real);
	return true;
}

static bool choose_node(struct preparation *p, struct err *err)
{
	struct str *node = &p->o->node, *tools = &p->o->tool_cache;

	if (str_eq(*node, STR("auto"))) {
		*node = STR_EMPTY;
	}
	return (node->len == 0 || str_eq(*node, STR("image")) ||
		make_absolute(p, "--node", node, err)) &&
	       (tools->len == 0 || make_absolute(p, "--tool-cache", tools, err));
}

static bool prepare(struct preparation *p, struct err *err)
{
	return choose_node(p, err) && remotes_open(&p->remotes, p->o, &p->values, err) &&
	       choose_all(p, err) && remotes_values(&p->remotes, err) && choose_and_read(p, err) &&
	       fill_workflows(p, err) && outside_read(p->o, &p->request, err);
}

/* What --engine-down says to do about an engine that cannot be used. */
static int not_prepared(const struct options *o, struct err *err)
{
	if (err->kind != ERR_ENGINE || o->engine_down == ENGINE_DOWN_FAIL) {
		return cli_fail(err);
	}
	if (o->engine_down == ENGINE_DOWN_WARN) {
		(void)fprintf(stderr, "act-c: warning: nothing was rehearsed: %s\n", err->msg);
	} else {
		(void)fprintf(stderr, "act-c: nothing was rehearsed: no engine\n");
	}
	err_release(err);
	return EXIT_OK;
}

int cmd_run(struct options *o)
{
	struct preparation p = { .o = o, .a = &o->arena };
	struct err err = ERR_INIT;
	int code = 0;

	/* A reader that goes away is a reporter that fails, not the end of the run. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* A script starts what it puts in the background with SIGINT ignored. The run heeds it all
	 * the same, so what comes before does, too. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	p.rundir.lock_fd = -1;
	p.sources.arena = p.a;
	p.diags.arena = p.a;
	p.diags.sources = &p.sources;

	struct git_ahead *ahead = git_begin();
	bool prepared = prepare(&p, &err);

	git_end(ahead);
	if (!prepared) {
		rundir_close(&p.rundir);
		engine_choice_release(&p.engine);
		return not_prepared(o, &err);
	}
	p.request.masker = fill_masker(&p);
	p.request.bus = event_bus_new();
	fill_request(&p);
	add_reporters(&p);
	sweep_leftovers(&p);
	code = run_execute(&p.request);
	if (event_bus_failure(p.request.bus)) {
		(void)fprintf(stderr, "act-c: warning: %s\n", event_bus_failure(p.request.bus));
	}
	event_bus_free(p.request.bus);
	masker_free(p.request.masker);
	rundir_close(&p.rundir);
	engine_choice_release(&p.engine);
	return code;
}
