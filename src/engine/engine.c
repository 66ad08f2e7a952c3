/* engine.c - which engines there are, and what they have in common. */
#include "actc/engine.h"

#include "actc/value.h"
#include "agent_blob.h"
#include "machine.h"

/* In the order in which "auto" tries them. Only what isolates is tried: the host must be asked for,
 * and the fake is for tests. */
static const struct engine *const engines[] = { &engine_docker, &engine_podman, &engine_sandbox,
						&engine_host, &engine_fake };
static const struct engine *const automatic[] = { &engine_docker, &engine_podman, &engine_sandbox };

enum {
	NENGINES = sizeof(engines) / sizeof(*engines),
	NAUTOMATIC = sizeof(automatic) / sizeof(*automatic),
};

const struct engine *engine_auto(struct arena *a, struct engine_state *out)
{
	struct str passed = STR_EMPTY;
	struct engine_state first = { 0 };

	for (size_t i = 0; i < NAUTOMATIC; i++) {
		automatic[i]->probe(a, out);
		if (out->usable) {
			out->why = passed;
			return automatic[i];
		}
		passed = arena_printf(a, "%.*s%s%s: %.*s", STR_ARG(passed), passed.len ? "; " : "",
				      automatic[i]->name, STR_ARG(out->why));
		if (i == 0) {
			first = *out;
		}
	}
	/* What to do about it is said of the first; why, of all. */
	*out = first;
	out->why = passed;
	return automatic[0];
}

static const struct engine *resolve_auto(void)
{
	struct arena scratch = ARENA_INIT;
	struct engine_state state = { 0 };
	const struct engine *found = engine_auto(&scratch, &state);

	arena_release(&scratch);
	return found;
}

int engine_agent_program(const struct engine *engine)
{
	struct err ignored = ERR_INIT;
	int fd = engine == &engine_host || engine == &engine_sandbox ? agent_memfd(&ignored) : 0;

	err_release(&ignored);
	return fd > 0 ? fd : 0;
}

const struct engine *engine_by_name(struct str name)
{
	if (str_eq(name, STR("auto"))) {
		return resolve_auto();
	}
	for (size_t i = 0; i < NENGINES; i++) {
		if (str_eq(name, str_of(engines[i]->name))) {
			return engines[i];
		}
	}
	return NULL;
}

struct str engine_agent_build(void)
{
	return str_of(agent_build());
}

struct str engine_agent_platforms(struct arena *a)
{
	return agent_platforms(a);
}

struct channel *machine_channel(struct machine *m)
{
	return m->channel;
}

const struct runner_paths *machine_paths(const struct machine *m)
{
	return &m->paths;
}

const struct runner_paths *machine_shown_paths(const struct machine *m)
{
	return m->shown.work.len ? &m->shown : &m->paths;
}

struct str machine_id(const struct machine *m)
{
	return m->id;
}

struct str machine_services(const struct machine *m)
{
	return m->services;
}

struct str machine_describe(const struct machine *m)
{
	return m->describe;
}

static const struct str *read_words(struct arena *a, struct str json, size_t *n)
{
	struct value v = value_null();
	struct err ignored = ERR_INIT;
	struct str *words = NULL;

	*n = 0;
	if (json.len && value_from_json_strict(a, json, &v, &ignored) && v.kind == VALUE_ARRAY) {
		words = arena_array(a, struct str, v.u.a->n);
		for (; *n < v.u.a->n; (*n)++) {
			words[*n] = value_to_str(a, v.u.a->v[*n]);
		}
	}
	err_release(&ignored);
	return words;
}

const struct str *machine_entrypoint(struct arena *a, const struct machine *m, size_t *n)
{
	struct str rest = m->config;

	return read_words(a, str_trim(str_cut(&rest, '\n')), n);
}

const struct str *machine_command(struct arena *a, const struct machine *m, size_t *n)
{
	struct str rest = m->config;

	(void)str_cut(&rest, '\n');
	return read_words(a, rest.p ? str_trim(rest) : STR_EMPTY, n);
}

struct runner_paths machine_layout(struct arena *a, struct str work, struct str repository_name)
{
	return (struct runner_paths){
		.work = work,
		.workspace = arena_printf(a, "%.*s/%.*s/%.*s", STR_ARG(work),
					  STR_ARG(repository_name), STR_ARG(repository_name)),
		.temp = arena_printf(a, "%.*s/_temp", STR_ARG(work)),
		.actions = arena_printf(a, "%.*s/_actions", STR_ARG(work)),
		.tool_cache = STR_EMPTY,
		.externals = STR_EMPTY,
	};
}
