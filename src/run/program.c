/*
 * program.c - where a step's shell is: in the directories that steps have added to PATH, the newest
 * first, then in the PATH that the machine was started with. As on a runner the step's own env has
 * no say in it (SEMANTICS 4.6).
 */
#include "step.h"

struct places {
	VEC(struct file_content) list;
};

static struct str machine_path(const struct job *job)
{
	for (size_t i = 0; i < job->peer->nenv; i++) {
		if (str_starts(job->peer->env[i], STR("PATH="))) {
			return str_slice(job->peer->env[i], 5, job->peer->env[i].len);
		}
	}
	return STR_EMPTY;
}

/* The file of this name in each of the directories. */
static void add_places(struct arena *a, struct places *places, struct str dirs, struct str name)
{
	while (dirs.p) {
		struct str dir = str_cut(&dirs, ':');
		struct file_content file = { .content = STR_EMPTY };

		if (dir.len && dir.p[0] == '/') {
			file.path = arena_printf(a, "%.*s%s%.*s", STR_ARG(dir),
						 str_ends(dir, STR("/")) ? "" : "/", STR_ARG(name));
			vec_push(a, &places->list, file);
		}
	}
}

/* All places in one round trip. */
static struct str look_for(struct step *s, struct str name, bool *missing)
{
	struct job *job = s->job;
	struct places places = { 0 };
	struct err err = ERR_INIT;

	for (size_t i = job->paths_added.n; i-- > 0;) {
		add_places(s->a, &places, job->paths_added.v[i], name);
	}
	add_places(s->a, &places, machine_path(job), name);
	/* What may not be looked at can be there all the same. */
	*missing = places.list.n > 0 &&
		   channel_read(job->channel, s->a, places.list.v, places.list.n, 0, &err);
	err_release(&err);
	for (size_t i = 0; i < places.list.n; i++) {
		if (places.list.v[i].found) {
			*missing = false;
			return places.list.v[i].path;
		}
	}
	return STR_EMPTY;
}

struct str step_program(struct step *s, struct str name, bool *missing)
{
	struct job *job = s->job;
	struct found_program found;

	*missing = false;
	if (str_starts(name, STR("/"))) {
		return name;
	}
	for (size_t i = 0; i < job->programs.n; i++) {
		if (str_eq(job->programs.v[i].name, name)) {
			return job->programs.v[i].path;
		}
	}
	found.path = look_for(s, name, missing);
	if (found.path.len) {
		found.name = arena_str(&job->arena, name);
		found.path = arena_str(&job->arena, found.path);
		vec_push(&job->arena, &job->programs, found);
	}
	return found.path;
}
