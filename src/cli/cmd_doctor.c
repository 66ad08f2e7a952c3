/*
 * cmd_doctor.c - `act-c doctor`: what is there, what is missing, and what to do about it.
 *
 * Changes nothing. The exit status says whether the engine that would be used is usable.
 */
#include "cli.h"

#include <stdint.h>
#include <stdio.h>

#include "actc/action_store.h"
#include "actc/plan.h"
#include "actc/process.h"
#include "actc/rundir.h"

enum { GIT_MS = 5000, LABEL_WIDTH = 16 };

static const char *const shown_engines[] = { "docker", "podman", "sandbox", "host" };

static void heading(const char *text)
{
	(void)printf("\n%s\n", text);
}

static void row(struct str what, struct str text)
{
	(void)printf("  %-*.*s %.*s\n", LABEL_WIDTH, STR_ARG(what), STR_ARG(text));
}

static void fix(struct str text)
{
	if (text.len) {
		(void)printf("  %-*s -> %.*s\n", LABEL_WIDTH, "", STR_ARG(text));
	}
}

/* --- engines ---------------------------------------------------------------------------------- */

static bool show_engine(struct options *o, const struct engine *engine)
{
	struct engine_state state = { false, STR_EMPTY, STR_EMPTY, STR_EMPTY };

	engine->probe(&o->arena, &state);
	if (state.usable) {
		row(str_of(engine->name),
		    arena_printf(&o->arena, "ok: %.*s", STR_ARG(state.version)));
	} else {
		row(str_of(engine->name),
		    arena_printf(&o->arena, "not usable: %.*s", STR_ARG(state.why)));
		fix(state.fix);
	}
	return state.usable;
}

/* Whether the one that --engine names (or auto means) is usable. */
static bool show_engines(struct options *o, const struct engine *chosen)
{
	bool usable = false, shown = false;

	heading("Engines");
	for (size_t i = 0; i < sizeof(shown_engines) / sizeof(*shown_engines); i++) {
		const struct engine *engine = engine_by_name(str_of(shown_engines[i]));
		bool ok = show_engine(o, engine);

		shown = shown || engine == chosen;
		usable = engine == chosen ? ok : usable;
	}
	return shown ? usable : show_engine(o, chosen);
}

/* --- images ----------------------------------------------------------------------------------- */

static void show_image(struct options *o, const struct engine *engine, struct str label,
		       struct str image)
{
	struct err err = ERR_INIT;
	struct engine_image found;
	const char *state = "not on this machine (fetched when a job needs it)";

	if (str_eq(image, STR("-self-hosted"))) {
		row(label, STR("this machine, without isolation"));
		return;
	}
	if (engine->look(&o->arena, image, &found, &err)) {
		size_t prefix = str_starts(found.id, STR("sha256:")) ? strlen("sha256:") : 0;

		state = arena_printf(&o->arena, "%.*s, %.*s", STR_ARG(found.platform),
				     STR_ARG(str_slice(found.id, 0, prefix + 12)))
				.p;
	} else if (err.kind != ERR_NONE) {
		state = arena_str(&o->arena, str_of(err.msg)).p;
	}
	row(label, arena_printf(&o->arena, "%.*s: %s", STR_ARG(image), state));
	err_release(&err);
}

static bool is_given(const struct label_images *images, size_t from, struct str label)
{
	for (size_t i = from; i < images->n; i++) {
		if (str_ieq(images->v[i].label, label)) {
			return true;
		}
	}
	return false;
}

static void show_images(struct options *o, const struct engine *engine)
{
	if (!engine->look) {
		return;
	}
	heading("Images");
	/* The last one of a label counts. */
	for (size_t i = 0; i < o->images.n; i++) {
		if (!is_given(&o->images, i + 1, o->images.v[i].label)) {
			show_image(o, engine, o->images.v[i].label, o->images.v[i].image);
		}
	}
	for (size_t i = 0; i < nbuiltin_images; i++) {
		if (!is_given(&o->images, 0, builtin_images[i].label)) {
			show_image(o, engine, builtin_images[i].label, builtin_images[i].image);
		}
	}
}

static void show_caches(struct options *o, const struct engine *engine)
{
	struct str *names = NULL;
	size_t n = engine->caches ? engine->caches(&o->arena, &names) : SIZE_MAX;

	if (n == SIZE_MAX) {
		return;
	}
	heading("Caches at the engine");
	for (size_t i = 0; i < n; i++) {
		(void)printf("  %.*s\n", STR_ARG(names[i]));
	}
	if (n == 0) {
		(void)puts("  none yet");
	} else {
		(void)puts("  -> act-c clean --cache removes them");
	}
}

/* --- this machine ----------------------------------------------------------------------------- */

static void show_git(struct options *o)
{
	const char *const argv[] = { "git", "--version", NULL };
	struct child_spec spec = { .argv = argv };
	struct strbuf out = STRBUF_INIT(4096);
	struct err err = ERR_INIT;
	int status = 0;

	heading("Programs");
	if (child_capture(&spec, NULL, &out, NULL, GIT_MS, &status, &err) && status == 0) {
		row(STR("git"), str_trim(strbuf_str(&out)));
	} else {
		row(STR("git"),
		    arena_printf(&o->arena, "not usable: %s", err.msg ? err.msg : "it fails"));
		fix(STR("install it (Debian, Ubuntu: sudo apt-get install git)"));
	}
	err_release(&err);
	strbuf_release(&out);
}

static struct str human_size(struct arena *a, unsigned long long bytes)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 1000 && unit < 4) {
		n /= 1000;
		unit++;
	}
	return arena_printf(a, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void show_actions(struct options *o)
{
	struct action_store *store = action_store_open(
		&o->arena, &(struct action_store_spec){ .dir = STR_EMPTY, .server = STR_EMPTY });
	struct str dir = action_store_dir(store);
	struct action_kept *v = NULL;
	struct err ignored = ERR_INIT;
	size_t n = 0;

	if (action_store_list(&o->arena, store, &v, &n, &ignored)) {
		row(STR("actions"), arena_printf(&o->arena, "%.*s (%zu, %.*s)", STR_ARG(dir), n,
						 STR_ARG(human_size(&o->arena, tree_size(dir.p)))));
	}
	err_release(&ignored);
}

static void show_state(struct options *o)
{
	struct rundir home;
	struct err err = ERR_INIT;

	heading("State");
	if (!rundir_home(&o->arena, &home, &err)) {
		row(STR("directory"), arena_printf(&o->arena, "not usable: %s", err.msg));
		fix(STR("set HOME or XDG_STATE_HOME to a directory that can be written"));
		err_release(&err);
		return;
	}
	row(STR("directory"),
	    arena_printf(&o->arena, "%.*s (%.*s)", STR_ARG(home.state),
			 STR_ARG(human_size(&o->arena, tree_size(home.state.p)))));
	row(STR("home"), home.home_id);
	show_actions(o);
	if (rundir_leftovers(&home)) {
		row(STR("leftovers"), STR("a run was killed: the next one, or act-c clean, takes "
					  "away what it left"));
	}
}

int cmd_doctor(struct options *o)
{
	const struct engine *chosen = engine_by_name(o->engine);

	(void)printf("act-c %s, agent %.*s for %.*s\n", ACTC_VERSION, STR_ARG(engine_agent_build()),
		     STR_ARG(engine_agent_platforms(&o->arena)));

	bool usable = show_engines(o, chosen);

	if (usable) {
		show_images(o, chosen);
		show_caches(o, chosen);
	}
	show_git(o);
	show_state(o);
	return usable ? EXIT_OK : EXIT_ENGINE;
}
