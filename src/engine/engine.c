/* engine.c - which engines there are, and what they have in common. */
#include "actc/engine.h"

#include "agent_blob.h"
#include "machine.h"

/* In the order in which "auto" tries them. Only what isolates is tried: the host must be asked for,
 * and the fake is for tests. */
static const struct engine *const engines[] = { &engine_docker, &engine_host, &engine_fake };
static const struct engine *const automatic[] = { &engine_docker };

enum {
	NENGINES = sizeof(engines) / sizeof(*engines),
	NAUTOMATIC = sizeof(automatic) / sizeof(*automatic),
};

/* The first usable one; with none the first, whose own probe then says what is wrong. */
static const struct engine *resolve_auto(void)
{
	const struct engine *found = automatic[0];

	for (size_t i = 0; NAUTOMATIC > 1 && i < NAUTOMATIC; i++) {
		struct arena scratch = ARENA_INIT;
		struct engine_state state = { 0 };

		automatic[i]->probe(&scratch, &state);
		arena_release(&scratch);
		if (state.usable) {
			found = automatic[i];
			break;
		}
	}
	return found;
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

struct channel *machine_channel(struct machine *m)
{
	return m->channel;
}

const struct runner_paths *machine_paths(const struct machine *m)
{
	return &m->paths;
}

struct str machine_describe(const struct machine *m)
{
	return m->describe;
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
